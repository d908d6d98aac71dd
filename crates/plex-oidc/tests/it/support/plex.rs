//! plex.tv, as the tests see it: a local stand-in with a clock of its own.

use std::collections::BTreeSet;

use plextv::PlexTv;
use plextv_emulator::{Emulator, EmulatorConfig, Fault, FaultKind, World};
use serde_json::Value;

/// A running plex.tv.
pub(crate) struct Plex {
    pub(super) emulator: Emulator,
    http: reqwest::Client,
}

impl Plex {
    pub(super) async fn start() -> Self {
        let emulator = Emulator::start(EmulatorConfig::default()).await.expect("a free port");
        // Also for the calls of visitors' browsers: it follows no redirect and waits for nobody long.
        let http = PlexTv::http_client(None).expect("a client");
        Self { emulator, http }
    }

    /// Everything that can be done to it.
    pub(crate) fn world(&self) -> &World {
        self.emulator.world()
    }

    /// Says yes on Plex's page, as this persona.
    #[track_caller]
    pub(crate) fn approve(&self, code_or_id: &str, persona: &str) {
        self.world().approve_pin(code_or_id, persona).unwrap_or_else(|error| panic!("{error}"));
    }

    /// From now on this goes wrong, everywhere.
    pub(crate) fn fails(&self, kind: FaultKind) {
        self.world().set_fault(Fault::new(kind));
    }

    /// From now on nothing goes wrong.
    pub(crate) fn recovers(&self) {
        self.world().clear_faults();
    }

    /// The account id of a persona.
    pub(crate) fn account_id(&self, persona: &str) -> u64 {
        let people = self.world().personas();
        people.iter().find(|known| known.key == persona).expect("a persona").id
    }

    /// Every token of an account or of a server that was used here so far.
    pub(crate) fn tokens_used(&self) -> BTreeSet<String> {
        let log = self.world().request_log();
        log.iter().filter_map(|request| request.headers.get("x-plex-token").cloned()).collect()
    }

    /// The newest PIN's code.
    pub(crate) fn newest_pin(&self) -> String {
        self.world().pins().last().expect("a PIN").code.clone()
    }

    /// How many PINs were made.
    pub(crate) fn pin_count(&self) -> usize {
        self.world().pins().len()
    }

    /// Makes a PIN as a browser's script does: from another origin, with the headers of a client.
    pub(super) async fn make_pin(&self, url: &str, identifier: &str, product: &str) -> Option<(u64, String)> {
        let request =
            self.http.post(url).header("Accept", "application/json").header("Origin", super::ISSUER);
        let request =
            request.header("X-Plex-Client-Identifier", identifier).header("X-Plex-Product", product);
        let pin: Value = request.send().await.ok()?.json().await.ok()?;
        Some((pin["id"].as_u64()?, pin["code"].as_str()?.to_owned()))
    }
}
