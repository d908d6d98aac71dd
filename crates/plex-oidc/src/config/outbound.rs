//! `[outbound]`: where the requests of this program to applications may go, and whom they trust.

use std::net::IpAddr;
use std::path::Path;

use ipnet::IpNet;
use plex_oidc_core::outbound::{AddressKind, Reach};

use super::OutboundConfig;
use super::reader::Reader;

pub(super) fn build(reader: &mut Reader<'_>) -> OutboundConfig {
    let ca_file = reader.existing("outbound.ca_file", Path::is_file, "file");
    let mut reach = Reach::default();
    for entry in reader.each("outbound.private_addresses", entry) {
        match entry {
            Entry::Network(network) => reach.networks.push(network),
            Entry::Host(name) => reach.hosts.push(name),
        }
    }
    OutboundConfig { ca_file, reach }
}

enum Entry {
    Network(IpNet),
    Host(String),
}

fn entry(text: &str) -> Result<Entry, (String, String)> {
    let remedy = "Write a network such as \"192.168.0.0/16\", or the name of a host such as \"photos.lan\".";
    let network = text.parse::<IpNet>().ok().or_else(|| Some(IpNet::from(text.parse::<IpAddr>().ok()?)));
    if let Some(network) = network {
        return match AddressKind::of(network.addr()) {
            AddressKind::Private => Ok(Entry::Network(network.trunc())),
            AddressKind::Public => Err((format!("`{text}` is not a private network"), remedy.to_owned())),
            AddressKind::Forbidden => {
                let wrong = format!("`{text}` is link-local or of no single host, and never called");
                Err((wrong, "Remove it.".to_owned()))
            }
        };
    }
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'_');
    let is_name = text.bytes().all(plain) && text.bytes().any(|b| b.is_ascii_lowercase());
    if !is_name {
        let wrong = format!("`{}` is neither a network nor the name of a host", text.escape_debug());
        return Err((wrong, remedy.to_owned()));
    }
    Ok(Entry::Host(text.to_owned()))
}
