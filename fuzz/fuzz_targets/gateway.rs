//! What a proxy says it asks about, in each family's headers; and the rules of an application against a naive twin.
//!
//! Input: `f`, `n` or `e` (forward-auth, nginx, Envoy), a line with the subrequest's method and target, and a line for
//! each header; or `r`, a byte for the person, the kind, and each rule, a line feed, a method, a blank, and a target.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use plex_oidc_core::account::{Account, PlexFacts};
use plex_oidc_core::decide::{AllowRule, Asker, Audience, HouseRules, Marks, Person, Standing};
use plex_oidc_core::gateway::family::{Header, HeaderSource, Subrequest};
use plex_oidc_core::gateway::{
    Access, Family, GatewayApp, HeaderSet, Host, HostPattern, OriginalRequest, PathPattern, PathRule,
    RequestKind, Verdict, weigh,
};
use plex_oidc_core::groups::{Group, Groups};
use plex_oidc_core::id::{AccountId, MachineId, PlexAccountId};
use plex_oidc_core::membership::AcceptedServer;
use plex_oidc_core::time::{Seconds, Timestamp};
use plex_oidc_fuzz::{mode, two_lines};
use url::Url;

fuzz_target!(|data: &[u8]| {
    let Some((mode, rest)) = mode(data) else { return };
    let (line, body) = two_lines(rest);
    match mode {
        b'f' => family(Family::ForwardAuth, line, body),
        b'n' => family(Family::AuthRequest, line, body),
        b'e' => family(Family::ExtAuthz, line, body),
        _ => rules(line, body),
    }
});

struct Given<'g>(Vec<(&'g str, &'g str)>);

impl HeaderSource for Given<'_> {
    fn value(&self, name: &'static str) -> Header<'_> {
        let mut found = self.0.iter().filter(|(given, _)| given.eq_ignore_ascii_case(name));
        match (found.next(), found.next()) {
            (None, _) => Header::Absent,
            (Some((_, value)), None) if value.bytes().all(|b| (0x20..0x7f).contains(&b)) => {
                Header::One(value)
            }
            _ => Header::Unclear,
        }
    }
}

fn family(family: Family, line: &[u8], body: &[u8]) {
    let (Ok(line), Ok(body)) = (str::from_utf8(line), str::from_utf8(body)) else { return };
    let (method, target) = line.split_once(' ').unwrap_or((line, ""));
    let subrequest = Subrequest { method, target };
    let given = Given(body.lines().filter_map(|line| line.split_once(": ")).collect());
    let read = family.read(&given, subrequest);
    let own: &[&str] = match family {
        Family::ForwardAuth => {
            &["x-forwarded-method", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-uri"]
        }
        Family::AuthRequest => &["x-original-method", "x-original-url"],
        Family::ExtAuthz => &["x-forwarded-proto", "host"],
    };
    let is_own = |name: &str| own.iter().any(|own| own.eq_ignore_ascii_case(name));
    let fewer = Given(given.0.iter().copied().filter(|(name, _)| is_own(name)).collect());
    assert_eq!(family.read(&fewer, subrequest), read, "another family's header was read");
    let elsewhere = Subrequest { method: "PURGE", target: "/elsewhere" };
    if family != Family::ExtAuthz {
        assert_eq!(family.read(&given, elsewhere), read, "the subrequest's own target was read");
    }
    let Ok(request) = read else { return };
    assert!(own.iter().all(|name| matches!(given.value(name), Header::One(text) if !text.is_empty())));
    canonical(&request);
}

/// One spelling of each part, and a way back that leads to the same origin.
fn canonical(request: &OriginalRequest) {
    let method = request.method.as_str();
    assert!(!method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-'));
    assert_eq!(
        Host::parse(request.host.as_str()).as_ref(),
        Some(&request.host),
        "the normal form is another host"
    );
    let host = request.host.as_str();
    assert!(
        host.chars().all(|c| c.is_ascii() && !c.is_ascii_uppercase() && !c.is_ascii_whitespace()),
        "{host:?}"
    );
    let origin = Url::parse(&request.origin()).expect("an origin is a URL");
    assert_eq!((origin.host_str(), origin.username(), origin.path()), (Some(host), "", "/"));
    assert_ne!(request.port, Some(if request.https { 443 } else { 80 }));
    let back = origin.join(request.return_target()).expect("a way back");
    assert_eq!(back.origin(), origin.origin(), "{} leads elsewhere", request.return_target());
    let raw = request.path.raw();
    assert!(raw.starts_with('/') && !raw.contains('?'));
    let Some(normal) = request.path.normal() else { return };
    assert!(
        !normal.contains(['\\', '?', '#', ';', '%']) && !normal.chars().any(char::is_control),
        "{normal:?}"
    );
    // A browser's reading: it takes dot segments and backslashes away, so that it agrees says that there were none.
    let read = origin.join(raw).expect("a path");
    assert_eq!((read.query(), read.fragment(), read.origin()), (None, None, origin.origin()));
    assert_eq!(naive_decode(read.path()), normal.as_bytes());
    assert_eq!(naive_decode(raw), normal.as_bytes());
}

fn naive_decode(raw: &str) -> Vec<u8> {
    let parts: Vec<&str> = raw.split('%').collect();
    let mut out = parts[0].as_bytes().to_vec();
    for part in &parts[1..] {
        out.push(u8::from_str_radix(&part[..2], 16).expect("an escape"));
        out.extend_from_slice(&part.as_bytes()[2..]);
    }
    out
}

const PATHS: [&str; 8] = ["/*", "/health", "/public/*", "/admin/*", "/api/v1/*", "/Admin", "/", "/a b/*"];
const NOW: Timestamp = Timestamp(1_000_000);

fn server() -> AcceptedServer {
    let machine = MachineId::parse(&"a".repeat(40)).expect("40 digits");
    AcceptedServer { machine, owner: PlexAccountId(1), name: None }
}

fn house() -> HouseRules {
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

/// What a twin says: the same, without the reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Pass,
    PassAnybody,
    SignIn,
    Deny,
}

impl From<Verdict> for Said {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Pass,
            Verdict::PassAnybody => Self::PassAnybody,
            Verdict::SignIn => Self::SignIn,
            Verdict::Deny(_) => Self::Deny,
        }
    }
}

fn group(number: u8) -> Group {
    if number == 0 { Group::friend() } else { Group::owner() }
}

/// Four bits: who is allowed and who is denied, of friends and owners.
fn audience(bits: u8) -> Audience {
    let named = |shift: u8| {
        let chosen = (0..2).filter(move |number| bits >> (shift + number) & 1 == 1);
        chosen.map(|number| AllowRule::Group(group(number))).collect()
    };
    Audience { allow: named(0), deny: named(2), ..Audience::default() }
}

/// A rule from one byte: its path, whether it is for GET alone, and a bypass or an audience.
fn rule(byte: u8) -> PathRule {
    let path = PathPattern::parse(PATHS[usize::from(byte & 7)]).expect("a fixed pattern");
    let methods = if byte & 8 == 0 {
        vec![]
    } else {
        vec![plex_oidc_core::gateway::Method::parse("GET").expect("GET")]
    };
    let bits = byte >> 4;
    let access = if bits == 0 { Access::Bypass } else { Access::Only(audience(bits)) };
    PathRule { paths: vec![path], methods, access }
}

/// Nobody, a friend, an owner, each freshly confirmed or long ago, or ended.
fn person(byte: u8) -> Option<Person> {
    let standing = match byte >> 2 & 3 {
        0 | 1 => Standing::Member { confirmed_at: NOW, through: vec![server()] },
        2 => Standing::Member { confirmed_at: Timestamp(0), through: vec![server()] },
        _ => Standing::Ended,
    };
    let mut groups = Groups::new();
    match byte & 3 {
        0 => return None,
        1 => groups.insert(group(0)),
        _ => groups.insert(group(1)),
    };
    let account =
        Account { email_confirmed: true, ..Account::named(AccountId::Plex(PlexAccountId(42)), "Pat") };
    Some(Person { account, groups, standing, shares: Vec::new(), marks: Marks::default() })
}

fn rules(line: &[u8], body: &[u8]) {
    let [who, how, own, rules @ ..] = line else { return };
    let Some((method, target)) = str::from_utf8(body).ok().and_then(|body| body.split_once(' ')) else {
        return;
    };
    let Some(request) = OriginalRequest::new(method, "https", "a.example", target) else { return };
    let kinds =
        [RequestKind::Navigation, RequestKind::Script, RequestKind::Preflight, RequestKind::WebSocket];
    let (kind, preflight) = (kinds[usize::from(how & 3)], how & 4 != 0);
    let rules: Vec<u8> = rules.iter().copied().take(12).collect();
    let app = |bytes: &[u8]| GatewayApp {
        name: "a".into(),
        hosts: vec![HostPattern::parse("a.example").expect("a host")],
        rules: bytes.iter().copied().map(rule).collect(),
        audience: audience(*own),
        preflight,
        headers: HeaderSet(Vec::new()),
        plex_token: None,
    };
    let (person, house) = (person(*who), house());
    let say = |app: &GatewayApp| {
        Said::from(weigh(app, &request, || kind, person.as_ref().map(Asker::from), (&house, NOW)).verdict)
    };
    let said = say(&app(&rules));
    if kind == RequestKind::Preflight && preflight {
        assert_eq!(said, Said::PassAnybody);
        return;
    }
    assert_eq!(said, twin(&rules, *own, *who, &request), "{rules:?} {method} {target}");
    assert!(said != Said::Pass || person.is_some(), "nobody passed as somebody");
    // A rule that lets nobody in, wherever it is put and whatever it is about, opens nothing.
    for at in 0..=rules.len() {
        let mut app = app(&rules);
        let nobody = PathRule { access: Access::Only(Audience::default()), ..rule(how >> 3) };
        app.rules.insert(at, nobody);
        let stricter = say(&app);
        let passes = |said| matches!(said, Said::Pass | Said::PassAnybody);
        assert!(!passes(stricter) || stricter == said, "a rule for nobody at {at} opened {target}");
    }
}

/// The rules once more, read from their bytes and by segments of the path.
fn twin(rules: &[u8], own: u8, who: u8, request: &OriginalRequest) -> Said {
    let asks = |bits: u8| -> Said {
        if who & 3 == 0 {
            return Said::SignIn;
        }
        let mine = if who & 3 == 1 { 1 } else { 2 };
        let allowed = bits & 3 & mine != 0 && bits >> 2 & 3 & mine == 0;
        match who >> 2 & 3 {
            3 => Said::Deny,
            _ if !allowed => Said::Deny,
            2 => Said::SignIn,
            _ => Said::Pass,
        }
    };
    let for_method = |byte: u8| byte & 8 == 0 || request.method.as_str() == "GET";
    let Some(path) = request.path.normal() else {
        let all =
            rules.iter().filter(|byte| for_method(**byte) && **byte >> 4 != 0).map(|byte| asks(byte >> 4));
        return std::iter::once(asks(own)).chain(all).find(|said| *said != Said::Pass).unwrap_or(Said::Pass);
    };
    let mut agreed = false;
    for byte in rules.iter().filter(|byte| for_method(**byte)) {
        let bits = byte >> 4;
        let pattern = PATHS[usize::from(byte & 7)];
        let about = |segments: fn(&str) -> Vec<String>| match pattern.strip_suffix("/*") {
            Some(folder) => segments(path).starts_with(&segments(folder)),
            None => segments(path) == segments(pattern),
        };
        let said = match bits {
            0 if about(segments) && !agreed => return Said::PassAnybody,
            0 if about(segments) => return Said::Pass,
            0 => continue,
            _ if about(segments) => return asks(bits),
            _ if about(loose_segments) => asks(bits),
            _ => continue,
        };
        // In another spelling it lets nobody in by itself.
        if said != Said::Pass {
            return said;
        }
        agreed = true;
    }
    asks(own)
}

fn segments(path: &str) -> Vec<String> {
    path.split('/').skip(1).map(str::to_owned).collect()
}

/// Without case, and without what some applications take off the end of a segment or of the path.
fn loose_segments(path: &str) -> Vec<String> {
    let mut loose = segments(path);
    for segment in &mut loose {
        *segment = segment.to_lowercase().trim_end_matches(['.', ' ']).to_owned();
    }
    while loose.last().is_some_and(String::is_empty) {
        loose.pop();
    }
    loose
}
