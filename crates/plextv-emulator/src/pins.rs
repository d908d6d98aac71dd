//! PINs: made, polled, linked.
//!
//! Owns: the life of a PIN and `/api/v2/pins`. A PIN belongs to the client identifier that made it; to every other
//! one it does not exist.

use std::net::IpAddr;

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::call::Call;
use crate::device_keys::DeviceKey;
use crate::faults::FaultKind;
use crate::personas::Account;
use crate::render::{Failure, Reply};
use crate::state::{State, account_by_key, timestamp_text};

const STRONG_LIFE: i64 = 1800;
const SHORT_LIFE: i64 = 900;
const KEPT: usize = 10_000;
const FIRST_ID: u64 = 1_873_300_000;

/// A PIN.
#[derive(Debug, Clone)]
pub(crate) struct Pin {
    pub(crate) id: u64,
    pub(crate) code: String,
    pub(crate) product: String,
    pub(crate) trusted: bool,
    pub(crate) client_identifier: String,
    pub(crate) creator: IpAddr,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// What the maker gets; a PIN with a key gets it only against a JWT signed with that key.
    pub(crate) token: Option<String>,
    pub(crate) device_key: Option<DeviceKey>,
    pub(crate) new_registration: Option<bool>,
    pub(crate) approved_by: Option<&'static str>,
    pub(crate) denied: bool,
}

/// What a test or the control API sees of a PIN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PinInfo {
    /// The handle for polling.
    pub id: u64,
    /// The code in the sign-in page's address.
    pub code: String,
    /// `X-Plex-Product` of its maker.
    pub product: String,
    /// `X-Plex-Client-Identifier` of its maker.
    pub client_identifier: String,
    /// The address it was made from.
    pub creator: IpAddr,
    /// Persona that approved it.
    pub approved_by: Option<String>,
    /// Somebody pressed Deny. The maker is not told.
    pub denied: bool,
    /// Its time is over.
    pub expired: bool,
}

impl Pin {
    pub(crate) fn info(&self, now: Timestamp) -> PinInfo {
        PinInfo {
            id: self.id,
            code: self.code.clone(),
            product: self.product.clone(),
            client_identifier: self.client_identifier.clone(),
            creator: self.creator,
            approved_by: self.approved_by.map(str::to_owned),
            denied: self.denied,
            expired: now >= self.expires_at,
        }
    }

    fn document(&self, now: Timestamp, skew: SignedDuration) -> Value {
        let shown = |at: Timestamp| timestamp_text(at.saturating_add(skew).unwrap_or(at));
        json!({
            "id": self.id,
            "code": self.code,
            "product": self.product,
            "trusted": self.trusted,
            "qr": format!("https://plex.tv/api/v2/pins/qr/{}", self.code),
            "clientIdentifier": self.client_identifier,
            "location": {
                "code": "NL", "european_union_member": true, "continent_code": "EU",
                "country": "The Netherlands", "city": "Utrecht", "time_zone": "Europe/Amsterdam",
                "postal_code": "3511", "in_privacy_restricted_country": true,
                "in_privacy_restricted_region": true, "subdivisions": "Utrecht", "coordinates": "52.09, 5.12",
            },
            "expiresIn": self.expires_at.duration_since(now).as_secs().max(0),
            "createdAt": shown(self.created_at),
            "expiresAt": shown(self.expires_at),
            "authToken": self.token,
            "newRegistration": self.new_registration,
        })
    }
}

/// What is known when a PIN is made.
#[derive(Debug)]
pub(crate) struct NewPin {
    pub(crate) client_identifier: String,
    pub(crate) product: String,
    pub(crate) strong: bool,
    pub(crate) device_key: Option<DeviceKey>,
    pub(crate) creator: IpAddr,
}

impl State {
    pub(crate) fn make_pin(&mut self, new: NewPin) -> Pin {
        let now = self.now();
        let life = if new.strong { STRONG_LIFE } else { SHORT_LIFE };
        let mut code = self.fresh_code(new.strong);
        while self.pins.iter().any(|pin| pin.code == code && now < pin.expires_at) {
            code = self.fresh_code(new.strong);
        }
        let last_id = self.pins.last().map_or(FIRST_ID, |pin| pin.id);
        let pin = Pin {
            id: last_id + 1 + self.randomness.number() % 97,
            code,
            product: new.product,
            trusted: self.switches.trusted_pins,
            client_identifier: new.client_identifier,
            creator: new.creator,
            created_at: now,
            expires_at: now.saturating_add(SignedDuration::from_secs(life)).unwrap_or(Timestamp::MAX),
            token: None,
            device_key: new.device_key,
            new_registration: None,
            approved_by: None,
            denied: false,
        };
        if self.pins.len() >= KEPT {
            self.pins.drain(..KEPT / 2);
        }
        self.pins.push(pin.clone());
        pin
    }

    fn fresh_code(&mut self, strong: bool) -> String {
        if strong { self.randomness.code() } else { self.randomness.short_code() }
    }

    /// A PIN that can still be approved or polled.
    pub(crate) fn live_pin(&mut self, wanted: impl Fn(&Pin) -> bool) -> Option<&mut Pin> {
        let now = self.now();
        self.pins.iter_mut().rev().find(|pin| wanted(pin) && now < pin.expires_at)
    }

    /// Gives the PIN a token of this account on the PIN's device. False when no such PIN lives, or it has one: the
    /// first approval counts.
    pub(crate) fn approve(&mut self, account: &'static Account, wanted: impl Fn(&Pin) -> bool) -> bool {
        let wanted = |pin: &Pin| pin.approved_by.is_none() && wanted(pin);
        let Some(pin) = self.live_pin(wanted) else { return false };
        let (client_identifier, with_key) = (pin.client_identifier.clone(), pin.device_key.is_some());
        let token = (!with_key).then(|| self.device_token(account, &client_identifier));
        if let Some(pin) = self.live_pin(wanted) {
            pin.token = token;
            pin.new_registration = Some(!account.confirmed);
            pin.approved_by = Some(account.key);
            pin.denied = false;
        }
        true
    }
}

/// `POST /api/v2/pins`
pub(crate) fn create(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    let client_identifier = call.client_identifier()?.to_owned();
    let skew = SignedDuration::from_secs(state.faults.clock_skew(call));
    let mismatch = state.faults.strike(call, |kind| matches!(kind, FaultKind::AddressMismatch { .. }));
    let creator = match mismatch {
        Some(FaultKind::AddressMismatch { address }) => address.unwrap_or(ELSEWHERE),
        _ => state.client_address(call),
    };
    let device_key = state.offered_key(call)?;
    let pin = state.make_pin(NewPin {
        client_identifier,
        product: call.plex("X-Plex-Product").unwrap_or("0").to_owned(),
        // python-plexapi spells it "True".
        strong: call
            .field("strong")
            .is_some_and(|strong| strong == "1" || strong.eq_ignore_ascii_case("true")),
        device_key,
        creator,
    });
    Ok(Reply::document("pin", pin.document(state.now(), skew)).with_status(StatusCode::CREATED))
}

/// A documentation address (RFC 3849): where a mismatched PIN was made.
const ELSEWHERE: IpAddr = IpAddr::V6(std::net::Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7));

/// `GET /api/v2/pins/{id}`
pub(crate) fn poll(call: &Call, state: &mut State, id: &str) -> Result<Reply, Failure> {
    let client_identifier = call.client_identifier()?;
    let id: u64 = id.parse().map_err(|_| Failure::PIN_NOT_FOUND)?;
    let skew = SignedDuration::from_secs(state.faults.clock_skew(call));
    if state.faults.strike(call, |kind| *kind == FaultKind::PinExpiresMidPoll).is_some() {
        let now = state.now();
        if let Some(pin) = state.live_pin(|pin| pin.id == id) {
            pin.expires_at = now;
        }
    }
    let now = state.now();
    let pin = state
        .live_pin(|pin| pin.id == id && pin.client_identifier == client_identifier)
        .ok_or(Failure::PIN_NOT_FOUND)?;
    let mut pin = pin.clone();
    claim(call, state, &mut pin)?;
    Ok(Reply::document("pin", pin.document(now, skew)))
}

/// Trades a device's JWT for its token, once the PIN it made with a key is approved.
fn claim(call: &Call, state: &mut State, pin: &mut Pin) -> Result<(), Failure> {
    let (Some(key), Some(persona), Some(jwt)) = (&pin.device_key, pin.approved_by, call.query("deviceJWT"))
    else {
        return Ok(());
    };
    if pin.token.is_none() {
        let account = account_by_key(persona).ok_or(Failure::PIN_NOT_FOUND)?;
        let token = state.claim_with_key(account, key, jwt)?;
        if let Some(kept) = state.live_pin(|kept| kept.id == pin.id) {
            kept.token = Some(token.clone());
        }
        pin.token = Some(token);
    }
    Ok(())
}

/// `GET /api/v2/pins/info?code=`: what the sign-in page asks. The real field names are not known.
pub(crate) fn info(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    let client_identifier = call.client_identifier()?;
    let code = call.query("code").ok_or(Failure::MALFORMED)?;
    let approver = state.client_address(call);
    let pin = state
        .live_pin(|pin| pin.code == code && pin.client_identifier == client_identifier)
        .ok_or(Failure::PIN_NOT_FOUND)?;
    let document = json!({
        "product": pin.product,
        "clientIdentifier": pin.client_identifier,
        "trusted": pin.trusted,
        "ipMatches": pin.creator == approver,
        "creatorAddress": pin.creator.to_string(),
        "creatorPlace": "Utrecht, The Netherlands",
    });
    Ok(Reply::document("pin", document))
}

/// `PUT /api/v2/pins/link`: only Plex's own page may.
pub(crate) fn link(call: &Call, state: &mut State) -> Result<Reply, Failure> {
    let account = state.v2_caller(call)?;
    if call.plex("X-Plex-Product") != Some("Plex SSO") {
        return Err(Failure::DEVICE_NOT_ALLOWED);
    }
    let code = call.field("code").ok_or(Failure::MALFORMED)?;
    if state.approve(account, |pin| pin.code.eq_ignore_ascii_case(&code)) {
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    } else {
        Err(Failure::PIN_NOT_FOUND)
    }
}
