//! Forward auth: a proxy asks whether it may pass a request on. One endpoint per family of proxies, one decision.
//!
//! Whatever goes wrong here ends in an answer that lets nothing pass: 200 is sent from one place, after a verdict.

pub mod access;
mod answers;
mod asked;
mod callback;
mod headers;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State as Shared};
use http::StatusCode;
use http::request::Parts;
use plex_oidc_core::form::Parameters;
use plex_oidc_core::gateway::{Family, OwnPath, RequestKind, Verdict, weigh};
use tracing::{debug, warn};

use self::answers::Asking;
use self::asked::{is_for, nobody_serves, original, target_after};
use self::headers::HeadersOf;
use super::respond::Answer;
use crate::app::{App, State};
use crate::flow::FlowError;
use crate::flow::gateway::{Visitor, visitor};

/// `/authz/forward-auth`: Traefik, Caddy, HAProxy.
pub async fn forward_auth(
    Shared(app): Shared<State>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Answer {
    let request = request.into_parts().0;
    let name = named(&request);
    answer(&app, peer, Family::ForwardAuth, &request, Policy { name: name.as_deref(), target: "/" }).await
}

/// `/authz/auth-request`: nginx.
pub async fn auth_request(
    Shared(app): Shared<State>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Answer {
    let request = request.into_parts().0;
    let name = named(&request);
    answer(&app, peer, Family::AuthRequest, &request, Policy { name: name.as_deref(), target: "/" }).await
}

/// `/authz/ext-authz/…`: Envoy and Gateway API, which put the original path behind ours.
pub async fn ext_authz(
    Shared(app): Shared<State>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Answer {
    let request = request.into_parts().0;
    let target = target_after(&request, 2);
    answer(&app, peer, Family::ExtAuthz, &request, Policy { name: None, target: &target }).await
}

/// `/authz/app/{name}/ext-authz/…`: as [`ext_authz`], for one application by its name. The query belongs to the original.
pub async fn ext_authz_of_app(
    Shared(app): Shared<State>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Answer {
    let request = request.into_parts().0;
    let target = target_after(&request, 4);
    // As it was sent: what the application's path holds need not be text.
    let name = request.uri.path().split('/').nth(3);
    let policy = Policy { name: Some(name.unwrap_or_default()), target: &target };
    answer(&app, peer, Family::ExtAuthz, &request, policy).await
}

/// The application that the proxy names in the address it calls, `?app=NAME`. Twice, empty or unreadable is a name that
/// nothing has: who names one means it.
fn named(request: &Parts) -> Option<String> {
    let query = request.uri.query()?;
    let Ok(parameters) = Parameters::parse(query.as_bytes()) else { return Some(String::new()) };
    let name = || parameters.get("app").ok().flatten().unwrap_or_default().to_owned();
    parameters.has("app").then(name)
}

/// What the address that the proxy called says.
#[derive(Clone, Copy)]
struct Policy<'p> {
    /// The application, if it is named.
    name: Option<&'p str>,
    /// The original target, where the address holds it.
    target: &'p str,
}

async fn answer(
    app: &Arc<App>,
    peer: SocketAddr,
    family: Family,
    request: &Parts,
    policy: Policy<'_>,
) -> Answer {
    let original = match original(app, peer, family, request, policy.target) {
        Ok(original) => original,
        Err(refusal) => return *refusal,
    };
    let Some(asked) = app.gateway.apps.find(&original.host, policy.name) else {
        return nobody_serves(family, &original, policy.name);
    };
    let asking = Asking { app, family, asked, original: &original, headers: &request.headers };
    let answer = decided(&asking).await;
    answer.unwrap_or_else(|error| {
        warn!(%error, app = asked.name, "a request was not decided");
        answers::refuse(family, StatusCode::SERVICE_UNAVAILABLE, "this cannot be decided now, try again")
    })
}

async fn decided(asking: &Asking<'_>) -> Result<Answer, FlowError> {
    match OwnPath::of(asking.original) {
        Some(OwnPath::Callback) => return Ok(callback::come_in(asking).await),
        Some(OwnPath::SignOut) => return Ok(answers::go_sign_out(asking)),
        None => {}
    }
    let (app, asked, original) = (asking.app, asking.asked, asking.original);
    let kind = RequestKind::of(original, &HeadersOf(asking.headers));
    let visitor = visitor(app, asked, &original.host, asking.headers).await?;
    if matches!(visitor, Visitor::BadToken) {
        return Ok(answers::bad_token(asking));
    }
    verdict_answer(asking, kind, &visitor)
}

fn verdict_answer(asking: &Asking<'_>, kind: RequestKind, visitor: &Visitor) -> Result<Answer, FlowError> {
    let Asking { app, asked, original, .. } = *asking;
    let person = visitor.person();
    let house = (app.rules, app.clock.now());
    let verdict = weigh(asked, original, kind, person, house).verdict;
    debug!(app = asked.name, ?verdict, ?kind, "a proxy asked");
    match verdict {
        Verdict::Pass => Ok(answers::pass(asking, person)),
        // A bypass is for everybody; who it is, is said only of those whom the application is for.
        Verdict::PassAnybody => Ok(answers::pass(asking, person.filter(|person| is_for(asking, person)))),
        Verdict::SignIn => answers::sign_in(asking, kind, visitor),
        // The sign-in page says why, and offers to switch. Somebody who may use other parts would be sent back at once.
        Verdict::Deny(_)
            if kind == RequestKind::Navigation && !person.is_some_and(|person| is_for(asking, person)) =>
        {
            answers::sign_in(asking, kind, visitor)
        }
        Verdict::Deny(_) => Ok(answers::refuse(asking.family, StatusCode::FORBIDDEN, answers::NOT_FOR_YOU)),
    }
}
