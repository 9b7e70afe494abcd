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
