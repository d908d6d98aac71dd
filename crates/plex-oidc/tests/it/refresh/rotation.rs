//! One family, one live token.

use std::collections::BTreeSet;

use plex_oidc_core::time::Seconds;

use super::{is_refused, signed_in};
use crate::support::{Answer, House, RelyingParty, Setup, Tokens};

/// More than the grace within which a client may ask again for an answer that it lost.
const AFTER_GRACE: Seconds = Seconds(11);

/// Refreshes; must work, and give another refresh token.
async fn rotate(relying_party: &RelyingParty, refresh_token: &str) -> Tokens {
    let tokens = Tokens(relying_party.refresh(refresh_token).await.expect(200).json());
    assert_ne!(tokens.refresh_token(), refresh_token);
    tokens
}

async fn all_dead(relying_party: &RelyingParty, tokens: &[&Tokens]) {
    for tokens in tokens {
        is_refused(&relying_party.refresh(&tokens.refresh_token()).await);
        relying_party.userinfo(&tokens.access_token()).await.expect(401);
    }
}

#[tokio::test]
async fn req_057_another_client_cannot_use_it_nor_burn_it() {
    let house = House::new().await;
    for id in ["tv", "photos"] {
        let (owner, tokens) = signed_in(&house, id).await;
        for other in ["photos", "wiki", "tv", "legacy"].into_iter().filter(|other| *other != id) {
            for _ in 0..3 {
                is_refused(&house.relying_party(other).refresh(&tokens.refresh_token()).await);
            }
        }
        owner.refresh(&tokens.refresh_token()).await.expect(200);
    }
}

#[tokio::test]
async fn req_057_nor_after_it_was_rotated() {
    let house = House::new().await;
    let (tv, first) = signed_in(&house, "tv").await;
    let second = rotate(&tv, &first.refresh_token()).await;
    house.pass(AFTER_GRACE);
    is_refused(&house.relying_party("photos").refresh(&first.refresh_token()).await);
    rotate(&tv, &second.refresh_token()).await; // what a stranger shows is no reuse by the client
}

#[tokio::test]
async fn req_058_only_offline_access_gives_one() {
    let house = House::new().await;
    for id in ["photos", "tv"] {
        let (relying_party, mut browser) = (house.relying_party(id), house.browser());
        let asked = relying_party.authorization().with("scope", "openid profile");
        let landing = browser.sign_in(&asked.url(), "friend").await;
        let tokens = relying_party.tokens(&asked, &landing).await;
        assert_eq!(tokens.0.get("refresh_token"), None);
        assert_eq!(tokens.0["scope"], "openid profile");
    }
}

#[tokio::test]
async fn req_059_reuse_of_an_old_one_ends_the_family() {
    let house = House::new().await;
    let (tv, first) = signed_in(&house, "tv").await;
    let second = rotate(&tv, &first.refresh_token()).await;
    let third = rotate(&tv, &second.refresh_token()).await;
    tv.userinfo(&third.access_token()).await.expect(200);
    house.pass(AFTER_GRACE);
    is_refused(&tv.refresh(&first.refresh_token()).await);
    all_dead(&tv, &[&third, &second, &first]).await;
}

#[tokio::test]
async fn req_059_another_family_of_the_same_person_and_client_lives_on() {
    let house = House::new().await;
    let (tv, stolen) = signed_in(&house, "tv").await;
    let (_, other) = signed_in(&house, "tv").await;
    rotate(&tv, &stolen.refresh_token()).await;
    house.pass(AFTER_GRACE);
    is_refused(&tv.refresh(&stolen.refresh_token()).await);
    rotate(&tv, &other.refresh_token()).await;
    tv.userinfo(&other.access_token()).await.expect(200);
}

#[tokio::test]
async fn req_060_a_lost_answer_may_be_asked_for_again() {
    let house = House::new().await;
    let (tv, first) = signed_in(&house, "tv").await;
    let lost = rotate(&tv, &first.refresh_token()).await;
    house.pass(Seconds(5));
    let second = rotate(&tv, &first.refresh_token()).await;
    assert_ne!(second.refresh_token(), lost.refresh_token());
    // One branch lives: the successor that never arrived is dead, and showing it soon harms nobody.
    is_refused(&tv.refresh(&lost.refresh_token()).await);
    let third = rotate(&tv, &second.refresh_token()).await;
    tv.userinfo(&third.access_token()).await.expect(200);
}

#[tokio::test]
async fn req_060_once_the_successor_was_used_the_old_one_is_a_reuse_even_in_the_grace() {
    let house = House::new().await;
    let (tv, first) = signed_in(&house, "tv").await;
    let second = rotate(&tv, &first.refresh_token()).await;
    let third = rotate(&tv, &second.refresh_token()).await;
    is_refused(&tv.refresh(&first.refresh_token()).await);
    all_dead(&tv, &[&third]).await;
}

#[tokio::test]
async fn req_060_the_grace_is_the_hosts_choice() {
    for (grace, wait, works) in [("0s", 0, false), ("30s", 25, true), ("30s", 31, false)] {
        let house = Setup::default().set("tokens", &format!("refresh_grace = \"{grace}\"")).start().await;
        let (tv, first) = signed_in(&house, "tv").await;
        rotate(&tv, &first.refresh_token()).await;
        house.pass(Seconds(wait));
        let again = tv.refresh(&first.refresh_token()).await;
        assert_eq!(again.status, if works { 200 } else { 400 }, "{grace} after {wait} s");
    }
}

#[tokio::test]
async fn req_061_confidential_clients_keep_theirs() {
    let house = House::new().await;
    for id in ["photos", "wiki"] {
        let (relying_party, tokens) = signed_in(&house, id).await;
        for _ in 0..3 {
            house.pass(Seconds::hours(1));
            let again = relying_party.refresh(&tokens.refresh_token()).await.expect(200).json();
            assert_eq!(again.get("refresh_token"), None, "the old one stays (RFC 6749 s. 6)");
            relying_party.userinfo(again["access_token"].as_str().unwrap()).await.expect(200);
        }
    }
}

#[tokio::test]
async fn req_061_unless_the_host_has_them_rotate() {
    let house = Setup::default().client("photos", "rotate_refresh_tokens = true").start().await;
    let (photos, first) = signed_in(&house, "photos").await;
    let second = rotate(&photos, &first.refresh_token()).await;
    house.pass(AFTER_GRACE);
    is_refused(&photos.refresh(&first.refresh_token()).await);
    all_dead(&photos, &[&second]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_062_of_64_parallel_uses_one_successor_lives() {
    let house = House::new().await;
    let (tv, first) = signed_in(&house, "tv").await;
    let calls = (0..64).map(|_| {
        let (tv, token) = (tv.clone(), first.refresh_token());
        tokio::spawn(async move { tv.refresh(&token).await })
    });
    let mut given = BTreeSet::new();
    for call in calls.collect::<Vec<_>>() {
        let answer: Answer = call.await.unwrap();
        if answer.status == 200 {
            given.insert(Tokens(answer.json()).refresh_token());
        } else {
            is_refused(&answer);
        }
    }
    assert!(!given.is_empty());
    let mut live = 0;
    for token in &given {
        live += usize::from(tv.refresh(token).await.status == 200);
    }
    assert!(live <= 1, "{live} of {} successors lived", given.len());
    assert_eq!(live, 1, "nobody was locked out: all calls came within the grace");
}
