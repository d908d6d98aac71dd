//! The attestation object (Web Authentication Level 2, s. 6.5.4). None is asked for, so that there is none (s. 8.7), or one that an
//! authenticator makes with the new key itself (s. 8.2, self attestation), which browsers leave as it is (s. 5.1.3 step 22).

use super::WebAuthnError;
use super::cbor::Reader;
use super::key::PublicKey;

/// Longest attestation object that is read, in bytes.
const MAX_LEN: usize = 8 * 1024;

const WHAT: &str = "attestation object";

/// What stands in the place of an attestation.
pub(super) enum Statement<'a> {
    /// Nothing.
    None,
    /// A signature by the new key.
    Own { algorithm: i64, signature: &'a [u8] },
}

impl Statement<'_> {
    /// S. 7.1 step 19: whether it holds.
    pub(super) fn check(
        &self,
        key: &PublicKey,
        authenticator_data: &[u8],
        client_data_hash: &[u8],
    ) -> Result<(), WebAuthnError> {
        match self {
            Self::None => Ok(()),
            Self::Own { algorithm, .. } if *algorithm != key.algorithm() => {
                Err(WebAuthnError::AttestationRefused)
            }
            Self::Own { signature, .. } => {
                key.verify(&[authenticator_data, client_data_hash].concat(), signature)
            }
        }
    }
}

/// An attestation object that was read.
pub(super) struct AttestationObject<'a> {
    /// The authenticator data in it.
    pub(super) authenticator_data: &'a [u8],
    /// The statement in it.
    pub(super) statement: Statement<'a>,
}

impl<'a> AttestationObject<'a> {
    /// Reads one: three members, each once, and nothing else.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, WebAuthnError> {
        let mut reader = Reader::new(bytes, WHAT);
        if bytes.len() > MAX_LEN {
            return Err(reader.malformed());
        }
        let (mut format, mut statement, mut data) = (None, None, None);
        for _ in 0..reader.map()? {
            match reader.text()? {
                "fmt" => {
                    let value = reader.text()?;
                    reader.put(&mut format, value)?;
                }
                "attStmt" => {
                    let value = reader.item()?;
                    reader.put(&mut statement, value)?;
                }
                "authData" => {
                    let value = reader.bytes()?;
                    reader.put(&mut data, value)?;
                }
                _ => return Err(reader.malformed()),
            }
        }
        let (Some(format), Some(statement), Some(authenticator_data)) = (format, statement, data) else {
            return Err(reader.malformed());
        };
        reader.end()?;
        // S. 7.1 step 18.
        let statement = match format {
            "none" => nothing(statement)?,
            "packed" => own(statement)?,
            _ => return Err(WebAuthnError::AttestationRefused),
        };
        Ok(Self { authenticator_data, statement })
    }
}

fn nothing(statement: &[u8]) -> Result<Statement<'_>, WebAuthnError> {
    let mut reader = Reader::new(statement, WHAT);
    if reader.map()? != 0 {
        return Err(reader.malformed());
    }
    reader.end().map(|()| Statement::None)
}

fn own(statement: &[u8]) -> Result<Statement<'_>, WebAuthnError> {
    let mut reader = Reader::new(statement, WHAT);
    let (mut algorithm, mut signature) = (None, None);
    for _ in 0..reader.map()? {
        match reader.text()? {
            "alg" => {
                let value = reader.number()?;
                reader.put(&mut algorithm, value)?;
            }
            "sig" => {
                let value = reader.bytes()?;
                reader.put(&mut signature, value)?;
            }
            // A certificate: somebody else vouches for the authenticator.
            "x5c" => return Err(WebAuthnError::AttestationRefused),
            _ => return Err(reader.malformed()),
        }
    }
    let (Some(algorithm), Some(signature)) = (algorithm, signature) else { return Err(reader.malformed()) };
    reader.end()?;
    Ok(Statement::Own { algorithm, signature })
}
