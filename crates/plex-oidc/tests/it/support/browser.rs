//! A visitor's browser: cookies, redirects, forms, and what our script does.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, ORIGIN};
use http::{HeaderMap, HeaderValue, Request};
use serde_json::json;

use super::answer::{Answer, Landing};
use super::cookies::CookieJar;
use super::door::{Door, get, post_form};
use super::plex::Plex;
use super::setup::ISSUER;

/// More redirects in a row than any flow of ours has.
const MAX_REDIRECTS: usize = 8;
/// A long poll that ends without outcome is asked again so often.
const MAX_POLLS: usize = 3;

/// A PIN that a browser made.
#[derive(Debug, Clone)]
pub(crate) struct Pin {
    pub(crate) id: u64,
    pub(crate) code: String,
}

/// One browser of one person. Its tabs are the [`Answer`]s that a test holds on to.
#[derive(Clone)]
pub(crate) struct Browser {
    door: Door,
    plex: Arc<Plex>,
    /// Where it is.
    pub(crate) address: SocketAddr,
    /// The cookies. It keeps them for ever: that they end is ours to see to.
    pub(crate) cookies: CookieJar,
    /// Its `Accept-Language`.
    pub(crate) languages: Option<&'static str>,
}

impl Browser {
    pub(super) fn new(door: Door, plex: Arc<Plex>, address: SocketAddr) -> Self {
        Self { door, plex, address, cookies: CookieJar::default(), languages: None }
    }

    /// Opens an address and follows redirects on our host. Ends at a page, or where we send it elsewhere.
    pub(crate) async fn open(&mut self, url: &str) -> Answer {
        let mut answer = self.get(url).await;
        for _ in 0..MAX_REDIRECTS {
            let Some(next) = answer.own_redirect() else { return answer };
            answer = self.get(&next).await;
        }
        panic!("{url} redirects for ever");
    }

    /// One `GET`, without following.
    pub(crate) async fn get(&mut self, url: &str) -> Answer {
        let path = url.strip_prefix(ISSUER).unwrap_or(url);
        let mut request = get(path);
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("text/html"));
        self.send(request).await
    }

    /// Presses the button of the form whose action ends so, and follows: `submit(&page, "/cancel")`.
    pub(crate) async fn submit(&mut self, page: &Answer, action: &str) -> Answer {
        let answer = self.post(page, action, &[]).await;
        match answer.own_redirect() {
            Some(next) => self.open(&next).await,
            None => answer,
        }
    }

    /// As [`Browser::submit`], with more fields, and without following.
    pub(crate) async fn post(&mut self, page: &Answer, action: &str, more: &[(&str, &str)]) -> Answer {
        let form = page.form(action);
        let mut fields: Vec<(&str, &str)> =
            form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fields.retain(|(name, _)| more.iter().all(|(typed, _)| typed != name));
        fields.extend(more);
        self.send_own(post_form(&form.action, &fields)).await
    }

    /// A request of one of our own pages, with what a browser says about that.
    pub(crate) async fn send_own(&mut self, mut request: Request<Body>) -> Answer {
        let headers = request.headers_mut();
        headers.insert(ORIGIN, HeaderValue::from_static(ISSUER));
        headers.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
        self.send(request).await
    }

    /// Any request, with this browser's cookies and from its address. Keeps the cookies of the answer.
    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Answer {
        if let Some(cookies) = self.cookie_header() {
            request.headers_mut().insert(COOKIE, cookies);
        }
        if let Some(languages) = self.languages {
            request.headers_mut().insert(ACCEPT_LANGUAGE, HeaderValue::from_static(languages));
        }
        let answer = self.door.send_from(self.address, request).await;
        self.keep_cookies(&answer.headers);
        answer
    }

    /// The `Cookie` header that this browser sends.
    pub(crate) fn cookie_header(&self) -> Option<HeaderValue> {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| HeaderValue::from_str(&pairs.join("; ")).expect("text"))
    }

    /// The value of the browser session's cookie.
    pub(crate) fn session(&self) -> Option<&str> {
        self.cookies.get("__Host-plex-oidc-session").map(String::as_str)
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for text in headers.get_all("set-cookie").iter().map(|value| value.to_str().expect("text")) {
            let cookie = cookie::Cookie::parse(text.to_owned()).expect("a cookie");
            // What a browser demands of this prefix (RFC 6265bis s. 4.1.3.2); others it would keep for sub-domains.
            let bound =
                cookie.secure() == Some(true) && cookie.path() == Some("/") && cookie.domain().is_none();
            assert!(cookie.name().starts_with("__Host-") && bound, "a browser would drop {text}");
            if cookie.max_age().is_some_and(|age| age <= cookie::time::Duration::ZERO) {
                self.cookies.remove(cookie.name());
            } else {
                self.cookies.insert(cookie.name().to_owned(), cookie.value().to_owned());
            }
        }
    }

    /// The whole way with script and pop-up: opens an authorization URL, approves at Plex as `persona`, lands at the client.
    pub(crate) async fn sign_in(&mut self, url: &str, persona: &str) -> Landing {
        self.sign_in_to_page(url, persona).await.leaves()
    }

    /// The same, when it ends on a page of ours.
    pub(crate) async fn sign_in_to_page(&mut self, url: &str, persona: &str) -> Answer {
        let page = self.open(url).await.expect(200);
        self.approve_and_finish(&page, persona).await
    }

    /// The whole way with a password: opens an authorization URL, fills in the form, lands at the client.
    pub(crate) async fn sign_in_with_password(&mut self, url: &str, name: &str, password: &str) -> Landing {
        let page = self.open(url).await.expect(200);
        self.type_password(&page, name, password).await.leaves()
    }

    /// Fills in the form of the sign-in page, and follows.
    pub(crate) async fn type_password(&mut self, page: &Answer, name: &str, password: &str) -> Answer {
        let answer = self.post(page, "/password", &[("username", name), ("password", password)]).await;
        match answer.own_redirect() {
            Some(next) => self.open(&next).await,
            None => answer,
        }
    }

    /// From the sign-in page to the end, as `persona`.
    pub(crate) async fn approve_and_finish(&mut self, page: &Answer, persona: &str) -> Answer {
        let pin = self.start(page).await;
        self.plex.approve(&pin.code, persona);
        self.finish(page).await
    }

    /// Our script after the click: makes a PIN at Plex and has it adopted, for a pop-up.
    pub(crate) async fn start(&mut self, page: &Answer) -> Pin {
        let pin = self.make_pin(page).await.expect("Plex makes PINs");
        self.offer(page, &pin, "popup").await.expect(200);
        pin
    }

    /// Makes a PIN at Plex with what the sign-in page says. `None`: Plex does not answer.
    pub(crate) async fn make_pin(&self, page: &Answer) -> Option<Pin> {
        let (url, identifier, product) =
            (page.data("pins-url"), page.data("client-identifier"), page.data("product"));
        let (id, code) = self.plex.make_pin(&url, &identifier, &product).await?;
        Some(Pin { id, code })
    }

    /// Offers a PIN for adoption; `mode` is `popup` or `same-tab`.
    pub(crate) async fn offer(&mut self, page: &Answer, pin: &Pin, mode: &str) -> Answer {
        let body = json!({ "id": pin.id, "code": pin.code, "mode": mode }).to_string();
        let json = HeaderValue::from_static("application/json");
        let request = Request::post(format!("/sign-in/{}/pin", page.attempt()))
            .header(CONTENT_TYPE, &json)
            .header(ACCEPT, &json)
            .header("x-csrf-token", page.data("csrf"));
        self.send_own(request.body(Body::from(body)).expect("a request")).await
    }

    /// Our script where Plex does not answer the browser: has the server make the PIN. `mode` as in [`Browser::offer`].
    pub(crate) async fn start_at_server(&mut self, page: &Answer, mode: &str) -> Answer {
        let mut request = post_form(&format!("/sign-in/{}/start", page.attempt()), &[("mode", mode)]);
        let csrf = HeaderValue::from_str(&page.data("csrf")).expect("text");
        request.headers_mut().insert("x-csrf-token", csrf);
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        self.send_own(request).await
    }

    /// Our script while it waits: asks for the outcome, then goes there.
    pub(crate) async fn finish(&mut self, page: &Answer) -> Answer {
        let next = self.wait(page).await.expect("an outcome");
        self.open(&next).await
    }

    /// Long polls for an outcome. `None`: there is none yet.
    pub(crate) async fn wait(&mut self, page: &Answer) -> Option<String> {
        for _ in 0..MAX_POLLS {
            if let Some(next) = self.wait_once(page).await {
                return Some(next);
            }
        }
        None
    }

    /// Asks for an outcome once. Only for an attempt that nobody waits for or that is over: else it takes its time.
    pub(crate) async fn wait_once(&mut self, page: &Answer) -> Option<String> {
        let answer = self.get(&format!("/sign-in/{}/status", page.attempt())).await.expect(200).json();
        answer["next"].as_str().map(str::to_owned)
    }

    /// Plex's page sends the tab back to us, whatever happened there.
    pub(crate) async fn come_back(&mut self, page: &Answer) -> Answer {
        self.open(&format!("/sign-in/{}/return", page.attempt())).await
    }
}
