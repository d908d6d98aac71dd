//! E-mail, by the one server that the configuration names. TLS is verified always, by the public authorities and the host's own.
//! What strangers chose is one line of plain text before it comes here; the library encodes it, so that no header comes of it
//! (RUSTSEC-2021-0069).

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use plex_oidc_core::line;
use plex_oidc_core::time::{Seconds, Timestamp};
use secrecy::ExposeSecret as _;
use thiserror::Error;

use crate::config::{MailConfig, MailSecurity};

/// Longest time for one letter, from the look-up of the server's name to its last word.
const LONGEST: Duration = Duration::from_secs(30);

/// Something to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// To whom.
    pub to: Address,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// When it was written.
    pub at: Timestamp,
    /// Its own name, the same with each try.
    pub id: String,
}

/// Why a letter was not sent. Says nothing of what is in it.
#[derive(Debug, Error)]
pub enum MailError {
    /// It cannot be written.
    #[error("it is no letter: {0}")]
    Letter(String),
    /// The server did not answer in time.
    #[error("the server did not answer within {} seconds", LONGEST.as_secs())]
    Slow,
    /// There is no connection, or it broke, or it could not be encrypted.
    #[error("there is no good connection to the server: {0}")]
    Connection(String),
    /// The server does not do what was asked of it: encrypt, or let us sign in.
    #[error("the server cannot do what is needed: {0}")]
    Unable(String),
    /// The server does not take it now, or us.
    #[error("the server does not take it now: {0}")]
    NotNow(String),
    /// The server does not take it, or us.
    #[error("the server does not take it: {0}")]
    Refused(String),
}

impl MailError {
    /// Whether trying again is of no use.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Letter(_) | Self::Refused(_) => true,
            Self::Slow | Self::Connection(_) | Self::Unable(_) | Self::NotNow(_) => false,
        }
    }
}

/// Sends letters.
pub trait Mailer: Send + Sync {
    /// One try.
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), MailError>>;
}

/// How mail is sent, and to whom of the house.
pub struct Mail {
    /// Sends it.
    pub mailer: Arc<dyn Mailer>,
    /// The hosts.
    pub hosts: Vec<Address>,
    /// How often the hosts are told of requests for access, at most; nothing: they are not.
    pub requests_every: Option<Seconds>,
}

/// Sends letters by SMTP.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
}

impl Smtp {
    /// By the server of `config`, introduced as `ours`. Fails where the extra certificate authorities cannot be used.
    pub fn new(config: &MailConfig, ours: &str, extra_ca_pem: Option<&[u8]>) -> Result<Self, String> {
        let (server, port) = &config.server;
        let tls = || tls(server, extra_ca_pem);
        let tls = match config.security {
            MailSecurity::Tls => Tls::Wrapper(tls()?),
            MailSecurity::StartTls => Tls::Required(tls()?),
            MailSecurity::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(server.clone())
            .port(*port)
            .tls(tls)
            .hello_name(ClientId::Domain(ours.to_owned()))
            .timeout(Some(LONGEST));
        if let Some((name, password)) = &config.login {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(name.clone(), password));
        }
        Ok(Self { transport: builder.build(), from: config.from.clone() })
    }

    async fn send_now(&self, letter: &Letter) -> Result<(), MailError> {
        let message = message(&self.from, letter)?;
        match tokio::time::timeout(LONGEST, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(in_words(&error)),
            Err(_) => Err(MailError::Slow),
        }
    }
}

impl Mailer for Smtp {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), MailError>> {
        Box::pin(self.send_now(letter))
    }
}

fn tls(server: &str, extra_ca_pem: Option<&[u8]>) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(server.to_owned());
    if let Some(pem) = extra_ca_pem {
        let certificate = Certificate::from_pem(pem).map_err(|error| error.to_string())?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| error.to_string())
}

/// The letter as it goes out. Nobody answers a program (RFC 3834 s. 5).
fn message(from: &Address, letter: &Letter) -> Result<Message, MailError> {
    let at = UNIX_EPOCH + Duration::from_secs(u64::try_from(letter.at.0).unwrap_or(0));
    let builder = Message::builder()
        .from(from.clone().into())
        .to(letter.to.clone().into())
        .subject(letter.subject.clone())
        .date(at)
        .message_id(Some(format!("<{}@{}>", letter.id, from.domain())))
        .header(ContentType::TEXT_PLAIN)
        .header(ByProgram);
    builder.body(letter.text.clone()).map_err(|error| MailError::Letter(error.to_string()))
}

/// `Auto-Submitted: auto-generated`.
#[derive(Debug, Clone)]
struct ByProgram;

impl Header for ByProgram {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// What a server says is a stranger's text: one line of it.
fn in_words(error: &lettre::transport::smtp::Error) -> MailError {
    let said = || {
        let mut cause: Option<&dyn std::error::Error> = error.source();
        let mut said = cause.map_or_else(|| error.to_string(), ToString::to_string);
        while let Some(inner) = cause.and_then(std::error::Error::source) {
            said = inner.to_string();
            cause = Some(inner);
        }
        let code = error.status().map(|code| format!("{code} ")).unwrap_or_default();
        line::plain(&format!("{code}{said}"), 300)
    };
    if error.is_timeout() {
        MailError::Slow
    } else if error.is_permanent() {
        MailError::Refused(said())
    } else if error.is_transient() {
        MailError::NotNow(said())
    } else if error.is_client() {
        MailError::Unable(said())
    } else {
        MailError::Connection(said())
    }
}
