use super::*;
use crate::account::Account;
use crate::decide::{KnownShare, Marks};
use crate::groups::ServerName;
use crate::id::MachineId;

const OWNER: PlexAccountId = PlexAccountId(1);
const OTHER_OWNER: PlexAccountId = PlexAccountId(2);
const GUEST: PlexAccountId = PlexAccountId(7);
const BEFORE: Timestamp = Timestamp(1_000);
const NOW: Timestamp = Timestamp(2_000);

fn server(digit: char, owner: PlexAccountId, name: Option<&str>) -> AcceptedServer {
    AcceptedServer {
        machine: MachineId::parse(&digit.to_string().repeat(40)).unwrap(),
        owner,
        name: name.and_then(ServerName::of),
    }
}

fn only() -> AcceptedServer {
    server('a', OWNER, None)
}

fn attic() -> AcceptedServer {
    server('a', OWNER, Some("attic"))
}

fn cellar(owner: PlexAccountId) -> AcceptedServer {
    server('b', owner, Some("cellar"))
}

fn member(id: PlexAccountId, through: &[AcceptedServer], groups: &[&str]) -> Person {
    let account = Account { username: Some("mara".into()), ..Account::named(AccountId::Plex(id), "Mara") };
    Person {
        account,
        groups: groups.iter().map(|name| Group::parse(name).unwrap()).collect(),
        standing: Standing::Member { confirmed_at: BEFORE, through: through.to_vec() },
        shares: Vec::new(),
        marks: Marks::default(),
    }
}

fn share(id: PlexAccountId, server: &AcceptedServer, keys: &[u64]) -> Share {
    Share {
        account: id,
        machine: server.machine.clone(),
        all_libraries: false,
        library_keys: keys.to_vec(),
        libraries_known: true,
        allow_sync: false,
        allow_tuners: false,
        permissions_known: false,
    }
}

fn told<'a>(shares: &'a [Share], home: Option<&'a BTreeSet<PlexAccountId>>) -> Told<'a> {
    Told { teller: OWNER, shares, home, at: NOW }
}

fn groups(person: &Person) -> Vec<&str> {
    person.groups.iter().map(Group::as_str).collect()
}

fn confirmed(person: &Person) -> Timestamp {
    let Standing::Member { confirmed_at, .. } = person.standing else { panic!("a member") };
    confirmed_at
}

#[track_caller]
fn still(person: &Person, told: &Told<'_>) -> Person {
    let Recheck::Member(now) = recheck(person, told) else { panic!("still a member") };
    now
}

#[test]
fn a_share_that_is_listed_is_confirmed_and_one_that_is_not_is_missing() {
    let of_account = ["plex-2fa", "plex-friend", "plex-managed", "plex-pass"];
    let mara = member(GUEST, &[only()], &of_account);
    let now = still(&mara, &told(&[share(GUEST, &only(), &[])], None));
    assert_eq!((confirmed(&now), groups(&now)), (NOW, of_account.to_vec()));
    let not_mine = [share(PlexAccountId(8), &only(), &[]), share(GUEST, &cellar(OWNER), &[])];
    for shares in [&[][..], &not_mine] {
        assert_eq!(recheck(&mara, &told(shares, None)), Recheck::Missing { rest: None });
    }
}

#[test]
fn the_owner_needs_no_list() {
    let owner = member(OWNER, &[only()], &["plex-owner"]);
    assert_eq!(confirmed(&still(&owner, &told(&[], None))), NOW);
    let other = member(OTHER_OWNER, &[cellar(OTHER_OWNER)], &["plex-owner", "plex-owner:cellar"]);
    assert_eq!(groups(&still(&other, &told(&[], None))), ["plex-owner", "plex-owner:cellar"]);
}

#[test]
fn whoever_moves_out_of_the_home_is_a_friend_as_long_as_something_is_shared() {
    let mara = member(GUEST, &[only()], &["plex-home"]);
    let (with, without) = (BTreeSet::from([OWNER, GUEST]), BTreeSet::from([OWNER]));
    assert_eq!(
        recheck(&mara, &told(&[], Some(&with))),
        Recheck::Missing { rest: None },
        "a Home shares nothing"
    );
    let shares = [share(GUEST, &only(), &[])];
    assert_eq!(groups(&still(&mara, &told(&shares, Some(&with)))), ["plex-home"]);
    assert_eq!(groups(&still(&mara, &told(&shares, Some(&without)))), ["plex-friend"], "moved out");
    assert_eq!(groups(&still(&mara, &told(&shares, None))), ["plex-home"], "nobody said who lives there");
}

#[test]
fn whoever_lives_in_another_home_is_not_looked_for_in_this_one() {
    let groups = ["plex-home", "plex-friend", "plex-friend:attic", "plex-home:cellar"];
    let mara = member(GUEST, &[attic(), cellar(OTHER_OWNER)], &groups);
    assert_eq!((resident(&mara, OWNER), resident(&mara, OTHER_OWNER)), (None, Some(GUEST)));
    let alone = member(GUEST, &[only()], &["plex-home"]);
    assert_eq!((resident(&alone, OWNER), resident(&ended(&alone), OWNER)), (Some(GUEST), None));
}

#[test]
fn a_re_check_gives_nobody_more_than_they_had() {
    let with = BTreeSet::from([OWNER, GUEST]);
    let mara = member(GUEST, &[attic()], &["plex-friend", "plex-friend:attic"]);
    let shares = [share(GUEST, &attic(), &[]), share(GUEST, &cellar(OWNER), &[])];
    let now = still(&mara, &told(&shares, Some(&with)));
    assert_eq!(groups(&now), ["plex-friend", "plex-friend:attic"], "neither the Home nor another server");
    assert_eq!(now.standing, Standing::Member { confirmed_at: NOW, through: vec![attic()] });
    let ended = ended(&mara);
    assert_eq!(recheck(&ended, &told(&shares, Some(&with))), Recheck::NotTold);
    assert_eq!((ended.standing, ended.groups.len()), (Standing::Ended, 0));
}

#[test]
fn nothing_is_concluded_about_servers_of_others() {
    let mara = member(GUEST, &[cellar(OTHER_OWNER)], &["plex-friend", "plex-friend:cellar"]);
    assert_eq!(recheck(&mara, &told(&[], None)), Recheck::NotTold);
    let both = member(
        GUEST,
        &[attic(), cellar(OTHER_OWNER)],
        &["plex-friend", "plex-friend:attic", "plex-friend:cellar"],
    );
    let now = still(&both, &told(&[share(GUEST, &attic(), &[])], None));
    assert_eq!((confirmed(&now), now.groups), (BEFORE, both.groups.clone()), "as old as its oldest part");
    let Recheck::Missing { rest: Some(rest) } = recheck(&both, &told(&[], None)) else {
        panic!("half is gone")
    };
    assert_eq!(groups(&rest), ["plex-friend", "plex-friend:cellar"]);
    assert_eq!(rest.standing, Standing::Member { confirmed_at: BEFORE, through: vec![cellar(OTHER_OWNER)] });
}

#[test]
fn libraries_are_those_of_the_list_and_what_was_known_where_it_does_not_say() {
    let known =
        |all, as_of| vec![KnownShare { machine: only().machine, part: SharePart::Libraries, all, as_of }];
    let mut mara = member(GUEST, &[only()], &["plex-friend", "plex-library:1", "plex-library:2"]);
    mara.shares = known(false, BEFORE);
    let row = share(GUEST, &only(), &[2, 3]);

    let now = still(&mara, &told(std::slice::from_ref(&row), None));
    assert_eq!(groups(&now), ["plex-friend", "plex-library:2", "plex-library:3"]);
    assert_eq!(now.shares, known(false, NOW));

    let all = [Share { all_libraries: true, ..row.clone() }];
    let now = still(&mara, &told(&all, None));
    assert_eq!(now.groups.len(), 4, "the list of all names only some of them");
    assert_eq!(now.shares, known(true, NOW));

    let silent = [Share { libraries_known: false, library_keys: Vec::new(), ..row }];
    let now = still(&mara, &told(&silent, None));
    assert_eq!((now.groups, now.shares), (mara.groups.clone(), known(false, BEFORE)));
}

#[test]
fn permissions_come_and_go_with_the_list_and_stay_where_it_does_not_say() {
    let known =
        |as_of| KnownShare { machine: only().machine, part: SharePart::Permissions, all: false, as_of };
    let mut mara = member(GUEST, &[only()], &["plex-friend", "plex-downloads"]);
    mara.shares = vec![known(BEFORE)];
    let row = |allow_sync, allow_tuners| Share {
        allow_sync,
        allow_tuners,
        permissions_known: true,
        libraries_known: false,
        ..share(GUEST, &only(), &[])
    };
    for (allow_sync, allow_tuners, expected) in [
        (true, false, &["plex-downloads", "plex-friend"][..]),
        (false, true, &["plex-friend", "plex-livetv"]),
        (true, true, &["plex-downloads", "plex-friend", "plex-livetv"]),
        (false, false, &["plex-friend"]),
    ] {
        let now = still(&mara, &told(&[row(allow_sync, allow_tuners)], None));
        assert_eq!((groups(&now), &now.shares), (expected.to_vec(), &vec![known(NOW)]));
    }
    let silent = Share { permissions_known: false, ..row(false, true) };
    let now = still(&mara, &told(std::slice::from_ref(&silent), None));
    assert_eq!((groups(&now), &now.shares), (vec!["plex-downloads", "plex-friend"], &vec![known(BEFORE)]));
    // Of two rows about one server, one that does not say leaves it to the other.
    let now = still(&mara, &told(&[row(false, false), silent], None));
    assert_eq!(groups(&now), ["plex-friend"]);
    let owner = member(OWNER, &[only()], &["plex-owner"]);
    let now = still(&owner, &told(&[], None));
    assert_eq!(groups(&now), ["plex-downloads", "plex-livetv", "plex-owner"], "the owner has both");
}

#[test]
fn permissions_on_one_server_say_nothing_of_another() {
    let mara = member(GUEST, &[attic(), cellar(OWNER)], &["plex-friend", "plex-friend:attic"]);
    let row = |server: &AcceptedServer, allow_sync| Share {
        allow_sync,
        permissions_known: true,
        libraries_known: false,
        ..share(GUEST, server, &[])
    };
    let now = still(&mara, &told(&[row(&attic(), false), row(&cellar(OWNER), true)], None));
    let names = ["plex-downloads:cellar", "plex-friend", "plex-friend:attic", "plex-friend:cellar"];
    assert_eq!(groups(&now), names);
}

#[test]
fn a_list_that_names_no_libraries_does_not_silence_one_that_does() {
    let mut mara = member(GUEST, &[only()], &["plex-friend", "plex-library:1", "plex-library:2"]);
    mara.shares =
        vec![KnownShare { machine: only().machine, part: SharePart::Libraries, all: false, as_of: BEFORE }];
    let row = share(GUEST, &only(), &[2]);
    let silent = Share { libraries_known: false, library_keys: Vec::new(), ..row.clone() };
    for shares in [[row.clone(), silent.clone()], [silent, row]] {
        assert_eq!(groups(&still(&mara, &told(&shares, None))), ["plex-friend", "plex-library:2"]);
    }
}

#[test]
fn libraries_of_one_server_say_nothing_of_another() {
    let mut mara = member(
        GUEST,
        &[attic(), cellar(OWNER)],
        &[
            "plex-friend",
            "plex-friend:attic",
            "plex-friend:cellar",
            "plex-library:attic:1",
            "plex-library:cellar:1",
        ],
    );
    let known = |server: &AcceptedServer, as_of| KnownShare {
        machine: server.machine.clone(),
        part: SharePart::Libraries,
        all: false,
        as_of,
    };
    mara.shares = vec![known(&attic(), BEFORE), known(&cellar(OWNER), BEFORE)];
    let shares = [share(GUEST, &attic(), &[2])];
    let Recheck::Missing { rest: Some(rest) } = recheck(&mara, &told(&shares, None)) else {
        panic!("half is gone")
    };
    assert_eq!(groups(&rest), ["plex-friend", "plex-friend:attic", "plex-library:attic:2"]);
    assert_eq!(rest.shares, [known(&attic(), NOW)]);
}

#[test]
fn a_local_account_is_nothing_to_plex() {
    let mut robin = member(GUEST, &[], &["local"]);
    robin.account.id = AccountId::Local(crate::id::LocalAccountId::new(7).unwrap());
    robin.standing = Standing::Kept;
    assert_eq!(recheck(&robin, &told(&[], None)), Recheck::NotTold);
}

/// What Plex shows to somebody: a server, and how it is seen.
fn seen(server: &AcceptedServer, home: bool) -> VisibleServer {
    VisibleServer { machine: server.machine.clone(), owned: false, home, owner: Some(server.owner) }
}

#[test]
fn one_s_own_list_confirms_and_only_narrows() {
    let mara = member(GUEST, &[attic()], &["plex-friend", "plex-friend:attic", "plex-pass"]);
    let visible = [seen(&attic(), true), seen(&cellar(OTHER_OWNER), false)];
    let Recheck::Member(now) = recheck_by_own_list(&mara, &visible, NOW) else { panic!("still a member") };
    assert_eq!(confirmed(&now), NOW);
    assert_eq!(
        groups(&now),
        ["plex-friend", "plex-friend:attic", "plex-pass"],
        "no better place, no server more"
    );

    let both = member(
        GUEST,
        &[attic(), cellar(OTHER_OWNER)],
        &["plex-home", "plex-home:attic", "plex-friend:cellar"],
    );
    let Recheck::Missing { rest: Some(rest) } = recheck_by_own_list(&both, &[seen(&attic(), false)], NOW)
    else {
        panic!("one of two")
    };
    assert_eq!(groups(&rest), ["plex-friend", "plex-friend:attic"], "out of the Home too");
    let Standing::Member { through, .. } = &rest.standing else { panic!("a member") };
    assert_eq!(through, &[attic()]);
}

#[test]
fn one_s_own_list_counts_only_servers_of_the_right_owner() {
    let mara = member(GUEST, &[only()], &["plex-friend"]);
    let missing = Recheck::Missing { rest: None };
    assert_eq!(recheck_by_own_list(&mara, &[], NOW), missing);
    let of_other = VisibleServer { owner: Some(OTHER_OWNER), ..seen(&only(), false) };
    let of_nobody = VisibleServer { owner: None, ..seen(&only(), false) };
    let of_themselves = VisibleServer { owned: true, owner: None, ..seen(&only(), false) };
    assert_eq!(recheck_by_own_list(&mara, &[of_other, of_nobody, of_themselves], NOW), missing);
}

#[test]
fn one_s_own_list_says_nothing_of_owners_libraries_and_those_who_are_out() {
    let owner = member(OWNER, &[only()], &["plex-owner"]);
    assert!(
        matches!(recheck_by_own_list(&owner, &[], NOW), Recheck::Member(now) if groups(&now) == ["plex-owner"])
    );

    let mut mara = member(GUEST, &[only()], &["plex-friend", "plex-library:3"]);
    let known = KnownShare { machine: only().machine, part: SharePart::Libraries, all: false, as_of: BEFORE };
    mara.shares = vec![known.clone()];
    let Recheck::Member(now) = recheck_by_own_list(&mara, &[seen(&only(), false)], NOW) else {
        panic!("a member")
    };
    assert_eq!(groups(&now), ["plex-friend", "plex-library:3"]);
    assert_eq!(now.shares, [known]);

    assert_eq!(recheck_by_own_list(&ended(&mara), &[seen(&only(), false)], NOW), Recheck::NotTold);
}
