//! App tokens.

use super::*;

pub(crate) fn app_token(account: AccountId) -> NewAppToken {
    let number = number();
    NewAppToken {
        id: format!("{number:08x}"),
        name: "the \"reader\" 📖".to_owned(),
        hash: hash_of(number),
        account_id: account,
        apps: vec!["wiki".to_owned(), "photos".to_owned()],
        created: T0,
        expires: Some(after(3600)),
        session: None,
    }
}

async fn added(store: &Shared) -> NewAppToken {
    let token = app_token(signed_in(store).await.account_id);
    assert!(store.add_app_token(token.clone()).await.unwrap());
    token
}

async fn lives(store: &Shared, token: &NewAppToken, now: Timestamp) -> bool {
    store.app_token(token.hash, now).await.unwrap().is_some()
}

pub(crate) async fn an_app_token_is_read_back_and_lives_to_the_second(store: &Shared) {
    let token = added(store).await;
    let expected = AppTokenRecord {
        id: token.id.clone(),
        name: token.name.clone(),
        user: user(super::plex_number(token.account_id)),
        apps: token.apps.clone(),
        created: T0,
        expires: Some(after(3600)),
        last_used: None,
        browser: None,
    };
    assert_eq!(store.app_token(token.hash, after(3599)).await.unwrap(), Some(expected.clone()));
    assert!(!lives(store, &token, after(3600)).await);
    assert!(store.app_token(hash(), T0).await.unwrap().is_none());

    let endless = NewAppToken { expires: None, created: after(1), ..app_token(token.account_id) };
    assert!(store.add_app_token(endless.clone()).await.unwrap());
    assert!(lives(store, &endless, after(u32::MAX)).await);
    let listed = store.app_tokens().await.unwrap();
    assert_eq!(listed.iter().map(|token| &token.id).collect::<Vec<_>>(), [&token.id, &endless.id]);
    assert_eq!(listed[0], expected, "one that is over is listed still");
}

pub(crate) async fn an_app_token_needs_a_user_and_an_id_of_its_own(store: &Shared) {
    assert!(!store.add_app_token(app_token(AccountId::Plex(PlexAccountId(5)))).await.unwrap(), "a stranger");
    let token = added(store).await;
    let same_id = NewAppToken { id: token.id.clone(), ..app_token(token.account_id) };
    assert!(!store.add_app_token(same_id.clone()).await.unwrap());
    assert!(!lives(store, &same_id, T0).await);
    assert!(lives(store, &token, T0).await);
    let same_hash = NewAppToken { hash: token.hash, ..app_token(token.account_id) };
    assert!(store.add_app_token(same_hash).await.is_err());
    assert_eq!(store.app_tokens().await.unwrap().len(), 1);
}

pub(crate) async fn a_list_of_applications_cannot_be_read_as_another(store: &Shared) {
    let account = signed_in(store).await.account_id;
    for odd in [vec![], vec![""], vec!["wiki photos"], vec!["wiki", "a\tb"], vec!["wiki", "a\u{2003}b"]] {
        let apps = odd.iter().map(ToString::to_string).collect();
        let refused = store.add_app_token(NewAppToken { apps, ..app_token(account) }).await;
        assert!(matches!(refused, Err(super::super::StoreError::OutOfRange { .. })), "{odd:?}: {refused:?}");
    }
    assert!(store.app_tokens().await.unwrap().is_empty());
}

pub(crate) async fn an_app_token_shows_its_user_as_last_known(store: &Shared) {
    let token = added(store).await;
    let mut known = user(super::plex_number(token.account_id));
    known.person.standing = Standing::Ended;
    known.updated = after(10);
    store.put_user(known.clone()).await.unwrap();
    assert_eq!(store.app_token(token.hash, after(11)).await.unwrap().unwrap().user, known);
}

pub(crate) async fn the_use_of_an_app_token_is_noted_once_a_minute(store: &Shared) {
    let token = added(store).await;
    let touch = |now: Timestamp| store.touch_app_token(token.hash, now);
    assert!(touch(after(1)).await.unwrap());
    assert!(!touch(after(60)).await.unwrap());
    assert!(touch(after(61)).await.unwrap());
    assert!(!touch(after(30)).await.unwrap()); // a clock that was set back
    assert_eq!(store.app_tokens().await.unwrap()[0].last_used, Some(after(61)));
    assert!(!touch(after(3600)).await.unwrap(), "it is over");
    assert!(!store.touch_app_token(hash(), T0).await.unwrap());
}

pub(crate) async fn an_app_token_is_revoked_once(store: &Shared) {
    let (token, other) = (added(store).await, added(store).await);
    let answers = race(store, |store, _| {
        let id = token.id.clone();
        async move { store.revoke_app_token(id).await.unwrap() }
    })
    .await;
    assert_eq!(answers.iter().filter(|revoked| **revoked).count(), 1);
    assert!(!lives(store, &token, T0).await);
    assert!(!store.touch_app_token(token.hash, T0).await.unwrap());
    assert!(lives(store, &other, T0).await);
}

pub(crate) async fn of_64_tokens_with_one_id_one_is_stored(store: &Shared) {
    let account = signed_in(store).await.account_id;
    let tokens: Vec<_> =
        (0..64).map(|_| NewAppToken { id: "0badcafe".to_owned(), ..app_token(account) }).collect();
    let answers = race(store, |store, index| {
        let token = tokens[index].clone();
        async move { store.add_app_token(token).await.unwrap() }
    })
    .await;
    assert_eq!(answers.iter().filter(|added| **added).count(), 1);
    for (token, added) in tokens.iter().zip(answers) {
        assert_eq!(lives(store, token, T0).await, added);
    }
}

pub(crate) async fn the_end_of_access_removes_app_tokens(store: &Shared) {
    let (token, other) = (added(store).await, added(store).await);
    let ended = end_access(store, token.account_id, after(1)).await;
    assert_eq!(ended, EndedAccess { sessions: 1, grants: 0, app_tokens: 1 });
    assert!(!lives(store, &token, after(1)).await);
    assert!(lives(store, &other, after(1)).await, "somebody else's");
    assert_eq!(store.app_tokens().await.unwrap().len(), 1);
}

/// A program is not a browser: signing out ends what the browser has.
pub(crate) async fn sign_out_leaves_app_tokens_alone(store: &Shared) {
    let browser = signed_in(store).await;
    let token = app_token(browser.account_id);
    store.add_app_token(token.clone()).await.unwrap();
    store.end_session(SessionName::Cookie(browser.hash), GrantsPolicy::EndAll, after(1)).await.unwrap();
    assert!(lives(store, &token, after(1)).await);
    while !store.sweep(after(3700)).await.unwrap().is_empty() {}
    assert_eq!(store.app_tokens().await.unwrap().len(), 1, "the list shows what is over");
}

pub(crate) async fn everybody_who_signed_in_is_listed(store: &Shared) {
    assert!(store.users().await.unwrap().is_empty());
    for account in [9, 7, 8] {
        store.put_user(user(account)).await.unwrap();
    }
    assert_eq!(store.users().await.unwrap(), [user(7), user(8), user(9)]);
}
