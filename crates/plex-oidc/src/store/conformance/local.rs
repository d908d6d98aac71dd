//! Local accounts.

use plex_oidc_core::id::LocalAccountId;

use super::*;

pub(super) fn local_account(number: u64, username: &str) -> LocalAccount {
    let id = LocalAccountId::new(number).unwrap();
    let mut person = user(number).person;
    person.account.id = AccountId::Local(id);
    person.groups = Groups::from([Group::local()]);
    person.standing = Standing::Kept;
    LocalAccount {
        user: UserRecord { person, updated: T0 },
        username: username.to_owned(),
        email: Some(format!("{username}@example.com")),
        password_hash: Some(format!("hash of {username}")),
        declared: false,
    }
}

fn put(before: Option<&LocalAccount>, after: &LocalAccount, ends: Ends) -> PutLocalAccount {
    PutLocalAccount { before: before.cloned(), after: after.clone(), ends, now: T0 }
}

pub(super) async fn added(store: &Shared, number: u64, username: &str) -> LocalAccount {
    let account = local_account(number, username);
    assert_eq!(store.put_local_account(put(None, &account, Ends::Nothing)).await.unwrap(), LocalPut::Stored);
    account
}

fn named(name: &str) -> SignInName {
    SignInName::Username(name.to_owned())
}

/// Finishes a new attempt with the password of `account`. Also gives the session that comes of it.
pub(super) async fn signed(
    store: &Shared,
    account: &LocalAccount,
    hash: &str,
) -> (Finish, NewBrowserSession) {
    let login = login();
    store.begin_login(login.clone()).await.unwrap();
    let new = NewBrowserSession { account_id: account.user.account_id(), ..session(1) };
    let finish = FinishLogin {
        id: login.id,
        by: FinishedBy::Password(hash.to_owned()),
        now: T0,
        user: account.user.clone(),
        session: Some(new.clone()),
        replaced_session: None,
        code: None,
        plex_token: None,
    };
    (store.finish_login(finish).await.unwrap(), new)
}

async fn signs_in(store: &Shared, account: &LocalAccount, hash: &str) -> Finish {
    signed(store, account, hash).await.0
}

pub(crate) async fn a_local_account_is_stored_over_what_is_expected_and_nothing_else(store: &Shared) {
    let robin = added(store, 7, "robin").await;
    assert_eq!(store.local_account(named("robin")).await.unwrap(), Some(robin.clone()));
    let by_address = SignInName::Email("robin@example.com".to_owned());
    assert_eq!(store.local_account(by_address).await.unwrap(), Some(robin.clone()));
    assert_eq!(store.local_account(named("robin@example.com")).await.unwrap(), None);
    assert_eq!(store.user(robin.user.account_id()).await.unwrap(), Some(robin.user.clone()));
    // The Plex account of the same number is another.
    assert_eq!(store.user(AccountId::Plex(PlexAccountId(7))).await.unwrap(), None);
    let again = store.put_local_account(put(None, &local_account(7, "other"), Ends::Nothing)).await.unwrap();
    assert_eq!(again, LocalPut::Taken, "the number");
    for taken in
        [local_account(8, "robin"), LocalAccount { email: robin.email.clone(), ..local_account(8, "sam") }]
    {
        assert_eq!(store.put_local_account(put(None, &taken, Ends::Nothing)).await.unwrap(), LocalPut::Taken);
    }
    let new = LocalAccount { username: "rob".to_owned(), ..robin.clone() };
    let other = LocalAccount { username: "bob".to_owned(), ..robin.clone() };
    let first = store.put_local_account(put(Some(&robin), &new, Ends::Nothing)).await.unwrap();
    let second = store.put_local_account(put(Some(&robin), &other, Ends::Nothing)).await.unwrap();
    assert_eq!((first, second), (LocalPut::Stored, LocalPut::Changed));
    let id = LocalAccountId::new(7).unwrap();
    assert!(
        store.remove_local_account(id, T0).await.unwrap()
            && !store.remove_local_account(id, T0).await.unwrap()
    );
    assert_eq!(store.user(robin.user.account_id()).await.unwrap(), None);
    let gone = store.put_local_account(put(Some(&new), &other, Ends::Nothing)).await.unwrap();
    assert_eq!(gone, LocalPut::Changed, "nobody comes back by a change that was under way");
}

pub(crate) async fn a_password_counts_only_while_it_is_the_accounts_and_the_account_is_on(store: &Shared) {
    let robin = added(store, 7, "robin").await;
    assert_eq!(signs_in(store, &robin, "hash of robin").await, Finish::Finished);
    assert_eq!(signs_in(store, &robin, "another hash").await, Finish::WrongState);
    let mut off = robin.clone();
    off.user.person.standing = Standing::Ended;
    assert_eq!(
        store.put_local_account(put(Some(&robin), &off, Ends::Access)).await.unwrap(),
        LocalPut::Stored
    );
    assert_eq!(signs_in(store, &robin, "hash of robin").await, Finish::WrongState, "switched off meanwhile");
    assert_eq!(store.user(robin.user.account_id()).await.unwrap(), Some(off.user.clone()), "and stays so");
    store.remove_local_account(LocalAccountId::new(7).unwrap(), T0).await.unwrap();
    assert_eq!(signs_in(store, &robin, "hash of robin").await, Finish::WrongState, "removed meanwhile");
    assert_eq!(store.user(robin.user.account_id()).await.unwrap(), None);
}

pub(crate) async fn the_declared_accounts_are_those_of_the_file_or_nothing_changes(store: &Shared) {
    let declared = |number, name: &str| LocalAccount { declared: true, ..local_account(number, name) };
    let declare =
        async |accounts: &[LocalAccount]| store.declare_local_accounts(accounts.to_vec(), T0).await.unwrap();
    let (one, two) = (declared(1, "one"), declared(2, "two"));
    let both = [one.clone(), two.clone()];
    assert_eq!(declare(&both).await, Declared::Stored { written: 2, removed: 0 });
    assert_eq!(declare(&both).await, Declared::Stored { written: 0, removed: 0 });
    // They exchange their names.
    let exchanged = [declared(1, "two"), declared(2, "one")];
    assert_eq!(declare(&exchanged).await, Declared::Stored { written: 2, removed: 0 });
    assert_eq!(
        store.local_account(named("one")).await.unwrap().unwrap().user.account_id(),
        two.user.account_id()
    );
    assert!(
        !store.remove_local_account(LocalAccountId::new(1).unwrap(), T0).await.unwrap(),
        "the file has it"
    );
    let kept = added(store, 1 << 40, "kept").await;
    let clash = [declared(1, "kept")];
    assert_eq!(declare(&clash).await, Declared::Taken(LocalAccountId::new(1).unwrap()));
    assert_eq!(store.local_accounts().await.unwrap().len(), 3, "nothing changed");
    assert_eq!(declare(&[]).await, Declared::Stored { written: 0, removed: 2 });
    assert_eq!(store.local_accounts().await.unwrap(), [kept]);
}

pub(crate) async fn those_in_other_groups_are_found_and_nobody_else(store: &Shared) {
    let group = |name: &str| Group::of_host(name).unwrap();
    let in_groups = |mut account: LocalAccount, names: &[&str]| {
        account.user.person.groups.extend(names.iter().map(|name| group(name)));
        account
    };
    let family = in_groups(local_account(7, "robin"), &["family"]);
    let both = in_groups(local_account(8, "kim"), &["family", "neighbours"]);
    let in_the_file = in_groups(LocalAccount { declared: true, ..local_account(1, "sam") }, &["neighbours"]);
    for account in [&family, &both] {
        let stored = store.put_local_account(put(None, account, Ends::Nothing)).await.unwrap();
        assert_eq!(stored, LocalPut::Stored);
    }
    added(store, 9, "lou").await;
    store.declare_local_accounts(vec![in_the_file], T0).await.unwrap();
    let beyond = async |names: &[&str]| {
        let known = names.iter().map(|name| group(name)).chain([Group::local()]).collect();
        store.local_accounts_beyond(known).await.unwrap()
    };
    assert_eq!(beyond(&["family", "neighbours"]).await, []);
    assert_eq!(beyond(&["family"]).await, std::slice::from_ref(&both));
    assert_eq!(beyond(&["neighbour"]).await, [both.clone(), family.clone()]);
    assert_eq!(beyond(&[]).await, [both, family]);
}

pub(crate) async fn a_change_of_a_local_account_ends_what_it_is_to_end_and_nobody_elses(store: &Shared) {
    let (mut robin, sam) = (added(store, 7, "robin").await, added(store, 8, "sam").await);
    let (_, others) = signed(store, &sam, "hash of sam").await;
    let token = app_tokens::app_token(robin.user.account_id());
    assert!(store.add_app_token(token.clone()).await.unwrap());
    for (ends, session_lives, token_lives) in
        [(Ends::Nothing, true, true), (Ends::SignIns, false, true), (Ends::Access, false, false)]
    {
        let (_, session) = signed(store, &robin, "hash of robin").await;
        let mut changed = robin.clone();
        changed.user.updated = changed.user.updated.plus(Seconds(1));
        assert_eq!(
            store.put_local_account(put(Some(&robin), &changed, ends)).await.unwrap(),
            LocalPut::Stored
        );
        robin = changed;
        assert_eq!(
            store.browser_session(session.hash, T0).await.unwrap().is_some(),
            session_lives,
            "{ends:?}"
        );
        assert_eq!(store.app_token(token.hash, T0).await.unwrap().is_some(), token_lives, "{ends:?}");
        assert!(store.browser_session(others.hash, T0).await.unwrap().is_some(), "{ends:?}: somebody else's");
    }
}
