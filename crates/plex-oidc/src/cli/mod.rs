//! The command line: what can be asked of the program, and with which words it answers.
//!
//! Nothing here touches the process: arguments, environment, randomness, time and the three streams are passed in as a
//! [`World`]. One command, one file.

pub mod admin_link;
pub mod api_token;
pub mod audit;
mod beside;
pub mod check;
pub mod client;
pub mod doctor;
pub mod explain;
pub mod healthcheck;
pub mod init;
pub mod keys;
pub mod mail;
pub mod membership;
pub mod owner_token;
pub mod passkey;
mod password;
mod people;
pub mod person;
pub mod presets;
pub mod request;
pub mod serve;
pub mod snippet;
pub mod token;
pub mod user;
mod who;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use plex_oidc_core::line;
use plex_oidc_core::time::Seconds;
use serde::Serialize;

use crate::clock::Clock;
use crate::config::{self, Loaded, Problem, example};

/// The program's arguments.
#[derive(Debug, Parser)]
#[command(
    name = "plex-oidc",
    about = "Sign in with Plex, for everything else you host",
    disable_help_subcommand = true
)]
pub struct Arguments {
    /// The configuration file [default: the variable PLEX_OIDC_CONFIG, else plex-oidc.toml]
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the sign-in service
    Serve(serve::ServeArguments),
    /// Set everything up: find your Plex server, write the configuration, the key and the database
    Init(init::InitArguments),
    /// Say everything that is wrong with the configuration, or why the service would not start with it
    Check,
    /// Show the configuration that holds, variables and defaults included, without secrets
    PrintConfig,
    /// Print a configuration file with every key
    ExampleConfig,
    /// The applications that people sign in to
    #[command(subcommand)]
    Client(client::ClientCommand),
    /// The keys that sign tokens
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// The owner's Plex token, by which people are looked after
    #[command(subcommand)]
    OwnerToken(owner_token::OwnerTokenCommand),
    /// Say what the gateway would decide about a request, and why
    Explain(explain::ExplainArguments),
    /// Look at each application from outside: does somebody get in who shows nothing, or what is forged or planted?
    Doctor(doctor::DoctorArguments),
    /// Print what to paste into the configuration of a proxy, or what to put into an application
    Snippet(snippet::SnippetArguments),
    /// List the applications whose needs are known
    Presets(presets::PresetsArguments),
    /// How well the running service knows who is a member, and asking Plex now
    #[command(subcommand)]
    Membership(membership::MembershipCommand),
    /// People: who they are and what they hold, ending that, and what you say of them besides the file
    #[command(subcommand)]
    Person(person::PersonCommand),
    /// Requests for access: who waits for an answer of yours
    #[command(subcommand)]
    Request(request::RequestCommand),
    /// App tokens: for programs that use applications behind the gateway in a person's name
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Local accounts: people who sign in with a password
    #[command(subcommand)]
    User(user::UserCommand),
    /// Print a link to the host's page that is good once, for ten minutes: the owner's way in when plex.tv does not answer
    AdminLink,
    /// Passkeys, with which owners open the host's page
    #[command(subcommand)]
    Passkey(passkey::PasskeyCommand),
    /// Mail to the hosts
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Tokens of the API: for programs of yours that see and do what the host's page does
    #[command(subcommand)]
    ApiToken(api_token::ApiTokenCommand),
    /// Say who did what, the newest first
    Audit(audit::AuditArguments),
    /// Ask a running service whether it is well
    Healthcheck(healthcheck::HealthcheckArguments),
    /// Print the version
    Version,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked.
    Done,
    /// It could not, and said why.
    Failed,
    /// The arguments make no sense.
    Usage,
    /// The configuration cannot be used.
    BadConfiguration,
}

impl Exit {
    /// The exit code of the process: 0, 1, 2, or 78 (`EX_CONFIG` of sysexits.h).
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::BadConfiguration => 78,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What a command may touch.
pub struct World<'w> {
    /// The environment variables.
    pub environment: &'w BTreeMap<String, String>,
    /// Standard input: what a person answers.
    pub input: &'w mut dyn BufRead,
    /// Standard output: what was asked for.
    pub out: &'w mut dyn Write,
    /// Standard error: everything else.
    pub err: &'w mut dyn Write,
    /// Random bytes, fresh with each call.
    pub random: &'w mut dyn FnMut() -> [u8; 32],
    /// Hides what is typed, or shows it again. `false`: nobody types, the input is no terminal.
    pub hide_typing: &'w mut dyn FnMut(bool) -> bool,
    /// What time it is.
    pub clock: &'w dyn Clock,
}

impl World<'_> {
    /// Loads the configuration and shows its warnings, or shows its problems.
    pub fn load(&mut self, file: &std::path::Path) -> io::Result<Result<Loaded, Exit>> {
        match config::load(file, self.environment) {
            Ok(loaded) => {
                self.warn(&loaded.warnings)?;
                Ok(Ok(loaded))
            }
            Err(problems) => {
                write!(self.err, "{problems}")?;
                Ok(Err(Exit::BadConfiguration))
            }
        }
    }

    /// Shows warnings.
    pub fn warn(&mut self, warnings: &[Problem]) -> io::Result<()> {
        for warning in warnings {
            writeln!(self.err, "Warning: {warning}\n")?;
        }
        Ok(())
    }

    /// Says why a command cannot do its work.
    pub fn fail(&mut self, why: &str) -> io::Result<Exit> {
        writeln!(self.err, "{why}")?;
        Ok(Exit::Failed)
    }
}

/// Runs the command that `arguments` name; the first one is the name of the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>, world: &mut World<'_>) -> Exit {
    let done = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => dispatch(arguments, world),
        Err(error) if error.use_stderr() => write!(world.err, "{error}").map(|()| Exit::Usage),
        Err(help) => write!(world.out, "{help}").map(|()| Exit::Done),
    };
    // A reader that went away, as `head` does, is no failure of ours to report: there is nobody to report it to.
    done.unwrap_or(Exit::Failed)
}

fn dispatch(arguments: Arguments, world: &mut World<'_>) -> io::Result<Exit> {
    let file = config_file(arguments.config, world.environment);
    match arguments.command {
        Command::Serve(arguments) => serve::run(&file, &arguments, world),
        Command::Init(arguments) => init::run(&file, &arguments, world),
        Command::Check => check::run(&file, world),
        Command::PrintConfig => check::print(&file, world),
        Command::ExampleConfig => write!(world.out, "{}", example::text()).map(|()| Exit::Done),
        Command::Client(command) => client::run(&file, &command, world),
        Command::Keys(command) => keys::run(&file, &command, world),
        Command::OwnerToken(command) => owner_token::run(&file, &command, world),
        Command::Explain(arguments) => explain::run(&file, &arguments, world),
        Command::Doctor(arguments) => doctor::run(&file, &arguments, world),
        Command::Snippet(arguments) => snippet::run(&file, &arguments, world),
        Command::Presets(arguments) => presets::list(&arguments, world),
        Command::Membership(command) => membership::run(&file, &command, world),
        Command::Person(command) => person::run(&file, &command, world),
        Command::Request(command) => request::run(&file, &command, world),
        Command::Token(command) => token::run(&file, &command, world),
        Command::User(command) => user::run(&file, &command, world),
        Command::AdminLink => admin_link::run(&file, world),
        Command::Passkey(command) => passkey::run(&file, &command, world),
        Command::Mail(command) => mail::run(&file, &command, world),
        Command::ApiToken(command) => api_token::run(&file, &command, world),
        Command::Audit(arguments) => audit::run(&file, &arguments, world),
        Command::Healthcheck(arguments) => healthcheck::run(&file, &arguments, world),
        Command::Version => {
            writeln!(world.out, "plex-oidc {}", env!("CARGO_PKG_VERSION")).map(|()| Exit::Done)
        }
    }
}

/// How long something is to be good for, as an argument.
fn lifetime(text: &str) -> Result<Seconds, String> {
    let length = config::length::parse(text).filter(|length| length.0 > 0);
    length.ok_or_else(|| "a number and one unit, such as 90d or 12h".to_owned())
}

/// Names come from Plex and go to a terminal: nothing in them moves its cursor or turns the direction of what stands around them.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !line::is_control_or_turn(*c)).collect()
}

/// One line of JSON that goes to a terminal. JSON itself lets control characters beyond ASCII stand as they are.
fn json(form: &impl Serialize) -> io::Result<String> {
    let text = serde_json::to_string(form)?;
    // They can only be within strings, where the escape means the same.
    let escaped = |c: char| format!("\\u{:04x}", u32::from(c));
    Ok(text.chars().map(|c| if line::is_control_or_turn(c) { escaped(c) } else { c.to_string() }).collect())
}

fn config_file(named: Option<PathBuf>, environment: &BTreeMap<String, String>) -> PathBuf {
    let variable =
        || environment.get(config::FILE_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    named.or_else(variable).unwrap_or_else(|| PathBuf::from(config::DEFAULT_FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_are_called_moves_no_cursor_and_turns_nothing_around() {
        let name = "Mara\u{9b}2J\u{1b}[2J \u{202e}(plex-7)\u{7f}";
        assert_eq!(printable(name), "Mara2J[2J (plex-7)");
        let text = json(&[name]).unwrap();
        assert!(!text.contains(line::is_control_or_turn), "{text}");
        assert_eq!(
            serde_json::from_str::<[String; 1]>(&text).unwrap(),
            [name],
            "and programs read what was there"
        );
    }
}
