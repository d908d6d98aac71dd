//! Owns reading the lists of servers, shares and libraries. Lists decide who loses access, so no row is skipped silently: it
//! would look like a share that ended. One unreadable row refuses the whole list, but that of what an account can reach,
//! which may hold any number of servers that are nothing to us: there it is told apart.

use plex_oidc_core::id::{MachineId, PlexAccountId};
use plex_oidc_core::membership::Share;

use super::fields::{Fields, json_rows};
use super::{MAX_LIST, Malformed, json, json_within, token, with_object, with_xml, with_xml_within};
use crate::{Library, Resources, Server, Unreadable};

/// Reads the servers among an account's resources (JSON). Players and phones are left out, and so is what names itself
/// a server without the identifier of one.
pub fn parse_resources(body: &[u8]) -> Result<Resources, Malformed> {
    let value = json(body)?;
    Ok(resources(json_rows(&value).ok_or(Malformed::Document)?))
}

/// Reads the servers among an account's resources (XML).
pub fn parse_resources_xml(body: &[u8]) -> Result<Resources, Malformed> {
    with_xml(body, |root| match root.tag_name().name() {
        "resources" => Ok(resources(Fields::Xml(root).list("resource")?)),
        "MediaContainer" => Ok(resources(complete_rows(root, "Device")?)),
        _ => Err(Malformed::Document),
    })
}

fn resources(rows: Vec<Fields>) -> Resources {
    let mut resources = Resources::default();
    for row in rows {
        match (server(row), row.machine("clientIdentifier")) {
            (Ok(server), _) => resources.servers.extend(server),
            (Err(_), Ok(None)) => {} // whatever it is, it is not a server of ours
            (Err(why), machine) => {
                resources.unreadable.push(Unreadable { machine: machine.ok().flatten(), why });
            }
        }
    }
    resources
}

/// `None` for a resource that is not a server.
fn server(row: Fields) -> Result<Option<Server>, Malformed> {
    if !row.mentions("provides") {
        return Err(Malformed::Field("provides"));
    }
    if !row.text("provides").is_some_and(|list| list.split(',').any(|what| what.trim() == "server")) {
        return Ok(None);
    }
    let owner_id = match row.number("ownerId")? {
        Some(id) => Some(id),
        None => row.number("ownerID")?,
    };
    let Some(machine) = row.machine("clientIdentifier")? else { return Ok(None) };
    Ok(Some(Server {
        machine,
        name: row.text("name").unwrap_or_default(),
        owned: row.flag("owned")?,
        home: row.flag("home")?,
        owner: owner_id.filter(|id| *id != 0).map(PlexAccountId),
        access_token: token(row, "accessToken")?,
    }))
}

/// Reads the accepted shares of all servers of the owner (JSON: `shared_servers/owned/accepted`).
pub fn parse_shares_json(body: &[u8]) -> Result<Vec<Share>, Malformed> {
    let value = json_within(body, MAX_LIST)?;
    let rows = json_rows(&value).ok_or(Malformed::Document)?;
    rows.into_iter().filter_map(|row| accepted_share(row).transpose()).collect()
}

/// `None` for a share that is not accepted, has ended, or was sent to an e-mail without an account.
fn accepted_share(row: Fields) -> Result<Option<Share>, Malformed> {
    if !row.mentions("accepted") {
        return Err(Malformed::Field("accepted"));
    }
    let ended = row.holds("deletedAt") || row.holds("leftAt");
    if !row.flag("accepted")? || ended {
        return Ok(None);
    }
    let account_id = match (row.number("invitedId")?, row.nested("invited")) {
        (Some(id), _) => Some(id),
        (None, Some(invited)) => invited.number("id")?,
        (None, None) => None,
    };
    let Some(account_id) = account_id.filter(|id| *id != 0) else {
        return if row.holds("invitedEmail") { Ok(None) } else { Err(Malformed::Field("invitedId")) };
    };
    let Some(machine) = row.machine("machineIdentifier")? else { return Ok(None) };
    let settings = row.nested("sharingSettings");
    let libraries = row.list("libraries")?;
    Ok(Some(Share {
        account: PlexAccountId(account_id),
        machine,
        all_libraries: row.flag("allLibraries")?,
        library_keys: libraries.into_iter().map(|library| library.id("key")).collect::<Result<_, _>>()?,
        libraries_known: row.mentions("libraries"),
        allow_sync: settings.map_or(Ok(false), |settings| settings.flag("allowSync"))?,
        allow_tuners: settings.map_or(Ok(false), |settings| settings.flag_or_level("allowTuners"))?,
        permissions_known: settings.is_some_and(tells_permissions),
    }))
}

/// Reads the shares of one server (XML: `servers/{machine}/shared_servers`). The document does not reliably say which
/// server it is about, so the caller says it.
pub fn parse_shares_xml(body: &[u8], machine: &MachineId) -> Result<Vec<Share>, Malformed> {
    with_xml_within(body, MAX_LIST, |root| {
        let rows = complete_rows(root, "SharedServer")?;
        rows.into_iter().filter_map(|row| listed_share(row, machine).transpose()).collect()
    })
}

/// `None` for an invitation that was not accepted yet.
fn listed_share(row: Fields, machine: &MachineId) -> Result<Option<Share>, Malformed> {
    if !row.mentions("acceptedAt") || row.text("acceptedAt").is_none_or(|moment| moment == "0") {
        return Ok(None);
    }
    let mut library_keys = Vec::new();
    for section in row.list("Section")? {
        if section.flag("shared")? {
            library_keys.push(section.id("key")?);
        }
    }
    Ok(Some(Share {
        account: PlexAccountId(row.id("userID")?),
        machine: machine.clone(),
        all_libraries: row.flag("allLibraries")?,
        library_keys,
        libraries_known: true,
        allow_sync: row.flag("allowSync")?,
        allow_tuners: row.flag_or_level("allowTuners")?,
        permissions_known: tells_permissions(row),
    }))
}

fn tells_permissions(row: Fields) -> bool {
    row.holds("allowSync") && row.holds("allowTuners")
}

/// Reads the shares out of the list of everybody the owner is connected with (XML: `/api/users`). It also names people
/// with whom nothing is shared, pending invitations, and servers of others; none of these is a share.
pub fn parse_users_xml(body: &[u8]) -> Result<Vec<Share>, Malformed> {
    with_xml_within(body, MAX_LIST, |root| {
        let mut shares = Vec::new();
        for user in complete_rows(root, "User")? {
            for server in user.list("Server")? {
                let owned = !server.mentions("owned") || server.flag("owned")?;
                if owned && !server.flag("pending")? {
                    shares.extend(connected_share(user, server)?);
                }
            }
        }
        Ok(shares)
    })
}

fn connected_share(user: Fields, server: Fields) -> Result<Option<Share>, Malformed> {
    let Some(machine) = server.machine("machineIdentifier")? else { return Ok(None) };
    Ok(Some(Share {
        account: PlexAccountId(user.id("id")?),
        machine,
        all_libraries: server.flag("allLibraries")?,
        library_keys: Vec::new(),
        libraries_known: false,
        allow_sync: user.flag("allowSync")?,
        allow_tuners: user.flag_or_level("allowTuners")?,
        permissions_known: false, // said of the person, whatever server it is about
    }))
}

/// Reads who lives in a Plex Home (JSON): a document of its own, or nothing but the list.
pub fn parse_home(body: &[u8]) -> Result<Vec<PlexAccountId>, Malformed> {
    let value = json(body)?;
    let rows = match value.get("users") {
        Some(users) => json_rows(users).ok_or(Malformed::Field("users"))?,
        None => json_rows(&value).ok_or(Malformed::Document)?,
    };
    residents(rows)
}

/// Reads who lives in a Plex Home (XML), in either of its two spellings.
pub fn parse_home_xml(body: &[u8]) -> Result<Vec<PlexAccountId>, Malformed> {
    with_xml(body, |root| match root.tag_name().name() {
        "home" => {
            let users = Fields::Xml(root).nested("users").ok_or(Malformed::Field("users"))?;
            residents(users.list("user")?)
        }
        _ => residents(complete_rows(root, "User")?),
    })
}

fn residents(rows: Vec<Fields>) -> Result<Vec<PlexAccountId>, Malformed> {
    rows.into_iter().map(|row| row.id("id").map(PlexAccountId)).collect()
}

/// Reads the libraries of a server (JSON). Plex sometimes answers with only some of them.
pub fn parse_libraries(body: &[u8]) -> Result<Vec<Library>, Malformed> {
    with_object(body, |server| {
        if !server.mentions("librarySections") {
            return Err(Malformed::Field("librarySections"));
        }
        libraries(server.list("librarySections")?)
    })
}

/// Reads the libraries of a server (XML).
pub fn parse_libraries_xml(body: &[u8]) -> Result<Vec<Library>, Malformed> {
    with_xml(body, |root| {
        let server = complete_rows(root, "Server")?.into_iter().next();
        libraries(server.ok_or(Malformed::Document)?.list("Section")?)
    })
}

fn libraries(rows: Vec<Fields>) -> Result<Vec<Library>, Malformed> {
    rows.into_iter()
        .map(|row| {
            Ok(Library {
                key: row.id("key")?,
                title: row.text("title").unwrap_or_default(),
                kind: row.required_text("type")?,
            })
        })
        .collect()
}

/// The rows of a container, if there are as many as it announces: a page of a longer list is not the list.
fn complete_rows<'a>(root: roxmltree::Node<'a, 'a>, tag: &'static str) -> Result<Vec<Fields<'a>>, Malformed> {
    if !root.has_tag_name("MediaContainer") {
        return Err(Malformed::Document);
    }
    let container = Fields::Xml(root);
    let rows = container.list(tag)?;
    let held = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let announced = container.number("totalSize")?.max(container.number("size")?);
    if announced.is_some_and(|announced| announced > held) { Err(Malformed::Incomplete) } else { Ok(rows) }
}
