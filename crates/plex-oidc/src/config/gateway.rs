//! The gateway's part of the configuration: sessions, domains that share them, and what applications call people.

use std::collections::BTreeMap;

use plex_oidc_core::gateway::{Apps, Host, HostPattern, UserName, UserNames, is_same_name, subject_in};
use plex_oidc_core::id::AccountId;
use plex_oidc_core::issuer::Issuer;
use plex_oidc_core::subject::Subject;

use super::raw::Located;
use super::reader::Reader;
use super::{GatewayConfig, SessionLimits, apps, suffix};

const COOKIE_DOMAINS: &str = "gateway.cookie_domains";
const NAMES: &str = "gateway.names";
/// What is wrong with keeping people by their name at Plex.
pub(super) const RENAMES: &str = "guests can rename themselves at Plex, to a name that somebody had before";

/// Builds what can be built; what is wrong with the rest is said to `reader`.
pub(super) fn build(reader: &mut Reader<'_>, public_url: Option<&Issuer>) -> GatewayConfig {
    reader.ordered("gateway.session_idle", "gateway.session_absolute");
    let apps = Apps(apps::build(reader, public_url));
    let config = GatewayConfig {
        session: SessionLimits {
            absolute: reader.length("gateway.session_absolute"),
            idle: reader.length("gateway.session_idle"),
        },
        cookie_domains: cookie_domains(reader),
        names: UserNames {
            chosen: chosen_names(reader),
            otherwise: other_names(reader),
            ..UserNames::default()
        },
        apps,
    };
    advise_on_proxies(reader);
    keep_plex_tokens_apart(reader, &config);
    config
}

/// A session that several applications share is of whichever of them somebody came to first, and so is the token that is kept with it.
fn keep_plex_tokens_apart(reader: &mut Reader<'_>, config: &GatewayConfig) {
    let apps = &config.apps.0;
    if apps.len() != reader.document.count("apps") {
        return; // some could not be built, and the numbers are not the file's
    }
    for (index, app) in apps.iter().enumerate().filter(|(_, app)| app.plex_token.is_some()) {
        let shares =
            |host: &HostPattern| config.cookie_domains.iter().any(|domain| host.reaches_into(domain));
        if let Some(host) = app.hosts.iter().find(|host| shares(host)) {
            let key = format!("apps.{index}.plex_token");
            let wrong = format!(
                "`{host}` shares a session with others, and a Plex token is kept with a session of its own"
            );
            let remedy =
                "Remove the key, or give the application a host outside of `gateway.cookie_domains`.";
            reader.refuse(reader.place(&key), &key, wrong, remedy);
        }
    }
}

/// Who asks for the gateway's decision must be a proxy that we know: there is no network to believe by default.
fn advise_on_proxies(reader: &mut Reader<'_>) {
    let key = "trusted_proxies";
    if reader.document.count("apps") == 0 || !reader.texts(key).is_empty() {
        return;
    }
    let wrong = "is empty, so no proxy may ask about [[apps]]: every request to them is refused";
    let remedy = "Write the network that the proxy asks from: trusted_proxies = [\"172.16.0.0/12\"] for Docker, \
                  [\"127.0.0.1\"] for a proxy on this machine.";
    reader.warn(reader.place(key), key, wrong, remedy);
}

fn cookie_domains(reader: &mut Reader<'_>) -> Vec<Host> {
    let mut domains: Vec<Host> = Vec::new();
    for text in reader.texts(COOKIE_DOMAINS) {
        match cookie_domain(&text.value, &domains) {
            Ok(domain) => domains.push(domain),
            Err((wrong, remedy)) => reader.refuse(text.place.clone(), COOKIE_DOMAINS, wrong, remedy),
        }
    }
    domains
}

fn cookie_domain(text: &str, before: &[Host]) -> Result<Host, (String, String)> {
    let shown = text.escape_debug();
    let refused = |wrong: String, remedy: &str| Err((wrong, remedy.to_owned()));
    let Some(domain) = Host::parse(text) else {
        return refused(
            format!("`{shown}` is not a domain"),
            "Write the domain alone: \"example.com\", without a dot, a star or a port.",
        );
    };
    if domain.is_address() {
        let remedy = "Leave it out: cookies are shared among hosts with names only.";
        return refused(format!("`{shown}` is an address"), remedy);
    }
    if suffix::is_public(&domain) {
        let remedy =
            "Write a domain of your own below it. Browsers keep no cookie for one that strangers share.";
        return refused(format!("`{shown}` is not yours alone: it is a public suffix"), remedy);
    }
    if let Some(other) = before.iter().find(|other| domain.is_within(other) || other.is_within(&domain)) {
        let remedy = "Keep one of the two; the wider one covers both.";
        return refused(format!("`{shown}` overlaps with `{other}`"), remedy);
    }
    Ok(domain)
}

fn other_names(reader: &mut Reader<'_>) -> UserName {
    let key = "gateway.user";
    match reader.text(key) {
        Some(text) if text.value == "email" => UserName::Email,
        Some(text) if text.value == "username" => {
            let remedy =
                "Write \"subject\", with `names` for those who have an account at an application already.";
            reader.warn(text.place, key, RENAMES, remedy);
            UserName::Username
        }
        _ => UserName::Subject,
    }
}

fn chosen_names(reader: &mut Reader<'_>) -> BTreeMap<AccountId, String> {
    let mut chosen: BTreeMap<AccountId, String> = BTreeMap::new();
    for text in reader.texts(NAMES) {
        match chosen_name(&text.value) {
            Err((wrong, remedy)) => reader.refuse(text.place.clone(), NAMES, wrong, remedy),
            Ok((account, name)) => {
                if let Some((other, _)) = chosen.iter().find(|(_, given)| is_same_name(given, &name)) {
                    let wrong = format!("`{name}` is already what {other} is called");
                    reader.refuse(text.place.clone(), NAMES, wrong, "Give each of them a name of their own.");
                } else if chosen.insert(account, name).is_some() {
                    let wrong = format!("{account} has a name already");
                    reader.refuse(text.place.clone(), NAMES, wrong, "Keep one of the two.");
                }
            }
        }
    }
    chosen
}

fn chosen_name(text: &str) -> Result<(AccountId, String), (String, String)> {
    let remedy = "Write the account id, = and the name: \"plex-1002003=olive\".".to_owned();
    let pair = text.split_once('=');
    let account = pair.and_then(|(subject, _)| Subject::parse(subject.trim())?.account());
    let (Some((_, name)), Some(account)) = (pair, account) else {
        return Err((format!("`{}` does not name an account", text.escape_debug()), remedy));
    };
    let name = person_name(name)?;
    if subject_in(&name).is_some_and(|subject| subject != Subject::of(account)) {
        let wrong = format!("{account} cannot be called `{name}`, which is another person");
        return Err((wrong, "Write another name.".to_owned()));
    }
    Ok((account, name))
}

/// A name that an application can be told in a header, and that it cannot take for two.
pub(super) fn person_name(text: &str) -> Result<String, (String, String)> {
    let name = text.trim_matches(' ');
    let plain = !name.is_empty()
        && name.chars().count() <= 128
        && name.trim() == name
        && !name.chars().any(|c| c.is_control() || matches!(c, ',' | '|' | '"' | '\\' | '<' | '>'));
    if !plain {
        let remedy = "Write at most 128 characters, without commas, quotation marks and the like.";
        return Err((format!("`{}` cannot be a name", text.escape_debug()), remedy.to_owned()));
    }
    Ok(name.to_owned())
}

/// The two sides of an entry `left=right`, both with something in them.
pub(super) fn pair(text: &Located<String>) -> Option<(&str, &str)> {
    let (left, right) = text.value.split_once('=')?;
    let (left, right) = (left.trim(), right.trim());
    (!left.is_empty() && !right.is_empty()).then_some((left, right))
}
