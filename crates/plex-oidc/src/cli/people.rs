//! What `person` shows of people, and what it ends of theirs: as the host's page and the API do, by the same flows.

use plex_oidc_core::decide::{Decision, HouseRules, Marks, Person, Standing};
use plex_oidc_core::groups::Group;
use plex_oidc_core::id::{AccountId, BrowserId, ClientId, Sid};
use plex_oidc_core::time::Timestamp;
use serde::Serialize;
use std::io;
use tokio::runtime::Runtime;

use super::audit::warn_of;
use super::beside::NotDone;
use super::explain::accepted;
use super::keys::age;
use super::person::{
    EndConsentArguments, EndSessionArguments, ForgetBrowserArguments, ListArguments, ShowArguments, called,
    in_words,
};
use super::token::end;
use super::who::find;
use super::{World, json, printable};
use crate::config::Config;
use crate::flow::by_host::{ByHost, Holdings};
use crate::flow::doors::{Door, House, declared};
use crate::flow::forms::{InList, Whole};
use crate::start::house_rules;
use crate::store::Store;
use crate::store::records::{ListedPerson, ListedSession, PeopleWanted, SeenFrom, UserRecord};

/// What it takes to look at people, and to end something of theirs.
pub(super) struct Looking<'a> {
    pub(super) config: &'a Config,
    pub(super) store: &'a dyn Store,
    pub(super) runtime: &'a Runtime,
    pub(super) users: &'a [UserRecord],
}

/// Of an account, for programs.
#[derive(Serialize)]
struct SaidOf {
    account: String,
    name: Option<String>,
    blocked: bool,
    named: bool,
    opened: Vec<String>,
}

impl Looking<'_> {
    /// `person list`.
    pub(super) fn list(&self, arguments: &ListArguments, world: &mut World<'_>) -> Result<(), NotDone> {
        let like = arguments.part.as_deref().unwrap_or_default().trim().to_owned();
        let (wanted, now) = (PeopleWanted { like, skip: 0, most: u64::from(u32::MAX) }, world.clock.now());
        let found = self.runtime.block_on(self.store.people(wanted, now))?.people;
        if arguments.json {
            for listed in &found {
                let rules = self.rules(&listed.user.person);
                line_of(&InList::of(listed, House { rules: &rules, now }), world)?;
            }
            return Ok(());
        }
        let head = ["subject", "name", "seen", "sessions", "state", "groups"];
        line(head.map(str::to_owned), world)?;
        found.iter().try_for_each(|listed| line(self.row(listed, now), world))?;
        Ok(())
    }

    fn row(&self, listed: &ListedPerson, now: Timestamp) -> [String; 6] {
        let person = &listed.user.person;
        let state = match (person.marks.blocked, person.standing == Standing::Ended) {
            (true, _) => "blocked",
            (false, true) => "ended",
            (false, false) => "",
        };
        [
            listed.user.subject().to_string(),
            person.account.display_name.clone(),
            listed.last_seen.map_or_else(|| "never".to_owned(), |seen| age(seen, now)),
            listed.sessions.to_string(),
            state.to_owned(),
            groups(person, House { rules: &self.rules(person), now }, ","),
        ]
    }

    /// `person list --said`.
    pub(super) fn said(&self, is_json: bool, world: &mut World<'_>) -> Result<(), NotDone> {
        let all = self.runtime.block_on(self.store.all_marks())?;
        let mut line =
            |[subject, name, said]: [&str; 3]| writeln!(world.out, "{subject:<22}  {name:<20}  {said}");
        if !is_json {
            line(["subject", "name", "what is said"])?;
            for (account, marks) in &all {
                let name =
                    called(self.users, *account).map_or_else(|| "(never signed in)".to_owned(), printable);
                line([&account.to_string(), &name, &printable(&in_words(marks))])?;
            }
            return Ok(());
        }
        Ok(all.iter().try_for_each(|(account, marks)| line_of(&self.said_of(*account, marks), world))?)
    }

    fn said_of(&self, account: AccountId, marks: &Marks) -> SaidOf {
        SaidOf {
            account: account.to_string(),
            name: called(self.users, account).map(str::to_owned),
            blocked: marks.blocked,
            named: marks.named,
            opened: marks.doors.iter().map(ToString::to_string).collect(),
        }
    }

    /// `person show`.
    pub(super) fn show(&self, arguments: &ShowArguments, world: &mut World<'_>) -> Result<(), NotDone> {
        let (user, now) = (find(self.users, &arguments.who.who)?, world.clock.now());
        let holdings = self.runtime.block_on(Holdings::of(self.store, user.account_id(), now))?;
        let Some(holdings) = holdings else { return Err(NotDone::Gone(user.subject())) };
        let rules = self.rules(&holdings.user.person);
        let (doors, house) =
            (declared(self.config.clients.iter(), &self.config.gateway.apps), House { rules: &rules, now });
        if arguments.json {
            return Ok(line_of(&Whole::of(&holdings, &doors, house), world)?);
        }
        for text in whole(&holdings, &doors, house) {
            writeln!(world.out, "{}", printable(text.trim_end()))?;
        }
        Ok(())
    }

    /// The rules of the house, for this person.
    fn rules(&self, person: &Person) -> HouseRules {
        house_rules(self.config, accepted(self.config, Some(person)))
    }

    /// `person end`.
    pub(super) fn end(&self, who: &str, world: &mut World<'_>) -> Result<(), NotDone> {
        let user = find(self.users, who)?;
        let by = ByHost::by_command(self.store, world.clock.now());
        let done = self.runtime.block_on(by.end_everything(user.account_id()))?;
        let Some(done) = done else { return Err(NotDone::Gone(user.subject())) };
        warn_of(done.noted, world)?;
        Ok(writeln!(
            world.err,
            "Everything of {} has ended: {} sessions, {} grants and {} app tokens. Whoever may come in can sign in again.",
            named(user),
            done.what.sessions,
            done.what.grants,
            done.what.app_tokens
        )?)
    }

    /// `person end-session`.
    pub(super) fn end_session(
        &self,
        arguments: &EndSessionArguments,
        world: &mut World<'_>,
    ) -> Result<(), NotDone> {
        let user = find(self.users, &arguments.who.who)?;
        let not_theirs = || NotDone::NotTheirs(user.subject(), "session", printable(&arguments.session));
        let sid = Sid::parse(&arguments.session).ok_or_else(not_theirs)?;
        let by = ByHost::by_command(self.store, world.clock.now());
        let done = self.runtime.block_on(by.end_session(user.account_id(), sid))?.ok_or_else(not_theirs)?;
        warn_of(done.noted, world)?;
        Ok(writeln!(world.err, "The session {sid} of {} has ended, with what came of it.", named(user))?)
    }

    /// `person end-consent`.
    pub(super) fn end_consent(
        &self,
        arguments: &EndConsentArguments,
        world: &mut World<'_>,
    ) -> Result<(), NotDone> {
        let user = find(self.users, &arguments.who.who)?;
        let not_theirs = || NotDone::NotTheirs(user.subject(), "consent for", printable(&arguments.client));
        let client = ClientId::parse(&arguments.client).ok_or_else(not_theirs)?;
        let by = ByHost::by_command(self.store, world.clock.now());
        let done = self.runtime.block_on(by.end_consent(user.account_id(), client.clone()))?;
        warn_of(done.ok_or_else(not_theirs)?.noted, world)?;
        Ok(writeln!(
            world.err,
            "{} allows {client} nothing any more, and what it held by that has ended.",
            named(user)
        )?)
    }

    /// `person forget-browser`.
    pub(super) fn forget_browser(
        &self,
        arguments: &ForgetBrowserArguments,
        world: &mut World<'_>,
    ) -> Result<(), NotDone> {
        let user = find(self.users, &arguments.who.who)?;
        let not_theirs = || NotDone::NotTheirs(user.subject(), "browser", printable(&arguments.browser));
        let id = BrowserId::parse(&arguments.browser).ok_or_else(not_theirs)?;
        let by = ByHost::by_command(self.store, world.clock.now());
        let done = self.runtime.block_on(by.forget_browser(user.account_id(), id))?.ok_or_else(not_theirs)?;
        warn_of(done.noted, world)?;
        Ok(writeln!(
            world.err,
            "The browser {id} of {} is forgotten; {} sessions, {} grants and {} app tokens have ended. Passkeys stay, if there are any: plex-oidc passkey list.",
            named(user),
            done.what.sessions,
            done.what.grants,
            done.what.app_tokens
        )?)
    }
}

fn named(user: &UserRecord) -> String {
    printable(&format!("{} ({})", user.person.account.display_name, user.subject()))
}

fn line(
    [subject, name, seen, sessions, state, groups]: [String; 6],
    world: &mut World<'_>,
) -> io::Result<()> {
    let text =
        format!("{subject:<22}  {:<20}  {seen:<5}  {sessions:<8}  {state:<7}  {groups}", printable(&name));
    writeln!(world.out, "{}", printable(text.trim_end()))
}

fn line_of(form: &impl Serialize, world: &mut World<'_>) -> io::Result<()> {
    writeln!(world.out, "{}", json(form)?)
}

fn groups(person: &Person, house: House<'_>, between: &str) -> String {
    let told = house.rules.as_told(person, house.now);
    told.groups.iter().map(Group::as_str).collect::<Vec<_>>().join(between)
}

/// One person in words, a line each.
fn whole(holdings: &Holdings, doors: &[Door<'_>], house: House<'_>) -> Vec<String> {
    let mut lines = who(&holdings.user.person, house);
    let Holdings { sessions, tokens, consents, browsers, passkeys, .. } = holdings;
    let ago = |at: Timestamp| age(at, house.now);
    lines.extend(part("Sessions: id, age, last use, browser, address", sessions, |session| {
        let ListedSession { sid, auth_time, last_seen, from } = session;
        format!("{sid}  {:<5}  {:<5}  {}", ago(*auth_time), ago(*last_seen), seen_from(from))
    }));
    lines.extend(part("App tokens: id, age, last use, end, applications, name", tokens, |token| {
        let (used, ends) =
            (token.last_used.map_or_else(|| "never".to_owned(), ago), end(token.expires, house.now));
        let apps = token.apps.join(",");
        format!("{}  {:<5}  {used:<5}  {ends:<7}  {apps}  {}", token.id, ago(token.created), token.name)
    }));
    lines.extend(part("Consents: client, age, scopes", consents, |consent| {
        format!("{}  {}  {}", consent.client_id, ago(consent.granted_at), consent.scopes)
    }));
    lines.extend(part(
        "Browsers: id, first used, last used, whether you are asked, browser, address",
        browsers,
        |browser| {
            let asked = if browser.approved { "known" } else { "new" };
            let (first, last) = (ago(browser.first_used), ago(browser.last_used));
            format!("{}  {first:<5}  {last:<5}  {asked:<5}  {}", browser.id, seen_from(&browser.from))
        },
    ));
    lines.extend(part("Passkeys: id, age, name", passkeys, |passkey| {
        format!("{}  {:<5}  {}", passkey.id, ago(passkey.created), passkey.name)
    }));
    let doors: Vec<_> = doors.iter().filter(|door| door.is_for_people()).collect();
    let may = |door: &&Door<'_>| {
        let person = &holdings.user.person;
        let may = if door.decision(house, person) == Decision::Allow { "may use" } else { "may not use" };
        format!("{may} {}: {}", door.name(), door.why(house, person))
    };
    lines.extend(part("Applications", &doors, may));
    lines
}

fn who(person: &Person, house: House<'_>) -> Vec<String> {
    let account = &person.account;
    let email = account.email.as_ref().map(|email| {
        let confirmed = if account.email_confirmed { "" } else { " (not confirmed)" };
        format!("{email}{confirmed}")
    });
    let said = Some(in_words(&person.marks)).filter(|said| !said.is_empty());
    let facts = [
        ("Account", Some(account.id.to_string())),
        ("Name", Some(account.display_name.clone())),
        ("User name", account.username.clone()),
        ("E-mail", email),
        ("Groups", Some(groups(person, house, ", "))),
        ("Owner", house.rules.is_owner(account.id).then(|| "of a server".to_owned())),
        ("Access", (person.standing == Standing::Ended).then(|| "has ended".to_owned())),
        ("You say", said),
    ];
    facts.into_iter().filter_map(|(name, fact)| Some(format!("{name:<12} {}", fact?))).collect()
}

/// A list under its heading, if there is anything in it.
fn part<T>(heading: &str, all: &[T], line: impl Fn(&T) -> String) -> Vec<String> {
    let heading = (!all.is_empty()).then(|| heading.to_owned());
    heading.into_iter().chain(all.iter().map(|one| format!("  {}", line(one)))).collect()
}

fn seen_from(from: &SeenFrom) -> String {
    let browser = from.browser.as_deref().unwrap_or("an unknown browser");
    from.address.map_or_else(|| browser.to_owned(), |address| format!("{browser}, {address}"))
}
