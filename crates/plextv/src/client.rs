//! Owns the calls of a sign-in: PINs, the account, what it can see. Each is one question and one typed answer.

use std::sync::Arc;

use plex_oidc_core::id::MachineId;
use reqwest::Method;
use url::Url;

use crate::http::{self, HttpClientError, Timeouts};
use crate::identity::{BaseUrls, ClientIdentity, InvalidIdentity, under};
use crate::parse::{self, Malformed};
use crate::shares::Unusable;
use crate::wire::{Call, Wire};
use crate::{Error, Library, Observer, Pin, PinId, PlexToken, Resources, User};

/// The calls to plex.tv, as one installation. Cheap to clone; keeps nothing between calls but connections, and
/// what was said in the log.
#[derive(Debug, Clone)]
pub struct PlexTv {
    pub(crate) wire: Wire,
    pub(crate) urls: BaseUrls,
    pub(crate) unusable: Unusable,
    identity: ClientIdentity,
}

impl PlexTv {
    /// Calls through `http`, best made by [`PlexTv::http_client`]. Fails where `identity` cannot travel in headers.
    pub fn new(
        http: reqwest::Client,
        urls: BaseUrls,
        identity: ClientIdentity,
    ) -> Result<Self, InvalidIdentity> {
        let wire = Wire { http, identity: identity.headers()?, observer: None };
        Ok(Self { wire, urls, unusable: Unusable::default(), identity })
    }

    /// The same, over the same connections, and `observer` hears of each request.
    #[must_use]
    pub fn observed_by(&self, observer: Arc<dyn Observer>) -> Self {
        let mut heard = self.clone();
        heard.wire.observer = Some(observer);
        heard
    }

    /// An HTTP client fit for plex.tv: verifies TLS against the public roots and the PEM certificates given, follows no
    /// redirect, ignores proxy variables, connects within 5 s and ends within 10 s.
    pub fn http_client(extra_ca_pem: Option<&[u8]>) -> Result<reqwest::Client, HttpClientError> {
        http::build(extra_ca_pem, Timeouts::default())
    }

    /// [`PlexTv::http_client`] with other limits. Whatever they are, no call of ours takes longer than 10 s.
    pub fn http_client_within(
        extra_ca_pem: Option<&[u8]>,
        timeouts: Timeouts,
    ) -> Result<reqwest::Client, HttpClientError> {
        http::build(extra_ca_pem, timeouts)
    }

    /// Who we are to Plex.
    pub fn identity(&self) -> &ClientIdentity {
        &self.identity
    }

    /// Where Plex is.
    pub fn urls(&self) -> &BaseUrls {
        &self.urls
    }

    /// The address of Plex's sign-in page for a PIN of ours; see [`BaseUrls::auth_app_url`].
    pub fn auth_app_url(&self, code: &str, forward_url: Option<&Url>) -> Url {
        let ClientIdentity { client_identifier, product, .. } = &self.identity;
        self.urls.auth_app_url(client_identifier, code, forward_url, product)
    }

    /// Makes a PIN for the sign-in page: 25 characters, half an hour. Plex shows our address, not the visitor's, to the
    /// one who approves it, in red: let the visitor's browser make it where it can.
    pub async fn create_pin(&self) -> Result<Pin, Error> {
        let mut url = self.pins(&[])?;
        url.set_query(Some("strong=true"));
        self.make_pin(url).await
    }

    /// Makes a PIN to be typed in at plex.tv/link: 4 characters, a quarter of an hour. They can be guessed, so it is
    /// for a host at a terminal and never for visitors.
    pub async fn create_link_pin(&self) -> Result<Pin, Error> {
        self.make_pin(self.pins(&[])?).await
    }

    async fn make_pin(&self, url: Url) -> Result<Pin, Error> {
        let answer = self.wire.send(Call::anonymous(Method::POST, url)).await?;
        let pin = answer.read(parse::parse_pin, parse::parse_pin_xml)?;
        if pin.client_identifier != self.identity.client_identifier {
            return Err(Error::unexpected(answer.status, Malformed::Field("clientIdentifier")));
        }
        Ok(pin)
    }

    /// Reads a PIN. It must be the one that `code` stands for and made under our identifier; any other is
    /// [`Error::PinGone`], like one that Plex does not know.
    pub async fn pin(&self, id: PinId, code: &str) -> Result<Pin, Error> {
        let url = self.pins(&[&id.to_string()])?;
        let answer = self.wire.send(Call::anonymous(Method::GET, url)).await?;
        let pin = answer.read(parse::parse_pin, parse::parse_pin_xml)?;
        let ours = pin.id == id && pin.is(code, &self.identity.client_identifier);
        if ours { Ok(pin) } else { Err(Error::PinGone) }
    }

    /// The account a token belongs to.
    pub async fn user(&self, token: &PlexToken) -> Result<User, Error> {
        let url = under(&self.urls.clients, &["api", "v2", "user"])?;
        let answer = self.wire.send(Call::get(url, token)).await?;
        answer.read(parse::parse_user, parse::parse_user_xml)
    }

    /// The media servers that the account of this token can reach. A clean empty list means that nothing is shared with
    /// it.
    pub async fn resources(&self, token: &PlexToken) -> Result<Resources, Error> {
        let mut url = under(&self.urls.clients, &["api", "v2", "resources"])?;
        url.set_query(Some("includeHttps=1"));
        let answer = self.wire.send(Call::get(url, token)).await?;
        answer.read(parse::parse_resources, parse::parse_resources_xml)
    }

    /// The libraries of a server, asked by its owner. Plex sometimes names only some of them: a library that is
    /// missing is not known to be gone.
    pub async fn server_libraries(
        &self,
        owner_token: &PlexToken,
        machine: &MachineId,
    ) -> Result<Vec<Library>, Error> {
        let newest = under(&self.urls.plex_tv, &["api", "v2", "servers", machine.as_str()])?;
        let answer = self.wire.send(Call::get(newest, owner_token)).await?;
        match answer.read(parse::parse_libraries, parse::parse_libraries_xml) {
            Err(Error::Gone | Error::Unexpected { .. }) => {}
            libraries => return libraries,
        }
        let oldest = under(&self.urls.plex_tv, &["api", "servers", machine.as_str()])?;
        let answer = self.wire.send(Call::get(oldest, owner_token).xml()).await?;
        answer.read(parse::parse_libraries, parse::parse_libraries_xml)
    }

    /// Whether Plex answers, and accepts the token if one is given. Also keeps an idle token alive.
    pub async fn ping(&self, token: Option<&PlexToken>) -> Result<(), Error> {
        let url = under(&self.urls.plex_tv, &["api", "v2", "ping"])?;
        let answer = self.wire.send(Call { token, ..Call::anonymous(Method::GET, url) }).await?;
        answer.read(parse::parse_pong, parse::parse_pong_xml)
    }

    /// Ends a token, and takes our entry out of the account's list of devices. A token that is dead already is ended.
    /// Whether other tokens of the same account end with it, Plex does not say.
    pub async fn sign_out(&self, token: &PlexToken) -> Result<(), Error> {
        let url = under(&self.urls.plex_tv, &["api", "v2", "users", "signout"])?;
        let call = Call { token: Some(token), ..Call::anonymous(Method::DELETE, url) };
        match self.wire.send(call).await?.done() {
            Ok(()) | Err(Error::Unauthorized) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn pins(&self, rest: &[&str]) -> Result<Url, Error> {
        let mut segments = vec!["api", "v2", "pins"];
        segments.extend(rest);
        under(&self.urls.clients, &segments)
    }
}
