//! A claim as the value of a header. What has more than one reading has none.

use serde_json::{Number, Value};

use crate::gateway::headers::fits;

/// The largest whole number that every reader of JSON keeps as it is (RFC 8259 s. 6).
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// The text of a string, a number, a boolean, or an array of those between commas. In an array a comma or a percent
/// sign of an element is percent-escaped, so that no element can become two.
pub(super) fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Array(items) => {
            let items = items.iter().map(|item| scalar(item).map(|text| escaped(&text)));
            items.collect::<Option<Vec<_>>>()?.join(",")
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            scalar(value)?
        }
    };
    (!text.is_empty() && fits(&text)).then_some(text)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => is_exact(number).then(|| number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number that was too large to be kept is another number.
fn is_exact(number: &Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|number| number.abs() < MAX_EXACT)
}

fn escaped(item: &str) -> String {
    item.replace('%', "%25").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_type_of_claim_has_one_text() {
        for (value, expected) in [
            (json!("plain, 100 %"), Some("plain, 100 %")),
            (json!("J\u{fc}rgen"), Some("J\u{fc}rgen")),
            (json!(true), Some("true")),
            (json!(-7), Some("-7")),
            (json!(u64::MAX), Some("18446744073709551615")),
            (json!(2.5), Some("2.5")),
            (json!(1e30), None),
            (json!(["a", "b c", 3, false]), Some("a,b c,3,false")),
            (json!(["a,b", "50%", "%2C"]), Some("a%2Cb,50%25,%252C")),
            (json!(["one"]), Some("one")),
            (json!([]), None),
            (json!(""), None),
            (json!(null), None),
            (json!({"a": 1}), None),
            (json!(["a", null]), None),
            (json!(["a", ["b"]]), None),
            (json!(["a", {"b": 1}]), None),
            (json!("a\r\nRemote-User: owner"), None),
            (json!(["a", "b\n"]), None),
            (json!("a\u{0}"), None),
            (json!("a\u{7f}"), None),
            (json!("a\u{85}"), None),
            (json!(" a"), None),
            (json!("a\t"), None),
        ] {
            assert_eq!(text(&value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn half_a_value_is_never_sent() {
        assert!(text(&json!("x".repeat(4096))).is_some());
        assert_eq!(text(&json!("x".repeat(4097))), None);
        assert_eq!(text(&json!("x".repeat(5 * 1024))), None);
        assert_eq!(text(&json!(vec!["%".repeat(100); 14])), None, "longer than 4 KiB once it is escaped");
    }

    proptest! {
        #[test]
        fn an_array_is_read_back_as_it_was(items in prop::collection::vec("[a-z%,2C5 ]{0,6}", 1..5)) {
            if let Some(text) = text(&json!(items)) {
                let back: Vec<_> =
                    text.split(',').map(|item| item.replace("%2C", ",").replace("%25", "%")).collect();
                prop_assert_eq!(back, items);
            }
        }
    }
}
