//! Asking the host for access: who was refused may ask once for each application, and the host answers. Who asks is what the
//! sign-in proved, never what a form says.

use plex_oidc_core::audit::{Actor, Event, What};
use plex_oidc_core::authorize::Step;
use plex_oidc_core::decide::Denial;
use plex_oidc_core::id::{AccountId, BrowserId, ClientId};
use plex_oidc_core::{line, own_page};
use std::net::IpAddr;
use tracing::info;

use super::attempt::{self, Attempt, Refusal};
use super::audit::{self, By};
use super::by_host::ByHost;
use super::{FlowError, alarm, mail, people};
use crate::app::App;
use crate::store::ASK_AGAIN;
use crate::store::records::{
    AccessRequest, Asking, BrowserSession, HostAnswer, LoginState, NewAccessRequest, WaitingRequests, Wish,
};

/// Longest sentence to the host, or from the host, in characters.
pub const LONGEST_SENTENCE: usize = 300;
/// So many requests the host is shown at a time.
const SHOWN: u32 = 10;

/// Somebody who may not come in, as the sign-in found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnedAway {
    /// Why.
    pub denial: Denial,
    /// The account. `None` in an attempt that a version before this one refused.
    pub account: Option<AccountId>,
    /// The browser that it came from, where that is known.
    pub browser: Option<BrowserId>,
    /// Whether it is a Plex account.
    pub at_plex: bool,
    /// Its name.
    pub name: String,
    /// Its e-mail address.
    pub email: Option<String>,
}

impl TurnedAway {
    /// Somebody who is signed in here.
    pub fn in_session(denial: Denial, session: &BrowserSession) -> Self {
        let account = &session.user.person.account;
        Self {
            denial,
            account: Some(account.id),
            browser: session.browser.map(|browser| browser.id),
            at_plex: matches!(account.id, AccountId::Plex(_)),
            name: account.display_name.clone(),
            email: account.email.clone(),
        }
    }

    /// Somebody whom the attempt itself refused.
    pub fn of_refusal(refusal: Refusal) -> Option<Self> {
        match refusal {
            Refusal::Denied { denial, account, browser, account_name, account_email, at_plex } => {
                Some(Self { denial, account, browser, at_plex, name: account_name, email: account_email })
            }
            _ => None,
        }
    }
}

/// Whom this attempt turned away. `None`: nobody, or it is over.
pub async fn turned_away(
    app: &App,
    attempt: &Attempt<'_>,
    session: Option<&BrowserSession>,
) -> Result<Option<TurnedAway>, FlowError> {
    match (&attempt.state, session) {
        (LoginState::Refused { .. }, _) => Ok(attempt.refusal().and_then(TurnedAway::of_refusal)),
        (LoginState::Started, Some(session)) => {
            let progress = attempt.progress(Some(session));
            match attempt::step(app, &attempt.frozen.request, Some(session), progress).await? {
                Step::Deny(denial) => Ok(Some(TurnedAway::in_session(denial, session))),
                _ => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

/// What the host could do for somebody who was turned away. `None`: nothing.
pub fn wish(attempt: &Attempt<'_>, turned: &TurnedAway) -> Option<Wish> {
    let of_ours = own_page::is_page(attempt.client.id.as_str());
    let wish = Wish::about(turned.denial).filter(|wish| !(of_ours && *wish == Wish::Open));
    wish.filter(|wish| *wish != Wish::Browser || turned.browser.is_some())
}

/// The browser that a wish is about.
fn about(wish: Wish, turned: &TurnedAway) -> Option<BrowserId> {
    turned.browser.filter(|_| wish == Wish::Browser)
}

/// How somebody who was turned away stands with the host.
#[derive(Debug, Default)]
pub struct WithHost {
    /// What they asked for, and what the host answered.
    pub request: Option<AccessRequest>,
    /// Whether they may ask now.
    pub may_ask: bool,
}

/// How somebody who was turned away stands with the host.
pub async fn with_host(app: &App, attempt: &Attempt<'_>, turned: &TurnedAway) -> Result<WithHost, FlowError> {
    let (Some(wish), Some(account)) = (wish(attempt, turned), turned.account) else {
        return Ok(WithHost::default());
    };
    let browser = about(wish, turned);
    let request = app.store.access_request(account, attempt.client.id.clone(), browser).await?;
    let now = app.clock.now();
    let is_open = |request: &AccessRequest| {
        request.answer.as_ref().is_some_and(|answer| answer.at.plus(ASK_AGAIN).has_passed(now))
    };
    let may_ask = request.as_ref().is_none_or(is_open);
    Ok(WithHost { request, may_ask })
}

/// Asks the host, in the name of whom the attempt turned away.
pub async fn ask(
    app: &App,
    attempt: &Attempt<'_>,
    turned: TurnedAway,
    said: Option<&str>,
    address: IpAddr,
) -> Result<Asking, FlowError> {
    let (Some(wish), Some(account_id)) = (wish(attempt, &turned), turned.account) else {
        return Ok(Asking::There);
    };
    if !with_host(app, attempt, &turned).await?.may_ask {
        return Ok(Asking::There); // without a write
    }
    let request = NewAccessRequest {
        account_id,
        door: attempt.client.id.clone(),
        browser: about(wish, &turned),
        wish,
        account_name: line::plain(&turned.name, LONGEST_SENTENCE),
        account_email: turned.email,
        said: said.and_then(sentence),
        address,
        asked_at: app.clock.now(),
    };
    let outcome = app.store.ask_for_access(request.clone()).await?;
    match outcome {
        Asking::Stored => asked(app, &request).await,
        Asking::There => {}
        Asking::TooMany => info!(account = %account_id, %address, "a request to the host found no room"),
    }
    Ok(outcome)
}

/// A request is with the host. Whatever else tells the host of it belongs here. What the person says is not for the log.
async fn asked(app: &App, request: &NewAccessRequest) {
    info!(
        account = %request.account_id, address = %request.address, door = %request.door, wish = request.wish.as_str(),
        "somebody asks the host for access"
    );
    mail::note_request(app);
    alarm::tell_host(
        app,
        "access_asked",
        "somebody asks you for access: see the host's page".to_owned(),
        None,
    );
    let event = Event::new(request.asked_at, What::AccessAsked, Actor::Account(request.account_id))
        .about(request.account_id)
        .named(&request.account_name)
        .target(request.door.as_str())
        .address(Some(request.address));
    audit::note(app, event).await;
}

/// The requests that the host is shown.
pub async fn waiting(app: &App) -> Result<WaitingRequests, FlowError> {
    Ok(app.store.waiting_requests(SHOWN).await?)
}

/// Which request is answered.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who asked.
    pub account: AccountId,
    /// For what.
    pub door: ClientId,
    /// For which browser, if it is about one.
    pub browser: Option<BrowserId>,
}

/// An answer of the host. `false`: nothing waits for it any more.
pub async fn answer(
    app: &App,
    by: By,
    asked: Asked,
    answer: HostAnswer,
    said: Option<&str>,
) -> Result<bool, FlowError> {
    let (account, door, is_there) = (asked.account, asked.door.clone(), app.client(&asked.door).is_some());
    let done = ByHost::in_service(app, by).answer(asked, (answer, said), is_there).await?;
    info!(
        by = %by.actor, address = %by.address, %account, %door, answer = answer.as_str(), is_done = done.is_some(),
        "the host answered a request"
    );
    people::felt(app);
    Ok(done.is_some_and(|done| {
        audit::warn_of(done.noted);
        true
    }))
}

/// What somebody writes to somebody else, if it is anything.
pub(super) fn sentence(text: &str) -> Option<String> {
    Some(line::plain(text, LONGEST_SENTENCE)).filter(|line| !line.is_empty())
}
