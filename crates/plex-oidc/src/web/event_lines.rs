//! The audit log as JSON lines, for whoever may read it.

use std::io;
use std::sync::Arc;

use axum::body::Bytes;
use futures_util::stream::{self, Stream};
use tracing::warn;

use crate::app::State;
use crate::store::records::EventsWanted;

/// So many events are read at once where all are wanted.
pub const PART: u32 = 500;

/// Part by part: whoever reads slowly holds one part, and no connection to the database.
pub fn event_lines(app: &State, wanted: EventsWanted) -> impl Stream<Item = io::Result<Bytes>> + use<> {
    stream::unfold(Some((Arc::clone(app), wanted)), |state| async move {
        let (app, mut wanted) = state?;
        match app.store.events(wanted.clone()).await {
            Ok(events) => {
                wanted.before = Some(events.last()?.id);
                let text = events.iter().map(|found| found.event.json_line(found.id) + "\n");
                Some((Ok(Bytes::from(text.collect::<String>())), Some((app, wanted))))
            }
            Err(error) => {
                warn!(%error, "an export of the audit log was broken off");
                Some((Err(io::Error::other("the audit log could not be read")), None)) // not as if that were all
            }
        }
    })
}
