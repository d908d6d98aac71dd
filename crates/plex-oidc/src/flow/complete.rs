//! From an approved PIN to a signed-in person: who is it, may they come in, and where do they go now.

use std::net::IpAddr;

use plex_oidc_core::audit::Actor;
use plex_oidc_core::authorize::{AuthorizationResponse, AuthorizeErrorCode, Progress, RedirectError, Step};
use plex_oidc_core::decide::{Denial, Standing};
use plex_oidc_core::id::{AccountId, RequestId};
use plex_oidc_core::secret::Secret;
use plextv::{Error, PinId, PlexToken};
use secrecy::ExposeSecret as _;
use tracing::info;

use super::attempt::{self, Attempt, Frozen, Refusal};
use super::browsers::{self, Visit};
use super::finish::{Finishing, finish_with_session};
use super::issue::{Holder, new_code, token_for};
use super::owner_token::{self, Renewal};
use super::{FlowError, answered, audit, own_tokens, sign_out};
use crate::app::App;
use crate::keys::Place;
use crate::metrics::SignInOutcome;
use crate::session::BrowserCookie;
use crate::store::records::{
    AdoptedPin, BrowserSession, FinishedBy, KnownBrowser, LoginState, RefusedAt, SealedBytes, UserRecord,
};
use crate::upstream::plex::Identified;

/// Where the browser goes after it came back from Plex.
pub enum Outcome {
    /// Nobody has approved yet.
    Waiting,
    /// The attempt shows a page of its own: refused, or over.
    Page,
    /// The same, because the host has to say yes to this browser.
    Waits {
        /// What the browser is known by from now on.
        browser: BrowserCookie,
    },
    /// Signed in, and back to the client with a code.
    Done {
        /// What the client is sent.
        response: AuthorizationResponse,
        /// The new browser session.
        session: Secret,
        /// What the browser is known by from now on.
        browser: BrowserCookie,
    },
    /// Signed in, but there is something to ask first, in a new attempt.
    Ask {
        /// The new browser session.
        session: Secret,
        /// What the browser is known by from now on.
        browser: BrowserCookie,
        /// The new attempt.
        id: RequestId,
        /// Its cookie.
        cookie: Secret,
    },
    /// Back to the client with a code, after a form: by the page that goes on by itself.
    Onward {
        /// The response.
        response: AuthorizationResponse,
    },
    /// Something goes to the client that is not a code.
    Refuse(Box<RedirectError>),
    /// It was about the owner's token.
    OwnerToken(Renewal),
}

/// Looks at an attempt's PIN at Plex and notes what became of it. `true` when the attempt no longer waits.
pub async fn look(app: &App, id: RequestId, pin: &AdoptedPin) -> Result<bool, FlowError> {
    let now = app.clock.now();
    let plex = app.plex.as_ref().ok_or(FlowError::NoSuchWayIn)?;
    match plex.look(PinId(pin.id), pin.code.expose_secret()).await {
        Ok(seen) => {
            let Some(token) = seen.auth_token else {
                return if pin.expires.has_passed(now) { too_late(app, id, pin).await } else { Ok(false) };
            };
            let sealed = seal_login_token(app, id, &token)?;
            app.store.approve_login(id, pin.id, sealed, now).await?;
            Ok(true)
        }
        Err(Error::PinGone) => too_late(app, id, pin).await,
        Err(_) if pin.expires.has_passed(now) => too_late(app, id, pin).await,
        Err(error) => Err(error.into()),
    }
}

/// As [`look`], because a browser asks and not because it is the poller's turn. Bounded, or one visitor could have us ask
/// Plex until it answers nobody any more.
pub async fn hurried_look(
    app: &App,
    (id, address): (RequestId, IpAddr),
    pin: &AdoptedPin,
) -> Result<bool, FlowError> {
    if !app.limiter.allows_hurried_look(id, address) {
        return Ok(false);
    }
    look(app, id, pin).await
}

async fn too_late(app: &App, id: RequestId, pin: &AdoptedPin) -> Result<bool, FlowError> {
    refuse(app, id, RefusedAt::Pin(pin.id), &Refusal::TookTooLong).await?;
    Ok(true)
}

/// Notes why an attempt shows a page. `false`: it has gone on since.
pub(super) async fn refuse(
    app: &App,
    id: RequestId,
    at: RefusedAt,
    why: &Refusal,
) -> Result<bool, FlowError> {
    let noted = app.store.refuse_login(id, at, serde_json::to_string(why)?, app.clock.now()).await?;
    if noted {
        app.metrics.sign_ins.add(counted(why));
    } else {
        info!(request = %id, ?at, "a sign-in had gone on before it was refused");
    }
    Ok(noted)
}

const fn counted(why: &Refusal) -> SignInOutcome {
    match why {
        Refusal::Denied { .. } => SignInOutcome::Denied,
        Refusal::TookTooLong => SignInOutcome::TooLate,
        Refusal::TokenRefused => SignInOutcome::TokenRefused,
        Refusal::OtherAccount | Refusal::OtherPerson | Refusal::NotOwner => SignInOutcome::OtherPerson,
        Refusal::WrongPassword => SignInOutcome::WrongPassword,
    }
}

/// Goes on with an attempt whose browser came back, from `address`.
pub async fn come_back(
    app: &App,
    attempt: Attempt<'_>,
    address: IpAddr,
    visit: Visit<'_>,
) -> Result<Outcome, FlowError> {
    let attempt = match &attempt.state {
        LoginState::PinAdopted(pin) => {
            if !hurried_look(app, (attempt.id, address), pin).await? {
                return Ok(Outcome::Waiting);
            }
            let Some(again) = attempt::open(app, attempt.id, attempt.cookie).await? else {
                return Ok(Outcome::Page);
            };
            again
        }
        LoginState::Approved { .. } if !app.limiter.allows_question(attempt.id) => {
            return Err(FlowError::TooOften);
        }
        LoginState::Started => return issue_after_password(app, &attempt, visit.session).await,
        _ => attempt,
    };
    let LoginState::Approved { pin_id, plex_token_sealed } = &attempt.state else { return Ok(Outcome::Page) };
    let approval = Approval { pin_id: *pin_id, token: open_login_token(app, attempt.id, plex_token_sealed)? };
    if let Some(host) = attempt.frozen.renews_for {
        return owner_token::renew(app, (&attempt, host, address), (*pin_id, approval.token)).await;
    }
    let plex = app.plex.as_ref().ok_or(FlowError::NoSuchWayIn)?;
    match plex.identify(&approval.token, app.clock.now()).await {
        Ok(identified) => admit(app, &attempt, approval, identified, visit).await,
        Err(error) if error.says_token_is_dead() => {
            refuse(app, attempt.id, RefusedAt::Approval(*pin_id), &Refusal::TokenRefused).await?;
            Ok(Outcome::Page)
        }
        Err(error) => Err(error.into()),
    }
}

/// The end of an attempt that began when a password was right: nothing but the code is left to do. Only the browser with
/// both cookies gets this far, and only once.
async fn issue_after_password(
    app: &App,
    attempt: &Attempt<'_>,
    session: Option<&BrowserSession>,
) -> Result<Outcome, FlowError> {
    let progress = attempt.progress(session);
    let Some(session) = session.filter(|_| progress.signed_in) else { return Ok(Outcome::Page) };
    if attempt::step(app, &attempt.frozen.request, Some(session), progress).await? != Step::Issue {
        return Ok(Outcome::Page);
    }
    let response = finish_with_session(app, attempt, session).await?;
    Ok(response.map_or(Outcome::Page, |response| Outcome::Onward { response }))
}

/// The session of somebody who has just proved who they are in this browser. That of the same person in it goes on under its
/// name.
pub(super) fn begun_now(
    app: &App,
    user: UserRecord,
    browser: KnownBrowser,
    old_session: Option<&BrowserSession>,
) -> BrowserSession {
    let now = app.clock.now();
    let same_person = old_session.filter(|old| old.user.account_id() == user.account_id());
    BrowserSession {
        hash: plex_oidc_core::secret::SecretHash([0; 32]),
        sid: same_person.map_or_else(|| app.entropy.sid(), |old| old.sid),
        user,
        auth_time: now,
        created: now,
        last_seen: now,
        idle_expires: now.plus(app.lifetimes.session_idle),
        absolute_expires: now.plus(app.lifetimes.session_absolute),
        browser: Some(browser),
    }
}

/// What Plex approved: a PIN, and the token that came of it.
struct Approval {
    pin_id: u64,
    token: PlexToken,
}

async fn admit(
    app: &App,
    attempt: &Attempt<'_>,
    Approval { pin_id, token }: Approval,
    identified: Identified,
    visit: Visit<'_>,
) -> Result<Outcome, FlowError> {
    let Identified { mut person, clear, servers_are_clear, server_token } = identified;
    let now = app.clock.now();
    person.marks = app.store.marks(person.account.id).await?;
    if !clear && let Some(known) = app.store.user(person.account.id).await? {
        if !servers_are_clear {
            person.keep_servers_of(&known.person, &app.rules, now);
        }
        person.keep_shares_of(&known.person);
    }
    let (met, old_session) = (browsers::met(app, person.account.id, visit).await?, visit.session);
    let user = UserRecord { person, updated: now };
    let session = begun_now(app, user, met.browser.judged(), old_session);
    let sid = session.sid;
    let progress = Progress { signed_in: true, ..Progress::default() };
    let request = &attempt.frozen.request;
    let step = attempt::step(app, request, Some(&session), progress).await?;
    if clear && matches!(step, Step::Deny(_) | Step::SignIn) {
        learn(app, &session.user).await?;
    }
    let subject = app.subject(attempt.client, &session.user.person);
    let plex_token = own_tokens::kept(app, &session.user.person, &token)?;
    let by = FinishedBy::Pin(pin_id);
    let finish = Finishing { app, attempt, by, session: &session, old_session, met: &met, plex_token };
    match step {
        Step::Issue => {
            let plex_token = token_for(attempt.client, &token, server_token.as_ref());
            let holder = Holder { account_id: session.user.account_id(), sid, auth_time: now, plex_token };
            let (response, stored) = new_code(app, request, &holder)?;
            let Some(secret) = finish.store(Some(stored)).await? else { return Ok(Outcome::Page) };
            Ok(Outcome::Done { response, session: secret, browser: met.cookie })
        }
        Step::Consent | Step::ChooseAccount => {
            let Some(secret) = finish.store(None).await? else { return Ok(Outcome::Page) };
            let frozen = Frozen { signed_in: Some(sid), ..attempt.frozen.clone() };
            let (id, cookie) = attempt::begin(app, &frozen).await?;
            Ok(Outcome::Ask { session: secret, browser: met.cookie, id, cookie })
        }
        Step::Deny(denial) => {
            if denial == Denial::NewBrowser {
                browsers::keep_waiting(app, attempt, session.user.account_id(), &met).await?;
            }
            deny_at_sign_in(app, attempt, RefusedAt::Approval(pin_id), denial, &session).await?;
            let waits = denial == Denial::NewBrowser;
            Ok(if waits { Outcome::Waits { browser: met.cookie } } else { Outcome::Page })
        }
        Step::SignIn if request.expected_subject.as_ref().is_none_or(|expected| *expected == subject) => {
            Err(FlowError::NotKnown)
        }
        Step::SignIn => {
            refuse(app, attempt.id, RefusedAt::Approval(pin_id), &Refusal::OtherAccount).await?;
            Ok(Outcome::Page)
        }
        Step::Refuse(error) if answered::spend(app, request).await? => Ok(Outcome::Refuse(Box::new(error))),
        Step::Refuse(_) => Ok(Outcome::Page),
    }
}

/// Plex has said something new about a person: it holds at every door, though this sign-in comes to nothing. With whom
/// nothing is shared any more, what that person had ends for good. Strangers are not remembered.
async fn learn(app: &App, user: &UserRecord) -> Result<(), FlowError> {
    if app.store.user(user.account_id()).await?.is_none() {
        return Ok(());
    }
    if user.person.standing == Standing::Ended {
        return sign_out::end_access(app, user, Actor::Program).await;
    }
    app.store.put_user(user.clone()).await?;
    Ok(())
}

/// Notes that this person may not come in, so that the attempt's page can say so. `false`: the attempt has gone on since.
pub async fn deny(
    app: &App,
    (id, at): (RequestId, RefusedAt),
    denial: Denial,
    session: &BrowserSession,
) -> Result<bool, FlowError> {
    let account = &session.user.person.account;
    info!(account = %account.id, ?denial, "somebody may not come in");
    let why = Refusal::Denied {
        denial,
        account_name: account.display_name.clone(),
        account_email: account.email.clone(),
        at_plex: matches!(account.id, AccountId::Plex(_)),
        account: Some(account.id),
        browser: session.browser.map(|browser| browser.id),
    };
    refuse(app, id, at, &why).await
}

/// The same at the end of a sign-in, which the audit log tells of: once, however many tabs wait for it.
pub(super) async fn deny_at_sign_in(
    app: &App,
    attempt: &Attempt<'_>,
    at: RefusedAt,
    denial: Denial,
    session: &BrowserSession,
) -> Result<(), FlowError> {
    if deny(app, (attempt.id, at), denial, session).await? {
        audit::denied(app, attempt, denial, &session.user.person).await;
    }
    Ok(())
}

/// The answer of a visitor who cancelled.
pub fn cancelled(attempt: &Attempt<'_>) -> RedirectError {
    attempt.frozen.request.refuse(AuthorizeErrorCode::AccessDenied, "the person cancelled the sign-in")
}

fn seal_login_token(app: &App, id: RequestId, token: &PlexToken) -> Result<SealedBytes, FlowError> {
    let row = id.to_string();
    Ok(SealedBytes(app.seal.seal(login_place(&row), token.expose().as_bytes())?))
}

fn open_login_token(app: &App, id: RequestId, sealed: &SealedBytes) -> Result<PlexToken, FlowError> {
    let row = id.to_string();
    let plain = app.seal.open(login_place(&row), &sealed.0)?;
    let token = std::str::from_utf8(&plain).ok().and_then(PlexToken::parse);
    token.ok_or(FlowError::Seal(crate::keys::SealError::Damaged))
}

fn login_place(row: &str) -> Place<'_> {
    Place { table: "logins", column: "plex_token", row }
}
