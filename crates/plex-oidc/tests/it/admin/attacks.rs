//! Whoever is not the host, now and by a fresh sign-in of their own, changes nothing and sees nothing.

use http::HeaderValue;
use plex_oidc::store::records::EventsWanted;
use plex_oidc_core::audit::What;

use super::*;
use crate::browser_security::routes;
use crate::support::post_form;

/// What each form of the host's pages sends, about the friend and what they hold.
struct Target {
    account: String,
    sid: String,
    id: String,
    browser: String,
}

impl Target {
    async fn of(house: &House) -> (Self, String) {
        let tv = house.relying_party("tv");
        let (mut theirs, tokens) = house.sign_in("friend", &tv).await;
        make_token(&mut theirs).await;
        let (mut host, _) = host_of(house).await;
        let page = page_of(house, &mut host, "friend").await;
        let target = Self {
            account: subject(house, "friend"),
            sid: field(&page, "/admin/sessions", "sid", "signed in"),
            id: field(&page, "/admin/tokens/end", "id", "Reader"),
            browser: field(&page, "/admin/browsers/forget", "browser", "first used"),
        };
        // A token of the API with the very id of theirs.
        let id = u32::from_str_radix(&target.id, 16).unwrap();
        house.sql(&format!(
            "INSERT INTO api_tokens (id, name, hash, scopes, created, expires)
             VALUES ({id}, 'the panel', randomblob(32), 'health:read', 1, 99999999999)"
        ));
        (target, tokens.access_token())
    }

    fn form(&self, path: &str, csrf: &str) -> http::Request<axum::body::Body> {
        let all = [
            ("csrf", csrf),
            ("account", &*self.account),
            ("sid", &self.sid),
            ("id", &self.id),
            ("browser", &self.browser),
            ("mark", "block"),
            ("who", &self.account),
            ("door", "wiki"),
            ("answer", "opened"),
        ];
        post_form(path, &all)
    }

    /// Nothing has ended.
    async fn is_untouched(&self, house: &House, access_token: &str, why: &str) {
        house.relying_party("tv").userinfo(access_token).await.expect(200);
        assert_eq!(house.app().store.app_tokens().await.unwrap().len(), 1, "{why}");
        assert_eq!(house.app().store.api_tokens().await.unwrap().len(), 1, "{why}");
        assert_eq!(house.app().store.all_marks().await.unwrap(), [], "{why}");
        assert_eq!(house.app().membership.known(), plex_oidc::membership::Knowledge::default(), "{why}");
        let rotated = EventsWanted { what: Some(What::KeysRotated), most: 1, ..EventsWanted::default() };
        assert!(house.app().store.events(rotated).await.unwrap().is_empty(), "{why}");
    }
}

fn paths(posts: bool) -> Vec<&'static str> {
    // Of the ways in by a link and by a passkey, and out again, the tests are elsewhere.
    let elsewhere =
        |path: &str| matches!(path, "/admin/enter" | "/admin/leave") || path.starts_with("/admin/passkey");
    let of_host =
        routes().into_iter().filter(|route| route.path.starts_with("/admin") && !elsewhere(route.path));
    let paths: Vec<_> = of_host.filter(|route| route.post == posts).map(|route| route.path).collect();
    assert_eq!(paths.len(), if posts { 10 } else { 6 });
    paths
}

async fn csrf_of(browser: &mut Browser) -> String {
    let form = browser.open("/sign-out").await.form("/sign-out");
    form.fields.into_iter().find(|(name, _)| name == "csrf").unwrap().1
}

#[tokio::test]
async fn a_guest_reaches_no_address_of_it() {
    let house = setup().with_owner_token().start().await;
    let (target, access_token) = Target::of(&house).await;
    for persona in ["friend", "friend-all", "home"] {
        let (mut guest, _) = house.sign_in(persona, &house.relying_party("photos")).await;
        let csrf = csrf_of(&mut guest).await;
        for path in paths(false) {
            let path = path.replace("{account}", &subject(&house, "owner"));
            let denied = guest.open(&path).await.expect(403);
            assert_eq!(denied.heading(), "This app isn’t open to you", "{path}");
            for shown in ["/admin/people", "Who is a member", "method=\"get\"", "plex-owner"] {
                assert!(!denied.body.contains(shown), "{shown}: {}", denied.text());
            }
        }
        for path in paths(true) {
            guest.send_own(target.form(path, &csrf)).await.expect(403);
            target.is_untouched(&house, &access_token, path).await;
        }
    }
    let mut nobody = house.browser();
    for path in paths(false) {
        let path = path.replace("{account}", &target.account);
        let page = nobody.open(&path).await.expect(200);
        assert!(page.url.starts_with("/sign-in/") && !page.body.contains("mara@"), "{path}: {}", page.text());
    }
    for path in paths(true) {
        nobody.send_own(target.form(path, "x")).await.expect(403);
        target.is_untouched(&house, &access_token, path).await;
    }
}

#[tokio::test]
async fn req_131_the_host_is_not_made_to_by_another_site_nor_by_another_sessions_token() {
    let house = setup().with_owner_token().start().await;
    let (target, access_token) = Target::of(&house).await;
    let (mut host, _) = host_of(&house).await;
    let own = csrf_of(&mut host).await;
    let (mut other_session, _) = host_of(&house).await;
    let other = csrf_of(&mut other_session).await;
    for path in paths(true) {
        for csrf in ["", "x", &other] {
            host.send_own(target.form(path, csrf)).await.expect(403);
        }
        for (name, value) in
            [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
        {
            let mut request = target.form(path, &own);
            request.headers_mut().insert(name, HeaderValue::from_static(value));
            host.send(request).await.expect(403);
        }
        target.is_untouched(&house, &access_token, path).await;
    }
}

#[tokio::test]
async fn a_sign_in_of_more_than_ten_minutes_ago_changes_nothing_and_a_new_one_comes_back_to_the_page() {
    let house = setup().with_owner_token().start().await;
    let (target, access_token) = Target::of(&house).await;
    let (mut host, _) = host_of(&house).await;
    let csrf = csrf_of(&mut host).await;
    house.pass(Seconds::minutes(10));
    for path in paths(true) {
        let answer = host.send_own(target.form(path, &csrf)).await.expect(303);
        assert_eq!(answer.location(), Some(&*about(&house, "friend")), "{path}");
    }
    assert_eq!(house.app().store.app_tokens().await.unwrap().len(), 1);
    assert_eq!(house.app().store.api_tokens().await.unwrap().len(), 1);
    let page = page_of(&house, &mut host, "friend").await;
    assert!(!page.body.contains("<form"), "nothing to press: {}", page.text());
    assert!(!host.open("/admin").await.body.contains("method=\"post\""));
    let again = format!("/admin/again?about={}", target.account);
    assert!(page.body.contains(&format!("href=\"{again}\"")));
    let sign_in = host.open(&again).await.expect(200);
    let back = host.approve_and_finish(&sign_in, "owner").await.expect(200);
    assert_eq!(back.url, about(&house, "friend"));
    host.post(&back, "/admin/tokens/end", &[("id", &target.id)]).await.expect(303);
    assert_eq!(house.app().store.app_tokens().await.unwrap().len(), 0);
    house.relying_party("tv").userinfo(&access_token).await; // whatever its age
    for odd in ["//evil.example", "https://evil.example", "plex-1/../../x", "%0d%0ax"] {
        let sign_in = host.open(&format!("/admin/again?about={odd}")).await.expect(200);
        assert_eq!(host.approve_and_finish(&sign_in, "owner").await.expect(200).url, "/admin", "{odd}");
    }
}

/// A guest who signs in again for it is refused as well.
#[tokio::test]
async fn a_sign_in_of_a_guest_for_it_ends_on_the_page_that_says_no() {
    let house = setup().start().await;
    let mut browser = house.browser();
    let page = browser.open("/admin").await.expect(200);
    let denied = browser.approve_and_finish(&page, "friend").await.expect(403);
    assert!(denied.stays());
    browser.open("/admin").await; // whatever it is, it is not the page
    let asked = "/authorize?response_type=code&client_id=own:admin&scope=openid\
                 &redirect_uri=https://auth.example.com/admin";
    let answer = browser.get(asked).await;
    assert!(answer.status == 400 && answer.location().is_none(), "{answer:?}");
}

#[tokio::test]
async fn who_is_no_host_any_more_is_out_at_the_next_request() {
    let names_friend = "allow = [\"plex-owner\", \"mara@example.net\"]";
    let mut house = setup().set("admin", names_friend).start().await;
    let (target, access_token) = Target::of(&house).await;
    let (mut friend, _) = signed_in_as(&house, "friend").await;
    let csrf = csrf_of(&mut friend).await;
    let (mut owner, _) = host_of(&house).await;
    let owners = csrf_of(&mut owner).await;

    // Taken out of the list.
    house.restart_with(|setup| setup.set("admin", "allow = [\"plex-owner\"]")).await;
    friend.open("/admin").await.expect(403);
    friend.open(&about(&house, "owner")).await.expect(403);
    for path in paths(true) {
        friend.send_own(target.form(path, &csrf)).await.expect(403);
        target.is_untouched(&house, &access_token, path).await;
    }

    // Not the owner any more.
    house.edit_person("owner", "$.groups", "[\"plex-friend\"]");
    owner.open("/admin").await.expect(403);
    for path in paths(true) {
        owner.send_own(target.form(path, &owners)).await.expect(403);
        target.is_untouched(&house, &access_token, path).await;
    }

    // Not known for certain any more: signs in again, and nothing is done meanwhile.
    house.edit_person("owner", "$.groups", "[\"plex-owner\"]");
    owner.open("/admin").await.expect(200);
    house.edit_person("owner", "$.standing.Member.confirmed_at", "1");
    let page = owner.open("/admin").await.expect(200);
    assert!(page.url.starts_with("/sign-in/"), "{}", page.url);
    owner.send_own(target.form("/admin/people/end", &owners)).await.expect(403);
    target.is_untouched(&house, &access_token, "not known").await;
}

#[tokio::test]
async fn what_is_nobodys_ends_nothing() {
    let house = setup().start().await;
    let (target, access_token) = Target::of(&house).await;
    let (mut host, _) = host_of(&house).await;
    let csrf = csrf_of(&mut host).await;
    for (path, fields) in [
        ("/admin/people/end", vec![]),
        ("/admin/people/end", vec![("account", "plex-4")]),
        ("/admin/people/end", vec![("account", "local-1")]),
        ("/admin/people/end", vec![("account", "x' OR 1=1")]),
        ("/admin/people/end", vec![("account", &*target.account), ("account", "plex-4")]),
        ("/admin/sessions", vec![("sid", &*target.sid)]),
        ("/admin/sessions", vec![("sid", &*target.sid), ("account", "plex-4")]),
        ("/admin/sessions", vec![("sid", "x"), ("account", &*target.account)]),
        ("/admin/tokens/end", vec![("id", &*target.id), ("account", "plex-4")]),
        ("/admin/tokens/end", vec![("id", "x"), ("account", &*target.account)]),
        ("/admin/browsers/forget", vec![("browser", &*target.browser)]),
        ("/admin/browsers/forget", vec![("browser", &*target.browser), ("account", "plex-4")]),
        (
            "/admin/browsers/forget",
            vec![("browser", &*target.browser), ("account", &*subject(&house, "owner"))],
        ),
        ("/admin/browsers/forget", vec![("browser", "x"), ("account", &*target.account)]),
    ] {
        let mut form = vec![("csrf", &*csrf)];
        form.extend(fields);
        let told = host.send_own(post_form(path, &form)).await.expect(303);
        assert!(told.location().unwrap().ends_with("?done=nothing"), "{form:?}");
        target.is_untouched(&house, &access_token, path).await;
    }
}

#[tokio::test]
async fn req_134_names_of_people_are_text_to_the_host() {
    let hostile = "\"><img src=x onerror=alert(1)>'&{{ 'never' ~ 'drawn' }}<script>";
    let house = setup().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let (mut host, _) = host_of(&house).await;
    for path in ["$.account.display_name", "$.account.username", "$.account.email"] {
        house.edit_person("friend", path, &serde_json::json!(hostile).to_string());
    }
    let encoded: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
    for (path, times) in
        [("/admin".to_owned(), 2), (format!("/admin?q={encoded}"), 3), (about(&house, "friend"), 3)]
    {
        let page = host.open(&path).await.expect(200);
        assert!(page.body.matches("&lt;img src=x").count() >= times, "{path}: {}", page.body);
        let lower = page.body.to_lowercase();
        assert!(
            !lower.contains("<img src=x") && !lower.contains("<script>") && !lower.contains("neverdrawn")
        );
    }
}
