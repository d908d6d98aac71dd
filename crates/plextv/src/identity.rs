//! Owns who we are to plex.tv and where it is: the identity headers, the three base addresses, and the address of
//! Plex's own sign-in page.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;
use url::form_urlencoded;

use crate::Error;
use crate::error::Oddity;

/// The three hosts of Plex. Each may carry a path prefix, so that one local stand-in can play all three.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrls {
    /// The web API's first host.
    pub plex_tv: Url,
    /// The host that Plex's own clients call; it makes and reads PINs.
    pub clients: Url,
    /// The host of the sign-in page, for browsers only.
    pub app: Url,
}

impl Default for BaseUrls {
    fn default() -> Self {
        let url = |text: &str| Url::parse(text).expect("a constant, valid address");
        Self {
            plex_tv: url("https://plex.tv"),
            clients: url("https://clients.plex.tv"),
            app: url("https://app.plex.tv"),
        }
    }
}

impl BaseUrls {
    /// The address of Plex's sign-in page for a PIN. Everything is in the fragment, which no server sees.
    ///
    /// `client_id` must be the identifier that made the PIN. Plex sends the browser to `forward_url` afterwards, with
    /// nothing added; an address that is not http or https is left out, because Plex would drop the whole sign-in.
    pub fn auth_app_url(&self, client_id: &str, code: &str, forward_url: Option<&Url>, product: &str) -> Url {
        let mut parameters = form_urlencoded::Serializer::new(String::new());
        parameters.append_pair("clientID", client_id).append_pair("code", code);
        parameters.append_pair("context[device][product]", product);
        if let Some(url) = forward_url.filter(|url| matches!(url.scheme(), "http" | "https")) {
            parameters.append_pair("forwardUrl", url.as_str());
        }
        // A form writes a space as "+", which only some readers of a fragment turn back.
        let fragment = format!("?{}", parameters.finish().replace('+', "%20"));
        let mut page = under(&self.app, &["auth"]).unwrap_or_else(|_| self.app.clone());
        page.set_query(None);
        page.set_fragment(Some(&fragment));
        page
    }
}

/// The address of a path below a base, each segment encoded.
pub(crate) fn under(base: &Url, segments: &[&str]) -> Result<Url, Error> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| Error::unexpected(0, Oddity::Address))?
        .pop_if_empty()
        .extend(segments);
    Ok(url)
}

/// How an installation introduces itself. People see these values in Plex's sign-in page and in their list of devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIdentity {
    /// One per installation, kept for ever, public: PINs belong to it.
    pub client_identifier: String,
    /// The name shown to the person who approves.
    pub product: String,
    /// Our version.
    pub version: String,
    /// What we run on.
    pub platform: String,
    /// The name of the entry in the person's list of devices.
    pub device_name: String,
}

/// A part of the identity is empty or cannot travel in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {0} by which plex.tv knows this installation is empty or holds control characters")]
pub struct InvalidIdentity(pub &'static str);

impl ClientIdentity {
    /// The headers of every call. Only version, platform and device name may be empty: they are then not sent.
    pub(crate) fn headers(&self) -> Result<HeaderMap, InvalidIdentity> {
        let fields = [
            ("x-plex-client-identifier", "client identifier", &self.client_identifier, true),
            ("x-plex-product", "product name", &self.product, true),
            ("x-plex-version", "version", &self.version, false),
            ("x-plex-platform", "platform", &self.platform, false),
            ("x-plex-device-name", "device name", &self.device_name, false),
        ];
        let mut headers = HeaderMap::new();
        for (header, what, value, required) in fields {
            if value.trim().is_empty() {
                if required {
                    return Err(InvalidIdentity(what));
                }
                continue;
            }
            let sendable = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| InvalidIdentity(what))?;
            headers.insert(HeaderName::from_static(header), sendable);
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> ClientIdentity {
        ClientIdentity {
            client_identifier: "6b1e0000-0000-4000-8000-000000000001".into(),
            product: "Example sign-in".into(),
            version: "1.0".into(),
            platform: "Linux".into(),
            device_name: "Büro".into(),
        }
    }

    #[test]
    fn the_sign_in_page_gets_everything_in_the_fragment() {
        let forward = Url::parse("https://auth.example.com/sign-in/return?a=1&b=2").unwrap();
        let url = BaseUrls::default().auth_app_url("our id", "c0de", Some(&forward), "Mara's [apps] + more");
        assert_eq!(
            url.as_str(),
            "https://app.plex.tv/auth#?clientID=our%20id&code=c0de\
             &context%5Bdevice%5D%5Bproduct%5D=Mara%27s%20%5Bapps%5D%20%2B%20more\
             &forwardUrl=https%3A%2F%2Fauth.example.com%2Fsign-in%2Freturn%3Fa%3D1%26b%3D2"
        );
    }

    #[test]
    fn a_base_may_have_a_path_and_a_forward_address_must_be_http() {
        let urls = BaseUrls { app: Url::parse("http://127.0.0.1:9/app/").unwrap(), ..BaseUrls::default() };
        let scheme = Url::parse("myapp://done").unwrap();
        let url = urls.auth_app_url("id", "c", Some(&scheme), "p");
        assert_eq!(
            url.as_str(),
            "http://127.0.0.1:9/app/auth#?clientID=id&code=c&context%5Bdevice%5D%5Bproduct%5D=p"
        );
    }

    #[test]
    fn req_158_plex_is_where_it_is_over_tls() {
        let BaseUrls { plex_tv, clients, app } = BaseUrls::default();
        let places = [plex_tv.as_str(), clients.as_str(), app.as_str()];
        assert_eq!(places, ["https://plex.tv/", "https://clients.plex.tv/", "https://app.plex.tv/"]);
    }

    #[test]
    fn a_segment_cannot_leave_its_place() {
        let base = Url::parse("https://plex.tv").unwrap();
        assert_eq!(under(&base, &["api", "a/b?c#d"]).unwrap().as_str(), "https://plex.tv/api/a%2Fb%3Fc%23d");
        assert!(under(&Url::parse("mailto:a@b").unwrap(), &["x"]).is_err());
    }

    #[test]
    fn an_identity_must_be_sendable() {
        let headers = identity().headers().unwrap();
        assert_eq!(headers.len(), 5);
        assert_eq!(headers["x-plex-device-name"].as_bytes(), "Büro".as_bytes());
        let refused = |identity: ClientIdentity| identity.headers().unwrap_err().0;
        assert_eq!(refused(ClientIdentity { product: " ".into(), ..identity() }), "product name");
        assert_eq!(
            refused(ClientIdentity { product: "a\r\nX-Evil: 1".into(), ..identity() }),
            "product name"
        );
        assert_eq!(
            refused(ClientIdentity { client_identifier: String::new(), ..identity() }),
            "client identifier"
        );
        let sparse = ClientIdentity { platform: String::new(), ..identity() };
        assert!(!sparse.headers().unwrap().contains_key("x-plex-platform"));
    }
}
