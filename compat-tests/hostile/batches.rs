//! Batches that lie: the CRC is right, for it proves nothing about the rest.

use anyhow::Result;

use super::bombs::Bomb;
use crate::dice::Dice;
use crate::raw::batch::{HEADER, Producer, batch, put_varint, reseal, sealed};

const NUMBERS: [i32; 9] = [-1, 0, 1, 2, i32::MIN, i32::MAX, 1 << 20, 0x7fff, 61];

/// One at random.
///
/// # Errors
/// Never with what is made here.
pub fn lying(dice: &mut Dice, bombs: &[Bomb]) -> Result<Vec<u8>> {
    let honest = || batch([&b"one"[..], b"two", b"three"], None, 1_700_000_000_000);
    Ok(match dice.below(8) {
        // A number of the header that is not so: length, magic, attributes, offsets, count.
        0..=2 => {
            let mut batch = honest()?;
            let at = [8, 12, 23, 27, 35, 43, 53, 57][dice.at(8)];
            let number = NUMBERS[dice.at(NUMBERS.len())].to_be_bytes();
            if let Some(field) = batch.get_mut(at..at + 4) {
                field.copy_from_slice(&number);
            }
            reseal(&mut batch);
            batch
        }
        // Any byte.
        3 => {
            let mut batch = honest()?;
            for _ in 0..=dice.below(4) {
                let at = dice.at(batch.len());
                if let Some(byte) = batch.get_mut(at) {
                    *byte = dice.roll().to_le_bytes()[0];
                }
            }
            reseal(&mut batch);
            batch
        }
        // Garbage that says it is compressed, also with codecs that do not exist.
        4 => {
            let garbage = dice.at(2000);
            let garbage = dice.bytes(garbage);
            sealed(i16::try_from(dice.below(8))?, &garbage, 1 + i32::try_from(dice.below(1000))?, None, 1)?
        }
        // Records whose own lengths lie: record, key, value, number of headers.
        5 => {
            let lengths = [-2, -1, 0, 1, i64::from(i32::MAX), i64::from(i32::MIN), i64::MAX, 1 << 30];
            let mut record = vec![0, 0, 0];
            for _ in 0..3 {
                put_varint(&mut record, lengths[dice.at(lengths.len())]);
            }
            let mut payload = Vec::new();
            put_varint(
                &mut payload,
                if dice.below(2) == 0 { i64::try_from(record.len())? } else { lengths[dice.at(8)] },
            );
            payload.extend(record);
            sealed(0, &payload, 1, None, 1)?
        }
        6 => {
            let mut batch = honest()?;
            batch.truncate(dice.at(batch.len()));
            batch
        }
        _ => {
            // Decompressing costs honest work: a few of these are enough.
            let (codec, bytes) = &bombs[dice.at(bombs.len())];
            sealed(*codec, bytes, 1, None, 1)?
        }
    })
}

/// A valid batch of every codec, and one of an idempotent producer.
///
/// # Errors
/// Where a codec fails.
pub fn seeds() -> Result<Vec<(&'static str, Vec<u8>)>> {
    use std::io::Write;
    let plain = batch([&b"value"[..], b"", &[b'x'; 100]], None, 1_700_000_000_000)?;
    let payload = plain.get(HEADER..).unwrap_or_default();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(payload)?;
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(payload)?;
    let snappy = snap::raw::Encoder::new().compress_vec(payload)?;
    let mut xerial = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    xerial.extend(u32::try_from(snappy.len())?.to_be_bytes());
    xerial.extend_from_slice(&snappy);
    let of = |codec: i16, payload: &[u8]| sealed(codec, payload, 3, None, 1_700_000_000_000);
    let producer = Producer { id: 1, epoch: 0, sequence: 0 };
    Ok(vec![
        ("none", plain.clone()),
        ("gzip", of(1, &gzip.finish()?)?),
        ("snappy-block", of(2, &snappy)?),
        ("snappy-xerial", of(2, &xerial)?),
        ("lz4", of(3, &lz4.finish()?)?),
        ("zstd", of(4, &zstd::encode_all(payload, 3)?)?),
        ("idempotent", batch([&b"value"[..]], Some(producer), 1)?),
        ("two", [plain.clone(), plain].concat()),
    ])
}
