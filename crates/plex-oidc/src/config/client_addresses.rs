//! Where browsers and our own calls may go for an application.

use plex_oidc_core::outbound::AddressKind;
use plex_oidc_core::redirect::RedirectUri;
use url::{Host, Url};

use super::reader::{Reader, without_user};
use super::schema;

pub(super) fn redirect_uris(reader: &mut Reader<'_>, key: &str, by_browser: bool) -> Vec<RedirectUri> {
    if !by_browser {
        if reader.is_set(key) {
            let wrong = "no browser brings this application an answer, so none goes there";
            let remedy = "Remove them, or add \"authorization_code\" to grant_types.";
            reader.refuse(reader.place(key), key, wrong, remedy);
        }
        return Vec::new();
    }
    if reader.texts(key).is_empty() {
        let remedy = "Write the address that the application names as its callback: \
                      redirect_uris = [\"https://app.example.com/callback\"].";
        if reader.is_set(key) {
            reader.refuse(reader.place(key), key, "is empty", remedy);
        } else {
            reader.missing(key, remedy);
        }
    }
    addresses(reader, key, "Copy the callback address from the application's own settings.")
}

/// Addresses that browsers are sent to.
fn addresses(reader: &mut Reader<'_>, key: &str, remedy: &str) -> Vec<RedirectUri> {
    let uris = reader.each(key, |text| {
        RedirectUri::register(text)
            .map_err(|error| (format!("`{}` {error}", without_user(text)), remedy.to_owned()))
    });
    for text in repeated(reader.texts(key)) {
        reader.refuse(text.1, key, format!("`{}` is listed twice", text.0), "Remove one of the two.");
    }
    uris
}

pub(super) fn post_logout_redirect_uris(reader: &mut Reader<'_>, key: &str) -> Vec<RedirectUri> {
    addresses(
        reader,
        key,
        "Write the address at which the application wants people back after they signed out.",
    )
}

pub(super) fn backchannel_logout_uri(reader: &mut Reader<'_>, at: &str, public: bool) -> Option<Url> {
    let key = schema::join(at, "backchannel_logout_uri");
    let Some(text) = reader.text(&key) else {
        let lonely = schema::join(at, "backchannel_logout_session_required");
        if reader.flag(&lonely) {
            let remedy = "Write backchannel_logout_uri = \"<the address that the application names>\", or remove the key.";
            reader.refuse(reader.place(&lonely), &lonely, "there is no `backchannel_logout_uri`", remedy);
        }
        return None;
    };
    match callable(&text.value, public) {
        Ok(url) => Some(url),
        Err(wrong) => {
            let remedy = "Copy the address from the application's own settings: \
                          backchannel_logout_uri = \"https://app.example.com/backchannel-logout\".";
            reader.refuse(text.place, &key, format!("`{}` {wrong}", without_user(&text.value)), remedy);
            None
        }
    }
}

/// An address that we may call for a client (Back-Channel Logout 1.0 s. 2.2, security requirement 160).
fn callable(text: &str, public: bool) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not an address")?;
    match url.scheme() {
        "http" if public => return Err("must be https: the application has no secret"),
        "https" | "http" => {}
        _ => return Err("must be https, or http"),
    }
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err("must not have a fragment, a user name or a password");
    }
    let address = match url.host() {
        Some(Host::Ipv4(address)) => Some(address.into()),
        Some(Host::Ipv6(address)) => Some(address.into()),
        Some(Host::Domain(_)) | None => None,
    };
    if address.is_some_and(|address| AddressKind::of(address) == AddressKind::Forbidden) {
        return Err("is link-local or of no single host, and never called");
    }
    Ok(url)
}

/// Texts that stand in a list a second time, and where.
fn repeated(texts: &[super::raw::Located<String>]) -> Vec<(String, super::Place)> {
    let mut seen = std::collections::BTreeSet::new();
    let again = texts.iter().filter(|text| !seen.insert(&text.value));
    again.map(|text| (text.value.clone(), text.place.clone())).collect()
}
