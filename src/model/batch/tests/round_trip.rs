//! What is written is what is read, with every codec.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
struct Given {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    timestamp: i64,
}

fn given() -> impl Strategy<Value = Given> {
    let bytes = || vec(any::<u8>(), 0..200);
    let headers = vec((vec(any::<u8>(), 0..9), option::of(vec(any::<u8>(), 0..9))), 0..4);
    (option::of(bytes()), option::of(bytes()), headers, any::<i64>())
        .prop_map(|(key, value, headers, timestamp)| Given { key, value, headers, timestamp })
}

fn built(compression: Compression, level: Option<i32>, given: &[Given]) -> Vec<u8> {
    let mut builder = BatchBuilder::new(BatchSettings { compression, level, ..BatchSettings::default() });
    for record in given {
        let headers: Vec<_> =
            record.headers.iter().map(|(key, value)| Header { key, value: value.as_deref() }).collect();
        builder.append(record.key.as_deref(), record.value.as_deref(), &headers, Timestamp(record.timestamp));
    }
    builder.build().unwrap().to_vec()
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn records_come_back(codec in prop::sample::select(&CODECS[..]), given in vec(given(), 1..20)) {
        let bytes = built(codec, None, &given);
        let batch = Batch::first(&bytes).unwrap();
        prop_assert_eq!(batch.check_crc(), Ok(()));
        let payload = payload(&batch, LIMIT).unwrap();
        let read: Vec<_> = payload.records().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(read.len(), given.len());
        for (index, (read, given)) in read.iter().zip(&given).enumerate() {
            prop_assert_eq!(read.offset_delta, index as i32);
            prop_assert_eq!(batch.timestamp_of(read.timestamp_delta), Timestamp(given.timestamp));
            prop_assert_eq!((read.key, read.value), (given.key.as_deref(), given.value.as_deref()));
            let headers: Vec<_> = read.headers.iter().map(|h| (h.key.to_vec(), h.value.map(<[u8]>::to_vec))).collect();
            prop_assert_eq!(&headers, &given.headers);
        }
        let lengths: Vec<_> = read.iter().map(|r| (r.key.map(<[u8]>::len), r.value.map(<[u8]>::len))).collect();
        let walked: Vec<_> = shapes(&bytes).unwrap().iter().map(|s| (s.key_len, s.value_len)).collect();
        prop_assert_eq!(walked, lengths);
    }

    #[test]
    fn copied_records_are_the_same(given in vec(given(), 1..9)) {
        let bytes = built(Compression::None, None, &given);
        let batch = Batch::first(&bytes).unwrap();
        let payload = payload(&batch, LIMIT).unwrap();
        let mut copy = BatchBuilder::new(BatchSettings::default());
        for record in payload.records() {
            let record = record.unwrap();
            copy.append_record(&record, record.offset_delta, batch.timestamp_of(record.timestamp_delta));
        }
        prop_assert_eq!(copy.build().unwrap(), bytes);
    }
}

#[test]
fn every_level_that_kafka_knows_is_known() {
    let given = [Given { key: None, value: Some(vec![7; 300]), headers: vec![], timestamp: 1 }];
    let (gzip, zstd) = ((-1..=9).filter(|level| *level != 0), (-131_072..=22).filter(|l| *l > -8 || l % 4096 == 0));
    for (codec, level) in gzip
        .map(|level| (Compression::Gzip, level))
        .chain((1..=17).map(|level| (Compression::Lz4, level)))
        .chain(zstd.map(|level| (Compression::Zstd, level)))
    {
        assert_eq!(shapes(&built(codec, Some(level), &given)).unwrap().len(), 1, "{codec:?} {level}");
    }
}

#[test]
fn blocks_larger_than_a_codecs_own_come_back() {
    let long = vec![b'x'; 300_000];
    for codec in CODECS {
        let lengths: Vec<_> = shapes(&batch_of(codec, &[&long, b"y"])).unwrap().iter().map(|s| s.value_len).collect();
        assert_eq!(lengths, [Some(300_000), Some(1)], "{codec:?}");
    }
}

#[test]
fn a_batch_without_records_is_no_bytes() {
    assert!(BatchBuilder::new(BatchSettings::default()).build().unwrap().is_empty());
}
