//! Without the owner's token: people are looked after by the Plex tokens of their own sign-ins, which are nobody else's business.

use plex_oidc::flow::own_tokens;
use plex_oidc::keys::Place;
use plex_oidc::membership::TroubleKind;
use plex_oidc::store::records::{KeptPlexToken, UserRecord};
use plex_oidc_core::id::{AccountId, PlexAccountId};
use plex_oidc_core::time::Timestamp;
use plextv_emulator::{CROWD_ID, Fault, FaultKind, MAIN_SERVER};

use super::faults::every_fault;
use super::*;

/// Half an hour, and the ten seconds on top of it.
const IN_TIME: u32 = 1810;
const FAR: Seconds = Seconds::days(365);

/// The rounds that the running service makes in so many seconds.
async fn rounds(house: &House, span: u32) {
    let end = house.now().plus(Seconds(span));
    loop {
        let next = own_tokens::round(house.app()).await;
        let left = end.since(house.now());
        if left == 0 {
            return;
        }
        let wait = next.map_or(30, |next| next.since(house.now()).clamp(1, 30)).min(left);
        house.pass(Seconds(u32::try_from(wait).unwrap()));
    }
}

fn account(house: &House, persona: &str) -> AccountId {
    AccountId::Plex(PlexAccountId(house.plex.account_id(persona)))
}

async fn kept(house: &House) -> Vec<KeptPlexToken> {
    house.app().store.due_plex_tokens(Timestamp(i64::MAX / 2), FAR, 1000).await.unwrap().due
}

async fn is_kept(house: &House, persona: &str) -> bool {
    let account = account(house, persona);
    kept(house).await.iter().any(|token| token.account_id == account)
}

#[tokio::test]
async fn i_10_who_is_not_shared_with_any_more_is_out_in_time() {
    let house = by_own_tokens().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    let mut other = Inside::of(&house, "friend-all").await;
    rounds(&house, 7200).await;
    friend.is_in("still shared").await;
    assert!(house.app().membership.known().last_good.is_some());
    house.plex.world().unshare("friend").unwrap();
    friend.is_in("nobody has asked yet").await;
    rounds(&house, IN_TIME).await;
    friend.is_out("un-shared").await;
    assert!(!is_kept(&house, "friend").await, "what it was kept for is over");
    other.is_in("somebody else").await;
    assert!(is_kept(&house, "friend-all").await);

    house.plex.world().share("friend", MAIN_SERVER).unwrap();
    rounds(&house, IN_TIME).await;
    friend.is_out("shared again").await;
    Inside::of(&house, "friend").await.is_in("signed in anew").await;
}

/// What keeps people in is what Plex said last, and it says so again and again.
#[tokio::test]
async fn i_07_looking_keeps_people_in_for_longer_than_a_day() {
    let house = by_own_tokens().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    rounds(&house, 2 * 86_400).await;
    friend.is_in("two days later").await;
}

#[tokio::test]
async fn i_07_i_09_no_fault_at_plex_signs_anybody_out() {
    let house = by_own_tokens().start().await;
    let mut inside = [Inside::of(&house, "friend").await, Inside::of(&house, "home").await];
    rounds(&house, IN_TIME).await;
    for kind in every_fault() {
        house.plex.fails(kind.clone());
        rounds(&house, 2 * IN_TIME).await;
        for person in &mut inside {
            person.is_in(&format!("{kind:?}")).await;
        }
        house.plex.recovers();
        rounds(&house, IN_TIME).await;
        assert_eq!(house.app().membership.known().trouble, None, "{kind:?}");
        let failures: u32 = kept(&house).await.iter().map(|token| token.failures).sum();
        assert_eq!(failures, 0, "{kind:?}");
    }
}

#[tokio::test]
async fn i_08_an_outage_is_asked_about_seldom() {
    let house = by_own_tokens().start().await;
    let _inside = [Inside::of(&house, "friend").await, Inside::of(&house, "home").await];
    house.plex.fails(FaultKind::ServerError);
    house.plex.world().clear_request_log();
    rounds(&house, 2 * 3600).await;
    let asked = house.plex.world().request_log().len();
    assert!((2..=60).contains(&asked), "{asked}");
    assert_eq!(house.app().membership.known().trouble.unwrap().kind, TroubleKind::Plex);
}

#[tokio::test]
async fn an_empty_list_ends_nothing_unless_it_is_so_twice() {
    let house = by_own_tokens().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    house.plex.world().set_fault(Fault::new(FaultKind::EmptyLists));
    while !kept(&house).await.iter().any(|token| token.missed) {
        rounds(&house, 1).await;
    }
    friend.is_in("once").await;
    assert_eq!(house.app().membership.known().last_good.unwrap().0.doubted, 1);
    house.plex.recovers();
    rounds(&house, 120).await;
    friend.is_in("it was nothing").await;
    assert!(!kept(&house).await.iter().any(|token| token.missed));
}

#[tokio::test]
async fn a_revoked_token_ends_one_person_and_nobody_else() {
    let house = by_own_tokens().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    let mut other = Inside::of(&house, "friend-all").await;
    house.plex.world().revoke_tokens("friend").unwrap();
    rounds(&house, IN_TIME).await;
    friend.is_out("their sign-in at Plex has ended").await;
    other.is_in("somebody else").await;
    Inside::of(&house, "friend").await.is_in("signed in anew").await;
}

/// A token that dies after somebody has signed in again is not theirs any more.
#[tokio::test]
async fn a_new_sign_in_takes_the_place_of_the_old_token() {
    let house = by_own_tokens().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    house.plex.world().revoke_tokens("friend").unwrap();
    let mut friend = Inside::of(&house, "friend").await;
    rounds(&house, IN_TIME).await;
    friend.is_in("by the new token").await;
    assert_eq!(kept(&house).await.len(), 1);
}

#[tokio::test]
async fn nobodys_token_outlives_their_sessions_and_an_owners_is_never_kept() {
    let house = by_own_tokens().start().await;
    let (mut browser, _) = house.sign_in("friend", &house.relying_party("photos")).await;
    house.sign_in("owner", &house.relying_party("photos")).await;
    assert!(is_kept(&house, "friend").await && !is_kept(&house, "owner").await);
    let page = browser.open("/sign-out").await;
    browser.submit(&page, "/sign-out").await;
    assert!(kept(&house).await.is_empty());
}

/// Stand-ins for a hundred people, each with a token that is due now.
async fn crowd(house: &House) -> Vec<AccountId> {
    let store = &house.app().store;
    let pattern = store.user(account(house, "friend")).await.unwrap().unwrap();
    let token = house.plex.world().token_for("friend");
    let ids: Vec<_> = (CROWD_ID..).take(100).map(|id| AccountId::Plex(PlexAccountId(id))).collect();
    for id in &ids {
        let mut user = UserRecord { updated: house.now(), ..pattern.clone() };
        user.person.account.id = *id;
        assert!(store.put_user(user).await.unwrap());
        let (AccountId::Plex(PlexAccountId(number)), row) = (*id, id.to_string()) else { panic!("at Plex") };
        let place = Place { table: "plex_tokens", column: "sealed", row: &row };
        let sealed = house.app().seal.seal(place, token.as_bytes()).unwrap();
        let hex = sealed.iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"));
        let now = house.now().0;
        house.sql(&format!(
            "INSERT INTO plex_tokens (account_id, sealed, next_look) VALUES ({number}, x'{hex}', {now})"
        ));
    }
    ids
}

async fn last_confirmed(house: &House, ids: &[AccountId]) -> Vec<Timestamp> {
    let mut all = Vec::new();
    for id in ids {
        let user = house.app().store.user(*id).await.unwrap().unwrap();
        let plex_oidc_core::decide::Standing::Member { confirmed_at, .. } = user.person.standing else {
            panic!("{id} is out")
        };
        all.push(confirmed_at);
    }
    all
}

#[tokio::test]
async fn a_hundred_people_are_asked_about_one_after_the_other() {
    let house = by_own_tokens().start().await;
    let _friend = Inside::of(&house, "friend").await;
    let ids = crowd(&house).await;
    house.plex.world().clear_request_log();
    let mut per_minute = Vec::new();
    for _ in 0..120 {
        let before = house.plex.world().request_log().len();
        rounds(&house, 60).await;
        per_minute.push(house.plex.world().request_log().len() - before);
    }
    let first = house.now();
    assert!(last_confirmed(&house, &ids).await.iter().all(|at| first.since(*at) <= 1800), "in time");
    // All were due at once; from then on they are apart.
    let later = &per_minute[60..];
    assert!(later.iter().all(|asked| *asked <= 30), "{later:?}");
    let sum: usize = later.iter().sum();
    assert!((200..=300).contains(&sum), "{sum} in an hour");
}

#[tokio::test]
async fn a_spent_budget_makes_looks_wait_and_ends_nothing() {
    let house = by_own_tokens().set("plex", "requests_per_hour = 60").start().await;
    let mut friend = Inside::of(&house, "friend").await;
    let ids = crowd(&house).await;
    house.plex.world().clear_request_log();
    rounds(&house, 3600).await;
    let asked = house.plex.world().request_log().len();
    assert!((55..=60).contains(&asked), "{asked} in the first hour");
    let trouble = house.app().membership.known().trouble.unwrap();
    assert_eq!(trouble.kind, TroubleKind::Spent);
    friend.is_in("nobody is out").await;
    rounds(&house, 2 * 3600).await;
    let asked = house.plex.world().request_log().len();
    assert!((110..=180).contains(&asked), "{asked} in three hours");
    assert_eq!(last_confirmed(&house, &ids).await.len(), 100);
    friend.is_in("nobody is out").await;
}

#[tokio::test]
async fn without_the_option_no_token_is_in_the_database_file() {
    let mut house = by_own_tokens().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let token = kept(&house).await.remove(0).sealed.0;
    let is_there = |house: &House, bytes: &[u8]| {
        house.database_bytes().windows(bytes.len()).any(|window| window == bytes)
    };
    assert!(is_there(&house, &token), "kept, and sealed");
    for request in house.plex.world().request_log() {
        if let Some(plain) = request.headers.get("x-plex-token") {
            assert!(!is_there(&house, plain.as_bytes()), "never in the clear");
        }
    }
    house.restart().await;
    assert!(is_kept(&house, "friend").await, "a restart forgets nothing");
    house.restart_with(|setup| setup.set("plex", "recheck_with = \"owner-token\"")).await;
    assert!(kept(&house).await.is_empty());
    assert!(!is_there(&house, &token));
    house.sign_in("friend", &house.relying_party("photos")).await;
    assert!(kept(&house).await.is_empty(), "and none is kept");
}

/// A token that was moved to another person's row does not open there, and ends nobody.
#[tokio::test]
async fn a_moved_token_opens_nothing() {
    let house = by_own_tokens().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    let mut other = Inside::of(&house, "friend-all").await;
    let (one, two) = (house.plex.account_id("friend"), house.plex.account_id("friend-all"));
    house.sql(&format!(
        "UPDATE plex_tokens SET sealed = (SELECT sealed FROM plex_tokens WHERE account_id = {one}) WHERE account_id = {two}"
    ));
    house.plex.world().unshare("friend").unwrap();
    rounds(&house, 2 * IN_TIME).await;
    friend.is_out("by their own token").await;
    other.is_in("not by somebody else's").await;
}

/// Whoever signs in at the very moment at which the configuration changes leaves nothing behind either.
#[tokio::test]
async fn a_round_without_the_option_forgets_what_was_left_behind() {
    let house = by_own_tokens().set("plex", "recheck_with = \"owner-token\"").start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let friend = house.plex.account_id("friend");
    house
        .sql(&format!("INSERT INTO plex_tokens (account_id, sealed, next_look) VALUES ({friend}, x'00', 1)"));
    assert!(is_kept(&house, "friend").await);
    assert_eq!(own_tokens::round(house.app()).await, None);
    assert!(!is_kept(&house, "friend").await);
}
