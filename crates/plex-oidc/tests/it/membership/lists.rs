//! Which of Plex's lists are asked, how often, and how far one is believed.

use plex_oidc_core::decide::Standing;
use plex_oidc_core::id::{AccountId, MachineId, PlexAccountId};
use plex_oidc_core::membership::AcceptedServer;
use plextv_emulator::{Fault, FaultKind, OTHER_SERVER, VirtualHost};

use super::*;

const INVITATIONS: &str = "/api/v2/shared_servers";
const SERVERS: &str = "/api/servers";
const CONTACTS: &str = "/api/users";

fn fault(house: &House, path: &str, kind: FaultKind) {
    house.plex.world().set_fault(Fault::new(kind).on_path(path));
}

/// What a round asks, each path once.
async fn asked(house: &House) -> Vec<String> {
    house.plex.world().clear_request_log();
    round(house).await;
    let log = house.plex.world().request_log();
    let of_server = |path: &str| if path.starts_with(SERVERS) { SERVERS.to_owned() } else { path.to_owned() };
    log.iter().map(|request| of_server(&request.path)).collect()
}

#[tokio::test]
async fn a_round_is_one_call_and_two_where_somebody_is_missing_or_lives_in_the_home() {
    let house = setup().start().await;
    let _friend = Inside::of(&house, "friend").await;
    round(&house).await; // whose token it is, is asked once
    let list = "/api/v2/shared_servers/owned/accepted";
    assert_eq!(asked(&house).await, [list]);
    house.plex.world().unshare("friend").unwrap();
    assert_eq!(asked(&house).await, [list, SERVERS]);
    assert_eq!(asked(&house).await, [list], "whoever is out is not looked for again");
    let _home = Inside::of(&house, "home").await;
    assert_eq!(asked(&house).await, [list, "/api/v2/home/users"]);
}

#[tokio::test]
async fn without_an_owners_token_nobody_is_asked() {
    let house = Setup::default().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    assert_eq!(asked(&house).await, Vec::<String>::new());
    assert_eq!(house.app().membership.known().last_good, None);
}

#[tokio::test]
async fn an_empty_or_partial_list_ends_nobodys_access_as_long_as_another_has_them() {
    let house = setup().start().await;
    let mut inside = Vec::new();
    for persona in ["friend", "friend-all", "home", "owner"] {
        inside.push(Inside::of(&house, persona).await);
    }
    for kind in [FaultKind::EmptyLists, FaultKind::PartialLists] {
        fault(&house, INVITATIONS, kind.clone());
        assert!(round(&house).await);
        for person in &mut inside {
            person.is_in(&format!("{kind:?}")).await;
        }
        house.plex.recovers();
    }
    // And whoever is in neither is out, whatever else is odd.
    fault(&house, INVITATIONS, FaultKind::EmptyLists);
    house.plex.world().unshare("friend").unwrap();
    assert!(round(&house).await);
    inside.remove(0).is_out("in no list").await;
    for person in &mut inside {
        person.is_in("in one list").await;
    }
}

#[tokio::test]
async fn a_list_that_plex_removed_is_replaced_by_the_next_and_confirmed_by_the_one_after() {
    let house = setup().start().await;
    fault(&house, INVITATIONS, FaultKind::EmptyBody);
    let (mut friend, mut all) = (Inside::of(&house, "friend").await, Inside::of(&house, "friend-all").await);
    assert!(round(&house).await);
    friend.is_in("by the older lists").await;
    house.plex.world().unshare("friend").unwrap();
    assert!(round(&house).await);
    friend.is_out("by the older lists").await;
    fault(&house, SERVERS, FaultKind::EmptyBody);
    assert!(round(&house).await);
    all.is_in("by the oldest list").await;
    house.plex.world().unshare("friend-all").unwrap();
    assert!(!round(&house).await, "one list is left, and one list alone is doubted");
    all.is_in("doubted").await;
}

#[tokio::test]
async fn where_one_list_is_left_it_must_leave_somebody_out_twice() {
    let house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    for path in [SERVERS, CONTACTS] {
        fault(&house, path, FaultKind::EmptyBody);
    }
    fault(&house, INVITATIONS, FaultKind::EmptyLists);
    assert!(!round(&house).await, "a question is open");
    friend.is_in("left out once").await;
    assert_eq!(house.app().membership.known().last_good.unwrap().0.doubted, 1);
    house.plex.recovers();
    assert!(round(&house).await);
    friend.is_in("it was a mistake").await;
    house.plex.world().unshare("friend").unwrap();
    for path in [SERVERS, CONTACTS] {
        fault(&house, path, FaultKind::EmptyBody);
    }
    assert!(!round(&house).await);
    friend.is_in("left out once, again").await;
    assert!(!recheck::round(house.app()).await, "the host had Plex asked at the same moment");
    friend.is_in("twice in a moment is once").await;
    assert!(round(&house).await);
    friend.is_out("left out twice in a row").await;
}

/// One of the oldest lists may stop taking this kind of token. The token that the first one took a moment ago is not dead.
#[tokio::test]
async fn i_10_a_second_list_that_does_not_take_the_token_keeps_nobody_in() {
    let house = setup().start().await;
    let (mut friend, mut other) =
        (Inside::of(&house, "friend").await, Inside::of(&house, "friend-all").await);
    house.plex.world().unshare("friend").unwrap();
    fault(&house, SERVERS, FaultKind::OwnerTokenRevoked);
    assert!(!round(&house).await, "no other list");
    assert_eq!(house.app().membership.known().trouble, None);
    friend.is_in("left out once").await;
    assert!(round(&house).await);
    friend.is_out("left out twice in a row").await;
    other.is_in("somebody else").await;
}

/// A server that was missing twice says nothing of one that is missing for the first time.
#[tokio::test]
async fn where_one_list_is_left_each_server_must_be_missing_twice() {
    let house = setup().start().await;
    let _friend = Inside::of(&house, "friend").await;
    let id = AccountId::Plex(PlexAccountId(house.plex.account_id("friend")));
    let standing = async || house.app().store.user(id).await.unwrap().unwrap().person.standing;
    let Standing::Member { through, .. } = standing().await else { panic!("a member") };
    let second = AcceptedServer { machine: MachineId::parse(&"b".repeat(40)).unwrap(), ..through[0].clone() };
    let both = serde_json::json!([through[0], second]).to_string();
    house.edit_person("friend", "$.standing.Member.through", &both);
    for path in [SERVERS, CONTACTS] {
        fault(&house, path, FaultKind::EmptyBody);
    }
    assert!(!round(&house).await, "the second is missing");
    fault(&house, INVITATIONS, FaultKind::EmptyLists);
    assert!(!round(&house).await, "the first is missing too");
    assert!(matches!(standing().await, Standing::Member { .. }), "it was missing once");
    assert!(round(&house).await);
    assert_eq!(standing().await, Standing::Ended);
}

#[tokio::test]
async fn an_outage_of_the_second_list_decides_nothing() {
    let house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    house.plex.world().unshare("friend").unwrap();
    for kind in [FaultKind::ServerError, FaultKind::RateLimited { retry_after: Some(1) }, FaultKind::Reset] {
        fault(&house, SERVERS, kind.clone());
        for _ in 0..3 {
            assert!(!round(&house).await);
            friend.is_in(&format!("{kind:?}")).await;
        }
        house.plex.recovers();
        house.pass(Seconds::minutes(6)); // whatever pause was asked for is over
    }
    assert!(round(&house).await);
    friend.is_out("confirmed").await;
}

#[tokio::test]
async fn the_owners_lists_say_nothing_of_another_owners_server() {
    let house = setup().second_server(OTHER_SERVER, 48_151_014).start().await;
    let (mut friend, mut stranger) =
        (Inside::of(&house, "friend").await, Inside::of(&house, "stranger").await);
    house.plex.world().unshare("friend").unwrap();
    house.plex.world().unshare_server("stranger", OTHER_SERVER).unwrap();
    assert!(round(&house).await);
    friend.is_in("the other server is left").await;
    stranger.is_in("nobody can tell").await;
    let groups = |persona| {
        let account = plex_oidc_core::id::AccountId::Plex(plex_oidc_core::id::PlexAccountId(
            house.plex.account_id(persona),
        ));
        let store = house.app().store.clone();
        async move {
            let person = store.user(account).await.unwrap().unwrap().person;
            person.groups.iter().map(ToString::to_string).collect::<Vec<_>>()
        }
    };
    assert_eq!(groups("friend").await, ["plex-friend", "plex-friend:2f7a91c4"]);
    assert_eq!(groups("stranger").await, ["plex-friend", "plex-friend:2f7a91c4"]);
}

#[tokio::test]
async fn the_token_of_the_owner_travels_in_a_header_only_and_under_our_name() {
    let house = setup().start().await;
    let _home = Inside::of(&house, "home").await;
    house.plex.world().unshare("home").unwrap();
    house.plex.world().clear_request_log();
    round(&house).await;
    let log = house.plex.world().request_log();
    assert!(log.len() > 2, "{log:?}");
    for request in log {
        assert!(request.headers.contains_key("x-plex-token") && request.query_keys.is_empty(), "{request:?}");
        assert!(request.client_identifier.is_some(), "{request:?}");
        assert!(matches!(request.host, VirtualHost::PlexTv | VirtualHost::Clients), "{request:?}");
    }
}
