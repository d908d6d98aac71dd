//! `[mail]`: how this program writes to people.

use plex_oidc_core::time::Seconds;

use super::{Kind, Section, key, length, such_as};

pub(super) const MAIL: Section = Section {
    name: "mail",
    repeats: false,
    help: "E-mail to the host: what keeps people from being looked after, and who asks for access. Plain text, and nothing that does \
           something by being opened. `plex-oidc mail test` sends one.",
    keys: &[
        such_as(
            "smtp.example.com",
            key(
                "server",
                Kind::Text("a host name"),
                None,
                "The server that takes mail for you. Without it, no mail is sent. It is called wherever it is: `[outbound]` is not \
                 asked.",
            ),
        ),
        key(
            "security",
            Kind::OneOf(&["tls", "starttls", "none"]),
            Some("tls"),
            "`tls`: encrypted from the start. `starttls`: the server must agree to encrypt before anything is said. The certificate is \
             verified always; `outbound.ca_file` adds your own authority. `none`: for a server on this machine alone.",
        ),
        such_as(
            "587",
            key(
                "port",
                Kind::Number { min: 1, max: 65_535 },
                None,
                "Its port. Without it 465 with `tls`, 587 with `starttls`, 25 with `none`.",
            ),
        ),
        such_as(
            "plex-oidc@example.com",
            key(
                "username",
                Kind::Text("a user name"),
                None,
                "As whom to sign in there, if it asks. With a password.",
            ),
        ),
        such_as("mail.password", key("password_file", Kind::Path, None, "The file with the password.")),
        key(
            "password",
            Kind::Secret,
            None,
            "That password itself. As a variable only, for hosts without files.",
        ),
        such_as(
            "plex-oidc@example.com",
            key(
                "from",
                Kind::Text("an e-mail address"),
                None,
                "Who it is from: an address that the server lets you use. Required with `server`.",
            ),
        ),
        such_as(
            "robin@example.com",
            key("to", Kind::Texts("e-mail addresses"), Some(""), "The hosts. Required with `server`."),
        ),
        key(
            "of_requests",
            Kind::Flag,
            Some("true"),
            "Whether the hosts are told, too, that somebody asks for access.",
        ),
        key(
            "requests_every",
            length(Seconds::minutes(5), Seconds::days(7)),
            Some("1h"),
            "At most one mail about requests in this time, however many ask.",
        ),
    ],
};
