use plextv_emulator::HOME_PIN;
use reqwest::Method;

use crate::actor::{Actor, send, text};

async fn uuid_of(actor: &Actor, persona: &str) -> String {
    text(&actor.get_as(persona, "/api/v2/user").await.json()["uuid"]).to_owned()
}

#[tokio::test]
async fn a_home_lists_its_members_as_object_or_array_or_xml() {
    let actor = Actor::new().await;
    let home = actor.get_as("owner", "/api/v2/home/users").await.json();
    let members = home["users"].as_array().expect("users");
    assert_eq!(members.len(), 5);
    let flags = |flag: &str| members.iter().filter(|member| member[flag] == true).count();
    assert_eq!((flags("admin"), flags("guest"), flags("restricted"), flags("protected")), (1, 1, 2, 1));
    let guest = members.iter().find(|member| member["guest"] == true).expect("a guest");
    assert_eq!(home["guestUserID"], guest["id"]);
    let managed = members.iter().find(|member| member["restricted"] == true).expect("a managed user");
    assert!(managed["username"].is_null() && managed["email"].is_null());
    actor.emulator.world().set_switches(|switches| switches.home_users_array = true);
    assert_eq!(actor.get_as("home", "/api/v2/home/users").await.json().as_array().map(Vec::len), Some(5));
    let v1 = actor.get_as("owner", "/api/home/users").await;
    assert_eq!(v1.xml().matches("<User ").count(), 5);
    assert!(v1.xml().contains("restrictionProfile=\"older_kid\""));
}

#[tokio::test]
async fn who_has_no_home_gets_an_error_in_v2_and_an_empty_list_in_v1() {
    let actor = Actor::new().await;
    assert_eq!(actor.get_as("friend", "/api/v2/home/users").await.status, 404);
    assert!(actor.get_as("friend", "/api/home/users").await.xml().contains(" size=\"0\""));
}

#[tokio::test]
async fn switching_gives_the_other_members_token_and_wants_their_pin() {
    let actor = Actor::new().await;
    let token = actor.emulator.world().token_for("home");
    let switch = async |persona: &str, query: &str| {
        let path = format!("/api/v2/home/users/{}/switch{query}", uuid_of(&actor, persona).await);
        send(actor.v2(Method::POST, &path).header("X-Plex-Token", &token)).await
    };
    let kid = switch("managed", "").await;
    assert_eq!(kid.status, 201);
    let kid_token = text(&kid.json()["authToken"]).to_owned();
    let user = send(actor.v2(Method::GET, "/api/v2/user").header("X-Plex-Token", kid_token)).await;
    assert_eq!(user.json()["title"], "Kid");
    for query in ["", "?pin=0000"] {
        let refused = switch("managed-pin", query).await;
        assert_eq!((refused.status, refused.json()["errors"][0]["code"].as_u64()), (403, Some(1041)));
    }
    assert_eq!(switch("managed-pin", &format!("?pin={HOME_PIN}")).await.status, 201);
    assert_eq!(switch("friend", "").await.status, 404);
}
