//! The audit log.

use axum::body::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use plex_oidc_core::audit::{What, end_of};
use plex_oidc_core::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::call::{Answered, Call, account, shown};
use super::problem::{Code, Problem};
use crate::app::{App, State};
use crate::store::records::{EventRecord, EventsWanted};
use crate::web::event_lines::{PART, event_lines};
use crate::web::respond::Answer;

#[derive(Serialize)]
struct Events {
    events: Vec<Value>,
    next: Option<u64>,
}

/// What happened, the newest first. `next`: what to give as `before` for what came before that.
pub(super) async fn list(app: &App, call: &Call) -> Answered {
    let most = u32::try_from(call.number("limit", 500, 100)?).unwrap_or(PART);
    // One more than is shown says whether there are more.
    let mut events = app.store.events(EventsWanted { most: most + 1, ..wanted(call)? }).await?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let has_more = events.len() > most;
    events.truncate(most);
    let next = events.last().map(|last| last.id).filter(|_| has_more);
    let read = |found: &EventRecord| serde_json::from_str(&found.event.json_line(found.id));
    let read: Result<Vec<Value>, _> = events.iter().map(read).collect();
    let events = read.map_err(|_| Problem::new(Code::Internal, "an event cannot be read"))?;
    shown(&Events { events, next })
}

/// All of it, one event a line.
pub(super) fn lines(app: &State, call: &Call) -> Answered {
    let wanted = EventsWanted { most: PART, ..wanted(call)? };
    let mut answer = Answer::new(Body::from_stream(event_lines(app, wanted)));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

fn wanted(call: &Call) -> Result<EventsWanted, Problem> {
    let when = "a day such as 2026-11-27, or a moment such as 2026-11-27T07:00:00Z";
    Ok(EventsWanted {
        account: call.parsed("account", "plex-<account id> or local-<number>", account)?,
        name: call.parameter("name").map(str::to_owned),
        what: call.parsed("what", "one of the words of the audit log", What::of_word)?,
        since: call.parsed("since", when, Timestamp::parse_rfc3339)?,
        until: call.parsed("until", when, end_of)?,
        before: call.parsed("before", "the number of an event", number)?,
        most: 0,
    })
}

/// Numbers that the database has no room for are no numbers of events.
fn number(text: &str) -> Option<u64> {
    text.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok())
}
