//! People: who they are, what they hold, ending it; and who asks for access.

use plex_oidc_core::audit::What;
use plex_oidc_core::decide::{Decision, Mark, Person, Standing};
use plex_oidc_core::groups::Group;
use plex_oidc_core::id::{BrowserId, Sid};
use serde::{Deserialize, Serialize};

use super::call::{Answered, Call, done, moment, shown};
use super::problem::{Code, Problem};
use super::state::AppKind;
use crate::app::App;
use crate::flow::admin::{self, Door, Holdings, doors};
use crate::flow::audit::note;
use crate::flow::people::{self, Marked};
use crate::flow::requests;
use crate::store::MOST_REQUESTS;
use crate::store::records::{
    AccessRequest, AppTokenRecord, Consent, HostAnswer, ListedPerson, ListedSession, PeopleWanted,
};

/// Longest text that is looked for, in characters.
const LONGEST_SEARCH: usize = 100;

#[derive(Serialize)]
struct Part {
    people: Vec<Listed>,
    total: u64,
    page: u64,
    pages: u64,
}

#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    who: Who,
    last_seen: Option<String>,
    sessions: u64,
}

#[derive(Serialize)]
struct Who {
    account: String,
    name: String,
    username: Option<String>,
    email: Option<String>,
    email_confirmed: bool,
    groups: Vec<String>,
    access_ended: bool,
    blocked: bool,
}

impl Who {
    fn of(app: &App, person: &Person) -> Self {
        let account = &person.account;
        Self {
            account: account.id.to_string(),
            name: account.display_name.clone(),
            username: account.username.clone(),
            email: account.email.clone(),
            email_confirmed: account.email_confirmed,
            groups: app.as_told(person).groups.iter().map(Group::as_str).map(str::to_owned).collect(),
            access_ended: person.standing == Standing::Ended,
            blocked: person.marks.blocked,
        }
    }
}

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    who: Who,
    owner: bool,
    named: bool,
    opened: Vec<String>,
    sessions: Vec<Session>,
    app_tokens: Vec<AppToken>,
    consents: Vec<Consented>,
    apps: Vec<AtApp>,
}

#[derive(Serialize)]
struct Session {
    sid: String,
    browser: Option<String>,
    address: Option<String>,
    signed_in: String,
    last_used: String,
}

#[derive(Serialize)]
struct AppToken {
    id: String,
    name: String,
    apps: Vec<String>,
    created: String,
    expires: Option<String>,
    last_used: Option<String>,
}

#[derive(Serialize)]
struct Consented {
    client: String,
    scopes: Vec<&'static str>,
    given: String,
}

#[derive(Serialize)]
struct AtApp {
    id: Option<String>,
    name: String,
    kind: AppKind,
    may: bool,
    why: String,
    has_rules: bool,
}

#[derive(Serialize)]
struct Requests {
    requests: Vec<Waiting>,
    total: u64,
}

#[derive(Serialize)]
struct Waiting {
    account: String,
    name: String,
    email: Option<String>,
    app: String,
    app_name: Option<String>,
    /// The browser that they ask for, if it is about that.
    browser: Option<String>,
    wish: &'static str,
    said: Option<String>,
    address: String,
    asked: String,
}

/// Who has signed in, the last seen one first.
pub(super) async fn list(app: &App, call: &Call) -> Answered {
    let like: String = call.parameter("q").unwrap_or_default().trim().chars().take(LONGEST_SEARCH).collect();
    let (page, most) = (call.number("page", u64::from(u32::MAX), 1)?, call.number("per_page", 200, 50)?);
    let wanted = PeopleWanted { like, skip: (page - 1) * most, most };
    let found = app.store.people(wanted, app.clock.now()).await?;
    let listed = |listed: &ListedPerson| Listed {
        who: Who::of(app, &listed.user.person),
        last_seen: moment(listed.last_seen),
        sessions: listed.sessions,
    };
    let people = found.people.iter().map(listed).collect();
    shown(&Part { people, total: found.total, page, pages: found.total.div_ceil(most).max(1) })
}

/// One person.
pub(super) async fn show(app: &App, call: &Call) -> Answered {
    let account = call.account()?;
    let Some(holdings) = admin::holdings(app, account).await? else { return Err(nobody()) };
    let consents = app.store.consents(account).await?;
    shown(&whole(app, &holdings, &consents))
}

fn whole(app: &App, holdings: &Holdings, consents: &[Consent]) -> Whole {
    let person = &holdings.user.person;
    let doors = doors(app).into_iter().filter(|door| door.is_for_people());
    Whole {
        who: Who::of(app, person),
        owner: app.rules.is_owner(person.account.id),
        named: person.marks.named,
        opened: person.marks.doors.iter().map(ToString::to_string).collect(),
        sessions: holdings.sessions.iter().map(session).collect(),
        app_tokens: holdings.tokens.iter().map(app_token).collect(),
        consents: consents.iter().map(consented).collect(),
        apps: doors.map(|door| may(app, person, door)).collect(),
    }
}

fn session(session: &ListedSession) -> Session {
    Session {
        sid: session.sid.to_string(),
        browser: session.from.browser.clone(),
        address: session.from.address.map(|address| address.to_string()),
        signed_in: session.auth_time.rfc3339(),
        last_used: session.last_seen.rfc3339(),
    }
}

fn app_token(token: &AppTokenRecord) -> AppToken {
    AppToken {
        id: token.id.clone(),
        name: token.name.clone(),
        apps: token.apps.clone(),
        created: token.created.rfc3339(),
        expires: moment(token.expires),
        last_used: moment(token.last_used),
    }
}

fn consented(consent: &Consent) -> Consented {
    Consented {
        client: consent.client_id.to_string(),
        scopes: consent.scopes.iter().map(plex_oidc_core::scope::Scope::as_str).collect(),
        given: consent.granted_at.rfc3339(),
    }
}

fn may(app: &App, person: &Person, door: Door<'_>) -> AtApp {
    AtApp {
        id: door.id().map(|id| id.to_string()),
        name: door.name().to_owned(),
        kind: AppKind::of(door),
        may: door.decision(app, person) == Decision::Allow,
        why: door.why(app, person).to_string(),
        has_rules: matches!(door, Door::App(app) if !app.rules.is_empty()),
    }
}

fn nobody() -> Problem {
    Problem::not_there("path account", "nobody with this account has ever signed in")
}

fn ended(is_done: bool, place: &str, what: &str) -> Answered {
    if is_done { done() } else { Err(Problem::not_there(place, what)) }
}

/// Ends everything that somebody is signed in to, and their app tokens.
pub(super) async fn end_everything(app: &App, call: &Call) -> Answered {
    if admin::end_everything(app, call.by, call.account()?).await? { done() } else { Err(nobody()) }
}

/// Ends one session.
pub(super) async fn end_session(app: &App, call: &Call) -> Answered {
    let (account, what) = (call.account()?, "this person has no such session");
    let Some(sid) = Sid::parse(call.part(1)) else { return ended(false, "path sid", what) };
    ended(admin::end_session(app, call.by, account, sid).await?, "path sid", what)
}

/// Ends one app token.
pub(super) async fn end_app_token(app: &App, call: &Call) -> Answered {
    let is_done = admin::end_token(app, call.by, call.account()?, call.part(1)).await?;
    ended(is_done, "path id", "this person has no such app token")
}

/// Takes back what somebody allowed a client, and ends what the client holds by it.
pub(super) async fn end_consent(app: &App, call: &Call) -> Answered {
    let (account, client) = (call.account()?, call.client("client")?);
    let is_done = app.store.withdraw_consent(account, client.clone(), app.clock.now()).await?;
    if is_done {
        note(app, call.by.did(app, What::ConsentWithdrawn).about(account).target(client.as_str())).await;
    }
    ended(is_done, "path client", "this person allowed no such application anything")
}

/// Says something of somebody, or takes it back.
pub(super) async fn mark(app: &App, call: &Call, mark: Mark) -> Answered {
    let account = call.account()?;
    match people::mark(app, call.by, account, mark).await? {
        Marked::Done => done(),
        Marked::Stays => {
            let detail = "this account owns one of the servers, and owners are never kept out";
            Err(Problem::new(Code::OwnerStays, detail).at("path account"))
        }
        Marked::NothingThere if app.store.user(account).await?.is_none() => Err(nobody()),
        Marked::NothingThere => {
            Err(Problem::not_there("path app", "there is no such application for people"))
        }
    }
}

/// Who asks for access.
pub(super) async fn requests(app: &App) -> Answered {
    let waiting = app.store.waiting_requests(MOST_REQUESTS).await?;
    let asked = |AccessRequest { asked, .. }: &AccessRequest| Waiting {
        account: asked.account_id.to_string(),
        name: asked.account_name.clone(),
        email: asked.account_email.clone(),
        app: asked.door.to_string(),
        app_name: app.client(&asked.door).map(|client| client.name.clone()),
        browser: asked.browser.map(|browser| browser.to_string()),
        wish: asked.wish.as_str(),
        said: asked.said.clone(),
        address: asked.address.to_string(),
        asked: asked.asked_at.rfc3339(),
    };
    shown(&Requests { requests: waiting.some.iter().map(asked).collect(), total: waiting.total })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerBody {
    answer: String,
    said: Option<String>,
    browser: Option<String>,
}

/// Answers one of them.
pub(super) async fn answer_request(app: &App, call: &Call) -> Answered {
    let (account, door) = (call.account()?, call.client("app")?);
    let body: AnswerBody = call.body()?;
    let words = || HostAnswer::ALL.map(HostAnswer::as_str).join(", ");
    let wrong = || Problem::new(Code::BadBody, format!("answer is one of {}", words())).at("body answer");
    let answer = HostAnswer::parse(&body.answer).ok_or_else(wrong)?;
    let no_browser = || Problem::new(Code::BadBody, "this is no id of a browser").at("body browser");
    let browser =
        body.browser.as_deref().map(|id| BrowserId::parse(id).ok_or_else(no_browser)).transpose()?;
    let asked = requests::Asked { account, door, browser };
    let is_done = requests::answer(app, call.by, asked, answer, body.said.as_deref()).await?;
    ended(is_done, "path account", "nobody with this account waits for such an answer about this application")
}
