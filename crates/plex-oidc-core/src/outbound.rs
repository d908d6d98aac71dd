//! Where our own requests may go (security requirements 159 and 160): judged by the address that a connection is made to,
//! never by how it was spelled.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Never called: what is no single host's, link-local, and where clouds answer for the machine.
const FORBIDDEN_V4: [Ipv4Net; 7] = [
    v4([0, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([192, 0, 0, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
    v4([100, 100, 100, 200], 32),
    v4([168, 63, 129, 16], 32),
];
/// One's own: this machine, home networks, those of carriers and of laboratories.
const PRIVATE_V4: [Ipv4Net; 6] = [
    v4([127, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
    v4([100, 64, 0, 0], 10),
    v4([198, 18, 0, 0], 15),
];
/// As for IPv4; and old ways to write or to tunnel an IPv4 address, since where they lead is not for the address to say.
const FORBIDDEN_V6: [Ipv6Net; 8] = [
    v6(0x0000_0000_0000_0000_0000_0000_0000_0000, 64),
    v6(0x0064_ff9b_0001_0000_0000_0000_0000_0000, 48),
    v6(0x2001_0000_0000_0000_0000_0000_0000_0000, 32),
    v6(0x2002_0000_0000_0000_0000_0000_0000_0000, 16),
    v6(0xfd00_0ec2_0000_0000_0000_0000_0000_0254, 128),
    v6(0xfd20_00ce_0000_0000_0000_0000_0000_0254, 128),
    v6(0xfe80_0000_0000_0000_0000_0000_0000_0000, 10),
    v6(0xff00_0000_0000_0000_0000_0000_0000_0000, 8),
];
const PRIVATE_V6: [Ipv6Net; 2] =
    [v6(0xfc00_0000_0000_0000_0000_0000_0000_0000, 7), v6(0xfec0_0000_0000_0000_0000_0000_0000_0000, 10)];

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(bits: u128, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::from_bits(bits), prefix)
}

/// What an address is to somebody who must not be led astray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// On the internet.
    Public,
    /// This machine, or a network of one's own.
    Private,
    /// Never called.
    Forbidden,
}

impl AddressKind {
    /// The kind of `address`. An IPv6 address that stands for an IPv4 one is of that one's kind.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::of_v4(v4),
            IpAddr::V6(v6) => Self::of_v6(v6),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        let within = |networks: &[Ipv4Net]| networks.iter().any(|network| network.contains(&address));
        Self::new(within(&FORBIDDEN_V4), within(&PRIVATE_V4))
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        if let [0x64, 0xff9b, 0, 0, 0, 0, high, low] = address.segments() {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            return Self::of_v4(Ipv4Addr::new(a, b, c, d)); // RFC 6052 s. 2.1
        }
        let within = |networks: &[Ipv6Net]| networks.iter().any(|network| network.contains(&address));
        let here = address.is_loopback();
        Self::new(within(&FORBIDDEN_V6) && !here, within(&PRIVATE_V6) || here)
    }

    const fn new(forbidden: bool, private: bool) -> Self {
        match (forbidden, private) {
            (true, _) => Self::Forbidden,
            (false, true) => Self::Private,
            (false, false) => Self::Public,
        }
    }
}

/// Which private addresses may be called. Public ones may be, forbidden ones never.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Addresses in these networks.
    pub networks: Vec<IpNet>,
    /// Any private address of these hosts, by their names in lower case.
    pub hosts: Vec<String>,
}

impl Reach {
    /// Whether a connection to `address`, found under the name `host`, may be made.
    pub fn permits(&self, host: &str, address: IpAddr) -> bool {
        match AddressKind::of(address) {
            AddressKind::Public => true,
            AddressKind::Forbidden => false,
            AddressKind::Private => {
                let address = address.to_canonical();
                self.networks.iter().any(|network| network.contains(&address))
                    || self.hosts.iter().any(|name| name.eq_ignore_ascii_case(host))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use url::{Host, Url};

    use super::*;

    /// As the host of a URL, and what it comes to.
    const SPELLINGS: [(&str, AddressKind); 56] = [
        ("169.254.169.254", AddressKind::Forbidden),
        ("2852039166", AddressKind::Forbidden),
        ("0xa9fea9fe", AddressKind::Forbidden),
        ("0xA9.0xFE.0xA9.0xFE", AddressKind::Forbidden),
        ("0251.0376.0251.0376", AddressKind::Forbidden),
        ("025177524776", AddressKind::Forbidden),
        ("169.16689662", AddressKind::Forbidden),
        ("169.254.43518", AddressKind::Forbidden),
        ("169.254.169.254.", AddressKind::Forbidden),
        ("%31%36%39.254.169.254", AddressKind::Forbidden),
        ("①⑥⑨.254.169.254", AddressKind::Forbidden),
        ("169。254。169。254", AddressKind::Forbidden),
        ("169.254.0.1", AddressKind::Forbidden),
        ("[::ffff:169.254.169.254]", AddressKind::Forbidden),
        ("[::ffff:a9fe:a9fe]", AddressKind::Forbidden),
        ("[0:0:0:0:0:ffff:a9fe:a9fe]", AddressKind::Forbidden),
        ("[::169.254.169.254]", AddressKind::Forbidden),
        ("[64:ff9b::169.254.169.254]", AddressKind::Forbidden),
        ("[64:ff9b:1::a9fe:a9fe]", AddressKind::Forbidden),
        ("[2002:a9fe:a9fe::]", AddressKind::Forbidden),
        ("[2001:0:a9fe:a9fe::]", AddressKind::Forbidden),
        ("[fe80::1]", AddressKind::Forbidden),
        ("[febf::1]", AddressKind::Forbidden),
        ("[fd00:ec2::254]", AddressKind::Forbidden),
        ("[fd20:ce::254]", AddressKind::Forbidden),
        ("100.100.100.200", AddressKind::Forbidden),
        ("168.63.129.16", AddressKind::Forbidden),
        ("192.0.0.192", AddressKind::Forbidden),
        ("0.0.0.0", AddressKind::Forbidden),
        ("0", AddressKind::Forbidden),
        ("0.1.2.3", AddressKind::Forbidden),
        ("[::]", AddressKind::Forbidden),
        ("224.0.0.1", AddressKind::Forbidden),
        ("255.255.255.255", AddressKind::Forbidden),
        ("[ff02::1]", AddressKind::Forbidden),
        ("127.0.0.1", AddressKind::Private),
        ("127.1", AddressKind::Private),
        ("2130706433", AddressKind::Private),
        ("0x7f000001", AddressKind::Private),
        ("017700000001", AddressKind::Private),
        ("127.255.255.254", AddressKind::Private),
        ("[::1]", AddressKind::Private),
        ("[::ffff:127.0.0.1]", AddressKind::Private),
        ("10.0.0.1", AddressKind::Private),
        ("172.16.0.1", AddressKind::Private),
        ("172.31.255.255", AddressKind::Private),
        ("192.168.1.1", AddressKind::Private),
        ("100.64.0.1", AddressKind::Private),
        ("198.18.0.1", AddressKind::Private),
        ("[fc00::1]", AddressKind::Private),
        ("[fdff::1]", AddressKind::Private),
        ("[64:ff9b::10.0.0.1]", AddressKind::Private),
        ("172.32.0.1", AddressKind::Public),
        ("93.184.216.34", AddressKind::Public),
        ("[64:ff9b::93.184.216.34]", AddressKind::Public),
        ("[2606:2800:220:1::1]", AddressKind::Public),
    ];

    fn address(host: &str) -> IpAddr {
        match Url::parse(&format!("https://{host}/")).unwrap().host().unwrap() {
            Host::Ipv4(v4) => v4.into(),
            Host::Ipv6(v6) => v6.into(),
            Host::Domain(name) => panic!("{name} is not an address"),
        }
    }

    #[test]
    fn req_159_160_however_it_is_spelled() {
        let everything = ["0.0.0.0/0", "::/0"].map(|network| network.parse().unwrap()).to_vec();
        let anywhere = Reach { networks: everything, hosts: vec!["x.example".to_owned()] };
        for (host, kind) in SPELLINGS {
            let address = address(host);
            assert_eq!(AddressKind::of(address), kind, "{host}");
            assert_eq!(anywhere.permits("x.example", address), kind != AddressKind::Forbidden, "{host}");
            assert_eq!(Reach::default().permits("x.example", address), kind == AddressKind::Public, "{host}");
        }
    }

    #[test]
    fn req_160_a_private_address_is_called_if_its_network_or_its_host_is_listed() {
        let network = Reach { networks: vec!["192.168.0.0/16".parse().unwrap()], hosts: Vec::new() };
        assert!(network.permits("photos.lan", address("192.168.1.2")));
        assert!(network.permits("photos.lan", address("[::ffff:192.168.1.2]")));
        assert!(!network.permits("photos.lan", address("10.0.0.2")));
        let host = Reach { networks: Vec::new(), hosts: vec!["photos.lan".to_owned()] };
        assert!(host.permits("Photos.lan", address("10.0.0.2")));
        assert!(!host.permits("evil.photos.lan", address("10.0.0.2")));
        assert!(!host.permits("photos.lan", address("169.254.169.254")));
    }
}
