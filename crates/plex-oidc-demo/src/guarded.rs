//! An application that knows no sign-in, and the proxy in front of it, in one: before each page the proxy asks the gateway, as
//! Traefik or Caddy would, and hands on whatever it is told but "yes".

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse as _, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, COOKIE, HOST, LOCATION, RETRY_AFTER, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use minijinja::{AutoEscape, Environment, context};
use tokio::net::TcpListener;
use tokio::sync::watch;

const PAGE: &str = include_str!("../templates/guarded.html");

/// Its host: another one than the provider's, and every browser finds it.
pub(crate) const HOST_NAME: &str = "127.0.0.1";

/// What the proxy hands on of a visitor's request.
const ASKED_WITH: [HeaderName; 4] =
    [ACCEPT, COOKIE, HeaderName::from_static("sec-fetch-mode"), HeaderName::from_static("sec-fetch-dest")];
/// And of an answer that is not "yes".
const HANDED_ON: [HeaderName; 5] = [CONTENT_TYPE, CACHE_CONTROL, LOCATION, RETRY_AFTER, SET_COOKIE];

/// The application, about to be served.
pub(crate) struct Guarded {
    listener: TcpListener,
    url: String,
    proxy: Arc<Proxy>,
}

struct Proxy {
    http: reqwest::Client,
    gateway: String,
}

impl Guarded {
    /// The application that `listener` serves, guarded by the provider at `issuer`.
    pub(crate) fn new(listener: TcpListener, issuer: &str) -> io::Result<Self> {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = client.build().map_err(io::Error::other)?;
        let url = format!("http://{HOST_NAME}:{}", listener.local_addr()?.port());
        let proxy = Proxy { http, gateway: format!("{issuer}/authz/forward-auth") };
        Ok(Self { listener, url, proxy: Arc::new(proxy) })
    }

    /// The address to open.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Serves until asked to stop.
    pub(crate) async fn serve(self, mut stopping: watch::Receiver<bool>) -> io::Result<()> {
        let router = Router::new().fallback(visit).with_state(self.proxy);
        let stop = async move { drop(stopping.wait_for(|stop| *stop).await) };
        axum::serve(self.listener, router).with_graceful_shutdown(stop).await
    }
}

async fn visit(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    let (request, _) = request.into_parts();
    match proxy.ask(&request).await {
        Ok(told) if told.status() == StatusCode::OK => page(told.headers()),
        Ok(told) => hand_on(told).await,
        Err(error) => {
            (StatusCode::BAD_GATEWAY, format!("the gateway does not answer: {error}\n")).into_response()
        }
    }
}

impl Proxy {
    async fn ask(&self, request: &Parts) -> reqwest::Result<reqwest::Response> {
        let mut headers = HeaderMap::new();
        for name in ASKED_WITH {
            for value in request.headers.get_all(&name) {
                headers.append(name.clone(), value.clone());
            }
        }
        let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
        let said = [
            ("x-forwarded-method", HeaderValue::from_str(request.method.as_str()).ok()),
            ("x-forwarded-proto", Some(HeaderValue::from_static("http"))),
            ("x-forwarded-host", request.headers.get(HOST).cloned()),
            ("x-forwarded-uri", HeaderValue::from_str(target).ok()),
        ];
        for (name, value) in said {
            headers.extend(value.map(|value| (HeaderName::from_static(name), value)));
        }
        self.http.get(&self.gateway).headers(headers).send().await
    }
}

/// The gateway's own answer: a way to sign in, or a no.
async fn hand_on(told: reqwest::Response) -> Response {
    let (status, headers) = (told.status(), told.headers().clone());
    let mut response = (status, told.bytes().await.unwrap_or_default()).into_response();
    response.headers_mut().remove(CONTENT_TYPE);
    for name in HANDED_ON {
        for value in headers.get_all(&name) {
            response.headers_mut().append(name.clone(), value.clone());
        }
    }
    response
}

/// The application's only page. It believes what the proxy says.
fn page(told: &HeaderMap) -> Response {
    let rows: Vec<(String, String)> = told
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("remote-"))
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let name = told.get("remote-name").and_then(|name| name.to_str().ok()).unwrap_or("nobody").to_owned();
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let mut response = match environment.render_str(PAGE, context! { name, rows }) {
        Ok(text) => ([(CACHE_CONTROL, "no-store")], Html(text)).into_response(),
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("the page is broken: {error}\n")).into_response()
        }
    };
    for cookie in told.get_all(SET_COOKIE) {
        response.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    response
}
