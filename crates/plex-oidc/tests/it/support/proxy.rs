//! A proxy in front of applications, and a visitor of those applications.
//!
//! The proxy asks as the real ones of its family do, and hands on whatever it is told but 200. What it keeps from the
//! application, it keeps from the test: there is no application here, a 200 is the end.

use std::net::SocketAddr;

use axum::body::Body;
use http::header::{COOKIE, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use plex_oidc_core::gateway::Family;
use url::Url;

use super::answer::{Answer, Landing};
use super::app_cookies::AppCookies;
use super::browser::Browser;
use super::door::Door;

/// The network of the proxies, as the setup has to name it in `trusted_proxies`.
pub(crate) const PROXY_NETWORK: &str = "172.30.0.0/16";
const PROXY: ([u8; 4], u16) = ([172, 30, 0, 2], 41_000);

/// Every family.
pub(crate) const FAMILIES: [Family; 3] = [Family::ForwardAuth, Family::AuthRequest, Family::ExtAuthz];

/// A proxy.
#[derive(Clone)]
pub(crate) struct Proxy {
    door: Door,
    pub(crate) family: Family,
    /// The address it asks from.
    pub(crate) peer: SocketAddr,
    /// The application that its configuration names.
    pub(crate) app: Option<String>,
}

/// One request of a visitor to an application.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
}

impl Visit {
    /// A browser goes to a page.
    pub(crate) fn page(url: &str) -> Self {
        let html = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
        Self::bare("GET", url)
            .with("accept", html)
            .with("sec-fetch-mode", "navigate")
            .with("sec-fetch-dest", "document")
    }

    /// A browser sends a form.
    pub(crate) fn form(url: &str) -> Self {
        Self { method: "POST".to_owned(), ..Self::page(url) }
    }

    /// A script of a page asks for something.
    pub(crate) fn script(url: &str) -> Self {
        Self::bare("GET", url).with("accept", "application/json").with("sec-fetch-mode", "cors")
    }

    /// A request that says nothing about itself.
    pub(crate) fn bare(method: &str, url: &str) -> Self {
        Self { method: method.to_owned(), url: url.to_owned(), headers: Vec::new() }
    }

    /// Adds a header of the visitor.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Scheme, host and port, target: cut as a proxy cuts them, without understanding them.
    fn parts(&self) -> (&str, &str, &str) {
        let (scheme, rest) = self.url.split_once("://").expect("an absolute address");
        match rest.find('/') {
            Some(at) => (scheme, &rest[..at], &rest[at..]),
            None => (scheme, rest, "/"),
        }
    }

    fn host(&self) -> &str {
        let authority = self.parts().1;
        authority.split(':').next().expect("a host")
    }
}

impl Proxy {
    pub(super) fn new(door: Door, family: Family) -> Self {
        Self { door, family, peer: SocketAddr::from(PROXY), app: None }
    }

    /// The same proxy, with an application named in the address that it calls.
    pub(crate) fn naming(mut self, app: &str) -> Self {
        self.app = Some(app.to_owned());
        self
    }

    /// The subrequest for a visit, to be sent or to be tampered with.
    pub(crate) fn subrequest(&self, visit: &Visit) -> Request<Body> {
        let (scheme, authority, target) = visit.parts();
        let app = self.app.as_ref().map_or_else(String::new, |app| format!("app/{app}/"));
        let (method, path) = match self.family {
            Family::ForwardAuth => ("GET", format!("/authz/{app}forward-auth")),
            Family::AuthRequest => ("GET", format!("/authz/{app}auth-request")),
            Family::ExtAuthz => (visit.method.as_str(), format!("/authz/{app}ext-authz{target}")),
        };
        let mut request =
            Request::builder().method(method).uri(&path).body(Body::empty()).expect("a request");
        let headers = request.headers_mut();
        for (name, value) in &visit.headers {
            headers.append(name.parse::<HeaderName>().expect("a name"), text(value));
        }
        let mut set = |name: &'static str, value: &str| drop(headers.insert(name, text(value)));
        match self.family {
            Family::ForwardAuth => {
                set("x-forwarded-method", &visit.method);
                set("x-forwarded-proto", scheme);
                set("x-forwarded-host", authority);
                set("x-forwarded-uri", target);
            }
            Family::AuthRequest => {
                set("x-original-method", &visit.method);
                set("x-original-url", &visit.url);
            }
            Family::ExtAuthz => {
                set("x-forwarded-proto", scheme);
                set(HOST.as_str(), authority);
            }
        }
        request
    }

    /// Asks about a request that carries no cookies.
    pub(crate) async fn ask(&self, visit: &Visit) -> Answer {
        self.send(self.subrequest(visit)).await
    }

    /// Sends a subrequest.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.door.send_from(self.peer, request).await
    }
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_bytes(value.as_bytes()).expect("a header's value")
}

/// Somebody at a browser, who visits applications through proxies and our pages without one.
#[derive(Clone)]
pub(crate) struct Visitor {
    /// The browser at our own host.
    pub(crate) browser: Browser,
    /// Its cookies at applications' hosts.
    pub(crate) cookies: AppCookies,
}

impl Visitor {
    pub(super) fn new(browser: Browser) -> Self {
        Self { browser, cookies: AppCookies::default() }
    }

    /// Asks for something through a proxy, with this browser's cookies, and keeps those of the answer.
    pub(crate) async fn ask(&mut self, proxy: &Proxy, visit: &Visit) -> Answer {
        let mut request = proxy.subrequest(visit);
        if let Some(cookies) = self.cookies.header(visit.host()) {
            request.headers_mut().append(COOKIE, cookies);
        }
        let answer = proxy.send(request).await;
        self.keep(visit.host(), &answer.headers);
        answer
    }

    /// Goes to a page.
    pub(crate) async fn page(&mut self, proxy: &Proxy, url: &str) -> Answer {
        self.ask(proxy, &Visit::page(url)).await
    }

    fn keep(&mut self, host: &str, headers: &HeaderMap) {
        for value in headers.get_all("set-cookie") {
            self.cookies.set(host, value.to_str().expect("text"));
        }
    }

    /// Goes to a page that needs a sign-in, and on to our host: ends at a page of ours, or where that sends the browser.
    pub(crate) async fn sent_to_us(&mut self, proxy: &Proxy, url: &str) -> Answer {
        let sent = self.page(proxy, url).await;
        self.browser.open(&redirected(proxy.family, &sent)).await
    }

    /// From a page to the application's callback, by signing in as `persona`. The callback is not asked for yet.
    pub(crate) async fn hand_over(&mut self, proxy: &Proxy, url: &str, persona: &str) -> Landing {
        let page = self.sent_to_us(proxy, url).await.expect(200);
        self.browser.approve_and_finish(&page, persona).await.leaves()
    }

    /// Comes to the callback, and goes where it sends the browser. Gives that address, and what it answers.
    pub(crate) async fn come_in(&mut self, proxy: &Proxy, landing: &Landing) -> (String, Answer) {
        let answer = self.page(proxy, landing.url.as_str()).await;
        let next = redirected(proxy.family, &answer);
        let page = self.page(proxy, &next).await;
        (next, page)
    }

    /// The whole way as `persona`, to the page that was asked for.
    pub(crate) async fn sign_in(&mut self, proxy: &Proxy, url: &str, persona: &str) -> Answer {
        let landing = self.hand_over(proxy, url, persona).await;
        let (next, page) = self.come_in(proxy, &landing).await;
        assert_eq!(next, url, "back to the page that was asked for");
        page.expect(200)
    }

    /// The whole way when our host knows the browser already: no page is shown.
    pub(crate) async fn pass_through(&mut self, proxy: &Proxy, url: &str) -> Answer {
        let landing = self.sent_to_us(proxy, url).await.leaves();
        let (next, page) = self.come_in(proxy, &landing).await;
        assert_eq!(next, url, "back to the page that was asked for");
        page.expect(200)
    }
}

/// Where a proxy of this family sends the browser with this answer. It must be an absolute address of https.
#[track_caller]
pub(crate) fn redirected(family: Family, answer: &Answer) -> String {
    let expected: &[u16] = if family == Family::AuthRequest { &[401] } else { &[302, 303] };
    assert!(expected.contains(&answer.status), "{family:?}: {answer:?}");
    let location = answer.location().unwrap_or_else(|| panic!("no Location in {answer:?}"));
    assert_eq!(Url::parse(location).expect("an absolute address").scheme(), "https", "{location}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    location.to_owned()
}
