//! What went wrong, and the fixed sentences for it. Plain words, for guests; knows neither HTML nor HTTP.
//!
//! The sentences of a refusal stand in its template, because they name the account and the client.

use plex_oidc_core::decide::Denial;
use serde::Serialize;
use serde::ser::SerializeStruct as _;

/// Why the visitor is back on the sign-in page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

impl Notice {
    /// The sentence to show.
    pub fn message(self) -> &'static str {
        match self {
            Self::TookTooLong => "That took too long, so we stopped waiting. Please try again.",
            Self::CancelledAtPlex => "You cancelled at Plex. You can try again whenever you like.",
            Self::OtherAccount => {
                "To use another account, first sign out at app.plex.tv or switch the user there, then continue."
            }
            Self::OtherPerson => {
                "The app expects somebody else. Sign in with the account that you use there."
            }
            Self::WrongPassword => "This name and this password do not go together. Please try again.",
        }
    }
}

impl Serialize for Notice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.message())
    }
}

/// Why the visitor is asked for the code of a device again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    /// The sentence to show.
    pub fn message(self) -> &'static str {
        match self {
            Self::NoCode => {
                "A code has eight letters, none of them A, E, I, O, U or Y. Please type it again."
            }
            Self::UnknownCode => {
                "No device is waiting with this code. Compare it with the one that your device shows; if ten minutes have \
                 passed, let the device show a new one."
            }
            Self::TooOften => "Too many codes were wrong. Wait ten minutes, then try again.",
        }
    }
}

impl Serialize for DeviceNotice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.message())
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
            Denial::ClientDisabled => Self::ClientDisabled,
        }
    }
}

/// What went wrong, in the words for a guest.
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

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::PlexUnavailable => "Plex isn’t answering",
            Self::UnknownRequest => "Please start again",
            Self::RateLimited | Self::Busy => "One moment, please",
            Self::InvalidRequest => "This link doesn’t work",
            Self::FormExpired => "This page is out of date",
            Self::NotFound => "There is nothing here",
            Self::Internal => "Something broke on our side",
        }
    }

    /// What happened, in a sentence or two.
    pub fn what_happened(self) -> &'static str {
        match self {
            Self::PlexUnavailable => "We could not reach plex.tv just now, so we cannot check who you are.",
            Self::UnknownRequest => {
                "We don’t know this sign-in. The link may be old, or it was opened in another browser, or \
                 cookies are switched off."
            }
            Self::RateLimited => {
                "Too many sign-ins were started in a short time, so we are pausing new ones."
            }
            Self::Busy => "Many people are signing in at this moment.",
            Self::InvalidRequest => "The app sent you here in a way that we cannot answer safely.",
            Self::FormExpired => "It was open for too long, or you signed in or out in another tab.",
            Self::NotFound => "The address may be mistyped, or the page is gone.",
            Self::Internal => "It is not your fault, and you did nothing wrong.",
        }
    }

    /// The way out.
    pub fn what_to_do(self) -> &'static str {
        match self {
            Self::PlexUnavailable | Self::RateLimited | Self::Busy => "Wait a minute, then try again.",
            Self::UnknownRequest | Self::FormExpired => "Go back to the app and sign in from there.",
            Self::InvalidRequest => {
                "Go back to the app and try again. If it happens again, tell the person who runs it."
            }
            Self::NotFound => {
                "Go to the app that you want to use. It brings you here when you need to sign in."
            }
            Self::Internal => {
                "Try again in a minute. If it happens again, tell the person who runs this place."
            }
        }
    }
}

impl Serialize for ErrorKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("ErrorKind", 4)?;
        fields.serialize_field("status", &self.status())?;
        fields.serialize_field("title", self.title())?;
        fields.serialize_field("what_happened", self.what_happened())?;
        fields.serialize_field("what_to_do", self.what_to_do())?;
        fields.end()
    }
}

/// How long ago something was, as people say it.
pub fn ago(seconds: i64) -> String {
    let of = |count: i64, unit: &str| match count {
        1 => format!("1 {unit} ago"),
        _ => format!("{count} {unit}s ago"),
    };
    match seconds {
        ..60 => "just now".to_owned(),
        60..3600 => of(seconds / 60, "minute"),
        3600..86_400 => of(seconds / 3600, "hour"),
        _ => of(seconds / 86_400, "day"),
    }
}
