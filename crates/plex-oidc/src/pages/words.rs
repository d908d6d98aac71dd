//! What there is to say: why somebody is back, what went wrong, how long ago something was. The words for it are in the message
//! files, by the name that each of these has there.

use std::borrow::Cow;

use plex_oidc_core::audit::Actor;
use plex_oidc_core::client::SubjectType;
use plex_oidc_core::decide::Denial;
use plex_oidc_core::groups::{About, Group};
use plex_oidc_core::scope::Scope;
use serde::Serialize;
use serde::ser::SerializeStruct as _;

/// A sentence of the message files, and the number in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Said {
    /// Its name.
    key: &'static str,
    /// The number.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
}

impl Said {
    /// The sentence of this name.
    pub(super) const fn plain(key: &'static str) -> Self {
        Self { key, count: None }
    }

    /// How long ago something was, as people say it.
    pub const fn ago(seconds: i64) -> Self {
        let (key, unit) = match seconds {
            ..60 => return Self::plain("ago.now"),
            60..3600 => ("ago.minutes", 60),
            3600..86_400 => ("ago.hours", 3600),
            _ => ("ago.days", 86_400),
        };
        Self { key, count: Some(seconds.unsigned_abs() / unit) }
    }

    /// What a client learns by a scope, or may do.
    pub const fn of_scope(scope: Scope, subject_type: &SubjectType) -> Self {
        Self::plain(match scope {
            Scope::OpenId => match subject_type {
                SubjectType::Public => "scope.openid",
                SubjectType::Pairwise(_) => "scope.openid_pairwise",
            },
            Scope::Profile => "scope.profile",
            Scope::Email => "scope.email",
            Scope::Address => "scope.address",
            Scope::Phone => "scope.phone",
            Scope::Groups => "scope.groups",
            Scope::OfflineAccess => "scope.offline_access",
        })
    }

    /// Who did something, if it was nobody with a name: an account, or a token of the API.
    pub const fn of_actor(actor: Actor) -> Option<Self> {
        Some(Self::plain(match actor {
            Actor::Account(_) | Actor::ApiToken(_) => return None,
            Actor::Recheck => "audit.actor.recheck",
            Actor::CommandLine => "audit.actor.command_line",
            Actor::Program => "audit.actor.program",
        }))
    }

    /// Why somebody is in a group.
    pub fn of_group(group: &Group) -> Self {
        let kind = group.as_str().split(':').next().unwrap_or_default();
        Self::plain(match (kind, group.meaning().map(|meaning| meaning.about)) {
            ("plex-owner", _) => "group.plex_owner",
            ("plex-home", _) => "group.plex_home",
            ("plex-friend", _) => "group.plex_friend",
            ("plex-managed", _) => "group.plex_managed",
            (_, Some(About::Library(_))) => "group.plex_library",
            ("plex-downloads", _) => "group.plex_downloads",
            ("plex-livetv", _) => "group.plex_livetv",
            ("plex-pass", _) => "group.plex_pass",
            ("plex-2fa", _) => "group.plex_2fa",
            ("local", _) => "group.local",
            _ => "group.of_host",
        })
    }
}

/// Why somebody may or may not use something, for the host: a sentence, and what it says of the rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Why<'a> {
    /// The name of the sentence.
    key: &'static str,
    /// The rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Cow<'a, str>>,
}

impl<'a> Why<'a> {
    /// The host opened it to them.
    pub const OPENED: Self = Self { key: "admin.why.opened", rule: None };
    /// What is known is too old, or not enough.
    pub const UNKNOWN: Self = Self { key: "admin.why.unknown", rule: None };

    /// This rule lets them in.
    pub const fn in_list(rule: Cow<'a, str>) -> Self {
        Self { key: "admin.why.in_list", rule: Some(rule) }
    }

    /// They may not.
    pub const fn denied(denial: Denial) -> Self {
        let key = match denial {
            Denial::NotShared => "admin.why.not_shared",
            Denial::ManagedUser => "admin.why.managed_user",
            Denial::Anonymous => "admin.why.anonymous",
            Denial::UnconfirmedEmail => "admin.why.unconfirmed_email",
            Denial::NoTwoFactor => "admin.why.no_two_factor",
            Denial::TooNew => "admin.why.too_new",
            Denial::Blocked => "admin.why.blocked",
            Denial::BlockedByHost => "admin.why.blocked_by_host",
            Denial::NotNamedBeforehand => "admin.why.not_named",
            Denial::NotAllowedHere => "admin.why.not_allowed",
            Denial::NewBrowser => "admin.why.new_browser",
            Denial::ClientDisabled => "admin.why.client_disabled",
        };
        Self { key, rule: None }
    }
}

/// Why the visitor is back on the sign-in page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The PIN expired before it was approved.
    TookTooLong,
    /// The visitor said no at Plex.
    CancelledAtPlex,
    /// The visitor wants another Plex account.
    OtherAccount,
    /// The app expects somebody else than the one whose password was typed.
    OtherPerson,
    /// Name and password do not go together.
    WrongPassword,
    /// Whoever approved at Plex owns none of the servers.
    NotOwner,
}

/// Why the visitor is asked for the code of a device again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceNotice {
    /// What was typed is no code.
    NoCode,
    /// No device waits with this code.
    UnknownCode,
    /// Too many codes were wrong.
    TooOften,
}

impl DeviceNotice {
    /// The HTTP status of the page.
    pub fn status(self) -> u16 {
        match self {
            Self::NoCode | Self::UnknownCode => 400,
            Self::TooOften => 429,
        }
    }
}

/// Why someone known to Plex may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeniedReason {
    /// The account has nothing to do with this server.
    Stranger,
    /// Known here, but not for this client.
    NotAllowed,
    /// A managed Home user, where these may not sign in.
    ManagedUser,
    /// The e-mail address is not confirmed at Plex.
    UnconfirmedEmail,
    /// An anonymous Plex account.
    Anonymous,
    /// No two-factor sign-in is set up at Plex, and it must be.
    NoTwoFactor,
    /// A Plex account that is too new.
    TooNew,
    /// The host keeps this account out.
    Blocked,
    /// The host named beforehand who comes in.
    NotNamed,
    /// The host has to say yes to this browser first.
    NewBrowser,
    /// The host switched this client off.
    ClientDisabled,
}

impl From<Denial> for DeniedReason {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::NotShared => Self::Stranger,
            Denial::ManagedUser => Self::ManagedUser,
            Denial::Anonymous => Self::Anonymous,
            Denial::UnconfirmedEmail => Self::UnconfirmedEmail,
            Denial::NoTwoFactor => Self::NoTwoFactor,
            Denial::TooNew => Self::TooNew,
            Denial::Blocked | Denial::BlockedByHost => Self::Blocked,
            Denial::NotNamedBeforehand => Self::NotNamed,
            Denial::NotAllowedHere => Self::NotAllowed,
            Denial::NewBrowser => Self::NewBrowser,
            Denial::ClientDisabled => Self::ClientDisabled,
        }
    }
}

/// What went wrong, as far as a guest is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// plex.tv cannot be reached, or answers nonsense.
    PlexUnavailable,
    /// This browser has no such sign-in: an old link, another browser, or cookies switched off.
    UnknownRequest,
    /// Too many sign-ins were started.
    RateLimited,
    /// Too many passwords are being checked.
    Busy,
    /// The client sent the visitor here with a request that may not be answered to it.
    InvalidRequest,
    /// A form of ours came back without its token.
    FormExpired,
    /// There is no such page.
    NotFound,
    /// Our own fault.
    Internal,
}

impl ErrorKind {
    /// Every kind, for samples and tests.
    pub const ALL: [Self; 8] = [
        Self::PlexUnavailable,
        Self::UnknownRequest,
        Self::RateLimited,
        Self::Busy,
        Self::InvalidRequest,
        Self::FormExpired,
        Self::NotFound,
        Self::Internal,
    ];

    /// The HTTP status of the page.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidRequest | Self::UnknownRequest => 400,
            Self::FormExpired => 403,
            Self::NotFound => 404,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::PlexUnavailable | Self::Busy => 503,
        }
    }

    /// Its name in the message files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PlexUnavailable => "plex_unavailable",
            Self::UnknownRequest => "unknown_request",
            Self::RateLimited => "rate_limited",
            Self::Busy => "busy",
            Self::InvalidRequest => "invalid_request",
            Self::FormExpired => "form_expired",
            Self::NotFound => "not_found",
            Self::Internal => "internal",
        }
    }
}

impl Serialize for ErrorKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("ErrorKind", 2)?;
        fields.serialize_field("status", &self.status())?;
        fields.serialize_field("name", self.name())?;
        fields.end()
    }
}
