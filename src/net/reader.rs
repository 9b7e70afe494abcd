//! The reading task: cuts the stream into frames and hands them to the service.

use std::future::poll_fn;
use std::ops::ControlFlow::{self, Break, Continue};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::{Buf, BytesMut};
use host::net::ReadHalf;

use crate::budget::Permit;
use crate::connection::Shared;
use crate::frame::LargeFrame;
use crate::limits::{FIRST_READ, LEAST_READ, SMALL_FRAME};
use crate::replies::Phase;
use crate::{Frame, Outcome, Reply, Service};

/// The bytes before each frame that tell its length.
const PREFIX: usize = 4;

/// Reads one connection.
pub(crate) struct Reader<S: Service> {
    read: ReadHalf,
    shared: Arc<Shared>,
    service: Arc<S>,
    connection: S::Connection,
    buffer: BytesMut,
    /// How much the next read of a quiet connection should be ready for.
    read_size: usize,
    /// The largest frame that came whole: the client is trusted to send as much as it announces.
    largest: usize,
    /// Whether the replies may still leave, now that reading has ended.
    replies_leave: bool,
}

/// Why reading ends.
enum End {
    /// The peer is gone, or is not one to talk to.
    Cut,
    /// The replies may leave.
    Drain,
}

type Step<T = ()> = ControlFlow<End, T>;

impl<S: Service> Reader<S> {
    pub(crate) fn new(read: ReadHalf, shared: Arc<Shared>, service: Arc<S>, connection: S::Connection) -> Self {
        let buffer = BytesMut::new();
        Self { read, shared, service, connection, buffer, read_size: FIRST_READ, largest: 0, replies_leave: false }
    }

    /// Reads until the end of the connection.
    pub(crate) async fn run(mut self) {
        loop {
            // A task that has read enough for one turn is told by reads that there is nothing, whatever there is, until it
            // lets others have theirs. Asking whether the socket is readable does not do that.
            host::task::consume_budget().await;
            // A quiet connection waits here, and holds no buffer and no handler's future meanwhile.
            if self.read.readable().await.is_err() {
                return;
            }
            match Box::pin(self.while_busy()).await {
                Continue(()) => {}
                Break(End::Cut) => return,
                Break(End::Drain) => {
                    self.replies_leave = true;
                    return;
                }
            }
        }
    }

    /// Handles what comes until there is nothing left, not even a part of a frame.
    async fn while_busy(&mut self) -> Step {
        loop {
            self.fill().await?;
            while let Some(len) = self.announced()? {
                if len > SMALL_FRAME {
                    self.large_frame(len).await?;
                } else if self.buffer.len() >= PREFIX + len {
                    self.small_frame(len).await?;
                } else {
                    break;
                }
            }
            if self.buffer.is_empty() {
                self.buffer = BytesMut::new();
                return Continue(());
            }
        }
    }

    /// The length of the frame at the front, if its prefix is there and allowed.
    fn announced(&self) -> Step<Option<usize>> {
        let Some(prefix) = self.buffer.first_chunk::<PREFIX>() else { return Continue(None) };
        let len = i32::from_be_bytes(*prefix);
        let most = self.shared.registry.limits.load().socket_request_max_bytes;
        match usize::try_from(len) {
            Ok(size) if len <= most => Continue(Some(size)),
            _ => {
                tracing::debug!(connection = self.shared.slot.number, len, most, "closed: a frame of such a size");
                Break(End::Cut)
            }
        }
    }

    /// Reads once into the shared buffer. Nothing being there is no reason to wait if no frame has begun.
    async fn fill(&mut self) -> Step {
        let received = self.buffer.len();
        if received == 0 {
            self.buffer = BytesMut::with_capacity(self.read_size);
        } else {
            let whole = self.announced()?.map_or(PREFIX, |len| PREFIX + len);
            let missing = whole.saturating_sub(received);
            if self.buffer.capacity() - received < missing {
                self.buffer.reserve(missing.max(self.read_size));
            }
        }
        let room = self.buffer.capacity() - received;
        let read = {
            let mut reading = pin!(self.read.read(&mut self.buffer));
            match poll_fn(|cx| Poll::Ready(reading.as_mut().poll(cx))).await {
                Poll::Ready(read) => read,
                Poll::Pending if received == 0 => return Continue(()),
                Poll::Pending => {
                    self.shared.activity.frame_waits(self.shared.registry.now(), received);
                    self.shared.holds_partial((received + room) as u64);
                    reading.await
                }
            }
        };
        let read = self.moved(read)?;
        if received == 0 {
            self.read_size = next_read_size(self.read_size, read);
        }
        Continue(())
    }

    /// Takes note of a read; its end of the stream is the end of the connection.
    fn moved(&self, read: std::io::Result<usize>) -> Step<usize> {
        match read {
            Ok(read @ 1..) => {
                self.shared.activity.moved(self.shared.registry.now());
                Continue(read)
            }
            // It may be we who ended it, so as to stop.
            _ if matches!(self.shared.replies.phase(), Phase::Stopping | Phase::Draining) => Break(End::Drain),
            _ => Break(End::Cut),
        }
    }

    /// Hands over a frame that lies in the shared buffer.
    async fn small_frame(&mut self, len: usize) -> Step {
        self.frame_is_whole();
        room(&self.shared).await?;
        let mut permit = Permit::empty(&self.shared.registry.small);
        if !permit.try_grow(len as u64) {
            until_closed(&self.shared, permit.grow(len as u64)).await?;
        }
        self.buffer.advance(PREFIX);
        let bytes = self.buffer.split_to(len).freeze();
        self.hand_over(Frame { bytes, permit }).await
    }

    /// Reads a large frame into its own buffer and hands it over.
    async fn large_frame(&mut self, len: usize) -> Step {
        self.frame_is_whole();
        room(&self.shared).await?;
        self.buffer.advance(PREFIX);
        let registry = &self.shared.registry;
        let mut frame = LargeFrame::new(len, &registry.large, &registry.buffers);
        while frame.missing() > 0 {
            if frame.room().is_none() {
                let age = self.shared.activity.pause(registry.now());
                until_closed(&self.shared, frame.grow(self.largest)).await?;
                self.shared.activity.resume(registry.now(), age);
            }
            let received = frame.received();
            if !self.buffer.is_empty() {
                let some = self.buffer.len().min(frame.missing());
                frame.put(&self.buffer.split_to(some));
                if self.buffer.is_empty() {
                    self.buffer = BytesMut::new();
                }
            } else if let Some(mut room) = frame.room() {
                self.shared.activity.frame_waits(registry.now(), received);
                let read = self.read.read(&mut room).await;
                self.moved(read)?;
            }
        }
        self.shared.activity.frame_is_whole();
        self.largest = self.largest.max(len);
        // More of this size may follow, and what a read brings of them into the shared buffer must be copied.
        self.read_size = LEAST_READ;
        self.hand_over(frame.finish()).await
    }

    async fn hand_over(&mut self, frame: Frame) -> Step {
        let replies = &self.shared.replies;
        if !replies.begin() {
            return Break(End::Drain);
        }
        let len = frame.bytes.len() as u64;
        match self.service.request(&mut self.connection, frame).await {
            Outcome::Ready(Reply::Close) | Outcome::Close => {
                replies.push(Reply::Close, len);
                return Break(End::Drain);
            }
            Outcome::Ready(reply) => replies.push(reply, len),
            Outcome::Later(reply) => replies.push_later(host::task::spawn(reply), len),
        }
        Continue(())
    }

    /// A frame is whole, or begins to be counted as a large one.
    fn frame_is_whole(&self) {
        self.shared.activity.frame_is_whole();
        self.shared.holds_partial(0);
    }
}

impl<S: Service> Drop for Reader<S> {
    fn drop(&mut self) {
        if self.replies_leave {
            self.shared.replies.reader_ended();
        } else {
            self.shared.replies.enter(Phase::Cut);
        }
    }
}

/// Waits until the connection may have another request in flight.
async fn room(shared: &Shared) -> Step {
    let registry = &shared.registry;
    let age = shared.activity.pause(registry.now());
    let open = poll_fn(|cx| shared.replies.poll_room(cx, &registry.limits.load())).await;
    shared.activity.resume(registry.now(), age);
    if open { Continue(()) } else { Break(End::Drain) }
}

/// Waits for memory, but no longer than the connection lasts.
async fn until_closed(shared: &Shared, memory: impl Future<Output = ()>) -> Step {
    let mut memory = pin!(memory);
    poll_fn(|cx| {
        if memory.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Continue(()));
        }
        shared.replies.poll_closed(cx).map(|()| Break(End::Drain))
    })
    .await
}

/// What the next read of a quiet connection should be ready for, after one of this size brought so much.
fn next_read_size(size: usize, read: usize) -> usize {
    if read >= size {
        (size * 2).min(SMALL_FRAME)
    } else if read < size / 4 {
        (size / 2).max(LEAST_READ)
    } else {
        size
    }
}
