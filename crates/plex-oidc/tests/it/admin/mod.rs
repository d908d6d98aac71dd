//! The pages of the host: what they show, what they end, and that they are nobody else's.

use std::collections::BTreeMap;
use std::ffi::OsString;

use plex_oidc::cli::{self, Exit, World};
use plex_oidc_core::gateway::Family;
use plex_oidc_core::secret::sha256;
use plex_oidc_core::time::Seconds;

use crate::account::field;
use crate::support::{Answer, Browser, House, PROXY_NETWORK, Setup, Visit};

mod api_tokens;
mod attacks;
mod audit;
mod commands;
mod keys;
mod languages;
mod link;
mod many;
mod marks;
mod membership;
mod owner_token;
mod passkey;
mod requests;

/// Addresses that are about one person.
const PERSON: &str = "/admin/people/";

fn setup() -> Setup {
    Setup::default()
        .set("", &format!("trusted_proxies = [\"{PROXY_NETWORK}\"]"))
        .client("wiki", r#"allow = ["plex-owner", "somebody@example.org"]"#)
        .client("off", "name = \"Gone\"\nenabled = false")
        .app("name = \"notes\"\nhost = \"notes.example.org\"")
        .app(
            "name = \"vault\"\nhost = \"*.vault.example.org\"\nallow = [\"plex-owner\"]\n\
              [[apps.rules]]\npaths = [\"/open\"]\nbypass = true",
        )
}

/// The host's page, signed in to for it.
async fn host_of(house: &House) -> (Browser, Answer) {
    signed_in_as(house, "owner").await
}

async fn signed_in_as(house: &House, persona: &str) -> (Browser, Answer) {
    let mut browser = house.browser();
    let page = browser.open("/admin").await.expect(200);
    let page = browser.approve_and_finish(&page, persona).await.expect(200);
    assert_eq!(page.url, "/admin", "nothing of the answer stays in the history");
    (browser, page)
}

/// The page about a persona.
async fn page_of(house: &House, browser: &mut Browser, persona: &str) -> Answer {
    browser.open(&about(house, persona)).await.expect(200)
}

fn about(house: &House, persona: &str) -> String {
    format!("{PERSON}{}", subject(house, persona))
}

/// A command beside the running service: how it ended, what it printed, and what it said.
pub(crate) fn command(house: &House, arguments: &[&str]) -> (Exit, String, String) {
    let file = house.folder().join("plex-oidc.toml");
    let start = ["plex-oidc", "--config", file.to_str().unwrap()];
    let arguments: Vec<_> = start.iter().chain(arguments).map(OsString::from).collect();
    let (mut out, mut err, clock) = (Vec::new(), Vec::new(), house.clock());
    let seed = format!("{arguments:?} {:?}", std::time::Instant::now());
    // A thread of its own, because commands bring a runtime of their own.
    let exit = std::thread::scope(|scope| {
        let command = scope.spawn(|| {
            let mut world = World {
                environment: &BTreeMap::new(),
                input: &mut &b""[..],
                out: &mut out,
                err: &mut err,
                hide_typing: &mut |_| false,
                random: &mut || sha256(seed.as_bytes()),
                clock,
            };
            cli::run(arguments, &mut world)
        });
        command.join().unwrap()
    });
    (exit, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn subject(house: &House, persona: &str) -> String {
    format!("plex-{}", house.plex.account_id(persona))
}

/// What the pages say of groups is what applications are told.
#[tokio::test]
async fn groups_of_the_hosts_own_are_shown_as_well() {
    let setup = setup().group("name = \"film-club\"\nany = [\"mara@example.net\"]");
    let house = setup.client("photos", r#"allow = ["film-club"]"#).start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let (mut browser, page) = host_of(&house).await;
    assert!(page.text().contains("film-club, plex-friend"), "{}", page.text());
    let person = page_of(&house, &mut browser, "friend").await.text();
    assert!(
        person.contains("film-club plex-friend") && person.contains("film-club is in its list"),
        "{person}"
    );
}

#[tokio::test]
async fn the_owner_signs_in_and_sees_people_apps_and_how_well_it_is_known_who_is_a_member() {
    let house = setup().with_owner_token().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    house.sign_in("friend", &house.relying_party("tv")).await;
    house.pass(Seconds::minutes(5));
    let (mut browser, page) = host_of(&house).await;
    let text = page.text();
    for shown in [
        "Mara",
        &subject(&house, "friend"),
        "mara@example.net",
        "plex-friend",
        "seen 5 minutes ago · 2 sessions",
        "there is one",
        "none since the program started",
        "2 people",
        "Gone switched off",
        "for plex-owner, somebody@example.org",
        "behind the gateway: notes.example.org",
        "*.vault.example.org",
        "parts of it have rules of their own",
    ] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    let own = text.find(&subject(&house, "owner")).unwrap();
    assert!(own < text.find(&subject(&house, "friend")).unwrap(), "the last seen one first");
    assert!(page.header("cache-control").is_some_and(|value| value.contains("no-store")));

    // Asked out of turn, and once a minute.
    let told = browser.post(&page, "/admin/recheck", &[]).await.expect(303);
    assert_eq!(told.location(), Some("/admin?done=asked"));
    let text = browser.open("/admin").await.text();
    assert!(text.contains("Last answer just now Members then 2"), "{text}");
    let told = browser.post(&page, "/admin/recheck", &[]).await.expect(303);
    assert_eq!(told.location(), Some("/admin?done=soon"));
    house.plex.world().unshare("friend").unwrap();
    house.pass(Seconds::minutes(1));
    let told = browser.post(&page, "/admin/recheck", &[]).await.expect(303);
    assert_eq!(told.location(), Some("/admin?done=asked"));
    assert!(browser.open("/admin").await.text().contains("access has ended"));

    // Trouble is said, and ends nothing.
    house.plex.fails(plextv_emulator::FaultKind::ServerError);
    house.pass(Seconds::minutes(1));
    let told = browser.post(&page, "/admin/recheck", &[]).await.expect(303);
    assert_eq!(told.location(), Some("/admin?done=unanswered"));
    house.pass(Seconds::minutes(2));
    let text = browser.open("/admin").await.expect(200).text();
    assert!(text.contains("That began 2 minutes ago.") && text.contains("serves for 1d"), "{text}");
}

#[tokio::test]
async fn without_the_owners_token_the_page_says_how_to_get_one() {
    let house = setup().start().await;
    let (mut browser, page) = host_of(&house).await;
    assert!(page.text().contains("plex-oidc owner-token renew"), "{}", page.text());
    assert!(!page.body.contains("action=\"/admin/recheck\""));
    let csrf = page_of(&house, &mut browser, "owner").await.form("/admin/people/end").fields[0].1.clone();
    let asked = crate::support::post_form("/admin/recheck", &[("csrf", &csrf)]);
    assert_eq!(browser.send_own(asked).await.expect(303).location(), Some("/admin?done=no-token"));
}

#[tokio::test]
async fn somebody_is_found_by_name_address_or_account() {
    let house = setup().start().await;
    for persona in ["friend", "friend-all"] {
        house.sign_in(persona, &house.relying_party("photos")).await;
    }
    let (mut browser, _) = host_of(&house).await;
    for (search, found) in [
        ("mara", 1),
        ("MARA%40EXAMPLE", 1),
        (&*subject(&house, "friend-all"), 1),
        ("plex-", 3),
        ("%25", 0),
        ("%27%20OR%201=1", 0),
        ("", 3),
    ] {
        let page = browser.open(&format!("/admin?q={search}")).await.expect(200);
        assert_eq!(page.body.matches("href=\"/admin/people/").count(), found, "{search}: {}", page.text());
    }
    for odd in ["page=0", "page=-1", "page=99999999999999999999", "page=7", "apps=7", "apps=x", "q=a&q=b"] {
        browser.open(&format!("/admin?{odd}")).await.expect(200);
    }
}

#[tokio::test]
async fn one_person_is_shown_with_what_they_may_use_and_why() {
    let house = setup().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let (mut browser, _) = host_of(&house).await;
    let text = page_of(&house, &mut browser, "friend").await.text();
    for shown in [
        "mara@example.net",
        "plex-friend",
        "Photos yes plex-friend is in its list",
        "Wiki no this person is not one of those it is for",
        "Gone no the application is switched off",
        "notes yes plex-friend is in its list",
        "vault no this person is not one of those it is for · parts of it have rules of their own",
        "used just now",
    ] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    house.edit_person("friend", "$.standing", "\"Ended\"");
    let text = page_of(&house, &mut browser, "friend").await.text();
    assert!(
        text.contains("Photos no no accepted Plex server is shared") && text.contains("Access has ended")
    );
    let own = page_of(&house, &mut browser, "owner").await.text();
    assert!(own.contains("Wiki yes plex-owner is in its list") && own.contains("(you)"), "{own}");
    for nobody in ["plex-4", "local-1", "plex-x", "x", "pairwise-x", "%22%3E%3Cscript%3E"] {
        browser.open(&format!("{PERSON}{nobody}")).await.expect(404);
    }
}

#[tokio::test]
async fn everything_of_somebody_ends_at_once_and_they_can_sign_in_again() {
    let house = setup().start().await;
    let tv = house.relying_party("tv");
    let (mut theirs, tokens) = house.sign_in("friend", &tv).await;
    let proxy = house.proxy(Family::ForwardAuth);
    let app_token = make_token(&mut theirs).await;
    let ask = async || {
        let visit = Visit::bare("GET", "https://notes.example.org/");
        proxy.ask(&visit.with("authorization", &format!("Bearer {app_token}"))).await.status
    };
    assert_eq!(ask().await, 200);
    let (mut browser, _) = host_of(&house).await;
    let page = page_of(&house, &mut browser, "friend").await;
    let told = browser.post(&page, "/admin/people/end", &[]).await.expect(303);
    let page = browser.open(told.location().unwrap()).await.expect(200);
    assert!(page.text().contains("They can sign in again") && page.text().contains("Nowhere."));
    tv.userinfo(&tokens.access_token()).await.expect(401);
    tv.refresh(&tokens.refresh_token()).await.expect(400);
    assert_eq!(ask().await, 401);
    let silent = tv.authorization().with("prompt", "none");
    assert_eq!(theirs.get(&silent.url()).await.leaves().error(), "login_required");
    house.sign_in("friend", &tv).await;

    // The host's own, too: that leads to a sign-in, and back.
    let own = page_of(&house, &mut browser, "owner").await;
    let told = browser.post(&own, "/admin/people/end", &[]).await.expect(303);
    let page = browser.open(told.location().unwrap()).await.expect(200);
    let back = browser.approve_and_finish(&page, "owner").await.expect(200);
    assert_eq!(back.url, about(&house, "owner"));
}

async fn make_token(browser: &mut Browser) -> String {
    let page = browser.open("/account").await.expect(200);
    let made =
        browser.post(&page, "/account/tokens", &[("name", "Reader"), ("app", "notes")]).await.expect(200);
    made.body.split("class=\"token\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn one_session_and_one_app_token_end_and_the_others_stay() {
    let house = setup().start().await;
    let photos = house.relying_party("photos");
    let (_, old) = house.sign_in("friend", &photos).await;
    house.pass(Seconds::minutes(2));
    let (mut theirs, new) = house.sign_in("friend", &photos).await;
    let app_token = make_token(&mut theirs).await;
    let (mut browser, _) = host_of(&house).await;
    let page = page_of(&house, &mut browser, "friend").await;
    let sid = field(&page, "/admin/sessions", "sid", "signed in 2 minutes ago");
    let told = browser.post(&page, "/admin/sessions", &[("sid", &sid)]).await.expect(303);
    assert_eq!(told.location(), Some(&*format!("{}?done=session", about(&house, "friend"))));
    photos.userinfo(&old.access_token()).await.expect(401);
    photos.userinfo(&new.access_token()).await.expect(200);
    let again = browser.post(&page, "/admin/sessions", &[("sid", &sid)]).await.expect(303);
    assert_eq!(again.location(), Some("/admin?done=nothing"));

    let id = field(&page, "/admin/tokens/end", "id", "Reader");
    let of_other = [("id", &*id), ("account", "plex-1")];
    let told = browser.post(&page, "/admin/tokens/end", &of_other).await.expect(303);
    assert_eq!(told.location(), Some("/admin?done=nothing"), "the page was about somebody else");
    let told = browser.post(&page, "/admin/tokens/end", &[("id", &id)]).await.expect(303);
    assert_eq!(told.location(), Some(&*format!("{}?done=token", about(&house, "friend"))));
    let visit = Visit::bare("GET", "https://notes.example.org/");
    let visit = visit.with("authorization", &format!("Bearer {app_token}"));
    assert_eq!(house.proxy(Family::ForwardAuth).ask(&visit).await.status, 401);
}

#[tokio::test]
async fn whom_the_list_names_is_a_host_and_an_empty_list_switches_the_page_off() {
    let friend = "allow = [\"plex-owner\", \"mara@example.net\"]";
    let mut house = setup().set("admin", friend).start().await;
    let (mut browser, page) = signed_in_as(&house, "friend").await;
    assert!(page.text().contains("People"));
    house.restart_with(|setup| setup.set("admin", "allow = []")).await;
    for path in ["/admin", "/admin/again", "/admin/people/plex-1"] {
        browser.open(path).await.expect(404);
    }
    let token = browser.open("/sign-out").await.form("/sign-out").fields[0].1.clone();
    let end = crate::support::post_form("/admin/people/end", &[("csrf", &token)]);
    browser.send_own(end).await.expect(404);
}
