//! Refresh tokens (security requirements 57 to 67).

mod policy;
mod rotation;
mod tokens;

use crate::support::{Answer, House, RelyingParty, Tokens};

/// The friend's tokens for this application.
async fn signed_in(house: &House, id: &str) -> (RelyingParty, Tokens) {
    let relying_party = house.relying_party(id);
    let (_, tokens) = house.sign_in("friend", &relying_party).await;
    (relying_party, tokens)
}

#[track_caller]
fn is_refused(answer: &Answer) {
    assert_eq!((answer.status, &answer.json()["error"]), (400, &"invalid_grant".into()), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}
