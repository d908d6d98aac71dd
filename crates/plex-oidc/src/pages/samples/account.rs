//! The page of somebody's own account.

use std::borrow::Cow;

use super::super::account::{
    Account, AccountNotice, ShownApp, ShownConsent, ShownGroup, ShownSession, ShownToken,
};
use super::super::browsers::{ShownBrowser, ShownBrowsers};
use super::super::monogram::Monogram;
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

const HERE: ShownBrowser<'static> = ShownBrowser {
    id: Cow::Borrowed("01998a2e6c1e4b1f8d6e3c9e5f0a1b2c"),
    browser: Some(Cow::Borrowed("Firefox on Linux")),
    address: Some(Cow::Borrowed("203.0.113.7")),
    first_used: Said::ago(90 * 86_400),
    last_used: Said::ago(0),
    is_here: true,
    signed_in: true,
    waits: false,
    is_news: false,
    can_confirm: false,
};

pub(super) const BROWSERS: ShownBrowsers<'static> = ShownBrowsers {
    is_news: true,
    all: &[
        HERE,
        ShownBrowser {
            id: Cow::Borrowed("01998a2e6c1e4b1f8d6e3c9e5f0a1b2d"),
            browser: Some(Cow::Borrowed("Chrome on Windows")),
            address: Some(Cow::Borrowed("198.51.100.23")),
            first_used: Said::ago(7200),
            is_here: false,
            waits: true,
            is_news: true,
            can_confirm: true,
            ..HERE
        },
        ShownBrowser { browser: None, address: None, is_here: false, is_news: true, ..HERE },
        ShownBrowser {
            browser: Some(Cow::Borrowed("Safari on iPhone")),
            is_here: false,
            signed_in: false,
            ..HERE
        },
    ],
};

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
        ShownApp {
            name: "Film requests",
            icon: None,
            monogram: Monogram { letters: Cow::Borrowed("FR"), colour: 3 },
            url: Some("https://requests.example.com/"),
        },
        ShownApp {
            name: "Television",
            icon: None,
            monogram: Monogram { letters: Cow::Borrowed("T"), colour: 6 },
            url: None,
        },
    ],
    sessions: SESSIONS,
    browsers: BROWSERS,
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
    browsers: ShownBrowsers { all: &[], is_news: false },
    consents: &[],
    tokens: &[],
    token_apps: &[],
    notice: None,
    ..WITH_EVERYTHING
};
