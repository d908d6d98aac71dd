//! The page of somebody's own account.

use std::borrow::Cow;

use super::super::account::{
    Account, AccountNotice, ShownApp, ShownConsent, ShownGroup, ShownSession, ShownToken,
};
use super::super::words::Said;
use super::{CSRF, SCOPES};

const SESSION: ShownSession<'static> = ShownSession {
    sid: Cow::Borrowed("01998a2e-6c1e-4b1f-8d6e-3c9e5f0a1b2c"),
    browser: Some(Cow::Borrowed("Firefox on Linux")),
    address: Some(Cow::Borrowed("203.0.113.7")),
    signed_in: Said::ago(3 * 86_400),
    used: Said::ago(0),
    is_here: true,
};

pub(super) const SESSIONS: &[ShownSession<'static>] = &[
    SESSION,
    ShownSession {
        sid: Cow::Borrowed("01998a2e-6c1e-4b1f-8d6e-3c9e5f0a1b2d"),
        browser: Some(Cow::Borrowed("Safari on iPhone")),
        used: Said::ago(7200),
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
        used: Some(Said::ago(3600)),
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
        ShownGroup { name: "plex-friend", why: Said::plain("group.plex_friend") },
        ShownGroup { name: "plex-library:3", why: Said::plain("group.plex_library") },
    ],
    apps: &[
        ShownApp { name: "Film requests", url: Some("https://requests.example.com/") },
        ShownApp { name: "Television", url: None },
    ],
    sessions: SESSIONS,
    consents: &[ShownConsent {
        client_id: "requests",
        client_name: "Film requests",
        scopes: Cow::Borrowed(SCOPES),
        agreed: Said::ago(40 * 86_400),
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
