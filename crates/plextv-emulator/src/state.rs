//! Everything that changes while the emulator runs.
//!
//! Owns: tokens, shares, PINs, switches, faults, the log and the clock. It answers questions about them; endpoints
//! and the control API decide what to do with the answers.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::device_keys::DeviceKeys;
use crate::faults::{FaultKind, Faults};
use crate::log::RequestLog;
use crate::personas::{
    ACCOUNTS, Account, CROWD, CROWD_ID, HomeRole, InitialShare, Libraries, OWNER_ID, SHARES,
};
use crate::pins::Pin;
use crate::randomness::Randomness;
use crate::render::Failure;
use crate::servers::{MAIN_SERVER, Server, by_identifier};

/// Lasting choices about how the emulator behaves, where the real service is unknown or changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, set by name over the control API")]
pub struct Switches {
    /// Answer preflights and reflect the origin. On at start.
    pub cors: bool,
    /// Send `Cross-Origin-Opener-Policy: same-origin` on the sign-in page.
    pub coop: bool,
    /// Believe `X-Forwarded-For` about the caller's address, to play several addresses from one machine.
    pub forwarded_for: bool,
    /// Make new PINs `trusted`, as Plex's own products are: no notice on the sign-in page.
    pub trusted_pins: bool,
    /// Bring back `GET /api/v2/friends`, which is 410 otherwise.
    pub friends: bool,
    /// Answer `/api/v2/home/users` with a bare array instead of an object.
    pub home_users_array: bool,
    /// Keep un-shared rows in the lists, marked with `deletedAt`.
    pub keep_deleted_shares: bool,
    /// The other owner's server claims the machine identifier of the main one.
    pub impostor_server: bool,
    /// Leave out of accounts what nothing in Plex's own documents promises: when they were made, Plex Pass, second factor.
    pub bare_accounts: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            cors: true,
            coop: false,
            forwarded_for: false,
            trusted_pins: false,
            friends: false,
            home_users_array: false,
            keep_deleted_shares: false,
            impostor_server: false,
            bare_accounts: false,
        }
    }
}

/// A token of one account on one client identifier.
#[derive(Debug)]
pub(crate) struct DeviceToken {
    pub(crate) value: String,
    pub(crate) account: u64,
    pub(crate) client_identifier: String,
    /// Set for a JWT; an opaque token lives until it is revoked.
    pub(crate) expires_at: Option<Timestamp>,
}

/// One server shared with one account.
#[derive(Debug, Clone)]
pub(crate) struct Share {
    pub(crate) id: u64,
    pub(crate) server: &'static Server,
    pub(crate) invited: &'static Account,
    pub(crate) libraries: Libraries,
    pub(crate) invited_at: Timestamp,
    pub(crate) accepted_at: Option<Timestamp>,
    pub(crate) deleted_at: Option<Timestamp>,
    pub(crate) allow_sync: bool,
    pub(crate) allow_tuners: u8,
}

impl Share {
    /// Accepted and not taken back.
    pub(crate) fn in_force(&self) -> bool {
        self.accepted_at.is_some() && self.deleted_at.is_none()
    }

    pub(crate) fn includes(&self, key: u32) -> bool {
        match &self.libraries {
            Libraries::All => true,
            Libraries::Only(keys) => keys.contains(&key),
        }
    }
}

/// The whole changing world.
#[derive(Debug)]
pub(crate) struct State {
    started: Instant,
    offset: SignedDuration,
    pub(crate) randomness: Randomness,
    pub(crate) tokens: Vec<DeviceToken>,
    pub(crate) shares: Vec<Share>,
    /// Accounts whose second factor is not as it was at the start.
    pub(crate) second_factor_changed: BTreeSet<u64>,
    /// Accounts that have left the Home they start in.
    pub(crate) moved_out: BTreeSet<u64>,
    pub(crate) pins: Vec<Pin>,
    pub(crate) device_keys: DeviceKeys,
    pub(crate) faults: Faults,
    pub(crate) switches: Switches,
    pub(crate) log: RequestLog,
}

impl State {
    pub(crate) fn new(seed: u64) -> Self {
        let mut randomness = Randomness::from_seed(seed);
        let device_keys = DeviceKeys::new(&mut randomness);
        let mut state = Self {
            started: Instant::now(),
            offset: SignedDuration::ZERO,
            randomness,
            tokens: Vec::new(),
            shares: Vec::new(),
            second_factor_changed: BTreeSet::new(),
            moved_out: BTreeSet::new(),
            pins: Vec::new(),
            device_keys,
            faults: Faults::default(),
            switches: Switches::default(),
            log: RequestLog::default(),
        };
        state.shares = initial_shares(state.now());
        state
    }

    /// The Home that an account lives in, and as what.
    pub(crate) fn home_of(&self, account: &Account) -> Option<(u64, HomeRole)> {
        account.home.filter(|_| !self.moved_out.contains(&account.id))
    }

    /// The Home that an account lives in.
    pub(crate) fn home_id(&self, account: &Account) -> Option<u64> {
        self.home_of(account).map(|(home, _)| home)
    }

    /// The emulator's clock.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now().saturating_add(self.offset).unwrap_or(Timestamp::MAX)
    }

    pub(crate) fn move_clock(&mut self, seconds: i64) {
        self.offset = self.offset.saturating_add(SignedDuration::from_secs(seconds));
    }

    /// Milliseconds since the start, unmoved by the clock.
    pub(crate) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The caller's address, as far as the switches let it be told.
    pub(crate) fn client_address(&self, call: &Call) -> IpAddr {
        let forwarded = || {
            let first = call.header("x-forwarded-for")?.split(',').next()?;
            first.trim().parse().ok()
        };
        if self.switches.forwarded_for { forwarded().unwrap_or(call.peer) } else { call.peer }
    }

    /// The token of this account on this device; the same one until it is revoked.
    pub(crate) fn device_token(&mut self, account: &Account, client_identifier: &str) -> String {
        let existing = self.tokens.iter().find(|token| {
            token.account == account.id
                && token.client_identifier == client_identifier
                && token.expires_at.is_none()
        });
        if let Some(token) = existing {
            return token.value.clone();
        }
        let value = self.randomness.token();
        self.tokens.push(DeviceToken {
            value: value.clone(),
            account: account.id,
            client_identifier: client_identifier.to_owned(),
            expires_at: None,
        });
        value
    }

    /// Whose token this call carries, if anybody's.
    pub(crate) fn token_owner(&mut self, call: &Call) -> Option<&'static Account> {
        let token = call.token()?;
        let now = self.now();
        let alive = |known: &&DeviceToken| known.expires_at.is_none_or(|expires_at| now < expires_at);
        let account = self.tokens.iter().find(|known| known.value == token).filter(alive)?.account;
        if account == OWNER_ID
            && self.faults.strike(call, |kind| *kind == FaultKind::OwnerTokenRevoked).is_some()
        {
            return None;
        }
        account_by_id(account)
    }

    /// The caller of a v2 endpoint: an identifier first, then a token.
    pub(crate) fn v2_caller(&mut self, call: &Call) -> Result<&'static Account, Failure> {
        call.client_identifier()?;
        let owner = self.token_owner(call);
        owner.ok_or_else(|| {
            if self.is_expired_jwt(call) { Failure::Expired } else { Failure::NOT_AUTHENTICATED }
        })
    }

    fn is_expired_jwt(&self, call: &Call) -> bool {
        let now = self.now();
        let over = |token: &DeviceToken| token.expires_at.is_some_and(|expires_at| expires_at <= now);
        self.tokens.iter().any(|token| Some(token.value.as_str()) == call.token() && over(token))
    }

    /// Ends every token and device key of an account.
    pub(crate) fn revoke(&mut self, account: u64) {
        self.tokens.retain(|token| token.account != account);
        self.device_keys.forget(account);
    }

    /// The caller of a v1 endpoint.
    pub(crate) fn v1_caller(&mut self, call: &Call) -> Result<&'static Account, Failure> {
        self.token_owner(call).ok_or(Failure::SIGN_IN)
    }

    /// Shares of the servers this account owns that still exist, pending ones included.
    pub(crate) fn shares_by(&self, owner: u64) -> Vec<Share> {
        self.shares
            .iter()
            .filter(|share| share.server.owner == owner && share.deleted_at.is_none())
            .cloned()
            .collect()
    }

    /// The identifier a server shows itself under.
    pub(crate) fn shown_identifier(&self, server: &Server) -> &'static str {
        if self.switches.impostor_server { MAIN_SERVER } else { server.machine_identifier }
    }

    /// Forgets the tokens, shares, PINs, faults, switches, log and clock offset of the time before.
    pub(crate) fn reset(&mut self) {
        let seed = self.randomness.number();
        let started = self.started;
        *self = Self { started, ..Self::new(seed) };
    }

    pub(crate) fn share_with(&mut self, account: &'static Account, server: &'static Server, only: Libraries) {
        let now = self.now();
        let initial = initial_share(account, server);
        let same = |share: &Share| {
            share.invited.id == account.id && share.server.id == server.id && share.deleted_at.is_none()
        };
        if let Some(share) = self.shares.iter_mut().find(|share| same(share)) {
            share.libraries = only;
            share.accepted_at.get_or_insert(now);
            return;
        }
        let id = self.shares.iter().map(|share| share.id).max().unwrap_or(555_000) + 1;
        self.shares.push(Share {
            id,
            server,
            invited: account,
            libraries: only,
            invited_at: now,
            accepted_at: Some(now),
            deleted_at: None,
            allow_sync: initial.is_some_and(|share| share.allow_sync),
            allow_tuners: initial.map_or(0, |share| share.allow_tuners),
        });
    }

    pub(crate) fn permit(&mut self, account: &Account, server: &Server, downloads: bool, live_tv: bool) {
        let of_both = |share: &&mut Share| share.invited.id == account.id && share.server.id == server.id;
        for share in self.shares.iter_mut().filter(of_both) {
            (share.allow_sync, share.allow_tuners) = (downloads, u8::from(live_tv));
        }
    }

    pub(crate) fn share_with_crowd(&mut self, people: usize) {
        let now = self.now();
        self.shares.retain(|share| share.invited.id < CROWD_ID);
        let Some(server) = by_identifier(MAIN_SERVER) else { return };
        self.shares.extend(CROWD.iter().take(people).map(|invited| Share {
            id: invited.id,
            server,
            invited,
            libraries: Libraries::All,
            invited_at: now,
            accepted_at: Some(now),
            deleted_at: None,
            allow_sync: false,
            allow_tuners: 0,
        }));
    }

    pub(crate) fn unshare(&mut self, account: &Account, server: &Server) {
        let now = self.now();
        let of_both = |share: &Share| share.invited.id == account.id && share.server.id == server.id;
        if self.switches.keep_deleted_shares {
            for share in self.shares.iter_mut().filter(|share| of_both(share)) {
                share.deleted_at.get_or_insert(now);
            }
        } else {
            self.shares.retain(|share| !of_both(share));
        }
    }
}

pub(crate) fn account_by_id(id: u64) -> Option<&'static Account> {
    let one_of_the_crowd = || CROWD.get(usize::try_from(id.checked_sub(CROWD_ID)?).ok()?);
    ACCOUNTS.iter().find(|account| account.id == id).or_else(one_of_the_crowd)
}

pub(crate) fn account_by_key(key: &str) -> Option<&'static Account> {
    let one_of_the_crowd = || {
        let number: usize = key.strip_prefix("crowd-")?.parse().ok()?;
        CROWD.get(number.checked_sub(1)?)
    };
    ACCOUNTS.iter().find(|account| account.key == key).or_else(one_of_the_crowd)
}

/// The share this account starts with on this server.
pub(crate) fn initial_share(account: &Account, server: &Server) -> Option<&'static InitialShare> {
    SHARES.iter().find(|share| share.persona == account.key && share.server == server.machine_identifier)
}

fn initial_shares(now: Timestamp) -> Vec<Share> {
    let year_ago = now.saturating_sub(SignedDuration::from_hours(24 * 365)).unwrap_or(now);
    SHARES
        .iter()
        .zip(555_001_u64..)
        .filter_map(|(share, id)| {
            Some(Share {
                id,
                server: by_identifier(share.server)?,
                invited: account_by_key(share.persona)?,
                libraries: share.libraries(),
                invited_at: year_ago,
                accepted_at: share.accepted.then_some(year_ago),
                deleted_at: None,
                allow_sync: share.allow_sync,
                allow_tuners: share.allow_tuners,
            })
        })
        .collect()
}

/// A time as plex.tv writes it.
pub(crate) fn timestamp_text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
