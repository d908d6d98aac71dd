//! What to call a browser, for the person who uses it: "Firefox on Linux". A hint for people and nothing else; whoever sends it
//! can write what they like.

/// Browsers, by a word that only they and those listed before them say.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Systems, likewise.
const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// A short name for the browser that sends this `User-Agent` (RFC 9110 s. 10.1.5). `None`: nothing that people would know.
pub fn browser_name(user_agent: &str) -> Option<String> {
    let of = |known: &[(&str, &'static str)]| {
        known.iter().find(|(word, _)| user_agent.contains(word)).map(|(_, name)| *name)
    };
    match (of(&BROWSERS), of(&SYSTEMS)) {
        (Some(browser), Some(system)) => Some(format!("{browser} on {system}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart_by_what_only_they_say() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (text, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                Some("Firefox on Linux"),
            ),
            (
                &*format!(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/139.0.0.0 Safari/537.36"
                ),
                Some("Chrome on Windows"),
            ),
            (
                &*format!(
                    "Mozilla/5.0 (Windows NT 10.0) {webkit} Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0"
                ),
                Some("Edge on Windows"),
            ),
            (
                &*format!(
                    "Mozilla/5.0 (Linux; Android 15; K) {webkit} Chrome/139.0.0.0 Mobile Safari/537.36"
                ),
                Some("Chrome on Android"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile/15E148 Safari/604.1",
                Some("Safari on iPhone"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.6 Safari/605.1.15",
                Some("Safari on macOS"),
            ),
            ("curl/8.14.1", None),
            ("<script>alert(1)</script>", None),
            ("", None),
        ] {
            assert_eq!(browser_name(text).as_deref(), name, "{text}");
        }
    }
}
