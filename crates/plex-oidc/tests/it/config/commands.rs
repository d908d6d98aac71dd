//! The commands that need nothing but the configuration.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use plex_oidc::cli::{self, Exit, World};
use plex_oidc::clock::SystemClock;
use plex_oidc::config::{self, edit};
use plex_oidc_core::secret::{Secret, SecretHash, SecretKind};

use super::{SECRET, environment, folder, write};

const SMALL: &str = "\
# My configuration.
public_url = \"https://auth.example.com\" # do not change

[plex]
server = \"0123456789abcdef0123456789abcdef01234567\"
owner_id = 1234567

# The one in front of everything.
[[clients]]
id = \"cloudflare-access\"
secret_file = \"cloudflare-access.secret\"
redirect_uris = [ \"https://example.cloudflareaccess.com/cdn-cgi/access/callback\", ]

# Sessions: the family complained about 7d.
[session]
idle = \"14d\"
";

struct Ran {
    exit: Exit,
    out: String,
    err: String,
}

/// Runs `plex-oidc --config <folder>/plex-oidc.toml <arguments>`. Each secret is made of its own number.
fn plex_oidc(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let (mut out, mut err, mut count) = (Vec::new(), Vec::new(), 0);
    let mut random = || {
        count += 1;
        [count; 32]
    };
    let environment = environment(variables);
    let mut world = World {
        environment: &environment,
        input: &mut std::io::empty(),
        out: &mut out,
        err: &mut err,
        random: &mut random,
        hide_typing: &mut |_| false,
        clock: &SystemClock,
    };
    let file = folder.join("plex-oidc.toml");
    let start = ["plex-oidc", "--config", file.to_str().unwrap()];
    let all = start.iter().chain(arguments).map(OsString::from);
    let exit = cli::run(all, &mut world);
    let text = |bytes: Vec<u8>| {
        String::from_utf8(bytes).unwrap().replace(&folder.display().to_string(), "/etc/plex-oidc")
    };
    Ran { exit, out: text(out), err: text(err) }
}

fn small() -> tempfile::TempDir {
    let folder = folder();
    write(folder.path(), "plex-oidc.toml", SMALL);
    folder
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

fn mode(folder: &Path, name: &str) -> u32 {
    std::fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777
}

fn secret_in(out: &str) -> String {
    out.lines().find_map(|line| line.strip_prefix("client secret: ")).unwrap().to_owned()
}

fn hashes(folder: &Path, id: &str) -> Vec<SecretHash> {
    let loaded = config::load(&folder.join("plex-oidc.toml"), &environment(&[])).unwrap();
    let client = loaded.config.clients.into_iter().find(|client| client.id.as_str() == id);
    client.unwrap().secrets
}

fn hash(text: &str) -> SecretHash {
    SecretHash::of(SecretKind::ClientSecret, text)
}

#[test]
fn a_bad_file_ends_with_78_and_nothing_on_standard_output() {
    let folder = small();
    for command in [&["check"][..], &["print-config"], &["client", "list"], &["client", "rotate-secret", "x"]]
    {
        let ran = plex_oidc(folder.path(), command, &[("PLEX_OIDC__SESSION__IDEL", "1d")]);
        assert_eq!((ran.exit.code(), ran.out.as_str()), (78, ""), "{command:?}");
        assert!(ran.err.contains("Did you mean PLEX_OIDC__SESSION__IDLE?"), "{}", ran.err);
    }
}

#[test]
fn a_missing_file_names_init() {
    let folder = folder();
    let ran = plex_oidc(folder.path(), &["check"], &[]);
    assert_eq!(ran.exit, Exit::BadConfiguration);
    assert!(ran.err.contains("there is no such file") && ran.err.contains("plex-oidc init"), "{}", ran.err);
}

#[test]
fn wrong_arguments_end_with_2_and_help_with_0() {
    let folder = small();
    let ran = plex_oidc(folder.path(), &["chekc"], &[]);
    assert_eq!((ran.exit.code(), ran.out.as_str()), (2, ""));
    let ran = plex_oidc(folder.path(), &["--help"], &[]);
    assert_eq!((ran.exit.code(), ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("print-config"));
    let ran = plex_oidc(folder.path(), &["version"], &[]);
    assert_eq!(ran.out, format!("plex-oidc {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_command_of_the_documents_is_understood() {
    let folder = small();
    let commands = [
        &["serve"][..],
        &["init", "--non-interactive", "--public-url", "https://a.example", "--protect", "cloudflare-access"],
        &["example-config"],
        &["keys", "list"],
        &["keys", "rotate"],
        &["healthcheck", "--help"],
    ];
    for command in commands {
        let arguments: Vec<_> = std::iter::once("plex-oidc").chain(command.iter().copied()).collect();
        let parsed = <cli::Arguments as clap::Parser>::try_parse_from(arguments);
        let help = parsed.as_ref().is_err_and(|error| !error.use_stderr());
        assert!(parsed.is_ok() || help, "{command:?}");
    }
    assert!(plex_oidc(folder.path(), &["healthcheck", "--help"], &[]).out.contains("--timeout"));
}

#[test]
fn the_example_command_prints_the_example() {
    let folder = folder();
    assert_eq!(plex_oidc(folder.path(), &["example-config"], &[]).out, config::example::text());
}

#[test]
fn the_printed_configuration_is_the_same_configuration() {
    let folder = small();
    let variables =
        [("PLEX_OIDC__TOKENS__ACCESS", "5m"), ("PLEX_OIDC__CLIENTS__0__ALLOW", "plex-home, plex-17")];
    let printed = plex_oidc(folder.path(), &["print-config"], &variables).out;
    assert!(printed.contains("access = \"5m\" # from variable PLEX_OIDC__TOKENS__ACCESS"), "{printed}");
    assert!(printed.contains("idle = \"14d\"\n"), "{printed}");
    assert!(printed.contains("absolute = \"30d\" # default"), "{printed}");
    let before = config::load(&folder.path().join("plex-oidc.toml"), &environment(&variables)).unwrap();
    let after = config::parse("printed.toml", &printed, folder.path(), &environment(&[])).unwrap();
    assert_eq!(format!("{:#?}", after.config), format!("{:#?}", before.config));
    assert_eq!(after.warnings, []);
}

#[test]
fn req_177_the_printed_configuration_and_debug_output_have_no_secret() {
    let folder = small();
    write(folder.path(), "owner.token", "canary-owner-token");
    let text = SMALL.replace("owner_id = 1234567", "owner_token_file = \"owner.token\"");
    write(folder.path(), "plex-oidc.toml", &text.replace("secret_file = \"cloudflare-access.secret\"\n", ""));
    let variables = [("PLEX_OIDC__CLIENTS__0__SECRET", "canary-secret-0123456789-abcdefghij")];
    let ran = plex_oidc(folder.path(), &["print-config"], &variables);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(ran.out.contains("# secret is set by variable PLEX_OIDC__CLIENTS__0__SECRET"), "{}", ran.out);
    assert!(!ran.out.contains("canary") && !ran.err.contains("canary"));
    let loaded = config::load(&folder.path().join("plex-oidc.toml"), &environment(&variables)).unwrap();
    assert!(!format!("{loaded:?} {:?}", loaded.config).contains("canary"));
}

#[test]
fn client_add_keeps_the_file_and_shows_the_secret_once() {
    let folder = small();
    let arguments = ["client", "add", "immich", "--redirect-uri", "https://photos.example.com/auth/login"];
    let ran = plex_oidc(
        folder.path(),
        &[&arguments[..], &["--allow", "plex-home", "--name", "Photos"]].concat(),
        &[],
    );
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let secret = secret_in(&ran.out);
    assert_eq!(secret, Secret::from_random(SecretKind::ClientSecret, [1; 32]).expose());
    let text = read(folder.path(), "plex-oidc.toml");
    let added = "
[[clients]]
id = \"immich\"
name = \"Photos\"
secret_file = \"immich.secret\"
redirect_uris = [\"https://photos.example.com/auth/login\"]
allow = [\"plex-home\"]
";
    assert_eq!(text.replace(added, ""), SMALL, "comments and order stay");
    assert!(!text.contains(&secret) && !read(folder.path(), "immich.secret").contains(&secret));
    assert_eq!((mode(folder.path(), "immich.secret"), mode(folder.path(), "plex-oidc.toml")), (0o600, 0o600));
    assert_eq!(hashes(folder.path(), "immich"), [hash(&secret)]);
    let listed = plex_oidc(folder.path(), &["client", "list"], &[]).out;
    assert!(listed.contains("immich  Photos\n    client_secret_basic: 1 secret\n"), "{listed}");
}

#[test]
fn client_add_changes_nothing_when_the_result_would_be_wrong() {
    let folder = small();
    let before = std::fs::read_dir(folder.path()).unwrap().count();
    for (id, uri, exit) in [
        ("immich", "http://photos.example.com", Exit::BadConfiguration),
        ("my photos", "https://photos.example.com", Exit::BadConfiguration),
        ("cloudflare-access", "https://photos.example.com", Exit::Failed),
    ] {
        let ran = plex_oidc(folder.path(), &["client", "add", id, "--redirect-uri", uri], &[]);
        assert_eq!((ran.exit, ran.out.as_str()), (exit, ""), "{id}: {}", ran.err);
        assert!(ran.err.contains("Nothing was changed."), "{}", ran.err);
        assert_eq!(read(folder.path(), "plex-oidc.toml"), SMALL);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), before);
    }
}

#[test]
fn client_add_never_overwrites_a_secret_file() {
    let folder = small();
    write(folder.path(), "immich.secret", "something of the host");
    let ran =
        plex_oidc(folder.path(), &["client", "add", "immich", "--redirect-uri", "https://a.example/"], &[]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.err.contains("/etc/plex-oidc/immich.secret exists already"), "{}", ran.err);
    assert_eq!(read(folder.path(), "immich.secret"), "something of the host");
    assert_eq!(read(folder.path(), "plex-oidc.toml"), SMALL);
}

#[test]
fn a_secret_file_stays_inside_the_folder_whatever_the_client_is_called() {
    for id in ["../../etc/passwd", "/etc/passwd", "https://app.example.com/a", "a\\b", ".."] {
        let name = edit::secret_file_name(id);
        assert!(!name.contains(['/', '\\']) && !name.starts_with('.'), "{id} -> {name}");
    }
}

#[test]
fn a_public_client_has_no_secret() {
    let folder = small();
    let arguments =
        ["client", "add", "app", "--auth-method", "none", "--redirect-uri", "com.example.app:/callback"];
    let ran = plex_oidc(folder.path(), &arguments, &[]);
    let expected = "issuer:        https://auth.example.com\nclient id:     app\n";
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Done, expected), "{}", ran.err);
    assert_eq!(hashes(folder.path(), "app"), []);
    let ran = plex_oidc(folder.path(), &["client", "rotate-secret", "app"], &[]);
    assert_eq!(
        (ran.exit, ran.err.as_str()),
        (Exit::Failed, "app has no secret: its auth_method uses none.\n")
    );
}

#[test]
fn a_device_needs_no_redirect_uri() {
    let folder = small();
    let arguments = ["client", "add", "tv", "--device", "--auth-method", "none", "--name", "Telly"];
    let ran = plex_oidc(folder.path(), &arguments, &[]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let added = "
[[clients]]
id = \"tv\"
name = \"Telly\"
auth_method = \"none\"
grant_types = [\"device_code\"]
";
    assert_eq!(read(folder.path(), "plex-oidc.toml").replace(added, ""), SMALL);
    let both = ["client", "add", "box", "--device", "--redirect-uri", "https://box.example.com/callback"];
    assert_eq!(plex_oidc(folder.path(), &both, &[]).exit, Exit::Done);
    let text = read(folder.path(), "plex-oidc.toml");
    assert!(text.contains("grant_types = [\"authorization_code\", \"device_code\"]\n"), "{text}");
    let listed = plex_oidc(folder.path(), &["client", "list"], &[]).out;
    let telly = "tv  Telly\n    none: no secret\n    shows codes, typed at https://auth.example.com/device\n";
    assert!(listed.contains(telly) && listed.matches("shows codes").count() == 2, "{listed}");
    let neither = plex_oidc(folder.path(), &["client", "add", "other"], &[]);
    assert_eq!(
        (neither.exit, neither.err.contains("--redirect-uri")),
        (Exit::Usage, true),
        "{}",
        neither.err
    );
}

#[test]
fn req_050_both_secrets_work_while_one_replaces_the_other() {
    let folder = small();
    let ran = plex_oidc(folder.path(), &["client", "rotate-secret", "cloudflare-access"], &[]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let new = secret_in(&ran.out);
    assert_eq!(hashes(folder.path(), "cloudflare-access"), [hash(&new), hash(SECRET)]);
    let ran = plex_oidc(folder.path(), &["client", "rotate-secret", "cloudflare-access", "--finish"], &[]);
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Done, ""));
    assert_eq!(hashes(folder.path(), "cloudflare-access"), [hash(&new)]);
    assert_eq!(mode(folder.path(), "cloudflare-access.secret"), 0o600);
    assert_eq!(read(folder.path(), "plex-oidc.toml"), SMALL);
    let ran = plex_oidc(folder.path(), &["client", "rotate-secret", "immich"], &[]);
    assert_eq!(ran.err, "There is no application immich. Known: cloudflare-access.\n");
}

#[test]
fn a_third_secret_is_refused_because_either_of_the_two_may_be_in_use() {
    let folder = small();
    let rotate = ["client", "rotate-secret", "cloudflare-access"];
    assert_eq!(plex_oidc(folder.path(), &rotate, &[]).exit, Exit::Done);
    let before = hashes(folder.path(), "cloudflare-access");
    let ran = plex_oidc(folder.path(), &rotate, &[]);
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""));
    assert!(ran.err.contains("has two secrets already") && ran.err.contains("--finish"), "{}", ran.err);
    assert_eq!((hashes(folder.path(), "cloudflare-access"), before.len()), (before, 2));
}

#[test]
fn the_first_file_of_init_loads() {
    let folder = folder();
    let server = |digit: &str, name: &str| (digit.repeat(40), 17, name.to_owned());
    for servers in [
        vec![server("a", "Living\nroom")],
        vec![server("a", "One"), server("b", "\"Two\"")],
        vec![server("a", "Attic"), server("b", "attic!")],
    ] {
        let text = edit::first_file("https://auth.example.com", &servers, None);
        let loaded = config::parse("first.toml", &text, folder.path(), &environment(&[]));
        let loaded = loaded.unwrap_or_else(|problems| panic!("{problems}\n{text}"));
        assert_eq!(loaded.config.plex.as_ref().unwrap().servers.len(), servers.len());
    }
}
