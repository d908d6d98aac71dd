//! What somebody has shrinks with what is shared, without a new sign-in; but for libraries it grows by a sign-in alone.

use plextv_emulator::{Fault, FaultKind, MAIN_SERVER};

use super::*;

const DEN: &str = "https://den.example.org/";
const HOME: &str = "/api/v2/home/users";
const CINEMA: &str = "https://cinema.example.org/";

async fn at(house: &House, inside: &mut Inside, url: &str) -> u16 {
    house.pass(Seconds(6)); // what the gateway remembers is looked up again
    inside.visitor.ask(&inside.proxy, &Visit::script(url)).await.status
}

async fn house() -> House {
    setup()
        .app("name = \"den\"\nhost = \"den.example.org\"\nallow = [\"plex-home\"]")
        .app("name = \"cinema\"\nhost = \"cinema.example.org\"\nallow = [\"plex-library:1\"]")
        .start()
        .await
}

#[tokio::test]
async fn whoever_moves_out_of_the_home_loses_what_is_for_the_home_alone() {
    let house = house().await;
    let mut home = Inside::of(&house, "home").await;
    home.visitor.pass_through(&home.proxy, DEN).await.expect(200);
    assert!(round(&house).await);
    assert_eq!(at(&house, &mut home, DEN).await, 200);
    house.plex.world().leave_home("home").unwrap();
    assert!(round(&house).await);
    assert_eq!(at(&house, &mut home, DEN).await, 403);
    home.is_in("a friend still").await;
    house.plex.world().join_home("home").unwrap();
    assert!(round(&house).await);
    assert_eq!(at(&house, &mut home, DEN).await, 403, "that takes a sign-in");
    let mut again = Inside::of(&house, "home").await;
    again.visitor.pass_through(&again.proxy, DEN).await.expect(200);
}

/// Who lives in the Home is asked for its own sake: it keeps nobody in, and throws nobody out.
#[tokio::test]
async fn i_10_an_outage_of_the_homes_list_keeps_nobody_in() {
    let house = house().await;
    let (mut home, mut friend) = (Inside::of(&house, "home").await, Inside::of(&house, "friend").await);
    home.visitor.pass_through(&home.proxy, DEN).await.expect(200);
    house.plex.world().unshare("friend").unwrap();
    house.plex.world().set_fault(Fault::new(FaultKind::ServerError).on_path(HOME));
    assert!(round(&house).await);
    friend.is_out("un-shared").await;
    home.is_in("shared").await;
    assert_eq!(at(&house, &mut home, DEN).await, 200, "nobody said that they moved out");
}

#[tokio::test]
async fn i_07_one_list_alone_moves_nobody_out_of_the_home() {
    let house = house().await;
    let mut guest = Inside::of(&house, "guest").await;
    guest.visitor.pass_through(&guest.proxy, DEN).await.expect(200);
    house.plex.world().set_fault(Fault::new(FaultKind::PartialLists).on_path(HOME));
    assert!(round(&house).await);
    assert_eq!(at(&house, &mut guest, DEN).await, 200, "the older list has them");
    house.plex.world().set_fault(Fault::new(FaultKind::ServerError).on_path("/api/home/users"));
    assert!(round(&house).await);
    assert_eq!(at(&house, &mut guest, DEN).await, 200, "the older list does not answer");
    house.plex.recovers();
    house.plex.world().set_fault(Fault::new(FaultKind::OwnerTokenRevoked).on_path("/api/home/users"));
    house.pass(Seconds::minutes(6));
    house.plex.world().leave_home("guest").unwrap();
    assert!(round(&house).await);
    assert_eq!(at(&house, &mut guest, DEN).await, 403, "Plex has no older list any more");
}

#[tokio::test]
async fn a_permission_that_is_taken_back_is_lost_and_a_new_one_is_had() {
    let app =
        "name = \"den\"\nhost = \"den.example.org\"\nallow = [\"plex-livetv\"]\ndeny = [\"plex-downloads\"]";
    let house = setup().app(app).start().await;
    let mut friend = Inside::of(&house, "friend").await;
    let permit = |downloads, live_tv| house.plex.world().permit("friend", MAIN_SERVER, downloads, live_tv);
    let told = async |friend: &Inside| {
        let refreshed = friend.photos.refresh(&friend.tokens.refresh_token()).await.expect(200).json();
        let claims =
            friend.photos.userinfo(refreshed["access_token"].as_str().unwrap()).await.expect(200).json();
        let names = claims["groups"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
        names.filter(|name| name.contains("downloads") || name.contains("livetv")).collect::<Vec<_>>()
    };
    permit(false, true).unwrap();
    assert!(round(&house).await);
    assert_eq!(told(&friend).await, ["plex-livetv"]);
    friend.visitor.pass_through(&friend.proxy, DEN).await.expect(200);
    permit(true, true).unwrap();
    assert!(round(&house).await);
    assert_eq!(told(&friend).await, ["plex-downloads", "plex-livetv"]);
    assert_eq!(at(&house, &mut friend, DEN).await, 403);
    permit(false, true).unwrap();
    assert!(round(&house).await);
    assert_eq!(at(&house, &mut friend, DEN).await, 200);
    permit(false, false).unwrap();
    assert!(round(&house).await);
    assert_eq!((told(&friend).await, at(&house, &mut friend, DEN).await), (vec![], 403));
    friend.is_in("all along").await;
}

#[tokio::test]
async fn a_re_check_leaves_what_plex_says_of_the_account_itself() {
    let house = setup().start().await;
    let mut yara = Inside::of(&house, "two-factor").await;
    house.plex.world().set_second_factor("two-factor", false).unwrap();
    assert!(round(&house).await);
    let refreshed = yara.photos.refresh(&yara.tokens.refresh_token()).await.expect(200).json();
    let claims = yara.photos.userinfo(refreshed["access_token"].as_str().unwrap()).await.expect(200).json();
    let has = |name| claims["groups"].as_array().unwrap().contains(&serde_json::json!(name));
    assert!(has("plex-2fa") && !has("plex-pass"), "{claims}");
    yara.is_in("all along").await;
}

#[tokio::test]
async fn a_list_of_the_home_without_its_owner_moves_nobody_out() {
    let house = house().await;
    let mut home = Inside::of(&house, "home").await;
    home.visitor.pass_through(&home.proxy, DEN).await.expect(200);
    for (path, kind) in [("/api/v2/home", FaultKind::EmptyLists), ("/api/home", FaultKind::EmptyBody)] {
        house.plex.world().set_fault(Fault::new(kind).on_path(path));
    }
    assert!(round(&house).await);
    assert_eq!(at(&house, &mut home, DEN).await, 200);
}

#[tokio::test]
async fn a_library_that_is_taken_back_is_lost_and_a_new_one_is_seen() {
    let house = house().await;
    let mut friend = Inside::of(&house, "friend").await;
    friend.visitor.pass_through(&friend.proxy, CINEMA).await.expect(200);
    house.plex.world().share_libraries("friend", MAIN_SERVER, &[2]).unwrap();
    assert!(round(&house).await);
    assert_eq!(at(&house, &mut friend, CINEMA).await, 403);
    let groups =
        friend.photos.userinfo(&friend.tokens.access_token()).await.expect(200).json()["groups"].clone();
    assert_eq!(groups, serde_json::json!(["plex-friend", "plex-library:2"]));
    house.plex.world().share_libraries("friend", MAIN_SERVER, &[1, 2]).unwrap();
    assert!(round(&house).await);
    assert_eq!(at(&house, &mut friend, CINEMA).await, 200);
    friend.is_in("all along").await;
}
