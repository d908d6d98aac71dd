//! Which assertions of Cloudflare Access an application accepts, as the host declared it.

use std::collections::BTreeMap;

use url::Url;

/// An organisation at Cloudflare Access ("team"), whose assertions can be checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessTeam {
    /// Its name in the configuration.
    pub name: String,
    /// What stands in `iss`, compared as text.
    pub issuer: String,
    /// Where its public keys are.
    pub certs_url: Url,
}

/// What one application accepts and takes from assertions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppAccess {
    /// The name of the team.
    pub team: String,
    /// The audience tags, one of which must stand in `aud`; never empty.
    pub audiences: Vec<String>,
    /// Whether the cookie `CF_Authorization` is read where the header is missing.
    pub cookie: bool,
    /// Headers, each with the claim whose value it carries.
    pub claims: Vec<(String, String)>,
    /// The service tokens that may pass, by their `common_name`, each with the name that the application gets.
    pub service_tokens: Vec<(String, String)>,
}

/// Cloudflare Access, for every application.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessConfig {
    /// The teams; their names are unique.
    pub teams: Vec<AccessTeam>,
    /// By the name of the application. One that is not here accepts no assertion.
    pub apps: BTreeMap<String, AppAccess>,
}

impl AccessConfig {
    /// What applications call programs with a service token.
    pub fn program_names(&self) -> impl Iterator<Item = &str> {
        self.apps.values().flat_map(|app| &app.service_tokens).map(|(_, name)| name.as_str())
    }

    /// What the application called `app` accepts, and from which team.
    pub fn of(&self, app: &str) -> Option<(&AccessTeam, &AppAccess)> {
        let accepts = self.apps.get(app)?;
        let team = self.teams.iter().find(|team| team.name == accepts.team)?;
        Some((team, accepts))
    }
}
