//! What the host's page shows and does of people, by commands beside the running service.

use plex_oidc::flow::tell;
use plex_oidc_core::audit::{Actor, What};

use super::requests::{ask, denied};
use super::*;
use crate::support::{RelyingParty, Tokens};

/// A command that does what it is asked. Returns what it printed, and what it said.
#[track_caller]
fn done(house: &House, arguments: &[&str]) -> (String, String) {
    let (exit, out, err) = command(house, arguments);
    assert_eq!(exit, Exit::Done, "{arguments:?}: {err}");
    (out, err)
}

/// A command that changes nothing. Returns why.
#[track_caller]
fn refused(house: &House, arguments: &[&str]) -> String {
    let (exit, out, err) = command(house, arguments);
    assert_eq!((exit, out.as_str()), (Exit::Failed, ""), "{arguments:?}: {err}");
    assert!(err.contains("Nothing was changed: "), "{err}");
    err
}

/// A house where `photos` wants to be told of sign-outs.
fn told_setup() -> Setup {
    setup().client("photos", "backchannel_logout_uri = \"http://127.0.0.1:9/bye\"")
}

/// How many clients the running service would tell now that a session is over.
async fn to_be_told(house: &House) -> usize {
    tell::take_due(house.app(), 100).await.len()
}

/// The newest event of this kind: by whom, about whom, and at what.
async fn event(house: &House, what: What) -> (String, String, Option<String>) {
    let wanted = plex_oidc::store::records::EventsWanted { what: Some(what), most: 1, ..Default::default() };
    let found = house.app().store.events(wanted).await.unwrap().remove(0).event;
    assert_eq!((found.by, found.address), (Actor::CommandLine, None));
    (found.by.to_string(), found.about.unwrap().to_string(), found.target)
}

async fn inside(house: &House, persona: &str) -> (RelyingParty, Browser, Tokens) {
    let photos = house.relying_party("photos");
    let (browser, tokens) = house.sign_in(persona, &photos).await;
    (photos, browser, tokens)
}

/// The sessions of a persona, as `person show` has them.
fn sessions(house: &House, persona: &str) -> Vec<String> {
    let (out, _) = done(house, &["person", "show", &subject(house, persona), "--json"]);
    let person: serde_json::Value = serde_json::from_str(&out).unwrap();
    let sids = person["sessions"].as_array().unwrap().iter();
    sids.map(|session| session["sid"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn people_are_listed_and_found_and_nothing_of_theirs_reaches_the_terminal_but_text() {
    let house = setup().start().await;
    for persona in ["friend", "friend-all"] {
        inside(&house, persona).await;
    }
    let (mara, other) = (subject(&house, "friend"), subject(&house, "friend-all"));
    house.edit_person("friend-all", "$.account.display_name", "\"Ev\\u001b[2Jil\\nplex-1\"");
    house.pass(Seconds::minutes(5));
    inside(&house, "friend").await;
    let (out, _) = done(&house, &["person", "list"]);
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.len(), 3, "one line each: {out}");
    assert!(lines[1].starts_with(&mara) && lines[1].contains("Mara"), "the last seen one first: {out}");
    let columns: Vec<_> = lines[1].split_whitespace().collect();
    assert_eq!(columns[1..], ["Mara", "0s", "2", "plex-friend"]);
    assert!(lines[2].starts_with(&other) && lines[2].contains("Ev[2Jilplex-1") && !out.contains('\u{1b}'));
    for (part, found) in [("MARA@example", 1), (&*other, 1), ("plex-", 2), ("%", 0), ("' OR 1=1", 0), ("", 2)]
    {
        let (out, _) = done(&house, &["person", "list", part]);
        assert_eq!(out.lines().count(), 1 + found, "{part}");
    }
    done(&house, &["person", "block", &other]);
    assert!(done(&house, &["person", "list", &other]).0.contains("  blocked  "));
    let (said, _) = done(&house, &["person", "list", "--said", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["account"], &said["blocked"]), (&other.into(), &true.into()));
    assert_eq!(command(&house, &["person", "list", "mara", "--said"]).0, Exit::Usage);
}

#[tokio::test]
async fn one_person_is_shown_with_all_that_they_hold_and_may_use() {
    let house = setup().group("name = \"film-club\"\nany = [\"mara@example.net\"]").start().await;
    let (_, mut browser, _) = inside(&house, "friend").await;
    make_token(&mut browser).await;
    let mara = subject(&house, "friend");
    done(&house, &["person", "allow", &mara, "--app", "wiki"]);
    house.pass(Seconds::minutes(3));
    for who in [&*mara, "mara@example.net", mara.strip_prefix("plex-").unwrap()] {
        let (out, _) = done(&house, &["person", "show", who]);
        for shown in [
            &*format!("Account      {mara}"),
            "Name         Mara",
            "E-mail       mara@example.net",
            "Groups       film-club, plex-friend",
            "You say      wiki is open to them",
            "  3m     3m     ",
            "Reader",
            "may use Wiki: the host opened it to them",
            "may use Photos: plex-friend is in its list",
            "may not use vault: this person is not one of those it is for",
        ] {
            assert!(out.contains(shown), "{shown} in {out}");
        }
        assert!(!out.contains("Owner") && !out.contains("own:") && !out.contains("pot_"), "{out}");
    }
    inside(&house, "owner").await;
    let (out, _) = done(&house, &["person", "show", &subject(&house, "owner")]);
    assert!(out.contains("Owner        of a server") && out.contains("may use vault"), "{out}");
    for nobody in ["somebody", "plex-7654321", "local-9", "", "Mara@example", "wiki"] {
        let why = refused(&house, &["person", "show", nobody]);
        assert!(why.contains("nobody who has signed in is"), "{why}");
    }
}

#[tokio::test]
async fn everything_of_somebody_ends_beside_the_service_and_clients_are_told() {
    let house = told_setup().start().await;
    let (photos, mut browser, tokens) = inside(&house, "friend").await;
    let app_token = make_token(&mut browser).await;
    let (_, mut other, _) = inside(&house, "friend-all").await;
    let visit = || {
        Visit::bare("GET", "https://notes.example.org/").with("authorization", &format!("Bearer {app_token}"))
    };
    let proxy = house.proxy(Family::ForwardAuth);
    assert_eq!(proxy.ask(&visit()).await.status, 200);
    assert_eq!(to_be_told(&house).await, 0);
    let (_, said) = done(&house, &["person", "end", "mara@example.net"]);
    assert!(said.contains("1 sessions, 1 grants and 1 app tokens"), "{said}");
    assert_eq!(to_be_told(&house).await, 1, "the running service finds it in its queue");
    let mara = subject(&house, "friend");
    assert_eq!(event(&house, What::EverythingEnded).await, ("command-line".into(), mara, None));

    photos.userinfo(&tokens.access_token()).await.expect(401);
    photos.refresh(&tokens.refresh_token()).await.expect(400);
    house.pass(Seconds(6));
    assert_eq!(proxy.ask(&visit()).await.status, 401);
    assert!(!browser.open("/account").await.text().contains("mara@example.net"));
    assert_eq!(other.open("/account").await.heading(), "Your account", "somebody else stays");
    inside(&house, "friend").await;
}

/// To end something keeps nobody out, so an owner is no exception: they sign in again.
#[tokio::test]
async fn an_owners_sessions_end_too_and_they_come_back() {
    let house = setup().start().await;
    let (mut host, _) = host_of(&house).await;
    done(&house, &["person", "end", &subject(&house, "owner")]);
    let page = host.open("/admin").await.expect(200);
    let back = host.approve_and_finish(&page, "owner").await.expect(200);
    assert_eq!(back.url, "/admin");
    let why = refused(&house, &["person", "block", &subject(&house, "owner")]);
    assert!(why.contains("owners are never kept out"), "{why}");
}

#[tokio::test]
async fn one_session_ends_and_nobody_elses_by_its_name() {
    let house = told_setup().start().await;
    let (photos, _, old) = inside(&house, "friend").await;
    house.pass(Seconds::minutes(2));
    let (_, _, new) = inside(&house, "friend").await;
    let (_, _, of_other) = inside(&house, "friend-all").await;
    let (mara, other) = (subject(&house, "friend"), subject(&house, "friend-all"));
    let (theirs, others) = (sessions(&house, "friend"), sessions(&house, "friend-all"));
    assert_eq!((theirs.len(), others.len()), (2, 1));
    for (who, sid) in [(&mara, &*others[0]), (&other, &*theirs[1]), (&mara, "x"), (&mara, "")] {
        let why = refused(&house, &["person", "end-session", who, sid]);
        assert!(why.contains(&format!("{who} has no session")), "{why}");
    }
    for tokens in [&old, &new, &of_other] {
        photos.userinfo(&tokens.access_token()).await.expect(200);
    }
    assert_eq!(to_be_told(&house).await, 0);
    done(&house, &["person", "end-session", "mara@example.net", &theirs[1]]);
    assert_eq!(to_be_told(&house).await, 1);
    photos.userinfo(&old.access_token()).await.expect(401);
    photos.userinfo(&new.access_token()).await.expect(200);
    let noted = event(&house, What::SessionEnded).await;
    assert_eq!(noted, ("command-line".into(), mara.clone(), Some(theirs[1].clone())));
    refused(&house, &["person", "end-session", &mara, &theirs[1]]);
    assert_eq!(sessions(&house, "friend"), theirs[..1]);
}

#[tokio::test]
async fn a_consent_is_taken_back_with_what_came_of_it() {
    let house = setup().client("photos", "consent_required = true").start().await;
    let photos = house.relying_party("photos");
    let mut browser = house.browser();
    let asked = photos.authorization();
    let page = browser.open(&asked.url()).await.expect(200);
    let page = browser.approve_and_finish(&page, "friend").await.expect(200);
    let landing = browser.submit(&page, "/consent").await.leaves();
    let tokens = photos.tokens(&asked, &landing).await;
    let mara = subject(&house, "friend");
    assert!(done(&house, &["person", "show", &mara]).0.contains("Consents: client, age, scopes\n  photos"));
    for client in ["wiki", "", "own:admin"] {
        let why = refused(&house, &["person", "end-consent", &mara, client]);
        assert!(why.contains("has no consent for"), "{why}");
    }
    done(&house, &["person", "end-consent", &mara, "photos"]);
    photos.userinfo(&tokens.access_token()).await.expect(401);
    let noted = event(&house, What::ConsentWithdrawn).await;
    assert_eq!(noted, ("command-line".into(), mara.clone(), Some("photos".into())));
    refused(&house, &["person", "end-consent", &mara, "photos"]);
    let page = browser.open(&photos.authorization().url()).await.expect(200);
    assert!(page.body.contains("/consent\""), "asked again: {}", page.text());
}

#[tokio::test]
async fn a_name_that_fits_two_ends_nothing_of_either() {
    let house = setup().start().await;
    let (photos, _, first) = inside(&house, "friend").await;
    let (_, _, second) = inside(&house, "friend-all").await;
    for persona in ["friend", "friend-all"] {
        house.edit_person(persona, "$.account.username", "\"twin\"");
    }
    for arguments in [
        &["person", "end", "twin"][..],
        &["person", "show", "twin"],
        &["person", "end-session", "twin", &sessions(&house, "friend")[0]],
        &["person", "end-consent", "twin", "photos"],
        &["request", "grant", "twin"],
        &["request", "refuse", "twin"],
    ] {
        let why = refused(&house, arguments);
        assert!(why.contains("twin may be any of plex-") && why.contains("give one of these"), "{why}");
    }
    for tokens in [first, second] {
        photos.userinfo(&tokens.access_token()).await.expect(200);
    }
}

#[tokio::test]
async fn a_request_is_listed_and_granted_and_the_guest_comes_in() {
    let house = setup().start().await;
    assert_eq!(done(&house, &["request", "list"]).0.lines().count(), 1, "a heading alone");
    let (mut guest, page) = denied(&house, "friend", "wiki").await;
    ask(&mut guest, &page, "it is me, from the film evening").await;
    let (out, _) = done(&house, &["request", "list"]);
    let mara = subject(&house, "friend");
    for shown in [&*mara, "wiki", "open", "Mara", "mara@example.net", "from the film evening"] {
        assert!(out.contains(shown), "{shown} in {out}");
    }
    let (_, said) = done(&house, &["request", "grant", &mara, "--say", "Enjoy the wiki."]);
    assert!(said.contains("wiki is open to them"), "{said}");
    let noted = event(&house, What::AccessAnswered).await;
    assert_eq!(noted, ("command-line".into(), mara.clone(), Some("wiki".into())));
    for answer in ["grant", "refuse"] {
        let why = refused(&house, &["request", answer, &mara]);
        assert!(why.contains("it was answered already"), "{why}");
    }
    let answered = guest.open(&page.url).await.expect(403);
    assert!(
        answered.text().contains("The host has said yes, just now.") && answered.text().contains("Enjoy")
    );
    let again = guest.submit(&answered, "/again").await.expect(200);
    guest.approve_and_finish(&again, "friend").await.leaves().code();
}

#[tokio::test]
async fn a_no_is_said_and_the_request_that_is_meant_is_named() {
    let house = setup().client("attic", "allow = [\"plex-owner\"]").start().await;
    for client in ["wiki", "attic"] {
        let (mut guest, page) = denied(&house, "friend", client).await;
        ask(&mut guest, &page, "").await;
    }
    let mara = subject(&house, "friend");
    let why = refused(&house, &["request", "refuse", &mara]);
    assert!(why.contains("--app attic; --app wiki") || why.contains("--app wiki; --app attic"), "{why}");
    for odd in ["photos", "", "app:wiki"] {
        refused(&house, &["request", "refuse", &mara, "--app", odd]);
    }
    refused(&house, &["request", "refuse", &mara, "--app", "wiki", "--browser", "x"]);
    let (_, said) = done(&house, &["request", "refuse", &mara, "--app", "wiki", "--say", "Not this one."]);
    assert!(said.contains("you said no"), "{said}");
    let (out, _) = done(&house, &["request", "list", "--json"]);
    let left: serde_json::Value = serde_json::from_str(out.trim()).expect("one line");
    assert_eq!((&left["app"], &left["account"]), (&"attic".into(), &mara.clone().into()));
    let answer = house.app().store.all_marks().await.unwrap();
    assert_eq!(answer, [], "a no opens nothing");
    let (_, page) = denied(&house, "friend", "wiki").await;
    assert!(!page.body.contains("/ask\""), "not for a day: {}", page.text());
}

/// What people call themselves when they ask is theirs to choose.
#[tokio::test]
async fn a_stranger_is_meant_by_account_alone_and_a_yes_says_what_is_to_be_done_at_plex() {
    let house = setup().start().await;
    inside(&house, "friend").await;
    let (mut guest, page) = denied(&house, "stranger", "photos").await;
    ask(&mut guest, &page, "").await;
    house.sql("UPDATE access_requests SET account_email = 'mara@example.net', account_name = 'some' || char(27) || 'body'");
    let (listed, _) = done(&house, &["request", "list"]);
    assert!(listed.contains("somebody") && !listed.contains('\u{1b}'), "{listed}");
    house.sql("UPDATE access_requests SET account_name = 'somebody'");
    for who in ["somebody", "mara@example.net", &*subject(&house, "friend"), "plex-x"] {
        refused(&house, &["request", "grant", who]);
    }
    let (_, said) = done(&house, &["request", "grant", &subject(&house, "stranger")]);
    assert!(said.contains("which you do at Plex"), "{said}");
    denied(&house, "stranger", "photos").await;
    assert_eq!(house.app().store.all_marks().await.unwrap(), []);
}

#[tokio::test]
async fn what_is_gone_from_the_file_is_refused_and_not_opened() {
    let mut house = setup().start().await;
    let (mut guest, page) = denied(&house, "friend", "wiki").await;
    ask(&mut guest, &page, "").await;
    house.restart_with(|setup| setup.without_client("wiki")).await;
    let mara = subject(&house, "friend");
    let why = refused(&house, &["request", "grant", &mara]);
    assert!(why.contains("wiki is not in the file any more"), "{why}");
    assert_eq!(house.app().store.all_marks().await.unwrap(), []);
    done(&house, &["request", "refuse", &mara]);
}
