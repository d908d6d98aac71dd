//! Forward auth: a proxy asks whether it may pass a request on. One endpoint per family of proxies, one decision.
//!
//! Whatever goes wrong here ends in an answer that lets nothing pass: 200 is sent from one place, after a verdict.

pub mod access;
mod answers;
mod asked;
mod callback;
mod headers;

use http::StatusCode;
use plex_oidc_core::gateway::{Family, OwnPath, RequestKind, Verdict, weigh};
use tracing::{debug, warn};

use self::answers::Asking;
use self::asked::{By, Call, is_for};
use self::headers::HeadersOf;
use super::respond::Answer;
use crate::flow::FlowError;
use crate::flow::gateway::{Visitor, visitor};

/// `/authz/forward-auth`: Traefik, Caddy, HAProxy.
pub async fn forward_auth(call: Call) -> Answer {
    answer(&call, Family::ForwardAuth, By::Query, "/").await
}

/// `/authz/auth-request`: nginx.
pub async fn auth_request(call: Call) -> Answer {
    answer(&call, Family::AuthRequest, By::Query, "/").await
}

/// `/authz/app/{name}/forward-auth`: as [`forward_auth`], for one application by its name.
pub async fn forward_auth_of_app(call: Call) -> Answer {
    answer(&call, Family::ForwardAuth, By::Name(call.segment(3)), "/").await
}

/// `/authz/app/{name}/auth-request`: as [`auth_request`], for one application by its name.
pub async fn auth_request_of_app(call: Call) -> Answer {
    answer(&call, Family::AuthRequest, By::Name(call.segment(3)), "/").await
}

/// `/authz/ext-authz/…`: Envoy and Gateway API, which put the original path behind ours.
pub async fn ext_authz(call: Call) -> Answer {
    answer(&call, Family::ExtAuthz, By::Host, call.target_after(2)).await
}

/// `/authz/app/{name}/ext-authz/…`: as [`ext_authz`], for one application by its name. The query belongs to the original.
pub async fn ext_authz_of_app(call: Call) -> Answer {
    answer(&call, Family::ExtAuthz, By::Name(call.segment(3)), call.target_after(4)).await
}

async fn answer(call: &Call, family: Family, by: By<'_>, target: &str) -> Answer {
    let (original, asked) = match call.asked(family, by, target) {
        Ok(read) => read,
        Err(refusal) => return *refusal,
    };
    let answer = decided(&call.asking(family, asked, &original)).await;
    answers::counted(
        &call.app,
        answer.unwrap_or_else(|error| {
            warn!(%error, app = asked.name, "a request was not decided");
            answers::refuse(family, StatusCode::SERVICE_UNAVAILABLE, "this cannot be decided now, try again")
        }),
    )
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
    let person = visitor.person();
    let house = (&app.rules, app.clock.now());
    let weighed = weigh(asked, original, kind, person, house);
    debug!(app = asked.name, verdict = ?weighed.verdict, kind = ?kind(), "a proxy asked");
    match weighed.verdict {
        Verdict::Pass | Verdict::PassAnybody => Ok(answers::told(asking, &weighed, person)
            .map_or_else(|refusal| *refusal, |told| answers::pass(asking, told))),
        Verdict::SignIn => answers::sign_in(asking, kind(), visitor),
        // The sign-in page says why, and offers to switch. Somebody who may use other parts would be sent back at once.
        Verdict::Deny(_)
            if kind() == RequestKind::Navigation && !person.is_some_and(|person| is_for(asking, person)) =>
        {
            answers::sign_in(asking, kind(), visitor)
        }
        Verdict::Deny(_) => Ok(answers::refuse(asking.family, StatusCode::FORBIDDEN, answers::NOT_FOR_YOU)),
    }
}
