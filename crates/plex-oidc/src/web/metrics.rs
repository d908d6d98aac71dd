//! Figures for Prometheus, on a listener of their own.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::response::IntoResponse as _;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::respond::Answer;
use crate::app::State;
use crate::flow::figures::{LastTallies, all};
use crate::metrics;

/// What the handler works with.
#[derive(Clone)]
pub struct Watched {
    /// What is looked at.
    pub app: State,
    /// What was counted last.
    pub last: Arc<LastTallies>,
}

/// `GET /metrics`.
pub async fn metrics(Shared(watched): Shared<Watched>) -> Answer {
    let headers = [(CONTENT_TYPE, metrics::CONTENT_TYPE), (CACHE_CONTROL, "no-store")];
    (headers, all(&watched.app, &watched.last).await).into_response()
}
