//! `mail test`.

use std::io;
use std::path::Path;

use clap::Subcommand;
use plex_oidc_core::id::RequestId;
use uuid::Builder;

use super::serve::exit_after;
use super::{Exit, World};
use crate::start::mailer;
use crate::upstream::mail::{Letter, MailError, Mailer as _};

/// What can be done with mail.
#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Send a mail to each of the hosts, and say exactly what goes wrong
    Test,
}

/// Runs a `mail` command.
pub fn run(file: &Path, command: &MailCommand, world: &mut World<'_>) -> io::Result<Exit> {
    let MailCommand::Test = command;
    let config = match world.load(file)? {
        Ok(loaded) => loaded.into_config(),
        Err(exit) => return Ok(exit),
    };
    let Some(of) = &config.mail else {
        return world.fail("No mail is sent: the configuration has no [mail] section with a server.");
    };
    let mailer = match mailer(&config, of) {
        Ok(mailer) => mailer,
        Err(error) => {
            world.fail(&format!("{error}."))?;
            return Ok(exit_after(&error));
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (server, port) = &of.server;
    let mut exit = Exit::Done;
    for to in &of.to {
        let letter = Letter {
            to: to.clone(),
            subject: "A test".to_owned(),
            text: format!("Mail from plex-oidc at {} reaches you.\n", config.public_url.as_str()),
            at: world.clock.now(),
            id: name(world),
        };
        match runtime.block_on(mailer.send(&letter)) {
            Ok(()) => writeln!(world.out, "{server} has taken a mail to {to}.")?,
            Err(error) => {
                let advice = advice(&error);
                exit =
                    world.fail(&format!("No mail to {to} was sent by {server}:{port}: {error}.{advice}"))?;
            }
        }
    }
    Ok(exit)
}

fn name(world: &mut World<'_>) -> String {
    let mut half = [0; 16];
    half.iter_mut().zip((world.random)()).for_each(|(to, byte)| *to = byte);
    RequestId(Builder::from_random_bytes(half).into_uuid()).to_string()
}

/// What often helps.
fn advice(error: &MailError) -> &'static str {
    match error {
        MailError::Connection(said) if said.contains("certificate") => {
            "\nThe server's certificate is not believed. If your own authority has signed it, name that in outbound.ca_file."
        }
        MailError::Connection(_) | MailError::Slow => {
            "\nLook at mail.server and mail.port, and at mail.security: port 465 is usually \"tls\", port 587 \"starttls\"."
        }
        MailError::Unable(_) => "\nLook at mail.security, and whether this port lets you sign in.",
        MailError::Refused(said) if said.starts_with("535") || said.starts_with("534") => {
            "\nLook at mail.username and the password. Some providers want a password made for programs."
        }
        MailError::Refused(_) => "\nLook at mail.from and mail.to: the server says what it does not like.",
        MailError::Letter(_) | MailError::NotNow(_) => "",
    }
}
