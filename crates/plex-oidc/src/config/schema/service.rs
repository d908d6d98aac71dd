//! The keys of the program itself: what stands before all sections, `[session]`, `[tokens]`, `[limits]`, `[outbound]`, `[keys]`,
//! `[theme]`, `[log]`.

use plex_oidc_core::time::Seconds;

use super::{Kind, SESSION_LIFE, Section, TOKEN_LIFE, key, length, such_as};
use crate::pages::Language;

const SHORT: Kind = length(Seconds(1), Seconds::minutes(5));

pub(super) const TOP: Section = Section {
    name: "",
    repeats: false,
    help: "Before the first section.",
    keys: &[
        such_as(
            "https://auth.example.com",
            key(
                "public_url",
                Kind::Text("an https address"),
                None,
                "The address under which browsers and applications reach this program, without a path. It is the \
                 issuer of every token. Required.",
            ),
        ),
        key(
            "listen",
            Kind::Texts("addresses with port"),
            Some("127.0.0.1:8400"),
            "The addresses to listen on. TLS is the business of the proxy or tunnel in front.",
        ),
        key(
            "data_dir",
            Kind::Path,
            Some("data"),
            "The folder for the database. `plex-oidc init` makes it if it does not exist.",
        ),
        such_as(
            "172.16.0.0/12",
            key(
                "trusted_proxies",
                Kind::Texts("networks"),
                Some(""),
                "The networks of the proxies that stand in front. Only they are believed when they say who is \
                 asking (`X-Forwarded-For`). There is no default: by default nobody is believed.",
            ),
        ),
    ],
};

pub(super) const SESSION: Section = Section {
    name: "session",
    repeats: false,
    help: "The browser session with this program: while it lives, the next application needs no click.",
    keys: &[
        key("absolute", SESSION_LIFE, Some("30d"), "The longest life of a browser session."),
        key("idle", SESSION_LIFE, Some("7d"), "How long it lives without being used. At most `absolute`."),
    ],
};

pub(super) const TOKENS: Section = Section {
    name: "tokens",
    repeats: false,
    help: "How long tokens live.",
    keys: &[
        key("access", TOKEN_LIFE, Some("10m"), "Access tokens."),
        key("id", TOKEN_LIFE, Some("10m"), "ID tokens."),
        key("code", length(Seconds(10), Seconds::minutes(10)), Some("1m"), "Authorization codes."),
        key(
            "refresh_idle",
            SESSION_LIFE,
            Some("14d"),
            "Refresh tokens that are not used. At most `refresh_absolute`.",
        ),
        key(
            "refresh_absolute",
            SESSION_LIFE,
            Some("90d"),
            "Refresh tokens from the sign-in on, however often they are used.",
        ),
        key(
            "refresh_grace",
            length(Seconds(0), Seconds(60)),
            Some("10s"),
            "How long a replaced refresh token still works, for an application that lost the answer.",
        ),
    ],
};

pub(super) const LIMITS: Section = Section {
    name: "limits",
    repeats: false,
    help: "What one address, and everybody together, may ask of this program.",
    keys: &[
        key(
            "sign_in_starts_per_address",
            Kind::Number { min: 1, max: 100_000 },
            Some("20"),
            "Sign-ins begun from one address, per minute. Half as many may wait for Plex at one time.",
        ),
        key(
            "sign_in_starts_in_all",
            Kind::Number { min: 1, max: 1_000_000 },
            Some("300"),
            "Sign-ins begun by everybody together, per minute. Plex is asked four times as often, at most, whether \
             somebody has approved.",
        ),
        key(
            "passwords_at_once",
            Kind::Number { min: 1, max: 64 },
            Some("2"),
            "Passwords of local accounts that are checked at one time. Each takes 19 MiB while it is.",
        ),
        key(
            "codes_per_session",
            Kind::Number { min: 1, max: 1_000_000 },
            Some("60"),
            "How often somebody who is signed in is sent on to applications, per minute.",
        ),
        key(
            "connections",
            Kind::Number { min: 8, max: 100_000 },
            Some("1024"),
            "Connections at one time. Those who wait for a sign-in at Plex have at most half of them.",
        ),
        key(
            "header_bytes",
            Kind::Number { min: 4096, max: 1_048_576 },
            Some("16384"),
            "The largest request head, in bytes.",
        ),
        key(
            "body_bytes",
            Kind::Number { min: 4096, max: 1_048_576 },
            Some("65536"),
            "The largest request body, in bytes.",
        ),
        key("header_timeout", SHORT, Some("10s"), "How long a request head may take to arrive."),
        key("request_timeout", SHORT, Some("30s"), "How long a request may take in all."),
    ],
};

pub(super) const OUTBOUND: Section = Section {
    name: "outbound",
    repeats: false,
    help: "How this program calls applications, to tell them that somebody has signed out. Requests to Plex and to Cloudflare \
           are not meant.",
    keys: &[
        such_as(
            "extra-ca.pem",
            key(
                "ca_file",
                Kind::Path,
                None,
                "Further certificate authorities (PEM) to trust, such as your own for the home network. An application needs a \
                 certificate that one of them signed: the authority's own is refused as one.",
            ),
        ),
        key(
            "private_addresses",
            Kind::Texts("networks or host names"),
            Some("127.0.0.0/8, ::1/128, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7"),
            "The private addresses that may be called: networks, and hosts by name. An empty list means public addresses \
             only. Link-local addresses, and those where clouds keep a machine's own secrets, are never called.",
        ),
    ],
};

pub(super) const KEYS: Section = Section {
    name: "keys",
    repeats: false,
    help: "The secret that seals signing keys and tokens in the database, and the life of signing keys.",
    keys: &[
        key(
            "file",
            Kind::Path,
            Some("plex-oidc.key"),
            "The key file. `plex-oidc init` makes it. Keep a copy apart from the database: without it nothing that is \
             sealed can be read again.",
        ),
        key(
            "rotate_every",
            length(Seconds(0), Seconds::days(3650)),
            Some("90d"),
            "How often new keys sign: at least a day, or `0s` for never. The next keys are published long before, and \
             what the old ones have signed stays good. `plex-oidc keys rotate` does it at once.",
        ),
    ],
};

pub(super) const THEME: Section = Section {
    name: "theme",
    repeats: false,
    help: "How the pages look.",
    keys: &[
        key("title", Kind::Text("a text"), Some("Plex sign-in"), "What you call the place."),
        such_as(
            "https://example.com/logo.svg",
            key(
                "logo",
                Kind::Text("an image address"),
                None,
                "An image: an https address, or a path that begins with /.",
            ),
        ),
        key("accent", Kind::Text("a colour"), Some("#e5a00d"), "The colour of the main button."),
        such_as(
            "#101418",
            key(
                "background",
                Kind::Text("a colour or image address"),
                None,
                "What lies behind: a colour, or an image as with `logo`.",
            ),
        ),
        key(
            "language",
            Kind::OneOf(Language::tags()),
            Some("en"),
            "The language of the pages, for visitors whose browser asks for none that we have.",
        ),
        such_as(
            "theme",
            key(
                "override_dir",
                Kind::Path,
                None,
                "A folder with templates and assets of your own, used instead of ours where they exist.",
            ),
        ),
    ],
};

pub(super) const METRICS: Section = Section {
    name: "metrics",
    repeats: false,
    help: "Figures for Prometheus, at `/metrics` on a listener of their own. Without `listen` there is none.",
    keys: &[
        such_as(
            "127.0.0.1:9400",
            key(
                "listen",
                Kind::Text("an address with port"),
                None,
                "The address to listen on. Whoever reaches it sees the figures, so it is one of this machine or of a private \
                 network. Nothing in them names a person.",
            ),
        ),
        key(
            "allow_public",
            Kind::Flag,
            Some("false"),
            "Lets `listen` be an address that strangers may reach, such as `0.0.0.0:9400` in a container whose network keeps \
             them away.",
        ),
    ],
};

pub(super) const LOG: Section = Section {
    name: "log",
    repeats: false,
    help: "What is written to standard error.",
    keys: &[
        key(
            "level",
            Kind::OneOf(&["error", "warn", "info", "debug", "trace"]),
            Some("info"),
            "The least important messages that are still written.",
        ),
        key(
            "format",
            Kind::OneOf(&["text", "json"]),
            Some("text"),
            "For people, or one JSON object per line.",
        ),
    ],
};
