//! Little that becomes much: payloads of each codec that decompress to far more than any request may carry.

use std::io::Write;

use anyhow::Result;

/// Larger than a request may be (100 MiB), small enough to be made in a moment.
const FLAT: usize = 160 << 20;
/// No batch may be larger (`max.message.bytes`).
const FITS: usize = 1_000_000;
const BLOCK: usize = 1 << 20;

/// Codec number and payload.
pub type Bomb = (i16, Vec<u8>);

/// # Errors
/// Where a codec fails.
pub fn all() -> Result<Vec<Bomb>> {
    let mut bombs = vec![(1, gzip()?), (3, lz4()?), (4, zstd()?)];
    bombs.extend(snappy()?.into_iter().map(|bytes| (2, bytes)));
    bombs.extend(liars());
    bombs.retain(|(_, bytes)| bytes.len() < FITS);
    Ok(bombs)
}

/// The start of a record that says it is almost a gibibyte long, then zeros.
fn flat(out: &mut dyn Write) -> Result<()> {
    let mut block = vec![0; BLOCK];
    if let Some(start) = block.get_mut(..5) {
        start.copy_from_slice(&[0xfe, 0xff, 0xff, 0xff, 0x07]);
    }
    out.write_all(&block)?;
    block.fill(0);
    for _ in 1..FLAT / BLOCK {
        out.write_all(&block)?;
    }
    Ok(())
}

fn gzip() -> Result<Vec<u8>> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    flat(&mut out)?;
    Ok(out.finish()?)
}

fn lz4() -> Result<Vec<u8>> {
    let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
    flat(&mut out)?;
    Ok(out.finish()?)
}

fn zstd() -> Result<Vec<u8>> {
    let mut out = zstd::Encoder::new(Vec::new(), 1)?;
    flat(&mut out)?;
    Ok(out.finish()?)
}

/// As one block, and in xerial's frames as Java writes them; snappy saves a twentieth at most.
fn snappy() -> Result<[Vec<u8>; 2]> {
    let block = snap::raw::Encoder::new().compress_vec(&vec![0; FITS * 15])?;
    let small = snap::raw::Encoder::new().compress_vec(&vec![0; BLOCK])?;
    let mut xerial = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    while xerial.len() + small.len() < FITS {
        xerial.extend(u32::try_from(small.len())?.to_be_bytes());
        xerial.extend_from_slice(&small);
    }
    Ok([block, xerial])
}

/// Headers that announce what does not follow.
fn liars() -> Vec<Bomb> {
    let mut snappy_block = vec![0xff, 0xff, 0xff, 0xff, 0x0f];
    snappy_block.extend([0; 100]);
    let mut xerial = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    xerial.extend([0x7f, 0xff, 0xff, 0xff, 0, 0]);
    // A window of 2 GiB and more; then a single segment of 2^63 bytes.
    let window = [&[0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xff][..], &[0x02, 0, 0], &[7; 64]].concat();
    let sized = [&[0x28, 0xb5, 0x2f, 0xfd, 0xe0][..], &[0xff; 7], &[0x7f], &[7; 64]].concat();
    // An LZ4 frame with a content size of 2^63 and blocks of 4 MiB.
    let lz4 = [&[0x04, 0x22, 0x4d, 0x18, 0x68, 0x70][..], &[0xff; 7], &[0x7f, 0], &[0xff; 64]].concat();
    // A gzip header with an extra field that never ends.
    let gzip = [&[0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff][..], &[1; 64]].concat();
    vec![(2, snappy_block), (2, xerial), (4, window), (4, sized), (3, lz4), (1, gzip)]
}
