//! The page of somebody's own account: what they may use, where they are signed in, what they agreed to, their app tokens.

use axum::extract::State as Shared;
use http::{HeaderMap, StatusCode};
use plex_oidc_core::decide::Person;
use plex_oidc_core::id::{AccountId, ClientId, Sid};
use plex_oidc_core::own_page::OwnPage;
use plex_oidc_core::prompt::Prompt;
use plex_oidc_core::secret::Secret;

use super::entrance::enter;
use super::here::{Here, OwnForm, here};
use super::request::{ClientAddress, Sent, Unreadable};
use super::respond::{Answer, failed, page, page_error, see_other};
use super::rows;
use crate::app::{App, State};
use crate::flow::FlowError;
use crate::flow::account::{self as flow, NoToken, Overview};
use crate::flow::browsers;
use crate::pages::{
    Account, AccountNotice, ErrorKind, Monogram, Page, Said, ShownApp, ShownBrowsers, ShownConsent,
    ShownGroup,
};
use crate::session::form_token;

/// `GET /account`: the page, after signing in for it if need be.
pub async fn show(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    let found = match here(&app, &headers).await {
        Ok(found) => found,
        Err(error) => return failed(&app, &error, None),
    };
    let Some(here) = found else {
        let request = OwnPage::Account.request(&app.issuer, Prompt::Unspecified, None);
        let Some(request) = request else { return page_error(&app, ErrorKind::Internal, None) };
        return enter(&app, &request, &headers, address).await;
    };
    let Ok(Sent(query)) = sent else { return see_other(PATH) };
    if query.has("iss") {
        return see_other(PATH); // back from signing in: what came along is not for the history
    }
    let notice = query.get("done").ok().flatten().and_then(AccountNotice::of_word);
    let shown = shown(&app, &here, notice, None).await;
    shown.unwrap_or_else(|error| failed(&app, &error, None))
}

/// `GET /account/again`: a fresh sign-in, for what outlives a session.
pub async fn again(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
) -> Answer {
    let login = Prompt::Show { login: true, consent: false, select_account: false };
    match OwnPage::Account.request(&app.issuer, login, None) {
        Some(request) => enter(&app, &request, &headers, address).await,
        None => page_error(&app, ErrorKind::Internal, None),
    }
}

/// `POST /account/sessions`: ends another session of this person.
pub async fn end_session(Shared(app): Shared<State>, own: OwnForm) -> Answer {
    let Some(sid) = own.form.get("sid").ok().flatten().and_then(Sid::parse) else {
        return told(AccountNotice::NothingThere);
    };
    let ended = flow::end_session(&app, own.by(), sid).await;
    done(&app, ended, AccountNotice::SessionEnded)
}

/// `POST /account/consents`: takes a consent back.
pub async fn withdraw(Shared(app): Shared<State>, own: OwnForm) -> Answer {
    let Some(client) = own.form.get("client").ok().flatten().and_then(ClientId::parse) else {
        return told(AccountNotice::NothingThere);
    };
    let withdrawn = flow::withdraw(&app, own.by(), client).await;
    done(&app, withdrawn, AccountNotice::Withdrawn)
}

/// `POST /account/tokens/end`: ends an app token.
pub async fn end_token(Shared(app): Shared<State>, own: OwnForm) -> Answer {
    let id = own.form.get("id").ok().flatten().unwrap_or_default();
    let revoked = flow::revoke_token(&app, own.by(), id).await;
    done(&app, revoked, AccountNotice::TokenRevoked)
}

/// `POST /account/tokens`: makes an app token, and shows it once.
pub async fn make_token(Shared(app): Shared<State>, OwnForm { here, form, address }: OwnForm) -> Answer {
    let name = form.get("name").ok().flatten().unwrap_or_default();
    match flow::make_token(&app, (&here.session, address), name, form.all("app")).await {
        Ok(Ok(secret)) => {
            let shown = shown(&app, &here, None, Some(&secret)).await;
            shown.unwrap_or_else(|error| failed(&app, &error, None))
        }
        Ok(Err(NoToken::NotFresh)) => see_other(PATH),
        Ok(Err(NoToken::Name)) => told(AccountNotice::TokenName),
        Ok(Err(NoToken::NoApps)) => told(AccountNotice::TokenApps),
        Ok(Err(NoToken::TooMany)) => told(AccountNotice::TooManyTokens),
        Err(error) => failed(&app, &error, None),
    }
}

const PATH: &str = OwnPage::Account.path();

fn done(app: &App, outcome: Result<bool, FlowError>, notice: AccountNotice) -> Answer {
    match outcome {
        Ok(true) => told(notice),
        Ok(false) => told(AccountNotice::NothingThere),
        Err(error) => failed(app, &error, None),
    }
}

/// Back to the page, which says so.
fn told(notice: AccountNotice) -> Answer {
    see_other(&format!("{PATH}?done={}", notice.word()))
}

async fn shown(
    app: &App,
    here: &Here,
    notice: Option<AccountNotice>,
    new_token: Option<&Secret>,
) -> Result<Answer, FlowError> {
    let overview = flow::overview(app, &here.session).await?;
    let (person, subject) = (&*app.as_told(&here.session.user.person), here.session.user.subject());
    let apps = overview.apps.iter().map(|found| ShownApp {
        name: found.name,
        icon: found.icon,
        monogram: Monogram::of(found.name),
        url: found.url.as_deref(),
    });
    let apps: Vec<_> = apps.collect();
    let token_apps: Vec<_> = overview.token_apps.iter().map(|found| found.name.as_str()).collect();
    let is_asked = browsers::is_asked_about(app, person);
    let all = rows::browsers(app, &overview.browsers, is_asked);
    let values = Account {
        csrf: &form_token(&here.cookie),
        at_plex: matches!(person.account.id, AccountId::Plex(_)),
        account_name: &person.account.display_name,
        account_email: person.account.email.as_deref(),
        subject: subject.as_str(),
        groups: &groups(person),
        apps: &apps,
        sessions: &rows::sessions(app, &overview.sessions, Some(here.session.sid)),
        browsers: ShownBrowsers { all: &all, is_news: all.iter().any(|browser| browser.is_news) },
        consents: &consents(app, &overview),
        tokens: &rows::tokens(app, &overview.tokens),
        token_apps: &token_apps,
        is_fresh: flow::is_fresh(app, here.session.auth_time),
        new_token: new_token.map(Secret::expose),
        notice,
    };
    Ok(page(app, StatusCode::OK, &Page::Account(&values)))
}

fn groups(person: &Person) -> Vec<ShownGroup<'_>> {
    person
        .groups
        .iter()
        .map(|group| ShownGroup { name: group.as_str(), why: Said::of_group(group) })
        .collect()
}

fn consents<'a>(app: &App, overview: &'a Overview<'a>) -> Vec<ShownConsent<'a>> {
    let shown = overview.consents.iter().map(|(client, consent)| ShownConsent {
        client_id: client.id.as_str(),
        client_name: &client.name,
        scopes: consent.scopes.iter().map(|scope| Said::of_scope(scope, &client.subject_type)).collect(),
        agreed: Said::ago(app.clock.now().since(consent.granted_at)),
    });
    shown.collect()
}
