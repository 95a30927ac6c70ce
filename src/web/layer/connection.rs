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
    pub response: Duration,
    /// What we may take until we begin to work on a request; whoever would wait for longer is told to come back.
    pub queue: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            response: Duration::from_secs(30),
            queue: Duration::from_secs(2),
        }
    }
}

/// What a connection is waiting for.
#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The rest of an answer to be taken, and the first octet of the next request.
    Idle { until: Instant },
    /// The rest of a head.
    Head { until: Instant },
    /// Us. What the other end still has to send of this request is a body, which [`Limited`] ends.
    Request,
}

/// Where a connection stands: the transport and the site look at the same.
#[derive(Debug)]
pub(in crate::web) struct ConnectionState {
    phase: Cell<Phase>,
    deadlines: Deadlines,
    /// The other end sends nothing any more: it has hung up.
    is_closed: Cell<bool>,
    closed: Notify,
}

impl ConnectionState {
    fn request_received(&self) {
        self.phase.set(Phase::Request);
    }

    fn response_ready(&self) {
        self.phase.set(Phase::Idle {
            until: Instant::now() + self.deadlines.response,
        });
    }

    fn bytes_received(&self) {
        match self.phase.get() {
            Phase::Idle { until } => {
                let until = until.min(Instant::now() + self.deadlines.head);
                self.phase.set(Phase::Head { until });
            }
            Phase::Head { .. } | Phase::Request => {}
        }
    }

    fn closed_by_peer(&self) {
        self.is_closed.set(true);
        self.closed.notify_waiters();
    }

    fn deadline(&self) -> Option<Instant> {
        match self.phase.get() {
            Phase::Idle { until } | Phase::Head { until } => Some(until),
            Phase::Request => None,
        }
    }
}

/// A request that is being worked on; its connection waits for us until this is dropped.
#[derive(Debug)]
pub(in crate::web) struct RequestGuard(Option<Rc<ConnectionState>>);

impl Drop for RequestGuard {
    fn drop(&mut self) {
        if let Some(progress) = &self.0 {
            progress.response_ready();
        }
    }
}

/// Notes that the head of `request` is here, and puts an end to the wait for its body, whoever reads that.
pub(in crate::web) fn begin_request(request: &mut ServiceRequest) -> RequestGuard {
    let progress = request.conn_data::<Rc<ConnectionState>>().cloned();
    if let Some(progress) = &progress {
        progress.request_received();
        match request.parts_mut().1 {
            Payload::None => {}
            body @ (Payload::H1 { .. } | Payload::Stream { .. }) => {
                let body_before = std::mem::replace(body, Payload::None);
                *body = Payload::Stream {
                    payload: Box::pin(TimedBody {
                        body: body_before,
                        timer: Box::pin(sleep_until(Instant::now() + progress.deadlines.body)),
                    }),
                };
            }
        }
    }
    RequestGuard(progress)
}

/// Ready when the client that sent `request` has left. Whoever only ends its own side is taken for one that left,
/// as reverse proxies take it.
pub(in crate::web) async fn client_disconnected(request: &HttpRequest) {
    let Some(progress) = request.conn_data::<Rc<ConnectionState>>() else {
        return std::future::pending().await;
    };
    let left = progress.closed.notified();
    if !progress.is_closed.get() {
        left.await;
    }
}

/// A body that has to be whole in time.
struct TimedBody {
    body: Payload,
    timer: Pin<Box<Sleep>>,
}

impl Stream for TimedBody {
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
pub(in crate::web) fn is_timeout(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(why) if why.kind() == io::ErrorKind::TimedOut)
}

/// A stream to a stranger, which ends by itself when that one is late. `place` is let go of with it.
pub struct TimedStream<S, P> {
    stream: S,
    state: Rc<ConnectionState>,
    timer: Pin<Box<Sleep>>,
    _slot: P,
}

impl<S, P> TimedStream<S, P> {
    /// Guards `stream`, whose first head is awaited from now on.
    pub fn new(stream: S, deadlines: Deadlines, place: P) -> Self {
        let until = Instant::now() + deadlines.head;
        Self {
            stream,
            state: Rc::new(ConnectionState {
                phase: Cell::new(Phase::Head { until }),
                deadlines,
                is_closed: Cell::new(false),
                closed: Notify::new(),
            }),
            timer: Box::pin(sleep_until(until)),
            _slot: place,
        }
    }

    /// Lets the site know where the connection stands.
    pub fn share_state(&self, to: &mut Extensions) {
        to.insert(Rc::clone(&self.state));
    }

    /// Ready when the other end is late; else wakes whoever asks when it will be.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let Some(until) = self.state.deadline() else {
            return Poll::Pending;
        };
        if self.timer.deadline() != until {
            self.timer.as_mut().reset(until);
        }
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }
}

impl<S, P> fmt::Debug for TimedStream<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Guarded").field(&self.state).finish()
    }
}

impl<S: AsyncRead + Unpin, P: Unpin> AsyncRead for TimedStream<S, P> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(late) = self.poll_deadline(cx) {
            return Poll::Ready(Err(late));
        }
        let (before, room) = (buf.filled().len(), buf.remaining());
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.state.bytes_received();
        } else if room > 0 && read.is_ready() {
            self.state.closed_by_peer();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin, P: Unpin> AsyncWrite for TimedStream<S, P> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if let Poll::Ready(late) = self.poll_deadline(cx) {
            return Poll::Ready(Err(late));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(late) = self.poll_deadline(cx) {
            return Poll::Ready(Err(late));
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
