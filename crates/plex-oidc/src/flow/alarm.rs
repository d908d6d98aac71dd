//! Telling the host, at an address that the host named: what keeps people from being looked after, and when that is over.
//!
//! Nobody waits for it, and nothing is decided by it. A small text goes out, without a word about anybody who need not be named.

use plex_oidc_core::time::{Seconds, Timestamp};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use thiserror::Error;

use crate::app::App;
use crate::keys::hmac_sha256;
use crate::membership::{Knowledge, Trouble, TroubleKind};
use crate::notices::{Notice, Topic, Turn};
use crate::upstream::outbound::OutboundError;

/// How long Plex may be silent before the host is told.
const SILENCE: Seconds = Seconds::minutes(30);
/// So long before the last answer of Plex stops serving the host is told, or earlier: after three quarters of it.
const LONGEST_WARNING: Seconds = Seconds::hours(6);

/// The header with the signature of the text.
const SIGNATURE: &str = "x-plex-oidc-signature";

/// Why the host was not told.
#[derive(Debug, Error)]
pub enum Untold {
    /// The configuration names no address any more.
    #[error("no address is named")]
    NotAsked,
    /// The text could not be written.
    #[error(transparent)]
    Text(#[from] serde_json::Error),
    /// The request failed.
    #[error(transparent)]
    Request(#[from] OutboundError),
    /// It was not taken.
    #[error("it answered with status {0}")]
    Refused(u16),
}

/// Has the host told that something has happened, if the host wants to be told. Returns at once, and never fails.
///
/// `named` is what the message names, if it does.
pub fn tell_host(app: &App, event: &'static str, message: String, named: Option<String>) {
    if is_told(app) {
        let at = app.clock.now();
        app.notices.push(Notice { event, state: Turn::Happened, message, named, since: at, at });
    }
}

/// Whether there is a way to tell the host.
fn is_told(app: &App) -> bool {
    app.webhook.is_some() || app.mail.is_some()
}

/// Has the host told of what has changed with the last round of the re-check.
pub(super) fn judge(app: &App) {
    if !is_told(app) {
        return;
    }
    let (known, now) = (app.membership.known(), app.clock.now());
    for topic in Topic::ALL {
        let (is_so, over) = match topic {
            Topic::OwnerTokenRefused => (
                trouble_of(&known, TroubleKind::OwnerToken)
                    .map(|trouble| (trouble.of_its_kind_since, trouble.what.clone())),
                "plex.tv accepts the owner's token again",
            ),
            Topic::PlexUnanswered => (unanswered(&known, now), "plex.tv answers again"),
            Topic::GraceNearlyOver => (
                grace_nearly_over(&known, app.rules.membership_lifetime, now),
                "it is known again who is a member",
            ),
        };
        // Another trouble hides this one; whether it is over is not known before Plex has answered.
        let is_hidden = is_so.is_none() && known.trouble.is_some() && topic != Topic::GraceNearlyOver;
        if !is_hidden {
            app.notices.say(topic, is_so, over, now);
        }
    }
}

/// Since when Plex answers nothing, or not what is asked about somebody, if that is long ago.
fn unanswered(known: &Knowledge, now: Timestamp) -> Option<(Timestamp, String)> {
    let silent = trouble_of(known, TroubleKind::Plex)
        .map(|trouble| (trouble.of_its_kind_since, "plex.tv has not answered for half an hour"));
    let doubted = known.in_doubt_since.map(|since| {
        (since, "plex.tv has not said for half an hour whether somebody still has a share; they stay in")
    });
    let mut reasons = [silent, doubted].into_iter().flatten();
    let (since, message) = reasons.find(|(since, _)| since.plus(SILENCE).has_passed(now))?;
    Some((since, message.to_owned()))
}

fn trouble_of(known: &Knowledge, kind: TroubleKind) -> Option<&Trouble> {
    known.trouble.as_ref().filter(|trouble| trouble.kind == kind)
}

fn grace_nearly_over(known: &Knowledge, lifetime: Seconds, now: Timestamp) -> Option<(Timestamp, String)> {
    let since = known.trouble.as_ref()?.since;
    let last_good = known.last_good.map_or(since, |(_, at)| at);
    let warning = Seconds(lifetime.0 / 4).min(LONGEST_WARNING);
    let message =
        "what plex.tv said last about members serves for little longer: people will have to sign in anew";
    let is_near = last_good.plus(Seconds(lifetime.0 - warning.0)).has_passed(now);
    is_near.then(|| (since, message.to_owned()))
}

/// What is sent.
#[derive(Serialize)]
struct Sent<'n> {
    issuer: &'n str,
    #[serde(flatten)]
    notice: &'n Notice,
}

/// One try to tell the host.
pub async fn deliver(app: &App, notice: &Notice) -> Result<(), Untold> {
    let (Some(webhook), Some(outbound)) = (&app.webhook, &app.outbound) else { return Err(Untold::NotAsked) };
    let body = serde_json::to_string(&Sent { issuer: app.issuer.as_str(), notice })?;
    let secret = webhook.secret.as_ref();
    let signature = secret.map(|secret| hmac_sha256(secret.expose_secret().as_bytes(), body.as_bytes()));
    let signature = signature.map(|tag| (SIGNATURE, format!("sha256={tag}")));
    let status = outbound.post_json(&webhook.url, body, signature).await?;
    if status.is_success() { Ok(()) } else { Err(Untold::Refused(status.as_u16())) }
}
