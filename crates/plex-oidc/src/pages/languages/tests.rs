//! The message files, and what `t` makes of them.

use std::collections::BTreeSet;

use minijinja::{Environment, context};
use plex_oidc_core::audit::What;
use plex_oidc_core::client::SubjectType;
use plex_oidc_core::decide::Denial;
use plex_oidc_core::groups::Group;
use plex_oidc_core::scope::Scope;

use super::super::{ErrorKind, Pages, Said, Theme, Why, samples};
use super::*;
use crate::assets::TEMPLATES;

const EVIL: &str = "\"><img src=x onerror=alert(1)>'{app}{{ site }}";

/// A language that is written from right to left, and has two sentences.
static FROM_THE_RIGHT: Language = Language {
    tag: "x-rtl",
    name: "Test",
    is_rtl: true,
    one: &[1],
    text: "sign_in.headingאל {app}sign_in.titleכניסה <b>",
    index: &[(0, 15), (25, 38)],
};

fn messages(language: &Language) -> Vec<(&'static str, &'static str)> {
    let keys = language.index.iter().map(|(start, end)| language.part(*start, Some(*end)).unwrap());
    keys.map(|key| (key, language.message(key).unwrap())).collect()
}

fn placeholders(message: &str) -> BTreeSet<&str> {
    message.split('{').skip(1).map(|rest| rest.split_once('}').expect("an end of \"{\"").0).collect()
}

/// What `t` says, called like this.
fn said(language: &'static Language, call: &str, app: &str) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.add_function("strong", |text: Value, class: Option<&str>| strong(&text, class));
    environment.add_function("code", |text: Value| code(&text));
    environment.add_function("link", |address: &str, text: Value| link(address, &text));
    environment.add_template_owned("call.html", format!("{{{{ {call} }}}}"))?;
    let translator = Value::from_object(Translator(language));
    let ago = Value::from(minijinja::value::Serde(&Said::ago(7200)));
    environment.get_template("call.html")?.render(context! { t => translator, app => app, ago => ago })
}

fn english(call: &str) -> String {
    said(&ENGLISH, call, "Books").unwrap()
}

#[test]
fn every_language_says_only_what_english_says_with_the_same_values() {
    for language in LANGUAGES {
        for (key, message) in messages(language) {
            let form = key.strip_suffix(".one").map(|stem| format!("{stem}.other"));
            let original = ENGLISH.message(key).unwrap_or_else(|| panic!("{}: {key}", language.tag));
            let values = placeholders(message);
            // The one form may spell its number out, or leave it out.
            let may_lack = form.is_some().then_some("count");
            let missing: Vec<_> = placeholders(original).difference(&values).copied().collect();
            assert!(
                missing.iter().all(|name| Some(*name) == may_lack),
                "{}: {key}: {missing:?}",
                language.tag
            );
            assert!(values.is_subset(&placeholders(original)), "{}: {key}: {values:?}", language.tag);
            assert!(!message.trim().is_empty() && message.trim() == message, "{}: {key}", language.tag);
            assert!(!message.contains(['<', '>', '&', '\n']), "{}: {key}: no markup", language.tag);
            assert_eq!(
                message.ends_with('.'),
                original.ends_with('.'),
                "{}: {key}: the full stop",
                language.tag
            );
        }
    }
}

#[test]
fn a_form_for_one_has_a_form_for_the_others() {
    for language in LANGUAGES {
        for (key, _) in messages(language) {
            for (form, other) in [(".one", ".other"), (".other", ".one")] {
                if let Some(stem) = key.strip_suffix(form) {
                    assert!(language.message(&format!("{stem}{other}")).is_some(), "{}: {key}", language.tag);
                }
            }
        }
    }
}

#[test]
fn tables_are_sorted_and_languages_are_what_they_are_called() {
    for (language, tag) in LANGUAGES.iter().zip(TAGS) {
        assert!(messages(language).is_sorted(), "{tag}");
        assert_eq!(language.tag(), *tag);
        assert!(!language.name().is_empty() && !language.one.is_empty(), "{tag}");
        assert!(core::ptr::eq(Language::of_tag(tag).unwrap(), *language));
    }
    assert_eq!(Language::of_tag("xx").map(Language::tag), None);
    for tag in ["en", "de", "fr", "es", "nl", "pt-BR"] {
        assert!(TAGS.contains(&tag), "{tag}");
    }
}

/// The names in `t("…")`, up to where they are put together.
fn names_in_templates() -> BTreeSet<&'static str> {
    let calls = TEMPLATES.iter().flat_map(|(_, source)| source.split("t(\"").skip(1));
    let labels = TEMPLATES.iter().flat_map(|(_, source)| source.split("what = \"").skip(1));
    let more = TEMPLATES.iter().flat_map(|(_, source)| source.split("cancel_label = \"").skip(1));
    calls.chain(labels).chain(more).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn english_has_every_sentence_of_the_templates_and_no_other() {
    let used = names_in_templates();
    let exists = |name: &str| {
        messages(&ENGLISH).iter().any(|(key, _)| *key == name || key.starts_with(&format!("{name}.")))
    };
    for name in used.iter().filter(|name| !name.ends_with('.')) {
        assert!(exists(name), "no sentence named {name}");
    }
    // Those whose names are put together, or come with the page.
    let together = [
        "denied.",
        "error.",
        "scope.",
        "group.",
        "ago.",
        "admin.notice.",
        "account.notice.",
        "common.hands_on.",
        "ask.for_",
        "device.notice.",
        "sign_in.notice.",
        "admin.person.",
        "passkey.notice.",
        "passkeys.backup.",
        "mail.",
        "admin.keys.state.",
        "admin.trouble.",
        "admin.why.",
        "audit.actor.",
        "audit.what.",
    ];
    for (key, _) in messages(&ENGLISH) {
        let stem = key.strip_suffix(".one").or_else(|| key.strip_suffix(".other")).unwrap_or(key);
        assert!(
            used.contains(stem) || together.iter().any(|start| key.starts_with(start)),
            "{key} is not used"
        );
    }
}

/// The languages that say everything else. A kind of event that was just added makes none of them incomplete.
fn complete() -> impl Iterator<Item = &'static Language> {
    LANGUAGES.iter().copied().filter(|language| {
        let is_looked_at = |key: &str| key.starts_with("audit.what.") || key.starts_with("admin.why.");
        messages(&ENGLISH).iter().all(|(key, _)| is_looked_at(key) || language.message(key).is_some())
    })
}

#[test]
fn every_kind_of_event_has_a_sentence_of_its_own_in_every_complete_language() {
    assert!(complete().any(|language| language.tag == "de"), "none is looked at");
    for language in complete() {
        let said = What::ALL.map(|what| {
            let key = format!("audit.what.{}", what.word());
            language
                .message(&key)
                .unwrap_or_else(|| panic!("{}: there is no sentence named {key}", language.tag))
        });
        assert_eq!(
            BTreeSet::from(said).len(),
            What::ALL.len(),
            "{}: two kinds share a sentence",
            language.tag
        );
    }
    let words = What::ALL.map(What::word);
    for (key, _) in messages(&ENGLISH) {
        let of_none = key.strip_prefix("audit.what.").filter(|word| !words.contains(word));
        assert_eq!(of_none, None, "there is no such kind of event");
    }
}

#[test]
fn why_somebody_may_or_may_not_is_said_in_every_complete_language() {
    let denials = [
        Denial::NotShared,
        Denial::ManagedUser,
        Denial::Anonymous,
        Denial::UnconfirmedEmail,
        Denial::NoTwoFactor,
        Denial::TooNew,
        Denial::Blocked,
        Denial::BlockedByHost,
        Denial::NotNamedBeforehand,
        Denial::NotAllowedHere,
        Denial::NewBrowser,
        Denial::ClientDisabled,
    ];
    let others = [Why::OPENED, Why::UNKNOWN, Why::in_list(EVIL.into())];
    for language in complete() {
        let mut distinct = BTreeSet::new();
        for why in denials.map(Why::denied).iter().chain(&others) {
            let value = Value::from(minijinja::value::Serde(why));
            let key = value.get_attr("key").unwrap().to_string();
            assert!(language.message(&key).is_some(), "{}: {key}", language.tag);
            let html = say(language, value);
            assert!(!html.contains("<img") && distinct.insert(html.clone()), "{}: {html}", language.tag);
        }
        let listed = say(language, Value::from(minijinja::value::Serde(&others[2])));
        assert!(listed.contains("&lt;img src=x"), "{listed}");
    }
}

/// What `t` says of something that a page holds.
fn say(language: &'static Language, what: Value) -> String {
    let mut environment = Environment::new();
    environment.add_template("call.html", "{{ t(what) }}").unwrap();
    let translator = Value::from_object(Translator(language));
    environment.get_template("call.html").unwrap().render(context! { t => translator, what }).unwrap()
}

/// Without what stands between these, as often as it does.
fn without(text: &str, start: &str, end: &str) -> String {
    let mut parts = text.split(start);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + "\n" + part.split_once(end).map_or("", |(_, rest)| rest))
}

#[test]
fn no_template_says_anything_but_by_the_message_files() {
    for (name, source) in TEMPLATES {
        let text = ["{%", "{{", "<"].into_iter().zip(["%}", "}}", ">"]);
        let text = text.fold((*source).to_owned(), |text, (start, end)| without(&text, start, end));
        let says = |line: &&str| {
            let is_word = |word: &str| word.chars().filter(|letter| letter.is_alphabetic()).count() > 1;
            // Addresses, classes and attributes are for computers.
            line.split_whitespace()
                .any(|word| is_word(word) && !word.contains('=') && !word.starts_with("data-"))
                && !["plex.tv", "card wide"].contains(&line.trim())
        };
        let said: Vec<_> = text.lines().filter(says).collect();
        assert!(said.is_empty(), "{name}: {said:?}");
    }
}

#[test]
fn nothing_on_a_page_is_set_apart_as_english_but_words_of_the_log() {
    let apart: Vec<_> = TEMPLATES.iter().filter(|(_, source)| source.contains("lang=\"en\"")).collect();
    let names: Vec<_> = apart.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["_admin-trouble.html"]);
    let (before, words) = apart[0].1.split_once("<p lang=\"en\" dir=\"ltr\">").unwrap();
    assert!(words.starts_with("{{ known.trouble.detail }}</p>") && !words.contains("lang="), "{before}");
}

#[test]
fn every_sentence_that_a_page_names_is_there() {
    let groups = [
        "plex-owner",
        "plex-home",
        "plex-friend:attic",
        "plex-managed",
        "plex-library:3",
        "plex-downloads",
        "plex-livetv",
        "plex-pass",
        "plex-2fa",
        "local",
        "band",
    ];
    let of_groups = groups.map(|name| Said::of_group(&Group::parse(name).unwrap()));
    let mut distinct = BTreeSet::new();
    let of_scopes = Scope::ALL.map(|scope| Said::of_scope(scope, &SubjectType::Public));
    for said in of_groups.into_iter().chain(of_scopes) {
        let value = Value::from(minijinja::value::Serde(&said));
        let key = value.get_attr("key").unwrap().to_string();
        assert!(ENGLISH.message(&key).is_some(), "{key}");
        assert!(distinct.insert(key));
    }
    for kind in ErrorKind::ALL {
        for part in ["title", "what_happened", "what_to_do"] {
            assert!(ENGLISH.message(&format!("error.{}.{part}", kind.name())).is_some(), "{kind:?} {part}");
        }
    }
}

#[test]
fn every_page_is_drawn_in_every_language_in_both_directions() {
    let pages = Pages::new(Theme::default(), None).unwrap();
    for language in LANGUAGES.iter().copied().chain([&FROM_THE_RIGHT]) {
        for (name, page) in samples() {
            let html = pages.try_render(&pages.embedded, page, language).unwrap();
            let start = format!(
                "<!doctype html>\n<html lang=\"{}\" dir=\"{}\">",
                language.tag(),
                language.direction()
            );
            assert!(html.starts_with(&start), "{name} in {}: {html}", language.tag());
            assert!(!html.contains("{app}") && !html.contains("{count}"), "{name} in {}", language.tag());
        }
    }
    let html = pages.try_render(&pages.embedded, &samples()[0].1, &FROM_THE_RIGHT).unwrap();
    assert!(html.contains("אל \u{2068}Film requests\u{2069}") && html.contains("כניסה &lt;b&gt;"), "{html}");
    assert!(html.contains("Continue with Plex"), "what it lacks is English");
}

#[test]
fn the_numbers_of_a_language_choose_the_form() {
    assert_eq!(english("t(\"ago.hours\", count=1)"), "1 hour ago");
    assert_eq!(english("t(\"ago.hours\", count=0)"), "0 hours ago");
    assert_eq!(english("t(ago)"), "2 hours ago");
    let french = Language::of_tag("fr").unwrap();
    assert_eq!(said(french, "t(\"ago.hours\", count=0)", "").unwrap(), "il y a 0 heure");
    assert_eq!(said(french, "t(ago)", "").unwrap(), "il y a 2 heures");
}

#[test]
fn how_long_ago_something_was_is_said_in_one_unit() {
    let seconds = [i64::MIN, 0, 59, 60, 119, 120, 3600, 7200, 86_399, 86_400, 172_800];
    let words = seconds.map(|seconds| {
        let ago = Value::from(minijinja::value::Serde(&Said::ago(seconds)));
        let count = ago.get_attr("count").unwrap();
        let count = u64::try_from(count).ok();
        let sentence = ENGLISH.sentence(ago.get_attr("key").unwrap().as_str().unwrap(), count).unwrap();
        sentence.replace("{count}", &count.unwrap_or_default().to_string())
    });
    insta::assert_snapshot!(words.join(", "), @"just now, just now, just now, 1 minute ago, 1 minute ago, 2 minutes ago, 1 hour ago, 2 hours ago, 23 hours ago, 1 day ago, 2 days ago");
}

#[test]
fn req_134_what_is_put_into_a_sentence_is_text() {
    for call in [
        "t(\"sign_in.heading\", app=app)",
        "t(\"sign_in.heading\", app=strong(app))",
        "t(\"sign_in.heading\", app=strong(app, app))",
        "t(\"sign_in.heading\", app=code(app))",
        "t(\"sign_in.heading\", app=link(\"https://example.com/\", app))",
        "t(\"sign_in.heading\", app=t(\"sign_in.heading\", app=app))",
        "t(\"sign_in.heading\", app=\"https://\" ~ app)",
        "link(\"https://\" ~ app, \"x\")",
    ] {
        let html = said(&ENGLISH, call, EVIL).unwrap();
        assert!(html.contains("&lt;img src=x") && !html.contains("<img"), "{call}: {html}");
        assert!(!html.contains("\"&gt;") || call.contains("strong(app, app)"), "{call}: {html}");
        // What looks like a placeholder or a template is neither.
        assert!(html.contains("{app}{{ site }}"), "{call}: {html}");
    }
    let html = said(&ENGLISH, "strong(app, app)", EVIL).unwrap();
    assert!(html.starts_with("<strong class=\"&quot;&gt;&lt;img"), "{html}");
}

#[test]
fn a_call_that_says_nothing_is_an_error() {
    for call in [
        "t(\"no.such.sentence\")",
        "t(app)",
        "t(\"sign_in.heading\")",
        "t(\"sign_in.heading\", app=none)",
        "t(\"sign_in.heading\", app=absent)",
        "t()",
        "t(3)",
        "t(none)",
        "link(\"javascript:alert(1)\", \"x\")",
        "link(\"http://example.com/\", \"x\")",
        "link(\"/account\")",
    ] {
        assert!(said(&ENGLISH, call, "Books").is_err(), "{call}");
    }
}

#[test]
fn the_guide_says_how_complete_each_language_is() {
    let mut table = String::from("| language | `lang` | sentences |\n|---|---|---|\n");
    for language in LANGUAGES {
        let (said, all) = (language.index.len(), ENGLISH.index.len());
        let _ = writeln!(table, "| {} | `{}` | {said} of {all} |", language.name(), language.tag());
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guides/languages.md");
    let guide = std::fs::read_to_string(path).unwrap();
    let (start, end) = ("<!-- generated: cargo test -->\n", "<!-- end -->");
    let (before, rest) = guide.split_once(start).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let wanted = format!("{before}{start}{table}{end}{after}");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    assert!(guide == wanted || std::env::var_os("UPDATE_DOCS").is_some(), "run with UPDATE_DOCS=1");
}
