//! Any person, any rules about people, any house.

use super::*;

pub(super) fn any_rule() -> impl Strategy<Value = AllowRule> {
    prop_oneof![
        prop::sample::select(vec![
            "plex-owner",
            "plex-home",
            "plex-friend",
            "plex-managed",
            "plex-library:3",
            "plex-downloads",
            "plex-pass",
            "plex-2fa",
            "club"
        ])
        .prop_map(|name| AllowRule::parse(name).unwrap()),
        prop::sample::select(vec![1_u64, 41, 42, 43])
            .prop_map(|id| AllowRule::Account(AccountId::Plex(PlexAccountId(id)))),
        prop::sample::select(vec!["pat@example.com", "PAT@EXAMPLE.COM", "eve@example.com"])
            .prop_map(|email| AllowRule::Email(email.to_owned())),
    ]
}

prop_compose! {
    pub(super) fn any_person()(
        id in prop::sample::select(vec![1_u64, 41, 42, 43]),
        flags in any::<[bool; 4]>(),
        groups in prop::collection::btree_set(
            prop::sample::select(vec![
                Group::owner(), Group::home(), Group::friend(), Group::managed(), Group::library(None, 3),
                Group::downloads(None),
            ]),
            0..4,
        ),
        confirmed_at in prop::option::of(0_i64..2000),
        libraries in prop::option::of((any::<bool>(), 0_i64..2000)),
        permissions in prop::option::of(0_i64..2000),
        elsewhere in 0_u8..5,
        facts in any::<[Option<bool>; 2]>(),
        joined_at in prop::option::of(-3000_i64..3000),
        marks in any_marks(),
    ) -> Person {
        let [managed, anonymous, email_confirmed, has_email] = flags;
        let mut person = friend();
        person.account.id = AccountId::Plex(PlexAccountId(id));
        let [plex_pass, two_factor] = facts;
        person.account.facts = PlexFacts { plex_pass, two_factor, joined_at: joined_at.map(Timestamp) };
        person.account.managed = managed;
        person.account.anonymous = anonymous;
        person.account.email_confirmed = email_confirmed && has_email;
        person.account.email = person.account.email.filter(|_| has_email);
        person.groups = groups.into_iter().collect::<Groups>();
        let other = AcceptedServer { owner: PlexAccountId(2), ..server() };
        let through = vec![if elsewhere == 0 { other } else { server() }];
        person.standing = confirmed_at
            .map_or(Standing::Ended, |at| Standing::Member { confirmed_at: Timestamp(at), through });
        let known = |part, all, at| KnownShare { machine: server().machine, part, all, as_of: Timestamp(at) };
        let libraries = libraries.map(|(all, at)| known(SharePart::Libraries, all, at));
        let permissions = permissions.map(|at| known(SharePart::Permissions, false, at));
        person.shares = libraries.into_iter().chain(permissions).collect();
        person.marks = marks;
        person
    }
}

/// Mostly none. One of the doors is that of the client which the tests use.
pub(super) fn any_marks() -> impl Strategy<Value = Marks> {
    let door = prop::sample::select(vec!["a", "b", "app:a", "own:admin"]);
    let door = door.prop_map(|door| ClientId::parse(door).unwrap());
    let doors = prop::collection::btree_set(door, 0..3);
    let some =
        (any::<[bool; 2]>(), doors).prop_map(|([blocked, named], doors)| Marks { blocked, named, doors });
    prop_oneof![Just(Marks::default()), some]
}

/// None of them is the owner's.
pub(super) fn any_accounts() -> impl Strategy<Value = BTreeSet<AccountId>> {
    prop::collection::btree_set((41_u64..44).prop_map(|id| AccountId::Plex(PlexAccountId(id))), 0..3)
}

pub(super) fn any_plain_rules() -> impl Strategy<Value = Vec<AllowRule>> {
    let is_plain = |rule: &AllowRule| *rule != AllowRule::Group(club());
    prop::collection::vec(any_rule().prop_filter("no group of a group", is_plain), 0..3)
}

/// A group that the host made of others.
pub(super) fn club() -> Group {
    Group::of_host("club").unwrap()
}

pub(super) fn any_house() -> impl Strategy<Value = HouseRules> {
    let group = [any_plain_rules(), any_plain_rules(), any_plain_rules()];
    let lists =
        (any_accounts(), prop::option::of(any_accounts()), any::<bool>(), prop_oneof![Just(0), 0_u32..3000]);
    (any::<[bool; 2]>(), 0_u32..2000, group, lists).prop_map(|(flags, lifetime, [any, all, none], lists)| {
        let ([managed, confirmed], (blocked, only, require_two_factor, age)) = (flags, lists);
        HouseRules {
            blocked,
            only,
            require_two_factor,
            minimum_account_age: Seconds(age),
            allow_managed_users: managed,
            require_confirmed_email: confirmed,
            membership_lifetime: Seconds(lifetime),
            groups: vec![HouseGroup { name: club(), any, all, none }],
            ..house()
        }
    })
}
