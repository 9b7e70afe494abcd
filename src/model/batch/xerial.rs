//! Snappy as Java writes it (snappy-java's `SnappyOutputStream`, "xerial"): a 16-byte header, then counted blocks.

use std::io::{self, Read};

const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const HEADER: usize = 16;
/// Uncompressed bytes in a block (`SnappyOutputStream.DEFAULT_BLOCK_SIZE`).
const BLOCK: usize = 32 * 1024;
/// The most bytes that one compressed byte can become: three bytes copy at most 64.
const EXPANSION: usize = 22;

/// Compresses `bytes`; `None` if the codec fails, which it does not for blocks of this size.
pub(super) fn compress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(HEADER + bytes.len() / 2);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&1i32.to_be_bytes());
    out.extend_from_slice(&1i32.to_be_bytes());
    let mut encoder = snap::raw::Encoder::new();
    for block in bytes.chunks(BLOCK) {
        let compressed = encoder.compress_vec(block).ok()?;
        out.extend_from_slice(&(compressed.len() as i32).to_be_bytes());
        out.extend_from_slice(&compressed);
    }
    Some(out)
}

/// Reads what snappy bytes decompress to, whether xerial or one raw block.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    raw: bool,
    block: Vec<u8>,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let xerial = bytes.len() >= HEADER && bytes.starts_with(&MAGIC);
        Self { rest: if xerial { &bytes[HEADER..] } else { bytes }, raw: !xerial, block: Vec::new(), at: 0 }
    }

    /// The compressed bytes of the next block.
    fn next_block(&mut self) -> io::Result<Option<&'a [u8]>> {
        loop {
            if self.rest.is_empty() {
                return Ok(None);
            }
            if self.raw {
                return Ok(Some(std::mem::take(&mut self.rest)));
            }
            // Streams that were written one behind the other repeat the header.
            if self.rest.len() >= HEADER && self.rest.starts_with(&MAGIC) {
                self.rest = &self.rest[HEADER..];
                continue;
            }
            let (length, rest) = self.rest.split_first_chunk::<4>().ok_or(io::ErrorKind::UnexpectedEof)?;
            let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| io::ErrorKind::InvalidData)?;
            let (block, rest) = rest.split_at_checked(length).ok_or(io::ErrorKind::UnexpectedEof)?;
            self.rest = rest;
            return Ok(Some(block));
        }
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.at == self.block.len() {
            let Some(compressed) = self.next_block()? else { return Ok(0) };
            let length = snap::raw::decompress_len(compressed)?;
            // A block announces its length: no more is believed than its bytes can become.
            if length / EXPANSION > compressed.len() {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.block.resize(length, 0);
            let written = snap::raw::Decoder::new().decompress(compressed, &mut self.block)?;
            self.block.truncate(written);
            self.at = 0;
        }
        let step = out.len().min(self.block.len() - self.at);
        out[..step].copy_from_slice(&self.block[self.at..self.at + step]);
        self.at += step;
        Ok(step)
    }
}
