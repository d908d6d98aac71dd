//! The two pages of the pop-up: the same for everybody, and they grant nothing.

use axum::extract::State as Shared;
use http::StatusCode;

use crate::app::State;
use crate::pages::Page;
use crate::web::language;
use crate::web::request::{Sent, Unreadable};
use crate::web::respond::{Answer, page};

/// `GET /sign-in/popup`: what the pop-up shows until Plex does, in the language of the page that opened it.
pub async fn popup(Shared(app): Shared<State>, sent: Result<Sent, Unreadable>) -> Answer {
    if let Ok(Sent(query)) = &sent {
        language::prefer(query.get("ui_locales").ok().flatten());
    }
    page(&app, StatusCode::OK, &Page::Popup)
}

/// `GET /sign-in/done`: where Plex sends the pop-up afterwards. It closes itself.
pub async fn done(Shared(app): Shared<State>) -> Answer {
    page(&app, StatusCode::OK, &Page::Close)
}
