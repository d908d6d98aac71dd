//! JOSE: signing keys, their public form, signing and verifying compact JWTs (RFC 7515, 7517, 7518, 7519, 8037).
//!
//! Owns the wire forms and every check of a signature. Does not own where keys are kept, how they are sealed, or which
//! claims a token carries. There is no encryption here: a JWE is refused as malformed (security requirement 156).
//!
//! Deviation from "no random source in this crate": making a key pair and signing with ECDSA draw randomness inside the
//! cryptographic library, which offers no other way.

mod jwk;
mod rotation;
mod sign;
pub(crate) mod strict_json;
mod verify;

pub use jwk::{Jwk, JwkError, JwkSet, PublicMaterial, VerifyingKey};
pub use rotation::{
    AlgorithmRotation, KeyState, PUBLISHED_BEFORE_USE, RING_LAG, RotationPlan, RotationRefusal, StoredKey,
    plan_rotation, rotation_is_due,
};
pub use sign::{Pkcs8, SignError, SigningKey, SigningKeyError};
pub use verify::{HintClaims, JwtError, Times, UnverifiedJwt, VerifiedJwt, verify_id_token_hint};

use crate::time::Seconds;

/// Tolerated difference between two clocks, the same wherever a JWT is checked (RFC 7519 s. 4.1.4).
pub const LEEWAY: Seconds = Seconds(60);

/// The `typ` of an ID token (RFC 7519 s. 5.1).
pub const TYP_ID_TOKEN: &str = "JWT";
/// The `typ` of an access token in JWT form (RFC 9068 s. 2.1).
pub const TYP_ACCESS_TOKEN: &str = "at+jwt";
/// The `typ` of a logout token (OIDC Back-Channel Logout 1.0 s. 2.4).
pub const TYP_LOGOUT_TOKEN: &str = "logout+jwt";
