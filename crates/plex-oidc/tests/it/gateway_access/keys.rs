//! The team's keys: without any nobody passes, and a rotation is not noticed.

use std::time::Duration;

use plex_oidc_core::time::Seconds;
use serde_json::json;

use super::{ASSERTION, KEYS, Lab, NOT_GOOD, TAG, refused, told};
use crate::support::{Log, Setup};

const NO_KEYS: &str = "The keys of Cloudflare Access cannot be fetched now. Try again.";

#[tokio::test]
async fn req_174_without_keys_the_answer_is_503_and_403_for_nginx() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    lab.team.goes_down();
    let good = lab.assertion(json!({}));
    let answer = lab.ask("/", &[(ASSERTION, &good)]).await;
    refused(&answer, 503, NO_KEYS);
    assert!(answer.header("retry-after").is_some());
    let nginx = [
        ("x-original-method", "GET"),
        ("x-original-url", "https://wiki.example.org/"),
        (ASSERTION, good.as_str()),
    ];
    refused(&lab.send("/authz/cloudflare-access/wiki/auth-request", &nginx).await, 403, NO_KEYS);
    assert_eq!(lab.team.fetches(), 1, "one try a minute");
    lab.team.publishes(&[&KEYS[0]]);
    lab.house.pass(Seconds(61));
    told(&lab.ask("/", &[(ASSERTION, &good)]).await);
}

#[tokio::test]
async fn a_rotation_is_not_noticed() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    let (of_old, of_new) = (lab.assertion(json!({})), lab.assertion_by(&KEYS[1], json!({})));
    told(&lab.ask("/", &[(ASSERTION, &of_old)]).await);
    refused(&lab.ask("/", &[(ASSERTION, &of_new)]).await, 401, NOT_GOOD);
    lab.team.publishes(&[&KEYS[1], &KEYS[0]]);
    lab.house.pass(Seconds(61));
    for assertion in [&of_new, &of_old] {
        told(&lab.ask("/", &[(ASSERTION, assertion)]).await);
    }
    assert_eq!(lab.team.fetches(), 2);
}

#[tokio::test]
async fn the_service_fetches_the_keys_before_anybody_asks() {
    let lab = Lab::new().await;
    lab.house.listen().await;
    let fetched = async {
        while lab.team.fetches() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), fetched).await.expect("fetched");
    assert_eq!(lab.team.fetches(), 1);
}

/// An hour is not noticed, and a day is an outage: nobody passes by keys that are too old, and the log says so once, and once an hour.
#[tokio::test]
async fn f_20_an_hour_without_the_teams_address_is_not_noticed_and_a_day_is_an_outage() {
    let longer = |setup: Setup| setup.set("rules", "membership_lifetime = \"3d\"");
    let lab = Lab::with(longer, &format!("access_audiences = \"{TAG}\"")).await;
    lab.knows("friend").await;
    let longest = json!({"exp": lab.house.now().0 + 3 * 86_400});
    let good = lab.assertion(longest);
    told(&lab.ask("/", &[(ASSERTION, &good)]).await);
    let keys = std::sync::Arc::clone(lab.house.app().access.keys().next().unwrap());
    lab.team.goes_down();
    let heard = Log::start();
    let mut failed = 0;
    for minute in 1..=25 * 60 {
        lab.house.pass(Seconds(60));
        let before = lab.team.fetches();
        keys.refresh_if_due().await;
        failed += lab.team.fetches() - before;
        let answer = lab.ask("/", &[(ASSERTION, &good)]).await;
        match minute {
            ..=1439 => assert_eq!(answer.status, 200, "{minute}: {}", answer.body),
            _ => refused(&answer, 503, NO_KEYS),
        }
    }
    assert!(failed > 24 * 59, "it was asked for each minute once it was due: {failed}");
    let said = heard.take_warnings();
    let of_keys = said.iter().filter(|line| line.contains("the team's keys could not be fetched")).count();
    assert!((24..=26).contains(&of_keys), "at the beginning, and then once an hour: {of_keys}");
    lab.team.publishes(&[&KEYS[0]]);
    lab.house.pass(Seconds(61));
    told(&lab.ask("/", &[(ASSERTION, &good)]).await);
}
