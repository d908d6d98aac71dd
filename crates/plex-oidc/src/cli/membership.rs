//! `membership show` and `membership check`: how well it is known who is a member, and asking Plex now. Only the running service knows
//! and asks; the question and its answer go through the database.

use std::io;
use std::path::Path;
use std::time::Duration;

use clap::{Args, Subcommand, value_parser};
use plex_oidc_core::time::Seconds;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::beside::{NotDone, beside_or};
use super::{Exit, World, json, printable};
use crate::config::{self, Config};
use crate::flow::admin::Asked;
use crate::installation::open_beside;
use crate::store::records::Question;

/// Between two looks for the answer. The service looks for questions once in a second.
const PAUSE: Duration = Duration::from_millis(100);

/// The most seconds to wait. Whoever is stopped before leaves a question behind for as long.
const LONGEST: i64 = 600;

/// What can be asked about membership.
#[derive(Debug, Subcommand)]
pub enum MembershipCommand {
    /// Say what the last re-check came to, what is wrong, and how much Plex was asked
    Show(AskArguments),
    /// Have the running service ask Plex who is a member, now: whose access has ended is out
    Check(AskArguments),
}

/// The arguments of both.
#[derive(Debug, Args)]
pub struct AskArguments {
    /// One line of JSON, for programs
    #[arg(long)]
    json: bool,
    /// How long to wait for the running service, in seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = value_parser!(u32).range(..=LONGEST))]
    timeout: u32,
}

/// Runs a `membership` command.
pub fn run(file: &Path, command: &MembershipCommand, world: &mut World<'_>) -> io::Result<Exit> {
    let (question, arguments) = match command {
        MembershipCommand::Show(arguments) => (Question::Membership, arguments),
        MembershipCommand::Check(arguments) => (Question::Recheck, arguments),
    };
    beside_or("Not known now", file, world, |config, runtime, world| {
        let answer = runtime.block_on(answer(config, question, arguments.timeout, world))?;
        let membership = answer.get("membership").ok_or(NotDone::OtherAnswer)?;
        if arguments.json {
            writeln!(world.out, "{}", json(membership)?)?;
        } else {
            show(membership, world)?;
        }
        if question == Question::Membership {
            return Ok(());
        }
        let asked = answer.get("asked").and_then(Value::as_str).and_then(Asked::parse);
        match asked.ok_or(NotDone::OtherAnswer)? {
            Asked::Answered => Ok(writeln!(world.err, "Plex has answered just now.")?),
            Asked::TooSoon => Err(NotDone::TooSoon),
            Asked::Unanswered => {
                let why = membership.pointer("/trouble/what").and_then(Value::as_str);
                Err(NotDone::PlexUnanswered(printable(why.unwrap_or("the log says why"))))
            }
            Asked::NoToken => Err(NotDone::NoOwnerToken),
        }
    })
}

async fn answer(
    config: &Config,
    question: Question,
    patience: u32,
    world: &World<'_>,
) -> Result<Value, NotDone> {
    let store = open_beside(config)?;
    let until = Instant::now() + Duration::from_secs(patience.into());
    let id = store.ask_service(question, world.clock.now().plus(Seconds(patience))).await?;
    loop {
        if let Some(answer) = store.answer_to(id).await? {
            return serde_json::from_str(&answer).map_err(|_| NotDone::OtherAnswer);
        }
        if Instant::now() >= until {
            return Err(NotDone::Unanswered(patience));
        }
        sleep(PAUSE).await;
    }
}

/// For people: what is not there is left out.
fn show(membership: &Value, world: &mut World<'_>) -> io::Result<()> {
    let of = |path: &str| membership.pointer(path).filter(|value| !value.is_null());
    let is = |path| of(path).and_then(Value::as_bool).unwrap_or_default();
    let text = |path| of(path).and_then(Value::as_str).unwrap_or_default();
    let number = |path| of(path).and_then(Value::as_u64).unwrap_or_default();
    let length = |path| config::length::write(Seconds(u32::try_from(number(path)).unwrap_or(u32::MAX)));
    let with = if !is("/at_plex") {
        "nobody signs in through Plex".to_owned()
    } else if is("/has_owner_token") {
        "with the owner's token".to_owned()
    } else if of("/own_tokens_every_seconds").is_some() {
        format!("with people's own tokens, every {}", length("/own_tokens_every_seconds"))
    } else {
        format!("at each sign-in alone, which serves for {}", length("/lifetime_seconds"))
    };
    let answer = of("/last_answer").map(|_| {
        let counts = ["/last_answer/members", "/last_answer/ended", "/last_answer/doubted"].map(number);
        let [members, ended, doubted] = counts;
        let doubted = if doubted > 0 { format!(", {doubted} in doubt") } else { String::new() };
        format!("{}, {members} members, {ended} ended{doubted}", text("/last_answer/at"))
    });
    let trouble =
        of("/trouble").map(|_| format!("since {}: {}", text("/trouble/since"), text("/trouble/what")));
    let left_alone = is("/left_alone").then(|| "it kept failing, and is left alone for a while".to_owned());
    let requests = format!(
        "{} of {} without a visitor, {} in all",
        number("/requests_last_hour"),
        number("/requests_per_hour"),
        number("/requests_last_hour_in_all")
    );
    let lines = [
        ("asked", Some(with)),
        ("last answer", answer),
        ("trouble", trouble),
        ("plex.tv", left_alone),
        ("last hour", Some(requests)),
    ];
    for (name, text) in lines {
        if let Some(text) = text {
            writeln!(world.out, "{name:<12}  {}", printable(&text))?;
        }
    }
    Ok(())
}
