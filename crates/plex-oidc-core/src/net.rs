//! Who is calling: the peer of the socket, or the address that trusted proxies vouch for.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

/// Most addresses read from `X-Forwarded-For`; a longer chain is not a home network's.
const MAX_HOPS: usize = 32;

/// The networks whose forwarding headers are believed. Empty means: none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(pub Vec<IpNet>);

impl TrustedProxies {
    /// Whether `address` is in one of the networks.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address of the client: the peer, unless it is trusted; then the first address from the right of
    /// `forwarded_for` (the values of `X-Forwarded-For`, in order) that is not trusted. The walk stops at anything
    /// that is not an address, so that a forged left part is never reached through it.
    pub fn client_address<'a>(
        &self,
        peer: IpAddr,
        forwarded_for: impl DoubleEndedIterator<Item = &'a str>,
    ) -> IpAddr {
        let mut current = peer.to_canonical();
        let hops = forwarded_for.rev().flat_map(|value| value.rsplit(',')).take(MAX_HOPS);
        for hop in hops {
            if !self.contains(current) {
                return current;
            }
            let Some(address) = parse_hop(hop.trim()) else { return current };
            current = address;
        }
        current
    }
}

fn parse_hop(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address: Option<IpAddr> = bare.parse().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    address.or_else(with_port).map(|address| address.to_canonical())
}

/// The block that limits count by: one IPv4 address, or the /64 that one IPv6 household has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressBlock(IpAddr);

impl AddressBlock {
    /// The block that `address` is in.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(IpAddr::V4(v4)),
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Self(IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)))
            }
        }
    }
}

impl fmt::Display for AddressBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusted(networks: &[&str]) -> TrustedProxies {
        TrustedProxies(networks.iter().map(|network| network.parse().unwrap()).collect())
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_header_of_an_untrusted_peer_is_not_read() {
        let none = trusted(&[]);
        assert_eq!(none.client_address(ip("203.0.113.9"), ["198.51.100.1"].into_iter()), ip("203.0.113.9"));
        let other = trusted(&["10.0.0.0/8"]);
        assert_eq!(other.client_address(ip("203.0.113.9"), ["10.0.0.1"].into_iter()), ip("203.0.113.9"));
    }

    #[test]
    fn the_walk_goes_from_the_right_and_stops_at_the_first_stranger_or_oddity() {
        let proxies = trusted(&["10.0.0.0/8", "fd00::/8"]);
        for (headers, expected) in [
            (vec!["198.51.100.1"], "198.51.100.1"),
            (vec!["1.1.1.1, 198.51.100.1, 10.0.0.9"], "198.51.100.1"),
            (vec!["1.1.1.1", "198.51.100.1,10.0.0.9 , fd00::1"], "198.51.100.1"),
            (vec!["1.1.1.1, unknown, 10.0.0.9"], "10.0.0.9"),
            (vec!["[2001:db8::1]:443"], "2001:db8::1"),
            (vec!["[2001:db8::1]"], "2001:db8::1"),
            (vec!["198.51.100.1:1234"], "198.51.100.1"),
            (vec![""], "10.0.0.1"),
            (vec![], "10.0.0.1"),
            (vec!["10.0.0.5, 10.0.0.6"], "10.0.0.5"),
        ] {
            let found = proxies.client_address(ip("10.0.0.1"), headers.clone().into_iter());
            assert_eq!(found, ip(expected), "{headers:?}");
        }
        let mapped = proxies.client_address(ip("::ffff:10.0.0.1"), ["198.51.100.7"].into_iter());
        assert_eq!(mapped, ip("198.51.100.7"), "a mapped peer is the same peer");
    }

    #[test]
    fn a_household_is_one_block() {
        assert_eq!(AddressBlock::of(ip("2001:db8:1:2::3")), AddressBlock::of(ip("2001:db8:1:2:ffff::1")));
        assert_ne!(AddressBlock::of(ip("2001:db8:1:2::3")), AddressBlock::of(ip("2001:db8:1:3::3")));
        assert_eq!(AddressBlock::of(ip("::ffff:192.0.2.1")), AddressBlock::of(ip("192.0.2.1")));
        assert_ne!(AddressBlock::of(ip("192.0.2.1")), AddressBlock::of(ip("192.0.2.2")));
    }
}
