//! Templates and pictures of the host's own.

use super::*;

#[test]
fn a_missing_override_falls_back_and_a_present_one_counts() {
    let folder = tempfile::tempdir().unwrap();
    let plain = Pages::new(Theme::default(), Some(folder.path())).unwrap();
    assert_eq!(
        plain.render(&Page::SignedIn, Language::english()),
        pages().render(&Page::SignedIn, Language::english())
    );

    fs::write(folder.path().join("_motto.html"), "<p>Popcorn!</p>").unwrap();
    fs::write(
        folder.path().join("signed-in.html"),
        "{% extends \"_base.html\" %}{% block main %}<h1>In</h1>{% include \"_motto.html\" %}{% endblock %}",
    )
    .unwrap();
    fs::write(folder.path().join("style.css"), "body{color:#123}").unwrap();
    fs::write(folder.path().join("poster.png"), b"\x89PNG").unwrap();
    fs::write(folder.path().join("notes.txt"), "not served").unwrap();
    let own = Pages::new(Theme::default(), Some(folder.path())).unwrap();
    let html = own.render(&Page::SignedIn, Language::english());
    assert!(html.contains("Popcorn!") && html.contains("Plex sign-in"), "{html}");
    assert_ne!(own.asset_url("style.css"), pages().asset_url("style.css"));
    assert!(own.asset_url("poster.png").is_some() && own.asset_url("notes.txt").is_none());
    assert_eq!(own.render(&Page::Popup, Language::english()).matches("Opening Plex…").count(), 1);
}

#[test]
fn the_theme_may_use_pictures_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("poster.png"), b"\x89PNG").unwrap();
    let values = ThemeValues {
        logo: Some("poster.png"),
        background: Some("poster.png"),
        accent: Some("#06c"),
        ..ThemeValues::default()
    };
    let theme = Theme::try_new(&values).unwrap();
    let own = Pages::new(theme.clone(), Some(folder.path())).unwrap();
    let url = own.asset_url("poster.png").unwrap();
    let css = own.asset(own.asset_url("theme.css").unwrap().strip_prefix("/assets/").unwrap()).unwrap();
    let css = String::from_utf8(css.negotiate(None).body.to_vec()).unwrap();
    assert!(css.contains(url) && css.contains("#0066cc"), "{css}");
    assert!(
        own.render(&Page::Popup, Language::english())
            .replace("&#x2f;", "/")
            .contains(&format!("src=\"{url}\""))
    );
    let message = Pages::new(theme, None).unwrap_err().to_string();
    assert!(message.contains("poster.png"), "{message}");
}

#[test]
fn a_broken_override_is_refused_with_file_and_line() {
    let rows = [
        ("denied.html", "<p>\n{% if %}\n", 2),
        ("sign-in.html", "a\n\n{{ page.no_such_value }}", 3),
        ("sign-in.html", "a\n{{ asset('absent.png') }}", 2),
        ("consent.html", "{% include '_absent.html' %}", 1),
        ("error.html", "{{ page.detail|safe }}", 1),
        (
            "popup.html",
            "{% for a in range(9999) %}{% for b in range(9999) %}{{ b }}{% endfor %}{% endfor %}",
            1,
        ),
    ];
    for (name, source, line) in rows {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, source).unwrap();
        let error = Pages::new(Theme::default(), Some(folder.path())).unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with(&format!("{}:{line}: ", file.display())), "{source}: {message}");
    }
}

#[test]
fn an_error_in_an_included_part_names_the_part() {
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join("_motto.html");
    fs::write(&part, "\n\n{{ nowhere.at.all }}").unwrap();
    fs::write(folder.path().join("signed-in.html"), "{% include '_motto.html' %}").unwrap();
    let message = Pages::new(Theme::default(), Some(folder.path())).unwrap_err().to_string();
    assert!(message.starts_with(&format!("{}:3: ", part.display())), "{message}");
}

#[test]
fn a_template_that_replaces_nothing_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("signin.html"), "hello").unwrap();
    let message = Pages::new(Theme::default(), Some(folder.path())).unwrap_err().to_string();
    assert!(message.contains("signin.html") && message.contains("\"sign-in.html\""), "{message}");
    let absent = folder.path().join("absent");
    let message = Pages::new(Theme::default(), Some(&absent)).unwrap_err().to_string();
    assert!(message.contains("absent: cannot be read"), "{message}");
}

#[test]
fn an_override_that_fails_later_gives_way_to_ours() {
    let folder = tempfile::tempdir().unwrap();
    let template = "{% if page.account_name == 'Robin' %}mine{% else %}{{ page.oops }}{% endif %}";
    fs::write(folder.path().join("denied.html"), template).unwrap();
    let pages = Pages::new(Theme::default(), Some(folder.path())).unwrap();
    let denied = Denied {
        at_plex: true,
        reason: DeniedReason::Stranger,
        account_name: "Kim",
        account_email: None,
        server_name: None,
        client_name: "App",
        request_id: "1",
        csrf: "2",
        account: "plex-3",
        can_ask: false,
        is_full: false,
        asked: None,
    };
    assert!(pages.render(&Page::Denied(denied), Language::english()).contains("<strong>Kim</strong>"));
    assert_eq!(
        pages.render(&Page::Denied(Denied { account_name: "Robin", ..denied }), Language::english()),
        "mine"
    );
}
