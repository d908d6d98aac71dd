//! The pages of the host in the host's language. What programs read stays as it is.

use super::*;
use crate::support::post_form;

fn has(page: &Answer, words: &[&str]) {
    let text = page.text();
    for words in words {
        assert!(text.contains(words), "{words} in {text}");
    }
}

fn lacks(page: &Answer, words: &[&str]) {
    let text = page.text();
    for words in words {
        assert!(!text.contains(words), "{words} in {text}");
    }
}

#[tokio::test]
async fn the_host_answers_and_marks_people_in_german() {
    let house = setup().set("rules", "only = [\"plex-1\"]").start().await;
    let mut guest = house.browser();
    let page = guest.open(&house.relying_party("photos").authorization().url()).await.expect(200);
    let page = guest.approve_and_finish(&page, "friend").await.expect(403);
    guest.post(&page, "/ask", &[("said", "Open it to them")]).await.expect(303);
    let (mut host, _) = host_of(&house).await;
    host.languages = Some("de");

    let home = host.open("/admin").await.expect(200);
    has(
        &home,
        &["Anfragen um Zugang (1)", "möchte Photos benutzen", "Die Person schreibt: „Open it to them“"],
    );
    has(&home, &["schreib es in rules.only", "Dieses Konto hereinlassen", "Nein sagen"]);
    has(&home, &["Signaturschlüssel", "RS256 aktiv", "Dieses Programm", "Gestartet"]);
    lacks(&home, &["Requests for access", "Signing keys", "This program", "Say no", "active"]);
    let told = host.post(&home, "/admin/requests", &[("answer", "named")]).await.expect(303);
    assert_eq!(told.location(), Some("/admin?done=answered"), "answers are words for programs");

    let page = guest.submit(&guest.clone().open(&page.url).await, "/again").await.expect(200);
    guest.approve_and_finish(&page, "friend").await.leaves().code();
    let person = page_of(&house, &mut host, "friend").await;
    has(&person, &["Was du über diese Person sagst", "als stünde das Konto in rules.only", "Sperren"]);
    has(&person, &["Photos ja plex-friend steht in der Liste der App"]);
    has(
        &person,
        &["Wiki nein diese Person gehört nicht zu denen, für die sie da ist Wiki für diese Person öffnen"],
    );
    lacks(&person, &["What you say", "is in its list", "not one of those", "to them", "Block"]);
}

#[tokio::test]
async fn the_audit_log_is_german_and_its_words_stay_as_they_are() {
    let house = setup().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    let friend = subject(&house, "friend");
    let made = command(&house, &["token", "add", "--user", &friend, "--app", "notes"]);
    assert_eq!(made.0, Exit::Done, "{}", made.2);
    let (mut host, _) = host_of(&house).await;
    host.languages = Some("de");

    let page = host.open("/admin/audit?what=app_token_made").await.expect(200);
    has(
        &page,
        &["Protokoll", "über 180 Tage ( admin.audit_days )", "App-Token angelegt Mara", "Alles zeigen"],
    );
    has(&page, &["durch die Kommandozeile", &format!("über {friend}")]);
    lacks(&page, &["Audit log", "app token made", "app_token_made", "command-line", "Since", "everything"]);
    assert!(page.body.contains("<option value=\"app_token_made\" selected>App-Token angelegt</option>"));
    assert!(page.body.contains("<option value=\"signed_in\">angemeldet</option>"), "{}", page.body);
    let export = host.get("/admin/audit.jsonl?what=app_token_made").await.expect(200);
    assert!(export.body.contains("\"what\":\"app_token_made\",\"by\":\"command-line\""), "{}", export.body);
    has(&host.open("/admin/audit?person=nobody").await, &["Dazu wurde nichts gefunden."]);
}

#[tokio::test]
async fn a_link_that_is_not_good_says_so_in_the_language_of_the_browser() {
    let house = setup().start().await;
    let mut browser = house.browser();
    browser.languages = Some("fr");
    let answer = browser.send_own(post_form("/admin/enter", &[("link", "nonsense")])).await.expect(403);
    assert_eq!(answer.heading(), "Ce lien n’est plus valable");
    has(&answer, &["plex-oidc admin-link"]);
}
