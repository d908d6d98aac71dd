use super::*;
use crate::groups::Group;
use crate::id::PlexAccountId;
use crate::testing::{friend, kept};

fn value_of(set: &HeaderSet, person: Option<&Person>, names: &UserNames, header: &str) -> String {
    let values = set.values(person, names);
    values.into_iter().find(|(name, _)| *name == header).map(|(_, value)| value).unwrap()
}

#[test]
fn req_169_every_header_is_there_and_empty_for_nobody() {
    for preset in ["remote", "x-forwarded-user", "x-auth-request", "x-authentik"] {
        let set = HeaderSet::preset(preset).unwrap();
        let nobody = set.values(None, &UserNames::default());
        assert_eq!(nobody.len(), set.0.len());
        assert!(nobody.iter().all(|(_, value)| value.is_empty()), "{preset}");
        let somebody = set.values(Some(&friend()), &UserNames::default());
        assert!(somebody.iter().all(|(_, value)| !value.is_empty()), "{preset}: {somebody:?}");
    }
    assert_eq!(HeaderSet::preset("other"), None);
}

#[test]
fn who_it_is_cannot_be_chosen_by_the_guest() {
    let set = HeaderSet::preset("remote").unwrap();
    let guest = friend();
    let user = |names: &UserNames| value_of(&set, Some(&guest), names, "Remote-User");
    assert_eq!(user(&UserNames::default()), "plex-42");
    let chosen = BTreeMap::from([(guest.account.id, "patrick".to_owned())]);
    assert_eq!(user(&UserNames { chosen, ..UserNames::default() }), "patrick");
    let by_name = |chosen| UserNames { chosen, otherwise: UserName::Username, ..UserNames::default() };
    assert_eq!(user(&by_name(BTreeMap::new())), "pat");
    // The host calls somebody else "Pat": a guest who renames himself at Plex does not become that person.
    let taken = BTreeMap::from([(AccountId::Plex(PlexAccountId(7)), "Pat".to_owned())]);
    assert_eq!(user(&by_name(taken)), "");
}

#[test]
fn a_name_that_the_host_gave_away_is_in_no_header_of_anybody_else() {
    let fields = [("X-Username", IdentityField::Username), ("X-Name", IdentityField::Name)];
    let set = HeaderSet(fields.map(|(name, field)| (name.to_owned(), field)).into());
    let given = "J\u{fc}rgen Fox";
    let names = |id| UserNames { chosen: [(id, given.to_owned())].into(), ..UserNames::default() };
    let mut guest = friend();
    let forms = [
        "j\u{dc}RGEN FOX",
        "Ju\u{308}rgen Fox",
        "J\u{fc}rgen \u{ff26}ox",
        "\u{1d409}\u{fc}rgen Fox",
        "J\u{fc}rgen Fo\u{200b}x",
        "J\u{fc}r\u{ad}gen\u{a0}Fox",
    ];
    for name in forms {
        guest.account.username = Some(name.to_owned());
        guest.account.display_name = name.to_owned();
        for header in ["X-Username", "X-Name"] {
            assert_eq!(
                value_of(&set, Some(&guest), &names(AccountId::Plex(PlexAccountId(7))), header),
                "",
                "{name:?}"
            );
            assert_eq!(value_of(&set, Some(&guest), &names(guest.account.id), header), name, "their own");
        }
    }
    for name in ["Jurgen Fox", "\u{42e}\u{440}\u{433}\u{435}\u{43d}", "J\u{fc}rgen Fo\u{df}"] {
        guest.account.display_name = name.to_owned();
        assert_eq!(value_of(&set, Some(&guest), &names(AccountId::Plex(PlexAccountId(7))), "X-Name"), name);
    }
    let of_programs = ["backup-job".to_owned()].into();
    let names = UserNames { of_programs, ..UserNames::default() };
    guest.account.username = Some("\u{ff22}ackup-job".to_owned());
    assert_eq!(value_of(&set, Some(&guest), &names, "X-Username"), "");
}

#[test]
fn nobody_is_told_by_a_subject_that_the_host_made_the_name_of_somebody_else() {
    let set = HeaderSet::preset("remote").unwrap();
    for given in ["plex-42", "PLEX-42", "\u{ff30}lex-42"] {
        let chosen = BTreeMap::from([(AccountId::Plex(PlexAccountId(7)), given.to_owned())]);
        let names = UserNames { chosen, ..UserNames::default() };
        assert_eq!(value_of(&set, Some(&friend()), &names, "Remote-User"), "", "{given}");
        assert!(!set.can_name(&friend(), &names), "{given}");
        let of_programs = [given.to_owned()].into();
        let names = UserNames { of_programs, ..UserNames::default() };
        assert_eq!(value_of(&set, Some(&friend()), &names, "Remote-User"), "", "{given}");
    }
}

#[test]
fn in_ascii_only_the_case_of_letters_is_not_seen() {
    for letter in (0..128_u8).map(char::from) {
        let name = letter.to_string();
        let mapped: String = Uts46MapperBorrowed::new().map_normalize(name.chars()).collect();
        assert_eq!(as_seen(&name), mapped, "{letter:?}");
    }
}

#[test]
fn an_unconfirmed_address_is_no_address() {
    let set = HeaderSet::preset("remote").unwrap();
    let mut guest = friend();
    assert_eq!(value_of(&set, Some(&guest), &UserNames::default(), "Remote-Email"), "pat@example.com");
    guest.account.email_confirmed = false;
    assert_eq!(value_of(&set, Some(&guest), &UserNames::default(), "Remote-Email"), "");
    let by_email = UserNames { otherwise: UserName::Email, ..UserNames::default() };
    assert_eq!(value_of(&set, Some(&guest), &by_email, "Remote-User"), "");
}

#[test]
fn a_value_that_would_be_read_as_something_else_is_not_sent() {
    let set = HeaderSet::preset("remote").unwrap();
    for name in ["a\r\nRemote-User: admin", "a\0b", " a", "a ", "a\u{85}b", &"x".repeat(5000)] {
        let mut guest = friend();
        guest.account.display_name = name.to_owned();
        assert_eq!(value_of(&set, Some(&guest), &UserNames::default(), "Remote-Name"), "", "{name:?}");
    }
    let mut guest = friend();
    guest.account.display_name = "J\u{fc}rgen, the |".to_owned();
    assert_eq!(value_of(&set, Some(&guest), &UserNames::default(), "Remote-Name"), "J\u{fc}rgen, the |");
}

#[test]
fn a_group_with_the_separator_in_its_name_is_not_two_groups() {
    let mut guest = friend();
    guest.groups.insert(Group::parse("a|plex-owner").unwrap());
    let bars = HeaderSet::preset("x-authentik").unwrap();
    assert_eq!(value_of(&bars, Some(&guest), &UserNames::default(), "X-authentik-groups"), "plex-friend");
    let commas = HeaderSet::preset("remote").unwrap();
    let groups = value_of(&commas, Some(&guest), &UserNames::default(), "Remote-Groups");
    assert_eq!(groups, "a|plex-owner,plex-friend");
}

#[test]
fn the_name_of_a_program_is_nobodys_and_a_program_has_nothing_else() {
    let set = HeaderSet::preset("x-authentik").unwrap();
    let of_programs = ["P\u{e4}T".to_owned()].into();
    let names = UserNames { otherwise: UserName::Username, of_programs, ..UserNames::default() };
    let mut guest = friend();
    for (username, expected) in [("p\u{e4}t", ""), ("P\u{c4}t", ""), ("pat", "pat")] {
        guest.account.username = Some(username.to_owned());
        assert_eq!(names.of(&guest).unwrap_or_default(), expected, "{username}");
    }
    let values = set.values_of_program("backup-job");
    let expected = ["backup-job", "", "", "", ""];
    assert_eq!(values.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), expected);
}

#[test]
fn a_local_account_is_never_called_what_a_plex_account_could_be_called() {
    let set =
        HeaderSet(vec![("X-User".into(), IdentityField::User), ("X-Name".into(), IdentityField::Username)]);
    for otherwise in [UserName::Subject, UserName::Email, UserName::Username] {
        let names = UserNames { otherwise, ..UserNames::default() };
        assert_eq!(value_of(&set, Some(&kept()), &names, "X-User"), "local-7", "{otherwise:?}");
        assert_eq!(value_of(&set, Some(&kept()), &names, "X-Name"), "", "{otherwise:?}");
    }
    let chosen = BTreeMap::from([(kept().account.id, "marla".to_owned())]);
    let names = UserNames { chosen, ..UserNames::default() };
    assert_eq!(value_of(&set, Some(&kept()), &names, "X-User"), "marla", "the host may say otherwise");
    assert_eq!(value_of(&set, Some(&friend()), &names, "X-User"), "plex-42");
    let by_name = UserNames { otherwise: UserName::Username, ..UserNames::default() };
    for name in ["local-7", "LOCAL-7", "plex-7", "\u{ff4c}ocal-7"] {
        let mut pretender = friend();
        pretender.account.username = Some(name.to_owned());
        assert_eq!(value_of(&set, Some(&pretender), &by_name, "X-User"), "", "{name} is somebody else");
    }
}
