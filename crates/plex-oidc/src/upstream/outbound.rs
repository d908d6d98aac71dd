//! Requests of ours to relying parties, at addresses that the operator wrote (security requirement 160).
//!
//! What is judged is the address that the connection is made to: a name is resolved once, and only what passed is given to
//! the connection. No redirect is followed, and nothing of an answer but its status is read.

use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use plex_oidc_core::outbound::Reach;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder, StatusCode};
use thiserror::Error;
use url::{Host, Url};

/// Longest request, from the look-up of the name to the status of the answer (security requirement 120).
pub const LONGEST: Duration = Duration::from_secs(5);

/// Why there is no client for such requests.
#[derive(Debug, Error)]
pub enum OutboundClientError {
    /// The extra certificate authorities cannot be used.
    #[error(transparent)]
    Tls(#[from] plextv::HttpClientError),
    /// The HTTP library refuses the settings.
    #[error("the HTTP client could not be made")]
    Client(#[from] reqwest::Error),
}

/// Why a request was not answered. Says nothing of what was sent, nor where.
#[derive(Debug, Error)]
pub enum OutboundError {
    /// Requests do not go there.
    #[error("its address is one that this program does not call")]
    Forbidden,
    /// The other side did not answer as HTTP does, or not in time.
    #[error("it did not answer: {0}")]
    Http(String),
}

/// The addresses of a host name, as a resolver finds them.
pub type LookUp = Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// The resolver of the machine.
pub fn system_look_up() -> LookUp {
    Arc::new(|name| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// Sends our requests.
pub struct Outbound {
    http: Client,
    reach: Arc<Reach>,
}

impl Outbound {
    /// Verifies TLS by the public roots and the PEM certificates given; each request has `longest`.
    pub fn new(
        extra_ca_pem: Option<&[u8]>,
        reach: Reach,
        look_up: LookUp,
        longest: Duration,
    ) -> Result<Self, OutboundClientError> {
        let reach = Arc::new(reach);
        let http = Client::builder()
            .tls_backend_preconfigured(plextv::tls_config(extra_ca_pem)?)
            .user_agent(concat!("plex-oidc/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .pool_max_idle_per_host(0)
            .timeout(longest)
            .dns_resolver(Arc::new(Judged { reach: Arc::clone(&reach), look_up }))
            .build()?;
        Ok(Self { http, reach })
    }

    /// Posts a form, and gives the status of the answer.
    pub async fn post_form(&self, url: &Url, form: &[(&str, &str)]) -> Result<StatusCode, OutboundError> {
        self.require_reachable(url)?;
        status_of(self.http.post(url.clone()).form(form)).await
    }

    /// Posts a JSON text, perhaps with one header more, and gives the status of the answer.
    pub async fn post_json(
        &self,
        url: &Url,
        json: String,
        header: Option<(&'static str, String)>,
    ) -> Result<StatusCode, OutboundError> {
        self.require_reachable(url)?;
        let request = self.http.post(url.clone()).header(CONTENT_TYPE, "application/json").body(json);
        status_of(match header {
            Some((name, value)) => request.header(name, value),
            None => request,
        })
        .await
    }

    fn require_reachable(&self, url: &Url) -> Result<(), OutboundError> {
        // The resolver below is not asked about addresses.
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) => None,
            None => return Err(OutboundError::Forbidden),
        };
        if literal.is_some_and(|address| !self.reach.permits("", address)) {
            return Err(OutboundError::Forbidden);
        }
        Ok(())
    }
}

async fn status_of(request: RequestBuilder) -> Result<StatusCode, OutboundError> {
    Ok(request.send().await.map_err(|error| in_words(&error))?.status())
}

/// The innermost cause: the outer ones name the address, which may hold what only the operator and the client know.
fn in_words(error: &reqwest::Error) -> OutboundError {
    let mut cause: &dyn Error = match error.source() {
        _ if error.is_timeout() => return OutboundError::Http("it took too long".to_owned()),
        Some(source) => source,
        None => return OutboundError::Http("the request failed".to_owned()),
    };
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if cause.is::<NotCalled>() { OutboundError::Forbidden } else { OutboundError::Http(cause.to_string()) }
}

/// None of the addresses of a name may be called.
#[derive(Debug, Error)]
#[error("none of its addresses is one that this program calls")]
struct NotCalled;

/// A resolver that gives the connection only what may be called.
struct Judged {
    reach: Arc<Reach>,
    look_up: LookUp,
}

impl Resolve for Judged {
    fn resolve(&self, name: Name) -> Resolving {
        let (reach, found) = (Arc::clone(&self.reach), (self.look_up)(name.as_str().to_owned()));
        Box::pin(async move {
            let permitted = |address: &IpAddr| reach.permits(name.as_str(), *address);
            let addresses: Vec<_> = found.await?.into_iter().filter(permitted).collect();
            if addresses.is_empty() {
                return Err(NotCalled.into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

#[cfg(test)]
#[path = "outbound_tests.rs"]
mod tests;
