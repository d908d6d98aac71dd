//! Rate limits on starting sign-ins, per address block and for everybody together, and on what one sign-in attempt makes
//! us ask Plex. Nothing else is limited: a relying party that asks for tokens or keys is never turned away.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use plex_oidc_core::id::RequestId;
use plex_oidc_core::net::AddressBlock;

/// How many sign-ins may be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartLimits {
    /// By one IPv4 address or IPv6 /64, in a minute.
    pub per_address: NonZeroU32,
    /// By everybody, in a minute.
    pub global: NonZeroU32,
}

/// So many authorization requests come to one sign-in that is really started, tabs and reloads included.
const REQUESTS_PER_START: u32 = 6;

/// So many looks at its PIN may one attempt hurry at once, and one more each second.
const LOOKS: NonZeroU32 = NonZeroU32::MIN.saturating_add(7);

/// Counts starts, and what comes of them.
pub struct StartLimiter {
    starts: Limiter,
    requests: Limiter,
    looks: DefaultKeyedRateLimiter<RequestId>,
}

struct Limiter {
    per_address: DefaultKeyedRateLimiter<AddressBlock>,
    global: DefaultDirectRateLimiter,
}

impl Limiter {
    fn new(limits: StartLimits, factor: u32) -> Self {
        let times = |count: NonZeroU32| count.saturating_mul(NonZeroU32::MIN.saturating_add(factor - 1));
        let (per_address, global) = (times(limits.per_address), times(limits.global));
        let quota = |count: NonZeroU32| Quota::per_minute(count).allow_burst(count);
        Self {
            per_address: RateLimiter::keyed(quota(per_address)),
            global: RateLimiter::direct(quota(global)),
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
        Self {
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

    /// Whether attempt `id` may have Plex asked now, out of the poller's turn. Counts it.
    pub fn allows_look(&self, id: RequestId) -> bool {
        self.looks.check_key(&id).is_ok()
    }

    /// Forgets addresses and attempts that have their whole allowance again. To be called now and then.
    pub fn forget_idle(&self) {
        self.starts.forget_idle();
        self.requests.forget_idle();
        self.looks.retain_recent();
        self.looks.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limiter(per_address: u32, global: u32) -> StartLimiter {
        let count = |n| NonZeroU32::new(n).unwrap();
        StartLimiter::new(StartLimits { per_address: count(per_address), global: count(global) })
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
    fn the_global_limit_holds_for_strangers_too() {
        let limiter = limiter(100, 3);
        let allowed = (1..=10u8).filter(|n| limiter.allows_start(ip(&format!("192.0.2.{n}")))).count();
        assert_eq!(allowed, 3);
    }
}
