//! One request and one answer of HTTP/1.1 as bytes (RFC 9112).
//!
//! An HTTP library would bring the names of headers into one spelling, and it is the other spellings that a proxy may
//! overlook. So the request is written here, letter for letter, and the answer read as far as it is needed.

/// Longest answer that is read, in bytes.
pub const MAX_ANSWER: usize = 256 * 1024;

/// Most interim answers before the one that counts.
const MAX_INTERIM: usize = 10;

const USER_AGENT: &str = concat!("plex-oidc-doctor/", env!("CARGO_PKG_VERSION"));

/// A `GET` request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The host, and its port if it is not the scheme's own.
    pub host: String,
    /// The target.
    pub path: String,
    /// Headers in this order and this spelling, besides those that every request has.
    pub headers: Vec<(String, String)>,
    /// Whether the body of the answer is of interest.
    pub wants_body: bool,
}

impl Request {
    /// As it is sent. A browser that opens a page asks like this, so that it is sent to sign in and not told to.
    pub fn bytes(&self) -> Vec<u8> {
        let Self { host, path, headers, .. } = self;
        let mut text = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {USER_AGENT}\r\n");
        let has = |wanted: &str| headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
        for (name, value) in [("Accept", "text/html,*/*;q=0.5"), ("Connection", "close")] {
            if !has(name) {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.into_bytes()
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, by their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it was read.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// How far an answer has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// More has to come.
    More,
    /// All that is wanted is there.
    Whole(Answer),
    /// This is not HTTP.
    NotHttp,
}

/// Reads what has come so far; `ended`: nothing more will.
pub fn read(mut bytes: &[u8], wants_body: bool, ended: bool) -> Reading {
    // Whoever answers says how many interim answers there are.
    for _ in 0..=MAX_INTERIM {
        let Some((head, body)) = split_head(bytes) else {
            let plausible = b"HTTP/1.".iter().zip(bytes).all(|(expected, found)| expected == found);
            return if ended || !plausible { Reading::NotHttp } else { Reading::More };
        };
        let Some(answer) = head_of(head) else { return Reading::NotHttp };
        // An interim answer says that there is another to come (RFC 9110 s. 15.2); 101 is the last of this protocol.
        if !(100..200).contains(&answer.status) || answer.status == 101 {
            return last(answer, body, wants_body, ended);
        }
        bytes = body;
    }
    Reading::NotHttp
}

/// The answer that counts, with what has come of its body.
fn last(answer: Answer, body: &[u8], wants_body: bool, ended: bool) -> Reading {
    let has_none = !wants_body || matches!(answer.status, 101 | 204 | 304);
    if has_none {
        return Reading::Whole(answer);
    }
    match body_of(&answer, body) {
        (body, is_whole) if is_whole || ended => Reading::Whole(Answer { body, ..answer }),
        _ => Reading::More,
    }
}

fn split_head(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, rest) = bytes.split_at_checked(at)?;
    Some((head, rest.get(4..)?))
}

fn head_of(head: &[u8]) -> Option<Answer> {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let (version, rest) = lines.next()?.split_once(' ')?;
    let status = rest.split(' ').next()?.parse().ok().filter(|status| (100..600).contains(status))?;
    let header = |line: &str| {
        line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers = lines.filter_map(header).collect();
    version.starts_with("HTTP/1.").then_some(Answer { status, headers, body: Vec::new() })
}

/// The body, and whether it is all there. Without a length it ends with the connection (RFC 9112 s. 6.3).
fn body_of(answer: &Answer, bytes: &[u8]) -> (Vec<u8>, bool) {
    let coding = answer.header("transfer-encoding").unwrap_or_default();
    if coding.to_ascii_lowercase().ends_with("chunked") {
        return unchunked(bytes);
    }
    match answer.header("content-length").and_then(|length| length.parse().ok()) {
        Some(length) => match bytes.get(..length) {
            Some(body) => (body.to_vec(), true),
            None => (bytes.to_vec(), false),
        },
        None => (bytes.to_vec(), false),
    }
}

/// Takes chunks apart (RFC 9112 s. 7.1); what does not fit ends them.
fn unchunked(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") else { return (body, false) };
        let Some((line, rest)) = bytes.split_at_checked(end) else { return (body, false) };
        let line = String::from_utf8_lossy(line);
        let size = line.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(size, 16) else { return (body, true) };
        if size == 0 {
            return (body, true);
        }
        let chunk = rest.get(2..).unwrap_or_default();
        let Some((whole, rest)) = chunk.split_at_checked(size) else {
            body.extend_from_slice(chunk);
            return (body, false);
        };
        body.extend_from_slice(whole);
        bytes = rest.get(2..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Answer {
        match read(text.as_bytes(), true, false) {
            Reading::Whole(answer) => answer,
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn a_request_keeps_every_spelling_and_its_order() {
        let planted = |name: &str| (name.to_owned(), "x".to_owned());
        let request = Request {
            host: "wiki.example.org".to_owned(),
            path: "/page".to_owned(),
            headers: vec![planted("remote_USER"), planted("rEmOtE-uSeR"), planted("rEmOtE-uSeR")],
            wants_body: false,
        };
        let sent = String::from_utf8(request.bytes()).unwrap();
        assert!(sent.starts_with("GET /page HTTP/1.1\r\nHost: wiki.example.org\r\n"), "{sent}");
        assert!(sent.contains("\r\nConnection: close\r\n"), "{sent}");
        assert!(sent.ends_with("\r\nremote_USER: x\r\nrEmOtE-uSeR: x\r\nrEmOtE-uSeR: x\r\n\r\n"), "{sent}");
        let own = Request { headers: vec![("Connection".to_owned(), "close, X".to_owned())], ..request };
        assert_eq!(String::from_utf8(own.bytes()).unwrap().matches("Connection").count(), 1);
    }

    #[test]
    fn an_answer_is_whole_when_its_length_says_so() {
        let told = whole("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b \r\n\r\nhello, and more");
        assert_eq!((told.status, told.body.as_slice(), told.header("x-a")), (200, &b"hello"[..], Some("b")));
        let chunked =
            "HTTP/1.1 200\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n5;x=y\r\nhello\r\n2\r\n, \r\n0\r\n\r\n";
        assert_eq!(whole(chunked).body, b"hello, ");
        assert_eq!(whole("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n").status, 204);
        assert_eq!(whole("HTTP/1.1 101 Switching Protocols\r\n\r\n").status, 101);
    }

    #[test]
    fn interim_answers_are_read_over_up_to_a_limit() {
        let after = |interim: usize| {
            let text = format!("{}HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 102 x\r\n\r\n".repeat(interim));
            read(text.as_bytes(), true, false)
        };
        for few in [0, 1, MAX_INTERIM] {
            assert!(matches!(after(few), Reading::Whole(answer) if answer.status == 204), "{few}");
        }
        let as_many_as_are_read = MAX_ANSWER / "HTTP/1.1 102 x\r\n\r\n".len();
        for many in [MAX_INTERIM + 1, as_many_as_are_read] {
            assert_eq!(after(many), Reading::NotHttp, "{many}");
        }
    }

    #[test]
    fn what_is_missing_is_waited_for_until_the_end() {
        let half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello";
        assert_eq!(read(half, true, false), Reading::More);
        let by_the_end = |bytes: &[u8]| match read(bytes, true, true) {
            Reading::Whole(answer) => answer.body,
            other => panic!("{other:?}"),
        };
        assert_eq!(by_the_end(half), b"hello");
        assert_eq!(by_the_end(b"HTTP/1.1 200 OK\r\n\r\nto the end"), b"to the end");
        assert_eq!(by_the_end(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhel"), b"hel");
        assert!(matches!(read(half, false, false), Reading::Whole(answer) if answer.body.is_empty()));
        for start in ["", "HT", "HTTP/1.1 200 OK\r\nX: y\r\n"] {
            assert_eq!(read(start.as_bytes(), false, false), Reading::More, "{start}");
            assert_eq!(read(start.as_bytes(), false, true), Reading::NotHttp, "{start}");
        }
    }

    #[test]
    fn what_is_not_http_is_said_to_be_none() {
        for bytes in [
            "SSH-2.0-x\r\n",
            "HTTP/2 200\r\n\r\n",
            "HTTP/1.1 abc\r\n\r\n",
            "HTTP/1.1 999 x\r\n\r\n",
            "HTTP/1.1\r\n\r\n",
        ] {
            assert_eq!(read(bytes.as_bytes(), false, false), Reading::NotHttp, "{bytes}");
        }
    }
}
