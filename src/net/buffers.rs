//! Buffers of large frames that are used again, since fresh memory costs a page fault every 4 KiB.

use parking_lot::Mutex;

/// The sizes that are kept: 128 KiB, doubling up to 4 MiB. Larger ones come from the allocator each time.
const SMALLEST: usize = 128 << 10;
const CLASSES: usize = 6;
const LARGEST: usize = SMALLEST << (CLASSES - 1);

/// A store of buffers that are not in use.
pub(crate) struct Buffers {
    kept: Mutex<Kept>,
    most: usize,
}

#[derive(Default)]
struct Kept {
    classes: [Vec<Vec<u8>>; CLASSES],
    bytes: usize,
}

impl Buffers {
    /// Keeps up to `most` bytes.
    pub(crate) fn new(most: usize) -> Self {
        Self { kept: Mutex::default(), most }
    }

    /// The capacity that a buffer for `len` bytes gets.
    pub(crate) fn size_for(len: usize) -> usize {
        if len <= LARGEST { len.next_power_of_two().max(SMALLEST) } else { len }
    }

    /// Gives the buffer a capacity of `size`, and keeps its content.
    pub(crate) fn resize(&self, buffer: &mut Vec<u8>, size: usize) {
        if size > LARGEST && buffer.capacity() > LARGEST {
            // The allocator moves pages of large blocks rather than bytes.
            buffer.reserve_exact(size.saturating_sub(buffer.len()));
            return;
        }
        let mut new = self.take(size);
        new.extend_from_slice(buffer);
        self.give_back(std::mem::replace(buffer, new));
    }

    fn take(&self, size: usize) -> Vec<u8> {
        let kept = class_of(size).and_then(|class| {
            let mut kept = self.kept.lock();
            let buffer = kept.classes.get_mut(class).and_then(Vec::pop)?;
            kept.bytes -= buffer.capacity();
            Some(buffer)
        });
        kept.unwrap_or_else(|| Vec::with_capacity(size))
    }

    /// Takes back a buffer that is no longer needed.
    pub(crate) fn give_back(&self, mut buffer: Vec<u8>) {
        let Some(class) = class_of(buffer.capacity()) else { return };
        buffer.clear();
        let mut kept = self.kept.lock();
        let bytes = kept.bytes + buffer.capacity();
        if bytes <= self.most
            && let Some(class) = kept.classes.get_mut(class)
        {
            class.push(buffer);
            kept.bytes = bytes;
        }
    }
}

fn class_of(capacity: usize) -> Option<usize> {
    (0..CLASSES).find(|class| SMALLEST << class == capacity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back_and_are_bounded() {
        let buffers = Buffers::new(300 << 10);
        let mut one = Vec::new();
        buffers.resize(&mut one, Buffers::size_for(70_000));
        one.extend_from_slice(b"abc");
        let old = one.as_ptr();
        buffers.resize(&mut one, Buffers::size_for(200_000));
        assert_eq!((&one[..], one.capacity()), (&b"abc"[..], 256 << 10));
        let mut again = Vec::new();
        buffers.resize(&mut again, Buffers::size_for(1));
        assert_eq!((again.as_ptr(), again.len()), (old, 0), "the first buffer is used again");
        buffers.give_back(one);
        buffers.give_back(again);
        assert_eq!(buffers.kept.lock().bytes, 256 << 10, "the second would be too much");
        assert_eq!(Buffers::size_for(5_000_000), 5_000_000);
    }
}
