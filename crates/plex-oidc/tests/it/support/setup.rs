//! The configuration of a house, as TOML text that the program reads.

use std::path::Path;

use plex_oidc::config::{self, Config};
use plex_oidc::upstream::local::{Password, PasswordHash};
use plextv_emulator::{Emulator, MAIN_SERVER, OWNER_ID};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table};

use super::data::write_private;
use super::house::House;

/// Our base URL.
pub(crate) const ISSUER: &str = "https://auth.example.com";
/// The name that people see on the Plex page.
pub(crate) const PRODUCT: &str = "Attic sign-in";

/// The secret of a confidential application.
pub(crate) fn secret_of(client: &str) -> String {
    format!("{client}-secret-0123456789-abcdefghijklmnopqrstuvwxyz")
}

const ALL_SCOPES: &str = r#"scopes = ["openid", "profile", "email", "groups", "offline_access"]"#;

/// Changes to the usual configuration, then [`Setup::start`].
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    document: DocumentMut,
    with_owner_token: bool,
    files: Vec<(String, String)>,
    apps: String,
    plex_at: Option<String>,
}

impl Default for Setup {
    fn default() -> Self {
        let base = format!(
            "public_url = \"{ISSUER}\"\ndata_dir = \".\"\n\
             [plex]\nproduct = \"{PRODUCT}\"\n\
             [[plex.servers]]\nmachine_identifier = \"{MAIN_SERVER}\"\nowner_id = {OWNER_ID}\nname = \"Attic\"\n\
             [limits]\nsign_in_starts_per_address = 1000\nsign_in_starts_in_all = 100000\n\
             codes_per_session = 1000\n"
        );
        let setup = Self {
            document: parse(&base),
            with_owner_token: false,
            files: Vec::new(),
            apps: String::new(),
            plex_at: None,
        };
        setup
            .client("photos", "name = \"Photos\"")
            .client("wiki", "name = \"Wiki\"\nauth_method = \"client_secret_post\"")
            .client(
                "tv",
                "name = \"TV\"\nauth_method = \"none\"\nredirect_uris = [\"https://tv.example.org/callback\", \
                 \"http://127.0.0.1/callback\", \"com.example.tv:/callback\"]",
            )
            .client("legacy", "name = \"Legacy\"\npkce_required = false")
    }
}

impl Setup {
    /// Sets keys of a section, `""` for the top of the file: `.set("rules", "allow_managed = true")`.
    pub(crate) fn set(mut self, section: &str, lines: &str) -> Self {
        let mut table: &mut Table = self.document.as_table_mut();
        for part in section.split('.').filter(|part| !part.is_empty()) {
            let inner = table.entry(part).or_insert_with(|| Item::Table(Table::new()));
            table = inner.as_table_mut().expect("a section that stands once");
        }
        merge(table, lines);
        self
    }

    /// Sets keys of an application, which is added if it is not there yet.
    pub(crate) fn client(mut self, id: &str, lines: &str) -> Self {
        let clients =
            self.document.entry("clients").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        let clients = clients.as_array_of_tables_mut().expect("a list of sections");
        let is_it = |table: &Table| table.get("id").and_then(Item::as_str) == Some(id);
        if !clients.iter().any(is_it) {
            let mut table = Table::new();
            let usual = format!(
                "id = \"{id}\"\nredirect_uris = [\"https://{id}.example.org/callback\"]\n{ALL_SCOPES}"
            );
            merge(&mut table, &usual);
            clients.push(table);
        }
        let table = clients.iter_mut().find(|table| is_it(table)).expect("just added");
        merge(table, lines);
        let without_secret = ["none", "private_key_jwt"];
        let auth_method = table.get("auth_method").and_then(Item::as_str).unwrap_or_default().to_owned();
        let grant_types = table.get("grant_types").and_then(Item::as_str);
        if grant_types.is_some_and(|one| matches!(one, "client_credentials" | "device_code")) {
            table.remove("redirect_uris"); // for machines, or devices, only
        }
        if without_secret.contains(&&*auth_method) {
            table.remove("secret_file");
        } else if !table.contains_key("secret_file") {
            merge(table, &format!("secret_file = \"{id}.secret\""));
        }
        self
    }

    /// Adds an application behind the gateway: lines of `[[apps]]`, perhaps with `[[apps.rules]]`.
    pub(crate) fn app(mut self, lines: &str) -> Self {
        self.apps = format!("{}\n[[apps]]\n{lines}\n", self.apps);
        self
    }

    /// Lets people sign in with a password, and declares a local account: more lines of `[[users]]`, and its password.
    pub(crate) fn user(mut self, id: u64, name: &str, password: &str, lines: &str) -> Self {
        let hash = PasswordHash::of(&Password::parse(password).expect("a password"), [7; 16]).to_text();
        let file = format!("{name}.hash");
        self.apps = format!(
            "{}\n[[users]]\nid = {id}\nusername = \"{name}\"\npassword_hash_file = \"{file}\"\n{lines}\n",
            self.apps
        );
        self.file(&file, &hash).set("local", "enabled = true")
    }

    /// Adds a group of the host's own: lines of `[[groups]]`.
    pub(crate) fn group(mut self, lines: &str) -> Self {
        self.apps = format!("{}\n[[groups]]\n{lines}\n", self.apps);
        self
    }

    /// Takes Plex out.
    pub(crate) fn without_plex(mut self) -> Self {
        self.document.remove("plex");
        self
    }

    /// Takes every application behind the gateway out.
    pub(crate) fn without_apps(mut self) -> Self {
        self.apps.clear();
        self
    }

    /// Takes an application out.
    pub(crate) fn without_client(mut self, id: &str) -> Self {
        if let Some(clients) = self.document["clients"].as_array_of_tables_mut() {
            clients.retain(|table| table.get("id").and_then(Item::as_str) != Some(id));
        }
        self
    }

    /// Accepts the people of one more Plex server.
    pub(crate) fn second_server(mut self, machine: &str, owner: u64) -> Self {
        let servers = self.document["plex"]["servers"].as_array_of_tables_mut().expect("a list of sections");
        let mut table = Table::new();
        merge(&mut table, &format!("machine_identifier = \"{machine}\"\nowner_id = {owner}"));
        servers.push(table);
        self
    }

    /// Gives the program the owner's Plex token.
    pub(crate) fn with_owner_token(mut self) -> Self {
        self.with_owner_token = true;
        self.set("plex", "owner_token_file = \"owner.token\"")
    }

    /// Looks for plex.tv at another address than the emulator's; `None` is the emulator's again.
    pub(crate) fn plex_at(mut self, base: Option<&str>) -> Self {
        self.plex_at = base.map(str::to_owned);
        self
    }

    /// Writes one more file beside the configuration, or another text into one of the usual files.
    pub(crate) fn file(mut self, name: &str, text: &str) -> Self {
        self.files.push((name.to_owned(), text.to_owned()));
        self
    }

    /// Starts the program.
    pub(crate) async fn start(self) -> House {
        House::start(self).await
    }

    /// The file, read as the program reads it. Writes the files that it names.
    pub(super) fn load(&self, folder: &Path, emulator: &Emulator) -> Config {
        let [plex_tv, clients, app] = match &self.plex_at {
            None => [emulator.plex_tv_url(), emulator.clients_url(), emulator.app_url()].map(str::to_owned),
            Some(base) => ["plex.tv", "clients.plex.tv", "app.plex.tv"].map(|host| format!("{base}/{host}")),
        };
        let urls = format!("plex_tv = \"{plex_tv}\"\nclients = \"{clients}\"\napp = \"{app}\"");
        let document = if self.document.contains_key("plex") {
            self.clone().set("plex.urls", &urls).document
        } else {
            self.document.clone()
        };
        let text = format!("{document}{}", self.apps);
        if self.with_owner_token {
            write_private(&folder.join("owner.token"), emulator.world().token_for("owner").as_bytes());
        }
        let clients = self.document["clients"].as_array_of_tables().into_iter().flatten();
        for id in clients.filter_map(|table| table.get("id").and_then(Item::as_str)) {
            write_private(&folder.join(format!("{id}.secret")), secret_of(id).as_bytes());
        }
        for (name, text) in &self.files {
            write_private(&folder.join(name), text.as_bytes());
        }
        write_private(&folder.join("plex-oidc.toml"), text.as_bytes());
        let loaded = config::parse("plex-oidc.toml", &text, folder, &std::collections::BTreeMap::new());
        loaded.unwrap_or_else(|problems| panic!("{problems}\n{text}")).config
    }
}

fn merge(table: &mut Table, lines: &str) {
    for (key, value) in parse(lines).iter() {
        table.insert(key, value.clone());
    }
}

fn parse(text: &str) -> DocumentMut {
    text.parse().unwrap_or_else(|error| panic!("{error} in {text}"))
}
