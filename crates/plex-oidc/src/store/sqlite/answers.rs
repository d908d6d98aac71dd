//! What the store is asked, each question by the module that knows its tables.

use std::path::PathBuf;

use plex_oidc_core::device::UserCodeHash;
use plex_oidc_core::groups::Group;
use plex_oidc_core::id::{AccountId, ClientId, GrantId, LocalAccountId, RequestId, Sid};
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::time::{Seconds, Timestamp};
use plex_oidc_core::token::assertion::UsedAssertion;
use plex_oidc_core::token::device::Pace;

use super::super::records::{
    AccessTokenRecord, AdoptedPin, Adoption, AppTokenRecord, BrowserSession, ClientTokenRecord, CodeRecord,
    Consent, Declared, DeviceRequest, DuePlexTokens, EndedAccess, EndedSession, Finish, FinishLogin,
    GatewaySession, GrantEnd, GrantsPolicy, KeyReplacement, ListedSession, LocalAccount, LocalPut, Login,
    LogoutNotice, NewAppToken, NewClientToken, NewCode, NewDeviceRequest, NewLogin, PeopleFound,
    PeopleWanted, PlexLook, PushedRequest, PutLocalAccount, Reconfirmed, RedeemCode, RedeemHandover,
    Redemption, RefreshTokenRecord, RefusedAt, Rotate, Rotation, SealedBytes, SessionName, SignInName,
    StoredKeyRow, SweepCounts, Tallies, UserRecord,
};
use super::super::{Answer, Store};
use super::opening::empty_log;
use super::writer::Durability;
use super::{
    SqliteStore, app_tokens, client_tokens, codes, devices, gateway, keys, local, logins, logout,
    plex_tokens, pushed, rows, sessions, sweep, tokens, users,
};

impl Store for SqliteStore {
    fn installation(&self, candidate: &str) -> Answer<'_, String> {
        let candidate = candidate.to_owned();
        self.write(move |conn| keys::installation(conn, &candidate))
    }

    fn signing_keys(&self) -> Answer<'_, Vec<StoredKeyRow>> {
        self.read(keys::signing_keys)
    }

    fn insert_signing_keys_if_none(&self, rows: Vec<StoredKeyRow>) -> Answer<'_, Vec<StoredKeyRow>> {
        self.write(move |conn| keys::insert_if_none(conn, &rows))
    }

    fn replace_signing_keys(
        &self,
        expected: Vec<String>,
        rows: Vec<StoredKeyRow>,
    ) -> Answer<'_, KeyReplacement> {
        self.write(move |conn| keys::replace(conn, &expected, &rows))
    }

    fn begin_login(&self, login: NewLogin) -> Answer<'_, ()> {
        self.write_forgettable(move |conn| logins::begin(conn, &login))
    }

    fn login(&self, id: RequestId, now: Timestamp) -> Answer<'_, Option<Login>> {
        self.read(move |conn| logins::login(conn, id, now))
    }

    fn adopt_pin(&self, id: RequestId, pin: AdoptedPin, now: Timestamp) -> Answer<'_, Adoption> {
        self.write(move |conn| logins::adopt_pin(conn, id, &pin, now))
    }

    fn approve_login(
        &self,
        id: RequestId,
        pin_id: u64,
        plex_token_sealed: SealedBytes,
        now: Timestamp,
    ) -> Answer<'_, bool> {
        self.write(move |conn| logins::approve(conn, id, pin_id, &plex_token_sealed, now))
    }

    fn restart_login(&self, id: RequestId, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| logins::restart(conn, id, now))
    }

    fn refuse_login(&self, id: RequestId, at: RefusedAt, reason: String, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| logins::refuse(conn, id, at, &reason, now))
    }

    fn cancel_login(&self, id: RequestId, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| logins::cancel(conn, id, now))
    }

    fn finish_login(&self, finish: FinishLogin) -> Answer<'_, Finish> {
        self.write(move |conn| logins::finish(conn, &finish))
    }

    fn push_request(&self, request: PushedRequest) -> Answer<'_, ()> {
        self.write_forgettable(move |conn| pushed::push(conn, &request))
    }

    fn pushed_request(&self, hash: SecretHash) -> Answer<'_, Option<PushedRequest>> {
        self.read(move |conn| pushed::request(conn, hash))
    }

    fn spend_pushed_request(&self, hash: SecretHash) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| pushed::spend(conn, hash))
    }

    fn begin_device_request(&self, request: NewDeviceRequest) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| devices::begin(conn, &request))
    }

    fn device_request(&self, hash: SecretHash) -> Answer<'_, Option<DeviceRequest>> {
        self.read(move |conn| devices::request(conn, hash))
    }

    fn pending_device_request(
        &self,
        user_code: UserCodeHash,
        now: Timestamp,
    ) -> Answer<'_, Option<DeviceRequest>> {
        self.read(move |conn| devices::pending(conn, user_code, now))
    }

    fn note_device_poll(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<Pace>> {
        self.write_forgettable(move |conn| devices::note_poll(conn, hash, now))
    }

    fn deny_device_request(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| devices::deny(conn, hash, now))
    }

    fn issue_code(&self, code: NewCode, now: Timestamp) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| codes::issue(conn, &code, now))
    }

    fn code(&self, hash: SecretHash) -> Answer<'_, Option<CodeRecord>> {
        self.read(move |conn| codes::code(conn, hash))
    }

    fn record_code_failure(&self, hash: SecretHash, client_id: ClientId) -> Answer<'_, bool> {
        self.write(move |conn| codes::record_failure(conn, hash, &client_id))
    }

    fn redeem_code(&self, redeem: RedeemCode) -> Answer<'_, Redemption> {
        let durability = codes::durability(&redeem);
        self.write_as(durability, move |conn| codes::redeem(conn, &redeem))
    }

    fn redeem_handover(&self, redeem: RedeemHandover) -> Answer<'_, Redemption> {
        self.write(move |conn| codes::redeem_handover(conn, &redeem))
    }

    fn access_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<AccessTokenRecord>> {
        self.read(move |conn| tokens::access_token(conn, hash, now))
    }

    fn refresh_token(&self, hash: SecretHash) -> Answer<'_, Option<RefreshTokenRecord>> {
        self.read(move |conn| tokens::refresh_token(conn, hash))
    }

    fn rotate_refresh(&self, rotate: Rotate) -> Answer<'_, Rotation> {
        self.write(move |conn| tokens::rotate(conn, &rotate))
    }

    fn revoke_access_token(&self, hash: SecretHash, client_id: ClientId) -> Answer<'_, bool> {
        self.write(move |conn| tokens::revoke_access(conn, hash, &client_id))
    }

    fn revoke_refresh_token(
        &self,
        hash: SecretHash,
        client_id: ClientId,
        now: Timestamp,
    ) -> Answer<'_, bool> {
        self.write(move |conn| tokens::revoke_refresh(conn, hash, &client_id, now))
    }

    fn add_client_token(&self, token: NewClientToken) -> Answer<'_, ()> {
        self.write(move |conn| client_tokens::add(conn, &token))
    }

    fn client_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<ClientTokenRecord>> {
        self.read(move |conn| client_tokens::token(conn, hash, now))
    }

    fn revoke_client_token(&self, hash: SecretHash, client_id: ClientId) -> Answer<'_, bool> {
        self.write(move |conn| client_tokens::revoke(conn, hash, &client_id))
    }

    fn use_assertion(&self, used: UsedAssertion) -> Answer<'_, bool> {
        self.write(move |conn| client_tokens::use_assertion(conn, &used))
    }

    fn end_grant(&self, id: GrantId, why: GrantEnd, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| tokens::end_grant(conn, id, why, now))
    }

    fn browser_session(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<BrowserSession>> {
        self.read(move |conn| sessions::browser_session(conn, hash, now))
    }

    fn sessions_of(&self, account_id: AccountId, now: Timestamp) -> Answer<'_, Vec<ListedSession>> {
        self.read(move |conn| sessions::of_user(conn, account_id, now))
    }

    fn touch_session(&self, hash: SecretHash, now: Timestamp, idle_expires: Timestamp) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| sessions::touch(conn, hash, now, idle_expires))
    }

    fn end_session(
        &self,
        session: SessionName,
        policy: GrantsPolicy,
        now: Timestamp,
    ) -> Answer<'_, Option<EndedSession>> {
        self.write(move |conn| sessions::end(conn, session, policy, now))
    }

    fn end_all_sessions(&self, account_id: AccountId, now: Timestamp) -> Answer<'_, EndedAccess> {
        self.write(move |conn| users::end_sessions(conn, account_id, GrantEnd::SessionEnded, now))
    }

    fn take_due_logouts(&self, now: Timestamp, most: usize) -> Answer<'_, Vec<LogoutNotice>> {
        self.write_forgettable(move |conn| logout::take_due(conn, now, most))
    }

    fn sessions_of_client(&self, client: ClientId) -> Answer<'_, Vec<Sid>> {
        self.read_aside(move |conn| logout::sessions_of_client(conn, &client))
    }

    fn settle_logout(&self, notice: LogoutNotice) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| logout::settle(conn, &notice))
    }

    fn gateway_session(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<GatewaySession>> {
        self.read(move |conn| gateway::session(conn, hash, now))
    }

    fn touch_gateway_session(
        &self,
        hash: SecretHash,
        now: Timestamp,
        idle_expires: Timestamp,
    ) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| gateway::touch(conn, hash, now, idle_expires))
    }

    fn add_app_token(&self, token: NewAppToken) -> Answer<'_, bool> {
        self.write(move |conn| app_tokens::add(conn, &token))
    }

    fn app_tokens(&self) -> Answer<'_, Vec<AppTokenRecord>> {
        self.read_aside(app_tokens::list)
    }

    fn app_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, Option<AppTokenRecord>> {
        self.read(move |conn| app_tokens::token(conn, hash, now))
    }

    fn touch_app_token(&self, hash: SecretHash, now: Timestamp) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| app_tokens::touch(conn, hash, now))
    }

    fn revoke_app_token(&self, id: String) -> Answer<'_, bool> {
        self.write(move |conn| app_tokens::revoke(conn, &id))
    }

    fn users(&self) -> Answer<'_, Vec<UserRecord>> {
        self.read_aside(users::users)
    }

    fn people(&self, wanted: PeopleWanted, now: Timestamp) -> Answer<'_, PeopleFound> {
        self.read_aside(move |conn| users::people(conn, &wanted, now))
    }

    fn user(&self, account_id: AccountId) -> Answer<'_, Option<UserRecord>> {
        self.read(move |conn| users::user(conn, account_id))
    }

    fn put_user(&self, user: UserRecord) -> Answer<'_, bool> {
        self.write(move |conn| users::put(conn, &user))
    }

    fn reconfirm_users(&self, confirmed: Vec<Reconfirmed>) -> Answer<'_, usize> {
        self.write_forgettable(move |conn| users::reconfirm(conn, &confirmed))
    }

    fn end_access(&self, user: UserRecord) -> Answer<'_, Option<EndedAccess>> {
        self.write(move |conn| users::put_and_end_access(conn, &user))
    }

    fn local_account(&self, name: SignInName) -> Answer<'_, Option<LocalAccount>> {
        self.read(move |conn| local::by_name(conn, &name))
    }

    fn local_accounts(&self) -> Answer<'_, Vec<LocalAccount>> {
        self.read_aside(local::list)
    }

    fn local_accounts_beyond(&self, groups: Vec<Group>) -> Answer<'_, Vec<LocalAccount>> {
        self.read_aside(move |conn| local::beyond(conn, &groups))
    }

    fn put_local_account(&self, put: PutLocalAccount) -> Answer<'_, LocalPut> {
        self.write(move |conn| local::put(conn, &put))
    }

    fn remove_local_account(&self, id: LocalAccountId, now: Timestamp) -> Answer<'_, bool> {
        self.write(move |conn| local::remove(conn, id, now))
    }

    fn declare_local_accounts(&self, declared: Vec<LocalAccount>, now: Timestamp) -> Answer<'_, Declared> {
        self.write(move |conn| local::declare(conn, &declared, now))
    }

    fn consent(&self, account_id: AccountId, client_id: ClientId) -> Answer<'_, Option<Consent>> {
        self.read(move |conn| users::consent(conn, account_id, &client_id))
    }

    fn save_consent(&self, consent: Consent) -> Answer<'_, ()> {
        self.write(move |conn| users::save_consent(conn, &consent))
    }

    fn consents(&self, account_id: AccountId) -> Answer<'_, Vec<Consent>> {
        self.read(move |conn| users::consents(conn, account_id))
    }

    fn withdraw_consent(
        &self,
        account_id: AccountId,
        client_id: ClientId,
        now: Timestamp,
    ) -> Answer<'_, bool> {
        self.write(move |conn| users::withdraw_consent(conn, account_id, &client_id, now))
    }

    fn due_plex_tokens(&self, now: Timestamp, longest: Seconds, most: usize) -> Answer<'_, DuePlexTokens> {
        self.read_aside(move |conn| plex_tokens::due(conn, (now, now.plus(longest)), most))
    }

    fn note_plex_look(&self, look: PlexLook) -> Answer<'_, bool> {
        self.write_forgettable(move |conn| plex_tokens::note_look(conn, &look))
    }

    fn forget_plex_token(&self, account_id: AccountId) -> Answer<'_, bool> {
        self.write(move |conn| plex_tokens::forget(conn, account_id))
    }

    fn forget_plex_tokens(&self) -> Answer<'_, usize> {
        Box::pin(async move {
            if !plex_tokens::any(&self.reader.get())? {
                return Ok(0); // the usual case, and nothing to wait for the disk for
            }
            let forgotten = self.writer.run(Durability::OnDisk, plex_tokens::forget_all).await?;
            if forgotten > 0 {
                let path = self.reader.get().path().map(PathBuf::from);
                path.map_or(Ok(()), |path| empty_log(&path))?;
            }
            Ok(forgotten)
        })
    }

    fn tallies(&self, now: Timestamp) -> Answer<'_, Tallies> {
        self.read_aside(move |conn| plex_tokens::tallies(conn, now))
    }

    fn sweep(&self, now: Timestamp) -> Answer<'_, SweepCounts> {
        self.write_forgettable(move |conn| sweep::sweep(conn, now))
    }

    fn ping(&self) -> Answer<'_, ()> {
        Box::pin(async move {
            rows::first(&self.reader.get(), "SELECT 1 FROM installation", [], |_| Ok(())).map(drop)?;
            self.writer.run(Durability::MayBeForgotten, |_| Ok(())).await
        })
    }
}
