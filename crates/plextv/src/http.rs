//! Owns the HTTP client every outgoing call uses: trust anchors, time-outs, no redirects. Knows nothing of Plex.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// Who we are to every server we call.
pub(crate) const USER_AGENT: &str = concat!("plex-oidc/", env!("CARGO_PKG_VERSION"));

/// Why no HTTP client could be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpClientError {
    /// The extra certificate authority is not readable PEM.
    #[error("the extra certificate authority is not a PEM certificate")]
    NotPem(#[source] rustls::pki_types::pem::Error),
    /// The extra certificate authority file holds no certificate.
    #[error("the extra certificate authority holds no certificate")]
    NoCertificate,
    /// The TLS library refuses the certificate or the settings.
    #[error("the TLS settings are not usable")]
    Tls(#[from] rustls::Error),
    /// The HTTP library refuses the settings.
    #[error("the HTTP client could not be made")]
    Client(#[from] reqwest::Error),
}

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until connected.
    pub connect: Duration,
    /// Until the whole answer is read.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(10) }
    }
}

/// A client that verifies TLS against the public roots and the extra ones, follows no redirect, and gives up in time.
/// It ignores proxy variables: what the process talks to is told by its configuration alone.
pub(crate) fn build(extra_ca: Option<&[u8]>, timeouts: Timeouts) -> Result<reqwest::Client, HttpClientError> {
    Ok(builder(extra_ca, timeouts)?.build()?)
}

pub(crate) fn builder(
    extra_ca: Option<&[u8]>,
    timeouts: Timeouts,
) -> Result<reqwest::ClientBuilder, HttpClientError> {
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(tls_config(extra_ca)?)
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total))
}

/// How TLS is spoken to every server that we call: with the public roots and the PEM certificates given.
pub fn tls_config(extra_ca: Option<&[u8]>) -> Result<ClientConfig, HttpClientError> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    if let Some(pem) = extra_ca {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.add(certificate.map_err(HttpClientError::NotPem)?)?;
        }
        if roots.len() == before {
            return Err(HttpClientError::NoCertificate);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_roots_alone_make_a_client() {
        assert!(build(None, Timeouts::default()).is_ok());
    }

    #[test]
    fn an_extra_authority_without_a_certificate_is_refused() {
        let refused = |pem: &[u8]| build(Some(pem), Timeouts::default()).unwrap_err();
        assert!(matches!(refused(b""), HttpClientError::NoCertificate));
        assert!(matches!(refused(b"hello"), HttpClientError::NoCertificate));
        let torn = b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
        assert!(matches!(refused(torn), HttpClientError::NotPem(_)));
        let empty = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(refused(empty), HttpClientError::Tls(_)));
    }
}
