use super::*;
use std::collections::BTreeSet;

use crate::account::PlexFacts;
use crate::groups::{Group, ServerName, SharePart};
use crate::id::{MachineId, PlexAccountId};
use crate::testing::{client, friend, house, kept, server};

const NOW: Timestamp = Timestamp(1000);

fn rule(text: &str) -> AllowRule {
    AllowRule::parse(text).unwrap()
}

fn but_not(deny: &str) -> Audience {
    Audience { allow: vec![rule("plex-friend")], deny: vec![rule(deny)] }
}

fn known(all: bool) -> KnownShare {
    KnownShare { machine: server().machine, part: SharePart::Libraries, all, as_of: NOW }
}

/// A friend who sees these libraries.
fn who_sees(keys: &[u64]) -> Person {
    let mut person = friend();
    person.groups.extend(keys.iter().map(|key| Group::library(None, *key)));
    person.shares = vec![known(false)];
    person
}

#[test]
fn a_library_that_nothing_is_known_of_neither_lets_in_nor_passes_a_deny() {
    let says = |person: &Person, deny| decide_for(person, &but_not(deny), &house(), NOW);
    assert_eq!(says(&who_sees(&[1]), "plex-library:7"), Decision::Allow);
    assert_eq!(says(&who_sees(&[7]), "plex-library:7"), Decision::Deny(Denial::NotAllowedHere));
    assert_eq!(says(&friend(), "plex-library:7"), Decision::Unknown);
    let all = Person { shares: vec![known(true)], ..friend() };
    assert_eq!(says(&all, "plex-library:7"), Decision::Deny(Denial::NotAllowedHere));
    let late = NOW.plus(house().membership_lifetime);
    let person = Person {
        standing: Standing::Member { confirmed_at: late, through: vec![server()] },
        ..who_sees(&[1])
    };
    assert_eq!(decide_for(&person, &but_not("plex-library:7"), &house(), late), Decision::Unknown);
    let only = Client { allow: vec![rule("plex-library:1")], ..client("a") };
    assert_eq!(decide(&friend(), &only, &house(), NOW), Decision::Unknown);
    assert_eq!(decide(&who_sees(&[2]), &only, &house(), NOW), Decision::Deny(Denial::NotAllowedHere));
    assert_eq!(decide(&who_sees(&[1]), &only, &house(), NOW), Decision::Allow);
    let parts = Client { needs_known: vec![rule("plex-library:7")], ..client("a") };
    assert_eq!(decide(&friend(), &parts, &house(), NOW), Decision::Unknown);
    assert_eq!(decide(&who_sees(&[7]), &parts, &house(), NOW), Decision::Allow);
}

#[test]
fn a_permission_that_nothing_is_known_of_neither_lets_in_nor_passes_a_deny() {
    let no = Decision::Deny(Denial::NotAllowedHere);
    let told = |group: Option<Group>| {
        let mut person = who_sees(&[]);
        person.groups.extend(group);
        person.shares.push(KnownShare { part: SharePart::Permissions, ..known(false) });
        person
    };
    for (name, group, other) in [
        ("plex-downloads", Group::downloads(None), Group::live_tv(None)),
        ("plex-livetv", Group::live_tv(None), Group::downloads(None)),
    ] {
        for (person, allowed, denied) in [
            (told(Some(group)), Decision::Allow, no),
            (told(Some(other)), no, Decision::Allow),
            (told(None), no, Decision::Allow),
            (who_sees(&[1]), Decision::Unknown, Decision::Unknown),
            (Person { shares: vec![known(true)], ..friend() }, Decision::Unknown, Decision::Unknown),
        ] {
            let only = Client { allow: vec![rule(name)], ..client("a") };
            assert_eq!(decide(&person, &only, &house(), NOW), allowed, "{name}");
            assert_eq!(decide_for(&person, &but_not(name), &house(), NOW), denied, "{name}");
        }
    }
}

#[test]
fn what_plex_says_of_an_account_is_known_or_it_is_not() {
    let no = Decision::Deny(Denial::NotAllowedHere);
    for name in ["plex-pass", "plex-2fa"] {
        for (said, allowed, denied) in [
            (Some(true), Decision::Allow, no),
            (Some(false), no, Decision::Allow),
            (None, Decision::Unknown, Decision::Unknown),
        ] {
            let mut person = friend();
            let facts = &mut person.account.facts;
            if name == "plex-pass" {
                facts.plex_pass = said;
            } else {
                facts.two_factor = said;
            }
            let only = Client { allow: vec![rule(name)], ..client("a") };
            assert_eq!(decide(&person, &only, &house(), NOW), allowed, "{name} {said:?}");
            assert_eq!(decide_for(&person, &but_not(name), &house(), NOW), denied, "{name} {said:?}");
        }
        // A local account has no Plex account of which anything could be said.
        let on = HouseRules { local_accounts: true, ..house() };
        let audience = Audience { allow: vec![rule("local-7")], deny: vec![rule(name)] };
        assert_eq!(decide_for(&kept(), &audience, &on, NOW), Decision::Allow);
        assert_eq!(decide(&kept(), &Client { allow: vec![rule(name)], ..client("a") }, &on, NOW), no);
    }
}

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
    let audience = Audience { allow: allow.clone(), deny: Vec::new() };
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

/// Whether a friend who sees libraries 1 and 3 is in a group that is made of these; and one whose address is not confirmed.
fn composed(any: &[&str], all: &[&str], none: &[&str]) -> [Decision; 3] {
    let rules = |texts: &[&str]| texts.iter().map(|text| rule(text)).collect();
    let name = Group::of_host("family").unwrap();
    let group = HouseGroup { name, any: rules(any), all: rules(all), none: rules(none) };
    let house = HouseRules { groups: vec![group], require_confirmed_email: false, ..house() };
    let only = Client { allow: vec![rule("family")], ..client("a") };
    let mut unconfirmed = who_sees(&[1, 3]);
    unconfirmed.account.email_confirmed = false;
    [
        decide(&who_sees(&[1, 3]), &only, &house, NOW),
        decide(&unconfirmed, &only, &house, NOW),
        decide_for(&unconfirmed, &but_not("family"), &house, NOW),
    ]
}

#[test]
fn a_group_of_the_hosts_own_is_what_it_is_made_of() {
    use Decision::{Allow, Unknown};
    let no = Decision::Deny(Denial::NotAllowedHere);
    let mail = "pat@example.com";
    for ((any, all, none), expected) in [
        ((&["plex-home", "plex-friend"][..], &[][..], &[][..]), [Allow, Allow, no]),
        ((&["plex-home"], &[], &[]), [no, no, Allow]),
        ((&["plex-42"], &[], &[]), [Allow, Allow, no]),
        ((&["plex-library:3"], &["plex-friend"], &[]), [Allow, Allow, no]),
        ((&["plex-library:3"], &["plex-friend", "plex-2fa"], &[]), [no, no, Allow]),
        ((&[], &["plex-friend", "plex-library:1"], &[]), [Allow, Allow, no]),
        ((&["plex-friend"], &[], &["plex-library:1"]), [no, no, Allow]),
        ((&["plex-friend"], &[], &["plex-library:2"]), [Allow, Allow, no]),
        // Nobody is in what is made of nobody.
        ((&[], &[], &[]), [no, no, Allow]),
        ((&[], &[], &["plex-home"]), [no, no, Allow]),
        // An address lets in once it is confirmed, and keeps out before that; the other way round inside `none`.
        ((&[mail], &[], &[]), [Allow, no, no]),
        ((&["plex-friend"], &[mail], &[]), [Allow, no, no]),
        ((&["plex-friend"], &[], &[mail]), [no, no, no]),
        // What is not known is left open, unless it makes no difference.
        ((&["plex-downloads"], &[], &[]), [Unknown, Unknown, Unknown]),
        ((&["plex-downloads", "plex-friend"], &[], &[]), [Allow, Allow, no]),
        ((&["plex-friend"], &["plex-downloads"], &[]), [Unknown, Unknown, Unknown]),
        ((&["plex-home"], &["plex-downloads"], &[]), [no, no, Allow]),
        ((&["plex-friend"], &[], &["plex-downloads"]), [Unknown, Unknown, Unknown]),
        ((&["plex-friend"], &[], &["plex-downloads", "plex-42"]), [no, no, Allow]),
    ] {
        assert_eq!(composed(any, all, none), expected, "any {any:?} all {all:?} none {none:?}");
    }
}

#[test]
fn a_group_of_groups_names_nobody_by_the_other_one() {
    let group = |name, of: &str| HouseGroup {
        name: Group::of_host(name).unwrap(),
        any: vec![rule(of)],
        all: Vec::new(),
        none: Vec::new(),
    };
    let groups = vec![group("family", "suite"), group("suite", "family"), group("friends", "plex-friend")];
    let house = HouseRules { groups, ..house() };
    for name in ["family", "suite"] {
        let only = Client { allow: vec![rule(name)], ..client("a") };
        assert_eq!(decide(&friend(), &only, &house, NOW), Decision::Deny(Denial::NotAllowedHere));
    }
    let told = house.as_told(&friend(), NOW).into_owned();
    assert_eq!(told.groups, [Group::friend(), Group::of_host("friends").unwrap()].into());
}

#[test]
fn whoever_comes_from_signing_in_must_be_known_as_far_as_a_group_of_the_hosts_own_asks() {
    let name = Group::of_host("family").unwrap();
    let group = HouseGroup { name, any: vec![rule("plex-downloads")], all: Vec::new(), none: Vec::new() };
    let house = HouseRules { groups: vec![group], ..house() };
    let parts = Client { needs_known: vec![rule("family")], ..client("a") };
    assert_eq!(decide(&friend(), &parts, &house, NOW), Decision::Unknown);
}

#[test]
fn what_the_version_before_stored_is_read_and_what_it_did_not_know_is_not_known() {
    let mut stored = serde_json::to_value(who_sees(&[7])).unwrap();
    let stored = stored.as_object_mut().unwrap();
    stored["account"].as_object_mut().unwrap().remove("facts").unwrap();
    let mut shares = stored.remove("shares").unwrap();
    shares[0].as_object_mut().unwrap().remove("part").unwrap();
    stored.insert("libraries".into(), shares);
    let read: Person = serde_json::from_value(serde_json::Value::Object(stored.clone())).unwrap();
    let mut expected = who_sees(&[7]);
    expected.account.facts = PlexFacts::default();
    assert_eq!(read, expected);
    let two_factor = HouseRules { require_two_factor: true, ..house() };
    let aged = HouseRules { minimum_account_age: Seconds(1), ..house() };
    for rules in [two_factor, aged] {
        assert_eq!(decide(&read, &client("a"), &rules, NOW), Decision::Unknown);
    }
    for denied in ["plex-downloads", "plex-livetv", "plex-pass", "plex-2fa"] {
        assert_eq!(decide_for(&read, &but_not(denied), &house(), NOW), Decision::Unknown, "{denied}");
    }
}

#[test]
fn a_local_account_comes_in_where_it_is_named_and_is_never_taken_for_the_plex_account_of_the_same_name() {
    let on = HouseRules { local_accounts: true, ..house() };
    let by = |person: &Person, allow, rules: &HouseRules| {
        decide(person, &Client { allow: vec![rule(allow)], ..client("a") }, rules, NOW)
    };
    let no = Decision::Deny(Denial::NotAllowedHere);
    assert_eq!(by(&kept(), "local-7", &on), Decision::Allow);
    assert_eq!(by(&kept(), "pat@example.com", &on), Decision::Allow, "the host vouches for the address");
    assert_eq!(by(&kept(), "local-7", &house()), no, "local accounts are switched off");
    for other in ["plex-7", "plex-42", "local-8", "plex-friend", "plex-owner", "plex-library:7"] {
        assert_eq!(by(&kept(), other, &on), no, "{other}");
    }
    assert_eq!(by(&friend(), "local-7", &on), no);
    // Age is nothing to a local account, and the rules about Plex accounts are not about it.
    let mut person = kept();
    person.account.email_confirmed = false;
    assert_eq!(by(&person, "local-7", &on), Decision::Allow);
    assert_eq!(by(&person, "pat@example.com", &on), no, "an address that nobody vouches for");
    // Who is no member sees no library, whether or not the server of it is known.
    let audience = Audience { allow: vec![rule("local-7")], deny: vec![rule("plex-library:7")] };
    for accepted in [on.accepted.clone(), Vec::new()] {
        let rules = HouseRules { accepted, ..on.clone() };
        assert_eq!(decide_for(&kept(), &audience, &rules, NOW), Decision::Allow);
    }
    // A standing of the other way in is none.
    let member = Person { standing: friend().standing, ..kept() };
    assert_eq!(by(&member, "local-7", &on), no);
    assert_eq!(by(&Person { standing: Standing::Ended, ..kept() }, "local-7", &on), no);
    let kept_at_plex = Person { standing: Standing::Kept, ..friend() };
    assert_eq!(by(&kept_at_plex, "plex-friend", &on), Decision::Deny(Denial::NotShared));
}

#[test]
fn an_address_is_denied_whether_or_not_it_is_confirmed() {
    let rules = HouseRules { require_confirmed_email: false, ..house() };
    let mut person = friend();
    person.account.email_confirmed = false;
    let denied = Decision::Deny(Denial::NotAllowedHere);
    assert_eq!(decide_for(&person, &but_not("PAT@example.com"), &rules, NOW), denied);
    let only = Client { allow: vec![rule("pat@example.com")], ..client("a") };
    assert_eq!(decide(&person, &only, &rules, NOW), denied);
}

#[test]
fn the_library_of_one_server_is_not_that_of_another() {
    let named = |digit: &str, name| AcceptedServer {
        machine: MachineId::parse(&digit.repeat(40)).unwrap(),
        owner: PlexAccountId(1),
        name: ServerName::of(name),
    };
    let (attic, cellar) = (named("a", "Attic"), named("b", "Cellar"));
    let rules = HouseRules { accepted: vec![attic.clone(), cellar.clone()], ..house() };
    let mut guest = friend();
    guest.standing = Standing::Member { confirmed_at: NOW, through: vec![cellar.clone()] };
    guest.groups.insert(Group::library(cellar.name.as_ref(), 1));
    guest.shares = vec![KnownShare { machine: cellar.machine, ..known(false) }];
    let says = |allow| decide(&guest, &Client { allow: vec![rule(allow)], ..client("a") }, &rules, NOW);
    assert_eq!(says("plex-library:cellar:1"), Decision::Allow);
    assert_eq!(says("plex-library:attic:1"), Decision::Deny(Denial::NotAllowedHere));
    assert_eq!(says("plex-friend:attic"), Decision::Deny(Denial::NotAllowedHere));
}

#[test]
fn whoever_came_by_a_server_that_is_gone_is_neither_let_in_nor_refused() {
    let says = |accepted| decide(&friend(), &client("a"), &HouseRules { accepted, ..house() }, NOW);
    let taken_over = AcceptedServer { owner: PlexAccountId(2), ..server() };
    let renamed = AcceptedServer { name: ServerName::of("Attic"), ..server() };
    assert_eq!(says(vec![server()]), Decision::Allow);
    for accepted in [vec![], vec![taken_over], vec![renamed]] {
        assert_eq!(says(accepted), Decision::Unknown);
    }
}

#[test]
fn what_was_known_of_libraries_is_kept_until_plex_says_otherwise() {
    let earlier = who_sees(&[7]);
    let mut person = friend();
    person.keep_shares_of(&earlier);
    assert_eq!(person, earlier);
    let mut newer = who_sees(&[2]);
    newer.keep_shares_of(&earlier);
    assert_eq!(newer, who_sees(&[2]));
}

#[test]
fn libraries_of_a_server_that_was_renamed_meanwhile_are_not_known() {
    let attic = AcceptedServer { name: ServerName::of("Attic"), ..server() };
    let mut person =
        Person { standing: Standing::Member { confirmed_at: NOW, through: vec![attic.clone()] }, ..friend() };
    person.keep_shares_of(&who_sees(&[7]));
    assert_eq!(person.shares, vec![]);
    let rules = HouseRules { accepted: vec![attic], ..house() };
    let denied = but_not("plex-library:attic:7");
    assert_eq!(decide_for(&person, &denied, &rules, NOW), Decision::Unknown);
}

#[test]
fn whose_server_it_is_needs_no_list_of_its_libraries() {
    let mut owner = friend();
    owner.account.id = AccountId::Plex(server().owner);
    owner.groups.insert(Group::owner());
    let parts = Client { needs_known: vec![rule("plex-library:7")], ..client("a") };
    assert_eq!(decide(&owner, &parts, &house(), NOW), Decision::Allow);
    let only = Client { allow: vec![rule("plex-library:7")], ..client("a") };
    assert_eq!(decide(&owner, &only, &house(), NOW), Decision::Allow);
}

#[test]
fn servers_that_plex_did_not_speak_of_are_kept_as_long_as_its_last_word_serves() {
    let other = AcceptedServer {
        machine: MachineId::parse(&"b".repeat(40)).unwrap(),
        owner: PlexAccountId(2),
        name: ServerName::of("Cellar"),
    };
    let rules = HouseRules { accepted: vec![server(), other.clone()], ..house() };
    let cellars = Group::friend().of(other.name.as_ref().unwrap());
    let through = |through| Standing::Member { confirmed_at: NOW, through };
    let mut earlier = who_sees(&[7]);
    earlier.standing = through(vec![server(), other.clone()]);
    earlier.groups.insert(cellars.clone());
    earlier.groups.insert(Group::two_factor());
    let kept = |now: Timestamp, rules: &HouseRules| {
        let standing = Standing::Member { confirmed_at: now, through: vec![server()] };
        let mut person = Person { standing, ..friend() };
        person.keep_servers_of(&earlier, rules, now);
        person
    };
    let person = kept(NOW.plus(Seconds(60)), &rules);
    assert_eq!(person.standing, earlier.standing, "no younger than Plex's word");
    assert!(person.groups.contains(&cellars) && !person.groups.contains(&Group::library(None, 7)));
    assert!(!person.groups.contains(&Group::two_factor()), "the account has just been asked about");
    let too_late = NOW.plus(rules.membership_lifetime);
    assert!(!kept(too_late, &rules).groups.contains(&cellars));
    assert!(!kept(NOW, &house()).groups.contains(&cellars), "a server that is gone stays gone");
}
