//! Many at once: nobody ever gets somebody else's identity.

use crate::support::{Browser, House, RelyingParty};

const ROUNDS: usize = 200;
const AT_ONCE: usize = 10;

/// One whole sign-in; gives the subject that the application learned.
async fn subject(mut browser: Browser, relying_party: RelyingParty, persona: &'static str) -> String {
    let asked = relying_party.authorization();
    let landing = browser.sign_in(&asked.url(), persona).await;
    let tokens = relying_party.tokens(&asked, &landing).await;
    let claims = relying_party.userinfo(&tokens.access_token()).await.expect(200).json();
    let id_claims = relying_party.id_claims(&tokens.id_token()).await;
    assert_eq!(claims["sub"], id_claims["sub"]);
    claims["sub"].as_str().expect("a subject").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rt_parallel_logins_no_crosstalk() {
    let setup = crate::support::Setup::default().client("photos", "signing_algorithm = \"EdDSA\"");
    let house: House = setup.start().await;
    let photos = house.relying_party("photos");
    for _ in 0..ROUNDS / AT_ONCE {
        let pairs = (0..AT_ONCE).flat_map(|_| ["friend", "home"]).map(|persona| {
            let wanted = format!("plex-{}", house.plex.account_id(persona));
            (tokio::spawn(subject(house.browser(), photos.clone(), persona)), wanted)
        });
        for (signing_in, wanted) in pairs.collect::<Vec<_>>() {
            assert_eq!(signing_in.await.expect("signed in"), wanted);
        }
    }
}
