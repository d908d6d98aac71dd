//! Cloudflare Access: the teams, and what each application accepts from its team.

use plex_oidc_core::gateway::{AccessConfig, AccessTeam, AppAccess, GatewayApp, is_same_name, subject_in};
use plex_oidc_core::issuer::{Issuer, is_loopback};
use url::Url;

use super::reader::{Reader, without_user};
use super::{GatewayConfig, apps, gateway, schema};

/// The keys of an application that mean something only together with `access_team`.
const DEPENDENT: [&str; 4] = ["access_audiences", "access_cookie", "access_claims", "access_service_tokens"];

/// Builds what can be built; what is wrong with the rest is said to `reader`.
pub(super) fn build(reader: &mut Reader<'_>, gateway: &GatewayConfig) -> AccessConfig {
    let mut config = AccessConfig::default();
    for index in 0..reader.document.count("access_teams") {
        let team = team(reader, &format!("access_teams.{index}"), &config.teams);
        config.teams.extend(team);
    }
    let count = reader.document.count("apps");
    let whole = gateway.apps.0.len() == count; // else some could not be built, and the numbers are not the file's
    for index in 0..count {
        let at = format!("apps.{index}");
        let accepts = accepts(reader, &at, &config.teams, gateway);
        if let (true, Some(app), Some(accepts)) = (whole, gateway.apps.0.get(index), accepts) {
            check_headers(reader, &at, app, &accepts);
            config.apps.insert(app.name.clone(), accepts);
        }
    }
    config
}

fn team(reader: &mut Reader<'_>, at: &str, before: &[AccessTeam]) -> Option<AccessTeam> {
    let key = format!("{at}.team");
    let remedy = "Write the first part of the team domain: \"example\" for example.cloudflareaccess.com.";
    let text = reader.needed_text(&key, remedy)?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !((1..=63).contains(&text.value.len()) && text.value.bytes().all(plain)) {
        let wrong = format!("`{}` is not the name of a team", without_user(&text.value));
        reader.refuse(text.place, &key, wrong, remedy);
        return None;
    }
    let issuer = issuer(reader, at, &text.value)?;
    if let Some(other) = before.iter().find(|team| team.name == text.value || team.issuer == issuer.as_str())
    {
        let wrong = format!("this team is listed twice: `{}` is {}", other.name, other.issuer);
        reader.refuse(text.place, &key, wrong, "Remove one of the two.");
    }
    let certs_url = certs_url(reader, at, &issuer)?;
    Some(AccessTeam { name: text.value, issuer: issuer.as_str().to_owned(), certs_url })
}

fn issuer(reader: &mut Reader<'_>, at: &str, team: &str) -> Option<Issuer> {
    let key = format!("{at}.issuer");
    let text = reader.text(&key);
    let address = text
        .as_ref()
        .map_or_else(|| format!("https://{team}.cloudflareaccess.com"), |text| text.value.clone());
    match Issuer::parse(&address) {
        Ok(issuer) => Some(issuer),
        Err(error) => {
            let remedy = "Write it as `iss` in the assertions has it, such as \"https://example.cloudflareaccess.com\".";
            let wrong = format!("`{}` {error}", without_user(&address));
            let key = if text.is_some() { key } else { format!("{at}.team") };
            reader.refuse(reader.place(&key), &key, wrong, remedy);
            None
        }
    }
}

fn certs_url(reader: &mut Reader<'_>, at: &str, issuer: &Issuer) -> Option<Url> {
    let key = format!("{at}.certs_url");
    let Some(text) = reader.text(&key) else {
        return Url::parse(&issuer.join("/cdn-cgi/access/certs")).ok();
    };
    let safe = |url: &Url| match url.scheme() {
        "https" => url.has_host(),
        "http" => url.host().is_some_and(|host| is_loopback(&host)),
        _ => false,
    };
    let plain = |url: &Url| url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let url = Url::parse(&text.value).ok().filter(|url| safe(url) && plain(url));
    if url.is_none() {
        let wrong =
            format!("`{}` is not an address that keys can be trusted from", without_user(&text.value));
        reader.refuse(
            text.place,
            &key,
            wrong,
            "Write an https address, or http on this machine; or remove the key.",
        );
    }
    url
}

fn accepts(
    reader: &mut Reader<'_>,
    at: &str,
    teams: &[AccessTeam],
    gateway: &GatewayConfig,
) -> Option<AppAccess> {
    let key = |name: &str| schema::join(at, name);
    let Some(team) = reader.text(&key("access_team")) else {
        for lonely in DEPENDENT.map(key) {
            let switched_off = lonely.ends_with("_cookie") && !reader.flag(&lonely);
            if reader.is_set(&lonely) && !switched_off {
                let remedy = "Write access_team = \"<a team of [[access_teams]]>\", or remove the key.";
                reader.refuse(reader.place(&lonely), &lonely, "there is no `access_team`", remedy);
            }
        }
        return None;
    };
    if !teams.iter().any(|known| known.name == team.value) {
        let wrong = format!("there is no team `{}`", team.value.escape_debug());
        let known: Vec<&str> = teams.iter().map(|team| team.name.as_str()).collect();
        let remedy = match known.as_slice() {
            [] => "Write an [[access_teams]] section with this `team`.".to_owned(),
            known => format!("Write one of: {}.", known.join(", ")),
        };
        reader.refuse(team.place, &key("access_team"), wrong, remedy);
    }
    Some(AppAccess {
        team: team.value,
        audiences: audiences(reader, &key("access_audiences")),
        cookie: reader.flag(&key("access_cookie")),
        claims: claims(reader, &key("access_claims")),
        service_tokens: service_tokens(reader, &key("access_service_tokens"), gateway),
    })
}

fn audiences(reader: &mut Reader<'_>, key: &str) -> Vec<String> {
    let remedy =
        "Copy the Application Audience (AUD) Tag of the application at Cloudflare: 64 hexadecimal digits.";
    if reader.texts(key).is_empty() {
        if reader.is_set(key) {
            reader.refuse(reader.place(key), key, "is empty", remedy);
        } else {
            reader.missing(key, remedy);
        }
    }
    reader.each(key, |text| {
        let hexadecimal = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
        if text.len() != 64 || !hexadecimal {
            return Err((format!("`{}` is not an audience tag", text.escape_debug()), remedy.to_owned()));
        }
        Ok(text.to_owned())
    })
}

fn claims(reader: &mut Reader<'_>, key: &str) -> Vec<(String, String)> {
    let mut claims: Vec<(String, String)> = Vec::new();
    for text in reader.texts(key) {
        let claim = apps::header(text).and_then(|(header, claim)| {
            apps::unused(header, &claims)?;
            if claim.len() > 128 || claim.chars().any(|c| c.is_control() || c.is_whitespace()) {
                let remedy = "Write the name of the claim as it stands in the assertion.";
                return Err((
                    format!("`{}` is not the name of a claim", claim.escape_debug()),
                    remedy.to_owned(),
                ));
            }
            Ok((header.to_owned(), claim.to_owned()))
        });
        match claim {
            Ok(claim) => claims.push(claim),
            Err((wrong, remedy)) => reader.refuse(text.place.clone(), key, wrong, remedy),
        }
    }
    claims
}

/// One header has one source: what Access says of somebody never stands in for what we say.
fn check_headers(reader: &mut Reader<'_>, at: &str, app: &GatewayApp, accepts: &AppAccess) {
    let key = format!("{at}.access_claims");
    for (header, _) in &accepts.claims {
        if apps::unused(header, &app.headers.0).is_err() {
            let wrong = format!("`{header}` already says who somebody is");
            let remedy = "Write another header, or another set in `identity_headers`.";
            reader.refuse(reader.place(&key), &key, wrong, remedy);
        }
    }
}

fn service_tokens(reader: &mut Reader<'_>, key: &str, gateway: &GatewayConfig) -> Vec<(String, String)> {
    let mut tokens: Vec<(String, String)> = Vec::new();
    for text in reader.texts(key) {
        let token = service_token(gateway::pair(text), gateway).and_then(|(id, name)| {
            if tokens.iter().any(|(other, taken)| *other == id || is_same_name(taken, &name)) {
                let remedy = "Give each token one name, and a name of its own.";
                return Err((format!("`{id}` or `{name}` is listed twice"), remedy.to_owned()));
            }
            Ok((id, name))
        });
        match token {
            Ok(token) => tokens.push(token),
            Err((wrong, remedy)) => reader.refuse(text.place.clone(), key, wrong, remedy),
        }
    }
    tokens
}

fn service_token(
    pair: Option<(&str, &str)>,
    gateway: &GatewayConfig,
) -> Result<(String, String), (String, String)> {
    let id_is_sound = |id: &str| {
        id.strip_suffix(".access").is_some_and(|id| !id.is_empty())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
    };
    let Some((id, name)) = pair.filter(|(id, _)| id_is_sound(id)) else {
        let remedy = "Write the token's client id, = and a name: \"<client id>.access=backup-job\".";
        return Err(("an entry does not name a service token".to_owned(), remedy.to_owned()));
    };
    let name = gateway::person_name(name)?;
    let of_a_person = subject_in(&name).is_some()
        || name.contains('@')
        || gateway.names.chosen.values().any(|chosen| is_same_name(chosen, &name));
    if of_a_person {
        let wrong = format!("`{name}` is the name of a person");
        return Err((wrong, "Write a name that is a program's alone, such as \"backup-job\".".to_owned()));
    }
    Ok((id.to_owned(), name))
}
