//! `GET /sign-in/{request_id}/return`: the browser is back from Plex, or was told that there is an outcome.

use std::net::IpAddr;

use axum::extract::{Path, State as Shared};
use http::HeaderMap;

use crate::app::{App, State};
use crate::flow::FlowError;
use crate::flow::attempt::{self, Attempt};
use crate::flow::browsers::Visit;
use crate::flow::complete::{Outcome, come_back};
use crate::flow::owner_token::Renewal;
use crate::pages::{AdminNotice, ErrorKind};
use crate::store::records::LoginState;
use crate::web::host::{is_host_here, to_admin};
use crate::web::request::{ClientAddress, open_for_page};
use crate::web::respond::{
    Answer, failed, page_error, to_attempt, to_client, to_client_after_form, with_cookie,
};
use crate::web::sign_in::views::waiting;

/// `GET /sign-in/{request_id}/return`.
pub async fn return_(
    Shared(app): Shared<State>,
    path: Path<String>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
) -> Answer {
    let attempt = match open_for_page(&app, Path(path.clone()), &headers).await {
        Ok(attempt) => attempt,
        Err(answer) => return answer,
    };
    // A new owner's token is for the host who began it, and who still is the host.
    if let Some(account) = attempt.frozen.renews_for {
        match is_host_here(&app, &headers, account).await {
            Ok(true) => {}
            Ok(false) => return page_error(&app, ErrorKind::FormExpired, None),
            Err(error) => return failed(&app, &error, Some(&attempt)),
        }
    }
    match go_on(&app, attempt, address, &headers).await {
        Ok(answer) => answer,
        Err(error) => match open_for_page(&app, path, &headers).await {
            Ok(attempt) => failed(&app, &error, Some(&attempt)),
            Err(answer) => answer,
        },
    }
}

async fn go_on(
    app: &App,
    attempt: Attempt<'_>,
    address: IpAddr,
    headers: &HeaderMap,
) -> Result<Answer, FlowError> {
    let (id, cookie) = (attempt.id, attempt.cookie.clone());
    let session = attempt::session(app, app.cookies.session(headers).as_ref()).await?;
    let cookies = app.cookies;
    let set_session = |answer, secret| {
        let answer = with_cookie(answer, &cookies.set_session(secret, app.lifetimes.session_absolute));
        with_cookie(answer, &cookies.clear_attempt(id))
    };
    let know = |answer, browser| {
        let set = cookies.set_browser(browser, headers);
        set.iter().fold(answer, |answer, cookie| with_cookie(answer, cookie))
    };
    match come_back(app, attempt, address, Visit { headers, session: session.as_ref() }).await? {
        Outcome::Waiting => Ok(still_waiting(app, id, cookie).await?),
        Outcome::Page => Ok(to_attempt(id)),
        Outcome::Waits { browser } => Ok(know(to_attempt(id), &browser)),
        Outcome::Onward { response } => {
            Ok(with_cookie(to_client_after_form(app, &response), &cookies.clear_attempt(id)))
        }
        Outcome::Done { response, session, browser } => {
            Ok(know(set_session(to_client(app, &response), &session), &browser))
        }
        Outcome::Ask { session, browser, id: asking, cookie } => {
            let answer = know(set_session(to_attempt(asking), &session), &browser);
            Ok(with_cookie(answer, &cookies.set_attempt(asking, &cookie)))
        }
        Outcome::Refuse(error) => Ok(to_client(app, &error.response(&app.issuer))),
        Outcome::OwnerToken(renewal) => {
            Ok(with_cookie(to_admin(notice_of(renewal)), &cookies.clear_attempt(id)))
        }
    }
}

const fn notice_of(renewal: Renewal) -> AdminNotice {
    match renewal {
        Renewal::Done => AdminNotice::TokenRenewed,
        Renewal::Unwritable => AdminNotice::TokenUnwritable,
    }
}

/// The waiting page, on this very address: reloading it looks again.
async fn still_waiting(
    app: &App,
    id: plex_oidc_core::id::RequestId,
    cookie: plex_oidc_core::secret::Secret,
) -> Result<Answer, FlowError> {
    let attempt = attempt::open(app, id, cookie).await?;
    let waits = attempt.filter(|attempt| matches!(attempt.state, LoginState::PinAdopted(_)));
    Ok(waits.map_or_else(|| to_attempt(id), |attempt| waiting(app, &attempt)))
}
