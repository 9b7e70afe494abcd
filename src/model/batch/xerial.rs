//! Snappy as Java writes it (snappy-java's `SnappyOutputStream`, "xerial"): a 16-byte header, then counted blocks.

use std::io::{self, Read, Write};

const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const HEADER: usize = 16;
/// Uncompressed bytes in a block (`SnappyOutputStream.DEFAULT_BLOCK_SIZE`).
const BLOCK: usize = 32 * 1024;
/// The most bytes that one compressed byte can become: three bytes copy at most 64.
const EXPANSION: usize = 22;

/// Compresses what is written to it, block by block.
pub(super) struct Writer {
    out: Vec<u8>,
    block: Vec<u8>,
    encoder: snap::raw::Encoder,
}

impl Writer {
    /// Writes behind the bytes of `out`.
    pub(super) fn new(mut out: Vec<u8>) -> Self {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&1i32.to_be_bytes());
        out.extend_from_slice(&1i32.to_be_bytes());
        Self { out, block: Vec::new(), encoder: snap::raw::Encoder::new() }
    }

    fn end_block(&mut self) -> io::Result<()> {
        let compressed = self.encoder.compress_vec(&self.block)?;
        self.out.extend_from_slice(&(compressed.len() as i32).to_be_bytes());
        self.out.extend_from_slice(&compressed);
        self.block.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<Vec<u8>> {
        if !self.block.is_empty() {
            self.end_block()?;
        }
        Ok(self.out)
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let step = bytes.len().min(BLOCK - self.block.len());
        self.block.extend_from_slice(&bytes[..step]);
        if self.block.len() == BLOCK {
            self.end_block()?;
        }
        Ok(step)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
