//! Any bytes as batches: read, decompressed up to a limit, validated; what is accepted must be readable afterwards.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use model::Timestamp;
use model::batch::{Batches, Compression, TimestampType, crc32c, payload, walk};
use replication::validate::{Rules, Target, validate};

const LIMIT: usize = 1 << 20;
const CODECS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

fuzz_target!(|data: &[u8]| {
    // The first byte chooses the log's rules; a set high bit leaves the checksum as it is.
    let Some((choice, data)) = data.split_first() else { return };
    let mut bytes = data.to_vec();
    if choice & 0x80 == 0 {
        seal(&mut bytes);
    }
    let bytes = Bytes::from(bytes);
    for batch in Batches::new(&bytes).map_while(Result::ok) {
        let mut seen = 0usize;
        let walked = walk(&batch, LIMIT, |_| seen += 1);
        if let Ok(payload) = payload(&batch, LIMIT) {
            assert!(payload.bytes().len() <= LIMIT.max(bytes.len()));
            let read = payload.records().filter(Result::is_ok).count();
            assert!(walked.is_err() || read == seen, "walked {seen} records, read {read}");
        }
    }
    let codec = CODECS.get(usize::from(choice & 7)).copied();
    let rules = Rules {
        compression: codec.map_or(Target::Producer, |codec| Target::Codec { codec, level: None }),
        compacted: choice & 0x20 != 0,
        timestamp_type: if choice & 0x40 == 0 { TimestampType::CreateTime } else { TimestampType::LogAppendTime },
        max_decompressed_bytes: LIMIT,
        ..Rules::default()
    };
    let Ok(validated) = validate(&bytes, &rules, Timestamp(1_700_000_000_000)) else { return };
    let mut accepted = 0;
    for batch in Batches::new(&validated.bytes) {
        let batch = batch.expect("an accepted batch is whole");
        batch.check_crc().expect("an accepted batch has its checksum");
        let payload = payload(&batch, LIMIT).expect("an accepted batch can be decompressed");
        assert!(payload.records().all(|record| record.is_ok()), "an accepted batch has records that are none");
        accepted += 1;
    }
    assert_eq!(accepted, validated.batches.len(), "as many batches as are told");
});

/// Makes the checksum of each batch right, so that more than the checksum is looked at.
fn seal(bytes: &mut [u8]) {
    let mut rest = bytes;
    while let Some(length) = rest.get(8..12).and_then(|field| field.first_chunk()) {
        let Some(end) = usize::try_from(i32::from_be_bytes(*length)).ok().and_then(|length| length.checked_add(12)) else {
            return;
        };
        let Some((batch, after)) = rest.split_at_mut_checked(end) else { return };
        if let Some((head, checked)) = batch.split_at_mut_checked(21)
            && let Some(crc) = head.get_mut(17..21)
        {
            crc.copy_from_slice(&crc32c(checked).to_be_bytes());
        }
        rest = after;
    }
}
