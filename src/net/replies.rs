//! The replies that one connection still has to send, in the requests' order: the reader's end and the writer's end.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

use host::task::JoinHandle;
use parking_lot::Mutex;

use crate::{Chunk, Limits, Reply};

/// Bytes that are written at once, if so many are there.
const BATCH_BYTES: u64 = 256 << 10;

/// What stands between a connection's reader and its writer.
#[derive(Debug)]
pub(crate) struct Replies {
    state: Mutex<State>,
    /// Replies in memory of all connections.
    all_bytes: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    in_flight: usize,
    request_bytes: u64,
    reply_bytes: u64,
    phase: Phase,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Requests are taken.
    #[default]
    Open,
    /// The server stops: no more requests are taken; the reader must be told.
    Stopping,
    /// The reader has ended, or knows that it must; the replies may leave.
    Draining,
    /// Nothing may leave any more.
    Cut,
}

#[derive(Debug)]
struct Entry {
    reply: Pending,
    request_bytes: u64,
}

#[derive(Debug)]
enum Pending {
    Ready(Reply),
    Later(Later),
}

/// A task that goes on until it is dropped.
#[derive(Debug)]
struct Later(JoinHandle<Reply>);

impl Drop for Later {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What the writer has taken to send.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) chunks: VecDeque<Chunk>,
    requests: usize,
    request_bytes: u64,
    reply_bytes: u64,
    /// The connection ends after it.
    pub(crate) closes: bool,
}

/// What the writer has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Write,
    /// Make the reader see the end of the stream, then go on.
    StopReading,
    End,
}

impl Replies {
    pub(crate) fn new(all_bytes: Arc<AtomicU64>) -> Self {
        Self { state: Mutex::default(), all_bytes }
    }

    /// The reader waits until another request may be taken; false if none ever will.
    pub(crate) fn poll_room(&self, cx: &mut Context<'_>, limits: &Limits) -> Poll<bool> {
        let mut state = self.state.lock();
        if state.phase != Phase::Open {
            return Poll::Ready(false);
        }
        let room = state.in_flight < limits.requests_in_flight.max(1)
            && state.request_bytes <= limits.request_bytes_in_flight
            && state.reply_bytes <= limits.reply_bytes_per_connection;
        if room || state.in_flight == 0 {
            return Poll::Ready(true);
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The reader waits for the end of the connection.
    pub(crate) fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.phase != Phase::Open {
            return Poll::Ready(());
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }

    /// A request is going to be handled, and its reply to follow with [`Self::push`]; false if it must not be.
    pub(crate) fn begin(&self) -> bool {
        let mut state = self.state.lock();
        let open = state.phase == Phase::Open;
        state.in_flight += usize::from(open);
        open
    }

    /// The reply to the request that was begun last.
    pub(crate) fn push(&self, reply: Reply, request_bytes: u64) {
        let bytes = in_memory(&reply);
        self.all_bytes.fetch_add(bytes, Relaxed);
        self.put(Pending::Ready(reply), request_bytes, bytes);
    }

    /// The task that makes the reply to the request that was begun last.
    pub(crate) fn push_later(&self, task: JoinHandle<Reply>, request_bytes: u64) {
        self.put(Pending::Later(Later(task)), request_bytes, 0);
    }

    fn put(&self, reply: Pending, request_bytes: u64, reply_bytes: u64) {
        let mut state = self.state.lock();
        state.request_bytes += request_bytes;
        state.reply_bytes += reply_bytes;
        state.entries.push_back(Entry { reply, request_bytes });
        let writer = state.writer.take();
        drop(state);
        wake(writer);
    }

    /// The writer waits for replies whose turn it is, as many as may be sent together.
    pub(crate) fn poll_next(&self, cx: &mut Context<'_>, batch: &mut Batch) -> Poll<Next> {
        let mut guard = self.state.lock();
        let state = &mut *guard;
        match state.phase {
            Phase::Cut => return Poll::Ready(Next::End),
            Phase::Stopping => {
                state.phase = Phase::Draining;
                return Poll::Ready(Next::StopReading);
            }
            Phase::Open | Phase::Draining => {}
        }
        while batch.reply_bytes < BATCH_BYTES && !batch.closes {
            let Some(mut entry) = state.entries.pop_front() else { break };
            let reply = match &mut entry.reply {
                Pending::Ready(reply) => std::mem::replace(reply, Reply::None),
                Pending::Later(Later(task)) => match Pin::new(task).poll(cx) {
                    Poll::Pending => {
                        state.entries.push_front(entry);
                        break;
                    }
                    // A panic: there is no answer, and later ones must not take its place.
                    Poll::Ready(Err(_)) => Reply::Close,
                    Poll::Ready(Ok(reply)) => {
                        let bytes = in_memory(&reply);
                        self.all_bytes.fetch_add(bytes, Relaxed);
                        state.reply_bytes += bytes;
                        reply
                    }
                },
            };
            batch.add(reply, entry.request_bytes);
        }
        if batch.requests > 0 {
            return Poll::Ready(Next::Write);
        }
        if state.phase == Phase::Draining && state.in_flight == 0 {
            return Poll::Ready(Next::End);
        }
        if state.entries.capacity() > 8 && state.entries.is_empty() {
            state.entries = VecDeque::new();
        }
        state.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The writer, in the middle of a write, waits for the order to stop.
    pub(crate) fn poll_cut(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if state.phase == Phase::Cut {
            return Poll::Ready(());
        }
        state.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// The batch has left; makes it empty.
    pub(crate) fn sent(&self, batch: &mut Batch) {
        self.all_bytes.fetch_sub(batch.reply_bytes, Relaxed);
        let mut state = self.state.lock();
        state.in_flight -= batch.requests;
        state.request_bytes -= batch.request_bytes;
        state.reply_bytes -= batch.reply_bytes;
        let reader = state.reader.take();
        drop(state);
        wake(reader);
        let mut chunks = std::mem::take(&mut batch.chunks);
        chunks.clear();
        chunks.shrink_to(16);
        *batch = Batch { chunks, ..Batch::default() };
    }

    /// Moves on to a later phase and wakes both ends.
    pub(crate) fn enter(&self, phase: Phase) {
        let mut state = self.state.lock();
        if phase <= state.phase {
            return;
        }
        state.phase = phase;
        let entries = if phase == Phase::Cut { std::mem::take(&mut state.entries) } else { VecDeque::new() };
        let (reader, writer) = (state.reader.take(), state.writer.take());
        drop(state);
        wake(reader);
        wake(writer);
        drop(entries);
    }

    /// The reader takes no more requests.
    pub(crate) fn reader_ended(&self) {
        let mut state = self.state.lock();
        if state.phase < Phase::Draining {
            state.phase = Phase::Draining;
        }
        let writer = state.writer.take();
        drop(state);
        wake(writer);
    }

    pub(crate) fn phase(&self) -> Phase {
        self.state.lock().phase
    }

    /// Requests that wait for us, and replies in memory.
    pub(crate) fn load(&self) -> (usize, u64) {
        let state = self.state.lock();
        (state.in_flight, state.reply_bytes)
    }
}

impl Drop for Replies {
    fn drop(&mut self) {
        self.all_bytes.fetch_sub(self.state.get_mut().reply_bytes, Relaxed);
    }
}

impl Batch {
    fn add(&mut self, reply: Reply, request_bytes: u64) {
        self.requests += 1;
        self.request_bytes += request_bytes;
        self.reply_bytes += in_memory(&reply);
        match reply {
            Reply::None => {}
            Reply::Chunks(chunks) => self.chunks.extend(chunks),
            Reply::Close => self.closes = true,
        }
    }
}

fn in_memory(reply: &Reply) -> u64 {
    match reply {
        Reply::Chunks(chunks) => chunks.iter().map(Chunk::in_memory).sum(),
        Reply::None | Reply::Close => 0,
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
