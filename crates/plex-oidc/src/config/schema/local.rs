//! The keys about accounts that the host keeps: `[local]` and `[[users]]`.

use plex_oidc_core::id::LocalAccountId;

use super::{Kind, Section, key, such_as};

/// Declared accounts have small numbers, so that none is ever that of an account which the store keeps.
const LARGEST_DECLARED: u64 = u32::MAX as u64;

const _: () = assert!(LARGEST_DECLARED < LocalAccountId::MAX);

pub(super) const LOCAL: Section = Section {
    name: "local",
    repeats: false,
    help: "Local accounts: people who sign in with a password that you give them, beside or instead of Plex. `plex-oidc user` \
           keeps them; `[[users]]` declares them here.",
    keys: &[
        key(
            "enabled",
            Kind::Flag,
            Some("false"),
            "Whether people can sign in with a password. While this is off nobody who did so is let in any more.",
        ),
        such_as(
            "family, neighbours",
            key(
                "groups",
                Kind::Texts("group names"),
                None,
                "The groups that local accounts can be in, by names of your own, for lists of who may. Everybody with a \
                 local account is in the group `local` besides. None begins with `plex-`.",
            ),
        ),
    ],
};

pub(super) const USERS: Section = Section {
    name: "users",
    repeats: true,
    help: "One local account. Those that `plex-oidc user add` makes need no section here.",
    keys: &[
        such_as(
            "1",
            key(
                "id",
                Kind::Number { min: 1, max: LARGEST_DECLARED },
                None,
                "Its number, for ever: applications know the person as `local-<id>`. Never give the number of somebody who \
                 is gone to another. Required.",
            ),
        ),
        such_as(
            "robin",
            key(
                "username",
                Kind::Text("a name"),
                None,
                "The name for signing in: letters, digits and `.`, `_`, `-`. The e-mail address does as well. Required.",
            ),
        ),
        key("enabled", Kind::Flag, Some("true"), "Whether this person can sign in and be let in."),
        such_as(
            "family",
            key(
                "groups",
                Kind::Texts("group names"),
                None,
                "Groups of `local.groups` that this person is in.",
            ),
        ),
        such_as(
            "name=Robin Example, email=robin@example.com, email_verified=true",
            key(
                "claims",
                Kind::Texts("claims with their values"),
                None,
                "What applications may be told: `name=…`, `email=…`, and any other standard claim of OpenID Connect, an \
                 address as `address.locality=…`. An e-mail address counts in lists of who may only with \
                 `email_verified=true`.",
            ),
        ),
        such_as(
            "robin.password-hash",
            key(
                "password_hash_file",
                Kind::Path,
                None,
                "The file with the hash of the password, as `plex-oidc user hash` prints it. Without one nobody can sign in.",
            ),
        ),
        key(
            "password_hash",
            Kind::Secret,
            None,
            "The hash itself. As a variable only, for hosts without files.",
        ),
    ],
};
