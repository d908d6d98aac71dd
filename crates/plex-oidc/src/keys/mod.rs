//! The keys of this installation: the key file, what it seals, and the signing key ring.
//!
//! Owns the form of the key file and of a sealed value, and which stored signing keys are in use. Does not own how keys
//! are stored (the store), when they rotate (`plex_oidc_core::jose`), or what is signed with them. Nothing here makes a
//! key unless asked to by name: a key that is missing or damaged is a refusal (security requirement 91).

mod current;
mod file;
mod handle;
mod mac;
mod mixture;
mod ring;
mod rows;
mod seal;

pub use current::Keys;
pub use file::{KeyFile, KeyFileError};
pub use handle::{Bound, HandleError, open_handle, seal_handle};
pub use mac::{Mac, hmac_sha256};
pub use mixture::{DatabaseState, Installation, MixtureError, check_mixture};
pub use ring::{KeyRing, KeyRingError, RotateError, new_key, new_keys, rotated_keys};
pub use rows::{from_rows, to_rows};
pub use seal::{Place, Seal, SealError};
