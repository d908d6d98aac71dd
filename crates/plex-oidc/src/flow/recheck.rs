//! The re-check: access follows the share. One round asks Plex about everybody who was a member when last heard of, and
//! stores what came of it. An error ends nobody's access; the last good answer serves for as long as the rules say.

use std::collections::BTreeMap;

use plex_oidc_core::audit::Actor;
use plex_oidc_core::decide::{Person, Standing};
use plex_oidc_core::id::AccountId;
use plextv::Error;
use tracing::{error, info, warn};

use super::{FlowError, alarm, sign_out};
use crate::app::App;
use crate::membership::{Round, TroubleKind};
use crate::metrics::RoundOutcome;
use crate::store::records::{Reconfirmed, UserRecord};
use crate::upstream::plex::{Plex, Rechecked};

/// What the host is told when the owner's token has died. It is an alarm, and never anybody's sign-out.
const DEAD_TOKEN: &str = "plex.tv does not accept the owner's token any more, so nobody's membership can be looked after: \
    fetch a new one with `plex-oidc owner-token renew`. The running service takes it over by itself";

/// What the host is told when an hour's requests are spent.
const SPENT: &str = "the requests to plex.tv of this hour are spent (plex.requests_per_hour), so Plex is asked later who is a \
    member";

/// One round. Says how it went to the log and to [`App::membership`]. `false` when a question is open, and worth asking again
/// soon.
pub async fn round(app: &App) -> bool {
    let Some(plex) = app.plex.as_ref().filter(|plex| plex.can_recheck()) else { return true };
    if !plex.has_requests_left() {
        note_spent(app);
        return false;
    }
    let outcome = ask_and_store(app, plex).await;
    note(app, outcome)
}

/// Notes that Plex was not asked, because it was asked often enough.
pub(super) fn note_spent(app: &App) {
    app.metrics.rounds.add(RoundOutcome::Waited);
    if app.membership.went_wrong((TroubleKind::Spent, SPENT), app.clock.now()) {
        warn!("{SPENT}");
    }
    alarm::judge(app);
}

/// Notes how a round went. `false` when a question is open, and worth asking again soon.
pub(super) fn note(app: &App, outcome: Result<Round, FlowError>) -> bool {
    let (counted, is_settled) = match outcome {
        Ok(round) => answered(app, round),
        Err(wrong) => went_wrong(app, &wrong),
    };
    app.metrics.rounds.add(counted);
    alarm::judge(app);
    is_settled
}

fn answered(app: &App, round: Round) -> (RoundOutcome, bool) {
    if app.membership.went_well(round, app.clock.now()) {
        info!(members = round.members, "who is a member is known again");
    }
    if round.doubted == 0 {
        return (RoundOutcome::Answered, true);
    }
    warn!(
        people = round.doubted,
        "missing in one list at plex.tv, and no other could be asked; they stay in"
    );
    (RoundOutcome::InDoubt, false)
}

fn went_wrong(app: &App, wrong: &FlowError) -> (RoundOutcome, bool) {
    let now = app.clock.now();
    if let FlowError::Plex(Error::Unauthorized) = wrong {
        if app.membership.went_wrong((TroubleKind::OwnerToken, DEAD_TOKEN), now) {
            error!("{DEAD_TOKEN}");
        }
        return (RoundOutcome::TokenRefused, true); // it will not come back to life by itself
    }
    let (kind, what, counted) = match wrong {
        // Which way it fails changes from one round to the next, and is in the log.
        FlowError::Plex(error) if error.is_transient() => {
            (TroubleKind::Plex, "plex.tv does not answer".to_owned(), RoundOutcome::Unanswered)
        }
        FlowError::Plex(error) => (TroubleKind::Plex, error.to_string(), RoundOutcome::Unanswered),
        other => (TroubleKind::Ours, other.to_string(), RoundOutcome::Failed),
    };
    if app.membership.went_wrong((kind, &what), now) {
        warn!(error = %wrong, "who is a member could not be asked; what was known before serves");
    }
    (counted, false)
}

async fn ask_and_store(app: &App, plex: &Plex) -> Result<Round, FlowError> {
    let now = app.clock.now();
    let users = app.store.users().await?;
    let known_at: BTreeMap<_, _> = users.iter().map(|user| (user.account_id(), user.updated)).collect();
    let people: Vec<_> = users.into_iter().map(|user| user.person).filter(is_member).collect();
    let Some(Rechecked { members, ended, doubted }) = plex.recheck(&people, now).await? else {
        return Ok(Round::default());
    };
    let round = Round { members: members.len(), ended: ended.len(), doubted };
    let confirmed = members.into_iter().filter_map(|person| {
        let known_at = *known_at.get(&person.account.id)?;
        Some(Reconfirmed { known_at, user: UserRecord { person, updated: now } })
    });
    app.store.reconfirm_users(confirmed.collect()).await?;
    for person in ended {
        // No older than what it is about, or a clock that was put back would keep it from being stored.
        let updated = known_at.get(&person.account.id).map_or(now, |known_at| now.max(*known_at));
        sign_out::end_access(app, &UserRecord { person, updated }, Actor::Recheck).await?;
    }
    Ok(round)
}

pub(super) fn is_member(person: &Person) -> bool {
    matches!((person.account.id, &person.standing), (AccountId::Plex(_), Standing::Member { .. }))
}
