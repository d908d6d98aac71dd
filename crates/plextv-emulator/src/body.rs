//! The bytes of an answer on their way out: all at once, or as a fault has it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::task::yield_now;
use tokio::time::sleep;

/// What an answer without end is made of.
const FILLING: Bytes = Bytes::from_static(&[b' '; 16 * 1024]);

/// How a body goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// At once.
    Whole,
    /// A byte, a pause, a byte. Each goes out by itself even where the pause takes no time.
    Drip(Duration),
    /// And then blanks for ever.
    Endless,
}

/// A body with its pace.
pub(crate) struct Outgoing {
    rest: Bytes,
    pace: Pace,
    pause: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Outgoing {
    pub(crate) fn new(bytes: Bytes, pace: Pace) -> Self {
        Self { rest: bytes, pace, pause: None }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        let next = match self.pace {
            Pace::Endless if self.rest.is_empty() => FILLING,
            _ if self.rest.is_empty() => return Poll::Ready(None),
            Pace::Whole | Pace::Endless => std::mem::take(&mut self.rest),
            Pace::Drip(pause) => {
                self.pause =
                    Some(if pause.is_zero() { Box::pin(yield_now()) } else { Box::pin(sleep(pause)) });
                self.rest.split_to(1)
            }
        };
        Poll::Ready(Some(Ok(Frame::data(next))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.pace != Pace::Endless
    }

    fn size_hint(&self) -> SizeHint {
        match self.pace {
            Pace::Endless => SizeHint::default(),
            // No slice in memory is longer than a u64 can say.
            Pace::Whole | Pace::Drip(_) => SizeHint::with_exact(self.rest.len() as u64),
        }
    }
}
