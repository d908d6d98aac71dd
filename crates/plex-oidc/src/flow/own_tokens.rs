//! The re-check without the owner's token: Plex is asked about each person with the token of their own last sign-in (decision
//! 0021). That token is used for nothing else, and is nowhere but sealed in the store and on its way to Plex.
//!
//! An outage, a refusal to answer so many questions, an answer that makes no sense: none of these ends anything.

use plex_oidc_core::audit::Actor;
use plex_oidc_core::decide::Person;
use plex_oidc_core::id::AccountId;
use plex_oidc_core::recheck::{Recheck, ended};
use plex_oidc_core::time::{Seconds, Timestamp};
use plextv::PlexToken;
use tracing::{info, warn};

use super::recheck::{is_member, note, note_spent};
use super::{FlowError, sign_out};
use crate::app::App;
use crate::keys::Place;
use crate::membership::Round;
use crate::store::records::{
    DuePlexTokens, KeptPlexToken, NewPlexToken, PlexLook, Reconfirmed, SealedBytes, UserRecord,
};
use crate::upstream::plex::{OwnLook, Plex};

/// Most people that are asked about in one round; the next begins a second later.
const AT_ONCE: usize = 2;
/// How soon Plex is asked again about somebody whose list was empty. Much sooner, and it is the same answer. The first look is so
/// much earlier, so that both come within the time that the host has named.
const SECOND_LOOK: Seconds = Seconds::minutes(1);
/// How soon after a first failure that is about one person alone; twice that after the second, and so on.
const FIRST_PAUSE: Seconds = Seconds(30);
/// How soon in an outage, where Plex does not say.
const OUTAGE_PAUSE: Seconds = Seconds(30);
/// How soon it is looked whether there are requests left.
const SPENT_PAUSE: Seconds = Seconds::minutes(1);

/// The token of a sign-in, sealed, if it is to be kept.
pub(super) fn kept(app: &App, person: &Person, token: &PlexToken) -> Result<Option<NewPlexToken>, FlowError> {
    let Some((_, every)) = looking(app).filter(|(plex, _)| plex.keeps_token_of(person)) else {
        return Ok(None);
    };
    let row = person.account.id.to_string();
    let sealed = SealedBytes(app.seal.seal(place(&row), token.expose().as_bytes())?);
    // Many may sign in at the same moment: from the first look on they are apart.
    let next_look = app.clock.now().plus(sometime(app, every, 2));
    Ok(Some(NewPlexToken { sealed, next_look }))
}

/// One round: some of those who are due. Returns when the next one is. `None`: nobody's token is kept.
pub async fn round(app: &App) -> Option<Timestamp> {
    let Some((plex, every)) = looking(app) else {
        // Whoever signed in at the moment at which the configuration changed may have left one behind.
        if let Err(error) = app.store.forget_plex_tokens().await {
            warn!(%error, "Plex tokens of people that are not asked for any more could not be deleted");
        }
        return None;
    };
    let now = app.clock.now();
    let DuePlexTokens { due, next, kept } = match app.store.due_plex_tokens(now, every, AT_ONCE).await {
        Ok(found) => found,
        Err(error) => {
            note(app, Err(error.into()));
            return Some(now.plus(OUTAGE_PAUSE));
        }
    };
    if due.is_empty() {
        return next;
    }
    let looking = Looking { app, plex, every };
    let mut round = Round { members: kept, ..Round::default() };
    for token in due {
        if !plex.has_requests_left() {
            note_spent(app);
            return Some(now.plus(SPENT_PAUSE));
        }
        // Whoever is due stays so until Plex has had the rest that it asked for.
        let looked = match plex.rested() {
            Ok(()) => looking.look(token, &mut round).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = looked {
            let pause = match &error {
                FlowError::Plex(error) => error.retry_after().unwrap_or_default(),
                _ => std::time::Duration::ZERO,
            };
            note(app, Err(error));
            let pause = u32::try_from(pause.as_secs()).unwrap_or(u32::MAX).clamp(OUTAGE_PAUSE.0, every.0);
            return Some(now.plus(Seconds(pause)));
        }
    }
    round.members = round.members.saturating_sub(round.ended);
    note(app, Ok(round));
    Some(next.map_or(now, |next| next.max(now)))
}

fn looking(app: &App) -> Option<(&Plex, Seconds)> {
    let plex = app.plex.as_ref()?;
    Some((plex, plex.own_tokens_every()?))
}

/// When somebody is asked about again who is to be asked about this often: at random, up to the given part of it earlier.
fn sometime(app: &App, every: Seconds, part: u32) -> Seconds {
    let [a, b, ..] = app.entropy.bytes();
    let latest = every.0.saturating_sub(SECOND_LOOK.0);
    let earlier = u64::from(latest / part) * u64::from(u16::from_be_bytes([a, b])) / u64::from(u16::MAX);
    Seconds(latest.saturating_sub(u32::try_from(earlier).unwrap_or(0)))
}

fn place(row: &str) -> Place<'_> {
    Place { table: "plex_tokens", column: "sealed", row }
}

/// What comes of one look.
enum Outcome {
    /// Still a member, by fewer servers perhaps.
    Member(Box<Person>),
    /// Not any more.
    Ended,
    /// Not clear enough to end anything: once more.
    Missed,
    /// Plex said nothing that makes sense of this person.
    Odd,
    /// There is nobody to look after.
    Nobody,
}

struct Looking<'a> {
    app: &'a App,
    plex: &'a Plex,
    every: Seconds,
}

impl Looking<'_> {
    /// Looks after one person. An error is about Plex, or about us, and not about them.
    async fn look(&self, token: KeptPlexToken, round: &mut Round) -> Result<(), FlowError> {
        let (app, began) = (self.app, self.app.clock.now());
        // By the file, somebody may have become an owner since: whoever may not have a token kept is not asked about with it.
        let is_looked_after =
            |user: &UserRecord| is_member(&user.person) && self.plex.keeps_token_of(&user.person);
        let Some(user) = app.store.user(token.account_id).await?.filter(is_looked_after) else {
            return self.note(token, Outcome::Nobody, None, round).await;
        };
        let outcome = match self.ask(&user.person, &token, began).await {
            Ok(outcome) => outcome,
            Err(error) => {
                // Whoever comes first in the line does not keep the others from being asked about.
                self.postpone(token).await?;
                return Err(error);
            }
        };
        self.note(token, outcome, Some((user, began)), round).await
    }

    async fn ask(&self, person: &Person, kept: &KeptPlexToken, now: Timestamp) -> Result<Outcome, FlowError> {
        let Some(token) = self.open(kept) else {
            warn!(account = %kept.account_id, "a Plex token that was kept does not open; it is forgotten");
            return Ok(Outcome::Nobody);
        };
        Ok(match self.plex.look_with_own_token(person, &token, now).await {
            Ok(OwnLook::TokenDead) => Outcome::Ended,
            Ok(OwnLook::Told { recheck, is_clear }) => match *recheck {
                Recheck::Member(person) => Outcome::Member(Box::new(person)),
                Recheck::Missing { .. } if !is_clear && !kept.missed => Outcome::Missed,
                Recheck::Missing { rest: Some(rest) } => Outcome::Member(Box::new(rest)),
                Recheck::Missing { rest: None } => Outcome::Ended,
                Recheck::NotTold => Outcome::Nobody,
            },
            Err(error) if error.is_transient() => return Err(error.into()),
            Err(error) => {
                let account = person.account.id;
                warn!(%account, %error, "Plex gave no usable answer about somebody; they stay as they are");
                Outcome::Odd
            }
        })
    }

    fn open(&self, kept: &KeptPlexToken) -> Option<PlexToken> {
        let row = kept.account_id.to_string();
        let plain = self.app.seal.open(place(&row), &kept.sealed.0).ok()?;
        PlexToken::parse(std::str::from_utf8(&plain).ok()?)
    }

    async fn postpone(&self, token: KeptPlexToken) -> Result<(), FlowError> {
        let failures = token.failures.saturating_add(1);
        let pause = FIRST_PAUSE.0.saturating_mul(1 << token.failures.min(10)).min(self.every.0);
        let look = PlexLook {
            next_look: self.app.clock.now().plus(Seconds(pause)),
            failures,
            missed: token.missed,
            token,
        };
        self.app.store.note_plex_look(look).await?;
        Ok(())
    }

    /// Stores what came of it: first that this token was used, so that whoever signed in meanwhile is left alone.
    async fn note(
        &self,
        token: KeptPlexToken,
        outcome: Outcome,
        about: Option<(UserRecord, Timestamp)>,
        round: &mut Round,
    ) -> Result<(), FlowError> {
        let (app, account) = (self.app, token.account_id);
        let (missed, pause) = match &outcome {
            Outcome::Odd => return self.postpone(token).await,
            Outcome::Nobody => {
                app.store.forget_plex_token(account).await?;
                return Ok(());
            }
            Outcome::Missed => (true, SECOND_LOOK),
            Outcome::Member(_) | Outcome::Ended => (false, sometime(app, self.every, 4)),
        };
        let look = PlexLook { token, next_look: app.clock.now().plus(pause), failures: 0, missed };
        if !app.store.note_plex_look(look).await? {
            return Ok(());
        }
        let Some((user, began)) = about else { return Ok(()) };
        match outcome {
            Outcome::Member(person) => confirm(app, (&user, began), *person).await,
            Outcome::Ended => {
                round.ended += 1;
                end(app, account, &user, began).await
            }
            Outcome::Missed | Outcome::Odd | Outcome::Nobody => {
                round.doubted += 1;
                Ok(())
            }
        }
    }
}

async fn confirm(
    app: &App,
    (user, began): (&UserRecord, Timestamp),
    person: Person,
) -> Result<(), FlowError> {
    let user = Reconfirmed { known_at: user.updated, user: UserRecord { person, updated: began } };
    app.store.reconfirm_users(vec![user]).await?;
    Ok(())
}

async fn end(app: &App, account: AccountId, user: &UserRecord, began: Timestamp) -> Result<(), FlowError> {
    info!(%account, "Plex shows this person no server of ours any more, or has ended their sign-in");
    let updated = began.max(user.updated);
    let ended = UserRecord { person: ended(&user.person), updated };
    sign_out::end_access(app, &ended, Actor::Recheck).await
}
