//! Owns reading one value out of an answer, whichever of Plex's two formats it came in: JSON keys and XML attributes
//! have the same names. Numbers may be strings, booleans may be 0 and 1, and empty means absent.

use plex_oidc_core::id::MachineId;
use plex_oidc_core::time::Timestamp;
use roxmltree::Node;
use serde_json::{Map, Value};

use super::Malformed;

/// One object of an answer.
#[derive(Clone, Copy)]
pub(super) enum Fields<'a> {
    Json(&'a Map<String, Value>),
    Xml(Node<'a, 'a>),
}

/// One value, before anybody knows what it should be.
enum Scalar<'a> {
    Text(&'a str),
    Number(&'a serde_json::Number),
    Flag(bool),
    Nested,
}

impl<'a> Fields<'a> {
    fn scalar(self, name: &str) -> Option<Scalar<'a>> {
        match self {
            Self::Json(object) => match object.get(name)? {
                Value::Null => None,
                Value::String(text) => Some(Scalar::Text(text)),
                Value::Number(number) => Some(Scalar::Number(number)),
                Value::Bool(flag) => Some(Scalar::Flag(*flag)),
                Value::Array(_) | Value::Object(_) => Some(Scalar::Nested),
            },
            Self::Xml(node) => node.attribute(name).map(Scalar::Text),
        }
        .filter(|scalar| !matches!(scalar, Scalar::Text("")))
    }

    /// Whether the field is there at all, be it null or empty.
    pub(super) fn mentions(self, name: &str) -> bool {
        match self {
            Self::Json(object) => object.contains_key(name),
            Self::Xml(node) => node.has_attribute(name),
        }
    }

    /// Whether the field is there and holds something.
    pub(super) fn holds(self, name: &str) -> bool {
        self.scalar(name).is_some()
    }

    /// A text for people to see, or nothing: an odd one is not worth losing the answer for.
    pub(super) fn text(self, name: &str) -> Option<String> {
        match self.scalar(name)? {
            Scalar::Text(text) => Some(text.to_owned()),
            Scalar::Number(number) => Some(number.to_string()),
            Scalar::Flag(_) | Scalar::Nested => None,
        }
    }

    /// A text that the answer makes no sense without.
    pub(super) fn required_text(self, name: &'static str) -> Result<String, Malformed> {
        self.text(name).ok_or(Malformed::Field(name))
    }

    /// A number, or nothing where nothing is said.
    pub(super) fn number(self, name: &'static str) -> Result<Option<u64>, Malformed> {
        let number = match self.scalar(name) {
            None => return Ok(None),
            Some(Scalar::Number(number)) => number.as_u64(),
            // `parse` alone would also take "+5".
            Some(Scalar::Text(text)) if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
            Some(Scalar::Text(_) | Scalar::Flag(_) | Scalar::Nested) => None,
        };
        number.map(Some).ok_or(Malformed::Field(name))
    }

    /// The number of an account, a PIN or a library: present and not zero.
    pub(super) fn id(self, name: &'static str) -> Result<u64, Malformed> {
        self.number(name)?.filter(|id| *id != 0).ok_or(Malformed::Field(name))
    }

    /// True or false; false where nothing is said. Anything else is not guessed at.
    pub(super) fn flag(self, name: &'static str) -> Result<bool, Malformed> {
        match self.scalar(name) {
            None | Some(Scalar::Text("false")) => Ok(false),
            Some(Scalar::Text("true")) => Ok(true),
            Some(Scalar::Flag(flag)) => Ok(flag),
            Some(Scalar::Text(_) | Scalar::Number(_)) => match self.number(name)? {
                Some(0) => Ok(false),
                Some(1) => Ok(true),
                Some(_) | None => Err(Malformed::Field(name)),
            },
            Some(Scalar::Nested) => Err(Malformed::Field(name)),
        }
    }

    /// A flag, or a level above zero.
    pub(super) fn flag_or_level(self, name: &'static str) -> Result<bool, Malformed> {
        self.flag(name).or_else(|_| Ok(self.number(name)?.is_some_and(|level| level > 0)))
    }

    /// The identifier of a media server, or nothing where something else is named: it cannot be a server of ours.
    pub(super) fn machine(self, name: &'static str) -> Result<Option<MachineId>, Malformed> {
        self.required_text(name).map(|text| MachineId::parse(&text))
    }

    /// A moment, from RFC 3339 or Unix seconds.
    pub(super) fn moment(self, name: &'static str) -> Result<Timestamp, Malformed> {
        let moment = match self.scalar(name) {
            Some(Scalar::Number(number)) => number.as_i64(),
            Some(Scalar::Text(text)) => match text.parse::<jiff::Timestamp>() {
                Ok(timestamp) => Some(timestamp.as_second()),
                Err(_) => text.parse().ok(),
            },
            Some(Scalar::Flag(_) | Scalar::Nested) | None => None,
        };
        moment.map(Timestamp).ok_or(Malformed::Field(name))
    }

    /// The one nested object of that name, or nothing.
    pub(super) fn nested(self, name: &str) -> Option<Self> {
        match self {
            Self::Json(object) => object.get(name)?.as_object().map(Self::Json),
            Self::Xml(node) => node.children().find(|child| child.has_tag_name(name)).map(Self::Xml),
        }
    }

    /// The nested objects of that name; an absent or null list is empty, a list of anything else is malformed.
    pub(super) fn list(self, name: &'static str) -> Result<Vec<Self>, Malformed> {
        match self {
            Self::Json(object) => match object.get(name) {
                None | Some(Value::Null) => Ok(Vec::new()),
                Some(value) => json_rows(value).ok_or(Malformed::Field(name)),
            },
            Self::Xml(node) => {
                Ok(node.children().filter(|child| child.has_tag_name(name)).map(Self::Xml).collect())
            }
        }
    }
}

/// The objects of an array, if it is an array of nothing else.
pub(super) fn json_rows(value: &Value) -> Option<Vec<Fields<'_>>> {
    value.as_array()?.iter().map(|row| row.as_object().map(Fields::Json)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with<T>(value: &Value, read: impl Fn(Fields) -> T) -> T {
        let object = json!({ "field": value });
        read(Fields::Json(object.as_object().unwrap()))
    }

    #[test]
    fn a_number_may_be_a_string_of_digits_and_nothing_else() {
        for (value, expected) in [
            (json!(7), Ok(Some(7))),
            (json!("7"), Ok(Some(7))),
            (json!("18446744073709551615"), Ok(Some(u64::MAX))),
            (json!(null), Ok(None)),
            (json!(""), Ok(None)),
            (json!("18446744073709551616"), Err(Malformed::Field("field"))),
            (json!("+7"), Err(Malformed::Field("field"))),
            (json!("-7"), Err(Malformed::Field("field"))),
            (json!(-7), Err(Malformed::Field("field"))),
            (json!(7.5), Err(Malformed::Field("field"))),
            (json!("seven"), Err(Malformed::Field("field"))),
            (json!(true), Err(Malformed::Field("field"))),
            (json!([7]), Err(Malformed::Field("field"))),
        ] {
            assert_eq!(with(&value, |fields| fields.number("field")), expected, "{value}");
        }
        assert_eq!(with(&json!(0), |fields| fields.id("field")), Err(Malformed::Field("field")));
    }

    #[test]
    fn a_flag_is_never_guessed() {
        for yes in [json!(true), json!(1), json!("1"), json!("true")] {
            assert_eq!(with(&yes, |fields| fields.flag("field")), Ok(true), "{yes}");
        }
        for no in [json!(false), json!(0), json!("0"), json!("false"), json!(null), json!("")] {
            assert_eq!(with(&no, |fields| fields.flag("field")), Ok(false), "{no}");
        }
        for odd in [json!(2), json!("yes"), json!({}), json!([]), json!(0.5), json!(-1)] {
            assert_eq!(with(&odd, |fields| fields.flag("field")), Err(Malformed::Field("field")), "{odd}");
        }
    }

    #[test]
    fn a_moment_is_rfc_3339_or_unix_seconds() {
        for value in [json!("2026-05-04T10:00:00Z"), json!("2026-05-04T10:00:00.250Z"), json!(1_777_888_800)]
        {
            assert_eq!(
                with(&value, |fields| fields.moment("field")),
                Ok(Timestamp(1_777_888_800)),
                "{value}"
            );
        }
        assert!(with(&json!("yesterday"), |fields| fields.moment("field")).is_err());
    }
}
