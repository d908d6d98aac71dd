//! Every key of the configuration: its name, its kind, its default and what it is for.
//!
//! This table is the only list of keys. The file is read by it, environment variables are matched with it, and the
//! reference page, the JSON schema and the example file are written from it.

mod gateway;

use plex_oidc_core::time::Seconds;

/// One section of the file; the first one, without a name, is what stands before all sections.
#[derive(Debug)]
pub struct Section {
    /// Its dotted name, such as `plex.urls`.
    pub name: &'static str,
    /// Whether it may stand several times, as `[[name]]`.
    pub repeats: bool,
    /// What it is about.
    pub help: &'static str,
    /// Its keys, in the order of the documents.
    pub keys: &'static [Key],
}

/// One key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name inside its section.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// The value that holds without it, as text; lists with commas.
    pub default: Option<&'static str>,
    /// What it means.
    pub help: &'static str,
    /// A value to show in documents where the default is not telling.
    pub example: &'static str,
}

/// What a key takes.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A text; the words say which.
    Text(&'static str),
    /// A list of texts (one text stands for a list of one); the words say of which.
    Texts(&'static str),
    /// A path; relative ones start at the folder of the configuration file.
    Path,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A length of time.
    Length {
        /// The shortest.
        min: Seconds,
        /// The longest.
        max: Seconds,
    },
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of these words.
    SomeOf(&'static [&'static str]),
    /// A secret: as a variable only, never in the file.
    Secret,
}

const fn key(name: &'static str, kind: Kind, default: Option<&'static str>, help: &'static str) -> Key {
    Key { name, kind, default, help, example: "" }
}

const fn such_as(example: &'static str, key: Key) -> Key {
    Key { example, ..key }
}

const fn length(min: Seconds, max: Seconds) -> Kind {
    Kind::Length { min, max }
}

/// The longest life that any ID or access token can be given.
pub const LONGEST_TOKEN_LIFE: Seconds = Seconds::hours(24);

const TOKEN_LIFE: Kind = length(Seconds(60), LONGEST_TOKEN_LIFE);
const SHORT: Kind = length(Seconds(1), Seconds::minutes(5));
const SCOPES: Kind = Kind::SomeOf(&["openid", "profile", "email", "groups", "offline_access"]);
const METHODS: Kind = Kind::OneOf(&["client_secret_basic", "client_secret_post", "none"]);
const CLAIMS: Kind =
    Kind::SomeOf(&["preferred_username", "name", "email", "email_verified", "picture", "groups"]);

/// Every section, in the order of the documents.
pub const SECTIONS: &[Section] = &[
    Section {
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
                "The folder for the database. It is made if it does not exist.",
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
    },
    Section {
        name: "plex",
        repeats: false,
        help: "The Plex server whose people may sign in.",
        keys: &[
            such_as(
                "0123456789abcdef0123456789abcdef01234567",
                key(
                    "server",
                    Kind::Text("a machine identifier"),
                    None,
                    "The machine identifier of the Plex server, 40 hexadecimal digits. `plex-oidc init` finds it. For \
                     several servers write `[[plex.servers]]` instead.",
                ),
            ),
            such_as(
                "1234567",
                key(
                    "owner_id",
                    Kind::Number { min: 1, max: u64::MAX >> 1 },
                    None,
                    "The numeric id of the Plex account that owns the server. Machine identifiers are public, so a \
                     server counts only together with its owner. `plex-oidc init` finds it.",
                ),
            ),
            such_as(
                "plex-owner.token",
                key(
                    "owner_token_file",
                    Kind::Path,
                    None,
                    "The file with the owner's Plex token. Optional: with it, groups for single libraries exist.",
                ),
            ),
            key(
                "owner_token",
                Kind::Secret,
                None,
                "The owner's Plex token itself. As a variable only, for hosts without files.",
            ),
            key(
                "product",
                Kind::Text("a text"),
                Some("plex-oidc"),
                "The name under which this program appears on Plex's own page and in the list of devices.",
            ),
            such_as(
                "extra-ca.pem",
                key(
                    "extra_ca_file",
                    Kind::Path,
                    None,
                    "A file with further certificate authorities (PEM) to accept when talking to plex.tv.",
                ),
            ),
        ],
    },
    Section {
        name: "plex.servers",
        repeats: true,
        help: "One Plex server of several. Not together with `plex.server`.",
        keys: &[
            such_as(
                "0123456789abcdef0123456789abcdef01234567",
                key(
                    "machine_identifier",
                    Kind::Text("a machine identifier"),
                    None,
                    "The machine identifier of the server. Required.",
                ),
            ),
            such_as(
                "1234567",
                key(
                    "owner_id",
                    Kind::Number { min: 1, max: u64::MAX >> 1 },
                    None,
                    "The account that owns it. Without it `plex.owner_id` holds.",
                ),
            ),
            such_as("Living room", key("name", Kind::Text("a text"), None, "A name for people and logs.")),
        ],
    },
    Section {
        name: "plex.urls",
        repeats: false,
        help: "Where Plex is. Change this only to try the program out against a stand-in for plex.tv.",
        keys: &[
            key(
                "plex_tv",
                Kind::Text("an address"),
                Some("https://plex.tv"),
                "The API with accounts and sharing.",
            ),
            key(
                "clients",
                Kind::Text("an address"),
                Some("https://clients.plex.tv"),
                "The API with PINs and resources.",
            ),
            key(
                "app",
                Kind::Text("an address"),
                Some("https://app.plex.tv"),
                "The page on which people approve.",
            ),
        ],
    },
    Section {
        name: "rules",
        repeats: false,
        help: "House rules, for every application.",
        keys: &[
            key(
                "allow_managed",
                Kind::Flag,
                Some("false"),
                "Whether managed users of the Plex Home, who have no e-mail address, may sign in.",
            ),
            key(
                "require_confirmed_email",
                Kind::Flag,
                Some("true"),
                "Whether an account must have confirmed its e-mail address at Plex. The owner need not.",
            ),
            key(
                "membership_lifetime",
                length(Seconds::minutes(5), Seconds::days(30)),
                Some("1d"),
                "How long Plex's last clear answer about a person holds while no new one can be had.",
            ),
        ],
    },
    Section {
        name: "clients",
        repeats: true,
        help: "One application that signs people in here. `plex-oidc client add` writes this section.",
        keys: &[
            such_as(
                "cloudflare-access",
                key(
                    "id",
                    Kind::Text("an identifier"),
                    None,
                    "The client id that the application sends. Required.",
                ),
            ),
            such_as(
                "Cloudflare Access",
                key("name", Kind::Text("a text"), None, "Its name for people. Without it, the id."),
            ),
            key("enabled", Kind::Flag, Some("true"), "Whether it may be used at all."),
            key(
                "auth_method",
                METHODS,
                Some("client_secret_basic"),
                "How it proves itself at the token endpoint: its secret in a header, its secret in the form, or `none` \
                 for an application that cannot keep a secret.",
            ),
            such_as(
                "cloudflare-access.secret",
                key(
                    "secret_file",
                    Kind::Path,
                    None,
                    "The file with its secret, or with the secret's hash as `plex-oidc client add` writes it. Two \
                     lines are two secrets, both good, while one replaces the other. Required unless `auth_method` is \
                     `none`.",
                ),
            ),
            key(
                "secret",
                Kind::Secret,
                None,
                "The secret itself. As a variable only, for hosts without files.",
            ),
            such_as(
                "https://example.cloudflareaccess.com/cdn-cgi/access/callback",
                key(
                    "redirect_uris",
                    Kind::Texts("addresses"),
                    None,
                    "The addresses to which answers may go, each written out in full. Required.",
                ),
            ),
            key(
                "allow",
                Kind::Texts("groups, account ids or e-mail addresses"),
                Some("plex-owner, plex-home, plex-friend"),
                "Who may use it: groups (`plex-owner`, `plex-home`, `plex-friend`, `plex-managed`, \
                 `plex-library:<key>`), accounts (`plex-<account id>`) and confirmed e-mail addresses. An empty list \
                 means nobody.",
            ),
            key(
                "pkce_required",
                Kind::Flag,
                Some("true"),
                "Whether it must use PKCE. Switch this off only for an application that cannot.",
            ),
            key(
                "consent_required",
                Kind::Flag,
                Some("false"),
                "Whether each person is asked once before the application learns who they are.",
            ),
            key(
                "signing_algorithm",
                Kind::OneOf(&["RS256", "ES256", "EdDSA"]),
                Some("RS256"),
                "How its ID tokens are signed. Cloudflare Access and most others want RS256.",
            ),
            key(
                "scopes",
                SCOPES,
                Some("openid, profile, email, groups"),
                "The scopes that it can be granted.",
            ),
            such_as(
                "email, groups",
                key(
                    "id_token_claims",
                    CLAIMS,
                    Some(""),
                    "Claims that also go into the ID token, for applications that read nothing else.",
                ),
            ),
            such_as(
                "server",
                key(
                    "plex_token",
                    Kind::OneOf(&["account", "server"]),
                    None,
                    "Hands the person's Plex token to this application, as claim `plex_token`: the token of the whole \
                     account, or the one for the shared server. Off unless written.",
                ),
            ),
            such_as(
                "true",
                key(
                    "plex_token_sealed",
                    Kind::Flag,
                    Some("false"),
                    "Seals that claim: whoever reads it on the way learns nothing, and only this installation's check of \
                     Cloudflare Access opens it, for the application behind.",
                ),
            ),
            such_as(
                "true",
                key(
                    "rotate_refresh_tokens",
                    Kind::Flag,
                    None,
                    "Whether each use of a refresh token replaces it. Without it: yes for an application without a \
                     secret, no for others.",
                ),
            ),
            such_as(
                "10m",
                key(
                    "access_token_lifetime",
                    TOKEN_LIFE,
                    None,
                    "For this application, instead of `tokens.access`.",
                ),
            ),
            such_as(
                "10m",
                key("id_token_lifetime", TOKEN_LIFE, None, "For this application, instead of `tokens.id`."),
            ),
        ],
    },
    gateway::GATEWAY,
    gateway::APPS,
    gateway::APP_RULES,
    gateway::ACCESS_TEAMS,
    Section {
        name: "session",
        repeats: false,
        help: "The browser session with this program: while it lives, the next application needs no click.",
        keys: &[
            key(
                "absolute",
                length(Seconds::minutes(5), Seconds::days(365)),
                Some("30d"),
                "The longest life of a browser session.",
            ),
            key(
                "idle",
                length(Seconds::minutes(5), Seconds::days(365)),
                Some("7d"),
                "How long it lives without being used. At most `absolute`.",
            ),
        ],
    },
    Section {
        name: "tokens",
        repeats: false,
        help: "How long tokens live.",
        keys: &[
            key("access", TOKEN_LIFE, Some("10m"), "Access tokens."),
            key("id", TOKEN_LIFE, Some("10m"), "ID tokens."),
            key("code", length(Seconds(10), Seconds::minutes(10)), Some("1m"), "Authorization codes."),
            key(
                "refresh_idle",
                length(Seconds::minutes(5), Seconds::days(365)),
                Some("14d"),
                "Refresh tokens that are not used. At most `refresh_absolute`.",
            ),
            key(
                "refresh_absolute",
                length(Seconds::minutes(5), Seconds::days(365)),
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
    },
    Section {
        name: "limits",
        repeats: false,
        help: "What one address, and everybody together, may ask of this program.",
        keys: &[
            key(
                "sign_in_starts_per_address",
                Kind::Number { min: 1, max: 100_000 },
                Some("20"),
                "Sign-ins begun from one address, per minute.",
            ),
            key(
                "sign_in_starts_in_all",
                Kind::Number { min: 1, max: 1_000_000 },
                Some("300"),
                "Sign-ins begun by everybody together, per minute.",
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
    },
    Section {
        name: "keys",
        repeats: false,
        help: "The secret that seals signing keys and tokens in the database.",
        keys: &[key(
            "file",
            Kind::Path,
            Some("plex-oidc.key"),
            "The key file. `plex-oidc init` makes it. Keep a copy apart from the database: without it nothing that is \
             sealed can be read again.",
        )],
    },
    Section {
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
    },
    Section {
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
    },
];

/// The prefix of every variable that stands for a key.
pub const VARIABLE_PREFIX: &str = "PLEX_OIDC__";

/// The section of this dotted name.
pub fn section(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.name == name)
}

/// The dotted name of `name` inside `section`.
pub fn join(section: &str, name: &str) -> String {
    if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }
}

/// The last part of `name`, if it is directly inside the section `outer`.
pub fn child(outer: &str, name: &'static str) -> Option<&'static str> {
    let rest = if outer.is_empty() { name } else { name.strip_prefix(outer)?.strip_prefix('.')? };
    (!rest.is_empty() && !rest.contains('.')).then_some(rest)
}

/// The key at a path such as `clients.0.id`, and its section.
pub fn find(path: &str) -> Option<(&'static Section, &'static Key)> {
    let section = match path.rsplit_once('.') {
        Some((at, _)) => section_at(at)?,
        None => section("")?,
    };
    let name = path.rsplit('.').next()?;
    let key = section.keys.iter().find(|key| key.name == name)?;
    Some((section, key))
}

/// The section at a place such as `apps.0.rules.1`: each part is a section inside the one before it, and a number follows
/// where there are several.
pub fn section_at(at: &str) -> Option<&'static Section> {
    let mut name = String::new();
    let mut found = None;
    let mut parts = at.split('.');
    while let Some(part) = parts.next().filter(|part| !part.is_empty()) {
        name = join(&name, part);
        let inner = section(&name)?;
        if inner.repeats {
            parts.next().filter(|index| is_index(index))?;
        }
        found = Some(inner);
    }
    found.filter(|_| !at.ends_with('.') && !at.contains(".."))
}

/// Where the first section of this kind stands: `apps.0.rules.0`, `plex.urls`.
pub fn first_place(section: &Section) -> String {
    let mut place = String::new();
    let mut name = String::new();
    for part in section.name.split('.') {
        name = join(&name, part);
        place = join(&place, part);
        if self::section(&name).is_some_and(|section| section.repeats) {
            place.push_str(".0");
        }
    }
    place
}

/// Whether a section stands inside one that may stand several times.
pub fn is_in_a_list(section: &Section) -> bool {
    let outer = section.name.rsplit_once('.').and_then(|(outer, _)| self::section(outer));
    outer.is_some_and(|outer| outer.repeats)
}

/// Whether a part of a path counts the sections of a list: `0`, `1`, …, without a leading zero.
pub fn is_index(part: &str) -> bool {
    part.parse::<u16>().is_ok_and(|number| number.to_string() == part)
}

/// The variable that stands for the key at `path`.
pub fn variable(path: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", path.to_ascii_uppercase().replace('.', "__"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::problem::Place;
    use crate::config::reader;
    use crate::config::value;

    fn keys() -> impl Iterator<Item = (&'static Section, &'static Key)> {
        SECTIONS.iter().flat_map(|section| section.keys.iter().map(move |key| (section, key)))
    }

    #[test]
    fn every_default_and_example_fits_its_kind() {
        let place = Place::File { file: String::new() };
        for (section, key) in keys() {
            for text in [key.default.unwrap_or(""), key.example].into_iter().filter(|text| !text.is_empty()) {
                let read = value::from_text(key.kind, text, &place);
                assert!(read.is_ok(), "{}.{}: {text}", section.name, key.name);
            }
            let shown = key.default.is_some_and(|text| !text.is_empty()) || !key.example.is_empty();
            assert!(
                shown || matches!(key.kind, Kind::Secret),
                "{}.{} has nothing to show",
                section.name,
                key.name
            );
        }
    }

    #[test]
    fn every_path_has_one_variable_and_leads_back_to_its_key() {
        for (section, key) in keys() {
            let path = join(&first_place(section), key.name);
            let (found, same) = find(&path).unwrap();
            assert_eq!((found.name, same.name), (section.name, key.name));
            assert_eq!(reader::default(&path).is_some(), key.default.is_some(), "{path}");
        }
        assert_eq!(variable("clients.0.redirect_uris"), "PLEX_OIDC__CLIENTS__0__REDIRECT_URIS");
        assert_eq!(variable("apps.0.rules.10.bypass"), "PLEX_OIDC__APPS__0__RULES__10__BYPASS");
        for wrong in [
            "clients.id",
            "clients.00.id",
            "clients.0",
            "session.0.idle",
            "plex.0.urls.app",
            "apps.rules.0.bypass",
            "apps.0.rules.bypass",
            "apps.0.0.rules.0.bypass",
            "apps.0.rules.0",
            "",
            ".",
            ".listen",
            "session..idle",
            ".session.idle",
        ] {
            assert!(find(wrong).is_none(), "{wrong}");
        }
    }
}
