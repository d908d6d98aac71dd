//! What protects people's browsers (security requirements 125 to 137).

mod cookies;
mod forms;
mod headers;
mod hostile;
mod slow_bodies;

use axum::body::Body;
use http::{Method, Request};
use rusqlite::types::Value;

use crate::support::{House, Setup};

/// A route of the program, as its source says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) get: bool,
    pub(crate) post: bool,
}

/// What proxies call; these are told apart without the router.
const OF_PROXIES: [&str; 8] = [
    "/authz/forward-auth",
    "/authz/auth-request",
    "/authz/ext-authz/{request}",
    "/authz/app/{request}/forward-auth",
    "/authz/app/photos/ext-authz/{request}",
    "/authz/cloudflare-access/{request}",
    "/authz/cloudflare-access/photos/ext-authz/{request}",
    "/validate/{request}",
];

/// Every route. Read from the source, so that none is forgotten here.
pub(crate) fn routes() -> Vec<Route> {
    let source = include_str!("../../../src/router.rs");
    let lines = source.lines().filter_map(|line| Some(line.split_once(".route(\"")?.1));
    let mut routes: Vec<Route> = lines
        .map(|line| {
            let (path, handlers) = line.split_once('"').expect("a path ends");
            let any = handlers.contains(" any(");
            Route { path, get: any || handlers.contains(" get("), post: any || handlers.contains("post(") }
        })
        .collect();
    assert_eq!(routes.len(), source.matches(".route(").count(), "a route is written in a way unknown here");
    routes.extend(OF_PROXIES.map(|path| Route { path, get: true, post: true }));
    routes
}

impl Route {
    /// The path, about this attempt.
    pub(crate) fn about(self, attempt: &str) -> String {
        self.path
            .replace("{account}", "plex-1")
            .replace("{request}", attempt)
            .replace("{*path}", "0000/none.css")
    }
}

/// A request without body.
pub(crate) fn bare(method: &Method, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::empty()).expect("a path")
}

/// All that is stored, table by table.
fn stored(house: &House) -> Vec<String> {
    let database = rusqlite::Connection::open(plex_oidc::installation::database_path(&house.config)).unwrap();
    let mut names =
        database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let names: Vec<String> = names.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut all = Vec::new();
    for name in names {
        let mut rows = database.prepare(&format!("SELECT * FROM \"{name}\"")).unwrap();
        let columns = rows.column_count();
        let text = |row: &rusqlite::Row<'_>| {
            let values: Vec<Value> = (0..columns).map(|index| row.get(index)).collect::<Result<_, _>>()?;
            Ok(format!("{name}: {values:?}"))
        };
        let mut lines: Vec<String> = rows.query_map([], text).unwrap().map(Result::unwrap).collect();
        lines.sort();
        all.extend(lines);
    }
    all
}

/// A house whose applications ask for consent and where both ways in are open, so that every page can be seen.
fn with_consent() -> Setup {
    Setup::default().client("photos", "consent_required = true").set("local", "enabled = true")
}
