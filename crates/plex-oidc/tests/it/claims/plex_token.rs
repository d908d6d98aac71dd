//! People's Plex tokens: handed to nobody, unless the host opted in for that one client.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use plex_oidc::config;

use crate::support::{House, RelyingParty, Setup, Tokens};

/// Everything that the client can read: its tokens, decoded, and its claims.
async fn readable(relying_party: &RelyingParty, tokens: &Tokens) -> String {
    let mut text = tokens.0.to_string();
    for part in tokens.id_token().split('.') {
        text.push_str(&String::from_utf8_lossy(&URL_SAFE_NO_PAD.decode(part).unwrap()));
    }
    text.push_str(&relying_party.userinfo(&tokens.access_token()).await.expect(200).body);
    text
}

#[tokio::test]
async fn req_076_no_plex_token_reaches_a_client_or_the_disk() {
    let house = House::new().await;
    let mut seen = String::new();
    for id in ["photos", "wiki", "tv", "legacy"] {
        let relying_party = house.relying_party(id);
        let (_, tokens) = house.sign_in("friend", &relying_party).await;
        seen.push_str(&readable(&relying_party, &tokens).await);
    }
    let plex_tokens = house.plex.tokens_used();
    assert!(!plex_tokens.is_empty());
    assert!(!seen.contains("plex_token"), "{seen}");
    let stored = house.database_bytes();
    for token in plex_tokens {
        assert!(!seen.contains(&token));
        assert!(!stored.windows(token.len()).any(|window| window == token.as_bytes()), "on the disk");
    }
}

#[tokio::test]
async fn req_076_by_opt_in_one_client_gets_it_and_no_other() {
    let mut house = Setup::default().client("photos", "plex_token = \"account\"").start().await;
    let (photos, wiki) = (house.relying_party("photos"), house.relying_party("wiki"));
    let (mut browser, tokens) = house.sign_in("friend", &photos).await;
    let used = house.plex.tokens_used();
    let claims = photos.userinfo(&tokens.access_token()).await.expect(200).json();
    let given = claims["plex_token"].as_str().unwrap();
    assert!(used.contains(given));
    assert_eq!(photos.id_claims(&tokens.id_token()).await["plex_token"], given);
    let stored = house.database_bytes();
    assert!(
        !stored.windows(given.len()).any(|window| window == given.as_bytes()),
        "it is sealed on the disk"
    );

    // Another client, in the same browser session.
    let asked = wiki.authorization();
    let others = wiki.tokens(&asked, &browser.open(&asked.url()).await.leaves()).await;
    assert!(!readable(&wiki, &others).await.contains(given));

    // The host changes their mind: it is gone, also for tokens given out before.
    house.restart_with(|setup| setup.without_client("photos").client("photos", "")).await;
    assert!(!photos.userinfo(&tokens.access_token()).await.expect(200).body.contains(given));
    let next = Tokens(photos.refresh(&tokens.refresh_token()).await.expect(200).json());
    assert!(!readable(&photos, &next).await.contains(given));
}

#[tokio::test]
async fn req_076_the_servers_token_is_not_that_of_the_account() {
    let house = Setup::default().client("photos", "plex_token = \"server\"").start().await;
    let photos = house.relying_party("photos");
    let (_, tokens) = house.sign_in("friend", &photos).await;
    let claims = photos.userinfo(&tokens.access_token()).await.expect(200).json();
    let given = claims["plex_token"].as_str().unwrap().to_owned();
    let readable = readable(&photos, &tokens).await;
    assert!(!given.is_empty() && readable.contains(&given));
    for account_token in house.plex.tokens_used() {
        assert!(!readable.contains(&account_token), "the account's token went along");
    }
}

/// Where it is set up so, people are told before they press anything; and nobody is told that their account is safe from an application
/// that is handed its token.
#[tokio::test]
async fn req_076_people_are_told_which_plex_token_an_application_gets() {
    let with = |of: &str| format!("consent_required = true\n{of}");
    let setup = Setup::default().client("photos", &with("plex_token = \"account\""));
    let setup = setup.client("wiki", &with("plex_token = \"server\"")).client("legacy", &with(""));
    let house = setup.start().await;
    let all = [
        "can act at Plex in your name",
        "can use that server in your name",
        "nor access to your Plex account",
    ];
    for (id, [at_sign_in, at_consent]) in [
        ("photos", [Some(all[0]), Some(all[0])]),
        ("wiki", [Some(all[1]), Some(all[1])]),
        ("legacy", [None, Some(all[2])]),
    ] {
        let (asked, mut browser) = (house.relying_party(id).authorization(), house.browser());
        let sign_in = browser.open(&asked.url()).await.expect(200);
        let consent = house.browser().sign_in_to_page(&asked.url(), "friend").await.expect(200);
        for (page, said) in [(&sign_in, at_sign_in), (&consent, at_consent)] {
            let found: Vec<_> = all.iter().copied().filter(|sentence| page.body.contains(sentence)).collect();
            assert_eq!(found, Vec::from_iter(said), "{id}: {}", page.body);
        }
    }
}

#[tokio::test]
async fn req_076_the_host_is_warned() {
    let house = Setup::default().client("photos", "plex_token = \"account\"").start().await;
    let file = house.folder().join("plex-oidc.toml");
    let warnings = config::load(&file, &BTreeMap::new()).unwrap_or_else(|_| panic!("no good")).warnings;
    let about: Vec<String> =
        warnings.iter().map(ToString::to_string).filter(|text| text.contains("plex_token")).collect();
    assert_eq!(about.len(), 1, "{about:?}");
    assert!(about[0].contains("the token of their whole Plex account"), "{about:?}");
}
