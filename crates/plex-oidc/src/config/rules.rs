//! House rules, for every application: `[rules]`.

use std::collections::BTreeSet;

use plex_oidc_core::decide::AllowRule;
use plex_oidc_core::id::AccountId;

use super::reader::Reader;
use super::{PlexConfig, Rules};

pub(super) fn build(reader: &mut Reader<'_>, plex: Option<&PlexConfig>) -> Rules {
    let blocked = blocked(reader, plex);
    let only = only(reader, &blocked);
    Rules {
        allow_managed: reader.flag("rules.allow_managed"),
        require_confirmed_email: reader.flag("rules.require_confirmed_email"),
        membership_lifetime: reader.length("rules.membership_lifetime"),
        require_two_factor: reader.flag("rules.require_two_factor"),
        minimum_account_age: reader.length("rules.minimum_account_age"),
        blocked,
        only,
    }
}

/// Whoever owns a server is refused here. Where the file does not say who that is, the start refuses it.
fn blocked(reader: &mut Reader<'_>, plex: Option<&PlexConfig>) -> BTreeSet<AccountId> {
    let servers = plex.map(|plex| plex.servers.as_slice()).unwrap_or_default();
    let owners: BTreeSet<_> = servers.iter().filter_map(|server| server.owner).map(AccountId::Plex).collect();
    let entries = reader.each("rules.blocked", |text| {
        let account = account(text)?;
        if owners.contains(&account) {
            let wrong = format!("`{account}` owns the server, and the owner is never locked out");
            return Err((wrong, "Take the owner out of the list.".to_owned()));
        }
        Ok(account)
    });
    entries.into_iter().collect()
}

fn only(reader: &mut Reader<'_>, blocked: &BTreeSet<AccountId>) -> Option<BTreeSet<AccountId>> {
    let key = "rules.only";
    if !reader.is_set(key) {
        return None;
    }
    let accounts: BTreeSet<_> = reader.each(key, account).into_iter().collect();
    if reader.texts(key).is_empty() {
        let remedy = "Remove the key to let in everybody the server is shared with, or list who may.";
        reader.warn(reader.place(key), key, "is empty, so nobody but the owner comes in", remedy);
    }
    if let Some(both) = accounts.intersection(blocked).next() {
        let wrong = format!("`{both}` is in rules.blocked as well, and stays out");
        reader.warn(reader.place(key), key, wrong, "Take the account out of one of the two.");
    }
    Some(accounts)
}

fn account(text: &str) -> Result<AccountId, (String, String)> {
    match AllowRule::parse(text) {
        Some(AllowRule::Account(account)) => Ok(account),
        _ => Err((
            format!("`{}` is not an account", text.escape_debug()),
            "Write plex-<account id> or local-<number>: names and addresses can change. `plex-oidc user list` shows those \
             of local accounts, and the log those of whoever signs in."
                .to_owned(),
        )),
    }
}
