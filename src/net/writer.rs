//! The writing task: sends the replies whose turn it is, as many as possible at once.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::{Buf, Bytes};
use host::fs::File;
use host::net::{Shutdown, WriteHalf};

use crate::Chunk;
use crate::connection::Shared;
use crate::limits::INLINE_FILE;
use crate::replies::{Batch, Next, Phase};

/// Pieces that one system call carries.
const MOST_SLICES: usize = 64;
/// How much of a file is looked at ahead, so that the disk is waited for on another thread.
const LOOK_AHEAD: u64 = 512 << 10;

/// Writes one connection.
pub(crate) struct Writer {
    write: WriteHalf,
    shared: Arc<Shared>,
}

impl Writer {
    pub(crate) fn new(write: WriteHalf, shared: Arc<Shared>) -> Self {
        Self { write, shared }
    }

    /// Writes until the end of the connection, and then sees to it that the reader ends too.
    pub(crate) async fn run(mut self) {
        let mut batch = Batch::default();
        loop {
            match poll_fn(|cx| self.shared.replies.poll_next(cx, &mut batch)).await {
                Next::End => return,
                Next::StopReading => self.write.shutdown(Shutdown::Read),
                Next::Write => {
                    // The future of a write is in a box, since most connections are quiet most of the time.
                    match Box::pin(self.unless_cut(&mut batch)).await {
                        Ok(()) if !batch.closes => self.shared.replies.sent(&mut batch),
                        Ok(()) => return,
                        Err(error) => {
                            tracing::debug!(connection = self.shared.slot.number, %error, "closed while writing");
                            return;
                        }
                    }
                }
            }
        }
    }

    async fn unless_cut(&mut self, batch: &mut Batch) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let mut writing = pin!(self.all(batch));
        poll_fn(|cx| match writing.as_mut().poll(cx) {
            Poll::Pending => shared.replies.poll_cut(cx).map(|()| Err(ErrorKind::ConnectionAborted.into())),
            done => done,
        })
        .await
    }

    /// Writes the whole batch.
    async fn all(&mut self, batch: &mut Batch) -> io::Result<()> {
        while let Some(front) = batch.chunks.front_mut() {
            match front {
                Chunk::File { len: 0, .. } => {
                    batch.chunks.pop_front();
                }
                Chunk::File { file, position, len } if *len > INLINE_FILE => {
                    let wanted = u64::from(*len);
                    if !file.is_cached(*position, wanted.min(LOOK_AHEAD)) {
                        load(Arc::clone(file), *position, wanted.min(LOOK_AHEAD)).await?;
                    }
                    let sent = progress(&self.shared, self.write.send_file(file, *position, wanted)).await?;
                    if sent == 0 {
                        return Err(short());
                    }
                    *position += sent;
                    // No more is ever sent than was asked for.
                    *len = len.saturating_sub(u32::try_from(sent).unwrap_or(u32::MAX));
                }
                _ => self.some_bytes(batch).await?,
            }
        }
        Ok(())
    }

    /// Writes what lies in memory at the front, together with short parts of files among it.
    async fn some_bytes(&mut self, batch: &mut Batch) -> io::Result<()> {
        let mut slices = Vec::with_capacity(batch.chunks.len().min(MOST_SLICES));
        let mut more = false;
        for chunk in batch.chunks.iter_mut().take(MOST_SLICES) {
            if let Chunk::File { file, position, len } = chunk
                && *len <= INLINE_FILE
            {
                *chunk = Chunk::Bytes(part(file, *position, *len).await?);
            }
            match chunk {
                Chunk::Bytes(bytes) => slices.push(IoSlice::new(bytes)),
                Chunk::File { .. } => {
                    more = true;
                    break;
                }
            }
        }
        let mut sent = match slices.iter().all(|slice| slice.is_empty()) {
            true => 0,
            false => progress(&self.shared, self.write.write_vectored(&slices, more)).await?,
        };
        drop(slices);
        while let Some(Chunk::Bytes(bytes)) = batch.chunks.front_mut() {
            if bytes.len() > sent {
                bytes.advance(sent);
                break;
            }
            sent -= bytes.len();
            batch.chunks.pop_front();
        }
        Ok(())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shared.replies.enter(Phase::Cut);
        self.write.shutdown(Shutdown::Both);
    }
}

/// Awaits a write and tells the registry whether the client takes it.
async fn progress<T>(shared: &Shared, write: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let mut write = pin!(write);
    let result = match poll_fn(|cx| Poll::Ready(write.as_mut().poll(cx))).await {
        Poll::Ready(result) => result,
        Poll::Pending => {
            shared.activity.write_blocks(shared.registry.now());
            let result = write.await;
            shared.activity.write_goes_on();
            result
        }
    };
    shared.activity.moved(shared.registry.now());
    result
}

/// A short part of a file; waits for the disk on another thread if it must.
async fn part(file: &Arc<File>, position: u64, len: u32) -> io::Result<Bytes> {
    let mut bytes = vec![0; len as usize];
    if file.read_cached_at(&mut bytes, position)? == Some(bytes.len()) {
        return Ok(bytes.into());
    }
    let file = Arc::clone(file);
    let read = move || file.read_exact_at(&mut bytes, position).map(|()| bytes);
    host::task::blocking(read).await.map_err(io::Error::other)?.map(Bytes::from)
}

/// Has a part of a file brought into memory by another thread.
async fn load(file: Arc<File>, position: u64, len: u64) -> io::Result<()> {
    host::task::blocking(move || file.load(position, len)).await.map_err(io::Error::other)
}

/// The file was cut meanwhile: what was announced cannot be sent any more, so the connection must end.
fn short() -> io::Error {
    io::Error::new(ErrorKind::UnexpectedEof, "a file is shorter than it was when the reply was made")
}
