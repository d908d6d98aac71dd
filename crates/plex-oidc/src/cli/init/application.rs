//! What a new installation protects first.

use plex_oidc_core::client::ExtraClaim;
use plex_oidc_core::id::ClientId;
use plex_oidc_core::redirect::RedirectUri;

use super::ask::{Asker, Question};
use super::{InitArguments, InitError, Protect};
use crate::config::edit::{self, NewClient};

/// Cloudflare Access under this name, unless the host wants another.
const CLOUDFLARE: &str = "cloudflare-access";
/// What Cloudflare can use; it reads the ID token only.
const CLOUDFLARE_CLAIMS: [ExtraClaim; 5] = [
    ExtraClaim::Email,
    ExtraClaim::EmailVerified,
    ExtraClaim::Groups,
    ExtraClaim::Name,
    ExtraClaim::PreferredUsername,
];
/// Written out, although it is the default: the host should see who may come in.
const EVERYBODY: [&str; 3] = ["plex-friend", "plex-home", "plex-owner"];

/// The first client.
pub(super) struct Application {
    /// Whether it is Cloudflare Access.
    pub(super) cloudflare: bool,
    /// Its client id.
    pub(super) id: String,
    /// Where its answers may go.
    pub(super) redirect_uris: Vec<String>,
}

impl Application {
    /// The name of its secret file.
    pub(super) fn secret_file(&self) -> String {
        edit::secret_file_name(&self.id)
    }

    /// Its section of the file.
    pub(super) fn section(&self) -> NewClient {
        let claims: &[ExtraClaim] = if self.cloudflare { &CLOUDFLARE_CLAIMS } else { &[] };
        NewClient {
            id: self.id.clone(),
            preset: None,
            url: None,
            name: self.cloudflare.then(|| "Cloudflare Access".to_owned()),
            auth_method: None,
            secret_file: Some(self.secret_file()),
            grant_types: Vec::new(),
            redirect_uris: self.redirect_uris.clone(),
            allow: EVERYBODY.map(str::to_owned).to_vec(),
            id_token_claims: claims.iter().map(|claim| claim.as_str().to_owned()).collect(),
        }
    }
}

/// Finds out what to protect. `None`: nothing yet.
pub(super) fn ask(
    arguments: &InitArguments,
    asker: &mut Asker<'_, '_>,
) -> Result<Option<Application>, InitError> {
    let protect = match arguments.protect {
        Some(protect) => protect,
        None => ask_what(asker)?,
    };
    refuse_strays(arguments, protect)?;
    match protect {
        Protect::Nothing => Ok(None),
        Protect::CloudflareAccess => cloudflare(arguments, asker).map(Some),
        Protect::Application => application(arguments, asker).map(Some),
    }
}

fn ask_what(asker: &mut Asker<'_, '_>) -> Result<Protect, InitError> {
    let text = "What shall people sign in to?\n  1  Cloudflare Access\n  2  an application that speaks OpenID Connect\n  \
                3  nothing yet";
    let question = Question { text, what: "what to protect", flag: "--protect" };
    asker.ask(&question, |text| match text {
        "1" => Ok(Protect::CloudflareAccess),
        "2" => Ok(Protect::Application),
        "3" => Ok(Protect::Nothing),
        _ => Err("Answer 1, 2 or 3.".to_owned()),
    })
}

/// A flag that would be left unused was meant for something.
fn refuse_strays(arguments: &InitArguments, protect: Protect) -> Result<(), InitError> {
    let stray = |flag, goes_with: &str| {
        Err(InitError::Refused { flag, wrong: format!("it goes with --protect {goes_with}") })
    };
    if arguments.team.is_some() && protect != Protect::CloudflareAccess {
        return stray("--team", CLOUDFLARE);
    }
    if !arguments.redirect_uri.is_empty() && protect != Protect::Application {
        return stray("--redirect-uri", "application");
    }
    if arguments.client_id.is_some() && protect == Protect::Nothing {
        return stray("--client-id", "application");
    }
    Ok(())
}

fn cloudflare(arguments: &InitArguments, asker: &mut Asker<'_, '_>) -> Result<Application, InitError> {
    let text = "What is the name of your Cloudflare Zero Trust team? It is the part before .cloudflareaccess.com, and \
                stands in the dashboard's Settings";
    let question = Question { text, what: "the team name", flag: "--team" };
    let team = asker.flag_or_ask(arguments.team.as_deref(), &question, team)?;
    let id = match &arguments.client_id {
        Some(text) => client_id(text).map_err(|wrong| InitError::Refused { flag: "--client-id", wrong })?,
        None => CLOUDFLARE.to_owned(),
    };
    let redirect_uri = format!("https://{team}.cloudflareaccess.com/cdn-cgi/access/callback");
    Ok(Application { cloudflare: true, id, redirect_uris: vec![redirect_uri] })
}

/// Takes the name alone, and the whole host as people copy it.
fn team(text: &str) -> Result<String, String> {
    let lower = text.to_ascii_lowercase();
    let host = lower.strip_prefix("https://").unwrap_or(&lower).trim_end_matches('/');
    let name = host.strip_suffix(".cloudflareaccess.com").unwrap_or(host);
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if plain && (1..=63).contains(&name.len()) && !name.starts_with('-') && !name.ends_with('-') {
        return Ok(name.to_owned());
    }
    Err(format!("`{}` is not a team name: letters, digits and hyphens", text.escape_debug()))
}

fn application(arguments: &InitArguments, asker: &mut Asker<'_, '_>) -> Result<Application, InitError> {
    let text = "What is the application called here (its client id), such as immich?";
    let question = Question { text, what: "the client id", flag: "--client-id" };
    let id = asker.flag_or_ask(arguments.client_id.as_deref(), &question, client_id)?;
    let text = "What is its redirect URI (also: callback URL)? The application's own documents tell. Several: one \
                after the other, with spaces between";
    let question = Question { text, what: "the redirect URI", flag: "--redirect-uri" };
    let given = (!arguments.redirect_uri.is_empty()).then(|| arguments.redirect_uri.join(" "));
    let redirect_uris = asker.flag_or_ask(given.as_deref(), &question, redirect_uris)?;
    Ok(Application { cloudflare: false, id, redirect_uris })
}

fn client_id(text: &str) -> Result<String, String> {
    match ClientId::parse(text).filter(|id| !id.as_str().contains(' ')) {
        Some(id) => Ok(id.to_string()),
        None => Err(format!(
            "`{}` cannot be a client id: at most 255 letters, digits and signs such as - and _",
            text.escape_debug()
        )),
    }
}

fn redirect_uris(text: &str) -> Result<Vec<String>, String> {
    let mut uris: Vec<String> = Vec::new();
    for uri in text.split_whitespace() {
        RedirectUri::register(uri).map_err(|error| format!("`{uri}` {error}"))?;
        if !uris.iter().any(|other| other == uri) {
            uris.push(uri.to_owned());
        }
    }
    if uris.is_empty() { Err("At least one is needed.".to_owned()) } else { Ok(uris) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_team_is_its_name_or_its_host_and_nothing_that_changes_the_host() {
        for text in
            ["example", "Example", "example.cloudflareaccess.com", "https://example.cloudflareaccess.com/"]
        {
            assert_eq!(team(text).as_deref(), Ok("example"), "{text}");
        }
        for text in ["", "-a", "a-", "a.b", "evil.example/", "a/b", "a@b", "a b", "é", &"a".repeat(64)] {
            assert!(team(text).is_err(), "{text}");
        }
    }

    #[test]
    fn several_redirect_uris_are_each_checked() {
        let two = redirect_uris("https://a.example/cb  https://b.example/cb https://a.example/cb").unwrap();
        assert_eq!(two, ["https://a.example/cb", "https://b.example/cb"]);
        assert!(redirect_uris("https://a.example/cb http://b.example/cb").is_err());
        assert!(redirect_uris(" ").is_err());
    }
}
