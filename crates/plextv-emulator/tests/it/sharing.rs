use plextv_emulator::{MAIN_SERVER, OTHER_SERVER, OWNER_ID, World};
use serde_json::Value;

use crate::actor::{Actor, text};

const ACCEPTED: &str = "/api/v2/shared_servers/owned/accepted";
const PENDING: &str = "/api/v2/shared_servers/owned/pending";

fn id_of(world: &World, persona: &str) -> u64 {
    world.personas().iter().find(|known| known.key == persona).expect("known").id
}

async fn rows(actor: &Actor, path: &str) -> Vec<Value> {
    actor.get_as("owner", path).await.json().as_array().expect("an array").clone()
}

fn element<'a>(xml: &'a str, name: &str, attribute: &str) -> Option<&'a str> {
    let open = format!("<{name} ");
    xml.split(open.as_str()).skip(1).find(|part| part.contains(&format!(" {attribute}")))
}

#[tokio::test]
async fn each_person_shows_up_in_the_lists_as_documented() {
    let actor = Actor::new().await;
    let accepted = rows(&actor, ACCEPTED).await;
    let pending = rows(&actor, PENDING).await;
    let users = actor.get_as("owner", "/api/users").await.body;
    let shared = actor.get_as("owner", &format!("/api/servers/{MAIN_SERVER}/shared_servers")).await.body;
    let home = actor.get_as("owner", "/api/v2/home/users").await.json();
    let in_v2 = |rows: &[Value], id: u64| rows.iter().any(|row| row["invitedId"] == id);
    // Persona; in B, with a <Server> there; in C; in D accepted, D pending; in the owner's Home.
    let expected = [
        ("owner", false, false, false, false, false, true),
        ("friend", true, true, true, true, false, false),
        ("friend-all", true, true, true, true, false, false),
        ("friend-nothing", true, false, false, false, false, false),
        ("home", true, true, true, true, false, true),
        ("managed", true, true, true, true, false, true),
        ("managed-pin", true, true, true, true, false, true),
        ("guest", true, true, true, true, false, true),
        ("invited", true, true, true, false, true, false),
        ("unshared", true, true, true, true, false, false),
        ("stranger", false, false, false, false, false, false),
        ("other-owner", true, false, false, false, false, false),
        ("two-factor", true, true, true, true, false, false),
    ];
    for (persona, b, b_server, c, d, d_pending, f) in expected {
        let id = id_of(actor.emulator.world(), persona);
        let user = users.split("<User ").skip(1).find(|part| part.starts_with(&format!("id=\"{id}\"")));
        assert_eq!(user.is_some(), b, "{persona} in B");
        assert_eq!(
            user.is_some_and(|part| part.contains("<Server ")),
            b_server,
            "{persona} with server in B"
        );
        assert_eq!(
            element(&shared, "SharedServer", &format!("userID=\"{id}\"")).is_some(),
            c,
            "{persona} in C"
        );
        assert_eq!(in_v2(&accepted, id), d, "{persona} accepted in D");
        assert_eq!(in_v2(&pending, id), d_pending, "{persona} pending in D");
        let members = home["users"].as_array().expect("users");
        assert_eq!(members.iter().any(|member| member["id"] == id), f, "{persona} in F");
    }
}

#[tokio::test]
async fn a_row_of_the_accepted_list_has_the_documented_fields() {
    let actor = Actor::new().await;
    let friend = id_of(actor.emulator.world(), "friend");
    let accepted = rows(&actor, ACCEPTED).await;
    assert!(accepted.iter().all(|row| row["machineIdentifier"] == MAIN_SERVER), "only servers of the caller");
    let row = accepted.iter().find(|row| row["invitedId"] == friend).expect("a row");
    assert_eq!(row["ownerId"], OWNER_ID);
    assert_eq!(
        (&row["accepted"], &row["deletedAt"], &row["leftAt"]),
        (&true.into(), &Value::Null, &Value::Null)
    );
    assert_eq!((&row["allLibraries"], &row["numLibraries"]), (&false.into(), &2.into()));
    let keys: Vec<u64> = row["libraries"]
        .as_array()
        .expect("libraries")
        .iter()
        .filter_map(|library| library["key"].as_u64())
        .collect();
    assert_eq!(keys, [1, 2]);
    assert_eq!(row["invited"]["username"], "mara.k");
    assert_eq!(row["sharingSettings"]["allowTuners"], 0);
    let all = id_of(actor.emulator.world(), "friend-all");
    let row = accepted.iter().find(|row| row["invitedId"] == all).expect("a row");
    assert_eq!((&row["allLibraries"], &row["numLibraries"]), (&true.into(), &4.into()));
    assert_eq!(row["libraries"].as_array().map(Vec::len), Some(2), "the list is not to be believed");
    assert_eq!(row["sharingSettings"]["allowTuners"], 2);
    assert_eq!(row["sharingSettings"]["allowSync"], true);
    assert_eq!(rows(&actor, PENDING).await[0]["acceptedAt"], Value::Null);
}

#[tokio::test]
async fn v1_lists_every_section_and_dates_only_what_was_accepted() {
    let actor = Actor::new().await;
    let world = actor.emulator.world();
    let path = format!("/api/servers/{MAIN_SERVER}/shared_servers");
    let answer = actor.get_as("owner", &path).await;
    let xml = answer.xml();
    let friend =
        element(xml, "SharedServer", &format!("userID=\"{}\"", id_of(world, "friend"))).expect("a row");
    assert_eq!(friend.matches("<Section ").count(), 4);
    assert_eq!(friend.matches(" shared=\"1\"").count(), 2);
    assert!(friend.contains(" acceptedAt=\""));
    let invited =
        element(xml, "SharedServer", &format!("userID=\"{}\"", id_of(world, "invited"))).expect("a row");
    assert!(!invited.contains(" acceptedAt=\"") && invited.contains(" invitedAt=\""));
    let managed =
        element(xml, "SharedServer", &format!("userID=\"{}\"", id_of(world, "managed"))).expect("a row");
    assert!(managed.contains(" username=\"\" email=\"\""), "{managed}");
    let users = actor.get_as("owner", "/api/users").await;
    assert_eq!(users.xml().matches(" pending=\"1\"").count(), 1);
}

#[tokio::test]
async fn a_server_token_in_the_lists_is_the_one_its_user_gets() {
    let actor = Actor::new().await;
    let resources = actor.get_as("friend", "/api/v2/resources").await.json();
    let token = text(&resources[0]["accessToken"]).to_owned();
    let xml = actor.get_as("owner", &format!("/api/servers/{MAIN_SERVER}/shared_servers")).await.body;
    assert!(xml.contains(&format!("accessToken=\"{token}\"")));
}

#[tokio::test]
async fn owner_lists_are_closed_to_others() {
    let actor = Actor::new().await;
    assert_eq!(actor.get_as("friend", "/api/users").await.status, 401);
    for path in [format!("/api/servers/{MAIN_SERVER}"), format!("/api/servers/{MAIN_SERVER}/shared_servers")]
    {
        let answer = actor.get_as("friend", &path).await;
        assert_eq!(
            (answer.status, answer.xml()),
            (404, "<errors><error>Not Found</error></errors>"),
            "{path}"
        );
    }
    let v2 = actor.get_as("friend", &format!("/api/v2/servers/{MAIN_SERVER}")).await;
    assert_eq!((v2.status, v2.json()["errors"][0]["code"].as_u64()), (404, Some(1002)));
    assert_eq!(actor.get_as("friend", ACCEPTED).await.body, "[]");
    let others = actor.get_as("other-owner", ACCEPTED).await.json();
    assert!(others.as_array().expect("an array").iter().all(|row| row["machineIdentifier"] == OTHER_SERVER));
}

#[tokio::test]
async fn the_catalogue_has_four_sections_in_both_forms() {
    let actor = Actor::new().await;
    let v2 = actor.get_as("owner", &format!("/api/v2/servers/{MAIN_SERVER}")).await.json();
    let kinds: Vec<&str> = v2["librarySections"]
        .as_array()
        .expect("sections")
        .iter()
        .map(|section| text(&section["type"]))
        .collect();
    assert_eq!(kinds, ["movie", "show", "artist", "photo"]);
    let v1 = actor.get_as("owner", &format!("/api/servers/{MAIN_SERVER}")).await;
    assert_eq!(v1.xml().matches("<Section ").count(), 4);
}

#[tokio::test]
async fn un_sharing_shows_at_once_everywhere_and_can_leave_a_marked_row() {
    let actor = Actor::new().await;
    let world = actor.emulator.world();
    let friend = id_of(world, "unshared");
    let listed = async || rows(&actor, ACCEPTED).await.into_iter().find(|row| row["invitedId"] == friend);
    let sees = async || actor.get_as("unshared", "/api/v2/resources").await.body.contains(MAIN_SERVER);
    assert!(listed().await.is_some() && sees().await);
    world.unshare("unshared").expect("known");
    assert!(listed().await.is_none() && !sees().await);
    world.share_libraries("unshared", MAIN_SERVER, &[3]).expect("known");
    assert_eq!(listed().await.expect("again")["libraries"][0]["key"], 3);
    world.set_switches(|switches| switches.keep_deleted_shares = true);
    world.unshare("unshared").expect("known");
    assert!(text(&listed().await.expect("marked")["deletedAt"]).ends_with('Z'));
    assert!(!sees().await);
}

#[tokio::test]
async fn an_invitation_becomes_a_share_when_accepted() {
    let actor = Actor::new().await;
    actor.emulator.world().share("invited", MAIN_SERVER).expect("known");
    assert!(rows(&actor, PENDING).await.is_empty());
    assert!(actor.get_as("invited", "/api/v2/resources").await.body.contains(MAIN_SERVER));
}

#[tokio::test]
async fn friends_is_gone_unless_switched_on() {
    let actor = Actor::new().await;
    let gone = actor.get_as("owner", "/api/v2/friends").await;
    assert_eq!((gone.status, gone.json()["Response"]["code"].as_u64()), (410, Some(410)));
    let removed = actor.get_as("owner", "/api/invites/requests.xml").await;
    assert_eq!(
        (removed.status, removed.xml()),
        (410, r#"<Response code="410" status="This endpoint was deprecated and removed"/>"#)
    );
    actor.emulator.world().set_switches(|switches| switches.friends = true);
    let plain = rows(&actor, "/api/v2/friends").await;
    assert!(plain.iter().all(|row| row["sharedServers"].as_array().is_some_and(Vec::is_empty)));
    let with = rows(&actor, "/api/v2/friends?includeSharedServers=true").await;
    assert!(with.iter().any(|row| row["sharedServers"][0]["machineIdentifier"] == MAIN_SERVER));
}
