//! Values that the tests of this crate share.

use std::collections::BTreeSet;

use crate::account::{Account, PlexFacts};
use crate::client::{Client, ClientAuthMethod};
use crate::decide::{AllowRule, HouseRules, Marks, Person, Standing};
use crate::groups::{Group, Groups};
use crate::id::{AccountId, ClientId, LocalAccountId, MachineId, PlexAccountId};
use crate::membership::AcceptedServer;
use crate::redirect::RedirectUri;
use crate::scope::{Scope, ScopeSet};
use crate::secret::{SecretHash, SecretKind};
use crate::time::{Seconds, Timestamp};

pub(crate) const REDIRECT_URI: &str = "https://rp.example/cb?a=b";

/// A confidential client `id` whose secret is `secret of <id>`.
pub(crate) fn client(id: &str) -> Client {
    let friends = vec![AllowRule::Group(Group::friend())];
    Client {
        auth_method: ClientAuthMethod::ClientSecretBasic,
        secrets: vec![SecretHash::of(SecretKind::ClientSecret, &format!("secret of {id}"))],
        redirect_uris: vec![RedirectUri::register(REDIRECT_URI).unwrap()],
        scopes: Scope::ALL.into_iter().collect::<ScopeSet>(),
        rotate_refresh_tokens: false,
        access_token_lifetime: Seconds(3600),
        id_token_lifetime: Seconds(3600),
        ..Client::of_ours(ClientId::parse(id).unwrap(), format!("Application {id}"), friends)
    }
}

/// A public client.
pub(crate) fn public_client(id: &str) -> Client {
    Client {
        auth_method: ClientAuthMethod::None,
        secrets: Vec::new(),
        pkce_required: true,
        rotate_refresh_tokens: true,
        ..client(id)
    }
}

/// The host's server.
pub(crate) fn server() -> AcceptedServer {
    let machine = MachineId::parse(&"a".repeat(40)).unwrap();
    AcceptedServer { machine, owner: PlexAccountId(1), name: None }
}

/// The usual rules.
pub(crate) fn house() -> HouseRules {
    HouseRules {
        allow_managed_users: false,
        require_confirmed_email: true,
        membership_lifetime: Seconds::days(1),
        local_accounts: false,
        accepted: vec![server()],
        groups: Vec::new(),
        blocked: BTreeSet::new(),
        only: None,
        require_two_factor: false,
        minimum_account_age: Seconds(0),
    }
}

/// A friend of the host.
pub(crate) fn friend() -> Person {
    let mut groups = Groups::new();
    groups.insert(Group::friend());
    Person {
        account: Account {
            username: Some("pat".into()),
            email: Some("pat@example.com".into()),
            email_confirmed: true,
            facts: PlexFacts {
                plex_pass: Some(false),
                two_factor: Some(false),
                joined_at: Some(Timestamp(-31_536_000)),
            },
            ..Account::named(AccountId::Plex(PlexAccountId(42)), "Pat")
        },
        groups,
        standing: Standing::Member { confirmed_at: Timestamp(0), through: vec![server()] },
        shares: Vec::new(),
        marks: Marks::default(),
    }
}

/// Somebody with the same name and address whose account the host keeps.
pub(crate) fn kept() -> Person {
    let friend = friend();
    Person {
        account: Account {
            id: AccountId::Local(LocalAccountId::new(7).unwrap()),
            facts: PlexFacts::default(),
            ..friend.account
        },
        groups: Groups::new(),
        standing: Standing::Kept,
        shares: Vec::new(),
        marks: Marks::default(),
    }
}
