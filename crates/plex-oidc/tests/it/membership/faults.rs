//! Plex fails in every way it can. Nobody is signed out by it, nobody comes in by it, and the host is told.

use plex_oidc::lifecycle::rounds::recheck_members;
use plex_oidc::start::{Held, Parts, serving};
use plextv_emulator::{Fault, FaultKind};

use super::*;

pub(super) fn every_fault() -> Vec<FaultKind> {
    vec![
        FaultKind::RateLimited { retry_after: None },
        FaultKind::RateLimited { retry_after: Some(600) },
        FaultKind::ServerError,
        FaultKind::BadGateway,
        FaultKind::Reset,
        FaultKind::EmptyBody,
        FaultKind::TruncatedBody,
        FaultKind::XmlForJson,
        FaultKind::UnknownFields,
        FaultKind::MissingLocation,
        FaultKind::OwnerTokenRevoked,
        FaultKind::ClockSkew { seconds: 86_400 },
    ]
}

/// F-01 to F-12 at plex.tv, half an hour of each.
#[tokio::test]
async fn i_07_i_09_no_fault_at_plex_signs_anybody_out() {
    let house = setup().start().await;
    let mut inside = [Inside::of(&house, "friend").await, Inside::of(&house, "home").await];
    round(&house).await;
    for kind in every_fault() {
        house.plex.fails(kind.clone());
        for _ in 0..6 {
            round(&house).await;
            for person in &mut inside {
                person.is_in(&format!("{kind:?}")).await;
            }
        }
        house.plex.recovers();
        house.pass(Seconds::minutes(16)); // whatever pause was asked for is over
        assert!(recheck::round(house.app()).await, "{kind:?}");
        assert_eq!(house.app().membership.known().trouble, None, "{kind:?}");
    }
}

#[tokio::test]
async fn i_07_the_last_good_answer_serves_for_a_day_and_not_longer() {
    let house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    house.pass(Seconds::minutes(60));
    assert!(recheck::round(house.app()).await, "the day begins with the last answer, not with the sign-in");
    house.plex.fails(FaultKind::ServerError);
    house.pass(Seconds(86_399));
    recheck::round(house.app()).await;
    friend.is_in("a day without an answer").await;
    house.pass(Seconds(6));
    let refused = friend.photos.refresh(&friend.tokens.refresh_token()).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert_eq!(friend.lounge().await.status, 401);
    // Nothing was ended: it goes on when Plex answers again.
    house.plex.recovers();
    house.pass(Seconds::minutes(6));
    assert!(recheck::round(house.app()).await);
    assert_eq!(friend.lounge().await.status, 200);
}

#[tokio::test]
async fn i_08_an_outage_is_asked_about_once_in_thirty_seconds_at_most() {
    let house = setup().start().await;
    let _friend = Inside::of(&house, "friend").await;
    round(&house).await;
    house.plex.fails(FaultKind::ServerError);
    house.plex.world().clear_request_log();
    for _ in 0..300 {
        house.pass(Seconds(1));
        recheck::round(house.app()).await;
    }
    let calls = house.plex.world().request_log().len();
    let trouble = house.app().membership.known().trouble.unwrap();
    assert_eq!(trouble.what, "plex.tv does not answer", "one trouble, however it fails");
    assert!((5..=16).contains(&calls), "five open the breaker, then one in thirty seconds: {calls}");
}

#[tokio::test]
async fn f_12_a_dead_owners_token_is_an_alarm_and_no_sign_out() {
    let mut house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    round(&house).await;
    house.plex.world().revoke_tokens("owner").unwrap();
    for _ in 0..12 {
        assert!(round(&house).await, "asking more often would not bring it back");
        friend.is_in("the owner's token is not theirs").await;
    }
    let trouble = house.app().membership.known().trouble.unwrap();
    assert!(
        trouble.what.contains("owner's token") && trouble.what.contains("owner-token renew"),
        "{trouble:?}"
    );
    // A new one in the file is all it takes: the setup writes it.
    house.restart().await;
    assert!(round(&house).await);
    assert_eq!(house.app().membership.known().trouble, None);
    friend.is_in("looked after again").await;
}

#[tokio::test]
async fn a_sign_in_during_the_round_is_not_undone_by_it() {
    let house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    house
        .plex
        .world()
        .set_fault(Fault::new(FaultKind::Delay { millis: 300 }).on_path("/api/v2/shared_servers"));
    house.plex.world().share_libraries("friend", plextv_emulator::MAIN_SERVER, &[1]).unwrap();
    house.pass(Seconds(300));
    let app = house.app().clone();
    let under_way = tokio::spawn(async move { recheck::round(&app).await });
    for _ in 0..1000 {
        if house.plex.world().request_log().iter().any(|request| request.path.ends_with("/accepted")) {
            break;
        }
        tokio::task::yield_now().await;
    }
    house.pass(Seconds(1));
    house.edit_person("friend", "$.account.display_name", "\"Renamed meanwhile\"");
    house.sql(&format!("UPDATE users SET updated = {}", house.now().0));
    assert!(under_way.await.unwrap());
    let account = plex_oidc_core::id::AccountId::Plex(plex_oidc_core::id::PlexAccountId(
        house.plex.account_id("friend"),
    ));
    let user = house.app().store.user(account).await.unwrap().unwrap();
    assert_eq!(user.person.account.display_name, "Renamed meanwhile");
    friend.is_in("nothing was ended").await;
}

/// The loop of the running service: a new token ends the alarm by itself, long before the next round is due.
#[tokio::test]
async fn f_12_a_new_owners_token_is_used_at_once_without_a_restart() {
    let mut house = setup().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    house.go_down().await;
    let (_stop, stopping) = tokio::sync::watch::channel(false);
    let mut config = house.config.clone();
    house.plex.world().revoke_tokens("owner").unwrap();
    let held = Held::open(&config, Parts::system(stopping.clone())).await.unwrap();
    let app = held.app(&config).await.unwrap();
    let membership = std::sync::Arc::clone(&app.membership);
    let (sender, latest) = tokio::sync::watch::channel(serving(&config, app));
    let looking = tokio::spawn(recheck_members(latest, stopping));
    until(|| membership.known().trouble.is_some()).await;
    let token = house.plex.world().token_for("owner");
    config.plex.as_mut().unwrap().owner_token = Some(token.into());
    sender.send_replace(serving(&config, held.app(&config).await.unwrap()));
    until(|| membership.known().trouble.is_none()).await;
    assert_eq!(membership.known().last_good.unwrap().0.members, 1);
    looking.abort();
}

async fn until(is_so: impl Fn() -> bool) {
    for _ in 0..2000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("not within ten seconds");
}
