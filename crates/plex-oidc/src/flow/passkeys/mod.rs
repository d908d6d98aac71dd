//! Passkeys of owners: adding, listing and removing them, and coming in with one. What begins with one is a visit to the host's
//! page, as with a link that was made on the machine: no browser session, and good for no client and no application (decisions
//! 0019 and 0025). Nothing of it needs plex.tv.
//!
//! Who may have one and come in with one is the owner of a server for whom the page is, looked at anew each time.

mod ceremony;
mod options;

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plex_oidc_core::audit::What;
use plex_oidc_core::id::{AccountId, BrowserId};
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::webauthn::{
    Asserted, Assertion, ClientData, Expected, Known, PublicKey, Registration, RelyingParty, WebAuthnError,
    check_assertion, check_registration,
};
use tracing::{error, info, warn};

use super::admin_link::{VISIT, owner};
use super::audit::{Own, note};
use super::{FlowError, alarm};
use crate::app::App;
use crate::keys::Place;
use crate::store::records::{
    HostSession, Passkey, PasskeyAdded, PasskeyId, PasskeyUse, SealedBytes, UsePasskey, UsedChallenge,
};
use crate::store::{Store, StoreError};

use ceremony::Ceremony;
pub use options::{Creation, Request};

/// Longest name of a passkey, in characters.
pub const LONGEST_NAME: usize = 60;

/// What a browser sends when a passkey was made.
pub struct New {
    /// Its name at the authenticator.
    pub credential: Vec<u8>,
    /// The client data.
    pub client_data: Vec<u8>,
    /// The attestation object.
    pub attestation_object: Vec<u8>,
    /// What its owner calls it.
    pub name: String,
}

/// What a browser sends when a passkey was used.
pub struct Shown {
    /// Its name at the authenticator.
    pub credential: Vec<u8>,
    /// The client data.
    pub client_data: Vec<u8>,
    /// The authenticator data.
    pub authenticator_data: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
    /// Whose it is, as the authenticator says. Not every authenticator says it where it was told which to use.
    pub user_handle: Option<Vec<u8>>,
}

/// What became of adding one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is there.
    Done,
    /// What came is no answer to what was asked.
    NotGood,
    /// It is there already.
    There,
    /// There are as many as may be.
    TooMany,
    /// The account is not the owner of a server.
    NotForYou,
}

/// What a passkey led to.
pub enum Entered {
    /// A visit to the host's page, with the secret of its cookie.
    In(Secret),
    /// Nowhere.
    NotGood,
    /// Nowhere: it is right, and the host's page is not for whose it is.
    NotForYou,
}

/// Whether there can be passkeys here: an issuer whose host is an address has none.
pub fn are_possible(app: &App) -> bool {
    RelyingParty::of(&app.issuer).is_some()
}

/// Whether this account may have some, now.
pub async fn may_have(app: &App, account: AccountId) -> Result<bool, FlowError> {
    Ok(are_possible(app) && owner(app, account).await?.is_some())
}

/// The passkeys of an account, oldest first.
pub async fn of(store: &dyn Store, account: AccountId) -> Result<Vec<Passkey>, StoreError> {
    let all = store.passkeys().await?;
    Ok(all.into_iter().filter(|passkey| passkey.account_id == account).collect())
}

/// What to ask the browser for, so that this account has one more. `None`: it may not.
pub async fn begin_adding(
    app: &App,
    account: AccountId,
    browser: &Secret,
) -> Result<Option<Creation>, FlowError> {
    let Some(relying_party) = RelyingParty::of(&app.issuer) else { return Ok(None) };
    let Some(owner) = owner(app, account).await? else { return Ok(None) };
    let maker = options::Maker {
        handle: handle(app, account),
        name: &owner.account.display_name,
        place: app.pages.title(),
    };
    let challenge = ceremony::begin(app, Ceremony::Add(account), browser);
    Ok(Some(options::creation(&challenge, relying_party, &maker, &of(&*app.store, account).await?)))
}

/// Adds what was made (s. 7.1).
pub async fn add(app: &App, by: Own, new: New, browser: &Secret) -> Result<Added, FlowError> {
    let Some(relying_party) = RelyingParty::of(&app.issuer) else { return Ok(Added::NotForYou) };
    let Some(owner) = owner(app, by.account).await? else { return Ok(Added::NotForYou) };
    let Some((challenge, used)) = asked(app, &new.client_data, Ceremony::Add(by.account), browser) else {
        return Ok(refused(
            by.address,
            "its challenge is not one of this browser, or is over",
            Added::NotGood,
        ));
    };
    let answer = Registration {
        client_data: &new.client_data,
        attestation_object: &new.attestation_object,
        id: &new.credential,
    };
    let made = match check_registration(answer, Expected { relying_party, challenge: &challenge }) {
        Ok(made) => made,
        Err(why) => return Ok(refused(by.address, &why.to_string(), Added::NotGood)),
    };
    let id = PasskeyId(u32::from_be_bytes(first_four(app.entropy.bytes())));
    let key = app.seal.seal(place(&row(by.account, &made.id)), &made.key.to_bytes())?;
    let Some(browser) = made_in(app, browser).await? else { return Ok(Added::NotForYou) };
    let passkey = Passkey {
        id,
        credential: made.id,
        account_id: by.account,
        name: new.name.clone(),
        key: SealedBytes(key),
        sign_count: made.sign_count,
        backup: made.backup,
        created: app.clock.now(),
        last_used: None,
        browser,
    };
    match app.store.add_passkey(passkey, used).await? {
        PasskeyAdded::Added => {
            info!(account = %by.account, address = %by.address, passkey = %id, "a passkey was added");
            let event = by.did(app, What::PasskeyAdded).named(&owner.account.display_name);
            note(app, event.target(&id.to_string()).detail(&new.name)).await;
            Ok(Added::Done)
        }
        PasskeyAdded::ChallengeUsed => Ok(refused(by.address, "its challenge was used", Added::NotGood)),
        PasskeyAdded::BrowserForgotten => {
            Ok(refused(by.address, "its browser was forgotten at this moment", Added::NotGood))
        }
        PasskeyAdded::Taken => Ok(Added::There),
        PasskeyAdded::TooMany => Ok(Added::TooMany),
    }
}

/// The browser of the session in which one is made; or no browser, in a visit that began with a link. `None`: neither is there
/// any more.
async fn made_in(app: &App, cookie: &Secret) -> Result<Option<Option<BrowserId>>, FlowError> {
    let (hash, now) = (cookie.hash(), app.clock.now());
    if let Some(session) = app.store.browser_session(hash, now).await? {
        return Ok(Some(session.browser.map(|browser| browser.id)));
    }
    Ok(app.store.host_session(hash, now).await?.map(|_| None))
}

/// Removes a passkey of this account, and ends the visits that began with it. `false`: it is not theirs, or gone already.
pub async fn remove(app: &App, by: Own, id: PasskeyId) -> Result<bool, FlowError> {
    let Some(gone) = app.store.remove_passkey(id, Some(by.account)).await? else { return Ok(false) };
    info!(account = %by.account, address = %by.address, passkey = %id, "a passkey was removed");
    let event = by.did(app, What::PasskeyRemoved).target(&id.to_string());
    note(app, event.detail(&gone.name)).await;
    Ok(true)
}

/// What to ask the browser for, so that somebody comes in; or so that `here`, who is the host in this browser, confirms it.
pub async fn begin_entering(
    app: &App,
    here: Option<AccountId>,
    browser: &Secret,
) -> Result<Option<Request>, FlowError> {
    let Some(relying_party) = RelyingParty::of(&app.issuer) else { return Ok(None) };
    let (ceremony, passkeys) = match here {
        Some(account) => (Ceremony::Confirm(account), of(&*app.store, account).await?),
        // Nobody is told which there are.
        None => (Ceremony::Enter, Vec::new()),
    };
    let challenge = ceremony::begin(app, ceremony, browser);
    Ok(Some(options::request(&challenge, relying_party, &passkeys)))
}

/// The browser that shows a passkey.
#[derive(Clone, Copy)]
pub struct Browser<'a> {
    /// The cookie that its challenge is bound to.
    pub cookie: &'a Secret,
    /// The visit that it makes already, which ends with the new one.
    pub visit: Option<&'a Secret>,
    /// From where.
    pub address: IpAddr,
}

/// Comes in with a passkey, or confirms with it (s. 7.2).
pub async fn enter(app: &App, shown: &Shown, browser: Browser<'_>) -> Result<Entered, FlowError> {
    let (passkey, asserted, used) = match checked(app, shown, browser).await? {
        Ok(checked) => checked,
        Err(why) => return Ok(refused(browser.address, &why, Entered::NotGood)),
    };
    let (id, by) = (passkey.id, Own { account: passkey.account_id, address: browser.address });
    // Whoever owns no server any more, or is not let onto the page: looked at now, and with every request of the visit again.
    if owner(app, by.account).await?.is_none() {
        warn!(account = %by.account, address = %by.address, passkey = %id, "a passkey of somebody who is not the host was refused");
        let event = by.did(app, What::PasskeyRefused).target(&id.to_string());
        note(app, event.detail("not_the_host")).await;
        return Ok(Entered::NotForYou);
    }
    let (secret, now) = (app.entropy.secret(SecretKind::HostSession), app.clock.now());
    let visit = HostSession {
        hash: secret.hash(),
        account_id: by.account,
        began: now,
        expires: now.plus(VISIT),
        passkey: Some(id),
    };
    let Asserted { sign_count, backup } = asserted;
    let instead_of = browser.visit.map(Secret::hash);
    let begun = UsePasskey { id, challenge: used, sign_count, backup, visit, instead_of };
    match app.store.use_passkey(begun).await? {
        PasskeyUse::Used => {
            info!(account = %by.account, address = %by.address, passkey = %id, "the host's page was opened with a passkey");
            let event = by.did(app, What::PasskeyUsed).target(&id.to_string());
            note(app, event.detail(&passkey.name)).await;
            Ok(Entered::In(secret))
        }
        PasskeyUse::ChallengeUsed => {
            Ok(refused(by.address, "its challenge was used before", Entered::NotGood))
        }
        PasskeyUse::Changed => {
            Ok(refused(by.address, "it was removed or used at this moment", Entered::NotGood))
        }
    }
}

type Checked = (Passkey, Asserted, UsedChallenge);

/// Everything about an answer but whether its owner may come in. The inner error is for the log alone.
async fn checked(
    app: &App,
    shown: &Shown,
    browser: Browser<'_>,
) -> Result<Result<Checked, String>, FlowError> {
    let Some(relying_party) = RelyingParty::of(&app.issuer) else { return Ok(Err("there are none".into())) };
    let Some((challenge, ceremony, used)) = challenge_of(app, &shown.client_data, browser.cookie) else {
        return Ok(Err("its challenge is not one of this browser, or is over".into()));
    };
    // Steps 5 to 7: the credential that was asked for, of whom the authenticator says, and whose challenge it was.
    let Some(passkey) = app.store.passkey(shown.credential.clone()).await? else {
        return Ok(Err("it is not known".into()));
    };
    if let Err(why) = is_theirs(app, &passkey, ceremony, shown.user_handle.as_deref()) {
        return Ok(Err(why.into()));
    }
    let place = row(passkey.account_id, &passkey.credential);
    let key = app.seal.open(self::place(&place), &passkey.key.0)?;
    let key = match PublicKey::of_bytes(&key) {
        Ok(key) => key,
        Err(why) => return Ok(Err(why.to_string())),
    };
    let answer = Assertion {
        client_data: &shown.client_data,
        authenticator_data: &shown.authenticator_data,
        signature: &shown.signature,
    };
    let known = Known { key: &key, sign_count: passkey.sign_count, backup: passkey.backup };
    match check_assertion(answer, known, Expected { relying_party, challenge: &challenge }) {
        Ok(asserted) => Ok(Ok((passkey, asserted, used))),
        Err(why) => {
            // Whoever sends an answer twice has no second authenticator.
            if let WebAuthnError::CounterBehind { stored, got } = why
                && app.store.spend_challenge(used).await?
            {
                copied(app, &passkey, (stored, got), browser.address).await;
            }
            Ok(Err(why.to_string()))
        }
    }
}

/// Whether an answer is of whom it must be: the account that the challenge was for, if it was for one (GHSA-x8jp-v2j6-6vjf), and
/// the account that the authenticator says (s. 7.2 step 6).
fn is_theirs(
    app: &App,
    passkey: &Passkey,
    ceremony: Ceremony,
    user_handle: Option<&[u8]>,
) -> Result<(), &'static str> {
    match ceremony {
        Ceremony::Confirm(account) if account == passkey.account_id => {}
        Ceremony::Enter if user_handle.is_some() => {}
        Ceremony::Enter => return Err("it does not say whose it is"),
        Ceremony::Confirm(_) => return Err("it is another account's"),
        Ceremony::Add(_) => return Err("its challenge was for another thing"),
    }
    let right = user_handle.is_none_or(|handle| handle == self::handle(app, passkey.account_id));
    if right { Ok(()) } else { Err("it says that it is another account's") }
}

/// The challenge of an answer, and what becomes of it, if it is one of ours for this.
fn asked(
    app: &App,
    client_data: &[u8],
    wanted: Ceremony,
    browser: &Secret,
) -> Option<(Vec<u8>, UsedChallenge)> {
    let (challenge, ceremony, used) = challenge_of(app, client_data, browser)?;
    (ceremony == wanted).then_some((challenge, used))
}

fn challenge_of(
    app: &App,
    client_data: &[u8],
    browser: &Secret,
) -> Option<(Vec<u8>, Ceremony, UsedChallenge)> {
    let challenge = ClientData::parse(client_data).ok()?.unverified_challenge().to_vec();
    let (ceremony, used) = ceremony::read(app, &challenge, browser)?;
    Some((challenge, ceremony, used))
}

/// There may be two of one authenticator: its owner is told at once, and in every way there is.
async fn copied(app: &App, passkey: &Passkey, (stored, got): (u32, u32), address: IpAddr) {
    let id = passkey.id;
    error!(
        account = %passkey.account_id, %address, passkey = %id, stored, got,
        "a passkey was refused because its counter went back: somebody may have a copy of it; remove it if it was not you"
    );
    let by = Own { account: passkey.account_id, address };
    let event = by.did(app, What::PasskeyRefused).target(&id.to_string());
    note(app, event.detail(&format!("counter {got} after {stored}"))).await;
    alarm::tell_host(
        app,
        "passkey_refused",
        format!("passkey {id} was refused, because its counter went back: somebody may have a copy of it"),
        Some(id.to_string()),
    );
}

/// What authenticators call this account (s. 5.4.3): the same for all its passkeys, and nothing to anybody else.
fn handle(app: &App, account: AccountId) -> [u8; 32] {
    app.mac.digest("passkey user", &[&account.to_string()])
}

/// A key opens for its account and its credential only.
fn row(account: AccountId, credential: &[u8]) -> String {
    format!("{account}/{}", URL_SAFE_NO_PAD.encode(credential))
}

fn place(row: &str) -> Place<'_> {
    Place { table: "passkeys", column: "key_sealed", row }
}

fn first_four([a, b, c, d, ..]: [u8; 32]) -> [u8; 4] {
    [a, b, c, d]
}

fn refused<T>(address: IpAddr, why: &str, outcome: T) -> T {
    info!(%address, why, "a passkey was refused");
    outcome
}
