//! From key-by-key values to a [`Config`]: what values mean, and whether they fit together.

use std::net::SocketAddr;
use std::path::Path;
use std::str::FromStr;

use ipnet::IpNet;
use plex_oidc_core::id::{MachineId, PlexAccountId};
use plex_oidc_core::issuer::Issuer;
use plex_oidc_core::time::Seconds;
use secrecy::SecretString;
use url::Url;

use super::people::{self, KnownGroups};
use super::problem::Problem;
use super::raw::Document;
use super::reader::{Defaults, Reader, without_user};
use super::{
    Config, Limits, LogConfig, LogFormat, PlexConfig, PlexServer, PlexUrls, SessionLimits, ThemeConfig,
    TokenLives, access, clients, gateway, groups, icons, local, mail, notices, outbound, plex, rules, schema,
    secrets,
};

/// Builds the configuration. `None`, and at least one problem more, if something that it cannot do without is wrong.
pub(super) fn build(
    document: &Document,
    folder: &Path,
    problems: &mut Vec<Problem>,
    warnings: &mut Vec<Problem>,
) -> Option<Config> {
    let defaults = Defaults::new();
    let mut reader = Reader { document, folder, problems, warnings, defaults: &defaults, groups: None };
    let public_url = reader.public_url();
    let listen = reader.listen();
    let trusted_proxies = reader.trusted_proxies();
    reader.advise_on_proxies(public_url.as_ref(), &listen, &trusted_proxies);
    let local = local::build(&mut reader);
    let plex = if local.enabled && !reader.speaks_of_plex() { Some(None) } else { reader.plex().map(Some) };
    let has_token = reader.is_set("plex.owner_token") || reader.is_set("plex.owner_token_file");
    let own_groups = groups::names(&mut reader, &local);
    reader.groups = plex.as_ref().map(|plex| {
        let servers = plex.as_ref().map(|plex| plex.servers.as_slice()).unwrap_or_default();
        KnownGroups::new(servers, has_token, &local, own_groups.clone())
    });
    let tokens = reader.tokens();
    let mut gateway = gateway::build(&mut reader, public_url.as_ref());
    let access = access::build(&mut reader, &gateway);
    gateway.names.of_programs = access.program_names().map(str::to_owned).collect();
    let config = Config {
        listen,
        data_dir: reader.path("data_dir")?,
        trusted_proxies,
        rules: rules::build(&mut reader, plex.as_ref().and_then(Option::as_ref)),
        groups: groups::build(&mut reader, &own_groups),
        hosts: people::read(&mut reader, "admin.allow"),
        events_kept: Seconds::days(reader.sized("admin.audit_days")),
        webhook: notices::webhook(&mut reader),
        mail: mail::build(&mut reader),
        metrics: notices::metrics(&mut reader),
        clients: clients::build(&mut reader, &tokens),
        access,
        gateway,
        outbound: outbound::build(&mut reader),
        session: reader.session(),
        tokens,
        limits: reader.limits(),
        key_file: reader.path("keys.file")?,
        recheck_every: reader.length("plex.recheck_every"),
        rotate_keys_every: reader.rotate_keys_every(),
        theme: reader.theme(),
        icons: icons::build(&mut reader),
        log: reader.log(),
        plex: plex?,
        local,
        public_url: public_url?,
    };
    local::warn_of_nowhere(&mut reader, &config);
    Some(config)
}

impl Reader<'_> {
    fn public_url(&mut self) -> Option<Issuer> {
        let remedy = "Write the address of this program, such as public_url = \"https://auth.example.com\".";
        let text = self.needed_text("public_url", remedy)?;
        match Issuer::parse(&text.value) {
            Ok(issuer) => {
                if !issuer.is_https() {
                    let remedy = "Fine for trying out on this machine. Others need an https address.";
                    self.warn(text.place, "public_url", "is plain http", remedy);
                }
                Some(issuer)
            }
            Err(error) => {
                let remedy =
                    "Write the address as browsers show it: public_url = \"https://auth.example.com\".";
                self.refuse(
                    text.place,
                    "public_url",
                    format!("`{}` {error}", without_user(&text.value)),
                    remedy,
                );
                None
            }
        }
    }

    fn listen(&mut self) -> Vec<SocketAddr> {
        if self.is_set("listen") && self.texts("listen").is_empty() {
            let remedy = "Write an address and a port, or remove the key: it then is 127.0.0.1:8400.";
            self.refuse(self.place("listen"), "listen", "is empty, so nobody could connect", remedy);
        }
        self.each("listen", |text| {
            SocketAddr::from_str(text).map_err(|_| {
                let remedy = "Write the numbers of an address and a port: \"127.0.0.1:8400\", \"0.0.0.0:8400\" for all \
                              of IPv4, \"[::]:8400\" for all of IPv6.";
                (format!("`{text}` is not an address with a port"), remedy.to_owned())
            })
        })
    }

    fn trusted_proxies(&mut self) -> Vec<IpNet> {
        self.each("trusted_proxies", |text| {
            let network = text
                .parse::<IpNet>()
                .ok()
                .or_else(|| Some(IpNet::from(text.parse::<std::net::IpAddr>().ok()?)));
            let Some(network) = network else {
                let remedy = "Write an address such as \"10.0.0.2\" or a network such as \"172.16.0.0/12\".";
                return Err((format!("`{text}` is not a network"), remedy.to_owned()));
            };
            if network.prefix_len() == 0 {
                let remedy = "Name the network that the proxy is in, such as \"172.16.0.0/12\" for Docker.";
                return Err((
                    format!("`{text}` would believe everybody about who they are"),
                    remedy.to_owned(),
                ));
            }
            Ok(network.trunc())
        })
    }

    fn advise_on_proxies(&mut self, issuer: Option<&Issuer>, listen: &[SocketAddr], trusted: &[IpNet]) {
        // With applications behind the gateway, what is said of those says this too.
        let behind_proxy = issuer.is_some_and(Issuer::is_https) && self.document.count("apps") == 0;
        if behind_proxy && trusted.is_empty() && !listen.iter().all(|address| address.ip().is_loopback()) {
            let wrong = "is empty, so everybody seems to come from the proxy and shares its limits";
            let remedy =
                "Write the network of the proxy or tunnel in front: trusted_proxies = [\"172.16.0.0/12\"].";
            self.warn(self.place("listen"), "trusted_proxies", wrong, remedy);
        }
    }

    /// Whether anything at all is said of Plex.
    fn speaks_of_plex(&self) -> bool {
        let about = |path: &String| path == "plex" || path.starts_with("plex.");
        let Document { values, sections, broken, .. } = self.document;
        values.sections().any(about) || sections.keys().any(about) || broken.iter().any(about)
    }

    fn plex(&mut self) -> Option<PlexConfig> {
        let owner_token = self.owner_token();
        let servers = self.servers(owner_token.is_some());
        let urls = PlexUrls {
            plex_tv: self.base("plex.urls.plex_tv"),
            clients: self.base("plex.urls.clients"),
            app: self.base("plex.urls.app"),
        };
        let extra_ca_file = self.existing("plex.extra_ca_file", Path::is_file, "file");
        let product = self.short_text("plex.product", 64)?;
        Some(PlexConfig {
            servers,
            owner_token_file: self.path("plex.owner_token_file"),
            own_tokens: plex::own_tokens(self, owner_token.is_some()),
            requests_per_hour: self.sized("plex.requests_per_hour"),
            owner_token,
            product,
            urls,
            extra_ca_file,
        })
    }

    fn owner_token(&mut self) -> Option<SecretString> {
        let secret = self.secret("plex.owner_token")?;
        let token = secrets::lines(&secret.value).next().unwrap_or("");
        if token.len() < 8 || !token.bytes().all(|b| b.is_ascii_graphic()) {
            let remedy = "Run `plex-oidc owner-token renew`, which fetches one, or remove the key.";
            self.refuse(secret.place, "plex.owner_token", "there is no Plex token in it", remedy);
            return None;
        }
        Some(SecretString::from(token))
    }

    fn servers(&mut self, has_token: bool) -> Vec<PlexServer> {
        let count = self.document.count("plex.servers");
        let mut servers: Vec<PlexServer> = Vec::new();
        if self.is_set("plex.server") {
            if count > 0 {
                let remedy = "Keep `plex.server` for one server, or `[[plex.servers]]` for several.";
                self.refuse(
                    self.place("plex.server"),
                    "plex.server",
                    "there is also `[[plex.servers]]`",
                    remedy,
                );
            }
            servers.extend(self.server("plex.server", "plex.owner_id", None, has_token));
        } else if count == 0 {
            let remedy = "Run `plex-oidc init` in an empty folder, which lists your servers, or write below [plex]: server = \
                          \"<machine identifier>\".";
            self.missing("plex.server", remedy);
        }
        for index in 0..count {
            let at = format!("plex.servers.{index}");
            let own = format!("{at}.owner_id");
            let owner_key = if self.is_set(&own) { own.as_str() } else { "plex.owner_id" };
            let machine_key = format!("{at}.machine_identifier");
            let name = self.word(&format!("{at}.name")).map(str::to_owned);
            let Some(server) = self.server(&machine_key, owner_key, name, has_token) else { continue };
            if servers.iter().any(|other| other.machine == server.machine) {
                let remedy = "Remove one of the two.";
                self.refuse(self.place(&machine_key), &machine_key, "this server is listed twice", remedy);
                continue;
            }
            servers.push(server);
        }
        people::name_servers(self, &mut servers);
        servers
    }

    fn server(
        &mut self,
        machine_key: &str,
        owner_key: &str,
        name: Option<String>,
        has_token: bool,
    ) -> Option<PlexServer> {
        let find = "It is 40 hexadecimal digits. `plex-oidc init` finds it; it is also the machineIdentifier that your \
                    server shows at http://<server>:32400/identity.";
        let text = self.needed_text(machine_key, find)?;
        let machine = MachineId::parse(&text.value);
        if machine.is_none() {
            let wrong = format!("`{}` is not a machine identifier", text.value);
            self.refuse(text.place, machine_key, wrong, find);
        }
        let owner = self.number(owner_key).map(PlexAccountId);
        if owner.is_none() && !has_token {
            let remedy = "Write the numeric id of the Plex account that owns the server; `plex-oidc init` finds it. \
                          Machine identifiers are public, so a server counts only together with its owner.";
            self.missing(owner_key, remedy);
        }
        Some(PlexServer { machine: machine?, owner, name, group_name: None })
    }

    /// A base address of Plex or of its stand-in.
    fn base(&mut self, path: &str) -> String {
        let Some(text) = self.text(path) else { return String::new() };
        let address = text.value.trim_end_matches('/').to_owned();
        let url = Url::parse(&address).ok();
        let safe = url.as_ref().is_some_and(|url| match url.scheme() {
            "https" => url.has_host(),
            "http" => url.host().is_some_and(|host| plex_oidc_core::issuer::is_loopback(&host)),
            _ => false,
        });
        let plain = url.is_some_and(|url| {
            url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none()
        });
        if !(safe && plain) {
            let wrong = format!(
                "`{}` is not an address that people's Plex tokens can be sent to",
                without_user(&text.value)
            );
            let remedy = "Write an https address, or http on this machine; or remove the key.";
            self.refuse(text.place, path, wrong, remedy);
        } else if schema::find(path).is_some_and(|(_, key)| key.default != Some(address.as_str())) {
            let wrong = format!("people are sent to {address} instead of Plex");
            self.warn(text.place, path, wrong, "Right for trying out only. Remove `[plex.urls]` otherwise.");
        }
        address
    }

    fn session(&mut self) -> SessionLimits {
        self.ordered("session.idle", "session.absolute");
        SessionLimits { absolute: self.length("session.absolute"), idle: self.length("session.idle") }
    }

    fn tokens(&mut self) -> TokenLives {
        self.ordered("tokens.refresh_idle", "tokens.refresh_absolute");
        TokenLives {
            access: self.length("tokens.access"),
            id: self.length("tokens.id"),
            code: self.length("tokens.code"),
            refresh_idle: self.length("tokens.refresh_idle"),
            refresh_absolute: self.length("tokens.refresh_absolute"),
            refresh_grace: self.length("tokens.refresh_grace"),
        }
    }

    fn rotate_keys_every(&mut self) -> Option<Seconds> {
        let (key, every) = ("keys.rotate_every", self.length("keys.rotate_every"));
        if (Seconds(1)..Seconds::days(1)).contains(&every) {
            let wrong = "leaves applications too little time to see the next keys";
            self.refuse(self.place(key), key, wrong, "Write at least \"1d\", or \"0s\" for never.");
        }
        (every > Seconds(0)).then_some(every)
    }

    fn limits(&self) -> Limits {
        Limits {
            sign_in_starts_per_address: self.sized("limits.sign_in_starts_per_address"),
            sign_in_starts_in_all: self.sized("limits.sign_in_starts_in_all"),
            passwords_at_once: self.sized("limits.passwords_at_once"),
            codes_per_session: self.sized("limits.codes_per_session"),
            connections: self.sized("limits.connections"),
            header_bytes: self.sized("limits.header_bytes"),
            body_bytes: self.sized("limits.body_bytes"),
            header_timeout: self.length("limits.header_timeout"),
            request_timeout: self.length("limits.request_timeout"),
        }
    }

    fn theme(&mut self) -> ThemeConfig {
        let image = "Write an https address, or a path that begins with /.";
        let colour = "Write a colour as \"#rrggbb\".";
        let either = "Write a colour as \"#rrggbb\", an https address, or a path that begins with /.";
        ThemeConfig {
            title: self.short_text("theme.title", 80).unwrap_or_default(),
            logo: self.shaped("theme.logo", is_image_address, image),
            accent: self.shaped("theme.accent", is_colour, colour).unwrap_or_default(),
            background: self.shaped(
                "theme.background",
                |text| is_colour(text) || is_image_address(text),
                either,
            ),
            language: self.word("theme.language").unwrap_or_default().to_owned(),
            override_dir: self.existing("theme.override_dir", Path::is_dir, "folder"),
        }
    }

    fn log(&self) -> LogConfig {
        LogConfig {
            level: self
                .word("log.level")
                .and_then(|level| level.parse().ok())
                .unwrap_or(tracing::Level::INFO),
            format: if self.word("log.format") == Some("json") { LogFormat::Json } else { LogFormat::Text },
        }
    }
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|digits| matches!(digits.len(), 3 | 6) && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_image_address(text: &str) -> bool {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'\\' | b'<' | b'>' | b'(' | b')'));
    let foreign = text.starts_with("https://") && Url::parse(text).is_ok_and(|url| url.has_host());
    plain && (foreign || (text.starts_with('/') && !text.starts_with("//")))
}
