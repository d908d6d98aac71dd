//! What somebody sees of themselves, and what they may end of it. Nobody reaches anything of anybody else's: every question names
//! the account of the session that asks.

use std::net::IpAddr;

use plex_oidc_core::audit::What;
use plex_oidc_core::client::Client;
use plex_oidc_core::decide::{Asker, Decision, decide, decide_for};
use plex_oidc_core::gateway::{GatewayApp, HostPattern};
use plex_oidc_core::id::{ClientId, Sid};
use plex_oidc_core::secret::Secret;
use plex_oidc_core::time::{Seconds, Timestamp};
use tracing::info;
use url::Url;

use super::audit::{Own, note};
use super::browsers::Browsers;
use super::{FlowError, app_tokens, sign_out};
use crate::app::App;
use crate::store::records::{AppTokenRecord, BrowserSession, Consent, ListedSession, UserRecord};

/// How long ago somebody must have signed in to be given what outlives the session.
pub const FRESH: Seconds = Seconds::minutes(10);

/// Everything that the page shows.
pub struct Overview<'a> {
    /// What this person may use.
    pub apps: Vec<Usable<'a>>,
    /// Where they are signed in.
    pub sessions: Vec<ListedSession>,
    /// What they agreed to, with the clients that are still there.
    pub consents: Vec<(&'a Client, Consent)>,
    /// Their app tokens.
    pub tokens: Vec<AppTokenRecord>,
    /// The applications that a token of theirs can be for.
    pub token_apps: Vec<&'a GatewayApp>,
    /// The browsers that they are known in.
    pub browsers: Browsers,
}

/// An application that somebody may use.
pub struct Usable<'a> {
    /// Its name for people.
    pub name: &'a str,
    /// Its picture, if it has one.
    pub icon: Option<&'a str>,
    /// Where it is, if that can be told.
    pub url: Option<String>,
}

/// Collects what `session` may see.
pub async fn overview<'a>(app: &'a App, session: &BrowserSession) -> Result<Overview<'a>, FlowError> {
    let (asker, account) = (session.asker(), session.user.account_id());
    let token_apps = usable_apps(app, asker);
    let icon = |id: &ClientId| app.pages.icon_url(id);
    let of_gateway = token_apps.iter().map(|found| Usable {
        name: &found.name,
        icon: found.audience.door.as_ref().and_then(icon),
        url: address_of(app, found),
    });
    let of_clients =
        app.clients.iter().filter(|client| client.is_for_people() && may_use(app, asker, client));
    let of_clients =
        of_clients.map(|client| Usable { name: &client.name, icon: icon(&client.id), url: home_of(client) });
    let mut apps: Vec<_> = of_clients.chain(of_gateway).collect();
    apps.sort_by_key(|usable| usable.name.to_lowercase());
    let consents = app.store.consents(account).await?.into_iter();
    let consents =
        consents.filter_map(|consent| Some((app.clients.find(consent.client_id.as_str())?, consent)));
    Ok(Overview {
        apps,
        sessions: app.store.sessions_of(account, app.clock.now()).await?,
        consents: consents.collect(),
        tokens: app_tokens::of(&*app.store, account).await?,
        token_apps,
        browsers: Browsers::of(app, session).await?,
    })
}

fn may_use(app: &App, asker: Asker<'_>, client: &Client) -> bool {
    decide(asker, client, &app.rules, app.clock.now()) == Decision::Allow
}

/// In a browser that has to wait for the host, a token that needs no browser is not to be had either.
fn usable_apps<'a>(app: &'a App, asker: Asker<'_>) -> Vec<&'a GatewayApp> {
    let now = app.clock.now();
    let may = |found: &&GatewayApp| decide_for(asker, &found.audience, &app.rules, now) == Decision::Allow;
    app.gateway.apps.0.iter().filter(may).collect()
}

/// The site that a client is: where it takes its answers, if people can go there.
fn home_of(client: &Client) -> Option<String> {
    let urls = client.redirect_uris.iter().filter_map(|uri| Url::parse(uri.as_str()).ok());
    let https = urls.into_iter().find(|url| url.scheme() == "https")?;
    Some(format!("{}/", https.origin().ascii_serialization()))
}

fn address_of(app: &App, found: &GatewayApp) -> Option<String> {
    let scheme = if app.issuer.is_https() { "https" } else { "http" };
    found.hosts.iter().find_map(|host| match host {
        HostPattern::Exact(host) => Some(format!("{scheme}://{}/", host.as_str())),
        HostPattern::Below(_) => None,
    })
}

/// Whether whoever signed in then did so recently enough for what outlives a session.
pub fn is_fresh(app: &App, auth_time: Timestamp) -> bool {
    !auth_time.plus(FRESH).has_passed(app.clock.now())
}

/// Ends one session of this person. `false`: it is not theirs, or gone already.
pub async fn end_session(app: &App, by: Own, sid: Sid) -> Result<bool, FlowError> {
    let account = by.account;
    let ended = sign_out::end_session_of(app, account, sid).await?;
    info!(%account, %sid, ended, "somebody ended a session of theirs from another");
    if ended {
        note(app, by.did(app, What::SessionEnded).target(&sid.to_string())).await;
    }
    Ok(ended)
}

/// Takes back what this person agreed to, and ends what the client holds by it.
pub async fn withdraw(app: &App, by: Own, client: ClientId) -> Result<bool, FlowError> {
    let account = by.account;
    let withdrawn = app.store.withdraw_consent(account, client.clone(), app.clock.now()).await?;
    info!(%account, %client, withdrawn, "somebody took their consent back");
    if withdrawn {
        note(app, by.did(app, What::ConsentWithdrawn).target(client.as_str())).await;
    }
    Ok(withdrawn)
}

/// Ends an app token of this person. `false`: it is not theirs, or gone already.
pub async fn revoke_token(app: &App, by: Own, id: &str) -> Result<bool, FlowError> {
    let account = by.account;
    let revoked = app_tokens::revoke(&*app.store, account, id).await?;
    info!(%account, token = id, revoked, "somebody ended an app token of theirs");
    if revoked {
        note(app, by.did(app, What::AppTokenEnded).target(id)).await;
    }
    Ok(revoked)
}

/// Why no token was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoToken {
    /// The sign-in is too long ago.
    NotFresh,
    /// The name cannot be used.
    Name,
    /// No application was chosen that this person may use.
    NoApps,
    /// There are too many already.
    TooMany,
}

/// Makes an app token for the applications with these names that this person may use.
pub async fn make_token<'n>(
    app: &App,
    (session, address): (&BrowserSession, IpAddr),
    name: &str,
    named: impl Iterator<Item = &'n str>,
) -> Result<Result<Secret, NoToken>, FlowError> {
    let user: &UserRecord = &session.user;
    if !is_fresh(app, session.auth_time) {
        return Ok(Err(NoToken::NotFresh));
    }
    if !app_tokens::is_name(name) {
        return Ok(Err(NoToken::Name));
    }
    let named: Vec<_> = named.collect();
    let mut apps = usable_apps(app, session.asker());
    apps.retain(|found| named.contains(&found.name.as_str()));
    if apps.is_empty() {
        return Ok(Err(NoToken::NoApps));
    }
    if app_tokens::of(&*app.store, user.account_id()).await?.len() >= app_tokens::MOST {
        return Ok(Err(NoToken::TooMany));
    }
    let Some((id, secret)) = app_tokens::make(app, session, name, &apps).await? else {
        return Ok(Err(NoToken::TooMany));
    };
    let by = Own { account: user.account_id(), address };
    let usable_at: Vec<_> = apps.iter().map(|app| app.name.as_str()).collect();
    let event = by.did(app, What::AppTokenMade).named(&user.person.account.display_name);
    note(app, event.target(&id).detail(&usable_at.join(", "))).await;
    Ok(Ok(secret))
}
