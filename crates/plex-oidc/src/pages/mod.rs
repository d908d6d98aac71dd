//! Everything a visitor sees: templates, the values in them, the languages that they speak, the host's look.
//!
//! Owns drawing and the content security policy that fits what is drawn. It sends nothing, reads no request and
//! decides nothing; handlers in `web` say which [`Page`] it is. Templates are parsed once, and where the host has some,
//! drawn with every sample at the start, so that a broken one is a refusal to start.

mod account;
mod admin;
mod browsers;
mod context;
mod host;
mod languages;
mod monogram;
mod overrides;
mod passkeys;
mod samples;
mod theme;
mod words;

use std::collections::BTreeMap;
use std::path::Path;

use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, ErrorKind as TemplateErrorKind, UndefinedBehavior, context};
use plex_oidc_core::id::ClientId;
use serde::Serialize;

use crate::assets::{Asset, Assets, TEMPLATES};
use crate::config::Icons;

pub use account::{Account, AccountNotice, ShownApp, ShownConsent, ShownGroup, ShownSession, ShownToken};
pub use admin::{
    Admin, AdminNotice, AdminPerson, Membership, OpenDoor, Pager, ShownAnswer, ShownDoor, ShownMarks,
    ShownPerson, ShownRequest,
};
pub use browsers::{ShownBrowser, ShownBrowsers};
pub use context::{
    AccountChoice, AskedHost, Consent, Denied, DeviceApproval, DeviceCode, ErrorPage, FormPost, Onward, Page,
    Retry, ScriptConfig, SignIn, SignOutConfirm, Waiting, WayBack,
};
pub use host::{
    AdminEnter, ApiTokens, Audit, Health, InShort, KeyState, ShownApiToken, ShownEvent, ShownKey, ShownKind,
    ShownTrouble, ShownTroubleKind, TokenIn,
};
pub use languages::Language;
pub use monogram::Monogram;
pub use overrides::PagesError;
pub use passkeys::{PasskeyEnter, PasskeyHere, PasskeyNotice, Passkeys, PasskeysMay, ShownPasskey};
pub use samples::samples;
pub use theme::{Background, Colour, Image, Theme, ThemeError, ThemeValues};
pub use words::{DeniedReason, DeviceNotice, ErrorKind, Notice, Said, Why};

use languages::{Translator, code, link, strong};
use overrides::Overrides;

/// Instructions that one page may cost. Ours need a few hundred; an endless loop in an override ends here.
const FUEL: u64 = 200_000;

/// What is sent when not even our own template can be drawn. Unreachable while the tests pass.
const LAST_RESORT: &str = "<!doctype html><html lang=\"en\"><title>Error</title><p>Something broke on our side. \
                           Please go back and try again.</p></html>";

/// The pages of this installation, ready to be drawn.
#[derive(Debug)]
pub struct Pages {
    /// Ours, with the templates of the host laid over them; absent where there are none.
    overridden: Option<Environment<'static>>,
    /// Ours alone, also for the day an override fails in a way that no sample showed.
    embedded: Environment<'static>,
    assets: Assets,
    site: Site,
    /// For visitors who ask for none that we have.
    language: &'static Language,
    image_origins: Vec<String>,
    /// Where the pictures of applications are.
    icons: BTreeMap<ClientId, String>,
}

/// What every template may use as `site`.
#[derive(Clone, Debug, Serialize)]
struct Site {
    title: String,
    logo: Option<String>,
}

impl Pages {
    /// Parses all templates, those in `override_dir` instead of ours. If there is one, draws every sample once.
    ///
    /// A file that the folder does not hold is ours. Fails, with file and line, on a template that cannot be parsed or
    /// drawn, and on one whose name is none of ours (a name that starts with `_` is a part that other templates use).
    pub fn new(theme: Theme, override_dir: Option<&Path>) -> Result<Self, PagesError> {
        let overrides = override_dir.map(Overrides::read).transpose()?.unwrap_or_default();
        let mut assets = Assets::embedded();
        for (name, bytes) in overrides.assets {
            assets.insert(&name, bytes);
        }
        let absent = theme.images().find(|image| address_of(image, &assets).is_none());
        if let Some(image) = absent {
            return Err(PagesError::NoSuchImage(image.clone()));
        }
        // Every picture has an address now.
        let resolve = |image: &Image| address_of(image, &assets).unwrap_or_default().to_owned();
        let logo = theme.logo.as_ref().map(resolve);
        let stylesheet = theme.stylesheet(resolve);
        if assets.url("theme.css").is_none() {
            assets.insert("theme.css", stylesheet.into_bytes());
        }
        let urls: BTreeMap<String, String> =
            assets.urls().map(|(name, url)| (name.to_owned(), url.to_owned())).collect();
        let embedded = environment(&overrides::Templates::default(), urls.clone())?;
        let has_templates = !overrides.templates.is_empty();
        let overridden = has_templates.then(|| environment(&overrides.templates, urls)).transpose()?;
        let image_origins = theme.image_origins();
        let site = Site { title: theme.title, logo };
        let language = theme.language;
        let pages =
            Self { overridden, embedded, assets, site, language, image_origins, icons: BTreeMap::new() };
        if let Some(chosen) = &pages.overridden {
            for (_, page) in samples() {
                pages
                    .try_render(chosen, page, language)
                    .map_err(|error| overrides.templates.explain(&error))?;
            }
        }
        Ok(pages)
    }

    /// With the pictures of applications, which are served like every static file.
    #[must_use]
    pub fn with_icons(mut self, icons: &Icons) -> Self {
        for (number, (id, icon)) in icons.iter().enumerate() {
            let name = format!("app-icon-{number}.{}", icon.extension);
            if self.assets.insert(&name, icon.bytes.clone())
                && let Some(url) = self.assets.url(&name)
            {
                self.icons.insert(id.clone(), url.to_owned());
            }
        }
        self
    }

    /// Where the picture of an application is, if it has one.
    pub fn icon_url(&self, id: &ClientId) -> Option<&str> {
        self.icons.get(id).map(String::as_str)
    }

    /// The HTML of a page. Where an override fails, ours is drawn and the failure is logged.
    pub fn render(&self, page: &Page<'_>, language: &'static Language) -> String {
        if let Some(chosen) = &self.overridden {
            match self.try_render(chosen, page, language) {
                Ok(html) => return html,
                Err(error) => {
                    tracing::error!(template = page.template(), %error, "a template could not be drawn, ours is used");
                }
            }
        }
        self.try_render(&self.embedded, page, language).unwrap_or_else(|_| LAST_RESORT.to_owned())
    }

    /// The language of visitors who ask for none that we have.
    pub fn language(&self) -> &'static Language {
        self.language
    }

    /// What the place is called.
    pub fn title(&self) -> &str {
        &self.site.title
    }

    /// Where a page finds the static file of this name: `/assets/<hash>/<name>`.
    pub fn asset_url(&self, name: &str) -> Option<&str> {
        self.assets.url(name)
    }

    /// Name and address of every static file.
    pub fn asset_urls(&self) -> impl Iterator<Item = (&str, &str)> {
        self.assets.urls()
    }

    /// The static file at `<hash>/<name>`, the part after `/assets/`. `None` if there is none with that content.
    pub fn asset(&self, path: &str) -> Option<&Asset> {
        self.assets.at(path)
    }

    /// The `Content-Security-Policy` of a page (`reference/security.md` 125): scripts, styles and forms of ours only.
    ///
    /// `connect` are the origins that the page's script may ask: plex.tv's, on the sign-in page. Forms lead nowhere but to
    /// us, since browsers check `form-action` on every redirect that follows: [`Page::Onward`] goes on from there. Only
    /// [`Page::FormPost`] leads elsewhere, and then nowhere but to `post_to`.
    pub fn content_security_policy(&self, connect: &[&str], post_to: Option<&str>) -> String {
        let with = |origins: &[&str]| origins.iter().fold(String::from("'self'"), |all, one| all + " " + one);
        let images: Vec<&str> = self.image_origins.iter().map(String::as_str).collect();
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src {}; connect-src {}; form-action {}; \
             frame-ancestors 'none'; base-uri 'none'",
            with(&images),
            with(connect),
            post_to.unwrap_or("'self'"),
        )
    }

    fn try_render(
        &self,
        environment: &Environment<'static>,
        page: &Page<'_>,
        language: &'static Language,
    ) -> Result<String, Error> {
        let template = environment.get_template(page.template())?;
        template.render(context! {
            site => Value::from(Serde(&self.site)),
            page => values(page),
            lang => language.tag(),
            dir => language.direction(),
            t => Value::from_object(Translator(language)),
        })
    }
}

/// Where a picture of the theme is; `None` for a file that the folder of the host does not hold.
fn address_of<'a>(image: &'a Image, assets: &'a Assets) -> Option<&'a str> {
    match image {
        Image::Address(address) => Some(address),
        Image::File(name) => assets.url(name),
    }
}

/// What the template may use as `page`.
fn values(page: &Page<'_>) -> Value {
    match page {
        Page::SignIn(values) => Value::from(Serde(values)),
        Page::Waiting(values) => Value::from(Serde(values)),
        Page::Denied(values) => Value::from(Serde(values)),
        Page::Error(values) => Value::from(Serde(values)),
        Page::SignOutConfirm(values) => Value::from(Serde(values)),
        Page::Account(values) => Value::from(Serde(values)),
        Page::Admin(values) => Value::from(Serde(values)),
        Page::AdminPerson(values) => Value::from(Serde(values)),
        Page::Audit(values) => Value::from(Serde(values)),
        Page::ApiTokens(values) => Value::from(Serde(values)),
        Page::AdminEnter(values) => Value::from(Serde(values)),
        Page::PasskeyEnter(values) => Value::from(Serde(values)),
        Page::Passkeys(values) => Value::from(Serde(values)),
        Page::AccountChoice(values) => Value::from(Serde(values)),
        Page::Consent(values) => Value::from(Serde(values)),
        Page::Onward(values) => Value::from(Serde(values)),
        Page::FormPost(values) => Value::from(Serde(values)),
        Page::DeviceCode(values) => Value::from(Serde(values)),
        Page::DeviceApproval(values) => Value::from(Serde(values)),
        Page::Popup
        | Page::Close
        | Page::SignedOut
        | Page::SignedIn
        | Page::DeviceApproved
        | Page::DeviceDenied => Value::from(()),
        Page::Disowned { at_plex } => minijinja::context! { at_plex },
    }
}

fn environment(
    overrides: &overrides::Templates,
    asset_urls: BTreeMap<String, String>,
) -> Result<Environment<'static>, PagesError> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // Names and addresses come from strangers; nothing on a page is ever trusted markup.
    environment.remove_filter("safe");
    environment.add_function("asset", move |name: &str| {
        // A digest and a tame file name: nothing in it needs escaping.
        asset_urls.get(name).cloned().map(Value::from_safe_string).ok_or_else(|| {
            Error::new(TemplateErrorKind::InvalidOperation, format!("there is no static file named {name:?}"))
        })
    });
    environment.add_function("strong", |text: Value, class: Option<&str>| strong(&text, class));
    environment.add_function("code", |text: Value| code(&text));
    environment.add_function("link", |address: &str, text: Value| link(address, &text));
    for (name, source) in TEMPLATES {
        environment.add_template(name, source).map_err(|error| overrides.explain(&error))?;
    }
    for (name, source) in overrides.sources() {
        environment.add_template_owned(name, source).map_err(|error| overrides.explain(&error))?;
    }
    Ok(environment)
}

#[cfg(test)]
mod tests;
