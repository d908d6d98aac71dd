//! When `init` refuses, nothing is changed and nothing is left behind.

use std::collections::BTreeMap;

use plex_oidc::cli::Exit;
use plextv_emulator::MAIN_SERVER;

use super::{House, put, told, told_for_cloudflare};

#[test]
fn i_12_nothing_that_exists_is_ever_overwritten() {
    for name in [
        "plex-oidc.toml",
        "plex-oidc.key",
        "data/plex-oidc.db",
        "data/plex-oidc.db-wal",
        "data/plex-oidc.db-shm",
        "cloudflare-access.secret",
    ] {
        let house = House::new();
        put(&house.path(name), "something of the host");
        let before = house.contents();
        let ran = house.run(&told_for_cloudflare());
        assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""), "{name}");
        assert!(ran.err.contains(&format!("  /etc/plex-oidc/{name}\n")), "names the file: {}", ran.err);
        assert_eq!(house.read(name), "something of the host");
        assert_eq!(house.contents(), before, "{name}: nothing else was made");
    }
}

#[test]
fn i_12_a_second_init_changes_nothing_and_names_every_file() {
    let house = House::new();
    assert_eq!(house.run(&told_for_cloudflare()).exit, Exit::Done);
    let bytes = |house: &House| {
        ["plex-oidc.toml", "plex-oidc.key", "cloudflare-access.secret"].map(|name| house.read(name))
    };
    let (before, contents) = (bytes(&house), house.contents());
    let ran = house.run(&told_for_cloudflare());
    assert_eq!(ran.exit, Exit::Failed);
    for name in ["plex-oidc.toml", "plex-oidc.key", "data/plex-oidc.db"] {
        assert!(ran.err.contains(&format!("/etc/plex-oidc/{name}")), "{}", ran.err);
    }
    assert_eq!((bytes(&house), house.contents()), (before, contents));
}

#[test]
fn i_12_a_dangling_link_counts_as_something() {
    let house = House::new();
    std::os::unix::fs::symlink("/nowhere/at/all", house.path("plex-oidc.key")).unwrap();
    let ran = house.run(&told_for_cloudflare());
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.err.contains("/etc/plex-oidc/plex-oidc.key"), "{}", ran.err);
    assert_eq!(house.contents().len(), 1);
}

#[test]
fn a_kept_token_does_not_overwrite_either() {
    let house = House::new();
    let token = house.emulator.world().token_for("owner");
    put(&house.path("plex-owner.token"), &token);
    let file = house.path("plex-owner.token");
    let flags =
        ["init", "--non-interactive", "--public-url", "https://auth.example.com", "--protect", "nothing"];
    let ran = house
        .run(&[&flags[..], &["--owner-token-file", file.to_str().unwrap(), "--keep-owner-token"]].concat());
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.err.contains("/etc/plex-oidc/plex-owner.token"), "{}", ran.err);
    assert_eq!((house.read("plex-owner.token"), house.contents().len()), (token, 1));
}

#[test]
fn a_missing_answer_names_its_flag() {
    let url = ["--public-url", "https://auth.example.com"];
    let cases: [(&[&str], &str); 6] = [
        (&["--protect", "nothing"], "--public-url"),
        (&url, "--protect"),
        (&[url[0], url[1], "--protect", "cloudflare-access"], "--team"),
        (&[url[0], url[1], "--protect", "application"], "--client-id"),
        (&[url[0], url[1], "--protect", "application", "--client-id", "a"], "--redirect-uri"),
        (&[url[0], url[1], "--protect", "nothing"], "--owner-token-file"),
    ];
    for (flags, named) in cases {
        let house = House::new();
        let owner = if named == "--owner-token-file" {
            &[][..]
        } else {
            &["--owner-id", "1", "--server", MAIN_SERVER]
        };
        let ran = house.run(&[&["init", "--non-interactive"][..], owner, flags].concat());
        assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""), "{flags:?}");
        assert!(
            ran.err.contains("is missing. Name it with") && ran.err.contains(named),
            "{named}: {}",
            ran.err
        );
        assert_eq!(house.contents(), BTreeMap::new());
        if named != "--owner-token-file" {
            let with_nobody = house.run(&[&["init"][..], owner, flags].concat());
            assert_eq!(with_nobody.exit, Exit::Failed, "an input that ends is no answer");
            assert!(with_nobody.err.contains(named), "{}", with_nobody.err);
        }
    }
}

#[test]
fn answers_that_will_not_do_end_after_five() {
    let house = House::new();
    let ran = house.run_with(&house.variables(), &["init"], &"nonsense\n".repeat(50), |_| {});
    assert_eq!(ran.exit, Exit::Failed);
    assert_eq!(ran.err.matches("> ").count(), 5, "{}", ran.err);
}

#[test]
fn flags_with_values_that_will_not_do_are_refused() {
    let url = "https://auth.example.com";
    let cases: [(&[&str], &str); 9] = [
        (&["--public-url", "http://auth.example.com", "--protect", "nothing"], "must start with https://"),
        (&["--public-url", "https://example.com/sso", "--protect", "nothing"], "must not have a path"),
        (&["--public-url", url, "--protect", "cloudflare-access", "--team", "evil.example/x"], "--team:"),
        (&["--public-url", url, "--protect", "application", "--team", "a"], "--team: it goes with"),
        (&["--public-url", url, "--protect", "nothing", "--client-id", "a"], "--client-id: it goes with"),
        (
            &["--public-url", url, "--protect", "nothing", "--redirect-uri", "a"],
            "--redirect-uri: it goes with",
        ),
        (
            &["--public-url", url, "--protect", "application", "--client-id", "a b", "--redirect-uri", "x"],
            "--client-id: `a b` cannot be",
        ),
        (
            &[
                "--public-url",
                url,
                "--protect",
                "application",
                "--client-id",
                "a",
                "--redirect-uri",
                "http://a.example",
            ],
            "--redirect-uri: `http://a.example`",
        ),
        (
            &["--public-url", url, "--protect", "nothing", "--server", "Attic"],
            "--server: `Attic` is not a machine",
        ),
    ];
    for (flags, words) in cases {
        let house = House::new();
        let ran = house.run(&told(flags));
        assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""), "{flags:?}");
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
        assert_eq!(house.contents(), BTreeMap::new());
    }
    let house = House::new();
    let both = house.run(&told(&["--keep-owner-token", "--public-url", url, "--protect", "nothing"]));
    assert_eq!(both.exit, Exit::Usage, "there is no token to keep");
}

#[test]
fn a_server_of_somebody_else_is_refused_with_the_list_of_one_s_own() {
    let house = House::new();
    put(&house.path("given.token"), &house.emulator.world().token_for("owner"));
    let file = house.path("given.token");
    let flags = ["init", "--non-interactive", "--public-url", "https://auth.example.com"];
    let more = ["--protect", "nothing", "--owner-token-file", file.to_str().unwrap()];
    let ran = house.run(&[&flags[..], &more, &["--server", plextv_emulator::OTHER_SERVER]].concat());
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.err.contains(MAIN_SERVER) && ran.err.contains("Attic"), "{}", ran.err);
    assert_eq!(house.contents().len(), 1, "the token file alone");
}

#[test]
fn a_dead_token_is_said_to_be_dead_and_not_shown() {
    let house = House::new();
    put(&house.path("given.token"), "canary-token-that-is-dead");
    let file = house.path("given.token");
    let flags = ["init", "--non-interactive", "--public-url", "https://auth.example.com"];
    let ran = house
        .run(&[&flags[..], &["--protect", "nothing", "--owner-token-file", file.to_str().unwrap()]].concat());
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.err.contains("does not accept this token") && !ran.err.contains("canary"), "{}", ran.err);
}

#[test]
fn a_link_that_nobody_approves_ends_without_a_trace() {
    let house = House::new();
    let world = house.emulator.world().clone();
    let ran = house.run_with(&house.variables(), &["init"], "https://auth.example.com\n3\n", |shown| {
        if shown.contains("Waiting ...") {
            world.pins().iter().for_each(|pin| drop(world.expire_pin(&pin.code)));
        }
    });
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.err.contains("was not approved in time"), "{}", ran.err);
    assert_eq!(house.contents(), BTreeMap::new());
}

#[test]
fn a_failure_midway_leaves_nothing_behind() {
    type Break = fn(&House, &mut BTreeMap<String, String>);
    let cases: [(Break, Exit, &str); 4] = [
        (
            |_, variables| drop(variables.insert("PLEX_OIDC__CLIENTS__0__ALLOW".into(), "everybody".into())),
            Exit::BadConfiguration,
            "`everybody` is neither a group",
        ),
        (
            |_, variables| drop(variables.insert("PLEX_OIDC__DATA_DIR".into(), "no/such/data".into())),
            Exit::Failed,
            "no/such/data cannot be made",
        ),
        (
            |_, variables| drop(variables.insert("PLEX_OIDC__KEYS__FILE".into(), "no/such.key".into())),
            Exit::Failed,
            "the directory of the key file",
        ),
        (
            |house, _| std::fs::create_dir_all(house.path("data/plex-oidc.db.lock")).unwrap(),
            Exit::Failed,
            "cannot open /etc/plex-oidc/data/plex-oidc.db.lock",
        ),
    ];
    for (break_it, exit, words) in cases {
        let house = House::new();
        let mut variables = house.variables();
        break_it(&house, &mut variables);
        let before = house.contents();
        let ran = house.run_with(&variables, &told_for_cloudflare(), "", |_| {});
        assert_eq!((ran.exit, ran.out.as_str()), (exit, ""), "{}", ran.err);
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
        assert_eq!(house.contents(), before, "{words}");
        if before.is_empty() {
            assert_eq!(house.run(&told_for_cloudflare()).exit, Exit::Done, "and can be tried again");
        }
    }
}

#[test]
fn a_folder_that_is_not_there_is_noticed_before_the_first_question() {
    let house = House::new();
    let file = house.path("not-there/plex-oidc.toml");
    let ran = house.run(&["--config", file.to_str().unwrap(), "init"]);
    assert_ne!(ran.exit, Exit::Done);
    assert_eq!(ran.err.matches("> ").count(), 0, "{}", ran.err);
}

#[test]
fn a_wrong_variable_is_noticed_before_the_first_question() {
    let house = House::new();
    let mut variables = house.variables();
    variables.insert("PLEX_OIDC__LISTEN".to_owned(), "8400".to_owned());
    let ran = house.run_with(&variables, &["init"], "https://auth.example.com\n", |_| {});
    assert_eq!(ran.exit, Exit::BadConfiguration);
    assert!(ran.err.contains("PLEX_OIDC__LISTEN") && !ran.err.contains("> "), "{}", ran.err);
}
