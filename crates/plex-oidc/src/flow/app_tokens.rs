//! App tokens of people: making them, finding them, ending them, for whoever asks.

use plex_oidc_core::gateway::GatewayApp;
use plex_oidc_core::id::AccountId;
use plex_oidc_core::secret::{Secret, SecretKind};
use plex_oidc_core::time::Seconds;
use tracing::info;

use super::FlowError;
use crate::app::App;
use crate::store::records::{AppTokenRecord, BrowserSession, NewAppToken};
use crate::store::{Store, StoreError};

/// Longest name of a token, in characters.
pub const LONGEST_NAME: usize = 100;
/// How long a token lives that a guest made: the host may make others.
const LIFETIME: Seconds = Seconds::days(365);
/// How many tokens one person may have that they made themselves or the host made for them.
pub const MOST: usize = 50;

/// A public id of eight digits: a home has few tokens, and an id that is taken is refused.
pub fn new_id(random: [u8; 32]) -> String {
    let [a, b, c, d, ..] = random;
    format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
}

/// Whether this can be the name of a token.
pub fn is_name(name: &str) -> bool {
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.trim().is_empty();
    fits && !name.chars().any(char::is_control)
}

/// Makes a token for whoever is signed in, at these applications. Its id and its secret are returned, which is kept nowhere else.
pub async fn make(
    app: &App,
    session: &BrowserSession,
    name: &str,
    apps: &[&GatewayApp],
) -> Result<Option<(String, Secret)>, FlowError> {
    let (secret, created) = (app.entropy.secret(SecretKind::AppToken), app.clock.now());
    let account_id = session.user.account_id();
    let token = NewAppToken {
        id: new_id(app.entropy.bytes()),
        name: name.to_owned(),
        hash: secret.hash(),
        account_id,
        apps: apps.iter().map(|app| app.name.clone()).collect(),
        created,
        expires: Some(created.plus(LIFETIME)),
        session: Some(session.sid),
    };
    let id = token.id.clone();
    let stored = app.store.add_app_token(token).await?;
    info!(account = %account_id, token = id, stored, "somebody made an app token");
    Ok(stored.then_some((id, secret)))
}

/// The tokens of one person.
pub async fn of(store: &dyn Store, account: AccountId) -> Result<Vec<AppTokenRecord>, StoreError> {
    let tokens = store.app_tokens().await?;
    Ok(tokens.into_iter().filter(|token| token.user.account_id() == account).collect())
}

/// Ends a token of one person. `false`: it is not theirs, or gone already.
pub async fn revoke(store: &dyn Store, account: AccountId, id: &str) -> Result<bool, StoreError> {
    let theirs = of(store, account).await?.into_iter().any(|token| token.id == id);
    Ok(theirs && store.revoke_app_token(id.to_owned()).await?)
}
