//! Who uses the program: a browser with its cookies, and the client that sends it there.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use plextv_emulator::{Emulator, PinInfo};
use serde_json::{Value, json};
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::Outcome;
use crate::house::{Client, House, REDIRECT_URI};
use crate::http::{Answer, Connection};

/// Of every request: what is measured does not depend on its being another each time.
const VERIFIER: &str = "a-verifier-of-fifty-characters-0123456789-abcdefgh";
const FORM: &str = "application/x-www-form-urlencoded";
/// Who signs in.
const PERSONA: &str = "friend";

/// A browser.
pub(crate) struct Browser {
    connection: Connection,
    cookies: BTreeMap<String, String>,
}

/// A sign-in page that was opened, with its PIN adopted.
pub(crate) struct Started {
    request: String,
    pin: PinInfo,
}

impl Browser {
    pub(crate) fn new(address: SocketAddr) -> Outcome<Self> {
        Ok(Self { connection: Connection::open(address)?, cookies: BTreeMap::new() })
    }

    /// Takes another connection: one that was idle for long has been closed.
    pub(crate) fn reconnect(&mut self, address: SocketAddr) -> Outcome<()> {
        self.connection = Connection::open(address)?;
        Ok(())
    }

    pub(crate) fn get(&mut self, path: &str) -> Outcome<Answer> {
        let cookies = self.cookie_header();
        let answer = self.connection.get(path, &[("cookie", &cookies), ("accept", "text/html")])?;
        self.keep_cookies(&answer);
        Ok(answer)
    }

    fn cookie_header(&self) -> String {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for text in answer.headers("set-cookie") {
            let Some((name, value)) = text.split(';').next().and_then(|pair| pair.split_once('=')) else {
                continue;
            };
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// With a live session: the code, at once.
    pub(crate) fn code(&mut self, client: Client) -> Outcome<String> {
        let location = self.get(&authorization(client))?.expect(303)?.location()?;
        code_in(&location)
    }

    /// Opens the sign-in page, makes a PIN as its script does, and has it adopted.
    pub(crate) fn start(&mut self, emulator: &Emulator, client: Client) -> Outcome<Started> {
        let path = self.get(&authorization(client))?.expect(303)?.location()?;
        let page = self.get(&path)?.expect(200)?;
        let data = |name: &str| {
            let (_, rest) = page.body.split_once(&format!("data-{name}=\""))?;
            rest.split_once('"').map(|(value, _)| value.to_owned())
        };
        let (Some(request), Some(csrf)) = (data("rid"), data("csrf")) else {
            return Err("no sign-in page".into());
        };
        let (Some(identifier), Some(product)) = (data("client-identifier"), data("product")) else {
            return Err("the sign-in page lacks what its script needs".into());
        };
        let pin = emulator.world().create_pin(&identifier, &product);
        let offer = json!({ "id": pin.id, "code": pin.code, "mode": "popup" }).to_string();
        let cookies = self.cookie_header();
        let headers = [("cookie", cookies.as_str()), ("x-csrf-token", &csrf), ("accept", "application/json")];
        let address = format!("/sign-in/{request}/pin");
        self.connection.post(&address, &headers, ("application/json", &offer))?.expect(200)?;
        Ok(Started { request, pin })
    }

    /// Opens the sign-in page, and goes away.
    pub(crate) fn leave_at_the_start(&mut self) -> Outcome<()> {
        let path = self.get(&authorization(Client::Rs256))?.expect(303)?.location()?;
        self.get(&path)?.expect(200)?;
        Ok(())
    }

    /// Waits until the page would be told that there is an outcome.
    pub(crate) fn wait(&mut self, started: &Started) -> Outcome<()> {
        loop {
            let answer = self.get(&format!("/sign-in/{}/status", started.request))?.expect(200)?;
            if answer.body.contains("\"next\":\"") {
                return Ok(());
            }
        }
    }

    /// Comes back from Plex, and leaves with a code.
    pub(crate) fn come_back(&mut self, started: &Started) -> Outcome<String> {
        let location = self.get(&format!("/sign-in/{}/return", started.request))?.expect(303)?.location()?;
        code_in(&location)
    }

    /// The whole sign-in, sent back by Plex.
    pub(crate) fn sign_in(&mut self, emulator: &Emulator, client: Client) -> Outcome<String> {
        self.sign_in_as(PERSONA, emulator, client)
    }

    /// The same, as somebody else.
    pub(crate) fn sign_in_as(
        &mut self,
        persona: &str,
        emulator: &Emulator,
        client: Client,
    ) -> Outcome<String> {
        let started = self.start(emulator, client)?;
        started.approve_as(persona, emulator)?;
        self.come_back(&started)
    }

    /// Whether this browser's session still gives a code, without a page.
    pub(crate) fn is_signed_in(&mut self, client: Client) -> Outcome<bool> {
        let location =
            self.get(&format!("{}&prompt=none", authorization(client)))?.expect(303)?.location()?;
        Ok(code_in(&location).is_ok())
    }
}

impl Started {
    /// The person approves at Plex.
    pub(crate) fn approve(&self, emulator: &Emulator) -> Outcome<()> {
        self.approve_as(PERSONA, emulator)
    }

    fn approve_as(&self, persona: &str, emulator: &Emulator) -> Outcome<()> {
        emulator.world().approve_pin(&self.pin.code, persona).map_err(|error| error.to_string().into())
    }
}

/// A client's server.
pub(crate) struct Application {
    connection: Connection,
    client: Client,
    authorization: String,
}

impl Application {
    pub(crate) fn new(house: &House, address: SocketAddr, client: Client) -> Outcome<Self> {
        let pair = STANDARD.encode(format!("{}:{}", client.id(), house.secret));
        Ok(Self { connection: Connection::open(address)?, client, authorization: format!("Basic {pair}") })
    }

    /// Redeems a code.
    pub(crate) fn redeem(&mut self, code: &str) -> Outcome<Value> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", VERIFIER),
        ];
        self.token(&form)
    }

    /// Uses a refresh token.
    pub(crate) fn refresh(&mut self, token: &str) -> Outcome<Value> {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    /// The same, if it is still good: the next one.
    pub(crate) fn try_refresh(&mut self, token: &str) -> Outcome<Option<String>> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let headers = [("authorization", self.authorization.as_str())];
        let answer = self.connection.post("/token", &headers, (FORM, &body))?;
        if answer.status == 400 && answer.body.contains("invalid_grant") {
            return Ok(None);
        }
        text(&serde_json::from_str(&answer.expect(200)?.body)?, "refresh_token").map(Some)
    }

    /// Asks about an access token, which must be good.
    pub(crate) fn introspect(&mut self, access_token: &str) -> Outcome<()> {
        let answer = self.post("/introspect", &[("token", access_token)])?;
        if answer.body.contains("\"active\":true") { Ok(()) } else { Err("a token is not active".into()) }
    }

    /// Pushes an authorization request.
    pub(crate) fn push(&mut self) -> Outcome<()> {
        let query = authorization(self.client);
        let body = query.split_once('?').map_or("", |(_, query)| query);
        let headers = [("authorization", self.authorization.as_str())];
        self.connection.post("/par", &headers, (FORM, body))?.expect(201)?;
        Ok(())
    }

    /// Gives a token back.
    pub(crate) fn revoke(&mut self, token: &str) -> Outcome<()> {
        self.post("/revoke", &[("token", token)]).map(drop)
    }

    fn token(&mut self, form: &[(&str, &str)]) -> Outcome<Value> {
        Ok(serde_json::from_str(&self.post("/token", form)?.body)?)
    }

    fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Outcome<Answer> {
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let headers = [("authorization", self.authorization.as_str())];
        Ok(self.connection.post(path, &headers, (FORM, &body))?.expect(200)?)
    }

    /// Asks who it is.
    pub(crate) fn userinfo(&mut self, access_token: &str) -> Outcome<()> {
        let bearer = format!("Bearer {access_token}");
        self.connection.get("/userinfo", &[("authorization", &bearer)])?.expect(200)?;
        Ok(())
    }

    /// Which client it is.
    pub(crate) const fn client(&self) -> Client {
        self.client
    }
}

/// A text of the token endpoint's answer.
pub(crate) fn text(tokens: &Value, name: &str) -> Outcome<String> {
    let text = tokens.get(name).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| format!("there is no {name}").into())
}

fn authorization(client: Client) -> String {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
    format!(
        "/authorize?response_type=code&client_id={}&redirect_uri={}&scope={}&state=a-state-of-thirty-two-characters\
         &nonce=a-nonce-of-thirty-two-characters&code_challenge={challenge}&code_challenge_method=S256",
        client.id(),
        encoded(REDIRECT_URI),
        encoded(client.scopes()),
    )
}

fn code_in(location: &str) -> Outcome<String> {
    let url = Url::parse(location).map_err(|_| format!("it leads to {location}, not to the client"))?;
    let code = url.query_pairs().find(|(name, _)| name == "code");
    code.map(|(_, value)| value.into_owned()).ok_or_else(|| format!("no code in {location}").into())
}
