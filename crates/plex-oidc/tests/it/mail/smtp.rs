//! A mail server of this machine: takes what it is sent, or says what a test wants it to say.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mail as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Taken {
    /// The commands before it, without the mail.
    pub(crate) commands: Vec<String>,
    /// Its lines.
    pub(crate) lines: Vec<String>,
}

impl Taken {
    /// The lines before the first empty one, with folded lines as one.
    pub(crate) fn headers(&self) -> Vec<String> {
        let mut headers: Vec<String> = Vec::new();
        for line in self.lines.iter().take_while(|line| !line.is_empty()) {
            match (line.starts_with([' ', '\t']), headers.last_mut()) {
                (true, Some(last)) => last.push_str(line),
                _ => headers.push(line.clone()),
            }
        }
        headers
    }

    /// The value of a header that is there once.
    pub(crate) fn header(&self, name: &str) -> String {
        let of_name = |line: &String| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        let all: Vec<_> = self.headers().iter().filter_map(of_name).collect();
        assert_eq!(all.len(), 1, "{name}: {:?}", self.headers());
        all[0].clone()
    }

    /// The text after them, decoded.
    pub(crate) fn text(&self) -> String {
        let body: Vec<_> = self.lines.iter().skip_while(|line| !line.is_empty()).skip(1).cloned().collect();
        match self.header("Content-Transfer-Encoding").as_str() {
            "base64" => {
                use base64::Engine as _;
                let bytes = base64::engine::general_purpose::STANDARD.decode(body.concat()).unwrap();
                String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
            }
            "quoted-printable" => quoted_printable(&body.join("\n")),
            _ => body.join("\n"),
        }
    }

    /// To whom it was sent, by its envelope.
    pub(crate) fn recipients(&self) -> Vec<&str> {
        self.commands.iter().filter_map(|line| line.strip_prefix("RCPT TO:")).collect()
    }
}

fn quoted_printable(text: &str) -> String {
    let text = text.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'=' => {
                let digits = std::str::from_utf8(&rest[..2]).unwrap();
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                rest = &rest[2..];
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).unwrap()
}

/// What it answers to which command, instead of taking it: the first that begins so, once.
pub(crate) type Says = Arc<Mutex<VecDeque<(&'static str, &'static str)>>>;

/// The server.
pub(crate) struct Smtp {
    pub(crate) port: u16,
    pub(crate) says: Says,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl Smtp {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (says, taken) = (Says::default(), Arc::default());
        let (say, keep) = (Arc::clone(&says), Arc::clone(&taken));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, Arc::clone(&say), Arc::clone(&keep)));
            }
        });
        Self { port, says, taken }
    }

    /// What came so far, once.
    pub(crate) fn so_far(&self) -> Vec<Taken> {
        std::mem::take(&mut *self.taken.lock().unwrap())
    }

    /// Answers so to the next command that begins so.
    pub(crate) fn will_say(&self, to: &'static str, answer: &'static str) {
        self.says.lock().unwrap().push_back((to, answer));
    }
}

async fn talk(stream: TcpStream, says: Says, taken: Arc<Mutex<Vec<Taken>>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 here\r\n").await.ok()?;
    let mut mail = Taken::default();
    loop {
        let line = read(&mut stream).await?;
        mail.commands.push(line.clone());
        let said = {
            let mut says = says.lock().unwrap();
            let at = says.iter().position(|(to, _)| line.starts_with(to));
            at.and_then(|at| says.remove(at))
        };
        if let Some((_, answer)) = said {
            stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
            continue;
        }
        let answer = match line.split([' ', ':']).next().unwrap() {
            "EHLO" => "250-here\r\n250 AUTH PLAIN LOGIN",
            "AUTH" => "235 you are",
            "MAIL" | "RCPT" | "RSET" | "NOOP" => "250 fine",
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await.ok()?;
                loop {
                    let line = read(&mut stream).await?;
                    if line == "." {
                        break;
                    }
                    mail.lines.push(line.strip_prefix('.').unwrap_or(&line).to_owned());
                }
                taken.lock().unwrap().push(std::mem::take(&mut mail));
                "250 taken"
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await.ok()?;
                return Some(());
            }
            _ => "500 what?",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = Vec::new();
    let read = stream.read_until(b'\n', &mut line).await.ok()?;
    if read == 0 {
        return None;
    }
    assert!(line.ends_with(b"\r\n"), "a bare line feed: {line:?}");
    line.truncate(line.len() - 2);
    assert!(!line.contains(&b'\r') && line.is_ascii(), "{line:?}");
    Some(String::from_utf8(line).unwrap())
}
