//! What commands beside the running service ask it: how well it is known who is a member, which is in the memory of the service
//! alone, and one more round of the re-check, since it keeps the count of what Plex is asked.

use plex_oidc_core::audit::Actor;
use serde::Serialize;
use tracing::{debug, warn};

use super::FlowError;
#[cfg(doc)]
use super::admin::Asked;
use super::admin::ask_plex;
use crate::app::{App, State};
use crate::store::records::{OpenQuestion, Question};
use crate::upstream::plex::Plex;

/// How well it is known who is a member, in the words that programs are told.
#[derive(Debug, Serialize)]
pub struct Membership {
    /// Whether anybody signs in through Plex.
    pub at_plex: bool,
    /// Whether there is an owner's token to ask with.
    pub has_owner_token: bool,
    /// How often people are asked about with tokens of their own, if those are kept.
    pub own_tokens_every_seconds: Option<u32>,
    /// The last round that Plex answered.
    pub last_answer: Option<LastAnswer>,
    /// What is wrong, if the last round was not answered.
    pub trouble: Option<Trouble>,
    /// Whether Plex is left alone for a while, because it kept failing.
    pub left_alone: bool,
    /// Requests in the last hour that no visitor waited for.
    pub requests_last_hour: u32,
    /// How many those may be.
    pub requests_per_hour: u32,
    /// Requests in the last hour, all of them.
    pub requests_last_hour_in_all: u32,
    /// How long the last answer serves.
    pub lifetime_seconds: u32,
}

/// A round that Plex answered.
#[derive(Debug, Serialize)]
pub struct LastAnswer {
    /// When.
    pub at: String,
    /// How many are members.
    pub members: usize,
    /// How many were until then.
    pub ended: usize,
    /// How many are missing in one list alone, and stay.
    pub doubted: usize,
}

/// What is wrong.
#[derive(Debug, Serialize)]
pub struct Trouble {
    /// A sentence.
    pub what: String,
    /// Since when.
    pub since: String,
}

impl Membership {
    /// As it is now.
    pub fn of(app: &App) -> Self {
        let known = app.membership.known();
        let plex = app.plex.as_ref();
        let figures = plex.map(Plex::figures);
        Self {
            at_plex: plex.is_some(),
            has_owner_token: plex.is_some_and(Plex::can_recheck),
            own_tokens_every_seconds: plex.and_then(Plex::own_tokens_every).map(|every| every.0),
            last_answer: known.last_good.map(|(round, at)| LastAnswer {
                at: at.rfc3339(),
                members: round.members,
                ended: round.ended,
                doubted: round.doubted,
            }),
            trouble: known
                .trouble
                .map(|trouble| Trouble { what: trouble.what, since: trouble.since.rfc3339() }),
            left_alone: figures.is_some_and(|figures| figures.breaker_open),
            requests_last_hour: figures.map_or(0, |figures| figures.asked),
            requests_per_hour: figures.map_or(0, |figures| figures.limit),
            requests_last_hour_in_all: app.metrics.asked_in_all(app.clock.instant()),
            lifetime_seconds: app.rules.membership_lifetime.0,
        }
    }
}

/// What the service answers a command.
#[derive(Debug, Serialize)]
struct Answer {
    /// What came of asking Plex, if that was the question: a word of [`Asked`].
    asked: Option<&'static str>,
    /// How well it is known who is a member, after that.
    membership: Membership,
}

/// Answers what commands ask: what is known already first, for a round of the re-check may take its time.
pub async fn round(app: &State) {
    loop {
        let open = match app.store.open_questions(app.clock.now()).await {
            Ok(open) => open,
            Err(error) => return debug!(%error, "whether a command asks something is not known"), // said by what serves people
        };
        let known = open.iter().find(|open| open.question == Question::Membership);
        let Some(next) = known.or(open.first()) else { return };
        if let Err(error) = answer(app, *next).await {
            return warn!(%error, "a command asked something and was not answered");
        }
    }
}

async fn answer(app: &State, OpenQuestion { id, question }: OpenQuestion) -> Result<(), FlowError> {
    let asked = match question {
        Question::Membership => None,
        Question::Recheck => Some(ask_plex(app, Actor::CommandLine, None).await.as_str()),
    };
    let answer = Answer { asked, membership: Membership::of(app) };
    app.store.answer_question(id, serde_json::to_string(&answer)?).await?;
    Ok(())
}
