//! The API of the host's programs: who may ask for what, what is answered, and that no other token or cookie counts there.

use axum::body::Body;
use http::{Method, Request};
use plex_oidc::cli::Exit;
use plex_oidc::web::api::operations::{BASE, Described, Operation};
use plex_oidc_core::api::ApiScope;
use plex_oidc_core::gateway::Family;
use plex_oidc_core::time::Seconds;
use serde_json::{Value, json};

use crate::admin::command;
use crate::support::{Answer, House, PROXY_NETWORK, Setup, Visit, get};

mod document;
mod guide;
mod people;
mod schemas;

fn setup() -> Setup {
    Setup::default()
        .set("", &format!("trusted_proxies = [\"{PROXY_NETWORK}\"]"))
        .client("wiki", r#"allow = ["plex-owner"]"#)
        .app("name = \"notes\"\nhost = \"notes.example.org\"")
}

/// Makes a token by command, as the host does.
fn token(house: &House, scopes: &[ApiScope]) -> String {
    let mut arguments = vec!["api-token", "add", "--name", "the panel"];
    for scope in scopes {
        arguments.extend(["--scope", scope.as_str()]);
    }
    let (exit, out, err) = command(house, &arguments);
    assert_eq!(exit, Exit::Done, "{err}");
    out.trim().to_owned()
}

fn request(method: &Method, path: &str, token: Option<&str>, body: Option<&Value>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(format!("{BASE}{path}"));
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    match body {
        Some(body) => {
            request.header("content-type", "application/json").body(Body::from(body.to_string())).unwrap()
        }
        None => request.body(Body::empty()).unwrap(),
    }
}

async fn ask(house: &House, method: Method, path: &str, token: &str) -> Answer {
    house.door.send(request(&method, path, Some(token), None)).await
}

fn subject(house: &House, persona: &str) -> String {
    format!("plex-{}", house.plex.account_id(persona))
}

fn problem(answer: &Answer) -> (String, Option<String>) {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let body = answer.json();
    assert_eq!(body["status"], answer.status);
    (body["code"].as_str().unwrap().to_owned(), body["where"].as_str().map(str::to_owned))
}

/// A path of each operation, with something in the place of names.
fn filled(path: &str, account: &str) -> String {
    path.replace("{account}", account).replace(['{', '}'], "")
}

#[tokio::test]
async fn without_a_token_nothing_is_told_not_even_what_there_is() {
    let house = setup().start().await;
    let mut browser = house.browser();
    let page = browser.open("/admin").await.expect(200);
    browser.approve_and_finish(&page, "owner").await.expect(200);
    let account = subject(&house, "owner");
    let mut answers = Vec::new();
    for operation in Operation::ALL {
        let Described { method, path, .. } = operation.described();
        // With the cookie of the very host.
        answers.push(browser.send(request(&method, &filled(path, &account), None, None)).await);
    }
    for (method, path) in
        [(Method::GET, "/nothing"), (Method::PATCH, "/people"), (Method::OPTIONS, "/people")]
    {
        answers.push(browser.send(request(&method, path, None, None)).await);
    }
    for answer in answers {
        assert_eq!(answer.status, 401, "{}", answer.url);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"plex-oidc\""));
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert!(answer.set_cookies().is_empty());
        assert_eq!(problem(&answer).0, "no_token");
    }
    browser.open("/admin").await.expect(200);
}

#[tokio::test]
async fn each_operation_takes_its_own_scope_and_no_other() {
    let house = setup().start().await;
    let account = subject(&house, "friend");
    let (all, none) = (token(&house, &ApiScope::ALL), token(&house, &[ApiScope::HealthRead]));
    for operation in Operation::ALL {
        let Described { method, path, scope, .. } = operation.described();
        let Some(scope) = scope else { continue };
        let path = filled(path, &account);
        let others: Vec<_> = ApiScope::ALL.into_iter().filter(|other| *other != scope).collect();
        let others = token(&house, &others);
        let answer = ask(&house, method.clone(), &path, &others).await;
        assert_eq!((answer.status, problem(&answer).0.as_str()), (403, "insufficient_scope"), "{path}");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.ends_with(&format!("error=\"insufficient_scope\", scope=\"{}\"", scope.as_str())));
        let alone = ask(&house, method.clone(), &path, &token(&house, &[scope])).await;
        assert_ne!(alone.status, 403, "{path}");
        assert_ne!(alone.status, 401, "{path}");
    }
    ask(&house, Method::GET, "/health", &none).await.expect(200);
    ask(&house, Method::GET, "/nothing", &none).await.expect(404);
    assert_eq!(ask(&house, Method::PATCH, "/people", &all).await.expect(405).header("allow"), Some("GET"));
}

#[tokio::test]
async fn no_token_stands_for_another() {
    let house = setup().start().await;
    let proxy = house.proxy(Family::ForwardAuth);
    let mut visitor = house.visitor();
    visitor.sign_in(&proxy, "https://notes.example.org/", "owner").await;
    let (_, tokens) = house.sign_in("owner", &house.relying_party("photos")).await;
    let api = token(&house, &ApiScope::ALL);
    let (exit, app_token, _) =
        command(&house, &["token", "add", "--user", &subject(&house, "owner"), "--app", "notes"]);
    assert_eq!(exit, Exit::Done);
    let renamed = app_token.trim().replacen("pot_", "poz_", 1);
    let mut wrong = vec![app_token.trim().to_owned(), renamed, tokens.access_token(), tokens.id_token()];
    wrong.extend([
        format!("{api}A"),
        api.to_uppercase(),
        api[..api.len() - 1].to_owned(),
        String::new(),
        "*".into(),
    ]);
    for wrong in wrong {
        let answer = ask(&house, Method::GET, "/health", &wrong).await.expect(401);
        let challenge = answer.header("www-authenticate").unwrap().to_owned();
        assert!(challenge.ends_with("error=\"invalid_token\""), "{challenge}");
    }
    // In the address it is a parameter that nobody knows, and no token.
    house.door.get(&format!("{BASE}/health?access_token={api}")).await.expect(401);
    let two = Request::get(format!("{BASE}/health"))
        .header("authorization", format!("Bearer {api}"))
        .header("authorization", format!("Bearer {api}"));
    assert_eq!(problem(&house.door.send(two.body(Body::empty()).unwrap()).await.expect(400)).0, "bad_header");
    // And a token of the API is none anywhere else, nor is it handed on.
    let visit =
        Visit::bare("GET", "https://notes.example.org/").with("authorization", &format!("Bearer {api}"));
    visitor.ask(&proxy, &visit).await.expect(401); // also beside the cookie of somebody who may
    let mut userinfo = get("/userinfo");
    userinfo.headers_mut().insert("authorization", format!("Bearer {api}").parse().unwrap());
    house.door.send(userinfo).await.expect(401);
    ask(&house, Method::GET, "/health", &api).await.expect(200);
}

#[tokio::test]
async fn a_token_ends_by_command_by_time_and_by_itself() {
    let house = setup().start().await;
    let first = token(&house, &[ApiScope::TokensRead, ApiScope::TokensRevoke]);
    let second = token(&house, &[ApiScope::HealthRead]);
    let own = ask(&house, Method::GET, "/token", &second).await.expect(200).json();
    let listed = ask(&house, Method::GET, "/api-tokens", &first).await.expect(200);
    assert!(listed.body.contains(own["id"].as_str().unwrap()));
    assert!(!listed.body.contains(&second) && !listed.body.contains("hash"), "{}", listed.body);
    let path = format!("/api-tokens/{}", own["id"].as_str().unwrap());
    ask(&house, Method::DELETE, &path, &second).await.expect(403);
    ask(&house, Method::DELETE, &path, &first).await.expect(204);
    assert_eq!(problem(&ask(&house, Method::DELETE, &path, &first).await.expect(404)).0, "not_there");
    ask(&house, Method::GET, "/health", &second).await.expect(401);

    let third = token(&house, &[ApiScope::HealthRead]);
    ask(&house, Method::DELETE, "/token", &third).await.expect(204);
    ask(&house, Method::GET, "/token", &third).await.expect(401);

    let (_, out, _) = command(&house, &["api-token", "list"]);
    let id = out.lines().nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    assert!(out.contains("the panel") && out.contains("api-tokens:read api-tokens:revoke"), "{out}");
    let fourth = token(&house, &[ApiScope::HealthRead]);
    assert_eq!(command(&house, &["api-token", "revoke", &id]).0, Exit::Done);
    assert_eq!(command(&house, &["api-token", "revoke", &id]).0, Exit::Failed);
    ask(&house, Method::GET, "/api-tokens", &first).await.expect(401);
    house.pass(Seconds::days(364));
    ask(&house, Method::GET, "/health", &fourth).await.expect(200);
    house.pass(Seconds::days(1));
    ask(&house, Method::GET, "/health", &fourth).await.expect(401);
    for wrong in [
        &["--scope", "people:*"][..],
        &["--scope", "people"],
        &[],
        &["--scope", "people:read", "--expires", "0d"],
    ] {
        let arguments: Vec<_> = ["api-token", "add", "--name", "x"].iter().chain(wrong).copied().collect();
        assert_eq!(command(&house, &arguments).0, Exit::Usage, "{wrong:?}");
    }
    let (_, log, _) = command(&house, &["audit", "--json"]);
    assert!(
        log.contains("\"api_token_made\",\"by\":\"command-line\"") && log.contains("the panel: health:read")
    );
    assert!(
        log.contains("\"api_token_ended\",\"by\":\"api-token-")
            && log.contains("\"api_token_ended\",\"by\":\"command-line\"")
    );
    assert!(!log.contains("poz_"), "no secret in it");
}

#[tokio::test]
async fn a_person_is_blocked_and_everything_ends_and_an_owner_stays() {
    let house = setup().start().await;
    let (mut browser, tokens) = house.sign_in("friend", &house.relying_party("photos")).await;
    house.sign_in("owner", &house.relying_party("photos")).await;
    let (friend, owner) = (subject(&house, "friend"), subject(&house, "owner"));
    let write = token(&house, &[ApiScope::PeopleRead, ApiScope::PeopleWrite, ApiScope::AuditRead]);
    let person = ask(&house, Method::GET, &format!("/people/{friend}"), &write).await.expect(200).json();
    let sid = person["sessions"][0]["sid"].as_str().unwrap().to_owned();
    ask(&house, Method::DELETE, &format!("/people/{owner}/sessions/{sid}"), &write).await.expect(404);
    ask(&house, Method::DELETE, &format!("/people/{friend}/sessions/{sid}"), &write).await.expect(204);
    let answer = browser.open("/account").await;
    assert!(!answer.text().contains("mara@example.net"), "signed out");
    let answer = ask(&house, Method::PUT, &format!("/people/{owner}/block"), &write).await.expect(409);
    assert_eq!(problem(&answer).0, "owner_stays");
    let (_, tokens2) = house.sign_in("friend", &house.relying_party("photos")).await;
    for _ in 0..2 {
        ask(&house, Method::PUT, &format!("/people/{friend}/block"), &write).await.expect(204);
    }
    for tokens in [tokens, tokens2] {
        let mut userinfo = get("/userinfo");
        let header = format!("Bearer {}", tokens.access_token()).parse().unwrap();
        userinfo.headers_mut().insert("authorization", header);
        house.door.send(userinfo).await.expect(401);
    }
    let found = ask(&house, Method::GET, "/people?q=mara", &write).await.expect(200).json();
    assert_eq!((&found["total"], &found["people"][0]["blocked"]), (&json!(1), &json!(true)));
    ask(&house, Method::DELETE, &format!("/people/{friend}/block"), &write).await.expect(204);
    ask(&house, Method::POST, &format!("/people/{friend}/end"), &write).await.expect(204);
    for (path, place) in [
        ("/people/plex-999999999/block".to_owned(), "path account"),
        (format!("/people/{friend}/opened/nothing"), "path app"),
    ] {
        let answer = ask(&house, Method::PUT, &path, &write).await.expect(404);
        assert_eq!(problem(&answer), ("not_there".to_owned(), Some(place.to_owned())));
    }
    ask(&house, Method::PUT, "/people/mara/block", &write).await.expect(400);
    ask(&house, Method::PUT, &format!("/people/{friend}/opened/wiki"), &write).await.expect(204);
    let person = ask(&house, Method::GET, &format!("/people/{friend}"), &write).await.expect(200).json();
    let wiki = person["apps"].as_array().unwrap().iter().find(|app| app["id"] == "wiki").unwrap();
    assert_eq!((&wiki["may"], &wiki["why"]), (&json!(true), &json!("the host opened it to them")));
    let log =
        ask(&house, Method::GET, &format!("/audit?account={friend}&what=person_marked"), &write).await.json();
    let events = log["events"].as_array().unwrap();
    assert!(
        events.len() == 4
            && events.iter().all(|event| event["by"].as_str().unwrap().starts_with("api-token-"))
    );
}

#[tokio::test]
async fn what_is_not_understood_is_refused_with_its_place() {
    let house = setup().start().await;
    let all = token(&house, &ApiScope::ALL);
    for (path, code, place) in [
        ("/people?pgae=2", "unknown_parameter", "query pgae"),
        ("/people?page=1&page=2", "unknown_parameter", "query page"),
        ("/people?page=0", "bad_parameter", "query page"),
        ("/people?per_page=201", "bad_parameter", "query per_page"),
        ("/audit?since=yesterday", "bad_parameter", "query since"),
        ("/audit?what=everything", "bad_parameter", "query what"),
        ("/audit?account=robin", "bad_parameter", "query account"),
        ("/keys?x=1", "unknown_parameter", "query x"),
    ] {
        let answer = ask(&house, Method::GET, path, &all).await.expect(400);
        assert_eq!(problem(&answer), (code.to_owned(), Some(place.to_owned())), "{path}");
    }
    let path = format!("/requests/{}/wiki/answer", subject(&house, "friend"));
    let post = |body: Value| request(&Method::POST, &path, Some(&all), Some(&body));
    for (body, says) in [
        (json!({"answer": "opened", "sayd": "x"}), "unknown field `sayd`"),
        (json!({"said": "x"}), "missing field `answer`"),
        (json!({"answer": 1}), "invalid type"),
        (json!({"answer": "yes"}), "one of opened, named, shared, approved, declined"),
        (json!([]), "invalid"),
    ] {
        let answer = house.door.send(post(body)).await.expect(400);
        assert_eq!(problem(&answer).0, "bad_body");
        assert!(answer.json()["detail"].as_str().unwrap().contains(says), "{}", answer.body);
    }
    house.door.send(post(json!({"answer": "declined"}))).await.expect(404);
    house.door.send(post(json!({"answer": "declined", "said": "x".repeat(70_000)}))).await.expect(413);
    let mut form = post(json!({"answer": "declined"}));
    form.headers_mut().insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    assert_eq!(problem(&house.door.send(form).await.expect(415)).0, "wrong_media_type");
    let body = request(&Method::POST, "/keys/rotate", Some(&all), Some(&json!({})));
    assert_eq!(problem(&house.door.send(body).await.expect(400)).0, "unexpected_body");
}
