//! Who is it: `/api/v2/user`, its legacy twins, ping and sign-out.

use http::StatusCode;
use serde_json::{Value, json};

use crate::call::Call;
use crate::personas::{ACCOUNTS, Account, HomeRole};
use crate::render::{Failure, Format, Reply};
use crate::state::State;
use crate::xml::{Element, from_json};

pub(crate) const JOINED_AT: u64 = 1_501_239_900;

/// `GET /api/v2/user`
pub(crate) fn current(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    let account = state.v2_caller(call)?;
    Ok(Reply::document("user", document(state, account, call.token().unwrap_or_default())))
}

/// `GET /users/account` and `/users/account.json`
pub(crate) fn legacy(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    if call.token().is_none() {
        return Err(Failure::SIGN_IN);
    }
    let account = state.token_owner(call).ok_or(Failure::INVALID_TOKEN)?;
    let user = legacy_document(state, account, call.token().unwrap_or_default());
    Ok(match call.format {
        Format::Json => Reply::json(json!({ "user": user })),
        Format::Xml => Reply::xml(from_json("user", &user)),
    })
}

/// `GET /api/v2/ping`: without a token a sign of life, with one a check of it.
pub(crate) fn ping(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    call.client_identifier()?;
    if call.token().is_some() {
        state.v2_caller(call)?;
    }
    Ok(match call.format {
        Format::Json => Reply::json(json!({ "pong": true })),
        Format::Xml => Reply::xml(Element::new("pong").text("true")),
    })
}

/// `DELETE /api/v2/users/signout`
pub(crate) fn sign_out(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    state.v2_caller(call)?;
    let token = call.token().unwrap_or_default();
    state.tokens.retain(|known| known.value != token);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The v2 user document.
pub(crate) fn document(state: &State, account: &Account, token: &str) -> Value {
    let mut document = merged([
        identity(state, account, token),
        home(state, account),
        subscription(account),
        oddments(account),
    ]);
    if state.switches.bare_accounts
        && let Some(fields) = document.as_object_mut()
    {
        for name in ["joinedAt", "twoFactorEnabled", "subscription"] {
            fields.remove(name);
        }
    }
    document
}

fn identity(state: &State, account: &Account, token: &str) -> Value {
    let is_second_factor_changed = state.second_factor_changed.contains(&account.id);
    json!({
        "id": account.id,
        "uuid": account.uuid,
        "username": account.username,
        "title": account.title,
        "email": account.email,
        "friendlyName": account.title,
        "locale": null,
        "confirmed": account.confirmed,
        "joinedAt": JOINED_AT,
        "emailOnlyAuth": false,
        "hasPassword": !account.restricted(),
        "protected": account.home_pin.is_some(),
        "thumb": thumb(account),
        "authToken": token,
        "twoFactorEnabled": account.two_factor != is_second_factor_changed,
        "restricted": account.restricted(),
        "restrictionProfile": account.restriction_profile,
        "anonymous": null,
    })
}

fn home(state: &State, account: &Account) -> Value {
    let role = state.home_of(account).map(|(_, role)| role);
    let home = state.home_id(account);
    let size = ACCOUNTS.iter().filter(|other| home.is_some() && state.home_id(other) == home).count();
    json!({
        "home": home.is_some(),
        "homeAdmin": role == Some(HomeRole::Admin),
        "guest": role == Some(HomeRole::Guest),
        "homeSize": size.max(1),
        "maxHomeSize": 15,
        "pin": "",
    })
}

fn subscription(account: &Account) -> Value {
    let active = account.plex_pass;
    json!({
        "subscription": {
            "active": active,
            "subscribedAt": active.then_some("2020-02-02T00:00:00Z"),
            "status": if active { "Active" } else { "Inactive" },
            "paymentService": null,
            "plan": active.then_some("lifetime"),
            "features": if active { vec!["pass", "home", "webhooks"] } else { Vec::new() },
        },
        "subscriptionDescription": active.then_some("Lifetime Plex Pass"),
        "entitlements": if active { vec!["all"] } else { Vec::new() },
        "roles": if active { vec!["plexpass"] } else { Vec::new() },
        "subscriptions": [], "pastSubscriptions": [], "trials": [],
    })
}

fn oddments(account: &Account) -> Value {
    json!({
        "mailingListStatus": "unsubscribed",
        "mailingListActive": false,
        "scrobbleTypes": "",
        "country": "NL",
        "rememberExpiresAt": 1_778_888_888_u64,
        "profile": {
            "autoSelectAudio": true, "defaultAudioLanguage": null, "defaultSubtitleLanguage": null,
            "autoSelectSubtitle": 0, "defaultSubtitleAccessibility": 0, "defaultSubtitleForced": 1,
        },
        "services": [{
            "identifier": "emulated", "endpoint": "https://service.example", "token": null,
            "secret": format!("third-party-secret-of-{}", account.id), "status": "online",
        }],
        "adsConsent": null, "adsConsentSetAt": null, "adsConsentReminderAt": null,
        "experimentalFeatures": false, "backupCodesCreated": account.two_factor, "attributionPartner": null,
    })
}

fn legacy_document(state: &State, account: &Account, token: &str) -> Value {
    // v1 says null where v2 says "" about managed users; code that assumed text has crashed on it.
    let present = |text: &'static str| (!text.is_empty()).then_some(text);
    json!({
        "id": account.id,
        "uuid": account.uuid,
        "email": present(account.email),
        "username": present(account.username),
        "title": account.title,
        "thumb": thumb(account),
        "joined_at": "2017-07-28 09:25:00 UTC",
        "authToken": token,
        "authentication_token": token,
        "confirmedAt": account.confirmed.then_some("2017-07-28 09:30:00 UTC"),
        "forumId": null,
        "hasPassword": !account.restricted(),
        "restricted": account.restricted(),
        "home": state.home_of(account).is_some(),
        "subscription": {
            "active": account.plex_pass,
            "status": if account.plex_pass { "Active" } else { "Inactive" },
            "plan": account.plex_pass.then_some("lifetime"),
            "features": if account.plex_pass { vec!["pass", "home"] } else { Vec::new() },
        },
        "roles": { "roles": if account.plex_pass { vec!["plexpass"] } else { Vec::new() } },
        "entitlements": if account.plex_pass { vec!["all"] } else { Vec::new() },
    })
}

pub(crate) fn thumb(account: &Account) -> String {
    format!("https://plex.tv/users/{}/avatar?c=1712345678", account.uuid)
}

fn merged(parts: impl IntoIterator<Item = Value>) -> Value {
    let mut fields = serde_json::Map::new();
    for part in parts {
        if let Value::Object(more) = part {
            fields.extend(more);
        }
    }
    Value::Object(fields)
}
