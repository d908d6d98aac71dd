//! A connection whose peer must take what it asked for: writing that waits too long is an error, and ends the connection.
//! Nothing happens to one that has nothing to write, such as an event stream between two events.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A stream with a limit on how long writing may wait.
pub(crate) struct WriteLimited<S> {
    stream: S,
    limit: Duration,
    /// Since writing began to wait.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl<S> WriteLimited<S> {
    /// `stream`, on which writing may wait for `limit`.
    pub(crate) const fn new(stream: S, limit: Duration) -> Self {
        Self { stream, limit, waiting: None }
    }

    /// What came of writing, unless that has waited too long.
    fn within_limit<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let limit = self.limit;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WriteLimited<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WriteLimited<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.within_limit(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.within_limit(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    /// A stream with room for four bytes, and its peer.
    fn full(limit: Duration) -> (WriteLimited<DuplexStream>, DuplexStream) {
        let (ours, peer) = duplex(4);
        (WriteLimited::new(ours, limit), peer)
    }

    async fn vectored(stream: &mut WriteLimited<DuplexStream>, bytes: &[u8]) -> io::Result<usize> {
        poll_fn(|context| Pin::new(&mut *stream).poll_write_vectored(context, &[IoSlice::new(bytes)])).await
    }

    #[tokio::test]
    async fn writing_that_waits_too_long_is_an_error_either_way() {
        let (mut stream, _peer) = full(Duration::ZERO);
        assert_eq!(stream.write(b"four").await.unwrap(), 4);
        assert_eq!(stream.write(b"more").await.unwrap_err().kind(), io::ErrorKind::TimedOut);

        let (mut stream, _peer) = full(Duration::ZERO);
        assert_eq!(vectored(&mut stream, b"four").await.unwrap(), 4);
        assert_eq!(vectored(&mut stream, b"more").await.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_peer_that_reads_has_the_whole_limit_again() {
        let (mut stream, mut peer) = full(Duration::from_mins(1));
        assert_eq!(stream.write(b"four").await.unwrap(), 4);
        let mut room = [0; 4];
        let (written, read) = tokio::join!(stream.write(b"more"), peer.read_exact(&mut room));
        assert_eq!((written.unwrap(), read.unwrap()), (4, 4));
        assert!(stream.waiting.is_none(), "the next wait begins anew");
    }
}
