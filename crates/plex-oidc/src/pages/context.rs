//! What each page is given. Owns the typed contexts; knows neither HTML nor HTTP.
//!
//! Names, e-mail addresses and picture addresses come from strangers: they are escaped by the templates, always.

use plex_oidc_core::client::PlexTokenClaim;
use serde::Serialize;

use super::account::Account;
use super::admin::{Admin, AdminPerson};
use super::host::{AdminEnter, ApiTokens, Audit};
use super::passkeys::{PasskeyEnter, Passkeys};
use super::words::{DeniedReason, DeviceNotice, ErrorKind, Notice, Said};

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
    SignedOut,
    /// "Do you want to sign out?"
    SignOutConfirm(SignOutConfirm<'a>),
    /// Somebody's own account.
    Account(&'a Account<'a>),
    /// What to do after a browser was somebody else's.
    Disowned {
        /// Whether it is about a Plex account.
        at_plex: bool,
    },
    /// The host's page.
    Admin(&'a Admin<'a>),
    /// The host's page about one person.
    AdminPerson(&'a AdminPerson<'a>),
    /// The audit log.
    Audit(&'a Audit<'a>),
    /// The tokens of the API.
    ApiTokens(&'a ApiTokens<'a>),
    /// Behind a link to the host's page.
    AdminEnter(AdminEnter<'a>),
    /// Where a passkey is used.
    PasskeyEnter(PasskeyEnter<'a>),
    /// The passkeys of somebody.
    Passkeys(&'a Passkeys<'a>),
    /// Already signed in: continue, or use another account.
    AccountChoice(AccountChoice<'a>),
    /// What a client would learn about the user.
    Consent(Consent<'a>),
    /// Where the code of a device is typed.
    DeviceCode(DeviceCode<'a>),
    /// What a client would learn on a device.
    DeviceApproval(DeviceApproval<'a>),
    /// The device goes on by itself.
    DeviceApproved,
    /// The device stays signed out.
    DeviceDenied,
    /// Signed in, with nothing left to do in this window: another tab went on, or the visitor chose not to sign out.
    SignedIn,
    /// On to another site at once, after a form.
    Onward(Onward<'a>),
    /// On to a client at once, with a form.
    FormPost(FormPost<'a>),
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
            Self::SignedOut => "signed-out.html",
            Self::SignOutConfirm(_) => "sign-out-confirm.html",
            Self::Account(_) => "account.html",
            Self::Disowned { .. } => "disowned.html",
            Self::Admin(_) => "admin.html",
            Self::AdminPerson(_) => "admin-person.html",
            Self::Audit(_) => "admin-audit.html",
            Self::ApiTokens(_) => "admin-api-tokens.html",
            Self::AdminEnter(_) => "admin-enter.html",
            Self::PasskeyEnter(_) => "passkey.html",
            Self::Passkeys(_) => "passkeys.html",
            Self::AccountChoice(_) => "account-choice.html",
            Self::Consent(_) => "consent.html",
            Self::DeviceCode(_) => "device-code.html",
            Self::DeviceApproval(_) => "device-approval.html",
            Self::DeviceApproved => "device-approved.html",
            Self::DeviceDenied => "device-denied.html",
            Self::SignedIn => "signed-in.html",
            Self::Onward(_) => "onward.html",
            Self::FormPost(_) => "form-post.html",
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
            | Self::SignedOut
            | Self::SignOutConfirm(_)
            | Self::Account(_)
            | Self::Disowned { .. }
            | Self::Admin(_)
            | Self::AdminPerson(_)
            | Self::Audit(_)
            | Self::ApiTokens(_)
            | Self::AdminEnter(_)
            | Self::PasskeyEnter(_)
            | Self::Passkeys(_)
            | Self::AccountChoice(_)
            | Self::Consent(_)
            | Self::DeviceCode(_)
            | Self::DeviceApproval(_)
            | Self::DeviceApproved
            | Self::DeviceDenied
            | Self::SignedIn
            | Self::Onward(_)
            | Self::FormPost(_) => None,
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
    /// What the script needs to make a PIN; nothing where people do not sign in with Plex.
    pub plex: Option<ScriptConfig<'a>>,
    /// Whether people can sign in with a password.
    pub password: bool,
    /// Whether it is for a new owner's token, and signs nobody in.
    pub renews: bool,
    /// Whether it is for the host's page, to which a passkey leads as well.
    pub for_host: bool,
    /// Whom the client expects, as it says.
    pub login_hint: Option<&'a str>,
    /// Which Plex token the client is handed when somebody signs in with Plex.
    pub plex_token: Option<PlexTokenClaim>,
    /// Why the visitor sees this page again.
    pub notice: Option<Notice>,
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

/// The page that says no.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Denied<'a> {
    /// Why.
    pub reason: DeniedReason,
    /// Whether it is a Plex account.
    pub at_plex: bool,
    /// The account that signed in, as it calls itself.
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
    /// Comes back with the request to the host: it counts for the account that was shown, and for no other.
    pub account: &'a str,
    /// Whether the host can be asked for access, and was not yet.
    pub can_ask: bool,
    /// Whether too many ask already.
    pub is_full: bool,
    /// What was asked before, and what the host answered.
    pub asked: Option<&'a AskedHost<'a>>,
}

/// A request to the host, for whoever made it.
#[derive(Clone, Debug, Serialize)]
pub struct AskedHost<'a> {
    /// How long ago it was made.
    pub asked: Said,
    /// What was said with it.
    pub said: Option<&'a str>,
    /// The word of the host's answer.
    pub answer: Option<&'a str>,
    /// What the host said with it.
    pub answer_said: Option<&'a str>,
    /// How long ago the host answered.
    pub answered: Option<Said>,
}

/// The error page.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ErrorPage<'a> {
    /// What went wrong; also says the HTTP status.
    pub kind: ErrorKind,
    /// The sign-in to try again, where there still is one.
    pub retry: Option<Retry<'a>>,
    /// Whether the host has another way in.
    pub host_way_in: bool,
    /// One line for whoever runs the client, such as the name of the parameter at fault. Never a secret.
    pub detail: Option<&'a str>,
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

/// The question before signing out.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SignOutConfirm<'a> {
    /// Bound to the browser session.
    pub csrf: &'a str,
    /// Who would be signed out.
    pub account_name: &'a str,
    /// Where the visitor goes afterwards; without it, nowhere.
    pub way_back: Option<WayBack<'a>>,
    /// Why a client's request is not used, for whoever runs that client.
    pub detail: Option<&'a str>,
}

/// Where a visitor goes who signs out because a client asked. Comes back with the form, and is not believed.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct WayBack<'a> {
    /// The client's name.
    pub client_name: &'a str,
    /// The client.
    pub client_id: &'a str,
    /// A registered address of it.
    pub address: &'a str,
    /// To be echoed.
    pub state: Option<&'a str>,
}

/// The page of somebody who is signed in already.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AccountChoice<'a> {
    /// Comes back with the form: the answer counts for the account that was shown, and for no other.
    pub account: &'a str,
    /// Whether it is a Plex account.
    pub at_plex: bool,
    /// The name of the account.
    pub account_name: &'a str,
    /// Its e-mail address.
    pub account_email: Option<&'a str>,
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
    /// Comes back with the form: the answer counts for the account that was shown, and for no other.
    pub account: &'a str,
    /// Who asks.
    pub client_name: &'a str,
    /// What it would learn or may do, each in plain words.
    pub scopes: &'a [Said],
    /// Who is asked.
    pub account_name: &'a str,
    /// Whether that is an account at Plex.
    pub at_plex: bool,
    /// Which Plex token the client is handed when somebody signs in with Plex.
    pub plex_token: Option<PlexTokenClaim>,
    /// The authorization request.
    pub request_id: &'a str,
    /// For both buttons.
    pub csrf: &'a str,
}

/// The page on which the code of a device is typed (RFC 8628 s. 3.3).
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DeviceCode<'a> {
    /// Bound to this browser.
    pub csrf: &'a str,
    /// The code, where the address has it.
    pub user_code: Option<&'a str>,
    /// Why the visitor sees this page again.
    pub notice: Option<DeviceNotice>,
}

/// The page that asks whether a device may go on (RFC 8628 s. 3.3 and s. 5.4).
#[derive(Clone, Copy, Debug, Serialize)]
pub struct DeviceApproval<'a> {
    /// The code that the device shows, to be compared.
    pub user_code: &'a str,
    /// Comes back with the form: the answer counts for the account that was shown, and for no other.
    pub account: &'a str,
    /// Whether it is a Plex account.
    pub at_plex: bool,
    /// The name of the account.
    pub account_name: &'a str,
    /// Its e-mail address.
    pub account_email: Option<&'a str>,
    /// Who asks.
    pub client_name: &'a str,
    /// What it would learn or may do, each in plain words.
    pub scopes: &'a [Said],
    /// The authorization request.
    pub request_id: &'a str,
    /// For all buttons.
    pub csrf: &'a str,
}

/// The page that sends the browser on by itself.
///
/// Browsers hold `form-action` against every redirect that follows a form, also those that other sites add: a client
/// that redirects once more after its redirect URI would be blocked. This page ends that chain, so that the policy can
/// stay at `'self'`. Answer forms that lead away (`cancel`, `continue`, `consent`, `start`) with it, not with a 303.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Onward<'a> {
    /// The authorization response, or the Plex page.
    pub url: &'a str,
    /// What is there: the client, or "Plex".
    pub destination: &'a str,
}

/// The page that posts an authorization response to the client (OAuth 2.0 Form Post Response Mode s. 2).
///
/// Its form is the only one on it, its fields hold nothing but the response, and its policy lets forms lead to the client's
/// origin alone.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct FormPost<'a> {
    /// The redirect URI.
    pub action: &'a str,
    /// The response, name by name.
    pub fields: &'a [(&'a str, &'a str)],
    /// The client.
    pub destination: &'a str,
}
