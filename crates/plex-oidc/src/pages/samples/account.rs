//! The page of somebody's own account.

use std::borrow::Cow;

use super::super::account::{
    Account, AccountNotice, ShownApp, ShownConsent, ShownGroup, ShownSession, ShownToken,
};
use super::CSRF;

const SESSION: ShownSession<'static> = ShownSession {
    sid: Cow::Borrowed("01998a2e-6c1e-4b1f-8d6e-3c9e5f0a1b2c"),
    browser: Some(Cow::Borrowed("Firefox on Linux")),
    address: Some(Cow::Borrowed("203.0.113.7")),
    signed_in: Cow::Borrowed("3 days ago"),
    used: Cow::Borrowed("just now"),
    is_here: true,
};

pub(super) const SESSIONS: &[ShownSession<'static>] = &[
    SESSION,
    ShownSession {
        sid: Cow::Borrowed("01998a2e-6c1e-4b1f-8d6e-3c9e5f0a1b2d"),
        browser: Some(Cow::Borrowed("Safari on iPhone")),
        used: Cow::Borrowed("2 hours ago"),
        is_here: false,
        ..SESSION
    },
    ShownSession { browser: None, address: None, is_here: false, ..SESSION },
];

pub(super) const TOKENS: &[ShownToken<'static>] = &[
    ShownToken {
        id: "0a1b2c3d",
        name: "The reader",
        apps: Cow::Borrowed("books, files"),
        used: Some(Cow::Borrowed("1 hour ago")),
        is_over: false,
    },
    ShownToken { id: "1a1b2c3d", name: "A script", apps: Cow::Borrowed("files"), used: None, is_over: false },
    ShownToken {
        id: "2a1b2c3d",
        name: "Last year's",
        apps: Cow::Borrowed("files"),
        used: None,
        is_over: true,
    },
];

pub(super) const WITH_EVERYTHING: Account<'static> = Account {
    csrf: CSRF,
    at_plex: true,
    account_name: "Robin",
    account_email: Some("robin@example.com"),
    subject: "plex-1234567",
    groups: &[
        ShownGroup { name: "plex-friend", why: "the server is shared with you" },
        ShownGroup { name: "plex-library:3", why: "this library is shared with you" },
    ],
    apps: &[
        ShownApp { name: "Film requests", url: Some("https://requests.example.com/") },
        ShownApp { name: "Television", url: None },
    ],
    sessions: SESSIONS,
    consents: &[ShownConsent {
        client_id: "requests",
        client_name: "Film requests",
        scopes: Cow::Borrowed(&["Your e-mail address", "What is shared with you, as group names"]),
        agreed: Cow::Borrowed("40 days ago"),
    }],
    tokens: TOKENS,
    token_apps: &["books", "files"],
    is_fresh: false,
    new_token: None,
    notice: Some(AccountNotice::SessionEnded),
};

pub(super) const WITH_A_NEW_TOKEN: Account<'static> =
    Account { is_fresh: true, new_token: Some("pot_sample"), notice: None, ..WITH_EVERYTHING };

pub(super) const BARE: Account<'static> = Account {
    at_plex: false,
    account_email: None,
    groups: &[],
    apps: &[],
    sessions: &[SESSION],
    consents: &[],
    tokens: &[],
    token_apps: &[],
    notice: None,
    ..WITH_EVERYTHING
};
