//! Service tokens: programs that pass where the host lists them, and are never a person.

use plex_oidc_core::time::Seconds;
use serde_json::json;

use super::{ASSERTION, Lab, OTHER_TAG, TAG, refused, told};

const BACKUP: [&str; 7] = ["backup-job", "", "", "", "", "", ""];

#[tokio::test]
async fn a_listed_program_passes_under_its_name_and_nothing_else_is_said_of_it() {
    let lab = Lab::new().await;
    let token = lab.program("0a1b.access");
    assert_eq!(told(&lab.ask("/api/x", &[(ASSERTION, &token)]).await), BACKUP);
    assert_eq!(told(&lab.ask("/health", &[(ASSERTION, &token)]).await), BACKUP);
    let chatty = lab.assertion(json!({
        "sub": "", "common_name": "0a1b.access", "email": null, "nbf": null,
        "custom": {"sub": "plex-1002003", "plex_token": "canary", "shelf": "a", "email": "olive@example.net"},
    }));
    assert_eq!(told(&lab.ask("/", &[(ASSERTION, &chatty)]).await), BACKUP);
}

#[tokio::test]
async fn a_program_passes_no_rule_about_people_and_no_other_application() {
    let lab = Lab::new().await;
    let token = lab.program("0a1b.access");
    let for_people = "This part of the application is for people.";
    for path in ["/admin/", "/Admin", "/api/../admin/", "/api//x"] {
        refused(&lab.ask(path, &[(ASSERTION, &token)]).await, 403, for_people);
    }
    let not_here = "This service token is not for this application.";
    for other in ["0a1c.access", "0A1B.access", "backup-job", "0a1b.access.access"] {
        refused(&lab.ask("/", &[(ASSERTION, &lab.program(other))]).await, 403, not_here);
        refused(&lab.ask("/health", &[(ASSERTION, &lab.program(other))]).await, 403, not_here);
    }
    let claims =
        json!({"aud": OTHER_TAG, "sub": "", "common_name": "0a1b.access", "email": null, "nbf": null});
    let notes = lab.assertion(claims);
    let address = "/authz/cloudflare-access/notes";
    refused(&lab.ask_at(address, "notes.example.org/", &[(ASSERTION, &notes)]).await, 403, not_here);
}

#[tokio::test]
async fn nobody_can_take_the_name_of_a_program() {
    let lines = format!("access_audiences = \"{TAG}\"");
    let lab = Lab::with(|setup| setup.set("gateway", "user = \"username\""), &lines).await;
    lab.knows("friend").await;
    let assertion = lab.assertion(json!({}));
    assert_eq!(told(&lab.ask("/", &[(ASSERTION, &assertion)]).await)[0], "mara.k");
    lab.house.edit_person("friend", "$.account.username", "\"Backup-Job\"");
    lab.house.pass(Seconds(10));
    let nameless =
        "You are signed in, but there is no name to tell this application. Your host can give you one.";
    refused(&lab.ask("/", &[(ASSERTION, &assertion)]).await, 403, nameless);
    assert_eq!(told(&lab.ask("/health", &[(ASSERTION, &assertion)]).await), [""; 7]);
}
