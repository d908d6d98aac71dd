//! `presets`, and what `client add` and `snippet` do with one.

use plex_oidc::cli::Exit;
use plex_oidc::presets;
use serde_json::Value;

use super::{House, done, put, run, written};

fn house(sections: &str) -> House {
    written("", sections)
}

const ADD: [&str; 6] = ["client", "add", "--preset", "immich", "--url", "https://photos.example.com"];

#[test]
fn the_list_has_every_preset_and_says_what_it_stands_on() {
    let house = House::new(); // no configuration is needed
    let text = done(run(&house, &["presets"])).out;
    assert_eq!(text.lines().count(), presets::names().count());
    let immich = text.lines().find(|line| line.starts_with("immich ")).unwrap();
    let words: Vec<_> = immich.split_whitespace().collect();
    assert_eq!(words, ["immich", "Immich", "OpenID", "Connect", "documentation"]);
    assert!(text.lines().any(|line| line.contains("behind the gateway")), "{text}");
    let json: Value = serde_json::from_str(&done(run(&house, &["presets", "--json"])).out).unwrap();
    let names: Vec<_> = json.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, presets::names().collect::<Vec<_>>());
    assert!(json[0]["source"][0].as_str().unwrap().starts_with("https://"));
}

#[test]
fn client_add_writes_the_section_and_shows_the_secret_once_where_it_belongs() {
    let house = house("");
    let before = house.read("plex-oidc.toml");
    let ran = done(run(&house, &ADD));
    let added = "
[[clients]]
id = \"immich\"
preset = \"immich\"
url = \"https://photos.example.com\"
secret_file = \"immich.secret\"
";
    assert_eq!(house.read("plex-oidc.toml"), format!("{before}{added}"));
    let secret = ran.out.lines().find_map(|line| line.strip_prefix("Client Secret ")).unwrap().trim();
    assert_eq!((secret.len(), ran.out.matches(secret).count()), (47, 1), "{}", ran.out);
    assert!(!ran.err.contains(secret) && ran.err.contains("shown this once"), "{}", ran.err);
    for words in ["https://auth.example.com", " immich\n", "https://photos.example.com"] {
        assert!(ran.out.contains(words), "{words}: {}", ran.out);
    }
    assert!(!house.read("plex-oidc.toml").contains(secret) && !house.read("immich.secret").contains(secret));
    done(run(&house, &["print-config"]));
    // The same text again, without the secret that nobody here knows any more.
    let again = done(run(&house, &["snippet", "immich"]));
    assert_eq!(again.out, ran.out.replace(secret, "CLIENT-SECRET"));
    assert!(again.err.contains("plex-oidc client rotate-secret immich"), "{}", again.err);
}

#[test]
fn what_is_said_with_client_add_wins_over_the_preset() {
    let house = house("");
    let more = [
        "photos",
        "--auth-method",
        "basic",
        "--allow",
        "plex-owner",
        "--redirect-uri",
        "https://p.example.com/x",
    ];
    done(run(&house, &[&ADD[..], &more].concat()));
    let text = house.read("plex-oidc.toml");
    for line in [
        "id = \"photos\"\npreset = \"immich\"\n",
        "auth_method = \"client_secret_basic\"\nsecret_file = \"photos.secret\"\n",
        "redirect_uris = [\"https://p.example.com/x\"]\nallow = [\"plex-owner\"]\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let ran = done(run(&house, &["client", "list"]));
    assert!(ran.out.contains("photos  Immich\n    client_secret_basic: 1 secret\n"), "{}", ran.out);
    assert!(done(run(&house, &["snippet", "photos"])).out.contains(" photos\n"));
}

#[test]
fn a_public_client_has_no_secret_to_put_anywhere() {
    let house = house("");
    let ran = done(run(&house, &[&ADD[..], &["--auth-method", "none"]].concat()));
    assert!(!house.contents().contains_key("immich.secret") && !ran.err.contains("secret"), "{}", ran.err);
    let again = done(run(&house, &["snippet", "immich"]));
    assert!(again.out == ran.out && !again.out.contains("CLIENT-SECRET"), "{}", again.out);
}

#[test]
fn a_secret_that_no_snippet_can_hold_is_shown_all_the_same() {
    let house = house("");
    let ran = done(run(&house, &["client", "add", "a'b", "--preset", "tailscale"]));
    let secret = ran.out.lines().find_map(|line| line.strip_prefix("client secret: ")).unwrap();
    assert_eq!(
        ran.out,
        format!("issuer:        https://auth.example.com\nclient id:     a'b\nclient secret: {secret}\n")
    );
    assert!(ran.err.contains("There is no snippet: `a\\'b`") && !ran.err.contains(secret), "{}", ran.err);
}

#[test]
fn client_add_changes_nothing_with_a_preset_that_will_not_do() {
    let house = house("");
    let before = (house.read("plex-oidc.toml"), house.contents());
    let add =
        |preset: &str, url: &[&str]| run(&house, &[&["client", "add", "--preset", preset][..], url].concat());
    let url = ["--url", "https://a.example.com"];
    let cases = [
        (
            add("imich", &url),
            Exit::Failed,
            "Nothing was changed: there is no preset `imich`. Did you mean \"immich\"?",
        ),
        (add("dozzle", &url), Exit::Failed, "plex-oidc snippet dozzle prints what it needs."),
        (add("immich", &[]), Exit::Failed, "this preset needs the address of the application: --url"),
        (add("immich", &["--url", "http://a.example.com"]), Exit::BadConfiguration, "must be https"),
        (run(&house, &["client", "add", "x", "--url", "https://a.example.com"]), Exit::Usage, "--preset"),
        (run(&house, &["client", "add", "--redirect-uri", "https://a.example.com"]), Exit::Usage, "ID"),
    ];
    for (ran, exit, words) in cases {
        assert_eq!((ran.exit, ran.out.as_str()), (exit, ""), "{}", ran.err);
        assert!(ran.err.contains(words), "{}", ran.err);
        assert_eq!((house.read("plex-oidc.toml"), house.contents()), before);
    }
}

#[test]
fn two_clients_of_one_preset_are_told_apart() {
    let house = house("");
    done(run(&house, &ADD));
    let second = ["client", "add", "old-photos", "--preset", "immich", "--url", "https://old.example.com"];
    done(run(&house, &second));
    // `immich` is the id of one of them, so it is that one.
    assert!(done(run(&house, &["snippet", "immich"])).out.contains("https://photos.example.com"));
    assert!(done(run(&house, &["snippet", "old-photos"])).out.contains("https://old.example.com"));
    let text = house.read("plex-oidc.toml").replace("id = \"immich\"", "id = \"photos\"");
    put(&house.path("plex-oidc.toml"), &text);
    let ran = run(&house, &["snippet", "immich"]);
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""));
    assert_eq!(ran.err, "Several clients have the preset immich. Name one by its id: photos, old-photos.\n");
}

#[test]
fn an_application_behind_the_gateway_gets_a_section_that_loads() {
    let house = house("");
    let ran = done(run(&house, &["snippet", "dozzle"]));
    let (ours, theirs) = ran.out.split_once("\n\n").unwrap();
    assert!(ours.starts_with("# Into the configuration of plex-oidc:\n[[apps]]\n"), "{ours}");
    assert!(theirs.contains("DOZZLE_AUTH_PROVIDER=forward-proxy\n"), "{theirs}");
    let text =
        format!("{}{ours}\n", house.read("plex-oidc.toml")).replace("HOST-OF-YOUR-APP", "logs.example.com");
    put(&house.path("plex-oidc.toml"), &text);
    done(run(&house, &["print-config"]));
}

#[test]
fn what_has_no_snippet_is_said_with_what_to_do() {
    let house = house("");
    let ran = run(&house, &["snippet", "immich"]);
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""));
    let words = "plex-oidc client add --preset immich --url https://immich.example.com\n";
    assert!(ran.err.contains(words), "{}", ran.err);
    let ran = run(&house, &["snippet", "grafna"]);
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Usage, ""));
    assert!(ran.err.contains("Did you mean \"grafana\"?"), "{}", ran.err);
}

#[test]
fn nothing_in_the_configuration_can_break_out_of_a_snippet() {
    let section = "[[clients]]\nid = \"a'b\"\npreset = \"tailscale\"\nsecret_file = \"s\"\n";
    let house = house(section);
    put(&house.path("s"), &"correct-horse-battery-staple".repeat(2));
    let ran = run(&house, &["snippet", "tailscale"]);
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""), "{}", ran.err);
    assert!(ran.err.contains("There is no snippet: `a\\'b`, for client_id, cannot stand in"), "{}", ran.err);
}

#[test]
fn whom_an_application_mistakes_for_whom_is_said() {
    let section = "[[clients]]\nid = \"ts\"\npreset = \"tailscale\"\nsecret_file = \"s\"\n";
    let house = house(section);
    put(&house.path("s"), &"correct-horse-battery-staple".repeat(2));
    let ran = done(run(&house, &["snippet", "ts"]));
    assert!(ran.err.contains("knows people by their e-mail address"), "{}", ran.err);
    assert!(ran.err.contains("As a guide says that is not its own (2026-"), "{}", ran.err);
}
