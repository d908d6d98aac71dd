//! Writing down who did what, for the host. It comes after what was done, and nothing waits for it or depends on it: where it
//! fails, the log says so.

use std::net::IpAddr;

use plex_oidc_core::audit::{Actor, Event, What};
use plex_oidc_core::decide::{Denial, Mark, Person};
use plex_oidc_core::id::AccountId;
use tracing::warn;

use super::attempt::Attempt;
use crate::app::App;
use crate::store::StoreError;
use crate::store::records::UserRecord;

/// Who does something here, and from where.
#[derive(Debug, Clone, Copy)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// The address.
    pub address: IpAddr,
}

impl By {
    /// What they did, now.
    pub fn did(self, app: &App, what: What) -> Event {
        Event::new(app.clock.now(), what, self.actor).address(Some(self.address))
    }

    /// The account, if it is a person.
    pub const fn account(self) -> Option<AccountId> {
        match self.actor {
            Actor::Account(account) => Some(account),
            Actor::Recheck | Actor::CommandLine | Actor::Program | Actor::ApiToken(_) => None,
        }
    }
}

/// Somebody who does something about themselves, and from where.
#[derive(Debug, Clone, Copy)]
pub struct Own {
    /// The account.
    pub account: AccountId,
    /// The address.
    pub address: IpAddr,
}

impl Own {
    /// What they did, now.
    pub fn did(self, app: &App, what: What) -> Event {
        By::from(self).did(app, what).about(self.account)
    }
}

impl From<Own> for By {
    fn from(own: Own) -> Self {
        Self { actor: Actor::Account(own.account), address: own.address }
    }
}

/// Writes down what happened.
pub async fn note(app: &App, event: Event) {
    let what = event.what.word();
    if let Err(error) = app.store.record_event(event).await {
        warn!(%error, what, "the audit log lacks something that happened");
    }
}

/// Says in the log that something could not be written down, if it could not.
pub fn warn_of(noted: Result<(), StoreError>) {
    if let Err(error) = noted {
        warn!(%error, "the audit log lacks something that the host did");
    }
}

/// What the host says of somebody, in an event.
pub fn of_mark(event: Event, account: AccountId, mark: &Mark) -> Event {
    let event = event.about(account).detail(mark.word());
    match mark.door() {
        Some(door) => event.target(door.as_str()),
        None => event,
    }
}

/// Somebody has signed in.
pub async fn signed_in(app: &App, attempt: &Attempt<'_>, user: &UserRecord) {
    let mut event = of_attempt(app, attempt, What::SignedIn, &user.person);
    if let Some(browser) = &attempt.frozen.from.browser {
        event = event.detail(browser);
    }
    note(app, event).await;
}

/// Somebody has signed in in a browser that was not known to their account.
pub async fn new_browser(app: &App, attempt: &Attempt<'_>, user: &UserRecord) {
    let mut event = of_attempt(app, attempt, What::NewBrowser, &user.person);
    if let Some(browser) = &attempt.frozen.from.browser {
        event = event.detail(browser);
    }
    note(app, event).await;
}

/// Somebody has proved who they are, and may not come in.
pub async fn denied(app: &App, attempt: &Attempt<'_>, denial: Denial, person: &Person) {
    let why = serde_json::to_value(denial).unwrap_or_default();
    let event = of_attempt(app, attempt, What::Denied, person);
    note(app, event.detail(why.as_str().unwrap_or_default())).await;
}

/// Somebody has agreed to what a client asks for, here or on a device.
pub async fn agreed(app: &App, attempt: &Attempt<'_>, user: &UserRecord) {
    let is_device = attempt.frozen.request.device.is_some();
    let what = if is_device { What::DeviceAllowed } else { What::ConsentGiven };
    let scopes = attempt.frozen.request.all_scopes().to_string();
    note(app, of_attempt(app, attempt, what, &user.person).detail(&scopes)).await;
}

fn of_attempt(app: &App, attempt: &Attempt<'_>, what: What, person: &Person) -> Event {
    let account = person.account.id;
    Event::new(app.clock.now(), what, Actor::Account(account))
        .about(account)
        .named(&person.account.display_name)
        .target(attempt.client.id.as_str())
        .address(attempt.frozen.from.address)
}
