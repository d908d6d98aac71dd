//! Back-channel logout: what clients are told, when, and how often.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use futures_util::future::{join_all, pending};
use http::{HeaderMap, Method, StatusCode, Uri};
use plex_oidc::flow::tell;
use plex_oidc_core::time::Seconds;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{BYE, end_session, silently, with_ways_back};
use crate::support::{Browser, House, ISSUER, Setup, Tokens};

/// Longer than any message on one machine takes.
const LONG: Duration = Duration::from_secs(20);

/// What an application's server was sent.
#[derive(Debug)]
struct Posted {
    method: Method,
    address: String,
    headers: HeaderMap,
    body: String,
}

impl Posted {
    fn token(&self) -> &str {
        assert_eq!((&self.method, &*self.address), (&Method::POST, "/bye?app=1"), "the registered constant");
        assert_eq!(self.headers["content-type"], "application/x-www-form-urlencoded");
        self.body.strip_prefix("logout_token=").unwrap()
    }
}

/// The server of an application that wants to be told.
struct Told {
    address: String,
    posted: mpsc::UnboundedReceiver<Posted>,
    /// What it answers: its last word stays. Nothing means that it never answers.
    answers: Arc<Mutex<Vec<Option<StatusCode>>>>,
}

impl Told {
    async fn answering(answers: &[Option<StatusCode>]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/bye?app=1", listener.local_addr().unwrap());
        let answers = Arc::new(Mutex::new(answers.to_vec()));
        let (sender, posted) = mpsc::unbounded_channel();
        let router = Router::new().fallback(take).with_state((sender, Arc::clone(&answers)));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, posted, answers }
    }

    async fn new() -> Self {
        Self::answering(&[Some(StatusCode::OK)]).await
    }

    /// The lines of its client.
    fn lines(&self) -> String {
        format!("backchannel_logout_uri = \"{}\"\nbackchannel_logout_session_required = true", self.address)
    }

    /// What it was sent so far.
    fn so_far(&mut self) -> Vec<Posted> {
        std::iter::from_fn(|| self.posted.try_recv().ok()).collect()
    }

    /// The next thing it is sent.
    async fn next(&mut self) -> Posted {
        tokio::time::timeout(LONG, self.posted.recv()).await.expect("something is sent").unwrap()
    }
}

type Taking = (mpsc::UnboundedSender<Posted>, Arc<Mutex<Vec<Option<StatusCode>>>>);

async fn take(
    State((sender, answers)): State<Taking>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1]) {
    let body = String::from_utf8(body.to_vec()).unwrap();
    sender.send(Posted { method, address: uri.to_string(), headers, body }).unwrap();
    let answer = {
        let mut answers = answers.lock().unwrap();
        if answers.len() > 1 { answers.remove(0) } else { answers[0] }
    };
    match answer {
        Some(status) => (status, [("location", "/elsewhere")]),
        None => pending().await,
    }
}

/// One look at the queue, and all that is due.
async fn tell_all(house: &House) -> usize {
    let due = tell::take_due(house.app(), 100).await;
    let count = due.len();
    join_all(due.into_iter().map(|notice| tell::deliver(house.app(), notice))).await;
    count
}

async fn sign_out(browser: &mut Browser, answer: &str) {
    let page = browser.open("/sign-out").await;
    browser.post(&page, "/sign-out", &[("answer", answer)]).await.expect(200);
}

fn claim(tokens: &Tokens, name: &str) -> Value {
    use base64::Engine as _;
    let token = tokens.id_token();
    let payload = token.split('.').nth(1).unwrap();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap();
    serde_json::from_slice::<Value>(&payload).unwrap()[name].clone()
}

#[tokio::test]
async fn req_119_121_every_client_of_the_session_is_told_by_its_own_token() {
    let (mut photos_server, mut wiki_server) = (Told::new().await, Told::new().await);
    let house = with_ways_back()
        .client("photos", &photos_server.lines())
        .client("wiki", &format!("{}\nsigning_algorithm = \"ES256\"", wiki_server.lines()))
        .start()
        .await;
    let (photos, wiki) = (house.relying_party("photos"), house.relying_party("wiki"));
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    for client in [&wiki, &house.relying_party("legacy"), &photos] {
        let asked = client.authorization();
        let landing = browser.get(&asked.url()).await.leaves();
        client.tokens(&asked, &landing).await;
    }
    assert_eq!(tell_all(&house).await, 0);
    let id_token = tokens.id_token();
    let asked = [("id_token_hint", &*id_token), ("post_logout_redirect_uri", BYE), ("state", "x")];
    let location = browser.get(&end_session(&asked)).await.expect(303);
    assert_eq!(location.location(), Some(&*format!("{BYE}&state=x")));
    assert_eq!(tell_all(&house).await, 2);

    for (client, server, algorithm) in
        [(&photos, &mut photos_server, "RS256"), (&wiki, &mut wiki_server, "ES256")]
    {
        let posted = server.so_far();
        assert_eq!(posted.len(), 1, "once, however many grants there were");
        let header = jsonwebtoken::decode_header(posted[0].token()).unwrap();
        assert_eq!(header.typ.as_deref(), Some("logout+jwt"));
        let mut claims = client.id_claims(posted[0].token()).await;
        let names: Vec<&str> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["aud", "events", "exp", "iat", "iss", "jti", "sid", "sub"], "and no nonce");
        assert!(claims["jti"].take().as_str().is_some_and(|jti| jti.len() >= 32));
        let now = house.now().0;
        let expected = json!({
            "iss": ISSUER, "aud": client.id, "sub": "plex-48151001", "sid": claim(&tokens, "sid"), "jti": null,
            "iat": now, "exp": now + 120, "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        assert_eq!(claims, expected);
        assert_eq!(header.alg, algorithm.parse().unwrap());
    }
    assert_eq!(silently(&mut browser, &photos).await.as_deref(), Some("login_required"));
    house.pass(Seconds::hours(1));
    assert_eq!(tell_all(&house).await, 0, "told is told");
}

#[tokio::test]
async fn req_110_a_logout_token_is_good_for_nothing_here() {
    let mut server = Told::new().await;
    let house = with_ways_back().client("photos", &server.lines()).start().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    sign_out(&mut browser, "sign-out").await;
    tell_all(&house).await;
    let token = server.next().await.token().to_owned();
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    let page =
        browser.open(&end_session(&[("id_token_hint", &token), ("post_logout_redirect_uri", BYE)])).await;
    assert!(page.stays() && page.heading() == "Sign out?", "{page:?}");
    photos.userinfo(&token).await.expect(401);
    photos.refresh(&token).await.expect(400);
}

#[tokio::test]
async fn req_119_each_way_to_end_a_session_tells_of_that_session() {
    let mut server = Told::new().await;
    let house = Setup::default().client("photos", &server.lines()).start().await;
    let photos = house.relying_party("photos");
    let told = async |server: &mut Told| -> Vec<Value> {
        tell_all(&house).await;
        let mut sids = Vec::new();
        for posted in server.so_far() {
            sids.push(photos.id_claims(posted.token()).await["sid"].clone());
        }
        sids.sort_by_key(ToString::to_string);
        sids
    };
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    sign_out(&mut browser, "stay").await;
    assert!(told(&mut server).await.is_empty());
    sign_out(&mut browser, "sign-out").await;
    assert_eq!(told(&mut server).await, [claim(&tokens, "sid")]);

    // Everywhere: each of this person's, and nobody else's.
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let (_, elsewhere) = house.sign_in("friend", &photos).await;
    let (mut owner, of_owner) = house.sign_in("owner", &photos).await;
    sign_out(&mut browser, "everywhere").await;
    let mut expected = [claim(&tokens, "sid"), claim(&elsewhere, "sid")];
    expected.sort_by_key(ToString::to_string);
    assert_eq!(told(&mut server).await, expected);

    // Somebody else takes the browser over.
    let choose = photos.authorization().with("prompt", "login");
    let page = owner.open(&choose.url()).await.expect(200);
    owner.approve_and_finish(&page, "home").await.leaves();
    assert_eq!(told(&mut server).await, [claim(&of_owner, "sid")]);
}

#[tokio::test]
async fn req_120_three_tries_with_pauses_and_no_redirect_is_followed() {
    for refusal in
        [StatusCode::FOUND, StatusCode::BAD_REQUEST, StatusCode::SERVICE_UNAVAILABLE, StatusCode::CREATED]
    {
        let mut server = Told::answering(&[Some(refusal)]).await;
        let house = Setup::default().client("photos", &server.lines()).start().await;
        let (mut browser, _) = house.sign_in("friend", &house.relying_party("photos")).await;
        sign_out(&mut browser, "sign-out").await;
        let mut tokens = Vec::new();
        for pause in [0, 30, 300] {
            assert_eq!(tell_all(&house).await, usize::from(pause == 0), "not early");
            house.pass(Seconds(pause));
            assert_eq!(tell_all(&house).await, usize::from(pause != 0));
            let posted = server.so_far();
            assert_eq!(posted.len(), 1, "{refusal}: no redirect is followed");
            tokens.push(posted[0].token().to_owned());
        }
        tokens.dedup();
        assert_eq!(tokens.len(), 3, "a new token each time");
        house.pass(Seconds::days(1));
        assert_eq!((tell_all(&house).await, server.so_far().len()), (0, 0), "then we give up");
    }
}

#[tokio::test]
async fn req_120_a_client_that_was_down_is_told_later_and_then_no_more() {
    let answers = [Some(StatusCode::SERVICE_UNAVAILABLE), Some(StatusCode::NO_CONTENT)];
    let mut server = Told::answering(&answers).await;
    let house = Setup::default().client("photos", &server.lines()).start().await;
    let (mut browser, _) = house.sign_in("friend", &house.relying_party("photos")).await;
    sign_out(&mut browser, "sign-out").await;
    tell_all(&house).await;
    house.pass(Seconds(30));
    tell_all(&house).await;
    house.pass(Seconds::days(1));
    tell_all(&house).await;
    assert_eq!(server.so_far().len(), 2);
}

#[tokio::test]
async fn req_120_what_was_not_told_is_told_after_a_restart() {
    let mut server = Told::new().await;
    let mut house = Setup::default().client("photos", &server.lines()).start().await;
    let photos = house.relying_party("photos");
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    sign_out(&mut browser, "sign-out").await;
    house.restart().await;
    // This process dies in the middle of its try.
    assert_eq!(tell::take_due(house.app(), 100).await.len(), 1);
    house.restart().await;
    house.pass(Seconds(30));
    assert_eq!((tell_all(&house).await, server.so_far().len()), (1, 1));

    // Whoever was taken out of the configuration in between is not told.
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    sign_out(&mut browser, "sign-out").await;
    house.restart_with(|setup| setup.without_client("photos")).await;
    assert_eq!((tell_all(&house).await, tell_all(&house).await), (1, 0));
    assert!(server.so_far().is_empty());
}

#[tokio::test]
async fn req_120_a_silent_client_holds_up_neither_the_visitor_nor_other_clients() {
    let (mut silent, mut quick) = (Told::answering(&[None]).await, Told::new().await);
    let house =
        Setup::default().client("photos", &silent.lines()).client("wiki", &quick.lines()).start().await;
    house.listen().await;
    let (photos, wiki) = (house.relying_party("photos"), house.relying_party("wiki"));
    let (mut browser, _) = house.sign_in("friend", &photos).await;
    let asked = wiki.authorization();
    let landing = browser.get(&asked.url()).await.leaves();
    wiki.tokens(&asked, &landing).await;
    let page = browser.open("/sign-out").await;
    let start = Instant::now();
    browser.post(&page, "/sign-out", &[("answer", "sign-out")]).await.expect(200);
    // Less than the five seconds for which the silent one is waited for, by so much that a busy machine does not matter.
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    // The task of the program tells both by itself, and at once.
    quick.next().await.token();
    silent.next().await.token();
    // While the silent one says nothing, others sign out and are told.
    let (mut other, _) = house.sign_in("owner", &wiki).await;
    sign_out(&mut other, "sign-out").await;
    quick.next().await.token();
    silent.answers.lock().unwrap()[0] = Some(StatusCode::OK);
    house.stop.send_replace(true);
}

#[tokio::test]
async fn req_160_an_address_that_is_not_to_be_called_is_not() {
    let mut server = Told::new().await;
    let house = Setup::default()
        .set("outbound", "private_addresses = []")
        .client("photos", &server.lines())
        .start()
        .await;
    let (mut browser, _) = house.sign_in("friend", &house.relying_party("photos")).await;
    sign_out(&mut browser, "sign-out").await;
    assert_eq!((tell_all(&house).await, server.so_far().len()), (1, 0));
}

#[tokio::test]
async fn req_119_clients_that_know_people_by_names_of_their_own_cannot_compare_sessions() {
    let mut server = Told::new().await;
    let house = with_ways_back()
        .client("photos", &format!("{}\nsubject_type = \"pairwise\"", server.lines()))
        .client("wiki", "subject_type = \"pairwise\"")
        .start()
        .await;
    let (photos, wiki) = (house.relying_party("photos"), house.relying_party("wiki"));
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let mut sids = vec![claim(&tokens, "sid")];
    for client in [&wiki, &house.relying_party("legacy")] {
        let asked = client.authorization();
        let landing = browser.get(&asked.url()).await.leaves();
        sids.push(claim(&client.tokens(&asked, &landing).await, "sid"));
    }
    assert!(sids[0] != sids[1] && sids[1] != sids[2] && sids[0] != sids[2], "{sids:?}");
    let answer = photos.introspect(&tokens.access_token()).await.expect(200).json();
    assert_eq!((&answer["sid"], &answer["sub"]), (&sids[0], &claim(&tokens, "sub")));

    // Its hint is still one of the session that is here, and it is told under the name that it knows.
    let id_token = tokens.id_token();
    let asked = [("id_token_hint", &*id_token), ("post_logout_redirect_uri", BYE)];
    assert_eq!(browser.get(&end_session(&asked)).await.expect(303).location(), Some(BYE));
    assert_eq!(silently(&mut browser, &photos).await.as_deref(), Some("login_required"));
    assert_eq!(tell_all(&house).await, 1);
    let told = photos.id_claims(server.next().await.token()).await;
    assert_eq!((&told["sid"], &told["sub"]), (&sids[0], &claim(&tokens, "sub")));
}

#[tokio::test]
async fn i_06_whoever_is_not_shared_with_any_more_loses_everything_and_clients_are_told() {
    let mut server = Told::new().await;
    let house = Setup::default().client("photos", &server.lines()).start().await;
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    house.plex.world().unshare("friend").unwrap();
    let mut again = house.browser();
    let page = again.open(&photos.authorization().url()).await;
    again.approve_and_finish(&page, "friend").await.expect(403);
    assert_eq!(tell_all(&house).await, 1);
    assert_eq!(photos.id_claims(server.next().await.token()).await["sid"], claim(&tokens, "sid"));

    // Shared again, they sign in anew: what was ended stays ended.
    house.plex.world().share("friend", plextv_emulator::MAIN_SERVER).unwrap();
    house.sign_in("friend", &photos).await;
    photos.userinfo(&tokens.access_token()).await.expect(401);
}
