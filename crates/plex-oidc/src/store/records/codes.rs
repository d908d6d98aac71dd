//! Grants and the authorization codes that stand for them.

use plex_oidc_core::decide::Asker;
use plex_oidc_core::id::{AccountId, ClientId, GrantId, Sid};
use plex_oidc_core::pkce::CodeChallenge;
use plex_oidc_core::requested_claims::RequestedClaims;
use plex_oidc_core::resource::ResourceSet;
use plex_oidc_core::scope::ScopeSet;
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;

use super::{KnownBrowser, NewAccessToken, NewRefreshToken, SealedBytes, UserRecord};

/// A grant to be stored together with its code.
#[derive(Debug, Clone)]
pub struct NewGrant {
    /// The client it is for.
    pub client_id: ClientId,
    /// The user who gave it; stored before, or with it.
    pub account_id: AccountId,
    /// The browser session in which it was given.
    pub sid: Sid,
    /// What was granted. It never grows.
    pub scopes: ScopeSet,
    /// Single claims that were asked for.
    pub requested_claims: RequestedClaims,
    /// What its tokens are for. It never grows either.
    pub resources: ResourceSet,
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
    /// Single claims that were asked for.
    pub requested_claims: RequestedClaims,
    /// What its tokens are for.
    pub resources: ResourceSet,
    /// When the user last proved who they are.
    pub auth_time: Timestamp,
    /// When it was given.
    pub created: Timestamp,
    /// The Plex token, for the few clients that are given it.
    pub plex_token_sealed: Option<SealedBytes>,
    /// When it ended, if it did.
    pub ended_at: Option<Timestamp>,
    /// In which browser it was given. `None`: before browsers were kept.
    pub browser: Option<KnownBrowser>,
}

impl GrantRecord {
    /// Whoever gave it, as they came.
    pub const fn asker(&self) -> Asker<'_> {
        self.user.person.through(KnownBrowser::through(self.browser))
    }
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
    /// A later hand-over to the same browser took the place of its gateway session.
    Replaced,
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
            Self::Replaced => "replaced",
            Self::AccessEnded => "access_ended",
            Self::Revoked => "revoked",
        }
    }
}

/// Which request a code answers, where that can be answered but once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// One that came through the browser.
    Browser,
    /// One that its client pushed, under this name.
    Pushed(SecretHash),
    /// That of the device whose device code it is.
    Device,
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
    /// The request that it answers, and uses up.
    pub answers: Answers,
}

impl NewCode {
    /// The name of its grant.
    pub const fn grant_id(&self) -> GrantId {
        GrantId::of_code(self.hash)
    }
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
    /// Whether the code has a PKCE challenge, which the caller checked: a second redemption that comes soon is no theft.
    pub with_challenge: bool,
    /// Whether this client is to be told when the browser session ends, and is remembered for that.
    pub tell_of_logout: bool,
}

/// What became of an attempt to redeem a code.
#[derive(Debug, Clone)]
pub enum Redemption {
    /// It was redeemed now, by this call and no other; the tokens are stored.
    Redeemed,
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
