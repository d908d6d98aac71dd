//! Accounts that the host keeps: whether they count, their groups, and those that the file declares.

use foldhash::{HashMap, HashMapExt as _};
use plex_oidc_core::account::Account;
use plex_oidc_core::decide::{AllowRule, Person, Standing};
use plex_oidc_core::gateway::Access;
use plex_oidc_core::groups::{Group, Groups};
use plex_oidc_core::id::{AccountId, LocalAccountId};
use plex_oidc_core::time::Timestamp;

use super::Config;
use super::groups::NAMES;
use super::reader::Reader;
use super::{schema, secrets};
use crate::store::records::{LocalAccount, UserRecord};
use crate::upstream::local::{PasswordHash, email, username};

/// What concerns local accounts.
#[derive(Debug, Clone, Default)]
pub struct LocalConfig {
    /// Whether people can sign in with a password.
    pub enabled: bool,
    /// The groups that local accounts can be in, besides the one that all are in.
    pub groups: Vec<Group>,
    /// The accounts that the file declares; ids, names and addresses are unique.
    pub accounts: Vec<DeclaredAccount>,
}

/// An account that the file declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredAccount {
    /// Who it is.
    pub person: Person,
    /// The name for signing in, in the one spelling that is compared.
    pub username: String,
    /// The e-mail address for signing in, likewise.
    pub email: Option<String>,
    /// The password's hash.
    pub password: Option<PasswordHash>,
}

impl DeclaredAccount {
    /// What the store is to hold of it, as of `now`.
    pub fn to_record(&self, now: Timestamp) -> LocalAccount {
        let mut person = self.person.clone();
        person.account.profile.get_or_insert_default().updated_at = Some(now);
        LocalAccount {
            user: UserRecord { person, updated: now },
            username: self.username.clone(),
            email: self.email.clone(),
            password_hash: self.password.as_ref().map(PasswordHash::to_text),
            declared: true,
        }
    }
}

/// A local person of these groups, about whom nothing is written down yet.
pub fn person(id: LocalAccountId, username: &str, groups: impl IntoIterator<Item = Group>) -> Person {
    let account = Account {
        username: Some(username.to_owned()),
        ..Account::named(AccountId::Local(id), username.to_owned())
    };
    let groups: Groups = groups.into_iter().chain([Group::local()]).collect();
    Person {
        account,
        groups,
        standing: Standing::Kept,
        shares: Vec::new(),
        marks: plex_oidc_core::decide::Marks::default(),
    }
}

pub(super) fn build(reader: &mut Reader<'_>) -> LocalConfig {
    let groups = reader.each("local.groups", |text| {
        Group::of_host(text).ok_or_else(|| {
            (format!("`{}` cannot be a group of yours", text.escape_debug()), NAMES.to_owned())
        })
    });
    let enabled = reader.flag("local.enabled");
    let accounts = accounts(reader, &groups);
    if !enabled && !accounts.is_empty() {
        let remedy = "Write below [local]: enabled = true.";
        reader.warn(
            reader.place("users"),
            "users",
            "nobody can sign in with a password while `local.enabled` is off",
            remedy,
        );
    }
    LocalConfig { enabled, groups, accounts }
}

/// Says so if people can sign in with a password and no list of those who may names any of them.
pub(super) fn warn_of_nowhere(reader: &mut Reader<'_>, config: &Config) {
    let names_them = |rule: &AllowRule| match rule {
        AllowRule::Group(group) => group.is_named_by_host(),
        AllowRule::Account(account) => matches!(account, AccountId::Local(_)),
        AllowRule::Email(_) => true,
    };
    let is_for_them = |rule: &AllowRule| {
        let own =
            config.groups.iter().find(|own| matches!(rule, AllowRule::Group(group) if *group == own.name));
        own.map_or_else(|| names_them(rule), |own| own.any.iter().chain(&own.all).any(names_them))
    };
    let of_clients = config.clients.iter().flat_map(|client| &client.allow);
    let apps = &config.gateway.apps.0;
    let of_apps = apps.iter().flat_map(|app| {
        let of_rules = app.rules.iter().filter_map(|rule| match &rule.access {
            Access::Only(audience) => Some(&audience.allow),
            Access::Bypass => None,
        });
        of_rules.chain([&app.audience.allow]).flatten()
    });
    if config.local.enabled && !of_clients.chain(of_apps).any(is_for_them) {
        let wrong = "whoever signs in with a password gets in nowhere";
        let remedy = "Name `local`, or a group of local.groups, in the `allow` of an application.";
        reader.warn(reader.place("local.enabled"), "local.enabled", wrong, remedy);
    }
}

fn accounts(reader: &mut Reader<'_>, groups: &[Group]) -> Vec<DeclaredAccount> {
    let (mut accounts, mut taken) = (Vec::new(), HashMap::new());
    for index in 0..reader.document.count("users") {
        let at = format!("users.{index}");
        let Some(account) = one(reader, &at, groups) else { continue };
        let (id, name) = (account.person.account.id.to_string(), account.username.clone());
        for (key, value) in [("id", Some(id)), ("username", Some(name)), ("claims", account.email.clone())] {
            let Some(value) = value else { continue };
            if let Some(other) = taken.insert(value.clone(), index) {
                let place = reader.place(&format!("users.{other}.id"));
                let wrong = format!("`{value}` belongs to the account at {place} already");
                let key = schema::join(&at, key);
                reader.refuse(reader.place(&key), &key, wrong, "Give each account its own.");
            }
        }
        accounts.push(account);
    }
    accounts
}

fn one(reader: &mut Reader<'_>, at: &str, known: &[Group]) -> Option<DeclaredAccount> {
    let key = |name: &str| schema::join(at, name);
    let id = reader.number(&key("id")).and_then(LocalAccountId::new);
    if id.is_none() {
        reader.missing(&key("id"), "Write a number that no other account has or had: id = 1.");
    }
    let name_key = key("username");
    let name = reader.needed_text(&name_key, "Write the name for signing in: username = \"robin\".");
    let name = name.and_then(|text| {
        let name = username(&text.value);
        if name.is_none() {
            let wrong = format!("`{}` cannot be a name for signing in", text.value.escape_debug());
            let remedy =
                "Write at most 64 letters, digits, `.`, `_` and `-`, and begin with a letter or a digit.";
            reader.refuse(text.place, &name_key, wrong, remedy);
        }
        name
    });
    let groups = groups(reader, &key("groups"), known);
    let password = password(reader, &key("password_hash"));
    let (id, username) = (id?, name?);
    let mut person = person(id, &username, groups);
    claims(reader, &key("claims"), &mut person.account);
    if !reader.flag(&key("enabled")) {
        person.standing = Standing::Ended;
    }
    let email = person.account.email.as_deref().and_then(email);
    Some(DeclaredAccount { person, username, email, password })
}

fn groups(reader: &mut Reader<'_>, key: &str, known: &[Group]) -> Vec<Group> {
    reader.each(key, |text| {
        known.iter().find(|group| group.as_str() == text).cloned().ok_or_else(|| {
            let remedy = "List it in local.groups, or name one that stands there.";
            (format!("there is no group `{}` of yours", text.escape_debug()), remedy.to_owned())
        })
    })
}

fn claims(reader: &mut Reader<'_>, key: &str, account: &mut Account) {
    for text in reader.texts(key) {
        let written =
            text.value.split_once('=').map(|(claim, value)| (claim, account.write_down(claim, value)));
        let (claim, wrong) = match written {
            Some((_, Ok(()))) => continue,
            Some((claim, Err(error))) => (claim, error.to_string()),
            None => (text.value.as_str(), "there is no `=`".to_owned()),
        };
        let remedy = "Write a claim, = and its value: \"name=Robin Example\". What is verified stands before email_verified=true.";
        reader.refuse(text.place.clone(), key, format!("`{}`: {wrong}", claim.escape_debug()), remedy);
    }
}

fn password(reader: &mut Reader<'_>, key: &str) -> Option<PasswordHash> {
    let secret = reader.secret(key)?;
    let hash = secrets::lines(&secret.value).next().and_then(PasswordHash::parse);
    if hash.is_none() {
        let remedy = "Make one with `plex-oidc user hash`, and copy the line whole.";
        reader.refuse(secret.place, key, "there is no password hash of ours in it", remedy);
    }
    hash
}
