//! Bytes that nobody should have sent: an error, never a panic, never more memory than they are worth.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// `payload` as a batch of `count` records with this codec.
fn wrapped(codec: Compression, count: i32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = batch_of(Compression::None, &[b""])[..HEADER_LENGTH].to_vec();
    bytes[22] = codec as u8;
    bytes[57..61].copy_from_slice(&count.to_be_bytes());
    bytes.extend_from_slice(payload);
    let length = bytes.len() as u32 - 12;
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    bytes
}

/// Reads the batch in all three ways, which must agree on whether it is one; answers the error.
fn error(bytes: &[u8]) -> Option<BatchError> {
    let (walked, read) = (shapes(bytes), text(bytes));
    assert_eq!(walked.is_ok(), read.is_ok(), "{walked:?} {read:?}");
    let mut lengths = Vec::new();
    let each = Batch::first(bytes).and_then(|batch| {
        each_record(&batch, LIMIT, |record| {
            lengths.push((record.key.map(<[u8]>::len), record.value.map(<[u8]>::len)));
            Ok(())
        })
    });
    assert_eq!(walked.is_ok(), each.is_ok(), "{walked:?} {each:?}");
    if let Ok(shapes) = &walked {
        assert_eq!(lengths, shapes.iter().map(|shape| (shape.key_len, shape.value_len)).collect::<Vec<_>>());
    }
    walked.err()
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn random_bytes(bytes in vec(any::<u8>(), 0..200)) {
        for batch in Batches::new(&bytes) {
            let _ = batch.map(|batch| error(batch.bytes()));
        }
    }

    #[test]
    fn random_records(
        codec in prop::sample::select(&CODECS[..]),
        count in prop_oneof![any::<i32>(), 0..4],
        payload in vec(any::<u8>(), 0..100),
    ) {
        error(&wrapped(codec, count, &payload));
        // The same below an undamaged frame of the codec.
        error(&wrapped(codec, count, &compression::compress(codec, None, &payload).unwrap()));
    }

    #[test]
    fn flipped_and_cut(
        codec in prop::sample::select(&CODECS[..]), at in 0usize..300, with in any::<u8>(), cut in 0usize..300,
    ) {
        let mut bytes = batch_of(codec, &[b"one", &[7; 200], b"three"]);
        let at = at.min(bytes.len() - 1);
        bytes[at] ^= with;
        let _ = (shapes(&bytes), text(&bytes), Batch::first(&bytes).map(|batch| EndMarker::of(&batch)));
        bytes.truncate(cut);
        let _ = (shapes(&bytes), text(&bytes));
    }
}

#[test]
fn records_that_are_none() {
    let record = b"\x0e\0\0\0\x01\x02v\0";
    let table: &[(i32, &[u8])] = &[
        (1, b""),
        (1, b"\x0e\0\0"),
        (2, record),
        (-1, record),
        (0, record),
        (1, b"\x0e\0\0\0\x01\x02v\0more"),
        // A length, an offset, a key, a count of headers, a header's key beyond all measure or below zero.
        (1, b"\xff\xff\xff\xff\x0f\0\0\0\x01\x02v\0"),
        (1, b"\xfe\xff\xff\xff\x0f\0\0\0\x01\x02v\0"),
        (1, b"\xff\xff\xff\xff\xff\xff\0"),
        (1, b"\x18\0\0\xff\xff\xff\xff\xff\x01\x01\x01\0"),
        (1, b"\x14\0\0\0\xfe\xff\xff\xff\x0f\x01\0"),
        (1, b"\x16\0\0\0\x01\x01\xfe\xff\xff\xff\x0f"),
        (1, b"\x0e\0\0\0\x01\x01\x01\0"),
        (1, b"\x14\0\0\0\x01\x01\x02\x01\x01\0"),
        // Shorter than its fields.
        (1, b"\x0a\0\0\0\x01\x02v\0"),
    ];
    for (count, payload) in table {
        for codec in CODECS {
            let payload = compression::compress(codec, None, payload).unwrap();
            let error = error(&wrapped(codec, *count, &payload));
            assert!(matches!(error, Some(BatchError::Records(_))), "{codec:?} {count} {payload:02x?} {error:?}");
        }
    }
    assert_eq!(error(&wrapped(Compression::None, 1, record)), None, "this one is a record");
}

#[test]
fn bombs_stop_at_the_limit() {
    let zeros = vec![0u8; 8 << 20];
    for codec in CODECS {
        let bytes = wrapped(codec, 1, &compression::compress(codec, None, &zeros).unwrap());
        let batch = Batch::first(&bytes).unwrap();
        if codec != Compression::None {
            assert_eq!(payload(&batch, LIMIT).unwrap_err(), BatchError::TooLarge(LIMIT), "{codec:?}");
        }
        // One record that fills it all, and another one after it that never comes.
        let record = [b"\x80\x80\x80\x08\0\0\0\x01\xe2\xff\xff\x07", &zeros[..]].concat();
        let bytes = wrapped(codec, 2, &compression::compress(codec, None, &record).unwrap());
        let expected = if codec == Compression::None { None } else { Some(BatchError::TooLarge(LIMIT)) };
        let walked = walk(&Batch::first(&bytes).unwrap(), LIMIT, |_| {});
        assert!(walked == Err(BatchError::TooLarge(LIMIT)) || expected.is_none(), "{codec:?} {walked:?}");
    }
}

#[test]
fn announced_lengths_are_not_believed() {
    // Raw snappy that announces 4 GiB, a xerial block of 2 GiB, lz4 and zstd frames with a huge content size.
    let table: &[(Compression, &[u8])] = &[
        (Compression::Snappy, b"\xff\xff\xff\xff\x0f\0"),
        (Compression::Snappy, b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\x7f\xff\xff\xff\0"),
        (Compression::Snappy, b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01\0\0\0\x06\xff\xff\xff\xff\x07\0"),
        (Compression::Lz4, b"\x04\x22\x4d\x18\x68\x70\xff\xff\xff\xff\xff\xff\xff\x7f\x00"),
        (Compression::Zstd, b"\x28\xb5\x2f\xfd\xe0\xff\xff\xff\xff\xff\xff\xff\x7f\x01\0\0"),
    ];
    for (codec, payload) in table {
        assert!(error(&wrapped(*codec, 1, payload)).is_some(), "{codec:?}");
    }
    assert_eq!(text(&wrapped(Compression::None, i32::MAX, b"")), Err(BatchError::Records("they end inside a record")));
    let mut unknown = wrapped(Compression::None, 1, b"");
    unknown[22] = 7;
    assert_eq!(error(&unknown), Some(BatchError::Compression(7)));
}

#[test]
fn wide_windows_of_zstd_hold_little() {
    let most = 32 << 20;
    let record = |value: usize| {
        let mut bytes = b"\xfe\xff\xff\xff\x0f\0\0\0\x01\xe0\xff\xff\xff\x0f".to_vec();
        bytes.resize(bytes.len() + value, 0);
        bytes
    };
    let walked = |window_log, single_segment, bytes: &[u8]| {
        let compressed = if single_segment {
            let mut compressor = zstd::bulk::Compressor::new(1).unwrap();
            compressor.window_log(window_log).unwrap();
            compressor.compress(bytes).unwrap()
        } else {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(window_log).unwrap();
            std::io::Write::write_all(&mut encoder, bytes).unwrap();
            encoder.finish().unwrap()
        };
        walk(&Batch::first(&wrapped(Compression::Zstd, 1, &compressed)).unwrap(), usize::MAX, |_| {})
    };
    let (much, ends) = (record(most + 1), Err(BatchError::Records("they end inside a record")));
    assert_eq!(walked(23, false, &much), ends, "8 MiB are a window to work with");
    assert_eq!(walked(24, false, &much), Err(BatchError::TooLarge(most)));
    assert_eq!(walked(27, false, &much), Err(BatchError::TooLarge(most)));
    assert_eq!(walked(27, false, &record(9 << 20)), ends);
    assert_eq!(walked(27, true, &much), Err(BatchError::TooLarge(most)));
    assert_eq!(walked(27, true, &record(9 << 20)), ends);
}
