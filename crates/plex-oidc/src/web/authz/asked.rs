//! What a proxy asks about: read, and refused where it cannot be understood.

use std::net::SocketAddr;
use std::sync::Arc;

use http::StatusCode;
use http::request::Parts;
use plex_oidc_core::decide::{Asker, Decision, decide_for};
use plex_oidc_core::gateway::family::Subrequest;
use plex_oidc_core::gateway::{Family, GatewayApp, OriginalRequest};
use tracing::warn;
use url::form_urlencoded;

use super::address::{Named, Question};
use super::answers::{Asking, refuse, untrusted};
use super::headers::HeadersOf;
use crate::app::{App, State};
use crate::web::request::too_long;
use crate::web::respond::Answer;

/// A call of a proxy, without its body.
pub(super) struct Call {
    pub(super) app: State,
    peer: SocketAddr,
    request: Parts,
}

impl Call {
    /// A call, unless its address is too long to be read.
    pub(super) fn new(app: &State, peer: SocketAddr, request: Parts) -> Result<Self, Box<Answer>> {
        match too_long(&request.uri) {
            Some(refusal) => Err(Box::new(refusal)),
            None => Ok(Self { app: Arc::clone(app), peer, request }),
        }
    }
}

/// How the address that a proxy calls names the application.
#[derive(Debug, Clone, Copy)]
pub(super) enum By<'c> {
    /// Not at all: the original host does.
    Host,
    /// By `?app=NAME` in its query, if that is there.
    Query,
    /// By its name.
    Name(&'c str),
    /// By one of its audience tags at Cloudflare Access. Then no other of them counts.
    Tag(&'c str),
}

impl Call {
    /// What the proxy is asking about and which application serves it, if it is a proxy of ours and can be understood;
    /// else what to answer.
    pub(super) fn asked(&self, question: Question) -> Result<(OriginalRequest, &GatewayApp), Box<Answer>> {
        let family = question.family;
        let target = question.target_after.map_or("/", |segments| self.target_after(segments));
        let original = original(&self.app, self.peer, family, &self.request, target)?;
        let by = self.by(question);
        let query = self.request.uri.query().unwrap_or_default();
        let named = app_parameter(query).filter(|_| matches!(by, By::Query));
        // Whose query it is shows when a name is in it: without one, the visitor's has no effect, and does no harm.
        if named.is_some() && query == visitors_query(&original) {
            return Err(Box::new(visitor_names_the_app(family, &original)));
        }
        let by = named.as_deref().map_or(by, By::Name);
        match by.find(&self.app, &original) {
            Some(asked) => Ok((original, asked)),
            None => Err(Box::new(nobody_serves(family, &original, by))),
        }
    }

    /// How the application is named.
    pub(super) fn by(&self, question: Question) -> By<'_> {
        match question.named {
            Named::NotHere => By::Host,
            Named::InQuery => By::Query,
            Named::InSegment(number) => By::Name(self.segment(number)),
            Named::ByTag(number) => By::Tag(self.segment(number)),
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
    fn segment(&self, number: usize) -> &str {
        self.request.uri.path().split('/').nth(number).unwrap_or_default()
    }

    /// What follows the first segments of the path, as it was sent, with its query.
    fn target_after(&self, segments: usize) -> &str {
        let uri = &self.request.uri;
        let whole = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let rest = uri.path().match_indices('/').nth(segments).and_then(|(at, _)| whole.get(at..));
        rest.unwrap_or("/")
    }
}

/// The application that a query names with `app=NAME`. Twice or empty is a name that nothing has: who names one means it.
fn app_parameter(query: &str) -> Option<String> {
    let mut names = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "app");
    let (_, first) = names.next()?;
    Some(if names.next().is_none() { first.into_owned() } else { String::new() })
}

/// The query of the original address as it would stand in the address of a call: there, a fragment is cut off.
fn visitors_query(original: &OriginalRequest) -> &str {
    original.query().split('#').next().unwrap_or_default()
}

impl By<'_> {
    /// The application that is meant, if it serves the host. Two hosts of one application at Cloudflare share a tag.
    fn find<'a>(self, app: &'a App, original: &OriginalRequest) -> Option<&'a GatewayApp> {
        let apps = &app.gateway.apps;
        match self {
            Self::Host | Self::Query => apps.find(&original.host, None),
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
    if let Some(sentence) = original.wrong_scheme(app.issuer.is_https()) {
        warn!(host = %original.host, "{sentence}");
        return Err(Box::new(refuse(family, StatusCode::FORBIDDEN, sentence)));
    }
    Ok(original)
}

/// A proxy that hands on the visitor's query lets the visitor choose the rules.
fn visitor_names_the_app(family: Family, original: &OriginalRequest) -> Answer {
    let sentence = "The proxy hands the visitor's query on to the gateway, and it names an application. Write a question \
                    mark at the end of the gateway's address in the proxy (Caddy: uri /authz/forward-auth?), and name \
                    an application in the path: /authz/app/NAME/forward-auth?";
    warn!(host = %original.host, "{sentence}");
    refuse(family, StatusCode::FORBIDDEN, sentence)
}

fn nobody_serves(family: Family, original: &OriginalRequest, by: By<'_>) -> Answer {
    warn!(host = %original.host, ?by, "no application is declared for this host");
    refuse(family, StatusCode::FORBIDDEN, "no application is declared for this host")
}

/// Whether any part of the application is for this person. The client that stands for it in a sign-in lets the same
/// people in; else somebody would be sent to and fro for ever.
pub(super) fn is_for(asking: &Asking<'_>, asker: Asker<'_>) -> bool {
    let (app, now) = (asking.app, asking.app.clock.now());
    decide_for(asker, &asking.asked.anybody(), &app.rules, now) == Decision::Allow
}
