//! `[mail]`: by which server this program writes to people, and to whom.

use std::net::IpAddr;

use lettre::Address;
use plex_oidc_core::time::Seconds;
use secrecy::SecretString;

use super::reader::Reader;
use super::secrets;

/// Longest password of a mail server, in characters.
const LONGEST: usize = 512;

/// How this program sends mail.
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// The server, and its port.
    pub server: (String, u16),
    /// How the way there is protected.
    pub security: MailSecurity,
    /// User name and password.
    pub login: Option<(String, SecretString)>,
    /// Who it is from.
    pub from: Address,
    /// The hosts; never empty.
    pub to: Vec<Address>,
    /// How often the hosts are told of requests for access, at most; nothing: they are not.
    pub requests_every: Option<Seconds>,
}

/// How the way to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSecurity {
    /// Encrypted from the start.
    Tls,
    /// Encrypted before anything is said, or nothing is said.
    StartTls,
    /// Not at all: it is on this machine.
    None,
}

impl MailSecurity {
    const fn port(self) -> u16 {
        match self {
            Self::Tls => 465,
            Self::StartTls => 587,
            Self::None => 25,
        }
    }
}

pub(super) fn build(reader: &mut Reader<'_>) -> Option<MailConfig> {
    const KEY: &str = "mail.server";
    let Some(server) = reader.text(KEY) else {
        let others = ["mail.from", "mail.username", "mail.password_file", "mail.password"];
        if others.iter().any(|key| reader.is_set(key)) || !reader.texts("mail.to").is_empty() {
            reader.missing(KEY, "Write server = \"smtp.example.com\", or remove the section.");
        }
        return None;
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':' | b'_');
    if server.value.is_empty() || !server.value.bytes().all(plain) {
        let wrong = format!("`{}` is not the name of a host", server.value.escape_debug());
        reader.refuse(
            server.place.clone(),
            KEY,
            wrong,
            "Write the name alone: server = \"smtp.example.com\".",
        );
        return None;
    }
    let security = security(reader, &server.value);
    let port = if reader.is_set("mail.port") { reader.sized("mail.port") } else { security.port() };
    let login = login(reader);
    let from = from(reader);
    let to = reader.each("mail.to", |text| address(text).ok_or_else(|| no_address(text)));
    if reader.texts("mail.to").is_empty() {
        reader.missing("mail.to", "Write who is to be told: to = [\"robin@example.com\"].");
    }
    let requests_every = reader.flag("mail.of_requests").then(|| reader.length("mail.requests_every"));
    Some(MailConfig { server: (server.value, port), security, login, from: from?, to, requests_every })
}

fn security(reader: &mut Reader<'_>, server: &str) -> MailSecurity {
    const KEY: &str = "mail.security";
    match reader.word(KEY) {
        Some("starttls") => MailSecurity::StartTls,
        Some("none") => {
            let is_here = server == "localhost" || server.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
            if !is_here {
                let wrong = format!("mail to `{server}` would go out for everybody on the way to read");
                let remedy = "Write \"tls\" or \"starttls\". Without either, only a server on this machine is used, as \
                              \"127.0.0.1\" or \"localhost\".";
                reader.refuse(reader.place(KEY), KEY, wrong, remedy);
            }
            MailSecurity::None
        }
        _ => MailSecurity::Tls,
    }
}

fn login(reader: &mut Reader<'_>) -> Option<(String, SecretString)> {
    const KEY: &str = "mail.password";
    let name = reader.short_text("mail.username", LONGEST);
    let found = reader.secret(KEY);
    let is_named = reader.is_set(KEY) || reader.is_set("mail.password_file");
    match (name, found) {
        (Some(name), Some(found)) => {
            let line = secrets::lines(&found.value).next().unwrap_or("").to_owned();
            if line.is_empty() || line.chars().count() > LONGEST {
                reader.refuse(
                    found.place,
                    KEY,
                    "there is no password in it",
                    "Write it on a line of its own.",
                );
            }
            Some((name, SecretString::from(line)))
        }
        (Some(_), None) if !is_named => {
            reader.missing(
                "mail.password_file",
                "Write password_file = \"mail.password\", or remove the user name.",
            );
            None
        }
        (None, Some(_)) => {
            reader.missing("mail.username", "Write as whom to sign in, or remove the password.");
            None
        }
        (Some(_) | None, None) => None,
    }
}

fn from(reader: &mut Reader<'_>) -> Option<Address> {
    const KEY: &str = "mail.from";
    let text = reader.needed_text(KEY, "Write from = \"plex-oidc@example.com\".")?;
    let found = address(&text.value);
    if found.is_none() {
        let (wrong, remedy) = no_address(&text.value);
        reader.refuse(text.place, KEY, wrong, remedy);
    }
    found
}

/// An address of plain characters: every server takes those.
fn address(text: &str) -> Option<Address> {
    text.is_ascii().then(|| text.parse().ok())?
}

fn no_address(text: &str) -> (String, String) {
    let wrong = format!("`{}` is not an e-mail address", text.escape_debug());
    (wrong, "Write the address alone: \"robin@example.com\".".to_owned())
}
