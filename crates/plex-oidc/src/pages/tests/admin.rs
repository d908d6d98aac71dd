//! The pages of the host.

use std::borrow::Cow;

use super::super::*;
use super::hostile::EVIL;

const SOMETHING: Cow<'static, str> = Cow::Borrowed(EVIL);

const REQUEST: ShownRequest<'static> = ShownRequest {
    account: SOMETHING,
    name: SOMETHING,
    email: Some(SOMETHING),
    is_known: true,
    door: EVIL,
    door_name: Some(EVIL),
    browser_id: Some(SOMETHING),
    browser: Some(SOMETHING),
    wish: EVIL,
    said: Some(EVIL),
    address: SOMETHING,
    asked: Said::ago(60),
};

const DOOR: ShownDoor<'static> = ShownDoor {
    name: EVIL,
    id: InShort::all(SOMETHING),
    is_behind_gateway: true,
    has_rules: true,
    is_on: true,
    is_for_people: true,
    allow: InShort::all(SOMETHING),
    deny: InShort::all(SOMETHING),
};

/// What strangers, and the host, write is text on the pages of the host.
pub(super) fn are_text(drawing: &Pages) {
    let pager = Pager { page: 1, pages: 2, previous: Some(SOMETHING), next: Some(SOMETHING) };
    let membership = Membership {
        at_plex: true,
        has_token: true,
        token_in: Some(TokenIn::File),
        own_tokens: Some(SOMETHING),
        asked: 1,
        limit: 2,
        asked_in_all: 3,
        is_left_alone: true,
        last_good: Some(Said::ago(60)),
        members: 1,
        doubted: 1,
        trouble: Some(ShownTrouble { kind: ShownTroubleKind::Plex, detail: Some(SOMETHING) }),
        since: Some(Said::ago(60)),
        lifetime: SOMETHING,
    };
    let person = ShownPerson {
        id: SOMETHING,
        name: SOMETHING,
        email: Some(SOMETHING),
        groups: InShort::all(SOMETHING),
        libraries: 1,
        seen: Some(Said::ago(60)),
        sessions: 1,
        has_ended: false,
        is_blocked: true,
    };
    let home = Admin {
        csrf: EVIL,
        membership: &membership,
        search: EVIL,
        total: 1,
        people: &[person],
        people_pager: &pager,
        doors: &[DOOR],
        doors_pager: &pager,
        health: &Health { version: EVIL, started: Said::ago(60), database: SOMETHING },
        keys: &[ShownKey {
            kid: SOMETHING,
            algorithm: SOMETHING,
            state: KeyState::Active,
            made: Said::ago(60),
        }],
        is_by_link: true,
        passkey: PasskeyHere::CameByIt,
        waiting: 1,
        requests: &[REQUEST],
        is_fresh: true,
        notice: None,
    };
    is_text(&drawing.render(&Page::Admin(&home), Language::english()), 35);
    person_is_text(drawing, &pager);
    audit_is_text(drawing);
}

fn audit_is_text(drawing: &Pages) {
    let event = ShownEvent {
        at: SOMETHING,
        what: "denied",
        by: SOMETHING,
        actor: None,
        account: Some(SOMETHING),
        name: Some(EVIL),
        target: Some(EVIL),
        address: Some(SOMETHING),
        detail: Some(EVIL),
    };
    let audit = Audit {
        person: EVIL,
        kinds: &[ShownKind { word: "denied", is_chosen: true }],
        since: Some(EVIL),
        until: Some(EVIL),
        is_filtered: true,
        events: &[event],
        newest: Some(EVIL),
        older: Some(EVIL),
        export: EVIL,
        days: 180,
    };
    is_text(&drawing.render(&Page::Audit(&audit), Language::english()), 12);
    is_text(&drawing.render(&Page::AdminEnter(AdminEnter::Good { link: EVIL }), Language::english()), 1);
    passkeys_are_text(drawing);
    api_tokens_are_text(drawing);
}

fn api_tokens_are_text(drawing: &Pages) {
    let token = ShownApiToken {
        id: SOMETHING,
        name: SOMETHING,
        scopes: SOMETHING,
        made: Said::ago(60),
        until: SOMETHING,
        is_over: true,
        used: Some(Said::ago(60)),
    };
    let pager = Pager { page: 1, pages: 2, previous: Some(SOMETHING), next: Some(SOMETHING) };
    let tokens = ApiTokens {
        csrf: EVIL,
        tokens: &[token],
        pager: &pager,
        is_fresh: true,
        notice: Some(AdminNotice::TokenEnded),
    };
    is_text(&drawing.render(&Page::ApiTokens(&tokens), Language::english()), 9);
}

const fn passkey() -> ShownPasskey<'static> {
    ShownPasskey {
        id: SOMETHING,
        name: EVIL,
        added: Said::ago(60),
        used: Some(Said::ago(60)),
        backup: "done",
    }
}

/// Kanidm GHSA-gpxg-fx2g-qxj2: a name on the page about passkeys.
fn passkeys_are_text(drawing: &Pages) {
    let passkeys = Passkeys {
        csrf: EVIL,
        passkeys: &[passkey()],
        may: PasskeysMay::Change,
        longest_name: 60,
        notice: Some(PasskeyNotice::Added),
    };
    is_text(&drawing.render(&Page::Passkeys(&passkeys), Language::english()), 6);
    let enter = PasskeyEnter { csrf: EVIL, possible: true, notice: None };
    is_text(&drawing.render(&Page::PasskeyEnter(enter), Language::english()), 1);
}

fn person_is_text(drawing: &Pages, pager: &Pager<'_>) {
    let marks = ShownMarks {
        blocked: true,
        can_block: true,
        named: true,
        only_is_set: true,
        doors: &[OpenDoor { id: EVIL, name: Some(EVIL) }],
    };
    let answers = [ShownAnswer {
        name: EVIL,
        door: SOMETHING,
        can_open: true,
        may: true,
        why: Why::in_list(SOMETHING),
        has_rules: true,
    }];
    let browser = ShownBrowser {
        id: SOMETHING,
        browser: Some(SOMETHING),
        address: Some(SOMETHING),
        first_used: Said::ago(60),
        last_used: Said::ago(60),
        is_here: false,
        signed_in: true,
        waits: true,
        is_news: false,
        can_confirm: false,
    };
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
        browsers: &[browser],
        new_browsers_ask: true,
        passkeys: &[passkey()],
        marks: &marks,
        answers: &answers,
        pager,
        is_fresh: true,
        notice: None,
    };
    is_text(&drawing.render(&Page::AdminPerson(&person), Language::english()), 30);
}

fn is_text(html: &str, times: usize) {
    assert!(!html.contains("<img src=x"), "{html}");
    let escaped = html.matches("&lt;img src=x").count();
    assert!(escaped >= times && html.contains("{{ site }}"), "{escaped} of {times} in {html}");
}

#[test]
fn every_notice_of_the_hosts_pages_has_a_word_of_its_own() {
    for word in
        ["everything", "session", "token", "browser", "nothing", "asked", "unanswered", "no-token", "soon"]
            .into_iter()
            .chain(["keys", "keys-soon", "keys-changed", "keys-failed"])
            .chain(["blocked", "unblocked", "named", "unnamed", "opened", "closed", "answered", "stays"])
    {
        assert_eq!(AdminNotice::of_word(word).map(AdminNotice::word), Some(word));
    }
    assert_eq!(AdminNotice::of_word("\"><script>"), None);
}
