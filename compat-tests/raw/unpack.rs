//! What compressed batches hold, unpacked by the crates of others.

use std::io::Read;

use anyhow::{Result, bail};

/// The records of a batch whose attributes name this codec: 0 to 4 are none, gzip, snappy, lz4, zstd.
///
/// # Errors
/// Where they are not packed so.
pub fn unpack(codec: i16, bytes: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    match codec {
        0 => out.extend_from_slice(bytes),
        1 => drop(flate2::read::GzDecoder::new(bytes).read_to_end(&mut out)?),
        2 => {
            let Some(mut rest) = bytes.strip_prefix(b"\x82SNAPPY\0").and_then(|rest| rest.get(8..)) else {
                return Ok(snap::raw::Decoder::new().decompress_vec(bytes)?);
            };
            while let Some((length, after)) = rest.split_first_chunk::<4>() {
                let Some((block, after)) = after.split_at_checked(u32::from_be_bytes(*length) as usize) else {
                    bail!("a torn block")
                };
                out.extend(snap::raw::Decoder::new().decompress_vec(block)?);
                rest = after;
            }
        }
        3 => drop(lz4_flex::frame::FrameDecoder::new(bytes).read_to_end(&mut out)?),
        4 => out = zstd::decode_all(bytes)?,
        other => bail!("codec {other}"),
    }
    Ok(out)
}
