//! A stream that is cut after a number of octets.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The side whose octets are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

/// The kind of cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// The connection is closed: reading returns the end, and writing fails.
    Close,
    /// Reading returns the end, but written octets arrive.
    HalfClose,
    /// Reading and writing fail.
    Reset,
    /// Octets of this side no longer arrive, and neither side gets an error.
    Silence,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) side: Side,
    pub(crate) how: How,
    pub(crate) after: usize,
}

/// How many octets have passed.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    to_server: AtomicUsize,
    to_client: AtomicUsize,
}

impl Passed {
    pub(crate) fn from(&self, side: Side) -> usize {
        match side {
            Side::Client => self.to_server.load(Relaxed),
            Side::Server => self.to_client.load(Relaxed),
        }
    }
}

/// The client's end of a connection that is cut.
#[derive(Debug)]
pub(crate) struct Cutter<S> {
    /// Dropped when the connection is closed or reset.
    stream: Option<S>,
    cut: Option<Cut>,
    passed: Arc<Passed>,
    reader: Option<Waker>,
}

impl<S> Cutter<S> {
    pub(crate) fn new(stream: S, cut: Option<Cut>) -> (Self, Arc<Passed>) {
        let passed = Arc::new(Passed::default());
        let mut cutter = Self {
            stream: Some(stream),
            cut,
            passed: Arc::clone(&passed),
            reader: None,
        };
        cutter.passed(Side::Client, 0);
        (cutter, passed)
    }

    /// The cut, if it has happened.
    fn fallen(&self) -> Option<Cut> {
        self.cut
            .filter(|cut| self.passed.from(cut.side) >= cut.after)
    }

    /// How many octets this side may still send.
    fn left(&self, side: Side) -> usize {
        match self.cut {
            Some(cut) if cut.side == side => cut.after - self.passed.from(side),
            _ => usize::MAX,
        }
    }

    fn passed(&mut self, side: Side, octets: usize) {
        match side {
            Side::Client => self.passed.to_server.fetch_add(octets, Relaxed),
            Side::Server => self.passed.to_client.fetch_add(octets, Relaxed),
        };
        if let Some(cut) = self.fallen() {
            if matches!(cut.how, How::Close | How::Reset) {
                self.stream = None;
            }
            if let Some(waker) = self.reader.take() {
                waker.wake();
            }
        }
    }
}

fn reset<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
}

impl<S: AsyncRead + Unpin> AsyncRead for Cutter<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let cutter = &mut *self;
        match cutter.fallen() {
            Some(Cut {
                how: How::Close | How::HalfClose,
                ..
            }) => return Poll::Ready(Ok(())),
            Some(Cut {
                how: How::Reset, ..
            }) => return reset(),
            Some(Cut {
                side: Side::Server, ..
            }) => return Poll::Pending,
            _ => {}
        }
        let room = buffer.remaining().min(cutter.left(Side::Server));
        let mut octets = vec![0; room];
        let mut part = ReadBuf::new(&mut octets);
        let Some(stream) = &mut cutter.stream else {
            return Poll::Ready(Ok(()));
        };
        cutter.reader = Some(context.waker().clone());
        ready!(Pin::new(stream).poll_read(context, &mut part))?;
        buffer.put_slice(part.filled());
        let count = part.filled().len();
        cutter.passed(Side::Server, count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Cutter<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let cutter = &mut *self;
        match cutter.fallen() {
            Some(Cut {
                how: How::Close, ..
            }) => {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            Some(Cut {
                how: How::Reset, ..
            }) => return reset(),
            Some(Cut {
                side: Side::Client, ..
            }) => return Poll::Pending,
            _ => {}
        }
        let octets = &octets[..octets.len().min(cutter.left(Side::Client))];
        let Some(stream) = &mut cutter.stream else {
            return reset();
        };
        let count = ready!(Pin::new(stream).poll_write(context, octets))?;
        cutter.passed(Side::Client, count);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_flush(context),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Some(stream) => Pin::new(stream).poll_shutdown(context),
            None => Poll::Ready(Ok(())),
        }
    }
}
