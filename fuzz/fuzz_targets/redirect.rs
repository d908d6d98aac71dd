//! The redirect matcher: what the operator registers on the first line, what a request asks for on the second, and the
//! `state` to send back on the third.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plex_oidc_core::redirect::RedirectUri;
use plex_oidc_fuzz::{assert_sendable, two_lines};
use url::Url;

fuzz_target!(|data: &[u8]| {
    let (registered, rest) = two_lines(data);
    let (asked, state) = two_lines(rest);
    let texts = (str::from_utf8(registered), str::from_utf8(asked), String::from_utf8_lossy(state));
    let (Ok(registered), Ok(asked), state) = texts else { return };
    let Ok(uri) = RedirectUri::register(registered) else { return };
    assert_sendable(registered);
    assert_eq!(uri.as_str(), registered);
    assert!(uri.matches(registered).is_some(), "{registered} does not match itself");
    let url = Url::parse(registered).expect("what is registered is a URL");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    assert!(!["javascript", "data", "file", "vbscript", "about", "blob"].contains(&url.scheme()));
    assert!(url.scheme() != "http" || is_this_machine(&url), "plain http beyond this machine");

    let Some(target) = uri.matches(asked) else { return };
    assert_eq!(target.as_str(), asked, "what is sent is what was asked for");
    if asked != registered {
        only_the_port_differs(registered, asked);
    }
    let location = target.with_response(&[("code", "poc_x"), ("state", &state)]);
    assert_sendable(&location);
    assert!(location.starts_with(asked));
    let sent: Vec<_> =
        Url::parse(&location).expect("a location is a URL").query_pairs().into_owned().collect();
    let answer = [("code".to_owned(), "poc_x".to_owned()), ("state".to_owned(), state.into_owned())];
    assert!(sent.ends_with(&answer), "{location}");
});

fn is_this_machine(url: &Url) -> bool {
    matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"))
        || url.host_str().is_some_and(|host| host.starts_with("127."))
}

/// RFC 8252 s. 7.3, judged by two parsers that the matcher does not use.
fn only_the_port_differs(registered: &str, asked: &str) {
    let with = |text: &str| Url::parse(text).expect("what matches is a URL");
    let (ours, theirs) = (with(registered), with(asked));
    assert!(matches!(theirs.host_str(), Some("127.0.0.1" | "[::1]")), "{asked}");
    assert_eq!((ours.scheme(), theirs.scheme()), ("http", "http"));
    assert_eq!(
        (ours.host_str(), ours.path(), ours.query(), theirs.fragment()),
        (theirs.host_str(), theirs.path(), theirs.query(), None)
    );
    assert!(theirs.username().is_empty() && theirs.password().is_none());
    if let (Ok(ours), Ok(theirs)) = (registered.parse::<http::Uri>(), asked.parse::<http::Uri>()) {
        assert_eq!((ours.host(), ours.path_and_query()), (theirs.host(), theirs.path_and_query()));
    }
}
