//! `GET /gateway/sign-in`: somebody comes from an application behind the gateway, to sign in and go back.

use axum::extract::State as Shared;
use http::HeaderMap;
use tracing::info;

use super::entrance::enter;
use super::request::{ClientAddress, Sent, Unreadable};
use super::respond::{Answer, page_error};
use crate::app::State;
use crate::flow::handover::{read_start, request_of};
use crate::pages::ErrorKind;

/// Goes on as the authorization endpoint does, with a request that the gateway made and marked. Nothing in it comes from
/// the browser unseen.
pub async fn sign_in(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    let marked = sent.ok().and_then(|Sent(form)| form.get("request").ok().flatten().map(str::to_owned));
    let start = marked.as_deref().and_then(|marked| read_start(&app, marked));
    let request = start.as_ref().zip(marked.as_deref()).and_then(|(start, marked)| request_of(start, marked));
    let Some(request) = request.filter(|request| app.client(&request.client_id).is_some()) else {
        info!("a way to sign in was refused: not ours, too old, or for an application that is gone");
        return page_error(&app, ErrorKind::UnknownRequest, None);
    };
    enter(&app, &request, &headers, address).await
}
