//! What goes into the store and what comes out of it: plain values, without behaviour.
//!
//! A `New…` record is what a caller hands in; its counterpart without `New` is what is read back. Secrets appear only
//! as hashes, and what must be read back in the clear arrives here sealed.

use std::fmt;

use plex_oidc_core::decide::Person;
use plex_oidc_core::id::{ClientId, GrantId, PlexAccountId, RequestId, Sid};
use plex_oidc_core::pkce::CodeChallenge;
use plex_oidc_core::scope::ScopeSet;
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::subject::Subject;
use plex_oidc_core::time::{Seconds, Timestamp};
use secrecy::SecretString;

/// Bytes that were sealed before they came here. The store cannot open them.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedBytes(pub Vec<u8>);

impl fmt::Debug for SealedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedBytes({} bytes)", self.0.len())
    }
}

/// One signing key as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKeyRow {
    /// Its RFC 7638 thumbprint.
    pub kid: String,
    /// The JWS algorithm it signs with, as registered ("RS256").
    pub algorithm: String,
    /// Where it stands in the key ring ("next", "active", "retired"); the store does not interpret it.
    pub state: String,
    /// When it was made.
    pub created: Timestamp,
    /// The private key.
    pub sealed: SealedBytes,
}

/// What became of an attempt to replace the set of signing keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyReplacement {
    /// The new set is in force.
    Replaced,
    /// The stored set was not the expected one; nothing was written.
    Changed,
}

/// A sign-in attempt to be stored.
#[derive(Debug, Clone)]
pub struct NewLogin {
    /// Its name in addresses.
    pub id: RequestId,
    /// The hash of the cookie that ties it to one browser.
    pub cookie_hash: SecretHash,
    /// The validated authorization request, as JSON. It never changes afterwards.
    pub request_json: String,
    /// The client that asked.
    pub client_id: ClientId,
    /// When it began.
    pub created: Timestamp,
    /// When it is over, whatever its state.
    pub expires: Timestamp,
}

/// A sign-in attempt as stored.
#[derive(Debug, Clone)]
pub struct Login {
    /// Its name in addresses.
    pub id: RequestId,
    /// The hash of its cookie; compare with [`SecretHash::matches`].
    pub cookie_hash: SecretHash,
    /// The authorization request, as JSON.
    pub request_json: String,
    /// The client that asked.
    pub client_id: ClientId,
    /// When it began.
    pub created: Timestamp,
    /// When it is over.
    pub expires: Timestamp,
    /// Where it stands.
    pub state: LoginState,
}

/// Where a sign-in attempt stands.
#[derive(Debug, Clone)]
pub enum LoginState {
    /// Nothing has happened yet, or the visitor asked to try again.
    Started,
    /// It has its Plex PIN.
    PinAdopted(AdoptedPin),
    /// The visitor approved at Plex, and the answer waits for the browser.
    Approved {
        /// The PIN that was approved.
        pin_id: u64,
        /// The Plex token that came with it.
        plex_token_sealed: SealedBytes,
    },
    /// An answer went to the client. Final.
    Finished,
    /// We said no. The visitor may try again, as somebody else.
    Refused {
        /// Why, in the words of the one who refused; the store does not interpret it.
        reason: String,
    },
    /// The visitor gave up. Final.
    Cancelled,
}

/// The Plex PIN of a sign-in attempt.
#[derive(Debug, Clone)]
pub struct AdoptedPin {
    /// Plex's number for it.
    pub id: u64,
    /// The long code that goes into the address of the Plex page.
    pub code: SecretString,
    /// How it was made and shown; the store does not interpret it.
    pub mode: String,
    /// When Plex forgets it.
    pub expires: Timestamp,
}

/// What became of an attempt to adopt a PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adoption {
    /// It belongs to this sign-in attempt from now on.
    Adopted,
    /// It belonged to this sign-in attempt before, and still does: a repeated request.
    AlreadyYours,
    /// It was adopted before, by another attempt or before this one was restarted. A PIN is adopted once, ever.
    AlreadyAdopted,
    /// The attempt is unknown, over, or not waiting for a PIN.
    WrongState,
}

/// A person with an account at our issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// The person, with the last answer about membership.
    pub person: Person,
    /// When this was learned. An older answer never replaces a newer one.
    pub updated: Timestamp,
}

impl UserRecord {
    /// The Plex account behind it.
    pub fn account_id(&self) -> PlexAccountId {
        self.person.account.id
    }

    /// The subject of this person's tokens.
    pub fn subject(&self) -> Subject {
        self.person.subject()
    }
}

/// A browser session to be stored.
#[derive(Debug, Clone)]
pub struct NewBrowserSession {
    /// The hash of its cookie.
    pub hash: SecretHash,
    /// Its public name. A re-authentication may keep the `sid` of the session that it replaces.
    pub sid: Sid,
    /// Who is signed in.
    pub account_id: PlexAccountId,
    /// When that person last proved who they are.
    pub auth_time: Timestamp,
    /// When it began.
    pub created: Timestamp,
    /// When it is over if nobody uses it.
    pub idle_expires: Timestamp,
    /// When it is over in any case.
    pub absolute_expires: Timestamp,
}

/// A live browser session as stored.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    /// The hash of its cookie.
    pub hash: SecretHash,
    /// Its public name.
    pub sid: Sid,
    /// Who is signed in.
    pub user: UserRecord,
    /// When that person last proved who they are.
    pub auth_time: Timestamp,
    /// When it began.
    pub created: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen: Timestamp,
    /// When it is over if nobody uses it.
    pub idle_expires: Timestamp,
    /// When it is over in any case.
    pub absolute_expires: Timestamp,
}

/// How a browser session is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionName {
    /// By the hash of its cookie.
    Cookie(SecretHash),
    /// By its `sid`: sign-out by an ID token hint, when the cookie is missing.
    Sid(Sid),
}

/// What happens to the grants of a browser session that ends. Its unredeemed codes always end with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantsPolicy {
    /// All of them end.
    EndAll,
    /// Those that hold a refresh token live on (OIDC Core 1.0 s. 11: offline access).
    KeepOffline,
}

/// What ended with a browser session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedSession {
    /// Its public name.
    pub sid: Sid,
    /// Who was signed in.
    pub account_id: PlexAccountId,
    /// How many grants ended with it.
    pub grants: usize,
}

/// What ended with a person's access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EndedAccess {
    /// Browser sessions.
    pub sessions: usize,
    /// Grants, and with each its codes, access tokens and refresh tokens.
    pub grants: usize,
}

/// A grant to be stored together with its code.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// Its name.
    pub id: GrantId,
    /// The client it is for.
    pub client_id: ClientId,
    /// The user who gave it; stored before, or with it.
    pub account_id: PlexAccountId,
    /// The browser session in which it was given.
    pub sid: Sid,
    /// What was granted. It never grows.
    pub scopes: ScopeSet,
    /// When the user last proved who they are.
    pub auth_time: Timestamp,
    /// When it was given.
    pub created: Timestamp,
    /// The Plex token, for the few clients that are given it.
    pub plex_token_sealed: Option<SealedBytes>,
}

/// A grant as stored.
#[derive(Debug, Clone)]
pub struct GrantRecord {
    /// Its name.
    pub id: GrantId,
    /// The client it is for.
    pub client_id: ClientId,
    /// The user who gave it, as last known.
    pub user: UserRecord,
    /// The browser session in which it was given.
    pub sid: Sid,
    /// What was granted.
    pub scopes: ScopeSet,
    /// When the user last proved who they are.
    pub auth_time: Timestamp,
    /// When it was given.
    pub created: Timestamp,
    /// The Plex token, for the few clients that are given it.
    pub plex_token_sealed: Option<SealedBytes>,
    /// When it ended, if it did.
    pub ended_at: Option<Timestamp>,
}

/// Why a grant ended. Kept for the host's view and the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantEnd {
    /// A code was redeemed again (RFC 9700 s. 4.5, requirement 40).
    CodeReuse,
    /// A consumed refresh token was presented again (RFC 9700 s. 4.14.2, requirement 59).
    RefreshReuse,
    /// Its browser session ended.
    SessionEnded,
    /// The user may no longer come in.
    AccessEnded,
    /// The client or the user revoked it (RFC 7009).
    Revoked,
}

impl GrantEnd {
    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CodeReuse => "code_reuse",
            Self::RefreshReuse => "refresh_reuse",
            Self::SessionEnded => "session_ended",
            Self::AccessEnded => "access_ended",
            Self::Revoked => "revoked",
        }
    }
}

/// An authorization code to be stored, with the grant it stands for.
#[derive(Debug, Clone)]
pub struct NewCode {
    /// Its hash.
    pub hash: SecretHash,
    /// The grant.
    pub grant: NewGrant,
    /// Where it is sent, exactly.
    pub redirect_uri: String,
    /// The PKCE challenge of the request.
    pub code_challenge: Option<CodeChallenge>,
    /// The client's nonce, for the ID token.
    pub nonce: Option<String>,
    /// When it can no longer be redeemed.
    pub expires: Timestamp,
}

/// An authorization code as stored.
#[derive(Debug, Clone)]
pub struct CodeRecord {
    /// Its hash.
    pub hash: SecretHash,
    /// The grant, with the user.
    pub grant: GrantRecord,
    /// Where it was sent, exactly.
    pub redirect_uri: String,
    /// The PKCE challenge of the request.
    pub code_challenge: Option<CodeChallenge>,
    /// The client's nonce.
    pub nonce: Option<String>,
    /// When it can no longer be redeemed.
    pub expires: Timestamp,
    /// Failed exchanges by the right client.
    pub failures: u32,
    /// When it was redeemed, if it was.
    pub redeemed_at: Option<Timestamp>,
}

/// A request to redeem a code, after the caller checked verifier and redirect URI against [`CodeRecord`].
#[derive(Debug, Clone)]
pub struct RedeemCode {
    /// The hash of the presented code.
    pub hash: SecretHash,
    /// The authenticated client.
    pub client_id: ClientId,
    /// Now.
    pub now: Timestamp,
    /// The access token to store with the redemption.
    pub access: NewAccessToken,
    /// The refresh token to store with it, if the grant has one.
    pub refresh: Option<NewRefreshToken>,
}

/// What became of an attempt to redeem a code.
#[derive(Debug, Clone)]
pub enum Redemption {
    /// It was redeemed now, by this call and no other; the tokens are stored.
    Redeemed(Box<CodeRecord>),
    /// It had been redeemed before.
    Reuse {
        /// The grant it stood for.
        grant: GrantId,
        /// Whether the grant was ended for it: not for a double submit (requirement 40).
        ended: bool,
    },
    /// Nobody knows it.
    Unknown,
    /// Its time is over.
    Expired,
    /// It was issued to another client. Nothing was counted or changed.
    WrongClient,
    /// Too many failed exchanges (requirement 41).
    Burned,
    /// Its grant ended: the browser session or the access is over (requirement 43).
    Ended,
}

/// An access token to be stored.
#[derive(Debug, Clone)]
pub struct NewAccessToken {
    /// Its hash.
    pub hash: SecretHash,
    /// What it is good for: the scopes of the grant or fewer.
    pub scopes: ScopeSet,
    /// When it is over.
    pub expires: Timestamp,
}

/// A live access token as stored.
#[derive(Debug, Clone)]
pub struct AccessTokenRecord {
    /// The grant, with the user.
    pub grant: GrantRecord,
    /// What it is good for.
    pub scopes: ScopeSet,
    /// When it was issued.
    pub created: Timestamp,
    /// When it is over.
    pub expires: Timestamp,
}

/// The first refresh token of a grant, to be stored.
#[derive(Debug, Clone)]
pub struct NewRefreshToken {
    /// Its hash.
    pub hash: SecretHash,
    /// When it is over if nobody uses it.
    pub idle_expires: Timestamp,
    /// When the whole family is over; its successors inherit this.
    pub absolute_expires: Timestamp,
}

/// A refresh token as stored, live or not.
#[derive(Debug, Clone)]
pub struct RefreshTokenRecord {
    /// The grant, with the user.
    pub grant: GrantRecord,
    /// When it was issued.
    pub created: Timestamp,
    /// When it is over if nobody uses it.
    pub idle_expires: Timestamp,
    /// When the whole family is over.
    pub absolute_expires: Timestamp,
    /// When it was rotated or superseded, if it was.
    pub consumed_at: Option<Timestamp>,
}

/// What a refresh does to the refresh token.
#[derive(Debug, Clone)]
pub enum Renewal {
    /// A successor takes its place: public clients (RFC 9700 s. 2.2.2, requirement 59).
    Rotate {
        /// The hash of the successor.
        successor: SecretHash,
        /// When the successor is over if nobody uses it.
        idle_expires: Timestamp,
    },
    /// It stays, and its idle time begins again: confidential clients (requirement 61).
    Keep {
        /// When it is over if nobody uses it again.
        idle_expires: Timestamp,
    },
}

/// A request to refresh, after the caller looked at [`RefreshTokenRecord`] and decided (requirement 63).
#[derive(Debug, Clone)]
pub struct Rotate {
    /// The hash of the presented refresh token.
    pub presented: SecretHash,
    /// The authenticated client.
    pub client_id: ClientId,
    /// Now.
    pub now: Timestamp,
    /// The access token to store with it.
    pub access: NewAccessToken,
    /// What becomes of the refresh token.
    pub renewal: Renewal,
    /// For how long a rotated token whose successor is unused may be presented again (0 to 60 s, requirement 60).
    pub grace: Seconds,
}

/// What became of an attempt to refresh.
#[derive(Debug, Clone)]
pub enum Rotation {
    /// The tokens are stored; the presented one is consumed, or kept if that was asked.
    Rotated(Box<GrantRecord>),
    /// The client had lost our last answer: the unused successor is dead, the new one stands in its place.
    GraceReuse(Box<GrantRecord>),
    /// It lost a race within the grace. Refused, and the grant lives on.
    Superseded,
    /// It had been consumed before. The grant was ended, with all its tokens.
    Reuse {
        /// The grant that ended.
        grant: GrantId,
    },
    /// Nobody knows it.
    Unknown,
    /// It was issued to another client. Nothing was changed (requirement 57).
    WrongClient,
    /// Its idle or absolute time is over.
    Expired,
    /// Its grant had ended.
    Ended,
}

/// How a sign-in attempt was finished: the state in which it must still be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinishedBy {
    /// With the approval of this PIN, adopted by this attempt and still the current one.
    Pin(u64),
    /// With a browser session that already was there: the attempt has no PIN.
    BrowserSession,
}

/// Everything that happens when somebody has signed in, stored in one transaction.
#[derive(Debug, Clone)]
pub struct FinishLogin {
    /// The sign-in attempt.
    pub id: RequestId,
    /// What proved who it is.
    pub by: FinishedBy,
    /// Now.
    pub now: Timestamp,
    /// Who it is.
    pub user: UserRecord,
    /// The new browser session; `None` when an existing one goes on.
    pub session: Option<NewBrowserSession>,
    /// The browser session that this one takes the place of: it ends, and so do its unredeemed codes (requirement 130).
    pub replaced_session: Option<SecretHash>,
    /// The code for the client; `None` when the answer is an error.
    pub code: Option<NewCode>,
}

/// What became of an attempt to finish a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// Stored, by this call and no other.
    Finished,
    /// Another call finished it before.
    AlreadyFinished,
    /// The attempt is unknown, over, refused, cancelled, or waiting for another proof.
    WrongState,
}

/// A stored consent of a user to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Who agreed.
    pub account_id: PlexAccountId,
    /// To which client.
    pub client_id: ClientId,
    /// To what.
    pub scopes: ScopeSet,
    /// When.
    pub granted_at: Timestamp,
}

/// How much a sweep removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepCounts {
    /// Sign-in attempts.
    pub logins: usize,
    /// Browser sessions.
    pub sessions: usize,
    /// Access tokens.
    pub access_tokens: usize,
    /// Grants, each with its codes and refresh tokens.
    pub grants: usize,
}

impl SweepCounts {
    /// Whether nothing was left to remove.
    pub const fn is_empty(&self) -> bool {
        self.logins == 0 && self.sessions == 0 && self.access_tokens == 0 && self.grants == 0
    }
}
