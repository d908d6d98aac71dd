//! Everything that must survive a restart, behind one object-safe trait.
//!
//! Methods say what a flow needs, take `now`, and return a value or a typed refusal. No transaction leaves the store.
//! A state change is a guarded statement: its WHERE names the expected state and its row count decides the outcome, so
//! that of 64 parallel calls exactly one wins. When a call returns `Ok`, what it wrote survives a crash.
//!
//! The store neither decides policy nor opens what is sealed.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use plex_oidc_core::device::UserCodeHash;
use plex_oidc_core::groups::Group;
use plex_oidc_core::id::{AccountId, ClientId, GrantId, LocalAccountId, RequestId, Sid};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::{Seconds, Timestamp};
use plex_oidc_core::token::assertion::UsedAssertion;
pub use plex_oidc_core::token::code::{CODE_FAILURES, DOUBLE_SUBMIT};
use plex_oidc_core::token::device::Pace;

#[cfg(test)]
mod conformance;
mod for_browsers;
mod for_host;
pub mod records;

pub mod sqlite;

pub use for_browsers::{BROWSER_MEMORY, BrowserStore, MOST_BROWSERS};
pub use for_host::HostStore;

use records::{
    AccessTokenRecord, AdoptedPin, Adoption, AppTokenRecord, BrowserSession, ClientTokenRecord, CodeRecord,
    Consent, Declared, DeviceRequest, DuePlexTokens, EndedAccess, EndedSession, Finish, FinishLogin,
    GatewaySession, GrantEnd, GrantsPolicy, KeyReplacement, ListedSession, LocalAccount, LocalPut, Login,
    LogoutNotice, NewAppToken, NewClientToken, NewCode, NewDeviceRequest, NewLogin, PeopleFound,
    PeopleWanted, PlexLook, PushedRequest, PutLocalAccount, Reconfirmed, RedeemCode, RedeemHandover,
    Redemption, RefreshTokenRecord, RefusedAt, Rotate, Rotation, SealedBytes, SessionName, SignInName,
    StoredKeyRow, SweepCounts, Tallies, UserRecord,
};

/// So long a PIN is remembered. Plex forgets it in half an hour.
pub const PIN_MEMORY: Seconds = Seconds::days(1);
/// How often, at most, the use of a browser session, a gateway session or an app token is written down.
pub const TOUCH_INTERVAL: Seconds = Seconds::minutes(1);
/// For how long after its end a code is remembered, so that reuse is recognised.
pub const CODE_MEMORY: Seconds = Seconds::hours(1);
/// For how long after its end a pushed request is remembered, for the sign-ins that were begun with it. One that takes longer
/// has to be begun anew.
pub const PUSHED_MEMORY: Seconds = Seconds::minutes(30);
/// For how long after its end a device's request is remembered, so that the device is told that it is over.
pub const DEVICE_MEMORY: Seconds = Seconds::minutes(30);
/// For how long after a client was given tokens in a session it is told when that person signs out everywhere, or is shut out:
/// its own visit may last longer than our session did, and ours lasts a year at most.
pub const TOLD_FOR: Seconds = Seconds::days(366);
/// How often a client is told of the end of a session before we give up on it (requirement 120).
pub const LOGOUT_TRIES: u32 = 3;
/// How long after the first try the second comes, and the third after that.
pub const LOGOUT_RETRIES: [Seconds; 2] = [Seconds(30), Seconds::minutes(5)];
/// How many events of each kind are kept at most: nobody who does the same again and again fills the disk, or drives out what
/// others did.
pub const EVENTS_OF_A_KIND: u32 = 5_000;
/// For how long a request to the host is kept after it was made or answered.
pub const REQUEST_MEMORY: Seconds = Seconds::days(30);
/// How long after an answer somebody may ask for the same again.
pub const ASK_AGAIN: Seconds = Seconds::days(1);
/// How many requests of one account may wait for an answer.
pub const MOST_REQUESTS_OF_ACCOUNT: u32 = 5;
/// How many from one block of addresses.
pub const MOST_REQUESTS_OF_BLOCK: u32 = 10;
/// How many are kept in all, answered or not.
pub const MOST_REQUESTS: u32 = 500;
/// How many of them may be of strangers: anybody with a Plex account is one.
pub const MOST_REQUESTS_OF_STRANGERS: u32 = 250;
/// How many passkeys an account may have.
pub const MOST_PASSKEYS: u32 = 10;
/// How many rows of each kind one sweep removes at most, so that it never holds up the writers for long.
pub const SWEEP_BATCH: u32 = 500;

/// Whatever is counted for figures is counted up to this: a question about them must not hold up others.
pub const MOST_COUNTED: u32 = 20_000;

/// The answer of the store, later.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Why the store did not answer. Nothing was written, except where a crash hides the answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be used at the moment: answer 503 and try again later.
    #[error("the database is unavailable (during {during}): {source}")]
    Unavailable {
        /// What was being done.
        during: &'static str,
        /// What the database said.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
    /// More is waiting to be written than we are willing to hold, or somebody else holds the database: 503.
    #[error("the database is busy")]
    Busy,
    /// Another process has this database open.
    #[error("the database is in use by another process, which holds {}", lock_file.display())]
    InUse {
        /// The lock file.
        lock_file: PathBuf,
    },
    /// The database file, its folder or its lock file cannot be opened.
    #[error(
        "cannot open {}: {source}. Look at its folder and its owner; if it is not a good database any more, restore it \
         from a backup",
        path.display()
    )]
    Open {
        /// What cannot be opened.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The tables cannot be brought to the form that this version needs.
    #[error(
        "the database at {} cannot be migrated: {source}. Either a newer version wrote it: run that one. Or it is damaged: \
         restore it from a backup",
        path.display()
    )]
    Migration {
        /// The database.
        path: PathBuf,
        /// Why.
        #[source]
        source: Arc<dyn Error + Send + Sync>,
    },
    /// The tables have another form than this version knows, and may not be migrated beside a running service.
    #[error("the database at {} has form {found}, and this version of the program knows form {known}: \
        use the version that serves from it", path.display())]
    OtherForm {
        /// The database.
        path: PathBuf,
        /// The form it has.
        found: i64,
        /// The form we know.
        known: i64,
    },
    /// A row that no version of this program writes.
    #[error("inconsistent data in table {table}, column {column}, row {row}: {problem}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The primary key, in hexadecimal digits for a binary one.
        row: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A value that the database has no room for.
    #[error("{what} does not fit the database")]
    OutOfRange {
        /// The value's name.
        what: &'static str,
    },
}

/// What the program keeps. One `Arc<dyn Store>` serves all handlers.
pub trait Store: HostStore + BrowserStore + Send + Sync {
    /// The identifier under which this installation is known to Plex: `candidate` the first time, the same ever after.
    fn installation(&self, candidate: &str) -> Answer<'_, String>;

    /// All signing keys, oldest first.
    fn signing_keys(&self) -> Answer<'_, Vec<StoredKeyRow>>;
    /// Stores `rows` if there is no signing key at all. Returns the set in force: these, or those of another instance.
    fn insert_signing_keys_if_none(&self, rows: Vec<StoredKeyRow>) -> Answer<'_, Vec<StoredKeyRow>>;
    /// Puts `rows` in the place of all signing keys, if the stored ones are exactly those named `expected`.
    fn replace_signing_keys(
        &self,
        expected: Vec<String>,
        rows: Vec<StoredKeyRow>,
    ) -> Answer<'_, KeyReplacement>;

    /// Stores a sign-in attempt.
    fn begin_login(&self, login: NewLogin) -> Answer<'_, ()>;
    /// A sign-in attempt that is not over.
    fn login(&self, id: RequestId, now: Timestamp) -> Answer<'_, Option<Login>>;
    /// Gives a started attempt its Plex PIN. A PIN is adopted once, ever (I-06): it is remembered for [`PIN_MEMORY`].
    fn adopt_pin(&self, id: RequestId, pin: AdoptedPin, now: Timestamp) -> Answer<'_, Adoption>;
    /// Notes that the PIN `pin_id` was approved. `false` when the attempt is not waiting for that PIN.
    fn approve_login(
        &self,
        id: RequestId,
        pin_id: u64,
        plex_token_sealed: SealedBytes,
        now: Timestamp,
    ) -> Answer<'_, bool>;
    /// Back to the start, to try again; the PIN stays burned. `false` when the attempt is finished, cancelled or over.
    fn restart_login(&self, id: RequestId, now: Timestamp) -> Answer<'_, bool>;
    /// Notes a refusal and drops the Plex token. `false` when the attempt is not, or not any more, where `at` says.
    fn refuse_login(&self, id: RequestId, at: RefusedAt, reason: String, now: Timestamp) -> Answer<'_, bool>;
    /// The visitor gave up. `false` when the attempt is finished, cancelled or over.
    fn cancel_login(&self, id: RequestId, now: Timestamp) -> Answer<'_, bool>;
    /// Stores user, browser session, grant and code, uses up the request that the code answers, and finishes the attempt; all
    /// or nothing, once (I-06).
    fn finish_login(&self, finish: FinishLogin) -> Answer<'_, Finish>;

    /// Stores an authorization request that its client pushed.
    fn push_request(&self, request: PushedRequest) -> Answer<'_, ()>;
    /// A pushed request that was not answered yet. The caller looks at its end.
    fn pushed_request(&self, hash: SecretHash) -> Answer<'_, Option<PushedRequest>>;
    /// Uses up a pushed request, for an answer without a code. `false` when it was answered before (requirement 101).
    fn spend_pushed_request(&self, hash: SecretHash) -> Answer<'_, bool>;

    /// Stores what a device asks for. `false` when another device shows the same code, which must then be made anew.
    fn begin_device_request(&self, request: NewDeviceRequest) -> Answer<'_, bool>;
    /// A device's request by its device code, whatever its state.
    fn device_request(&self, hash: SecretHash) -> Answer<'_, Option<DeviceRequest>>;
    /// A device's request by the code that it shows, if it waits for an answer.
    fn pending_device_request(
        &self,
        user_code: UserCodeHash,
        now: Timestamp,
    ) -> Answer<'_, Option<DeviceRequest>>;
    /// Counts a poll of a device that waits for an answer, and says whether it came too early (requirement 104). `None` when it
    /// does not wait any more.
    fn note_device_poll(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<Pace>>;
    /// Answers no to a device. `false` when it was answered before, or is over. The answer yes is a code with its hash.
    fn deny_device_request(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, bool>;

    /// Stores a code and its grant for a user with a live browser session, and uses up the request that it answers, where that
    /// can be answered but once. `false` when that session is over, or that request was answered before.
    fn issue_code(&self, code: NewCode, now: Timestamp) -> Answer<'_, bool>;
    /// A code, whatever its state, for the caller to check verifier and redirect URI against.
    fn code(&self, hash: SecretHash) -> Answer<'_, Option<CodeRecord>>;
    /// Counts a failed exchange of an unredeemed code by its own client; [`CODE_FAILURES`] of them burn it
    /// (requirement 41). Attempts by other clients are not counted. `true` when it is burned now.
    fn record_code_failure(&self, hash: SecretHash, client_id: ClientId) -> Answer<'_, bool>;
    /// Redeems a code once and stores its tokens with it (requirements 39 and 40, I-03). A second valid redemption
    /// ends the grant, unless PKCE was used, or the code is a device's, and it came within [`DOUBLE_SUBMIT`].
    fn redeem_code(&self, redeem: RedeemCode) -> Answer<'_, Redemption>;
    /// Redeems a code once, by the rules of [`Store::redeem_code`], and stores a gateway session with it. Older ones of
    /// the same browser session, application and scope end: that browser keeps one cookie of them all.
    fn redeem_handover(&self, redeem: RedeemHandover) -> Answer<'_, Redemption>;

    /// A live access token of a living grant.
    fn access_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<AccessTokenRecord>>;
    /// A refresh token, whatever its state, for the caller to decide upon.
    fn refresh_token(&self, hash: SecretHash) -> Answer<'_, Option<RefreshTokenRecord>>;
    /// Uses a refresh token (requirements 57 to 62, I-04).
    fn rotate_refresh(&self, rotate: Rotate) -> Answer<'_, Rotation>;
    /// Revokes one access token of `client_id` (RFC 7009 s. 2.1). `false` when there is none.
    fn revoke_access_token(&self, hash: SecretHash, client_id: ClientId) -> Answer<'_, bool>;
    /// Ends the grant of a refresh token of `client_id`, whether that token was used already or not (requirement 96). `false`
    /// when there is none, or when it had ended before.
    fn revoke_refresh_token(&self, hash: SecretHash, client_id: ClientId, now: Timestamp)
    -> Answer<'_, bool>;
    /// Ends a grant with its code, all its tokens and its gateway session. `false` when it had ended before.
    fn end_grant(&self, id: GrantId, why: GrantEnd, now: Timestamp) -> Answer<'_, bool>;

    /// Stores an access token that a client has for itself.
    fn add_client_token(&self, token: NewClientToken) -> Answer<'_, ()>;
    /// A live access token that a client has for itself.
    fn client_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<ClientTokenRecord>>;
    /// Revokes an access token that `client_id` has for itself. `false` when there is none.
    fn revoke_client_token(&self, hash: SecretHash, client_id: ClientId) -> Answer<'_, bool>;
    /// Notes that an assertion was used. `false` when it had been used before (requirement 54).
    fn use_assertion(&self, used: UsedAssertion) -> Answer<'_, bool>;

    /// A live browser session with its user.
    fn browser_session(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<BrowserSession>>;
    /// The live browser sessions of a user, the last used one first.
    fn sessions_of(&self, account_id: AccountId, now: Timestamp) -> Answer<'_, Vec<ListedSession>>;
    /// Writes down that a browser session is in use, at most once in [`TOUCH_INTERVAL`]. `true` when it was written.
    fn touch_session(&self, hash: SecretHash, now: Timestamp, idle_expires: Timestamp) -> Answer<'_, bool>;
    /// Ends a browser session, its unredeemed codes, and its grants as `policy` says (requirement 118). The clients that are
    /// to be told are in the queue with it, here and wherever else a session ends before its time.
    fn end_session(
        &self,
        session: SessionName,
        policy: GrantsPolicy,
        now: Timestamp,
    ) -> Answer<'_, Option<EndedSession>>;

    /// Ends every browser session and every grant of a user, and what began with a link to the host's page; the host's app
    /// tokens stay.
    fn end_all_sessions(&self, account_id: AccountId, now: Timestamp) -> Answer<'_, EndedAccess>;

    /// Takes at most `most` notices whose time has come out for one try each. A notice that is not settled comes again, as
    /// [`LOGOUT_RETRIES`] says, until it was tried [`LOGOUT_TRIES`] times.
    fn take_due_logouts(&self, now: Timestamp, most: usize) -> Answer<'_, Vec<LogoutNotice>>;
    /// The browser sessions in which this client was given something, those that are over too.
    fn sessions_of_client(&self, client: ClientId) -> Answer<'_, Vec<Sid>>;
    /// Takes a notice off the queue. `false` when it is not there, or was taken for another try since.
    fn settle_logout(&self, notice: LogoutNotice) -> Answer<'_, bool>;

    /// A live gateway session of a living grant and a live browser session, with its user. Signing out reaches all of them.
    fn gateway_session(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<GatewaySession>>;
    /// Writes down that a gateway session is in use, and with it its browser session, at most once in [`TOUCH_INTERVAL`].
    /// `true` when it was written.
    fn touch_gateway_session(
        &self,
        hash: SecretHash,
        now: Timestamp,
        idle_expires: Timestamp,
    ) -> Answer<'_, bool>;

    /// Stores an app token. `false` when its id is taken, or when its user has never signed in.
    fn add_app_token(&self, token: NewAppToken) -> Answer<'_, bool>;
    /// All app tokens, oldest first; those that are over as well.
    fn app_tokens(&self) -> Answer<'_, Vec<AppTokenRecord>>;
    /// A live app token with its user.
    fn app_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<AppTokenRecord>>;
    /// Writes down that an app token is in use, at most once in [`TOUCH_INTERVAL`]. `true` when it was written.
    fn touch_app_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, bool>;
    /// Ends an app token. `false` when there is none with this id.
    fn revoke_app_token(&self, id: String) -> Answer<'_, bool>;

    /// Everybody who has ever signed in, as last known.
    fn users(&self) -> Answer<'_, Vec<UserRecord>>;
    /// People with what their browser sessions say of them, the last seen first, and those never seen last.
    fn people(&self, wanted: PeopleWanted, now: Timestamp) -> Answer<'_, PeopleFound>;
    /// A user as last known.
    fn user(&self, account_id: AccountId) -> Answer<'_, Option<UserRecord>>;
    /// Stores what was learned about a user. `false` when something newer was known already.
    fn put_user(&self, user: UserRecord) -> Answer<'_, bool>;
    /// Stores what was learned about users at once, each as long as nothing else was learned since it was known. Returns how
    /// many were stored.
    fn reconfirm_users(&self, confirmed: Vec<Reconfirmed>) -> Answer<'_, usize>;
    /// The local account that somebody who types this signs in to, whatever its state.
    fn local_account(&self, name: SignInName) -> Answer<'_, Option<LocalAccount>>;
    /// All local accounts, by name.
    fn local_accounts(&self) -> Answer<'_, Vec<LocalAccount>>;
    /// Those of them that the configuration does not declare and that are in a group besides these.
    fn local_accounts_beyond(&self, groups: Vec<Group>) -> Answer<'_, Vec<LocalAccount>>;
    /// Stores a local account in the place of what is expected to be there, and ends of its access what is to end.
    fn put_local_account(&self, put: PutLocalAccount) -> Answer<'_, LocalPut>;
    /// Removes a local account that the configuration does not declare, with its sessions, grants and app tokens. `false`
    /// when there is none.
    fn remove_local_account(&self, id: LocalAccountId, now: Timestamp) -> Answer<'_, bool>;
    /// Makes the accounts that the configuration declares these, all or none. Access ends for those that are gone or switched
    /// off, and what came of signing in for those with another password.
    fn declare_local_accounts(&self, declared: Vec<LocalAccount>, now: Timestamp) -> Answer<'_, Declared>;
    /// Stores that a user's access has ended, and ends every browser session, every grant and every app token with it. `None`
    /// when something newer was known already: then nothing ends.
    fn end_access(&self, user: UserRecord) -> Answer<'_, Option<EndedAccess>>;

    /// What a user agreed to for a client.
    fn consent(&self, account_id: AccountId, client_id: ClientId) -> Answer<'_, Option<Consent>>;
    /// Stores a consent in the place of an earlier one.
    fn save_consent(&self, consent: Consent) -> Answer<'_, ()>;
    /// Everything that a user agreed to.
    fn consents(&self, account_id: AccountId) -> Answer<'_, Vec<Consent>>;
    /// Forgets a consent, and ends what the client holds of this user. `false` when there was none: then nothing ends.
    fn withdraw_consent(
        &self,
        account_id: AccountId,
        client_id: ClientId,
        now: Timestamp,
    ) -> Answer<'_, bool>;

    /// People's own Plex tokens with which Plex is to be asked now, at most `most`. One that waits for longer than `longest` does
    /// so by a clock that was put back since. A token that is kept with a sign-in is gone with the last browser session of its
    /// person, and when access ends.
    fn due_plex_tokens(&self, now: Timestamp, longest: Seconds, most: usize) -> Answer<'_, DuePlexTokens>;
    /// Notes what became of a look with a token. `false` when that token is not the one that is kept any more.
    fn note_plex_look(&self, look: PlexLook) -> Answer<'_, bool>;
    /// Forgets the Plex token of one person. `false` when none was kept.
    fn forget_plex_token(&self, account_id: AccountId) -> Answer<'_, bool>;
    /// Forgets the Plex tokens of everybody. Returns how many there were.
    fn forget_plex_tokens(&self) -> Answer<'_, usize>;
    /// How much there is of some things, each counted up to [`MOST_COUNTED`].
    fn tallies(&self, now: Timestamp) -> Answer<'_, Tallies>;

    /// Removes what is over, at most [`SWEEP_BATCH`] rows of each kind; call again until nothing was left.
    fn sweep(&self, now: Timestamp) -> Answer<'_, SweepCounts>;
    /// Whether reading and writing work.
    fn ping(&self) -> Answer<'_, ()>;
}
