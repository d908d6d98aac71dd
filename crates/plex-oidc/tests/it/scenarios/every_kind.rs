//! Nobody is signed out by mistake: every fault that the emulator knows, and forty odd answers.

use plex_oidc::flow::own_tokens;
use plextv_emulator::{Fault, FaultKind};

use super::*;

/// The lists of who is shared with, and of who lives in the Home. Each may be wrong alone; if all of them leave somebody out, they are out.
const LISTS: [&str; 6] = [
    "/api/v2/shared_servers",
    "/api/servers",
    "/api/users",
    "/api/v2/home/users",
    "/api/home/users",
    "/api/v2/servers",
];

/// Every kind of fault, each as bad as it can be without waiting for it in earnest.
fn every_kind() -> Vec<FaultKind> {
    let answer = |status, body: &str| FaultKind::Answer {
        status,
        media_type: "application/json".to_owned(),
        body: body.to_owned(),
    };
    vec![
        FaultKind::Delay { millis: 5 },
        FaultKind::RateLimited { retry_after: None },
        FaultKind::RateLimited { retry_after: Some(600) },
        FaultKind::RateLimitedUntil { seconds: 600 },
        FaultKind::ServerError,
        FaultKind::BadGateway,
        FaultKind::Reset,
        FaultKind::EmptyBody,
        FaultKind::TruncatedBody,
        FaultKind::XmlForJson,
        FaultKind::UnknownFields,
        FaultKind::MissingLocation,
        FaultKind::OwnerTokenRevoked,
        FaultKind::EmptyLists,
        FaultKind::PartialLists,
        FaultKind::ClockSkew { seconds: 86_400 },
        FaultKind::ClockSkew { seconds: -86_400 },
        answer(403, "{}"),
        answer(200, "{}"),
        FaultKind::Endless,
        FaultKind::Drip { millis: 0 },
        FaultKind::PinExpiresMidPoll,
        FaultKind::AddressMismatch { address: None },
    ]
}

/// Where a kind strikes: at all of plex.tv, or at one list after the other. A kind that is new has to be put here, and in the list above.
fn places(kind: &FaultKind) -> &'static [&'static str] {
    match kind {
        FaultKind::EmptyLists | FaultKind::PartialLists => &LISTS,
        FaultKind::Delay { .. }
        | FaultKind::RateLimited { .. }
        | FaultKind::RateLimitedUntil { .. }
        | FaultKind::ServerError
        | FaultKind::BadGateway
        | FaultKind::Reset
        | FaultKind::EmptyBody
        | FaultKind::TruncatedBody
        | FaultKind::XmlForJson
        | FaultKind::UnknownFields
        | FaultKind::MissingLocation
        | FaultKind::OwnerTokenRevoked
        | FaultKind::ClockSkew { .. }
        | FaultKind::Answer { .. }
        | FaultKind::Endless
        | FaultKind::Drip { .. }
        | FaultKind::PinExpiresMidPoll
        | FaultKind::AddressMismatch { .. } => &["/"],
    }
}

/// What the running service does in so many minutes.
async fn minutes(house: &House, minutes: u32) {
    for minute in 0..minutes {
        house.pass(Seconds(60));
        own_tokens::round(house.app()).await;
        if minute % 5 == 4 {
            recheck::round(house.app()).await;
        }
    }
}

/// Half an hour of each, with people inside, one of whom signs in somewhere else meanwhile, or tries to. All is well `again` minutes after.
async fn nobody_is_signed_out(setup: Setup, personas: &[&str], again: u32) {
    let house = setup.start().await;
    let mut inside = Vec::new();
    for persona in personas {
        inside.push((*persona, Inside::of(&house, persona).await));
    }
    minutes(&house, 10).await;
    for kind in every_kind() {
        for place in places(&kind) {
            let why = format!("{kind:?} at {place}");
            house.plex.world().set_fault(Fault::new(kind.clone()).on_path(place));
            minutes(&house, 15).await;
            tries_elsewhere(&house, personas[0]).await;
            minutes(&house, 15).await;
            for (persona, guest) in &mut inside {
                guest.is_in(&format!("{why}: {persona}")).await;
            }
            house.plex.recovers();
            minutes(&house, again).await;
            assert_eq!(house.app().membership.known().trouble, None, "{why}");
        }
    }
    minutes(&house, 35).await;
    for (persona, guest) in &mut inside {
        guest.is_in(&format!("in the end: {persona}")).await;
    }
}

/// A sign-in in another browser comes to an end of some kind, and never to a defect of ours.
async fn tries_elsewhere(house: &House, persona: &str) {
    let (mut browser, page, _) = newcomer(house).await;
    assert!(page.status < 500 || page.status == 503, "{page:?}");
    if page.status == 200 {
        // It may have ended at Plex meanwhile.
        house.plex.world().approve_pin(&house.plex.newest_pin(), persona).ok();
        let next = browser.open(&page.url.replace("/start", "/return")).await;
        assert!(next.status < 500 || next.status == 503, "{next:?}");
    }
}

#[tokio::test]
async fn i_07_i_09_no_kind_of_fault_signs_anybody_out() {
    // The longest pause that Plex can ask for, and the next round.
    nobody_is_signed_out(setup(), &["friend", "friend-all", "home", "guest", "two-factor", "owner"], 20)
        .await;
}

#[tokio::test]
async fn i_07_i_09_nor_where_people_are_looked_after_by_their_own_tokens() {
    // Each person's turn comes within half an hour.
    nobody_is_signed_out(by_own_tokens(), &["friend", "friend-all", "home"], 35).await;
}

/// Answers that mean nothing. Whoever plex.tv gives them to instead of a list is not told "no" by them.
fn odd_answers() -> Vec<(u16, &'static str, &'static str)> {
    let (json, xml, html, text) = ("application/json", "application/xml", "text/html", "text/plain");
    let statuses = [
        400, 402, 403, 404, 405, 406, 408, 409, 410, 412, 413, 415, 418, 421, 422, 423, 425, 426, 428, 429,
        431, 451, 498, 499, 500, 501, 502, 503, 504, 507, 511, 520, 522, 530,
    ];
    let mut all: Vec<_> = statuses.into_iter().map(|status| (status, json, r#"{"errors":[]}"#)).collect();
    all.extend([
        (200, json, ""),
        (200, json, "null"),
        (200, json, "true"),
        (200, json, "0"),
        (200, json, "\"\""),
        (200, json, "{}"),
        (200, json, "[null]"),
        (200, json, "[{}]"),
        (200, json, r#"[{"id":"x"}]"#),
        (200, json, r#"{"status":404,"error":"Not Found"}"#),
        (200, json, r#"{"errors":[{"code":1001,"message":"User could not be authenticated","status":401}]}"#),
        (200, json, "[1,"),
        (200, xml, "<"),
        (200, xml, "<html><body>maintenance</body></html>"),
        (200, xml, "<Response code=\"401\"/>"),
        (200, html, "<!DOCTYPE html><p>maintenance"),
        (200, text, "Unauthorized"),
        (201, json, "{}"),
        (202, json, "{}"),
        (204, json, ""),
        (206, json, "["),
        (301, html, ""),
        (302, html, ""),
        (304, json, ""),
        (403, html, "<p>Please enable cookies"),
        (403, json, r#"{"errors":[{"code":1001,"message":"User could not be authenticated","status":401}]}"#),
    ]);
    all
}

/// Everywhere at plex.tv, and at the first list alone.
#[tokio::test]
async fn i_09_of_sixty_odd_answers_none_ends_anybodys_access() {
    let house = setup().start().await;
    let (mut friend, mut home) = (Inside::of(&house, "friend").await, Inside::of(&house, "home").await);
    assert!(round(&house).await);
    let answers = odd_answers();
    assert!(answers.len() >= 40, "{}", answers.len());
    for (status, media_type, body) in answers {
        for place in ["/", "/api/v2/shared_servers"] {
            let why = format!("{status} {media_type} {body:?} at {place}");
            let kind = FaultKind::Answer { status, media_type: media_type.to_owned(), body: body.to_owned() };
            house.plex.world().set_fault(Fault::new(kind).on_path(place));
            for _ in 0..3 {
                round(&house).await;
            }
            friend.is_in(&why).await;
            home.is_in(&why).await;
            house.plex.recovers();
            house.pass(Seconds::minutes(6));
            assert!(recheck::round(house.app()).await, "{why}");
        }
    }
    house.plex.world().unshare("friend").unwrap();
    assert!(round(&house).await);
    friend.is_out("not shared with any more").await;
    home.is_in("still").await;
}

/// The same for each person's own token: whatever their list of servers is replaced by.
#[tokio::test]
async fn i_09_nor_where_people_are_looked_after_by_their_own_tokens() {
    let house = by_own_tokens().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    for (status, media_type, body) in odd_answers() {
        let why = format!("{status} {media_type} {body:?}");
        let kind = FaultKind::Answer { status, media_type: media_type.to_owned(), body: body.to_owned() };
        house.plex.fails(kind);
        minutes(&house, 65).await;
        friend.is_in(&why).await;
        house.plex.recovers();
        minutes(&house, 35).await;
    }
    house.plex.world().unshare("friend").unwrap();
    house.plex.world().unshare_server("friend", plextv_emulator::OTHER_SERVER).unwrap();
    minutes(&house, 35).await;
    friend.is_out("not shared with any more").await;
}

/// The one answer besides that ends something: the token of a person is not theirs any more, twice said.
#[tokio::test]
async fn f_11_i_09_a_401_about_one_person_ends_that_person_alone() {
    let house = by_own_tokens().start().await;
    let (mut friend, mut home) = (Inside::of(&house, "friend").await, Inside::of(&house, "home").await);
    let log = Log::start();
    // Refused at one path only, it is not dead.
    let refusal = FaultKind::Answer {
        status: 401,
        media_type: "application/json".to_owned(),
        body: r#"{"errors":[{"code":1001,"message":"User could not be authenticated","status":401}]}"#
            .to_owned(),
    };
    house.plex.world().set_fault(Fault::new(refusal).on_path("/api/v2/resources"));
    minutes(&house, 65).await;
    friend.is_in("refused at one path").await;
    house.plex.recovers();
    log.take();
    house.plex.world().revoke_tokens("friend").unwrap();
    minutes(&house, 35).await;
    friend.is_out("their sign-in at Plex is over").await;
    home.is_in("somebody else").await;
    let said = log.take();
    assert_eq!(said.iter().filter(|line| line.contains("access has ended")).count(), 1, "{said:#?}");
    Inside::of(&house, "friend").await.is_in("signed in anew").await;
}
