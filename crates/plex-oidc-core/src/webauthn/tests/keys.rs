//! Public keys.

use super::*;

#[test]
fn a_key_is_what_its_algorithm_needs_and_nothing_else() {
    let refused = Err(WebAuthnError::KeyRefused);
    let malformed = Err(WebAuthnError::Malformed("key"));
    let of = |members: &[(Vec<u8>, Vec<u8>)]| PublicKey::of_cose(&map(members)).map(|_| ());
    for pair in [Pair::p256(), Pair::ed25519(), Pair::rsa()] {
        let cose = pair.cose();
        assert_eq!(of(&cose), Ok(()));
        for at in 0..cose.len() {
            let mut some = cose.clone();
            some.remove(at);
            assert!(of(&some).is_err(), "without member {at}");
            let twice = [&cose[..], &cose[at..=at]].concat();
            assert_eq!(of(&twice), malformed, "member {at} twice");
        }
        for (label, value) in [(2, bytes(b"kid")), (4, number(2)), (-4, bytes(b"private")), (0, number(0))] {
            assert_eq!(of(&[&cose[..], &[(number(label), value)]].concat()), malformed, "label {label}");
        }
        for algorithm in [-7, -8, -257, -35, -36, -37, -258, -65535, 0, 1] {
            let mut other = cose.clone();
            if other[1].1 != number(algorithm) {
                other[1].1 = number(algorithm);
                assert_eq!(of(&other), refused, "{algorithm}");
            }
        }
        for kind in [0, 4, -1] {
            let mut other = cose.clone();
            other[0].1 = number(kind);
            assert!(of(&other).is_err(), "type {kind}");
        }
        assert_eq!(PublicKey::of_cose(&[map(&cose), vec![0]].concat()).map(|_| ()), malformed);
    }
}

#[test]
fn a_point_is_on_its_curve_and_not_compressed() {
    let cose = Pair::p256().cose();
    let with = |at: usize, value: Vec<u8>| {
        let mut other = cose.clone();
        other[at].1 = value;
        PublicKey::of_cose(&map(&other)).map(|_| ())
    };
    let refused = Err(WebAuthnError::KeyRefused);
    assert_eq!(with(3, bytes(&[0; 32])), refused, "no point");
    assert_eq!(with(3, bytes(&[0xff; 32])), refused, "beyond the field");
    assert_eq!(with(3, bytes(&[1; 31])), refused);
    assert_eq!(with(4, bytes(&[1; 33])), refused);
    for curve in [2, 3, 6, 8] {
        assert_eq!(with(2, number(curve)), refused, "curve {curve}");
    }
    assert_eq!(with(4, vec![0xf5]), Err(WebAuthnError::Malformed("key")), "y as a bit");
}

#[test]
fn an_rsa_key_has_2048_bits_at_least_and_the_exponent_of_everybody() {
    let of = |n: &[u8], e: &[u8]| {
        let cose = [
            (number(1), number(3)),
            (number(3), number(-257)),
            (number(-1), bytes(n)),
            (number(-2), bytes(e)),
        ];
        PublicKey::of_cose(&map(&cose)).map(|_| ())
    };
    let refused = Err(WebAuthnError::KeyRefused);
    let odd = |length: usize| [vec![0xc1; length - 1], vec![0xc3]].concat();
    assert_eq!(of(&odd(256), &[1, 0, 1]), Ok(()));
    assert_eq!(of(&odd(255), &[1, 0, 1]), refused);
    assert_eq!(of(&odd(1025), &[1, 0, 1]), refused);
    assert_eq!(of(&[&[0][..], &odd(256)].concat(), &[1, 0, 1]), refused, "a zero before it");
    assert_eq!(of(&[&[0x7f][..], &odd(255)].concat(), &[1, 0, 1]), refused, "2047 bits");
    assert_eq!(of(&[0xc2; 256], &[1, 0, 1]), refused, "an even one");
    for exponent in [&b""[..], &[1], &[3], &[0, 1, 0, 1], &[1, 0, 2]] {
        assert_eq!(of(&odd(256), exponent), refused);
    }
}

#[test]
fn what_is_kept_of_a_key_is_read_back_or_refused() {
    for pair in [Pair::p256(), Pair::ed25519(), Pair::rsa()] {
        let kept = PublicKey::of_cose(&map(&pair.cose())).unwrap().to_bytes();
        assert!(PublicKey::of_bytes(&kept).is_ok());
        for bad in [&kept[1..], &kept[..kept.len() - 1], &[&[9], &kept[1..]].concat(), &[]] {
            assert_eq!(PublicKey::of_bytes(bad), Err(WebAuthnError::KeyRefused));
        }
        let long = [&kept[..], &[0]].concat();
        assert_eq!(PublicKey::of_bytes(&long), Err(WebAuthnError::KeyRefused));
    }
}
