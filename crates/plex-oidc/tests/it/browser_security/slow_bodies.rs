//! Whoever acts has to be who they are when their request has arrived, however slowly its body comes: else a stolen session would
//! act once more after it was ended.

use std::convert::Infallible;

use axum::body::{Body, to_bytes};
use futures_util::stream;
use http::Request;
use plex_oidc_core::api::ApiTokenId;
use plex_oidc_core::id::{AccountId, PlexAccountId};

use crate::admin::command;
use crate::support::{Browser, House, Setup, post_form, with_lounge};

/// The same request, whose body comes when something has happened.
async fn after(happened: impl Future<Output = ()> + Send + 'static, request: Request<Body>) -> Request<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let late = stream::once(async move {
        happened.await;
        Ok::<_, Infallible>(body)
    });
    Request::from_parts(parts, Body::from_stream(late))
}

/// Ends everything of a persona.
fn ends(house: &House, persona: &str) -> impl Future<Output = ()> + Send + 'static {
    let (app, account) =
        (house.app().clone(), AccountId::Plex(PlexAccountId(house.plex.account_id(persona))));
    async move {
        let ended = app.store.end_all_sessions(account, app.clock.now()).await.unwrap();
        assert!(ended.sessions > 0);
    }
}

async fn signed_in(house: &House, page: &str, persona: &str) -> (Browser, String) {
    let mut browser = house.browser();
    let asked = browser.open(page).await.expect(200);
    let shown = browser.approve_and_finish(&asked, persona).await.expect(200);
    let csrf =
        shown.body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    (browser, csrf)
}

#[tokio::test]
async fn rt_a_session_that_ends_while_its_form_arrives_does_nothing_more() {
    let house = with_lounge().start().await;
    let (mut thief, csrf) = signed_in(&house, "/account", "friend").await;
    let form = post_form("/account/tokens", &[("csrf", &csrf), ("name", "x"), ("app", "lounge")]);
    thief.send_own(after(ends(&house, "friend"), form).await).await.expect(403);
}

#[tokio::test]
async fn rt_a_host_whose_session_ends_while_their_form_arrives_changes_nothing() {
    let house = Setup::default().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let friend = format!("plex-{}", house.plex.account_id("friend"));
    let (mut thief, csrf) = signed_in(&house, "/admin", "owner").await;
    let fields = [("csrf", csrf.as_str()), ("account", &friend), ("mark", "block")];
    let form = post_form("/admin/people/mark", &fields);
    thief.send_own(after(ends(&house, "owner"), form).await).await.expect(403);
    let (_, marks, _) = command(&house, &["person", "list", "--said"]);
    assert!(!marks.contains(&friend), "{marks}");
    // The same form at once is what blocks.
    let (mut host, csrf) = signed_in(&house, "/admin", "owner").await;
    let fields = [("csrf", csrf.as_str()), ("account", &friend), ("mark", "block")];
    host.send_own(post_form("/admin/people/mark", &fields)).await.expect(303);
    assert!(command(&house, &["person", "list", "--said"]).1.contains(&friend));
}

#[tokio::test]
async fn rt_a_token_of_the_api_that_is_revoked_while_a_body_arrives_does_nothing_more() {
    let house = Setup::default().start().await;
    let made = ["api-token", "add", "--name", "x", "--scope", "requests:write"];
    let token = command(&house, &made).1.trim().to_owned();
    let listed = command(&house, &["api-token", "list"]).1;
    let id = ApiTokenId::parse(listed.lines().nth(1).unwrap().split_whitespace().next().unwrap()).unwrap();
    let path = "/api/v1/requests/plex-1/wiki/answer";
    let request = || {
        let request = Request::post(path).header("authorization", format!("Bearer {token}"));
        request
            .header("content-type", "application/json")
            .body(Body::from(r#"{"answer":"declined"}"#))
            .unwrap()
    };
    house.door.send(request()).await.expect(404);
    let app = house.app().clone();
    let revoked = async move { assert!(app.store.revoke_api_token(id).await.unwrap()) };
    house.door.send(after(revoked, request()).await).await.expect(401);
}
