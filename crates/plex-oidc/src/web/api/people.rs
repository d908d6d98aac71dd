//! People: who they are, what they hold, ending it; and who asks for access.

use plex_oidc_core::decide::Mark;
use plex_oidc_core::id::{BrowserId, Sid};
use serde::{Deserialize, Serialize};

use super::call::{Answered, Call, done, shown};
use super::problem::{Code, Problem};
use crate::app::App;
use crate::flow::admin;
use crate::flow::doors::{House, doors};
use crate::flow::forms::{InList, Waiting, Whole};
use crate::flow::people::{self, Marked};
use crate::flow::requests;
use crate::store::MOST_REQUESTS;
use crate::store::records::{AccessRequest, HostAnswer, PeopleWanted};

/// Longest text that is looked for, in characters.
const LONGEST_SEARCH: usize = 100;

#[derive(Serialize)]
struct Part {
    people: Vec<InList>,
    total: u64,
    page: u64,
    pages: u64,
}

#[derive(Serialize)]
struct Requests {
    requests: Vec<Waiting>,
    total: u64,
}

/// Who has signed in, the last seen one first.
pub(super) async fn list(app: &App, call: &Call) -> Answered {
    let like: String = call.parameter("q").unwrap_or_default().trim().chars().take(LONGEST_SEARCH).collect();
    let (page, most) = (call.number("page", u64::from(u32::MAX), 1)?, call.number("per_page", 200, 50)?);
    let wanted = PeopleWanted { like, skip: (page - 1) * most, most };
    let found = app.store.people(wanted, app.clock.now()).await?;
    let people = found.people.iter().map(|listed| InList::of(listed, House::of(app))).collect();
    shown(&Part { people, total: found.total, page, pages: found.total.div_ceil(most).max(1) })
}

/// One person.
pub(super) async fn show(app: &App, call: &Call) -> Answered {
    match admin::holdings(app, call.account()?).await? {
        Some(holdings) => shown(&Whole::of(&holdings, &doors(app), House::of(app))),
        None => Err(nobody()),
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
    let is_done = admin::end_consent(app, call.by, account, client).await?;
    ended(is_done, "path client", "this person allowed no such application anything")
}

/// Forgets a browser of somebody, and ends what came of it.
pub(super) async fn forget_browser(app: &App, call: &Call) -> Answered {
    let (account, what) = (call.account()?, "this person is known in no such browser");
    let Some(id) = BrowserId::parse(call.part(1)) else { return ended(false, "path browser", what) };
    ended(admin::forget_browser(app, call.by, account, id).await?, "path browser", what)
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
    let asked = |request: &AccessRequest| {
        Waiting::of(request, app.client(&request.asked.door).map(|client| client.name.as_str()))
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
