//! `person`, beside a running service.

use std::sync::Arc;

use plex_oidc::cli::Exit;
use plex_oidc::clock::Clock as _;
use plex_oidc::config;
use plex_oidc::installation::open_stored;
use plex_oidc::store::Store;
use plex_oidc::store::records::UserRecord;
use plex_oidc_core::account::Account;
use plex_oidc_core::decide::{Marks, Person, Standing};
use plex_oidc_core::groups::{Group, Groups};
use plex_oidc_core::id::{AccountId, ClientId, PlexAccountId};

use super::{House, Ran, told_for_cloudflare};

const ROBIN: AccountId = AccountId::Plex(PlexAccountId(48_151_001));
const NOBODY_YET: AccountId = AccountId::Plex(PlexAccountId(7_654_321));

/// An installation with a service that runs, where Robin has signed in.
fn served() -> (House, Arc<dyn Store>) {
    let house = House::new();
    assert_eq!(house.run(&told_for_cloudflare()).exit, Exit::Done);
    let file = house.path("plex-oidc.toml");
    let app = "\n[[apps]]\nname = \"wiki\"\nhost = \"wiki.example.com\"\nallow = [\"plex-owner\"]\n";
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + app).unwrap();
    let config = config::load(&file, &house.variables()).unwrap().config;
    let store = house.runtime.block_on(open_stored(&config)).unwrap().store;
    let account = Account {
        email: Some("robin@example.com".to_owned()),
        email_confirmed: true,
        ..Account::named(ROBIN, "Robin\u{1b}[2J".to_owned())
    };
    let now = house.clock.now();
    let standing = Standing::Member { confirmed_at: now, through: Vec::new() };
    let groups = Groups::from([Group::friend()]);
    let person = Person { account, groups, standing, shares: Vec::new(), marks: Marks::default() };
    house.runtime.block_on(store.put_user(UserRecord { person, updated: now })).unwrap();
    (house, store)
}

fn marks(house: &House, store: &Arc<dyn Store>, account: AccountId) -> Marks {
    house.runtime.block_on(store.marks(account)).unwrap()
}

fn done(house: &House, arguments: &[&str]) -> Ran {
    let ran = house.run(&[&["person"][..], arguments].concat());
    assert_eq!(ran.exit, Exit::Done, "{arguments:?}: {}", ran.err);
    ran
}

fn refused(house: &House, arguments: &[&str]) -> String {
    let ran = house.run(&[&["person"][..], arguments].concat());
    assert_eq!(ran.exit, Exit::Failed, "{arguments:?}");
    assert!(ran.err.contains("Nothing was changed: "), "{}", ran.err);
    ran.err
}

#[test]
fn somebody_is_blocked_and_unblocked_whether_they_ever_signed_in_or_not() {
    let (house, store) = served();
    let told = done(&house, &["block", "robin@example.com"]).err;
    assert!(told.contains("Robin[2J (plex-48151001) is blocked; 0 sessions"), "{told}");
    done(&house, &["block", "plex-7654321"]);
    assert!(marks(&house, &store, ROBIN).blocked && marks(&house, &store, NOBODY_YET).blocked);
    let user = house.runtime.block_on(store.user(ROBIN)).unwrap().unwrap();
    assert!(user.person.marks.blocked, "the service reads it with the person");
    let listed = done(&house, &["list", "--said"]).out;
    assert!(listed.contains("plex-48151001") && listed.contains("(never signed in)"), "{listed}");
    assert!(!listed.contains('\u{1b}'));
    done(&house, &["unblock", "plex-48151001"]);
    done(&house, &["unblock", "plex-7654321"]);
    assert!(house.runtime.block_on(store.all_marks()).unwrap().is_empty());
}

#[test]
fn somebody_is_named_beforehand_and_an_application_is_opened_to_them() {
    let (house, store) = served();
    let told = done(&house, &["allow", "plex-7654321"]).err;
    assert!(told.contains("rules.only is not set"), "{told}");
    done(&house, &["allow", "48151001", "--app", "wiki", "--app", "cloudflare-access"]);
    assert!(marks(&house, &store, NOBODY_YET).named);
    let wiki = ClientId::parse("app:wiki").unwrap();
    assert_eq!(marks(&house, &store, ROBIN).doors.len(), 2);
    let explained = house.run(&["explain", "--user", "plex-48151001", "--url", "https://wiki.example.com/"]);
    assert!(explained.out.contains("app:wiki is open to them"), "{}", explained.out);
    done(&house, &["disallow", "plex-48151001", "--app", "app:wiki"]);
    assert!(!marks(&house, &store, ROBIN).open(&wiki));
    done(&house, &["disallow", "plex-7654321"]);
    assert_eq!(house.runtime.block_on(store.all_marks()).unwrap().len(), 1);
}

#[test]
fn nobody_is_meant_by_chance_and_an_owner_is_not_blocked() {
    let (house, store) = served();
    for who in ["somebody", "local-9", "7654321", "robin", "", "plex-007"] {
        refused(&house, &["block", who]);
    }
    for app in ["gone", "own:admin", "app:gone", "client:wiki", "", "app:"] {
        let told = refused(&house, &["allow", "plex-48151001", "--app", app]);
        assert!(told.contains("no client and no application"), "{app}: {told}");
    }
    let owner = config::load(&house.path("plex-oidc.toml"), &house.variables()).unwrap().config;
    let owner = owner.plex.unwrap().servers[0].owner.unwrap();
    let told = refused(&house, &["block", &format!("plex-{owner}")]);
    assert!(told.contains("owners are never kept out"), "{told}");
    assert!(house.runtime.block_on(store.all_marks()).unwrap().is_empty());
}
