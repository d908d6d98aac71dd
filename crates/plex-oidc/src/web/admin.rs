//! The pages of the host: who is here, what they hold, what there is for them; and ending it. Whoever is not the host, by the one
//! decision and at this very request, sees nothing of them and changes nothing.

use axum::extract::{Path, State as Shared};
use http::HeaderMap;
use plex_oidc_core::decide::Mark;
use plex_oidc_core::form::Parameters;
use plex_oidc_core::id::{AccountId, BrowserId, ClientId, Sid};
use plex_oidc_core::own_page::OwnPage;
use plex_oidc_core::prompt::Prompt;
use plex_oidc_core::subject::Subject;

use super::host::{Acting, account_in, host, path_of, sign_in};
use super::host_views::{home, of_person};
use super::request::{ClientAddress, Sent, Unreadable};
use super::respond::{Answer, failed, page_error, see_other};
use crate::app::{App, State};
use crate::flow::FlowError;
use crate::flow::admin::{self as flow, Asked, Turned};
use crate::flow::people::{self, Marked};
use crate::flow::requests;
use crate::pages::{AdminNotice, ErrorKind};
use crate::store::records::HostAnswer;

const PATH: &str = OwnPage::Admin.path();

/// `GET /admin`: the page, after signing in for it if need be.
pub async fn show(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    let host = match host(&app, &headers, address, None).await {
        Ok(host) => host,
        Err(answer) => return answer,
    };
    let Ok(Sent(query)) = sent else { return see_other(PATH) };
    if query.has("iss") {
        // Back from signing in: what came along is not for the history.
        return see_other(&path_of(account_in(&query, "state")));
    }
    home(&app, &host, &query).await.unwrap_or_else(|error| failed(&app, &error, None))
}

/// `GET /admin/again`: a fresh sign-in, for what changes something.
pub async fn again(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    if let Err(answer) = host(&app, &headers, address, None).await {
        return answer;
    }
    let about = sent.ok().and_then(|Sent(query)| account_in(&query, "about"));
    let login = Prompt::Show { login: true, consent: false, select_account: false };
    sign_in(&app, login, about, (&headers, address)).await
}

/// `GET /admin/people/{account}`: one person.
pub async fn person(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    Path(named): Path<String>,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    let about = Subject::parse(&named).and_then(|subject| subject.account());
    let host = match host(&app, &headers, address, about).await {
        Ok(host) => host,
        Err(answer) => return answer,
    };
    let (Some(account), Ok(Sent(query))) = (about, sent) else {
        return page_error(&app, ErrorKind::NotFound, None);
    };
    match flow::holdings(&app, account).await {
        Ok(Some(holdings)) => of_person(&app, &host, &holdings, &query),
        Ok(None) => page_error(&app, ErrorKind::NotFound, None),
        Err(error) => failed(&app, &error, None),
    }
}

/// `POST /admin/people/end`: ends all sessions and tokens of somebody.
pub async fn end_everything(Shared(app): Shared<State>, Acting { by, about, .. }: Acting) -> Answer {
    let Some(account) = about else { return told(None, AdminNotice::NothingThere) };
    let ended = flow::end_everything(&app, by, account).await;
    done(&app, account, ended, AdminNotice::EverythingEnded)
}

/// `POST /admin/sessions`: ends one session of somebody.
pub async fn end_session(Shared(app): Shared<State>, Acting { by, about, form }: Acting) -> Answer {
    let sid = form.get("sid").ok().flatten().and_then(Sid::parse);
    let (Some(account), Some(sid)) = (about, sid) else { return told(about, AdminNotice::NothingThere) };
    let ended = flow::end_session(&app, by, account, sid).await;
    done(&app, account, ended, AdminNotice::SessionEnded)
}

/// `POST /admin/tokens/end`: ends one app token of somebody.
pub async fn end_token(Shared(app): Shared<State>, Acting { by, about, form }: Acting) -> Answer {
    let id = form.get("id").ok().flatten();
    let (Some(account), Some(id)) = (about, id) else { return told(about, AdminNotice::NothingThere) };
    let ended = flow::end_token(&app, by, account, id).await;
    done(&app, account, ended, AdminNotice::TokenEnded)
}

/// `POST /admin/browsers/forget`: forgets a browser of somebody, and ends what came of it.
pub async fn forget_browser(Shared(app): Shared<State>, Acting { by, about, form }: Acting) -> Answer {
    let id = form.get("browser").ok().flatten().and_then(BrowserId::parse);
    let (Some(account), Some(id)) = (about, id) else { return told(about, AdminNotice::NothingThere) };
    let forgotten = flow::forget_browser(&app, by, account, id).await;
    done(&app, account, forgotten, AdminNotice::BrowserForgotten)
}

/// `POST /admin/people/mark`: says something of somebody, or takes it back.
pub async fn mark(Shared(app): Shared<State>, Acting { by, about, form }: Acting) -> Answer {
    let (Some(account), Some((mark, notice))) = (about, marked(&form)) else {
        return told(about, AdminNotice::NothingThere);
    };
    match people::mark(&app, by, account, mark).await {
        Ok(Marked::Done) => told(Some(account), notice),
        Ok(Marked::Stays) => told(Some(account), AdminNotice::Stays),
        Ok(Marked::NothingThere) => told(None, AdminNotice::NothingThere),
        Err(error) => failed(&app, &error, None),
    }
}

fn marked(form: &Parameters) -> Option<(Mark, AdminNotice)> {
    let door = || ClientId::parse(form.get("door").ok().flatten()?);
    Some(match form.get("mark").ok().flatten()? {
        "block" => (Mark::Blocked(true), AdminNotice::Blocked),
        "unblock" => (Mark::Blocked(false), AdminNotice::Unblocked),
        "name" => (Mark::Named(true), AdminNotice::Named),
        "unname" => (Mark::Named(false), AdminNotice::Unnamed),
        "open" => (Mark::Door(door()?, true), AdminNotice::Opened),
        "close" => (Mark::Door(door()?, false), AdminNotice::Closed),
        _ => return None,
    })
}

/// `POST /admin/requests`: answers somebody who asks for access. They need not be anybody with a page here.
pub async fn answer_request(Shared(app): Shared<State>, Acting { by, form, .. }: Acting) -> Answer {
    let door = form.get("door").ok().flatten().and_then(ClientId::parse);
    let answer = form.get("answer").ok().flatten().and_then(HostAnswer::parse);
    let (Some(account), Some(door), Some(answer)) = (account_in(&form, "who"), door, answer) else {
        return told(None, AdminNotice::NothingThere);
    };
    let said = form.get("said").ok().flatten();
    let browser = form.get("browser").ok().flatten().and_then(BrowserId::parse);
    match requests::answer(&app, by, requests::Asked { account, door, browser }, answer, said).await {
        Ok(true) => told(None, AdminNotice::Answered),
        Ok(false) => told(None, AdminNotice::NothingThere),
        Err(error) => failed(&app, &error, None),
    }
}

/// `POST /admin/recheck`: has Plex asked now who is a member.
pub async fn ask_plex(Shared(app): Shared<State>, acting: Acting) -> Answer {
    let notice = match flow::ask_plex(&app, acting.by.actor, Some(acting.by.address)).await {
        Asked::Answered => AdminNotice::Asked,
        Asked::Unanswered => AdminNotice::Unanswered,
        Asked::NoToken => AdminNotice::NoToken,
        Asked::TooSoon => AdminNotice::TooSoon,
    };
    told(None, notice)
}

/// `POST /admin/keys`: rotates the signing keys.
pub async fn rotate_keys(Shared(app): Shared<State>, acting: Acting) -> Answer {
    let notice = match flow::rotate_keys(&app, acting.by).await {
        Turned::Rotated => AdminNotice::KeysRotated,
        Turned::TooSoon => AdminNotice::KeysTooSoon,
        Turned::Changed => AdminNotice::KeysChanged,
        Turned::Failed => AdminNotice::KeysFailed,
    };
    told(None, notice)
}

fn done(app: &App, account: AccountId, outcome: Result<bool, FlowError>, notice: AdminNotice) -> Answer {
    match outcome {
        Ok(true) => told(Some(account), notice),
        Ok(false) => told(None, AdminNotice::NothingThere),
        Err(error) => failed(app, &error, None),
    }
}

/// Back to the page, which says so.
fn told(about: Option<AccountId>, notice: AdminNotice) -> Answer {
    see_other(&format!("{}?done={}", path_of(about), notice.word()))
}
