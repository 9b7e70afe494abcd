//! Where clients put a key: the hashes that they have by default, written anew, for a client is not its own witness.

use anyhow::{Result, bail};

/// How a client spreads keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partitioner {
    /// The Java client's, and most others': Murmur2 without its sign, modulo partitions.
    Murmur2,
    /// librdkafka's `consistent_random`: CRC-32 modulo partitions.
    Crc32,
    /// sarama's: FNV-1a as a signed number, modulo partitions, without its sign.
    Fnv1a,
    /// No key is looked at: one record to each partition in turn.
    RoundRobin,
}

impl Partitioner {
    /// Whether these keys, partition by partition, lie where the client should have put them.
    ///
    /// # Errors
    /// Where one does not.
    pub fn check(self, found: &[Vec<Vec<u8>>]) -> Result<()> {
        let count = found.len();
        for (partition, keys) in found.iter().enumerate() {
            if self == Self::RoundRobin {
                let all: usize = found.iter().map(Vec::len).sum();
                if keys.len() != all / count {
                    bail!("partition {partition} has {} of {all} records: not one to each in turn", keys.len());
                }
                continue;
            }
            for key in keys {
                let expected = self.place(key, count);
                if expected != partition {
                    let key = String::from_utf8_lossy(key);
                    bail!("{key} lies in partition {partition}, by {self:?} it belongs to {expected}");
                }
            }
        }
        Ok(())
    }

    fn place(self, key: &[u8], partitions: usize) -> usize {
        let wide = |hash: u32| usize::try_from(hash).unwrap_or_default();
        match self {
            Self::Murmur2 => wide(murmur2(key) & 0x7fff_ffff) % partitions,
            Self::Crc32 => wide(crc32(key)) % partitions,
            Self::Fnv1a => {
                let modulus = i32::try_from(partitions).unwrap_or(i32::MAX);
                wide((fnv1a(key).cast_signed() % modulus).unsigned_abs())
            }
            Self::RoundRobin => 0,
        }
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Austin Appleby's Murmur2 with Apache Kafka's seed (`org.apache.kafka.common.utils.Utils.murmur2`).
fn murmur2(bytes: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let (words, rest) = bytes.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    if !rest.is_empty() {
        let tail = rest.iter().rev().fold(0, |tail, byte| tail << 8 | u32::from(*byte));
        hash = (hash ^ tail).wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first are those of Apache Kafka's `UtilsTest.testMurmur2`.
    #[test]
    fn the_hashes_are_those_of_others() {
        for (text, expected) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(text.as_bytes()).cast_signed(), expected, "{text}");
        }
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(fnv1a(b"foobar"), 0xbf9c_f968);
    }
}
