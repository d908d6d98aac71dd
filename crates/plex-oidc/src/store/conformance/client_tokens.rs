//! What clients have for themselves.

use plex_oidc_core::token::assertion::UsedAssertion;

use super::*;

fn token() -> NewClientToken {
    NewClientToken {
        hash: hash(),
        client_id: client("backup"),
        scopes: ScopeSet::parse("groups"),
        resources: ResourceSet::parse("https://a.example"),
        created: T0,
        expires: after(600),
    }
}

fn used(name: &str, id: u8) -> UsedAssertion {
    UsedAssertion { client_id: client(name), id: [id; 32], keep_until: after(120) }
}

pub(crate) async fn a_client_token_lives_to_the_second(store: &Shared) {
    let new = token();
    store.add_client_token(new.clone()).await.unwrap();
    let stored = store.client_token(new.hash, after(599)).await.unwrap().unwrap();
    let expected = ClientTokenRecord {
        client_id: new.client_id,
        scopes: new.scopes,
        resources: new.resources,
        created: new.created,
        expires: new.expires,
    };
    assert_eq!(stored, expected);
    assert_eq!(store.client_token(new.hash, after(600)).await.unwrap(), None);
    assert_eq!(store.client_token(hash(), T0).await.unwrap(), None);
    assert!(store.access_token(new.hash, T0).await.unwrap().is_none(), "it is nobody's");
}

pub(crate) async fn a_client_token_is_revoked_by_its_client_only(store: &Shared) {
    let new = token();
    store.add_client_token(new.clone()).await.unwrap();
    assert!(!store.revoke_client_token(new.hash, client("photos")).await.unwrap());
    assert!(store.client_token(new.hash, T0).await.unwrap().is_some());
    assert!(store.revoke_client_token(new.hash, client("backup")).await.unwrap());
    assert!(!store.revoke_client_token(new.hash, client("backup")).await.unwrap());
    assert!(store.client_token(new.hash, T0).await.unwrap().is_none());
}

pub(crate) async fn req_054_one_of_64_calls_uses_an_assertion(store: &Shared) {
    let answers =
        race(store, |store, _| async move { store.use_assertion(used("backup", 1)).await.unwrap() }).await;
    assert_eq!(answers.iter().filter(|fresh| **fresh).count(), 1);
    assert!(store.use_assertion(used("backup", 2)).await.unwrap());
    assert!(store.use_assertion(used("mirror", 1)).await.unwrap(), "names are each client's own");
}

pub(crate) async fn req_054_a_sweep_keeps_good_assertions(store: &Shared) {
    store.add_client_token(token()).await.unwrap();
    assert!(store.use_assertion(used("backup", 1)).await.unwrap());
    assert!(store.sweep(after(119)).await.unwrap().is_empty());
    assert!(!store.use_assertion(used("backup", 1)).await.unwrap());
    let counts = store.sweep(after(120)).await.unwrap();
    assert_eq!(counts, SweepCounts { assertions: 1, ..SweepCounts::default() });
    let counts = store.sweep(after(600)).await.unwrap();
    assert_eq!(counts, SweepCounts { client_tokens: 1, ..SweepCounts::default() });
}
