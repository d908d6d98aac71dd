//! `admin-link`: the owner's way in when plex.tv does not answer. It works beside the running service.

use std::io;
use std::path::Path;

use plex_oidc_core::account::Account;
use plex_oidc_core::audit::What;
use plex_oidc_core::decide::{Decision, decide};
use plex_oidc_core::id::AccountId;
use plex_oidc_core::own_page::OwnPage;
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::time::Timestamp;
use thiserror::Error;

use super::audit::{Noted, done_here, note, warn_of};
use super::serve::exit_after;
use super::{Exit, World};
use crate::config::Config;
use crate::flow::admin_link::GOOD_FOR;
use crate::installation::open_beside;
use crate::start::{StartError, house_rules};
use crate::store::records::AdminLink;
use crate::store::{Store, StoreError};

/// Why there is no link.
#[derive(Debug, Error)]
enum NoLink {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("the host's page is switched off: admin.allow is empty")]
    Off,
    #[error(
        "there is no [plex] section, so nobody owns a server here: sign in with a local account that admin.allow names"
    )]
    NoOwner,
    #[error("admin.allow does not name the owner, neither as plex-owner nor by account")]
    NotForOwner,
}

impl From<StoreError> for NoLink {
    fn from(error: StoreError) -> Self {
        Self::Start(error.into())
    }
}

/// Runs `admin-link`.
pub fn run(file: &Path, world: &mut World<'_>) -> io::Result<Exit> {
    let config = match world.load(file)? {
        Ok(loaded) => loaded.config,
        Err(exit) => return Ok(exit),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let link = Secret::from_random(SecretKind::AdminLink, (world.random)());
    match runtime.block_on(make(&config, &link, world.clock.now())) {
        Ok(noted) => {
            let until = world.clock.now().plus(GOOD_FOR).rfc3339();
            writeln!(
                world.err,
                "Whoever opens this link first, and presses the button there, is the host on {}, for an hour. It is good once, \
                 until {until}, and any earlier one is worth nothing any more.\n",
                config.public_url.join(OwnPage::Admin.path())
            )?;
            let address = config.public_url.join("/admin/enter");
            writeln!(world.out, "{address}?link={}", link.expose())?;
            warn_of(noted, world)?;
            Ok(Exit::Done)
        }
        Err(error) => {
            world.fail(&format!("There is no link: {error}."))?;
            Ok(if let NoLink::Start(error) = &error { exit_after(error) } else { Exit::Failed })
        }
    }
}

async fn make(config: &Config, link: &Secret, now: Timestamp) -> Result<Noted, NoLink> {
    if config.hosts.is_empty() {
        return Err(NoLink::Off);
    }
    let store = open_beside(config)?;
    check_owner(config, &*store, now).await?;
    store.put_admin_link(AdminLink { hash: link.hash(), expires: now.plus(GOOD_FOR) }).await?;
    Ok(note(&*store, done_here(now, What::AdminLinkMade)).await)
}

/// Refuses what the service would refuse, as far as the file says who the owner is. Where only the token says so, the service
/// knows, and nobody here.
async fn check_owner(config: &Config, store: &dyn Store, now: Timestamp) -> Result<(), NoLink> {
    let servers = config.plex.as_ref().ok_or(NoLink::NoOwner)?.servers.as_slice();
    let Some(page) = OwnPage::Admin.client(&config.hosts) else { return Err(NoLink::Off) };
    let accepted: Vec<_> = servers.iter().filter_map(|server| Some(server.accepted(server.owner?))).collect();
    let are_all_known = accepted.len() == servers.len();
    let rules = house_rules(config, accepted);
    for server in &rules.accepted {
        let id = AccountId::Plex(server.owner);
        let known = store.user(id).await?;
        let account = known.map_or_else(|| Account::named(id, "the owner"), |known| known.person.account);
        let owner = rules.owner(account, now);
        if owner.is_some_and(|owner| decide(&owner, &page, &rules, now) == Decision::Allow) {
            return Ok(());
        }
    }
    if are_all_known { Err(NoLink::NotForOwner) } else { Ok(()) }
}
