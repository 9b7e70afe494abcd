//! Bytes written by Kafka's Java client 4.3.1 (`MemoryRecords.builder`).

use super::*;
use crate::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence};

/// The same three records with each codec: offset 100, leader epoch 9, producer 4000, epoch 3, sequence 17.
const JAVA: [&str; 5] = [
    "00000000000000640000006a0000000902f49483ad0000000000020000018bcfe568000000018bcfe5687b0000000000000fa0000300000011000000034e000000066b65792e76616c75652076616c75652076616c75652076616c75650402680278026e010e00f6010201000010000104046b320100",
    "00000000000000640000006f0000000902b0b402220001000000020000018bcfe568000000018bcfe5687b0000000000000fa0000300000011000000031f8b08000000000000fff363606060cb4eadd42b4bcc294d55c020599832982a98f218f918be3132313230083030b2b0641b3132000042ac5e9639000000",
    "000000000000006400000073000000090227ca843b0002000000020000018bcfe568000000018bcfe5687b0000000000000fa00003000000110000000382534e415050590000000001000000010000002e39384e000000066b65792e76616c756520420600600402680278026e010e00f6010201000010000104046b320100",
    "00000000000000640000006e0000000902db855f100003000000020000018bcfe568000000018bcfe5687b0000000000000fa00003000000110000000304224d186040822e000000fd004e000000066b65792e76616c7565200600f00a0402680278026e010e00f6010201000010000104046b32010000000000",
    "00000000000000640000006c0000000902e937e40b0004000000020000018bcfe568000000018bcfe5687b0000000000000fa00003000000110000000328b52ffd00587c010084024e000000066b65792e76616c7565200402680278026e010e00f6010201000010000104046b3201000100994b1d010000",
];

const RECORDS: [&str; 3] = [
    r#"0 @1700000000000 key: value value value value ["h=x", "n=null"]"#,
    "1 @1700000000123 null:  []",
    "2 @1699999999999 k2: null []",
];

fn rewritten(compression: Compression) -> Vec<u8> {
    let mut builder = BatchBuilder::new(BatchSettings {
        base_offset: Offset(100),
        leader_epoch: LeaderEpoch(9),
        compression,
        producer_id: ProducerId(4000),
        producer_epoch: ProducerEpoch(3),
        base_sequence: Sequence(17),
        ..BatchSettings::default()
    });
    let headers = [Header { key: b"h", value: Some(b"x") }, Header { key: b"n", value: None }];
    builder.append(Some(b"key"), Some(b"value value value value"), &headers, Timestamp(1_700_000_000_000));
    builder.append(None, Some(b""), &[], Timestamp(1_700_000_000_123));
    builder.append(Some(b"k2"), None, &[], Timestamp(1_699_999_999_999));
    builder.build().unwrap().to_vec()
}

#[test]
fn batches_of_java_are_read() {
    for java in JAVA {
        let bytes = from_hex(java);
        let batch = Batch::first(&bytes).unwrap();
        assert_eq!(batch.check_crc(), Ok(()));
        assert_eq!(text(&bytes).unwrap(), RECORDS);
        let lengths: Vec<_> = shapes(&bytes).unwrap().iter().map(|s| (s.key_len, s.value_len)).collect();
        assert_eq!(lengths, [(Some(3), Some(23)), (None, Some(0)), (Some(2), None)]);
    }
}

#[test]
fn batches_are_written_as_java_writes_them() {
    assert_eq!(rewritten(Compression::None), from_hex(JAVA[0]));
    for (codec, java) in CODECS.into_iter().zip(JAVA) {
        let (ours, java) = (rewritten(codec), from_hex(java));
        assert_eq!(text(&ours).unwrap(), RECORDS);
        let header_but_length_and_crc = |b: &[u8]| [b[..8].to_vec(), b[12..17].to_vec(), b[21..61].to_vec()].concat();
        assert_eq!(header_but_length_and_crc(&ours), header_but_length_and_crc(&java), "{codec:?}");
        let framing = match codec {
            Compression::None => 0,
            Compression::Gzip => 10,
            Compression::Snappy => 16,
            Compression::Lz4 => 7,
            Compression::Zstd => 4,
        };
        assert_eq!(ours[61..61 + framing], java[61..61 + framing], "{codec:?} begins as Java's does");
    }
}

#[test]
fn raw_snappy_is_read_too() {
    let plain = from_hex(JAVA[0]);
    let mut bytes = plain[..61].to_vec();
    bytes[22] = 2;
    bytes.extend(snap::raw::Encoder::new().compress_vec(&plain[61..]).unwrap());
    let length = bytes.len() as u32 - 12;
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    assert_eq!(text(&bytes).unwrap(), RECORDS);
}

#[test]
fn markers_are_those_of_java() {
    let java = from_hex(
        "0000000000000005000000420000000202ce4cf28e0030000000000000018bcfe568000000018bcfe568000000000000000fa00003ffffffff000000012000000008000000010c00000000000700",
    );
    let marker = EndMarker { commit: true, coordinator_epoch: 7, timestamp: Timestamp(1_700_000_000_000) };
    assert_eq!(EndMarker::of(&Batch::first(&java).unwrap()), Ok(Some(marker)));
    let mut ours = marker.batch(ProducerId(4000), ProducerEpoch(3)).unwrap().to_vec();
    patch_base_offset_and_epoch(&mut ours, Offset(5), LeaderEpoch(2));
    assert_eq!(ours, java);
}

#[test]
fn log_append_time_is_that_of_java() {
    let java = from_hex(
        "000000000000000000000041000000020210fa7e8f0008000000010000018bcfe568000000018bcfe58f0fffffffffffffffffffffffffffff000000020e000000010276000e00020201027700",
    );
    let mut builder = BatchBuilder::new(BatchSettings {
        leader_epoch: LeaderEpoch(2),
        append_time: Some(Timestamp(1_700_000_009_999)),
        ..BatchSettings::default()
    });
    builder.append(None, Some(b"v"), &[], Timestamp(1_700_000_000_000));
    builder.append(None, Some(b"w"), &[], Timestamp(1_700_000_000_001));
    assert_eq!(builder.build().unwrap(), java);
    assert_eq!(text(&java).unwrap()[0], "0 @1700000009999 null: v []");
}

#[test]
fn patching_the_time_keeps_the_checksum_right() {
    let mut bytes = from_hex(JAVA[1]);
    patch_max_timestamp(&mut bytes, TimestampType::LogAppendTime, Timestamp(5));
    let batch = Batch::first(&bytes).unwrap();
    assert_eq!((batch.attributes(), batch.max_timestamp(), batch.check_crc()), (0x09, Timestamp(5), Ok(())));
}

#[test]
fn other_control_records_have_a_type_and_a_value() {
    for id in -1..8 {
        assert_eq!(ControlType::from_id(id).id(), id);
    }
    let mut builder = BatchBuilder::new(BatchSettings { is_control: true, ..BatchSettings::default() });
    builder.append(Some(&ControlType::LeaderChange.key()), Some(b"raw"), &[], Timestamp(0));
    let bytes = builder.build().unwrap();
    let batch = Batch::first(&bytes).unwrap();
    assert_eq!(EndMarker::of(&batch), Ok(None));
    let payload = payload(&batch, LIMIT).unwrap();
    let record = payload.records().next().unwrap().unwrap();
    let control = ControlRecord { kind: ControlType::LeaderChange, value: b"raw".as_slice() };
    assert_eq!(ControlRecord::of(&record), Ok(control));
}
