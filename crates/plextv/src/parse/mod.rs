//! Owns turning the bytes of a plex.tv answer into values, and refusing what is not one. Pure: no network, no clock.
//!
//! Fields we do not know are ignored and optional ones may be missing. What decides about a person is never guessed:
//! when it is missing or unreadable the whole answer is refused, so that an odd answer cannot look like a "no".

mod fields;
mod lists;

use std::time::Duration;

use plex_oidc_core::id::PlexAccountId;
use serde_json::Value;

use crate::{Pin, PinId, PlexToken, User};
use fields::Fields;
pub use lists::{
    parse_home, parse_home_xml, parse_libraries, parse_libraries_xml, parse_resources, parse_resources_xml,
    parse_shares_json, parse_shares_xml, parse_users_xml,
};

/// The largest answer that is read, in bytes, in either format.
pub const MAX_BODY: usize = 1024 * 1024;
/// The largest list of an owner's shares: that of a thousand guests, with every library of each. Deviation: security requirement
/// 158 has one mebibyte for every answer.
pub const MAX_LIST: usize = 4 * MAX_BODY;
/// The deepest answer that is parsed, in either format. Honest ones need five levels.
pub const MAX_DEPTH: u32 = 32;
/// An element at the greatest depth has this many nodes above it, itself and the document counted.
const MAX_XML_ANCESTORS: usize = MAX_DEPTH as usize + 1;
/// The longest XML tag that is parsed, with the text after it, in bytes.
const MAX_XML_TAG: usize = 32 * 1024;
/// The most XML nodes that are parsed: more than fit into an honest answer of that size.
const MAX_XML_NODES: u32 = 50_000;

/// Why bytes are not the answer they should be. Never quotes them: they may hold a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not JSON.
    #[error("not JSON")]
    Json,
    /// Nested deeper than any honest answer.
    #[error("nested too deep")]
    TooDeep,
    /// Not XML, or XML with a document type.
    #[error("not XML")]
    Xml,
    /// Larger than any honest answer.
    #[error("too large")]
    TooLarge,
    /// Not the kind of document this call answers with.
    #[error("not the document this call answers with")]
    Document,
    /// Says itself that it holds more rows than it does.
    #[error("an incomplete list")]
    Incomplete,
    /// This field is missing or unreadable.
    #[error("field {0} is missing or unreadable")]
    Field(&'static str),
}

/// Reads a PIN (JSON).
pub fn parse_pin(body: &[u8]) -> Result<Pin, Malformed> {
    with_object(body, pin)
}

/// Reads a PIN (XML).
pub fn parse_pin_xml(body: &[u8]) -> Result<Pin, Malformed> {
    with_element(body, "pin", pin)
}

/// Reads an account (JSON).
pub fn parse_user(body: &[u8]) -> Result<User, Malformed> {
    with_object(body, user)
}

/// Reads an account (XML).
pub fn parse_user_xml(body: &[u8]) -> Result<User, Malformed> {
    with_element(body, "user", user)
}

/// Reads the answer to a ping (JSON).
pub fn parse_pong(body: &[u8]) -> Result<(), Malformed> {
    with_object(body, |fields| if fields.flag("pong")? { Ok(()) } else { Err(Malformed::Field("pong")) })
}

/// Reads the answer to a ping (XML).
pub fn parse_pong_xml(body: &[u8]) -> Result<(), Malformed> {
    with_xml(body, |root| {
        let affirmed = root.text().is_some_and(|text| matches!(text.trim(), "true" | "1"));
        if root.has_tag_name("pong") && affirmed { Ok(()) } else { Err(Malformed::Document) }
    })
}

fn pin(fields: Fields) -> Result<Pin, Malformed> {
    Ok(Pin {
        id: PinId(fields.id("id")?),
        code: fields.required_text("code")?,
        client_identifier: fields.required_text("clientIdentifier")?,
        product: fields.text("product"),
        created_at: fields.moment("createdAt")?,
        expires_at: fields.moment("expiresAt")?,
        expires_in: fields.number("expiresIn")?.map(Duration::from_secs),
        auth_token: token(fields, "authToken")?,
    })
}

fn user(fields: Fields) -> Result<User, Malformed> {
    Ok(User {
        id: PlexAccountId(fields.id("id")?),
        uuid: fields.text("uuid"),
        username: fields.text("username"),
        title: fields.text("title"),
        friendly_name: fields.text("friendlyName"),
        email: fields.text("email"),
        confirmed: fields.flag("confirmed")?,
        restricted: fields.flag("restricted")?,
        home: fields.flag("home")?,
        home_admin: fields.flag("homeAdmin")?,
        guest: fields.flag("guest")?,
        anonymous: fields.flag("anonymous")?,
        thumb: fields.text("thumb"),
        two_factor: said(fields, "twoFactorEnabled")?,
        plex_pass: match fields.nested("subscription") {
            Some(subscription) => said(subscription, "active")?,
            None => None,
        },
        // A rule may want to know it, and whoever signs in should not fail for it.
        joined_at: fields.moment("joinedAt").ok().filter(|moment| moment.0 > 0),
    })
}

/// A flag, or nothing where nothing is said: rules tell that from "no".
fn said(fields: Fields, name: &'static str) -> Result<Option<bool>, Malformed> {
    fields.holds(name).then(|| fields.flag(name)).transpose()
}

fn token(fields: Fields, name: &'static str) -> Result<Option<PlexToken>, Malformed> {
    match fields.text(name) {
        Some(text) => PlexToken::parse(&text).map(Some).ok_or(Malformed::Field(name)),
        None if fields.holds(name) => Err(Malformed::Field(name)),
        None => Ok(None),
    }
}

/// What Plex says when it refuses: the first error of its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Option<u64>,
    pub(crate) message: Option<String>,
}

impl Refusal {
    /// Whether these are its words.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.message.as_deref().is_some_and(|message| message.trim() == words)
    }
}

/// Reads Plex's error envelope in either format. A page from somebody in between is not one.
pub(crate) fn parse_refusal(body: &[u8]) -> Option<Refusal> {
    if body.trim_ascii_start().starts_with(b"<") {
        return with_xml(body, |root| {
            let error =
                root.has_tag_name("errors").then(|| root.children().find(|n| n.has_tag_name("error")));
            let error = error.flatten().ok_or(Malformed::Document)?;
            let fields = Fields::Xml(error);
            let message = fields.text("message").or_else(|| error.text().map(str::to_owned));
            Ok(Refusal { code: fields.number("code")?, message })
        })
        .ok();
    }
    with_object(body, |root| {
        let error = root.list("errors")?.into_iter().next().ok_or(Malformed::Document)?;
        Ok(Refusal { code: error.number("code")?, message: error.text("message") })
    })
    .ok()
}

fn with_object<T>(body: &[u8], read: impl FnOnce(Fields) -> Result<T, Malformed>) -> Result<T, Malformed> {
    let value = json(body)?;
    read(Fields::Json(value.as_object().ok_or(Malformed::Document)?))
}

fn with_element<T>(
    body: &[u8],
    tag: &str,
    read: impl FnOnce(Fields) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    with_xml(
        body,
        |root| if root.has_tag_name(tag) { read(Fields::Xml(root)) } else { Err(Malformed::Document) },
    )
}

fn json(body: &[u8]) -> Result<Value, Malformed> {
    json_within(body, MAX_BODY)
}

fn json_within(body: &[u8], most: usize) -> Result<Value, Malformed> {
    if body.len() > most {
        return Err(Malformed::TooLarge);
    }
    if json_depth(body) > MAX_DEPTH {
        return Err(Malformed::TooDeep);
    }
    serde_json::from_slice(body).map_err(|_| Malformed::Json)
}

/// How deep brackets nest outside strings. Counted before parsing: the parser's own limit is fixed, and higher.
fn json_depth(body: &[u8]) -> u32 {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_u32, 0_u32, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn with_xml<T>(
    body: &[u8],
    read: impl FnOnce(roxmltree::Node) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    with_xml_within(body, MAX_BODY, read)
}

fn with_xml_within<T>(
    body: &[u8],
    most: usize,
    read: impl FnOnce(roxmltree::Node) -> Result<T, Malformed>,
) -> Result<T, Malformed> {
    if body.len() > most {
        return Err(Malformed::TooLarge);
    }
    // Plex has neither long tags nor namespaces, and their cost grows with the square of their number.
    if body.split(|byte| *byte == b'<').any(|tag| tag.len() > MAX_XML_TAG) {
        return Err(Malformed::TooLarge);
    }
    if body.windows(5).any(|five| five == b"xmlns") {
        return Err(Malformed::Document);
    }
    let text = std::str::from_utf8(body).map_err(|_| Malformed::Xml)?;
    let options = roxmltree::ParsingOptions { nodes_limit: MAX_XML_NODES, ..Default::default() };
    let document = roxmltree::Document::parse_with_options(text, options).map_err(|_| Malformed::Xml)?;
    let too_deep = |node: roxmltree::Node| node.ancestors().nth(MAX_XML_ANCESTORS).is_some();
    if document.descendants().filter(roxmltree::Node::is_element).any(too_deep) {
        return Err(Malformed::TooDeep);
    }
    read(document.root_element())
}

#[cfg(test)]
mod tests;
