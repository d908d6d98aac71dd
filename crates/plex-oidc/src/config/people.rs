//! Lists of people in the configuration: groups, accounts and e-mail addresses. A group that nobody can ever be in is
//! refused: in a `deny` it would keep nobody out.

use plex_oidc_core::decide::{AllowRule, NewBrowsers};
use plex_oidc_core::groups::{Group, ServerName};

use super::reader::Reader;
use super::{LocalConfig, PlexServer};

/// What can stand in a list, where there are no local accounts.
const FORMS: &str = "Write plex-owner, plex-home, plex-friend, plex-managed, plex-library:<key>, plex-downloads, plex-livetv, plex-pass, plex-2fa, \
                     plex-<account id>, or an e-mail address.";

/// As many digits of the machine identifier stand for a server that has no name.
const DIGITS: usize = 8;

/// What is done when somebody comes from a new browser.
pub(super) fn new_browsers(reader: &Reader<'_>, key: &str) -> NewBrowsers {
    match reader.word(key) {
        Some("ask-host") => NewBrowsers::AskHost,
        _ => NewBrowsers::Allow,
    }
}

/// Which groups there can be.
#[derive(Debug, Clone)]
pub(super) struct KnownGroups {
    /// Whether it can be asked what is shared.
    shares: bool,
    /// The servers, where there are several.
    servers: Vec<ServerName>,
    /// Those of local accounts, where there are such.
    local: Option<Vec<Group>>,
    /// Those that the host makes of others.
    own: Vec<Group>,
}

impl KnownGroups {
    pub(super) fn new(
        servers: &[PlexServer],
        has_owner_token: bool,
        local: &LocalConfig,
        own: Vec<Option<Group>>,
    ) -> Self {
        let names = servers.iter().filter_map(|server| server.group_name.clone());
        let of_local = || local.groups.iter().cloned().chain([Group::local()]).collect();
        Self {
            shares: has_owner_token,
            servers: names.collect(),
            local: local.enabled.then(of_local),
            own: own.into_iter().flatten().collect(),
        }
    }

    fn check_named_by_host(&self, group: &Group) -> Result<(), (String, String)> {
        let wrong = format!(
            "`{}` is neither a group nor an account nor an e-mail address",
            group.as_str().escape_debug()
        );
        let remedy = match &self.local {
            _ if self.own.contains(group) => return Ok(()),
            Some(known) if known.contains(group) => return Ok(()),
            Some(_) => {
                "Make it in `[[groups]]`, or list it in local.groups, if it is one of yours; if not, look at its \
                 spelling."
            }
            None if self.own.is_empty() => FORMS,
            None => "Make it in `[[groups]]` if it is one of yours; if not, look at its spelling.",
        };
        Err((wrong, remedy.to_owned()))
    }

    fn check(&self, rule: &AllowRule) -> Result<(), (String, String)> {
        let AllowRule::Group(group) = rule else { return Ok(()) };
        let Some(meaning) = group.meaning() else { return self.check_named_by_host(group) };
        let is_of_share = meaning.about.part().is_some();
        if is_of_share && !self.shares {
            let remedy =
                "Fetch one with `plex-oidc init` and write plex.owner_token_file, or name whole groups.";
            return Err((format!("`{group}` needs the owner's token, and there is none"), remedy.to_owned()));
        }
        let kind = group.as_str().split(':').next().unwrap_or_default();
        let key = meaning.library().map(|key| format!(":{key}")).unwrap_or_default();
        let each = || {
            let names = self.servers.iter().map(|server| format!("{kind}:{server}{key}"));
            names.collect::<Vec<_>>().join(" or ")
        };
        match &meaning.server {
            Some(_) if self.servers.is_empty() => {
                let wrong = format!("`{group}` names a server, and there is only one");
                Err((wrong, format!("Write {kind}{key}.")))
            }
            Some(name) if !self.servers.contains(name) => Err((
                format!("`{group}` names a server that is not in `[[plex.servers]]`"),
                format!("Write {}.", each()),
            )),
            None if is_of_share && !self.servers.is_empty() => {
                let why = match meaning.library() {
                    Some(_) => "each has a library of that number",
                    None => "what is allowed on one need not be on another",
                };
                Err((format!("`{group}` does not say of which server: {why}"), format!("Write {}.", each())))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// Gives each of several servers its name in groups.
pub(super) fn name_servers(reader: &mut Reader<'_>, servers: &mut [PlexServer]) {
    if servers.len() < 2 {
        return;
    }
    let mut taken: Vec<ServerName> = Vec::new();
    for (index, server) in servers.iter_mut().enumerate() {
        let digits = server.machine.as_str().get(..DIGITS).unwrap_or_default();
        let name = server.name.as_deref().and_then(ServerName::of).or_else(|| ServerName::of(digits));
        let Some(name) = name else { continue };
        if taken.contains(&name) {
            let key = format!("plex.servers.{index}.name");
            let wrong = format!("two servers are called `{name}` in groups");
            reader.refuse(reader.place(&key), &key, wrong, "Give each server a name of its own.");
        }
        taken.push(name.clone());
        server.group_name = Some(name);
    }
}

/// Reads a list of groups, accounts and e-mail addresses.
pub(super) fn read(reader: &mut Reader<'_>, key: &str) -> Vec<AllowRule> {
    let groups = reader.groups.take(); // not cloned: there may be thousands of lists
    let people = reader.each(key, |text| entry(text, groups.as_ref()));
    reader.groups = groups;
    people
}

/// Reads one entry of such a list.
pub(super) fn entry(text: &str, groups: Option<&KnownGroups>) -> Result<AllowRule, (String, String)> {
    let rule = AllowRule::parse(text).ok_or_else(|| {
        let wrong =
            format!("`{}` is neither a group nor an account nor an e-mail address", text.escape_debug());
        (wrong, FORMS.to_owned())
    })?;
    groups.map_or(Ok(()), |groups| groups.check(&rule))?;
    Ok(rule)
}

/// Says so if a list of those who may is empty.
pub(super) fn warn_of_nobody(reader: &mut Reader<'_>, key: &str) {
    if reader.is_set(key) && reader.texts(key).is_empty() {
        let remedy = "Remove the key to let in everybody the server is shared with, or list who may.";
        reader.warn(reader.place(key), key, "is empty, so nobody may use this application", remedy);
    }
}
