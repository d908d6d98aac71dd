//! One example of each page and of each branch in it.
//!
//! Every template, also an overridden one, is drawn with these before the first visitor comes: a mistake in a
//! template is a refusal to start and not an error page at night. Tests and translators use them as well.

mod account;
mod admin;
mod passkeys;

use plex_oidc_core::client::{PlexTokenClaim, SubjectType};
use plex_oidc_core::scope::Scope;

use super::context::{
    AccountChoice, AskedHost, Consent, Denied, DeviceApproval, DeviceCode, ErrorPage, FormPost, Onward, Page,
    Retry, ScriptConfig, SignIn, SignOutConfirm, Waiting, WayBack,
};
use super::host::AdminEnter;
use super::passkeys::{PasskeyEnter, PasskeyNotice, Passkeys, PasskeysMay};
use super::words::{DeniedReason, DeviceNotice, ErrorKind, Notice, Said};

const REQUEST_ID: &str = "01998a2e-6c1e-7b1f-8d6e-3c9e5f0a1b2c";
const CSRF: &str = "sample-csrf-token";
const CLIENT: &str = "Film requests";

const SCOPES: &[Said] = &[
    Said::of_scope(Scope::Profile, &SubjectType::Public),
    Said::of_scope(Scope::Email, &SubjectType::Public),
    Said::of_scope(Scope::Groups, &SubjectType::Public),
];

const SIGN_IN: SignIn<'static> = SignIn {
    client_name: CLIENT,
    request_id: REQUEST_ID,
    csrf: CSRF,
    plex: Some(ScriptConfig {
        client_identifier: "3f0c7a52-9d1b-4e6a-8a53-0f1d2c3b4a59",
        product: "Anna's cinema",
        pins_url: "https://clients.plex.tv/api/v2/pins?strong=true",
    }),
    password: false,
    renews: false,
    for_host: false,
    login_hint: None,
    plex_token: None,
    notice: None,
};

const DENIED: Denied<'static> = Denied {
    at_plex: true,
    reason: DeniedReason::Stranger,
    account_name: "Robin",
    account_email: Some("robin@example.com"),
    server_name: Some("Anna's server"),
    client_name: CLIENT,
    request_id: REQUEST_ID,
    csrf: CSRF,
    account: "plex-1234567",
    can_ask: false,
    is_full: false,
    asked: None,
};

const ASKED: AskedHost<'static> = AskedHost {
    asked: Said::ago(180),
    said: Some("It is me, from the film evening."),
    answer: None,
    answer_said: None,
    answered: None,
};

const ANSWERED: AskedHost<'static> =
    AskedHost { answer: Some("opened"), answer_said: Some("Enjoy."), answered: Some(Said::ago(0)), ..ASKED };

const ACCOUNT_CHOICE: AccountChoice<'static> = AccountChoice {
    account: "plex-1",
    at_plex: true,
    account_name: "Robin",
    account_email: Some("robin@example.com"),
    client_name: CLIENT,
    request_id: REQUEST_ID,
    csrf: CSRF,
};

const SIGN_OUT: SignOutConfirm<'static> =
    SignOutConfirm { csrf: CSRF, account_name: "Robin", way_back: None, detail: None };

const DEVICE_CODE: DeviceCode<'static> = DeviceCode { csrf: CSRF, user_code: None, notice: None };

const DEVICE_APPROVAL: DeviceApproval<'static> = DeviceApproval {
    user_code: "WDJB-MJHT",
    account: "plex-1",
    at_plex: true,
    account_name: "Robin",
    account_email: Some("robin@example.com"),
    client_name: CLIENT,
    scopes: SCOPES,
    request_id: REQUEST_ID,
    csrf: CSRF,
};

const ERROR: ErrorPage<'static> =
    ErrorPage { kind: ErrorKind::Internal, retry: None, host_way_in: false, detail: None };

const RETRYABLE: ErrorPage<'static> =
    ErrorPage { retry: Some(Retry { request_id: REQUEST_ID, csrf: CSRF, client_name: CLIENT }), ..ERROR };

const CONSENT: Consent<'static> = Consent {
    account: "plex-1",
    client_name: CLIENT,
    scopes: SCOPES,
    account_name: "Robin",
    at_plex: true,
    plex_token: None,
    request_id: REQUEST_ID,
    csrf: CSRF,
};

/// Every page at least once, each with a name for it.
pub fn samples() -> &'static [(&'static str, Page<'static>)] {
    ALL
}

const ALL: &[(&str, Page<'static>)] = &[
    ("sign-in", Page::SignIn(SIGN_IN)),
    (
        "sign-in-again",
        Page::SignIn(SignIn {
            login_hint: Some("robin@example.com"),
            notice: Some(Notice::TookTooLong),
            ..SIGN_IN
        }),
    ),
    ("sign-in-renews", Page::SignIn(SignIn { renews: true, notice: Some(Notice::NotOwner), ..SIGN_IN })),
    ("sign-in-for-host", Page::SignIn(SignIn { for_host: true, ..SIGN_IN })),
    ("sign-in-or-password", Page::SignIn(SignIn { password: true, ..SIGN_IN })),
    ("sign-in-plex-token", Page::SignIn(SignIn { plex_token: Some(PlexTokenClaim::Account), ..SIGN_IN })),
    (
        "sign-in-password",
        Page::SignIn(SignIn {
            plex: None,
            password: true,
            login_hint: Some("robin@example.com"),
            notice: Some(Notice::WrongPassword),
            ..SIGN_IN
        }),
    ),
    (
        "waiting",
        Page::Waiting(Waiting {
            request_id: REQUEST_ID,
            client_name: CLIENT,
            csrf: CSRF,
            auth_url: "https://app.plex.tv/auth#?clientID=3f0c7a52&code=k3v9tq0z7m1xw8b2r5n6c4jhd",
            refresh_seconds: 3,
        }),
    ),
    ("popup", Page::Popup),
    ("close", Page::Close),
    ("denied-stranger", Page::Denied(DENIED)),
    ("denied-server-without-name", Page::Denied(Denied { server_name: None, ..DENIED })),
    (
        "denied-not-allowed",
        Page::Denied(Denied { reason: DeniedReason::NotAllowed, account_email: None, ..DENIED }),
    ),
    (
        "denied-local",
        Page::Denied(Denied {
            reason: DeniedReason::NotAllowed,
            at_plex: false,
            server_name: None,
            ..DENIED
        }),
    ),
    ("ask-as-a-stranger", Page::Denied(Denied { can_ask: true, ..DENIED })),
    (
        "ask-for-an-application",
        Page::Denied(Denied { reason: DeniedReason::NotAllowed, can_ask: true, ..DENIED }),
    ),
    ("asked", Page::Denied(Denied { reason: DeniedReason::NotAllowed, asked: Some(&ASKED), ..DENIED })),
    ("asked-too-many", Page::Denied(Denied { is_full: true, ..DENIED })),
    (
        "asked-and-opened",
        Page::Denied(Denied { reason: DeniedReason::NotAllowed, asked: Some(&ANSWERED), ..DENIED }),
    ),
    (
        "asked-and-shared",
        Page::Denied(Denied { asked: Some(&AskedHost { answer: Some("shared"), ..ANSWERED }), ..DENIED }),
    ),
    (
        "asked-and-declined",
        Page::Denied(Denied {
            can_ask: true,
            asked: Some(&AskedHost { answer: Some("declined"), answer_said: None, ..ANSWERED }),
            ..DENIED
        }),
    ),
    ("denied-managed-user", Page::Denied(Denied { reason: DeniedReason::ManagedUser, ..DENIED })),
    ("denied-unconfirmed-email", Page::Denied(Denied { reason: DeniedReason::UnconfirmedEmail, ..DENIED })),
    ("denied-no-two-factor", Page::Denied(Denied { reason: DeniedReason::NoTwoFactor, ..DENIED })),
    ("denied-too-new", Page::Denied(Denied { reason: DeniedReason::TooNew, ..DENIED })),
    ("denied-blocked", Page::Denied(Denied { reason: DeniedReason::Blocked, ..DENIED })),
    ("denied-not-named", Page::Denied(Denied { reason: DeniedReason::NotNamed, ..DENIED })),
    (
        "denied-not-named-local",
        Page::Denied(Denied { reason: DeniedReason::NotNamed, at_plex: false, server_name: None, ..DENIED }),
    ),
    (
        "denied-new-browser",
        Page::Denied(Denied { reason: DeniedReason::NewBrowser, can_ask: true, ..DENIED }),
    ),
    (
        "asked-and-approved",
        Page::Denied(Denied {
            reason: DeniedReason::NewBrowser,
            asked: Some(&AskedHost { answer: Some("approved"), ..ANSWERED }),
            ..DENIED
        }),
    ),
    ("denied-client-disabled", Page::Denied(Denied { reason: DeniedReason::ClientDisabled, ..DENIED })),
    ("denied-anonymous", Page::Denied(Denied { reason: DeniedReason::Anonymous, ..DENIED })),
    (
        "error-plex-unavailable",
        Page::Error(ErrorPage { kind: ErrorKind::PlexUnavailable, host_way_in: true, ..RETRYABLE }),
    ),
    ("error-unknown-request", Page::Error(ErrorPage { kind: ErrorKind::UnknownRequest, ..ERROR })),
    ("error-rate-limited", Page::Error(ErrorPage { kind: ErrorKind::RateLimited, ..RETRYABLE })),
    (
        "error-invalid-request",
        Page::Error(ErrorPage {
            kind: ErrorKind::InvalidRequest,
            detail: Some("redirect_uri is not registered"),
            ..ERROR
        }),
    ),
    ("error-busy", Page::Error(ErrorPage { kind: ErrorKind::Busy, ..RETRYABLE })),
    ("error-form-expired", Page::Error(ErrorPage { kind: ErrorKind::FormExpired, ..ERROR })),
    ("error-not-found", Page::Error(ErrorPage { kind: ErrorKind::NotFound, ..ERROR })),
    ("error-internal", Page::Error(ErrorPage { kind: ErrorKind::Internal, ..ERROR })),
    ("signed-out", Page::SignedOut),
    ("sign-out-confirm", Page::SignOutConfirm(SIGN_OUT)),
    (
        "sign-out-confirm-for-a-client",
        Page::SignOutConfirm(SignOutConfirm {
            way_back: Some(WayBack {
                client_name: CLIENT,
                client_id: "requests",
                address: "https://requests.example.com/",
                state: Some("sample"),
            }),
            ..SIGN_OUT
        }),
    ),
    (
        "sign-out-confirm-in-doubt",
        Page::SignOutConfirm(SignOutConfirm {
            detail: Some("post_logout_redirect_uri is not registered for this client"),
            ..SIGN_OUT
        }),
    ),
    ("account", Page::Account(&account::WITH_EVERYTHING)),
    ("account-new-token", Page::Account(&account::WITH_A_NEW_TOKEN)),
    ("disowned", Page::Disowned { at_plex: true }),
    ("disowned-local", Page::Disowned { at_plex: false }),
    ("account-bare", Page::Account(&account::BARE)),
    ("admin", Page::Admin(&admin::WITH_EVERYTHING)),
    ("admin-in-trouble", Page::Admin(&admin::IN_TROUBLE)),
    ("admin-bare", Page::Admin(&admin::BARE)),
    ("admin-own-tokens", Page::Admin(&admin::OWN_TOKENS)),
    ("admin-without-plex", Page::Admin(&admin::WITHOUT_PLEX)),
    ("admin-person", Page::AdminPerson(&admin::PERSON)),
    ("admin-person-bare", Page::AdminPerson(&admin::PERSON_BARE)),
    ("admin-audit", Page::Audit(&admin::AUDIT)),
    ("admin-audit-bare", Page::Audit(&admin::AUDIT_BARE)),
    ("admin-api-tokens", Page::ApiTokens(&admin::API_TOKENS)),
    ("admin-api-tokens-to-look-at", Page::ApiTokens(&admin::API_TOKENS_TO_LOOK_AT)),
    ("admin-api-tokens-none", Page::ApiTokens(&admin::NO_API_TOKENS)),
    ("admin-enter", Page::AdminEnter(AdminEnter::Good { link: "poi_sample" })),
    ("admin-enter-over", Page::AdminEnter(AdminEnter::NotGood)),
    ("admin-enter-not-for-owner", Page::AdminEnter(AdminEnter::NotForOwner)),
    ("passkey", Page::PasskeyEnter(passkeys::ENTER)),
    (
        "passkey-not-good",
        Page::PasskeyEnter(PasskeyEnter { notice: Some(PasskeyNotice::NotGood), ..passkeys::ENTER }),
    ),
    ("passkey-not-here", Page::PasskeyEnter(PasskeyEnter { possible: false, ..passkeys::ENTER })),
    ("passkeys", Page::Passkeys(&passkeys::LIST)),
    ("passkeys-none", Page::Passkeys(&passkeys::NONE)),
    ("passkeys-not-owner", Page::Passkeys(&Passkeys { may: PasskeysMay::NotOwner, ..passkeys::NONE })),
    ("passkeys-not-here", Page::Passkeys(&Passkeys { may: PasskeysMay::NotHere, ..passkeys::NONE })),
    ("account-choice", Page::AccountChoice(ACCOUNT_CHOICE)),
    ("account-choice-local", Page::AccountChoice(AccountChoice { at_plex: false, ..ACCOUNT_CHOICE })),
    ("account-choice-no-email", Page::AccountChoice(AccountChoice { account_email: None, ..ACCOUNT_CHOICE })),
    ("consent", Page::Consent(CONSENT)),
    ("consent-local", Page::Consent(Consent { at_plex: false, ..CONSENT })),
    ("consent-plex-token", Page::Consent(Consent { plex_token: Some(PlexTokenClaim::Server), ..CONSENT })),
    ("device-code", Page::DeviceCode(DEVICE_CODE)),
    ("device-code-filled", Page::DeviceCode(DeviceCode { user_code: Some("WDJB-MJHT"), ..DEVICE_CODE })),
    (
        "device-code-wrong",
        Page::DeviceCode(DeviceCode { notice: Some(DeviceNotice::UnknownCode), ..DEVICE_CODE }),
    ),
    ("device-approval", Page::DeviceApproval(DEVICE_APPROVAL)),
    (
        "device-approval-local",
        Page::DeviceApproval(DeviceApproval { at_plex: false, account_email: None, ..DEVICE_APPROVAL }),
    ),
    ("device-approved", Page::DeviceApproved),
    ("device-denied", Page::DeviceDenied),
    ("signed-in", Page::SignedIn),
    (
        "onward",
        Page::Onward(Onward {
            url: "https://requests.example.com/callback?code=sample&state=1;2&iss=https%3A%2F%2Fauth.example.com",
            destination: CLIENT,
        }),
    ),
    (
        "form-post",
        Page::FormPost(FormPost {
            action: "https://requests.example.com/callback?from=here",
            fields: &[("code", "sample"), ("state", "1;2"), ("iss", "https://auth.example.com")],
            destination: CLIENT,
        }),
    ),
];
