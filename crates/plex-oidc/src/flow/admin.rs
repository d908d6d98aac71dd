//! What the host sees of everybody, and what the host may end. Whose page it is is decided anew at every request, by the one
//! decision. Nobody is shut out by an end, for whoever may come in signs in again: that is what [`super::people`] is for.

use std::fmt;
use std::sync::Arc;

use plex_oidc_core::audit::What;
use plex_oidc_core::client::Client;
use plex_oidc_core::decide::{
    AllowRule, Asker, Decision, Denial, Mark, Person, Through, decide, decide_for, named_by,
};
use plex_oidc_core::gateway::GatewayApp;
use plex_oidc_core::id::{AccountId, ClientId, Sid};
use plex_oidc_core::own_page::OwnPage;
use tracing::{error, info};

use super::audit::{By, note};
use super::key_rotation::{KeepError, KeyKeeper};
use super::{FlowError, app_tokens, recheck, sign_out};
use crate::app::{App, State};
use crate::keys::RotateError;
use crate::store::records::{AppTokenRecord, KeyReplacement, ListedSession, UserRecord};
use crate::upstream::plex::Plex;

/// Whether the host's page is for this person, now.
pub fn is_host(app: &App, asker: Asker<'_>) -> bool {
    let decision = |client| decide(asker, client, &app.rules, app.clock.now());
    app.own_page(OwnPage::Admin).is_some_and(|client| decision(client) == Decision::Allow)
}

/// The refusal that opening something answers.
const NOT_HERE: Decision = Decision::Deny(Denial::NotAllowedHere);

/// Something that people may use, as the file declares it.
#[derive(Clone, Copy)]
pub enum Door<'a> {
    /// A client.
    Client(&'a Client),
    /// An application behind the gateway.
    App(&'a GatewayApp),
}

impl<'a> Door<'a> {
    /// Its name for people.
    pub fn name(self) -> &'a str {
        match self {
            Self::Client(client) => &client.name,
            Self::App(app) => &app.name,
        }
    }

    /// Under which name the host opens it to single people.
    pub fn id(self) -> Option<ClientId> {
        match self {
            Self::Client(client) => Some(client.id.clone()),
            Self::App(app) => app.audience.door.clone(),
        }
    }

    /// Whether it would help to open it to this person.
    pub fn can_be_opened(self, app: &App, person: &Person) -> bool {
        let Some(id) = self.id().filter(|_| self.decision(app, person) == NOT_HERE) else { return false };
        let mut opened = person.clone();
        opened.marks.apply(Mark::Door(id, true));
        self.decision(app, &opened) != NOT_HERE
    }

    /// Those who may.
    pub fn allow(self) -> &'a [AllowRule] {
        match self {
            Self::Client(client) => &client.allow,
            Self::App(app) => &app.audience.allow,
        }
    }

    /// Those who may not, even so.
    pub fn deny(self) -> &'a [AllowRule] {
        match self {
            Self::Client(_) => &[],
            Self::App(app) => &app.audience.deny,
        }
    }

    /// Whether people sign in to it.
    pub fn is_for_people(self) -> bool {
        match self {
            Self::Client(client) => client.is_for_people(),
            Self::App(_) => true,
        }
    }

    /// May this person use it, now? By the decision that the doors themselves ask for, of the person alone.
    pub fn decision(self, app: &App, person: &Person) -> Decision {
        let (asker, now) = (person.through(Through::NoBrowser), app.clock.now());
        match self {
            Self::Client(client) => decide(asker, client, &app.rules, now),
            Self::App(found) => decide_for(asker, &found.audience, &app.rules, now),
        }
    }

    /// Why.
    pub fn why(self, app: &App, person: &Person) -> Why<'a> {
        match self.decision(app, person) {
            Decision::Allow => {
                let rule = named_by(person, self.allow(), &app.rules, app.clock.now());
                rule.map_or(Why::Opened, Why::InList)
            }
            Decision::Deny(denial) => Why::Denied(denial),
            Decision::Unknown => Why::Unknown,
        }
    }
}

/// Why somebody may or may not use something.
#[derive(Debug, Clone, Copy)]
pub enum Why<'a> {
    /// This rule lets them in.
    InList(&'a AllowRule),
    /// The host opened it to them.
    Opened,
    /// They may not.
    Denied(Denial),
    /// They have to sign in first.
    Unknown,
}

/// In English, for programs.
impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InList(rule) => write!(f, "{rule} is in its list"),
            Self::Opened => f.write_str("the host opened it to them"),
            Self::Denied(denial) => denial.fmt(f),
            Self::Unknown => write!(f, "has to sign in first: {}", Decision::WHY_UNKNOWN),
        }
    }
}

/// Everything that the file declares, by name.
pub fn doors(app: &App) -> Vec<Door<'_>> {
    let apps = app.gateway.apps.0.iter().map(Door::App);
    let mut doors: Vec<_> = app.clients.iter().map(Door::Client).chain(apps).collect();
    doors.sort_by_key(|door| door.name().to_lowercase());
    doors
}

/// One person and what they hold.
pub struct Holdings {
    /// Who.
    pub user: UserRecord,
    /// Where they are signed in.
    pub sessions: Vec<ListedSession>,
    /// Their app tokens.
    pub tokens: Vec<AppTokenRecord>,
}

/// What somebody holds. `None`: nobody with this account has ever signed in.
pub async fn holdings(app: &App, account: AccountId) -> Result<Option<Holdings>, FlowError> {
    let Some(user) = app.store.user(account).await? else { return Ok(None) };
    let sessions = app.store.sessions_of(account, app.clock.now()).await?;
    Ok(Some(Holdings { user, sessions, tokens: app_tokens::of(app, account).await? }))
}

/// Ends everything that somebody is signed in to, and their app tokens. `false`: there is no such person.
pub async fn end_everything(app: &App, by: By, account: AccountId) -> Result<bool, FlowError> {
    let Some(user) = app.store.user(account).await? else { return Ok(false) };
    let Some(ended) = app.store.end_everything(account, app.clock.now()).await? else { return Ok(false) };
    sign_out::announce(app);
    info!(
        by = %by.actor, address = %by.address, %account, sessions = ended.sessions, grants = ended.grants,
        app_tokens = ended.app_tokens, "the host ended everything of somebody"
    );
    let event = by.did(app, What::EverythingEnded).about(account);
    note(app, event.named(&user.person.account.display_name)).await;
    Ok(true)
}

/// Ends one session of somebody. `false`: it is not theirs, or gone already.
pub async fn end_session(app: &App, by: By, account: AccountId, sid: Sid) -> Result<bool, FlowError> {
    let ended = sign_out::end_session_of(app, account, sid).await?;
    info!(by = %by.actor, address = %by.address, %account, %sid, ended, "the host ended a session of somebody");
    if ended {
        note(app, by.did(app, What::SessionEnded).about(account).target(&sid.to_string())).await;
    }
    Ok(ended)
}

/// Ends one app token of somebody. `false`: it is not theirs, or gone already.
pub async fn end_token(app: &App, by: By, account: AccountId, id: &str) -> Result<bool, FlowError> {
    let ended = app_tokens::revoke(app, account, id).await?;
    info!(by = %by.actor, address = %by.address, %account, token = id, ended, "the host ended an app token of somebody");
    if ended {
        note(app, by.did(app, What::AppTokenEnded).about(account).target(id)).await;
    }
    Ok(ended)
}

/// What came of asking Plex out of turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Plex answered.
    Answered,
    /// It did not, or not well enough.
    Unanswered,
    /// There is no owner's token to ask with.
    NoToken,
    /// It was asked less than a minute ago.
    TooSoon,
}

/// One round of the re-check, out of turn. It goes on to its end if whoever asked does not wait for it.
pub async fn ask_plex(app: &State, by: By) -> Asked {
    if !app.plex.as_ref().is_some_and(Plex::can_recheck) {
        return Asked::NoToken;
    }
    if !app.membership.may_ask_again(app.clock.now()) {
        return Asked::TooSoon;
    }
    info!(by = %by.actor, address = %by.address, "the host has Plex asked who is a member");
    note(app, by.did(app, What::RecheckedByHost)).await;
    let asking = Arc::clone(app);
    let round = tokio::spawn(async move { recheck::round(&asking).await }).await;
    match round {
        Ok(_) if app.membership.known().trouble.is_none() => Asked::Answered,
        Ok(_) | Err(_) => Asked::Unanswered,
    }
}

/// What came of rotating the signing keys out of turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turned {
    /// The next keys sign now.
    Rotated,
    /// Applications may not have seen the next keys yet.
    TooSoon,
    /// Somebody else rotated them at this moment.
    Changed,
    /// New keys could not be made or stored. The log says why.
    Failed,
}

/// Rotates the signing keys out of turn.
pub async fn rotate_keys(app: &App, by: By) -> Turned {
    match KeyKeeper::of(app).rotate_now(app.clock.now()).await {
        Ok(KeyReplacement::Replaced) => {
            info!(by = %by.actor, address = %by.address, "the host rotated the signing keys");
            note(app, by.did(app, What::KeysRotated)).await;
            Turned::Rotated
        }
        Ok(KeyReplacement::Changed) => Turned::Changed,
        Err(KeepError::Rotate(RotateError::Refused(why))) => {
            info!(%why, "the signing keys stay as they are");
            Turned::TooSoon
        }
        Err(wrong) => {
            error!(error = %wrong, "the signing keys stay as they are");
            Turned::Failed
        }
    }
}
