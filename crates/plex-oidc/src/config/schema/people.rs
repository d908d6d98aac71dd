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
                 share does, and there are groups for single libraries, for downloads and for live television.",
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
            "recheck_with",
            Kind::OneOf(&["owner-token", "own-tokens"]),
            Some("owner-token"),
            "`own-tokens`, where there is no owner's token: the Plex token of each person's last sign-in is kept, sealed, for as \
             long as they are signed in, and Plex is asked with it whether a server is still shared with them. Nothing else is \
             done with it. Taken back, every token that was kept is deleted at once.",
        ),
        key(
            "own_tokens_every",
            length(Seconds::minutes(5), Seconds::hours(12)),
            Some("30m"),
            "With `own-tokens`: how often Plex is asked about each person. Access ends within that time and ten seconds. At most \
             `rules.membership_lifetime`.",
        ),
        key(
            "requests_per_hour",
            Kind::Number { min: 60, max: 100_000 },
            Some("600"),
            "The most requests to plex.tv in an hour for looking whether people still are members. When they are spent, that \
             waits, and nobody is signed out by it. Sign-ins do not count: `[limits]` bounds those.",
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
        key(
            "require_two_factor",
            Kind::Flag,
            Some("false"),
            "Whether a Plex account must have two-factor sign-in set up. The owner's need not. Managed users cannot have it, \
             and stay out. Plex does not say whether it was asked for at this sign-in.",
        ),
        key(
            "minimum_account_age",
            length(Seconds(0), Seconds::days(3650)),
            Some("0s"),
            "How old a Plex account must be. The owner's may have any age.",
        ),
        such_as(
            "plex-48151623, local-7",
            key(
                "blocked",
                Kind::Texts("account ids"),
                None,
                "Accounts that never come in, at any door and whatever is shared with them: `plex-<account id>` or \
                 `local-<id>`. Not the owner's.",
            ),
        ),
        such_as(
            "plex-48151623, local-7",
            key(
                "only",
                Kind::Texts("account ids"),
                None,
                "The only accounts that come in, besides the owner's. Each must still be a member, or local, and be one of \
                 those an application is for. Without the key that is not asked.",
            ),
        ),
    ],
};

pub(super) const GROUPS: Section = Section {
    name: "groups",
    repeats: true,
    help: "One group of your own, made of others. It can stand in every list of who may and who may not, and applications are \
           told of it as of any other. At least one of `any` and `all` is needed.",
    keys: &[
        such_as(
            "household",
            key(
                "name",
                Kind::Text("a name"),
                None,
                "What it is called. None begins with `plex-` or `local`, and none has the name of one of `local.groups`. \
                 Required.",
            ),
        ),
        such_as(
            "plex-home, plex-library:3, mara@example.org, plex-48151623",
            key(
                "any",
                PEOPLE,
                None,
                "Whoever is in the group is one of these: groups, accounts and confirmed e-mail addresses, as in `allow`. No \
                 other group of `[[groups]]`.",
            ),
        ),
        such_as(
            "plex-2fa",
            key("all", PEOPLE, None, "And every one of these. Without `any` these alone say who is in it."),
        ),
        such_as(
            "plex-managed",
            key(
                "none",
                PEOPLE,
                None,
                "And none of these. Somebody of whom Plex does not say whether they are one of these is not let in by the \
                 group.",
            ),
        ),
    ],
};

pub(super) const ADMIN: Section = Section {
    name: "admin",
    repeats: false,
    help: "The host's page at `/admin`: people, their sessions, applications, and how well it is known who is a member.",
    keys: &[
        key(
            "allow",
            PEOPLE,
            Some("plex-owner"),
            "Who may see it, and end sessions and tokens of everybody there: groups, `plex-<account id>` or e-mail addresses. An \
             empty list switches the page off.",
        ),
        key(
            "audit_days",
            Kind::Number { min: 1, max: 3650 },
            Some("180"),
            "For how many days the audit log remembers who did what. Of each kind of event the last 5000 are kept at most.",
        ),
        such_as(
            "https://hooks.example.com/plex-oidc",
            key(
                "webhook_url",
                Kind::Text("an address"),
                None,
                "Where the host is told, as a small JSON text, that nobody can be looked after any more, and when that is over. \
                 `[outbound]` says which addresses may be called.",
            ),
        ),
        such_as(
            "webhook.secret",
            key(
                "webhook_secret_file",
                Kind::Path,
                None,
                "The file with a secret of at least 32 characters. What is sent is signed with it: HMAC-SHA-256 over the text, in \
                 the header `X-Plex-Oidc-Signature`.",
            ),
        ),
        key(
            "webhook_secret",
            Kind::Secret,
            None,
            "That secret itself. As a variable only, for hosts without files.",
        ),
    ],
};
