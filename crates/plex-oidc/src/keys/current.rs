//! The key ring in force, in a process that goes on while keys rotate.

use std::sync::{Arc, PoisonError, RwLock};

use plex_oidc_core::jose::StoredKey;

use super::ring::{KeyRing, KeyRingError};
use super::seal::Seal;

/// The keys in force. Whoever signs or publishes takes the ring anew each time.
pub struct Keys(RwLock<InForce>);

struct InForce {
    stored: Vec<StoredKey>,
    ring: Arc<KeyRing>,
}

impl Keys {
    /// Opens stored keys.
    pub fn open(stored: Vec<StoredKey>, seal: &Seal) -> Result<Self, KeyRingError> {
        let ring = Arc::new(KeyRing::open(&stored, seal)?);
        Ok(Self(RwLock::new(InForce { stored, ring })))
    }

    /// The ring in force now.
    pub fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).ring)
    }

    /// Takes over what is stored now; `false` if that is what is in force. Keys that do not open change nothing.
    pub fn follow(&self, stored: Vec<StoredKey>, seal: &Seal) -> Result<bool, KeyRingError> {
        if self.0.read().unwrap_or_else(PoisonError::into_inner).stored == stored {
            return Ok(false);
        }
        let ring = Arc::new(KeyRing::open(&stored, seal)?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = InForce { stored, ring };
        Ok(true)
    }
}
