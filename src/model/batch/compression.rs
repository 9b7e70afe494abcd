//! The four codecs of Kafka, in the framings that its Java client writes and reads.
//!
//! gzip (RFC 1952), snappy (the Java library's "xerial" blocks; raw blocks are read too), lz4 frames (independent
//! 64 KiB blocks), zstd frames.

use std::io::{Read, Write};

use super::xerial;
use super::{BatchError, Compression};

/// Compresses `bytes`. `level` is the codec's own (`compression.gzip.level` and its kin); `None` is its default. Snappy
/// has no levels; lz4 takes one and always compresses fast, which every reader understands.
///
/// # Errors
/// [`BatchError::Compress`] when the codec refuses the level or fails.
pub fn compress(codec: Compression, level: Option<i32>, bytes: &[u8]) -> Result<Vec<u8>, BatchError> {
    let mut encoder = Encoder::new(codec, level, Vec::new())?;
    encoder.write(bytes)?;
    encoder.finish()
}

/// Compresses what is written to it, behind the bytes that were there.
pub(super) enum Encoder {
    None(Vec<u8>),
    Gzip(flate2::write::GzEncoder<Vec<u8>>),
    Snappy(Box<xerial::Writer>),
    Lz4(Box<lz4_flex::frame::FrameEncoder<Vec<u8>>>),
    Zstd(zstd::stream::write::Encoder<'static, Vec<u8>>),
}

impl Encoder {
    pub(super) fn new(codec: Compression, level: Option<i32>, out: Vec<u8>) -> Result<Self, BatchError> {
        Ok(match codec {
            Compression::None => Self::None(out),
            Compression::Gzip => {
                let level = match level {
                    None | Some(-1) => flate2::Compression::default(),
                    Some(level @ 0..=9) => flate2::Compression::new(level as u32),
                    Some(_) => return Err(BatchError::Compress(codec)),
                };
                Self::Gzip(flate2::write::GzEncoder::new(out, level))
            }
            Compression::Snappy => Self::Snappy(Box::new(xerial::Writer::new(out))),
            Compression::Lz4 => {
                use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
                let info = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
                Self::Lz4(Box::new(FrameEncoder::with_frame_info(info, out)))
            }
            Compression::Zstd => {
                let encoder = zstd::stream::write::Encoder::new(out, level.unwrap_or(3));
                Self::Zstd(encoder.map_err(|_| BatchError::Compress(codec))?)
            }
        })
    }

    fn codec(&self) -> Compression {
        match self {
            Self::None(_) => Compression::None,
            Self::Gzip(_) => Compression::Gzip,
            Self::Snappy(_) => Compression::Snappy,
            Self::Lz4(_) => Compression::Lz4,
            Self::Zstd(_) => Compression::Zstd,
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), BatchError> {
        let codec = self.codec();
        let written = match self {
            Self::None(out) => out.write_all(bytes),
            Self::Gzip(encoder) => encoder.write_all(bytes),
            Self::Snappy(encoder) => encoder.write_all(bytes),
            Self::Lz4(encoder) => encoder.write_all(bytes),
            Self::Zstd(encoder) => encoder.write_all(bytes),
        };
        written.map_err(|_| BatchError::Compress(codec))
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, BatchError> {
        let failed = BatchError::Compress(self.codec());
        match self {
            Self::None(out) => Ok(out),
            Self::Gzip(encoder) => encoder.finish().map_err(|_| failed),
            Self::Snappy(encoder) => encoder.finish().map_err(|_| failed),
            Self::Lz4(encoder) => encoder.finish().map_err(|_| failed),
            Self::Zstd(encoder) => encoder.finish().map_err(|_| failed),
        }
    }
}

/// Decompresses `bytes`, at most to `limit` bytes. What the bytes merely announce is never reserved.
///
/// # Errors
/// [`BatchError::TooLarge`] beyond the limit, [`BatchError::Decompress`] for damaged bytes.
pub fn decompress(codec: Compression, bytes: &[u8], limit: usize) -> Result<Vec<u8>, BatchError> {
    let mut out = Vec::new();
    let read = reader(codec, bytes)?.take(limit as u64 + 1).read_to_end(&mut out);
    if out.len() > limit {
        return Err(BatchError::TooLarge(limit));
    }
    read.map_err(|_| BatchError::Decompress(codec))?;
    Ok(out)
}

/// A reader of what `bytes` decompress to. Its memory is the codec's window at most, whatever the bytes announce.
pub(super) fn reader<'a>(codec: Compression, bytes: &'a [u8]) -> Result<Box<dyn Read + 'a>, BatchError> {
    Ok(match codec {
        Compression::None => Box::new(bytes),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(bytes)),
        Compression::Snappy => Box::new(xerial::Reader::new(bytes)),
        Compression::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(bytes)),
        Compression::Zstd => {
            let failed = |_| BatchError::Decompress(codec);
            let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(failed)?;
            if !has_wide_window(bytes) {
                // Frames behind the first one are held to the same.
                decoder.window_log_max(WINDOW_LOG).map_err(failed)?;
            }
            Box::new(decoder)
        }
    })
}

/// zstd windows up to 8 MiB are what every decoder must have (RFC 8878); levels 20 and more want up to 128 MiB.
const WINDOW_LOG: u32 = 23;
/// The most that a frame with a wider window may become in passing: its window fills as it is decompressed.
const MOST_OF_WIDE_WINDOW: usize = 32 << 20;

/// How much these bytes may become when they are decompressed in passing: `limit`, and less if the codec would have
/// to remember more than a little of it.
pub(super) fn passing_limit(codec: Compression, bytes: &[u8], limit: usize) -> usize {
    let wide = codec == Compression::Zstd && has_wide_window(bytes);
    if wide { limit.min(MOST_OF_WIDE_WINDOW) } else { limit }
}

/// Whether the first zstd frame announces a window of more than 8 MiB (RFC 8878, 3.1.1.1).
fn has_wide_window(bytes: &[u8]) -> bool {
    let (Some(descriptor), Some(rest)) = (bytes.get(4), bytes.get(5..)) else { return false };
    let single_segment = descriptor & 0x20 != 0;
    if !single_segment {
        return rest.first().is_some_and(|window| u32::from(window >> 3) + 10 >= WINDOW_LOG && *window != 13 << 3);
    }
    // The window is the whole content, whose size stands behind the dictionary's id.
    let id_len = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size_len = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let field = rest.get(id_len..id_len + size_len).unwrap_or_default();
    let size = field.iter().rev().fold(0u64, |size, byte| size << 8 | u64::from(*byte));
    size > 1 << WINDOW_LOG
}
