//! Texts of strangers on every page.

use plex_oidc_core::client::PlexTokenClaim;

use super::*;

const SOMETHING_SHORT: std::borrow::Cow<'static, str> = std::borrow::Cow::Borrowed(EVIL);

pub(super) const EVIL: &str = "\"><img src=x onerror=alert(1)>'{{ site }}";

const EVIL_REQUEST: AskedHost<'static> = AskedHost {
    asked: NOW,
    said: Some(EVIL),
    answer: Some(EVIL),
    answer_said: Some(EVIL),
    answered: Some(NOW),
};

const fn hostile_denied() -> Page<'static> {
    Page::Denied(Denied {
        at_plex: true,
        reason: DeniedReason::Stranger,
        account_name: EVIL,
        account_email: Some(EVIL),
        server_name: Some(EVIL),
        client_name: EVIL,
        request_id: EVIL,
        csrf: EVIL,
        account: EVIL,
        can_ask: true,
        is_full: true,
        asked: Some(&EVIL_REQUEST),
    })
}
const NOW: Said = Said::ago(0);
const SCOPES: &[Said] = &[Said::plain("scope.email")];

/// Every page that shows a text from outside, with that text.
fn hostile_pages() -> [Page<'static>; 9] {
    let Page::SignIn(base) = samples()[0].1 else { unreachable!("the sign-in page is the first sample") };
    let script = ScriptConfig { client_identifier: EVIL, product: EVIL, pins_url: EVIL };
    [
        Page::SignIn(SignIn {
            client_name: EVIL,
            request_id: EVIL,
            csrf: EVIL,
            plex: Some(script),
            password: true,
            login_hint: Some(EVIL),
            ..base
        }),
        Page::Waiting(Waiting {
            request_id: EVIL,
            client_name: EVIL,
            csrf: EVIL,
            auth_url: EVIL,
            refresh_seconds: 3,
        }),
        hostile_denied(),
        Page::Error(ErrorPage {
            host_way_in: true,
            kind: ErrorKind::InvalidRequest,
            retry: Some(Retry { request_id: EVIL, csrf: EVIL, client_name: EVIL }),
            detail: Some(EVIL),
        }),
        Page::SignOutConfirm(SignOutConfirm {
            csrf: EVIL,
            account_name: EVIL,
            way_back: Some(WayBack { client_name: EVIL, client_id: EVIL, address: EVIL, state: Some(EVIL) }),
            detail: Some(EVIL),
        }),
        Page::AccountChoice(AccountChoice {
            at_plex: true,
            account: EVIL,
            account_name: EVIL,
            account_email: Some(EVIL),
            client_name: EVIL,
            request_id: EVIL,
            csrf: EVIL,
        }),
        Page::Onward(Onward { url: EVIL, destination: EVIL }),
        Page::FormPost(FormPost { action: EVIL, fields: &[("state", EVIL)], destination: EVIL }),
        Page::Consent(Consent {
            account: EVIL,
            client_name: EVIL,
            scopes: SCOPES,
            account_name: EVIL,
            at_plex: true,
            plex_token: Some(PlexTokenClaim::Account),
            request_id: EVIL,
            csrf: EVIL,
        }),
    ]
}

const APPS: &[ShownApp<'static>] = &[
    ShownApp {
        name: EVIL,
        icon: Some(EVIL),
        monogram: Monogram { letters: SOMETHING_SHORT, colour: 0 },
        url: Some(EVIL),
    },
    ShownApp {
        name: EVIL,
        icon: None,
        monogram: Monogram { letters: SOMETHING_SHORT, colour: 0 },
        url: Some(EVIL),
    },
];

/// The same, of somebody's own account.
fn hostile_account() -> Account<'static> {
    Account {
        csrf: EVIL,
        at_plex: true,
        account_name: EVIL,
        account_email: Some(EVIL),
        subject: EVIL,
        groups: &[ShownGroup { name: EVIL, why: NOW }],
        apps: APPS,
        sessions: &[ShownSession {
            sid: Cow::Borrowed(EVIL),
            browser: Some(Cow::Borrowed(EVIL)),
            address: Some(Cow::Borrowed(EVIL)),
            signed_in: NOW,
            used: NOW,
            is_here: false,
        }],
        browsers: ShownBrowsers {
            is_news: true,
            all: &[ShownBrowser {
                id: Cow::Borrowed(EVIL),
                browser: Some(Cow::Borrowed(EVIL)),
                address: Some(Cow::Borrowed(EVIL)),
                first_used: NOW,
                last_used: NOW,
                is_here: false,
                signed_in: true,
                waits: true,
                is_news: true,
                can_confirm: true,
            }],
        },
        consents: &[ShownConsent {
            client_id: EVIL,
            client_name: EVIL,
            scopes: Cow::Borrowed(SCOPES),
            agreed: NOW,
        }],
        tokens: &[ShownToken {
            id: EVIL,
            name: EVIL,
            apps: Cow::Borrowed(EVIL),
            used: Some(NOW),
            is_over: false,
        }],
        token_apps: &[EVIL],
        is_fresh: true,
        new_token: Some(EVIL),
        notice: None,
    }
}

/// The same, of devices.
fn hostile_device_pages() -> [Page<'static>; 2] {
    [
        Page::DeviceCode(DeviceCode { csrf: EVIL, user_code: Some(EVIL), notice: None }),
        Page::DeviceApproval(DeviceApproval {
            user_code: EVIL,
            account: EVIL,
            at_plex: true,
            account_name: EVIL,
            account_email: Some(EVIL),
            client_name: EVIL,
            scopes: SCOPES,
            request_id: EVIL,
            csrf: EVIL,
        }),
    ]
}

#[test]
fn req_134_names_of_strangers_are_text() {
    let theme = Theme { title: EVIL.to_owned(), ..Theme::default() };
    let pages = Pages::new(theme, None).unwrap();
    let account = hostile_account();
    admin::are_text(&pages);
    let of_account = [Page::Account(&account)];
    for page in hostile_pages().into_iter().chain(hostile_device_pages()).chain(of_account) {
        for tag in Language::tags() {
            let html = pages.render(&page, Language::of_tag(tag).unwrap());
            assert!(html.contains("&lt;img src=x"), "{tag} {}", page.template());
            assert!(!html.contains("<img src=x"), "{tag} {}: {html}", page.template());
            assert!(html.contains("{{ site }}"), "values are never templates");
        }
    }
}

#[test]
fn req_134_no_template_switches_escaping_off() {
    for (name, source) in TEMPLATES {
        for raw in ["safe", "autoescape", "raw"] {
            let found = source.split(|c: char| !c.is_alphanumeric()).any(|word| word == raw);
            assert!(!found, "{name}: {raw}");
        }
    }
}
