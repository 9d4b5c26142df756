//! A stream that records its octets.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that records all octets that are read from it and written to it.
#[derive(Debug)]
pub(crate) struct Wiretap<S> {
    stream: S,
    tap: Tap,
}

/// The record of a [`Wiretap`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Tap(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    read: Vec<u8>,
    writes: Vec<Vec<u8>>,
}

impl<S> Wiretap<S> {
    pub(crate) fn new(stream: S) -> (Self, Tap) {
        let tap = Tap::default();
        (
            Self {
                stream,
                tap: tap.clone(),
            },
            tap,
        )
    }
}

impl Tap {
    fn record<T>(&self, with: impl FnOnce(&mut Record) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All octets that were read.
    pub(crate) fn read(&self) -> Vec<u8> {
        self.record(|record| record.read.clone())
    }

    /// How many octets were written.
    pub(crate) fn written(&self) -> usize {
        self.record(|record| record.writes.iter().map(Vec::len).sum())
    }

    /// The octets of each write.
    pub(crate) fn writes(&self) -> Vec<Vec<u8>> {
        self.record(|record| record.writes.clone())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wiretap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let octets = &buffer.filled()[before..];
        self.tap.record(|record| record.read.extend(octets));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wiretap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let count = ready!(Pin::new(&mut self.stream).poll_write(context, octets))?;
        self.tap
            .record(|record| record.writes.push(octets[..count].to_vec()));
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
