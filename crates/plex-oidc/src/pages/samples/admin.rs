//! The pages of the host.

use std::borrow::Cow;

use super::super::admin::{
    Admin, AdminNotice, AdminPerson, Membership, Pager, ShownAnswer, ShownDoor, ShownPerson,
};
use super::super::words::Said;
use super::CSRF;
use super::account::{SESSIONS, TOKENS};

const KNOWN: Membership<'static> = Membership {
    at_plex: true,
    has_token: true,
    last_good: Some(Said::ago(180)),
    members: 7,
    doubted: 1,
    trouble: None,
    since: None,
    lifetime: Cow::Borrowed("1d"),
};

const ONLY: Pager<'static> = Pager { page: 1, pages: 1, previous: None, next: None };

const MIDDLE: Pager<'static> = Pager {
    page: 2,
    pages: 3,
    previous: Some(Cow::Borrowed("/admin?page=1")),
    next: Some(Cow::Borrowed("/admin?page=3")),
};

const ROBIN: ShownPerson<'static> = ShownPerson {
    id: Cow::Borrowed("plex-1234567"),
    name: Cow::Borrowed("Robin"),
    email: Some(Cow::Borrowed("robin@example.com")),
    groups: Cow::Borrowed("plex-friend, 3 libraries"),
    seen: Some(Said::ago(7200)),
    sessions: 2,
    has_ended: false,
};

const REQUESTS: ShownDoor<'static> = ShownDoor {
    name: "Film requests",
    id: Cow::Borrowed("requests"),
    is_behind_gateway: false,
    has_rules: false,
    is_on: true,
    allow: Cow::Borrowed("plex-owner, plex-home, plex-friend"),
    deny: Cow::Borrowed(""),
};

pub(super) const WITH_EVERYTHING: Admin<'static> = Admin {
    csrf: CSRF,
    membership: &KNOWN,
    search: "ro",
    total: 120,
    people: &[
        ROBIN,
        ShownPerson {
            id: Cow::Borrowed("local-1"),
            name: Cow::Borrowed("Sam"),
            email: None,
            groups: Cow::Borrowed("local"),
            seen: None,
            sessions: 0,
            has_ended: true,
        },
        ShownPerson { sessions: 1, ..ROBIN },
    ],
    people_pager: &MIDDLE,
    doors: &[
        REQUESTS,
        ShownDoor {
            name: "wiki",
            id: Cow::Borrowed("wiki.example.com"),
            is_behind_gateway: true,
            has_rules: true,
            is_on: true,
            allow: Cow::Borrowed("plex-friend"),
            deny: Cow::Borrowed("robin@example.com"),
        },
        ShownDoor { is_on: false, allow: Cow::Borrowed(""), ..REQUESTS },
    ],
    doors_pager: &MIDDLE,
    is_fresh: true,
    notice: Some(AdminNotice::Asked),
};

pub(super) const IN_TROUBLE: Admin<'static> = Admin {
    membership: &Membership {
        trouble: Some(Cow::Borrowed("plex.tv did not answer in time")),
        since: Some(Said::ago(7200)),
        ..KNOWN
    },
    search: "",
    is_fresh: false,
    notice: Some(AdminNotice::Unanswered),
    ..WITH_EVERYTHING
};

pub(super) const BARE: Admin<'static> = Admin {
    membership: &Membership { has_token: false, last_good: None, members: 0, doubted: 0, ..KNOWN },
    search: "nobody",
    total: 0,
    people: &[],
    people_pager: &ONLY,
    doors: &[],
    doors_pager: &ONLY,
    notice: None,
    ..WITH_EVERYTHING
};

pub(super) const WITHOUT_PLEX: Admin<'static> =
    Admin { membership: &Membership { at_plex: false, has_token: false, last_good: None, ..KNOWN }, ..BARE };

pub(super) const PERSON: AdminPerson<'static> = AdminPerson {
    csrf: CSRF,
    id: "plex-1234567",
    at_plex: true,
    is_self: false,
    account_name: "Robin",
    username: Some("robin"),
    account_email: Some("robin@example.com"),
    email_confirmed: false,
    has_ended: false,
    groups: &["plex-friend", "plex-library:3"],
    sessions: SESSIONS,
    tokens: TOKENS,
    answers: &[
        ShownAnswer {
            name: "Film requests",
            may: true,
            why: Cow::Borrowed("plex-friend is in its list"),
            has_rules: false,
        },
        ShownAnswer {
            name: "wiki",
            may: false,
            why: Cow::Borrowed("this person is not one of those it is for"),
            has_rules: true,
        },
    ],
    pager: &MIDDLE,
    is_fresh: true,
    notice: Some(AdminNotice::SessionEnded),
};

pub(super) const PERSON_BARE: AdminPerson<'static> = AdminPerson {
    at_plex: false,
    is_self: true,
    username: None,
    account_email: None,
    has_ended: true,
    groups: &[],
    sessions: &[],
    tokens: &[],
    answers: &[],
    pager: &ONLY,
    is_fresh: false,
    notice: None,
    ..PERSON
};
