//! Telling a client about a token (RFC 7662): one look into the store, and the same decision as everywhere.

use plex_oidc_core::client::{Client, GrantType};
use plex_oidc_core::secret::{Secret, SecretHash, SecretKind};
use plex_oidc_core::token::introspection::{Bearer, Introspection, Listener, Token, TokenKind};

use super::tokens::{FlowToken, InForce, granted, in_force, may_go_on};
use crate::app::App;
use crate::store::records::GrantRecord;

/// What `caller` is told of `text`, whose first letters show what it is.
pub async fn introspect(app: &App, caller: &Client, text: &str) -> Result<Introspection, FlowToken> {
    let hash = |kind| Secret::parse(kind, text).map(|token| token.hash());
    let told = if let Some(hash) = hash(SecretKind::AccessToken) {
        access_token(app, caller, hash).await?
    } else if let Some(hash) = hash(SecretKind::RefreshToken) {
        refresh_token(app, caller, hash).await?
    } else if let Some(hash) = hash(SecretKind::ClientToken) {
        client_token(app, caller, hash).await?
    } else {
        None
    };
    Ok(told.unwrap_or(Introspection::INACTIVE))
}

/// `None` where there is nothing to tell, whatever the reason.
type Told = Result<Option<Introspection>, FlowToken>;

async fn access_token(app: &App, caller: &Client, hash: SecretHash) -> Told {
    let Some(record) = app.store.access_token(hash, app.clock.now()).await? else { return Ok(None) };
    let grant = &record.grant;
    let Some(listener) = Listener::of_access_token(caller, &grant.client_id) else { return Ok(None) };
    let Some(InForce { client, scopes, resources }) = in_force(app, &record) else { return Ok(None) };
    let token = Token {
        kind: TokenKind::Access,
        client_id: &grant.client_id,
        scopes,
        resources,
        created: record.created,
        expires: record.expires,
    };
    Ok(Some(of_person(app, (caller, listener), &token, (client, grant))))
}

async fn refresh_token(app: &App, caller: &Client, hash: SecretHash) -> Told {
    let Some(record) = app.store.refresh_token(hash).await? else { return Ok(None) };
    let grant = &record.grant;
    let Some(listener) = Listener::of_refresh_token(caller, &grant.client_id) else { return Ok(None) };
    let expires = record.idle_expires.min(record.absolute_expires);
    let over = record.consumed_at.is_some() || expires.has_passed(app.clock.now());
    if over || !caller.may_refresh() || may_go_on(app, caller, grant).is_err() {
        return Ok(None);
    }
    let Some(resources) = grant.resources.left_of(&caller.resources) else { return Ok(None) };
    let token = Token {
        kind: TokenKind::Refresh,
        client_id: &grant.client_id,
        scopes: granted(caller, grant.scopes),
        resources,
        created: record.created,
        expires,
    };
    Ok(Some(of_person(app, (caller, listener), &token, (caller, grant))))
}

async fn client_token(app: &App, caller: &Client, hash: SecretHash) -> Told {
    let Some(record) = app.store.client_token(hash, app.clock.now()).await? else { return Ok(None) };
    let Some(listener) = Listener::of_access_token(caller, &record.client_id) else { return Ok(None) };
    let holder = app.clients.find(record.client_id.as_str());
    let good = |holder: &&Client| holder.enabled && holder.may_use(GrantType::ClientCredentials);
    let Some(holder) = holder.filter(good) else { return Ok(None) };
    let Some(resources) = record.resources.left_of(&holder.resources) else { return Ok(None) };
    let token = Token {
        kind: TokenKind::Access,
        client_id: &holder.id,
        scopes: granted(holder, record.scopes),
        resources,
        created: record.created,
        expires: record.expires,
    };
    Ok(Some(Introspection::active(&app.issuer, (caller, listener), &token, &Bearer::Client)))
}

fn of_person(
    app: &App,
    told_to: (&Client, Listener),
    token: &Token<'_>,
    (holder, grant): (&Client, &GrantRecord),
) -> Introspection {
    let person = &grant.user.person;
    let username = person.account.username.as_deref();
    // Whoever is told learns the name that the token's own client has for this person, and no other.
    let (subject, sid) = (app.subject(holder, person), app.sid_for(holder, grant.sid));
    let bearer = Bearer::Person { subject: &subject, username, sid };
    Introspection::active(&app.issuer, told_to, token, &bearer)
}
