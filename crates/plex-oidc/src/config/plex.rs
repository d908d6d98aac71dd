//! `[plex]`: the servers whose people may come in, and how it is known that they still may.

use std::path::PathBuf;

use plex_oidc_core::groups::ServerName;
use plex_oidc_core::id::{MachineId, PlexAccountId};
use plex_oidc_core::membership::AcceptedServer;
use plex_oidc_core::time::Seconds;
use secrecy::SecretString;

use super::reader::Reader;

/// What concerns Plex.
#[derive(Debug, Clone)]
pub struct PlexConfig {
    /// The servers whose people may come in; never empty.
    pub servers: Vec<PlexServer>,
    /// The owner's token.
    pub owner_token: Option<SecretString>,
    /// The file with it, if it is in one.
    pub owner_token_file: Option<PathBuf>,
    /// How people are looked after by tokens of their own, if that is wanted.
    pub own_tokens: Option<OwnTokens>,
    /// The most requests in an hour that this program makes by itself.
    pub requests_per_hour: u32,
    /// The product name in headers to Plex and on its page.
    pub product: String,
    /// Where Plex is.
    pub urls: PlexUrls,
    /// Further certificate authorities (PEM) for connections to Plex.
    pub extra_ca_file: Option<PathBuf>,
}

/// Looking after people by the token of each one's last sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnTokens {
    /// How often Plex is asked about each of them.
    pub every: Seconds,
}

/// A Plex server whose people may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlexServer {
    /// Its machine identifier.
    pub machine: MachineId,
    /// The owning account. `None` only if there is an owner token to ask with.
    pub owner: Option<PlexAccountId>,
    /// Its name for people.
    pub name: Option<String>,
    /// What it is called in groups; nothing where it is the only one.
    pub group_name: Option<ServerName>,
}

impl PlexServer {
    /// This server, with its owner known.
    pub fn accepted(&self, owner: PlexAccountId) -> AcceptedServer {
        AcceptedServer { machine: self.machine.clone(), owner, name: self.group_name.clone() }
    }
}

/// Base addresses of Plex's hosts, without a trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlexUrls {
    /// Accounts and sharing.
    pub plex_tv: String,
    /// PINs and resources.
    pub clients: String,
    /// The page on which people approve.
    pub app: String,
}

/// What `plex.recheck_with` says where people's own tokens are kept.
const OWN_TOKENS: &str = "own-tokens";

/// How people are looked after without the owner's token.
pub(super) fn own_tokens(reader: &mut Reader<'_>, has_owner_token: bool) -> Option<OwnTokens> {
    const KEY: &str = "plex.recheck_with";
    if reader.word(KEY) != Some(OWN_TOKENS) {
        return None;
    }
    if has_owner_token {
        let wrong = "there is the owner's token too, and with it nobody's own is needed";
        let remedy = "Remove `plex.recheck_with`, or the owner's token.";
        reader.refuse(reader.place(KEY), KEY, wrong, remedy);
    }
    reader.ordered("plex.own_tokens_every", "rules.membership_lifetime");
    Some(OwnTokens { every: reader.length("plex.own_tokens_every") })
}
