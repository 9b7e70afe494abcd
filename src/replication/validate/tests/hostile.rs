//! Bytes that nobody should have sent are refused, never a panic; what is accepted can be read by consumers.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::*;

const CODECS: [Compression; 5] =
    [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

const ORIGINS: [Origin; 4] = [Origin::Client, Origin::Coordinator, Origin::Replication, Origin::Raft];

fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

fn rules() -> impl Strategy<Value = Rules> {
    let codec = prop_oneof![
        Just(Target::Producer),
        prop::sample::select(&CODECS[..]).prop_map(|codec| Target::Codec { codec, level: None })
    ];
    (codec, any::<bool>(), any::<bool>(), prop::sample::select(&ORIGINS[..])).prop_map(
        |(compression, compacted, log_append, origin)| Rules {
            compression,
            compacted,
            timestamp_type: if log_append { TimestampType::LogAppendTime } else { TimestampType::CreateTime },
            max_decompressed_bytes: 1 << 16,
            origin,
            ..Rules::default()
        },
    )
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn random_payloads_in_an_undamaged_frame(
        rules in rules(),
        codec in prop::sample::select(&CODECS[..]),
        attributes in prop_oneof![Just(0i16), any::<i16>()],
        count in prop_oneof![any::<i32>(), 0..4],
        payload in vec(any::<u8>(), 0..80),
    ) {
        let records = model::batch::compression::compress(codec, None, &payload).unwrap();
        let mut bytes = [&good()[..HEADER_LENGTH], &records].concat();
        let length = bytes.len() as i32 - 12;
        bytes[8..12].copy_from_slice(&length.to_be_bytes());
        bytes[23..27].copy_from_slice(&count.wrapping_sub(1).to_be_bytes());
        bytes[57..61].copy_from_slice(&count.to_be_bytes());
        let attributes = (attributes & !7) | codec as i16;
        let bytes = with(bytes, 21, &attributes.to_be_bytes());
        let _ = validate(&bytes.into(), &rules, NOW);
    }

    #[test]
    fn any_byte_of_a_batch_changed(
        rules in rules(), codec in prop::sample::select(&CODECS[..]), at in 0usize..150, byte in any::<u8>(),
    ) {
        let bytes = compressed(codec);
        let at = at.min(bytes.len() - 1);
        let bytes = with(bytes, at, &[byte]);
        let Ok(validated) = validate(&bytes.into(), &rules, NOW) else { return Ok(()) };
        if validated.origin == Origin::Client {
            let batch = Batch::first(&validated.bytes).unwrap();
            prop_assert_eq!(batch.check_crc(), Ok(()));
            let payload = payload(&batch, 1 << 16).unwrap();
            prop_assert_eq!(payload.records().filter(Result::is_ok).count() as i64, validated.offsets);
        }
    }
}
