//! Installation, signing keys, users, consents.

use super::*;

fn key(kid: &str, created: u32) -> StoredKeyRow {
    StoredKeyRow {
        kid: kid.to_owned(),
        algorithm: "RS256".to_owned(),
        state: "active".to_owned(),
        created: after(created),
        sealed: SealedBytes(kid.as_bytes().to_vec()),
    }
}

pub(crate) async fn the_installation_is_named_once(store: &Shared) {
    let names = race(store, |store, index| async move {
        store.installation(&format!("candidate-{index}")).await.unwrap()
    })
    .await;
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
    assert_eq!(store.installation("later").await.unwrap(), names[0]);
}

pub(crate) async fn signing_keys_are_made_once(store: &Shared) {
    assert_eq!(store.signing_keys().await.unwrap(), []);
    let sets = race(store, |store, index| async move {
        let rows = vec![key(&format!("b{index}"), 2), key(&format!("a{index}"), 1)];
        store.insert_signing_keys_if_none(rows).await.unwrap()
    })
    .await;
    assert!(sets.iter().all(|set| *set == sets[0]));
    assert_eq!(store.signing_keys().await.unwrap(), sets[0]);
    assert_eq!(sets[0].len(), 2);
    assert_eq!((sets[0][0].created, sets[0][1].created), (after(1), after(2)));
}

pub(crate) async fn signing_keys_are_replaced_only_by_who_knows_them(store: &Shared) {
    store.insert_signing_keys_if_none(vec![key("a", 1), key("b", 2)]).await.unwrap();
    for wrong in [vec![], vec!["a"], vec!["a", "c"], vec!["a", "b", "c"]] {
        let expected = wrong.iter().map(ToString::to_string).collect();
        let answer = store.replace_signing_keys(expected, vec![key("x", 3)]).await.unwrap();
        assert_eq!(answer, KeyReplacement::Changed, "{wrong:?}");
    }
    let answers = race(store, |store, index| async move {
        let rows = vec![key("b", 2), key(&format!("c{index}"), 3)];
        store.replace_signing_keys(vec!["b".to_owned(), "a".to_owned()], rows).await.unwrap()
    })
    .await;
    assert_eq!(answers.iter().filter(|answer| **answer == KeyReplacement::Replaced).count(), 1);
    let kids: Vec<_> = store.signing_keys().await.unwrap().into_iter().map(|key| key.kid).collect();
    assert_eq!(kids.len(), 2);
    assert_eq!(kids[0], "b");
}

pub(crate) async fn an_older_answer_about_a_user_does_not_replace_a_newer_one(store: &Shared) {
    assert_eq!(store.user(AccountId::Plex(PlexAccountId(7))).await.unwrap(), None);
    let mut known = user(7);
    assert!(store.put_user(known.clone()).await.unwrap());
    assert_eq!(store.user(AccountId::Plex(PlexAccountId(7))).await.unwrap(), Some(known.clone()));

    known.person.standing = Standing::Ended;
    known.updated = after(10);
    assert!(store.put_user(known.clone()).await.unwrap());
    let mut older = user(7);
    older.updated = after(9);
    assert!(!store.put_user(older.clone()).await.unwrap());
    let session = NewBrowserSession { created: after(8), ..super::session(7) };
    let attempt = login();
    store.begin_login(attempt.clone()).await.unwrap();
    let mut finish = finish(&attempt, FinishedBy::BrowserSession, 7);
    (finish.user, finish.session, finish.code) = (known.clone(), Some(session.clone()), None);
    assert_eq!(store.finish_login(finish).await.unwrap(), Finish::Finished);
    older.person.standing = Standing::Ended;
    assert_eq!(store.end_access(older).await.unwrap(), None, "and ends nothing");
    assert!(store.browser_session(session.hash, after(11)).await.unwrap().is_some());
    assert_eq!(store.user(AccountId::Plex(PlexAccountId(7))).await.unwrap(), Some(known));
}

pub(crate) async fn what_is_confirmed_of_many_does_not_undo_what_was_learned_meanwhile(store: &Shared) {
    for id in [7, 8] {
        assert!(store.put_user(user(id)).await.unwrap());
    }
    let confirmed = |id, at| {
        let mut user = user(id);
        user.updated = after(at);
        user.person.groups.clear();
        Reconfirmed { known_at: T0, user }
    };
    let newer = UserRecord { updated: after(1), ..user(8) };
    assert!(store.put_user(newer.clone()).await.unwrap());
    let all = vec![confirmed(7, 2), confirmed(8, 2), confirmed(9, 2)];
    assert_eq!(store.reconfirm_users(all.clone()).await.unwrap(), 1);
    let known = async |id| store.user(AccountId::Plex(PlexAccountId(id))).await.unwrap();
    assert_eq!(known(7).await, Some(all[0].user.clone()));
    assert_eq!(known(8).await, Some(newer), "somebody knew more");
    assert_eq!(known(9).await, None, "nobody is made by it");
}

pub(crate) async fn a_number_too_large_for_the_database_is_refused(store: &Shared) {
    let refused = store.put_user(user(u64::MAX)).await;
    assert!(matches!(refused, Err(super::super::StoreError::OutOfRange { .. })), "{refused:?}");
}

pub(crate) async fn consents_are_kept_per_user_and_client(store: &Shared) {
    store.put_user(user(7)).await.unwrap();
    store.put_user(user(8)).await.unwrap();
    let mut consent = Consent {
        account_id: AccountId::Plex(PlexAccountId(7)),
        client_id: client("photos"),
        scopes: ScopeSet::parse("openid email"),
        granted_at: T0,
    };
    store.save_consent(consent.clone()).await.unwrap();
    assert_eq!(
        store.consent(AccountId::Plex(PlexAccountId(7)), client("photos")).await.unwrap(),
        Some(consent.clone())
    );
    assert_eq!(store.consent(AccountId::Plex(PlexAccountId(8)), client("photos")).await.unwrap(), None);
    assert_eq!(store.consent(AccountId::Plex(PlexAccountId(7)), client("files")).await.unwrap(), None);

    consent.scopes = ScopeSet::parse("openid");
    consent.granted_at = after(5);
    store.save_consent(consent.clone()).await.unwrap();
    assert_eq!(
        store.consent(AccountId::Plex(PlexAccountId(7)), client("photos")).await.unwrap(),
        Some(consent)
    );

    assert!(
        !store.withdraw_consent(AccountId::Plex(PlexAccountId(8)), client("photos"), after(1)).await.unwrap()
    );
    assert!(
        store.withdraw_consent(AccountId::Plex(PlexAccountId(7)), client("photos"), after(1)).await.unwrap()
    );
    assert!(
        !store.withdraw_consent(AccountId::Plex(PlexAccountId(7)), client("photos"), after(1)).await.unwrap()
    );
    assert_eq!(store.consent(AccountId::Plex(PlexAccountId(7)), client("photos")).await.unwrap(), None);
}

pub(crate) async fn a_consent_that_is_taken_back_ends_what_its_client_holds(store: &Shared) {
    let (code, tokens) = redeemed(store).await;
    let (_, others) = redeemed(store).await;
    let account_id = code.grant.account_id;
    let consent = |name: &str| Consent {
        account_id,
        client_id: client(name),
        scopes: ScopeSet::parse("openid"),
        granted_at: T0,
    };
    assert!(!store.withdraw_consent(account_id, client("photos"), after(1)).await.unwrap());
    assert!(store.access_token(tokens.access.hash, after(2)).await.unwrap().is_some(), "there was none");
    for name in ["files", "photos"] {
        store.save_consent(consent(name)).await.unwrap();
    }
    assert_eq!(store.consents(account_id).await.unwrap(), [consent("files"), consent("photos")]);
    assert!(store.withdraw_consent(account_id, client("files"), after(1)).await.unwrap());
    assert!(store.access_token(tokens.access.hash, after(2)).await.unwrap().is_some(), "another client's");
    assert!(store.withdraw_consent(account_id, client("photos"), after(1)).await.unwrap());
    assert!(store.access_token(tokens.access.hash, after(2)).await.unwrap().is_none());
    let refresh = store.refresh_token(tokens.refresh.unwrap().hash).await.unwrap().unwrap();
    assert_eq!(refresh.grant.ended_at, Some(after(1)));
    assert!(store.access_token(others.access.hash, after(2)).await.unwrap().is_some(), "another person's");
    assert_eq!(store.consents(account_id).await.unwrap(), []);
}
