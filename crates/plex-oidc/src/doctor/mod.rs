//! Looking at the gateway from outside, as a stranger would: what does each application's address answer to somebody who
//! shows nothing, or shows what is forged or planted?
//!
//! `plan` says which addresses, `probes` and [`forged`] what is sent, `judge` what an answer means: all of them pure.
//! `surroundings` is what can be seen beside the applications. Only [`dial`] touches the network, behind [`Outside`]. It
//! knows plex-oidc by its configuration alone: neither the database nor a running service.

pub mod dial;
pub mod forged;
mod judge;
mod plan;
mod probes;
pub mod report;
mod surroundings;
pub mod wire;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt as _, stream};
use plex_oidc_core::time::Timestamp;
use serde::Serialize;

use self::dial::{Endpoint, NoAnswer};
use self::forged::Forged;
use self::plan::Subject;
use self::probes::Probe;
use self::wire::{Answer, Request};
use crate::config::Config;

pub use plan::{NoPlan, Wish};

/// How many requests are under way at a time: a look, not a storm.
const AT_A_TIME: usize = 4;
/// How often an application is followed to another page of its own.
const MOST_MOVES: usize = 3;

/// What came of asking.
type Answered = Result<Answer, NoAnswer>;

/// The way out.
pub trait Outside: Sync {
    /// Sends one request, and reads its answer within a time of its own.
    fn ask<'a>(&'a self, to: &'a Endpoint, request: &'a Request) -> BoxFuture<'a, Answered>;
}

/// How something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// Something to mend.
    Problem,
    /// It could not be seen from here.
    NotSeen,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about: an application at an address, or plex-oidc itself.
    pub about: String,
    /// What was tried; stays the same over versions.
    pub check: String,
    /// How it was found.
    pub outcome: Outcome,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// What was tried and what came of it, in words.
    pub seen: String,
    /// What to do about it.
    pub advice: Option<String>,
}

/// What is looked at, and with what.
pub struct Look<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// What the host wants looked at.
    pub wish: &'a Wish,
    /// The addresses to ask; none: each application's own.
    pub via: &'a [Endpoint],
    /// Whether the applications print the request that they get.
    pub echo: bool,
    /// An app token that is good, as the applications' programs show it.
    pub token: Option<&'a str>,
    /// What is shown to the applications as good, and is not.
    pub forged: &'a Forged,
    /// What time it is here.
    pub now: Timestamp,
}

/// Looks at everything.
pub async fn examine(look: &Look<'_>, outside: &dyn Outside) -> Result<Vec<Finding>, NoPlan> {
    let (subjects, mut findings) = plan::plan(look.config, look.wish, look.now)?;
    let (around, known) = surroundings::look(look.config, look.now, outside).await;
    findings.splice(0..0, around);
    for subject in &subjects {
        let ways: Vec<Option<&Endpoint>> =
            if look.via.is_empty() { vec![None] } else { look.via.iter().map(Some).collect() };
        for via in ways {
            let mut site = Site { look, subject: subject.clone(), via, known_keys: &known, outside };
            let answer = site.arrive().await;
            findings.extend(site.examine(&answer).await);
        }
    }
    Ok(findings)
}

/// One application, asked at one address.
struct Site<'a> {
    look: &'a Look<'a>,
    subject: Subject<'a>,
    via: Option<&'a Endpoint>,
    /// The name of a key of each team, by its issuer.
    known_keys: &'a [(String, String)],
    outside: &'a dyn Outside,
}

impl Site<'_> {
    /// Asks with nothing to show. An application that only sends on to a page of its own is asked for that page, which
    /// says more.
    async fn arrive(&mut self) -> Answered {
        let Look { config, now, .. } = *self.look;
        let mut answer = self.ask(&probes::nothing(&self.subject)).await;
        for _ in 0..MOST_MOVES {
            let moved = judge::sent_elsewhere(self.judging(), &answer)
                .and_then(|location| self.subject.moved(config, now, &location));
            let Some(moved) = moved else { break };
            self.subject = moved;
            answer = self.ask(&probes::nothing(&self.subject)).await;
        }
        answer
    }

    /// Judges `to_nothing`, what somebody gets who shows nothing, and tries the rest.
    async fn examine(&self, to_nothing: &Answered) -> Vec<Finding> {
        let Self { look, subject, .. } = self;
        let (first, base) = judge::nothing(self.judging(), to_nothing);
        let goes_on = first.outcome != Outcome::Problem;
        let mut findings = vec![first];
        // Who gets in with nothing gets in with anything: the rest would say the same over and over.
        if goes_on {
            findings.extend(judge::by_cloudflare(to_nothing));
            let probes = probes::strangers(look.config, subject, (look.forged, look.now), self.known_keys);
            let answers = self.ask_each(&probes).await;
            let judged = probes.iter().zip(&answers);
            findings
                .extend(judged.map(|(probe, answer)| judge::stranger(self.judging(), probe, answer, &base)));
        }
        if look.echo {
            findings.extend(self.echoes().await);
        }
        findings.into_iter().map(|finding| Finding { about: self.about(), ..finding }).collect()
    }

    /// What arrives at an application that prints what it gets.
    async fn echoes(&self) -> Vec<Finding> {
        let probes = probes::echoed(&self.subject, self.look.token);
        if probes.is_empty() {
            return vec![judge::no_way_to_the_echo()];
        }
        let answers = self.ask_each(&probes).await;
        probes.iter().zip(&answers).map(|(probe, answer)| judge::echo(probe, answer)).collect()
    }

    async fn ask_each(&self, probes: &[Probe]) -> Vec<Answered> {
        stream::iter(probes).map(|probe| self.ask(probe)).buffered(AT_A_TIME).collect().await
    }

    async fn ask(&self, probe: &Probe) -> Answered {
        let own = self.subject.endpoint(self.look.config);
        let to = match self.via {
            Some(via) => via.clone().named(&own),
            None => own,
        };
        let request = Request {
            host: self.subject.authority(),
            path: probe.path.clone(),
            headers: probe.headers.clone(),
            wants_body: probe.wants_body,
        };
        self.outside.ask(&to, &request).await
    }

    fn judging(&self) -> judge::Judging<'_> {
        judge::Judging { config: self.look.config, accepts_access: self.subject.access.is_some() }
    }

    fn about(&self) -> String {
        let url = format!("{}{}", self.subject.origin(self.look.config), self.subject.guarded);
        match self.via {
            Some(via) => format!("{}, {url}, asked at {via}", self.subject.app.name),
            None => format!("{}, {url}", self.subject.app.name),
        }
    }
}
