//! Signing keys over time: what another process stored is followed, and what is due is rotated. When that is, and which key
//! comes next, is in the core.

use std::sync::Arc;

use plex_oidc_core::jose::{StoredKey, rotation_is_due};
use plex_oidc_core::time::{Seconds, Timestamp};

use crate::app::App;
use crate::config::schema::LONGEST_TOKEN_LIFE;
use crate::keys::{KeyRingError, Keys, RotateError, Seal, from_rows, rotated_keys, to_rows};
use crate::store::records::KeyReplacement;
use crate::store::{Store, StoreError};

/// Why the keys stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
    /// It is not time, or new keys could not be made.
    #[error(transparent)]
    Rotate(#[from] RotateError),
    /// The work was given up.
    #[error("making the new keys was interrupted")]
    Interrupted,
}

/// What a look at the stored keys led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// They are those in force.
    Same,
    /// Somebody else had changed them; we have followed.
    Followed,
    /// We rotated them.
    Rotated,
}

/// What it takes to look after the keys.
#[derive(Clone)]
pub struct KeyKeeper {
    /// Where they are stored.
    pub store: Arc<dyn Store>,
    /// The ring in force.
    pub keys: Arc<Keys>,
    /// Seals them.
    pub seal: Arc<Seal>,
    /// How often they rotate, if by themselves.
    pub every: Option<Seconds>,
}

impl KeyKeeper {
    /// The keeper of this installation.
    pub fn of(app: &App) -> Self {
        Self {
            store: Arc::clone(&app.store),
            keys: Arc::clone(&app.keys),
            seal: Arc::clone(&app.seal),
            every: app.rotate_keys_every,
        }
    }

    /// Looks at what is stored: rotates it if it is time, and takes over what then holds.
    pub async fn look(&self, now: Timestamp) -> Result<Look, KeepError> {
        let stored = self.stored().await?;
        let due = self.every.is_some_and(|every| rotation_is_due(&stored, every, now));
        if !due {
            let changed = self.keys.follow(stored, &self.seal)?;
            return Ok(if changed { Look::Followed } else { Look::Same });
        }
        Ok(match self.rotate_and_follow(stored, now).await? {
            KeyReplacement::Replaced => Look::Rotated,
            KeyReplacement::Changed => Look::Followed,
        })
    }

    /// Rotates what is stored, out of turn, and takes over what then holds.
    pub async fn rotate_now(&self, now: Timestamp) -> Result<KeyReplacement, KeepError> {
        self.rotate_and_follow(self.stored().await?, now).await
    }

    async fn rotate_and_follow(
        &self,
        stored: Vec<StoredKey>,
        now: Timestamp,
    ) -> Result<KeyReplacement, KeepError> {
        let replaced = self.rotate(stored, now).await?;
        // Of several instances one rotates, and all take over what that one stored.
        self.keys.follow(self.stored().await?, &self.seal)?;
        Ok(replaced)
    }

    async fn stored(&self) -> Result<Vec<StoredKey>, KeepError> {
        Ok(from_rows(self.store.signing_keys().await?)?)
    }

    async fn rotate(&self, stored: Vec<StoredKey>, now: Timestamp) -> Result<KeyReplacement, KeepError> {
        let seal = Arc::clone(&self.seal);
        let expected = stored.iter().map(|key| key.kid.clone()).collect();
        // RSA keys take their time, and others must be answered meanwhile.
        let made = tokio::task::spawn_blocking(move || rotated_keys(&stored, &seal, now, LONGEST_TOKEN_LIFE));
        let (keys, _) = made.await.map_err(|_| KeepError::Interrupted)??;
        Ok(self.store.replace_signing_keys(expected, to_rows(keys)).await?)
    }
}
