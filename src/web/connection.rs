//! A connection, as long as a stranger may hold it. actix-http ends only the first head of a connection that is
//! late, and no body at all: here each head, each body and each answer has an end, however it trickles.

use std::{
    cell::Cell,
    fmt, io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_http::Extensions;
use actix_web::{
    HttpRequest,
    dev::{Payload, ServiceRequest},
    error::PayloadError,
    rt::time::{Instant, Sleep, sleep_until},
    web::Bytes,
};
use futures_core::Stream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
};

/// How long each side may take; the other end, from the first octet to the last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// For a request line and its headers.
    pub head: Duration,
    /// For a body.
    pub body: Duration,
    /// For taking an answer, letting go of a body that nobody reads, and beginning the next request.
    pub answer: Duration,
    /// What we may take until we begin to work on a request; whoever would wait for longer is told to come back.
    pub turn: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            turn: Duration::from_secs(2),
        }
    }
}

/// What a connection is waiting for.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The rest of an answer to be taken, and the first octet of the next request.
    Between { until: Instant },
    /// The rest of a head.
    Head { until: Instant },
    /// Us. What the other end still has to send of this request is a body, which [`Limited`] ends.
    Request,
}

/// Where a connection stands: the transport and the site look at the same.
#[derive(Debug)]
pub(super) struct Progress {
    phase: Cell<Phase>,
    deadlines: Deadlines,
    /// The other end sends nothing any more: it has hung up.
    is_gone: Cell<bool>,
    left: Notify,
}

impl Progress {
    fn begin(&self) {
        self.phase.set(Phase::Request);
    }

    fn answered(&self) {
        self.phase.set(Phase::Between {
            until: Instant::now() + self.deadlines.answer,
        });
    }

    fn octets_came(&self) {
        match self.phase.get() {
            Phase::Between { until } => {
                let until = until.min(Instant::now() + self.deadlines.head);
                self.phase.set(Phase::Head { until });
            }
            Phase::Head { .. } | Phase::Request => {}
        }
    }

    fn gone(&self) {
        self.is_gone.set(true);
        self.left.notify_waiters();
    }

    fn until(&self) -> Option<Instant> {
        match self.phase.get() {
            Phase::Between { until } | Phase::Head { until } => Some(until),
            Phase::Request => None,
        }
    }
}

/// A request that is being worked on; its connection waits for us until this is dropped.
#[derive(Debug)]
pub(super) struct AtWork(Option<Rc<Progress>>);

impl Drop for AtWork {
    fn drop(&mut self) {
        if let Some(progress) = &self.0 {
            progress.answered();
        }
    }
}

/// Notes that the head of `request` is here, and puts an end to the wait for its body, whoever reads that.
pub(super) fn begin(request: &mut ServiceRequest) -> AtWork {
    let progress = request.conn_data::<Rc<Progress>>().cloned();
    if let Some(progress) = &progress {
        progress.begin();
        match request.parts_mut().1 {
            Payload::None => {}
            body @ (Payload::H1 { .. } | Payload::Stream { .. }) => {
                let whole = std::mem::replace(body, Payload::None);
                *body = Payload::Stream {
                    payload: Box::pin(Limited {
                        body: whole,
                        timer: Box::pin(sleep_until(Instant::now() + progress.deadlines.body)),
                    }),
                };
            }
        }
    }
    AtWork(progress)
}

/// Ready when the client that sent `request` has left. Whoever only ends its own side is taken for one that left,
/// as reverse proxies take it.
pub(super) async fn gone(request: &HttpRequest) {
    let Some(progress) = request.conn_data::<Rc<Progress>>() else {
        return std::future::pending().await;
    };
    let left = progress.left.notified();
    if !progress.is_gone.get() {
        left.await;
    }
}

/// A body that has to be whole in time.
struct Limited {
    body: Payload,
    timer: Pin<Box<Sleep>>,
}

impl Stream for Limited {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // First: a body that always has a little more would otherwise never be late.
        if self.timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))));
        }
        Pin::new(&mut self.body).poll_next(cx)
    }
}

/// Whether a body was given up because it took too long.
pub(super) fn is_late(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(why) if why.kind() == io::ErrorKind::TimedOut)
}

/// A stream to a stranger, which ends by itself when that one is late. `place` is let go of with it.
pub struct Guarded<S, P> {
    stream: S,
    progress: Rc<Progress>,
    timer: Pin<Box<Sleep>>,
    _place: P,
}

impl<S, P> Guarded<S, P> {
    /// Guards `stream`, whose first head is awaited from now on.
    pub fn new(stream: S, deadlines: Deadlines, place: P) -> Self {
        let until = Instant::now() + deadlines.head;
        Self {
            stream,
            progress: Rc::new(Progress {
                phase: Cell::new(Phase::Head { until }),
                deadlines,
                is_gone: Cell::new(false),
                left: Notify::new(),
            }),
            timer: Box::pin(sleep_until(until)),
            _place: place,
        }
    }

    /// Lets the site know where the connection stands.
    pub fn introduce(&self, to: &mut Extensions) {
        to.insert(Rc::clone(&self.progress));
    }

    /// Ready when the other end is late; else wakes whoever asks when it will be.
    fn late(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let Some(until) = self.progress.until() else {
            return Poll::Pending;
        };
        if self.timer.deadline() != until {
            self.timer.as_mut().reset(until);
        }
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }
}

impl<S, P> fmt::Debug for Guarded<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Guarded").field(&self.progress).finish()
    }
}

impl<S: AsyncRead + Unpin, P: Unpin> AsyncRead for Guarded<S, P> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(late) = self.late(cx) {
            return Poll::Ready(Err(late));
        }
        let (before, room) = (buf.filled().len(), buf.remaining());
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.progress.octets_came();
        } else if room > 0 && read.is_ready() {
            self.progress.gone();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin, P: Unpin> AsyncWrite for Guarded<S, P> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if let Poll::Ready(late) = self.late(cx) {
            return Poll::Ready(Err(late));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(late) = self.late(cx) {
            return Poll::Ready(Err(late));
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
