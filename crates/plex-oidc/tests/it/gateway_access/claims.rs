//! Claims as headers: those that the host maps, each of them on every answer that lets something pass.

use plex_oidc::keys::{Bound, seal_handle};
use plex_oidc_core::id::{ClientId, PlexAccountId};
use plex_oidc_core::subject::Subject;
use plex_oidc_core::time::Seconds;
use serde_json::json;

use super::{ASSERTION, Lab, TAG, told};

const SEALED: &str = "plex_token = \"account\"\nplex_token_sealed = true";

async fn lab_with_handles() -> Lab {
    Lab::with(|setup| setup.client("photos", SEALED), &format!("access_audiences = \"{TAG}\"")).await
}

#[tokio::test]
async fn req_169_a_claim_that_is_missing_clears_its_header() {
    let lab = Lab::new().await;
    lab.knows("friend").await;
    let planted = [("x-plex-token", "planted"), ("x-shelf", "planted"), ("remote-user", "plex-1002003")];
    let shelves = [
        (json!("a"), "a"),
        (json!(["a", "b,c"]), "a,b%2Cc"),
        (json!(7), "7"),
        (json!(true), "true"),
        (json!(null), ""),
        (json!({"a": "b"}), ""),
        (json!("a\r\nremote-user: x"), ""),
        (json!("x".repeat(5000)), ""),
    ];
    for (shelf, expected) in shelves {
        let assertion = lab.assertion(json!({"custom": {"shelf": shelf, "remote-user": "x", "host": "x"}}));
        let answer = lab.ask("/", &[&planted[..], &[(ASSERTION, &assertion)]].concat()).await;
        let told = told(&answer);
        assert_eq!((told[0], told[4], told[5], told[6]), ("plex-48151001", "", expected, "NL"), "{shelf}");
        assert!(answer.header("host").is_none(), "no header that is not mapped");
    }
}

#[tokio::test]
async fn a_sealed_handle_is_opened_for_its_person_until_its_end() {
    let lab = lab_with_handles().await;
    lab.knows("friend").await;
    let end = lab.house.now().plus(Seconds::hours(1));
    let handle = |client: &str, account: u64| {
        let (client, subject) = (ClientId::parse(client).unwrap(), Subject::of_plex(PlexAccountId(account)));
        let bound = Bound { client: &client, subject: &subject };
        seal_handle(&lab.house.app().seal, bound, end, b"canary-0123456789ab").unwrap()
    };
    let token = async |plex_token: &str| {
        let assertion = lab.assertion(json!({"custom": {"plex_token": plex_token}}));
        told(&lab.ask("/", &[(ASSERTION, &assertion)]).await)[4].to_owned()
    };
    assert_eq!(token(&handle("photos", 48_151_001)).await, "canary-0123456789ab");
    assert_eq!(token("plain-0123456789abcd").await, "plain-0123456789abcd", "what is no handle stays");
    assert_eq!(token("AQain-0123456789abcd").await, "AQain-0123456789abcd");
    for (client, account) in [("photos", 1_002_003), ("wiki", 48_151_001)] {
        assert_eq!(
            token(&handle(client, account)).await,
            "",
            "somebody else's, or of a client without handles"
        );
    }
    let handle = handle("photos", 48_151_001);
    lab.house.pass(Seconds::hours(2));
    assert_eq!(token(&handle).await, "", "it has expired");
}

#[tokio::test]
async fn the_handle_in_our_own_id_token_is_the_one_that_opens() {
    let lab = lab_with_handles().await;
    let photos = lab.house.relying_party("photos");
    let (_, tokens) = lab.house.sign_in("friend", &photos).await;
    let ours = photos.id_claims(&tokens.id_token()).await;
    // Access puts the claims that it is told to into `custom`.
    let custom = json!({"sub": ours["sub"], "plex_token": ours["plex_token"]});
    let answer = lab.ask("/", &[(ASSERTION, &lab.assertion(json!({"custom": custom})))]).await;
    let token = told(&answer)[4].to_owned();
    let log = lab.house.plex.world().request_log();
    let used: Vec<_> = log.iter().filter_map(|request| request.headers.get("x-plex-token")).collect();
    assert!(!token.is_empty() && used.contains(&&token), "it is the token that Plex gave for Mara");
}
