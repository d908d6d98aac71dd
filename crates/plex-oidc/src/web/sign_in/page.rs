//! `GET /sign-in/{request_id}`: the page that fits where the attempt stands. Read-only.

use axum::extract::{Path, State as Shared};
use http::{HeaderMap, StatusCode};
use plex_oidc_core::authorize::{Progress, Step};
use plex_oidc_core::decide::Denial;
use plex_oidc_core::device::OnDevice;
use plex_oidc_core::id::AccountId;

use crate::app::{App, State};
use crate::flow::FlowError;
use crate::flow::attempt::{self, Attempt, Refusal};
use crate::pages::{
    AccountChoice, Consent, Denied, DeniedReason, DeviceApproval, ErrorKind, Notice, Page, Said,
};
use crate::session::form_token;
use crate::store::records::{BrowserSession, LoginState};
use crate::web::request::open_for_page;
use crate::web::respond::{Answer, failed, page, page_error, see_other};
use crate::web::sign_in::views::sign_in;

/// `GET /sign-in/{request_id}`.
pub async fn show(Shared(app): Shared<State>, path: Path<String>, headers: HeaderMap) -> Answer {
    let attempt = match open_for_page(&app, path, &headers).await {
        Ok(attempt) => attempt,
        Err(answer) => return answer,
    };
    match fitting(&app, &attempt, &headers, Progress::default()).await {
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
    let chosen = Progress { account_chosen: true, ..Progress::default() };
    match fitting(&app, &attempt, &headers, chosen).await {
        Ok(answer) => answer,
        Err(error) => failed(&app, &error, Some(&attempt)),
    }
}

async fn fitting(
    app: &App,
    attempt: &Attempt<'_>,
    headers: &HeaderMap,
    done: Progress,
) -> Result<Answer, FlowError> {
    match &attempt.state {
        LoginState::Finished | LoginState::Cancelled => Ok(page_error(app, ErrorKind::UnknownRequest, None)),
        LoginState::Approved { .. } => Ok(see_other(&format!("/sign-in/{}/return", attempt.id))),
        LoginState::PinAdopted(pin) if pin.mode == "popup" => {
            Ok(see_other(&format!("/sign-in/{}/wait", attempt.id)))
        }
        LoginState::PinAdopted(_) => Ok(sign_in(app, attempt, None)),
        LoginState::Refused { .. } => Ok(refused(app, attempt)),
        LoginState::Started => {
            let session = attempt::session(app, app.cookies.session(headers).as_ref()).await?;
            let progress = Progress { signed_in: attempt.progress(session.as_ref()).signed_in, ..done };
            let step = attempt::step(app, &attempt.frozen.request, session.as_ref(), progress).await?;
            Ok(started(app, attempt, session.as_ref(), step))
        }
    }
}

fn started(app: &App, attempt: &Attempt<'_>, session: Option<&BrowserSession>, step: Step) -> Answer {
    match (step, session) {
        (Step::ChooseAccount | Step::Issue, Some(session)) => account_choice(app, attempt, session),
        (Step::Consent, Some(session)) => consent(app, attempt, session),
        (Step::Deny(denial), Some(session)) => {
            let account = &session.user.person.account;
            let at_plex = matches!(account.id, AccountId::Plex(_));
            denied(app, attempt, denial, (&account.display_name, account.email.as_deref(), at_plex))
        }
        _ => sign_in(app, attempt, None),
    }
}

fn refused(app: &App, attempt: &Attempt<'_>) -> Answer {
    match attempt.refusal() {
        Some(Refusal::Denied { denial, account_name, account_email, at_plex }) => {
            denied(app, attempt, denial, (&account_name, account_email.as_deref(), at_plex))
        }
        Some(Refusal::TookTooLong) => sign_in(app, attempt, Some(Notice::TookTooLong)),
        Some(Refusal::OtherAccount) => sign_in(app, attempt, Some(Notice::OtherAccount)),
        Some(Refusal::OtherPerson) => sign_in(app, attempt, Some(Notice::OtherPerson)),
        Some(Refusal::WrongPassword) => sign_in(app, attempt, Some(Notice::WrongPassword)),
        Some(Refusal::TokenRefused) | None => sign_in(app, attempt, Some(Notice::CancelledAtPlex)),
    }
}

fn denied(app: &App, attempt: &Attempt<'_>, denial: Denial, account: (&str, Option<&str>, bool)) -> Answer {
    let (id, csrf) = (attempt.id.to_string(), form_token(&attempt.cookie));
    let values = Denied {
        reason: DeniedReason::from(denial),
        account_name: account.0,
        account_email: account.1,
        at_plex: account.2,
        server_name: app.server_name.as_deref(),
        client_name: &attempt.client.name,
        request_id: &id,
        csrf: &csrf,
    };
    page(app, StatusCode::FORBIDDEN, &Page::Denied(values))
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
    let subject = session.user.subject();
    let values = Consent {
        account: subject.as_str(),
        client_name: &attempt.client.name,
        scopes: &scopes,
        account_name: &session.user.person.account.display_name,
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
