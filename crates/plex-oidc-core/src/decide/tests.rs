use super::*;
use std::collections::BTreeSet;

use crate::account::PlexFacts;
use crate::groups::{Group, ServerName, SharePart};
use crate::id::{MachineId, PlexAccountId};
use crate::testing::{client, friend, house, kept, server};

mod house_rules;
mod own_groups;

const NOW: Timestamp = Timestamp(1000);

fn rule(text: &str) -> AllowRule {
    AllowRule::parse(text).unwrap()
}

/// What the file says needs no answer of Plex, and says it of nobody else.
#[test]
fn the_owner_is_known_by_the_file_alone() {
    let (server, late) = (server(), Timestamp(i64::MAX / 2));
    let page = Client { allow: vec![rule("plex-owner")], ..client("a") };
    let id = AccountId::Plex(server.owner);
    let owner = house().owner(Account::named(id, "the owner"), late).unwrap();
    assert_eq!(decide(&owner, &page, &house(), late), Decision::Allow);
    let friends = Client { allow: vec![rule("plex-friend")], ..client("a") };
    assert_eq!(decide(&owner, &friends, &house(), late), Decision::Deny(Denial::NotAllowedHere));
    let by_account = Client { allow: vec![AllowRule::Account(id)], ..client("a") };
    assert_eq!(decide(&owner, &by_account, &house(), late), Decision::Allow);
    let strict = HouseRules { require_two_factor: true, only: Some(BTreeSet::new()), ..house() };
    assert_eq!(decide(&owner, &page, &strict, late), Decision::Allow, "never locked out");

    let others = AccountId::Plex(PlexAccountId(server.owner.0 + 1));
    assert!(house().owner(Account::named(others, "the owner"), late).is_none());
    assert!(house().owner(friend().account, late).is_none());
    assert!(house().owner(kept().account, late).is_none());
    let nothing = HouseRules { accepted: Vec::new(), ..house() };
    assert!(nothing.owner(Account::named(id, "the owner"), late).is_none());
}

fn but_not(deny: &str) -> Audience {
    Audience { allow: vec![rule("plex-friend")], deny: vec![rule(deny)], ..Audience::default() }
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
        let audience =
            Audience { allow: vec![rule("local-7")], deny: vec![rule(name)], ..Audience::default() };
        assert_eq!(decide_for(&kept(), &audience, &on, NOW), Decision::Allow);
        assert_eq!(decide(&kept(), &Client { allow: vec![rule(name)], ..client("a") }, &on, NOW), no);
    }
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
    let audience =
        Audience { allow: vec![rule("local-7")], deny: vec![rule("plex-library:7")], ..Audience::default() };
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
