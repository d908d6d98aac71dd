//! The applications behind the gateway and their rules.

use std::collections::BTreeMap;

use plex_oidc_core::client::PlexTokenClaim;
use plex_oidc_core::decide::{Audience, NewBrowsers};
use plex_oidc_core::gateway::{
    Access, GatewayApp, HeaderSet, Host, HostPattern, IdentityField, Method, PathPattern, PathRule,
};
use plex_oidc_core::gateway::{handover, header_name};
use plex_oidc_core::issuer::Issuer;
use url::Url;

use super::raw::Located;
use super::reader::{Reader, without_user};
use super::{clients, gateway, people, schema};

/// In which an application is handed a Plex token, if no other is written.
const PLEX_TOKEN_HEADER: &str = "X-Plex-Token";

/// Builds every application that can be built; what is wrong with the others is said to `reader`.
pub(super) fn build(reader: &mut Reader<'_>, public_url: Option<&Issuer>) -> Vec<GatewayApp> {
    let own = public_url
        .and_then(|issuer| Url::parse(issuer.as_str()).ok())
        .and_then(|url| Host::parse(url.host_str()?));
    let mut earlier = Earlier { own, hosts: Vec::new(), names: BTreeMap::new() };
    let count = reader.document.count("apps");
    (0..count).filter_map(|index| one(reader, &format!("apps.{index}"), &mut earlier)).collect()
}

/// What the applications before this one have taken.
struct Earlier {
    /// The host of `public_url`, which is ours.
    own: Option<Host>,
    /// Each host with the place of its application.
    hosts: Vec<(HostPattern, String)>,
    /// Each name with the place of its application.
    names: BTreeMap<String, String>,
}

fn one(reader: &mut Reader<'_>, at: &str, earlier: &mut Earlier) -> Option<GatewayApp> {
    let key = |name: &str| schema::join(at, name);
    let hosts = hosts(reader, at, earlier);
    let name = name(reader, at, &hosts, earlier);
    let allow = people::read(reader, &key("allow"));
    people::warn_of_nobody(reader, &key("allow"));
    let door = name.as_deref().and_then(handover::client_of);
    let new_browsers = new_browsers(reader, at);
    let audience = Audience { allow, deny: people::read(reader, &key("deny")), door, new_browsers };
    let mut headers = headers(reader, at);
    let plex_token = plex_token(reader, at, &mut headers);
    let rules = rules(reader, at, &audience);
    Some(GatewayApp {
        name: name?,
        hosts,
        rules,
        audience,
        preflight: reader.flag(&key("preflight")),
        headers,
        plex_token,
    })
}

/// Which Plex token it is handed, and in which header.
fn plex_token(reader: &mut Reader<'_>, at: &str, headers: &mut HeaderSet) -> Option<PlexTokenClaim> {
    let (key, header_key) = (format!("{at}.plex_token"), format!("{at}.plex_token_header"));
    let claim = clients::plex_token(reader, &key, false);
    if claim.is_none() {
        if reader.is_set(&header_key) {
            let remedy = "Write plex_token = \"server\" too, or remove the key.";
            reader.refuse(reader.place(&header_key), &header_key, "there is no Plex token to send", remedy);
        }
        return None;
    }
    if reader.is_set(&format!("{at}.access_team")) {
        let wrong = "behind Cloudflare Access, a Plex token comes as a claim";
        let remedy = "Remove it here, and write access_claims = [\"X-Plex-Token=plex_token\"].";
        reader.refuse(reader.place(&key), &key, wrong, remedy);
    }
    let usual = || Located { value: PLEX_TOKEN_HEADER.to_owned(), place: reader.place(&key) };
    let name = reader.text(&header_key).unwrap_or_else(usual);
    let checked = named(&name.value).and_then(|()| unused(&name.value, &headers.0));
    if let Err((wrong, remedy)) = checked {
        reader.refuse(name.place, &header_key, wrong, remedy);
    }
    headers.0.push((name.value, IdentityField::PlexToken));
    claim
}

/// Cloudflare Access does not say in which browser somebody is.
fn new_browsers(reader: &mut Reader<'_>, at: &str) -> NewBrowsers {
    let key = format!("{at}.new_browsers");
    let policy = people::new_browsers(reader, &key);
    if policy == NewBrowsers::AskHost && reader.is_set(&format!("{at}.access_team")) {
        let wrong = "Cloudflare Access does not say in which browser somebody is";
        let remedy = "Remove it here, and write it in the [[clients]] entry of Cloudflare Access.";
        reader.refuse(reader.place(&key), &key, wrong, remedy);
    }
    policy
}

/// Reads `host` or `hosts`, and says what others have taken.
fn hosts(reader: &mut Reader<'_>, at: &str, earlier: &mut Earlier) -> Vec<HostPattern> {
    let (single, several) = (format!("{at}.host"), format!("{at}.hosts"));
    if reader.is_set(&single) && reader.is_set(&several) {
        let remedy = "Keep `hosts`, with all of them in it.";
        reader.refuse(reader.place(&single), &single, "there is also `hosts`", remedy);
    }
    let key = if reader.is_set(&several) { &several } else { &single };
    let texts = if reader.is_set(&several) {
        reader.texts(&several).to_vec()
    } else {
        reader.text(&single).into_iter().collect()
    };
    if texts.is_empty() && !reader.document.broken.contains(&several) {
        let remedy =
            "Write the host under which browsers reach the application: host = \"wiki.example.com\".";
        if reader.is_set(key) {
            reader.refuse(reader.place(key), key, "is empty", remedy);
        } else {
            reader.missing(key, remedy);
        }
    }
    let named = reader.is_set(&format!("{at}.name"));
    let mut hosts = Vec::new();
    for text in texts {
        let checked = host(&text.value).and_then(|host| {
            free(&host, named, earlier)?;
            if hosts.contains(&host) {
                return Err((format!("`{host}` is listed twice"), "Remove one of the two.".to_owned()));
            }
            Ok(host)
        });
        match checked {
            Ok(host) => hosts.push(host),
            Err((wrong, remedy)) => reader.refuse(text.place, key, wrong, remedy),
        }
    }
    earlier.hosts.extend(hosts.iter().map(|host| (host.clone(), at.to_owned())));
    hosts
}

fn host(text: &str) -> Result<HostPattern, (String, String)> {
    HostPattern::parse(text).ok_or_else(|| {
        let in_it = Url::parse(text).ok().and_then(|url| Some(url.host_str()?.to_owned()));
        let remedy = match in_it.or_else(|| Some(Host::parse_with_port(text)?.0.to_string())) {
            Some(host) => format!("Write the host alone: \"{host}\"."),
            None => "Write a host such as \"wiki.example.com\", or \"*.example.com\" for every host one label below."
                .to_owned(),
        };
        (format!("`{}` is not a host", without_user(text)), remedy)
    })
}

/// Whether this host may be given to an application that the host has or has not `named`.
fn free(host: &HostPattern, named: bool, earlier: &Earlier) -> Result<(), (String, String)> {
    if let (HostPattern::Exact(host), Some(own)) = (host, &earlier.own)
        && host == own
    {
        let wrong = format!("`{host}` is the host of `public_url`, which people sign in at");
        return Err((wrong, "Give the application, or this program, a host of its own.".to_owned()));
    }
    match earlier.hosts.iter().find(|(other, _)| other == host) {
        Some((_, at)) if !named => {
            let wrong = format!("`{host}` is already a host of {at}");
            let remedy = "Write the rules of a host in one application; or give this one a `name`, by which the proxy \
                          asks for it: /authz/app/NAME/forward-auth.";
            Err((wrong, remedy.to_owned()))
        }
        _ => Ok(()),
    }
}

fn name(reader: &mut Reader<'_>, at: &str, hosts: &[HostPattern], earlier: &mut Earlier) -> Option<String> {
    let key = format!("{at}.name");
    let name = match (reader.text(&key), hosts.first()) {
        (Some(text), _) => text,
        (None, Some(host)) => {
            let value = host.to_string().trim_start_matches("*.").to_owned();
            Located { value, place: reader.place(&key) }
        }
        (None, None) => return None, // the host is missing or wrong, which has been said
    };
    if !is_name(&name.value) {
        let wrong = format!("`{}` cannot be the name of an application", name.value.escape_debug());
        let remedy =
            "Write at most 128 lower-case letters, digits, hyphens, dots and underscores: name = \"wiki\".";
        reader.refuse(name.place, &key, wrong, remedy);
        return None;
    }
    if let Some(other) = earlier.names.insert(name.value.clone(), at.to_owned()) {
        let wrong = format!("`{}` is already the name of {other}", name.value);
        reader.refuse(name.place, &key, wrong, "Give each application a name of its own.");
    }
    Some(name.value)
}

fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_');
    (1..=128).contains(&text.len()) && text.bytes().all(plain)
}

/// The headers about people: one of the usual sets, or the host's own.
fn headers(reader: &mut Reader<'_>, at: &str) -> HeaderSet {
    let (set_key, key) = (format!("{at}.identity_headers"), format!("{at}.headers"));
    let set = reader.word(&set_key).unwrap_or_default();
    let custom = set == "custom";
    if custom && reader.texts(&key).is_empty() {
        reader.missing(&key, "Write the headers that the application reads: headers = [\"X-User=user\"].");
    }
    if !custom && reader.is_set(&key) {
        let remedy = "Write identity_headers = \"custom\", or remove the list.";
        reader.refuse(reader.place(&key), &key, format!("`identity_headers` is \"{set}\""), remedy);
    }
    if let Some(preset) = HeaderSet::preset(set) {
        return preset;
    }
    let mut headers: Vec<(String, IdentityField)> = Vec::new();
    for text in reader.texts(&key) {
        let header = header(text).and_then(|(name, field)| {
            let field = IdentityField::parse(field).ok_or_else(|| {
                let remedy = "Write one of user, subject, username, name, email, groups and groups-by-bar.";
                (format!("`{}` is nothing that we know of people", field.escape_debug()), remedy.to_owned())
            })?;
            unused(name, &headers)?;
            Ok((name.to_owned(), field))
        });
        match header {
            Ok((name, field)) => {
                if field == IdentityField::Username {
                    let remedy =
                        format!("Write \"{name}=user\", or be sure that {name} says nobody who it is.");
                    reader.warn(text.place.clone(), &key, gateway::RENAMES, &remedy);
                }
                headers.push((name, field));
            }
            Err((wrong, remedy)) => reader.refuse(text.place.clone(), &key, wrong, remedy),
        }
    }
    HeaderSet(headers)
}

/// Reads `Name=word`, with a name that a header of ours may have.
pub(super) fn header(text: &Located<String>) -> Result<(&str, &str), (String, String)> {
    let Some((name, word)) = gateway::pair(text) else {
        let wrong = format!("`{}` is not a header and what it says", text.value.escape_debug());
        return Err((wrong, "Write the name of the header, = and what it says: \"X-User=user\".".to_owned()));
    };
    named(name)?;
    Ok((name, word))
}

/// Whether a header of ours may have this name.
fn named(name: &str) -> Result<(), (String, String)> {
    header_name::check(name).map_err(|error| {
        let remedy = "Write another name, of letters, digits and hyphens: \"X-User\".";
        (format!("`{}` {error}", name.escape_debug()), remedy.to_owned())
    })
}

/// Whether no header before has this name, in any spelling.
pub(super) fn unused<T>(name: &str, before: &[(String, T)]) -> Result<(), (String, String)> {
    let folded = header_name::folded(name);
    match before.iter().find(|(other, _)| header_name::folded(other) == folded) {
        Some((other, _)) => {
            let wrong = format!("`{name}` has the name of `{other}`, as applications read it");
            Err((wrong, "Remove one of the two.".to_owned()))
        }
        None => Ok(()),
    }
}

fn rules(reader: &mut Reader<'_>, app: &str, audience: &Audience) -> Vec<PathRule> {
    let count = reader.document.count(&format!("{app}.rules"));
    let mut rules = Vec::new();
    for index in 0..count {
        let at = format!("{app}.rules.{index}");
        let Some(rule) = rule(reader, &at, audience) else { continue };
        let everything = rule.methods.is_empty() && is_every_path(&rule.paths);
        if everything && index + 1 < count {
            let wrong = "matches every request, so the rules below it never apply";
            reader.warn(reader.document.place_of(&at), &at, wrong, "Move it to the end, or give it paths.");
        }
        if rule.access == Access::Bypass && is_every_path(&rule.paths) {
            let key = format!("{at}.bypass");
            let wrong = "lets everybody pass to every path, signed in or not";
            reader.warn(reader.place(&key), &key, wrong, "Name the paths that need no sign-in.");
        }
        rules.push(rule);
    }
    rules
}

fn is_every_path(paths: &[PathPattern]) -> bool {
    paths.is_empty() || paths.iter().any(|path| path.to_string() == "/*")
}

fn rule(reader: &mut Reader<'_>, at: &str, audience: &Audience) -> Option<PathRule> {
    let (paths_key, methods_key) = (format!("{at}.paths"), format!("{at}.methods"));
    let paths = reader.each(&paths_key, |text| {
        PathPattern::parse(text).ok_or_else(|| {
            let remedy = "Write a path from its first slash on, decoded and without a query: \"/health\", or \"/hooks/*\" \
                          for all below it.";
            (format!("`{}` is not a path", text.escape_debug()), remedy.to_owned())
        })
    });
    let methods = reader.each(&methods_key, |text| {
        Method::parse(text).ok_or_else(|| {
            let wrong = format!("`{}` is not a method", text.escape_debug());
            (wrong, "Write methods such as \"GET\" and \"POST\".".to_owned())
        })
    });
    for key in [&paths_key, &methods_key] {
        // An empty list would be every path, which is hardly meant.
        if reader.is_set(key) && reader.texts(key).is_empty() {
            reader.refuse(
                reader.place(key),
                key,
                "is empty",
                "Remove the key if the rule is about all of them.",
            );
        }
    }
    let access = access(reader, at, audience)?;
    Some(PathRule { paths, methods, access })
}

/// What a rule gives: everything to everybody, or something to some people.
fn access(reader: &mut Reader<'_>, at: &str, audience: &Audience) -> Option<Access> {
    let (bypass, allow, deny) = (format!("{at}.bypass"), format!("{at}.allow"), format!("{at}.deny"));
    let for_people = reader.is_set(&allow) || reader.is_set(&deny);
    if reader.flag(&bypass) {
        if for_people {
            let remedy = "Remove `bypass`, or `allow` and `deny`.";
            let wrong = "lets everybody pass, and there are people in `allow` or `deny`";
            reader.refuse(reader.place(&bypass), &bypass, wrong, remedy);
        }
        return Some(Access::Bypass);
    }
    if !for_people {
        let broken = [&bypass, &allow, &deny].into_iter().any(|key| reader.document.broken.contains(key));
        if !broken {
            let remedy = "Write bypass = true, or who may: allow = [\"plex-owner\"].";
            reader.refuse(reader.document.place_of(at), at, "does not say who may pass", remedy);
        }
        return None;
    }
    let own = people::read(reader, &allow);
    // Whom the host lets into the application is not thereby one of those whom this part of it names.
    let door = audience.door.clone().filter(|_| !reader.is_set(&allow));
    let allow = if reader.is_set(&allow) { own } else { audience.allow.clone() };
    let mut denied = audience.deny.clone();
    denied.extend(people::read(reader, &deny));
    Some(Access::Only(Audience { allow, deny: denied, door, new_browsers: audience.new_browsers }))
}
