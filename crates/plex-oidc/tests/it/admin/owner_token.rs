//! A new owner's token from the host's page: whoever approves must be the owner, and nothing else comes of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use plex_oidc::flow::recheck;
use plex_oidc::membership::TroubleKind;
use plex_oidc::store::records::EventsWanted;
use plex_oidc_core::audit::What;
use plextv_emulator::FaultKind;

use super::*;
use crate::support::post_form;

const BUTTON: &str = "/admin/owner-token";

fn file(house: &House) -> PathBuf {
    house.folder().join("owner.token")
}

fn token(house: &House) -> String {
    fs::read_to_string(file(house)).unwrap()
}

async fn renewals(house: &House) -> Vec<(String, Option<String>)> {
    let wanted = EventsWanted { what: Some(What::OwnerTokenRenewed), most: 50, ..EventsWanted::default() };
    let events = house.app().store.events(wanted).await.unwrap();
    let short = |event: &plex_oidc_core::audit::Event| {
        (event.by.to_string(), event.about.map(|account| account.to_string()))
    };
    events.iter().map(|recorded| short(&recorded.event)).collect()
}

/// The host's page, and the sign-in page behind its button.
async fn begun(house: &House) -> (Browser, Answer) {
    let (mut browser, page) = host_of(house).await;
    let page = browser.submit(&page, BUTTON).await.expect(200);
    assert_eq!(page.heading(), "A new owner’s token");
    (browser, page)
}

async fn is_in_use(house: &House) -> bool {
    recheck::round(house.app()).await;
    house.app().membership.known().trouble.is_none()
}

#[tokio::test]
async fn the_owner_replaces_a_dead_token_and_it_is_in_use_at_once() {
    let house = setup().with_owner_token().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let (mut browser, page) = begun(&house).await;
    let (old, session) = (token(&house), browser.session().unwrap().to_owned());
    house.plex.world().revoke_tokens("owner").unwrap();
    recheck::round(house.app()).await;
    assert_eq!(house.app().membership.known().trouble.unwrap().kind, TroubleKind::OwnerToken);

    let told = browser.approve_and_finish(&page, "owner").await.expect(200);
    assert_eq!(told.url, "/admin?done=token-renewed");
    assert!(told.text().contains("The new owner’s token is in use."), "{}", told.text());
    assert!(!told.body.contains("role=\"alert\""), "the trouble is over: {}", told.text());
    let new = token(&house);
    assert!(new != old && new.trim_end().len() > 10);
    assert_eq!(fs::metadata(file(&house)).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(is_in_use(&house).await);
    let leftover = fs::read_dir(house.folder()).unwrap();
    assert!(leftover.flatten().all(|entry| !entry.file_name().to_string_lossy().contains(".new")));

    let owner = subject(&house, "owner");
    assert_eq!(renewals(&house).await, [(owner.clone(), Some(owner))]);
    assert_eq!(browser.session(), Some(&*session), "nobody was signed in or out by it");
    let audit = browser.open("/admin/audit.jsonl").await.expect(200);
    for shown in [&told.body, &page.body, &audit.body] {
        assert!(!shown.contains(new.trim_end()), "the token is shown nowhere");
    }
    let database = house.database_bytes();
    let found = database.windows(new.trim_end().len()).any(|part| part == new.trim_end().as_bytes());
    assert!(!found, "nor is it in the database");
    // The file is what the next start, and the next reload, reads.
    let mut house = house;
    house.restart_with(|setup| setup.file("owner.token", new.trim_end())).await;
    assert!(is_in_use(&house).await);
}

#[tokio::test]
async fn it_works_without_script_and_where_the_file_is_lost() {
    let house = setup().with_owner_token().start().await;
    let (mut browser, page) = begun(&house).await;
    house.plex.world().revoke_tokens("owner").unwrap();
    fs::remove_file(file(&house)).unwrap();
    browser.post(&page, "/start", &[]).await.expect(200);
    let waiting = browser.come_back(&page).await.expect(200);
    assert_eq!(waiting.heading(), "Waiting for Plex…");
    house.plex.approve(&house.plex.newest_pin(), "owner");
    house.pass(Seconds(3));
    let told = browser.come_back(&page).await.expect(200);
    assert_eq!(told.url, "/admin?done=token-renewed");
    assert_eq!(fs::metadata(file(&house)).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(is_in_use(&house).await);
}

#[tokio::test]
async fn anybody_elses_approval_changes_nothing_and_the_owner_can_follow_it() {
    let house = setup().with_owner_token().start().await;
    let old = token(&house);
    let (mut browser, mut page) = begun(&house).await;
    for persona in ["friend", "home", "stranger", "other-owner"] {
        (browser, page) = begun(&house).await;
        page = browser.approve_and_finish(&page, persona).await.expect(200);
        assert!(page.url.starts_with("/sign-in/"), "{persona}: {}", page.url);
        assert_eq!(page.heading(), "A new owner’s token", "{persona}");
        assert!(page.text().contains("owns none of the servers here, so nothing has changed"), "{persona}");
        assert_eq!(token(&house), old, "{persona}");
        assert!(house.app().store.user(house_account(&house, persona)).await.unwrap().is_none());
    }
    assert!(is_in_use(&house).await && renewals(&house).await.is_empty());
    let told = browser.approve_and_finish(&page, "owner").await.expect(200);
    assert_eq!(told.url, "/admin?done=token-renewed");
    assert!(token(&house) != old);
}

fn house_account(house: &House, persona: &str) -> plex_oidc_core::id::AccountId {
    plex_oidc_core::subject::Subject::parse(&subject(house, persona)).unwrap().account().unwrap()
}

/// Who approves is the owner; who began it stays who they are.
#[tokio::test]
async fn another_host_may_have_the_owner_approve_and_is_not_signed_in_as_them() {
    let setup = setup().with_owner_token().set("admin", "allow = [\"plex-owner\", \"mara@example.net\"]");
    let house = setup.start().await;
    let (mut browser, page) = signed_in_as(&house, "friend").await;
    let page = browser.submit(&page, BUTTON).await.expect(200);
    let told = browser.approve_and_finish(&page, "owner").await.expect(200);
    assert_eq!(told.url, "/admin?done=token-renewed");
    let (by, of) = (subject(&house, "friend"), subject(&house, "owner"));
    assert_eq!(renewals(&house).await, [(by, Some(of))]);
    let account = browser.open("/account").await.expect(200).text();
    assert!(account.contains("mara@example.net"), "{account}");
    assert!(house.app().store.user(house_account(&house, "owner")).await.unwrap().is_none());
}

#[tokio::test]
async fn only_the_browser_that_began_it_ends_it_and_only_while_it_is_the_hosts() {
    let house = setup().with_owner_token().start().await;
    let old = token(&house);
    let (mut browser, page) = begun(&house).await;
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "owner");

    // Another browser: the owner's too, but without the cookie of the attempt.
    let (mut other, _) = host_of(&house).await;
    other.come_back(&page).await.expect(400);
    // One that has stolen that cookie, and nothing else.
    let mut thief = house.browser();
    let name = browser.cookies.keys().find(|name| name.contains("-login-")).unwrap().clone();
    thief.cookies.insert(name.clone(), browser.cookies.get(&name).unwrap().clone());
    thief.come_back(&page).await.expect(403);
    // And one that is a guest's.
    let (mut guest, _) = house.sign_in("friend", &house.relying_party("photos")).await;
    guest.cookies.insert(name.clone(), browser.cookies.get(&name).unwrap().clone());
    guest.come_back(&page).await.expect(403);
    assert_eq!(token(&house), old);

    // The host's session was ended meanwhile.
    let mut ended = browser.clone();
    house.app().store.end_all_sessions(house_account(&house, "owner"), house.now()).await.unwrap();
    ended.come_back(&page).await.expect(403);
    assert_eq!((token(&house), renewals(&house).await.len()), (old, 0));
}

#[tokio::test]
async fn an_approval_serves_once_however_many_come_with_it() {
    let house = setup().with_owner_token().start().await;
    let (mut browser, page) = begun(&house).await;
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "owner");
    let next = browser.wait(&page).await.expect("an outcome");
    let came = (0..8).map(|_| {
        let (mut browser, next) = (browser.clone(), next.clone());
        tokio::spawn(async move { browser.get(&next).await })
    });
    let answers = futures_util::future::join_all(came.collect::<Vec<_>>()).await;
    let done = answers
        .iter()
        .filter(|answer| answer.as_ref().unwrap().location() == Some("/admin?done=token-renewed"));
    assert_eq!((done.count(), renewals(&house).await.len()), (1, 1));
    fs::write(file(&house), "what-came-later").unwrap();
    browser.come_back(&page).await.expect(400);
    assert_eq!(token(&house), "what-came-later");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_said_and_the_old_token_goes_on() {
    let house = setup().with_owner_token().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let (mut browser, page) = begun(&house).await;
    fs::remove_file(file(&house)).unwrap();
    fs::create_dir(file(&house)).unwrap(); // nothing can be renamed over it, not even by root
    let told = browser.approve_and_finish(&page, "owner").await.expect(200);
    assert_eq!(told.url, "/admin?done=token-unwritable");
    assert!(told.text().contains("cannot be written, so the old token stays"), "{}", told.text());
    assert!(renewals(&house).await.is_empty() && is_in_use(&house).await);
}

#[tokio::test]
async fn while_plex_does_not_answer_nothing_changes_and_then_it_goes_on() {
    let house = setup().with_owner_token().start().await;
    let old = token(&house);
    let (mut browser, page) = begun(&house).await;
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "owner");
    let next = browser.wait(&page).await.expect("an outcome");
    house.plex.fails(FaultKind::ServerError);
    let failed = browser.open(&next).await.expect(503);
    assert!(failed.text().contains("Plex"), "{}", failed.text());
    assert_eq!(token(&house), old);
    house.plex.recovers();
    house.pass(Seconds::minutes(1));
    let told = browser.open(&next).await.expect(200);
    assert_eq!(told.url, "/admin?done=token-renewed");
}

#[tokio::test]
async fn it_takes_a_fresh_sign_in_and_a_token_that_is_in_a_file() {
    let house = setup().with_owner_token().start().await;
    let (mut browser, page) = host_of(&house).await;
    let csrf = page.form(BUTTON).fields[0].1.clone();
    house.pass(Seconds::minutes(10));
    let page = browser.open("/admin").await.expect(200);
    assert!(!page.body.contains(BUTTON) && page.text().contains("Sign in again to replace"));
    let sent = browser.send_own(post_form(BUTTON, &[("csrf", &csrf)])).await.expect(303);
    assert_eq!(sent.location(), Some("/admin"));

    let house = setup().start().await;
    let (mut browser, page) = host_of(&house).await;
    assert!(!page.body.contains(BUTTON));
    let csrf = page.form("/admin/keys").fields[0].1.clone();
    let sent = browser.send_own(post_form(BUTTON, &[("csrf", &csrf)])).await.expect(303);
    assert_eq!(sent.location(), Some("/admin?done=no-token"));
}

/// A sign-in that was begun as one stays one, and the other way round: no parameter turns it.
#[tokio::test]
async fn a_sign_in_of_the_owner_is_no_renewal_and_giving_up_leaves_the_page_as_it_was() {
    let house = setup().with_owner_token().start().await;
    let old = token(&house);
    let (mut browser, _) = host_of(&house).await;
    let page = browser.open("/admin/again?renews_for=plex-1&done=token-renewed").await.expect(200);
    assert_eq!(page.heading(), "Sign in to the host’s page");
    browser.approve_and_finish(&page, "owner").await.expect(200);
    assert_eq!(token(&house), old);

    let (mut browser, page) = begun(&house).await;
    let answer = browser.post(&page, "/cancel", &[]).await.expect(200);
    assert!(answer.text().contains("On to the host’s page"), "{}", answer.body);
    assert_eq!(browser.open("/admin").await.expect(200).url, "/admin");
    assert_eq!((token(&house), renewals(&house).await.len()), (old, 0));
}
