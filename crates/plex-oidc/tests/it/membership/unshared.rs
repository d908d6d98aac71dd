//! Who is not shared with any more is out everywhere, within the interval; who is shared with again signs in anew.

use std::time::Duration;

use plex_oidc::store::records::UserRecord;
use plex_oidc_core::decide::Standing;
use plex_oidc_core::id::{AccountId, PlexAccountId};
use plextv_emulator::{CROWD_ID, MAIN_SERVER};

use super::*;

#[tokio::test]
async fn i_10_who_is_not_shared_with_any_more_is_out_at_every_door() {
    let house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    let mut other = Inside::of(&house, "friend-all").await;
    assert!(round(&house).await);
    friend.is_in("still shared").await;
    house.plex.world().unshare("friend").unwrap();
    friend.is_in("nobody has asked yet").await;
    assert!(round(&house).await);
    friend.is_out("un-shared").await;
    other.is_in("somebody else").await;

    let known = house.app().membership.known();
    let (last, at) = known.last_good.unwrap();
    assert_eq!((last.members, last.ended, last.doubted, at), (1, 1, 0, house.now()));

    // Shared again: what was ended stays ended, and a new sign-in is all it takes.
    house.plex.world().share("friend", MAIN_SERVER).unwrap();
    assert!(round(&house).await);
    friend.is_out("shared again").await;
    Inside::of(&house, "friend").await.is_in("signed in anew").await;
}

#[tokio::test]
async fn i_10_everybody_who_is_signed_in_behind_plex_home_and_managed_too() {
    let house = setup().set("rules", "allow_managed = true").start().await;
    for persona in ["home", "guest", "managed", "two-factor", "email-name"] {
        let mut inside = Inside::of(&house, persona).await;
        house.plex.world().unshare(persona).unwrap();
        assert!(round(&house).await);
        inside.is_out(persona).await;
    }
    let mut owner = Inside::of(&house, "owner").await;
    assert!(round(&house).await);
    owner.is_in("the owner stands in no list").await;
}

#[tokio::test]
async fn i_10_a_hundred_are_out_in_one_round() {
    let house = setup().start().await;
    let mut stays = Inside::of(&house, "friend").await;
    house.plex.world().share_with_crowd(100);
    let pattern = house.app().store.user(AccountId::Plex(PlexAccountId(house.plex.account_id("friend"))));
    let pattern = pattern.await.unwrap().unwrap();
    let ids: Vec<_> = (CROWD_ID..).take(100).map(|id| AccountId::Plex(PlexAccountId(id))).collect();
    for id in &ids {
        let mut user = UserRecord { updated: house.now(), ..pattern.clone() };
        user.person.account.id = *id;
        assert!(house.app().store.put_user(user).await.unwrap());
    }
    assert!(round(&house).await);
    house.plex.world().share_with_crowd(0);
    assert!(round(&house).await);
    for id in ids {
        let user = house.app().store.user(id).await.unwrap().unwrap();
        assert_eq!(user.person.standing, Standing::Ended, "{id}");
    }
    stays.is_in("not one of the hundred").await;
}

/// What was stored by a clock that has been put back since is not newer than what Plex says now.
#[tokio::test]
async fn i_10_a_clock_that_was_put_back_keeps_nobody_in() {
    let house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    house.sql(&format!("UPDATE users SET updated = {}", house.now().plus(Seconds::days(1)).0));
    house.plex.world().unshare("friend").unwrap();
    assert!(round(&house).await);
    friend.is_out("un-shared").await;
}

#[tokio::test]
async fn i_10_what_was_ended_while_we_were_down_is_noticed_after_the_start() {
    let mut house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    house.plex.world().unshare("friend").unwrap();
    house.restart().await;
    recheck::round(house.app()).await;
    friend.is_out("un-shared").await;
}

/// The loop that the running service makes its rounds by, with real time.
#[tokio::test]
async fn i_10_the_running_service_makes_its_rounds_by_itself() {
    let house = setup().set("plex", "recheck_every = \"10s\"").start().await;
    let mut friend = Inside::of(&house, "friend").await;
    house.plex.world().unshare("friend").unwrap();
    house.listen().await;
    for _ in 0..1000 {
        if house.app().membership.known().last_good.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    friend.is_out("the first round is made at the start").await;
}
