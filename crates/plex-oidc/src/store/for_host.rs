//! What the host's page asks of the store: who did what, links to the page, and what the host says of single people.

use plex_oidc_core::api::ApiTokenId;
use plex_oidc_core::audit::Event;
use plex_oidc_core::decide::{Mark, Marks};
use plex_oidc_core::id::{AccountId, BrowserId, ClientId};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::Timestamp;

use super::Answer;
use super::records::{
    AccessRequest, AdminLink, AnswerAccessRequest, ApiTokenRecord, Asking, EndedAccess, EventRecord,
    EventsWanted, HostSession, NewAccessRequest, NewApiToken, OpenQuestion, Passkey, PasskeyAdded, PasskeyId,
    PasskeyUse, Question, QuestionId, UsePasskey, UsedChallenge, WaitingRequests,
};
#[cfg(doc)]
use super::{EVENTS_OF_A_KIND, MOST_PASSKEYS, MOST_REQUESTS, SWEEP_BATCH, TOUCH_INTERVAL};

/// The part of a [`Store`](super::Store) that is about the host.
pub trait HostStore: Send + Sync {
    /// Writes down what happened.
    fn record_event(&self, event: Event) -> Answer<'_, ()>;
    /// What happened, the newest first.
    fn events(&self, wanted: EventsWanted) -> Answer<'_, Vec<EventRecord>>;
    /// Forgets what happened before this moment, and what is more than [`EVENTS_OF_A_KIND`], the oldest first and at most
    /// [`SWEEP_BATCH`] of each kind. Returns how many that were; call again until there were none.
    fn forget_events(&self, before: Timestamp) -> Answer<'_, usize>;

    /// Stores a link to the host's page. Any earlier one is worth nothing any more.
    fn put_admin_link(&self, link: AdminLink) -> Answer<'_, ()>;
    /// Whether this link could be used now.
    fn has_admin_link(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, bool>;
    /// Uses a link up, and stores the visit that begins with it. `false` when it was used before, is over or was replaced.
    fn use_admin_link(&self, hash: SecretHash, session: HostSession, now: Timestamp) -> Answer<'_, bool>;
    /// A visit to the host's page that is not over.
    fn host_session(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<HostSession>>;
    /// Ends such a visit. `false` when there is none.
    fn end_host_session(&self, hash: SecretHash) -> Answer<'_, bool>;

    /// Stores a passkey, with a challenge that is used up by it: at most [`MOST_PASSKEYS`] for an account.
    fn add_passkey(&self, passkey: Passkey, challenge: UsedChallenge) -> Answer<'_, PasskeyAdded>;
    /// All passkeys, oldest first.
    fn passkeys(&self) -> Answer<'_, Vec<Passkey>>;
    /// The passkey that an authenticator calls this.
    fn passkey(&self, credential: Vec<u8>) -> Answer<'_, Option<Passkey>>;
    /// Stores the visit that begins with a passkey, whose challenge is used up by it and whose counter goes on. Of any number of
    /// uses of one challenge, one begins a visit.
    fn use_passkey(&self, used: UsePasskey) -> Answer<'_, PasskeyUse>;
    /// Uses a challenge up that led to nothing. `false` when it was used before.
    fn spend_challenge(&self, challenge: UsedChallenge) -> Answer<'_, bool>;
    /// Removes a passkey, of this account if one is named, and ends the visits that began with it. Returns what it was.
    fn remove_passkey(&self, id: PasskeyId, of: Option<AccountId>) -> Answer<'_, Option<Passkey>>;

    /// Stores a question to the running service, of somebody who waits until it expires.
    fn ask_service(&self, question: Question, expires: Timestamp) -> Answer<'_, QuestionId>;
    /// The questions that somebody still waits with, in order.
    fn open_questions(&self, now: Timestamp) -> Answer<'_, Vec<OpenQuestion>>;
    /// Answers one. `false` when it was answered before, or is gone.
    fn answer_question(&self, id: QuestionId, answer: String) -> Answer<'_, bool>;
    /// The answer, as soon as there is one.
    fn answer_to(&self, id: QuestionId) -> Answer<'_, Option<String>>;

    /// How many bytes the database holds.
    fn size(&self) -> Answer<'_, u64>;
    /// What the host says of an account, whether or not it ever signed in. A person that is read here has it with it.
    fn marks(&self, account_id: AccountId) -> Answer<'_, Marks>;
    /// Every account of which the host says something.
    fn all_marks(&self) -> Answer<'_, Vec<(AccountId, Marks)>>;
    /// Changes what the host says of an account. With a block, everything of that person ends, and nothing is asked for any
    /// more.
    fn mark(&self, account_id: AccountId, mark: Mark, now: Timestamp) -> Answer<'_, EndedAccess>;
    /// Stores what somebody asks the host for, if there is room for it: [`MOST_REQUESTS`] and the other limits.
    fn ask_for_access(&self, request: NewAccessRequest) -> Answer<'_, Asking>;
    /// What an account asked for at a door, answered or not; for this browser, if it is about that.
    fn access_request(
        &self,
        account_id: AccountId,
        door: ClientId,
        browser: Option<BrowserId>,
    ) -> Answer<'_, Option<AccessRequest>>;
    /// The requests that wait for an answer; at most `most` are read.
    fn waiting_requests(&self, most: u32) -> Answer<'_, WaitingRequests>;
    /// Answers a request, once, and changes what the host says of that account or browser as the answer says. `false` when it does not wait
    /// for such an answer.
    fn answer_request(&self, answered: AnswerAccessRequest) -> Answer<'_, bool>;
    /// Ends every browser session, every grant and every app token of a user. `None`: there is no such user.
    fn end_everything(&self, account_id: AccountId, now: Timestamp) -> Answer<'_, Option<EndedAccess>>;

    /// Stores a token of the API. `false` when its id is taken.
    fn add_api_token(&self, token: NewApiToken) -> Answer<'_, bool>;
    /// All tokens of the API, oldest first; those that are over as well.
    fn api_tokens(&self) -> Answer<'_, Vec<ApiTokenRecord>>;
    /// A live token of the API.
    fn api_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<ApiTokenRecord>>;
    /// Writes down that such a token is in use, at most once in [`TOUCH_INTERVAL`]. `true` when it was written.
    fn touch_api_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, bool>;
    /// Ends such a token. `false` when there is none with this id.
    fn revoke_api_token(&self, id: ApiTokenId) -> Answer<'_, bool>;
}
