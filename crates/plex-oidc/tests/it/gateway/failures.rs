//! While the store does not answer, nobody passes who has to be looked up.

use plex_oidc_core::gateway::Family;
use plex_oidc_core::time::Seconds;

use super::*;
use crate::support::{FAMILIES, Visit, redirected};

const LOST: &str = "DROP VIEW gateway_session_details; DROP VIEW app_token_details;";
const FULL: &str =
    "CREATE TRIGGER full BEFORE INSERT ON gateway_sessions BEGIN SELECT RAISE(ABORT, 'disk full'); END";

/// Checks that this says "not now", in the words of the family.
#[track_caller]
fn not_now(family: Family, answer: &Answer) {
    assert_eq!(answer.status, if family == Family::AuthRequest { 403 } else { 503 }, "{answer:?}");
    let later = (family != Family::AuthRequest).then_some("5");
    assert_eq!(answer.header("retry-after"), later);
    assert!(answer.location().is_none() && answer.set_cookies().is_empty());
    assert!(IDENTITY.iter().all(|name| answer.header(name).is_none()));
    let said = answer.body.to_lowercase();
    assert!(!["sql", "gateway_session", "disk", "database"].iter().any(|word| said.contains(word)), "{said}");
}

#[tokio::test]
async fn rt_fa_without_a_store_nobody_passes() {
    let house = house().await;
    let mut visitors = Vec::new();
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        visitors.push((proxy, visitor));
    }
    house.pass(Seconds(10)); // nothing is remembered any more
    house.sql(LOST);
    let token = format!("Bearer pot_{}", "A".repeat(43));
    for (proxy, visitor) in &mut visitors {
        let family = proxy.family;
        for url in [format!("{WIKI}/"), format!("{WIKI}/admin"), format!("{WIKI}/health")] {
            not_now(family, &visitor.page(proxy, &url).await);
            not_now(family, &visitor.ask(proxy, &Visit::script(&url)).await);
            not_now(family, &proxy.ask(&Visit::script(&url).with("authorization", &token)).await);
        }
        // What needs no looking up goes on.
        passes_as(&proxy.ask(&Visit::page(&format!("{WIKI}/health"))).await, "");
        redirected(family, &proxy.ask(&Visit::page(&format!("{WIKI}/"))).await);
    }
}

#[tokio::test]
async fn a_handover_that_cannot_be_stored_lets_nobody_in_and_can_be_tried_again() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let landing = visitor.hand_over(&proxy, &format!("{WIKI}/"), "friend").await;
        house.sql(FULL);
        not_now(family, &visitor.page(&proxy, landing.url.as_str()).await);
        redirected(family, &visitor.page(&proxy, &format!("{WIKI}/")).await);
        house.sql("DROP TRIGGER full");
        visitor.come_in(&proxy, &landing).await.1.expect(200);
    }
}

#[tokio::test]
async fn a_handover_whose_code_cannot_be_looked_up_is_not_the_visitors_fault() {
    let house = house().await;
    // The view over the table stays as it is, and finds nothing below.
    let renamed = |from, to| format!("PRAGMA legacy_alter_table = ON; ALTER TABLE {from} RENAME TO {to}");
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let landing = visitor.hand_over(&proxy, &format!("{WIKI}/"), "friend").await;
        house.sql(&renamed("grants", "lost"));
        not_now(family, &visitor.page(&proxy, landing.url.as_str()).await);
        house.sql(&renamed("lost", "grants"));
        visitor.come_in(&proxy, &landing).await.1.expect(200);
    }
}

#[tokio::test]
async fn an_outage_at_plex_puts_nobody_out() {
    let house = house().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{WIKI}/"), "friend").await;
        house.plex.fails(plextv_emulator::FaultKind::ServerError);
        house.pass(Seconds(3600));
        passes_as(&visitor.page(&proxy, &format!("{WIKI}/")).await, &subject(&house, "friend"));
        passes_as(&visitor.pass_through(&proxy, &format!("{NOTES}/")).await, &subject(&house, "friend"));
        house.plex.recovers();
    }
}
