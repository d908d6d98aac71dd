//! Forward auth: a proxy asks whether it may pass a request on. One address per family of proxies, one decision.
//!
//! Whatever goes wrong here ends in an answer that lets nothing pass: 200 is sent from one place, after a verdict.

mod access;
mod address;
mod answers;
mod asked;
mod callback;
mod headers;

use std::net::SocketAddr;

use http::StatusCode;
use http::request::Parts;
use plex_oidc_core::gateway::{OwnPath, RequestKind, Verdict, weigh};
use tracing::{debug, warn};

pub use self::address::Question;
use self::answers::Asking;
use self::asked::{Call, is_for};
use self::headers::HeadersOf;
use super::respond::Answer;
use crate::app::{App, State};
use crate::flow::FlowError;
use crate::flow::gateway::{Visitor, visitor};
use crate::metrics::GatewayAnswer;

/// Counts what a proxy is answered, whoever came to that answer.
pub fn count(app: &App, status: StatusCode) {
    app.metrics.gateway.add(match status {
        StatusCode::OK => GatewayAnswer::Pass,
        StatusCode::FORBIDDEN => GatewayAnswer::Deny,
        StatusCode::UNAUTHORIZED | StatusCode::FOUND | StatusCode::SEE_OTHER => GatewayAnswer::SignIn,
        status if status.is_server_error() => GatewayAnswer::Undecided,
        _ => GatewayAnswer::Refused,
    });
}

/// What was decided about a proxy's question, by the address that it came to.
pub async fn answer(app: &State, peer: SocketAddr, request: Parts, question: Question) -> Answer {
    let call = match Call::new(app, peer, request) {
        Ok(call) => call,
        Err(refusal) => return *refusal,
    };
    if question.behind_access { access::answer(&call, question).await } else { own(&call, question).await }
}

async fn own(call: &Call, question: Question) -> Answer {
    let (original, asked) = match call.asked(question) {
        Ok(read) => read,
        Err(refusal) => return *refusal,
    };
    let answer = decided(&call.asking(question.family, asked, &original)).await;
    answer.unwrap_or_else(|error| {
        warn!(%error, app = asked.name, "a request was not decided");
        let sentence = "this cannot be decided now, try again";
        answers::refuse(question.family, StatusCode::SERVICE_UNAVAILABLE, sentence)
    })
}

async fn decided(asking: &Asking<'_>) -> Result<Answer, FlowError> {
    match OwnPath::of(asking.original) {
        Some(OwnPath::Callback) => return Ok(callback::come_in(asking).await),
        Some(OwnPath::SignOut) => return Ok(answers::go_sign_out(asking)),
        None => {}
    }
    let (app, asked, original) = (asking.app, asking.asked, asking.original);
    let visitor = visitor(app, asked, &original.host, asking.headers).await?;
    if matches!(visitor, Visitor::BadToken) {
        return Ok(answers::bad_token(asking));
    }
    verdict_answer(asking, &visitor)
}

fn verdict_answer(asking: &Asking<'_>, visitor: &Visitor) -> Result<Answer, FlowError> {
    let Asking { app, asked, original, .. } = *asking;
    // Looked at where it counts, and that is not where somebody passes.
    let kind = || RequestKind::of(original, &HeadersOf(asking.headers));
    let (asker, house) = (visitor.asker(), (&app.rules, app.clock.now()));
    let weighed = weigh(asked, original, kind, asker, house);
    debug!(app = asked.name, verdict = ?weighed.verdict, kind = ?kind(), "a proxy asked");
    match weighed.verdict {
        Verdict::Pass | Verdict::PassAnybody => Ok(answers::pass(asking, &weighed, visitor)),
        Verdict::SignIn => answers::sign_in(asking, kind(), visitor),
        // The sign-in page says why, and offers to switch. Somebody who may use other parts would be sent back at once.
        Verdict::Deny(_)
            if kind() == RequestKind::Navigation && !asker.is_some_and(|asker| is_for(asking, asker)) =>
        {
            answers::sign_in(asking, kind(), visitor)
        }
        Verdict::Deny(_) => Ok(answers::refuse(asking.family, StatusCode::FORBIDDEN, answers::NOT_FOR_YOU)),
    }
}
