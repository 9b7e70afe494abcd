//! What is refused, with which code, and what is changed: the table that Kafka's clients are written against.

mod hostile;

use model::batch::{Batch, BatchBuilder, BatchSettings, EndMarker, HEADER_LENGTH, TimestampType, crc32c, payload};
use model::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};

use super::*;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A batch of three records, 5 ms apart, of which the middle one is the newest; the first has no key if so asked.
fn built(settings: BatchSettings, key: Option<&[u8]>) -> Vec<u8> {
    let mut builder = BatchBuilder::new(settings);
    builder.append(key, Some(b"one"), &[], NOW);
    builder.append(Some(b"k"), Some(b"two"), &[], NOW.plus_ms(5));
    builder.append(Some(b"k"), None, &[], NOW);
    builder.build().unwrap().to_vec()
}

fn good() -> Vec<u8> {
    built(BatchSettings::default(), Some(b"k"))
}

fn compressed(compression: Compression) -> Vec<u8> {
    built(BatchSettings { compression, ..BatchSettings::default() }, Some(b"k"))
}

/// The batch with some bytes of its header changed, and the checksum to match.
fn with(mut bytes: Vec<u8>, at: usize, field: &[u8]) -> Vec<u8> {
    bytes[at..at + field.len()].copy_from_slice(field);
    let crc = crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn code(bytes: &[u8], rules: &Rules) -> ErrorCode {
    validate(&Bytes::copy_from_slice(bytes), rules, NOW).map_or_else(|refusal| refusal.code, |_| ErrorCode::None)
}

#[test]
fn headers_that_are_refused_to_clients() {
    use ErrorCode::*;
    let producer = |id: i64, epoch: i16, sequence: i32| {
        let (producer_id, producer_epoch, base_sequence) = (ProducerId(id), ProducerEpoch(epoch), Sequence(sequence));
        built(BatchSettings { producer_id, producer_epoch, base_sequence, ..BatchSettings::default() }, Some(b"k"))
    };
    let mut flipped = good();
    *flipped.last_mut().unwrap() ^= 1;
    let table: &[(&str, Vec<u8>, ErrorCode)] = &[
        ("good", good(), None),
        ("nothing", vec![], InvalidRecord),
        ("cut short", good()[..70].to_vec(), InvalidRecord),
        ("cut in its length", good()[..11].to_vec(), InvalidRecord),
        ("two batches", [good(), good()].concat(), InvalidRecord),
        ("one and a half", [&good(), &good()[..70]].concat(), None),
        ("followed by what is no length", [good(), vec![0; 20]].concat(), CorruptMessage),
        ("followed by the start of an old format", [good(), vec![1; 30]].concat(), None),
        ("followed by the start of no format", [good(), vec![9; 30]].concat(), CorruptMessage),
        ("a flipped bit", flipped, CorruptMessage),
        ("length 13", with(good(), 8, &[0, 0, 0, 13]), CorruptMessage),
        ("length 48, without all of a header", with(good(), 8, &[0, 0, 0, 48]), CorruptMessage),
        ("magic 1", with(good(), 16, &[1]), InvalidRecord),
        ("magic 3", with(good(), 16, &[3]), CorruptMessage),
        ("magic -1", with(good(), 16, &[255]), CorruptMessage),
        ("base offset 1", with(good(), 7, &[1]), InvalidRecord),
        ("any leader epoch", with(good(), 12, &[1, 2, 3, 4]), None),
        ("codec 5", with(good(), 22, &[5]), UnknownServerError),
        ("control", with(good(), 22, &[0x20]), InvalidRecord),
        ("transactional", with(good(), 22, &[0x10]), None),
        ("delete horizon", with(good(), 22, &[0x40]), None),
        ("last offset delta -1", with(good(), 23, &(-1i32).to_be_bytes()), InvalidRecord),
        ("last offset delta too large", with(good(), 23, &3i32.to_be_bytes()), InvalidRecord),
        ("count 0", with(good(), 57, &0i32.to_be_bytes()), InvalidRecord),
        ("count -1", with(good(), 57, &(-1i32).to_be_bytes()), InvalidRecord),
        ("one too many in both", with(with(good(), 57, &4i32.to_be_bytes()), 23, &3i32.to_be_bytes()), InvalidRecord),
        ("one too few in both", with(with(good(), 57, &2i32.to_be_bytes()), 23, &1i32.to_be_bytes()), InvalidRecord),
        ("a producer", producer(5, 0, 0), None),
        ("a producer without a sequence", producer(5, 0, -1), InvalidRecord),
        ("a sequence without a producer", producer(-1, -1, 7), None),
    ];
    for (name, bytes, expected) in table {
        assert_eq!(code(bytes, &Rules::default()), *expected, "{name}");
    }
}

#[test]
fn sizes_codecs_and_limits() {
    let rules = Rules::default();
    let exactly = Rules { max_message_bytes: good().len(), ..rules.clone() };
    assert_eq!(code(&good(), &exactly), ErrorCode::None);
    let less = Rules { max_message_bytes: good().len() - 1, ..rules.clone() };
    assert_eq!(code(&good(), &less), ErrorCode::MessageTooLarge);
    let before_7 = Rules { zstd_allowed: false, ..rules.clone() };
    assert_eq!(code(&compressed(Compression::Zstd), &before_7), ErrorCode::UnsupportedCompressionType);
    assert_eq!(code(&compressed(Compression::Gzip), &before_7), ErrorCode::None);
    let small = Rules { max_decompressed_bytes: 20, ..rules.clone() };
    for codec in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        assert_eq!(code(&compressed(codec), &rules), ErrorCode::None, "{codec:?}");
        assert_eq!(code(&compressed(codec), &small), ErrorCode::MessageTooLarge, "{codec:?}");
        let damaged = with(compressed(codec), HEADER_LENGTH, &[0xff; 8]);
        assert_eq!(code(&damaged, &rules), ErrorCode::UnknownServerError, "{codec:?}, as Kafka says");
    }
    assert_eq!(code(&good(), &small), ErrorCode::None);
    // What was small enough can become too large in another codec.
    let rebuilt = Rules {
        compression: Target::Codec { codec: Compression::None, level: None },
        max_message_bytes: 400,
        ..rules.clone()
    };
    let mut builder = BatchBuilder::new(BatchSettings { compression: Compression::Gzip, ..Default::default() });
    builder.append(None, Some(&[0; 500]), &[], NOW);
    assert_eq!(code(&builder.build().unwrap(), &rebuilt), ErrorCode::MessageTooLarge);
}

#[test]
fn records_at_fault_are_told_one_by_one() {
    let refusal = |bytes: Vec<u8>, rules: &Rules| validate(&bytes.into(), rules, NOW).unwrap_err();
    let indexes = |refusal: &Refusal| refusal.record_errors.iter().map(|(index, _)| *index).collect::<Vec<_>>();
    let compacted = Rules { compacted: true, ..Rules::default() };
    let keyless = refusal(built(BatchSettings::default(), None), &compacted);
    assert_eq!((keyless.code, indexes(&keyless)), (ErrorCode::InvalidRecord, vec![0]));
    assert_eq!(
        keyless.client_message(),
        Some("1 records are refused; record 0: the topic is compacted, and the record has no key")
    );
    assert_eq!(code(&good(), &compacted), ErrorCode::None);

    let early = Rules { after_max_ms: 4, ..Rules::default() };
    let from_the_future = refusal(good(), &early);
    assert_eq!((from_the_future.code, indexes(&from_the_future)), (ErrorCode::InvalidTimestamp, vec![1]));
    assert_eq!(code(&good(), &Rules { after_max_ms: 5, ..Rules::default() }), ErrorCode::None);
    let late = |before_max_ms| {
        let rules = Rules { before_max_ms, ..Rules::default() };
        validate(&good().into(), &rules, NOW.plus_ms(10)).map_err(|refusal| indexes(&refusal))
    };
    assert_eq!((late(9).unwrap_err(), late(10).is_ok()), (vec![0, 2], true));

    let both = refusal(built(BatchSettings::default(), None), &Rules { compacted: true, ..early });
    assert_eq!((both.code, indexes(&both)), (ErrorCode::InvalidTimestamp, vec![0, 1]));
    let whole = refusal(vec![], &compacted);
    assert_eq!((whole.client_message(), whole.record_errors.len()), (None, 0));
}

#[test]
fn a_record_without_a_timestamp_is_never_out_of_bounds() {
    let mut builder = BatchBuilder::new(BatchSettings::default());
    builder.append(None, None, &[], Timestamp::NONE);
    let strict = Rules { before_max_ms: 0, after_max_ms: 0, ..Rules::default() };
    assert_eq!(code(&builder.build().unwrap(), &strict), ErrorCode::None);
}

#[test]
fn a_client_that_sets_log_append_time() {
    let bytes = built(BatchSettings { append_time: Some(NOW), ..BatchSettings::default() }, Some(b"k"));
    let log = Rules { timestamp_type: TimestampType::LogAppendTime, ..Rules::default() };
    assert_eq!(code(&bytes, &log), ErrorCode::InvalidTimestamp);
    // Kafka lets it pass where the topic has CreateTime, and takes the flag away.
    let validated = validate(&bytes.into(), &Rules::default(), NOW).unwrap();
    assert_eq!(validated.batches[0].timestamp_type, TimestampType::CreateTime);
}

#[test]
fn the_clients_own_bytes_come_back() {
    for codec in [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        let bytes = Bytes::from([compressed(codec), good()[..30].to_vec()].concat());
        for compression in [Target::Producer, Target::Codec { codec, level: Some(9) }] {
            let validated = validate(&bytes, &Rules { compression, ..Rules::default() }, NOW).unwrap();
            assert_eq!(validated.bytes.as_ptr(), bytes.as_ptr(), "not even copied");
            assert_eq!(validated.bytes.len(), bytes.len() - 30, "an incomplete batch at the end is left out");
            assert_eq!((validated.offsets, validated.max_timestamp), (3, NOW.plus_ms(5)));
            assert_eq!((validated.append_time, validated.batches.len()), (Timestamp::NONE, 1));
            let info = &validated.batches[0];
            assert_eq!((info.records, info.offset_of_max_timestamp, info.compression), (3, 1, codec));
        }
    }
}

#[test]
fn log_append_time_patches_the_header() {
    let rules = Rules { timestamp_type: TimestampType::LogAppendTime, before_max_ms: 0, ..Rules::default() };
    let now = NOW.plus_ms(77);
    let validated = validate(&compressed(Compression::Lz4).into(), &rules, now).unwrap();
    let batch = Batch::first(&validated.bytes).unwrap();
    assert_eq!(batch.check_crc(), Ok(()));
    assert_eq!((batch.timestamp_type(), batch.max_timestamp()), (TimestampType::LogAppendTime, now));
    assert_eq!((validated.append_time, validated.max_timestamp), (now, now));
    assert_eq!(validated.batches[0].offset_of_max_timestamp, 0);
    assert_eq!(batch.payload(), Batch::first(&compressed(Compression::Lz4)).unwrap().payload());
}

#[test]
fn a_wrong_max_timestamp_is_put_right() {
    for codec in [Compression::None, Compression::Zstd] {
        let lying = with(compressed(codec), 35, &99i64.to_be_bytes());
        let validated = validate(&lying.into(), &Rules::default(), NOW).unwrap();
        assert_eq!(validated.bytes, compressed(codec));
    }
}

#[test]
fn another_codec_rebuilds_the_batch() {
    let settings = BatchSettings {
        producer_id: ProducerId(5),
        producer_epoch: ProducerEpoch(1),
        base_sequence: Sequence(9),
        is_transactional: true,
        ..BatchSettings::default()
    };
    let records = |bytes: &[u8]| {
        let payload = payload(&Batch::first(bytes).unwrap(), 1000).unwrap();
        format!("{:?}", payload.records().collect::<Vec<_>>())
    };
    let codecs = [Compression::None, Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];
    for (from, to) in codecs.iter().flat_map(|from| codecs.iter().map(move |to| (*from, *to))) {
        let given = built(BatchSettings { compression: from, ..settings }, Some(b"k"));
        let rules = Rules { compression: Target::Codec { codec: to, level: None }, ..Rules::default() };
        let validated = validate(&given.clone().into(), &rules, NOW).unwrap();
        let expected = built(BatchSettings { compression: to, ..settings }, Some(b"k"));
        assert_eq!(validated.bytes, expected, "{from:?} to {to:?}");
        assert_eq!(records(&validated.bytes), records(&given));
        assert_eq!(validated.batches[0].offset_of_max_timestamp, 1);
    }
}

#[test]
fn compressed_offsets_out_of_order_are_counted_anew() {
    let mut builder = BatchBuilder::new(BatchSettings { compression: Compression::Gzip, ..Default::default() });
    let bytes = good();
    let records = payload(&Batch::first(&bytes).unwrap(), 1000).unwrap();
    for (record, delta) in records.records().zip([0, 0, 2]) {
        builder.append_record(&record.unwrap(), delta, NOW);
    }
    let validated = validate(&builder.build().unwrap(), &Rules::default(), NOW).unwrap();
    let records = payload(&Batch::first(&validated.bytes).unwrap(), 1000).unwrap();
    let deltas: Vec<_> = records.records().map(|record| record.unwrap().offset_delta).collect();
    assert_eq!(deltas, [0, 1, 2]);
}

#[test]
fn markers_of_the_coordinator_are_left_as_they_are() {
    let marker = EndMarker { commit: true, coordinator_epoch: 3, timestamp: NOW };
    let bytes = marker.batch(ProducerId(5), ProducerEpoch(1)).unwrap();
    let zstd = Target::Codec { codec: Compression::Zstd, level: None };
    let rules = Rules { origin: Origin::Coordinator, compression: zstd, ..Rules::default() };
    let validated = validate(&bytes, &rules, NOW).unwrap();
    assert_eq!((&validated.bytes, validated.batches[0].marker), (&bytes, Some(marker)));
    assert_eq!(code(&bytes, &Rules::default()), ErrorCode::InvalidRecord, "not from clients");
}

#[test]
fn a_followers_batches_keep_their_offsets() {
    let rules = Rules { origin: Origin::Replication, max_message_bytes: 1, ..Rules::default() };
    let batch = |base, epoch| {
        let settings =
            BatchSettings { base_offset: Offset(base), leader_epoch: LeaderEpoch(epoch), ..Default::default() };
        built(settings, None)
    };
    let bytes = Bytes::from([batch(10, 1), batch(13, 2), batch(20, 2)[..80].to_vec()].concat());
    let validated = validate(&bytes, &rules, NOW).unwrap();
    let seen: Vec<_> = validated.batches.iter().map(|b| (b.at, b.base_offset.0, b.leader_epoch.0)).collect();
    assert_eq!(seen, [(0, 10, 1), (batch(10, 1).len(), 13, 2)]);
    assert_eq!((validated.offsets, validated.bytes.len()), (6, 2 * batch(10, 1).len()));
    assert_eq!(code(&[batch(13, 2), batch(10, 2)].concat(), &rules), ErrorCode::UnknownServerError);
    assert_eq!(code(&with(good(), 8, &[0, 0, 0, 13]), &rules), ErrorCode::CorruptMessage);
    assert_eq!(code(&[], &rules), ErrorCode::None);
}

#[test]
fn what_cannot_be_rebuilt_passes_where_nothing_is() {
    let gzip = Target::Codec { codec: Compression::Gzip, level: None };
    let rebuilding = Rules { compression: gzip, ..Rules::default() };
    let negative = with(good(), 27, &(-9i64).to_be_bytes());
    let in_no_transaction = with(good(), 22, &[0x10]);
    let no_producer = with(good(), 43, &(-2i64).to_be_bytes());
    for bytes in [negative, in_no_transaction, no_producer] {
        assert_eq!(code(&bytes, &Rules::default()), ErrorCode::None);
        assert_eq!(code(&bytes, &rebuilding), ErrorCode::UnknownServerError);
    }
}
