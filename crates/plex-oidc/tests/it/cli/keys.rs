//! `keys list` and `keys rotate`.

use plex_oidc::cli::Exit;
use plex_oidc::config;
use plex_oidc::installation::{open_stored, stored_keys};
use plex_oidc_core::jose::{KeyState, StoredKey};
use plex_oidc_core::time::Seconds;

use super::{House, told_for_cloudflare};

fn installed() -> House {
    let house = House::new();
    assert_eq!(house.run(&told_for_cloudflare()).exit, Exit::Done);
    house
}

fn stored(house: &House) -> Vec<StoredKey> {
    let loaded = config::load(&house.path("plex-oidc.toml"), &house.variables()).unwrap();
    stored_keys(&loaded.config).unwrap()
}

fn in_state(keys: &[StoredKey], state: KeyState) -> Vec<&str> {
    let mut found: Vec<_> =
        keys.iter().filter(|key| key.state == state).map(|key| key.kid.as_str()).collect();
    found.sort_unstable();
    found
}

#[test]
fn a_new_installation_has_an_active_and_a_next_key_of_each_algorithm() {
    let house = installed();
    house.clock.advance(Seconds::days(3));
    let ran = house.run(&["keys", "list"]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let lines: Vec<Vec<&str>> = ran.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["kid", "algorithm", "state", "age"]);
    let shape: Vec<_> = lines[1..].iter().map(|line| (line[1], line[2], line[3])).collect();
    let expected = ["RS256", "ES256", "EdDSA"]
        .into_iter()
        .flat_map(|algorithm| [(algorithm, "next", "3d"), (algorithm, "active", "3d")]);
    assert_eq!(shape, expected.collect::<Vec<_>>());
    assert!(lines[1..].iter().all(|line| line[0].len() == 43), "thumbprints");
}

#[test]
fn req_089_a_rotation_is_refused_until_everybody_can_have_seen_the_next_keys() {
    let house = installed();
    let before = stored(&house);
    house.clock.advance(Seconds(3650));
    let ran = house.run(&["keys", "rotate"]);
    assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""));
    assert!(
        ran.err.contains(
            "Nothing was changed: the next RS256 key was published less than 61 min ago; wait 1 min"
        ),
        "{}",
        ran.err
    );
    assert_eq!(stored(&house), before);
}

#[test]
fn req_089_a_rotation_moves_every_key_one_step_and_opens() {
    let house = installed();
    let before = stored(&house);
    house.clock.advance(Seconds(3661));
    let ran = house.run(&["keys", "rotate"]);
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    assert!(ran.err.contains("within a minute"), "{}", ran.err);
    let after = stored(&house);
    assert_eq!(in_state(&after, KeyState::Active), in_state(&before, KeyState::Next));
    assert_eq!(in_state(&after, KeyState::Retired), in_state(&before, KeyState::Active));
    assert_eq!(in_state(&after, KeyState::Next).len(), 3);
    assert!(in_state(&after, KeyState::Retired).iter().all(|kid| ran.out.contains(kid)), "{}", ran.out);
    let loaded = config::load(&house.path("plex-oidc.toml"), &house.variables()).unwrap();
    house.runtime.block_on(open_stored(&loaded.config)).map(drop).unwrap();
    let again = house.run(&["keys", "rotate"]);
    assert_eq!(again.exit, Exit::Failed, "the new next keys have to be seen first");
}

#[test]
fn req_089_retired_keys_go_when_nothing_they_signed_is_valid() {
    let house = installed();
    let first = stored(&house);
    house.clock.advance(Seconds(3661));
    assert_eq!(house.run(&["keys", "rotate"]).exit, Exit::Done);
    house.clock.advance(Seconds::days(2));
    assert_eq!(house.run(&["keys", "rotate"]).exit, Exit::Done);
    let now = stored(&house);
    assert!(in_state(&first, KeyState::Active).iter().all(|kid| !now.iter().any(|key| key.kid == *kid)));
    assert_eq!(now.len(), 9);
}

#[test]
fn i_11_keys_are_not_rotated_without_their_key_file_and_nothing_is_made() {
    let house = installed();
    house.clock.advance(Seconds::days(1));
    std::fs::rename(house.path("plex-oidc.key"), house.path("elsewhere")).unwrap();
    let (before, contents) = (stored(&house), house.contents());
    let ran = house.run(&["keys", "rotate"]);
    assert_eq!((ran.exit.code(), ran.out.as_str()), (78, ""));
    assert!(ran.err.contains("the key file /etc/plex-oidc/plex-oidc.key is missing"), "{}", ran.err);
    assert_eq!((stored(&house), house.contents()), (before, contents));
}

#[test]
fn i_12_without_a_database_keys_says_so_and_makes_none() {
    let house = installed();
    std::fs::remove_dir_all(house.path("data")).unwrap();
    let contents = house.contents();
    for command in ["list", "rotate"] {
        let ran = house.run(&["keys", command]);
        assert_eq!((ran.exit.code(), ran.out.as_str()), (78, ""), "{command}");
        assert!(ran.err.contains("there is no database with keys"), "{}", ran.err);
        assert_eq!(house.contents(), contents);
    }
}
