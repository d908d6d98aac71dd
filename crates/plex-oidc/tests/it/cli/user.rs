//! `user`, beside a running service.

use std::sync::Arc;

use plex_oidc::cli::Exit;
use plex_oidc::config;
use plex_oidc::installation::open_stored;
use plex_oidc::store::Store;
use plex_oidc::store::records::SignInName;

use super::{House, Ran, told_for_cloudflare};

/// An installation with a service that runs and has local accounts.
fn served() -> (House, Arc<dyn Store>) {
    let house = House::new();
    assert_eq!(house.run(&told_for_cloudflare()).exit, Exit::Done);
    let file = house.path("plex-oidc.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let more = "[local]\nenabled = true\ngroups = [\"family\"]\n\
                [[apps]]\nname = \"files\"\nhost = \"files.example.org\"\nallow = [\"family\"]\n";
    std::fs::write(&file, format!("{text}\n{more}")).unwrap();
    let config = config::load(&file, &house.variables()).unwrap().config;
    let store = house.runtime.block_on(open_stored(&config)).unwrap().store;
    (house, store)
}

fn user(house: &House, arguments: &[&str], typed: &str) -> Ran {
    let arguments: Vec<&str> = ["user"].iter().chain(arguments).copied().collect();
    house.run_with(&house.variables(), &arguments, typed, |_| {})
}

#[test]
fn an_account_is_made_changed_switched_off_and_on_and_removed() {
    let (house, store) = served();
    let named = |name: &str| {
        let name = SignInName::Username(name.to_owned());
        house.runtime.block_on(store.local_account(name)).unwrap()
    };
    let made = user(
        &house,
        &["add", "Robin", "name=Robin Example", "email=robin@example.com", "--group", "family"],
        "a long enough secret\n",
    );
    assert_eq!(made.exit, Exit::Done, "{}", made.err);
    let robin = named("robin").unwrap();
    assert_eq!(made.out.trim(), robin.user.subject().as_str());
    assert!(made.out.starts_with("local-") && !made.out.contains("robin"));
    let groups: Vec<String> = robin.user.person.groups.iter().map(ToString::to_string).collect();
    assert_eq!(groups, ["family", "local"]);
    assert!(robin.password_hash.as_ref().unwrap().starts_with("$argon2id$"));

    let listed = user(&house, &["list"], "").out;
    assert!(listed.contains("robin@example.com") && listed.contains("family,local"), "{listed}");
    assert!(!listed.contains("argon2"));

    let changed = user(&house, &["set", "robin@example.com", "email_verified=true", "--username", "rob"], "");
    assert_eq!(changed.exit, Exit::Done, "{}", changed.err);
    let rob = named("rob").unwrap();
    assert!(rob.user.person.account.email_confirmed && named("robin").is_none());
    assert_eq!((rob.user.subject(), &rob.password_hash), (robin.user.subject(), &robin.password_hash));

    for (command, state) in [("disable", "off"), ("enable", "on")] {
        assert_eq!(user(&house, &[command, rob.user.subject().as_str()], "").exit, Exit::Done);
        assert!(user(&house, &["list"], "").out.contains(state));
    }
    assert_eq!(user(&house, &["remove", "rob"], "").exit, Exit::Done);
    assert!(named("rob").is_none());
    assert!(house.runtime.block_on(store.user(rob.user.account_id())).unwrap().is_none());
}

#[test]
fn a_password_comes_from_a_file_or_the_input_and_never_from_an_argument() {
    let (house, _store) = served();
    std::fs::write(house.path("secret"), "a long enough secret\nmore\n").unwrap();
    let secret = house.path("secret").display().to_string();
    assert_eq!(user(&house, &["add", "a", "--password-file", &secret], "").exit, Exit::Done);
    assert_eq!(user(&house, &["add", "b", "--no-password"], "").exit, Exit::Done);
    for refused in
        [&["add", "c", "--password", "a long enough secret"][..], &["hash", "a long enough secret"]]
    {
        assert_ne!(user(&house, refused, "").exit, Exit::Done, "{refused:?}");
    }
    let hash = user(&house, &["hash"], "a long enough secret\n");
    assert!(hash.out.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && hash.out.lines().count() == 1);
    for typed in ["", "short\n", &format!("{}\n", "x".repeat(513))] {
        let refused = user(&house, &["add", "d"], typed);
        assert_eq!(refused.exit, Exit::Failed);
        assert!(refused.err.contains("a password has 8 to 512 bytes"), "{}", refused.err);
    }
}

#[test]
fn what_could_be_taken_for_something_else_is_refused() {
    let (house, _store) = served();
    assert_eq!(
        user(&house, &["add", "robin", "email=robin@example.com", "--no-password"], "").exit,
        Exit::Done
    );
    for (arguments, said) in [
        (&["add", "ROBIN", "--no-password"][..], "another local account"),
        (&["add", "other", "email=Robin@example.com", "--no-password"], "another local account"),
        (&["add", "plex-7", "--no-password"], "reads as no subject"),
        (&["add", "a@b", "--no-password"], "a user name has"),
        (&["add", "kim", "--group", "plex-owner", "--no-password"], "no group `plex-owner` of yours"),
        (&["add", "kim", "--group", "familly", "--no-password"], "no group `familly` of yours"),
        (&["add", "kim", "sub=plex-1", "--no-password"], "there is no such claim"),
        (&["add", "kim", "birthdate=tomorrow", "--no-password"], "a date such as"),
        (&["set", "robin", "groups=plex-owner"], "there is no such claim"),
        (&["disable", "nobody"], "there is no local account nobody"),
    ] {
        let refused = user(&house, arguments, "");
        assert_eq!(refused.exit, Exit::Failed, "{arguments:?}: {}", refused.err);
        assert!(refused.err.contains(said), "{arguments:?}: {}", refused.err);
    }
}

#[test]
fn the_other_commands_know_them_too() {
    let (house, store) = served();
    let robin = ["add", "robin", "--group", "family", "email=robin@example.com", "--no-password"];
    assert_eq!(user(&house, &robin, "").exit, Exit::Done);
    let explain = |who| house.run(&["explain", "--user", who, "--url", "https://files.example.org/"]);
    let said = explain("robin");
    assert_eq!(said.exit, Exit::Done, "{}{}", said.out, said.err);
    assert!(
        said.out.contains("robin (local-") && said.out.contains("passes (200), as this person"),
        "{}",
        said.out
    );
    let token = |who| house.run(&["token", "add", "--user", who, "--app", "files"]);
    assert_eq!(token("robin").exit, Exit::Done);
    assert_eq!(house.runtime.block_on(store.app_tokens()).unwrap().len(), 1);
    assert_eq!(user(&house, &["disable", "robin"], "").exit, Exit::Done);
    assert_eq!(house.runtime.block_on(store.app_tokens()).unwrap().len(), 0, "it ends at once");
    assert!(explain("robin").out.contains("does not pass"));
    assert!(token("robin").err.contains("may not come in any more"));
    // An address that nobody vouches for tells nobody.
    assert!(
        house.run(&["token", "add", "--user", "robin@example.com", "--app", "files"]).err.contains("nobody")
    );
}
