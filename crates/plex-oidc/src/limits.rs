//! Rate limits on starting sign-ins, per address block and for everybody together; on what sign-ins make us ask Plex; and
//! on the codes that one browser session has us store. Nothing else is limited: a relying party that asks for tokens or
//! keys is never turned away.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use plex_oidc_core::id::{RequestId, Sid};
use plex_oidc_core::net::AddressBlock;

/// How many sign-ins may be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartLimits {
    /// By one IPv4 address or IPv6 /64, in a minute.
    pub per_address: NonZeroU32,
    /// By everybody, in a minute.
    pub global: NonZeroU32,
    /// Codes that one browser session is given without a sign-in, in a minute.
    pub codes_per_session: NonZeroU32,
}

/// So many authorization requests come to one sign-in that is really started, tabs and reloads included.
const REQUESTS_PER_START: u32 = 6;

/// So many looks at its PIN may one attempt hurry at once, and one more each second.
const LOOKS: NonZeroU32 = NonZeroU32::MIN.saturating_add(7);

/// So many looks at PINs, of those that browsers hurry, come to one sign-in that is really started.
const HURRIED_PER_START: u32 = 6;

/// So many looks at PINs in all come to one sign-in that is really started: with the usual limits, 20 a second.
const LOOKS_PER_START: u32 = 4;

/// Looks at PINs that need not wait for the others of their second.
const LOOKS_AT_ONCE: NonZeroU32 = NonZeroU32::MIN.saturating_add(7);

/// Of the sign-ins that an address block may start in a minute, one in so many may be polled at a time. Each is looked at once
/// a second at first: with the usual limits, one block has half of all looks at most.
const STARTS_PER_POLLER: u32 = 2;

/// Counts starts, and what comes of them.
pub struct StartLimiter {
    starts: Limiter,
    requests: Limiter,
    looks: DefaultKeyedRateLimiter<RequestId>,
    hurried_looks: DefaultKeyedRateLimiter<AddressBlock>,
    all_looks: DefaultDirectRateLimiter,
    pollers_per_address: usize,
    codes: DefaultKeyedRateLimiter<Sid>,
}

fn times(count: NonZeroU32, factor: u32) -> NonZeroU32 {
    count.saturating_mul(NonZeroU32::MIN.saturating_add(factor - 1))
}

fn whole_minute(count: NonZeroU32) -> Quota {
    Quota::per_minute(count).allow_burst(count)
}

struct Limiter {
    per_address: DefaultKeyedRateLimiter<AddressBlock>,
    global: DefaultDirectRateLimiter,
}

impl Limiter {
    fn new(limits: StartLimits, factor: u32) -> Self {
        Self {
            per_address: RateLimiter::keyed(whole_minute(times(limits.per_address, factor))),
            global: RateLimiter::direct(whole_minute(times(limits.global, factor))),
        }
    }

    fn allows(&self, address: IpAddr) -> bool {
        self.per_address.check_key(&AddressBlock::of(address)).is_ok() && self.global.check().is_ok()
    }

    fn forget_idle(&self) {
        self.per_address.retain_recent();
        self.per_address.shrink_to_fit();
    }
}

impl StartLimiter {
    /// A limiter with these limits.
    pub fn new(limits: StartLimits) -> Self {
        let hurried = Quota::per_minute(times(limits.per_address, HURRIED_PER_START));
        let all_looks = times(limits.global, LOOKS_PER_START);
        let in_a_second =
            NonZeroU32::new(all_looks.get() / 60).map_or(LOOKS_AT_ONCE, |n| n.max(LOOKS_AT_ONCE));
        let pollers = usize::try_from(limits.per_address.get() / STARTS_PER_POLLER).unwrap_or(usize::MAX);
        Self {
            hurried_looks: RateLimiter::keyed(hurried.allow_burst(limits.per_address.max(LOOKS_AT_ONCE))),
            all_looks: RateLimiter::direct(Quota::per_minute(all_looks).allow_burst(in_a_second)),
            pollers_per_address: pollers.max(1),
            codes: RateLimiter::keyed(whole_minute(limits.codes_per_session)),
            starts: Limiter::new(limits, 1),
            requests: Limiter::new(limits, REQUESTS_PER_START),
            looks: RateLimiter::keyed(Quota::per_second(NonZeroU32::MIN).allow_burst(LOOKS)),
        }
    }

    /// Whether `address` may start a sign-in at Plex now. Counts it.
    pub fn allows_start(&self, address: IpAddr) -> bool {
        self.starts.allows(address)
    }

    /// Whether `address` may have another authorization request remembered. Counts it.
    pub fn allows_request(&self, address: IpAddr) -> bool {
        self.requests.allows(address)
    }

    /// Whether attempt `id` may have Plex asked now, because its browser came back. Counts it.
    pub fn allows_question(&self, id: RequestId) -> bool {
        self.looks.check_key(&id).is_ok()
    }

    /// Whether a browser at `address` may have Plex asked about the PIN of attempt `id`, out of the poller's turn. Counts it.
    pub fn allows_hurried_look(&self, id: RequestId, address: IpAddr) -> bool {
        self.allows_question(id)
            && self.hurried_looks.check_key(&AddressBlock::of(address)).is_ok()
            && self.allows_look()
    }

    /// Whether Plex may be asked about one more PIN, whosever. Counts it.
    pub fn allows_look(&self) -> bool {
        self.all_looks.check().is_ok()
    }

    /// How many attempts of one address block may be polled at a time.
    pub const fn pollers_per_address(&self) -> usize {
        self.pollers_per_address
    }

    /// Whether the browser session `sid` may be given another code without a sign-in. Counts it.
    pub fn allows_code(&self, sid: Sid) -> bool {
        self.codes.check_key(&sid).is_ok()
    }

    /// Forgets addresses and attempts that have their whole allowance again. To be called now and then.
    pub fn forget_idle(&self) {
        self.starts.forget_idle();
        self.requests.forget_idle();
        self.looks.retain_recent();
        self.looks.shrink_to_fit();
        self.hurried_looks.retain_recent();
        self.hurried_looks.shrink_to_fit();
        self.codes.retain_recent();
        self.codes.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(per_address: u32, global: u32) -> StartLimiter {
        let count = |n| NonZeroU32::new(n).unwrap();
        StartLimiter::new(StartLimits {
            per_address: count(per_address),
            global: count(global),
            codes_per_session: count(1),
        })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn starts_are_limited_by_block_and_for_all() {
        let limiter = limiter(2, 100);
        let first = ip("2001:db8::1");
        assert!(limiter.allows_start(first) && limiter.allows_start(ip("2001:db8::2")));
        assert!(!limiter.allows_start(first), "the household has used its allowance");
        assert!(limiter.allows_start(ip("2001:db8:0:1::1")), "the neighbour has not");
        assert!(limiter.allows_request(first), "a request is not a start");
    }

    #[test]
    fn one_address_has_half_of_all_looks_at_most() {
        let limiter = limiter(20, 300);
        assert_eq!(limiter.pollers_per_address(), 10);
        assert_eq!((0..100).filter(|_| limiter.allows_look()).count(), 20, "a second's worth");
    }

    #[test]
    fn the_global_limit_holds_for_strangers_too() {
        let limiter = limiter(100, 3);
        let allowed = (1..=10u8).filter(|n| limiter.allows_start(ip(&format!("192.0.2.{n}")))).count();
        assert_eq!(allowed, 3);
    }
}
