//! How an application comes by tokens.

use plex_oidc_core::client::GrantType;
use plex_oidc_core::subject::Subject;

use super::reader::Reader;
use super::schema;

/// How people sign in to an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// In a browser that goes back to it, and perhaps on devices as well.
    Browser,
    /// Elsewhere, with a code that it shows.
    Devices,
    /// Not at all.
    Nobody,
}

impl Way {
    /// What is wrong with grant types is said elsewhere; then an application counts as one of the usual kind.
    pub(super) fn of(grant_types: &[GrantType]) -> Self {
        match grant_types {
            [GrantType::ClientCredentials] => Self::Nobody,
            [GrantType::DeviceCode, ..] => Self::Devices,
            _ => Self::Browser,
        }
    }
}

/// Everybody who reads `sub` must be able to tell a person from a program (RFC 9700 s. 4.15).
pub(super) fn read(reader: &mut Reader<'_>, at: &str, public: bool) -> Vec<GrantType> {
    let key = schema::join(at, "grant_types");
    let texts = reader.texts(&key);
    let has = |word: &str| texts.iter().any(|text| text.value == word);
    let mut grant_types = Vec::new();
    if has("authorization_code") {
        grant_types.push(GrantType::AuthorizationCode);
    }
    if has("device_code") {
        grant_types.push(GrantType::DeviceCode);
        refuse_plex_token(reader, at);
    }
    if has("client_credentials") {
        grant_types.push(GrantType::ClientCredentials);
        let id = reader.word(&schema::join(at, "id")).unwrap_or_default();
        if public {
            let wrong = "an application without a secret cannot act for itself: anybody could say to be it";
            let remedy = "Remove \"client_credentials\", or give the application a secret or a key.";
            reader.refuse(reader.place(&key), &key, wrong, remedy);
        } else if Subject::parse(id).is_some() {
            let wrong = format!("`{id}` is also what a person is called in tokens");
            reader.refuse(reader.place(&key), &key, wrong, "Give the application another id.");
        }
    }
    if grant_types.is_empty() && !reader.document.broken.contains(&key) {
        let remedy = "Remove the key: people then sign in to the application.";
        reader.refuse(reader.place(&key), &key, "is empty, so there would be no tokens at all", remedy);
    }
    grant_types
}

/// A Plex token goes from the sign-in to the code that the browser carries away, and a device has its code before.
fn refuse_plex_token(reader: &mut Reader<'_>, at: &str) {
    let key = schema::join(at, "plex_token");
    if reader.is_set(&key) {
        let wrong = "a device cannot be handed a Plex token";
        reader.refuse(reader.place(&key), &key, wrong, "Remove it, or \"device_code\" from grant_types.");
    }
}
