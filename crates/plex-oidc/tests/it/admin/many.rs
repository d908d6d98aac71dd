//! A thousand people, and apps: the pages stay small and quick (issue 5, budgets).

use std::time::{Duration, Instant};

use plex_oidc::store::records::UserRecord;
use plex_oidc_core::groups::Group;
use plex_oidc_core::id::{AccountId, PlexAccountId};

use super::*;

/// Most bytes of a page.
const BYTES: usize = 40_000;
/// Most time for one. Tests are not optimised, and the machine may be busy: the best of a few counts.
const TIME: Duration = Duration::from_millis(50);
const TRIES: usize = 20;

async fn crowd(house: &House, count: u64) {
    house.sign_in("friend", &house.relying_party("photos")).await;
    let pattern = AccountId::Plex(PlexAccountId(house.plex.account_id("friend")));
    let pattern = house.app().store.user(pattern).await.unwrap().unwrap();
    let mut all = Vec::new();
    for number in 1..=count {
        let mut user = UserRecord { updated: house.now(), ..pattern.clone() };
        let account = &mut user.person.account;
        account.id = AccountId::Plex(PlexAccountId(70_000_000 + number));
        account.display_name = format!("\"Somebody\" & <Company> number {number} with a long name of theirs");
        account.email = Some(format!("somebody.with.a.long.name+{number}@a.long.domain.name.example.org"));
        user.person.groups.extend((1..=100).map(|key| Group::library(None, key)));
        all.push(user);
    }
    // In one transaction, which no method of the store is for.
    let rows = all.iter().map(|user| {
        let AccountId::Plex(PlexAccountId(id)) = user.account_id() else { unreachable!("Plex accounts") };
        let json = serde_json::to_string(&user.person).unwrap().replace('\'', "''");
        format!("INSERT INTO users (account_id, person, updated) VALUES ({id}, '{json}', {});\n\
            INSERT INTO browser_sessions (hash, sid, account_id, auth_time, created, last_seen, idle_expires, \
            absolute_expires) VALUES (randomblob(32), randomblob(16), {id}, 1, 1, {id}, 99999999999, 99999999999);\n",
            user.updated.0)
    });
    house.sql(&format!("BEGIN;\n{}COMMIT;", rows.collect::<String>()));
}

async fn best_time(browser: &mut Browser, path: &str) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..TRIES {
        let began = Instant::now();
        browser.get(path).await.expect(200);
        best = best.min(began.elapsed());
    }
    best
}

#[tokio::test]
async fn with_a_thousand_people_and_apps_the_pages_are_small_and_quick() {
    let mut setup = setup();
    for number in 0..100 {
        setup = setup.client(&format!("client-{number}"), "auth_method = \"none\"");
    }
    let house = setup.start().await;
    crowd(&house, 1000).await;
    let (mut browser, page) = host_of(&house).await;
    assert!(page.text().contains("1002 people") && page.text().contains("100 libraries"), "{}", page.text());
    let mut seen = std::collections::BTreeSet::new();
    for number in 1..=26 {
        let page = browser.get(&format!("/admin?page={number}")).await.expect(200);
        assert!(page.body.len() < BYTES, "{number}: {} bytes", page.body.len());
        let links = page.body.split("href=\"/admin/people/").skip(1);
        seen.extend(links.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    assert_eq!(seen.len(), 1002, "everybody is on one of the pages");
    for path in ["/admin", "/admin?page=20", "/admin?q=number+77", "/admin/people/plex-70000001"] {
        let page = browser.get(path).await.expect(200);
        assert!(page.body.len() < BYTES, "{path}: {} bytes", page.body.len());
        let took = best_time(&mut browser, path).await;
        assert!(took < TIME, "{path} took {took:?}");
    }
    let apps = browser.get("/admin?apps=3").await.expect(200);
    assert!(apps.text().contains("3 of 3") && apps.body.contains("Wiki"), "{}", apps.text());
}
