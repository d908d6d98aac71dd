//! Presets: each file is whole, each text is filled, and each makes a section that the configuration accepts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use plex_oidc::cli::snippet::SnippetKind;
use plex_oidc::config::{self, Config};
use plex_oidc::presets::{self, HOST_PLACE, Kind, Preset, Values};
use plex_oidc_core::client::{Client, ClientAuthMethod};
use plex_oidc_core::redirect::RedirectUri;

const SECRET: &str = "correct-horse-battery-staple-0123456789";
const URL: &str = "https://app.example.com/below";

fn all() -> Vec<(&'static str, Preset)> {
    presets::names()
        .map(|name| (name, presets::find(name).unwrap_or_else(|error| panic!("{name}: {error:?}"))))
        .collect()
}

/// Loads a configuration with `section`, whose secret file exists.
fn load(section: &str) -> Result<config::Loaded, config::Problems> {
    let folder = tempfile::tempdir().unwrap();
    config::edit::create_private(&folder.path().join("app.secret"), SECRET).unwrap();
    let text = format!(
        "public_url = \"https://auth.example.com\"\ntrusted_proxies = \"127.0.0.1\"\n[plex]\n\
         server = \"0123456789abcdef0123456789abcdef01234567\"\nowner_id = 17\n{section}"
    );
    config::parse("plex-oidc.toml", &text, folder.path(), &BTreeMap::new())
}

fn section(name: &str, more: &str) -> String {
    let Ok(Preset { kind: Kind::Client(facts), .. }) = presets::find(name) else { panic!("{name}") };
    let url = if facts.needs_url() { format!("url = \"{URL}\"\n") } else { String::new() };
    let secret = if facts.is_public() { "" } else { "secret_file = \"app.secret\"\n" };
    // An application that makes up its own redirect URI leaves it to the host.
    let own = facts.redirect_paths.is_empty() && facts.redirect_uris.is_empty();
    let uri = if own { format!("redirect_uris = \"{URL}/made-up\"\n") } else { String::new() };
    format!("[[clients]]\nid = \"app\"\npreset = \"{name}\"\n{url}{secret}{uri}{more}")
}

fn loaded(section: &str) -> Config {
    load(section).unwrap_or_else(|problems| panic!("{section}\n{problems}")).config
}

fn client(section: &str) -> Client {
    loaded(section).clients.remove(0)
}

fn refusal(section: &str) -> String {
    load(section).map(|_| ()).unwrap_err().to_string()
}

#[test]
fn every_preset_is_a_whole_file_with_a_source() {
    let all = all();
    assert!(all.len() >= 40, "{} presets", all.len());
    let titles: BTreeSet<_> = all.iter().map(|(_, preset)| preset.title.as_str()).collect();
    assert_eq!(titles.len(), all.len(), "two presets have one title");
    for (name, preset) in all {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        assert!(name.bytes().all(plain), "{name}");
        let texts = [&preset.title, &preset.looked_up, &preset.snippet];
        assert!(texts.iter().all(|text| !text.trim().is_empty()), "{name} says nothing somewhere");
        assert!(preset.looked_up.starts_with("20"), "{name} was looked up {}", preset.looked_up);
        assert!(!preset.source.is_empty(), "{name} has no source");
        for address in preset.source.iter().chain([&preset.homepage]) {
            assert!(address.starts_with("https://"), "{name}: {address}");
        }
    }
}

#[test]
fn a_key_that_is_not_known_is_refused_wherever_it_stands() {
    let text = include_str!("../../presets/immich.toml");
    assert!(toml::from_str::<Preset>(text).is_ok());
    for (at, more) in [("title =", "tilte = \"\"\ntitle ="), ("auth_method =", "pkce = true\nauth_method =")]
    {
        assert!(toml::from_str::<Preset>(&text.replacen(at, more, 1)).is_err(), "{more}");
    }
    assert!(toml::from_str::<Preset>(&text.replace("[kind.client]", "[kind.clients]")).is_err());
    assert!(
        toml::from_str::<Preset>(&format!("{text}\n[kind.gateway]\nsection = \"\"\n")).is_err(),
        "two kinds"
    );
}

#[test]
fn every_preset_makes_a_section_that_is_accepted_without_a_warning() {
    for (name, preset) in all() {
        let section = match &preset.kind {
            Kind::Client(_) => section(name, ""),
            Kind::Gateway(facts) => {
                let values = Values { host: Some("app.example.com"), ..values() };
                presets::filled(&facts.section, &values).unwrap()
            }
        };
        let loaded = load(&section).unwrap_or_else(|problems| panic!("{name}\n{section}\n{problems}"));
        assert_eq!(loaded.warnings, [], "{name}");
        match preset.kind {
            Kind::Client(facts) => {
                let client = &loaded.config.clients[0];
                let uris = (facts.redirect_paths.len() + facts.redirect_uris.len()).max(1);
                assert_eq!((client.name.as_str(), client.redirect_uris.len()), (preset.title.as_str(), uris));
                assert_eq!(client.is_public(), facts.is_public(), "{name}");
                assert_eq!(client.pkce_required, facts.pkce_required, "{name}");
                assert_eq!(client.signing_algorithm.as_str(), facts.signing_algorithm, "{name}");
                let claims: Vec<_> = client.id_token_claims.iter().map(|claim| claim.as_str()).collect();
                let wanted: BTreeSet<_> = facts.id_token_claims.iter().map(String::as_str).collect();
                assert_eq!(claims.into_iter().collect::<BTreeSet<_>>(), wanted, "{name}");
            }
            Kind::Gateway(_) => assert_eq!(loaded.config.gateway.apps.0[0].name, name),
        }
    }
}

fn values() -> Values<'static> {
    Values {
        issuer: "https://auth.example.com",
        client_id: "the-client-id",
        client_secret: "the-client-secret",
        url: Some(URL),
        host: None,
    }
}

#[test]
fn every_text_is_filled_with_what_its_application_needs() {
    for (name, preset) in all() {
        // What an application without an address, or one behind the gateway, does not have must not be asked for.
        let values = match &preset.kind {
            Kind::Client(facts) if facts.needs_url() => values(),
            Kind::Client(_) => Values { url: None, ..values() },
            Kind::Gateway(_) => {
                Values { url: None, client_id: "", client_secret: "", host: Some(HOST_PLACE), ..values() }
            }
        };
        let text =
            presets::filled(&preset.snippet, &values).unwrap_or_else(|error| panic!("{name}: {error}"));
        // Some applications have templates of their own, which ours leave as they are.
        let open = text.contains("{{") && !preset.snippet.contains("{%- raw %}");
        assert!(!open && !text.contains("{%") && text.ends_with('\n'), "{name}:\n{text}");
        if let Kind::Client(facts) = preset.kind {
            assert!(text.contains("https://auth.example.com"), "{name} is not told of the issuer");
            assert!(text.contains("the-client-id"), "{name} is not told of its id");
            // Shown once, and not twice in a text that somebody copies from.
            let secrets = usize::from(!facts.is_public());
            assert_eq!(text.matches("the-client-secret").count(), secrets, "{name}");
        }
    }
}

#[test]
fn no_preset_has_the_name_of_a_proxy() {
    let proxies: BTreeSet<String> = SnippetKind::value_variants()
        .iter()
        .map(|kind| kind.to_possible_value().unwrap().get_name().to_owned())
        .collect();
    for name in presets::names() {
        assert!(!proxies.contains(name), "{name}");
    }
}

#[test]
fn what_the_section_writes_wins() {
    let bare = client(&section("immich", ""));
    assert_eq!((bare.name.as_str(), bare.auth_method), ("Immich", ClientAuthMethod::ClientSecretPost));
    let uris: Vec<_> = bare.redirect_uris.iter().map(RedirectUri::as_str).collect();
    let below = |path: &str| format!("{URL}{path}");
    assert_eq!(
        uris,
        [below("/auth/login").as_str(), &below("/user-settings"), "app.immich:///oauth-callback"]
    );
    let own = "name = \"Photos\"\nauth_method = \"client_secret_basic\"\npkce_required = false\nscopes = \"openid\"\n\
               signing_algorithm = \"ES256\"\nid_token_claims = \"email\"\n\
               redirect_uris = \"https://other.example.com/back\"\n";
    let client = client(&section("immich", own));
    assert_eq!((client.name.as_str(), client.auth_method), ("Photos", ClientAuthMethod::ClientSecretBasic));
    assert!(!client.pkce_required);
    assert_eq!((client.signing_algorithm.as_str(), client.id_token_claims.len()), ("ES256", 1));
    assert_eq!(client.redirect_uris.len(), 1);
    assert_eq!(client.redirect_uris[0].as_str(), "https://other.example.com/back");
}

#[test]
fn a_preset_is_never_wider_than_the_section_says() {
    // An empty list is a word of the host too.
    let client = client(&section("grafana", "allow = []\nid_token_claims = []\n"));
    assert!(client.allow.is_empty() && client.id_token_claims.is_empty());
}

#[test]
fn a_slash_at_the_end_of_the_address_changes_nothing() {
    let with = section("immich", "").replace(URL, &format!("{URL}/"));
    assert_eq!(client(&with).redirect_uris, client(&section("immich", "")).redirect_uris);
}

#[test]
fn the_printed_configuration_says_what_the_preset_filled_in_and_is_the_same() {
    let loaded = load(&section("immich", "")).unwrap();
    let printed = loaded.print();
    assert!(printed.contains("auth_method = \"client_secret_post\" # from the preset\n"), "{printed}");
    let start = printed.find("[[clients]]").unwrap();
    let end = printed[start..].find("\n\n").map_or(printed.len(), |end| start + end);
    assert_eq!(format!("{:?}", client(&printed[start..end])), format!("{:?}", loaded.config.clients[0]));
}

#[track_caller]
fn refused_once(cases: &[(String, &str)]) {
    for (section, words) in cases {
        let said = refusal(section);
        assert!(
            said.starts_with("The configuration has 1 problem:") && said.contains(words),
            "{section}\n{said}"
        );
    }
}

#[test]
fn what_cannot_be_a_preset_is_said_once_with_the_nearest() {
    refused_once(&[
        (
            section("immich", "").replace("\"immich\"", "\"imich\""),
            "clients.0.preset: there is no preset `imich`\n    Did you mean \"immich\"? All of them: plex-oidc presets.",
        ),
        (
            section("immich", "").replace("\"immich\"", "\"paperless\""),
            "clients.0.preset: there is no preset `paperless`\n    Did you mean \"paperless-ngx\"?",
        ),
        (
            section("immich", "").replace("\"immich\"", "\"cloudflare-access\""),
            "clients.0.preset: there is no preset `cloudflare-access`\n    Did you mean \"cloudflare\"?",
        ),
        (
            section("immich", "").replace("\"immich\"", "7"),
            "clients.0.preset: must be the name of a preset, not a number",
        ),
        (
            section("immich", "").replace("\"immich\"", "\"dozzle\""),
            "clients.0.preset: Dozzle signs nobody in by OpenID Connect\n    It goes behind the gateway: plex-oidc snippet dozzle prints what it needs.",
        ),
    ]);
}

#[test]
fn what_cannot_be_an_address_is_said_once() {
    refused_once(&[
        (
            section("immich", "").replace(&format!("\"{URL}\""), "7"),
            "clients.0.url: must be an address, not a number",
        ),
        (
            section("immich", "").replace("https://app", "https://App"),
            "clients.0.url: `https://App.example.com/below` must begin as browsers show it: https://app.example.com",
        ),
        (
            section("immich", "").replace("https://app.", "http.app:/"),
            "clients.0.url: `http.app:/example.com/below` must be https",
        ),
        (
            section("immich", "")
                .replace("preset = \"immich\"\n", "redirect_uris = \"https://a.example.com\"\n"),
            "clients.0.url: means nothing without `preset`",
        ),
        (
            section("immich", "").replace(&format!("url = \"{URL}\"\n"), ""),
            "clients.0.url: is missing, and the preset needs it",
        ),
        (
            section("immich", "").replace("https://app", "http://app"),
            "clients.0.url: `http://app.example.com/below` must be https: plain http",
        ),
        (
            section("immich", "").replace("/below", "/?a=b"),
            "clients.0.url: `https://app.example.com/?a=b` has a query",
        ),
        (section("immich", "").replace("/below", "/,https:"), "clients.0.url: "),
        (
            section("immich", "").replace("https://app", "https://me:word@app"),
            "clients.0.url: `https://…@app.example.com/below` must not have a user name",
        ),
        (section("immich", "").replace(URL, "app.example:/"), "clients.0.url: `app.example:` must be https"),
        (section("immich", "auth_method = \"none\"\n"), "`auth_method` is `none`, and there is a secret"),
    ]);
}

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides").join(name)
}

const START: &str =
    "<!-- Written by a test from crates/plex-oidc/presets: UPDATE_DOCS=1 writes it anew. -->\n";
const END: &str = "<!-- End of the written part. -->\n";

#[test]
fn the_table_in_the_guide_is_what_the_files_say() {
    let mut table = "| preset | application | kind | knows people by | verified by | source |\n|---|---|---|---|---|---|\n".to_owned();
    for (name, preset) in all() {
        let known_by = match &preset.kind {
            Kind::Client(facts) => facts.known_by.as_str(),
            Kind::Gateway(_) => "headers",
        };
        let links: Vec<String> =
            preset.source.iter().enumerate().map(|(index, url)| format!("[{}]({url})", index + 1)).collect();
        let (title, homepage, kind) = (&preset.title, &preset.homepage, preset.kind.as_str());
        let verified = preset.verified.as_str();
        table += &format!(
            "| `{name}` | [{title}]({homepage}) | {kind} | {known_by} | {verified} | {} ({}) |\n",
            links.join(", "),
            preset.looked_up
        );
    }
    let page = std::fs::read_to_string(document("presets.md")).unwrap();
    let (before, rest) = page.split_once(START).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let wanted = format!("{before}{START}{table}{END}{after}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(document("presets.md"), &wanted).unwrap();
        return;
    }
    assert!(page == wanted, "docs/guides/presets.md is not what the files say: UPDATE_DOCS=1 rewrites it");
}
