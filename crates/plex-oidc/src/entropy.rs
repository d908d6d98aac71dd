//! Randomness, passed in.

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use plex_oidc_core::id::{RequestId, Sid};
use plex_oidc_core::secret::{Secret, SecretKind};
use uuid::{Builder, Uuid};

/// A source of randomness fit for secrets.
pub trait Entropy: Send + Sync {
    /// 32 random bytes.
    fn bytes(&self) -> [u8; 32];
}

/// The operating system's source.
#[derive(Debug, Default)]
pub struct SystemEntropy(SystemRandom);

impl Entropy for SystemEntropy {
    fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        // Without randomness nothing here is safe: the panic is a 500, and no secret is ever made of zeros.
        self.0.fill(&mut bytes).expect("the operating system gives random bytes");
        bytes
    }
}

impl dyn Entropy {
    /// A new secret.
    pub fn secret(&self, kind: SecretKind) -> Secret {
        Secret::from_random(kind, self.bytes())
    }

    /// The name of a new sign-in attempt.
    pub fn request_id(&self) -> RequestId {
        RequestId(self.uuid())
    }

    /// The public name of a new browser session.
    pub fn sid(&self) -> Sid {
        Sid(self.uuid())
    }

    /// The name of a new JWT (RFC 7519 s. 4.1.7).
    pub fn jti(&self) -> String {
        self.uuid().simple().to_string()
    }

    /// A random UUID.
    pub fn uuid(&self) -> Uuid {
        let mut half = [0; 16];
        half.iter_mut().zip(self.bytes()).for_each(|(to, byte)| *to = byte);
        Builder::from_random_bytes(half).into_uuid()
    }
}
