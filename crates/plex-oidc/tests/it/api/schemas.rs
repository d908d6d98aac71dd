//! The forms of what the API answers and takes, for its document. Each object has these fields, all of them, and no other.

use plex_oidc::web::api::problem::Code;
use plex_oidc_core::api::ApiScope;
use plex_oidc_core::audit::What;
use serde_json::{Map, Value, json};

fn object(fields: &[(&str, Value)]) -> Value {
    let required: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    let properties: Map<_, _> =
        fields.iter().map(|(name, form)| ((*name).to_owned(), form.clone())).collect();
    json!({"type": "object", "additionalProperties": false, "required": required, "properties": properties})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn text_or_none() -> Value {
    json!({"type": ["string", "null"]})
}

fn moment() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn moment_or_none() -> Value {
    json!({"type": ["string", "null"], "format": "date-time"})
}

fn number() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn number_or_none() -> Value {
    json!({"type": ["integer", "null"], "minimum": 0})
}

fn yes() -> Value {
    json!({"type": "boolean"})
}

fn list(of: impl Into<Value>) -> Value {
    let of: Value = of.into();
    json!({"type": "array", "items": of})
}

fn named(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn or_none(form: impl Into<Value>) -> Value {
    let form: Value = form.into();
    json!({"oneOf": [form, {"type": "null"}]})
}

fn account() -> Value {
    json!({"type": "string", "pattern": "^(plex|local)-[1-9][0-9]*$"})
}

fn kind() -> Value {
    json!({"type": "string", "enum": ["client", "gateway"]})
}

fn who() -> Vec<(&'static str, Value)> {
    vec![
        ("account", account()),
        ("name", text()),
        ("username", text_or_none()),
        ("email", text_or_none()),
        ("email_confirmed", yes()),
        ("groups", list(text())),
        ("access_ended", yes()),
        ("blocked", yes()),
    ]
}

fn with(mut fields: Vec<(&'static str, Value)>, more: &[(&'static str, Value)]) -> Value {
    fields.extend(more.iter().cloned());
    object(&fields)
}

/// Every form by its name.
pub(super) fn all() -> Value {
    let mut forms = Map::new();
    for part in [people(), person(), requests(), tokens(), state(), log()] {
        forms.extend(part.as_object().unwrap().clone());
    }
    Value::Object(forms)
}

fn tokens() -> Value {
    let scopes: Vec<_> = ApiScope::ALL.map(ApiScope::as_str).to_vec();
    json!({
        "Problem": object(&[
            ("type", text()),
            ("title", text()),
            ("status", number()),
            ("code", json!({"type": "string", "enum": Code::ALL.map(|code| code.word().0)})),
            ("detail", text()),
            ("where", text_or_none()),
        ]),
        "ApiToken": object(&[
            ("id", text()),
            ("name", text()),
            ("scopes", list(json!({"type": "string", "enum": scopes}))),
            ("created", moment()),
            ("expires", moment()),
            ("last_used", moment_or_none()),
        ]),
        "Passkeys": object(&[("passkeys", list(object(&[
            ("id", text()),
            ("account", account()),
            ("name", text()),
            ("added", moment()),
            ("last_used", moment_or_none()),
        ])))]),
        "ApiTokens": object(&[("api_tokens", list(named("ApiToken")))]),
    })
}

fn state() -> Value {
    json!({
        "Health": object(&[("version", text()), ("started", moment()), ("database_bytes", number())]),
        "Membership": object(&[
            ("at_plex", yes()),
            ("has_owner_token", yes()),
            ("own_tokens_every_seconds", number_or_none()),
            ("last_answer", or_none(object(&[
                ("at", moment()), ("members", number()), ("ended", number()), ("doubted", number()),
            ]))),
            ("trouble", or_none(object(&[("what", text()), ("since", moment())]))),
            ("left_alone", yes()),
            ("requests_last_hour", number()),
            ("requests_per_hour", number()),
            ("requests_last_hour_in_all", number()),
            ("lifetime_seconds", number()),
        ]),
        "Checked": object(&[("answered", yes())]),
        "Apps": object(&[("apps", list(object(&[
            ("id", text_or_none()),
            ("name", text()),
            ("kind", kind()),
            ("hosts", list(text())),
            ("enabled", yes()),
            ("for_people", yes()),
            ("allow", list(text())),
            ("deny", list(text())),
            ("has_rules", yes()),
        ])))]),
        "Keys": object(&[("keys", list(object(&[
            ("kid", text()), ("algorithm", text()), ("state", text()), ("made", moment()),
        ])))]),
    })
}

fn log() -> Value {
    json!({
        "Event": object(&[
            ("id", number()),
            ("at", moment()),
            ("what", json!({"type": "string", "enum": What::ALL.map(What::word)})),
            ("by", text()),
            ("account", or_none(account())),
            ("name", text_or_none()),
            ("target", text_or_none()),
            ("address", text_or_none()),
            ("detail", text_or_none()),
        ]),
        "Events": object(&[("events", list(named("Event"))), ("next", number_or_none())]),
    })
}

fn people() -> Value {
    json!({
        "People": object(&[
            ("people", list(with(who(), &[("last_seen", moment_or_none()), ("sessions", number())]))),
            ("total", number()),
            ("page", number()),
            ("pages", number()),
        ]),
    })
}

fn person() -> Value {
    json!({
        "Person": with(who(), &[
            ("owner", yes()),
            ("named", yes()),
            ("opened", list(text())),
            ("sessions", list(object(&[
                ("sid", text()),
                ("browser", text_or_none()),
                ("address", text_or_none()),
                ("signed_in", moment()),
                ("last_used", moment()),
            ]))),
            ("app_tokens", list(object(&[
                ("id", text()),
                ("name", text()),
                ("apps", list(text())),
                ("created", moment()),
                ("expires", moment_or_none()),
                ("last_used", moment_or_none()),
            ]))),
            ("consents", list(object(&[("client", text()), ("scopes", list(text())), ("given", moment())]))),
            ("browsers", list(object(&[
                ("id", text()),
                ("browser", text_or_none()),
                ("address", text_or_none()),
                ("first_used", moment()),
                ("last_used", moment()),
                ("approved", yes()),
                ("confirmed", yes()),
                ("signed_in", yes()),
            ]))),
            ("apps", list(object(&[
                ("id", text_or_none()),
                ("name", text()),
                ("kind", kind()),
                ("may", yes()),
                ("why", text()),
                ("has_rules", yes()),
            ]))),
        ]),
    })
}

fn requests() -> Value {
    json!({
        "Requests": object(&[
            ("requests", list(object(&[
                ("account", account()),
                ("name", text()),
                ("email", text_or_none()),
                ("app", text()),
                ("app_name", text_or_none()),
                ("browser", text_or_none()),
                ("wish", json!({"type": "string", "enum": ["share", "open", "name", "browser"]})),
                ("said", text_or_none()),
                ("address", text()),
                ("asked", moment()),
            ]))),
            ("total", number()),
        ]),
        "Answer": {
            "type": "object",
            "additionalProperties": false,
            "required": ["answer"],
            "properties": {
                "answer": {"type": "string", "enum": ["opened", "named", "shared", "approved", "declined"]},
                "said": {"type": ["string", "null"], "description": "A sentence for them, of 300 characters at most."},
                "browser": {"type": ["string", "null"], "description": "The browser, where the request is about one."},
            },
        },
    })
}

/// Whether a value is of this form: as much of JSON Schema as the document uses, and a panic at anything else.
pub(super) fn is_of(document: &Value, form: &Value, value: &Value) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{what}: {value} is not {form}"));
    for (keyword, rule) in form.as_object().expect("a form") {
        let holds = match keyword.as_str() {
            "$ref" => {
                let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
                is_of(document, document.pointer(pointer).expect("a form of that name"), value)?;
                true
            }
            "type" => match rule {
                Value::Array(types) => types.iter().any(|one| is_type(one, value)),
                one => is_type(one, value),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.is_null() || value.as_u64() >= rule.as_u64(),
            "oneOf" => {
                rule.as_array().unwrap().iter().filter(|one| is_of(document, one, value).is_ok()).count() == 1
            }
            "required" => {
                rule.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
            }
            "additionalProperties" => {
                assert_eq!(rule, false);
                value
                    .as_object()
                    .into_iter()
                    .flat_map(Map::keys)
                    .all(|name| form["properties"].get(name).is_some())
            }
            "properties" => {
                for (name, form) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        is_of(document, form, value)?;
                    }
                }
                true
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    is_of(document, rule, item)?;
                }
                true
            }
            "format" => value.as_str().is_none_or(|text| text.len() == 20 && text.ends_with('Z')),
            "pattern" => {
                value.as_str().is_some_and(|text| text.starts_with("plex-") || text.starts_with("local-"))
            }
            "description" => true,
            other => panic!("{other} is not looked at"),
        };
        if !holds {
            return wrong(keyword);
        }
    }
    Ok(())
}

fn is_type(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other} is no type"),
    }
}
