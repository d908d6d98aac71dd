//! What happens at Plex to one person, or to the server itself (F-11 to F-17; I-10).

use plex_oidc::store::records::EventsWanted;
use plex_oidc_core::audit::What;
use plex_oidc_core::id::{AccountId, PlexAccountId};
use plextv_emulator::{Fault, FaultKind};

use super::*;

/// A sign-in page with a PIN that was adopted.
async fn waiting(house: &House) -> (Browser, Answer, String) {
    let (browser, page, _) = newcomer(house).await;
    assert_eq!(page.status, 200, "{}", page.text());
    (browser, page, house.plex.newest_pin())
}

/// Where that page comes back to.
async fn comes_back(browser: &mut Browser, page: &Answer) -> Answer {
    browser.open(&page.url.replace("/start", "/return")).await
}

/// The sign-in page again, with what happened.
#[track_caller]
fn is_too_late(browser: &Browser, page: &Answer) {
    let text = page.text();
    assert!(page.stays() && text.contains("That took too long, so we stopped waiting"), "{text}");
    assert_eq!(browser.session(), None, "{text}");
}

#[tokio::test]
async fn f_11_a_token_that_dies_before_it_is_used_signs_nobody_in_and_nobody_out() {
    let house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    let (mut browser, page, pin) = waiting(&house).await;
    house.plex.approve(&pin, "friend");
    house.plex.world().revoke_tokens("friend").unwrap();
    let log = Log::start();
    let refused = comes_back(&mut browser, &page).await;
    assert!(refused.stays() && browser.session().is_none(), "{}", refused.text());
    assert!(refused.text().contains("You can try again"), "{}", refused.text());
    assert_eq!(log.take_warnings(), [""; 0], "nothing for the host to do");
    friend.is_in("in another browser").await;
    browser.approve_and_finish(&refused, "friend").await.leaves().code();
}

#[tokio::test]
async fn f_13_a_pin_that_dies_while_somebody_waits_ends_the_wait_and_the_next_one_works() {
    let house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    let (mut browser, page, _) = waiting(&house).await;
    house.plex.world().set_fault(Fault::new(FaultKind::PinExpiresMidPoll).times(1));
    let log = Log::start();
    let over = comes_back(&mut browser, &page).await;
    is_too_late(&browser, &over);
    assert_eq!(log.take_warnings(), [""; 0], "nothing for the host to do");
    friend.is_in("somebody else's PIN").await;
    browser.approve_and_finish(&over, "friend-all").await.leaves().code();
}

#[tokio::test]
async fn f_14_whoever_approves_and_may_not_come_in_is_told_so_and_is_written_down_once() {
    let house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    let (mut browser, page, pin) = waiting(&house).await;
    house.plex.approve(&pin, "stranger");
    let log = Log::start();
    for _ in 0..3 {
        let denied = comes_back(&mut browser, &page).await.expect(403);
        assert!(denied.stays() && browser.session().is_none(), "{}", denied.text());
        assert!(denied.text().contains("Uwe"), "{}", denied.text());
    }
    let said = log.take();
    assert_eq!(said.iter().filter(|line| line.contains("somebody may not come in")).count(), 1, "{said:#?}");
    let wanted = EventsWanted { most: 50, ..EventsWanted::default() };
    let events = house.app().store.events(wanted).await.unwrap();
    let denials = events.iter().filter(|found| found.event.what == What::Denied).count();
    assert_eq!(denials, 1, "{events:?}");
    friend.is_in("somebody else").await;
}

#[tokio::test]
async fn f_15_an_approval_after_our_five_minutes_signs_nobody_in() {
    let house = setup().start().await;
    let (mut browser, page, pin) = waiting(&house).await;
    house.pass(Seconds(299));
    let still = comes_back(&mut browser, &page).await;
    assert_eq!(still.heading(), "Waiting for Plex…");
    house.pass(Seconds(2));
    let log = Log::start();
    let over = comes_back(&mut browser, &page).await;
    is_too_late(&browser, &over);
    house.plex.approve(&pin, "friend"); // at Plex it lives for half an hour
    for _ in 0..2 {
        let over = comes_back(&mut browser, &page).await;
        is_too_late(&browser, &over);
    }
    assert_eq!(log.take_warnings(), [""; 0], "nothing for the host to do");
    browser.approve_and_finish(&over, "friend").await.leaves().code();
}

/// Plex knows no such server any more: no list has a row of it, and nobody sees it.
#[tokio::test]
async fn f_16_where_the_server_is_gone_its_guests_are_out_and_its_owner_is_not_locked_out() {
    let house = setup().start().await;
    let (mut friend, mut owner) = (Inside::of(&house, "friend").await, Inside::of(&house, "owner").await);
    assert!(round(&house).await);
    let log = Log::start();
    house.plex.fails(FaultKind::EmptyLists);
    assert!(round(&house).await, "every list says so");
    friend.is_out("there is nothing that could be shared").await;
    owner.is_in("known by account").await;
    let (mut browser, page, pin) = waiting(&house).await;
    house.plex.approve(&pin, "friend-all");
    comes_back(&mut browser, &page).await.expect(403);
    Inside::of(&house, "owner").await.is_in("signed in anew").await;
    let said = log.take();
    let about_friend = said.iter().filter(|line| line.contains("plex-48151001")).count();
    assert_eq!(about_friend, 1, "{said:#?}");
    // It was a mistake of Plex's: nothing but a new sign-in is needed.
    house.plex.recovers();
    assert!(round(&house).await);
    Inside::of(&house, "friend").await.is_in("signed in anew").await;
}

#[tokio::test]
async fn f_17_whoever_changes_name_and_address_at_plex_stays_the_same_person() {
    let house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    let before = friend.photos.userinfo(&friend.tokens.access_token()).await.expect(200).json();
    // As if it had been otherwise until now.
    for (path, value) in [
        ("$.account.display_name", "\"Another name\""),
        ("$.account.username", "\"another\""),
        ("$.account.email", "\"another@example.net\""),
    ] {
        house.edit_person("friend", path, value);
    }
    assert!(round(&house).await);
    friend.is_in("renamed").await;
    let mut again = Inside::of(&house, "friend").await;
    again.is_in("signed in anew").await;
    let after = again.photos.userinfo(&again.tokens.access_token()).await.expect(200).json();
    for name in ["sub", "name", "preferred_username", "email", "groups"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    friend.is_in("in the other browser").await;
    let id = AccountId::Plex(PlexAccountId(house.plex.account_id("friend")));
    let people = house.app().store.users().await.unwrap();
    assert_eq!(people.iter().filter(|user| user.account_id() == id).count(), 1, "one person");
    let access_token = friend.photos.refresh(&friend.tokens.refresh_token()).await.expect(200).json();
    let told =
        friend.photos.userinfo(access_token["access_token"].as_str().unwrap()).await.expect(200).json();
    assert_eq!(
        (&told["sub"], &told["email"]),
        (&before["sub"], &before["email"]),
        "also for the old session"
    );
}

/// A hundred people, each signed in at an application and behind the gateway. (`bench/run --only unshared` does it in real time.)
#[tokio::test]
async fn i_10_a_hundred_who_are_inside_are_out_in_310_seconds() {
    const PEOPLE: usize = 100;
    let house = setup().start().await;
    house.plex.world().share_with_crowd(PEOPLE);
    let mut stays = Inside::of(&house, "friend").await;
    let mut crowd = Vec::new();
    for number in 1..=PEOPLE {
        crowd.push(Inside::of(&house, &format!("crowd-{number}")).await);
    }
    assert!(round(&house).await);
    for guest in &mut crowd {
        guest.is_in("shared").await;
    }
    house.plex.world().share_with_crowd(0);
    house.plex.world().clear_request_log();
    let log = Log::start();
    assert!(round(&house).await); // 300 seconds later
    house.pass(Seconds(10));
    for guest in &mut crowd {
        guest.is_out("310 seconds").await;
    }
    stays.is_in("not one of them").await;
    assert_eq!(house.plex.world().request_log().len(), 2, "calls, however many people");
    let said = log.take();
    assert_eq!(said.iter().filter(|line| line.contains("access has ended")).count(), PEOPLE, "{said:#?}");
}
