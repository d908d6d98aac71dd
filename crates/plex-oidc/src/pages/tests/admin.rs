//! The pages of the host.

use std::borrow::Cow;

use super::super::*;
use super::hostile::EVIL;

const SOMETHING: Cow<'static, str> = Cow::Borrowed(EVIL);

/// What strangers, and the host, write is text on the pages of the host.
pub(super) fn are_text(drawing: &Pages) {
    let pager = Pager { page: 1, pages: 2, previous: Some(SOMETHING), next: Some(SOMETHING) };
    let membership = Membership {
        at_plex: true,
        has_token: true,
        last_good: Some(Said::ago(60)),
        members: 1,
        doubted: 1,
        trouble: Some(SOMETHING),
        since: Some(Said::ago(60)),
        lifetime: SOMETHING,
    };
    let person = ShownPerson {
        id: SOMETHING,
        name: SOMETHING,
        email: Some(SOMETHING),
        groups: SOMETHING,
        seen: Some(Said::ago(60)),
        sessions: 1,
        has_ended: false,
    };
    let door = ShownDoor {
        name: EVIL,
        id: SOMETHING,
        is_behind_gateway: true,
        has_rules: true,
        is_on: true,
        allow: SOMETHING,
        deny: SOMETHING,
    };
    let home = Admin {
        csrf: EVIL,
        membership: &membership,
        search: EVIL,
        total: 1,
        people: &[person],
        people_pager: &pager,
        doors: &[door],
        doors_pager: &pager,
        is_fresh: true,
        notice: None,
    };
    is_text(&drawing.render(&Page::Admin(&home), Language::english()), 17);
    person_is_text(drawing, &pager);
}

fn person_is_text(drawing: &Pages, pager: &Pager<'_>) {
    let answers = [ShownAnswer { name: EVIL, may: true, why: SOMETHING, has_rules: true }];
    let person = AdminPerson {
        csrf: EVIL,
        id: EVIL,
        at_plex: true,
        is_self: false,
        account_name: EVIL,
        username: Some(EVIL),
        account_email: Some(EVIL),
        email_confirmed: false,
        has_ended: true,
        groups: &[EVIL],
        sessions: &[],
        tokens: &[],
        answers: &answers,
        pager,
        is_fresh: true,
        notice: None,
    };
    is_text(&drawing.render(&Page::AdminPerson(&person), Language::english()), 12);
}

fn is_text(html: &str, times: usize) {
    assert!(!html.contains("<img src=x"), "{html}");
    let escaped = html.matches("&lt;img src=x").count();
    assert!(escaped >= times && html.contains("{{ site }}"), "{escaped} of {times} in {html}");
}

#[test]
fn every_notice_of_the_hosts_pages_has_a_word_of_its_own() {
    for word in ["everything", "session", "token", "nothing", "asked", "unanswered", "no-token", "soon"] {
        assert_eq!(AdminNotice::of_word(word).map(AdminNotice::word), Some(word));
    }
    assert_eq!(AdminNotice::of_word("\"><script>"), None);
}
