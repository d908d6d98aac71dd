//! What `init` prints at the end: what was written to standard error, what to paste to standard output.

use std::io;

use plex_oidc_core::issuer::Issuer;
use plex_oidc_core::secret::Secret;

use super::application::Application;
use super::files::{Layout, OWNER_TOKEN, Plan};
use crate::cli::World;

/// Names the files. Without a plan the configuration was there before.
pub(super) fn written(layout: &Layout, plan: Option<&Plan<'_>>, world: &mut World<'_>) -> io::Result<()> {
    writeln!(world.err, "\nWritten, for you alone to read:")?;
    if plan.is_some() {
        writeln!(world.err, "  {}", layout.config.display())?;
    }
    writeln!(
        world.err,
        "  {}  keep a copy, apart from the database: nothing replaces it",
        layout.key_file.display()
    )?;
    writeln!(world.err, "  {}", layout.database.display())?;
    let beside = |name: &str| layout.config.with_file_name(name).display().to_string();
    if let Some(application) = plan.and_then(|plan| plan.application) {
        writeln!(world.err, "  {}", beside(&application.secret_file()))?;
    }
    if plan.is_some_and(|plan| plan.token.is_some()) {
        writeln!(world.err, "  {}", beside(OWNER_TOKEN))?;
    }
    Ok(())
}

/// What the application needs.
pub(super) fn to_paste(
    issuer: &Issuer,
    application: Option<&Application>,
    secret: Option<&Secret>,
    world: &mut World<'_>,
) -> io::Result<()> {
    let (Some(application), Some(secret)) = (application, secret) else {
        return writeln!(
            world.err,
            "\nNext: plex-oidc client add, for what people shall sign in to; then plex-oidc serve."
        );
    };
    if application.cloudflare {
        writeln!(
            world.err,
            "\nIn Cloudflare Zero Trust, add the login method OpenID Connect (Settings > Authentication, or \
             Integrations > Identity providers), and fill in:\n"
        )?;
        cloudflare(issuer, application, secret, world)?;
    } else {
        writeln!(world.err, "\nGive the application:\n")?;
        writeln!(world.out, "issuer:        {issuer}")?;
        writeln!(world.out, "client id:     {}", application.id)?;
        writeln!(world.out, "client secret: {}", secret.expose())?;
    }
    writeln!(
        world.err,
        "\nThe secret is shown this once: the file keeps only its hash. Next: plex-oidc serve, reachable at {issuer}."
    )
}

/// In the words and the order of Cloudflare's form.
fn cloudflare(
    issuer: &Issuer,
    application: &Application,
    secret: &Secret,
    world: &mut World<'_>,
) -> io::Result<()> {
    let (authorize, token, jwks) = (issuer.join("/authorize"), issuer.join("/token"), issuer.join("/jwks"));
    let fields = [
        ("App ID", application.id.as_str()),
        ("Client secret", secret.expose()),
        ("Auth URL", authorize.as_str()),
        ("Token URL", token.as_str()),
        ("Certificate URL", jwks.as_str()),
        ("Proof Key for Code Exchange (PKCE)", "on"),
        ("OIDC Claims", "groups, preferred_username"),
    ];
    for (name, value) in fields {
        writeln!(world.out, "{name:<34}  {value}")?;
    }
    Ok(())
}
