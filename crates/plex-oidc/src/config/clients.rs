//! The applications of the configuration, checked into [`Client`]s.

use std::collections::BTreeMap;

use plex_oidc_core::client::{
    Client, ClientAuthMethod, ExtraClaim, PlexTokenClaim, SigningAlgorithm, SubjectType,
};
use plex_oidc_core::decide::AllowRule;
use plex_oidc_core::id::ClientId;
use plex_oidc_core::redirect::RedirectUri;
use plex_oidc_core::resource::{self, ResourceSet};
use plex_oidc_core::scope::{Scope, ScopeSet};
use plex_oidc_core::secret::SecretHash;

use super::client_grants::{self, Way};
use super::reader::{Reader, without_user};
use super::{TokenLives, client_addresses, client_keys, people, schema, secrets};

/// How the ids of our own clients begin: those of the gateway, one for each application behind it, and of our pages.
const RESERVED: [(&str, &str); 2] = [("app:", "the ids of [[apps]]"), ("own:", "the ids of our own pages")];

/// Builds every client that can be built; what is wrong with the others is said to `reader`.
pub(super) fn build(reader: &mut Reader<'_>, tokens: &TokenLives) -> Vec<Client> {
    let count = reader.document.count("clients");
    let none = count == 0 && reader.document.count("apps") == 0;
    if none && !reader.document.broken.contains("clients") {
        let remedy = "Add the application that people sign in to: plex-oidc client add.";
        reader.warn(reader.place("clients"), "clients", "there is no application yet", remedy);
    }
    let mut seen: BTreeMap<ClientId, usize> = BTreeMap::new();
    let mut clients = Vec::new();
    for index in 0..count {
        let at = format!("clients.{index}");
        let Some(client) = one(reader, &at, tokens) else { continue };
        if let Some(first) = seen.insert(client.id.clone(), index) {
            let key = schema::join(&at, "id");
            let wrong = format!("`{}` is already the id of {}", client.id, place_of_id(reader, first));
            reader.refuse(reader.place(&key), &key, wrong, "Give each application an id of its own.");
        }
        clients.push(client);
    }
    check_introspects(reader, count, &clients);
    clients
}

fn place_of_id(reader: &Reader<'_>, index: usize) -> String {
    format!("the application at {}", reader.place(&format!("clients.{index}.id")))
}

fn one(reader: &mut Reader<'_>, at: &str, tokens: &TokenLives) -> Option<Client> {
    let key = |name: &str| schema::join(at, name);
    let id = id(reader, at);
    let name = reader.short_text(&key("name"), 80);
    let auth_method = auth_method(reader, &key("auth_method"));
    let public = auth_method == ClientAuthMethod::None;
    let secrets = client_secrets(reader, at, auth_method);
    let keys = client_keys::read(reader, at, auth_method == ClientAuthMethod::PrivateKeyJwt);
    let grant_types = client_grants::read(reader, at, public);
    let way = Way::of(&grant_types);
    let redirect_uris = client_addresses::redirect_uris(reader, &key("redirect_uris"), way == Way::Browser);
    let post_logout_redirect_uris =
        client_addresses::post_logout_redirect_uris(reader, &key("post_logout_redirect_uris"));
    let backchannel_logout_uri = client_addresses::backchannel_logout_uri(reader, at, public);
    let allow = allow(reader, &key("allow"));
    let pkce_required = pkce(reader, &key("pkce_required"), public);
    let rotate_refresh_tokens = rotation(reader, &key("rotate_refresh_tokens"), public);
    let scopes = scopes(reader, &key("scopes"), way != Way::Nobody);
    let plex_token_sealed = plex_token_sealed(reader, at);
    let plex_token = plex_token(reader, &key("plex_token"), plex_token_sealed);
    let life =
        |name: &str, otherwise| if reader.is_set(&key(name)) { reader.length(&key(name)) } else { otherwise };
    let access_token_lifetime = life("access_token_lifetime", tokens.access);
    let id_token_lifetime = life("id_token_lifetime", tokens.id);
    let subject_type = subject_type(reader, at, &redirect_uris, way);
    let claims = reader.texts(&key("id_token_claims"));
    let claims =
        ExtraClaim::ALL.into_iter().filter(|claim| claims.iter().any(|text| text.value == claim.as_str()));
    let id = id?;
    Some(Client {
        name: name.unwrap_or_else(|| id.to_string()),
        id,
        enabled: reader.flag(&key("enabled")),
        auth_method,
        secrets,
        keys,
        grant_types,
        redirect_uris,
        post_logout_redirect_uris,
        backchannel_logout_uri,
        allow,
        needs_known: Vec::new(),
        new_browsers: people::new_browsers(reader, &key("new_browsers")),
        pkce_required,
        consent_required: reader.flag(&key("consent_required")),
        signing_algorithm: algorithm(reader, &key("signing_algorithm")).unwrap_or(SigningAlgorithm::Rs256),
        scopes,
        pushed_requests_required: reader.flag(&key("require_pushed_authorization_requests")),
        subject_type,
        userinfo_algorithm: algorithm(reader, &key("userinfo_signed_response_alg")),
        id_token_claims: claims.collect(),
        plex_token,
        plex_token_sealed,
        resources: resources(reader, &key("resources")),
        introspects: introspects(reader, &key("introspects")),
        rotate_refresh_tokens,
        access_token_lifetime,
        id_token_lifetime,
    })
}

fn id(reader: &mut Reader<'_>, at: &str) -> Option<ClientId> {
    let key = schema::join(at, "id");
    let text =
        reader.needed_text(&key, "Write the client id that the application sends: id = \"immich\".")?;
    let id = ClientId::parse(&text.value).filter(|id| !id.as_str().contains(' '));
    if id.is_none() {
        let wrong = format!("`{}` cannot be a client id", text.value.escape_debug());
        let remedy = "Write at most 255 letters, digits and signs such as - _ and ., without spaces.";
        reader.refuse(text.place, &key, wrong, remedy);
    } else if let Some((prefix, whose)) = RESERVED.iter().find(|(prefix, _)| text.value.starts_with(prefix)) {
        let wrong = format!("`{}` begins as {whose} do", text.value);
        reader.refuse(text.place, &key, wrong, format!("Write an id that does not begin with `{prefix}`."));
    }
    id
}

fn auth_method(reader: &Reader<'_>, key: &str) -> ClientAuthMethod {
    match reader.word(key) {
        Some("client_secret_post") => ClientAuthMethod::ClientSecretPost,
        Some("private_key_jwt") => ClientAuthMethod::PrivateKeyJwt,
        Some("none") => ClientAuthMethod::None,
        _ => ClientAuthMethod::ClientSecretBasic,
    }
}

fn client_secrets(reader: &mut Reader<'_>, at: &str, auth_method: ClientAuthMethod) -> Vec<SecretHash> {
    let (key, file_key) = (schema::join(at, "secret"), schema::join(at, "secret_file"));
    let no_secret = match auth_method {
        ClientAuthMethod::ClientSecretBasic | ClientAuthMethod::ClientSecretPost => None,
        ClientAuthMethod::PrivateKeyJwt => Some((
            "`auth_method` is `private_key_jwt`, and there is a secret",
            "Remove the secret: the application signs instead.",
        )),
        ClientAuthMethod::None => Some((
            "`auth_method` is `none`, and there is a secret",
            "Remove the secret if the application cannot keep one; else remove auth_method.",
        )),
    };
    if let Some((wrong, remedy)) = no_secret {
        if reader.is_set(&key) || reader.is_set(&file_key) {
            let set = if reader.is_set(&file_key) { file_key } else { key };
            reader.refuse(reader.place(&set), &set, wrong, remedy);
        }
        return Vec::new();
    }
    if !reader.is_set(&key) && !reader.is_set(&file_key) {
        let remedy = "Put its secret into a file of its own (openssl rand -hex 32 makes one) and write secret_file = \
                      \"<that file>\"; or auth_method = \"none\" if the application cannot keep a secret.";
        if !reader.document.broken.contains(&key) {
            reader.missing(&file_key, remedy);
        }
        return Vec::new();
    }
    let Some(text) = reader.secret(&key) else { return Vec::new() };
    let key = if reader.is_set(&file_key) { &file_key } else { &key };
    let lines: Vec<&str> = secrets::lines(&text.value).collect();
    if !(1..=2).contains(&lines.len()) {
        let wrong = format!("there are {} secrets in it", lines.len());
        reader.refuse(
            text.place,
            key,
            wrong,
            "One line is one secret. A second may stand there while it rotates.",
        );
        return Vec::new();
    }
    let mut hashes = Vec::new();
    for line in lines {
        match secrets::client_secret(line) {
            Ok(hash) => hashes.push(hash),
            Err((wrong, remedy)) => reader.refuse(text.place.clone(), key, wrong, remedy),
        }
    }
    hashes
}

fn resources(reader: &mut Reader<'_>, key: &str) -> ResourceSet {
    let resources = reader.each(key, |text| {
        resource::register(text).map_err(|error| {
            let remedy = "Write the address by which the API is known: \"https://api.example.com\".";
            (format!("`{}` {error}", without_user(text)), remedy.to_owned())
        })
    });
    resources.into_iter().collect()
}

fn introspects(reader: &mut Reader<'_>, key: &str) -> Vec<ClientId> {
    reader.each(key, |text| ClientId::parse(text).ok_or_else(|| no_such_client(text)))
}

/// Whom the applications may ask about must be there: a name with a slip in it would be a refusal that nobody understands.
fn check_introspects(reader: &mut Reader<'_>, count: usize, clients: &[Client]) {
    for key in (0..count).map(|index| format!("clients.{index}.introspects")) {
        for text in reader.texts(&key).iter().filter(|text| ClientId::parse(&text.value).is_some()) {
            let named = clients.iter().find(|client| client.id.as_str() == text.value);
            let (wrong, remedy) = match named {
                None => no_such_client(&text.value),
                // Whoever is shown a token can take it to UserInfo.
                Some(named) if named.plex_token.is_some() && !named.plex_token_sealed => (
                    format!("`{}` is handed Plex tokens, and this application could fetch them", named.id),
                    "Remove it here, or its `plex_token`, or write plex_token_sealed = true there."
                        .to_owned(),
                ),
                Some(_) => continue,
            };
            reader.refuse(text.place.clone(), &key, wrong, remedy);
        }
    }
}

fn no_such_client(text: &str) -> (String, String) {
    let wrong = format!("there is no application `{}`", text.escape_debug());
    (wrong, "Write the id of an entry in [[clients]].".to_owned())
}

fn allow(reader: &mut Reader<'_>, key: &str) -> Vec<AllowRule> {
    let rules = people::read(reader, key);
    people::warn_of_nobody(reader, key);
    rules
}

fn pkce(reader: &mut Reader<'_>, key: &str, public: bool) -> bool {
    let required = reader.flag(key);
    if public && !required {
        let wrong = "an application without a secret must use PKCE";
        reader.refuse(reader.place(key), key, wrong, "Remove this key, or give the application a secret.");
    }
    required
}

fn rotation(reader: &mut Reader<'_>, key: &str, public: bool) -> bool {
    let rotates = if reader.is_set(key) { reader.flag(key) } else { public };
    if public && !rotates {
        let wrong = "refresh tokens of an application without a secret must rotate";
        reader.refuse(reader.place(key), key, wrong, "Remove this key, or give the application a secret.");
    }
    rotates
}

fn scopes(reader: &mut Reader<'_>, key: &str, for_people: bool) -> ScopeSet {
    let texts = reader.texts(key);
    let scopes: ScopeSet = Scope::ALL
        .into_iter()
        .filter(|scope| texts.iter().any(|text| text.value == scope.as_str()))
        .collect();
    if for_people && !scopes.contains(Scope::OpenId) && !reader.document.broken.contains(key) {
        reader.refuse(
            reader.place(key),
            key,
            "`openid` is not among them",
            "Add \"openid\": sign-in needs it.",
        );
    }
    scopes
}

fn algorithm(reader: &Reader<'_>, key: &str) -> Option<SigningAlgorithm> {
    reader.word(key).and_then(SigningAlgorithm::parse)
}

/// OIDC Core 1.0 s. 8.1: without a sector of its own, the one host of its redirect URIs.
fn subject_type(reader: &mut Reader<'_>, at: &str, redirect_uris: &[RedirectUri], way: Way) -> SubjectType {
    let (key, sector_key) = (schema::join(at, "subject_type"), schema::join(at, "sector"));
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    let sector = reader.shaped(&sector_key, plain, "Write a name such as \"example.org\", without spaces.");
    let is_pairwise = reader.word(&key) == Some("pairwise");
    if !is_pairwise {
        if sector.is_some() {
            let remedy = "Write subject_type = \"pairwise\" too, or remove the key.";
            reader.refuse(
                reader.place(&sector_key),
                &sector_key,
                "subjects are public, and have no sector",
                remedy,
            );
        }
        return SubjectType::Public;
    }
    if reader.is_set(&schema::join(at, "plex_token")) {
        let wrong = "a Plex token says who the person is";
        reader.refuse(reader.place(&key), &key, wrong, "Remove one of `subject_type` and `plex_token`.");
    }
    let mut hosts: Vec<_> = redirect_uris.iter().filter_map(RedirectUri::host).collect();
    hosts.sort();
    hosts.dedup();
    match (sector, hosts.as_slice()) {
        (Some(sector), _) => SubjectType::Pairwise(sector),
        (None, [host]) => SubjectType::Pairwise(host.clone()),
        (None, _) => {
            if !redirect_uris.is_empty() || way == Way::Devices {
                let wrong = "its redirect URIs do not name one host";
                reader.refuse(
                    reader.place(&key),
                    &key,
                    wrong,
                    "Write sector = \"<a name>\" too, and never change it.",
                );
            }
            SubjectType::Public
        }
    }
}

fn plex_token_sealed(reader: &mut Reader<'_>, at: &str) -> bool {
    let key = schema::join(at, "plex_token_sealed");
    let sealed = reader.flag(&key);
    if sealed && !reader.is_set(&schema::join(at, "plex_token")) {
        let wrong = "there is no Plex token to seal";
        let remedy = "Write plex_token = \"server\" too, or remove the key.";
        reader.refuse(reader.place(&key), &key, wrong, remedy);
    }
    sealed
}

/// Which Plex token an application is handed; with a warning, unless nobody reads it on the way.
pub(super) fn plex_token(reader: &mut Reader<'_>, key: &str, sealed: bool) -> Option<PlexTokenClaim> {
    let text = reader.text(key)?;
    let (claim, what) = match text.value.as_str() {
        "account" => (PlexTokenClaim::Account, "the token of their whole Plex account"),
        _ => (PlexTokenClaim::Server, "their token for the shared server"),
    };
    if !sealed {
        let wrong = format!("this application gets, for everybody who signs in, {what}");
        reader.warn(text.place, key, wrong, "Remove the key unless the application cannot work without.");
    }
    Some(claim)
}
