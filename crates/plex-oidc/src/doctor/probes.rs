//! What is asked of an application's address: nothing at all, forged credentials, planted headers.

use http::header::{AUTHORIZATION, CONNECTION, COOKIE};
use plex_oidc_core::gateway::{AppAccess, Host};
use plex_oidc_core::time::{Seconds, Timestamp};

use super::forged::{Forged, Signed};
use super::plan::{Subject, other_host, scheme};
use crate::config::Config;
use crate::gateway::{GatewayCookies, Scope};

/// Stands in everything that is planted, and nowhere else.
pub(super) const MARK: &str = "planted-by-doctor";
/// A header that means nothing to anybody: whoever prints what it got, prints this.
pub(super) const CONTROL: (&str, &str) = ("X-Plex-Oidc-Doctor", "shown-by-doctor");

const ASSERTION: &str = "Cf-Access-Jwt-Assertion";
const ASSERTION_COOKIE: &str = "CF_Authorization";
/// What Access also says of somebody, unsigned. Nobody may believe it.
const ACCESS_EMAIL: &str = "Cf-Access-Authenticated-User-Email";
/// For applications that accept no assertion: a team and a tag of nobody's.
const NO_TEAM: (&str, &str) = ("https://example.cloudflareaccess.com", "plex-oidc-doctor");

/// One request, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Probe {
    /// Stays the same over versions.
    pub(super) check: String,
    /// What is shown, in words.
    pub(super) shown: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) wants_body: bool,
}

/// A check, what it shows in words, and the headers.
type Shown = (&'static str, String, Vec<(String, String)>);

/// The request that all others are compared with.
pub(super) fn nothing(subject: &Subject<'_>) -> Probe {
    guarded(subject, ("nothing", "nothing shown".to_owned(), Vec::new()))
}

fn guarded(subject: &Subject<'_>, (check, shown, headers): Shown) -> Probe {
    Probe { check: check.to_owned(), shown, path: subject.guarded.clone(), headers, wants_body: false }
}

fn header(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

/// Everything that a stranger may try at a path that needs somebody signed in. `known_keys`: a key of each team.
pub(super) fn strangers(
    config: &Config,
    subject: &Subject<'_>,
    (forged, now): (&Forged, Timestamp),
    known_keys: &[(String, String)],
) -> Vec<Probe> {
    let mut all = assertions(subject, (forged, now), known_keys);
    all.push(cookie(config, subject, forged));
    let bearer = format!("Bearer {}", forged.token());
    all.push(("app-token", "a forged app token".to_owned(), vec![header(AUTHORIZATION.as_str(), bearer)]));
    all.extend(planted(&identity_names(subject)));
    all.push((
        "planted-access-email",
        format!("planted {ACCESS_EMAIL}"),
        vec![header(ACCESS_EMAIL, format!("{MARK}@example.com"))],
    ));
    all.extend(misleading(config, subject));
    all.into_iter().map(|shown| guarded(subject, shown)).collect()
}

fn assertions(
    subject: &Subject<'_>,
    (forged, now): (&Forged, Timestamp),
    known_keys: &[(String, String)],
) -> Vec<Shown> {
    let (issuer, tag) = match subject.access {
        Some((team, accepts)) => {
            (team.issuer.as_str(), accepts.audiences.first().map_or(NO_TEAM.1, String::as_str))
        }
        None => NO_TEAM,
    };
    let known = known_keys.iter().find(|(of, _)| of == issuer).map(|(_, kid)| kid.as_str());
    let mut ways = vec![
        (Signed::Not, "unsigned", "assertion-unsigned", "assertion-unsigned-cookie"),
        (
            Signed::UnderUnknownName,
            "signed by an unknown key",
            "assertion-unknown-key",
            "assertion-unknown-key-cookie",
        ),
    ];
    if let Some(kid) = known {
        let signed = Signed::UnderName(kid);
        let check = "assertion-known-key";
        ways.push((signed, "signed in the name of the team's key", check, "assertion-known-key-cookie"));
    }
    let mut all = Vec::new();
    for (signed, how, in_header, in_cookie) in ways {
        let text = forged.assertion(signed, issuer, tag, now);
        let cookie = format!("{ASSERTION_COOKIE}={text}");
        all.push((in_header, format!("an assertion of Access, {how}"), vec![header(ASSERTION, text)]));
        all.push((
            in_cookie,
            format!("an assertion of Access in the cookie {ASSERTION_COOKIE}, {how}"),
            vec![header(COOKIE.as_str(), cookie)],
        ));
    }
    all
}

/// A gateway session that nobody has, under every name that it could have here.
fn cookie(config: &Config, subject: &Subject<'_>, forged: &Forged) -> Shown {
    let cookies = GatewayCookies::new(config.public_url.is_https());
    let within = config.gateway.cookie_domains.iter().filter(|domain| subject.host.is_within(domain));
    let scopes = std::iter::once(Scope::Host(&subject.host)).chain(within.map(Scope::Domain));
    let pairs: Vec<String> = scopes
        .map(|scope| {
            let set = cookies.set_session(forged.session(), scope, Seconds(0));
            set.split(';').next().unwrap_or_default().to_owned()
        })
        .collect();
    let cookie = header(COOKIE.as_str(), pairs.join("; "));
    ("gateway-cookie", "a forged cookie of a gateway session".to_owned(), vec![cookie])
}

/// Every header that tells this application who somebody is.
fn identity_names(subject: &Subject<'_>) -> Vec<String> {
    let claims = subject.access.map_or(&[][..], |(_, AppAccess { claims, .. })| claims);
    let own = subject.app.headers.0.iter().map(|(name, _)| name);
    own.chain(claims.iter().map(|(name, _)| name)).cloned().collect()
}

type Spell = fn(&str) -> String;

const SPELLINGS: [(&str, Spell); 5] = [
    ("planted-lower-case", str::to_ascii_lowercase),
    ("planted-upper-case", str::to_ascii_uppercase),
    ("planted-odd-case", odd_case),
    ("planted-underscore", with_underscores),
    ("planted-underscore-upper-case", |name| with_underscores(name).to_ascii_uppercase()),
];

/// All of `names` planted, once in each spelling that a proxy may overlook. Applications behind CGI and its successors
/// cannot tell `Remote_User` from `Remote-User`.
fn planted(names: &[String]) -> Vec<Shown> {
    let mut all: Vec<Shown> = vec![("planted", format!("planted {}", names.join(", ")), marked(names))];
    for (check, spell) in SPELLINGS {
        let spelled: Vec<String> = names.iter().map(|name| spell(name)).collect();
        let headers = marked(&spelled);
        if !all.iter().any(|(_, _, known)| *known == headers) {
            all.push((check, format!("planted {}", in_short(&spelled)), headers));
        }
    }
    let short = in_short(names);
    let twice: Vec<String> = names.iter().flat_map(|name| [name.clone(), name.clone()]).collect();
    all.push(("planted-twice", format!("planted {short}, each twice"), marked(&twice)));
    let mut listed = vec![header(CONNECTION.as_str(), format!("close, {}", names.join(", ")))];
    listed.extend(marked(names));
    all.push(("planted-connection", format!("planted {short}, named by Connection"), listed));
    all
}

fn in_short(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first, others @ ..] => format!("{first} and {} more", others.len()),
    }
}

/// These headers, each with a value that tells which of them it was.
fn marked(names: &[String]) -> Vec<(String, String)> {
    names.iter().enumerate().map(|(at, name)| header(name, format!("{MARK}-{at:02}"))).collect()
}

fn with_underscores(name: &str) -> String {
    name.replace('-', "_")
}

/// Every other letter large.
fn odd_case(name: &str) -> String {
    let letter =
        |(at, c): (usize, char)| if at % 2 == 0 { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() };
    name.chars().enumerate().map(letter).collect()
}

/// Headers by which proxies tell of a request, planted by a visitor, so that the question is about another one.
fn misleading(config: &Config, subject: &Subject<'_>) -> Vec<Shown> {
    let open = subject.open.as_deref().unwrap_or("/public");
    let other = other_host(config, subject).map_or("localhost", Host::as_str);
    let planted = |pairs: &[(&str, String)]| {
        pairs.iter().map(|(name, value)| header(name, value.clone())).collect::<Vec<_>>()
    };
    let url = format!("{}{open}", subject.origin(config));
    let elsewhere = format!("{}://{other}{}", scheme(config), subject.guarded);
    let path = planted(&[
        ("X-Forwarded-Uri", open.to_owned()),
        ("X-Forwarded-Prefix", open.to_owned()),
        ("X-Original-URL", url),
        ("X-Original-URI", open.to_owned()),
        ("X-Rewrite-URL", open.to_owned()),
        ("X-Envoy-Original-Path", open.to_owned()),
    ]);
    let host = planted(&[
        ("X-Forwarded-Host", other.to_string()),
        ("X-Original-Host", other.to_string()),
        ("X-Original-URL", elsewhere),
        ("Forwarded", format!("host={other}")),
    ]);
    let method = planted(&[
        ("X-Forwarded-Method", "OPTIONS".to_owned()),
        ("X-Original-Method", "OPTIONS".to_owned()),
        ("X-Http-Method-Override", "OPTIONS".to_owned()),
        ("Origin", subject.origin(config)),
        ("Access-Control-Request-Method", "GET".to_owned()),
    ]);
    let address = planted(&[
        ("X-Forwarded-For", "127.0.0.1".to_owned()),
        ("X-Real-IP", "127.0.0.1".to_owned()),
        ("Forwarded", "for=127.0.0.1".to_owned()),
    ]);
    vec![
        ("other-path", format!("headers of proxies that name the path {open}"), path),
        ("other-host", format!("headers of proxies that name the host {other}"), host),
        ("other-method", "headers of proxies that name the method OPTIONS".to_owned(), method),
        ("near-address", "headers of proxies that name the address 127.0.0.1".to_owned(), address),
    ]
}

/// What is planted where a request passes: at a path that is open to everybody, and beside an app token that is good.
pub(super) fn echoed(subject: &Subject<'_>, token: Option<&str>) -> Vec<Probe> {
    let open = subject.open.as_ref().map(|path| (path, None));
    let with_token = token.map(|token| (&subject.guarded, Some(format!("Bearer {token}"))));
    let mut all = Vec::new();
    for (path, bearer) in open.into_iter().chain(with_token) {
        let (kind, place) =
            if bearer.is_some() { ("token", "beside the app token") } else { ("open", "at an open path") };
        for (check, shown, mut headers) in planted(&identity_names(subject)) {
            headers.push(header(CONTROL.0, CONTROL.1));
            headers.extend(bearer.iter().map(|bearer| header(AUTHORIZATION.as_str(), bearer)));
            let shown = format!("{shown}, {place}");
            let check = format!("{check}-{kind}");
            all.push(Probe { check, shown, path: path.clone(), headers, wants_body: true });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(of: &[&str]) -> Vec<String> {
        of.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn each_planted_header_has_a_value_of_its_own() {
        for (check, _, headers) in planted(&names(&["Remote-User", "X-Plex-Token"])) {
            let marks: Vec<_> = headers.iter().filter(|(_, value)| value.starts_with(MARK)).collect();
            assert_eq!(marks.len(), if check == "planted-twice" { 4 } else { 2 }, "{check}");
            let mut values: Vec<_> = marks.iter().map(|(_, value)| value).collect();
            values.dedup();
            assert_eq!(values.len(), marks.len(), "{check}");
        }
    }

    #[test]
    fn a_spelling_is_tried_once() {
        let checks =
            |of: &[&str]| planted(&names(of)).into_iter().map(|(check, ..)| check).collect::<Vec<_>>();
        assert_eq!(checks(&["Remote-User"]).len(), 8);
        let plain =
            ["planted", "planted-upper-case", "planted-odd-case", "planted-twice", "planted-connection"];
        assert_eq!(checks(&["user"]), plain);
    }

    #[test]
    fn names_are_told_in_short() {
        assert_eq!(in_short(&names(&["A"])), "A");
        assert_eq!(in_short(&names(&["A", "B", "C"])), "A and 2 more");
        assert_eq!(odd_case("Remote-User"), "rEmOtE-UsEr");
    }
}
