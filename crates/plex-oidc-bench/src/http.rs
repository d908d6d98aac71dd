//! The least HTTP/1.1 client that drives a server: blocking, one kept connection, answers with a length.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// No answer takes longer than a long poll.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    /// The values of a header.
    pub(crate) fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.head.lines().filter_map(|line| line.split_once(": "));
        pairs.filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// How many bytes came.
    pub(crate) fn length(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// The answer, if it has this status.
    pub(crate) fn expect(self, status: u16) -> io::Result<Self> {
        if self.status == status {
            return Ok(self);
        }
        Err(io::Error::other(format!("{status} was expected, and this came: {}\n{}", self.head, self.body)))
    }

    /// Where it sends the browser.
    pub(crate) fn location(&self) -> io::Result<String> {
        let location = self.headers("location").next().map(str::to_owned);
        location.ok_or_else(|| io::Error::other(format!("no redirect: {}\n{}", self.head, self.body)))
    }
}

/// A kept connection.
pub(crate) struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    received: Vec<u8>,
    /// Looks again and again for what comes, and never sleeps.
    restless: bool,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, address, received: Vec::with_capacity(16 * 1024), restless: false })
    }

    /// One that never sleeps. A server pays for waking its client, and whether it has to depends on which of the two
    /// happens to be the faster: this client is always awake.
    pub(crate) fn open_restless(address: SocketAddr) -> io::Result<Self> {
        let connection = Self::open(address)?;
        connection.stream.set_nonblocking(true)?;
        Ok(Self { restless: true, ..connection })
    }

    /// One `GET`.
    pub(crate) fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> io::Result<Answer> {
        let request = request(self.address, "GET", path, headers, None);
        self.send(&request)?;
        self.receive()
    }

    /// One `POST`.
    pub(crate) fn post(
        &mut self,
        path: &str,
        headers: &[(&str, &str)],
        (content_type, body): (&str, &str),
    ) -> io::Result<Answer> {
        let mut all = vec![("content-type", content_type)];
        all.extend(headers);
        let request = request(self.address, "POST", path, &all, Some(body));
        self.send(&request)?;
        self.receive()
    }

    /// Sends a request.
    pub(crate) fn send(&mut self, request: &str) -> io::Result<()> {
        self.stream.write_all(request.as_bytes())
    }

    /// Receives an answer.
    pub(crate) fn receive(&mut self) -> io::Result<Answer> {
        let (head, length) = loop {
            if let Some(found) = head_of(&self.received) {
                break found;
            }
            self.read_more()?;
        };
        while self.received.len() < head + length {
            self.read_more()?;
        }
        let mut whole = std::mem::take(&mut self.received);
        self.received = whole.split_off(head + length);
        let body = String::from_utf8_lossy(&whole.split_off(head)).into_owned();
        let head = String::from_utf8_lossy(&whole).into_owned();
        let status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok(Answer { status, head, body })
    }

    /// Receives an answer and forgets it; it must be a 200. Returns its length.
    pub(crate) fn receive_200(&mut self) -> io::Result<usize> {
        let answer = self.receive()?.expect(200)?;
        Ok(answer.head.len() + answer.body.len())
    }

    /// Receives a 200 of this length, and does not look at the rest of it.
    pub(crate) fn skip(&mut self, length: usize) -> io::Result<()> {
        let mut part = [0; 16 * 1024];
        let mut received = self.read_some(&mut part)?;
        if !part.starts_with(b"HTTP/1.1 200 ") {
            return Err(io::Error::other("a 200 was expected"));
        }
        while received < length {
            match self.read_some(&mut part)? {
                0 => return Err(io::Error::other("the connection ended")),
                count => received += count,
            }
        }
        if received == length { Ok(()) } else { Err(io::Error::other("an answer of another length")) }
    }

    fn read_some(&mut self, part: &mut [u8]) -> io::Result<usize> {
        let began = Instant::now();
        loop {
            match self.stream.read(part) {
                Err(error) if error.kind() == ErrorKind::WouldBlock && self.restless => {
                    if began.elapsed() > PATIENCE {
                        return Err(error);
                    }
                    std::hint::spin_loop();
                }
                read => return read,
            }
        }
    }

    fn read_more(&mut self) -> io::Result<()> {
        let mut part = [0; 16 * 1024];
        let count = self.read_some(&mut part)?;
        if count == 0 {
            return Err(io::Error::other("the connection ended"));
        }
        self.received.extend(part.iter().take(count));
        Ok(())
    }
}

/// The bytes of a request.
pub(crate) fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: localhost:{}\r\n", address.port());
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        text.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    text.push_str("\r\n");
    text.push_str(body.unwrap_or_default());
    text
}

/// The length of the head, with the empty line, and that of the body, once the head is complete.
fn head_of(received: &[u8]) -> Option<(usize, usize)> {
    let end = received.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(received.get(..end)?).ok()?;
    let pairs = head.lines().filter_map(|line| line.split_once(": "));
    let length =
        pairs.clone().find(|(name, _)| name.eq_ignore_ascii_case("content-length")).map(|(_, text)| text);
    Some((end, length.and_then(|text| text.parse().ok()).unwrap_or(0)))
}
