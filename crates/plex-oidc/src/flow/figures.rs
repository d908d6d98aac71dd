//! The figures of this moment, for whoever watches. A question costs a bounded piece of work, however often it is asked.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tracing::warn;

use crate::app::App;
use crate::membership::TroubleKind;
use crate::metrics::{Figures, text};
use crate::store::records::Tallies;
use crate::upstream::plex::Plex;

/// For so long what was counted in the store is not counted again.
const FRESH: Duration = Duration::from_secs(5);

/// What was counted in the store last.
#[derive(Debug, Default)]
pub struct LastTallies(Mutex<Option<(Instant, Tallies)>>);

/// All figures, as text.
pub async fn all(app: &App, last: &LastTallies) -> String {
    let (known, now) = (app.membership.known(), app.clock.now());
    let round = known.last_good.map(|(round, _)| round);
    let figures = Figures {
        plex: app.plex.as_ref().map(Plex::figures),
        last_good_age: known.last_good.map(|(_, at)| now.since(at)),
        members: round.map(|round| round.members),
        in_doubt: round.map(|round| round.doubted),
        owner_token_refused: known.trouble.is_some_and(|trouble| trouble.kind == TroubleKind::OwnerToken),
        stored: tallies(app, last).await.map(named).unwrap_or_default(),
    };
    text(&app.metrics, &figures)
}

fn named(tallies: Tallies) -> Vec<(&'static str, u64)> {
    let Tallies { browser_sessions, gateway_sessions, logouts_waiting, plex_tokens } = tallies;
    vec![
        ("browser_sessions", browser_sessions),
        ("gateway_sessions", gateway_sessions),
        ("backchannel_logouts_waiting", logouts_waiting),
        ("own_plex_tokens", plex_tokens),
    ]
}

async fn tallies(app: &App, last: &LastTallies) -> Option<Tallies> {
    let mut last = last.0.lock().await;
    let now = app.clock.instant();
    if let Some((at, tallies)) = *last
        && now.saturating_duration_since(at) < FRESH
    {
        return Some(tallies);
    }
    match app.store.tallies(app.clock.now()).await {
        Ok(tallies) => {
            *last = Some((now, tallies));
            Some(tallies)
        }
        Err(error) => {
            warn!(%error, "figures are shown without those of the store");
            None
        }
    }
}
