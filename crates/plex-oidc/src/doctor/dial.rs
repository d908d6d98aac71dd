//! The way to the network: one connection, one request, one answer, in ten seconds. No redirect is followed.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use super::Outside;
use super::wire::{self, Answer, Reading, Request};

/// Longest wait for one answer, the connection included.
const LONGEST: Duration = Duration::from_secs(10);

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// A host name or an address; that of version 6 without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether it is asked by TLS; `None`: as the application is.
    pub tls: Option<bool>,
    /// The name that its certificate has to be for.
    pub name: String,
}

/// Why an address is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an address such as 127.0.0.1:443 or http://127.0.0.1:8080")]
pub struct NoEndpoint;

impl Endpoint {
    /// Reads `host:port`, `http://host:port` or `https://host:port`; a scheme has a port of its own.
    pub fn parse(text: &str) -> Result<Self, NoEndpoint> {
        let (tls, text) = match text.split_once("://") {
            Some(("https", rest)) => (Some(true), rest),
            Some(("http", rest)) => (Some(false), rest),
            Some(_) => return Err(NoEndpoint),
            None => (None, text),
        };
        let text = text.strip_suffix('/').unwrap_or(text);
        let url = Url::parse(&format!("http://{text}"));
        let url = url.map_err(|_| NoEndpoint)?;
        let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let whole = plain && url.username().is_empty() && url.password().is_none();
        let host = url.host_str().filter(|_| whole).ok_or(NoEndpoint)?;
        let written = text.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let port = match (written, tls) {
            (Some(port), _) => port,
            (None, Some(tls)) => own_port(tls),
            (None, None) => return Err(NoEndpoint),
        };
        let host = bare(host);
        Ok(Self { name: host.clone(), host, port, tls })
    }

    /// Where `url` is, and its target.
    pub fn of_url(url: &str) -> Option<(Self, Request)> {
        let url = Url::parse(url).ok()?;
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = url.host_str()?;
        let endpoint = Self {
            host: bare(host),
            port: url.port().unwrap_or_else(|| own_port(tls)),
            tls: Some(tls),
            name: bare(host),
        };
        let request = Request {
            host: url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
            path: url.path().to_owned(),
            headers: vec![("Accept".to_owned(), "application/json".to_owned())],
            wants_body: true,
        };
        Some((endpoint, request))
    }

    /// This address, asked for what is at `own`.
    #[must_use]
    pub fn named(self, own: &Self) -> Self {
        Self { tls: self.tls.or(own.tls), name: own.name.clone(), ..self }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.tls {
            Some(true) => "https://",
            Some(false) => "http://",
            None => "",
        })?;
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A host as it is called, without the brackets that addresses of version 6 have in URLs.
pub fn bare(host: &str) -> String {
    host.trim_start_matches('[').trim_end_matches(']').to_owned()
}

/// The port of `https`, or of `http`.
pub const fn own_port(tls: bool) -> u16 {
    if tls { 443 } else { 80 }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoAnswer {
    /// No connection.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// A connection, but not a secret one.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The connection ended.
    #[error("the connection ended without an answer")]
    Ended,
    /// Something else than HTTP.
    #[error("what answers does not speak HTTP/1.1")]
    NotHttp,
    /// Too slow.
    #[error("there is no answer within {} s", LONGEST.as_secs())]
    Late,
}

/// The network.
pub struct Network {
    tls: TlsConnector,
}

impl Network {
    /// The network, with `tls` for what is asked by TLS. It must offer no other protocol than HTTP/1.1.
    pub fn new(tls: Arc<ClientConfig>) -> Self {
        Self { tls: TlsConnector::from(tls) }
    }

    async fn exchange(&self, to: &Endpoint, request: &Request) -> Result<Answer, NoAnswer> {
        let connected = TcpStream::connect((to.host.as_str(), to.port)).await;
        let stream = connected.map_err(|error| NoAnswer::Unreachable(error.to_string()))?;
        if to.tls != Some(true) {
            return talk(stream, request).await;
        }
        let failed = |error: &dyn fmt::Display| NoAnswer::Tls(error.to_string());
        let name = ServerName::try_from(to.name.clone()).map_err(|error| failed(&error))?;
        let stream = self.tls.connect(name, stream).await.map_err(|error| failed(&error))?;
        talk(stream, request).await
    }
}

impl Outside for Network {
    fn ask<'a>(&'a self, to: &'a Endpoint, request: &'a Request) -> BoxFuture<'a, Result<Answer, NoAnswer>> {
        let answer = tokio::time::timeout(LONGEST, self.exchange(to, request));
        async { answer.await.unwrap_or(Err(NoAnswer::Late)) }.boxed()
    }
}

async fn talk(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &Request,
) -> Result<Answer, NoAnswer> {
    // Whoever refuses a request may do so before it is all there; what they said is read all the same.
    let sent: io::Result<()> = async {
        stream.write_all(&request.bytes()).await?;
        stream.flush().await
    }
    .await;
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let length = stream.read(&mut buffer).await.unwrap_or(0);
        bytes.extend_from_slice(buffer.get(..length).unwrap_or_default());
        let ended = length == 0 || bytes.len() > wire::MAX_ANSWER;
        match wire::read(&bytes, request.wants_body, ended) {
            Reading::Whole(answer) => return Ok(answer),
            Reading::NotHttp if sent.is_err() || bytes.is_empty() => return Err(NoAnswer::Ended),
            Reading::NotHttp => return Err(NoAnswer::NotHttp),
            Reading::More => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_scheme_and_must_have_a_port_or_one() {
        for (text, shown, port, tls) in [
            ("127.0.0.1:8443", "127.0.0.1:8443", 8443, None),
            ("proxy:80", "proxy:80", 80, None),
            ("[::1]:8443", "[::1]:8443", 8443, None),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080", 8080, Some(false)),
            ("http://127.0.0.1", "http://127.0.0.1:80", 80, Some(false)),
            ("https://proxy.example", "https://proxy.example:443", 443, Some(true)),
            ("https://[::1]", "https://[::1]:443", 443, Some(true)),
        ] {
            let read = Endpoint::parse(text).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!((read.to_string().as_str(), read.port, read.tls), (shown, port, tls), "{text}");
        }
        for odd in
            ["", "127.0.0.1", "ftp://x:1", "x:y", "http://x/path", "x:1?q", "u@x:1", "x:99999", "http://"]
        {
            assert_eq!(Endpoint::parse(odd), Err(NoEndpoint), "{odd}");
        }
    }

    #[test]
    fn another_address_keeps_the_name_and_the_scheme_of_the_application() {
        let own = Endpoint::of_url("https://wiki.example.org:8443/x?y").unwrap().0;
        assert_eq!((own.host.as_str(), own.port, own.tls), ("wiki.example.org", 8443, Some(true)));
        let via = |text: &str| Endpoint::parse(text).unwrap().named(&own);
        assert_eq!(via("127.0.0.1:1").to_string(), "https://127.0.0.1:1");
        assert_eq!(via("http://127.0.0.1:1").to_string(), "http://127.0.0.1:1");
        assert_eq!(via("127.0.0.1:1").name, "wiki.example.org");
    }
}
