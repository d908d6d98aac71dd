//! By what things are counted. A label is one of a few words that are known beforehand: nothing that comes from outside.

use plextv::{Came, Kind};

/// One of the words by which something is counted.
pub trait Label: Copy + PartialEq + 'static {
    /// All of them.
    const ALL: &'static [Self];

    /// How it is called in the figures.
    fn word(self) -> &'static str;

    /// Which of them it is.
    fn place(self) -> usize {
        Self::ALL.iter().position(|label| *label == self).unwrap_or(usize::MAX)
    }
}

/// What came of a round of the re-check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoundOutcome {
    /// Plex said who is a member.
    Answered,
    /// It did, and somebody is in doubt.
    InDoubt,
    /// Plex did not say.
    Unanswered,
    /// Plex does not accept the owner's token.
    TokenRefused,
    /// The requests of this hour are spent, so Plex was not asked.
    Waited,
    /// Our own side did not work.
    Failed,
}

impl Label for RoundOutcome {
    const ALL: &'static [Self] =
        &[Self::Answered, Self::InDoubt, Self::Unanswered, Self::TokenRefused, Self::Waited, Self::Failed];

    fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::InDoubt => "in_doubt",
            Self::Unanswered => "unanswered",
            Self::TokenRefused => "token_refused",
            Self::Waited => "waited",
            Self::Failed => "failed",
        }
    }
}

/// How a sign-in ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInOutcome {
    /// Somebody is signed in.
    SignedIn,
    /// This account may not come in.
    Denied,
    /// Nobody approved in time.
    TooLate,
    /// Plex does not accept the token that came of the approval.
    TokenRefused,
    /// It was somebody else than the client expected.
    OtherPerson,
    /// Name and password do not go together.
    WrongPassword,
}

impl Label for SignInOutcome {
    const ALL: &'static [Self] = &[
        Self::SignedIn,
        Self::Denied,
        Self::TooLate,
        Self::TokenRefused,
        Self::OtherPerson,
        Self::WrongPassword,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::Denied => "denied",
            Self::TooLate => "too_late",
            Self::TokenRefused => "token_refused",
            Self::OtherPerson => "other_person",
            Self::WrongPassword => "wrong_password",
        }
    }
}

/// What the gateway answered a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayAnswer {
    /// The request may pass.
    Pass,
    /// Somebody has to sign in, or show another token.
    SignIn,
    /// Somebody may not.
    Deny,
    /// It was no question that can be answered.
    Refused,
    /// It could not be decided.
    Undecided,
}

impl Label for GatewayAnswer {
    const ALL: &'static [Self] = &[Self::Pass, Self::SignIn, Self::Deny, Self::Refused, Self::Undecided];

    fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::SignIn => "sign_in",
            Self::Deny => "deny",
            Self::Refused => "refused",
            Self::Undecided => "undecided",
        }
    }
}

/// How a client came by tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Issued {
    /// With a code.
    Code,
    /// With a refresh token.
    Refresh,
    /// For itself.
    ClientCredentials,
    /// On a device.
    Device,
}

impl Label for Issued {
    const ALL: &'static [Self] = &[Self::Code, Self::Refresh, Self::ClientCredentials, Self::Device];

    fn word(self) -> &'static str {
        match self {
            Self::Code => "authorization_code",
            Self::Refresh => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::Device => "device_code",
        }
    }
}

/// Whether a client was told of the end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoutNotice {
    /// It was.
    Told,
    /// It was not, and will not be.
    GivenUp,
}

impl Label for LogoutNotice {
    const ALL: &'static [Self] = &[Self::Told, Self::GivenUp];

    fn word(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::GivenUp => "given_up",
        }
    }
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailOutcome {
    /// The server took it.
    Sent,
    /// It did not, and it is not tried again.
    GivenUp,
    /// There was no room for it.
    Dropped,
}

impl Label for MailOutcome {
    const ALL: &'static [Self] = &[Self::Sent, Self::GivenUp, Self::Dropped];

    fn word(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::GivenUp => "given_up",
            Self::Dropped => "dropped",
        }
    }
}

impl Label for Kind {
    const ALL: &'static [Self] = &Kind::ALL;

    fn word(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Account => "account",
            Self::Servers => "servers",
            Self::Shares => "shares",
            Self::Home => "home",
            Self::Libraries => "libraries",
            Self::Other => "other",
        }
    }
}

impl Label for Came {
    const ALL: &'static [Self] = &Came::ALL;

    fn word(self) -> &'static str {
        match self {
            Self::Answer => "answered",
            Self::Unauthorized => "unauthorized",
            Self::TooMany => "rate_limited",
            Self::Refusal => "refused",
            Self::Failure => "failed",
            Self::Silence => "no_answer",
        }
    }
}
