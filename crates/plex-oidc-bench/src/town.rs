//! An installation far larger than a home: what its configuration file and its people cost at the start and at rest.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use plex_oidc::config::{edit, local_person};
use plex_oidc::installation;
use plex_oidc::store::Store;
use plex_oidc::store::records::{Ends, LocalAccount, LocalPut, PutLocalAccount, UserRecord};
use plex_oidc_core::account::Account;
use plex_oidc_core::decide::{KnownShare, Person, Standing};
use plex_oidc_core::groups::{Group, SharePart};
use plex_oidc_core::id::{AccountId, LocalAccountId, MachineId, PlexAccountId};
use plex_oidc_core::membership::AcceptedServer;
use plex_oidc_core::time::Timestamp;
use plextv_emulator::{Emulator, MAIN_SERVER, OWNER_ID};
use tokio::task::JoinSet;

use crate::house::House;
use crate::process::Cores;
use crate::report::Row;
use crate::team::Team;
use crate::{Outcome, memory, start};

const CLIENTS: u32 = 1_000;
/// Each of so many clients has a preset.
const PRESET_EVERY: u32 = 10;
/// Accounts in the file.
const DECLARED: u32 = 1_000;
/// Accounts that the store keeps.
const KEPT: u32 = 4_000;
/// People of Plex whom the store knows.
const OF_PLEX: u32 = 5_000;

/// The first account of those.
const FIRST_OF_PLEX: u64 = 1_000_000;

/// People who are stored at once: they share a commit.
const AT_A_TIME: usize = 100;

/// The first number that no declared account can have.
const FIRST_KEPT: u64 = 1 << 32;
/// Of a password that nobody has.
const HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

/// Both rows.
pub(crate) fn rows(town: &House, emulator: &Emulator, cores: Cores) -> Outcome<Vec<Row>> {
    // The declared accounts are taken over at the first start, and found again at those that count.
    town.serve(&cores.all())?.stop()?;
    let start = start::time(town, cores)?;
    let process = town.serve(&cores.all())?;
    let idle = memory::idle(town, emulator, &process)?;
    process.stop()?;
    Ok(vec![
        Row::at_most("1,000 clients, 10,000 people: cold start", start, "ms", (100.0, 100.0))
            .meanwhile(220.0),
        Row::at_most("  idle memory, 10 s after the start", idle, "MB", (20.0, 20.0)).meanwhile(22.0),
    ])
}

/// Makes the installation, and fills its store.
pub(crate) async fn build(binary: &Path, emulator: &Emulator, team: &Team) -> Outcome<House> {
    let town = House::build(binary, emulator, team, furnish).await?;
    let store = installation::open_stored(&town.config()?).await?.store;
    let mut waiting = JoinSet::new();
    for number in 0..OF_PLEX {
        let (store, user) = (Arc::clone(&store), of_plex(number, FIRST_OF_PLEX)?);
        waiting.spawn(async move { Outcome::Ok(store.put_user(user).await?) });
        settle(&mut waiting, AT_A_TIME).await?;
    }
    for number in 0..KEPT {
        waiting.spawn(keep(Arc::clone(&store), number));
        settle(&mut waiting, AT_A_TIME).await?;
    }
    settle(&mut waiting, 0).await?;
    Ok(town)
}

/// Waits until at most so many are still being stored.
async fn settle(waiting: &mut JoinSet<Outcome<bool>>, most: usize) -> Outcome<()> {
    while waiting.len() > most
        && let Some(stored) = waiting.join_next().await
    {
        if !stored?? {
            return Err("somebody is in the store already".into());
        }
    }
    Ok(())
}

/// Writes a secret for each client and each declared account, and says what the configuration says of them.
fn furnish(folder: &Path, mut text: String) -> Outcome<String> {
    text.push_str("[local]\nenabled = true\ngroups = [\"family\", \"neighbours\"]\n");
    for number in 0..CLIENTS {
        let id = format!("application-{number}");
        edit::create_private(
            &folder.join(format!("{id}.secret")),
            &format!("secret-of-{id}-0123456789-abcdef\n"),
        )?;
        write!(text, "[[clients]]\nid = \"{id}\"\nsecret_file = \"{id}.secret\"\n")?;
        if number % PRESET_EVERY == 0 {
            write!(text, "preset = \"grafana\"\nurl = \"https://{id}.example.com\"\n")?;
            continue;
        }
        write!(
            text,
            "name = \"Application {number}\"\nallow = [\"plex-friend\", \"plex-home\", \"family\"]\n\
             redirect_uris = [\"https://{id}.example.com/callback\", \"https://{id}.example.com/mobile\"]\n\
             post_logout_redirect_uris = [\"https://{id}.example.com/\"]\n\
             scopes = [\"openid\", \"profile\", \"email\", \"groups\", \"offline_access\"]\n\
             id_token_claims = [\"email\", \"groups\"]\n"
        )?;
    }
    for number in 1..=DECLARED {
        edit::create_private(&folder.join(format!("{number}.password-hash")), &format!("{HASH}\n"))?;
        write!(
            text,
            "[[users]]\nid = {number}\nusername = \"declared-{number}\"\ngroups = [\"family\"]\n\
             claims = [\"name=Somebody {number}\", \"email=declared-{number}@example.com\", \"email_verified=true\"]\n\
             password_hash_file = \"{number}.password-hash\"\n"
        )?;
    }
    Ok(text)
}

async fn keep(store: Arc<dyn Store>, number: u32) -> Outcome<bool> {
    let id = LocalAccountId::new(FIRST_KEPT + u64::from(number)).ok_or("no such number")?;
    let username = format!("kept-{number}");
    let person = local_person(id, &username, Group::of_host("neighbours"));
    let after = LocalAccount {
        user: UserRecord { person, updated: Timestamp(0) },
        username,
        email: None,
        password_hash: Some(HASH.to_owned()),
        declared: false,
    };
    let put = PutLocalAccount { before: None, after, ends: Ends::Nothing, now: Timestamp(0) };
    Ok(store.put_local_account(put).await? == LocalPut::Stored)
}

/// Somebody with whom the server and two of its libraries are shared. The account is that many after `first`.
pub(crate) fn of_plex(number: u32, first: u64) -> Outcome<UserRecord> {
    let machine = MachineId::parse(MAIN_SERVER).ok_or("no machine identifier")?;
    let server = AcceptedServer { machine: machine.clone(), owner: PlexAccountId(OWNER_ID), name: None };
    let account = Account {
        username: Some(format!("friend-{number}")),
        email: Some(format!("friend-{number}@example.net")),
        email_confirmed: true,
        picture: Some(format!("https://plex.tv/users/{number:016x}/avatar")),
        ..Account::named(
            AccountId::Plex(PlexAccountId(first + u64::from(number))),
            format!("Friend {number}"),
        )
    };
    let groups = [Group::friend(), Group::library(None, 1), Group::library(None, 2)];
    let person = Person {
        account,
        groups: groups.into_iter().collect(),
        standing: Standing::Member { confirmed_at: Timestamp(0), through: vec![server] },
        shares: vec![KnownShare { machine, part: SharePart::Libraries, all: false, as_of: Timestamp(0) }],
        marks: plex_oidc_core::decide::Marks::default(),
    };
    Ok(UserRecord { person, updated: Timestamp(0) })
}
