//! Who is being signed in and who is signed in here, in memory. A cookie holds nothing but a random name.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use cookie::{Cookie, SameSite};
use http::HeaderMap;
use http::header::COOKIE;
use openidconnect::CsrfToken;

use super::protocol::{Pending, SignedIn};

/// The cookie of somebody who was sent to sign in: the state of that request.
const EXPECTED: &str = "demo-state";
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
        cookie(EXPECTED, state.secret().clone())
    }

    /// Takes the request with this state, if this browser made it.
    pub(crate) fn expected(&self, headers: &HeaderMap, state: &str) -> Option<Pending> {
        let ours = read(headers, EXPECTED).is_some_and(|held| held == state);
        ours.then(|| lock(&self.pending).remove(state)).flatten()
    }

    /// Signs somebody in here; returns their cookie.
    pub(crate) fn welcome(&self, signed_in: SignedIn) -> String {
        let name = CsrfToken::new_random().into_secret();
        insert(&self.signed_in, name.clone(), signed_in);
        cookie(VISITOR, name)
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

fn cookie(name: &'static str, value: String) -> String {
    Cookie::build((name, value)).path("/").http_only(true).same_site(SameSite::Lax).build().to_string()
}

fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(Cookie::split_parse).filter_map(Result::ok);
    pairs.find(|pair| pair.name() == name).map(|pair| pair.value().to_owned())
}
