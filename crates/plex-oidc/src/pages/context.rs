//! What each page is given. Owns the typed contexts and the fixed sentences in them; knows neither HTML nor HTTP.
//!
//! Names, e-mail addresses and picture addresses come from strangers: they are escaped by the templates, always.

use plex_oidc_core::decide::Denial;
use serde::Serialize;
use serde::ser::SerializeStruct as _;

/// A page together with all that it shows.
#[derive(Clone, Copy, Debug)]
pub enum Page<'a> {
    /// The way in: one button.
    SignIn(SignIn<'a>),
    /// Waiting for the answer of Plex in this tab.
    Waiting(Waiting<'a>),
    /// What the pop-up shows until the Plex page loads.
    Popup,
    /// Where Plex sends the pop-up afterwards; it closes itself.
    Close,
    /// Signed in at Plex, but may not come in.
    Denied(Denied<'a>),
    /// Something went wrong and there is no client to send the error to.
    Error(ErrorPage<'a>),
    /// Signed out.
    SignedOut(SignedOut<'a>),
    /// "Do you want to sign out?"
    SignOutConfirm(SignOutConfirm<'a>),
    /// Already signed in: continue, or use another account.
    AccountChoice(AccountChoice<'a>),
    /// What a client would learn about the user.
    Consent(Consent<'a>),
    /// Signed in, with nothing left to do in this window.
    SignedIn,
    /// On to another site at once, after a form.
    Onward(Onward<'a>),
}

impl Page<'_> {
    /// The file that draws this page.
    pub fn template(&self) -> &'static str {
        match self {
            Self::SignIn(_) => "sign-in.html",
            Self::Waiting(_) => "waiting.html",
            Self::Popup => "popup.html",
            Self::Close => "close.html",
            Self::Denied(_) => "denied.html",
            Self::Error(_) => "error.html",
            Self::SignedOut(_) => "signed-out.html",
            Self::SignOutConfirm(_) => "sign-out-confirm.html",
            Self::AccountChoice(_) => "account-choice.html",
            Self::Consent(_) => "consent.html",
            Self::SignedIn => "signed-in.html",
            Self::Onward(_) => "onward.html",
        }
    }

    /// The `Cross-Origin-Opener-Policy`, or `None` where the header must be left out.
    ///
    /// The sign-in page keeps its pop-ups. The pages inside the pop-up must not have one of their own: it would cut
    /// the pop-up off, so that neither it nor the sign-in page could close it.
    pub fn opener_policy(&self) -> Option<&'static str> {
        match self {
            Self::SignIn(_) => Some("same-origin-allow-popups"),
            Self::Waiting(_)
            | Self::Popup
            | Self::Close
            | Self::Denied(_)
            | Self::Error(_)
            | Self::SignedOut(_)
            | Self::SignOutConfirm(_)
            | Self::AccountChoice(_)
            | Self::Consent(_)
            | Self::SignedIn
            | Self::Onward(_) => None,
        }
    }
}

/// The sign-in page.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SignIn<'a> {
    /// The client that wants to know who this is.
    pub client_name: &'a str,
    /// The authorization request, as in `/sign-in/{request_id}/...`.
    pub request_id: &'a str,
    /// Bound to this request; in a hidden field and sent by the script as `X-CSRF-Token`.
    pub csrf: &'a str,
    /// What the script needs to make a PIN.
    pub script: ScriptConfig<'a>,
    /// Whom the client expects, as it says.
    pub login_hint: Option<&'a str>,
    /// Why the visitor sees this page again.
    pub notice: Option<Notice>,
    /// Replaces our sentence about what Plex tells us.
    pub privacy_note: Option<&'a str>,
}

/// What the script of the sign-in page needs to make a PIN at plex.tv. Everything here is public.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ScriptConfig<'a> {
    /// `X-Plex-Client-Identifier`.
    pub client_identifier: &'a str,
    /// `X-Plex-Product`.
    pub product: &'a str,
    /// Where PINs are made, with `strong=true`.
    pub pins_url: &'a str,
}

/// Why the visitor is back on the sign-in page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// plex.tv cannot be reached.
    PlexUnavailable,
    /// The PIN expired before it was approved.
    TookTooLong,
    /// The visitor said no at Plex.
    CancelledAtPlex,
    /// The visitor cancelled here.
    Cancelled,
    /// Too many sign-ins were started.
    TooManyTries,
    /// The visitor wants another Plex account.
    OtherAccount,
}

impl Notice {
    /// The sentence to show.
    pub fn message(self) -> &'static str {
        match self {
            Self::PlexUnavailable => "plex.tv does not answer right now. Please try again in a minute.",
            Self::TookTooLong => "That took too long, so we stopped waiting. Please try again.",
            Self::CancelledAtPlex => "You cancelled at Plex. You can try again whenever you like.",
            Self::Cancelled => "You cancelled. You can try again whenever you like.",
            Self::TooManyTries => "That was a lot of tries. Please wait a minute before the next one.",
            Self::OtherAccount => {
                "To use another account, first sign out at app.plex.tv or switch the user there, then continue."
            }
        }
    }
}

impl Serialize for Notice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.message())
    }
}

/// The page of a tab that waits for Plex.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Waiting<'a> {
    /// The authorization request.
    pub request_id: &'a str,
    /// The client that the user goes back to.
    pub client_name: &'a str,
    /// For the Cancel button.
    pub csrf: &'a str,
    /// The Plex page of this sign-in.
    pub auth_url: &'a str,
    /// How often a browser without script asks again.
    pub refresh_seconds: u32,
}

/// Why someone known to Plex may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeniedReason {
    /// The account has nothing to do with this server.
    Stranger,
    /// The server is no longer, or not yet, shared with the account.
    NotShared,
    /// Known here, but not for this client.
    NotAllowed,
    /// A managed Home user, where these may not sign in.
    ManagedUser,
    /// The e-mail address is not confirmed at Plex.
    UnconfirmedEmail,
    /// An anonymous Plex account.
    Anonymous,
    /// The host switched this client off.
    ClientDisabled,
}

impl From<Denial> for DeniedReason {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::NotShared => Self::NotShared,
            Denial::ManagedUser => Self::ManagedUser,
            Denial::Anonymous => Self::Anonymous,
            Denial::UnconfirmedEmail => Self::UnconfirmedEmail,
            Denial::NotAllowedHere => Self::NotAllowed,
            Denial::ClientDisabled => Self::ClientDisabled,
        }
    }
}

/// The page that says no.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Denied<'a> {
    /// Why.
    pub reason: DeniedReason,
    /// The Plex account that signed in, as it calls itself.
    pub account_name: &'a str,
    /// Its e-mail address, so that people with two accounts see which one this is.
    pub account_email: Option<&'a str>,
    /// The server in question.
    pub server_name: Option<&'a str>,
    /// The client that the user wanted.
    pub client_name: &'a str,
    /// The authorization request.
    pub request_id: &'a str,
    /// For both buttons.
    pub csrf: &'a str,
}

/// What went wrong, in the words for a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// plex.tv cannot be reached, or answers nonsense.
    PlexUnavailable,
    /// The sign-in was not finished in time.
    Expired,
    /// The visitor cancelled, and no client can be told.
    Cancelled,
    /// This browser has no such sign-in: an old link, another browser, or cookies switched off.
    UnknownRequest,
    /// Too many sign-ins were started.
    RateLimited,
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
    pub const ALL: [Self; 9] = [
        Self::PlexUnavailable,
        Self::Expired,
        Self::Cancelled,
        Self::UnknownRequest,
        Self::RateLimited,
        Self::InvalidRequest,
        Self::FormExpired,
        Self::NotFound,
        Self::Internal,
    ];

    /// The HTTP status of the page.
    pub fn status(self) -> u16 {
        match self {
            Self::Cancelled => 200,
            Self::InvalidRequest | Self::UnknownRequest => 400,
            Self::FormExpired => 403,
            Self::NotFound => 404,
            Self::Expired => 410,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::PlexUnavailable => 503,
        }
    }

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::PlexUnavailable => "Plex isn’t answering",
            Self::Expired => "That took too long",
            Self::Cancelled => "You cancelled",
            Self::UnknownRequest => "Please start again",
            Self::RateLimited => "One moment, please",
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
            Self::Expired => "A sign-in stays open for a few minutes only, and this one has run out.",
            Self::Cancelled => "You were not signed in, and nothing was changed.",
            Self::UnknownRequest => {
                "We don’t know this sign-in. The link may be old, or it was opened in another browser, or \
                 cookies are switched off."
            }
            Self::RateLimited => {
                "Too many sign-ins were started in a short time, so we are pausing new ones."
            }
            Self::InvalidRequest => "The app sent you here in a way that we cannot answer safely.",
            Self::FormExpired => "It was open for too long, or you signed in or out in another tab.",
            Self::NotFound => "The address may be mistyped, or the page is gone.",
            Self::Internal => "It is not your fault, and you did nothing wrong.",
        }
    }

    /// The way out.
    pub fn what_to_do(self) -> &'static str {
        match self {
            Self::PlexUnavailable | Self::RateLimited => "Wait a minute, then try again.",
            Self::Expired => "Try again, and finish on the Plex page within five minutes.",
            Self::Cancelled => "Go back to the app whenever you like.",
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

/// The error page.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ErrorPage<'a> {
    /// What went wrong; also says the HTTP status.
    pub kind: ErrorKind,
    /// The sign-in to try again, where there still is one.
    pub retry: Option<Retry<'a>>,
    /// One line for whoever runs the client, such as the name of the parameter at fault. Never a secret.
    pub detail: Option<&'a str>,
    /// Finds the cause in the log of the host.
    pub reference_id: Option<&'a str>,
}

/// A sign-in that can be tried again or given up.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Retry<'a> {
    /// The authorization request.
    pub request_id: &'a str,
    /// For both buttons.
    pub csrf: &'a str,
    /// The client that the user goes back to on Cancel.
    pub client_name: &'a str,
}

/// The page after signing out.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SignedOut<'a> {
    /// The client that asked for it, and where it wants the user back.
    pub back: Option<BackLink<'a>>,
}

/// A way back to a client. The address is a registered one.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct BackLink<'a> {
    /// What the client is called.
    pub client_name: &'a str,
    /// Where the link leads.
    pub url: &'a str,
}

/// The question before signing out.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SignOutConfirm<'a> {
    /// Bound to the browser session.
    pub csrf: &'a str,
    /// Who would be signed out.
    pub account_name: &'a str,
    /// The client that asks.
    pub client_name: Option<&'a str>,
}

/// The page of somebody who is signed in already.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AccountChoice<'a> {
    /// The name of the account.
    pub account_name: &'a str,
    /// Its e-mail address.
    pub account_email: Option<&'a str>,
    /// A picture served by us; never an address at Plex or elsewhere.
    pub picture_url: Option<&'a str>,
    /// The client that the user goes on to.
    pub client_name: &'a str,
    /// The authorization request.
    pub request_id: &'a str,
    /// For both buttons.
    pub csrf: &'a str,
}

/// The page that asks for consent.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Consent<'a> {
    /// Who asks.
    pub client_name: &'a str,
    /// What it would learn or may do, each in plain words.
    pub scopes: &'a [&'a str],
    /// Who is asked.
    pub account_name: &'a str,
    /// The authorization request.
    pub request_id: &'a str,
    /// For both buttons.
    pub csrf: &'a str,
}

/// The page that sends the browser on by itself.
///
/// Browsers hold `form-action` against every redirect that follows a form, also those that other sites add: a client
/// that redirects once more after its redirect URI would be blocked. This page ends that chain, so that the policy can
/// stay at `'self'`. Answer forms that lead away (`cancel`, `continue`, `consent`, `start`) with it, not with a 303.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Onward<'a> {
    /// The authorization response, or the Plex page. Must be an `http` or `https` address.
    pub url: &'a str,
    /// What is there: the client, or "Plex".
    pub destination: &'a str,
}
