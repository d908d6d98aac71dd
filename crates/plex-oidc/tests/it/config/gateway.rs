//! The gateway and Cloudflare Access in the configuration.

use plex_oidc::config::{self, Config, Loaded};
use plex_oidc_core::decide::Audience;
use plex_oidc_core::gateway::{Access, Host, IdentityField, UserName};
use plex_oidc_core::id::{AccountId, PlexAccountId};
use plex_oidc_core::time::Seconds;

use super::{environment, folder};

const TAG: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

const TOP: &str = "\
public_url = \"https://auth.example.com\"
trusted_proxies = [\"127.0.0.1\"]
[plex]
server = \"0123456789abcdef0123456789abcdef01234567\"
owner_id = 17
";

const FULL: &str = "
[gateway]
session_idle = \"1d\"
cookie_domains = [\"Example.com\", \"other.example\"]
user = \"email\"
names = [\"plex-1002003=olive\", \"plex-7=Marla B.\"]

[[access_teams]]
team = \"example\"

[[access_teams]]
team = \"local\"
issuer = \"http://127.0.0.1:9000\"
certs_url = \"http://127.0.0.1:9001/keys\"

[[apps]]
name = \"wiki\"
hosts = [\"wiki.example.com\", \"*.wiki.example.com\"]
deny = \"plex-99\"
preflight = true
identity_headers = \"custom\"
headers = [\"X-User=user\", \"X-Mail = email\"]
access_team = \"local\"
access_audiences = \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"
access_cookie = true
access_claims = [\"X-Plex-Token=plex_token\"]
access_service_tokens = [\"0a1b.access=backup-job\"]

[[apps.rules]]
paths = [\"/health\", \"/hooks/*\"]
methods = [\"get\"]
bypass = true

[[apps.rules]]
paths = \"/admin/*\"
allow = [\"plex-owner\"]

[[apps.rules]]
deny = [\"plex-friend\"]

[[apps]]
host = \"notes.example.com\"

[[apps.rules]]
paths = [\"/feed\"]
allow = []
";

fn load(text: &str, variables: &[(&str, &str)]) -> Loaded {
    let folder = folder();
    config::parse("gateway.toml", &format!("{TOP}{text}"), folder.path(), &environment(variables))
        .unwrap_or_else(|problems| panic!("{problems}"))
}

fn full() -> Config {
    load(FULL, &[]).config
}

fn words(audience: &Audience) -> (Vec<String>, Vec<String>) {
    let words = |rules: &[plex_oidc_core::decide::AllowRule]| rules.iter().map(ToString::to_string).collect();
    (words(&audience.allow), words(&audience.deny))
}

#[test]
fn every_key_of_the_gateway_arrives() {
    let Config { gateway, .. } = full();
    assert_eq!(gateway.session.idle, Seconds::days(1));
    assert_eq!(gateway.session.absolute, Seconds::days(30));
    assert_eq!(gateway.cookie_domains, ["example.com", "other.example"].map(|d| Host::parse(d).unwrap()));
    assert_eq!(gateway.names.otherwise, UserName::Email);
    assert_eq!(gateway.names.chosen[&AccountId::Plex(PlexAccountId(7))], "Marla B.");
    assert_eq!(gateway.names.chosen.len(), 2);
    let [wiki, notes] = gateway.apps.0.as_slice() else { panic!("{:?}", gateway.apps) };
    assert_eq!((wiki.name.as_str(), wiki.preflight), ("wiki", true));
    let hosts: Vec<String> = wiki.hosts.iter().map(ToString::to_string).collect();
    assert_eq!(hosts, ["wiki.example.com", "*.wiki.example.com"]);
    let own = [("X-User", IdentityField::User), ("X-Mail", IdentityField::Email)];
    assert_eq!(wiki.headers.0, own.map(|(name, field)| (name.to_owned(), field)));
    assert_eq!((notes.name.as_str(), notes.preflight), ("notes.example.com", false));
    assert_eq!(notes.headers.0[0].0, "Remote-User");
    assert_eq!(
        words(&notes.audience),
        (["plex-owner", "plex-home", "plex-friend"].map(str::to_owned).to_vec(), vec![])
    );
}

#[test]
fn rules_keep_their_order_and_their_application() {
    let apps = full().gateway.apps.0;
    let [hooks, admin, rest] = apps[0].rules.as_slice() else { panic!("{:?}", apps[0].rules) };
    assert_eq!(hooks.access, Access::Bypass);
    let paths: Vec<String> = hooks.paths.iter().map(ToString::to_string).collect();
    assert_eq!((paths, hooks.methods[0].as_str()), (vec!["/health".into(), "/hooks/*".into()], "GET"));
    assert_eq!((admin.methods.len(), rest.paths.len()), (0, 0));
    assert_eq!(apps[1].rules.len(), 1);
}

#[test]
fn whom_an_application_denies_no_rule_of_it_allows() {
    let apps = full().gateway.apps.0;
    let people = |app: usize, rule: usize| match &apps[app].rules[rule].access {
        Access::Only(audience) => words(audience),
        Access::Bypass => panic!("a bypass"),
    };
    let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(people(0, 1), (list(&["plex-owner"]), list(&["plex-99"])));
    let inherited = list(&["plex-owner", "plex-home", "plex-friend"]);
    assert_eq!(people(0, 2), (inherited, list(&["plex-99", "plex-friend"])), "allow of the application");
    assert_eq!(people(1, 0), (vec![], vec![]), "an empty list is nobody");
}

#[test]
fn every_key_of_access_arrives() {
    let access = full().access;
    let team = &access.teams[0];
    assert_eq!(
        (team.name.as_str(), team.issuer.as_str()),
        ("example", "https://example.cloudflareaccess.com")
    );
    assert_eq!(team.certs_url.as_str(), "https://example.cloudflareaccess.com/cdn-cgi/access/certs");
    let (team, accepts) = access.of("wiki").unwrap();
    assert_eq!((team.issuer.as_str(), accepts.cookie), ("http://127.0.0.1:9000", true));
    assert_eq!(team.certs_url.as_str(), "http://127.0.0.1:9001/keys");
    assert_eq!(accepts.audiences, [TAG]);
    assert_eq!(accepts.claims, [("X-Plex-Token".to_owned(), "plex_token".to_owned())]);
    assert_eq!(accepts.service_tokens, [("0a1b.access".to_owned(), "backup-job".to_owned())]);
    assert!(access.of("notes.example.com").is_none() && access.of("nobody").is_none());
}

#[test]
fn the_printed_gateway_is_the_same_gateway() {
    let variables =
        [("PLEX_OIDC__APPS__1__RULES__0__ALLOW", "plex-7"), ("PLEX_OIDC__APPS__0__RULES__3__BYPASS", "true")];
    let before = load(FULL, &variables);
    let printed = before.print();
    assert!(
        printed.contains("bypass = true # from variable PLEX_OIDC__APPS__0__RULES__3__BYPASS"),
        "{printed}"
    );
    let folder = folder();
    let after = config::parse("printed.toml", &printed, folder.path(), &environment(&[]));
    let after = after.unwrap_or_else(|problems| panic!("{problems}\n{printed}"));
    let shown = |config: &Config| format!("{:#?}{:#?}", config.gateway, config.access);
    assert_eq!(shown(&after.config), shown(&before.config));
    assert_eq!(after.config.gateway.apps.0[0].rules.len(), 4);
}

#[test]
fn variables_alone_make_an_application_with_rules() {
    let variables = [
        ("PLEX_OIDC__APPS__0__HOSTS", "wiki.example.com, notes.example.com"),
        ("PLEX_OIDC__APPS__0__RULES__0__PATHS", "/health"),
        ("PLEX_OIDC__APPS__0__RULES__0__BYPASS", "true"),
        ("PLEX_OIDC__APPS__0__RULES__1__PATHS", "/admin/*"),
        ("PLEX_OIDC__APPS__0__RULES__1__ALLOW", "plex-owner"),
        ("PLEX_OIDC__ACCESS_TEAMS__0__TEAM", "example"),
        ("PLEX_OIDC__APPS__0__ACCESS_TEAM", "example"),
        ("PLEX_OIDC__APPS__0__ACCESS_AUDIENCES", TAG),
    ];
    let config = load("", &variables).config;
    assert_eq!(config.gateway.apps.0[0].hosts.len(), 2);
    assert_eq!(config.gateway.apps.0[0].rules.len(), 2);
    assert!(config.access.of("wiki.example.com").is_some());
}

#[test]
fn one_host_may_have_several_applications_with_names() {
    let text =
        "[[apps]]\nhost = \"wiki.example.com\"\n[[apps]]\nname = \"admin\"\nhost = \"wiki.example.com\"\n";
    let apps = load(text, &[]).config.gateway.apps;
    let host = Host::parse("wiki.example.com").unwrap();
    assert_eq!(apps.find(&host, None).unwrap().name, "wiki.example.com");
    assert_eq!(apps.find(&host, Some("admin")).unwrap().name, "admin");
}

#[test]
fn cookie_domains_may_contain_our_own_host_and_wildcards_cover_it() {
    let text = "[gateway]\ncookie_domains = [\"example.com\"]\n[[apps]]\nhost = \"*.example.com\"\n";
    let loaded = load(text, &[]);
    assert_eq!(loaded.warnings, []);
    assert_eq!(loaded.config.gateway.apps.0[0].name, "example.com");
}

#[test]
fn the_host_is_warned_of_what_the_gateway_would_do() {
    let app = "[[apps]]\nhost = \"wiki.example.com\"\n";
    let warned = |text: &str| -> Vec<String> {
        load(text, &[]).warnings.iter().map(|warning| warning.key.clone()).collect()
    };
    assert_eq!(warned(app), [""; 0], "an application behind the gateway is an application");
    assert_eq!(warned(&format!("{app}allow = []")), ["apps.0.allow"]);
    assert_eq!(warned(&format!("[gateway]\nuser = \"username\"\n{app}")), ["gateway.user"]);
    let custom = |headers| warned(&format!("{app}identity_headers = \"custom\"\nheaders = [{headers}]"));
    assert_eq!(custom("\"X-User=username\", \"X-Sub=user\", \"X-Name=name\""), ["apps.0.headers"]);
    assert_eq!(custom("\"X-User=user\", \"X-Name=name\""), [""; 0]);
    let rule = "[[apps.rules]]\n";
    let health = "[[apps.rules]]\npaths = [\"/health\"]\nbypass = true\n";
    for (rules, warnings) in [
        (format!("{rule}allow = [\"plex-owner\"]\n{health}"), vec!["apps.0.rules.0"]),
        (format!("{health}{rule}allow = [\"plex-owner\"]\n"), vec![]),
        (format!("{rule}methods = [\"GET\"]\nallow = [\"plex-owner\"]\n{health}"), vec![]),
        (format!("{rule}paths = [\"/*\"]\nbypass = true\n"), vec!["apps.0.rules.0.bypass"]),
        (format!("{rule}methods = [\"GET\"]\nbypass = true\n"), vec!["apps.0.rules.0.bypass"]),
        (format!("{rule}paths = [\"/*\"]\nallow = []\n{health}"), vec!["apps.0.rules.0"]),
    ] {
        assert_eq!(warned(&format!("{app}{rules}")), warnings, "{rules}");
    }
}

#[test]
fn req_165_without_a_trusted_proxy_the_host_is_told_that_the_gateway_refuses_everybody() {
    let folder = folder();
    let text = format!("{TOP}[[apps]]\nhost = \"wiki.example.com\"\n").replace("[\"127.0.0.1\"]", "[]");
    let text = text.replace("trusted_proxies", "listen = \"0.0.0.0:80\"\ntrusted_proxies");
    let loaded = config::parse("gateway.toml", &text, folder.path(), &environment(&[])).unwrap();
    let [warning] = loaded.warnings.as_slice() else { panic!("{:?}", loaded.warnings) };
    assert_eq!(warning.key, "trusted_proxies");
    assert!(warning.wrong.contains("refused") && warning.remedy.contains("trusted_proxies = ["), "{warning}");
}
