//! The public keys of an application that proves itself by signing (`private_key_jwt`).

use plex_oidc_core::jose::VerifyingKey;
use serde_json::Value;

use super::raw::Located;
use super::reader::Reader;
use super::{schema, secrets};

/// Most keys of one application: each could have to be tried.
const MOST: usize = 8;
/// Members of a JWK that are nobody's business but the owner's (RFC 7518 s. 6, RFC 8037 s. 2).
const PRIVATE: [&str; 3] = ["d", "k", "p"];

/// Reads `jwks` or `jwks_file` of the application at `at`. `wanted` says whether it is to have keys.
pub(super) fn read(reader: &mut Reader<'_>, at: &str, wanted: bool) -> Vec<VerifyingKey> {
    let (key, file_key) = (schema::join(at, "jwks"), schema::join(at, "jwks_file"));
    let set = match (reader.is_set(&key), reader.is_set(&file_key)) {
        (true, true) => {
            let wrong = "its keys are here and in a file";
            reader.refuse(reader.place(&key), &key, wrong, "Remove `jwks` or `jwks_file`.");
            return Vec::new();
        }
        (true, false) => &key,
        (false, true) => &file_key,
        (false, false) => {
            if wanted && !reader.document.broken.contains(&key) {
                let remedy = "Write jwks_file = \"<file>\": the file with the public keys of the application, as a JWK set.";
                reader.missing(&file_key, remedy);
            }
            return Vec::new();
        }
    };
    if !wanted {
        let remedy = "Write auth_method = \"private_key_jwt\", or remove the keys.";
        reader.refuse(reader.place(set), set, "`auth_method` uses no keys, and there are some", remedy);
        return Vec::new();
    }
    let text = if *set == key { reader.text(&key) } else { of_file(reader, &file_key) };
    let Some(text) = text else { return Vec::new() };
    match keys(&text.value) {
        Ok(keys) => keys,
        Err((wrong, remedy)) => {
            reader.refuse(text.place, set, wrong, remedy);
            Vec::new()
        }
    }
}

fn of_file(reader: &mut Reader<'_>, key: &str) -> Option<Located<String>> {
    let (path, place) = (reader.path(key)?, reader.place(key));
    match secrets::read_short(&path) {
        Ok((value, _)) => Some(Located { value: value.as_str().to_owned(), place }),
        Err(error) => {
            let wrong = format!("{} cannot be read: {error}", path.display());
            reader.refuse(
                place,
                key,
                wrong,
                "It must be a text file with the public keys in it, as a JWK set.",
            );
            None
        }
    }
}

/// Strict where a foreign set is read kindly: the host can mend this one, and a key that is left out would fail in silence.
fn keys(text: &str) -> Result<Vec<VerifyingKey>, (String, String)> {
    let set: Value = serde_json::from_str(text).unwrap_or_default();
    let Some(listed) = set.get("keys").and_then(Value::as_array) else {
        let remedy = "Write {\"keys\": [...]} with one public JWK for each key.";
        return Err(("this is not a JWK set".to_owned(), remedy.to_owned()));
    };
    if listed.iter().any(|key| PRIVATE.iter().any(|name| key.get(name).is_some())) {
        let remedy =
            "Make a new pair, keep its private half at the application, and put the public half here.";
        return Err(("there is a private key in it".to_owned(), remedy.to_owned()));
    }
    let keys = VerifyingKey::parse_set(text.as_bytes()).unwrap_or_default();
    if keys.len() != listed.len() || !(1..=MOST).contains(&keys.len()) {
        let wrong = format!("{} of the {} keys in it can be used", keys.len(), listed.len());
        let remedy = format!(
            "Keep 1 to {MOST} keys for signatures: RSA of at least 2048 bits (RS256), P-256 (ES256) or Ed25519 (EdDSA)."
        );
        return Err((wrong, remedy));
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use plex_oidc_core::client::SigningAlgorithm;
    use plex_oidc_core::jose::SigningKey;
    use serde_json::json;

    use super::*;

    fn public() -> Value {
        serde_json::to_value(SigningKey::generate(SigningAlgorithm::EdDsa).unwrap().0.public_jwk()).unwrap()
    }

    #[test]
    fn req_054_keys_are_public_usable_and_few() {
        let read = |set: &Value| keys(&set.to_string());
        assert_eq!(read(&json!({"keys": [public(), public()]})).unwrap().len(), 2);
        let many: Vec<_> = (0..=MOST).map(|_| public()).collect();
        let with = |name: &str, value: &str| {
            let mut key = public();
            key[name] = json!(value);
            json!({"keys": [public(), key]})
        };
        for (set, words) in [
            (json!([]), "not a JWK set"),
            (json!({}), "not a JWK set"),
            (json!({"keys": []}), "0 of the 0"),
            (json!({"keys": many}), "9 of the 9"),
            (with("alg", "HS256"), "1 of the 2"),
            (with("use", "enc"), "1 of the 2"),
            (with("crv", "X25519"), "1 of the 2"),
            (with("d", "x"), "private"),
            (json!({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}), "private"),
        ] {
            let (wrong, _) = read(&set).unwrap_err();
            assert!(wrong.contains(words), "{wrong}: {set}");
        }
        assert!(keys("nonsense").is_err());
    }
}
