//! The state of things: the program, membership, what the file declares, signing keys, and the tokens of this API.

use plex_oidc_core::api::{ApiScope, ApiTokenId};
use plex_oidc_core::gateway::HostPattern;
use serde::Serialize;

use super::call::{Answered, Call, done, shown};
use super::problem::{Code, Problem};
use crate::app::{App, State};
use crate::flow::admin::{self, Asked, Turned};
use crate::flow::api_tokens;
use crate::flow::doors::{Door, doors};
use crate::flow::forms::{AppKind, moment};
use crate::flow::questions::Membership;
use crate::store::records::{ApiTokenRecord, Passkey, PasskeyId};

#[derive(Serialize)]
struct Health {
    version: &'static str,
    started: String,
    database_bytes: u64,
}

/// The state of the program.
pub(super) async fn health(app: &App) -> Answered {
    let database_bytes = app.store.size().await?;
    shown(&Health { version: env!("CARGO_PKG_VERSION"), started: app.started.rfc3339(), database_bytes })
}

/// How well it is known who is a member.
pub(super) fn membership(app: &App) -> Answered {
    shown(&Membership::of(app))
}

#[derive(Serialize)]
struct Checked {
    answered: bool,
}

/// Has Plex asked now who is a member.
pub(super) async fn check_membership(app: &State, call: &Call) -> Answered {
    match admin::ask_plex(app, call.by.actor, Some(call.by.address)).await {
        Asked::Answered => shown(&Checked { answered: true }),
        Asked::Unanswered => shown(&Checked { answered: false }),
        Asked::NoToken => Err(Problem::new(Code::NoOwnerToken, "there is no owner's token to ask Plex with")),
        Asked::TooSoon => Err(Problem::too_soon("Plex was asked less than a minute ago", 60)),
    }
}

#[derive(Serialize)]
struct Apps {
    apps: Vec<Declared>,
}

#[derive(Serialize)]
struct Declared {
    id: Option<String>,
    name: String,
    kind: AppKind,
    hosts: Vec<String>,
    enabled: bool,
    for_people: bool,
    allow: Vec<String>,
    deny: Vec<String>,
    has_rules: bool,
}

/// What the file declares, by name.
pub(super) fn apps(app: &App) -> Answered {
    shown(&Apps { apps: doors(app).into_iter().map(declared).collect() })
}

fn declared(door: Door<'_>) -> Declared {
    let (hosts, enabled, has_rules) = match door {
        Door::Client(client) => (Vec::new(), client.enabled, false),
        Door::App(app) => {
            (app.hosts.iter().map(HostPattern::to_string).collect(), true, !app.rules.is_empty())
        }
    };
    Declared {
        id: door.id().map(|id| id.to_string()),
        name: door.name().to_owned(),
        kind: AppKind::of(door),
        hosts,
        enabled,
        for_people: door.is_for_people(),
        allow: door.allow().iter().map(ToString::to_string).collect(),
        deny: door.deny().iter().map(ToString::to_string).collect(),
        has_rules,
    }
}

#[derive(Serialize)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Serialize)]
struct Key {
    kid: String,
    algorithm: String,
    state: String,
    made: String,
}

/// The signing keys, oldest first.
pub(super) async fn keys(app: &App) -> Answered {
    let keys = app.store.signing_keys().await?.into_iter().map(|key| Key {
        kid: key.kid,
        algorithm: key.algorithm,
        state: key.state,
        made: key.created.rfc3339(),
    });
    shown(&Keys { keys: keys.collect() })
}

/// Rotates them.
pub(super) async fn rotate_keys(app: &App, call: &Call) -> Answered {
    match admin::rotate_keys(app, call.by).await {
        Turned::Rotated => done(),
        Turned::TooSoon => {
            let detail =
                "applications may not have seen the next keys yet: rotate an hour after the last time";
            Err(Problem::too_soon(detail, 3660))
        }
        Turned::Changed => Err(Problem::new(Code::Changed, "somebody else rotated the keys at this moment")),
        Turned::Failed => Err(Problem::new(Code::Internal, "no new keys could be made; the log says why")),
    }
}

#[derive(Serialize)]
struct Tokens {
    api_tokens: Vec<Token>,
}

#[derive(Serialize)]
struct Token {
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    created: String,
    expires: String,
    last_used: Option<String>,
}

impl Token {
    fn of(token: &ApiTokenRecord) -> Self {
        Self {
            id: token.id.to_string(),
            name: token.name.clone(),
            scopes: token.scopes.iter().map(ApiScope::as_str).collect(),
            created: token.created.rfc3339(),
            expires: token.expires.rfc3339(),
            last_used: moment(token.last_used),
        }
    }
}

/// The token that asks.
pub(super) fn own_token(call: &Call) -> Answered {
    shown(&Token::of(&call.token))
}

/// Its end: whoever holds it may say that it is in other hands.
pub(super) async fn end_own_token(app: &App, call: &Call) -> Answered {
    api_tokens::revoke(app, call.by, call.token.id).await?;
    done()
}

/// The tokens of this API, oldest first, those that are over as well.
pub(super) async fn tokens(app: &App) -> Answered {
    shown(&Tokens { api_tokens: app.store.api_tokens().await?.iter().map(Token::of).collect() })
}

/// The end of one of them.
pub(super) async fn end_token(app: &App, call: &Call) -> Answered {
    let nothing = || Problem::not_there("path id", "there is no such token of this API");
    let id = ApiTokenId::parse(call.part(0)).ok_or_else(nothing)?;
    if api_tokens::revoke(app, call.by, id).await? { done() } else { Err(nothing()) }
}

#[derive(Serialize)]
struct Passkeys {
    passkeys: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    id: String,
    account: String,
    name: String,
    added: String,
    last_used: Option<String>,
}

/// The passkeys of all owners, oldest first. What they are checked with is nobody's to see.
pub(super) async fn passkeys(app: &App) -> Answered {
    let listed = |passkey: Passkey| Listed {
        id: passkey.id.to_string(),
        account: passkey.account_id.to_string(),
        name: passkey.name,
        added: passkey.created.rfc3339(),
        last_used: moment(passkey.last_used),
    };
    shown(&Passkeys { passkeys: app.store.passkeys().await?.into_iter().map(listed).collect() })
}

/// Removes one, and ends the visits to the host's page that began with it.
pub(super) async fn remove_passkey(app: &App, call: &Call) -> Answered {
    let is_done = match PasskeyId::parse(call.part(0)) {
        Some(id) => admin::remove_passkey(app, call.by, id).await?,
        None => false,
    };
    if is_done { done() } else { Err(Problem::not_there("path id", "there is no such passkey")) }
}
