//! Sign-in attempts and how they end.

use std::fmt;

use plex_oidc_core::id::{ClientId, RequestId, Sid};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;
use secrecy::SecretString;

use super::{NewBrowserSession, NewCode, NewPlexToken, SealedBytes, UserRecord};

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

/// What a refusal is about: the state in which the attempt must still be. An answer about an old PIN is none about the PIN
/// that the visitor took since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedAt {
    /// The start: there is no PIN yet.
    Start,
    /// This PIN, which nobody approved.
    Pin(u64),
    /// What came of this PIN's approval.
    Approval(u64),
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

/// How a sign-in attempt was finished: the state in which it must still be.
#[derive(Clone, PartialEq, Eq)]
pub enum FinishedBy {
    /// With the approval of this PIN, adopted by this attempt and still the current one.
    Pin(u64),
    /// With a browser session that already was there: the attempt has no PIN.
    BrowserSession,
    /// With the password of a local account, which still has this hash and is not switched off: the attempt has no PIN.
    Password(String),
}

/// A hash is no secret to print: guessing starts from it.
impl fmt::Debug for FinishedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pin(id) => write!(f, "Pin({id})"),
            Self::BrowserSession => f.write_str("BrowserSession"),
            Self::Password(_) => f.write_str("Password([redacted])"),
        }
    }
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
    /// Who it is. What Plex said of them is stored; of a local account the store knows better.
    pub user: UserRecord,
    /// The new browser session; `None` when an existing one goes on.
    pub session: Option<NewBrowserSession>,
    /// The browser session that this one takes the place of: its secret is dead (requirement 130), and so are its
    /// unredeemed codes, unless the new session goes on under the same `sid`. That it does only while it has not ended: what
    /// was ended elsewhere meanwhile does not come back under its name.
    pub replaced_session: Option<(SecretHash, Sid)>,
    /// The code for the client; `None` when the answer is an error.
    pub code: Option<NewCode>,
    /// The Plex token that came of it, if it is kept as long as there are sessions; only beside a new session.
    pub plex_token: Option<NewPlexToken>,
}

/// What became of an attempt to finish a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// Stored, by this call and no other.
    Finished,
    /// Another call finished it before.
    AlreadyFinished,
    /// The attempt is unknown, over, refused, cancelled, or waiting for another proof; or the pushed request was answered;
    /// or the browser session that was to go on has ended, or the person was blocked meanwhile.
    WrongState,
}
