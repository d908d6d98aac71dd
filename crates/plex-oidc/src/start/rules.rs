//! The rules of the house that a configuration asks for.

use plex_oidc_core::client::{Client, Clients};
use plex_oidc_core::decide::{AllowRule, HouseRules};
use plex_oidc_core::groups::Group;
use plex_oidc_core::id::AccountId;
use plex_oidc_core::membership::AcceptedServer;
use plex_oidc_core::own_page::OwnPage;

use super::StartError;
use crate::config::Config;

/// Refuses to keep out whoever owns one of these servers. Where the file says whose a server is, it was refused before.
pub(super) fn check_owners(config: &Config, accepted: &[AcceptedServer]) -> Result<(), StartError> {
    let mut owners = accepted.iter().map(|server| AccountId::Plex(server.owner));
    let blocked = owners.find(|owner| config.rules.blocked.contains(owner));
    blocked.map_or(Ok(()), |owner| Err(StartError::OwnerBlocked(owner)))
}

/// The clients that stand for pages of ours. The host's page asks about new browsers where anything does: else whoever waits for a
/// yes could give it there. Not where no owner, whom nothing asks, could be the host: nobody would be left to say yes.
pub(super) fn own_pages(config: &Config, accepted: &[AcceptedServer]) -> Clients {
    let is_owner = |rule: &AllowRule| match rule {
        AllowRule::Group(group) => *group == Group::owner() && !accepted.is_empty(),
        AllowRule::Account(account) => {
            accepted.iter().any(|server| *account == AccountId::Plex(server.owner))
        }
        AllowRule::Email(_) => false,
    };
    let of_apps = config.gateway.apps.0.iter().map(|app| app.audience.new_browsers);
    let asks = config.clients.iter().map(|client| client.new_browsers).chain(of_apps).max();
    let of_host = asks.filter(|_| config.hosts.iter().any(is_owner)).unwrap_or_default();
    let client = |page: OwnPage| {
        let client = page.client(&config.hosts)?;
        let new_browsers = if page == OwnPage::Admin { of_host } else { client.new_browsers };
        Some(Client { new_browsers, ..client })
    };
    OwnPage::ALL.into_iter().filter_map(client).collect()
}

/// The rules of the house in this configuration, which accepts these servers.
pub fn house_rules(config: &Config, accepted: Vec<AcceptedServer>) -> HouseRules {
    let rules = &config.rules;
    HouseRules {
        allow_managed_users: rules.allow_managed,
        require_confirmed_email: rules.require_confirmed_email,
        membership_lifetime: rules.membership_lifetime,
        local_accounts: config.local.enabled,
        accepted,
        groups: config.groups.clone(),
        blocked: rules.blocked.clone(),
        only: rules.only.clone(),
        require_two_factor: rules.require_two_factor,
        minimum_account_age: rules.minimum_account_age,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use plex_oidc_core::id::PlexAccountId;

    use super::*;
    use crate::config;

    #[test]
    fn an_owner_whom_only_the_token_names_is_not_kept_out_either() {
        let text = "public_url = \"https://auth.example.com\"\n[rules]\nblocked = [\"plex-7\"]\n\
                    [plex]\nserver = \"0123456789abcdef0123456789abcdef01234567\"\n";
        let token =
            BTreeMap::from([("PLEX_OIDC__PLEX__OWNER_TOKEN".to_owned(), "owner-token-of-plex".to_owned())]);
        let config = config::parse("plex-oidc.toml", text, Path::new(""), &token).unwrap().config;
        let accepted = |owner| vec![config.plex.as_ref().unwrap().servers[0].accepted(PlexAccountId(owner))];
        let refused = check_owners(&config, &accepted(7)).unwrap_err().to_string();
        assert!(refused.starts_with("rules.blocked has plex-7, which owns the server"), "{refused}");
        check_owners(&config, &accepted(8)).unwrap();
    }
}
