//! Reads a record's fields off the front of borrowed bytes: zig-zag varints and counted strings (`ByteUtils`).

use super::BatchError;

const ENDS: BatchError = BatchError::Records("they end inside a record");
const VARINT: BatchError = BatchError::Records("a number is longer than its type");

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn u8(&mut self) -> Result<u8, BatchError> {
        let (first, rest) = self.rest.split_first().ok_or(ENDS)?;
        self.rest = rest;
        Ok(*first)
    }

    /// A 32-bit varint of at most five bytes.
    #[inline]
    pub(super) fn varint(&mut self) -> Result<i32, BatchError> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.u8()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok((value >> 1) as i32 ^ -((value & 1) as i32));
            }
        }
        Err(VARINT)
    }

    /// A 64-bit varint of at most ten bytes.
    #[inline]
    pub(super) fn varlong(&mut self) -> Result<i64, BatchError> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
            }
        }
        Err(VARINT)
    }

    #[inline]
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], BatchError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(ENDS)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A counted string; any negative count is null.
    #[inline]
    pub(super) fn nullable(&mut self) -> Result<Option<&'a [u8]>, BatchError> {
        match usize::try_from(self.varint()?) {
            Ok(length) => self.take(length).map(Some),
            Err(_) => Ok(None),
        }
    }
}

/// Appends a 32-bit zig-zag varint.
pub(super) fn put_varint(out: &mut Vec<u8>, value: i32) {
    let mut rest = ((value << 1) ^ (value >> 31)) as u32;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Appends a 64-bit zig-zag varint.
pub(super) fn put_varlong(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// How many bytes [`put_varint`] would append.
pub(super) fn varint_len(value: i32) -> usize {
    let bits = 32 - (((value << 1) ^ (value >> 31)) as u32 | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

/// How many bytes [`put_varlong`] would append.
pub(super) fn varlong_len(value: i64) -> usize {
    let bits = 64 - (((value << 1) ^ (value >> 63)) as u64 | 1).leading_zeros();
    bits.div_ceil(7) as usize
}
