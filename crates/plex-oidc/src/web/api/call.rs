//! One request of the API, after it was found out who asks and for what: what every operation is given.

use std::net::IpAddr;

use axum::body::{Body, Bytes};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Request, StatusCode};
use plex_oidc_core::audit::Actor;
use plex_oidc_core::id::{AccountId, ClientId};
use plex_oidc_core::subject::Subject;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::info;
use url::form_urlencoded;

use super::operations::{Described, Found, Operation};
use super::problem::{Code, Problem};
use crate::app::{App, State};
use crate::flow::api_tokens;
use crate::flow::audit::By;
use crate::store::records::ApiTokenRecord;
use crate::web::request::read_body;
use crate::web::respond::{Answer, json};

/// What an operation answers.
pub type Answered = Result<Answer, Problem>;

/// One request.
pub struct Call {
    /// What is asked for.
    pub operation: Operation,
    /// The token that asks.
    pub token: ApiTokenRecord,
    /// The same, as who does something.
    pub by: By,
    parts: Vec<String>,
    query: Vec<(String, String)>,
    body: Bytes,
}

impl Call {
    /// Reads a request: who asks comes first, and nothing is told to anybody else, not even what there is.
    pub async fn read(app: &State, address: IpAddr, request: Request<Body>) -> Result<Self, Problem> {
        let token = caller(app, request.headers(), address).await?;
        let (operation, parts) = match Operation::at(request.method(), request.uri().path()) {
            Found::One(operation, parts) => (operation, parts),
            Found::OtherMethods(methods) => return Err(Problem::wrong_method(&methods)),
            Found::Nothing => {
                return Err(Problem::new(Code::NoSuchOperation, "there is nothing at this path"));
            }
        };
        let described = operation.described();
        if let Some(scope) = described.scope.filter(|scope| !token.scopes.contains(*scope)) {
            info!(token = %token.id, scope = scope.as_str(), "a token of the API lacks a scope");
            return Err(Problem::insufficient_scope(scope));
        }
        let query = query(&described, request.uri().query().unwrap_or_default())?;
        let headers = request.headers().clone();
        let body = body(app, &described, request).await?;
        let token = caller(app, &headers, address).await?; // still good, however slowly the body came
        let by = By { actor: Actor::ApiToken(token.id), address };
        Ok(Self { operation, token, by, parts, query, body })
    }

    /// A parameter of the query; empty is none.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name)?;
        Some(found.1.as_str()).filter(|value| !value.is_empty())
    }

    /// A number in the query.
    pub fn number(&self, name: &'static str, most: u64, default: u64) -> Result<u64, Problem> {
        let Some(text) = self.parameter(name) else { return Ok(default) };
        let number = text.parse().ok().filter(|number| (1..=most).contains(number));
        number.ok_or_else(|| wrong_in_query(name, &format!("a number from 1 to {most}")))
    }

    /// Something in the query that `parse` reads.
    pub fn parsed<T>(
        &self,
        name: &'static str,
        what: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.parameter(name) else { return Ok(None) };
        parse(text).map(Some).ok_or_else(|| wrong_in_query(name, what))
    }

    /// The part of the path that varies, by its place.
    pub fn part(&self, place: usize) -> &str {
        self.parts.get(place).map(String::as_str).unwrap_or_default()
    }

    /// The account, which is the first of them wherever there is one.
    pub fn account(&self) -> Result<AccountId, Problem> {
        account(self.part(0)).ok_or_else(|| {
            Problem::bad_parameter("path account", "an account is plex-<account id> or local-<number>")
        })
    }

    /// A client, or an application behind the gateway, after the account.
    pub fn client(&self, name: &str) -> Result<ClientId, Problem> {
        ClientId::parse(self.part(1))
            .ok_or_else(|| Problem::bad_parameter(format!("path {name}"), "this is no id of an application"))
    }

    /// The body. Fields that are not known are refused by name.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body)
            .map_err(|wrong| Problem::new(Code::BadBody, wrong.to_string()).at("body"))
    }
}

/// The account of a text.
pub fn account(text: &str) -> Option<AccountId> {
    Subject::parse(text).and_then(|subject| subject.account())
}

fn wrong_in_query(name: &str, what: &str) -> Problem {
    Problem::bad_parameter(format!("query {name}"), format!("{name} is {what}"))
}

/// The token that asks. A cookie is never looked at, so no browser can be made to ask in somebody's name.
async fn caller(app: &App, headers: &HeaderMap, address: IpAddr) -> Result<ApiTokenRecord, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let shown = match (values.next(), values.next()) {
        (None, _) => return Err(Problem::no_token()),
        (Some(_), Some(_)) => return Err(Problem::bad_header("there is more than one Authorization header")),
        (Some(value), None) => value.to_str().unwrap_or_default(),
    };
    let Some((scheme, token)) = shown.split_once(' ') else { return Err(Problem::no_token()) };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::no_token());
    }
    let found = api_tokens::live(app, token.trim()).await?;
    if found.is_none() {
        info!(%address, "a token that is good for nothing was shown at the API");
    }
    found.ok_or_else(Problem::bad_token)
}

/// The parameters. What is not known is refused: a filter with a slip in its name would be no filter.
fn query(described: &Described, text: &str) -> Result<Vec<(String, String)>, Problem> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        let is_known = described.query.contains(&&*name);
        let wrong = match pairs.iter().any(|(before, _)| *before == name) {
            _ if !is_known => "is no parameter of this operation",
            true => "stands more than once",
            false => {
                pairs.push((name.into_owned(), value.into_owned()));
                continue;
            }
        };
        let name: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
        return Err(
            Problem::new(Code::UnknownParameter, format!("{name} {wrong}")).at(format!("query {name}"))
        );
    }
    Ok(pairs)
}

async fn body(app: &State, described: &Described, request: Request<Body>) -> Result<Bytes, Problem> {
    let is_json = is_json(request.headers());
    let body = read_body(request, app).await?;
    match (described.has_body, body.is_empty()) {
        (false, false) => Err(Problem::new(Code::UnexpectedBody, "this operation takes no body").at("body")),
        (true, _) if !is_json => {
            let detail = "the body is to be application/json";
            Err(Problem::new(Code::WrongMediaType, detail).at("header Content-Type"))
        }
        (true, _) | (false, true) => Ok(body),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// Something to read.
pub fn shown(value: &impl Serialize) -> Answered {
    Ok(json(StatusCode::OK, value))
}

/// It is done, and there is nothing to say of it.
pub fn done() -> Answered {
    let mut answer = Answer::new(Body::empty());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer.headers_mut().insert(http::header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    Ok(answer)
}
