//! One "too many requests" is enough: Plex is not asked again before the time that it named, and who signs in still comes in.

use plex_oidc::flow::own_tokens;
use plex_oidc::membership::TroubleKind;
use plextv_emulator::{Fault, FaultKind};

use super::*;

/// Everything that the program asks by itself is refused, this often.
fn refuse(house: &House, kind: FaultKind, times: u32) {
    house.plex.world().set_fault(Fault::new(kind).on_path("/api").times(times));
    house.plex.world().clear_request_log();
}

fn asked(house: &House) -> usize {
    house.plex.world().request_log().len()
}

/// Rounds, one every ten seconds.
async fn rounds(house: &House, span: u32) {
    for _ in 0..span / 10 {
        house.pass(Seconds(10));
        recheck::round(house.app()).await;
    }
}

#[tokio::test]
async fn f_03_one_refusal_is_enough_for_the_rest_that_it_asks_for() {
    let house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    assert!(round(&house).await);
    let ways = [
        FaultKind::RateLimited { retry_after: Some(240) },
        // The emulator's clock is not ours.
        FaultKind::RateLimitedUntil { seconds: 240 },
    ];
    for kind in ways {
        refuse(&house, kind.clone(), 1);
        assert!(!round(&house).await, "{kind:?}");
        assert_eq!(asked(&house), 1, "{kind:?}");
        rounds(&house, 230).await;
        assert_eq!(asked(&house), 1, "{kind:?}: 230 seconds of 240");
        friend.is_in("a rest was asked for").await;
        assert_eq!(house.app().membership.known().trouble.unwrap().kind, TroubleKind::Plex);
        house.pass(Seconds(11)); // the moment has no fractions
        assert!(recheck::round(house.app()).await, "{kind:?}");
        assert_eq!(house.app().membership.known().trouble, None);
    }
}

#[tokio::test]
async fn f_03_a_rest_lasts_a_quarter_of_an_hour_at_most_and_none_is_taken_that_was_not_asked_for() {
    let house = setup().start().await;
    let _friend = Inside::of(&house, "friend").await;
    assert!(round(&house).await);
    refuse(&house, FaultKind::RateLimited { retry_after: Some(u32::MAX) }, 1);
    assert!(!round(&house).await);
    rounds(&house, 890).await;
    assert_eq!(asked(&house), 1);
    house.pass(Seconds(10));
    assert!(recheck::round(house.app()).await);

    for retry_after in [None, Some(0)] {
        refuse(&house, FaultKind::RateLimited { retry_after }, 1);
        assert!(!round(&house).await);
        assert!(recheck::round(house.app()).await, "{retry_after:?}");
    }
}

/// A round that has begun goes to its end. What it was refused is heard by the next.
#[tokio::test]
async fn f_03_a_refusal_in_the_middle_of_a_round_is_heard_by_the_next_and_keeps_nobody_in() {
    let house = setup().start().await;
    let mut inside = [Inside::of(&house, "friend").await, Inside::of(&house, "home").await];
    assert!(round(&house).await);
    house.plex.world().unshare("friend").unwrap();
    let fault = Fault::new(FaultKind::RateLimited { retry_after: Some(240) });
    house.plex.world().set_fault(fault.on_path("/api/v2/home").times(1));
    house.plex.world().clear_request_log();
    assert!(round(&house).await);
    let log = house.plex.world().request_log();
    let paths: Vec<_> = log.iter().map(|request| request.path.as_str()).collect();
    let [.., home, second] = paths.as_slice() else { panic!("{paths:?}") };
    assert!(home.starts_with("/api/v2/home") && second.starts_with("/api/servers"), "{paths:?}");
    let [friend, home] = &mut inside;
    friend.is_out("missing in two lists").await;
    home.is_in("not told").await;
    rounds(&house, 230).await;
    assert_eq!(asked(&house), log.len());
    house.pass(Seconds(10));
    assert!(recheck::round(house.app()).await);
    home.is_in("still in the Home").await;
}

#[tokio::test]
async fn f_03_a_question_that_is_refused_in_every_round_keeps_nobody_in_about_whom_another_is_open() {
    let house = setup().start().await;
    let mut inside = [Inside::of(&house, "friend").await, Inside::of(&house, "home").await];
    let fault = Fault::new(FaultKind::RateLimited { retry_after: Some(240) });
    house.plex.world().set_fault(fault.on_path("/api/v2/home"));
    for _ in 0..3 {
        round(&house).await;
    }
    let [friend, home] = &mut inside;
    friend.is_in("shared").await;
    house.plex.world().unshare("friend").unwrap();
    for _ in 0..3 {
        round(&house).await;
    }
    friend.is_out("un-shared three rounds ago").await;
    home.is_in("not told").await;
}

#[tokio::test]
async fn f_03_who_signs_in_meanwhile_comes_in_and_what_they_are_answered_asks_for_no_rest() {
    let house = setup().start().await;
    let _friend = Inside::of(&house, "friend").await;
    assert!(round(&house).await);
    refuse(&house, FaultKind::RateLimited { retry_after: Some(600) }, 1);
    assert!(!round(&house).await);
    Inside::of(&house, "home").await.is_in("signed in meanwhile").await;
    let before = asked(&house);
    rounds(&house, 60).await;
    assert_eq!(asked(&house), before, "it did not end the rest");
    house.pass(Seconds::minutes(10));
    assert!(recheck::round(house.app()).await);

    // Somebody who is refused at every look at their PIN, again and again, puts off nothing.
    let fault = Fault::new(FaultKind::RateLimited { retry_after: Some(600) });
    house.plex.world().set_fault(fault.on_path("/api/v2/pins"));
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    browser.start_at_server(&page, "same-tab").await;
    assert!(house.plex.world().request_log().iter().any(|request| request.path.starts_with("/api/v2/pins")));
    assert!(recheck::round(house.app()).await, "asked all the same");
}

#[tokio::test]
async fn f_03_the_rest_is_for_peoples_own_tokens_as_well() {
    let house = by_own_tokens().start().await;
    let mut inside = [Inside::of(&house, "friend").await, Inside::of(&house, "friend-all").await];
    refuse(&house, FaultKind::RateLimited { retry_after: Some(600) }, 1);
    house.pass(Seconds::minutes(30)); // both are due
    own_tokens::round(house.app()).await;
    assert_eq!(asked(&house), 1, "the second is not asked about");
    for _ in 0..59 {
        house.pass(Seconds(10));
        own_tokens::round(house.app()).await;
    }
    assert_eq!(asked(&house), 1, "590 seconds of 600");
    house.pass(Seconds(10));
    own_tokens::round(house.app()).await;
    assert_eq!(asked(&house), 3);
    assert_eq!(house.app().membership.known().trouble, None);
    for person in &mut inside {
        person.is_in("nothing was ended").await;
    }
}
