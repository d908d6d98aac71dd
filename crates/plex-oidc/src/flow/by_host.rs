//! What the host does about people, wherever it is done: on a page, by a program of the host's, or by a command beside the running
//! service. Each is done and written down here; what the running service does besides is its own.

use std::net::IpAddr;

use plex_oidc_core::audit::{Actor, Event, What};
use plex_oidc_core::id::{AccountId, BrowserId, ClientId, Sid};
use plex_oidc_core::time::Timestamp;

use super::audit::By;
use super::requests::{Asked, sentence};
use super::{app_tokens, passkeys, sign_out};
use crate::app::App;
use crate::store::records::{
    AccessAnswer, AnswerAccessRequest, AppTokenRecord, Consent, EndedAccess, Forgotten, HostAnswer,
    ListedBrowser, ListedSession, Passkey, PasskeyId, UserRecord,
};
use crate::store::{Store, StoreError};

/// One person and what they hold.
pub struct Holdings {
    /// Who.
    pub user: UserRecord,
    /// Where they are signed in.
    pub sessions: Vec<ListedSession>,
    /// Their app tokens.
    pub tokens: Vec<AppTokenRecord>,
    /// What they allowed applications.
    pub consents: Vec<Consent>,
    /// The browsers that they are known in, the last used one first.
    pub browsers: Vec<ListedBrowser>,
    /// Their passkeys, if they own a server.
    pub passkeys: Vec<Passkey>,
}

impl Holdings {
    /// What somebody holds. `None`: nobody with this account has ever signed in.
    pub async fn of(
        store: &dyn Store,
        account: AccountId,
        now: Timestamp,
    ) -> Result<Option<Self>, StoreError> {
        let Some(user) = store.user(account).await? else { return Ok(None) };
        Ok(Some(Self {
            user,
            sessions: store.sessions_of(account, now).await?,
            tokens: app_tokens::of(store, account).await?,
            consents: store.consents(account).await?,
            browsers: store.browsers_of(account, now).await?,
            passkeys: passkeys::of(store, account).await?,
        }))
    }
}

/// Who does something as the host, where, and when.
#[derive(Clone, Copy)]
pub struct ByHost<'a> {
    store: &'a dyn Store,
    now: Timestamp,
    actor: Actor,
    address: Option<IpAddr>,
}

/// Something is done.
pub struct Done<T> {
    /// What.
    pub what: T,
    /// Whether it could be written down. That it was done stands in any case.
    pub noted: Result<(), StoreError>,
}

impl<'a> ByHost<'a> {
    /// In the running service, by whoever is the host there. Whoever keeps answers has to look again afterwards.
    pub fn in_service(app: &'a App, by: By) -> Self {
        Self { store: &*app.store, now: app.clock.now(), actor: by.actor, address: Some(by.address) }
    }

    /// By a command beside the running service, which finds all of it in the store.
    pub fn by_command(store: &'a dyn Store, now: Timestamp) -> Self {
        Self { store, now, actor: Actor::CommandLine, address: None }
    }

    fn did(self, what: What, account: AccountId) -> Event {
        Event::new(self.now, what, self.actor).address(self.address).about(account)
    }

    async fn done<T>(self, what: T, event: Event) -> Done<T> {
        Done { what, noted: self.store.record_event(event).await }
    }

    async fn done_if(self, is_done: bool, event: Event) -> Option<Done<()>> {
        if is_done { Some(self.done((), event).await) } else { None }
    }

    /// Ends everything that somebody is signed in to, and their app tokens. `None`: there is no such person.
    pub async fn end_everything(self, account: AccountId) -> Result<Option<Done<EndedAccess>>, StoreError> {
        let Some(user) = self.store.user(account).await? else { return Ok(None) };
        let Some(ended) = self.store.end_everything(account, self.now).await? else { return Ok(None) };
        let event = self.did(What::EverythingEnded, account).named(&user.person.account.display_name);
        Ok(Some(self.done(ended, event).await))
    }

    /// Ends one session of somebody. `None`: it is not theirs, or gone already.
    pub async fn end_session(self, account: AccountId, sid: Sid) -> Result<Option<Done<()>>, StoreError> {
        let is_done = sign_out::end_one(self.store, account, sid, self.now).await?;
        Ok(self.done_if(is_done, self.did(What::SessionEnded, account).target(&sid.to_string())).await)
    }

    /// Ends one app token of somebody. `None`: it is not theirs, or gone already.
    pub async fn end_token(self, account: AccountId, id: &str) -> Result<Option<Done<()>>, StoreError> {
        let is_done = app_tokens::revoke(self.store, account, id).await?;
        Ok(self.done_if(is_done, self.did(What::AppTokenEnded, account).target(id)).await)
    }

    /// Takes back what somebody allowed a client, and ends what the client holds by it. `None`: they allowed it nothing.
    pub async fn end_consent(
        self,
        account: AccountId,
        client: ClientId,
    ) -> Result<Option<Done<()>>, StoreError> {
        let event = self.did(What::ConsentWithdrawn, account).target(client.as_str());
        let is_done = self.store.withdraw_consent(account, client, self.now).await?;
        Ok(self.done_if(is_done, event).await)
    }

    /// Forgets a browser of somebody, and ends what came of it. A yes of the host's to it goes with it: the next time it is new.
    /// `None`: it is not theirs, or gone already.
    pub async fn forget_browser(
        self,
        account: AccountId,
        id: BrowserId,
    ) -> Result<Option<Done<EndedAccess>>, StoreError> {
        // Passkeys stay: they are their owner's way in, and have a list and a scope of their own.
        let ended = self.store.disown_browser(account, id, Forgotten::NotUsed, self.now).await?;
        let Some(ended) = ended else { return Ok(None) };
        let event = self.did(What::BrowserForgotten, account).target(&id.to_string());
        Ok(Some(self.done(ended, event).await))
    }

    /// Removes a passkey, and ends the visits to the host's page that began with it. `None`: it is gone already.
    pub async fn remove_passkey(self, id: PasskeyId) -> Result<Option<Done<Passkey>>, StoreError> {
        let Some(gone) = self.store.remove_passkey(id, None).await? else { return Ok(None) };
        let event =
            self.did(What::PasskeyRemoved, gone.account_id).target(&id.to_string()).detail(&gone.name);
        Ok(Some(self.done(gone, event).await))
    }

    /// Answers somebody who asks for access. `None`: nothing waits for this answer any more. `is_there`: whether what they ask
    /// for still is in the file; what is not is not opened.
    pub async fn answer(
        self,
        asked: Asked,
        (answer, said): (HostAnswer, Option<&str>),
        is_there: bool,
    ) -> Result<Option<Done<()>>, StoreError> {
        if answer == HostAnswer::Opened && !is_there {
            return Ok(None);
        }
        let Asked { account: account_id, door, browser } = asked;
        let event = self.did(What::AccessAnswered, account_id).target(door.as_str()).detail(answer.as_str());
        let answer = AccessAnswer { answer, said: said.and_then(sentence), at: self.now };
        let answered = AnswerAccessRequest { account_id, door, browser, answer };
        let is_done = self.store.answer_request(answered).await?;
        Ok(self.done_if(is_done, event).await)
    }
}
