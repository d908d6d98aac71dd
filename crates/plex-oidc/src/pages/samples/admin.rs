//! The pages of the host.

use std::borrow::Cow;

use plex_oidc_core::audit::Actor;
use plex_oidc_core::decide::Denial;

use super::super::admin::{
    Admin, AdminNotice, AdminPerson, Membership, OpenDoor, Pager, ShownAnswer, ShownDoor, ShownMarks,
    ShownPerson, ShownRequest,
};
use super::super::host::{
    ApiTokens, Audit, Health, InShort, KeyState, ShownApiToken, ShownEvent, ShownKey, ShownKind,
    ShownTrouble, ShownTroubleKind, TokenIn,
};
use super::super::passkeys::{PasskeyHere, ShownPasskey};
use super::super::words::{Said, Why};
use super::CSRF;
use super::account::{BROWSERS, SESSIONS, TOKENS};

const KNOWN: Membership<'static> = Membership {
    at_plex: true,
    has_token: true,
    token_in: Some(TokenIn::File),
    own_tokens: None,
    asked: 14,
    limit: 600,
    asked_in_all: 31,
    is_left_alone: false,
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
    groups: InShort { shown: Cow::Borrowed("plex-friend, plex-downloads"), more: 2 },
    libraries: 3,
    seen: Some(Said::ago(7200)),
    sessions: 2,
    has_ended: false,
    is_blocked: false,
};

const NOBODY: InShort<'static> = InShort { shown: Cow::Borrowed(""), more: 0 };

const REQUESTS: ShownDoor<'static> = ShownDoor {
    name: "Film requests",
    id: InShort { shown: Cow::Borrowed("requests"), more: 0 },
    is_behind_gateway: false,
    has_rules: false,
    is_on: true,
    is_for_people: true,
    allow: InShort { shown: Cow::Borrowed("plex-owner, plex-home, plex-friend"), more: 0 },
    deny: NOBODY,
};

const ACTIVE: ShownKey<'static> = ShownKey {
    kid: Cow::Borrowed("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
    algorithm: Cow::Borrowed("RS256"),
    state: KeyState::Active,
    made: Said::ago(40 * 86_400),
};

const ASKS: ShownRequest<'static> = ShownRequest {
    account: Cow::Borrowed("plex-1234567"),
    name: Cow::Borrowed("Robin"),
    email: Some(Cow::Borrowed("robin@example.com")),
    is_known: true,
    door: "app:wiki",
    door_name: Some("wiki"),
    browser_id: None,
    browser: None,
    wish: "open",
    said: Some("It is me, from the film evening."),
    address: Cow::Borrowed("192.0.2.7"),
    asked: Said::ago(180),
};

const MARKS: ShownMarks<'static> = ShownMarks {
    blocked: false,
    can_block: true,
    named: true,
    only_is_set: true,
    doors: &[OpenDoor { id: "app:wiki", name: Some("wiki") }, OpenDoor { id: "app:gone", name: None }],
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
            groups: InShort { shown: Cow::Borrowed("local"), more: 0 },
            libraries: 0,
            seen: None,
            sessions: 0,
            has_ended: true,
            is_blocked: true,
        },
        ShownPerson { sessions: 1, ..ROBIN },
    ],
    people_pager: &MIDDLE,
    doors: &[
        REQUESTS,
        ShownDoor {
            name: "wiki",
            id: InShort { shown: Cow::Borrowed("wiki.example.com"), more: 3 },
            is_behind_gateway: true,
            has_rules: true,
            is_on: true,
            is_for_people: true,
            allow: InShort { shown: Cow::Borrowed("plex-friend"), more: 1 },
            deny: InShort { shown: Cow::Borrowed("robin@example.com"), more: 0 },
        },
        ShownDoor { is_on: false, allow: NOBODY, ..REQUESTS },
        ShownDoor { is_for_people: false, allow: NOBODY, ..REQUESTS },
    ],
    doors_pager: &MIDDLE,
    health: &Health { version: "0.1.0", started: Said::ago(5 * 86_400), database: Cow::Borrowed("1.2 MB") },
    keys: &[ACTIVE, ShownKey { state: KeyState::Next, ..ACTIVE }],
    is_by_link: false,
    passkey: PasskeyHere::WouldConfirm,
    waiting: 12,
    requests: &[
        ASKS,
        ShownRequest { wish: "name", is_known: false, said: None, email: None, ..ASKS },
        ShownRequest { wish: "share", is_known: false, ..ASKS },
        ShownRequest { door_name: None, ..ASKS },
    ],
    is_fresh: true,
    notice: Some(AdminNotice::Asked),
};

pub(super) const IN_TROUBLE: Admin<'static> = Admin {
    membership: &Membership {
        trouble: Some(ShownTrouble {
            kind: ShownTroubleKind::Plex,
            detail: Some(Cow::Borrowed("plex.tv did not answer in time")),
        }),
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
    keys: &[],
    is_by_link: true,
    passkey: PasskeyHere::CameByIt,
    waiting: 0,
    requests: &[],
    notice: Some(AdminNotice::KeysTooSoon),
    ..WITH_EVERYTHING
};

pub(super) const OWN_TOKENS: Admin<'static> = Admin {
    membership: &Membership {
        has_token: false,
        own_tokens: Some(Cow::Borrowed("30m")),
        is_left_alone: true,
        ..KNOWN
    },
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
    browsers: BROWSERS.all,
    new_browsers_ask: true,
    passkeys: &[
        ShownPasskey {
            id: Cow::Borrowed("0badcafe"),
            name: "The phone",
            added: Said::ago(86_400),
            used: Some(Said::ago(3600)),
            backup: "never",
        },
        ShownPasskey {
            id: Cow::Borrowed("1badcafe"),
            name: "The key on the ring",
            added: Said::ago(86_400),
            used: None,
            backup: "done",
        },
    ],
    marks: &MARKS,
    answers: &[
        ShownAnswer {
            name: "Film requests",
            door: Cow::Borrowed("requests"),
            can_open: false,
            may: true,
            why: Why::in_list(Cow::Borrowed("plex-friend")),
            has_rules: false,
        },
        ShownAnswer {
            name: "wiki",
            door: Cow::Borrowed("app:wiki"),
            can_open: true,
            may: false,
            why: Why::denied(Denial::NotAllowedHere),
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
    browsers: &[],
    passkeys: &[],
    marks: &ShownMarks { blocked: true, can_block: false, named: false, only_is_set: false, doors: &[] },
    answers: &[],
    pager: &ONLY,
    is_fresh: false,
    notice: None,
    ..PERSON
};

pub(super) const AUDIT: Audit<'static> = Audit {
    person: "Robin",
    kinds: &[
        ShownKind { word: "signed_in", is_chosen: true },
        ShownKind { word: "denied", is_chosen: false },
    ],
    since: Some("2026-11-01"),
    until: Some("2026-11-27"),
    is_filtered: true,
    events: &[
        ShownEvent {
            at: Cow::Borrowed("2026-11-27 07:00:00"),
            what: "everything_ended",
            by: Cow::Borrowed("plex-1"),
            actor: None,
            account: Some(Cow::Borrowed("plex-1234567")),
            name: Some("Robin"),
            target: Some("requests"),
            address: Some(Cow::Borrowed("192.0.2.7")),
            detail: Some("Firefox on Linux"),
        },
        ShownEvent {
            at: Cow::Borrowed("2026-11-26 23:59:59"),
            what: "access_ended",
            by: Cow::Borrowed("recheck"),
            actor: Said::of_actor(Actor::Recheck),
            account: Some(Cow::Borrowed("plex-1234567")),
            name: None,
            target: None,
            address: None,
            detail: None,
        },
    ],
    newest: Some("/admin/audit?person=Robin"),
    older: Some("/admin/audit?person=Robin&before=17"),
    export: "/admin/audit.jsonl?person=Robin",
    days: 180,
};

pub(super) const AUDIT_BARE: Audit<'static> = Audit {
    person: "",
    since: None,
    until: None,
    is_filtered: false,
    events: &[],
    newest: None,
    older: None,
    export: "/admin/audit.jsonl",
    ..AUDIT
};

const PANEL: ShownApiToken<'static> = ShownApiToken {
    id: Cow::Borrowed("0a1b2c3d"),
    name: Cow::Borrowed("The panel at home"),
    scopes: Cow::Borrowed("people:read, requests:read, audit:read"),
    made: Said::ago(40 * 86_400),
    until: Cow::Borrowed("2027-10-18"),
    is_over: false,
    used: Some(Said::ago(7200)),
};

pub(super) const API_TOKENS: ApiTokens<'static> = ApiTokens {
    csrf: CSRF,
    tokens: &[
        ShownApiToken { is_over: true, used: None, until: Cow::Borrowed("2026-11-01"), ..PANEL },
        PANEL,
    ],
    pager: &MIDDLE,
    is_fresh: true,
    notice: Some(AdminNotice::TokenEnded),
};

pub(super) const API_TOKENS_TO_LOOK_AT: ApiTokens<'static> =
    ApiTokens { pager: &ONLY, is_fresh: false, notice: None, ..API_TOKENS };

pub(super) const NO_API_TOKENS: ApiTokens<'static> = ApiTokens { tokens: &[], ..API_TOKENS_TO_LOOK_AT };
