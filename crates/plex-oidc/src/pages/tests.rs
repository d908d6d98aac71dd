//! Every page, drawn with every sample, and the folder of a host.

use std::borrow::Cow;
use std::fs;

use super::*;

mod admin;
mod hostile;
mod overrides;

fn pages() -> Pages {
    Pages::new(Theme::default(), None).unwrap()
}

fn drawn() -> Vec<(&'static str, String)> {
    let pages = pages();
    samples()
        .iter()
        .map(|(name, page)| (*name, pages.try_render(&pages.embedded, page, Language::english()).unwrap()))
        .collect()
}

fn sample(name: &str) -> String {
    drawn().into_iter().find(|(sample, _)| *sample == name).unwrap().1
}

/// Start tags of this element, without the angle brackets.
fn tags<'a>(html: &'a str, element: &str) -> Vec<&'a str> {
    let all = html.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    all.filter(|tag| tag.split_whitespace().next() == Some(element)).collect()
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    tag.split_once(&format!(" {name}=\""))?.1.split('"').next()
}

#[test]
fn every_template_has_a_sample() {
    let used: Vec<&str> = samples().iter().map(|(_, page)| page.template()).collect();
    for (name, _) in TEMPLATES.iter().filter(|(name, _)| !name.starts_with('_')) {
        assert!(used.contains(name), "{name}");
    }
}

#[test]
fn every_error_has_a_sample_and_words() {
    for kind in ErrorKind::ALL {
        assert!(
            samples().iter().any(|(_, page)| matches!(page, Page::Error(error) if error.kind == kind)),
            "{kind:?}"
        );
    }
}

#[test]
fn every_page_is_a_whole_document_with_one_visible_heading() {
    for (name, html) in drawn() {
        assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"), "{name}");
        let heading = html.matches("<h1").count() - html.matches("<h1 tabindex").count();
        assert_eq!(heading, 1, "{name}");
        assert!(!html.contains("<title> "), "{name} has no title");
        for part in ["section", "form", "main", "p", "div", "button", "ul", "footer", "header"] {
            let closed = html.matches(&format!("</{part}>")).count();
            assert_eq!(tags(&html, part).len(), closed, "{part} in {name}");
        }
    }
}

#[test]
fn req_125_nothing_is_inline() {
    for (name, html) in drawn() {
        assert!(tags(&html, "style").is_empty(), "{name}");
        for script in tags(&html, "script") {
            assert!(
                attribute(script, "src").is_some_and(|src| src.starts_with("/assets/")),
                "{name}: {script}"
            );
        }
        for tag in html.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
            let handler =
                tag.split_whitespace().skip(1).any(|part| part.starts_with("on") && part.contains('='));
            assert!(
                !handler && attribute(tag, "style").is_none() && !tag.contains("javascript:"),
                "{name}: {tag}"
            );
        }
    }
}

#[test]
fn req_125_the_policy_allows_what_is_named_and_no_more() {
    let strict = pages().content_security_policy(&[], None);
    insta::assert_snapshot!(strict, @"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
    let theme =
        Theme { logo: Some(Image::parse("https://img.example.com/l.png").unwrap()), ..Theme::default() };
    let themed = Pages::new(theme, None).unwrap();
    let open = themed.content_security_policy(&["https://clients.plex.tv"], None);
    assert!(open.contains("img-src 'self' https://img.example.com;"), "{open}");
    assert!(open.contains("connect-src 'self' https://clients.plex.tv;"), "{open}");
    assert!(open.contains("form-action 'self';"), "{open}");
    let posting = themed.content_security_policy(&[], Some("https://app.example.com"));
    assert!(posting.contains("; form-action https://app.example.com; "), "{posting}");
}

#[test]
fn req_122_the_form_for_a_client_holds_the_answer_and_nothing_else() {
    let html = sample("form-post").replace("&#x2f;", "/");
    let form = html.split("<form").nth(1).unwrap().split("</form>").next().unwrap();
    assert!(
        form.starts_with(" method=\"post\" action=\"https://requests.example.com/callback?from=here\">"),
        "{form}"
    );
    let names: Vec<_> =
        tags(form, "input").iter().map(|tag| attribute(tag, "name").unwrap().to_owned()).collect();
    assert_eq!(names, ["code", "state", "iss"]);
    assert!(form.contains("<button class=\"primary\">Go to Film requests</button>"), "{form}");
    // A field of this name would hide the method of the form that the script calls.
    assert!(!names.iter().any(|name| name == "submit") && html.matches("<form").count() == 1);
    let after_form = html.split("</form>").nth(1).unwrap();
    assert!(
        after_form.contains("form-post.js\"></script>"),
        "the form is there when the script runs: {html}"
    );
    let script = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/static/form-post.js")).unwrap();
    let code: Vec<_> = script.lines().filter(|line| !line.starts_with("//")).collect();
    assert_eq!(code, ["document.forms[0].submit();"]);
}

#[test]
fn every_notice_of_the_account_page_has_a_word_of_its_own() {
    for word in ["session", "consent", "token", "nothing", "name", "apps", "many"] {
        assert_eq!(AccountNotice::of_word(word).map(AccountNotice::word), Some(word));
    }
    assert_eq!(AccountNotice::of_word("\"><script>"), None);
}

#[test]
fn every_form_is_a_post_to_us_with_its_token() {
    let known = ["start", "password", "cancel", "again", "ask", "continue", "consent"];
    let mut forms = 0;
    for (name, html) in drawn().into_iter().filter(|(name, _)| *name != "form-post") {
        for part in html.split("<form ").skip(1) {
            let tag = format!("form {part}");
            let body = part.split("</form>").next().unwrap();
            if attribute(&tag, "role") == Some("search") {
                let to = (attribute(&tag, "method"), attribute(&tag, "action"));
                let ours = [(Some("get"), Some("/admin")), (Some("get"), Some("/admin/audit"))];
                assert!(ours.contains(&to) && !body.contains("hidden"), "{name}: {tag}");
                continue; // it asks, and changes nothing
            }
            assert_eq!(attribute(&tag, "method"), Some("post"), "{name}");
            // Where there is no session yet, the secret of the link is what no other site has.
            let token = if name == "admin-enter" {
                "link\" value=\"poi_sample"
            } else {
                "csrf\" value=\"sample-csrf-token"
            };
            assert!(body.contains(&format!("<input type=\"hidden\" name=\"{token}\">")), "{name}");
            let action = attribute(&tag, "action").unwrap();
            let step = action.rsplit('/').next().unwrap();
            assert!(
                ["/sign-out", "/device"].contains(&action)
                    || ["/account/", "/admin/"].iter().any(|own| action.starts_with(own))
                    || (action.starts_with("/sign-in/01998a2e-") && known.contains(&step)),
                "{name}: {action}"
            );
            forms += 1;
        }
    }
    assert!(forms > 20, "{forms}");
}

#[test]
fn req_076_whose_account_an_application_has_no_access_to_is_said_only_where_it_is_true() {
    for (name, spared, handed) in
        [("consent", true, false), ("consent-plex-token", false, true), ("consent-local", false, false)]
    {
        let html = sample(name);
        let said =
            (html.contains("nor access to your Plex account"), html.contains("also gets your Plex token"));
        assert_eq!(said, (spared, handed), "{name}");
    }
}

#[test]
fn req_106_the_approval_of_a_device_names_its_code_and_warns() {
    for name in ["device-approval", "device-approval-local"] {
        let html = sample(name);
        for words in [
            "only if you started this on your own device",
            ">WDJB-MJHT<",
            "Film requests",
            "<strong>Robin</strong>",
        ] {
            assert!(html.contains(words), "{words} in {name}");
        }
        assert!(
            html.contains("/consent\"") && html.contains("/again\"") && html.contains("/cancel\""),
            "{name}"
        );
        assert!(html.contains(">Allow</button>") && html.contains(">Deny</button>"), "{name}");
        assert_eq!(html.contains("app.plex.tv"), name == "device-approval");
    }
    let field = tags(&sample("device-code-filled"), "input")[1].to_owned();
    for (attribute_name, value) in [
        ("id", "user_code"),
        ("value", "WDJB-MJHT"),
        ("autocomplete", "off"),
        ("inputmode", "text"),
        ("autocapitalize", "characters"),
    ] {
        assert_eq!(attribute(&field, attribute_name), Some(value), "{field}");
    }
    assert!(field.contains(" autofocus") && sample("device-code").contains("<label for=\"user_code\">"));
}

#[test]
fn the_sign_in_page_carries_what_the_script_needs() {
    let html = sample("sign-in");
    let main = tags(&html, "main")[0];
    for (name, value) in [
        ("data-rid", "01998a2e-6c1e-7b1f-8d6e-3c9e5f0a1b2c"),
        ("data-csrf", "sample-csrf-token"),
        ("data-pins-url", "https://clients.plex.tv/api/v2/pins?strong=true"),
        ("data-client-identifier", "3f0c7a52-9d1b-4e6a-8a53-0f1d2c3b4a59"),
        ("data-product", "Anna&#39;s cinema"),
        ("data-popup-url", "/sign-in/popup?ui_locales=en"),
    ] {
        let found =
            attribute(main, name).map(|found| found.replace("&#x2f;", "/").replace("&#x27;", "&#39;"));
        assert_eq!(found.as_deref(), Some(value), "{name}");
    }
    let script = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/static/sign-in.js")).unwrap();
    for used in ["rid", "csrf", "pinsUrl", "clientIdentifier", "product", "popupUrl", "wait"] {
        assert!(script.contains(&format!(" {used}")), "{used}");
    }
    assert!(
        html.contains("<form method=\"post\" action=\"/sign-in/01998a2e-6c1e-7b1f-8d6e-3c9e5f0a1b2c/start\"")
    );
}

#[test]
fn the_sign_in_page_alone_has_an_opener_policy() {
    for (name, page) in samples() {
        let expected = matches!(page, Page::SignIn(_)).then_some("same-origin-allow-popups");
        assert_eq!(page.opener_policy(), expected, "{name}");
    }
}

#[test]
fn the_way_onward_keeps_every_character_of_the_address() {
    let html = sample("onward").replace("&#x2f;", "/").replace("&amp;", "&");
    let url =
        "https://requests.example.com/callback?code=sample&state=1;2&iss=https%3A%2F%2Fauth.example.com";
    assert!(html.contains(&format!("<meta http-equiv=\"refresh\" content=\"0; url={url}\">")), "{html}");
    assert!(html.contains(&format!("href=\"{url}\"")), "{html}");
}

#[test]
fn without_script_the_waiting_page_asks_by_itself() {
    let html = sample("waiting");
    assert!(html.contains("<noscript><meta http-equiv=\"refresh\" content=\"3\"></noscript>"), "{html}");
    assert!(html.contains("role=\"status\" aria-live=\"polite\""), "{html}");
}

#[test]
fn the_refusal_names_the_account_and_both_ways_out() {
    let mut sentences = std::collections::BTreeSet::new();
    for (name, html) in drawn().iter().filter(|(name, _)| name.starts_with("denied-")) {
        assert!(html.contains("<strong>Robin</strong>"), "{name}");
        assert!(html.contains(">Cancel</button>"), "{name}");
        let is_local = name.ends_with("-local");
        let other = if is_local { "another account" } else { "another Plex account" };
        let again = html.contains("/again\"") && html.contains(&format!(">Use {other}</button>"));
        assert_eq!(html.contains("app.plex.tv"), again && !is_local, "{name}");
        assert_eq!(again, *name != "denied-client-disabled", "{name}");
        let heading = html.split("<h1>").nth(1).unwrap().split("</h1>").next().unwrap();
        let new = sentences.insert(heading.to_owned());
        assert!(new || is_local || *name == "denied-server-without-name", "{name}: {heading}");
    }
    assert_eq!(sentences.len(), 11);
}

#[test]
fn every_reference_leads_to_a_file_of_ours() {
    let pages = pages();
    for (name, html) in drawn() {
        for (element, key) in [("link", "href"), ("script", "src")] {
            for tag in tags(&html, element) {
                let url = attribute(tag, key).unwrap();
                let path = url.strip_prefix("/assets/").unwrap();
                assert!(pages.asset(path).is_some(), "{name}: {url}");
            }
        }
    }
}

#[test]
fn the_sign_in_page_weighs_less_than_25_kb_on_the_wire() {
    let pages = pages();
    let html = pages.render(&samples()[0].1, Language::english()).len(); // not even compressed
    let files = ["style.css", "theme.css", "sign-in.js", "icon.svg"].map(|name| {
        let path = pages.asset_url(name).unwrap().strip_prefix("/assets/").unwrap();
        pages.asset(path).unwrap().negotiate(Some("br, gzip")).body.len()
    });
    let total = html + files.iter().sum::<usize>();
    assert!(
        total < 12 * 1024,
        "{total} bytes: html {html}, files {files:?}; the ceiling of the issue is 25 kB"
    );
}
