//! What a proxy asks about: read, and refused where it cannot be understood.

use std::net::SocketAddr;

use http::StatusCode;
use http::request::Parts;
use plex_oidc_core::decide::{Decision, Person, decide_for};
use plex_oidc_core::gateway::family::Subrequest;
use plex_oidc_core::gateway::{Family, OriginalRequest};
use tracing::warn;

use super::answers::{Asking, refuse, untrusted};
use super::headers::HeadersOf;
use crate::app::App;
use crate::web::respond::Answer;

/// What the proxy is asking about, if it is a proxy of ours and can be understood; else what to answer.
pub(super) fn original(
    app: &App,
    peer: SocketAddr,
    family: Family,
    request: &Parts,
    target: &str,
) -> Result<OriginalRequest, Box<Answer>> {
    if !app.trusted_proxies.contains(peer.ip()) {
        warn!(peer = %peer.ip(), "a gateway endpoint was called by somebody who is not in trusted_proxies");
        return Err(Box::new(untrusted(app.trusted_proxies.0.is_empty())));
    }
    let subrequest = Subrequest { method: request.method.as_str(), target };
    let original = family.read(&HeadersOf(&request.headers), subrequest).map_err(|error| {
        warn!(%error, ?family, "a proxy asked about something that cannot be understood");
        Box::new(refuse(family, StatusCode::BAD_REQUEST, &error.to_string()))
    })?;
    if original.https != app.issuer.is_https() {
        let sentence = "this address is for https only";
        return Err(Box::new(refuse(family, StatusCode::FORBIDDEN, sentence)));
    }
    Ok(original)
}

pub(super) fn nobody_serves(family: Family, original: &OriginalRequest, name: Option<&str>) -> Answer {
    warn!(host = %original.host, app = name, "no application is declared for this host");
    refuse(family, StatusCode::FORBIDDEN, "no application is declared for this host")
}

/// What follows the first segments of the path, as it was sent, with its query.
pub(super) fn target_after(request: &Parts, segments: usize) -> String {
    let whole = request.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let rest = request.uri.path().match_indices('/').nth(segments).and_then(|(at, _)| whole.get(at..));
    rest.unwrap_or("/").to_owned()
}

/// Whether any part of the application is for this person.
pub(super) fn is_for(asking: &Asking<'_>, person: &Person) -> bool {
    let (app, now) = (asking.app, asking.app.clock.now());
    decide_for(person, &asking.asked.anybody(), app.rules, now) == Decision::Allow
}
