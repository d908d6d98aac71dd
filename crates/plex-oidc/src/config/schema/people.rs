//! The keys that say whose people they are: `[plex]` with its servers and addresses, `[rules]`.

use plex_oidc_core::time::Seconds;

use super::{Kind, PEOPLE, PLEX_ACCOUNT, Section, key, length, such_as};

const MACHINE_IDENTIFIER: &str = "0123456789abcdef0123456789abcdef01234567";

pub(super) const PLEX: Section = Section {
    name: "plex",
    repeats: false,
    help: "The Plex server whose people may sign in. Leave out all about Plex where only local accounts are to sign in.",
    keys: &[
        such_as(
            MACHINE_IDENTIFIER,
            key(
                "server",
                Kind::Text("a machine identifier"),
                None,
                "The machine identifier of the Plex server, 40 hexadecimal digits. `plex-oidc init` finds it. For \
                 several servers write `[[plex.servers]]` instead.",
            ),
        ),
        such_as(
            "1234567",
            key(
                "owner_id",
                PLEX_ACCOUNT,
                None,
                "The numeric id of the Plex account that owns the server. Machine identifiers are public, so a \
                 server counts only together with its owner. `plex-oidc init` finds it.",
            ),
        ),
        such_as(
            "plex-owner.token",
            key(
                "owner_token_file",
                Kind::Path,
                None,
                "The file with the owner's Plex token. Optional, and worth having: with it access ends within minutes after a \
                 share does, and groups for single libraries exist.",
            ),
        ),
        key(
            "owner_token",
            Kind::Secret,
            None,
            "The owner's Plex token itself. As a variable only, for hosts without files.",
        ),
        key(
            "recheck_every",
            length(Seconds(10), Seconds::minutes(60)),
            Some("5m"),
            "With the owner's token: how often Plex is asked, for everybody at once, with whom servers are still shared. \
             Access ends within that time and a few seconds.",
        ),
        key(
            "product",
            Kind::Text("a text"),
            Some("plex-oidc"),
            "The name under which this program appears on Plex's own page and in the list of devices.",
        ),
        such_as(
            "extra-ca.pem",
            key(
                "extra_ca_file",
                Kind::Path,
                None,
                "A file with further certificate authorities (PEM) to accept when talking to plex.tv.",
            ),
        ),
    ],
};

pub(super) const PLEX_SERVERS: Section = Section {
    name: "plex.servers",
    repeats: true,
    help: "One Plex server of several. Not together with `plex.server`.",
    keys: &[
        such_as(
            MACHINE_IDENTIFIER,
            key(
                "machine_identifier",
                Kind::Text("a machine identifier"),
                None,
                "The machine identifier of the server. Required.",
            ),
        ),
        such_as(
            "1234567",
            key(
                "owner_id",
                PLEX_ACCOUNT,
                None,
                "The account that owns it. Without it `plex.owner_id` holds.",
            ),
        ),
        such_as(
            "Living room",
            key(
                "name",
                Kind::Text("a text"),
                None,
                "A name for people, for logs and, where there are several servers, for groups: \
                 `plex-library:living-room:7`. Without it, groups have the first eight digits of the machine \
                 identifier. After a change of name, or of the number of servers, everybody signs in again.",
            ),
        ),
    ],
};

pub(super) const PLEX_URLS: Section = Section {
    name: "plex.urls",
    repeats: false,
    help: "Where Plex is. Change this only to try the program out against a stand-in for plex.tv.",
    keys: &[
        key(
            "plex_tv",
            Kind::Text("an address"),
            Some("https://plex.tv"),
            "The API with accounts and sharing.",
        ),
        key(
            "clients",
            Kind::Text("an address"),
            Some("https://clients.plex.tv"),
            "The API with PINs and resources.",
        ),
        key(
            "app",
            Kind::Text("an address"),
            Some("https://app.plex.tv"),
            "The page on which people approve.",
        ),
    ],
};

pub(super) const RULES: Section = Section {
    name: "rules",
    repeats: false,
    help: "House rules, for every application.",
    keys: &[
        key(
            "allow_managed",
            Kind::Flag,
            Some("false"),
            "Whether managed users of the Plex Home, who have no e-mail address, may sign in.",
        ),
        key(
            "require_confirmed_email",
            Kind::Flag,
            Some("true"),
            "Whether an account must have confirmed its e-mail address at Plex. The owner need not.",
        ),
        key(
            "membership_lifetime",
            length(Seconds::minutes(5), Seconds::days(30)),
            Some("1d"),
            "How long what Plex said of a person holds while it says nothing new: in an outage, or where there is no \
             owner's token to ask with. After that they sign in again.",
        ),
    ],
};

pub(super) const ADMIN: Section = Section {
    name: "admin",
    repeats: false,
    help: "The host's page at `/admin`: people, their sessions, applications, and how well it is known who is a member.",
    keys: &[key(
        "allow",
        PEOPLE,
        Some("plex-owner"),
        "Who may see it, and end sessions and tokens of everybody there: groups, `plex-<account id>` or e-mail addresses. An \
         empty list switches the page off.",
    )],
};
