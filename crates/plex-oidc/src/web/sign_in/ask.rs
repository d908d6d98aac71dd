//! `POST /sign-in/{request_id}/ask`: somebody whom this attempt turned away asks the host for access.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State as Shared};

use crate::app::{App, State};
use crate::flow::{FlowError, attempt, requests};
use crate::store::records::Asking;
use crate::web::request::ClientAddress;
use crate::web::respond::{Answer, failed, see_other, to_attempt};
use crate::web::sign_in::form::{self, Filled};

/// `POST /sign-in/{request_id}/ask`.
pub async fn ask(
    Shared(app): Shared<State>,
    path: Path<String>,
    ClientAddress(address): ClientAddress,
    request: Request<Body>,
) -> Answer {
    let form = match form::open(&app, path, request).await {
        Ok(form) => form,
        Err(answer) => return answer,
    };
    match asked(&app, &form, address).await {
        Ok(Asking::TooMany) => see_other(&format!("/sign-in/{}?ask=full", form.attempt.id)),
        Ok(Asking::Stored | Asking::There) => to_attempt(form.attempt.id),
        Err(error) => failed(&app, &error, Some(&form.attempt)),
    }
}

/// Who asks is whom the attempt turned away. The form only says whom the page showed: another tab may have signed in as
/// somebody else since, and then it is shown anew.
async fn asked(app: &Arc<App>, form: &Filled<'_>, address: std::net::IpAddr) -> Result<Asking, FlowError> {
    let session = attempt::session(app, app.cookies.session(&form.headers).as_ref()).await?;
    let turned = requests::turned_away(app, &form.attempt, session.as_ref()).await?;
    let shown = form.field("account");
    let is_shown = |turned: &requests::TurnedAway| {
        turned.account.is_some_and(|account| shown == Some(account.to_string().as_str()))
    };
    let Some(turned) = turned.filter(is_shown) else { return Ok(Asking::There) };
    requests::ask(app, &form.attempt, turned, form.field("said"), address).await
}
