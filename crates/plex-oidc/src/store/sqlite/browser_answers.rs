//! What the store is asked about browsers.

use plex_oidc_core::id::{AccountId, BrowserId};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;

use super::super::records::{EndedAccess, Forgotten, KnownBrowser, ListedBrowser, WaitingBrowser};
use super::super::{Answer, BrowserStore};
use super::{SqliteStore, browsers};

impl BrowserStore for SqliteStore {
    fn known_browser(
        &self,
        account_id: AccountId,
        hash: SecretHash,
        now: Timestamp,
    ) -> Answer<'_, Option<KnownBrowser>> {
        self.read(move |conn| browsers::known(conn, account_id, hash, now))
    }

    fn keep_waiting_browser(&self, waiting: WaitingBrowser, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| browsers::keep_waiting(conn, &waiting, now))
    }

    fn browsers_of(&self, account_id: AccountId, now: Timestamp) -> Answer<'_, Vec<ListedBrowser>> {
        self.read(move |conn| browsers::of_account(conn, account_id, now))
    }

    fn is_news(&self, account_id: AccountId, id: BrowserId) -> Answer<'_, bool> {
        self.read(move |conn| browsers::is_news(conn, account_id, id))
    }

    fn confirm_browser(
        &self,
        account_id: AccountId,
        id: BrowserId,
        by: Option<BrowserId>,
    ) -> Answer<'_, bool> {
        self.write(move |conn| browsers::confirm(conn, account_id, id, by))
    }

    fn disown_browser(
        &self,
        account_id: AccountId,
        id: BrowserId,
        why: Forgotten,
        now: Timestamp,
    ) -> Answer<'_, Option<EndedAccess>> {
        self.write(move |conn| browsers::disown(conn, account_id, (id, why), now))
    }
}
