//! Tokens of the API, and the end of everything that somebody holds.

use plex_oidc_core::api::{ApiScope, ApiScopes, ApiTokenId};

use super::app_tokens::app_token;
use super::*;

fn api_token() -> NewApiToken {
    let number = number();
    NewApiToken {
        id: ApiTokenId(u32::try_from(number).unwrap()),
        name: "the \"home\" panel 📖".to_owned(),
        hash: hash_of(number),
        scopes: [ApiScope::PeopleRead, ApiScope::TokensRevoke].into_iter().collect(),
        created: T0,
        expires: after(3600),
    }
}

async fn added(store: &Shared) -> NewApiToken {
    let token = api_token();
    assert!(store.add_api_token(token.clone()).await.unwrap());
    token
}

async fn lives(store: &Shared, token: &NewApiToken, now: Timestamp) -> bool {
    store.api_token(token.hash, now).await.unwrap().is_some()
}

pub(crate) async fn an_api_token_is_read_back_and_lives_to_the_second(store: &Shared) {
    assert!(store.api_tokens().await.unwrap().is_empty());
    let token = added(store).await;
    let expected = ApiTokenRecord {
        id: token.id,
        name: token.name.clone(),
        scopes: token.scopes,
        created: T0,
        expires: after(3600),
        last_used: None,
    };
    assert_eq!(store.api_token(token.hash, after(3599)).await.unwrap(), Some(expected.clone()));
    assert!(!lives(store, &token, after(3600)).await);
    assert!(store.api_token(hash(), T0).await.unwrap().is_none());
    let other = NewApiToken { created: after(1), scopes: ApiScopes::default(), ..api_token() };
    assert!(store.add_api_token(other.clone()).await.unwrap());
    let listed = store.api_tokens().await.unwrap();
    assert_eq!(listed.iter().map(|token| token.id).collect::<Vec<_>>(), [token.id, other.id]);
    assert_eq!(listed[0], expected, "one that is over is listed still");
    assert!(listed[1].scopes.is_empty());
}

pub(crate) async fn an_api_token_is_none_of_anybody_elses(store: &Shared) {
    let (token, person) = (added(store).await, signed_in(store).await);
    let app_token = app_token(person.account_id);
    assert!(store.add_app_token(app_token.clone()).await.unwrap());
    assert!(store.api_token(app_token.hash, T0).await.unwrap().is_none());
    assert!(store.app_token(token.hash, T0).await.unwrap().is_none());
    assert!(store.access_token(token.hash, T0).await.unwrap().is_none());
    assert!(store.client_token(token.hash, T0).await.unwrap().is_none());
    assert!(store.browser_session(token.hash, T0).await.unwrap().is_none());
    assert!(store.host_session(token.hash, T0).await.unwrap().is_none());
}

pub(crate) async fn the_use_of_an_api_token_is_noted_once_a_minute(store: &Shared) {
    let token = added(store).await;
    let touch = |now: Timestamp| store.touch_api_token(token.hash, now);
    assert!(touch(after(1)).await.unwrap());
    assert!(!touch(after(60)).await.unwrap());
    assert!(touch(after(61)).await.unwrap());
    assert!(!touch(after(30)).await.unwrap()); // a clock that was set back
    assert_eq!(store.api_tokens().await.unwrap()[0].last_used, Some(after(61)));
    assert!(!touch(after(3600)).await.unwrap(), "it is over");
    assert!(!store.touch_api_token(hash(), T0).await.unwrap());
}

pub(crate) async fn of_64_api_tokens_with_one_id_one_is_stored_and_it_is_revoked_once(store: &Shared) {
    let other = added(store).await;
    let id = ApiTokenId(u32::MAX);
    let tokens: Vec<_> = (0..64).map(|_| NewApiToken { id, ..api_token() }).collect();
    let answers = race(store, |store, index| {
        let token = tokens[index].clone();
        async move { store.add_api_token(token).await.unwrap() }
    })
    .await;
    assert_eq!(answers.iter().filter(|added| **added).count(), 1);
    for (token, added) in tokens.iter().zip(answers) {
        assert_eq!(lives(store, token, T0).await, added);
    }
    let answers = race(store, |store, _| async move { store.revoke_api_token(id).await.unwrap() }).await;
    assert_eq!(answers.iter().filter(|revoked| **revoked).count(), 1);
    for token in &tokens {
        assert!(!lives(store, token, T0).await);
    }
    assert!(lives(store, &other, T0).await);
    let same_hash = NewApiToken { hash: other.hash, ..api_token() };
    assert!(store.add_api_token(same_hash).await.is_err());
}

pub(crate) async fn everything_of_one_person_ends_at_once(store: &Shared) {
    let (one, other) = (signed_in(store).await, signed_in(store).await);
    for person in [&one, &other] {
        for _ in 0..2 {
            assert!(store.add_app_token(app_token(person.account_id)).await.unwrap());
        }
    }
    let ended = store.end_everything(one.account_id, after(5)).await.unwrap().expect("somebody");
    assert_eq!((ended.sessions, ended.app_tokens), (1, 2));
    assert!(store.sessions_of(one.account_id, after(5)).await.unwrap().is_empty());
    assert_eq!(store.sessions_of(other.account_id, after(5)).await.unwrap().len(), 1);
    let left = store.app_tokens().await.unwrap();
    assert!(left.len() == 2 && left.iter().all(|token| token.user.account_id() == other.account_id));
    let again = store.end_everything(one.account_id, after(6)).await.unwrap();
    assert_eq!(again, Some(EndedAccess::default()), "there is nothing left");
    let stranger = AccountId::Plex(PlexAccountId(number()));
    assert_eq!(store.end_everything(stranger, after(6)).await.unwrap(), None);
    assert!(store.user(one.account_id).await.unwrap().is_some(), "and nobody is forgotten, or kept out");
}
