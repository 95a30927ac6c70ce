//! Deadlines for connections of untrusted clients. actix-http enforces one only for the first head
//! of a connection, and none for bodies. Here each head, each body and each response has a
//! deadline, however slowly the bytes arrive.

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

/// How long each part of an exchange may take; for the client's parts, from the first byte to the
/// last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deadlines {
    /// For a request line and its headers.
    pub head: Duration,
    /// For a body.
    pub body: Duration,
    /// For reading a response, discarding a request body that nobody reads, and beginning the next
    /// request.
    pub response: Duration,
    /// For our own part until work on a request begins; a request that would wait longer gets 503.
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
    /// For the client to read the rest of a response, and to send the first byte of the next
    /// request.
    Idle { until: Instant },
    /// For the rest of a request head.
    Head { until: Instant },
    /// For us. The body of the request, if still being sent, has its own deadline in [`TimedBody`].
    Request,
}

/// The state of a connection, shared by the transport and the site.
#[derive(Debug)]
pub(in crate::web) struct ConnectionState {
    phase: Cell<Phase>,
    deadlines: Deadlines,
    /// Whether the client has closed its sending side.
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

/// A request in progress; the connection waits for us until this is dropped.
#[derive(Debug)]
pub(in crate::web) struct RequestGuard(Option<Rc<ConnectionState>>);

impl Drop for RequestGuard {
    fn drop(&mut self) {
        if let Some(progress) = &self.0 {
            progress.response_ready();
        }
    }
}

/// Records that the head of `request` has arrived, and puts a deadline on its body, whatever code
/// reads it.
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

/// Ready when the client that sent `request` has disconnected. A client that only closes its
/// sending side counts as disconnected, as it does for reverse proxies.
pub(in crate::web) async fn client_disconnected(request: &HttpRequest) {
    let Some(progress) = request.conn_data::<Rc<ConnectionState>>() else {
        return std::future::pending().await;
    };
    let left = progress.closed.notified();
    if !progress.is_closed.get() {
        left.await;
    }
}

/// A request body with a deadline.
struct TimedBody {
    body: Payload,
    timer: Pin<Box<Sleep>>,
}

impl Stream for TimedBody {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // The timer first: otherwise a body that keeps trickling would never time out.
        if self.timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))));
        }
        Pin::new(&mut self.body).poll_next(cx)
    }
}

/// Whether reading a body failed because of its deadline.
pub(in crate::web) fn is_timeout(error: &PayloadError) -> bool {
    matches!(error, PayloadError::Io(why) if why.kind() == io::ErrorKind::TimedOut)
}

/// A stream to an untrusted client, which fails when the client misses a deadline.
pub struct TimedStream<S, P> {
    stream: S,
    state: Rc<ConnectionState>,
    timer: Pin<Box<Sleep>>,
    _slot: P,
}

impl<S, P> TimedStream<S, P> {
    /// Wraps `stream`; the deadline for its first request head begins now. `slot` is dropped with
    /// the stream.
    pub fn new(stream: S, deadlines: Deadlines, slot: P) -> Self {
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
            _slot: slot,
        }
    }

    /// Gives the site access to the state of the connection.
    pub fn share_state(&self, to: &mut Extensions) {
        to.insert(Rc::clone(&self.state));
    }

    /// Ready if the client has missed its deadline; otherwise wakes the task at the deadline.
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
