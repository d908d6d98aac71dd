//! `snippet`: filled in from the configuration, with nothing left open.

use plex_oidc::cli::Exit;

use super::{House, done, run, written};

const KINDS: [&str; 10] = [
    "traefik",
    "traefik-labels",
    "caddy",
    "nginx",
    "nginx-proxy-manager",
    "ingress-nginx",
    "haproxy",
    "haproxy-lua",
    "envoy",
    "cloudflare-access",
];

const APPS: &str = r#"
[[apps]]
name = "wiki"
hosts = ["wiki.example.com", "*.wiki.example.com"]
access_team = "example"
access_audiences = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
access_claims = "X-Plex-Token=plex_token"
[[apps]]
host = "notes.example.com"
[[apps]]
name = "notes-api"
host = "notes.example.com"
identity_headers = "x-authentik"
[[access_teams]]
team = "example"
"#;

#[test]
fn a_header_for_a_plex_token_is_named_wherever_it_has_to_be_written() {
    let app = |more: &str| {
        format!(
            "[[apps]]\nname = \"player\"\nhost = \"player.example.com\"\nplex_token = \"server\"\n{more}\n"
        )
    };
    for (more, said) in [
        ("", "also handed a Plex token, in X-Plex-Token."),
        ("plex_token_header = \"X-Token\"", "also handed a Plex token, in X-Token."),
        (
            "identity_headers = \"x-authentik\"",
            "X-authentik-username, X-authentik-name, X-authentik-email, X-authentik-groups, X-authentik-uid, X-Plex-Token.",
        ),
    ] {
        let house = house("[\"127.0.0.1:8400\"]", &app(more));
        let err = done(run(&house, &["snippet", "caddy", "--app", "player"])).err;
        assert!(err.contains(said), "{err}");
    }
}

fn house(listen: &str, apps: &str) -> House {
    written(&format!("listen = {listen}"), apps)
}

#[test]
fn every_snippet_is_filled_and_nothing_is_left_open() {
    let house = house("[\"127.0.0.1:8400\", \"10.0.0.1:1\"]", APPS);
    for kind in KINDS {
        let text = done(run(&house, &["snippet", kind, "--app", "wiki"])).out;
        assert!(!text.contains("{{") && !text.contains("}}"), "{text}");
        let (asks, is_app) = (!matches!(kind, "haproxy-lua" | "cloudflare-access"), kind != "haproxy-lua");
        assert_eq!(text.contains("127.0.0.1"), asks, "{text}");
        assert_eq!(text.contains("wiki.example.com"), is_app, "{text}");
        let upstream = asks && !matches!(kind, "traefik-labels" | "nginx-proxy-manager");
        assert_eq!(text.contains("ADDRESS-OF-YOUR-APP"), upstream, "{text}");
    }
    let cloudflare = done(run(&house, &["snippet", "cloudflare-access"])).out;
    assert!(cloudflare.contains(" /authz/cloudflare-access/wiki/auth-request "), "{cloudflare}");
}

#[test]
fn a_snippet_is_the_file_in_the_documents() {
    let house = house("\"127.0.0.1:8400\"", APPS);
    let file = include_str!("../../../../../docs/snippets/traefik.yml");
    let expected = file
        .replace("{{app}}", "notes-example-com")
        .replace("{{host}}", "notes.example.com")
        .replace("{{gateway}}", "127.0.0.1:8400")
        .replace("{{upstream}}", "ADDRESS-OF-YOUR-APP");
    let ran = done(run(&house, &["snippet", "traefik", "--app", "notes.example.com"]));
    assert_eq!((ran.out, ran.err), (expected, String::new()));
}

#[test]
fn what_the_snippet_does_not_know_is_said() {
    let house = house("\"0.0.0.0:8400\"", APPS);
    let wiki = done(run(&house, &["snippet", "nginx"]));
    assert!(wiki.out.contains("http://ADDRESS-OF-PLEX-OIDC:8400/authz/auth-request"), "{}", wiki.out);
    let headers = "Remote-User, Remote-Name, Remote-Email, Remote-Groups, X-Plex-Token.";
    let hosts = "one is written below: wiki.example.com, *.wiki.example.com.";
    assert!(wiki.err.contains(headers) && wiki.err.contains(hosts), "{}", wiki.err);
    let api = done(run(&house, &["snippet", "caddy", "--app", "notes-api"]));
    assert!(
        api.err.contains("X-authentik-uid.")
            && api.err.contains("/authz/app/notes-api/ in place of /authz/."),
        "{}",
        api.err
    );
}

#[test]
fn what_there_is_no_snippet_for_is_said() {
    let full = house("\"127.0.0.1:8400\"", APPS);
    let wrong = [
        (&["snippet", "envoy", "--app", "wikis"][..], "there is no application `wikis` in the configuration"),
        (
            &["snippet", "cloudflare-access", "--app", "notes-api"],
            "the application `notes-api` has no `access_team`, so it accepts nothing of Cloudflare Access",
        ),
    ];
    for (arguments, why) in wrong {
        let ran = run(&full, arguments);
        assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""));
        assert_eq!(ran.err, format!("There is no snippet: {why}.\n"));
    }
    assert_eq!(run(&full, &["snippet", "apache"]).exit, Exit::Usage);
    let bare = run(&house("\"127.0.0.1:8400\"", ""), &["snippet", "traefik"]);
    let why = "There is no snippet: there is no [[apps]] section in the configuration to make one for.\n";
    assert!(bare.exit == Exit::Failed && bare.out.is_empty() && bare.err.ends_with(why), "{}", bare.err);
}
