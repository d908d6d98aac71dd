//! Groups of the host's own.

use super::*;

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
