//! The audit log, for the host: as a page, and as JSON lines.

use axum::body::Body;
use axum::extract::State as Shared;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use plex_oidc_core::audit::{Event, What, end_of};
use plex_oidc_core::form::Parameters;
use plex_oidc_core::subject::Subject;
use plex_oidc_core::time::{Seconds, Timestamp};
use url::form_urlencoded::Serializer;

use super::event_lines::{PART, event_lines};
use super::host::host;
use super::request::{ClientAddress, Sent, Unreadable};
use super::respond::{Answer, failed, page, see_other};
use crate::app::{App, State};
use crate::flow::FlowError;
use crate::pages::{Audit, Page, Said, ShownEvent, ShownKind};
use crate::store::records::{EventRecord, EventsWanted};

const PATH: &str = "/admin/audit";
/// So many events are on one page.
const ROWS: u32 = 50;
/// Longest text that is looked for, in characters.
const LONGEST_SEARCH: usize = 100;

/// `GET /admin/audit`: what happened, the newest first.
pub async fn show(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    if let Err(answer) = host(&app, &headers, address, None).await {
        return answer;
    }
    let Ok(Sent(query)) = sent else { return see_other(PATH) };
    let shown = shown(&app, &Asked::of(&query), before(&query)).await;
    shown.unwrap_or_else(|error| failed(&app, &error, None))
}

/// `GET /admin/audit.jsonl`: all of it, one event a line.
pub async fn export(
    Shared(app): Shared<State>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    sent: Result<Sent, Unreadable>,
) -> Answer {
    if let Err(answer) = host(&app, &headers, address, None).await {
        return answer;
    }
    let Ok(Sent(query)) = sent else { return see_other(PATH) };
    let wanted = EventsWanted { before: before(&query), most: PART, ..Asked::of(&query).wanted() };
    let mut answer = Answer::new(Body::from_stream(event_lines(&app, wanted)));
    let headers = answer.headers_mut();
    let name = "attachment; filename=\"plex-oidc-audit.jsonl\"";
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static(name));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// What is asked for. What cannot be read does not matter.
struct Asked {
    /// An account, or a part of a name.
    person: String,
    what: Option<What>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Asked {
    fn of(query: &Parameters) -> Self {
        let text = |name| query.get(name).ok().flatten().unwrap_or_default().trim();
        Self {
            person: text("person").chars().take(LONGEST_SEARCH).collect(),
            what: What::of_word(text("what")),
            since: Timestamp::parse_rfc3339(text("since")),
            until: end_of(text("until")),
        }
    }

    fn wanted(&self) -> EventsWanted {
        let account = Subject::parse(&self.person).and_then(|subject| subject.account());
        EventsWanted {
            account,
            name: (account.is_none() && !self.person.is_empty()).then(|| self.person.clone()),
            what: self.what,
            since: self.since,
            until: self.until,
            ..EventsWanted::default()
        }
    }

    fn address(&self, path: &str, before: Option<u64>) -> String {
        let mut query = Serializer::new(String::new());
        if !self.person.is_empty() {
            query.append_pair("person", &self.person);
        }
        let moments = [("since", self.since), ("until", self.until)];
        query.extend_pairs(self.what.map(|what| ("what", what.word())));
        query.extend_pairs(moments.into_iter().filter_map(|(name, at)| Some((name, at?.rfc3339()))));
        query.extend_pairs(before.map(|before| ("before", before.to_string())));
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

/// Numbers that the database has no room for are no numbers of events.
fn before(query: &Parameters) -> Option<u64> {
    let number: i64 = query.get("before").ok().flatten()?.parse().ok()?;
    u64::try_from(number).ok()
}

async fn shown(app: &App, asked: &Asked, before: Option<u64>) -> Result<Answer, FlowError> {
    // One more than is shown says whether there are more.
    let mut events = app.store.events(EventsWanted { before, most: ROWS + 1, ..asked.wanted() }).await?;
    let rows = usize::try_from(ROWS).unwrap_or(usize::MAX);
    let has_more = events.len() > rows;
    events.truncate(rows);
    let last = events.last().map(|last| last.id).filter(|_| has_more);
    let day = |at: Timestamp| at.rfc3339().chars().take(10).collect::<String>();
    // The last day that is meant whole.
    let (since, until) = (asked.since.map(day), asked.until.map(|end| day(end.minus(Seconds(1)))));
    let newest = before.map(|_| asked.address(PATH, None));
    let older = last.map(|last| asked.address(PATH, Some(last)));
    let rows: Vec<_> = events.iter().map(row).collect();
    let kinds = What::ALL.map(|what| ShownKind { word: what.word(), is_chosen: asked.what == Some(what) });
    let values = Audit {
        person: &asked.person,
        kinds: &kinds,
        since: since.as_deref(),
        until: until.as_deref(),
        is_filtered: !asked.address("", None).is_empty(),
        events: &rows,
        newest: newest.as_deref(),
        older: older.as_deref(),
        export: &asked.address("/admin/audit.jsonl", None),
        days: app.events_kept.0 / Seconds::days(1).0,
    };
    Ok(page(app, StatusCode::OK, &Page::Audit(&values)))
}

fn row(found: &EventRecord) -> ShownEvent<'_> {
    let Event { at, what, by, about, name, target, address, detail } = &found.event;
    ShownEvent {
        at: at.rfc3339().replace('T', " ").replace('Z', "").into(),
        what: what.word(),
        by: by.to_string().into(),
        actor: Said::of_actor(*by),
        account: about.map(|account| account.to_string().into()),
        name: name.as_deref(),
        target: target.as_deref(),
        address: address.map(|address| address.to_string().into()),
        detail: detail.as_deref(),
    }
}
