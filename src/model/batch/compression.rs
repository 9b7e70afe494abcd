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
    let failed = |_| BatchError::Compress(codec);
    match codec {
        Compression::None => Ok(bytes.to_vec()),
        Compression::Gzip => {
            let level = match level {
                None | Some(-1) => flate2::Compression::default(),
                Some(level @ 0..=9) => flate2::Compression::new(level as u32),
                Some(_) => return Err(BatchError::Compress(codec)),
            };
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).map_err(failed)?;
            encoder.finish().map_err(failed)
        }
        Compression::Snappy => xerial::compress(bytes).ok_or(BatchError::Compress(codec)),
        Compression::Lz4 => {
            use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
            let info = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
            let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(bytes).map_err(failed)?;
            encoder.finish().map_err(|_| BatchError::Compress(codec))
        }
        Compression::Zstd => {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), level.unwrap_or(3)).map_err(failed)?;
            encoder.write_all(bytes).map_err(failed)?;
            encoder.finish().map_err(failed)
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
            Box::new(zstd::stream::read::Decoder::with_buffer(bytes).map_err(|_| BatchError::Decompress(codec))?)
        }
    })
}
