//! Paths: read once, and doubted where two programs may read them differently (`reference` 3.8: proxies hand on raw bytes).

/// Longest target read, in bytes.
const MAX_LEN: usize = 8 * 1024;

/// The path of an original request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginalPath {
    /// Without query, as the proxy sent it.
    raw: String,
    /// Percent-decoded once. `None`: it has more than one reading.
    normal: Option<String>,
}

impl OriginalPath {
    /// Reads a request target: a path, perhaps with a query. `None`: it is no path at all.
    pub fn parse(target: &str) -> Option<Self> {
        if target.len() > MAX_LEN || !target.starts_with('/') {
            return None;
        }
        let raw = target.split('?').next().unwrap_or("");
        Some(Self { raw: raw.to_owned(), normal: normal(raw).filter(|_| !target.contains('#')) })
    }

    /// Without query, as the proxy sent it.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// Decoded, if there is only one way to read it. Where the proxy, the application and we may read it differently, no
    /// rule may open it that any other rule would keep shut.
    pub fn normal(&self) -> Option<&str> {
        self.normal.as_deref()
    }
}

/// The one reading of `raw`, if it has one: no dot segments nor others of only dots and spaces, no empty ones, nothing
/// encoded that separates, nothing encoded twice, no control characters, valid UTF-8.
fn normal(raw: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_graphic() && b != b'\\' && b != b'#';
    if !raw.bytes().all(plain) {
        return None;
    }
    let decoded = decode_once(raw)?;
    // A semicolon begins a parameter for some applications, which then drop it from the path.
    let harmless = |c: char| !c.is_control() && !matches!(c, '\\' | '#' | '?' | ';');
    if !decoded.chars().all(harmless) {
        return None;
    }
    let mut segments = decoded.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        // Windows takes dots and spaces off the end of a name, and of these nothing is left.
        let is_dots = !segment.is_empty() && without_end(segment).is_empty();
        if is_dots || (segment.is_empty() && !is_last) {
            return None;
        }
    }
    Some(decoded)
}

/// Percent-decodes; `None` if an escape is broken, hides a slash, or is itself encoded.
fn decode_once(raw: &str) -> Option<String> {
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let high = char::from(bytes.next()?).to_digit(16)?;
        let low = char::from(bytes.next()?).to_digit(16)?;
        match u8::try_from(high * 16 + low).ok()? {
            b'/' | b'%' => return None,
            decoded => out.push(decoded),
        }
    }
    String::from_utf8(out).ok()
}

/// Paths that a rule is about: one, or everything below one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathPattern {
    /// `/health`: this path.
    Exact(String),
    /// `/api/*`: everything below, and the folder itself with or without its slash.
    Below(String),
}

impl PathPattern {
    /// Reads a path that begins with a slash, perhaps with `/*` at its end. It must be in its normal form, decoded.
    pub fn parse(text: &str) -> Option<Self> {
        let (path, below) = match text.strip_suffix("/*") {
            Some(folder) => (folder, true),
            None => (text, false),
        };
        let sound = path.is_empty() || (path.starts_with('/') && path.len() <= 1024);
        let readable = path.is_empty() || decoded_is_normal(path);
        if !sound || !readable || path.contains('*') || (!below && path.is_empty()) {
            return None;
        }
        Some(if below { Self::Below(path.to_owned()) } else { Self::Exact(path.to_owned()) })
    }

    /// Whether `normal` is one of these paths, letter for letter.
    pub fn matches(&self, normal: &str) -> bool {
        match self {
            Self::Exact(path) => path == normal,
            Self::Below(folder) => normal
                .strip_prefix(folder.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
        }
    }

    /// As [`PathPattern::matches`], but as applications read that are less strict, so that a rule that keeps people out of
    /// `/admin` keeps them out of `/ADMIN`, `/admin/` and `/admin.` too.
    pub fn covers(&self, normal: &str) -> bool {
        let read = loosely(normal);
        match self {
            Self::Exact(path) => loosely(path) == read,
            Self::Below(folder) => Self::Below(loosely(folder)).matches(&read),
        }
    }
}

/// Without case, without a slash at the end, and without what Windows takes off the end of a name: dots and spaces.
fn loosely(path: &str) -> String {
    let lower = path.to_lowercase();
    let names: Vec<&str> = lower.split('/').map(without_end).collect();
    names.join("/").trim_end_matches('/').to_owned()
}

fn without_end(name: &str) -> &str {
    name.trim_end_matches(['.', ' '])
}

/// Whether a path that is not encoded reads the same after encoding and decoding.
fn decoded_is_normal(path: &str) -> bool {
    let encoded: String = path
        .bytes()
        .map(|b| match b {
            b'%' => "%25".to_owned(),
            b if b.is_ascii_graphic() => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect();
    normal(&encoded).as_deref() == Some(path)
}

impl std::fmt::Display for PathPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(path) => f.write_str(path),
            Self::Below(folder) => write!(f, "{folder}/*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(target: &str) -> OriginalPath {
        OriginalPath::parse(target).unwrap_or_else(|| panic!("{target}"))
    }

    #[test]
    fn req_166_a_plain_path_is_decoded_once_and_its_query_is_cut_off() {
        for (target, normal) in [
            ("/", "/"),
            ("/a/b", "/a/b"),
            ("/a/", "/a/"),
            ("/%41dmin", "/Admin"),
            ("/a%20b", "/a b"),
            ("/caf%C3%A9", "/caf\u{e9}"),
            ("/admin?x=/public/", "/admin"),
            ("/a?b?c", "/a"),
            ("/a?x=%2f..%2f", "/a"),
            ("/file.html", "/file.html"),
            ("/~me/.well-known/x", "/~me/.well-known/x"),
        ] {
            assert_eq!(path(target).normal(), Some(normal), "{target}");
        }
    }

    #[test]
    fn req_166_a_path_with_two_readings_is_ambiguous() {
        for target in [
            "/public/../admin",
            "/public/%2e%2e/admin",
            "/public/.%2e/admin",
            "/./admin",
            "/a/.",
            "/a/..",
            "/...",
            "/a/....",
            "/%20",
            "/%20/a",
            "/a/.%20.",
            "//admin",
            "/a//b",
            "/public%2fadmin",
            "/public%2Fadmin",
            "/public%5cadmin",
            "/public\\admin",
            "/public/..;/admin",
            "/public;a=..%2f/admin",
            "/x.html;jsessionid=1",
            "/admin;",
            "/a%3bb",
            "/%252e%252e/admin",
            "/%25",
            "/%2",
            "/%",
            "/%zz",
            "/%00",
            "/a%0d%0ab",
            "/a%7f",
            "/a%23b",
            "/a%3fb",
            "/a#b",
            "/a?x#b",
            "/%ff",
            "/%c0%af",
            "/caf\u{e9}",
            "/a b",
            "/a\u{0}",
        ] {
            assert_eq!(path(target).normal(), None, "{target:?}");
        }
        for no_path in ["", "admin", "*", "http://x/", "?a", "#"] {
            assert_eq!(OriginalPath::parse(no_path), None, "{no_path:?}");
        }
    }

    #[test]
    fn patterns_are_exact_or_whole_segments() {
        let below = PathPattern::parse("/api/*").unwrap();
        assert!(below.matches("/api") && below.matches("/api/") && below.matches("/api/x/y"));
        assert!(!below.matches("/apix") && !below.matches("/API/x") && below.covers("/API/x"));
        let exact = PathPattern::parse("/health").unwrap();
        assert!(exact.matches("/health") && !exact.matches("/health/") && !exact.matches("/healthz"));
        let all = PathPattern::parse("/*").unwrap();
        assert!(all.matches("/") && all.matches("/a/b"));
        for normal in ["/", "/a/b", "/.a", "/ "] {
            assert!(all.covers(normal), "{normal}");
        }
        for odd in ["", "api", "/a/*/b", "/a*", "*", "/a//b", "/../x", "/a?b", "/a#b", "/a%2fb/..", "/a\\b"] {
            assert_eq!(PathPattern::parse(odd), None, "{odd}");
        }
        assert!(PathPattern::parse("/caf\u{e9}/*").unwrap().matches(path("/caf%C3%A9/x").normal().unwrap()));
    }

    #[test]
    fn what_a_less_strict_application_takes_for_it_is_covered_and_does_not_match() {
        let admin = PathPattern::parse("/a/admin").unwrap();
        for normal in
            ["/a/admin/", "/a/admin.", "/a/admin ", "/a/admin. .", "/a/Admin./", "/a./admin", "/a /admin"]
        {
            assert!(admin.covers(normal) && !admin.matches(normal), "{normal:?}");
        }
        for other in ["/a/admin.x", "/a/.admin", "/a/admin/x", "/a/ admin", "/aadmin", "/a", "/admin"] {
            assert!(!admin.covers(other), "{other:?}");
        }
        let below = PathPattern::parse("/admin/*").unwrap();
        for normal in ["/admin", "/admin.", "/admin /x", "/admin./x/y", "/ADMIN. /"] {
            assert!(below.covers(normal), "{normal:?}");
        }
        assert!(!below.covers("/admin.x/y") && !below.covers("/administer"));
        for pattern in ["/admin/", "/admin.", "/admin "] {
            assert!(PathPattern::parse(pattern).unwrap().covers("/admin"), "{pattern:?}");
        }
        let front = PathPattern::parse("/").unwrap();
        assert!(front.covers("/") && !front.covers("/x"));
    }

    proptest! {
        #[test]
        fn what_matches_is_covered(
            pattern in "(/[aA.% ]{1,3}){0,3}(/[*]|/)?",
            normal in "(/[aA. ]{1,3}){0,3}/?",
        ) {
            if let Some(pattern) = PathPattern::parse(&pattern) {
                prop_assert!(!pattern.matches(&normal) || pattern.covers(&normal), "{pattern:?} {normal:?}");
            }
        }

        #[test]
        fn a_normal_path_read_again_is_itself(target in "/[a-zA-Z0-9%./;?#\\\\ -]{0,40}") {
            if let Some(normal) = OriginalPath::parse(&target).as_ref().and_then(OriginalPath::normal) {
                let encoded = normal.replace('%', "%25").replace(' ', "%20");
                let again = OriginalPath::parse(&encoded);
                prop_assert_eq!(again.as_ref().and_then(OriginalPath::normal), Some(normal));
                prop_assert!(!normal.contains("/../") && !normal.contains("//"));
            }
        }
    }
}
