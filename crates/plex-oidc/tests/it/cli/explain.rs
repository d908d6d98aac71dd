//! `explain`, beside the running service: the decision of the gateway, and how it came about.

use std::collections::BTreeMap;
use std::ffi::OsString;

use plex_oidc::cli::{self, Exit, World};
use plex_oidc::clock::SystemClock;

use crate::support::{House, Setup};

const APPS: &str = r#"
name = "wiki"
hosts = ["wiki.example.org", "*.wiki.example.org"]
[[apps.rules]]
paths = ["/health"]
bypass = true
[[apps.rules]]
paths = ["/admin/*"]
allow = ["plex-owner"]
"#;

fn setup() -> Setup {
    Setup::default().set("", "trusted_proxies = [\"172.30.0.0/16\"]").app(APPS)
}

async fn house() -> House {
    let house = setup().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    house
}

/// Runs `explain` on a thread of its own, as it has a runtime of its own.
fn explain(house: &House, arguments: &[&str]) -> (Exit, String) {
    let file = house.folder().join("plex-oidc.toml");
    let start = ["plex-oidc", "--config", file.to_str().unwrap(), "explain"];
    let all: Vec<OsString> = start.iter().chain(arguments).map(OsString::from).collect();
    let run = || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut world = World {
            environment: &BTreeMap::new(),
            input: &mut std::io::empty(),
            out: &mut out,
            err: &mut err,
            random: &mut || [0; 32],
            hide_typing: &mut |_| false,
            clock: &SystemClock,
        };
        let exit = cli::run(all, &mut world);
        // What is wrong, where something is; a house is warned of the plex.tv that it has.
        let said = if out.is_empty() { err } else { out };
        (exit, String::from_utf8(said).unwrap())
    };
    std::thread::scope(|scope| scope.spawn(run).join().unwrap())
}

#[tokio::test]
async fn a_request_that_passes_is_explained_with_its_headers() {
    let house = house().await;
    for who in ["plex-48151001", "48151001", "mara.k", "Mara@example.net"] {
        let (exit, said) =
            explain(&house, &["--user", who, "--url", "https://wiki.example.org/page?x=secret"]);
        let expected = "\
Request      GET https://wiki.example.org/page (a browser opens a page)
Person       Mara (plex-48151001), in plex-friend
Application  wiki, because wiki.example.org is its host
Path         /page
Rules
  rule 1: about other paths or methods
  rule 2: about other paths or methods
  allow and deny of the application: lets this person in
Verdict      passes (200), as this person
Headers
  Remote-User: plex-48151001
  Remote-Name: Mara
  Remote-Email: mara@example.net
  Remote-Groups: plex-friend
";
        let groups: Vec<&str> = said.lines().filter(|line| line.contains("plex-friend")).collect();
        assert_eq!(groups.len(), 2, "{said}");
        let plain = |text: &str| -> Vec<String> {
            let cut = |line: &str| line.split("plex-friend").next().unwrap().to_owned();
            text.lines().map(cut).collect()
        };
        assert_eq!(exit, Exit::Done, "{said}");
        assert_eq!(plain(&said), plain(expected), "{who}");
    }
}

#[tokio::test]
async fn a_group_of_the_hosts_own_is_shown_where_it_counts() {
    let app = "name = \"wiki\"\nhost = \"wiki.example.org\"\nallow = [\"family\"]";
    let setup = Setup::default().set("", "trusted_proxies = [\"172.30.0.0/16\"]").app(app);
    let house = setup.group("name = \"family\"\nany = [\"plex-48151001\"]").start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    house.sign_in("home", &house.relying_party("photos")).await;
    let (exit, said) = explain(&house, &["--user", "mara.k", "--url", "https://wiki.example.org/"]);
    assert_eq!(exit, Exit::Done, "{said}");
    assert!(said.contains("Remote-Groups: family,plex-friend"), "{said}");
    assert!(said.contains("Mara (plex-48151001), in family, plex-friend"), "{said}");
    let (exit, said) = explain(&house, &["--user", "quinn", "--url", "https://wiki.example.org/"]);
    assert!(exit == Exit::Failed && !said.contains("in family"), "{said}");
}

#[tokio::test]
async fn a_rule_of_the_house_that_keeps_somebody_out_is_named() {
    let mut house = house().await;
    for (lines, words) in [
        ("require_two_factor = true", "rules.require_two_factor is on"),
        ("minimum_account_age = \"3650d\"", "younger than rules.minimum_account_age"),
        ("blocked = [\"plex-48151001\"]", "this account is in rules.blocked"),
        ("only = []", "rules.only is set, and this account is not in it"),
    ] {
        let lines = lines.to_owned();
        house.restart_with(|_| setup().set("rules", &lines)).await;
        let (exit, said) = explain(&house, &["--user", "mara.k", "--url", "https://wiki.example.org/page"]);
        assert_eq!(exit, Exit::Failed, "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[tokio::test]
async fn what_does_not_pass_is_explained_too() {
    let house = house().await;
    let friend = |url: &'static str| vec!["--user", "mara.k", "--url", url];
    let cases = [
        (friend("https://wiki.example.org/Admin/x"), "  rule 2: keeps this person out"),
        (
            friend("https://wiki.example.org/Admin/x"),
            "does not pass: this person is not one of those it is for",
        ),
        (friend("https://wiki.example.org/health/../admin"), "has more than one reading"),
        (friend("https://wiki.example.org/health/../admin"), "  rule 1: a bypass, which does not count"),
        (friend("http://wiki.example.org/"), "refused (403): this address is for https only"),
        (friend("https://notes.example.org/"), "no [[apps]] section has the host notes.example.org"),
        (friend("https://wiki.example.org/.plex-oidc/callback"), "answered by the gateway itself"),
        (friend("wiki.example.org"), "This is not a request that the gateway understands"),
        (vec!["--url", "https://wiki.example.org/"], "does not pass: the browser is sent to sign in"),
        (
            vec!["--url", "https://wiki.example.org/", "--header", "Accept: application/json"],
            "does not pass: a program is told to sign in (401)",
        ),
        (
            vec!["--url", "https://wiki.example.org/", "--app", "notes"],
            "has the host wiki.example.org and is called `notes`",
        ),
        (
            vec!["--user", "nobody", "--url", "https://wiki.example.org/"],
            "nobody who has signed in is nobody",
        ),
    ];
    for (arguments, sentence) in cases {
        let (exit, said) = explain(&house, &arguments);
        assert_eq!(exit, Exit::Failed, "{said}");
        assert!(said.contains(sentence) && !said.contains("Remote-User"), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn a_bypass_passes_nobody_in_particular() {
    let house = house().await;
    let (exit, said) = explain(&house, &["--url", "https://a.wiki.example.org/health", "--method", "POST"]);
    assert_eq!(exit, Exit::Done, "{said}");
    for part in [
        "because a.wiki.example.org is one of *.wiki.example.org",
        "  rule 1: lets everybody in",
        "passes (200), whoever it is",
        "  Remote-User: (empty)",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[tokio::test]
async fn a_plex_token_is_explained_and_not_shown() {
    let app = "host = \"player.example.org\"\nplex_token = \"server\"\n[[apps.rules]]\npaths = [\"/health\"]\nbypass = true";
    let house = Setup::default().app(app).start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let url = "https://player.example.org/health";
    let (_, said) = explain(&house, &["--user", "plex-48151001", "--url", url]);
    assert!(said.contains("  X-Plex-Token: (their Plex token, if one is kept with the session)"), "{said}");
    let (_, said) = explain(&house, &["--url", url]);
    assert!(said.contains("  X-Plex-Token: (empty)"), "{said}");
}

#[tokio::test]
async fn who_may_and_has_no_name_is_told_which_setting_gives_one() {
    let setup = Setup::default().set("gateway", "user = \"email\"").app(APPS);
    let house = setup.set("rules", "require_confirmed_email = false").start().await;
    house.sign_in("owner", &house.relying_party("photos")).await;
    house.edit_person("owner", "$.account.email_confirmed", "false");
    let (exit, said) = explain(&house, &["--user", "plex-1002003", "--url", "https://wiki.example.org/"]);
    assert_eq!(exit, Exit::Failed, "{said}");
    assert!(said.contains("lets this person in") && !said.contains("Remote-User"), "{said}");
    assert!(said.contains("Verdict      refused (403)") && said.contains("`gateway.names`"), "{said}");
    let (exit, said) =
        explain(&house, &["--user", "plex-1002003", "--url", "https://wiki.example.org/health"]);
    assert!(exit == Exit::Done && said.contains("  Remote-Groups: (empty)"), "{said}");
}
