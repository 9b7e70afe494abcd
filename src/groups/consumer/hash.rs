//! The hash of the topics that a group subscribes to (KIP-1101): when it changes, the group rebalances.
//!
//! Records carry it, so that it must be Apache Kafka's own number, byte by byte: `Utils.computeTopicHash` and
//! `Utils.computeGroupHash` over hash4j's XXH3-64, which writes numbers little-endian and texts as UTF-16 followed by their length.

use std::sync::Arc;

use model::TopicId;
use twox_hash::XxHash3_64;

/// The layout of what is hashed; another layout would have another number.
const MAGIC: u8 = 0;

/// The hash of one topic: its id, its name, and its partitions with the racks of their replicas.
pub fn topic_hash(id: TopicId, name: &str, racks: &[Vec<Arc<str>>]) -> i64 {
    let (high, low) = id.0.as_u64_pair();
    let mut bytes = vec![MAGIC];
    bytes.extend(high.to_le_bytes());
    bytes.extend(low.to_le_bytes());
    put_text(&mut bytes, name);
    put_length(&mut bytes, racks.len());
    for (partition, racks) in racks.iter().enumerate() {
        put_length(&mut bytes, partition);
        let mut racks: Vec<_> = racks.iter().collect();
        racks.sort();
        for rack in racks {
            put_length(&mut bytes, rack.encode_utf16().count());
            put_text(&mut bytes, rack);
        }
    }
    XxHash3_64::oneshot(&bytes) as i64
}

/// The hash of a group, from those of its topics in the order of their names. A group without topics has 0.
pub fn group_hash(topics: impl Iterator<Item = i64>) -> i64 {
    let bytes: Vec<_> = topics.flat_map(i64::to_le_bytes).collect();
    if bytes.is_empty() { 0 } else { XxHash3_64::oneshot(&bytes) as i64 }
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    put_length(bytes, text.encode_utf16().count());
}

fn put_length(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend((length as i32).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers are those of `Utils.computeTopicHash` and `Utils.computeGroupHash` in Apache Kafka 4.3.1.
    #[test]
    fn it_is_apache_kafkas() {
        let id = |high: u64, low: u64| TopicId::from_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes());
        let racks = |replicas: &[&[&str]]| -> Vec<Vec<Arc<str>>> {
            replicas.iter().map(|racks| racks.iter().map(|rack| Arc::from(*rack)).collect()).collect()
        };
        let a = topic_hash(id(0x0101_0101_0101_0101, 0x0101_0101_0101_0101), "a", &racks(&[&[]]));
        let b = topic_hash(
            id(0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210),
            "b.topic-with_a.longer-name",
            &racks(&[&["r2", "r1"], &["r1", "r2"], &[]]),
        );
        let c = topic_hash(id(u64::MAX, u64::MAX - 1), "c", &racks(&[&["rack-ä😀", "r1", "r1", "r2"]]));
        // Brokers 1 to 5, of which the first has no rack; three replicas each.
        let brokers = [None, Some("r2"), Some("r1"), Some("rack-ä😀"), Some("r1")];
        let partition = |i: usize| (i..i + 3).filter_map(|at| brokers[at % 5]).map(Arc::from).collect();
        let many = topic_hash(id(7, 8), "many", &(0..50).map(partition).collect::<Vec<_>>());
        let x = topic_hash(id(9, 10), &"x".repeat(249), &racks(&[&["r2"]]));
        assert_eq!(a, -5_881_102_149_027_429_214);
        assert_eq!(b, -8_400_741_423_052_438_080);
        assert_eq!(c, 6_354_259_462_525_907_085);
        assert_eq!(many, -8_235_650_812_560_863_418);
        assert_eq!(x, -5_004_539_620_178_536_874);
        assert_eq!(group_hash([a].into_iter()), 4_048_961_202_251_206_355);
        assert_eq!(group_hash([a, c].into_iter()), 567_641_380_218_096_163);
        assert_eq!(group_hash([a, b, c, many, x].into_iter()), 5_944_461_733_033_113_655);
        let hundred = (0..100_i64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64));
        assert_eq!(group_hash(hundred), 3_628_441_300_573_889_753);
        assert_eq!(group_hash(std::iter::empty()), 0);
    }
}
