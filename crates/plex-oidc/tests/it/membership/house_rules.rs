//! The rules of the house at every door, for those who sign in and for those who have been inside for long.

use plextv_emulator::MAIN_SERVER;

use super::*;

fn rules(lines: &str) -> Setup {
    setup().client("wiki", "name = \"Wiki\"").set("rules", lines)
}

/// What a sign-in at `photos` comes to: the status, and the page if it is one of ours.
async fn sign_in(house: &House, persona: &str) -> (u16, String) {
    let asked = house.relying_party("photos").authorization();
    let answer = house.browser().sign_in_to_page(&asked.url(), persona).await;
    if answer.stays() { (answer.status, answer.body) } else { (200, String::new()) }
}

#[track_caller]
fn is_told((status, page): &(u16, String), words: &str) {
    assert_eq!(*status, 403, "{page}");
    assert!(page.contains(words), "{page}");
}

/// Every door of somebody who is inside refuses, with whatever was had before; and opens again without `lines`.
async fn holds_for_those_inside(lines: &str, words: &str) {
    let mut house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    let mut owner = Inside::of(&house, "owner").await;
    friend.is_in("before").await;
    let access_token = friend.tokens.access_token();
    house.restart_with(|setup| setup.set("rules", lines)).await;
    assert_eq!(friend.photos.userinfo(&access_token).await.status, 401, "{lines}");
    assert_eq!(friend.photos.introspect(&access_token).await.json()["active"], false, "{lines}");
    assert_eq!(friend.photos.refresh(&friend.tokens.refresh_token()).await.status, 400, "{lines}");
    assert_eq!(friend.lounge().await.status, 403, "{lines}");
    let silent = friend.photos.authorization().with("prompt", "none");
    assert_eq!(friend.browser.get(&silent.url()).await.leaves().error(), "access_denied", "{lines}");
    is_told(&sign_in(&house, "friend").await, words);
    owner.is_in(lines).await;
    assert_eq!(sign_in(&house, "owner").await.0, 200, "{lines}");
    // A re-check makes nobody welcome.
    assert!(round(&house).await);
    assert_eq!(friend.lounge().await.status, 403, "{lines}");
    house.restart_with(|_| setup()).await;
    friend.is_in("the rule is gone").await;
}

#[tokio::test]
async fn whoever_has_no_second_factor_is_out_at_once() {
    holds_for_those_inside("require_two_factor = true", "Please set up two-factor sign-in").await;
}

#[tokio::test]
async fn whose_account_is_too_new_is_out_at_once() {
    holds_for_those_inside("minimum_account_age = \"3650d\"", "This account is too new").await;
}

#[tokio::test]
async fn whoever_is_blocked_is_out_at_once() {
    holds_for_those_inside("blocked = [\"plex-48151001\"]", "does not let it in").await;
}

#[tokio::test]
async fn whoever_was_not_named_beforehand_is_out_at_once() {
    holds_for_those_inside("only = [\"plex-48151013\", \"local-1\"]", "named beforehand").await;
}

#[tokio::test]
async fn a_second_factor_lets_in_and_counts_from_the_sign_in_after_it_was_set_up() {
    let house = rules("require_two_factor = true").start().await;
    let mut yara = Inside::of(&house, "two-factor").await;
    yara.is_in("a second factor").await;
    is_told(&sign_in(&house, "friend").await, "Please set up two-factor sign-in");
    house.plex.world().set_second_factor("friend", true).unwrap();
    assert_eq!(sign_in(&house, "friend").await.0, 200);
    house.plex.world().set_second_factor("two-factor", false).unwrap();
    assert!(round(&house).await);
    yara.is_in("a re-check does not ask for it").await;
    is_told(&sign_in(&house, "two-factor").await, "Please set up two-factor sign-in");
    house.pass(Seconds(6)); // what the gateway remembers is looked up again
    assert_eq!(yara.lounge().await.status, 403, "known at every door now");
}

#[tokio::test]
async fn what_plex_does_not_say_of_an_account_lets_nobody_in_and_ends_nothing() {
    for lines in ["require_two_factor = true", "minimum_account_age = \"30d\""] {
        let house = rules(lines).start().await;
        let mut yara = Inside::of(&house, "two-factor").await;
        house.plex.world().set_switches(|switches| switches.bare_accounts = true);
        assert_eq!(sign_in(&house, "friend").await.0, 503, "{lines}");
        assert_eq!(sign_in(&house, "owner").await.0, 200, "{lines}");
        yara.is_in(lines).await;
    }
}

/// As the version before this one wrote people down.
#[tokio::test]
async fn whoever_was_stored_without_what_a_rule_asks_signs_in_again() {
    let house = rules("minimum_account_age = \"30d\"").start().await;
    let mut friend = Inside::of(&house, "friend").await;
    friend.is_in("known").await;
    house.edit_person("friend", "$.account.facts", "{}");
    house.pass(Seconds(6)); // what the gateway remembers is looked up again
    assert_eq!(friend.lounge().await.status, 401);
    let silent = friend.photos.authorization().with("prompt", "none");
    assert_eq!(friend.browser.get(&silent.url()).await.leaves().error(), "login_required");
    assert_eq!(sign_in(&house, "friend").await.0, 200);
    house.pass(Seconds(6));
    assert_eq!(friend.lounge().await.status, 200);
}

#[tokio::test]
async fn an_account_grows_old_enough_by_itself() {
    let house = rules("minimum_account_age = \"3650d\"").start().await;
    is_told(&sign_in(&house, "friend").await, "This account is too new");
    house.pass(Seconds::days(3650));
    assert_eq!(sign_in(&house, "friend").await.0, 200);
}

#[tokio::test]
async fn a_rule_about_accounts_makes_nobody_a_member() {
    let house = rules("only = [\"plex-48151001\", \"plex-48151010\"]").start().await;
    assert_eq!(sign_in(&house, "friend").await.0, 200);
    is_told(&sign_in(&house, "stranger").await, "is not shared with this account");
    house.plex.world().unshare_server("friend", MAIN_SERVER).unwrap();
    is_told(&sign_in(&house, "friend").await, "is not shared with this account");
}

#[tokio::test]
async fn local_accounts_are_blocked_and_named_beforehand_as_others_are() {
    let password = "correct horse battery";
    let local = |lines: &str| {
        let setup = rules(lines).user(7, "robin", password, "").client("photos", r#"allow = ["local"]"#);
        async move {
            let house = setup.start().await;
            let asked = house.relying_party("photos").authorization();
            let mut browser = house.browser();
            let page = browser.open(&asked.url()).await;
            let answer = browser.type_password(&page, "robin", password).await;
            if answer.stays() { (answer.status, answer.body) } else { (200, String::new()) }
        }
    };
    for lines in [
        "require_two_factor = true\nminimum_account_age = \"3650d\"", // about Plex accounts alone
        "only = [\"local-7\"]",
        "blocked = [\"plex-7\", \"local-8\"]",
    ] {
        assert_eq!(local(lines).await.0, 200, "{lines}");
    }
    for lines in ["blocked = [\"local-7\"]", "only = [\"plex-7\"]", "only = []"] {
        assert_eq!(local(lines).await.0, 403, "{lines}");
    }
}
