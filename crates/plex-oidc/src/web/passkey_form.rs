//! What the script of the pages about passkeys sends: one field of the form, JSON with bytes in base64url. No endpoint itself.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plex_oidc_core::form::Parameters;
use serde::Deserialize;

use crate::flow::passkeys::{New, Shown};

/// What may be in it. What is not of use for one ceremony is not there.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sheet {
    id: String,
    client_data: String,
    attestation_object: Option<String>,
    authenticator_data: Option<String>,
    signature: Option<String>,
    user_handle: Option<String>,
}

impl Sheet {
    /// Reads the field.
    pub fn of(form: &Parameters) -> Option<Self> {
        serde_json::from_str(form.get("answer").ok().flatten()?).ok()
    }
}

/// A passkey that was used.
pub fn shown(sheet: Sheet) -> Option<Shown> {
    if sheet.attestation_object.is_some() {
        return None;
    }
    let user_handle = match sheet.user_handle {
        Some(handle) => Some(bytes(&handle)?),
        None => None,
    };
    Some(Shown {
        credential: bytes(&sheet.id)?,
        client_data: bytes(&sheet.client_data)?,
        authenticator_data: bytes(&sheet.authenticator_data?)?,
        signature: bytes(&sheet.signature?)?,
        user_handle,
    })
}

/// A passkey that was made, and its name.
pub fn new(sheet: Sheet, name: String) -> Option<New> {
    let Sheet { authenticator_data: None, signature: None, user_handle: None, .. } = sheet else {
        return None;
    };
    Some(New {
        credential: bytes(&sheet.id)?,
        client_data: bytes(&sheet.client_data)?,
        attestation_object: bytes(&sheet.attestation_object?)?,
        name,
    })
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
