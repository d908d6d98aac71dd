//! Loading: the example, the smallest file, variables, paths.

use plex_oidc::config::{self, example};
use plex_oidc::upstream::local::{Password, PasswordHash};
use plex_oidc_core::time::Seconds;

use super::{environment, folder};

#[test]
fn the_example_file_loads_without_problem_or_warning() {
    let folder = folder();
    let loaded = config::parse("example.toml", &example::text(), folder.path(), &environment(&[]));
    let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.config.clients.len(), 1);
}

#[test]
fn every_commented_line_of_the_example_is_right_too() {
    let folder = folder();
    std::fs::write(folder.path().join("extra-ca.pem"), "").unwrap();
    std::fs::create_dir(folder.path().join("theme")).unwrap();
    super::write(folder.path(), "plex-owner.token", "abcdefghijklmnopqrst");
    super::write(folder.path(), "webhook.secret", super::SECRET);
    super::write(folder.path(), "mail.password", "hunter2");
    std::fs::create_dir(folder.path().join("icons")).unwrap();
    super::write(folder.path(), "icons/photos.svg", "<svg/>");
    super::write(folder.path(), "icons/wiki.svg", "<svg/>");
    let hash = PasswordHash::of(&Password::parse("a long enough secret").unwrap(), [7; 16]).to_text();
    super::write(folder.path(), "robin.password-hash", &hash);
    let active = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if rest.starts_with('[') || rest.split(' ').nth(1) == Some("=") => rest.to_owned(),
        _ => line.to_owned(),
    };
    let text: Vec<String> = example::text().lines().skip_while(|line| !line.is_empty()).map(active).collect();
    // What excludes something else of the example.
    let mut section = String::new();
    let text: Vec<String> = text
        .into_iter()
        .filter(|line| {
            if line.starts_with('[') {
                section.clone_from(line);
            }
            let others = ["hosts = ", "jwks = ", "jwks_file = ", "introspects = ", "sector = "];
            let behind_access = section == "[[apps]]" && line.starts_with("plex_token");
            !behind_access && !others.iter().any(|other| line.starts_with(other))
        })
        .collect();
    let text = text.join("\n").replace("[[plex.servers]]", "[[servers_go_elsewhere]]");
    let text = text.replace("identity_headers = \"remote\"", "identity_headers = \"custom\"");
    let problems = config::parse("example.toml", &text, folder.path(), &environment(&[])).unwrap_err();
    let unexpected: Vec<_> =
        problems.0.iter().filter(|p| !p.key.starts_with("servers_go_elsewhere")).collect();
    assert!(unexpected.is_empty(), "{problems}");
}

const SMALL: &str = "\
public_url = \"https://auth.example.com\"
[plex]
server = \"0123456789ABCDEF0123456789abcdef01234567\"
owner_id = 17
[[clients]]
id = \"immich\"
secret_file = \"cloudflare-access.secret\"
redirect_uris = \"https://photos.example.com/auth/login\"
";

fn load(text: &str, variables: &[(&str, &str)]) -> config::Loaded {
    let folder = folder();
    config::parse("small.toml", text, folder.path(), &environment(variables))
        .unwrap_or_else(|problems| panic!("{problems}"))
}

/// The keys of the warnings.
fn warned(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    load(text, variables).warnings.iter().map(|warning| warning.key.clone()).collect()
}

#[test]
fn what_is_not_written_has_a_safe_default() {
    let config = load(SMALL, &[]).config;
    assert_eq!(config.listen, ["127.0.0.1:8400".parse().unwrap()]);
    assert!(config.trusted_proxies.is_empty());
    assert!(!config.rules.allow_managed && config.rules.require_confirmed_email);
    assert_eq!(
        config.plex.as_ref().unwrap().servers[0].machine.as_str(),
        "0123456789abcdef0123456789abcdef01234567"
    );
    assert_eq!(config.plex.as_ref().unwrap().urls.clients, "https://clients.plex.tv");
    let client = &config.clients[0];
    assert!(client.enabled && client.pkce_required && !client.rotate_refresh_tokens);
    assert_eq!((client.name.as_str(), client.plex_token, client.may_refresh()), ("immich", None, false));
    assert_eq!(client.access_token_lifetime, Seconds::minutes(10));
    let allow: Vec<String> = client.allow.iter().map(ToString::to_string).collect();
    assert_eq!(allow, ["plex-owner", "plex-home", "plex-friend"]);
}

#[test]
fn a_variable_wins_over_the_file_and_repairs_it() {
    let variables = [
        ("PLEX_OIDC__PUBLIC_URL", "https://sso.example.com"),
        ("PLEX_OIDC__LISTEN", "0.0.0.0:80, [::]:80"),
        ("PLEX_OIDC__TRUSTED_PROXIES", "10.1.2.3,172.16.5.0/12"),
        ("PLEX_OIDC__LIMITS__CONNECTIONS", "64"),
        ("PLEX_OIDC__RULES__ALLOW_MANAGED", "true"),
        ("PLEX_OIDC__CLIENTS__0__NAME", "Photos"),
        ("HOME", "/root"),
    ];
    let config = load(&SMALL.replace("https://auth.example.com", "not an address"), &variables).config;
    assert_eq!(config.public_url.as_str(), "https://sso.example.com");
    assert_eq!(config.listen.len(), 2);
    let networks: Vec<String> = config.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(networks, ["10.1.2.3/32", "172.16.0.0/12"]);
    assert_eq!((config.limits.connections, config.rules.allow_managed), (64, true));
    assert_eq!(config.clients[0].name, "Photos");
}

#[test]
fn variables_alone_make_a_configuration() {
    let folder = folder();
    let variables = [
        ("PLEX_OIDC__PUBLIC_URL", "https://auth.example.com"),
        ("PLEX_OIDC__PLEX__SERVER", "0123456789abcdef0123456789abcdef01234567"),
        ("PLEX_OIDC__PLEX__OWNER_TOKEN", "owner-token-of-plex"),
        ("PLEX_OIDC__CLIENTS__0__ID", "immich"),
        ("PLEX_OIDC__CLIENTS__0__SECRET", super::SECRET),
        ("PLEX_OIDC__CLIENTS__0__REDIRECT_URIS", "https://photos.example.com/auth/login"),
    ];
    let loaded = config::load(&folder.path().join("none.toml"), &environment(&variables)).unwrap();
    assert_eq!(loaded.config.clients.len(), 1);
    assert_eq!(loaded.config.clients[0].secrets.len(), 1);
    assert_eq!(loaded.config.plex.as_ref().unwrap().servers[0].owner, None, "the token tells");
    assert!(config::load(&folder.path().join("none.toml"), &environment(&variables[1..])).is_err());
}

#[test]
fn relative_paths_start_at_the_folder_of_the_file() {
    let folder = folder();
    super::write(folder.path(), "plex-oidc.toml", SMALL);
    let config = config::load(&folder.path().join("plex-oidc.toml"), &environment(&[])).unwrap().config;
    assert_eq!(config.data_dir, folder.path().join("data"));
    assert_eq!(config.key_file, folder.path().join("plex-oidc.key"));
    let variables = [("PLEX_OIDC__DATA_DIR", "/var/lib/plex-oidc")];
    let config =
        config::load(&folder.path().join("plex-oidc.toml"), &environment(&variables)).unwrap().config;
    assert_eq!(config.data_dir, std::path::Path::new("/var/lib/plex-oidc"));
}

#[test]
fn the_host_is_warned_of_what_is_allowed_and_unwise() {
    assert_eq!(warned(SMALL, &[]), [""; 0]);
    assert_eq!(warned(SMALL, &[("PLEX_OIDC__PUBLIC_URL", "http://localhost:8400")]), ["public_url"]);
    assert_eq!(warned(SMALL, &[("PLEX_OIDC__CLIENTS__0__PLEX_TOKEN", "account")]), ["clients.0.plex_token"]);
    let sealed = [
        ("PLEX_OIDC__CLIENTS__0__PLEX_TOKEN", "account"),
        ("PLEX_OIDC__CLIENTS__0__PLEX_TOKEN_SEALED", "true"),
    ];
    assert_eq!(warned(SMALL, &sealed), [""; 0], "nobody on the way can use it");
    assert_eq!(warned(SMALL, &[("PLEX_OIDC__PLEX__URLS__APP", "http://127.0.0.1:1")]), ["plex.urls.app"]);
    assert_eq!(warned(SMALL, &[("PLEX_OIDC__PLEX__URLS__APP", "https://app.plex.tv/")]), [""; 0]);
    assert_eq!(warned(SMALL, &[("PLEX_OIDC__LISTEN", "0.0.0.0:80")]), ["trusted_proxies"]);
    assert_eq!(
        warned(SMALL, &[("PLEX_OIDC_PUBLIC_URL", "https://x.example")]),
        [""],
        "one underscore too few"
    );
    assert_eq!(warned(SMALL, &[("PLEX_OIDC_CONFIG", "x.toml")]), [""; 0]);
    assert_eq!(warned(&format!("{SMALL}allow = []\n"), &[]), ["clients.0.allow"]);
    let without = SMALL.split("[[clients]]").next().unwrap();
    assert_eq!(warned(without, &[]), ["clients"]);
}

#[test]
fn an_empty_allow_list_stays_empty_and_means_nobody() {
    assert_eq!(load(&format!("{SMALL}allow = []\n"), &[]).config.clients[0].allow, []);
}

#[test]
fn the_host_is_warned_of_a_secret_that_everybody_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = folder.path().join("cloudflare-access.secret");
    for (mode, warnings) in [(0o600, 0), (0o640, 0), (0o644, 1)] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let loaded = config::parse("small.toml", SMALL, folder.path(), &environment(&[])).unwrap();
        assert_eq!(loaded.warnings.len(), warnings, "{mode:o}");
    }
}

#[test]
fn each_file_is_listed_once_and_may_be_as_long_as_is_said() {
    let folder = folder();
    let second = "[[clients]]\nid = \"wiki\"\nsecret_file = \"cloudflare-access.secret\"\nredirect_uris = \"https://wiki.example.com/cb\"\n";
    let load = || config::parse("small.toml", &format!("{SMALL}{second}"), folder.path(), &environment(&[]));
    let secret = folder.path().join("cloudflare-access.secret");
    let listed = [std::path::Path::new("small.toml"), secret.as_path()];
    assert_eq!(load().unwrap_or_else(|problems| panic!("{problems}")).files[..], listed);
    let first = std::fs::read_to_string(&secret).unwrap().trim().to_owned();
    // A comment of letters of two bytes, so that the end may fall between them.
    let of = |bytes: usize| format!("{first}\n#{}", "é".repeat((bytes - first.len() - 2) / 2));
    let (longest, longer) = (of(64 * 1024), of(64 * 1024 + 3));
    assert!((64 * 1024 - 1..=64 * 1024).contains(&longest.len()) && longer.len() > 64 * 1024);
    std::fs::write(&secret, longest).unwrap();
    assert!(load().is_ok());
    std::fs::write(&secret, longer).unwrap();
    let said = load().err().map(|problems| problems.to_string()).unwrap_or_default();
    assert!(said.contains("more than 65536 bytes"), "{said}");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "(\\PC|[\\[\\]=\"\n.#]){0,200}") {
        let nowhere = std::path::Path::new("/nonexistent");
        let _ = config::parse("any.toml", &text, nowhere, &environment(&[]));
        let broken = SMALL.replace("17", &text);
        let _ = config::parse("any.toml", &broken, nowhere, &environment(&[("PLEX_OIDC__LISTEN", &text)]));
    }
}

/// Nothing is learned from the first request: what is not registered at the start is never a redirect URI.
#[test]
fn req_024_an_application_without_redirect_uris_is_refused() {
    let folder = folder();
    for line in ["", "redirect_uris = []"] {
        let text = format!(
            "public_url = \"https://auth.example.com\"\n[plex]\nserver = \"{}\"\nowner_id = 1\n\
             [[clients]]\nid = \"immich\"\nsecret_file = \"cloudflare-access.secret\"\n{line}\n",
            "0".repeat(40)
        );
        let refused = config::parse("plex-oidc.toml", &text, folder.path(), &environment(&[])).unwrap_err();
        assert!(refused.to_string().contains("redirect_uris"), "{refused}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    #[test]
    fn no_variable_makes_the_reader_panic(rest in "[A-Z0-9_]{0,12}(__(0|1|[0-9]{5}|RULES|HOST)){0,4}") {
        let nowhere = std::path::Path::new("/nonexistent");
        for start in ["PLEX_OIDC__", "PLEX_OIDC__APPS__", "PLEX_OIDC__APPS__0__"] {
            let variables = [(format!("{start}{rest}"), "x".to_owned())].into_iter().collect();
            let _ = config::parse("any.toml", SMALL, nowhere, &variables);
        }
    }
}

#[test]
fn local_accounts_come_in_where_they_are_named_and_plex_may_be_left_out() {
    let local = "[local]\nenabled = true\ngroups = [\"family\"]\n";
    let named =
        |allow: &str| SMALL.replace("id = \"immich\"", &format!("id = \"immich\"\nallow = [\"{allow}\"]"));
    let warned =
        |text: &str| -> Vec<String> { load(text, &[]).warnings.into_iter().map(|w| w.key).collect() };
    assert_eq!(warned(&format!("{SMALL}{local}")), ["local.enabled"], "whoever signs in gets in nowhere");
    for allow in ["local", "family", "local-7", "robin@example.com"] {
        assert_eq!(warned(&format!("{}{local}", named(allow))), [""; 0], "{allow}");
    }
    let alone = named("local")
        .replace("[plex]\nserver = \"0123456789ABCDEF0123456789abcdef01234567\"\nowner_id = 17\n", "");
    let config = load(&format!("{alone}{local}"), &[]).config;
    assert!(config.plex.is_none() && config.local.enabled);
    // Without local accounts it is as it was: Plex is needed, and no other group is known.
    let folder = folder();
    for text in [alone, named("family"), named("local")] {
        assert!(config::parse("small.toml", &text, folder.path(), &environment(&[])).is_err(), "{text}");
    }
}
