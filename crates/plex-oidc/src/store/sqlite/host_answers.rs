//! What the store is asked for the host's page.

use plex_oidc_core::api::ApiTokenId;
use plex_oidc_core::audit::Event;
use plex_oidc_core::decide::{Mark, Marks};
use plex_oidc_core::id::{AccountId, BrowserId, ClientId};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;

use super::super::records::{
    AccessRequest, AdminLink, AnswerAccessRequest, ApiTokenRecord, Asking, EndedAccess, EventRecord,
    EventsWanted, HostSession, NewAccessRequest, NewApiToken, OpenQuestion, Passkey, PasskeyAdded, PasskeyId,
    PasskeyUse, Question, QuestionId, UsePasskey, UsedChallenge, WaitingRequests,
};
use super::super::{Answer, HostStore};
use super::{SqliteStore, api_tokens, audit, host, marks, passkeys, questions, rows, users};

impl HostStore for SqliteStore {
    fn record_event(&self, event: Event) -> Answer<'_, ()> {
        self.write_forgettable(move |conn| audit::record(conn, &event))
    }

    fn events(&self, wanted: EventsWanted) -> Answer<'_, Vec<EventRecord>> {
        self.read_aside(move |conn| audit::events(conn, &wanted))
    }

    fn forget_events(&self, before: Timestamp) -> Answer<'_, usize> {
        self.write_forgettable(move |conn| audit::forget(conn, before))
    }

    fn put_admin_link(&self, link: AdminLink) -> Answer<'_, ()> {
        self.write(move |conn| host::put_link(conn, &link))
    }

    fn has_admin_link(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, bool> {
        self.read(move |conn| host::has_link(conn, hash, now))
    }

    fn use_admin_link(&self, hash: SecretHash, session: HostSession, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| host::use_link(conn, hash, &session, now))
    }

    fn host_session(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<HostSession>> {
        self.read(move |conn| host::session(conn, hash, now))
    }

    fn end_host_session(&self, hash: SecretHash) -> Answer<'_, bool> {
        self.write(move |conn| host::end_session(conn, hash))
    }

    fn add_passkey(&self, passkey: Passkey, challenge: UsedChallenge) -> Answer<'_, PasskeyAdded> {
        self.write(move |conn| passkeys::add(conn, &passkey, challenge))
    }

    fn passkeys(&self) -> Answer<'_, Vec<Passkey>> {
        self.read_aside(passkeys::list)
    }

    fn passkey(&self, credential: Vec<u8>) -> Answer<'_, Option<Passkey>> {
        self.read(move |conn| passkeys::find(conn, &credential))
    }

    fn use_passkey(&self, used: UsePasskey) -> Answer<'_, PasskeyUse> {
        self.write(move |conn| passkeys::use_one(conn, &used))
    }

    fn spend_challenge(&self, challenge: UsedChallenge) -> Answer<'_, bool> {
        self.write(move |conn| passkeys::spend(conn, challenge))
    }

    fn remove_passkey(&self, id: PasskeyId, of: Option<AccountId>) -> Answer<'_, Option<Passkey>> {
        self.write(move |conn| passkeys::remove(conn, id, of))
    }

    fn ask_service(&self, question: Question, expires: Timestamp) -> Answer<'_, QuestionId> {
        self.write_forgettable(move |conn| questions::ask(conn, question, expires))
    }

    fn open_questions(&self, now: Timestamp) -> Answer<'_, Vec<OpenQuestion>> {
        self.read(move |conn| questions::open(conn, now))
    }

    fn answer_question(&self, id: QuestionId, answer: String) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| questions::answer(conn, id, &answer))
    }

    fn answer_to(&self, id: QuestionId) -> Answer<'_, Option<String>> {
        self.read(move |conn| questions::answer_to(conn, id))
    }

    fn size(&self) -> Answer<'_, u64> {
        self.read(rows::size)
    }

    fn marks(&self, account_id: AccountId) -> Answer<'_, Marks> {
        self.read(move |conn| marks::marks(conn, account_id))
    }

    fn all_marks(&self) -> Answer<'_, Vec<(AccountId, Marks)>> {
        self.read_aside(marks::all_marks)
    }

    fn mark(&self, account_id: AccountId, mark: Mark, now: Timestamp) -> Answer<'_, EndedAccess> {
        self.write(move |conn| marks::mark(conn, account_id, mark, now))
    }

    fn ask_for_access(&self, request: NewAccessRequest) -> Answer<'_, Asking> {
        self.write(move |conn| marks::ask(conn, &request))
    }

    fn access_request(
        &self,
        account_id: AccountId,
        door: ClientId,
        browser: Option<BrowserId>,
    ) -> Answer<'_, Option<AccessRequest>> {
        self.read(move |conn| marks::access_request(conn, account_id, &door, browser))
    }

    fn waiting_requests(&self, most: u32) -> Answer<'_, WaitingRequests> {
        self.read_aside(move |conn| marks::waiting(conn, most))
    }

    fn answer_request(&self, answered: AnswerAccessRequest) -> Answer<'_, bool> {
        self.write(move |conn| marks::answer(conn, &answered))
    }

    fn end_everything(&self, account_id: AccountId, now: Timestamp) -> Answer<'_, Option<EndedAccess>> {
        self.write(move |conn| users::end_everything(conn, account_id, now))
    }

    fn add_api_token(&self, token: NewApiToken) -> Answer<'_, bool> {
        self.write(move |conn| api_tokens::add(conn, &token))
    }

    fn api_tokens(&self) -> Answer<'_, Vec<ApiTokenRecord>> {
        self.read_aside(api_tokens::list)
    }

    fn api_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<ApiTokenRecord>> {
        self.read(move |conn| api_tokens::token(conn, hash, now))
    }

    fn touch_api_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| api_tokens::touch(conn, hash, now))
    }

    fn revoke_api_token(&self, id: ApiTokenId) -> Answer<'_, bool> {
        self.write(move |conn| api_tokens::revoke(conn, id))
    }
}
