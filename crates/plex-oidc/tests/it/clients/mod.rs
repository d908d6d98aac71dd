//! What clients ask of us beside tokens for people (security requirements 53, 54, 95 to 99, 108, 110).

mod assertions;
mod introspection;
mod machines;
mod resources;
mod revocation;

use crate::support::{Answer, House, RelyingParty, Tokens};

/// The friend's tokens for this application.
async fn signed_in(house: &House, id: &str) -> (RelyingParty, Tokens) {
    let relying_party = house.relying_party(id);
    let (_, tokens) = house.sign_in("friend", &relying_party).await;
    (relying_party, tokens)
}

/// An error in the form of RFC 6749 s. 5.2.
#[track_caller]
fn is_error(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status, &answer.json()["error"]), (status, &error.into()), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// Nothing but `{"active":false}`.
#[track_caller]
fn is_inactive(answer: &Answer) {
    assert_eq!((answer.status, &*answer.body), (200, r#"{"active":false}"#), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}
