//! Browsers and passkeys of people at the API; and that commands say what it says.

use super::document::{allows_and_asks, has_passkey};
use super::*;

async fn person(house: &House, persona: &str, token: &str) -> Value {
    ask(house, Method::GET, &format!("/people/{}", subject(house, persona)), token).await.expect(200).json()
}

async fn browser_of(house: &House, persona: &str, token: &str) -> String {
    person(house, persona, token).await["browsers"][0]["id"].as_str().unwrap().to_owned()
}

async fn forget(house: &House, account: &str, browser: &str, token: &str) -> Answer {
    ask(house, Method::DELETE, &format!("/people/{account}/browsers/{browser}"), token).await
}

#[tokio::test]
async fn a_browser_is_forgotten_with_what_came_of_it_and_nobody_elses_by_its_id() {
    let house = setup().start().await;
    let photos = house.relying_party("photos");
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let (_, of_other) = house.sign_in("friend-all", &photos).await;
    let (friend, other) = (subject(&house, "friend"), subject(&house, "friend-all"));
    let (read, write) = (token(&house, &[ApiScope::PeopleRead]), token(&house, &[ApiScope::PeopleWrite]));
    let (theirs, others) =
        (browser_of(&house, "friend", &read).await, browser_of(&house, "friend-all", &read).await);
    let found = person(&house, "friend", &read).await["browsers"][0].clone();
    assert_eq!((&found["signed_in"], &found["approved"]), (&json!(true), &json!(true)));

    // Every scope but the right one; somebody else's; what is none; nobody.
    let all_others: Vec<_> =
        ApiScope::ALL.into_iter().filter(|scope| *scope != ApiScope::PeopleWrite).collect();
    forget(&house, &friend, &theirs, &token(&house, &all_others)).await.expect(403);
    for (account, id) in [(&friend, &*others), (&other, &*theirs), (&friend, "x"), (&friend, "%00")] {
        let answer = forget(&house, account, id, &write).await.expect(404);
        assert_eq!(problem(&answer), ("not_there".to_owned(), Some("path browser".to_owned())));
    }
    forget(&house, "plex-999999999", &theirs, &write).await.expect(404);
    forget(&house, "mara", &theirs, &write).await.expect(400);
    for tokens in [&tokens, &of_other] {
        photos.userinfo(&tokens.access_token()).await.expect(200);
    }

    forget(&house, &friend, &theirs, &write).await.expect(204);
    forget(&house, &friend, &theirs, &write).await.expect(404);
    photos.userinfo(&tokens.access_token()).await.expect(401);
    photos.userinfo(&of_other.access_token()).await.expect(200);
    assert!(!browser.open("/account").await.text().contains("mara@example.net"));
    assert_eq!(person(&house, "friend", &read).await["browsers"], json!([]));
    let (_, log, _) = command(&house, &["audit", "--json", "--what", "browser_forgotten"]);
    let event: Value = serde_json::from_str(log.trim()).expect("one event");
    assert!(event["by"].as_str().unwrap().starts_with("api-token-"), "{event}");
    assert_eq!((&event["account"], &event["target"]), (&json!(friend), &json!(theirs)));
    house.sign_in("friend", &photos).await;
}

/// An owner's way in while Plex does not answer is not ended by whoever may end what people hold.
#[tokio::test]
async fn passkeys_take_scopes_of_their_own_and_survive_everything_else() {
    let house = setup().start().await;
    house.sign_in("owner", &house.relying_party("photos")).await;
    let (owner, id) = (subject(&house, "owner"), has_passkey(&house, "owner").await);
    let is_own = |scope: &ApiScope| matches!(scope, ApiScope::PasskeysRead | ApiScope::PasskeysRemove);
    let weak: Vec<_> = ApiScope::ALL.into_iter().filter(|scope| !is_own(scope)).collect();
    let (weak, read) = (token(&house, &weak), token(&house, &[ApiScope::PasskeysRead]));
    let remove = token(&house, &[ApiScope::PasskeysRemove]);
    let path = format!("/passkeys/{id}");
    for (method, path, token) in [
        (Method::GET, "/passkeys", &weak),
        (Method::GET, "/passkeys", &remove),
        (Method::DELETE, &path, &weak),
        (Method::DELETE, &path, &read),
    ] {
        let answer = ask(&house, method, path, token).await.expect(403);
        assert_eq!(problem(&answer).0, "insufficient_scope");
    }
    let person = ask(&house, Method::GET, &format!("/people/{owner}"), &weak).await.expect(200);
    assert!(!person.body.contains("the key on my ring"), "{}", person.body);
    let browser = person.json()["browsers"][0]["id"].as_str().unwrap().to_owned();
    // In the browser that is forgotten, as a thief of such a token would wish.
    house.sql("UPDATE passkeys SET browser_id = (SELECT id FROM browsers)");
    forget(&house, &owner, &browser, &weak).await.expect(204);
    ask(&house, Method::POST, &format!("/people/{owner}/end"), &weak).await.expect(204);

    let listed = ask(&house, Method::GET, "/passkeys", &read).await.expect(200);
    let expected = json!([{
        "id": id, "account": owner, "name": "the key on my ring", "added": house.now().rfc3339(), "last_used": null,
    }]);
    assert_eq!(listed.json()["passkeys"], expected, "and nothing that it is checked with");
    for odd in ["00000000", "x", "0BADCAFE", "%30badcafe2"] {
        let answer = ask(&house, Method::DELETE, &format!("/passkeys/{odd}"), &remove).await.expect(404);
        assert_eq!(problem(&answer), ("not_there".to_owned(), Some("path id".to_owned())), "{odd}");
    }
    ask(&house, Method::DELETE, &path, &remove).await.expect(204);
    ask(&house, Method::DELETE, &path, &remove).await.expect(404);
    let (_, log, _) = command(&house, &["audit", "--json", "--what", "passkey_removed"]);
    let event: Value = serde_json::from_str(log.trim()).expect("one event");
    assert!(event["by"].as_str().unwrap().starts_with("api-token-"), "{event}");
    assert_eq!((&event["account"], &event["target"]), (&json!(owner), &json!(id)));
}

#[tokio::test]
async fn commands_say_of_people_and_requests_what_the_api_says() {
    let house = setup().group("name = \"film-club\"\nany = [\"mara@example.net\"]").start().await;
    for persona in ["friend", "friend-all", "owner"] {
        house.sign_in(persona, &house.relying_party("photos")).await;
    }
    let friend = subject(&house, "friend");
    assert_eq!(command(&house, &["token", "add", "--user", &friend, "--app", "notes"]).0, Exit::Done);
    assert_eq!(command(&house, &["person", "allow", &friend, "--app", "wiki"]).0, Exit::Done);
    allows_and_asks(&house, "friend").await;
    let read = token(&house, &[ApiScope::PeopleRead, ApiScope::RequestsRead]);
    let lines = |arguments: &[&str]| -> Vec<Value> {
        let (exit, out, err) = command(&house, arguments);
        assert_eq!(exit, Exit::Done, "{err}");
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let people = ask(&house, Method::GET, "/people", &read).await.expect(200).json()["people"].clone();
    assert_eq!(json!(lines(&["person", "list", "--json"])), people);
    assert_eq!(people.as_array().unwrap().len(), 3);
    for persona in ["friend", "owner"] {
        let shown = lines(&["person", "show", &subject(&house, persona), "--json"]);
        assert_eq!(shown, [person(&house, persona, &read).await]);
    }
    let requests = ask(&house, Method::GET, "/requests", &read).await.expect(200).json();
    assert_eq!(json!(lines(&["request", "list", "--json"])), requests["requests"]);
    assert_eq!(requests["total"], 1);
}
