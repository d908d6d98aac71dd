//! The re-check: access follows the share. One round asks Plex about everybody who was a member when last heard of, and
//! stores what came of it. An error ends nobody's access; the last good answer serves for as long as the rules say.

use std::collections::BTreeMap;

use plex_oidc_core::audit::Actor;
use plex_oidc_core::decide::{Person, Standing};
use plex_oidc_core::id::AccountId;
use plextv::Error;
use tracing::{error, info, warn};

use super::{FlowError, sign_out};
use crate::app::App;
use crate::membership::Round;
use crate::store::records::{Reconfirmed, UserRecord};
use crate::upstream::plex::{Plex, Rechecked};

/// What the host is told when the owner's token has died. It is an alarm, and never anybody's sign-out.
const DEAD_TOKEN: &str = "plex.tv does not accept the owner's token any more, so nobody's membership can be looked after: \
    fetch a new one with `plex-oidc init --keep-owner-token` in an empty folder, and put it into plex.owner_token_file";

/// One round. Says how it went to the log and to [`App::membership`]. `false` when a question is open, and worth asking again
/// soon.
pub async fn round(app: &App) -> bool {
    let Some(plex) = app.plex.as_ref().filter(|plex| plex.can_recheck()) else { return true };
    let outcome = ask_and_store(app, plex).await;
    let now = app.clock.now();
    match outcome {
        Ok(round) => {
            if app.membership.went_well(round, now) {
                info!(members = round.members, "who is a member is known again");
            }
            if round.doubted > 0 {
                warn!(
                    people = round.doubted,
                    "missing in one list at plex.tv, and no other could be asked; they stay in"
                );
            }
            round.doubted == 0
        }
        Err(FlowError::Plex(Error::Unauthorized)) => {
            if app.membership.went_wrong(DEAD_TOKEN, now) {
                error!("{DEAD_TOKEN}");
            }
            true // it will not come back to life by itself
        }
        Err(wrong) => {
            let what = match &wrong {
                // Which way it fails changes from one round to the next, and is in the log.
                FlowError::Plex(error) if error.is_transient() => "plex.tv does not answer".to_owned(),
                other => other.to_string(),
            };
            if app.membership.went_wrong(&what, now) {
                warn!(error = %wrong, "who is a member could not be asked; what was known before serves");
            }
            false
        }
    }
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

fn is_member(person: &Person) -> bool {
    matches!((person.account.id, &person.standing), (AccountId::Plex(_), Standing::Member { .. }))
}
