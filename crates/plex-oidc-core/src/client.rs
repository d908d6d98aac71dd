//! A relying party as the operator registered it (RFC 6749 s. 2, OIDC Dynamic Registration 1.0 s. 2 for the names).

use serde::{Deserialize, Serialize};
use url::Url;

use crate::decide::{AllowRule, NewBrowsers};
use crate::id::ClientId;
use crate::jose::VerifyingKey;
use crate::redirect::{RedirectTarget, RedirectUri};
use crate::resource::ResourceSet;
use crate::scope::{Scope, ScopeSet};
use crate::secret::SecretHash;
use crate::time::Seconds;

/// How a client proves who it is at the token endpoint (OIDC Core 1.0 s. 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthMethod {
    /// The secret in the `Authorization` header.
    ClientSecretBasic,
    /// The secret in the form.
    ClientSecretPost,
    /// A JWT that the client signs, once for each request (RFC 7523 s. 2.2). We hold its public keys.
    PrivateKeyJwt,
    /// A public client: no secret, PKCE instead.
    None,
}

/// How a client may come by tokens (RFC 6749 s. 1.3). Refreshing is no entry of its own: it goes on with what a person
/// granted, for as long as `offline_access` is among the scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GrantType {
    /// A person signs in.
    AuthorizationCode,
    /// The client acts for itself; there is no person (RFC 6749 s. 4.4).
    ClientCredentials,
    /// A person signs in elsewhere, and types a code that the client shows (RFC 8628).
    DeviceCode,
}

/// How ID tokens for a client are signed (RFC 7518 s. 3.1, RFC 8037 s. 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: what Cloudflare Access and the specification expect.
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl SigningAlgorithm {
    /// Every algorithm that we sign with.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// The name in JOSE headers and metadata.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Reads the JOSE name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == text)
    }
}

/// Which Plex token the operator hands to one client, by opt-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlexTokenClaim {
    /// The token of the user's whole Plex account.
    Account,
    /// The token that opens the shared server only.
    Server,
}

/// Whom a client calls what (OIDC Core 1.0 s. 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectType {
    /// Each person has one subject, the same for all such clients.
    Public,
    /// Each person has a subject that only the clients of this sector know.
    Pairwise(String),
}

/// Claims that may be copied into a client's ID token, because many applications read nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExtraClaim {
    /// `preferred_username`.
    PreferredUsername,
    /// `name`.
    Name,
    /// `email`.
    Email,
    /// `email_verified`.
    EmailVerified,
    /// `picture`.
    Picture,
    /// `groups`.
    Groups,
}

impl ExtraClaim {
    /// Every claim that can be copied.
    pub const ALL: [Self; 6] =
        [Self::PreferredUsername, Self::Name, Self::Email, Self::EmailVerified, Self::Picture, Self::Groups];

    /// The name of the claim.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PreferredUsername => "preferred_username",
            Self::Name => "name",
            Self::Email => "email",
            Self::EmailVerified => "email_verified",
            Self::Picture => "picture",
            Self::Groups => "groups",
        }
    }

    /// Reads the name of a claim.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|claim| claim.as_str() == text)
    }

    /// The scope that releases it (OIDC Core 1.0 s. 5.4).
    pub const fn scope(self) -> Scope {
        match self {
            Self::PreferredUsername | Self::Name | Self::Picture => Scope::Profile,
            Self::Email | Self::EmailVerified => Scope::Email,
            Self::Groups => Scope::Groups,
        }
    }
}

/// A registered relying party, checked: whoever holds one need not doubt its parts.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the operator's file")]
pub struct Client {
    /// Its name on the wire.
    pub id: ClientId,
    /// Its name for people.
    pub name: String,
    /// False: every request of this client is refused, as if it were unknown.
    pub enabled: bool,
    /// How it authenticates at the token endpoint; the only way that works for it.
    pub auth_method: ClientAuthMethod,
    /// Hashes of its secrets: one, or two while it rotates. Empty where `auth_method` uses none.
    pub secrets: Vec<SecretHash>,
    /// The public keys with which its assertions are checked. Empty unless `auth_method` is `private_key_jwt`.
    pub keys: Vec<VerifyingKey>,
    /// How it may come by tokens; never empty.
    pub grant_types: Vec<GrantType>,
    /// Where its responses may go. Empty for a client to which no person signs in through a browser of its own.
    pub redirect_uris: Vec<RedirectUri>,
    /// Where a browser may go after its client has signed it out.
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    /// Where it is told of sessions that end (Back-Channel Logout 1.0 s. 2.2). A constant: nothing is ever put into it.
    pub backchannel_logout_uri: Option<Url>,
    /// Who may use it. Empty means nobody.
    pub allow: Vec<AllowRule>,
    /// Rules of which it must be known whether they name a person, before that person is let in: all that an application
    /// behind the gateway has for parts of itself.
    pub needs_known: Vec<AllowRule>,
    /// What is done when somebody comes from a new browser.
    pub new_browsers: NewBrowsers,
    /// Whether an authorization request must carry a PKCE challenge. Always true of a public client.
    pub pkce_required: bool,
    /// Whether consent is asked once per user even without `prompt=consent`.
    pub consent_required: bool,
    /// How its ID tokens are signed.
    pub signing_algorithm: SigningAlgorithm,
    /// The scopes it can be granted.
    pub scopes: ScopeSet,
    /// Whether it must push its authorization requests (RFC 9126 s. 6).
    pub pushed_requests_required: bool,
    /// How people are called towards it.
    pub subject_type: SubjectType,
    /// How the answer of the UserInfo endpoint is signed for it; plain JSON without.
    pub userinfo_algorithm: Option<SigningAlgorithm>,
    /// Claims that also go into its ID token.
    pub id_token_claims: Vec<ExtraClaim>,
    /// The Plex token to hand out in the `plex_token` claim, if the operator opted in.
    pub plex_token: Option<PlexTokenClaim>,
    /// Whether that claim is a sealed handle instead, which only our own gateway opens.
    pub plex_token_sealed: bool,
    /// The resources that it may ask tokens for.
    pub resources: ResourceSet,
    /// The clients whose access tokens it may ask about, because it answers requests that carry them.
    pub introspects: Vec<ClientId>,
    /// Whether its refresh tokens rotate. Always true of a public client.
    pub rotate_refresh_tokens: bool,
    /// Life of an access token, 60 s to 24 h.
    pub access_token_lifetime: Seconds,
    /// Life of an ID token, 60 s to 24 h.
    pub id_token_lifetime: Seconds,
}

impl Client {
    /// A client that only we are (see [`crate::own_page::is_ours`]). No endpoint of the provider knows it, and nobody redeems a
    /// code in its name but we.
    pub fn of_ours(id: ClientId, name: String, allow: Vec<AllowRule>) -> Self {
        Self {
            id,
            name,
            enabled: true,
            auth_method: ClientAuthMethod::None,
            secrets: Vec::new(),
            keys: Vec::new(),
            grant_types: vec![GrantType::AuthorizationCode],
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            allow,
            needs_known: Vec::new(),
            new_browsers: NewBrowsers::Allow,
            pkce_required: false,
            consent_required: false,
            signing_algorithm: SigningAlgorithm::Rs256,
            scopes: ScopeSet::from_iter([Scope::OpenId]),
            pushed_requests_required: false,
            subject_type: SubjectType::Public,
            userinfo_algorithm: None,
            id_token_claims: Vec::new(),
            plex_token: None,
            plex_token_sealed: false,
            resources: ResourceSet::default(),
            introspects: Vec::new(),
            rotate_refresh_tokens: true,
            access_token_lifetime: Seconds::minutes(1),
            id_token_lifetime: Seconds::minutes(1),
        }
    }

    /// Whether the client cannot keep a secret (RFC 6749 s. 2.1).
    pub fn is_public(&self) -> bool {
        self.auth_method == ClientAuthMethod::None
    }

    /// The checked place to send a response to, if `asked` is registered.
    pub fn redirect_target(&self, asked: &str) -> Option<RedirectTarget> {
        self.redirect_uris.iter().find_map(|uri| uri.matches(asked))
    }

    /// Whether it may come by tokens this way.
    pub fn may_use(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }

    /// The checked place to go after signing out, if `asked` is registered, to the letter: no port is free here.
    pub fn post_logout_target(&self, asked: &str) -> Option<RedirectTarget> {
        self.post_logout_redirect_uris.iter().find(|uri| uri.as_str() == asked)?.matches(asked)
    }

    /// Whether people sign in to it, in whatever way.
    pub fn is_for_people(&self) -> bool {
        self.may_use(GrantType::AuthorizationCode) || self.may_use(GrantType::DeviceCode)
    }

    /// Whether it can be granted refresh tokens.
    pub fn may_refresh(&self) -> bool {
        self.is_for_people() && self.scopes.contains(Scope::OfflineAccess)
    }
}

/// Every registered client.
#[derive(Debug, Clone, Default)]
pub struct Clients(std::collections::BTreeMap<String, Client>);

impl Clients {
    /// The client with exactly this identifier, switched off or not.
    pub fn find(&self, id: &str) -> Option<&Client> {
        self.0.get(id)
    }

    /// Every client, by identifier.
    pub fn iter(&self) -> impl Iterator<Item = &Client> {
        self.0.values()
    }
}

impl FromIterator<Client> for Clients {
    fn from_iter<I: IntoIterator<Item = Client>>(clients: I) -> Self {
        Self(clients.into_iter().map(|client| (client.id.as_str().to_owned(), client)).collect())
    }
}
