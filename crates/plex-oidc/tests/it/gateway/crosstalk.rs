//! Many at once: nobody ever passes as somebody else.

use plex_oidc_core::gateway::Family;

use super::*;
use crate::support::{FAMILIES, Proxy, Visit, Visitor};

const ROUNDS: usize = 200;
const AT_ONCE: usize = 20;

/// One whole sign-in at one application and a second one without a click; gives whom both took the visitor for.
async fn said(
    mut visitor: Visitor,
    proxy: Proxy,
    persona: &'static str,
    apps: [&'static str; 2],
) -> Vec<String> {
    let mut said = Vec::new();
    visitor.sign_in(&proxy, &format!("{}/", apps[0]), persona).await;
    visitor.pass_through(&proxy, &format!("{}/", apps[1])).await;
    for app in apps.into_iter().cycle().take(6) {
        let answer = visitor.ask(&proxy, &Visit::script(&format!("{app}/x"))).await.expect(200);
        said.push(answer.header("remote-user").unwrap().to_owned());
    }
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rt_fa_parallel_sign_ins_no_crosstalk() {
    let house = house().await;
    let proxies: Vec<Proxy> = FAMILIES.into_iter().map(|family| house.proxy(family)).collect();
    for round in 0..ROUNDS / AT_ONCE {
        let visits = (0..AT_ONCE).map(|n| {
            let persona = if n % 2 == 0 { "friend" } else { "home" };
            let apps = if n / 2 % 2 == 0 { [WIKI, CALENDAR] } else { [CALENDAR, WIKI] };
            let proxy = proxies[(n + round) % proxies.len()].clone();
            (tokio::spawn(said(house.visitor(), proxy, persona, apps)), subject(&house, persona))
        });
        for (visiting, wanted) in visits.collect::<Vec<_>>() {
            assert_eq!(visiting.await.expect("signed in"), vec![wanted; 6]);
        }
    }
}

#[tokio::test]
async fn who_takes_a_browser_over_ends_the_other_persons_sessions_in_it() {
    let house = house().await;
    let (proxy, mut visitor) = (house.proxy(Family::ForwardAuth), house.visitor());
    visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
    let denied = visitor.sent_to_us(&proxy, &format!("{VAULT}/")).await.expect(403);
    let page = visitor.browser.submit(&denied, "/again").await.expect(200);
    let landing = visitor.browser.approve_and_finish(&page, "owner").await.leaves();
    passes_as(&visitor.come_in(&proxy, &landing).await.1, &subject(&house, "owner"));
    house.pass(plex_oidc_core::time::Seconds(10));
    passes_as(&visitor.pass_through(&proxy, &format!("{WIKI}/")).await, &subject(&house, "owner"));
}
