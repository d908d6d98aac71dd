//! Domains under which strangers register names of their own (the Public Suffix List): no cookie may be set for them.

use plex_oidc_core::gateway::Host;
use public_suffix::{DEFAULT_PROVIDER, EffectiveTLDProvider as _};

/// Whether there is nothing in `domain` that could belong to one owner alone. A name of one label never does, and what
/// the list does not know counts from its second label on.
pub(super) fn is_public(domain: &Host) -> bool {
    DEFAULT_PROVIDER.effective_tld_plus_one(domain.as_str()).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_that_strangers_share_is_public() {
        let host = |text| Host::parse(text).unwrap();
        for public in [
            "com",
            "co.uk",
            "github.io",
            "duckdns.org",
            "ts.net",
            "workers.dev",
            "trycloudflare.com",
            "anything.ck",
            "xn--p1ai",
            "lan",
            "localhost",
        ] {
            assert!(is_public(&host(public)), "{public}");
        }
        for own in [
            "example.com",
            "a.example.co.uk",
            "me.github.io",
            "home.duckdns.org",
            "www.ck",
            "example.lan",
            "b\u{fc}cher.example",
        ] {
            assert!(!is_public(&host(own)), "{own}");
        }
    }
}
