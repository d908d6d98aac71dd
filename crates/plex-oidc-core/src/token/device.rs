//! A device that asks again and again whether somebody has answered (RFC 8628 s. 3.4 and s. 3.5).

use super::code::DOUBLE_SUBMIT;
use crate::id::ClientId;
use crate::time::{Seconds, Timestamp};

/// How long a device waits between two polls, unless it is told to slow down (RFC 8628 s. 3.2).
pub const POLL_INTERVAL: Seconds = Seconds(5);
/// By how much its interval grows each time it comes too early (RFC 8628 s. 3.5).
pub const SLOW_DOWN: Seconds = Seconds(5);

/// What has become of a device's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceState {
    /// Nobody has answered.
    Pending,
    /// Somebody said no.
    Denied,
    /// Somebody said yes.
    Approved {
        /// When its device code was redeemed, if it was.
        redeemed: Option<Timestamp>,
    },
}

/// What was stored with a device code, as far as the rules look at it.
pub struct DeviceFacts<'a> {
    /// The client it was issued to.
    pub client_id: &'a ClientId,
    /// When it ends.
    pub expires: Timestamp,
    /// What has become of it.
    pub state: DeviceState,
}

/// What to answer to a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollVerdict {
    /// Nobody has answered yet: count the poll, and say to wait.
    Wait,
    /// Redeem the code, if it is still there to be redeemed.
    Redeem,
    /// Somebody said no.
    Denied,
    /// The time is over.
    Expired,
    /// Refuse: another client's, or redeemed a moment ago.
    Refuse,
    /// Refuse and end the grant: the code was redeemed before, and whoever comes now may have stolen it, or have been robbed.
    Reuse,
}

/// The checks of RFC 8628 s. 3.4, and what RFC 9700 s. 4.5 says about codes that come again. A device that polls twice at
/// once is no thief.
pub fn check_poll(facts: &DeviceFacts<'_>, client: &ClientId, now: Timestamp) -> PollVerdict {
    if facts.client_id != client {
        return PollVerdict::Refuse;
    }
    let is_over = facts.expires.has_passed(now);
    match facts.state {
        DeviceState::Denied => PollVerdict::Denied,
        DeviceState::Approved { redeemed: Some(at) } if now.since(at) > i64::from(DOUBLE_SUBMIT.0) => {
            PollVerdict::Reuse
        }
        DeviceState::Approved { redeemed: Some(_) } => PollVerdict::Refuse,
        DeviceState::Approved { redeemed: None } | DeviceState::Pending if is_over => PollVerdict::Expired,
        DeviceState::Approved { redeemed: None } => PollVerdict::Redeem,
        DeviceState::Pending => PollVerdict::Wait,
    }
}

/// How a device keeps to its interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Whether this poll came too early, so that the device is told to slow down.
    pub early: bool,
    /// How long it must wait from now on.
    pub interval: Seconds,
}

/// Counts a poll at `now`, after one at `last`, if there was one: each that comes too early makes the interval longer
/// (RFC 8628 s. 3.5).
pub fn pace(last: Option<Timestamp>, interval: Seconds, now: Timestamp) -> Pace {
    let early = last.is_some_and(|last| now.since(last) < i64::from(interval.0));
    let interval = if early { Seconds(interval.0.saturating_add(SLOW_DOWN.0)) } else { interval };
    Pace { early, interval }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(state: DeviceState, client: &str, now: i64) -> PollVerdict {
        let owner = ClientId::parse("tv").unwrap();
        let facts = DeviceFacts { client_id: &owner, expires: Timestamp(600), state };
        check_poll(&facts, &ClientId::parse(client).unwrap(), Timestamp(now))
    }

    #[test]
    fn req_104_each_state_has_its_answer() {
        let approved = DeviceState::Approved { redeemed: None };
        for (state, in_time, late) in [
            (DeviceState::Pending, PollVerdict::Wait, PollVerdict::Expired),
            (DeviceState::Denied, PollVerdict::Denied, PollVerdict::Denied),
            (approved, PollVerdict::Redeem, PollVerdict::Expired),
        ] {
            assert_eq!(verdict(state, "tv", 599), in_time, "{state:?}");
            assert_eq!(verdict(state, "tv", 600), late, "{state:?}");
        }
    }

    #[test]
    fn req_107_a_device_code_is_its_clients_alone_and_works_once() {
        let redeemed = DeviceState::Approved { redeemed: Some(Timestamp(100)) };
        for state in [DeviceState::Pending, DeviceState::Denied, redeemed] {
            assert_eq!(verdict(state, "other", 10), PollVerdict::Refuse, "{state:?}");
        }
        assert_eq!(verdict(redeemed, "tv", 120), PollVerdict::Refuse, "polled twice at once");
        assert_eq!(verdict(redeemed, "tv", 121), PollVerdict::Reuse);
        assert_eq!(verdict(redeemed, "tv", 700), PollVerdict::Reuse, "its own time does not matter then");
    }

    #[test]
    fn req_104_polling_each_second_is_slowed_down_by_five_more_seconds_each_time() {
        assert_eq!(pace(None, POLL_INTERVAL, Timestamp(0)), Pace { early: false, interval: Seconds(5) });
        let mut interval = POLL_INTERVAL;
        for second in 1..=4 {
            let Pace { early, interval: longer } =
                pace(Some(Timestamp(second - 1)), interval, Timestamp(second));
            assert_eq!((early, longer), (true, Seconds(interval.0 + 5)), "{second}");
            interval = longer;
        }
        assert_eq!(interval, Seconds(25));
        assert!(pace(Some(Timestamp(4)), interval, Timestamp(28)).early);
        assert_eq!(pace(Some(Timestamp(4)), interval, Timestamp(29)), Pace { early: false, interval });
        assert!(pace(Some(Timestamp(9)), Seconds(u32::MAX), Timestamp(9)).early, "without overflow");
    }
}
