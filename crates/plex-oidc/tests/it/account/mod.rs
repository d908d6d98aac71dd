//! The page of somebody's own account: what it shows, what it ends, and that it reaches nobody else's.

use plex_oidc_core::gateway::Family;
use plex_oidc_core::time::Seconds;

use crate::support::{Answer, Browser, House, PROXY_NETWORK, Setup, Visit};

mod icons;

const WIKI: &str = "https://wiki-app.example.org/";
const VAULT: &str = "https://vault.example.org/";

fn setup() -> Setup {
    Setup::default()
        .set("", &format!("trusted_proxies = [\"{PROXY_NETWORK}\"]"))
        .client("photos", "consent_required = true")
        .client("wiki", r#"allow = ["plex-owner"]"#)
        .app("name = \"wiki\"\nhost = \"wiki-app.example.org\"")
        .app("name = \"vault\"\nhost = \"vault.example.org\"\nallow = [\"plex-owner\"]")
        .app("name = \"many\"\nhost = \"*.many.example.org\"")
}

/// Somebody's page, signed in to for it.
async fn account_of(house: &House, persona: &str) -> (Browser, Answer) {
    let mut browser = house.browser();
    let page = browser.open("/account").await.expect(200);
    let page = arrive(&mut browser, &page, persona).await;
    (browser, page)
}

async fn arrive(browser: &mut Browser, page: &Answer, persona: &str) -> Answer {
    let page = browser.approve_and_finish(page, persona).await.expect(200);
    assert_eq!(page.url, "/account", "nothing of the answer stays in the history");
    page
}

/// The value of a hidden field in the form for what is called `named`.
pub(crate) fn field(page: &Answer, action: &str, name: &str, named: &str) -> String {
    let forms = page.body.split("<li>").filter(|row| row.contains(named) && row.contains(action));
    let row = forms.last().unwrap_or_else(|| panic!("no {named} with {action} in {}", page.body));
    let marked = format!("name=\"{name}\" value=\"");
    row.split(&marked).nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn whoever_is_not_signed_in_signs_in_and_sees_who_they_are_and_what_they_may_use() {
    let house = setup().start().await;
    let (_, page) = account_of(&house, "friend").await;
    let text = page.text();
    for shown in ["Mara", "mara@example.net", "plex-48151001", "plex-friend", "the server is shared with you"]
    {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    for (shown, is_there) in [
        ("https://photos.example.org/", true),
        ("https://wiki-app.example.org/", true),
        ("https://wiki.example.org/", false),
        ("https://vault.example.org/", false),
    ] {
        assert_eq!(
            page.body.replace("&#x2f;", "/").contains(&format!("href=\"{shown}\"")),
            is_there,
            "{shown}"
        );
    }
    assert!(text.contains("many"), "an application without one address is named");
    assert!(page.header("cache-control").is_some_and(|value| value.contains("no-store")));
}

#[tokio::test]
async fn who_may_not_come_in_has_no_account_here() {
    let house = setup().start().await;
    let mut browser = house.browser();
    let page = browser.open("/account").await.expect(200);
    let denied = browser.approve_and_finish(&page, "stranger").await.expect(403);
    assert!(denied.stays());
    browser.open("/account").await.expect(200).form("/cancel"); // the sign-in page again
}

/// The client that stands for the page is nobody's to ask for, and its codes are nobody's to redeem.
#[tokio::test]
async fn nobody_asks_in_the_name_of_our_own_page() {
    let house = setup().start().await;
    let (mut browser, _) = account_of(&house, "friend").await;
    let asked = "/authorize?response_type=code&client_id=own:account&scope=openid\
                 &redirect_uri=https://auth.example.com/account";
    let answer = browser.get(asked).await;
    assert!(answer.status == 400 && answer.location().is_none(), "{answer:?}");
    let fields = [("grant_type", "authorization_code"), ("code", "poc_x"), ("client_id", "own:account")];
    let mut request = crate::support::post_form("/token", &fields);
    request.headers_mut().remove("authorization");
    let refused = browser.send(request).await.expect(401);
    assert_eq!(refused.json()["error"], "invalid_client");
}

#[tokio::test]
async fn a_session_elsewhere_is_shown_and_ended_and_with_it_what_it_holds() {
    let house = setup().start().await;
    let tv = house.relying_party("tv");
    let (mut lost, tokens) = house.sign_in("friend", &tv).await;
    let (mut browser, _) = account_of(&house, "friend").await;
    let page = browser.open("/account").await;
    assert_eq!(page.text().matches("this one").count(), 2, "of the sessions, and of the browsers");
    let sid = field(&page, "/account/sessions", "sid", "signed in");
    let told = browser.post(&page, "/account/sessions", &[("sid", &sid)]).await.expect(303);
    let page = browser.open(told.location().unwrap()).await.expect(200);
    assert!(page.text().contains("That browser is signed out."));
    assert!(!page.body.contains("/account/sessions"), "no other is left");
    tv.userinfo(&tokens.access_token()).await.expect(401);
    assert_eq!(tv.refresh(&tokens.refresh_token()).await.expect(400).json()["error"], "invalid_grant");
    let silent = tv.authorization().with("prompt", "none");
    assert_eq!(lost.get(&silent.url()).await.leaves().error(), "login_required");
    browser.open("/account").await.expect(200);
}

#[tokio::test]
async fn nobody_ends_anything_of_anybody_else() {
    let house = setup().start().await;
    let photos = house.relying_party("tv");
    let (_, theirs) = house.sign_in("friend-all", &photos).await;
    let (_, page_of_other) = account_of(&house, "friend-all").await;
    let sid = field(&page_of_other, "/account/sessions", "sid", "signed in");
    let (mut browser, page) = account_of(&house, "friend").await;
    let (_, _) = account_of(&house, "friend").await;
    let page = if page.body.contains("/account/sessions") { page } else { browser.open("/account").await };
    let told = browser.post(&page, "/account/sessions", &[("sid", &sid)]).await.expect(303);
    assert_eq!(told.location(), Some("/account?done=nothing"));
    photos.userinfo(&theirs.access_token()).await.expect(200);
    for odd in ["", "x", "01998a2e-6c1e-4b1f-8d6e-3c9e5f0a1b2c"] {
        let told = browser.post(&page, "/account/sessions", &[("sid", odd)]).await.expect(303);
        assert_eq!(told.location(), Some("/account?done=nothing"), "{odd:?}");
    }
}

#[tokio::test]
async fn a_consent_is_listed_and_taken_back_and_asked_for_again() {
    let house = setup().start().await;
    let photos = house.relying_party("photos");
    let asked = photos.authorization();
    let mut browser = house.browser();
    let page = browser.open(&asked.url()).await;
    let consent = browser.approve_and_finish(&page, "friend").await.expect(200);
    let landing = browser.submit(&consent, "/consent").await.leaves();
    let tokens = photos.tokens(&asked, &landing).await;
    let page = browser.open("/account").await.expect(200);
    assert!(page.text().contains("Photos") && page.text().contains("Your e-mail address"), "{}", page.text());
    let told = browser.post(&page, "/account/consents", &[("client", "photos")]).await.expect(303);
    let page = browser.open(told.location().unwrap()).await.expect(200);
    assert!(
        page.text().contains("has lost what you had allowed") && !page.body.contains("/account/consents")
    );
    photos.userinfo(&tokens.access_token()).await.expect(401);
    photos.refresh(&tokens.refresh_token()).await.expect(400);
    browser.open(&photos.authorization().url()).await.expect(200).form("/consent");
}

#[tokio::test]
async fn a_token_is_made_by_a_fresh_sign_in_for_what_its_owner_may_use_and_shown_once() {
    let house = setup().start().await;
    let (mut browser, page) = account_of(&house, "friend").await;
    assert!(!page.body.contains("value=\"vault\""), "not theirs");
    let form = [("name", "My reader"), ("app", "wiki"), ("app", "vault")];
    let made = browser.post(&page, "/account/tokens", &form).await.expect(200);
    let token = made.body.split("class=\"token\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(token.starts_with("pot_"), "{token}");
    let proxy = house.proxy(Family::ForwardAuth);
    let ask = async |url: &str| {
        let visit = Visit::bare("GET", url).with("authorization", &format!("Bearer {token}"));
        proxy.ask(&visit).await.status
    };
    assert_eq!(ask(WIKI).await, 200);
    assert_eq!(ask(VAULT).await, 401, "it is not for that one");
    let page = browser.open("/account").await;
    assert!(page.text().contains("My reader") && !page.body.contains(&token), "once");
    assert!(page.text().contains("they outlive a sign-out"), "{}", page.text());

    for (form, notice) in [
        (vec![("name", ""), ("app", "wiki")], "name"),
        (vec![("name", "a\nb"), ("app", "wiki")], "name"),
        (vec![("name", "x"), ("app", "")], "apps"),
        (vec![("name", "x"), ("app", "vault")], "apps"),
        (vec![("name", "x"), ("app", "nothing")], "apps"),
    ] {
        let told = browser.post(&page, "/account/tokens", &form).await.expect(303);
        assert_eq!(told.location(), Some(&*format!("/account?done={notice}")), "{form:?}");
    }

    // Ten minutes later it takes a sign-in.
    house.pass(Seconds::minutes(11));
    assert_eq!(browser.post(&page, "/account/tokens", &form).await.expect(303).location(), Some("/account"));
    let stale = browser.open("/account").await;
    assert!(!stale.body.contains("action=\"/account/tokens\"") && stale.body.contains("/account/again"));
    let again = browser.open("/account/again").await.expect(200);
    let fresh = arrive(&mut browser, &again, "friend").await;
    assert!(fresh.body.contains("action=\"/account/tokens\""));

    let id = field(&fresh, "/account/tokens/end", "id", "My reader");
    let (mut other, others_page) = account_of(&house, "friend-all").await;
    let told =
        other.post(&others_page, "/account/tokens", &[("name", "x"), ("app", "wiki")]).await.expect(200);
    let told = other.post(&told, "/account/tokens/end", &[("id", &id)]).await.expect(303);
    assert_eq!(told.location(), Some("/account?done=nothing"), "somebody else's");
    assert_eq!(ask(WIKI).await, 200);
    let told = browser.post(&fresh, "/account/tokens/end", &[("id", &id)]).await.expect(303);
    assert_eq!(told.location(), Some("/account?done=token"));
    assert_eq!(ask(WIKI).await, 401);
}

#[tokio::test]
async fn a_session_says_in_which_browser_and_from_where_it_began() {
    let house = setup().start().await;
    let mut browser = house.browser();
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let mut request = crate::browser_security::bare(&http::Method::GET, "/account");
    request.headers_mut().insert("user-agent", http::HeaderValue::from_static(firefox));
    let begun = browser.send(request).await.expect(303);
    let page = browser.open(begun.location().unwrap()).await.expect(200);
    let page = arrive(&mut browser, &page, "friend").await;
    let text = page.text();
    assert!(
        text.contains("Firefox on Linux") && text.contains("10.0.0.") && text.contains("just now"),
        "{text}"
    );
}
