//! The person in an assertion is the one who signs in with Plex.

use plex_oidc_core::time::Seconds;
use serde_json::json;

use super::{ASSERTION, Lab, NO_ASSERTION, NOT_FOR_YOU, TAG, refused, told};
use crate::support::Setup;

const NEVER_SEEN: &str = "Cloudflare Access knows you, but you have never signed in here with Plex. Do so once, at any \
                          application that asks for it, and come back.";

/// What the wiki is told of Mara.
#[track_caller]
fn is_mara(told: [&str; 7]) {
    let [user, name, email, groups, rest @ ..] = told;
    assert_eq!([user, name, email], ["plex-48151001", "Mara", "mara@example.net"]);
    assert!(groups.split(',').any(|group| group == "plex-friend"), "{groups}");
    assert_eq!(rest, ["", "", "NL"]);
}

#[tokio::test]
async fn somebody_known_passes_by_the_address_and_by_the_subject() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    let by_address = lab.assertion(json!({"email": "Mara@Example.net"}));
    is_mara(told(&lab.ask("/", &[(ASSERTION, &by_address)]).await));
    for claim in ["sub", "plex_sub"] {
        let claims = json!({"email": "MARA@example.net", "custom": {claim: "plex-48151001"}});
        is_mara(told(&lab.ask("/", &[(ASSERTION, &lab.assertion(claims))]).await));
    }
}

#[tokio::test]
async fn an_application_gets_its_own_authorization_and_a_token_of_ours_does_not_pass() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    let mara = lab.assertion(json!({"email": "mara@example.net"}));
    let token = format!("Bearer pot_{}", "A".repeat(43));
    let of_api = format!("Bearer poz_{}", "A".repeat(43));
    for page in ["/", "/health"] {
        let answer = lab.ask(page, &[(ASSERTION, &mara), ("authorization", "Basic eDp5")]).await;
        told(&answer);
        assert_eq!(answer.header("authorization"), Some("Basic eDp5"), "{answer:?}");
        // A proxy may send on what the client sent, whatever we answer: so one of ours does not pass.
        for token in [&token, &of_api] {
            lab.ask(page, &[(ASSERTION, &mara), ("authorization", token)]).await.expect(401);
        }
    }
}

#[tokio::test]
async fn the_subject_decides_where_both_are_there() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    let stranger = lab.assertion(json!({"custom": {"sub": "plex-1"}}));
    refused(&lab.ask("/", &[(ASSERTION, &stranger)]).await, 403, NEVER_SEEN);
}

#[tokio::test]
async fn another_way_in_at_the_team_does_not_name_a_person_of_ours() {
    let lab = Lab::new().await;
    lab.knows("owner").await;
    let sentence = "Cloudflare Access knows you by another e-mail address than Plex does. Sign out at \
                    /cdn-cgi/access/logout and sign in with Plex again.";
    for claim in ["sub", "plex_sub"] {
        for email in ["mallory@example.com", "xolive@example.net", "olive@example.net.evil.test"] {
            let claims = json!({"email": email, "custom": {claim: "plex-1002003"}});
            for path in ["/", "/health"] {
                let headers = [(ASSERTION, lab.assertion(claims.clone()))];
                let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
                refused(&lab.ask(path, &headers).await, 403, sentence);
            }
        }
    }
    let owner = lab.assertion(json!({"email": "Olive@Example.net", "custom": {"sub": "plex-1002003"}}));
    assert_eq!(told(&lab.ask("/admin/", &[(ASSERTION, &owner)]).await)[0], "plex-1002003");
    // Who has another address at Plex now signs in at Access again, and brings it along.
    lab.house.edit_person("owner", "$.account.email", "\"olive@example.org\"");
    lab.house.pass(Seconds(6));
    refused(&lab.ask("/", &[(ASSERTION, &owner)]).await, 403, sentence);
    lab.house.edit_person("owner", "$.account.email", "null");
    lab.house.pass(Seconds(6));
    refused(&lab.ask("/", &[(ASSERTION, &owner)]).await, 403, sentence);
}

#[tokio::test]
async fn somebody_never_seen_is_told_so_until_they_sign_in() {
    let lab = Lab::new().await;
    let assertion = lab.assertion(json!({}));
    let headers = [(ASSERTION, assertion.as_str())];
    refused(&lab.ask("/", &headers).await, 403, NEVER_SEEN);
    lab.knows("friend").await;
    lab.house.pass(Seconds(1));
    is_mara(told(&lab.ask("/", &headers).await));
}

#[tokio::test]
async fn an_address_that_is_not_confirmed_or_not_one_persons_is_nobodys() {
    let lab = Lab::new().await;
    for persona in ["friend", "friend-all"] {
        lab.knows(persona).await;
    }
    let assertion = lab.assertion(json!({}));
    let headers = [(ASSERTION, assertion.as_str())];
    lab.house.edit_person("friend", "$.account.email_confirmed", "false");
    refused(&lab.ask("/", &headers).await, 403, NEVER_SEEN);
    lab.house.edit_person("friend", "$.account.email_confirmed", "true");
    lab.house.edit_person("friend-all", "$.account.email", "\"MARA@example.net\"");
    lab.house.pass(Seconds(6));
    let two =
        "More than one person has the e-mail address that Cloudflare Access knows you by. Ask your host.";
    refused(&lab.ask("/", &headers).await, 403, two);
    let by_subject = lab.assertion(json!({"custom": {"sub": "plex-48151001"}}));
    is_mara(told(&lab.ask("/", &[(ASSERTION, &by_subject)]).await));
}

/// With local accounts, and with none that count: the host's own second account must not lock the host out.
#[tokio::test]
async fn a_local_account_that_counts_nowhere_does_not_stand_in_the_way() {
    let two =
        "More than one person has the e-mail address that Cloudflare Access knows you by. Ask your host.";
    for (enabled, is_in_the_way) in [(true, true), (false, false)] {
        let claims = "claims = [\"email=mara@example.net\", \"email_verified=true\"]";
        let change = |setup: Setup| {
            let setup = setup.user(7, "mara", "a long enough secret", claims);
            if enabled { setup } else { setup.set("local", "enabled = false") }
        };
        let lab = Lab::with(change, &format!("access_audiences = \"{TAG}\"")).await;
        lab.knows("friend").await;
        let assertion = lab.assertion(json!({}));
        let answer = lab.ask("/", &[(ASSERTION, &assertion)]).await;
        if is_in_the_way { refused(&answer, 403, two) } else { is_mara(told(&answer)) }
    }
}

#[tokio::test]
async fn the_rules_of_the_application_hold() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    lab.knows("owner").await;
    let friend = lab.assertion(json!({}));
    let owner = lab.assertion(json!({"email": "olive@example.net"}));
    for path in ["/admin/users", "/ADMIN/", "/x/../admin/"] {
        refused(&lab.ask(path, &[(ASSERTION, &friend)]).await, 403, NOT_FOR_YOU);
        assert_eq!(told(&lab.ask(path, &[(ASSERTION, &owner)]).await)[0], "plex-1002003");
    }
    // Where everybody passes, nobody has to be anybody; who is, is still said.
    assert_eq!(told(&lab.ask("/health", &[]).await), [""; 7]);
    is_mara(told(&lab.ask("/health", &[(ASSERTION, &friend)]).await));
}

#[tokio::test]
async fn where_everybody_passes_those_it_is_not_for_are_nobody() {
    for restriction in ["allow = [\"plex-owner\"]", "deny = [\"plex-friend\"]"] {
        let tag = format!("access_audiences = \"{TAG}\"\n{restriction}");
        let lab = Lab::with(|setup| setup, &tag).await;
        lab.knows("friend").await;
        let friend = lab.assertion(json!({"custom": {"plex_token": "canary-token", "shelf": "a"}}));
        assert_eq!(told(&lab.ask("/health", &[(ASSERTION, &friend)]).await), [""; 7], "{restriction}");
        refused(&lab.ask("/", &[(ASSERTION, &friend)]).await, 403, NOT_FOR_YOU);
    }
}

#[tokio::test]
async fn req_173_who_is_removed_is_out_within_seconds() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    let assertion = lab.assertion(json!({}));
    let headers = [(ASSERTION, assertion.as_str())];
    is_mara(told(&lab.ask("/", &headers).await));
    lab.house.edit_person("friend", "$.standing", "\"Ended\"");
    lab.house.pass(Seconds(10));
    refused(&lab.ask("/", &headers).await, 403, NOT_FOR_YOU);
}

#[tokio::test]
async fn what_plex_said_too_long_ago_serves_no_longer() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    lab.house.pass(Seconds::days(400));
    let assertion = lab.assertion(json!({}));
    let sentence = "What Plex said of your account is too long ago. Sign out at /cdn-cgi/access/logout and sign in \
                    with Plex again.";
    refused(&lab.ask("/", &[(ASSERTION, &assertion)]).await, 403, sentence);
}

#[tokio::test]
async fn the_unsigned_header_beside_the_assertion_says_nothing() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    lab.knows("owner").await;
    let email = ("cf-access-authenticated-user-email", "olive@example.net");
    refused(&lab.ask("/", &[email]).await, 401, NO_ASSERTION);
    is_mara(told(&lab.ask("/", &[email, (ASSERTION, &lab.assertion(json!({})))]).await));
}
