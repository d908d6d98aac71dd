use plextv_emulator::{LoggedRequest, MAIN_SERVER, OTHER_SERVER, OWNER_ID};
use reqwest::Method;
use serde_json::Value;

use crate::actor::{Actor, IDENTIFIER, send, text};

const NOT_AUTHENTICATED: &str =
    r#"{"errors":[{"code":1001,"message":"User could not be authenticated","status":401}]}"#;

#[tokio::test]
async fn fifteen_personas_with_these_slugs() {
    let actor = Actor::new().await;
    let personas = actor.emulator.world().personas();
    let slugs: Vec<&str> = personas.iter().map(|persona| persona.key.as_str()).collect();
    assert_eq!(
        slugs,
        [
            "owner",
            "friend",
            "friend-all",
            "friend-nothing",
            "home",
            "managed",
            "managed-pin",
            "guest",
            "invited",
            "unshared",
            "stranger",
            "unconfirmed",
            "email-name",
            "other-owner",
            "two-factor"
        ]
    );
    assert_eq!(personas[0].id, OWNER_ID);
}

#[tokio::test]
async fn the_user_document_says_who_it_is() {
    let actor = Actor::new().await;
    let user = async |persona: &str| actor.get_as(persona, "/api/v2/user").await.json();
    let owner = user("owner").await;
    assert_eq!((&owner["id"], &owner["homeAdmin"]), (&OWNER_ID.into(), &true.into()));
    assert_eq!(owner["homeSize"], 5);
    assert_eq!(owner["subscription"]["active"], true);
    let managed = user("managed").await;
    assert_eq!((&managed["username"], &managed["email"]), (&"".into(), &"".into()));
    assert_eq!((&managed["restricted"], &managed["restrictionProfile"]), (&true.into(), &"older_kid".into()));
    assert_eq!(user("unconfirmed").await["confirmed"], false);
    assert_eq!(user("two-factor").await["twoFactorEnabled"], true);
    assert_eq!(user("managed-pin").await["protected"], true);
    assert_eq!(user("guest").await["guest"], true);
    let email_name = user("email-name").await;
    assert_eq!(email_name["username"], email_name["email"]);
    // In a Home, but not in the owner's: only the resource tells.
    assert_eq!(user("friend-all").await["home"], true);
}

#[tokio::test]
async fn a_bad_token_is_refused_per_endpoint_family() {
    let actor = Actor::new().await;
    let with_bad_token = |path: &str| actor.v2(Method::GET, path).header("X-Plex-Token", "nonsense");
    for path in ["/api/v2/user", "/api/v2/resources", "/api/v2/ping", "/api/v2/shared_servers/owned/accepted"]
    {
        let answer = send(with_bad_token(path)).await;
        assert_eq!((answer.status, answer.body.as_str()), (401, NOT_AUTHENTICATED), "{path}");
    }
    let xml = actor
        .bare(Method::GET, "/api/v2/user")
        .header("X-Plex-Client-Identifier", IDENTIFIER)
        .header("X-Plex-Token", "x");
    assert_eq!(
        send(xml).await.xml(),
        r#"<errors><error code="1001" message="User could not be authenticated" status="401"/></errors>"#
    );
    for path in ["/api/users", "/api/resources"] {
        let answer = send(with_bad_token(path)).await;
        assert_eq!((answer.status, answer.xml()), (401, "<errors><error>Please sign in.</error></errors>"));
    }
    let legacy = send(with_bad_token("/users/account")).await;
    assert_eq!((legacy.status, legacy.xml()), (422, "<errors><error>Invalid token</error></errors>"));
    assert_eq!(actor.get("/users/account").await.status, 401);
}

#[tokio::test]
async fn the_legacy_twins_speak_json_and_xml() {
    let actor = Actor::new().await;
    let token = actor.emulator.world().token_for("managed");
    let get = |path: &str| actor.bare(Method::GET, path).header("X-Plex-Token", &token);
    let json = send(get("/users/account.json")).await.json();
    assert_eq!((&json["user"]["username"], &json["user"]["email"]), (&Value::Null, &Value::Null));
    assert!(json["user"]["roles"]["roles"].is_array());
    assert!(send(get("/users/account")).await.xml().starts_with("<user "));
}

#[tokio::test]
async fn a_token_may_come_as_header_or_query_and_the_log_tells_which() {
    let actor = Actor::new().await;
    let token = actor.emulator.world().token_for("friend");
    assert_eq!(actor.get_as("friend", "/api/v2/user").await.status, 200);
    assert_eq!(actor.get(&format!("/api/v2/user?X-Plex-Token={token}")).await.status, 200);
    let leaks: Vec<bool> =
        actor.emulator.world().request_log().iter().map(LoggedRequest::has_token_in_url).collect();
    assert_eq!(leaks, [false, true]);
}

#[tokio::test]
async fn ping_and_sign_out() {
    let actor = Actor::new().await;
    assert_eq!(actor.get("/api/v2/ping").await.body, r#"{"pong":true}"#);
    assert_eq!(actor.get_as("friend", "/api/v2/ping").await.body, r#"{"pong":true}"#);
    let xml = actor.bare(Method::GET, "/api/v2/ping").header("X-Plex-Client-Identifier", IDENTIFIER);
    assert_eq!(send(xml).await.xml(), "<pong>true</pong>");
    let token = actor.emulator.world().token_for("friend");
    let sign_out = || actor.v2(Method::DELETE, "/api/v2/users/signout").header("X-Plex-Token", &token);
    assert_eq!(send(sign_out()).await.status, 204);
    assert_eq!(send(sign_out()).await.status, 401);
    let ping = actor.v2(Method::GET, "/api/v2/ping").header("X-Plex-Token", &token);
    assert_eq!(send(ping).await.status, 401);
}

#[tokio::test]
async fn resources_tell_owner_home_friend_and_nobody_apart() {
    let actor = Actor::new().await;
    // Persona, then owned and home of the main server; None is "not listed".
    let expected = [
        ("owner", Some((true, false))),
        ("friend", Some((false, false))),
        ("friend-all", Some((false, false))),
        ("friend-nothing", None),
        ("home", Some((false, true))),
        ("managed", Some((false, true))),
        ("managed-pin", Some((false, true))),
        ("guest", Some((false, true))),
        ("invited", None),
        ("unshared", Some((false, false))),
        ("stranger", None),
        ("unconfirmed", Some((false, false))),
        ("email-name", Some((false, false))),
        ("other-owner", None),
        ("two-factor", Some((false, false))),
    ];
    for (persona, flags) in expected {
        let rows = actor.get_as(persona, "/api/v2/resources?includeHttps=1").await.json();
        let rows = rows.as_array().expect("an array").clone();
        let row = rows.iter().find(|row| row["clientIdentifier"] == MAIN_SERVER);
        let seen = row.map(|row| (row["owned"] == true, row["home"] == true));
        assert_eq!(seen, flags, "{persona}");
        if let Some(row) = row {
            let owned = row["owned"] == true;
            assert_eq!(row["ownerId"], if owned { Value::Null } else { OWNER_ID.into() }, "{persona}");
            assert_eq!(row["sourceTitle"].is_null(), owned, "{persona}");
            assert_eq!(text(&row["accessToken"]).len(), 20);
            assert_eq!(row["connections"][0]["port"], 32400);
        }
    }
}

#[tokio::test]
async fn resources_hold_a_foreign_server_and_a_player_and_are_xml_in_v1() {
    let actor = Actor::new().await;
    let rows = actor.get_as("friend", "/api/v2/resources").await.json();
    let rows = rows.as_array().expect("an array");
    assert!(rows.iter().any(|row| row["clientIdentifier"] == OTHER_SERVER));
    let player = rows.iter().find(|row| row["provides"] == "client,player,pubsub-player").expect("a player");
    assert!(player["platformVersion"].is_null() && player["device"].is_null());
    assert_eq!(actor.get_as("friend-nothing", "/api/v2/resources").await.body, "[]");
    let v1 = actor.get_as("home", "/api/resources").await;
    let xml = v1.xml();
    assert!(xml.contains(&format!("clientIdentifier=\"{MAIN_SERVER}\"")), "{xml}");
    assert!(xml.contains(" home=\"1\"") && xml.contains(&format!(" ownerID=\"{OWNER_ID}\"")), "{xml}");
    assert!(xml.contains("<Connection ") && !xml.contains("<connections"), "{xml}");
}

#[tokio::test]
async fn an_impostor_claims_the_identifier_but_not_the_owner() {
    let actor = Actor::new().await;
    actor.emulator.world().set_switches(|switches| switches.impostor_server = true);
    let rows = actor.get_as("stranger", "/api/v2/resources").await.json();
    assert_eq!(rows[0]["clientIdentifier"], MAIN_SERVER);
    assert_ne!(rows[0]["ownerId"], OWNER_ID);
}

#[tokio::test]
async fn anything_else_is_a_routing_404_on_every_host() {
    let actor = Actor::new().await;
    for base in [actor.emulator.clients_url(), actor.emulator.plex_tv_url(), actor.emulator.app_url()] {
        let answer = send(actor.http.get(format!("{base}/api/v2/nothing"))).await;
        assert_eq!((answer.status, answer.body.as_str()), (404, r#"{"error":"Not Found","status":404}"#));
    }
}

#[tokio::test]
async fn a_host_header_of_plex_works_as_well_as_a_prefix() {
    let actor = Actor::new().await;
    let root = format!("http://{}", actor.emulator.address());
    let page = send(actor.http.get(format!("{root}/auth")).header("Host", "app.plex.tv")).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let wrong_host = send(actor.http.get(format!("{root}/auth")).header("Host", "clients.plex.tv")).await;
    assert_eq!(wrong_host.status, 404);
    let ping = actor.http.get(format!("{root}/api/v2/ping")).header("Host", "clients.plex.tv:443");
    assert_eq!(send(ping.header("X-Plex-Client-Identifier", IDENTIFIER)).await.status, 200);
}
