//! The hand-over from our host to an application's: once, within 30 seconds, to this application in this browser.

use plex_oidc_core::gateway::Family;
use plex_oidc_core::time::Seconds;

use super::*;
use crate::support::{FAMILIES, Landing, Proxy, Visit, Visitor, get, redirected};

const CALLBACK: &str = "/.plex-oidc/callback";

/// Somebody on the way: signed in at our host, with the address of the callback in hand.
async fn on_the_way(house: &House, family: Family) -> (Proxy, Visitor, Landing) {
    let (proxy, mut visitor) = (house.proxy(family), house.visitor());
    let landing = visitor.hand_over(&proxy, &format!("{WIKI}/page"), "friend").await;
    assert!(landing.url.as_str().starts_with(&format!("{WIKI}{CALLBACK}?")), "{}", landing.url);
    (proxy, visitor, landing)
}

/// A callback that lets nobody in: no session, no way on.
#[track_caller]
fn keeps_out(answer: &Answer) {
    assert!([400, 403].contains(&answer.status), "{answer:?}");
    assert!(answer.set_cookies().is_empty() && answer.location().is_none(), "{answer:?}");
    assert!(IDENTITY.iter().all(|name| answer.header(name).is_none()), "{answer:?}");
}

#[tokio::test]
async fn req_172_a_handover_is_good_once() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor, landing) = on_the_way(&house, family).await;
        visitor.come_in(&proxy, &landing).await.1.expect(200);
        let mut thief = visitor.clone();
        keeps_out(&thief.page(&proxy, landing.url.as_str()).await);
        passes_as(&visitor.page(&proxy, &format!("{WIKI}/")).await, &subject(&house, "friend"));
        // Later it is no double click: whatever came of that code ends.
        house.pass(Seconds(25));
        keeps_out(&thief.page(&proxy, landing.url.as_str()).await);
        redirected(family, &visitor.page(&proxy, &format!("{WIKI}/")).await);
    }
}

#[tokio::test]
async fn req_172_of_many_at_once_one_is_let_in() {
    let house = house().await;
    let (proxy, visitor, landing) = on_the_way(&house, Family::ForwardAuth).await;
    let tries = (0..16).map(|_| {
        let (proxy, mut visitor, url) = (proxy.clone(), visitor.clone(), landing.url.to_string());
        tokio::spawn(async move { visitor.page(&proxy, &url).await })
    });
    let mut let_in = 0;
    for answer in tries.collect::<Vec<_>>() {
        let answer = answer.await.unwrap();
        if answer.set_cookies().is_empty() { keeps_out(&answer) } else { let_in += 1 }
    }
    assert_eq!(let_in, 1);
}

#[tokio::test]
async fn rt_handover_expired() {
    let house = house().await;
    for (seconds, good) in [(29, true), (31, false)] {
        let (proxy, mut visitor, landing) = on_the_way(&house, Family::ForwardAuth).await;
        house.pass(Seconds(seconds));
        let answer = visitor.page(&proxy, landing.url.as_str()).await;
        if good { drop(redirected(Family::ForwardAuth, &answer)) } else { keeps_out(&answer) }
    }
}

#[tokio::test]
async fn rt_handover_other_browser() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor, landing) = on_the_way(&house, family).await;
        let mut nobody = house.visitor();
        keeps_out(&nobody.page(&proxy, landing.url.as_str()).await);
        // One that is on its own way, and even signed in.
        let mut other = house.visitor();
        other.sent_to_us(&proxy, &format!("{WIKI}/")).await;
        keeps_out(&other.page(&proxy, landing.url.as_str()).await);
        other.sign_in(&proxy, &format!("{WIKI}/"), "home").await;
        keeps_out(&other.page(&proxy, landing.url.as_str()).await);
        passes_as(&other.page(&proxy, &format!("{WIKI}/")).await, &subject(&house, "home"));
        // Its owner is not hurt by that.
        visitor.come_in(&proxy, &landing).await.1.expect(200);
    }
}

#[tokio::test]
async fn rt_handover_login_csrf() {
    let house = house().await;
    let proxy = house.proxy(Family::ForwardAuth);
    // An attacker begins at the application, and has the victim finish: the code is for the attacker's start cookie.
    let mut attacker = house.visitor();
    let sent = attacker.page(&proxy, &format!("{WIKI}/")).await;
    let location = redirected(Family::ForwardAuth, &sent);
    let mut victim = house.visitor();
    victim.sign_in(&proxy, &format!("{NOTES}/"), "owner").await;
    let landing = victim.browser.open(&location).await.leaves();
    keeps_out(&victim.page(&proxy, landing.url.as_str()).await);
    // The other way round: the attacker's own code in the victim's browser.
    let landing = attacker.hand_over(&proxy, &format!("{WIKI}/"), "friend").await;
    keeps_out(&victim.page(&proxy, landing.url.as_str()).await);
    assert!(victim.cookies.of(host(WIKI)).is_empty());
}

#[tokio::test]
async fn rt_handover_bound_to_host_and_app() {
    let house = setup().app("name = \"mirror\"\nhost = \"wiki.example.org\"").start().await;
    for family in FAMILIES {
        for other in [NOTES, CALENDAR, VAULT, "https://other.example.org", "https://wiki.example.org:8443"] {
            let (proxy, mut visitor, landing) = on_the_way(&house, family).await;
            visitor.page(&proxy, &format!("{other}/")).await; // with a start of its own there
            let moved = landing.url.as_str().replace(WIKI, other);
            assert_ne!(moved, landing.url.as_str());
            let start = visitor.cookies.get(host(WIKI), START_COOKIE);
            keeps_out(&visitor.page(&proxy, &moved).await);
            let planted = Visit::page(&moved).with("cookie", &format!("{START_COOKIE}={start}"));
            keeps_out(&proxy.ask(&planted).await);
        }
        // Another application on the same host.
        let (proxy, mut visitor, landing) = on_the_way(&house, family).await;
        keeps_out(&visitor.page(&proxy.clone().naming("mirror"), landing.url.as_str()).await);
        visitor.come_in(&proxy, &landing).await.1.expect(200);
    }
}

#[tokio::test]
async fn rt_handover_altered() {
    let house = house().await;
    let (proxy, mut visitor, landing) = on_the_way(&house, Family::ForwardAuth).await;
    let base = format!("{WIKI}{CALLBACK}");
    let (code, state) = (landing.code().to_owned(), landing.get("state").unwrap().to_owned());
    let iss = "https%3A%2F%2Fauth.example.com";
    let flipped = |text: &str, at: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let mut bad = vec![
        String::new(),
        format!("code={code}"),
        format!("state={state}&iss={iss}"),
        format!("code={code}&iss={iss}"),
        format!("code={code}&state={state}"),
        format!("code={code}&state={state}&iss=https%3A%2F%2Fevil.test"),
        format!("code={code}&code={code}&state={state}&iss={iss}"),
        format!("code={code}&state={state}&state={state}&iss={iss}"),
        format!("code=&state={state}&iss={iss}"),
        format!("code={code}x&state={state}&iss={iss}"),
        format!("code={code}&state={state}x&iss={iss}"),
        format!("code=%FF&state={state}&iss={iss}"),
        format!("code={code}&state=%00&iss={iss}"),
        format!("error=access_denied&iss={iss}"),
        format!("error=access_denied&code={code}&state={state}&iss={iss}"),
        "x=1&".repeat(500),
    ];
    bad.extend(
        (0..state.len()).step_by(5).map(|at| format!("code={code}&state={}&iss={iss}", flipped(&state, at))),
    );
    bad.extend(
        (4..code.len() - 1)
            .step_by(7)
            .map(|at| format!("code={}&state={state}&iss={iss}", flipped(&code, at))),
    );
    for query in bad {
        keeps_out(&visitor.page(&proxy, &format!("{base}?{query}")).await);
        redirected(Family::ForwardAuth, &visitor.page(&proxy, &format!("{WIKI}/")).await);
    }
    visitor.come_in(&proxy, &landing).await.1.expect(200);
}

#[tokio::test]
async fn rt_handover_start_forged_or_old() {
    let house = house().await;
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    let location = redirected(Family::ForwardAuth, &visitor.page(&proxy, &format!("{WIKI}/")).await);
    let marked = location.split_once("request=").unwrap().1;
    let mut forged = vec![String::new(), "x".to_owned(), marked.repeat(2), marked.to_uppercase()];
    forged.extend((0..marked.len()).step_by(9).map(|at| {
        let mut bytes = marked.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
        String::from_utf8(bytes).unwrap()
    }));
    for text in forged {
        let answer = visitor.browser.get(&format!("/gateway/sign-in?request={text}")).await;
        assert!(
            answer.status == 400 && answer.stays() && answer.set_cookies().is_empty(),
            "{text}: {answer:?}"
        );
    }
    visitor.browser.open(&location).await.expect(200).form("/start");
    house.pass(Seconds(601));
    let late = visitor.browser.get(&location).await;
    assert!(late.status == 400 && late.stays(), "{late:?}");
}

#[tokio::test]
async fn two_tabs_both_come_in_each_to_its_own_page() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let (one, two) = (format!("{WIKI}/one"), format!("{WIKI}/two?x"));
        let first = visitor.sent_to_us(&proxy, &one).await.expect(200);
        let second = visitor.sent_to_us(&proxy, &two).await.expect(200);
        let landing = visitor.browser.approve_and_finish(&second, "friend").await.leaves();
        let (next, page) = visitor.come_in(&proxy, &landing).await;
        assert_eq!(next, two);
        page.expect(200);
        let landing = visitor.browser.approve_and_finish(&first, "friend").await.leaves();
        let (next, page) = visitor.come_in(&proxy, &landing).await;
        assert_eq!(next, one);
        page.expect(200);
    }
}

#[tokio::test]
async fn a_start_that_begins_late_has_its_whole_time() {
    let house = house().await;
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    visitor.page(&proxy, &format!("{WIKI}/")).await;
    let secret = visitor.cookies.get(host(WIKI), START_COOKIE);
    house.pass(Seconds(595));
    let answer = visitor.page(&proxy, &format!("{WIKI}/")).await;
    let set = answer.set_cookies();
    assert!(set.len() == 1 && set[0].starts_with(&format!("{START_COOKIE}={secret};")), "{set:?}");
    assert!(set[0].contains("Max-Age=600"), "{set:?}");
}

#[tokio::test]
async fn who_cancels_is_told_and_not_sent_around() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let page = visitor.sent_to_us(&proxy, &format!("{WIKI}/")).await.expect(200);
        let landing = visitor.browser.submit(&page, "/cancel").await.leaves();
        assert_eq!(landing.error(), "access_denied");
        let answer = visitor.page(&proxy, landing.url.as_str()).await.expect(403);
        keeps_out(&answer);
        assert!(answer.body.contains("did not sign in"), "{}", answer.body);
    }
}

#[tokio::test]
async fn internal_clients_are_unknown_at_every_endpoint() {
    let house = house().await;
    let (_, mut visitor, landing) = on_the_way(&house, Family::ForwardAuth).await;
    let mut photos = house.relying_party("photos");
    let asked = photos.authorization();
    for id in ["app:wiki", "app%3Awiki", "APP:wiki", "wiki.example.org"] {
        let url =
            asked.clone().with("client_id", id).with("redirect_uri", &format!("{WIKI}{CALLBACK}")).url();
        let page = visitor.browser.open(&url).await;
        assert!(page.status == 400 && page.stays(), "{id}: {page:?}");
    }
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", landing.code()),
        ("redirect_uri", &format!("{WIKI}{CALLBACK}")),
        ("code_verifier", &visitor.cookies.get(host(WIKI), START_COOKIE)),
    ];
    let public: Vec<_> = fields.into_iter().chain([("client_id", "app:wiki")]).collect();
    let answer = house.door.send(crate::support::post_form("/token", &public)).await;
    assert!([400, 401].contains(&answer.status), "{answer:?}");
    assert_eq!(answer.json()["error"], "invalid_client", "{answer:?}");
    // A registered client gets nothing for it either.
    let answer = photos.token(&fields).await.expect(400);
    assert_eq!(answer.json()["error"], "invalid_grant");
    photos.id = "app:wiki".to_owned();
    photos.token(&fields).await.expect(401);
    let metadata = house.door.send(get("/.well-known/openid-configuration")).await.expect(200);
    assert!(!metadata.body.contains("app:"));
}
