//! A strict way through CBOR (RFC 8949), as authenticators must write it (CTAP2 canonical form): maps of a definite length in
//! which nothing is there twice, and nothing behind the end. Longest input: whoever calls bounds it.

use minicbor::Decoder;

use super::WebAuthnError;

/// Most members of a map that is read.
const MOST_MEMBERS: u64 = 16;

/// Reads CBOR that is called `what` in errors.
pub(super) struct Reader<'a> {
    decoder: Decoder<'a>,
    malformed: WebAuthnError,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { decoder: Decoder::new(bytes), malformed: WebAuthnError::Malformed(what) }
    }

    /// How many members the map has that begins here.
    pub(super) fn map(&mut self) -> Result<u64, WebAuthnError> {
        let members = self.decoder.map().ok().flatten().ok_or(self.malformed)?;
        if members > MOST_MEMBERS { Err(self.malformed) } else { Ok(members) }
    }

    pub(super) fn text(&mut self) -> Result<&'a str, WebAuthnError> {
        self.decoder.str().map_err(|_| self.malformed)
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], WebAuthnError> {
        self.decoder.bytes().map_err(|_| self.malformed)
    }

    pub(super) fn number(&mut self) -> Result<i64, WebAuthnError> {
        self.decoder.i64().map_err(|_| self.malformed)
    }

    /// One item, whatever it is, as its bytes.
    pub(super) fn item(&mut self) -> Result<&'a [u8], WebAuthnError> {
        let start = self.decoder.position();
        self.decoder.skip().map_err(|_| self.malformed)?;
        self.decoder.input().get(start..self.decoder.position()).ok_or(self.malformed)
    }

    /// Nothing may follow.
    pub(super) fn end(self) -> Result<(), WebAuthnError> {
        if self.rest().is_empty() { Ok(()) } else { Err(self.malformed) }
    }

    /// What follows.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.decoder.input().get(self.decoder.position()..).unwrap_or_default()
    }

    pub(super) const fn malformed(&self) -> WebAuthnError {
        self.malformed
    }

    /// Puts a value where none is yet.
    pub(super) fn put<T>(&self, place: &mut Option<T>, value: T) -> Result<(), WebAuthnError> {
        match place.replace(value) {
            Some(_) => Err(self.malformed),
            None => Ok(()),
        }
    }
}
