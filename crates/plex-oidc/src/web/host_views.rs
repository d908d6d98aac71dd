//! What the pages of the host show. No endpoint itself: it draws for whoever was found to be the host.

use http::StatusCode;
use plex_oidc_core::decide::{AllowRule, Decision, Person, Standing};
use plex_oidc_core::form::Parameters;
use plex_oidc_core::groups::{About, Group};
use plex_oidc_core::id::AccountId;
use plex_oidc_core::jose;
use url::form_urlencoded::Serializer;

use super::host::{Host, Proof};
use super::respond::{Answer, page};
use super::rows;
use crate::app::App;
use crate::config::length;
use crate::flow::FlowError;
use crate::flow::browsers::is_asked_about;
use crate::flow::by_host::Holdings;
use crate::flow::doors::{self, Door, House, doors};
use crate::flow::{passkeys, requests};
use crate::membership::{Trouble, TroubleKind};
use crate::pages::{
    Admin, AdminNotice, AdminPerson, Health, InShort, KeyState, Membership, OpenDoor, Page, Pager,
    PasskeyHere, Said, ShownAnswer, ShownDoor, ShownKey, ShownMarks, ShownPerson, ShownRequest, ShownTrouble,
    ShownTroubleKind, TokenIn, Why,
};
use crate::session::form_token;
use crate::store::records::{AccessRequest, ListedPerson, PeopleWanted, StoredKeyRow, WaitingRequests};
use crate::upstream::plex::Plex;

/// So many rows of a list are on one page: what people write into their names must not make it heavy.
const ROWS: u64 = 40;
/// So many entries of a list of people are shown in one row.
const ENTRIES: usize = 8;
/// So many characters of a name are shown in one row, and of an address.
const LONGEST: usize = 60;
/// Longest text that is looked for, in characters.
const LONGEST_SEARCH: usize = 100;

/// The page with everybody.
pub async fn home(app: &App, host: &Host, query: &Parameters) -> Result<Answer, FlowError> {
    let search: String = query.get("q").ok().flatten().unwrap_or_default().trim().to_owned();
    let search: String = search.chars().take(LONGEST_SEARCH).collect();
    let (people, apps) = (number(query, "page"), number(query, "apps"));
    let wanted = PeopleWanted { like: search.clone(), skip: (people - 1) * ROWS, most: ROWS };
    let found = app.store.people(wanted, app.clock.now()).await?;
    let address = |people: u64, apps: u64| home_address(&search, people, apps);
    let all = doors(app);
    let shown: Vec<_> = found.people.iter().map(|person| listed(app, person)).collect();
    let shown_doors: Vec<_> = part(&all, apps, ROWS).iter().map(|door| declared(*door)).collect();
    let waiting = requests::waiting(app).await?;
    let asking = asking(app, &waiting).await?;
    let values = Admin {
        csrf: &form_token(&host.cookie),
        waiting: waiting.total,
        requests: &asking,
        membership: &membership(app),
        search: &search,
        total: found.total,
        people: &shown,
        people_pager: &pager(people, (found.total, ROWS), |people| address(people, apps)),
        doors: &shown_doors,
        doors_pager: &pager(apps, (count(&all), ROWS), |apps| address(people, apps)),
        health: &health(app).await?,
        keys: &keys(app).await?,
        is_by_link: host.proof == Proof::Link,
        passkey: passkey_here(app, host).await?,
        is_fresh: host.is_fresh(app),
        notice: notice(query),
    };
    Ok(page(app, StatusCode::OK, &Page::Admin(&values)))
}

/// Whether a passkey has something to do with this visit, or could have.
async fn passkey_here(app: &App, host: &Host) -> Result<PasskeyHere, FlowError> {
    if host.proof == Proof::Passkey {
        return Ok(PasskeyHere::CameByIt);
    }
    let would_help = !host.is_fresh(app) && !passkeys::of(&*app.store, host.account).await?.is_empty();
    Ok(if would_help { PasskeyHere::WouldConfirm } else { PasskeyHere::Unsaid })
}

fn home_address(search: &str, people: u64, apps: u64) -> String {
    let mut pairs = Serializer::new(String::new());
    pairs.append_pair("q", search).append_pair("page", &people.to_string());
    format!("/admin?{}", pairs.append_pair("apps", &apps.to_string()).finish())
}

/// The page about one person.
pub fn of_person(app: &App, host: &Host, holdings: &Holdings, query: &Parameters) -> Answer {
    let Holdings { user, sessions, tokens, .. } = holdings;
    let new_browsers_ask = is_asked_about(app, &user.person);
    let (person, id, at) = (&user.person, user.account_id().to_string(), number(query, "apps"));
    let all: Vec<_> = doors(app).into_iter().filter(|door| door.is_for_people()).collect();
    let answers: Vec<_> = part(&all, at, ROWS).iter().map(|door| answer(app, person, *door)).collect();
    let open = open_doors(app, person);
    let marks = marks(app, host, person, &open);
    let told = app.as_told(person);
    let groups: Vec<_> = told.groups.iter().map(Group::as_str).collect();
    let values = AdminPerson {
        csrf: &form_token(&host.cookie),
        id: &id,
        at_plex: matches!(user.account_id(), AccountId::Plex(_)),
        is_self: host.account == user.account_id(),
        account_name: &person.account.display_name,
        username: person.account.username.as_deref(),
        account_email: person.account.email.as_deref(),
        email_confirmed: person.account.email_confirmed,
        has_ended: person.standing == Standing::Ended,
        groups: &groups,
        sessions: &rows::sessions(app, sessions, host.sid),
        tokens: &rows::tokens(app, tokens),
        browsers: &rows::browsers_of_other(app, &holdings.browsers, new_browsers_ask),
        new_browsers_ask,
        passkeys: &rows::passkeys(app, &holdings.passkeys),
        marks: &marks,
        answers: &answers,
        pager: &pager(at, (count(&all), ROWS), |at| format!("/admin/people/{id}?apps={at}")),
        is_fresh: host.is_fresh(app),
        notice: notice(query),
    };
    page(app, StatusCode::OK, &Page::AdminPerson(&values))
}

async fn health(app: &App) -> Result<Health<'static>, FlowError> {
    let size = app.store.size().await?;
    let database = match size {
        ..1_000_000 => format!("{} kB", size.div_ceil(1000)),
        _ => format!("{}.{} MB", size / 1_000_000, size % 1_000_000 / 100_000),
    };
    let started = Said::ago(app.clock.now().since(app.started));
    Ok(Health { version: env!("CARGO_PKG_VERSION"), started, database: database.into() })
}

/// As they are stored, one algorithm after the other, and the newest first.
async fn keys(app: &App) -> Result<Vec<ShownKey<'static>>, FlowError> {
    let mut keys = app.store.signing_keys().await?;
    keys.sort_by(|a, b| (&a.algorithm, b.created, &a.kid).cmp(&(&b.algorithm, a.created, &b.kid)));
    let shown = |key: StoredKeyRow| ShownKey {
        kid: key.kid.into(),
        algorithm: key.algorithm.into(),
        // The key ring knows no other words.
        state: match jose::KeyState::parse(&key.state) {
            Some(jose::KeyState::Next) => KeyState::Next,
            Some(jose::KeyState::Active) => KeyState::Active,
            Some(jose::KeyState::Retired) | None => KeyState::Retired,
        },
        made: Said::ago(app.clock.now().since(key.created)),
    };
    Ok(keys.into_iter().map(shown).collect())
}

/// What was just done, as the address says.
pub(super) fn notice(query: &Parameters) -> Option<AdminNotice> {
    query.get("done").ok().flatten().and_then(AdminNotice::of_word)
}

/// Which part of a list is asked for, from 1.
pub(super) fn number(query: &Parameters, name: &'static str) -> u64 {
    let asked = query.get(name).ok().flatten().and_then(|text| text.parse::<u32>().ok());
    asked.map_or(1, |asked| u64::from(asked).max(1))
}

/// How many there are.
pub(super) fn count<T>(all: &[T]) -> u64 {
    u64::try_from(all.len()).unwrap_or(u64::MAX)
}

/// That part of a list, with so many rows in each.
pub(super) fn part<T>(all: &[T], number: u64, rows: u64) -> &[T] {
    let size = usize::try_from(rows).unwrap_or(usize::MAX);
    let index = usize::try_from(number - 1).unwrap_or(usize::MAX);
    all.chunks(size).nth(index).unwrap_or_default()
}

/// The way to the other parts.
pub(super) fn pager(page: u64, (total, rows): (u64, u64), address: impl Fn(u64) -> String) -> Pager<'static> {
    let pages = total.div_ceil(rows).max(1);
    Pager {
        page,
        pages,
        previous: (page > 1).then(|| address((page - 1).min(pages)).into()),
        next: (page < pages).then(|| address(page + 1).into()),
    }
}

fn membership(app: &App) -> Membership<'static> {
    let (known, now) = (app.membership.known(), app.clock.now());
    let round = known.last_good.map(|(round, _)| round).unwrap_or_default();
    let plex = app.plex.as_ref();
    let asked = plex.map(Plex::figures);
    Membership {
        at_plex: app.plex.is_some(),
        has_token: plex.is_some_and(Plex::can_recheck),
        token_in: plex.filter(|plex| plex.can_recheck()).map(|_| match app.owner_token_file {
            Some(_) => TokenIn::File,
            None => TokenIn::Variable,
        }),
        own_tokens: plex.and_then(Plex::own_tokens_every).map(|every| length::write(every).into()),
        asked: asked.map_or(0, |asked| asked.asked),
        limit: asked.map_or(0, |asked| asked.limit),
        asked_in_all: app.metrics.asked_in_all(app.clock.instant()),
        is_left_alone: asked.is_some_and(|asked| asked.breaker_open),
        last_good: known.last_good.map(|(_, at)| Said::ago(now.since(at))),
        members: round.members,
        doubted: round.doubted,
        since: known.trouble.as_ref().map(|trouble| Said::ago(now.since(trouble.since))),
        trouble: known.trouble.map(trouble),
        lifetime: length::write(app.rules.membership_lifetime).into(),
    }
}

/// What the page has a sentence for needs no words of the log.
fn trouble(trouble: Trouble) -> ShownTrouble<'static> {
    let (kind, has_detail) = match trouble.kind {
        TroubleKind::OwnerToken => (ShownTroubleKind::OwnerToken, false),
        TroubleKind::Plex => (ShownTroubleKind::Plex, true),
        TroubleKind::Spent => (ShownTroubleKind::Spent, false),
        TroubleKind::Ours => (ShownTroubleKind::Ours, true),
    };
    ShownTrouble { kind, detail: has_detail.then(|| trouble.what.into()) }
}

fn listed<'a>(app: &App, listed: &'a ListedPerson) -> ShownPerson<'a> {
    let person = &listed.user.person;
    let (groups, libraries) = groups_in_short(&app.as_told(person));
    ShownPerson {
        id: listed.user.account_id().to_string().into(),
        name: short(&person.account.display_name).into(),
        email: person.account.email.as_deref().map(|email| short(email).into()),
        groups,
        libraries,
        seen: listed.last_seen.map(|seen| Said::ago(app.clock.now().since(seen))),
        sessions: listed.sessions,
        has_ended: person.standing == Standing::Ended,
        is_blocked: person.marks.blocked,
    }
}

/// The groups, with libraries counted: there may be a hundred.
fn groups_in_short(person: &Person) -> (InShort<'static>, usize) {
    let is_library =
        |group: &&Group| matches!(group.meaning().map(|meaning| meaning.about), Some(About::Library(_)));
    let (libraries, others): (Vec<_>, Vec<_>) = person.groups.iter().partition(is_library);
    (in_short(&others), libraries.len())
}

/// Who asks for access. What they call themselves is as long as they like.
async fn asking<'a>(app: &'a App, waiting: &'a WaitingRequests) -> Result<Vec<ShownRequest<'a>>, FlowError> {
    let mut shown = Vec::new();
    for AccessRequest { asked, .. } in &waiting.some {
        let browser = match asked.browser {
            Some(_) => app.store.browsers_of(asked.account_id, app.clock.now()).await?,
            None => Vec::new(),
        };
        let browser = browser.into_iter().find(|browser| Some(browser.id) == asked.browser);
        shown.push(ShownRequest {
            browser_id: asked.browser.map(|id| id.to_string().into()),
            browser: browser.and_then(|browser| Some(short(&browser.from.browser?).into())),
            account: asked.account_id.to_string().into(),
            name: short(&asked.account_name).into(),
            email: asked.account_email.as_deref().map(|email| short(email).into()),
            is_known: app.store.user(asked.account_id).await?.is_some(),
            door: asked.door.as_str(),
            door_name: app.client(&asked.door).map(|client| client.name.as_str()),
            wish: asked.wish.as_str(),
            said: asked.said.as_deref(),
            address: asked.address.to_string().into(),
            asked: Said::ago(app.clock.now().since(asked.asked_at)),
        });
    }
    Ok(shown)
}

fn open_doors<'a>(app: &'a App, person: &'a Person) -> Vec<OpenDoor<'a>> {
    let name = |id| app.client(id).map(|client| client.name.as_str());
    person.marks.doors.iter().map(|id| OpenDoor { id: id.as_str(), name: name(id) }).collect()
}

fn marks<'a>(app: &App, host: &Host, person: &Person, doors: &'a [OpenDoor<'a>]) -> ShownMarks<'a> {
    let id = person.account.id;
    ShownMarks {
        blocked: person.marks.blocked,
        can_block: !app.rules.is_owner(id) && host.account != id,
        named: person.marks.named,
        only_is_set: app.rules.only.is_some(),
        doors,
    }
}

fn declared(door: Door<'_>) -> ShownDoor<'_> {
    let (id, is_on, has_rules) = match door {
        Door::Client(client) => (InShort::all(client.id.as_str().into()), client.enabled, false),
        Door::App(app) => (in_short(&app.hosts), true, !app.rules.is_empty()),
    };
    ShownDoor {
        name: door.name(),
        id,
        is_behind_gateway: matches!(door, Door::App(_)),
        has_rules,
        is_on,
        is_for_people: door.is_for_people(),
        allow: in_short::<AllowRule>(door.allow()),
        deny: in_short::<AllowRule>(door.deny()),
    }
}

fn answer<'a>(app: &App, person: &Person, door: Door<'a>) -> ShownAnswer<'a> {
    ShownAnswer {
        name: door.name(),
        door: door.id().map(|id| id.to_string()).unwrap_or_default().into(),
        can_open: door.can_be_opened(House::of(app), person),
        may: door.decision(House::of(app), person) == Decision::Allow,
        why: match door.why(House::of(app), person) {
            doors::Why::InList(rule) => Why::in_list(rule.to_string().into()),
            doors::Why::Opened => Why::OPENED,
            doors::Why::Denied(denial) => Why::denied(denial),
            doors::Why::Unknown => Why::UNKNOWN,
        },
        has_rules: matches!(door, Door::App(app) if !app.rules.is_empty()),
    }
}

/// The first entries of a list, and how many more there are.
fn in_short<T: ToString>(all: &[T]) -> InShort<'static> {
    let shown: Vec<_> = all.iter().take(ENTRIES).map(|one| short(&one.to_string())).collect();
    InShort { shown: shown.join(", ").into(), more: all.len().saturating_sub(ENTRIES) }
}

/// The beginning of a name that may be long.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
