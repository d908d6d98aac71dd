//! What somebody says on their own page of the browsers that they are known in: that was me, this was not me, forget it.

use axum::extract::State as Shared;
use http::StatusCode;
use plex_oidc_core::id::{AccountId, BrowserId};
use plex_oidc_core::own_page::OwnPage;

use super::here::OwnForm;
use super::request::{Sent, Unreadable};
use super::respond::{Answer, failed, page, see_other, with_cookie};
use crate::app::{App, State};
use crate::flow::browsers as flow;
use crate::pages::{AccountNotice, Page};
use crate::store::records::Forgotten;

const PATH: &str = OwnPage::Account.path();

/// `POST /account/browsers/me`: a new browser was theirs.
pub async fn confirm(Shared(app): Shared<State>, own: OwnForm) -> Answer {
    let Some(id) = named(&own) else { return told(AccountNotice::NothingThere) };
    match flow::confirm(&app, own.by(), &own.here.session, id).await {
        Ok(true) => told(AccountNotice::BrowserConfirmed),
        Ok(false) => told(AccountNotice::NothingThere),
        Err(error) => failed(&app, &error, None),
    }
}

/// `POST /account/browsers/not-me`: it was not, and what came of it ends. It may be this very browser.
pub async fn disown(Shared(app): Shared<State>, own: OwnForm) -> Answer {
    let next = match own.by().account {
        AccountId::Plex(_) => "/account/not-me",
        AccountId::Local(_) => "/account/not-me?of=local",
    };
    gone(&app, &own, Forgotten::NotTheirs, see_other(next)).await
}

/// `POST /account/browsers/forget`: they do not use it any more.
pub async fn forget(Shared(app): Shared<State>, own: OwnForm) -> Answer {
    gone(&app, &own, Forgotten::NotUsed, told(AccountNotice::BrowserForgotten)).await
}

async fn gone(app: &App, own: &OwnForm, why: Forgotten, answer: Answer) -> Answer {
    let Some(id) = named(own) else { return told(AccountNotice::NothingThere) };
    let is_here = own.here.session.browser.is_some_and(|here| here.id == id);
    match flow::disown(app, own.by(), id, why).await {
        Ok(None) => told(AccountNotice::NothingThere),
        Ok(Some(_)) if is_here => {
            let answer = with_cookie(answer, &app.cookies.clear_session());
            with_cookie(answer, &flow::cookie_of(app, own.by().account))
        }
        Ok(Some(_)) => answer,
        Err(error) => failed(app, &error, None),
    }
}

/// `GET /account/not-me`: what to do now. It says the same to everybody, signed in or not.
pub async fn disowned(Shared(app): Shared<State>, sent: Result<Sent, Unreadable>) -> Answer {
    let is_local = sent.is_ok_and(|Sent(query)| query.get("of").ok().flatten() == Some("local"));
    page(&app, StatusCode::OK, &Page::Disowned { at_plex: !is_local })
}

fn named(own: &OwnForm) -> Option<BrowserId> {
    own.form.get("browser").ok().flatten().and_then(BrowserId::parse)
}

/// Back to the page, which says so.
fn told(notice: AccountNotice) -> Answer {
    see_other(&format!("{PATH}?done={}", notice.word()))
}
