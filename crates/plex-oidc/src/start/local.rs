//! The local accounts that a configuration declares, and the groups that it knows.

use plex_oidc_core::groups::Group;
use plex_oidc_core::id::AccountId;
use plex_oidc_core::time::Timestamp;
use tracing::info;

use super::StartError;
use crate::config::Config;
use crate::store::Store;
use crate::store::records::{Declared, Ends, PutLocalAccount};

/// Has the store hold the accounts that the file declares, and no others that it once declared.
pub(super) async fn declare(store: &dyn Store, config: &Config, now: Timestamp) -> Result<(), StartError> {
    let accounts = config.local.accounts.iter().map(|declared| declared.to_record(now)).collect();
    match store.declare_local_accounts(accounts, now).await? {
        Declared::Stored { written: 0, removed: 0 } => {}
        Declared::Stored { written, removed } => {
            info!(written, removed, "the local accounts of the file were taken over");
        }
        Declared::Taken(id) => return Err(StartError::LocalTaken(AccountId::Local(id))),
    }
    take_groups(store, config, now).await
}

/// A group that the host took out of `local.groups` is nobody's any more.
async fn take_groups(store: &dyn Store, config: &Config, now: Timestamp) -> Result<(), StartError> {
    let known: Vec<Group> = config.local.groups.iter().cloned().chain([Group::local()]).collect();
    for before in store.local_accounts_beyond(known.clone()).await? {
        let mut after = before.clone();
        after.user.person.groups.retain(|group| known.contains(group));
        after.user.updated = now;
        let account = after.user.account_id();
        let put = PutLocalAccount { before: Some(before), after, ends: Ends::Nothing, now };
        let stored = store.put_local_account(put).await?;
        info!(%account, ?stored, "an account was in groups that are not in local.groups any more");
    }
    Ok(())
}
