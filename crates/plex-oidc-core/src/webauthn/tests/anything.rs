//! Whatever comes; and what the specification's own authors have signed.

use super::*;

#[test]
fn the_challenge_is_read_to_be_looked_up_and_believed_only_later() {
    let key = p256();
    let got = key.get(b"what somebody else made");
    let read = ClientData::parse(&got.client_data).unwrap();
    assert_eq!(read.unverified_challenge(), b"what somebody else made");
    assert_eq!(asserted(&key, &got), Err(WebAuthnError::Mismatch("challenge")));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_never_pass(
        client_data: Vec<u8>, object: Vec<u8>, data: Vec<u8>, signature: Vec<u8>,
    ) {
        let key = p256();
        let made = Made { client_data: client_data.clone(), attestation_object: object.clone() };
        prop_assert!(registered(&key, &made).is_err());
        let made = Made { attestation_object: object.clone(), ..key.create(CHALLENGE) };
        prop_assert!(registered(&key, &made).is_err());
        let got = Got { client_data, authenticator_data: data, signature };
        prop_assert!(asserted(&key, &got).is_err());
        let _ = PublicKey::of_cose(&object);
        let _ = PublicKey::of_bytes(&object);
    }

    #[test]
    fn one_changed_byte_of_an_assertion_spoils_it(at in any::<prop::sample::Index>(), bit in 0..8u32) {
        let key = key(Pair::ed25519());
        let mut got = key.get(CHALLENGE);
        let lengths = [got.client_data.len(), got.authenticator_data.len(), got.signature.len()];
        let mut at = at.index(lengths.iter().sum());
        for part in [&mut got.client_data, &mut got.authenticator_data, &mut got.signature] {
            match part.get_mut(at) {
                Some(byte) => { *byte ^= 1 << bit; break }
                None => at -= part.len(),
            }
        }
        prop_assert!(asserted(&key, &got).is_err());
    }

    #[test]
    fn one_changed_byte_of_a_registration_never_makes_another_key_of_the_same_name(
        at in any::<prop::sample::Index>(), bit in 0..8u32,
    ) {
        let key = p256();
        let mut made = key.create(CHALLENGE);
        let at = at.index(made.attestation_object.len());
        made.attestation_object[at] ^= 1 << bit;
        // None vouches for these bytes, so some may change: flags that are not looked at, the make, the counter. The key may
        // not, since a point beside the curve is none.
        if let Ok(new) = registered(&key, &made) {
            prop_assert_eq!(new.key, public(&key));
            prop_assert_eq!(new.id, key.id);
        }
    }

    #[test]
    fn whatever_the_challenge_is_it_is_found_and_compared(challenge in prop::collection::vec(any::<u8>(), 16..200)) {
        let key = key(Pair::ed25519());
        let got = key.get(&challenge);
        let read = ClientData::parse(&got.client_data).unwrap();
        prop_assert_eq!(read.unverified_challenge(), &challenge[..]);
        prop_assert!(asserted_as(&public(&key), (0, Backup::Never), &got, &challenge).is_ok());
        let other = URL_SAFE_NO_PAD.encode(&challenge);
        prop_assert!(asserted_as(&public(&key), (0, Backup::Never), &got, other.as_bytes()).is_err());
    }
}

/// What others wrote: the vectors of Level 3, s. 16.2, "ES256 Credential with No Attestation". Their authenticator did not make sure
/// of its user, so that as a whole they are refused here.
#[test]
fn the_vectors_of_the_specification_are_read_and_verify() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(text.get(at..at + 2).unwrap(), 16).unwrap())
            .collect()
    };
    let client_data = hex(
        "7b2274797065223a22776562617574686e2e637265617465222c226368616c6c656e6765223a22414d4d507434557878475453746e63647134313759\
         447742466938767049612d7077386f4f755657345441222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73\
         734f726967696e223a66616c73652c22657874726144617461223a22636c69656e74446174614a534f4e206d617920626520657874656e6465642077\
         697468206164646974696f6e616c206669656c647320696e20746865206675747572652c207375636820617320746869733a20426b5165446a646354\
         427258426941774a544c453551227d",
    );
    let object = hex(
        "a363666d74646e6f6e656761747453746d74a068617574684461746158a4bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2\
         e4b559000000008446ccb9ab1db374750b2367ff6f3a1f0020f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4a50102\
         03262001215820afefa16f97ca9b2d23eb86ccb64098d20db90856062eb249c33a9b672f26df61225820930a56b87a2fca66334b03458abf879717c1\
         2cc68ed73290af2e2664796b9220",
    );
    let id = hex("f91f391db4c9b2fde0ea70189cba3fb63f579ba6122b33ad94ff3ec330084be4");
    let challenge = hex("00c30fb78531c464d2b6771dab8d7b603c01162f2fa486bea70f283ae556e130");
    let issuer = Issuer::parse("https://example.org").unwrap();
    let expected = |challenge| Expected { relying_party: RelyingParty::of(&issuer).unwrap(), challenge };
    let answer = Registration { client_data: &client_data, attestation_object: &object, id: &id };
    assert_eq!(check_registration(answer, expected(&challenge)), Err(WebAuthnError::NotVerified));
    assert!(ClientData::parse(&client_data).unwrap().check(Ceremony::Create, expected(&challenge)).is_ok());
    let object = AttestationObject::parse(&object).unwrap();
    let data = AuthenticatorData::parse(object.authenticator_data).unwrap();
    let attested = data.attested.unwrap();
    assert_eq!((attested.id, data.sign_count, data.backup), (&id[..], 0, Backup::Done));
    let key = PublicKey::of_cose(attested.key).unwrap();

    let challenge = hex("39c0e7521417ba54d43e8dc95174f423dee9bf3cd804ff6d65c857c9abf4d408");
    let client_data = hex(
        "7b2274797065223a22776562617574686e2e676574222c226368616c6c656e6765223a224f63446e55685158756c5455506f334a5558543049393770\
         767a7a59425039745a63685879617630314167222c226f726967696e223a2268747470733a2f2f6578616d706c652e6f7267222c2263726f73734f72\
         6967696e223a66616c73657d",
    );
    let data = hex("bfabc37432958b063360d3ad6461c9c4735ae7f8edd46592a5e0f01452b2e4b51900000000");
    let signature = hex(
        "3046022100f50a4e2e4409249c4a853ba361282f09841df4dd4547a13a87780218deffcd380221008480ac0f0b93538174f575bf11a1dd5d78c6e486\
         013f937295ea13653e331e87",
    );
    let hash = ClientData::parse(&client_data).unwrap().check(Ceremony::Get, expected(&challenge)).unwrap();
    assert_eq!(key.verify(&[&data[..], &hash].concat(), &signature), Ok(()));
    let answer = Assertion { client_data: &client_data, authenticator_data: &data, signature: &signature };
    let known = Known { key: &key, sign_count: 0, backup: Backup::Done };
    assert_eq!(check_assertion(answer, known, expected(&challenge)), Err(WebAuthnError::NotVerified));
}
