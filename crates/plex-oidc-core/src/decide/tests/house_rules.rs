//! What the house asks of an account, whatever an application asks.

use super::*;

/// A friend of whom Plex says this.
fn with(two_factor: Option<bool>, joined_at: Option<i64>) -> Person {
    let mut person = friend();
    person.account.facts = PlexFacts { plex_pass: None, two_factor, joined_at: joined_at.map(Timestamp) };
    person
}

/// The owner, with an account that no rule would let in.
fn owner() -> Person {
    let mut person = with(Some(false), Some(NOW.0));
    person.account.id = AccountId::Plex(server().owner);
    person
}

#[track_caller]
fn is_decided(person: &Person, rules: HouseRules, expected: Decision) {
    let rules = HouseRules { local_accounts: true, ..rules };
    let allow = vec![rule("plex-friend"), rule("local-7")];
    let audience = Audience { allow: allow.clone(), ..Audience::default() };
    let what = format!("{:?} under {rules:?}", person.account);
    assert_eq!(decide(person, &Client { allow, ..client("a") }, &rules, NOW), expected, "{what}");
    assert_eq!(decide_for(person, &audience, &rules, NOW), expected, "{what}");
}

#[test]
fn what_an_account_must_have_is_asked_of_everybody_at_plex_but_the_owner() {
    use Decision::{Allow, Deny, Unknown};
    let two_factor = HouseRules { require_two_factor: true, ..house() };
    let aged = |days| HouseRules { minimum_account_age: Seconds::days(days), ..house() };
    let since = |days: i64| with(None, Some(NOW.0 - days * 86_400));
    let managed = |two_factor| {
        let mut person = with(two_factor, None);
        person.account.managed = true;
        person
    };
    let lenient = HouseRules { allow_managed_users: true, ..two_factor.clone() };
    for (rules, person, expected) in [
        (two_factor.clone(), with(Some(true), None), Allow),
        (two_factor.clone(), with(Some(false), None), Deny(Denial::NoTwoFactor)),
        (two_factor.clone(), with(None, None), Unknown),
        (two_factor.clone(), kept(), Allow),
        (two_factor.clone(), owner(), Allow),
        (lenient.clone(), managed(Some(false)), Deny(Denial::NoTwoFactor)),
        (lenient, managed(None), Unknown),
        (two_factor, managed(Some(true)), Deny(Denial::ManagedUser)),
        (aged(30), since(30), Allow),
        (aged(30), since(29), Deny(Denial::TooNew)),
        (aged(30), since(-1), Deny(Denial::TooNew)),
        (aged(30), with(None, None), Unknown),
        (aged(30), with(None, Some(i64::MAX)), Deny(Denial::TooNew)),
        (aged(30), kept(), Allow),
        (aged(30), owner(), Allow),
        (aged(0), with(None, None), Allow),
    ] {
        is_decided(&person, rules, expected);
    }
}

#[test]
fn accounts_that_are_blocked_or_not_named_beforehand_stay_out_and_the_owner_does_not() {
    use Decision::{Allow, Deny};
    let id = |text: &&str| match rule(text) {
        AllowRule::Account(account) => account,
        other => panic!("{other} is no account"),
    };
    let accounts = |texts: &[&str]| texts.iter().map(id).collect::<BTreeSet<_>>();
    let blocked = |texts: &[&str]| HouseRules { blocked: accounts(texts), ..house() };
    let only = |texts: &[&str]| HouseRules { only: Some(accounts(texts)), ..house() };
    for (rules, person, expected) in [
        (blocked(&["plex-42"]), friend(), Deny(Denial::Blocked)),
        (blocked(&["plex-7", "local-42"]), friend(), Allow),
        (blocked(&["local-7"]), kept(), Deny(Denial::Blocked)),
        (blocked(&["plex-7"]), kept(), Allow),
        (only(&["plex-42"]), friend(), Allow),
        (only(&["plex-7", "local-42"]), friend(), Deny(Denial::NotNamedBeforehand)),
        (only(&[]), friend(), Deny(Denial::NotNamedBeforehand)),
        (only(&[]), owner(), Allow),
        (only(&["plex-42"]), kept(), Deny(Denial::NotNamedBeforehand)),
        (only(&["local-7"]), kept(), Allow),
        (
            HouseRules { only: only(&["plex-42"]).only, ..blocked(&["plex-42"]) },
            friend(),
            Deny(Denial::Blocked),
        ),
        // It makes nobody a member.
        (only(&["plex-42"]), Person { standing: Standing::Ended, ..friend() }, Deny(Denial::NotShared)),
    ] {
        is_decided(&person, rules, expected);
    }
}

/// Local accounts wait for the host like everybody; an owner does not wait for themselves.
#[test]
fn the_host_is_asked_about_new_browsers_of_everybody_but_an_owner() {
    let asks = NewBrowsers::AskHost;
    let allow = vec![rule("plex-owner"), rule("plex-friend"), rule("local-7")];
    let audience = Audience { allow: allow.clone(), new_browsers: asks, ..Audience::default() };
    let client = Client { allow, new_browsers: asks, ..client("a") };
    let rules = HouseRules { local_accounts: true, ..house() };
    let mut blocked = friend();
    blocked.marks.blocked = true;
    let waits = Decision::Deny(Denial::NewBrowser);
    let out = Decision::Deny(Denial::BlockedByHost);
    for (person, expected) in [(friend(), waits), (kept(), waits), (owner(), Decision::Allow), (blocked, out)]
    {
        let asker = person.through(Through::NewBrowser);
        assert_eq!(decide(asker, &client, &rules, NOW), expected, "{:?}", person.account);
        assert_eq!(decide_for(asker, &audience, &rules, NOW), expected, "{:?}", person.account);
        assert_eq!(decide_for(&person, &audience, &rules, NOW), expected, "nothing is said of a browser");
    }
}
