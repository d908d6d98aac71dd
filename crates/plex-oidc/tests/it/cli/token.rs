//! `token add`, `token list` and `token revoke`.

use std::sync::Arc;

use plex_oidc::cli::Exit;
use plex_oidc::clock::Clock as _;
use plex_oidc::config;
use plex_oidc::installation::{database_path, open_stored};
use plex_oidc::start::StartError;
use plex_oidc::store::records::UserRecord;
use plex_oidc::store::{Store, StoreError};
use plex_oidc_core::account::Account;
use plex_oidc_core::decide::{Person, Standing};
use plex_oidc_core::groups::{Group, Groups};
use plex_oidc_core::id::{AccountId, PlexAccountId};
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::time::{Seconds, Timestamp};

use super::{House, Ran, told_for_cloudflare};

const ROBIN: u64 = 48_151_001;

fn loaded(house: &House) -> config::Config {
    config::load(&house.path("plex-oidc.toml"), &house.variables()).unwrap().config
}

/// The service's own store. While it is held, the service runs, as far as the database can tell.
fn service(house: &House) -> Arc<dyn Store> {
    house.runtime.block_on(open_stored(&loaded(house))).unwrap().store
}

fn robin(standing: Standing, updated: Timestamp) -> UserRecord {
    let account = Account {
        username: Some("robin".to_owned()),
        email: Some("robin@example.com".to_owned()),
        email_confirmed: true,
        ..Account::named(AccountId::Plex(PlexAccountId(ROBIN)), "Robin".to_owned())
    };
    UserRecord {
        person: Person {
            account,
            groups: Groups::from([Group::friend()]),
            standing,
            shares: vec![],
            marks: plex_oidc_core::decide::Marks::default(),
        },
        updated,
    }
}

/// An installation with a service that runs, where Robin has signed in.
fn served() -> (House, Arc<dyn Store>) {
    let house = House::new();
    assert_eq!(house.run(&told_for_cloudflare()).exit, Exit::Done);
    declare_apps(&house);
    let store = service(&house);
    let now = house.clock.now();
    let member = Standing::Member { confirmed_at: now, through: vec![] };
    house.runtime.block_on(store.put_user(robin(member, now))).unwrap();
    (house, store)
}

/// Two applications behind the gateway.
fn declare_apps(house: &House) {
    let file = house.path("plex-oidc.toml");
    let app = |name| format!("\n[[apps]]\nname = \"{name}\"\nhost = \"{name}.example.com\"\n");
    let text = std::fs::read_to_string(&file).unwrap() + &app("wiki") + &app("photos");
    std::fs::write(&file, text).unwrap();
}

fn add(house: &House, more: &[&str]) -> Ran {
    house.run(&[&["token", "add", "--user", "robin@example.com", "--app", "wiki"][..], more].concat())
}

/// The lines of the list without the heading, in words.
fn listed(house: &House) -> Vec<Vec<String>> {
    let ran = house.run(&["token", "list"]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    ran.out.lines().skip(1).map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

#[test]
fn a_token_is_made_beside_the_service_and_shown_once() {
    let (house, store) = served();
    let ran = add(&house, &["--app", "photos", "--name", "reader", "--expires", "90d"]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(
        ran.err.contains("may use wiki, photos as Robin (plex-48151001, robin@example.com)"),
        "{}",
        ran.err
    );
    let secret =
        Secret::parse(SecretKind::AppToken, ran.out.trim_end()).expect("the token, and nothing else");
    assert!(!ran.err.contains(secret.expose()));

    let now = house.clock.now();
    let stored = house.runtime.block_on(store.app_token(secret.hash(), now)).unwrap().unwrap();
    assert_eq!(
        (stored.name.as_str(), stored.user.account_id()),
        ("reader", AccountId::Plex(PlexAccountId(ROBIN)))
    );
    assert_eq!(stored.apps, ["wiki", "photos"]);
    assert_eq!(stored.expires, Some(stored.created.plus(Seconds::days(90))));

    house.clock.advance(Seconds::hours(30)); // not a whole number of days, which a slow machine makes one less
    let list = house.run(&["token", "list"]);
    assert!(!list.out.contains(secret.expose()), "{}", list.out);
    let line = &listed(&house)[0];
    assert_eq!(line.join(" "), format!("{} 1d never in 88d plex-48151001 wiki,photos reader", stored.id));
}

#[test]
fn a_token_is_revoked_beside_the_service_by_its_id() {
    let (house, store) = served();
    let tokens = [add(&house, &[]), add(&house, &[])];
    let [first, second] =
        tokens.map(|ran| Secret::parse(SecretKind::AppToken, ran.out.trim_end()).unwrap().hash());
    let now = house.clock.now();
    let found = |hash| house.runtime.block_on(store.app_token(hash, now)).unwrap();
    let (id, other) = (found(first).unwrap().id, found(second).unwrap().id);
    let ran = house.run(&["token", "revoke", &id]);
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Done, ""), "{}", ran.err);
    assert!(ran.err.ends_with(&format!("\nThe token {id} is revoked.\n")), "{}", ran.err);
    assert_eq!((found(first), found(second).unwrap().id), (None, other.clone()));
    let mut line = listed(&house).remove(0);
    line.remove(1); // its age
    assert_eq!(line.join(" "), format!("{other} never never plex-48151001 wiki wiki"));

    let again = house.run(&["token", "revoke", &id]);
    assert_eq!((again.exit.code(), again.out.as_str()), (1, ""));
    let why = format!("\nNothing was changed: there is no token with the id {id}.\n");
    assert!(again.err.ends_with(&why), "{}", again.err);
}

#[test]
fn what_makes_no_sense_makes_no_token() {
    let (house, store) = served();
    let ok = ["token", "add", "--user", "plex-48151001", "--app", "wiki"];
    for (change, code, why) in [
        (["--user", "somebody"], 1, "nobody who has signed in is somebody"),
        (["--app", "wi ki"], 1, "there is no application wi ki"),
        (["--name", "a\u{1b}b"], 1, "no control characters"),
        (["--name", ""], 1, "1 to 100 characters"),
        (["--expires", "0d"], 2, "such as 90d"),
        (["--expires", "soon"], 2, "such as 90d"),
    ] {
        let ran = if change[0] == "--user" {
            house.run(&["token", "add", change[0], change[1], "--app", "wiki"])
        } else {
            house.run(&[&ok[..], &change].concat())
        };
        assert_eq!((ran.exit.code(), ran.out.as_str()), (code, ""), "{change:?}");
        assert!(ran.err.contains(why), "{}", ran.err);
    }
    assert_eq!(house.run(&ok[..4]).exit, Exit::Usage, "an application is required");

    house.clock.advance(Seconds(1));
    house.runtime.block_on(store.put_user(robin(Standing::Ended, house.clock.now()))).unwrap();
    let ended = house.run(&ok);
    assert_eq!((ended.exit.code(), ended.out.as_str()), (1, ""));
    assert!(ended.err.contains("plex-48151001 may not come in any more"), "{}", ended.err);
    assert!(listed(&house).is_empty());
}

#[test]
fn i_18_a_token_command_leaves_the_lock_to_the_service() {
    let (house, store) = served();
    assert_eq!(add(&house, &[]).exit, Exit::Done);
    let Err(second) = house.runtime.block_on(open_stored(&loaded(&house))) else { panic!("served twice") };
    assert!(matches!(second, StartError::Store(StoreError::InUse { .. })), "{second:?}");
    drop(store);
    // Without a service it works as well, and leaves nothing that keeps one out.
    assert_eq!(add(&house, &[]).exit, Exit::Done);
    assert_eq!(listed(&house).len(), 2);
    drop(service(&house));
}

#[test]
fn i_12_without_a_database_token_says_so_and_makes_none() {
    let house = House::new();
    assert_eq!(house.run(&told_for_cloudflare()).exit, Exit::Done);
    declare_apps(&house);
    std::fs::remove_dir_all(house.path("data")).unwrap();
    for command in [&["token", "list"][..], &["token", "revoke", "0badcafe"]] {
        let ran = house.run(command);
        assert_eq!((ran.exit.code(), ran.out.as_str()), (78, ""));
        assert!(ran.err.contains("there is no database with keys"), "{}", ran.err);
    }
    assert_eq!(add(&house, &[]).exit.code(), 78);
    assert!(!database_path(&loaded(&house)).exists());
}
