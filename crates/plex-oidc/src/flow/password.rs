//! Signing in to a local account with its password. Whatever does not fit, an unknown name, a wrong password, an account that
//! is switched off or has no password, looks the same and takes as long (security requirement 139).

use std::net::IpAddr;

use plex_oidc_core::account::Account;
use plex_oidc_core::authorize::{Progress, RedirectError, Step};
use plex_oidc_core::decide::{Denial, Standing};
use plex_oidc_core::id::{AccountId, LocalAccountId, RequestId};
use plex_oidc_core::net::AddressBlock;
use plex_oidc_core::secret::{Secret, sha256};
use tracing::info;

use super::attempt::{self, Attempt, Frozen, Refusal};
use super::browsers::{self, Visit};
use super::complete::{begun_now, deny_at_sign_in, refuse};
use super::finish::Finishing;
use super::{FlowError, answered};
use crate::app::App;
use crate::session::BrowserCookie;
use crate::store::records::{FinishedBy, LocalAccount, LoginState, RefusedAt, SignInName};
use crate::throttle::Target;
use crate::upstream::local::{Password, PasswordHash, email, username};

/// What our mark on a browser in which a password was right is for.
const KNOWN_BROWSER: &str = "known browser";

/// What somebody typed, and where.
pub struct Tried<'a> {
    /// The user name or e-mail address.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
    /// From where.
    pub address: IpAddr,
    /// The mark of a browser in which a password was right before.
    pub known: Option<&'a str>,
}

/// Where the browser goes afterwards.
pub enum PasswordOutcome {
    /// The attempt shows a page of its own: refused, or over.
    Page,
    /// The same, because the host has to say yes to this browser.
    Waits {
        /// What the browser is known by from now on.
        browser: BrowserCookie,
    },
    /// Signed in; what is left to do is done in a new attempt.
    SignedIn {
        /// The new browser session.
        session: Secret,
        /// What the browser is known by from now on.
        browser: BrowserCookie,
        /// The new attempt.
        id: RequestId,
        /// Its cookie.
        cookie: Secret,
        /// The mark by which this browser is known from now on.
        known: String,
    },
    /// Something goes to the client that is not a code.
    Refuse(Box<RedirectError>),
}

/// Goes on with an attempt whose visitor typed a name and a password.
pub async fn sign_in(
    app: &App,
    attempt: &Attempt<'_>,
    tried: Tried<'_>,
    visit: Visit<'_>,
) -> Result<PasswordOutcome, FlowError> {
    if attempt.frozen.renews_for.is_some() {
        return Ok(PasswordOutcome::Page); // it signs nobody in
    }
    let (account, known) = checked(app, &tried).await?;
    let started = matches!(attempt.state, LoginState::Started);
    if !started && !app.store.restart_login(attempt.id, app.clock.now()).await? {
        return Ok(PasswordOutcome::Page);
    }
    let Some((account, hash)) = account else {
        refuse(app, attempt.id, RefusedAt::Start, &Refusal::WrongPassword).await?;
        return Ok(PasswordOutcome::Page);
    };
    admit(app, attempt, Proved { account, hash, known }, visit).await
}

/// An account whose password was typed, with the hash that it fits.
struct Proved {
    account: LocalAccount,
    hash: String,
    known: Option<[u8; 16]>,
}

/// The account whose password this is. Counts the try before it looks.
async fn checked(
    app: &App,
    tried: &Tried<'_>,
) -> Result<(Option<(LocalAccount, String)>, Option<[u8; 16]>), FlowError> {
    let local = app.local.as_ref().ok_or(FlowError::NoSuchWayIn)?;
    let found = match sign_in_name(tried.name) {
        Some(name) => app.store.local_account(name).await?,
        None => None,
    };
    let known = found.as_ref().and_then(|account| known_in(app, account, tried.known));
    let target = target(found.as_ref(), known, tried.name);
    local
        .throttle
        .admit(target, AddressBlock::of(tried.address), app.clock.instant())
        .map_err(|wait| FlowError::TooManyTries { wait })?;
    let open = found.filter(|account| account.user.person.standing == Standing::Kept);
    let hash = open.as_ref().and_then(|account| PasswordHash::parse(account.password_hash.as_deref()?));
    let is_right = match Password::parse(tried.password) {
        Some(password) => local.checker.check(hash, password, known.is_some()).await?,
        None => false,
    };
    if !is_right {
        info!(address = %tried.address, "a password was wrong");
        return Ok((None, known));
    }
    local.throttle.succeeded(target);
    let account = open.and_then(|account| Some((account.clone(), account.password_hash?)));
    Ok((account, known))
}

fn local_id(account: &Account) -> Option<LocalAccountId> {
    match account.id {
        AccountId::Local(id) => Some(id),
        AccountId::Plex(_) => None,
    }
}

/// What was typed, in the one spelling that is compared. A name has no `@`, and an address has one.
fn sign_in_name(typed: &str) -> Option<SignInName> {
    let typed = typed.trim();
    username(typed).map(SignInName::Username).or_else(|| email(typed).map(SignInName::Email))
}

/// In whose name a try counts: an account's, by whichever of its names, or that of nobody.
fn target(found: Option<&LocalAccount>, known: Option<[u8; 16]>, typed: &str) -> Target {
    match (found.and_then(|account| local_id(&account.user.person.account)), known) {
        (Some(id), Some(browser)) => Target::Known(id, browser),
        (Some(id), None) => Target::Account(id),
        (None, _) => {
            let spelled = typed.trim().to_ascii_lowercase(); // as names are compared
            Target::Nobody(sha256(spelled.as_bytes()))
        }
    }
}

/// By which number this browser is known to the account, if the mark in its cookie says so.
fn known_in(app: &App, account: &LocalAccount, mark: Option<&str>) -> Option<[u8; 16]> {
    let text = app.mac.read(KNOWN_BROWSER, mark?)?;
    let (password, browser) = text.split_at_checked(32)?;
    (password == password_of(account)?).then(|| browser.try_into().ok())?
}

fn mark(app: &App, account: &LocalAccount, known: Option<[u8; 16]>) -> Option<String> {
    let browser = known.unwrap_or_else(|| *app.entropy.uuid().as_bytes());
    Some(app.mac.mark(KNOWN_BROWSER, &[&password_of(account)?[..], &browser].concat()))
}

/// The account and its password, as a digest: with another password, no browser is known any more.
fn password_of(account: &LocalAccount) -> Option<[u8; 32]> {
    let (subject, hash) = (account.user.subject(), account.password_hash.as_ref()?);
    Some(sha256(format!("{subject} {hash}").as_bytes()))
}

async fn admit(
    app: &App,
    attempt: &Attempt<'_>,
    Proved { account, hash, known }: Proved,
    visit: Visit<'_>,
) -> Result<PasswordOutcome, FlowError> {
    let known = mark(app, &account, known).unwrap_or_default();
    let (met, old_session) = (browsers::met(app, account.user.account_id(), visit).await?, visit.session);
    let session = begun_now(app, account.user, met.browser.judged(), old_session);
    let request = &attempt.frozen.request;
    let progress = Progress { signed_in: true, ..Progress::default() };
    match attempt::step(app, request, Some(&session), progress).await? {
        Step::Issue | Step::Consent | Step::ChooseAccount => {
            let by = FinishedBy::Password(hash);
            let finish =
                Finishing { app, attempt, by, session: &session, old_session, met: &met, plex_token: None };
            let Some(secret) = finish.store(None).await? else { return Ok(PasswordOutcome::Page) };
            let frozen = Frozen { signed_in: Some(session.sid), ..attempt.frozen.clone() };
            let (id, cookie) = attempt::begin(app, &frozen).await?;
            Ok(PasswordOutcome::SignedIn { session: secret, browser: met.cookie, id, cookie, known })
        }
        Step::Deny(denial) => {
            if denial == Denial::NewBrowser {
                browsers::keep_waiting(app, attempt, session.user.account_id(), &met).await?;
            }
            deny_at_sign_in(app, attempt, RefusedAt::Start, denial, &session).await?;
            let waits = denial == Denial::NewBrowser;
            Ok(if waits { PasswordOutcome::Waits { browser: met.cookie } } else { PasswordOutcome::Page })
        }
        Step::SignIn => {
            refuse(app, attempt.id, RefusedAt::Start, &Refusal::OtherPerson).await?;
            Ok(PasswordOutcome::Page)
        }
        Step::Refuse(error) if answered::spend(app, request).await? => {
            Ok(PasswordOutcome::Refuse(Box::new(error)))
        }
        Step::Refuse(_) => Ok(PasswordOutcome::Page),
    }
}
