//! The document of the API is made from the table that answers requests, and every answer is as it says. `UPDATE_DOCS=1` rewrites
//! `docs/reference/openapi.json` and what the program serves of it.

use std::path::Path;

use plex_oidc::store::records::{
    Asking, Consent, NewAccessRequest, Passkey, PasskeyAdded, PasskeyId, SealedBytes, UsedChallenge, Wish,
};
use plex_oidc_core::id::{AccountId, ClientId, PlexAccountId};
use plex_oidc_core::scope::ScopeSet;
use plex_oidc_core::secret::SecretHash;
use plex_oidc_core::webauthn::Backup;
use serde_json::Map;

use super::schemas::{all, is_of};
use super::*;

fn summary(operation: Operation) -> (&'static str, &'static str, Option<&'static str>) {
    match operation {
        Operation::Document => ("document", "This document", None),
        Operation::OwnToken => ("own_token", "The token that asks", Some("ApiToken")),
        Operation::EndOwnToken => ("end_own_token", "End the token that asks", None),
        Operation::Health => ("health", "Version, start and size of the database", Some("Health")),
        Operation::Membership => ("membership", "How well it is known who is a member", Some("Membership")),
        Operation::CheckMembership => (
            "check_membership",
            "Have Plex asked now who is a member, once a minute at most",
            Some("Checked"),
        ),
        Operation::People => ("people", "Who has signed in, the last seen one first", Some("People")),
        Operation::Person => {
            ("person", "One person, what they hold, what they may use and why", Some("Person"))
        }
        Operation::EndEverything => ("end_everything", "End all sessions and tokens of somebody", None),
        Operation::EndSession => ("end_session", "End one session, with what came of it", None),
        Operation::EndAppToken => ("end_app_token", "End one app token", None),
        Operation::EndConsent => ("end_consent", "Take back what somebody allowed a client", None),
        Operation::ForgetBrowser => {
            ("forget_browser", "Forget a browser of somebody, and end what came of it", None)
        }
        Operation::Block => ("block", "Keep an account out, and end everything of it at once", None),
        Operation::Unblock => ("unblock", "Let an account sign in again", None),
        Operation::Name => ("name", "Name an account beforehand", None),
        Operation::Unname => ("unname", "Take that back", None),
        Operation::Open => ("open", "Open an application to somebody", None),
        Operation::Close => ("close", "Take that back", None),
        Operation::Requests => ("requests", "Who asks for access", Some("Requests")),
        Operation::AnswerRequest => ("answer_request", "Answer somebody who asks for access", None),
        Operation::Apps => ("apps", "Clients and applications as the file declares them", Some("Apps")),
        Operation::Keys => ("keys", "The signing keys, without their secrets", Some("Keys")),
        Operation::RotateKeys => ("rotate_keys", "Rotate the signing keys", None),
        Operation::Audit => ("audit", "Who did what, the newest first", Some("Events")),
        Operation::AuditLines => ("audit_lines", "All of that, one event a line", None),
        Operation::Passkeys => ("passkeys", "The passkeys of owners", Some("Passkeys")),
        Operation::RemovePasskey => {
            ("remove_passkey", "Remove one, and end the visits that began with it", None)
        }
        Operation::Tokens => ("tokens", "The tokens of this API", Some("ApiTokens")),
        Operation::EndToken => ("end_token", "End one of them", None),
    }
}

fn parameter(name: &str, place: &str) -> Value {
    let number = matches!(name, "page" | "per_page" | "before" | "limit");
    let form = if number { json!({"type": "integer", "minimum": 1}) } else { json!({"type": "string"}) };
    json!({"name": name, "in": place, "required": place == "path", "schema": form})
}

fn described(operation: Operation) -> Value {
    let Described { path, scope, query, has_body, .. } = operation.described();
    let (id, summary, answer) = summary(operation);
    let in_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<_> = in_path.map(|name| parameter(name, "path")).collect();
    parameters.extend(query.iter().map(|name| parameter(name, "query")));
    let content = match (operation, answer) {
        (Operation::Document, _) => Some(json!({"application/json": {"schema": {"type": "object"}}})),
        (Operation::AuditLines, _) => Some(json!({"application/jsonl": {"schema": {"type": "string"}}})),
        (_, name) => name.map(
            |name| json!({"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}}),
        ),
    };
    let good = match content {
        Some(content) => ("200", json!({"description": "So it is.", "content": content})),
        None => ("204", json!({"description": "It is done."})),
    };
    let problem = json!({"$ref": "#/components/responses/Problem"});
    let mut value = json!({
        "operationId": id,
        "summary": summary,
        "security": [{"token": scope.map(ApiScope::as_str).into_iter().collect::<Vec<_>>()}],
        "parameters": parameters,
        "responses": {"default": problem},
    });
    value["responses"][good.0] = good.1;
    if has_body {
        let form = json!({"$ref": "#/components/schemas/Answer"});
        value["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": form}}});
    }
    value
}

fn whole() -> Value {
    let mut paths = Map::new();
    for operation in Operation::ALL {
        let Described { method, path, .. } = operation.described();
        let at = paths.entry(path).or_insert_with(|| json!({}));
        at[method.as_str().to_ascii_lowercase()] = described(operation);
    }
    let scopes = ApiScope::ALL.map(|scope| format!("`{}`: {}", scope.as_str(), scope.meaning()));
    let token = format!(
        "A token that `plex-oidc api-token add` made, with the scope that an operation names.\n\n{}",
        scopes.join("\n\n")
    );
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "plex-oidc",
            "version": "1",
            "summary": "What the host's page shows and does, for programs of the host's",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": BASE}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": token}},
            "responses": {"Problem": {
                "description": "What is wrong, and where (RFC 9457).",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }},
            "schemas": all(),
        },
    })
}

#[test]
fn the_document_is_what_the_table_says() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (pretty, plain) = (format!("{:#}\n", whole()), whole().to_string());
    for (file, wanted) in
        [("../../docs/reference/openapi.json", &pretty), ("src/web/api/openapi.json", &plain)]
    {
        let path = here.join(file);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, wanted).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == *wanted, "{file} is not what the code says: UPDATE_DOCS=1 rewrites it");
    }
}

/// Looks whether an answer is what the document says of its operation.
fn checked(document: &Value, operation: Operation, answer: &Answer) {
    let Described { method, path, .. } = operation.described();
    let said = &document["paths"][path][method.as_str().to_ascii_lowercase()]["responses"];
    if answer.status >= 400 {
        let form = json!({"$ref": "#/components/schemas/Problem"});
        return is_of(document, &form, &answer.json()).unwrap_or_else(|wrong| panic!("{path}: {wrong}"));
    }
    let content = &said[answer.status.to_string()];
    assert!(content.is_object(), "{path} answers {} and the document does not say so", answer.status);
    let Some(kind) = answer.header("content-type") else { return assert_eq!(answer.body, "") };
    let form = &content["content"][kind]["schema"];
    assert!(form.is_object(), "{path} answers with {kind}, and the document does not say so");
    if kind == "application/json" {
        is_of(document, form, &answer.json()).unwrap_or_else(|wrong| panic!("{path}: {wrong}"));
    }
}

#[tokio::test]
async fn every_operation_answers_as_the_document_says() {
    let house = setup().with_owner_token().start().await;
    let proxy = house.proxy(Family::ForwardAuth);
    house.visitor().sign_in(&proxy, "https://notes.example.org/", "owner").await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let friend = subject(&house, "friend");
    let (exit, ..) = command(&house, &["token", "add", "--user", &friend, "--app", "notes"]);
    assert_eq!(exit, Exit::Done);
    let (all, other) = (token(&house, &ApiScope::ALL), token(&house, &[ApiScope::HealthRead]));
    let document = ask(&house, Method::GET, "/openapi.json", &all).await.expect(200).json();
    assert_eq!(document, whole());
    house.pass(Seconds::hours(2));
    allows_and_asks(&house, "friend").await;
    let person = ask(&house, Method::GET, &format!("/people/{friend}"), &all).await.expect(200).json();
    let part = |list: &str, name: &str| person[list][0][name].as_str().unwrap().to_owned();
    let (sid, id, browser) = (part("sessions", "sid"), part("app_tokens", "id"), part("browsers", "id"));
    let passkey = has_passkey(&house, "owner").await;
    // Each is asked twice: done, and then perhaps not there any more. What ends one thing comes before what ends everything.
    let (mut order, mut done) = (Operation::ALL.to_vec(), Vec::new());
    let ends_one =
        [Operation::EndSession, Operation::EndAppToken, Operation::EndConsent, Operation::AnswerRequest];
    order.sort_by_key(|operation| match operation.described().method {
        Method::GET => 0,
        _ if *operation == Operation::ForgetBrowser => 2,
        _ if ends_one.contains(operation) => 1,
        Method::DELETE => 4,
        _ => 3,
    });
    order.retain(|operation| *operation != Operation::EndOwnToken);
    for operation in order.into_iter().chain([Operation::EndOwnToken]) {
        let Described { method, path, has_body, .. } = operation.described();
        let path = path.replace("{account}", &friend).replace("{sid}", &sid);
        let id = match operation {
            Operation::EndToken => own_id(&house, &other).await,
            Operation::RemovePasskey => passkey.clone(),
            _ => id.clone(),
        };
        let path = path.replace("{browser}", &browser);
        let path = path.replace("{id}", &id).replace("{app}", "wiki").replace("{client}", "photos");
        let body = has_body.then(|| json!({"answer": "declined"}));
        for _ in 0..2 {
            let answer = house.door.send(request(&method, &path, Some(&all), body.as_ref())).await;
            checked(&document, operation, &answer);
            if answer.status < 300 {
                done.push(operation);
            }
        }
    }
    let undone: Vec<_> = Operation::ALL.into_iter().filter(|operation| !done.contains(operation)).collect();
    assert!(undone.is_empty(), "{undone:?}");
}

/// Something that a person allowed, and something that they ask for.
pub(super) async fn allows_and_asks(house: &House, persona: &str) {
    let account_id = AccountId::Plex(PlexAccountId(house.plex.account_id(persona)));
    let (client_id, door) = (ClientId::parse("photos").unwrap(), ClientId::parse("wiki").unwrap());
    let consent =
        Consent { account_id, client_id, scopes: ScopeSet::parse("openid email"), granted_at: house.now() };
    house.app().store.save_consent(consent).await.unwrap();
    let request = NewAccessRequest {
        account_id,
        door,
        browser: None,
        wish: Wish::Open,
        account_name: "Mara".to_owned(),
        account_email: None,
        said: Some("please".to_owned()),
        address: [192, 0, 2, 7].into(),
        asked_at: house.now(),
    };
    assert_eq!(house.app().store.ask_for_access(request).await.unwrap(), Asking::Stored);
}

/// A passkey of a persona, as if a browser had made it. Returns its id.
pub(super) async fn has_passkey(house: &House, persona: &str) -> String {
    let passkey = Passkey {
        id: PasskeyId(0x0bad_cafe),
        credential: vec![7; 32],
        account_id: AccountId::Plex(PlexAccountId(house.plex.account_id(persona))),
        name: "the key on my ring".to_owned(),
        key: SealedBytes(vec![1, 2, 3]),
        sign_count: 0,
        backup: Backup::Never,
        created: house.now(),
        last_used: None,
        browser: None,
    };
    let id = passkey.id.to_string();
    let used = UsedChallenge { hash: SecretHash([9; 32]), keep_until: house.now() };
    assert_eq!(house.app().store.add_passkey(passkey, used).await.unwrap(), PasskeyAdded::Added);
    id
}

async fn own_id(house: &House, token: &str) -> String {
    let own = ask(house, Method::GET, "/token", token).await.expect(200).json();
    own["id"].as_str().unwrap().to_owned()
}
