//! The owner's way in when plex.tv does not answer: a link that is made on the machine itself. What begins with it is no browser
//! session. It opens the host's page, by the same decision as for everybody, and no client and no application (decision 0019).

use std::net::IpAddr;

use plex_oidc_core::account::Account;
use plex_oidc_core::audit::What;
use plex_oidc_core::decide::{Person, Through};
use plex_oidc_core::id::AccountId;
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::time::Seconds;
use tracing::info;

use super::audit::{Own, note};
use super::{FlowError, admin};
use crate::app::App;
use crate::store::records::HostSession;

/// How long a link is good that nobody uses.
pub const GOOD_FOR: Seconds = Seconds::minutes(10);
/// How long a visit lasts that begins with one.
pub const VISIT: Seconds = Seconds::hours(1);

/// What a link led to.
pub enum Entered {
    /// A visit to the host's page, with the secret of its cookie.
    In(Secret),
    /// Nowhere: it was used before, is over, or never was one.
    NotGood,
    /// Nowhere: the host's page is not for the owner. The link is not used up.
    NotForOwner,
}

/// Whether a link could be used now. Looking does not use it.
pub async fn is_good(app: &App, link: &Secret) -> Result<bool, FlowError> {
    Ok(app.store.has_admin_link(link.hash(), app.clock.now()).await?)
}

/// Uses a link.
pub async fn enter(app: &App, link: &Secret, address: IpAddr) -> Result<Entered, FlowError> {
    if !is_good(app, link).await? {
        return Ok(Entered::NotGood);
    }
    let Some(account) = first_owner(app).await? else { return Ok(Entered::NotForOwner) };
    let (secret, now) = (app.entropy.secret(SecretKind::HostSession), app.clock.now());
    let visit = HostSession {
        hash: secret.hash(),
        account_id: account,
        began: now,
        expires: now.plus(VISIT),
        passkey: None,
    };
    if !app.store.use_admin_link(link.hash(), visit, now).await? {
        return Ok(Entered::NotGood);
    }
    info!(%account, %address, "a link to the host's page was used");
    note(app, Own { account, address }.did(app, What::AdminLinkUsed)).await;
    Ok(Entered::In(secret))
}

/// The visit behind a cookie, if the page is still for whoever makes it.
pub async fn visit(app: &App, cookie: &Secret) -> Result<Option<HostSession>, FlowError> {
    let Some(visit) = app.store.host_session(cookie.hash(), app.clock.now()).await? else { return Ok(None) };
    let is_host = owner(app, visit.account_id).await?.is_some();
    Ok(is_host.then_some(visit))
}

/// Ends a visit.
pub async fn leave(app: &App, cookie: &Secret) -> Result<(), FlowError> {
    app.store.end_host_session(cookie.hash()).await?;
    Ok(())
}

async fn first_owner(app: &App) -> Result<Option<AccountId>, FlowError> {
    for server in &app.rules.accepted {
        let account = AccountId::Plex(server.owner);
        if owner(app, account).await?.is_some() {
            return Ok(Some(account));
        }
    }
    Ok(None)
}

/// The owner with this account, for whom the host's page is. What is known of the account is what Plex last said, if it ever did;
/// whose a server is, the file says.
pub(super) async fn owner(app: &App, account: AccountId) -> Result<Option<Person>, FlowError> {
    let known = app.store.user(account).await?;
    let account = known.map_or_else(|| Account::named(account, "the owner"), |known| known.person.account);
    let owner = app.rules.owner(account, app.clock.now());
    Ok(owner.filter(|owner| admin::is_host(app, owner.through(Through::NoBrowser))))
}
