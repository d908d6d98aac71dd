//! What `init` asks, writes and prints.

use std::collections::BTreeMap;

use plex_oidc::cli::Exit;
use plex_oidc::config;
use plex_oidc_core::secret::{SecretHash, SecretKind};
use plextv_emulator::MAIN_SERVER;

use super::{House, Ran, put, told, told_for_cloudflare};

/// The secret that was printed, and the rest with a word in its place.
fn secret(out: &str) -> (String, String) {
    let secret = out.split_whitespace().find(|word| word.starts_with("pos_")).expect("a client secret");
    (secret.to_owned(), out.replace(secret, "<secret>"))
}

/// Approves the PIN of the link once it is on the terminal.
fn approve<'h>(house: &'h House, persona: &'h str) -> impl FnMut(&str) + 'h {
    let mut done = false;
    move |shown| {
        if !done && shown.contains("Waiting ...") {
            done = true;
            let pins = house.emulator.world().pins();
            let [pin] = pins.as_slice() else { panic!("one PIN: {pins:?}") };
            assert!(shown.contains(&format!("{}/auth", house.emulator.app_url())), "{shown}");
            assert!(shown.contains(&pin.code), "{shown}");
            house.emulator.world().approve_pin(&pin.code, persona).unwrap();
        }
    }
}

fn interactive(house: &House, input: &str, persona: &str) -> Ran {
    house.run_with(&house.variables(), &["init"], input, approve(house, persona))
}

fn signed_out(house: &House) -> bool {
    house.emulator.world().request_log().iter().any(|request| request.path.contains("signout"))
}

#[test]
fn init_by_flags_writes_everything_for_the_owner_alone() {
    let house = House::new();
    let ran = house.run(&told_for_cloudflare());
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let expected: BTreeMap<String, u32> = [
        ("cloudflare-access.secret", 0o600),
        ("data", 0o700),
        ("data/plex-oidc.db", 0o600),
        ("data/plex-oidc.db.lock", 0o600),
        ("plex-oidc.key", 0o600),
        ("plex-oidc.toml", 0o600),
    ]
    .map(|(name, mode)| (name.to_owned(), mode))
    .into();
    assert_eq!(house.contents(), expected);
    assert_eq!(house.emulator.world().request_log().len(), 0, "flags alone need no Plex");
    let (secret, _) = secret(&ran.out);
    assert!(!house.read("plex-oidc.toml").contains(&secret) && !ran.err.contains(&secret));
    let loaded = config::load(&house.path("plex-oidc.toml"), &BTreeMap::new()).unwrap();
    let [client] = loaded.config.clients.as_slice() else { panic!("one client") };
    assert_eq!(client.secrets, [SecretHash::of(SecretKind::ClientSecret, &secret)]);
    insta::assert_snapshot!("first_file", house.read("plex-oidc.toml"));
}

#[test]
fn cloudflare_gets_what_its_form_asks_for_in_its_words() {
    let house = House::new();
    let ran = house.run(&told_for_cloudflare());
    let (_, printed) = secret(&ran.out);
    insta::assert_snapshot!("cloudflare_fields", printed);
}

#[test]
fn an_application_gets_issuer_id_and_secret() {
    let house = House::new();
    let protect = ["--public-url", "https://auth.example.com/", "--protect", "application"];
    let uris = ["--redirect-uri", "https://a.example/cb", "--redirect-uri", "app.example:/cb"];
    let ran = house.run(&told(&[&protect[..], &["--client-id", "immich"], &uris].concat()));
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let (_, printed) = secret(&ran.out);
    assert_eq!(
        printed,
        "issuer:        https://auth.example.com\nclient id:     immich\nclient secret: <secret>\n"
    );
    let listed = house.run(&["client", "list"]).out;
    assert!(listed.contains("immich") && listed.contains("app.example:/cb"), "{listed}");
    let checked = house.run(&["check"]);
    assert_eq!(checked.exit, Exit::Done, "{}", checked.err);
}

#[test]
fn nothing_is_protected_if_the_host_says_so() {
    let house = House::new();
    let ran = house.run(&told(&["--public-url", "https://auth.example.com", "--protect", "nothing"]));
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Done, ""), "{}", ran.err);
    assert!(ran.err.contains("plex-oidc client add"), "{}", ran.err);
    assert!(!house.read("plex-oidc.toml").contains("[[clients]]"));
}

#[test]
fn the_owner_signs_in_by_link_and_answers_questions() {
    let house = House::new();
    let answers = "http://auth.example.com\nhttps://auth.example.com\n7\n1\nexample.cloudflareaccess.com\n\n";
    let ran = interactive(&house, answers, "owner");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(ran.err.contains("must start with https://"), "a wrong answer is explained: {}", ran.err);
    assert!(ran.err.contains("Answer 1, 2 or 3."), "{}", ran.err);
    assert!(ran.err.contains(&format!("Your Plex server: Attic ({MAIN_SERVER})")), "{}", ran.err);
    let text = house.read("plex-oidc.toml");
    assert!(text.contains(&format!("server = \"{MAIN_SERVER}\" # Attic\nowner_id = 1002003\n")), "{text}");
    assert!(text.contains("https://example.cloudflareaccess.com/cdn-cgi/access/callback"), "{text}");
    assert!(
        !house.path("plex-owner.token").exists() && !text.contains("owner_token"),
        "not kept unless wanted"
    );
    assert!(signed_out(&house), "the token of this run ends with it");
}

#[test]
fn the_database_keeps_the_name_under_which_plex_met_us() {
    let house = House::new();
    let ran = interactive(&house, "https://auth.example.com\n3\nn\n", "owner");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let used = house.emulator.world().pins()[0].client_identifier.clone();
    let store = plex_oidc::store::sqlite::SqliteStore::open(&house.path("data/plex-oidc.db")).unwrap();
    let stored = house.runtime.block_on(plex_oidc::store::Store::installation(&store, "another"));
    assert_eq!(stored.unwrap(), used);
}

#[test]
fn req_177_the_owner_s_token_is_kept_on_request_only_and_never_shown() {
    let house = House::new();
    let ran = interactive(&house, "https://auth.example.com\n3\nperhaps\nYes\n", "owner");
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(house.contents().get("plex-owner.token"), Some(&0o600));
    let token = house.read("plex-owner.token");
    assert!(token.trim().len() >= 20, "a whole token");
    assert!(!ran.err.contains(token.trim()) && !house.read("plex-oidc.toml").contains(token.trim()));
    assert!(!signed_out(&house), "a kept token lives on");
    let loaded = config::load(&house.path("plex-oidc.toml"), &BTreeMap::new()).unwrap();
    assert!(loaded.config.plex.as_ref().unwrap().owner_token.is_some());
}

#[test]
fn a_token_file_stands_for_the_sign_in() {
    let house = House::new();
    let token = house.emulator.world().token_for("owner");
    put(&house.path("given.token"), &format!("\n{token}\n"));
    let file = house.path("given.token");
    let flags =
        ["init", "--non-interactive", "--public-url", "https://auth.example.com", "--protect", "nothing"];
    let token_flags = ["--owner-token-file", file.to_str().unwrap(), "--keep-owner-token"];
    let ran = house.run(&[&flags[..], &token_flags].concat());
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert_eq!(house.read("plex-owner.token"), format!("{token}\n"));
    assert!(
        house.read("plex-oidc.toml").contains("owner_id = 1002003\nowner_token_file = \"plex-owner.token\"")
    );
    assert!(!signed_out(&house), "the host's own token is not ours to end");
    assert_eq!(house.run(&["check"]).exit, Exit::Done);
}

#[test]
fn an_account_that_owns_nothing_is_refused_in_plain_words() {
    for (persona, words) in [
        ("friend", "mara.k owns no Plex server, though 2 are shared with it"),
        ("stranger", "uwe owns no Plex server, though one is shared with it"),
        ("friend-nothing", "pim owns no Plex server. Only the owner"),
        ("managed", "Kid owns no Plex server"),
    ] {
        let house = House::new();
        let ran = interactive(&house, "https://auth.example.com\n3\ny\n", persona);
        assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""), "{persona}");
        assert!(ran.err.contains("Nothing was set up: the Plex account "), "{}", ran.err);
        assert!(ran.err.contains(words) && ran.err.contains("as the owner"), "{}", ran.err);
        assert_eq!(house.contents(), BTreeMap::new());
        assert!(signed_out(&house), "their token is not left behind at Plex");
    }
}

#[test]
fn a_public_address_from_the_environment_is_not_asked_for() {
    let house = House::new();
    let mut variables = house.variables();
    variables.insert("PLEX_OIDC__PUBLIC_URL".to_owned(), "https://fly.example.com".to_owned());
    let flags = told(&["--protect", "cloudflare-access", "--team", "example"]);
    let ran = house.run_with(&variables, &flags, "", |_| {});
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(ran.out.contains("https://fly.example.com/token"), "{}", ran.out);
    assert!(house.read("plex-oidc.toml").contains("public_url = \"https://fly.example.com\""));
}
