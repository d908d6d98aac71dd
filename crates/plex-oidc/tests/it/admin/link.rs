//! The owner's way in when plex.tv does not answer: a link made on the machine, and all that it must not be good for.

use http::HeaderValue;
use plextv_emulator::FaultKind;

use super::*;
use crate::sign_out::end_session;
use crate::support::post_form;

/// The secret in a link.
fn secret_in(link: &str) -> String {
    let (address, secret) = link.trim_end().split_once("?link=").unwrap();
    assert_eq!(address, "https://auth.example.com/admin/enter");
    secret.to_owned()
}

/// Makes a link, as the host does on the machine.
fn link(house: &House) -> String {
    let (exit, out, err) = command(house, &["admin-link"]);
    assert_eq!(exit, Exit::Done, "{err}");
    assert_eq!(out.lines().count(), 1, "the link, and nothing else");
    assert!(err.contains("It is good once, until") && !err.contains(&secret_in(&out)), "{err}");
    out.trim_end().to_owned()
}

async fn entered(house: &House) -> (Browser, Answer) {
    let mut browser = house.browser();
    let page = browser.open(&link(house)).await.expect(200);
    let page = browser.submit(&page, "/admin/enter").await.expect(200);
    assert_eq!(page.url, "/admin");
    (browser, page)
}

async fn csrf_of(browser: &mut Browser) -> String {
    browser.open("/admin").await.form("/admin/leave").fields[0].1.clone()
}

#[tokio::test]
async fn the_owner_comes_in_while_plex_is_down_also_who_never_signed_in_or_long_ago() {
    let house = setup().start().await;
    house.plex.fails(FaultKind::ServerError);
    let (mut browser, page) = entered(&house).await;
    assert!(
        page.text().contains("You came in by a link") && page.text().contains("People"),
        "{}",
        page.text()
    );
    browser.open("/admin/audit").await.expect(200);
    assert!(page.body.contains("action=\"/admin/keys\""), "using a link is a fresh sign-in");

    house.plex.recovers();
    let (mut signed_in, _) = host_of(&house).await;
    house.pass(Seconds::days(3));
    house.plex.fails(FaultKind::ServerError);
    let page = signed_in.open("/admin").await.expect(200);
    assert!(page.url.starts_with("/sign-in/"), "what Plex said is too old: {}", page.url);
    entered(&house).await;
    house.edit_person("owner", "$.standing", "\"Ended\"");
    entered(&house).await; // whose the server is, the file says
}

#[tokio::test]
async fn a_visit_ends_somebodys_sessions_for_ten_minutes_and_shows_them_for_an_hour() {
    let house = setup().start().await;
    let tv = house.relying_party("tv");
    let (_, tokens) = house.sign_in("friend", &tv).await;
    house.plex.fails(FaultKind::ServerError);
    let (mut browser, _) = entered(&house).await;
    house.pass(Seconds(599));
    let page = page_of(&house, &mut browser, "friend").await;
    let form = page.form("/admin/people/end").fields;
    let fields: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    house.pass(Seconds(1));
    let late = browser.send_own(post_form("/admin/people/end", &fields)).await.expect(303);
    assert_eq!(late.location(), Some(&*about(&house, "friend")));
    tv.userinfo(&tokens.access_token()).await.expect(401); // its ten minutes are over, and its session is not
    assert!(!page_of(&house, &mut browser, "friend").await.text().contains("Nowhere."));

    // Another link is another fresh sign-in, and counts at once.
    let again = browser.open(&link(&house)).await.expect(200);
    browser.submit(&again, "/admin/enter").await.expect(200);
    let page = page_of(&house, &mut browser, "friend").await;
    browser.submit(&page, "/admin/people/end").await.expect(200);
    assert!(page_of(&house, &mut browser, "friend").await.text().contains("Nowhere."));

    house.pass(Seconds(3599));
    browser.open("/admin").await.expect(200);
    assert_eq!(browser.get("/admin").await.status, 200);
    house.pass(Seconds(1));
    assert!(browser.open("/admin").await.url.starts_with("/sign-in/"));
}

#[tokio::test]
async fn looking_at_a_link_does_not_use_it_and_using_it_does() {
    let house = setup().start().await;
    let link = link(&house);
    for _ in 0..3 {
        let page = house.browser().open(&link).await.expect(200);
        assert_eq!(page.heading(), "Open the host’s page?");
        assert!(page.set_cookies().is_empty());
        assert_eq!(page.header("referrer-policy"), Some("strict-origin"));
        assert_eq!(page.header("cache-control"), Some("no-store"));
    }
    let mut browser = house.browser();
    let page = browser.open(&link).await;
    let done = browser.post(&page, "/admin/enter", &[]).await.expect(303);
    assert_eq!(done.location(), Some("/admin"), "nothing of the secret goes on");
    let cookies = done.set_cookies();
    let [cookie] = cookies[..] else { panic!("{cookies:?}") };
    for part in ["__Host-plex-oidc-host=poj_", "Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=3600"]
    {
        assert!(cookie.contains(part), "{part} in {cookie}");
    }
    let mut thief = house.browser();
    let over = thief.open(&link).await.expect(403);
    assert_eq!(over.heading(), "This link is not good any more");
    let replayed =
        thief.send_own(post_form("/admin/enter", &[("link", &secret_in(&link))])).await.expect(403);
    assert!(replayed.set_cookies().is_empty() && thief.cookies.is_empty());
}

#[tokio::test]
async fn of_64_who_use_a_link_at_once_one_comes_in() {
    let house = setup().start().await;
    let secret = secret_in(&link(&house));
    let all = (0..64).map(|_| {
        let (mut browser, secret) = (house.browser(), secret.clone());
        tokio::spawn(async move {
            let answer = browser.send_own(post_form("/admin/enter", &[("link", &secret)])).await;
            (answer.status, browser.cookies.len())
        })
    });
    let answers = futures_util::future::join_all(all.collect::<Vec<_>>()).await;
    let mut answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    answers.sort_unstable();
    assert_eq!(answers.remove(0), (303, 1));
    assert!(answers.iter().all(|answer| *answer == (403, 0)), "{answers:?}");
    let events = command(&house, &["audit", "--json", "--what", "admin_link_used"]).1;
    assert_eq!(events.lines().count(), 1);
}

#[tokio::test]
async fn a_link_is_over_after_ten_minutes_and_with_the_next_one() {
    let house = setup().start().await;
    let (first, second) = (link(&house), link(&house));
    house.browser().open(&first).await.expect(403);
    house.pass(Seconds(599));
    house.browser().open(&second).await.expect(200);
    let mut browser = house.browser();
    let page = browser.open(&second).await;
    house.pass(Seconds(1));
    browser.post(&page, "/admin/enter", &[]).await.expect(403);
    house.browser().open(&second).await.expect(403);
}

#[tokio::test]
async fn what_is_no_link_opens_nothing() {
    let house = setup().start().await;
    let good = link(&house);
    let secret = secret_in(&good);
    let session_like = secret.replace("poi_", "poj_");
    for odd in
        ["", "?link=", "?link=x", &format!("?link={session_like}"), &format!("?link={secret}&link={secret}")]
    {
        house.browser().open(&format!("/admin/enter{odd}")).await.expect(403);
    }
    let mut guest = house.sign_in("friend", &house.relying_party("photos")).await.0;
    for (name, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        let mut request = post_form("/admin/enter", &[("link", &secret)]);
        request.headers_mut().insert(name, HeaderValue::from_static(value));
        guest.send(request).await.expect(403);
    }
    guest.open("/admin").await.expect(403);
    // Neither the link nor the cookie of a visit is the cookie of a session, or the other way round.
    for (name, value) in [
        ("__Host-plex-oidc-host", &secret),
        ("__Host-plex-oidc-host", &session_like),
        ("__Host-plex-oidc-session", &secret),
        ("__Host-plex-oidc-session", &session_like),
    ] {
        let mut browser = house.browser();
        browser.cookies.insert(name.to_owned(), value.clone());
        assert!(browser.open("/admin").await.url.starts_with("/sign-in/"), "{name} {value}");
    }
    house.browser().open(&good).await.expect(200); // none of that used it
    let stolen = String::from_utf8_lossy(&house.database_bytes()).into_owned();
    assert!(!stolen.contains(&secret[4..]), "only its hash is stored");
}

/// The cookie of a visit, tried at every door.
#[tokio::test]
async fn a_visit_is_good_for_the_hosts_page_and_for_nothing_else() {
    let house = setup().start().await;
    host_of(&house).await; // the owner is known, and would be let in everywhere
    let (mut browser, _) = entered(&house).await;
    assert_eq!(browser.cookies.len(), 1);
    for id in ["photos", "wiki", "tv"] {
        let asked = house.relying_party(id).authorization();
        let silent = asked.with("prompt", "none");
        assert_eq!(browser.get(&silent.url()).await.leaves().error(), "login_required", "{id}");
    }
    assert!(browser.open("/account").await.url.starts_with("/sign-in/"));
    let proxy = house.proxy(Family::ForwardAuth);
    for name in ["__Host-plex-oidc-host", "__Host-plex-oidc-session", "__Host-plex-oidc-app"] {
        let secret = browser.cookies.values().next().unwrap();
        let visit =
            Visit::bare("GET", "https://notes.example.org/").with("cookie", &format!("{name}={secret}"));
        assert_ne!(proxy.ask(&visit).await.status, 200, "{name}");
    }
    // Under the name of a session it is none either, nor as an app token.
    let secret = browser.cookies.values().next().unwrap().clone();
    let visit =
        Visit::bare("GET", "https://notes.example.org/").with("authorization", &format!("Bearer {secret}"));
    assert_ne!(proxy.ask(&visit).await.status, 200);
    let mut renamed = house.browser();
    renamed.cookies.insert("__Host-plex-oidc-session".to_owned(), secret.replace("poj_", "pob_"));
    assert!(renamed.open("/admin").await.url.starts_with("/sign-in/"));
    let csrf = csrf_of(&mut browser).await;
    for path in ["/account/tokens", "/account/sessions", "/account/consents", "/account/tokens/end"] {
        let form = post_form(path, &[("csrf", &csrf), ("name", "x"), ("app", "notes")]);
        browser.send_own(form).await.expect(403);
    }
    assert!(house.app().store.app_tokens().await.unwrap().is_empty());
}

#[tokio::test]
async fn req_131_a_visits_forms_are_bound_to_it() {
    let house = setup().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let (mut browser, _) = entered(&house).await;
    let own = csrf_of(&mut browser).await;
    let (mut other, _) = entered(&house).await;
    let others = csrf_of(&mut other).await;
    let friend = subject(&house, "friend");
    let end = |csrf: &str| post_form("/admin/people/end", &[("csrf", csrf), ("account", &friend)]);
    for csrf in ["", "x", &others] {
        browser.send_own(end(csrf)).await.expect(403);
        browser.send_own(post_form("/admin/leave", &[("csrf", csrf)])).await.expect(403);
    }
    let mut foreign = end(&own);
    foreign.headers_mut().insert("origin", HeaderValue::from_static("https://evil.example"));
    browser.send(foreign).await.expect(403);
    // With a session of the host's own beside it, each form is taken for the one that it was drawn for.
    let again = browser.open("/admin/again").await.expect(200);
    browser.approve_and_finish(&again, "owner").await.expect(200);
    browser.send_own(end(&own)).await.expect(303);
    let page = browser.open("/admin").await.expect(200);
    assert!(!page.text().contains("You came in by a link"), "the fresher one");
    browser.post(&page, "/admin/keys", &[]).await.expect(303);
}

#[tokio::test]
async fn leaving_ends_the_visit_for_thieves_too() {
    let house = setup().start().await;
    let (mut browser, page) = entered(&house).await;
    let mut thief = browser.clone();
    thief.open("/admin").await.expect(200);
    let left = browser.post(&page, "/admin/leave", &[]).await.expect(200);
    assert!(left.set_cookies()[0].contains("Max-Age=0"));
    assert!(thief.open("/admin").await.url.starts_with("/sign-in/"));
    thief.post(&page, "/admin/keys", &[]).await.expect(403);

    // Signing out of the browser ends it too.
    let (mut both, _) = entered(&house).await;
    let sign_in = both.open("/admin/again").await.expect(200);
    both.approve_and_finish(&sign_in, "owner").await.expect(200);
    let mut thief = both.clone();
    thief.cookies.remove("__Host-plex-oidc-session");
    thief.open("/admin").await.expect(200);
    let page = both.open("/sign-out").await;
    both.post(&page, "/sign-out", &[("answer", "sign-out")]).await.expect(200);
    assert!(both.cookies.get("__Host-plex-oidc-host").is_none());
    assert!(thief.open("/admin").await.url.starts_with("/sign-in/"));

    // A client that signs the browser out does as well.
    house.plex.recovers();
    let photos = house.relying_party("photos");
    let (mut both, tokens) = house.sign_in("owner", &photos).await;
    let page = both.open(&link(&house)).await.expect(200);
    both.submit(&page, "/admin/enter").await.expect(200);
    let mut thief = both.clone();
    thief.cookies.remove("__Host-plex-oidc-session");
    both.get(&end_session(&[("id_token_hint", &tokens.id_token())])).await;
    assert!(both.cookies.get("__Host-plex-oidc-host").is_none());
    assert!(thief.open("/admin").await.url.starts_with("/sign-in/"));

    // So does ending everything of the owner.
    let (mut browser, _) = entered(&house).await;
    house.plex.recovers();
    let (mut owner, _) = host_of(&house).await;
    let own = page_of(&house, &mut owner, "owner").await;
    owner.post(&own, "/admin/people/end", &[]).await.expect(303);
    assert!(browser.open("/admin").await.url.starts_with("/sign-in/"));
}

#[tokio::test]
async fn where_the_page_is_off_or_not_for_the_owner_there_is_no_link_and_none_is_good() {
    let mut house = setup().start().await;
    let (mut browser, _) = entered(&house).await;
    let unused = link(&house);
    house.restart_with(|setup| setup.set("admin", "allow = []")).await;
    let (exit, out, err) = command(&house, &["admin-link"]);
    assert_eq!((exit, out.as_str()), (Exit::Failed, ""));
    assert!(
        err.contains("There is no link: the host's page is switched off: admin.allow is empty."),
        "{err}"
    );
    for path in [&*unused, "/admin", "/admin/enter", "/admin/audit"] {
        browser.open(path).await.expect(404);
    }
    let form = post_form("/admin/enter", &[("link", &secret_in(&unused))]);
    browser.send_own(form).await.expect(404);

    // For others alone.
    house.restart_with(|setup| setup.set("admin", "allow = [\"mara@example.net\"]")).await;
    let (exit, out, err) = command(&house, &["admin-link"]);
    assert_eq!((exit, out.as_str()), (Exit::Failed, ""));
    assert!(err.contains("admin.allow does not name the owner"), "{err}");
    assert!(browser.open("/admin").await.url.starts_with("/sign-in/"), "nor is a visit from before good");
    let page = browser.open(&unused).await.expect(200);
    let refused = browser.submit(&page, "/admin/enter").await.expect(403);
    assert_eq!(refused.heading(), "The host’s page is not for the owner");
    let owner = house.plex.account_id("owner");
    let by_account = format!("allow = [\"plex-{owner}\"]");
    house.restart_with(|setup| setup.set("admin", &by_account)).await;
    let page = browser.open(&unused).await.expect(200);
    browser.submit(&page, "/admin/enter").await.expect(200); // it was not used up

    // A visit as somebody who owns nothing.
    house.sql(&format!("UPDATE host_sessions SET account_id = {}", owner + 1));
    assert!(browser.open("/admin").await.url.starts_with("/sign-in/"));
}

#[tokio::test]
async fn without_plex_there_is_no_owner() {
    let house = setup()
        .without_plex()
        .user(7, "robin", "a long enough secret", "")
        .set("admin", "allow = [\"local-7\"]");
    let house = house.start().await;
    let (exit, out, err) = command(&house, &["admin-link"]);
    assert_eq!((exit, out.as_str()), (Exit::Failed, ""));
    assert!(err.contains("nobody owns a server here"), "{err}");
}

#[tokio::test]
async fn a_link_and_its_use_are_in_the_audit_log_and_its_secret_is_not() {
    let house = setup().start().await;
    let link = link(&house);
    let mut browser = house.browser();
    let page = browser.open(&link).await.expect(200);
    browser.submit(&page, "/admin/enter").await.expect(200);
    let events = command(&house, &["audit", "--json"]).1;
    let lines: Vec<serde_json::Value> =
        events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["what"], "admin_link_used");
    assert_eq!(lines[1]["what"], "admin_link_made");
    assert_eq!(lines[0]["by"], subject(&house, "owner"));
    assert_eq!(lines[0]["address"], browser.address.ip().to_string());
    assert_eq!(lines[1]["by"], "command-line");
    assert!(!events.contains(&secret_in(&link)[4..20]));
}
