//! The API of the host's programs: what the host's pages show and do, for whoever shows a token that is good for it (decision
//! 0024). Every rule is the flows' own.

mod audit;
pub mod call;
pub mod operations;
mod people;
pub mod problem;
mod state;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use http::header::{CONTENT_TYPE, HeaderValue};
use plex_oidc_core::decide::Mark;

use self::call::{Answered, Call};
use self::operations::Operation;
use super::request::ClientAddress;
use super::respond::Answer;
use crate::app::State;

/// The document about all of this, as a test makes it (`docs/reference/openapi.json`, without white space).
pub const DOCUMENT: &str = include_str!("openapi.json");

/// Whatever is asked below `/api/v1`.
pub async fn answer(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    request: Request<Body>,
) -> Answer {
    let answered = match Call::read(&app, address, request).await {
        Ok(call) => Box::pin(operate(&app, &call)).await,
        Err(problem) => Err(problem),
    };
    answered.unwrap_or_else(|problem| problem.answer())
}

async fn operate(app: &State, call: &Call) -> Answered {
    match call.operation {
        Operation::Document => Ok(document()),
        Operation::OwnToken => state::own_token(call),
        Operation::EndOwnToken => state::end_own_token(app, call).await,
        Operation::Health => state::health(app).await,
        Operation::Membership => state::membership(app),
        Operation::CheckMembership => state::check_membership(app, call).await,
        Operation::People => people::list(app, call).await,
        Operation::Person => people::show(app, call).await,
        Operation::EndEverything => people::end_everything(app, call).await,
        Operation::EndSession => people::end_session(app, call).await,
        Operation::EndAppToken => people::end_app_token(app, call).await,
        Operation::EndConsent => people::end_consent(app, call).await,
        Operation::ForgetBrowser => people::forget_browser(app, call).await,
        Operation::Block => people::mark(app, call, Mark::Blocked(true)).await,
        Operation::Unblock => people::mark(app, call, Mark::Blocked(false)).await,
        Operation::Name => people::mark(app, call, Mark::Named(true)).await,
        Operation::Unname => people::mark(app, call, Mark::Named(false)).await,
        Operation::Open => people::mark(app, call, Mark::Door(call.client("app")?, true)).await,
        Operation::Close => people::mark(app, call, Mark::Door(call.client("app")?, false)).await,
        Operation::Requests => people::requests(app).await,
        Operation::AnswerRequest => people::answer_request(app, call).await,
        Operation::Apps => state::apps(app),
        Operation::Keys => state::keys(app).await,
        Operation::RotateKeys => state::rotate_keys(app, call).await,
        Operation::Audit => audit::list(app, call).await,
        Operation::AuditLines => audit::lines(app, call),
        Operation::Passkeys => state::passkeys(app).await,
        Operation::RemovePasskey => state::remove_passkey(app, call).await,
        Operation::Tokens => state::tokens(app).await,
        Operation::EndToken => state::end_token(app, call).await,
    }
}

fn document() -> Answer {
    let mut answer = Answer::new(Body::from(DOCUMENT));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.headers_mut().insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
