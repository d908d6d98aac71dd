//! What can be seen beside the applications: whether plex-oidc is where its configuration says, whether the clock is right,
//! whether the keys of the teams can be had.

use futures_util::future::join;
use jiff::fmt::rfc2822::DateTimeParser;
use plex_oidc_core::access_jwt::{ACCESS_LEEWAY, parse_certs};
use plex_oidc_core::gateway::AccessTeam;
use plex_oidc_core::jose::VerifyingKey;
use plex_oidc_core::time::Timestamp;
use serde_json::Value;

use super::dial::{Endpoint, NoAnswer};
use super::{Answered, Finding, Outcome, Outside};
use crate::config::{Config, PlexConfig};

/// Looks around. Also gives the name of a key of each team, by its issuer.
pub(super) async fn look(
    config: &Config,
    now: Timestamp,
    outside: &dyn Outside,
) -> (Vec<Finding>, Vec<(String, String)>) {
    let discovery = config.public_url.join("/.well-known/openid-configuration");
    let mut findings = vec![proxies(config)];
    if let Some(plex) = &config.plex {
        let address = format!("{}/", plex.urls.plex_tv);
        let (discovery, answer) = join(fetch(outside, &discovery), fetch(outside, &address)).await;
        findings.extend([discovered(config, &discovery), clock(now, &answer), owner_token(plex)]);
    } else {
        findings.push(discovered(config, &fetch(outside, &discovery).await));
    }
    let mut known = Vec::new();
    for team in &config.access.teams {
        let answer = fetch(outside, team.certs_url.as_str()).await;
        known.extend(key_of(&answer).ok().map(|kid| (team.issuer.clone(), kid)));
        findings.push(team_keys(team, &answer));
    }
    (findings, known)
}

async fn fetch(outside: &dyn Outside, url: &str) -> Answered {
    match Endpoint::of_url(url) {
        Some((to, request)) => outside.ask(&to, &request).await,
        None => Err(NoAnswer::Unreachable("it is no address".to_owned())),
    }
}

fn finding(
    check: &str,
    outcome: Outcome,
    status: Option<u16>,
    seen: String,
    advice: Option<&str>,
) -> Finding {
    let (about, check) = ("plex-oidc itself".to_owned(), check.to_owned());
    Finding { about, check, outcome, status, seen, advice: advice.map(str::to_owned) }
}

fn status(answer: &Answered) -> Option<u16> {
    answer.as_ref().ok().map(|answer| answer.status)
}

/// Why an answer is not what was expected.
fn instead(answer: &Answered) -> String {
    match answer {
        Ok(_) => "something else answers there".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn proxies(config: &Config) -> Finding {
    let (outcome, seen, advice) = if config.trusted_proxies.is_empty() {
        let advice = "Name the network that the proxy asks from: trusted_proxies = [\"172.16.0.0/12\"].";
        (Outcome::Problem, "trusted_proxies is empty: the gateway answers nobody", Some(advice))
    } else {
        (Outcome::Ok, "trusted_proxies is set", None)
    };
    finding("trusted-proxies", outcome, None, seen.to_owned(), advice)
}

fn discovered(config: &Config, answer: &Answered) -> Finding {
    let document: Option<Value> =
        answer.as_ref().ok().and_then(|answer| serde_json::from_slice(&answer.body).ok());
    let issuer = document.as_ref().and_then(|document| document.get("issuer")).and_then(Value::as_str);
    let url = &config.public_url;
    if status(answer) == Some(200) && issuer == Some(url.as_str()) {
        return finding("discovery", Outcome::Ok, Some(200), format!("{url} is reachable from here"), None);
    }
    let (outcome, seen) = match (issuer, answer) {
        (Some(_), _) => (Outcome::Problem, format!("{url} answers as another issuer than itself")),
        // From inside a house its own public address often cannot be reached, though everybody else can.
        (None, Err(_)) => (Outcome::NotSeen, format!("{url}: {}", instead(answer))),
        (None, Ok(_)) => (Outcome::Problem, format!("{url}: {}", instead(answer))),
    };
    let advice = "People are sent there to sign in. It must lead to plex-oidc, with no sign-in of Access or of another proxy before it.";
    finding("discovery", outcome, status(answer), seen, Some(advice))
}

fn clock(now: Timestamp, answer: &Answered) -> Finding {
    let date = answer.as_ref().ok().and_then(|answer| answer.header("date"));
    let theirs = date.and_then(|date| DateTimeParser::new().parse_zoned(date).ok());
    let Some(theirs) = theirs.map(|date| date.timestamp().as_second()) else {
        let seen = "the clock: plex.tv gives no time to compare it with".to_owned();
        return finding("clock", Outcome::NotSeen, status(answer), seen, None);
    };
    let off = now.0.saturating_sub(theirs);
    if off.unsigned_abs() <= u64::from(ACCESS_LEEWAY.0) {
        return finding("clock", Outcome::Ok, None, "the clock agrees with that of plex.tv".to_owned(), None);
    }
    let seen = format!(
        "the clock is {} s {} that of plex.tv",
        off.unsigned_abs(),
        if off > 0 { "ahead of" } else { "behind" }
    );
    let advice = "Let the machine set its clock by the network: assertions and tokens hold for minutes.";
    finding("clock", Outcome::Problem, None, seen, Some(advice))
}

fn owner_token(plex: &PlexConfig) -> Finding {
    let seen = match &plex.owner_token {
        Some(_) => "an owner's token is there, for groups by library",
        None => "there is no owner's token, so nobody has groups by library",
    };
    finding("owner-token", Outcome::Ok, None, seen.to_owned(), None)
}

/// The name of one of a team's keys; else why there is none.
fn key_of(answer: &Answered) -> Result<String, String> {
    let whole = answer.as_ref().ok().filter(|answer| answer.status == 200);
    let keys = whole.and_then(|answer| parse_certs(&answer.body).ok());
    let first = keys.as_deref().and_then(|keys| keys.first()).and_then(VerifyingKey::kid);
    first.map(str::to_owned).ok_or_else(|| instead(answer))
}

fn team_keys(team: &AccessTeam, answer: &Answered) -> Finding {
    let status = status(answer);
    match key_of(answer) {
        Ok(_) => {
            let seen = format!("the keys of {} can be had", team.issuer);
            finding("team-keys", Outcome::Ok, status, seen, None)
        }
        Err(why) => {
            let advice = "Without them no assertion of Access is believed. Look at the team's name in [[access_teams]].";
            let seen = format!("the keys of {} cannot be had: {why}", team.issuer);
            finding("team-keys", Outcome::Problem, status, seen, Some(advice))
        }
    }
}
