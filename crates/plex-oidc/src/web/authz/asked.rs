//! What a proxy asks about: read, and refused where it cannot be understood.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequest, FromRequestParts as _, Request};
use http::StatusCode;
use http::request::Parts;
use plex_oidc_core::decide::{Decision, Person, decide_for};
use plex_oidc_core::form::Parameters;
use plex_oidc_core::gateway::family::Subrequest;
use plex_oidc_core::gateway::{Family, GatewayApp, OriginalRequest};
use tracing::{error, warn};

use super::answers::{Asking, refuse, untrusted};
use super::headers::HeadersOf;
use crate::app::{App, State};
use crate::web::respond::Answer;

/// A call of a proxy, without its body.
pub struct Call {
    pub(super) app: State,
    peer: SocketAddr,
    request: Parts,
}

impl FromRequest<State> for Call {
    type Rejection = Answer;

    async fn from_request(request: Request, app: &State) -> Result<Self, Answer> {
        let mut request = request.into_parts().0;
        let peer = ConnectInfo::<SocketAddr>::from_request_parts(&mut request, app).await;
        let Ok(ConnectInfo(peer)) = peer else {
            error!("a proxy's call came without the address of its peer");
            let sentence = "this cannot be decided now, try again";
            return Err(refuse(Family::ForwardAuth, StatusCode::SERVICE_UNAVAILABLE, sentence));
        };
        Ok(Self { app: app.clone(), peer, request })
    }
}

/// How the address that a proxy calls names the application.
#[derive(Debug, Clone, Copy)]
pub(super) enum By<'c> {
    /// Not at all: the original host does.
    Host,
    /// By its name.
    Name(&'c str),
    /// By one of its audience tags at Cloudflare Access. Then no other of them counts.
    Tag(&'c str),
}

impl Call {
    /// What the proxy is asking about and which application serves it, if it is a proxy of ours and can be understood;
    /// else what to answer. `target` is the original target, where the address holds it.
    pub(super) fn asked(
        &self,
        family: Family,
        by: By<'_>,
        target: &str,
    ) -> Result<(OriginalRequest, &GatewayApp), Box<Answer>> {
        let original = original(&self.app, self.peer, family, &self.request, target)?;
        match by.find(&self.app, &original) {
            Some(asked) => Ok((original, asked)),
            None => Err(Box::new(nobody_serves(family, &original, by))),
        }
    }

    /// The question, once it has been read by [`Call::asked`].
    pub(super) fn asking<'a>(
        &'a self,
        family: Family,
        asked: &'a GatewayApp,
        original: &'a OriginalRequest,
    ) -> Asking<'a> {
        Asking { app: &self.app, family, asked, original, headers: &self.request.headers }
    }

    /// A part of the path as it was sent: what an application's own path behind it holds need not be text.
    pub(super) fn segment(&self, number: usize) -> &str {
        self.request.uri.path().split('/').nth(number).unwrap_or_default()
    }

    /// What follows the first segments of the path, as it was sent, with its query.
    pub(super) fn target_after(&self, segments: usize) -> &str {
        let uri = &self.request.uri;
        let whole = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let rest = uri.path().match_indices('/').nth(segments).and_then(|(at, _)| whole.get(at..));
        rest.unwrap_or("/")
    }

    /// The application that the query names, `?app=NAME`. Twice, empty or unreadable is a name that nothing has: who
    /// names one means it.
    pub(super) fn app_parameter(&self) -> Option<String> {
        let query = self.request.uri.query()?;
        let Ok(parameters) = Parameters::parse(query.as_bytes()) else { return Some(String::new()) };
        let name = || parameters.get("app").ok().flatten().unwrap_or_default().to_owned();
        parameters.has("app").then(name)
    }
}

impl<'c> By<'c> {
    /// By its name, if one was given.
    pub(super) fn name(name: Option<&'c str>) -> Self {
        name.map_or(Self::Host, Self::Name)
    }

    /// The application that is meant, if it serves the host. Two hosts of one application at Cloudflare share a tag.
    fn find<'a>(self, app: &'a App, original: &OriginalRequest) -> Option<&'a GatewayApp> {
        let apps = &app.gateway.apps;
        match self {
            Self::Host => apps.find(&original.host, None),
            Self::Name(name) => apps.find(&original.host, Some(name)),
            Self::Tag(tag) => apps.find_among(&original.host, |asked| {
                let accepted = app.access.of(&asked.name);
                accepted.is_some_and(|accepted| accepted.accepts.audiences.iter().any(|ours| ours == tag))
            }),
        }
    }
}

fn original(
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

fn nobody_serves(family: Family, original: &OriginalRequest, by: By<'_>) -> Answer {
    warn!(host = %original.host, ?by, "no application is declared for this host");
    refuse(family, StatusCode::FORBIDDEN, "no application is declared for this host")
}

/// Whether any part of the application is for this person.
pub(super) fn is_for(asking: &Asking<'_>, person: &Person) -> bool {
    let (app, now) = (asking.app, asking.app.clock.now());
    decide_for(person, &asking.asked.anybody(), &app.rules, now) == Decision::Allow
}
