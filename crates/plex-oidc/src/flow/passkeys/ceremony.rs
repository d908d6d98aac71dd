//! Challenges of passkeys (Web Authentication Level 2, s. 13.4.3): what each is for, whose it is, in which browser, and until when.
//! They are not stored, so that no crowd of strangers drives out the owner's; what is in them is marked as ours. Each is used once
//! at most: the store keeps those that were.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plex_oidc_core::id::AccountId;
use plex_oidc_core::secret::{Secret, SecretHash, sha256};
use plex_oidc_core::subject::Subject;
use plex_oidc_core::time::{Seconds, Timestamp};

use crate::app::App;
use crate::store::records::UsedChallenge;

/// How long a challenge is good that nobody uses (requirement 145).
pub(super) const GOOD_FOR: Seconds = Seconds::minutes(5);

const PURPOSE: &str = "passkey challenge";

/// What a challenge is for. An answer to one is none to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ceremony {
    /// This account adds a passkey.
    Add(AccountId),
    /// Somebody comes in; the passkey says who.
    Enter,
    /// This account, which is here already, confirms that it is there.
    Confirm(AccountId),
}

impl Ceremony {
    fn text(self) -> String {
        match self {
            Self::Add(account) => format!("add {account}"),
            Self::Enter => "enter -".to_owned(),
            Self::Confirm(account) => format!("confirm {account}"),
        }
    }

    fn parse(word: &str, account: &str) -> Option<Self> {
        let account = || Subject::parse(account)?.account();
        match word {
            "add" => account().map(Self::Add),
            "enter" => Some(Self::Enter),
            "confirm" => account().map(Self::Confirm),
            _ => None,
        }
    }
}

/// A new challenge for this ceremony in the browser that has this cookie.
pub(super) fn begin(app: &App, ceremony: Ceremony, browser: &Secret) -> Vec<u8> {
    let until = app.clock.now().plus(GOOD_FOR).0;
    let [browser, random] =
        [browser.hash().0, app.entropy.bytes()].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    let text = format!("{} {until} {browser} {random}", ceremony.text());
    app.mac.mark(PURPOSE, text.as_bytes()).into_bytes()
}

/// What a challenge is for, if it is one of ours, of this browser, and not over. It may have been used.
pub(super) fn read(app: &App, challenge: &[u8], browser: &Secret) -> Option<(Ceremony, UsedChallenge)> {
    let text = app.mac.read(PURPOSE, str::from_utf8(challenge).ok()?)?;
    let parts: Vec<_> = str::from_utf8(&text).ok()?.split(' ').collect();
    let [word, account, until, of_browser, _random] = parts[..] else { return None };
    let until = until.parse().ok().map(Timestamp)?;
    let of_browser: [u8; 32] = URL_SAFE_NO_PAD.decode(of_browser).ok()?.try_into().ok()?;
    let is_here = SecretHash(of_browser).matches(&browser.hash());
    // A clock that was put back does not make it good for longer.
    let now = app.clock.now();
    let is_good = !until.has_passed(now) && now.plus(GOOD_FOR).0 >= until.0;
    let used = UsedChallenge { hash: SecretHash(sha256(challenge)), keep_until: until };
    (is_here && is_good).then_some((Ceremony::parse(word, account)?, used))
}
