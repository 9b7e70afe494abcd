//! Reads record fields from bytes that are being decompressed, a window at a time, up to a limit.

use std::io::Read;

use super::{BatchError, Compression};

const WINDOW: usize = 16 * 1024;

/// Decompressed bytes in passing.
pub(super) struct Stream<'a> {
    codec: Compression,
    reader: Box<dyn Read + 'a>,
    window: Box<[u8]>,
    at: usize,
    filled: usize,
    /// Bytes that came before the window.
    before: u64,
    limit: usize,
}

impl<'a> Stream<'a> {
    pub(super) fn new(codec: Compression, reader: Box<dyn Read + 'a>, limit: usize) -> Self {
        let window = vec![0; WINDOW].into_boxed_slice();
        Self { codec, reader, window, at: 0, filled: 0, before: 0, limit }
    }

    /// How many bytes have been read.
    pub(super) fn position(&self) -> u64 {
        self.before + self.at as u64
    }

    /// Whether nothing is left.
    #[inline]
    pub(super) fn at_end(&mut self) -> Result<bool, BatchError> {
        if self.at < self.filled { Ok(false) } else { self.refill() }
    }

    fn refill(&mut self) -> Result<bool, BatchError> {
        self.before += self.filled as u64;
        self.at = 0;
        self.filled = self.reader.read(&mut self.window).map_err(|_| BatchError::Decompress(self.codec))?;
        if self.before + self.filled as u64 > self.limit as u64 {
            return Err(BatchError::TooLarge(self.limit));
        }
        Ok(self.filled == 0)
    }

    /// The next `length` bytes, if they are in the window already.
    #[inline]
    pub(super) fn take_buffered(&mut self, length: usize) -> Option<&[u8]> {
        let end = self.at.checked_add(length).filter(|end| *end <= self.filled)?;
        let taken = self.window.get(self.at..end);
        self.at = end;
        taken
    }

    #[inline]
    fn more(&mut self) -> Result<(), BatchError> {
        if self.at_end()? { Err(BatchError::Records("they end inside a record")) } else { Ok(()) }
    }

    #[inline]
    pub(super) fn u8(&mut self) -> Result<u8, BatchError> {
        self.more()?;
        let byte = self.window.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn skip(&mut self, length: usize) -> Result<(), BatchError> {
        let mut left = length;
        while left > 0 {
            self.more()?;
            let step = left.min(self.filled - self.at);
            self.at += step;
            left -= step;
        }
        Ok(())
    }

    /// Skips a counted string and tells its length; any negative count is null.
    pub(super) fn skip_nullable(&mut self) -> Result<Option<usize>, BatchError> {
        match usize::try_from(self.varint()?) {
            Ok(length) => self.skip(length).map(|()| Some(length)),
            Err(_) => Ok(None),
        }
    }

    pub(super) fn varint(&mut self) -> Result<i32, BatchError> {
        let value = self.unsigned(5)? as u32;
        Ok((value >> 1) as i32 ^ -((value & 1) as i32))
    }

    pub(super) fn varlong(&mut self) -> Result<i64, BatchError> {
        let value = self.unsigned(10)?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// The next `length` bytes, into `out`, which grows only by what is really there.
    pub(super) fn read(&mut self, length: usize, out: &mut Vec<u8>) -> Result<(), BatchError> {
        let mut left = length;
        while left > 0 {
            self.more()?;
            let step = left.min(self.filled - self.at);
            out.extend_from_slice(self.window.get(self.at..self.at + step).unwrap_or_default());
            self.at += step;
            left -= step;
        }
        Ok(())
    }

    fn unsigned(&mut self, most: u32) -> Result<u64, BatchError> {
        let mut value = 0u64;
        for group in 0..most {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << (7 * group);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(BatchError::Records("a number is longer than its type"))
    }
}
