//! The audit log: what is in it, what is not, and who sees it.

use plex_oidc::store::records::EventsWanted;
use plex_oidc_core::audit::{Actor, Event, What};
use plex_oidc_core::id::{AccountId, PlexAccountId};
use serde_json::Value;

use super::*;
use crate::support::post_form;

/// Everything, the newest first.
fn log(house: &House) -> Vec<Value> {
    let (exit, out, err) = command(house, &["audit", "--json"]);
    assert_eq!(exit, Exit::Done, "{err}");
    out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn kinds(house: &House) -> Vec<String> {
    log(house).iter().rev().map(|event| event["what"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_sign_in_is_one_event_and_what_follows_from_it_is_none() {
    let house = setup().start().await;
    let photos = house.relying_party("photos");
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let only = log(&house);
    assert_eq!(only.len(), 1, "{only:?}");
    let event = &only[0];
    assert_eq!(event["what"], "signed_in");
    assert_eq!((&event["by"], &event["account"]), (&subject(&house, "friend").into(), &event["by"]));
    assert_eq!((&event["name"], &event["target"]), (&"Mara".into(), &"photos".into()));
    assert_eq!(event["address"], browser.address.ip().to_string());
    assert_eq!(event["at"], house.now().rfc3339());

    // The live session, tokens, the gateway, an application that is not for them: nothing.
    let asked = photos.authorization();
    let landing = browser.open(&asked.url()).await.leaves();
    let again = photos.tokens(&asked, &landing).await;
    photos.refresh(&again.refresh_token()).await.expect(200);
    photos.userinfo(&tokens.access_token()).await.expect(200);
    browser.open("/account").await.expect(200);
    let denied = browser.open(&house.relying_party("wiki").authorization().url()).await;
    assert_eq!(denied.status, 403);
    browser.open("/admin").await.expect(403);
    assert_eq!(log(&house), only);
}

#[tokio::test]
async fn a_stranger_is_denied_once_by_name_however_many_tabs_wait() {
    let house = setup().start().await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await.expect(200);
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "stranger");
    let tabs = (0..8).map(|_| {
        let (mut tab, back) = (browser.clone(), format!("/sign-in/{}/return", page.attempt()));
        tokio::spawn(async move { tab.get(&back).await.status })
    });
    futures_util::future::join_all(tabs.collect::<Vec<_>>()).await;
    assert_eq!(browser.open(&format!("/sign-in/{}", page.attempt())).await.status, 403);
    let log = log(&house);
    assert_eq!(log.len(), 1, "{log:?}");
    assert_eq!((&log[0]["what"], &log[0]["detail"]), (&"denied".into(), &"not_shared".into()));
    assert_eq!(log[0]["account"], subject(&house, "stranger"));
    assert!(log[0]["name"].is_string());
    // Nothing else is remembered of strangers.
    let account = AccountId::Plex(PlexAccountId(house.plex.account_id("stranger")));
    assert!(house.app().store.user(account).await.unwrap().is_none());
}

#[tokio::test]
async fn what_people_and_the_host_end_is_in_it() {
    let house = setup().client("tv", "consent_required = true").with_owner_token().start().await;
    let (mut theirs, _) = house.sign_in("friend", &house.relying_party("photos")).await;
    let asked = house.relying_party("tv").authorization();
    let page = theirs.open(&asked.url()).await.expect(200);
    theirs.submit(&page, "/consent").await.leaves();
    make_token(&mut theirs).await;
    make_token(&mut theirs).await;
    let page = theirs.open("/account").await;
    theirs.post(&page, "/account/consents", &[]).await.expect(303);
    theirs.post(&page, "/account/tokens/end", &[]).await.expect(303);
    let (mut other, _) = house.sign_in("friend", &house.relying_party("photos")).await;
    let page = other.open("/account").await;
    let sid = field(&page, "/account/sessions", "sid", "Sign out");
    other.post(&page, "/account/sessions", &[("sid", &sid)]).await.expect(303);
    let page = other.open("/sign-out").await;
    other.post(&page, "/sign-out", &[("answer", "sign-out")]).await.expect(200);
    let (mut third, _) = house.sign_in("friend", &house.relying_party("photos")).await;
    let page = third.open("/sign-out").await;
    third.post(&page, "/sign-out", &[("answer", "everywhere")]).await.expect(200);
    assert_eq!(
        kinds(&house),
        [
            "signed_in",
            "consent_given",
            "app_token_made",
            "app_token_made",
            "consent_withdrawn",
            "app_token_ended",
            "signed_in",
            "new_browser",
            "session_ended",
            "signed_out",
            "signed_in",
            "new_browser",
            "signed_out_everywhere"
        ]
    );

    let (mut host, _) = host_of(&house).await;
    let page = page_of(&house, &mut host, "friend").await;
    host.post(&page, "/admin/tokens/end", &[]).await.expect(303);
    host.post(&page, "/admin/tokens/end", &[]).await.expect(303); // gone already: no event
    host.post(&page, "/admin/people/end", &[]).await.expect(303);
    let page = host.open("/admin").await;
    house.plex.world().unshare("friend").unwrap();
    host.post(&page, "/admin/recheck", &[]).await.expect(303);
    let log = log(&house);
    let last: Vec<_> = log.iter().take(4).map(|event| event["what"].as_str().unwrap()).collect();
    assert_eq!(last, ["access_ended", "rechecked_by_host", "everything_ended", "app_token_ended"]);
    let (host, friend) = (subject(&house, "owner"), subject(&house, "friend"));
    assert_eq!((&log[0]["by"], &log[0]["account"]), (&"recheck".into(), &Value::from(&*friend)));
    assert_eq!((&log[2]["by"], &log[2]["account"]), (&Value::from(&*host), &Value::from(&*friend)));
}

/// Who hangs up at the right moment is in it all the same.
#[tokio::test]
async fn what_was_begun_is_written_down_when_whoever_asked_is_gone() {
    let house = setup().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let (mut host, _) = host_of(&house).await;
    let page = page_of(&house, &mut host, "friend").await;
    let form = page.form("/admin/people/end").fields;
    let fields: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let request = post_form("/admin/people/end", &fields);
    {
        let mut sent = Box::pin(host.send_own(request));
        for _ in 0..3 {
            tokio::select! {
                biased;
                _ = &mut sent => break,
                () = tokio::task::yield_now() => {}
            }
        }
    }
    for _ in 0..1000 {
        if kinds(&house).last().is_some_and(|last| last == "everything_ended") {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{:?}", kinds(&house));
}

#[tokio::test]
async fn commands_are_in_it() {
    let house = setup().set("local", "enabled = true").start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let friend = subject(&house, "friend");
    let (exit, _, err) = command(&house, &["token", "add", "--user", &friend, "--app", "notes"]);
    assert_eq!(exit, Exit::Done, "{err}");
    let id = house.app().store.app_tokens().await.unwrap()[0].id.clone();
    for arguments in [
        &["token", "revoke", &id][..],
        &["user", "add", "ida", "--no-password"],
        &["user", "disable", "ida"],
        &["user", "remove", "ida"],
    ] {
        assert_eq!(command(&house, arguments).0, Exit::Done, "{arguments:?}");
    }
    assert_eq!(command(&house, &["token", "revoke", &id]).0, Exit::Failed);
    let log = log(&house);
    assert!(log.iter().take(5).all(|event| event["by"] == "command-line"), "{log:?}");
    let said: Vec<_> = log.iter().map(|event| format!("{} {}", event["what"], event["detail"])).collect();
    assert_eq!(
        said[..5],
        [
            "\"local_account_changed\" \"removed\"",
            "\"local_account_changed\" \"switched off\"",
            "\"local_account_changed\" \"added\"",
            "\"app_token_ended\" null",
            "\"app_token_made\" \"notes\"",
        ]
    );
    assert_eq!(log[4]["account"], *friend);
}

#[tokio::test]
async fn the_page_and_the_export_find_the_same() {
    let house = setup().start().await;
    for persona in ["friend", "friend-all"] {
        house.sign_in(persona, &house.relying_party("photos")).await;
    }
    house.pass(Seconds::days(2));
    let (mut browser, _) = host_of(&house).await;
    let friend = subject(&house, "friend");
    let today = house.now().rfc3339()[..10].to_owned();
    for (query, count) in [
        ("", 3),
        (&*format!("person={friend}"), 1),
        ("person=mara", 1),
        ("person=nobody", 0),
        ("what=signed_in", 3),
        ("what=denied", 0),
        ("what=nonsense", 3),
        (&*format!("since={today}"), 1),
        (&*format!("until={today}"), 3),
        (&*format!("until={today}T00:00:00Z"), 2),
        ("since=nonsense&until=2026-02-30", 3),
        ("before=1", 0),
        ("before=-1", 3),
        ("before=99999999999999999999", 3),
        ("person=a&person=b", 3),
    ] {
        let page = browser.open(&format!("/admin/audit?{query}")).await.expect(200);
        assert_eq!(
            page.body.matches("<strong>signed in</strong>").count(),
            count,
            "{query}: {}",
            page.text()
        );
        let export = browser.get(&format!("/admin/audit.jsonl?{query}")).await.expect(200);
        assert_eq!(export.body.lines().count(), count, "{query}");
        assert!(export.body.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
        assert_eq!(export.header("content-type"), Some("application/jsonl"));
        assert!(export.header("content-disposition").unwrap().starts_with("attachment"));
        assert_eq!(export.header("cache-control"), Some("no-store"));
    }
    let page = browser.open(&format!("/admin/audit?since={today}&until={today}&what=denied")).await;
    assert_eq!(page.body.matches(&format!("value=\"{today}\"")).count(), 2, "the form keeps what was asked");
    assert!(page.body.contains("<option value=\"denied\" selected>"));
}

#[tokio::test]
async fn many_events_come_page_by_page_and_all_at_once() {
    let house = setup().start().await;
    let store = &house.app().store;
    for number in 0..1203_u64 {
        let account = AccountId::Plex(PlexAccountId(number));
        let event = Event::new(house.now(), What::Denied, Actor::Account(account)).about(account);
        store.record_event(event.named("\"><img src=x>{{ 1 }}")).await.unwrap();
    }
    let (mut browser, _) = host_of(&house).await;
    let mut seen = 0;
    let mut next = Some("/admin/audit?what=denied".to_owned());
    while let Some(address) = next {
        let page = browser.open(&address).await.expect(200);
        assert!(page.body.len() < 40_000 && !page.body.contains("<img src=x"), "{}", page.body.len());
        seen += page.body.matches("<strong>denied</strong>").count();
        let end = page.body.split("rel=\"next\"").next().filter(|end| end.len() < page.body.len());
        let older = end.and_then(|end| Some(end.rsplit_once("href=\"")?.1.split('"').next()?.to_owned()));
        next = older.map(|older| older.replace("&amp;", "&").replace("&#x2f;", "/"));
    }
    assert_eq!(seen, 1203);
    let export = browser.get("/admin/audit.jsonl?what=denied").await.expect(200);
    let ids: Vec<u64> = export
        .body
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids.len(), 1203);
    assert!(ids.is_sorted_by(|a, b| a > b));
}

#[tokio::test]
async fn old_events_are_forgotten_as_the_file_says_and_a_broken_log_stops_nobody() {
    let house = setup().set("admin", "audit_days = 30").start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    assert_eq!(house.app().events_kept, Seconds::days(30));
    let mut nobody = house.browser();
    nobody.open("/admin/audit").await;

    // Whatever is wrong with the log, people come in and the host ends things.
    house.sql("DROP TABLE audit");
    house.sign_in("friend", &house.relying_party("photos")).await;
    let (mut host, _) = host_of(&house).await;
    let page = page_of(&house, &mut host, "friend").await;
    let told = host.post(&page, "/admin/people/end", &[]).await.expect(303);
    assert!(told.location().unwrap().ends_with("?done=everything"));
    let mut stranger = house.browser();
    let page = stranger.open(&house.relying_party("photos").authorization().url()).await;
    stranger.approve_and_finish(&page, "stranger").await.expect(403);
    let page = host.open("/admin/audit").await;
    assert!(page.status >= 500, "{}", page.status);
    assert!(house.app().store.events(EventsWanted { most: 1, ..EventsWanted::default() }).await.is_err());
    let (exit, _, err) = command(&house, &["user", "add", "ida", "--no-password"]);
    assert_eq!(exit, Exit::Done);
    assert!(err.contains("This is not in the audit log"), "{err}");
    assert_eq!(command(&house, &["audit"]).0, Exit::Failed);
}

#[tokio::test]
async fn the_command_shows_the_newest_lines_and_says_what_it_cannot_read() {
    let house = setup().start().await;
    for persona in ["friend", "friend-all"] {
        house.sign_in(persona, &house.relying_party("photos")).await;
    }
    let (_, out, _) = command(&house, &["audit", "--most", "1"]);
    assert_eq!(out.lines().count(), 1);
    assert!(out.contains("signed_in") && out.contains(&subject(&house, "friend-all")), "{out}");
    let (_, out, _) = command(&house, &["audit", "--account", "mara@example.net", "--since", "1h"]);
    assert!(out.lines().count() == 1 && out.contains("(Mara)  photos"), "{out}");
    let (_, out, _) = command(&house, &["audit", "--account", "plex-4"]);
    assert_eq!(out, "");
    assert_eq!(command(&house, &["audit", "--account", "nobody@example.org"]).0, Exit::Failed);
    for odd in [["--what", "nonsense"], ["--since", "yesterday"], ["--most", "0"]] {
        assert_eq!(command(&house, &[&["audit"][..], &odd].concat()).0, Exit::Usage, "{odd:?}");
    }
}
