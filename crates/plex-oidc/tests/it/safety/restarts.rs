//! What survives a restart, and what refuses to start (invariants I-11 and I-12).

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use plex_oidc::installation::database_path;
use plex_oidc::start::{Parts, assemble};
use plex_oidc_core::time::Seconds;
use tokio::sync::watch;

use crate::support::{House, Setup, Tokens};

#[tokio::test]
async fn everything_that_matters_survives() {
    let mut house = Setup::default().client("wiki", "consent_required = true").start().await;
    let (photos, tv, wiki) =
        (house.relying_party("photos"), house.relying_party("tv"), house.relying_party("wiki"));
    let (mut browser, kept) = house.sign_in("friend", &photos).await;
    let (_, rotated) = house.sign_in("friend", &tv).await;
    let next = Tokens(tv.refresh(&rotated.refresh_token()).await.expect(200).json());
    let (asked, mut other) = (photos.authorization(), house.browser());
    let landing = other.sign_in(&asked.url(), "home").await;
    let consent = browser.open(&wiki.authorization().url()).await.expect(200);
    browser.submit(&consent, "/consent").await.leaves().code();
    let mut waiting = house.browser();
    let page = waiting.open(&photos.authorization().url()).await.expect(200);
    let pin = waiting.start(&page).await;
    let keys = house.door.get("/jwks").await.expect(200).body;

    house.restart().await;

    assert_eq!(house.door.get("/jwks").await.expect(200).body, keys);
    photos.id_claims(&kept.id_token()).await;
    photos.userinfo(&kept.access_token()).await.expect(200);
    photos.refresh(&kept.refresh_token()).await.expect(200);
    photos.redeem(&asked, landing.code()).await.expect(400); // a code does not: its owner is asked nothing for the next one
    let anew = photos.authorization();
    photos.tokens(&anew, &other.get(&anew.url()).await.leaves()).await;
    let again = photos.authorization();
    photos.tokens(&again, &browser.get(&again.url()).await.leaves()).await; // signed in: no page
    browser.get(&wiki.authorization().url()).await.leaves().code(); // consent is remembered
    let after = house.browser().open(&photos.authorization().url()).await.expect(200);
    for same in ["client-identifier", "product"] {
        assert_eq!(after.data(same), page.data(same), "{same}: Plex would take us for another program");
    }
    house.plex.approve(&pin.code, "owner");
    waiting.finish(&page).await.leaves().code(); // who was on the way arrives
    house.pass(Seconds(11));
    tv.refresh(&rotated.refresh_token()).await.expect(400); // the reuse of an old token is still known
    tv.refresh(&next.refresh_token()).await.expect(400);
}

#[tokio::test]
async fn what_was_used_or_ended_stays_so() {
    let mut house = House::new().await;
    let photos = house.relying_party("photos");
    let (asked, mut browser) = (photos.authorization(), house.browser());
    let page = browser.open(&asked.url()).await;
    let pin = browser.start(&page).await;
    house.plex.approve(&pin.code, "friend");
    let landing = browser.finish(&page).await.leaves();
    let tokens = photos.tokens(&asked, &landing).await;
    let session = browser.session().unwrap().to_owned();
    let sign_out = browser.open("/sign-out").await;
    browser.submit(&sign_out, "/sign-out").await;

    house.restart().await;

    photos.redeem(&asked, landing.code()).await.expect(400);
    browser.cookies.insert("__Host-plex-oidc-session".to_owned(), session);
    assert!(browser.get(&photos.authorization().url()).await.stays_at_ours(), "the session lives again");
    let mut other = house.browser();
    let page = other.open(&photos.authorization().url()).await.expect(200);
    other.offer(&page, &pin, "popup").await.expect(409); // adopted once, ever
    photos.userinfo(&tokens.access_token()).await; // whatever it says, nothing breaks
}

impl crate::support::Answer {
    /// Whether this leads to a page of ours.
    fn stays_at_ours(&self) -> bool {
        self.location().is_some_and(|location| location.starts_with("/sign-in/"))
    }
}

/// Why this house does not start.
async fn refusal(house: &House) -> String {
    let (_stop, stopping) = watch::channel(false);
    match assemble(&house.config, Parts::system(stopping)).await {
        Ok(_) => panic!("it starts"),
        Err(error) => error.to_string(),
    }
}

/// What is at a path: its bytes and mode, or that it is not there.
fn found(path: &Path) -> Option<(Vec<u8>, u32)> {
    let metadata = fs::symlink_metadata(path).ok()?;
    Some((fs::read(path).unwrap_or_default(), metadata.permissions().mode()))
}

#[tokio::test]
async fn i_11_a_bad_key_file_refuses_the_start_and_nothing_is_touched() {
    let mut house = House::new().await;
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    house.go_down().await;
    let key_file = house.folder().join("plex-oidc.key");
    let (good, mode) = found(&key_file).unwrap();
    let foreign = {
        let other = House::new().await;
        let text = fs::read_to_string(other.folder().join("plex-oidc.key")).unwrap();
        text.chars()
            .map(|c| {
                if c == 'A' {
                    'B'
                } else if c == 'B' {
                    'A'
                } else {
                    c
                }
            })
            .rev()
            .collect::<String>()
    };
    let half = good[..good.len() / 2].to_vec();
    let bad: [(&str, Option<Vec<u8>>, u32); 9] = [
        ("missing", None, 0),
        ("empty", Some(Vec::new()), 0o600),
        ("cut short", Some(half), 0o600),
        ("twice as long", Some([&*good, &*good].concat()), 0o600),
        ("other bytes", Some(b"not a key at all, not a key at all, not a key".to_vec()), 0o600),
        ("of another installation", Some(foreign.into_bytes()), 0o600),
        ("too large", Some(vec![b'A'; 1 << 20]), 0o600),
        ("for all to read", Some(good.clone()), 0o644),
        ("for the group", Some(good.clone()), 0o640),
    ];
    let database = found(&database_path(&house.config));
    for (what, bytes, mode) in bad {
        fs::remove_file(&key_file).unwrap();
        if let Some(bytes) = &bytes {
            fs::write(&key_file, bytes).unwrap();
            fs::set_permissions(&key_file, fs::Permissions::from_mode(mode)).unwrap();
        }
        let before = found(&key_file);
        let said = refusal(&house).await;
        assert!(said.contains("plex-oidc.key") && said.len() > 60, "{what}: {said}");
        let remedies = ["backup", "chmod", "Restore", "belongs"];
        assert!(remedies.iter().any(|remedy| said.contains(remedy)), "no remedy for {what}: {said}");
        assert_eq!(found(&key_file), before, "{what}: the file was changed");
        assert_eq!(found(&database_path(&house.config)), database, "{what}: the database was changed");
        fs::write(&key_file, "").unwrap(); // so that there is one to remove
    }
    fs::write(&key_file, &good).unwrap();
    fs::set_permissions(&key_file, fs::Permissions::from_mode(mode)).unwrap();
    house.restart().await;
    photos.refresh(&tokens.refresh_token()).await.expect(200);
}

#[tokio::test]
async fn i_11_a_folder_or_a_dangling_link_is_no_key_file() {
    let mut house = House::new().await;
    house.go_down().await;
    let key_file = house.folder().join("plex-oidc.key");
    fs::remove_file(&key_file).unwrap();
    fs::create_dir(&key_file).unwrap();
    assert!(refusal(&house).await.contains("not a regular file"));
    fs::remove_dir(&key_file).unwrap();
    std::os::unix::fs::symlink(house.folder().join("nowhere"), &key_file).unwrap();
    let said = refusal(&house).await;
    assert!(said.contains("plex-oidc.key"), "{said}");
    assert!(!house.folder().join("nowhere").exists(), "a key was made");
}

#[tokio::test]
async fn i_12_a_lost_database_is_not_made_anew() {
    let mut house = House::new().await;
    house.go_down().await;
    let database = database_path(&house.config);
    fs::rename(&database, house.folder().join("kept")).unwrap();
    for beside in ["db-wal", "db-shm"] {
        fs::remove_file(database.with_extension(beside)).ok();
    }
    let said = refusal(&house).await;
    assert!(said.contains("Restore the database"), "{said}");
    assert!(!database.exists(), "an empty database was made");
    fs::remove_file(house.folder().join("plex-oidc.key")).unwrap();
    let said = refusal(&house).await;
    assert!(said.contains("plex-oidc init"), "{said}");
    assert!(!database.exists() && !house.folder().join("plex-oidc.key").exists(), "something was made");
}
