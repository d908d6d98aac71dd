//! What the program says in its log while a test looks.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Level};
use tracing_subscriber::fmt::MakeWriter;

/// Two that are always there. While there is only one in the whole process, what another test says first is taken for something
/// that nobody wants to hear, by everybody.
static OTHERS: LazyLock<[Dispatch; 2]> =
    LazyLock::new(|| [(), ()].map(|()| Dispatch::new(tracing_subscriber::registry())));

/// The log of this thread, from its start until it is dropped. For tests that run on one thread.
pub(crate) struct Log {
    written: Written,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Written {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Begins to listen.
    pub(crate) fn start() -> Self {
        LazyLock::force(&OTHERS);
        let written = Written::default();
        let log = tracing_subscriber::fmt().without_time().with_ansi(false).with_max_level(Level::INFO);
        let guard = tracing::subscriber::set_default(log.with_writer(written.clone()).finish());
        Self { written, _guard: guard }
    }

    /// What was said since it was last asked, line by line.
    pub(crate) fn take(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.written.0.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8(bytes).expect("text").lines().map(|line| line.trim_start().to_owned()).collect()
    }

    /// Of that, what a host should look at.
    pub(crate) fn take_warnings(&self) -> Vec<String> {
        let mut lines = self.take();
        lines.retain(|line| line.starts_with("WARN plex") || line.starts_with("ERROR plex"));
        lines
    }
}
