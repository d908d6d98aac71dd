//! The log. What goes in is decided where it is logged: no secret type can be printed, addresses of requests are never
//! logged, and the libraries below us stay silent unless something is wrong.

use std::io::{self, Write};
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::LogFormat;

/// Sends the log of this process to `out`. Does nothing if a log is set up already.
pub fn init(level: Level, format: LogFormat, out: impl Write + Send + 'static) {
    subscriber(level, format, out).try_init().ok();
    log_panics();
}

fn subscriber(
    level: Level,
    format: LogFormat,
    out: impl Write + Send + 'static,
) -> impl Subscriber + Send + Sync + 'static {
    let writer = Mutex::new(OneLine(out));
    let wanted = filter_fn(move |metadata| is_wanted(metadata, level));
    let lines = fmt::layer().with_writer(writer).with_ansi(false);
    let layer = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let registry = tracing_subscriber::registry().with(layer.with_filter(wanted));
    registry.with(LevelFilter::from_level(level))
}

/// Writes each event on one line, whatever a value in it says: nobody ends a line, begins another, or tells the terminal
/// something. The layer above writes an event in one go, and escapes in some places only.
struct OneLine<W>(W);

impl<W: Write> Write for OneLine<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let (line, end) = text.strip_suffix('\n').map_or((&*text, ""), |line| (line, "\n"));
        if line.contains(char::is_control) {
            let escaped: String = line.chars().map(escaped).collect();
            self.0.write_all(format!("{escaped}{end}").as_bytes())?;
        } else {
            self.0.write_all(text.as_bytes())?;
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn escaped(c: char) -> String {
    if c.is_control() { format!("\\u{:04x}", u32::from(c)) } else { c.to_string() }
}

fn is_wanted(metadata: &Metadata<'_>, level: Level) -> bool {
    let ours = metadata.target().starts_with("plex");
    *metadata.level() <= if ours { level } else { level.min(Level::WARN) }
}

/// A panic is logged by its place alone: its text may hold a value.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%place, "a panic: this is a bug, please report it with this line");
    }));
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};

    use super::*;

    #[test]
    fn req_176_what_is_logged_stays_on_its_line_and_commands_no_terminal() {
        let evil = "x\u{1b}[2J\u{1b}]0;title\u{7}\r\nforged: a line of its own\u{9b}31m";
        for format in [LogFormat::Text, LogFormat::Json] {
            let mut file = tempfile::tempfile().unwrap();
            let log = subscriber(Level::INFO, format, file.try_clone().unwrap());
            tracing::subscriber::with_default(log, || {
                tracing::info!(target: "plex_oidc", shown = %evil, debugged = ?evil, text = evil, "something said {evil}");
            });
            let mut written = String::new();
            file.rewind().unwrap();
            file.read_to_string(&mut written).unwrap();
            let line = written.strip_suffix('\n').unwrap_or_else(|| panic!("{format:?}: {written:?}"));
            if format == LogFormat::Json {
                serde_json::from_str::<serde_json::Value>(line).unwrap();
            }
            assert!(line.contains("forged") && !line.contains(char::is_control), "{format:?}: {line:?}");
        }
    }
}
