//! The gateway's side of the one decision: which rule applies to a request, and what it says of this person.
//!
//! A path with two readings gets the strictest answer of all rules: it passes only where every rule would let it pass,
//! and never by a bypass. So a rule that keeps people out of `/admin` cannot be walked around, and adding such a rule
//! never opens anything.
//!
//! A rule about people is also about what a less strict application takes for its path. There it may keep people out and
//! lets nobody in: what would hold without it has to let them pass too.

use std::fmt;

use thiserror::Error;

use super::app::{Access, GatewayApp, PathRule};
use super::headers::UserNames;
use super::kind::RequestKind;
use super::original::OriginalRequest;
use crate::decide::{Asker, Audience, Decision, Denial, HouseRules, Person, decide_for};
use crate::time::Timestamp;

/// What the gateway answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It passes, as this person.
    Pass,
    /// It passes, whoever it is.
    PassAnybody,
    /// Nobody is signed in, or what we know is too old.
    SignIn,
    /// Not this person.
    Deny(Denial),
}

/// A part of the application's rules, as it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// Its number in the file, from 1; `None` for what holds where no rule does.
    pub rule: Option<usize>,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of looking at a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is about other paths or methods.
    OtherRequest,
    /// A bypass, and the path has more than one reading, so it does not count.
    BypassWithDoubt,
    /// It applies, and says this.
    Says(Verdict),
}

impl fmt::Display for Considered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rule {
            Some(number) => write!(f, "rule {number}: ")?,
            None => f.write_str("allow and deny of the application: ")?,
        }
        match self.outcome {
            Outcome::OtherRequest => f.write_str("about other paths or methods"),
            Outcome::BypassWithDoubt => {
                f.write_str("a bypass, which does not count for a path with more than one reading")
            }
            Outcome::Says(Verdict::Pass) => f.write_str("lets this person in"),
            Outcome::Says(Verdict::PassAnybody) => f.write_str("lets everybody in"),
            Outcome::Says(Verdict::SignIn) => f.write_str("wants somebody signed in"),
            Outcome::Says(Verdict::Deny(denial)) => write!(f, "keeps this person out ({denial:?})"),
        }
    }
}

/// Somebody passes as a person, and the application would be told of nobody: it must not be let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "there is no name to tell the application: by `gateway.user` this person has none, or one that `gateway.names` gives \
     to another. Write one for this person in `gateway.names`"
)]
pub struct Nameless;

/// A verdict, and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weighed {
    /// The verdict.
    pub verdict: Verdict,
    /// Every rule that was looked at, in order.
    pub considered: Vec<Considered>,
    /// Whether the application is told who it is.
    named: bool,
}

impl Weighed {
    /// Whether the application is told who it is, if it can be.
    pub const fn is_named(&self) -> bool {
        self.named
    }

    /// Whom the application is told of, if the request passes. Where everybody passes, that is only somebody who would
    /// pass without a bypass too: whoever is kept out is nobody there.
    pub fn told<'p>(
        &self,
        person: Option<&'p Person>,
        app: &GatewayApp,
        names: &UserNames,
    ) -> Result<Option<&'p Person>, Nameless> {
        match person.filter(|_| self.named) {
            Some(person) if app.headers.can_name(person, names) => Ok(Some(person)),
            Some(_) if self.verdict == Verdict::Pass => Err(Nameless),
            Some(_) | None => Ok(None),
        }
    }

    /// Whether a program passes that the host lets into the application: where it lets everybody in, or where no rule
    /// speaks of people. A rule that names people names no program. `self` is the weighing for nobody.
    pub fn lets_programs_in(&self) -> bool {
        let of_people = |considered: &Considered| {
            considered.rule.is_some() && matches!(considered.outcome, Outcome::Says(_))
        };
        self.verdict == Verdict::PassAnybody || !self.considered.iter().any(of_people)
    }
}

/// May this request pass? `asker` is whoever is signed in.
pub fn weigh(
    app: &GatewayApp,
    request: &OriginalRequest,
    kind: impl FnOnce() -> RequestKind,
    asker: Option<Asker<'_>>,
    (rules, now): (&HouseRules, Timestamp),
) -> Weighed {
    let say = |audience: &Audience| says(audience, asker, rules, now);
    let (verdict, considered) = match request.path.normal() {
        _ if app.preflight && kind() == RequestKind::Preflight => (Verdict::PassAnybody, Vec::new()),
        Some(normal) => first_match(app, (1..).zip(&app.rules), (request, normal), say),
        None => strictest(app, request, say),
    };
    let named = match verdict {
        Verdict::Pass => true,
        Verdict::PassAnybody => asker.is_some() && without_bypass(app, request, say) == Verdict::Pass,
        Verdict::SignIn | Verdict::Deny(_) => false,
    };
    Weighed { verdict, considered, named }
}

fn says(audience: &Audience, asker: Option<Asker<'_>>, rules: &HouseRules, now: Timestamp) -> Verdict {
    let Some(asker) = asker else { return Verdict::SignIn };
    match decide_for(asker, audience, rules, now) {
        Decision::Allow => Verdict::Pass,
        Decision::Deny(denial) => Verdict::Deny(denial),
        Decision::Unknown => Verdict::SignIn,
    }
}

/// What the first of these rules says that is meant for certain, or the application; and every one before it that may be
/// meant has to agree.
fn first_match<'a>(
    app: &GatewayApp,
    rules: impl Iterator<Item = (usize, &'a PathRule)>,
    request: (&OriginalRequest, &str),
    say: impl Fn(&Audience) -> Verdict,
) -> (Verdict, Vec<Considered>) {
    let mut considered = Vec::new();
    let mut in_doubt = false;
    for (number, rule) in rules {
        let meant = meant(rule, request);
        let outcome = match &rule.access {
            _ if meant == Meant::No => Outcome::OtherRequest,
            Access::Bypass => Outcome::Says(Verdict::PassAnybody),
            Access::Only(audience) => Outcome::Says(say(audience)),
        };
        considered.push(Considered { rule: Some(number), outcome });
        match outcome {
            Outcome::Says(Verdict::Pass) if meant == Meant::Perhaps => in_doubt = true,
            // Some rule that may be meant wants to know who it is.
            Outcome::Says(Verdict::PassAnybody) if in_doubt => return (Verdict::Pass, considered),
            Outcome::Says(verdict) => return (verdict, considered),
            Outcome::OtherRequest | Outcome::BypassWithDoubt => {}
        }
    }
    let verdict = say(&app.audience);
    considered.push(Considered { rule: None, outcome: Outcome::Says(verdict) });
    (verdict, considered)
}

/// Whether a request is one that a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meant {
    No,
    /// A less strict application takes its path for one of the rule's.
    Perhaps,
    Yes,
}

fn meant(rule: &PathRule, (request, normal): (&OriginalRequest, &str)) -> Meant {
    let mut paths = rule.paths.iter();
    if !rule.is_about_method(&request.method) {
        Meant::No
    } else if rule.paths.is_empty() || paths.clone().any(|pattern| pattern.matches(normal)) {
        Meant::Yes
    } else if matches!(rule.access, Access::Only(_)) && paths.any(|pattern| pattern.covers(normal)) {
        Meant::Perhaps
    } else {
        Meant::No
    }
}

/// What the rules say that are about people.
fn without_bypass(
    app: &GatewayApp,
    request: &OriginalRequest,
    say: impl Fn(&Audience) -> Verdict,
) -> Verdict {
    let Some(normal) = request.path.normal() else { return strictest(app, request, say).0 };
    let about_people = (1..).zip(&app.rules).filter(|(_, rule)| matches!(rule.access, Access::Only(_)));
    first_match(app, about_people, (request, normal), say).0
}

/// Every rule that could be meant has to agree.
fn strictest(
    app: &GatewayApp,
    request: &OriginalRequest,
    say: impl Fn(&Audience) -> Verdict,
) -> (Verdict, Vec<Considered>) {
    let mut considered = Vec::new();
    let of_app = say(&app.audience);
    let mut verdict = of_app;
    for (number, rule) in (1..).zip(&app.rules) {
        let outcome = match &rule.access {
            _ if !rule.is_about_method(&request.method) => Outcome::OtherRequest,
            Access::Bypass => Outcome::BypassWithDoubt,
            Access::Only(audience) => Outcome::Says(say(audience)),
        };
        considered.push(Considered { rule: Some(number), outcome });
        if let (Verdict::Pass, Outcome::Says(stricter)) = (verdict, outcome) {
            verdict = stricter;
        }
    }
    considered.push(Considered { rule: None, outcome: Outcome::Says(of_app) });
    (verdict, considered)
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
