//! `GET /sign-in/{request_id}`: the page that fits where the attempt stands. Read-only.

use axum::extract::{Path, State as Shared};
use http::{HeaderMap, StatusCode};
use plex_oidc_core::authorize::{Progress, Step};
use plex_oidc_core::device::OnDevice;
use plex_oidc_core::id::AccountId;

use crate::app::{App, State};
use crate::flow::FlowError;
use crate::flow::attempt::{self, Attempt, Refusal};
use crate::flow::requests::{self, TurnedAway, WithHost};
use crate::pages::{
    AccountChoice, AskedHost, Consent, Denied, DeniedReason, DeviceApproval, ErrorKind, Notice, Page, Said,
};
use crate::session::form_token;
use crate::store::records::{AccessRequest, BrowserSession, LoginState};
use crate::web::request::{Sent, Unreadable, open_for_page};
use crate::web::respond::{Answer, failed, page, page_error, see_other};
use crate::web::sign_in::views::sign_in;

/// `GET /sign-in/{request_id}`.
pub async fn show(
    Shared(app): Shared<State>,
    path: Path<String>,
    headers: HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    let attempt = match open_for_page(&app, path, &headers).await {
        Ok(attempt) => attempt,
        Err(answer) => return answer,
    };
    let full = sent.is_ok_and(|Sent(query)| query.get("ask").ok().flatten() == Some("full"));
    match fitting(&app, &attempt, &headers, Wanted { full, ..Wanted::default() }).await {
        Ok(answer) => answer,
        Err(error) => failed(&app, &error, Some(&attempt)),
    }
}

/// `GET /sign-in/{request_id}/consent`: after the choice of an account.
pub async fn show_consent(Shared(app): Shared<State>, path: Path<String>, headers: HeaderMap) -> Answer {
    let attempt = match open_for_page(&app, path, &headers).await {
        Ok(attempt) => attempt,
        Err(answer) => return answer,
    };
    let done = Progress { account_chosen: true, ..Progress::default() };
    match fitting(&app, &attempt, &headers, Wanted { done, full: false }).await {
        Ok(answer) => answer,
        Err(error) => failed(&app, &error, Some(&attempt)),
    }
}

/// What is known besides where the attempt stands.
#[derive(Default)]
struct Wanted {
    /// What was done for it already.
    done: Progress,
    /// Whether there was no room for a request to the host.
    full: bool,
}

async fn fitting(
    app: &App,
    attempt: &Attempt<'_>,
    headers: &HeaderMap,
    Wanted { done, full }: Wanted,
) -> Result<Answer, FlowError> {
    match &attempt.state {
        LoginState::Finished | LoginState::Cancelled => Ok(page_error(app, ErrorKind::UnknownRequest, None)),
        LoginState::Approved { .. } => Ok(see_other(&format!("/sign-in/{}/return", attempt.id))),
        LoginState::PinAdopted(pin) if pin.mode == "popup" => {
            Ok(see_other(&format!("/sign-in/{}/wait", attempt.id)))
        }
        LoginState::PinAdopted(_) => Ok(sign_in(app, attempt, None)),
        LoginState::Refused { .. } => refused(app, attempt, full).await,
        LoginState::Started => {
            let session = attempt::session(app, app.cookies.session(headers).as_ref()).await?;
            let progress = Progress { signed_in: attempt.progress(session.as_ref()).signed_in, ..done };
            let step = attempt::step(app, &attempt.frozen.request, session.as_ref(), progress).await?;
            started(app, attempt, session.as_ref(), step, full).await
        }
    }
}

async fn started(
    app: &App,
    attempt: &Attempt<'_>,
    session: Option<&BrowserSession>,
    step: Step,
    full: bool,
) -> Result<Answer, FlowError> {
    Ok(match (step, session) {
        (Step::ChooseAccount | Step::Issue, Some(session)) => account_choice(app, attempt, session),
        (Step::Consent, Some(session)) => consent(app, attempt, session),
        (Step::Deny(denial), Some(session)) => {
            denied(app, attempt, &TurnedAway::in_session(denial, session), full).await?
        }
        _ => sign_in(app, attempt, None),
    })
}

async fn refused(app: &App, attempt: &Attempt<'_>, full: bool) -> Result<Answer, FlowError> {
    let refusal = attempt.refusal();
    if let Some(turned) = refusal.clone().and_then(TurnedAway::of_refusal) {
        return denied(app, attempt, &turned, full).await;
    }
    Ok(match refusal {
        Some(Refusal::TookTooLong) => sign_in(app, attempt, Some(Notice::TookTooLong)),
        Some(Refusal::OtherAccount) => sign_in(app, attempt, Some(Notice::OtherAccount)),
        Some(Refusal::OtherPerson) => sign_in(app, attempt, Some(Notice::OtherPerson)),
        Some(Refusal::WrongPassword) => sign_in(app, attempt, Some(Notice::WrongPassword)),
        Some(Refusal::NotOwner) => sign_in(app, attempt, Some(Notice::NotOwner)),
        Some(Refusal::TokenRefused | Refusal::Denied { .. }) | None => {
            sign_in(app, attempt, Some(Notice::CancelledAtPlex))
        }
    })
}

async fn denied(
    app: &App,
    attempt: &Attempt<'_>,
    turned: &TurnedAway,
    is_full: bool,
) -> Result<Answer, FlowError> {
    let WithHost { request, may_ask } = requests::with_host(app, attempt, turned).await?;
    let asked = request.as_ref().map(|request| shown_request(app, request));
    let account = turned.account.map(|account| account.to_string());
    let (id, csrf) = (attempt.id.to_string(), form_token(&attempt.cookie));
    let values = Denied {
        reason: DeniedReason::from(turned.denial),
        account: account.as_deref().unwrap_or_default(),
        account_name: &turned.name,
        account_email: turned.email.as_deref(),
        at_plex: turned.at_plex,
        can_ask: may_ask && !is_full,
        is_full: may_ask && is_full,
        asked: asked.as_ref(),
        server_name: app.server_name.as_deref(),
        client_name: &attempt.client.name,
        request_id: &id,
        csrf: &csrf,
    };
    Ok(page(app, StatusCode::FORBIDDEN, &Page::Denied(values)))
}

fn shown_request<'a>(app: &App, request: &'a AccessRequest) -> AskedHost<'a> {
    let (now, answer) = (app.clock.now(), request.answer.as_ref());
    AskedHost {
        asked: Said::ago(now.since(request.asked.asked_at)),
        said: request.asked.said.as_deref(),
        answer: answer.map(|answer| answer.answer.as_str()),
        answer_said: answer.and_then(|answer| answer.said.as_deref()),
        answered: answer.map(|answer| Said::ago(now.since(answer.at))),
    }
}

fn account_choice(app: &App, attempt: &Attempt<'_>, session: &BrowserSession) -> Answer {
    let (id, csrf) = (attempt.id.to_string(), form_token(&attempt.cookie));
    let (subject, account) = (session.user.subject(), &session.user.person.account);
    let values = AccountChoice {
        account: subject.as_str(),
        at_plex: matches!(account.id, AccountId::Plex(_)),
        account_name: &account.display_name,
        account_email: account.email.as_deref(),
        client_name: &attempt.client.name,
        request_id: &id,
        csrf: &csrf,
    };
    page(app, StatusCode::OK, &Page::AccountChoice(values))
}

fn consent(app: &App, attempt: &Attempt<'_>, session: &BrowserSession) -> Answer {
    if let Some(device) = &attempt.frozen.request.device {
        return approval(app, attempt, device, session);
    }
    let (id, csrf) = (attempt.id.to_string(), form_token(&attempt.cookie));
    let scopes = scopes_in_plain_words(attempt);
    let (subject, account) = (session.user.subject(), &session.user.person.account);
    let values = Consent {
        account: subject.as_str(),
        client_name: &attempt.client.name,
        scopes: &scopes,
        account_name: &account.display_name,
        at_plex: matches!(account.id, AccountId::Plex(_)),
        plex_token: attempt.client.plex_token,
        request_id: &id,
        csrf: &csrf,
    };
    page(app, StatusCode::OK, &Page::Consent(values))
}

/// What is allowed on a device, and only by the click on this very page (requirement 106).
fn approval(app: &App, attempt: &Attempt<'_>, device: &OnDevice, session: &BrowserSession) -> Answer {
    let (id, csrf) = (attempt.id.to_string(), form_token(&attempt.cookie));
    let (subject, account) = (session.user.subject(), &session.user.person.account);
    let values = DeviceApproval {
        user_code: &device.user_code.to_string(),
        account: subject.as_str(),
        at_plex: matches!(account.id, AccountId::Plex(_)),
        account_name: &account.display_name,
        account_email: account.email.as_deref(),
        client_name: &attempt.client.name,
        scopes: &scopes_in_plain_words(attempt),
        request_id: &id,
        csrf: &csrf,
    };
    page(app, StatusCode::OK, &Page::DeviceApproval(values))
}

fn scopes_in_plain_words(attempt: &Attempt<'_>) -> Vec<Said> {
    let scopes = attempt.frozen.request.all_scopes();
    scopes.iter().map(|scope| Said::of_scope(scope, &attempt.client.subject_type)).collect()
}
