//! What the store is asked about the browsers that accounts are known in.

use plex_oidc_core::id::{AccountId, BrowserId};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::{Seconds, Timestamp};

use super::Answer;
use super::records::{EndedAccess, Forgotten, KnownBrowser, ListedBrowser, WaitingBrowser};

/// How long after its last sign-in a browser is known. Browsers keep cookies for 400 days at most.
pub const BROWSER_MEMORY: Seconds = Seconds::days(400);
/// How many browsers of one account are kept in which nobody is signed in. Those that are neither approved nor confirmed go
/// first, and then those that were not used for longest.
pub const MOST_BROWSERS: u32 = 20;

/// The part of a [`Store`](super::Store) that is about browsers. A sign-in stores its own with
/// [`Store::finish_login`](super::Store::finish_login).
pub trait BrowserStore: Send + Sync {
    /// The browser whose cookie has this hash, if it is known to this account, and to no other.
    fn known_browser(
        &self,
        account_id: AccountId,
        hash: SecretHash,
        now: Timestamp,
    ) -> Answer<'_, Option<KnownBrowser>>;
    /// Stores or renews a browser without a session. `false`: what it was judged by does not hold any more.
    fn keep_waiting_browser(&self, waiting: WaitingBrowser, now: Timestamp) -> Answer<'_, bool>;
    /// The browsers of an account, the last used one first.
    fn browsers_of(&self, account_id: AccountId, now: Timestamp) -> Answer<'_, Vec<ListedBrowser>>;
    /// Whether a browser is one that the person is to be told of.
    fn is_news(&self, account_id: AccountId, id: BrowserId) -> Answer<'_, bool>;
    /// Notes that a browser is its person's, as they say in another one that was there before; `None`: in a session that began
    /// before browsers were kept. `false` when there is nothing to note, or when that one was not there before.
    fn confirm_browser(
        &self,
        account_id: AccountId,
        id: BrowserId,
        by: Option<BrowserId>,
    ) -> Answer<'_, bool>;
    /// Forgets a browser, and ends all that came of it: browser sessions, grants with all their tokens and gateway sessions, and
    /// app tokens that were made in it; if it was not theirs, passkeys too. `None` when it is not known to this account.
    fn disown_browser(
        &self,
        account_id: AccountId,
        id: BrowserId,
        why: Forgotten,
        now: Timestamp,
    ) -> Answer<'_, Option<EndedAccess>>;
}
