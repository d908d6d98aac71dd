//! In which language the request at hand is answered. Every page is drawn in it, also the one that says that something broke,
//! which any function may have to draw: so it goes along with the request's task, and not through every argument.
//!
//! The client's wish counts most, then the browser's, then the host's.

use std::cell::Cell;
use std::future::Future;

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use tokio::task_local;

use crate::app::App;
use crate::pages::Language;

task_local! {
    /// `None`: nobody asked for one that we have.
    static WANTED: Cell<Option<&'static Language>>;
}

/// What the browser asks for.
pub fn wanted(headers: &HeaderMap) -> Option<&'static Language> {
    let header = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    header.and_then(Language::of_accept_language)
}

/// Answers a request in this language, until a client asks for another.
pub fn answering<F: Future>(wanted: Option<&'static Language>, answer: F) -> impl Future<Output = F::Output> {
    WANTED.scope(Cell::new(wanted), answer)
}

/// From here on, in the language that the client asks for, if we have it.
pub fn prefer(ui_locales: Option<&str>) {
    if let Some(language) = ui_locales.and_then(Language::of_ui_locales) {
        // Outside a request there is nobody to answer.
        let _ = WANTED.try_with(|wanted| wanted.set(Some(language)));
    }
}

/// What the request at hand has asked for so far: for a task that takes over from its own.
pub fn asked_for() -> Option<&'static Language> {
    WANTED.try_with(Cell::get).ok().flatten()
}

/// The language of this answer.
pub fn of_answer(app: &App) -> &'static Language {
    asked_for().unwrap_or_else(|| app.pages.language())
}
