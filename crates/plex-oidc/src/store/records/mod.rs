//! What goes into the store and what comes out of it: plain values, without behaviour.
//!
//! A `New…` record is what a caller hands in; its counterpart without `New` is what is read back. Secrets appear only
//! as hashes, and what must be read back in the clear arrives here sealed.

use std::fmt;

use plex_oidc_core::decide::Person;
use plex_oidc_core::id::{AccountId, ClientId};
use plex_oidc_core::scope::ScopeSet;
use plex_oidc_core::subject::Subject;
use plex_oidc_core::time::Timestamp;

mod api_tokens;
mod app_tokens;
mod audit;
mod browsers;
mod client_tokens;
mod codes;
mod devices;
mod gateway;
mod host;
mod local;
mod logins;
mod logout;
mod passkeys;
mod plex_tokens;
mod pushed;
mod questions;
mod requests;
mod sessions;
mod tokens;

pub use api_tokens::{ApiTokenRecord, NewApiToken};
pub use app_tokens::{AppTokenRecord, NewAppToken};
pub use audit::{EventRecord, EventsWanted};
pub use browsers::{Forgotten, KnownBrowser, ListedBrowser, MetBrowser, NewBrowser, WaitingBrowser};
pub use client_tokens::{ClientTokenRecord, NewClientToken};
pub use codes::{Answers, CodeRecord, GrantEnd, GrantRecord, NewCode, NewGrant, RedeemCode, Redemption};
pub use devices::{DeviceAnswer, DeviceRequest, NewDeviceRequest};
pub use gateway::{GatewaySession, NewGatewaySession, RedeemHandover};
pub use host::{AdminLink, HostSession};
pub use local::{Declared, Ends, LocalAccount, LocalPut, PutLocalAccount, SignInName};
pub use logins::{
    AdoptedPin, Adoption, Finish, FinishLogin, FinishedBy, Login, LoginState, NewLogin, RefusedAt,
};
pub use logout::LogoutNotice;
pub use passkeys::{Passkey, PasskeyAdded, PasskeyId, PasskeyUse, UsePasskey, UsedChallenge};
pub use plex_tokens::{DuePlexTokens, KeptPlexToken, NewPlexToken, PlexLook, Tallies};
pub use pushed::PushedRequest;
pub use questions::{OpenQuestion, Question, QuestionId};
pub use requests::{
    AccessAnswer, AccessRequest, AnswerAccessRequest, Asking, HostAnswer, NewAccessRequest, WaitingRequests,
    Wish,
};
pub use sessions::{
    BrowserSession, EndedSession, GrantsPolicy, ListedPerson, ListedSession, NewBrowserSession, PeopleFound,
    PeopleWanted, SeenFrom, SessionName,
};
pub use tokens::{
    AccessTokenRecord, NewAccessToken, NewRefreshToken, RefreshTokenRecord, Renewal, Rotate, Rotation,
};

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

/// A person with an account at our issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// The person, with the last answer about membership.
    pub person: Person,
    /// When this was learned. An older answer never replaces a newer one.
    pub updated: Timestamp,
}

/// A user about whom Plex was asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reconfirmed {
    /// When was learned what Plex was asked about. Whatever was learned since holds.
    pub known_at: Timestamp,
    /// What Plex said.
    pub user: UserRecord,
}

impl UserRecord {
    /// The account behind it.
    pub fn account_id(&self) -> AccountId {
        self.person.account.id
    }

    /// The subject of this person's tokens.
    pub fn subject(&self) -> Subject {
        self.person.subject()
    }
}

/// What ended with a person's access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EndedAccess {
    /// Browser sessions.
    pub sessions: usize,
    /// Grants, and with each its code, access tokens, refresh tokens and gateway session.
    pub grants: usize,
    /// App tokens; none where only sessions ended.
    pub app_tokens: usize,
}

/// A stored consent of a user to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Who agreed.
    pub account_id: AccountId,
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
    /// PINs that Plex has long forgotten.
    pub pins: usize,
    /// Pushed requests that nobody answered.
    pub pushed_requests: usize,
    /// Requests of devices.
    pub device_requests: usize,
    /// Browser sessions.
    pub sessions: usize,
    /// Access tokens.
    pub access_tokens: usize,
    /// Refresh tokens.
    pub refresh_tokens: usize,
    /// Access tokens of clients for themselves.
    pub client_tokens: usize,
    /// Assertions of clients.
    pub assertions: usize,
    /// Gateway sessions.
    pub gateway_sessions: usize,
    /// Grants, each with its code.
    pub grants: usize,
    /// Clients that need not be told of the end of a session any more.
    pub session_clients: usize,
    /// Notices whose last try never ended.
    pub logout_notices: usize,
    /// Links to the host's page.
    pub admin_links: usize,
    /// Visits to the host's page that began with one.
    pub host_sessions: usize,
    /// Requests to the host.
    pub access_requests: usize,
    /// Challenges of passkeys that are over.
    pub used_challenges: usize,
    /// Browsers that nobody used for long.
    pub browsers: usize,
    /// Questions of commands.
    pub questions: usize,
}

impl SweepCounts {
    /// Whether nothing was left to remove.
    pub const fn is_empty(&self) -> bool {
        let Self {
            logins,
            pins,
            pushed_requests,
            device_requests,
            sessions,
            access_tokens,
            refresh_tokens,
            client_tokens,
            assertions,
            gateway_sessions,
            grants,
            session_clients,
            logout_notices,
            access_requests,
            admin_links,
            host_sessions,
            used_challenges,
            browsers,
            questions,
        } = *self;
        logins == 0
            && pins == 0
            && pushed_requests == 0
            && device_requests == 0
            && sessions == 0
            && access_tokens == 0
            && refresh_tokens == 0
            && client_tokens == 0
            && assertions == 0
            && gateway_sessions == 0
            && grants == 0
            && session_clients == 0
            && logout_notices == 0
            && admin_links == 0
            && host_sessions == 0
            && access_requests == 0
            && used_challenges == 0
            && browsers == 0
            && questions == 0
    }
}
