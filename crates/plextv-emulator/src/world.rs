//! Control from inside the process.
//!
//! Owns: every operation of the control API as a method, on a handle that is cheap to clone. `control` is this over
//! HTTP.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;

use crate::faults::Fault;
use crate::log::LoggedRequest;
use crate::personas::{ACCOUNTS, Account, InitialShare, Libraries, PersonaInfo};
use crate::pins::{NewPin, Pin, PinInfo};
use crate::servers::{Server, by_identifier};
use crate::state::{State, Switches, account_by_key, initial_share};

/// Why a control operation could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WorldError {
    /// There is no such persona.
    #[error("no persona is called {0:?}")]
    UnknownPersona(String),
    /// No such PIN lives: never made, approved already, or its time is over.
    #[error("no PIN that can still be approved or ended has the code or id {0:?}")]
    UnknownPin(String),
    /// There is no such server.
    #[error("no server has the machine identifier {0:?}")]
    UnknownServer(String),
}

/// The emulated world: people, shares, PINs, faults, clock, log.
#[derive(Debug, Clone)]
pub struct World(Arc<Mutex<State>>);

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State::new(seed))))
    }

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes a PIN as if a program had asked for it from this machine.
    pub fn create_pin(&self, client_identifier: &str, product: &str) -> PinInfo {
        self.create_pin_from(client_identifier, product, Ipv4Addr::LOCALHOST.into())
    }

    /// Makes a PIN as if a program had asked for it from `creator`.
    pub fn create_pin_from(&self, client_identifier: &str, product: &str, creator: IpAddr) -> PinInfo {
        self.with(|state| {
            let new = NewPin {
                client_identifier: client_identifier.to_owned(),
                product: product.to_owned(),
                strong: true,
                device_key: None,
                creator,
            };
            let pin = state.make_pin(new);
            pin.info(state.now())
        })
    }

    /// Approves a PIN as a persona, as its *Continue as* button does.
    pub fn approve_pin(&self, code_or_id: &str, persona: &str) -> Result<(), WorldError> {
        let account = account(persona)?;
        let approved = self.with(|state| state.approve(account, |pin| names(pin, code_or_id)));
        if approved { Ok(()) } else { Err(WorldError::UnknownPin(code_or_id.to_owned())) }
    }

    /// Denies a PIN: nothing its maker could notice before it expires.
    pub fn deny_pin(&self, code_or_id: &str) -> Result<(), WorldError> {
        self.change_pin(code_or_id, |pin, _| pin.denied = true)
    }

    /// Ends a PIN's life now.
    pub fn expire_pin(&self, code_or_id: &str) -> Result<(), WorldError> {
        self.change_pin(code_or_id, |pin, now| pin.expires_at = now)
    }

    /// All PINs, oldest first.
    pub fn pins(&self) -> Vec<PinInfo> {
        self.with(|state| state.pins.iter().map(|pin| pin.info(state.now())).collect())
    }

    /// Shares a server with a persona, accepted at once: the libraries the persona starts with there, else all.
    pub fn share(&self, persona: &str, server: &str) -> Result<(), WorldError> {
        let (account, server) = (account(persona)?, known_server(server)?);
        let libraries = initial_share(account, server).map_or(Libraries::All, InitialShare::libraries);
        self.with(|state| state.share_with(account, server, libraries));
        Ok(())
    }

    /// Shares just these libraries (section keys) of a server with a persona.
    pub fn share_libraries(&self, persona: &str, server: &str, keys: &[u32]) -> Result<(), WorldError> {
        let (account, server) = (account(persona)?, known_server(server)?);
        self.with(|state| state.share_with(account, server, Libraries::Only(keys.to_vec())));
        Ok(())
    }

    /// Lets a persona download from a server that is shared with it, and watch live television there, or not.
    pub fn permit(
        &self,
        persona: &str,
        server: &str,
        downloads: bool,
        live_tv: bool,
    ) -> Result<(), WorldError> {
        let (account, server) = (account(persona)?, known_server(server)?);
        self.with(|state| state.permit(account, server, downloads, live_tv));
        Ok(())
    }

    /// Sets a second factor up for a persona's account, or takes it away.
    pub fn set_second_factor(&self, persona: &str, is_set_up: bool) -> Result<(), WorldError> {
        let account = account(persona)?;
        self.with(|state| {
            if account.two_factor == is_set_up {
                state.second_factor_changed.remove(&account.id);
            } else {
                state.second_factor_changed.insert(account.id);
            }
        });
        Ok(())
    }

    /// Takes the main server back from a persona.
    pub fn unshare(&self, persona: &str) -> Result<(), WorldError> {
        self.unshare_server(persona, crate::MAIN_SERVER)
    }

    /// Takes a server back from a persona.
    pub fn unshare_server(&self, persona: &str, server: &str) -> Result<(), WorldError> {
        let (account, server) = (account(persona)?, known_server(server)?);
        self.with(|state| state.unshare(account, server));
        Ok(())
    }

    /// Shares the main server, every library of it, with this many people besides the personas: accounts from
    /// [`CROWD_ID`](crate::CROWD_ID) on, named `crowd-1` and so on. At most [`MAX_CROWD`](crate::MAX_CROWD); zero takes it back from
    /// all of them.
    pub fn share_with_crowd(&self, people: usize) {
        self.with(|state| state.share_with_crowd(people));
    }

    /// Has a persona move out of the Plex Home that it lives in; what is shared with it stays shared.
    pub fn leave_home(&self, persona: &str) -> Result<(), WorldError> {
        let account = account(persona)?;
        self.with(|state| state.moved_out.insert(account.id));
        Ok(())
    }

    /// Has a persona move back into the Home that it started in.
    pub fn join_home(&self, persona: &str) -> Result<(), WorldError> {
        let account = account(persona)?;
        self.with(|state| state.moved_out.remove(&account.id));
        Ok(())
    }

    /// A token of this persona on a device of its own, as for an owner's token in a configuration.
    ///
    /// # Panics
    ///
    /// When there is no such persona: this is for tests, which name one that exists.
    #[expect(clippy::panic, reason = "for tests, which name a persona that exists")]
    pub fn token_for(&self, persona: &str) -> String {
        match account(persona) {
            Ok(account) => self.with(|state| state.device_token(account, "emulated-device")),
            Err(error) => panic!("{error}"),
        }
    }

    /// Revokes every token of a persona, as a password change with "sign out connected devices" does.
    pub fn revoke_tokens(&self, persona: &str) -> Result<(), WorldError> {
        let account = account(persona)?;
        self.with(|state| state.revoke(account.id));
        Ok(())
    }

    /// Sets one more fault.
    pub fn set_fault(&self, fault: Fault) {
        self.with(|state| state.faults.add(fault));
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.with(|state| state.faults.clear());
    }

    /// The faults now set, each with the strikes it has left.
    pub fn faults(&self) -> Vec<Fault> {
        self.with(|state| state.faults.to_vec())
    }

    /// How the emulator now behaves.
    pub fn switches(&self) -> Switches {
        self.with(|state| state.switches.clone())
    }

    /// Changes how the emulator behaves.
    pub fn set_switches(&self, change: impl FnOnce(&mut Switches)) {
        self.with(|state| change(&mut state.switches));
    }

    /// Moves the emulator's clock, forwards or (negative) backwards.
    pub fn advance_clock(&self, seconds: i64) {
        self.with(|state| state.move_clock(seconds));
    }

    /// The emulator's clock.
    pub fn now(&self) -> jiff::Timestamp {
        self.with(|state| state.now())
    }

    /// Every request so far, oldest first, calls of the control API left out.
    pub fn request_log(&self) -> Vec<LoggedRequest> {
        self.with(|state| state.log.to_vec())
    }

    /// Empties the request log.
    pub fn clear_request_log(&self) {
        self.with(|state| state.log.clear());
    }

    /// The people of this world.
    pub fn personas(&self) -> Vec<PersonaInfo> {
        ACCOUNTS.iter().map(Account::info).collect()
    }

    /// Back to the beginning: tokens, shares, PINs, faults, switches, clock and log.
    pub fn reset(&self) {
        self.with(State::reset);
    }

    fn change_pin(
        &self,
        code_or_id: &str,
        change: impl FnOnce(&mut Pin, jiff::Timestamp),
    ) -> Result<(), WorldError> {
        self.with(|state| {
            let now = state.now();
            let pin = state
                .live_pin(|pin| names(pin, code_or_id))
                .ok_or_else(|| WorldError::UnknownPin(code_or_id.to_owned()))?;
            change(pin, now);
            Ok(())
        })
    }
}

fn names(pin: &Pin, code_or_id: &str) -> bool {
    pin.code == code_or_id || pin.id.to_string() == code_or_id
}

fn account(persona: &str) -> Result<&'static Account, WorldError> {
    account_by_key(persona).ok_or_else(|| WorldError::UnknownPersona(persona.to_owned()))
}

fn known_server(machine: &str) -> Result<&'static Server, WorldError> {
    by_identifier(machine).ok_or_else(|| WorldError::UnknownServer(machine.to_owned()))
}
