//! The log. What goes in is decided where it is logged: no secret type can be printed, addresses of requests are never
//! logged, and the libraries below us stay silent unless something is wrong.

use std::io::Write;
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::LogFormat;

/// Sends the log of this process to `out`. Does nothing if a log is set up already.
pub fn init(level: Level, format: LogFormat, out: impl Write + Send + 'static) {
    let writer = Mutex::new(out);
    let wanted = filter_fn(move |metadata| is_wanted(metadata, level));
    let lines = fmt::layer().with_writer(writer).with_ansi(false);
    let layer = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let registry = tracing_subscriber::registry().with(layer.with_filter(wanted));
    registry.with(LevelFilter::from_level(level)).try_init().ok();
    log_panics();
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
