//! Who owns which server: asked at Plex, or told by flags.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use plex_oidc_core::id::{MachineId, PlexAccountId};
use plextv::poll::{Next, Schedule};
use plextv::{PlexToken, PlexTv};
use zeroize::Zeroizing;

use super::ask::{Asker, Question};
use super::{InitArguments, InitError};
use crate::cli::{World, printable};
use crate::clock::Clock;
use crate::config::PlexConfig;
use crate::installation::new_client_identifier;
use crate::start::plex_api;

/// How long we wait for the host to approve, at most.
const PATIENCE: Duration = Duration::from_mins(15);

/// A server that the owner owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct OwnedServer {
    /// Its machine identifier.
    pub(in crate::cli) machine: MachineId,
    /// Its name; may be empty.
    pub(in crate::cli) name: String,
    /// The account that owns it.
    pub(in crate::cli) owner: PlexAccountId,
}

/// The owner, and how we know.
pub(super) struct Owner {
    /// Under which name Plex knows this installation.
    pub(super) client_identifier: String,
    /// Their token, unless flags told everything.
    pub(super) token: Option<PlexToken>,
    /// Every server of theirs; with flags alone, those named.
    servers: Vec<OwnedServer>,
    /// To end the token with, if it was made for this run alone.
    api: Option<PlexTv>,
}

/// Finds the owner in the way that the arguments name.
pub(super) async fn find(
    arguments: &InitArguments,
    plex: &PlexConfig,
    asker: &mut Asker<'_, '_>,
) -> Result<Owner, InitError> {
    let client_identifier = new_client_identifier((asker.world.random)());
    if let Some(id) = arguments.owner_id {
        let servers = told(id, &arguments.server)?;
        return Ok(Owner { client_identifier, token: None, servers, api: None });
    }
    let api = plex_api(plex, client_identifier.clone())?;
    if let Some(file) = &arguments.owner_token_file {
        let token = read_token(file)?;
        let servers = owned(&api, &token).await?;
        return Ok(Owner { client_identifier, token: Some(token), servers, api: None });
    }
    if !asker.interactive {
        let (what, flag) = ("the owner", "--owner-token-file, or with --owner-id and --server");
        return Err(InitError::Missing { what, flag });
    }
    let token = sign_in(&api, asker.world).await?;
    match owned(&api, &token).await {
        Ok(servers) => Ok(Owner { client_identifier, token: Some(token), servers, api: Some(api) }),
        Err(error) => {
            drop(api.sign_out(&token).await); // the error at hand is the one to show
            Err(error)
        }
    }
}

impl Owner {
    /// The servers to accept: those of the flags, or the only one, or those that the host picks.
    pub(super) fn choose(
        &self,
        named: &[String],
        asker: &mut Asker<'_, '_>,
    ) -> Result<Vec<OwnedServer>, InitError> {
        const FLAG: &str = "--server";
        if !named.is_empty() {
            let found = named.iter().map(|text| {
                let server = self.servers.iter().find(|server| server.machine.as_str() == text);
                let wrong = || format!("`{text}` is not a server of this account. It owns:\n{}", self.list());
                server.cloned().ok_or_else(|| InitError::Refused { flag: FLAG, wrong: wrong() })
            });
            return found.collect();
        }
        if let [only] = self.servers.as_slice() {
            writeln!(asker.world.err, "\nYour Plex server: {} ({})", only.name, only.machine)?;
            return Ok(vec![only.clone()]);
        }
        let text = format!(
            "Whose people may sign in? Your Plex servers:\n{}\nNumbers with spaces between; an empty answer is all of \
             them",
            self.list()
        );
        let question = Question { text: &text, what: "the Plex server", flag: FLAG };
        asker.ask(&question, |answer| self.pick(answer))
    }

    fn list(&self) -> String {
        let line = |(index, server): (usize, &OwnedServer)| {
            format!("  {}  {}  {}", index + 1, server.machine, printable(&server.name))
        };
        self.servers.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    }

    fn pick(&self, answer: &str) -> Result<Vec<OwnedServer>, String> {
        let split = |c: char| c == ',' || c.is_whitespace();
        let mut chosen = BTreeSet::new();
        for word in answer.split(split).filter(|word| !word.is_empty()) {
            let number =
                word.parse::<usize>().ok().filter(|number| (1..=self.servers.len()).contains(number));
            chosen.insert(number.ok_or_else(|| format!("`{}` is none of them.", word.escape_debug()))?);
        }
        let all = self.servers.iter().enumerate();
        Ok(all
            .filter(|(index, _)| chosen.is_empty() || chosen.contains(&(index + 1)))
            .map(|(_, server)| server.clone())
            .collect())
    }

    /// Ends the token that was made for this run, unless it is `kept`.
    pub(super) async fn leave(&self, kept: bool, world: &mut World<'_>) -> Result<(), InitError> {
        let (Some(api), Some(token), false) = (&self.api, &self.token, kept) else { return Ok(()) };
        if api.sign_out(token).await.is_err() {
            let product = &api.identity().product;
            writeln!(
                world.err,
                "\nPlex did not confirm that we signed out. To be sure, remove {product} from the devices of your \
                 Plex account."
            )?;
        }
        Ok(())
    }
}

fn told(owner: u64, machines: &[String]) -> Result<Vec<OwnedServer>, InitError> {
    if owner == 0 {
        let wrong = "an account id is at least 1".to_owned();
        return Err(InitError::Refused { flag: "--owner-id", wrong });
    }
    let server = |text: &String| {
        let wrong =
            || format!("`{}` is not a machine identifier: 40 hexadecimal digits", text.escape_debug());
        let machine =
            MachineId::parse(text).ok_or_else(|| InitError::Refused { flag: "--server", wrong: wrong() })?;
        Ok(OwnedServer { machine, name: String::new(), owner: PlexAccountId(owner) })
    };
    machines.iter().map(server).collect()
}

/// The first line of the file that is not empty.
fn read_token(file: &Path) -> Result<PlexToken, InitError> {
    const FLAG: &str = "--owner-token-file";
    let refused = |wrong: String| InitError::Refused { flag: FLAG, wrong };
    let text = fs::read_to_string(file).map(Zeroizing::new);
    let text = text.map_err(|error| refused(format!("{} cannot be read: {error}", file.display())))?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("");
    PlexToken::parse(line).ok_or_else(|| refused(format!("there is no Plex token in {}", file.display())))
}

/// Shows the link and waits until the host has approved it.
pub(in crate::cli) async fn sign_in(api: &PlexTv, world: &mut World<'_>) -> Result<PlexToken, InitError> {
    let pin = api.create_pin().await?;
    writeln!(
        world.err,
        "\nSign in to Plex as the owner of the server. Open this in a browser, on any device:\n\n  {}\n\nPlex names \
         {} and shows the network address of this machine; it warns if your browser has another one. If that is this \
         machine's, approve. Waiting ...",
        api.auth_app_url(&pin.code, None),
        api.identity().product,
    )?;
    world.err.flush()?;
    let mut schedule = Schedule::new(pin.remaining().min(PATIENCE));
    let start = world.clock.instant();
    let since_start = |clock: &dyn Clock| clock.instant().saturating_duration_since(start);
    loop {
        let began = since_start(world.clock);
        let looked = api.pin(pin.id, &pin.code).await;
        match looked {
            Ok(plextv::Pin { auth_token: Some(token), .. }) => return Ok(token),
            looked => match schedule.next(began..since_start(world.clock), &looked) {
                Next::After(wait) => tokio::time::sleep(wait).await,
                Next::Expired => return Err(InitError::LinkExpired),
            },
        }
    }
}

/// The servers that the account of this token owns; at least one.
pub(in crate::cli) async fn owned(api: &PlexTv, token: &PlexToken) -> Result<Vec<OwnedServer>, InitError> {
    let user = api.user(token).await.map_err(refused_token)?;
    let all = api.resources(token).await.map_err(refused_token)?.servers;
    let servers: Vec<OwnedServer> = all
        .iter()
        .filter(|server| server.owned)
        .map(|server| OwnedServer {
            machine: server.machine.clone(),
            name: printable(&server.name),
            owner: user.id,
        })
        .collect();
    if servers.is_empty() {
        let account = user.account();
        let name = printable(account.username.as_deref().unwrap_or(&account.display_name));
        return Err(InitError::OwnsNothing { account: name, shared: all.len() });
    }
    Ok(servers)
}

fn refused_token(error: plextv::Error) -> InitError {
    if error.says_token_is_dead() {
        let wrong = "plex.tv does not accept this token".to_owned();
        return InitError::Refused { flag: "--owner-token-file", wrong };
    }
    error.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        let server = |digit: &str, name: &str| OwnedServer {
            machine: MachineId::parse(&digit.repeat(40)).unwrap(),
            name: name.to_owned(),
            owner: PlexAccountId(17),
        };
        let servers = vec![server("a", "Attic"), server("b", "Boat\u{1b}[2Jhouse"), server("c", "Cellar")];
        Owner { client_identifier: "x".to_owned(), token: None, servers, api: None }
    }

    #[test]
    fn servers_are_picked_by_number_and_none_named_is_all() {
        let names = |answer: &str| -> Result<Vec<String>, String> {
            let first = |server: OwnedServer| server.name.chars().take(1).collect();
            owner().pick(answer).map(|picked| picked.into_iter().map(first).collect())
        };
        assert_eq!(names("3, 1").unwrap(), ["A", "C"]);
        assert_eq!(names("2 2").unwrap(), ["B"]);
        assert_eq!(names("").unwrap(), ["A", "B", "C"]);
        for wrong in ["0", "4", "1 4", "-1", "all", "99999999999999999999"] {
            assert!(names(wrong).unwrap_err().contains("is none of them"), "{wrong}");
        }
    }

    #[test]
    fn a_server_s_name_cannot_steer_the_terminal() {
        let list = owner().list();
        assert!(list.contains("Boat[2Jhouse") && !list.contains('\u{1b}'), "{list}");
    }

    #[test]
    fn what_flags_tell_is_checked() {
        assert!(told(0, &["a".repeat(40)]).is_err());
        assert!(told(17, &["Attic".to_owned()]).is_err());
        let [server] = &told(17, &["a".repeat(40)]).unwrap()[..] else { panic!("one server") };
        assert_eq!((server.owner, server.name.as_str()), (PlexAccountId(17), ""));
    }
}
