//! What is no passkey, or not here, not now, not of this person, not for this.

use plex_oidc_core::secret::{Secret, SecretKind};
use plextv_emulator::OTHER_SERVER;

use super::*;

async fn refused(browser: &mut Browser, page: &Answer, sent: &Value) {
    let answer = browser.post(page, ENTER, &[("answer", &sent.to_string())]).await.expect(403);
    assert!(answer.set_cookies().iter().all(|cookie| !cookie.contains("-host=")), "{sent}");
}

/// Rauthy GHSA-x8jp-v2j6-6vjf: an assertion of one account in the ceremony of another.
#[tokio::test]
async fn rt_passkey_other_user() {
    let house = setup().second_server(OTHER_SERVER, 48_151_014).start().await;
    let (mut first, _) = signed_in_as(&house, "owner").await;
    let (mut second, _) = signed_in_as(&house, "other-owner").await;
    let (mut of_first, mut of_second) = (Key::new(), Key::new());
    of_second.inside.pair = Pair::rsa();
    assert_eq!(add(&mut first, &mut of_first, "first").await, ADDED);
    assert_eq!(add(&mut second, &mut of_second, "second").await, ADDED);
    assert_ne!(of_first.handle, of_second.handle);
    house.pass(Seconds::minutes(10));
    // Somebody signed in as the one confirms with the key of the other.
    let page = first.open(ENTER).await.expect(200);
    let asked = options(&mut first, &page, ENTER).await;
    refused(&mut first, &page, &of_second.got(&asked)).await;
    let mut unsaid = of_second.got(&asked);
    unsaid["userHandle"] = Value::Null;
    refused(&mut first, &page, &unsaid).await;
    // With the name of the other on it, or the other's credential with the own name.
    let mut lying = of_second.got(&asked);
    lying["userHandle"] = json!(of_first.handle);
    refused(&mut first, &page, &lying).await;
    let mut lying = of_first.got(&asked);
    lying["id"] = json!(text(&of_second.inside.id));
    refused(&mut first, &page, &lying).await;
    first.post(&page, ENTER, &[("answer", &of_first.got(&asked).to_string())]).await.expect(303);

    // Coming in, the passkey says who, and the authenticator must say the same.
    let mut browser = house.browser();
    let page = browser.open(ENTER).await.expect(200);
    let asked = options(&mut browser, &page, ENTER).await;
    for handle in [Value::Null, json!(of_second.handle), json!(""), json!("AAAA")] {
        let mut sent = of_first.got(&asked);
        sent["userHandle"] = handle;
        refused(&mut browser, &page, &sent).await;
    }
    // Nobody lists or removes another's.
    let again = first.open("/admin/again").await.expect(200);
    first.approve_and_finish(&again, "owner").await.expect(200);
    let page = first.open(LIST).await.expect(200);
    assert!(!page.text().contains("second"));
    let all = house.app().store.passkeys().await.unwrap();
    let other = all.iter().find(|passkey| passkey.name == "second").unwrap().id.to_string();
    let answer = first.post(&page, "/admin/passkeys/remove", &[("id", &other)]).await.expect(303);
    assert_eq!(answer.location(), Some("/admin/passkeys?done=nothing"));
    assert_eq!(house.app().store.passkeys().await.unwrap().len(), 2);
}

#[tokio::test]
async fn req_145_a_challenge_is_good_once_for_five_minutes_and_in_one_browser() {
    let (house, key) = house_with_key().await;
    let mut browser = house.browser();
    let page = browser.open(ENTER).await.expect(200);
    let asked = options(&mut browser, &page, ENTER).await;
    let sent = key.got(&asked);
    // In another browser it is nobody's.
    let mut thief = house.browser();
    let thiefs = thief.open(ENTER).await.expect(200);
    refused(&mut thief, &thiefs, &sent).await;
    browser.post(&page, ENTER, &[("answer", &sent.to_string())]).await.expect(303);
    // The same answer again, and another answer to the same challenge.
    refused(&mut browser, &page, &sent).await;
    refused(&mut browser, &page, &key.got(&asked)).await;

    let old = options(&mut browser, &page, ENTER).await;
    house.pass(Seconds(299));
    browser.post(&page, ENTER, &[("answer", &key.got(&old).to_string())]).await.expect(303);
    let mut other = house.browser();
    let page = other.open(ENTER).await.expect(200);
    let old = options(&mut other, &page, ENTER).await;
    house.pass(Seconds(300));
    refused(&mut other, &page, &key.got(&old)).await;
    // One that nobody gave out, and one with another's end.
    for challenge in [&b"a challenge of my own"[..], b""] {
        let own = json!({ "challenge": text(challenge) });
        refused(&mut other, &page, &key.got(&own)).await;
    }
    let marked = String::from_utf8(challenge_of(&options(&mut other, &page, ENTER).await)).unwrap();
    let (body, tag) = marked.split_once('.').unwrap();
    let inside = String::from_utf8(URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
    let later = text(inside.replace(" 1", " 2").as_bytes());
    let forged = json!({ "challenge": text(format!("{later}.{tag}").as_bytes()) });
    refused(&mut other, &page, &key.got(&forged)).await;
}

#[tokio::test]
async fn req_145_of_64_who_show_one_answer_one_comes_in() {
    let (house, key) = house_with_key().await;
    let mut browser = house.browser();
    let page = browser.open(ENTER).await.expect(200);
    let sent = key.got(&options(&mut browser, &page, ENTER).await).to_string();
    let csrf = field(&page, ENTER, "csrf");
    let all = (0..64).map(|_| {
        let (mut browser, sent, csrf) = (browser.clone(), sent.clone(), csrf.clone());
        tokio::spawn(async move {
            browser.send_own(post_form(ENTER, &[("csrf", &csrf), ("answer", &sent)])).await.status
        })
    });
    let answers = futures_util::future::join_all(all.collect::<Vec<_>>()).await;
    let mut answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    answers.sort_unstable();
    assert_eq!((answers[0], answers[1]), (303, 403), "{answers:?}");
    assert_eq!(events(&house, "passkey_used").len(), 1);
}

#[tokio::test]
async fn req_145_a_challenge_for_one_thing_is_none_for_another() {
    let (house, mut key) = house_with_key().await;
    let (mut owner, _) = host_of(&house).await;
    let list = owner.open(LIST).await.expect(200);
    let page = owner.open(ENTER).await.expect(200);
    let (to_add, to_confirm) =
        (options(&mut owner, &list, LIST).await, options(&mut owner, &page, ENTER).await);
    refused(&mut owner, &page, &key.got(&to_add)).await;
    let new = Key::new();
    let sent = new.made(&to_confirm).to_string();
    let answer = owner.post(&list, LIST, &[("answer", &sent), ("name", "x")]).await.expect(303);
    assert_eq!(answer.location(), Some("/admin/passkeys?done=not-good"));
    // Of an account, in another of its browsers: the challenge is bound to the session that asked.
    let (mut elsewhere, _) = host_of(&house).await;
    let other = elsewhere.open(LIST).await.expect(200);
    let sent = new.made(&to_add).to_string();
    let answer = elsewhere.post(&other, LIST, &[("answer", &sent), ("name", "x")]).await.expect(303);
    assert_eq!(answer.location(), Some("/admin/passkeys?done=not-good"));
    // A stranger's challenge is none to confirm with: it is for whoever the passkey says, and says so.
    let mut stranger = house.browser();
    let entrance = stranger.open(ENTER).await.expect(200);
    let to_enter = options(&mut stranger, &entrance, ENTER).await;
    key.handle = None;
    refused(&mut stranger, &entrance, &key.got(&to_enter)).await;
    assert_eq!(house.app().store.passkeys().await.unwrap().len(), 1);
}

/// The same, where the browser is the right one: challenges as we mark them, for this and for that.
#[tokio::test]
async fn req_145_what_a_challenge_is_for_and_for_whom_is_compared() {
    let (house, key) = house_with_key().await;
    let (owner, other) = (subject(&house, "owner"), subject(&house, "friend"));
    let challenge = |cookie: &str, kind: SecretKind, what: &str| {
        let until = house.now().plus(Seconds(300)).0;
        let browser = text(&Secret::parse(kind, cookie).unwrap().hash().0);
        let marked =
            house.app().mac.mark("passkey challenge", format!("{what} {until} {browser} x").as_bytes());
        json!({ "challenge": text(marked.as_bytes()) })
    };
    let (mut host, _) = host_of(&house).await;
    let page = host.open(LIST).await.expect(200);
    let session = host.session().unwrap().to_owned();
    for (what, said) in [
        ("enter -", "not-good"),
        (&*format!("confirm {owner}"), "not-good"),
        (&*format!("add {other}"), "not-good"),
        ("add -", "not-good"),
        ("add", "not-good"),
        (&*format!("add {owner}"), "added"),
    ] {
        let sent = Key::new().made(&challenge(&session, SecretKind::BrowserSession, what)).to_string();
        let answer = host.post(&page, LIST, &[("answer", &sent), ("name", "x")]).await.expect(303);
        assert_eq!(answer.location(), Some(&*format!("/admin/passkeys?done={said}")), "{what}");
    }
    let page = host.open(ENTER).await.expect(200);
    let cookie = host.cookies.get("__Host-plex-oidc-passkey").unwrap().clone();
    for what in
        [format!("add {owner}"), format!("confirm {other}"), "confirm -".to_owned(), "leave -".to_owned()]
    {
        refused(&mut host, &page, &key.got(&challenge(&cookie, SecretKind::PasskeyPage, &what))).await;
    }
    for what in [format!("confirm {owner}"), "enter -".to_owned()] {
        let sent = key.got(&challenge(&cookie, SecretKind::PasskeyPage, &what)).to_string();
        host.post(&page, ENTER, &[("answer", &sent)]).await.expect(303);
    }
}

#[tokio::test]
async fn req_145_an_answer_without_the_users_own_check_opens_nothing() {
    let (house, mut key) = house_with_key().await;
    let mut browser = house.browser();
    let page = browser.open(ENTER).await.expect(200);
    let asked = options(&mut browser, &page, ENTER).await;
    for flags in [0b0000, 0b0001, 0b0100, 0b1_0101] {
        key.inside.flags = flags;
        refused(&mut browser, &page, &key.got(&asked)).await;
    }
    key.inside.flags = authenticator::PRESENT_AND_VERIFIED;
    for (origin, rp_id) in [
        ("https://auth.example.com.evil.example", "auth.example.com"),
        ("https://evilauth.example.com", "auth.example.com"),
        ("http://auth.example.com", "auth.example.com"),
        (ISSUER, "example.com"),
    ] {
        key.inside.origin = origin.to_owned();
        key.inside.rp_id = rp_id.to_owned();
        refused(&mut browser, &page, &key.got(&asked)).await;
    }
    (key.inside.origin, key.inside.rp_id) = (ISSUER.to_owned(), "auth.example.com".to_owned());
    key.inside.more = r#","crossOrigin":true"#.to_owned();
    refused(&mut browser, &page, &key.got(&asked)).await;
    key.inside.more = String::new();
    // None of that used the challenge up.
    browser.post(&page, ENTER, &[("answer", &key.got(&asked).to_string())]).await.expect(303);
}

#[tokio::test]
async fn req_145_a_counter_that_goes_back_is_refused_and_the_host_is_told() {
    let (house, mut key) = house_with_key().await;
    key.inside.count = 9;
    enter(&mut house.browser(), &key).await.expect(303);
    for count in [9, 3, 0] {
        key.inside.count = count;
        enter(&mut house.browser(), &key).await.expect(403);
    }
    let told = events(&house, "passkey_refused");
    assert_eq!(told.len(), 3);
    assert_eq!(told[2]["detail"], json!("counter 9 after 9"));
    assert_eq!(told[0]["account"], json!(subject(&house, "owner")));
    // It is not locked: whoever has the right one goes on.
    key.inside.count = 10;
    enter(&mut house.browser(), &key).await.expect(303);
}

/// A crowd that tries and tries locks nobody out, and leaves nothing behind.
#[tokio::test]
async fn req_142_who_tries_again_and_again_does_not_lock_the_owner_out() {
    let (house, key) = house_with_key().await;
    let mut crowd = house.browser();
    let page = crowd.open(ENTER).await.expect(200);
    let mut forged = Key { inside: Authenticator::new(Pair::p256(), ISSUER), handle: key.handle.clone() };
    forged.inside.id.clone_from(&key.inside.id);
    for _ in 0..100 {
        let asked = options(&mut crowd, &page, ENTER).await;
        refused(&mut crowd, &page, &forged.got(&asked)).await;
    }
    // From the crowd's own address, too.
    let mut owner = house.browser();
    owner.address = crowd.address;
    enter(&mut owner, &key).await.expect(303);
    assert!(house.app().store.sweep(house.now().plus(Seconds::days(1))).await.unwrap().used_challenges <= 2);
    assert!(events(&house, "passkey_refused").is_empty(), "the log of the host is not theirs to fill");
}

#[tokio::test]
async fn whoever_is_no_owner_any_more_does_not_come_in_with_an_old_passkey() {
    let (mut house, key) = house_with_key().await;
    let mut inside = house.browser();
    enter(&mut inside, &key).await.expect(303);
    house.restart_with(|setup| setup.set("admin", "allow = [\"mara@example.net\"]")).await;
    assert!(is_out(&inside.open("/admin").await), "who is inside is out with the next request");
    let mut browser = house.browser();
    let answer = enter(&mut browser, &key).await.expect(403);
    assert!(answer.text().contains("not the owner of a server"), "{}", answer.text());
    assert_eq!(events(&house, "passkey_refused")[0]["detail"], json!("not_the_host"));
    assert!(is_out(&browser.open("/admin").await));

    // By account, the owner is one again; with another owner in the file, not.
    let owner = house.plex.account_id("owner");
    let by_account = format!("allow = [\"plex-{owner}\"]");
    house.restart_with(|setup| setup.set("admin", &by_account)).await;
    enter(&mut house.browser(), &key).await.expect(303);
    // A passkey that was put into another's name opens nothing: its key is sealed for its owner.
    house.sql(&format!("UPDATE passkeys SET account_id = {}", owner + 1));
    assert_ne!(enter(&mut house.browser(), &key).await.status, 303);
}

/// Somebody who owned a server, does not any more, and is blocked.
#[tokio::test]
async fn whoever_owns_nothing_any_more_or_is_blocked_does_not_come_in() {
    let mut house = setup().second_server(OTHER_SERVER, 48_151_014).start().await;
    let (mut second, _) = signed_in_as(&house, "other-owner").await;
    let mut key = Key::new();
    assert_eq!(add(&mut second, &mut key, "second").await, ADDED);
    let mut inside = house.browser();
    enter(&mut inside, &key).await.expect(303);
    house.restart_with(|_| setup()).await;
    assert!(is_out(&inside.open("/admin").await));
    enter(&mut house.browser(), &key).await.expect(403);
    let (exit, _, err) = command(&house, &["person", "block", "plex-48151014"]);
    assert_eq!(exit, Exit::Done, "{err}");
    enter(&mut house.browser(), &key).await.expect(403);
    // Nor where the page would be for the account by name, while it owns no server.
    house.restart_with(|setup| setup.set("admin", "allow = [\"plex-48151014\"]")).await;
    enter(&mut house.browser(), &key).await.expect(403);
}

/// Who is the host, and owns nothing, has no passkey; nor has anybody else.
#[tokio::test]
async fn passkeys_are_for_owners() {
    let house = setup().set("admin", "allow = [\"plex-friend\"]").start().await;
    let (mut friend, _) = signed_in_as(&house, "friend").await;
    let page = friend.open(LIST).await.expect(200);
    assert!(page.text().contains("Passkeys are for the owner of a server"), "{}", page.text());
    assert!(!page.body.contains("<form"));
    let home = friend.open("/admin").await.expect(200);
    let csrf = field(&home, "/admin/keys", "csrf");
    let form = post_form("/admin/passkeys/options", &[("csrf", &csrf)]);
    friend.send_own(form).await.expect(404);
    // A guest reaches neither.
    let house = setup().start().await;
    let mut guest = house.sign_in("friend", &house.relying_party("photos")).await.0;
    guest.open(LIST).await.expect(403);
    for path in ["/admin/passkeys/options", LIST, "/admin/passkeys/remove"] {
        guest.send_own(post_form(path, &[("csrf", "x")])).await.expect(403);
    }
}

/// What somebody who can write into the database puts there: their key, in the place of the owner's.
#[tokio::test]
async fn a_key_that_was_exchanged_in_the_database_is_no_key() {
    let (house, key) = house_with_key().await;
    let (mut owner, _) = host_of(&house).await;
    let mut other = Key::new();
    assert_eq!(add(&mut owner, &mut other, "other").await, ADDED);
    // One row's sealed key in the other row.
    house.sql(
        "UPDATE passkeys SET key_sealed = (SELECT key_sealed FROM passkeys WHERE name = 'other') WHERE name = 'The phone'",
    );
    let mut mixed = Key { inside: Authenticator::new(Pair::p256(), ISSUER), handle: key.handle.clone() };
    mixed.inside.id.clone_from(&key.inside.id);
    mixed.inside.pair = other.inside.pair;
    assert_ne!(enter(&mut house.browser(), &mixed).await.status, 303);
    assert_ne!(enter(&mut house.browser(), &key).await.status, 303);
    let bytes = house.database_bytes();
    assert!(!bytes.windows(32).any(|part| part == &key.inside.attested()[70..102]), "the key is sealed");
}

#[tokio::test]
async fn req_131_forms_of_these_pages_are_sent_by_these_pages() {
    let (house, key) = house_with_key().await;
    let mut browser = house.browser();
    let page = browser.open(ENTER).await.expect(200);
    let asked = options(&mut browser, &page, ENTER).await;
    let sent = key.got(&asked).to_string();
    let csrf = field(&page, ENTER, "csrf");
    let mut other = house.browser();
    let others = other.open(ENTER).await.expect(200);
    let others = field(&others, ENTER, "csrf");
    for token in ["", "x", &others] {
        browser.send_own(post_form(ENTER, &[("csrf", token), ("answer", &sent)])).await.expect(403);
        browser.send_own(post_form("/admin/passkey/options", &[("csrf", token)])).await.expect(403);
    }
    for (name, value) in
        [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        for path in [ENTER, "/admin/passkey/options"] {
            let mut request = post_form(path, &[("csrf", &csrf), ("answer", &sent)]);
            request.headers_mut().insert(name, HeaderValue::from_static(value));
            browser.send(request).await.expect(403);
        }
    }
    browser.send_own(post_form(ENTER, &[("csrf", &csrf), ("answer", &sent)])).await.expect(303);
}

#[tokio::test]
async fn what_is_no_answer_is_refused_and_changes_nothing() {
    let (house, key) = house_with_key().await;
    let mut browser = house.browser();
    let page = browser.open(ENTER).await.expect(200);
    let asked = options(&mut browser, &page, ENTER).await;
    let good = key.got(&asked);
    let with = |name: &str, value: Value| {
        let mut sent = good.clone();
        sent[name] = value;
        sent.to_string()
    };
    for sent in [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        "x".repeat(10_000),
        with("more", json!(1)),
        with("id", json!("")),
        with("id", json!("=")),
        with("id", json!(7)),
        with("clientData", json!("e30")),
        with("signature", json!("")),
        with("signature", Value::Null),
        with("authenticatorData", json!("AA")),
        with("attestationObject", json!("AA")),
    ] {
        browser.post(&page, ENTER, &[("answer", &sent)]).await.expect(403);
    }
    let (mut owner, _) = host_of(&house).await;
    let list = owner.open(LIST).await.expect(200);
    let asked = options(&mut owner, &list, LIST).await;
    let made = Key::new().made(&asked);
    for (sent, name, said) in [
        (json!({}), "x", "not-good"),
        (made.clone(), "", "no-name"),
        (made.clone(), " \t", "no-name"),
        (made.clone(), "a\u{7}b", "no-name"),
        (made.clone(), &*"x".repeat(61), "no-name"),
        (good.clone(), "x", "not-good"),
    ] {
        let fields = [("answer", &*sent.to_string()), ("name", name)];
        let answer = owner.post(&list, LIST, &fields).await.expect(303);
        assert_eq!(answer.location(), Some(&*format!("/admin/passkeys?done={said}")), "{name:?}");
    }
    // The same passkey twice.
    let asked = options(&mut owner, &list, LIST).await;
    let answer = owner.post(&list, LIST, &[("answer", &key.made(&asked).to_string()), ("name", "x")]).await;
    assert_eq!(answer.location(), Some("/admin/passkeys?done=there"));
    assert_eq!(house.app().store.passkeys().await.unwrap().len(), 1);
    // More than there may be.
    for number in 1..10 {
        assert_eq!(add(&mut owner, &mut Key::new(), &number.to_string()).await, ADDED);
    }
    assert_eq!(add(&mut owner, &mut Key::new(), "one more").await, "/admin/passkeys?done=too-many");
}
