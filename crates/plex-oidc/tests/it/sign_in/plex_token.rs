//! The Plex token as a claim, for applications whose host opted in: plain, or sealed.

use plex_oidc::keys::{Bound, HandleError, open_handle};
use plex_oidc_core::id::{ClientId, PlexAccountId};
use plex_oidc_core::subject::Subject;
use plex_oidc_core::time::Seconds;
use serde_json::Value;

use crate::support::{House, Setup};

/// The claim as `friend` brings it to an application: in the ID token, and at the userinfo endpoint.
async fn claims(house: &House, id: &str) -> [Value; 2] {
    let party = house.relying_party(id);
    let (_, tokens) = house.sign_in("friend", &party).await;
    let told = party.userinfo(&tokens.access_token()).await.expect(200).json();
    [party.id_claims(&tokens.id_token()).await, told].map(|claims| claims["plex_token"].clone())
}

#[tokio::test]
async fn a_sealed_token_says_nothing_on_the_way_and_opens_here_for_the_same_person_and_client() {
    let house = Setup::default()
        .client("photos", "plex_token = \"server\"")
        .client("wiki", "plex_token = \"server\"\nplex_token_sealed = true")
        .start()
        .await;
    let [plain, plain_again] = claims(&house, "photos").await;
    let plain = plain.as_str().unwrap();
    assert_eq!(plain_again, plain);
    let friend = Subject::of_plex(PlexAccountId(house.plex.account_id("friend")));
    let owner = Subject::of_plex(PlexAccountId(house.plex.account_id("owner")));
    let (photos, wiki) = (ClientId::parse("photos").unwrap(), ClientId::parse("wiki").unwrap());
    let app = house.app();
    for sealed in claims(&house, "wiki").await {
        let sealed = sealed.as_str().unwrap();
        assert!(!sealed.contains(plain) && sealed.len() > plain.len());
        let open = |client, subject, now| open_handle(&app.seal, Bound { client, subject }, now, sealed);
        let now = app.clock.now();
        assert_eq!(*open(&wiki, &friend, now).unwrap(), plain.as_bytes());
        assert_eq!(open(&photos, &friend, now), Err(HandleError::Refused));
        assert_eq!(open(&wiki, &owner, now), Err(HandleError::Refused));
        assert!(open(&wiki, &friend, now.plus(Seconds::days(30))).is_ok(), "as long as Access may carry it");
        assert_eq!(open(&wiki, &friend, now.plus(Seconds::days(32))), Err(HandleError::Expired));
    }
    assert!(claims(&house, "legacy").await.iter().all(Value::is_null), "nobody else is handed one");
}
