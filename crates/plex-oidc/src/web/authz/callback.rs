//! Somebody comes back to an application's host with a hand-over code. The proxy's own subrequest is the callback, so no
//! second route is needed.

use http::StatusCode;
use plex_oidc_core::form::Parameters;
use tracing::info;

use super::answers::{Asking, redirect, refuse};
use crate::flow::handover::let_in;
use crate::web::respond::Answer;

const AGAIN: &str =
    "Signing in did not work: it took too long, or this browser keeps no cookies here. Open the page again.";

/// Answers the callback. Never 200: what is behind it is nobody's.
pub(super) async fn come_in(asking: &Asking<'_>) -> Answer {
    let query = asking.original.query();
    let Ok(parameters) = Parameters::parse(query.as_bytes()) else {
        return refuse(asking.family, StatusCode::BAD_REQUEST, AGAIN);
    };
    let get = |name| parameters.get(name).ok().flatten();
    let from_us = get("iss") == Some(asking.app.issuer.as_str());
    if let (Some(error), true) = (get("error"), from_us) {
        info!(
            app = asking.asked.name,
            error = error.escape_debug().to_string(),
            "a sign-in ended without a code"
        );
        return refuse(
            asking.family,
            StatusCode::FORBIDDEN,
            "You did not sign in. Open the page again to try.",
        );
    }
    let (Some(code), Some(state), true) = (get("code"), get("state"), from_us) else {
        return refuse(asking.family, StatusCode::BAD_REQUEST, AGAIN);
    };
    match let_in(asking.app, asking.asked, asking.original, (code, state), asking.headers).await {
        Ok(Some(let_in)) => redirect(asking, &let_in.to, Some(&let_in.cookie)),
        Ok(None) => refuse(asking.family, StatusCode::FORBIDDEN, AGAIN),
        Err(_) => {
            refuse(asking.family, StatusCode::SERVICE_UNAVAILABLE, "this cannot be decided now, try again")
        }
    }
}
