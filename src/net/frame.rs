//! A request as it came from the socket, and the buffer in which a large one is collected.

use std::sync::Arc;

use bytes::{BufMut, Bytes};

use crate::budget::{Permit, Pool};
use crate::buffers::Buffers;
use crate::limits::FIRST_LARGE;

/// A whole request without its 4 length bytes.
#[derive(Debug)]
pub struct Frame {
    /// Its bytes. A small frame shares its buffer with its neighbours.
    pub bytes: Bytes,
    /// Its share of the memory for requests. Drop it with the bytes, not before. (A large frame's share hangs on
    /// its bytes, and this one is empty.)
    pub permit: Permit,
}

/// A large frame that is being read: its buffer is charged before it grows, and grows as bytes come.
pub(crate) struct LargeFrame {
    bytes: Vec<u8>,
    whole: usize,
    permit: Permit,
    home: Arc<Buffers>,
}

impl LargeFrame {
    pub(crate) fn new(whole: usize, pool: &Arc<Pool>, home: &Arc<Buffers>) -> Self {
        Self { bytes: Vec::new(), whole, permit: Permit::empty(pool), home: Arc::clone(home) }
    }

    /// How many bytes are still to come.
    pub(crate) fn missing(&self) -> usize {
        self.whole - self.bytes.len()
    }

    pub(crate) fn received(&self) -> usize {
        self.bytes.len()
    }

    /// Takes bytes that were read already. There must be room for them.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.len() <= self.missing() && bytes.len() <= self.bytes.capacity() - self.bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// The free part of the buffer, not reaching into the next frame; `None` if the buffer is full.
    pub(crate) fn room(&mut self) -> Option<bytes::buf::Limit<&mut Vec<u8>>> {
        let room = self.missing().min(self.bytes.capacity() - self.bytes.len());
        (room > 0).then(|| (&mut self.bytes).limit(room))
    }

    /// Makes room for more bytes. A client that has kept its word about a frame of `trusted` bytes gets a buffer
    /// of that size at once; for others it doubles.
    pub(crate) async fn grow(&mut self, trusted: usize) {
        let has = self.bytes.capacity();
        let wanted = self.whole.min(trusted.max(FIRST_LARGE).max(has * 2));
        let size = Buffers::size_for(wanted);
        self.permit.grow((size - has.min(size)) as u64).await;
        self.home.resize(&mut self.bytes, size);
    }

    pub(crate) fn finish(self) -> Frame {
        let permit = Permit::default();
        Frame { bytes: Bytes::from_owner(self), permit }
    }
}

impl AsRef<[u8]> for LargeFrame {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for LargeFrame {
    fn drop(&mut self) {
        self.home.give_back(std::mem::take(&mut self.bytes));
    }
}
