//! Signing keys over time (security requirement 89): by schedule and by command, while the service runs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use jsonwebtoken::jwk::JwkSet;
use plex_oidc::cli::{self, Exit, World};
use plex_oidc::flow::key_rotation::{KeyKeeper, Look};
use plex_oidc::keys::{Keys, from_rows};
use plex_oidc_core::client::SigningAlgorithm;
use plex_oidc_core::jose::{KeyState, StoredKey};
use plex_oidc_core::time::Seconds;
use serde_json::Value;

use crate::support::{House, RelyingParty, Setup};

const DAY: Seconds = Seconds::days(1);

async fn house(every: &str) -> House {
    let every = format!("rotate_every = \"{every}\"");
    let long = "refresh_idle = \"30d\"\nid = \"24h\"";
    Setup::default()
        .set("keys", &every)
        .set("tokens", long)
        .set("rules", "membership_lifetime = \"30d\"")
        .start()
        .await
}

/// What `serve` does every minute.
async fn look(house: &House) -> Look {
    KeyKeeper::of(house.app()).look(house.now()).await.unwrap()
}

async fn stored(house: &House) -> Vec<StoredKey> {
    from_rows(house.app().store.signing_keys().await.unwrap()).unwrap()
}

fn in_state(keys: &[StoredKey], state: KeyState) -> Vec<String> {
    let mut kids: Vec<_> = keys.iter().filter(|key| key.state == state).map(|key| key.kid.clone()).collect();
    kids.sort();
    kids
}

async fn published(house: &House) -> JwkSet {
    serde_json::from_str(&house.door.get("/jwks").await.expect(200).body).unwrap()
}

/// Whether somebody who has this set can check the token. Times are not looked at.
fn can_check(set: &JwkSet, id_token: &str) -> bool {
    let header = jsonwebtoken::decode_header(id_token).unwrap();
    let Some(jwk) = set.find(header.kid.as_deref().unwrap()) else { return false };
    let mut validation = jsonwebtoken::Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    let key = jsonwebtoken::DecodingKey::from_jwk(jwk).unwrap();
    jsonwebtoken::decode::<Value>(id_token, &key, &validation).is_ok()
}

async fn id_token(client: &RelyingParty, refresh_token: &str) -> String {
    let answer = client.refresh(refresh_token).await.expect(200).json();
    answer["id_token"].as_str().unwrap().to_owned()
}

/// `plex-oidc keys rotate`, beside the running service.
fn rotate_by_command(house: &House) -> (Exit, String) {
    let file = house.folder().join("plex-oidc.toml");
    let arguments = ["plex-oidc", "--config", file.to_str().unwrap(), "keys", "rotate"].map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let clock = house.clock();
    // A thread of its own, because commands bring a runtime of their own.
    let exit = std::thread::scope(|scope| {
        let command = scope.spawn(|| {
            let mut world = World {
                environment: &BTreeMap::new(),
                input: &mut &b""[..],
                out: &mut out,
                err: &mut err,
                hide_typing: &mut |_| false,
                random: &mut || [0; 32],
                clock,
            };
            cli::run(arguments, &mut world)
        });
        command.join().unwrap()
    });
    (exit, String::from_utf8(err).unwrap())
}

#[tokio::test]
async fn req_089_keys_rotate_by_schedule_and_the_service_goes_on() {
    let house = house("90d").await;
    let before = stored(&house).await;
    house.pass(Seconds(DAY.0 * 90 - 3600)); // the keys are older than this house, by as long as the tests have run
    assert_eq!(look(&house).await, Look::Same);
    house.pass(Seconds(7200));
    assert_eq!(look(&house).await, Look::Rotated);
    let after = stored(&house).await;
    assert_eq!(in_state(&after, KeyState::Active), in_state(&before, KeyState::Next));
    assert_eq!(in_state(&after, KeyState::Retired), in_state(&before, KeyState::Active));
    assert_eq!(in_state(&after, KeyState::Next).len(), 3);
    assert_eq!(look(&house).await, Look::Same, "once");
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    let signer = jsonwebtoken::decode_header(tokens.id_token()).unwrap().kid.unwrap();
    assert!(in_state(&after, KeyState::Active).contains(&signer));
    let set = published(&house).await;
    assert!(after.iter().all(|key| set.find(&key.kid).is_some()), "all nine are published");
}

#[tokio::test]
async fn req_089_the_schedule_can_be_off_or_changed_while_running() {
    let mut house = house("0s").await;
    house.pass(Seconds::days(1000));
    assert_eq!(look(&house).await, Look::Same);
    house.restart_with(|setup| setup.set("keys", "rotate_every = \"30d\"")).await;
    assert_eq!(look(&house).await, Look::Rotated);
}

#[tokio::test]
async fn req_089_a_command_rotates_while_the_service_runs() {
    let house = house("0s").await;
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    let (exit, err) = rotate_by_command(&house);
    assert!(exit == Exit::Failed && err.contains("Nothing was changed"), "too soon: {err}");
    house.pass(Seconds(3661));
    let seen = published(&house).await;
    let (exit, err) = rotate_by_command(&house);
    assert_eq!(exit, Exit::Done, "{err}");
    // Until the next look the service signs with the key that it knows; then with the next one. All is published.
    let before = id_token(&photos, &tokens.refresh_token()).await;
    assert_eq!(look(&house).await, Look::Followed);
    assert_eq!(look(&house).await, Look::Same);
    let after = id_token(&photos, &tokens.refresh_token()).await;
    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let active = in_state(&stored(&house).await, KeyState::Active);
    assert_eq!([active.contains(&kid(&before)), active.contains(&kid(&after))], [false, true]);
    for set in [&seen, &published(&house).await] {
        assert!(can_check(set, &before) && can_check(set, &after));
    }
}

/// Follows the keys in steps of 20 minutes, as somebody who keeps a set for an hour. The look of the service comes at the worst
/// time: a set was fetched just before, a token is made just after. Returns how often the keys changed.
async fn with_cached_sets(house: &House, steps: usize, rotate_at: impl Fn(usize) -> bool) -> usize {
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    let (mut sets, mut valid, mut rotations) = (Vec::new(), Vec::new(), 0);
    for step in 0..steps {
        house.pass(Seconds::minutes(20));
        if rotate_at(step) {
            rotate_by_command(house);
        }
        sets.push((house.now(), published(house).await));
        if look(house).await != Look::Same {
            rotations += 1;
        }
        let (now, newest) = (house.now(), published(house).await);
        let token = id_token(&photos, &tokens.refresh_token()).await;
        sets.retain(|(fetched, _)| !fetched.plus(Seconds::hours(1)).plus(Seconds(1)).has_passed(now));
        assert_eq!(sets.len(), 4.min(step + 1), "everything of the last hour");
        assert!(sets.iter().all(|(_, set)| can_check(set, &token)), "step {step}");
        valid.push((now.plus(DAY), token));
        valid.retain(|(expires, _)| !expires.has_passed(now));
        for (_, token) in valid.iter().step_by(5) {
            assert!(can_check(&newest, token), "step {step}: what was signed is still valid");
        }
    }
    rotations
}

#[tokio::test]
async fn req_089_who_cached_the_keys_for_an_hour_never_fails() {
    let house = house("1d").await;
    assert_eq!(with_cached_sets(&house, 160, |_| false).await, 2);
}

#[tokio::test]
async fn req_089_nor_with_a_host_who_rotates_as_often_as_can_be() {
    let house = house("0s").await;
    assert_eq!(with_cached_sets(&house, 24, |_| true).await, 6, "not before everybody has seen the next key");
}

#[tokio::test]
async fn req_089_of_several_instances_one_rotates_and_all_agree() {
    let house = house("90d").await;
    let first = KeyKeeper::of(house.app());
    let rows = stored(&house).await;
    let second = KeyKeeper { keys: Arc::new(Keys::open(rows, &first.seal).unwrap()), ..first.clone() };
    house.pass(Seconds::days(91));
    let (a, b) = tokio::join!(first.look(house.now()), second.look(house.now()));
    let looks = [a.unwrap(), b.unwrap()];
    assert_eq!(looks.iter().filter(|look| **look == Look::Rotated).count(), 1, "{looks:?}");
    let kid = |keeper: &KeyKeeper, algorithm| keeper.keys.ring().signing_key(algorithm).kid().to_owned();
    for algorithm in SigningAlgorithm::ALL {
        assert_eq!(kid(&first, algorithm), kid(&second, algorithm));
    }
    assert_eq!(first.keys.ring().jwks_json(), second.keys.ring().jwks_json());
    assert_eq!(stored(&house).await.len(), 9, "one rotation, not two");
}

#[tokio::test]
async fn i_11_keys_that_do_not_open_change_nothing_in_a_running_service() {
    let house = house("90d").await;
    let photos = house.relying_party("photos");
    let before = house.door.get("/jwks").await.body;
    house.sql("UPDATE signing_keys SET sealed = x'00' WHERE state = 'next'");
    assert!(KeyKeeper::of(house.app()).look(house.now()).await.is_err());
    house.pass(Seconds::days(91));
    assert!(KeyKeeper::of(house.app()).look(house.now()).await.is_err());
    assert_eq!(house.door.get("/jwks").await.body, before);
    house.sign_in("friend", &photos).await;
}
