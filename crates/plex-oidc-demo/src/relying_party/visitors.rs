//! Who is being signed in and who is signed in here, in memory. A cookie holds nothing but a random name.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use cookie::time::Duration;
use cookie::{Cookie, CookieBuilder, SameSite};
use http::HeaderMap;
use http::header::COOKIE;
use openidconnect::CsrfToken;

use super::protocol::{Pending, SignedIn};

/// The cookie of somebody who was sent to sign in, followed by the state of that request: two tabs may do so at once.
const EXPECTED: &str = "demo-state-";
/// How long it is kept.
const PATIENCE: Duration = Duration::minutes(20);
/// The cookie of somebody who is signed in here.
const VISITOR: &str = "demo-visitor";
/// More than this at once is not a demonstration.
const MOST: usize = 1000;

/// The people at the desk.
#[derive(Default)]
pub(crate) struct Visitors {
    pending: Mutex<HashMap<String, Pending>>,
    signed_in: Mutex<HashMap<String, SignedIn>>,
}

impl Visitors {
    /// Notes a request that was sent off; returns the cookie that ties its answer to this browser.
    pub(crate) fn expect(&self, state: &CsrfToken, pending: Pending) -> String {
        insert(&self.pending, state.secret().clone(), pending);
        let cookie = cookie(format!("{EXPECTED}{}", state.secret()), "1".to_owned());
        cookie.max_age(PATIENCE).build().to_string()
    }

    /// Takes the request with this state, if this browser made it.
    pub(crate) fn expected(&self, headers: &HeaderMap, state: &str) -> Option<Pending> {
        read(headers, &format!("{EXPECTED}{state}"))?;
        lock(&self.pending).remove(state)
    }

    /// Signs somebody in here; returns their cookie.
    pub(crate) fn welcome(&self, signed_in: SignedIn) -> String {
        let name = CsrfToken::new_random().into_secret();
        insert(&self.signed_in, name.clone(), signed_in);
        cookie(VISITOR.to_owned(), name).build().to_string()
    }

    /// Who this browser belongs to.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Option<SignedIn> {
        lock(&self.signed_in).get(&read(headers, VISITOR)?).cloned()
    }

    /// Signs this browser out here, and nowhere else; returns the cookie that is no more.
    pub(crate) fn forget(&self, headers: &HeaderMap) -> String {
        if let Some(name) = read(headers, VISITOR) {
            lock(&self.signed_in).remove(&name);
        }
        format!("{VISITOR}=; Path=/; Max-Age=0")
    }
}

fn lock<T>(map: &Mutex<HashMap<String, T>>) -> std::sync::MutexGuard<'_, HashMap<String, T>> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

fn insert<T>(map: &Mutex<HashMap<String, T>>, name: String, value: T) {
    let mut map = lock(map);
    if map.len() >= MOST {
        map.clear();
    }
    map.insert(name, value);
}

fn cookie(name: String, value: String) -> CookieBuilder<'static> {
    Cookie::build((name, value)).path("/").http_only(true).same_site(SameSite::Lax)
}

fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(Cookie::split_parse).filter_map(Result::ok);
    pairs.find(|pair| pair.name() == name).map(|pair| pair.value().to_owned())
}
