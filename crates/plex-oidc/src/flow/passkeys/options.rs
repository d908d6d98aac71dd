//! What the browser is asked for: the options of `navigator.credentials` (Web Authentication Level 2, s. 5.4 and 5.5), with bytes in
//! base64url, as s. 5.1.8 of Level 3 has them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plex_oidc_core::webauthn::{ALGORITHMS, RelyingParty};
use serde::Serialize;

use super::ceremony::GOOD_FOR;
use crate::store::records::Passkey;

const KIND: &str = "public-key";
/// Whoever has the authenticator must also be the one that it knows.
const REQUIRED: &str = "required";

/// For making a passkey.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Creation {
    challenge: String,
    rp: Party,
    user: User,
    pub_key_cred_params: Vec<Parameter>,
    timeout: u64,
    exclude_credentials: Vec<Descriptor>,
    authenticator_selection: Selection,
    attestation: &'static str,
}

/// For using one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    challenge: String,
    rp_id: String,
    timeout: u64,
    allow_credentials: Vec<Descriptor>,
    user_verification: &'static str,
}

#[derive(Debug, Serialize)]
struct Party {
    id: String,
    name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: String,
    name: String,
    display_name: String,
}

#[derive(Debug, Serialize)]
struct Parameter {
    #[serde(rename = "type")]
    kind: &'static str,
    alg: i64,
}

#[derive(Debug, Serialize)]
struct Descriptor {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Selection {
    resident_key: &'static str,
    require_resident_key: bool,
    user_verification: &'static str,
}

/// Who makes a passkey.
pub(super) struct Maker<'a> {
    /// What the authenticator calls them.
    pub(super) handle: [u8; 32],
    /// Their name.
    pub(super) name: &'a str,
    /// What the place is called.
    pub(super) place: &'a str,
}

/// A passkey that the authenticator finds by itself (s. 6.2.2), so that nobody is told which ones there are.
pub(super) fn creation(
    challenge: &[u8],
    relying_party: RelyingParty<'_>,
    maker: &Maker<'_>,
    there: &[Passkey],
) -> Creation {
    let name = maker.name.to_owned();
    Creation {
        challenge: URL_SAFE_NO_PAD.encode(challenge),
        rp: Party { id: relying_party.id().to_owned(), name: maker.place.to_owned() },
        user: User { id: URL_SAFE_NO_PAD.encode(maker.handle), display_name: name.clone(), name },
        pub_key_cred_params: ALGORITHMS.into_iter().map(|alg| Parameter { kind: KIND, alg }).collect(),
        timeout: timeout(),
        exclude_credentials: descriptors(there),
        authenticator_selection: Selection {
            resident_key: REQUIRED,
            require_resident_key: true,
            user_verification: REQUIRED,
        },
        attestation: "none",
    }
}

/// Of these passkeys, or of whichever the browser finds.
pub(super) fn request(challenge: &[u8], relying_party: RelyingParty<'_>, of: &[Passkey]) -> Request {
    Request {
        challenge: URL_SAFE_NO_PAD.encode(challenge),
        rp_id: relying_party.id().to_owned(),
        timeout: timeout(),
        allow_credentials: descriptors(of),
        user_verification: REQUIRED,
    }
}

fn descriptors(passkeys: &[Passkey]) -> Vec<Descriptor> {
    let one = |passkey: &Passkey| Descriptor { kind: KIND, id: URL_SAFE_NO_PAD.encode(&passkey.credential) };
    passkeys.iter().map(one).collect()
}

fn timeout() -> u64 {
    u64::from(GOOD_FOR.0) * 1000
}
