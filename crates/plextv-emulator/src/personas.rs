//! The fifteen people of this world, and what each starts with.
//!
//! Owns: accounts, their place in a Home, and the shares that exist at start. What happens to shares later is in
//! `state`.

use std::sync::LazyLock;

use serde::Serialize;

use crate::servers::{MAIN_SERVER, OTHER_SERVER};

/// Account id of the owner of [`MAIN_SERVER`].
pub const OWNER_ID: u64 = 1_002_003;

/// The Home PIN of `managed-pin`.
pub const HOME_PIN: &str = "2468";

pub(crate) const OTHER_OWNER_ID: u64 = 48_151_014;
pub(crate) const OWNER_HOME: u64 = 31_001;
const OTHER_HOME: u64 = 31_002;

/// What a test or the control API sees of a persona.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonaInfo {
    /// Stable slug, as in `approve_pin(code, "friend")`.
    pub key: String,
    /// Plex account id.
    pub id: u64,
    /// Plex account uuid.
    pub uuid: String,
    /// Username; empty for a managed user.
    pub username: String,
    /// E-mail address; empty for a managed user.
    pub email: String,
    /// Display name.
    pub title: String,
    /// What is special about this person.
    pub summary: String,
}

/// Place in a Plex Home.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HomeRole {
    Admin,
    Member,
    Guest,
}

/// A Plex account.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about one person")]
pub(crate) struct Account {
    pub(crate) key: &'static str,
    pub(crate) id: u64,
    pub(crate) uuid: &'static str,
    pub(crate) username: &'static str,
    pub(crate) title: &'static str,
    pub(crate) email: &'static str,
    pub(crate) confirmed: bool,
    pub(crate) restriction_profile: Option<&'static str>,
    pub(crate) home: Option<(u64, HomeRole)>,
    pub(crate) home_pin: Option<&'static str>,
    pub(crate) two_factor: bool,
    pub(crate) plex_pass: bool,
    /// Listed among the owner's connections, whatever is shared.
    pub(crate) connected: bool,
    /// Has a player registered, so that `/resources` shows more than servers.
    pub(crate) player: bool,
    pub(crate) summary: &'static str,
}

impl Account {
    /// A managed Home user: no e-mail, no username.
    pub(crate) fn restricted(&self) -> bool {
        self.restriction_profile.is_some()
    }

    pub(crate) fn info(&self) -> PersonaInfo {
        PersonaInfo {
            key: self.key.to_owned(),
            id: self.id,
            uuid: self.uuid.to_owned(),
            username: self.username.to_owned(),
            email: self.email.to_owned(),
            title: self.title.to_owned(),
            summary: self.summary.to_owned(),
        }
    }
}

/// Which libraries a share opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Libraries {
    All,
    Only(Vec<u32>),
}

/// A share that exists at start.
#[derive(Debug)]
pub(crate) struct InitialShare {
    pub(crate) persona: &'static str,
    pub(crate) server: &'static str,
    /// Section keys; `None` is "all libraries".
    pub(crate) only: Option<&'static [u32]>,
    pub(crate) accepted: bool,
    pub(crate) allow_sync: bool,
    pub(crate) allow_tuners: u8,
}

impl InitialShare {
    pub(crate) fn libraries(&self) -> Libraries {
        self.only.map_or(Libraries::All, |keys| Libraries::Only(keys.to_vec()))
    }
}

const PLAIN: Account = Account {
    key: "",
    id: 0,
    uuid: "",
    username: "",
    title: "",
    email: "",
    confirmed: true,
    restriction_profile: None,
    home: None,
    home_pin: None,
    two_factor: false,
    plex_pass: false,
    connected: true,
    player: true,
    summary: "",
};

pub(crate) static ACCOUNTS: [Account; 15] = [
    Account {
        key: "owner",
        id: OWNER_ID,
        uuid: "a1b2c3d4e5f60718",
        username: "attic-owner",
        title: "Olive",
        email: "olive@example.net",
        home: Some((OWNER_HOME, HomeRole::Admin)),
        plex_pass: true,
        connected: false,
        summary: "Owns the main server; admin of its Home",
        ..PLAIN
    },
    Account {
        key: "friend",
        id: 48_151_001,
        uuid: "5f0c2a9d7b3e1846",
        username: "mara.k",
        title: "Mara",
        email: "mara@example.net",
        summary: "Friend with 2 of 4 libraries; another person's server is shared with her too",
        ..PLAIN
    },
    Account {
        key: "friend-all",
        id: 48_151_002,
        uuid: "6a1d3b0e8c4f2957",
        username: "noor",
        title: "Noor",
        email: "noor@example.net",
        home: Some((OTHER_HOME, HomeRole::Member)),
        plex_pass: true,
        summary: "Friend with all libraries, downloads and live TV; lives in somebody else's Home",
        ..PLAIN
    },
    Account {
        key: "friend-nothing",
        id: 48_151_003,
        uuid: "7b2e4c1f9d503a68",
        username: "pim",
        title: "Pim",
        email: "pim@example.net",
        player: false,
        summary: "Friend with whom nothing is shared; has no resource at all",
        ..PLAIN
    },
    Account {
        key: "home",
        id: 48_151_004,
        uuid: "8c3f5d20ae614b79",
        username: "quinn",
        title: "Quinn",
        email: "quinn@example.net",
        home: Some((OWNER_HOME, HomeRole::Member)),
        summary: "Member of the owner's Home with an account of their own",
        ..PLAIN
    },
    Account {
        key: "managed",
        id: 48_151_005,
        uuid: "9d406e31bf725c8a",
        title: "Kid",
        restriction_profile: Some("older_kid"),
        home: Some((OWNER_HOME, HomeRole::Member)),
        player: false,
        summary: "Managed user of the owner's Home: no username, no e-mail",
        ..PLAIN
    },
    Account {
        key: "managed-pin",
        id: 48_151_006,
        uuid: "ae517f42c0836d9b",
        title: "Teen",
        restriction_profile: Some("teen"),
        home: Some((OWNER_HOME, HomeRole::Member)),
        home_pin: Some(HOME_PIN),
        player: false,
        summary: "Managed user behind a Home PIN",
        ..PLAIN
    },
    Account {
        key: "guest",
        id: 48_151_007,
        uuid: "bf628053d1947eac",
        username: "rene",
        title: "Rene",
        email: "rene@example.net",
        home: Some((OWNER_HOME, HomeRole::Guest)),
        summary: "Guest of the owner's Home",
        ..PLAIN
    },
    Account {
        key: "invited",
        id: 48_151_008,
        uuid: "c0739164e2a58fbd",
        username: "sami",
        title: "Sami",
        email: "sami@example.net",
        summary: "Invited to the main server, has not accepted",
        ..PLAIN
    },
    Account {
        key: "unshared",
        id: 48_151_009,
        uuid: "d184a275f3b690ce",
        username: "tess",
        title: "Tess",
        email: "tess@example.net",
        summary: "Friend who starts with a share, meant to lose it after sign-in",
        ..PLAIN
    },
    Account {
        key: "stranger",
        id: 48_151_010,
        uuid: "e295b38604c7a1df",
        username: "uwe",
        title: "Uwe",
        email: "uwe@example.net",
        connected: false,
        summary: "Unknown to the owner; sees only another person's server",
        ..PLAIN
    },
    Account {
        key: "unconfirmed",
        id: 48_151_011,
        uuid: "f3a6c49715d8b2e0",
        username: "vera",
        title: "Vera",
        email: "vera@example.net",
        confirmed: false,
        summary: "Friend who has not confirmed the e-mail address",
        ..PLAIN
    },
    Account {
        key: "email-name",
        id: 48_151_012,
        uuid: "04b7d5a826e9c3f1",
        username: "wim@example.net",
        title: "wim@example.net",
        email: "wim@example.net",
        summary: "Friend whose username is an e-mail address",
        ..PLAIN
    },
    Account {
        key: "other-owner",
        id: OTHER_OWNER_ID,
        uuid: "15c8e6b937fad402",
        username: "boathouse",
        title: "Xena",
        email: "xena@example.net",
        home: Some((OTHER_HOME, HomeRole::Admin)),
        plex_pass: true,
        summary: "Owns the other server; a connection of the owner, sees nothing of the main server",
        ..PLAIN
    },
    Account {
        key: "two-factor",
        id: 48_151_013,
        uuid: "26d9f7ca480be513",
        username: "yara",
        title: "Yara",
        email: "yara@example.net",
        two_factor: true,
        summary: "Friend with two-factor authentication",
        ..PLAIN
    },
];

/// The first account of the crowd.
pub const CROWD_ID: u64 = 70_000_001;
/// How many there can be in the crowd.
pub const MAX_CROWD: usize = 10_000;

/// People of whom there are many: `crowd-1` and so on.
pub(crate) static CROWD: LazyLock<Vec<Account>> = LazyLock::new(|| {
    let named = |(number, id): (usize, u64)| Account {
        key: forever(format!("crowd-{number}")),
        id,
        uuid: forever(format!("{id:016x}")),
        username: forever(format!("crowd-{number}")),
        title: forever(format!("Number {number}")),
        email: forever(format!("crowd-{number}@example.net")),
        player: false,
        ..PLAIN
    };
    (1..=MAX_CROWD).zip(CROWD_ID..).map(named).collect()
});

/// For the names of a crowd, which is made once.
fn forever(text: String) -> &'static str {
    String::leak(text)
}

const ACCEPTED: InitialShare = InitialShare {
    persona: "",
    server: MAIN_SERVER,
    only: None,
    accepted: true,
    allow_sync: false,
    allow_tuners: 0,
};

pub(crate) static SHARES: [InitialShare; 13] = [
    InitialShare { persona: "friend", only: Some(&[1, 2]), ..ACCEPTED },
    InitialShare { persona: "friend-all", allow_sync: true, allow_tuners: 2, ..ACCEPTED },
    InitialShare { persona: "home", ..ACCEPTED },
    InitialShare { persona: "managed", only: Some(&[2]), ..ACCEPTED },
    InitialShare { persona: "managed-pin", only: Some(&[1, 2]), ..ACCEPTED },
    InitialShare { persona: "guest", only: Some(&[1]), ..ACCEPTED },
    InitialShare { persona: "invited", only: Some(&[1]), accepted: false, ..ACCEPTED },
    InitialShare { persona: "unshared", only: Some(&[1, 2]), ..ACCEPTED },
    InitialShare { persona: "unconfirmed", ..ACCEPTED },
    InitialShare { persona: "email-name", ..ACCEPTED },
    InitialShare { persona: "two-factor", ..ACCEPTED },
    InitialShare { persona: "friend", server: OTHER_SERVER, ..ACCEPTED },
    InitialShare { persona: "stranger", server: OTHER_SERVER, ..ACCEPTED },
];
