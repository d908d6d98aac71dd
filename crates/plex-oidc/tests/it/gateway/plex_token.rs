//! Plex tokens as headers: for applications whose host opted in, and of nobody who did not press the button for them.

use plex_oidc_core::gateway::Family;
use plex_oidc_core::time::Seconds;

use super::app_tokens::token;
use super::*;
use crate::support::{FAMILIES, Log, Visit};

const PLAYER: &str = "https://player.example.org";
const HEADER: &str = "x-plex-token";

/// The house with one more application, which is handed tokens in this way.
fn with_player(how: &str) -> Setup {
    let app = "name = \"player\"\nhost = \"player.example.org\"";
    let rules = "[[apps.rules]]\npaths = [\"/health\"]\nbypass = true\n[[apps.rules]]\npaths = [\"/owner\"]\n\
                 allow = [\"plex-owner\"]";
    setup().app(&format!("{app}\n{how}\n{rules}"))
}

async fn with_tokens(of: &str) -> House {
    with_player(&format!("plex_token = \"{of}\"")).start().await
}

#[tokio::test]
async fn req_076_by_opt_in_one_application_gets_it_in_a_header_and_no_other() {
    let log = Log::start();
    for family in FAMILIES {
        let house = with_tokens("account").await;
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let answer = visitor.sign_in(&proxy, &format!("{PLAYER}/"), "friend").await;
        passes_as(&answer, &subject(&house, "friend"));
        let given = answer.header(HEADER).unwrap().to_owned();
        assert!(house.plex.tokens_used().contains(&given));
        // A header of the visitor's own changes nothing, and what is remembered is the same.
        for planted in [Visit::page(&format!("{PLAYER}/x")), Visit::script(&format!("{PLAYER}/health"))] {
            let answer = visitor.ask(&proxy, &planted.with(HEADER, "planted")).await;
            assert_eq!(answer.headers.get_all(HEADER).iter().collect::<Vec<_>>(), [&given[..]]);
        }
        house.pass(Seconds(10));
        assert_eq!(visitor.page(&proxy, &format!("{PLAYER}/")).await.header(HEADER), Some(&*given));
        // Whoever is kept out, and whoever is nobody, has none; nor does another application.
        let refused = visitor.page(&proxy, &format!("{PLAYER}/owner")).await.expect(403);
        assert!(!format!("{refused:?}").contains(&given));
        let nobody = house.visitor().ask(&proxy, &Visit::bare("GET", &format!("{PLAYER}/health"))).await;
        assert_eq!((nobody.status, nobody.header(HEADER)), (200, Some("")));
        let other = visitor.pass_through(&proxy, &format!("{NOTES}/")).await;
        passes_as(&other, &subject(&house, "friend"));
        assert!(!format!("{other:?}").contains(&given) && other.header(HEADER).is_none());
        let stored = house.database_bytes();
        assert!(
            !stored.windows(given.len()).any(|window| window == given.as_bytes()),
            "it is sealed on the disk"
        );
        assert!(log.take().iter().all(|line| !line.contains(&given)), "it is in no log");
    }
}

#[tokio::test]
async fn who_is_signed_in_presses_the_button_once_more_where_a_token_is_handed_on() {
    let house = with_tokens("account").await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{NOTES}/"), "friend").await;
        let page = visitor.sent_to_us(&proxy, &format!("{PLAYER}/")).await.expect(200);
        assert!(
            page.body.contains("player also gets your Plex token. With it"),
            "they are told: {}",
            page.body
        );
        let landing = visitor.browser.approve_and_finish(&page, "friend").await.leaves();
        let (_, answer) = visitor.come_in(&proxy, &landing).await;
        passes_as(&answer, &subject(&house, "friend"));
        assert!(!answer.header(HEADER).unwrap().is_empty());
        // That was one for this application. At others there is still nothing to press.
        passes_as(&visitor.pass_through(&proxy, &format!("{CALENDAR}/")).await, &subject(&house, "friend"));
    }
}

#[tokio::test]
async fn req_076_the_servers_token_is_not_that_of_the_account_in_a_header_either() {
    let house = with_player("plex_token = \"server\"\nplex_token_header = \"X-Server-Token\"").start().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let answer = visitor.sign_in(&proxy, &format!("{PLAYER}/"), "friend").await;
        let given = answer.header("x-server-token").unwrap();
        assert!(!given.is_empty() && answer.header(HEADER).is_none());
        assert!(house.plex.tokens_used().iter().all(|token| !format!("{answer:?}").contains(token)));
    }
}

#[tokio::test]
async fn a_program_has_none_and_when_the_host_changes_their_mind_nobody_has() {
    for (number, family) in FAMILIES.into_iter().enumerate() {
        let mut house = with_tokens("account").await;
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        visitor.sign_in(&proxy, &format!("{PLAYER}/"), "friend").await;
        let token = token(&house, &format!("token-{number}"), "friend", &["player"]).await;
        let program =
            Visit::bare("GET", &format!("{PLAYER}/")).with("authorization", &format!("Bearer {token}"));
        let answer = proxy.ask(&program).await;
        passes_as(&answer, &subject(&house, "friend"));
        assert_eq!(answer.header(HEADER), Some(""));
        // Of the whole account is not of the server, and nothing is not either: also for sessions that have one.
        for (how, sent) in [("plex_token = \"server\"", Some("")), ("", None)] {
            house.restart_with(|_| with_player(how)).await;
            let proxy = house.proxy(family);
            let answer = visitor.page(&proxy, &format!("{PLAYER}/")).await;
            passes_as(&answer, &subject(&house, "friend"));
            assert_eq!(answer.header(HEADER), sent);
        }
    }
}

#[tokio::test]
async fn a_token_that_was_kept_for_one_application_is_handed_to_no_other_of_the_same_host() {
    let other = "name = \"other\"\nhost = \"player.example.org\"\nplex_token = \"account\"";
    let house = with_player("plex_token = \"server\"").app(other).start().await;
    for family in FAMILIES {
        let (proxy, mut visitor) = (house.proxy(family), house.visitor());
        let page = format!("{PLAYER}/");
        assert!(!visitor.sign_in(&proxy, &page, "friend").await.header(HEADER).unwrap().is_empty());
        let answer = visitor.page(&proxy.clone().naming("other"), &page).await;
        passes_as(&answer, &subject(&house, "friend"));
        assert_eq!(answer.header(HEADER), Some(""));
    }
}

#[tokio::test]
async fn what_is_kept_of_a_token_is_gone_with_what_it_was_kept_for() {
    let house = with_tokens("account").await;
    let proxy = house.proxy(Family::ForwardAuth);
    let page = format!("{PLAYER}/");
    let sign_in = async || {
        let mut visitor = house.visitor();
        visitor.sign_in(&proxy, &page, "friend").await;
        assert_eq!(house.tokens_kept(), 1);
        visitor
    };
    // They sign out.
    let mut visitor = sign_in().await;
    let asked = visitor.browser.open("/sign-out").await.expect(200);
    visitor.browser.submit(&asked, "/sign-out").await.expect(200);
    assert_eq!(house.tokens_kept(), 0, "after signing out");
    // They are no member any more.
    sign_in().await;
    house.end_access("friend").await;
    assert_eq!(house.tokens_kept(), 0, "after the end of their access");
    // They sign in once more, in the same browser.
    let mut visitor = sign_in().await;
    visitor.cookies.0.clear();
    let again = visitor.sent_to_us(&proxy, &page).await.expect(200);
    let landing = visitor.browser.approve_and_finish(&again, "friend").await.leaves();
    visitor.come_in(&proxy, &landing).await;
    assert_eq!(house.tokens_kept(), 1, "in place of the one before");
    // Nobody uses it.
    house.pass(Seconds::days(8)); // not as long as it could have lasted
    house.app().store.sweep(house.now()).await.unwrap();
    assert_eq!(house.tokens_kept(), 0, "after the time of a session");
}
