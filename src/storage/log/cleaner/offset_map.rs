//! The last offset of each key, in memory of a fixed size (`SkimpyOffsetMap`).

use std::hash::Hasher;

use model::Offset;
use siphasher::sip128::{Hasher128, SipHasher24};

/// Bytes that an entry takes: sixteen of the key's hash, eight of the offset.
const ENTRY: u64 = 24;
/// Places that are tried all over the table before the search goes on from one to the next.
const JUMPS: u64 = 16;

/// A table without deletions. A key stands in it by its hash alone; the hash has a secret, so that nobody who chooses
/// keys can make two of them look alike.
pub(super) struct OffsetMap {
    secret: [u8; 16],
    /// Two halves of the hash, and the offset plus one: all zeros is an empty slot.
    slots: Vec<[u64; 3]>,
    entries: u64,
    /// How many keys it takes.
    most: u64,
    latest: Offset,
}

impl OffsetMap {
    /// A table that takes no more than `memory` bytes, of which the share `load_factor` is filled at most. It is smaller
    /// if no more than `keys` keys can come. One key it takes always, so that the cleaner gets on.
    pub(super) fn new(memory: u64, load_factor: f64, keys: u64, secret: [u8; 16]) -> Self {
        let load_factor = if load_factor > 0.0 { load_factor.min(1.0) } else { 1.0 };
        let slots = (memory / ENTRY).max(1);
        let most = ((slots as f64 * load_factor) as u64).clamp(1, slots);
        let slots = if keys < most { ((keys as f64 / load_factor) as u64 + 1).min(slots) } else { slots };
        let slots = vec![[0; 3]; usize::try_from(slots).unwrap_or(usize::MAX)];
        Self { secret, slots, entries: 0, most, latest: Offset::NONE }
    }

    /// Says that `key` was written at `offset`, unless the table is full: then nothing is changed, and the answer is no.
    pub(super) fn put(&mut self, key: &[u8], offset: Offset) -> bool {
        if self.entries >= self.most {
            return false;
        }
        let hash = self.hash(key);
        let Some(slot) = self.find(hash).and_then(|at| self.slots.get_mut(at)) else { return false };
        self.entries += u64::from(slot[2] == 0);
        *slot = [hash[0], hash[1], offset.0.cast_unsigned() + 1];
        self.latest = offset;
        true
    }

    /// The last offset of `key`, as far as it is known.
    pub(super) fn get(&self, key: &[u8]) -> Option<Offset> {
        let slot = self.slots.get(self.find(self.hash(key))?)?;
        slot[2].checked_sub(1).map(|offset| Offset(offset.cast_signed()))
    }

    /// Everything up to this offset is in the table; -1 if nothing is.
    pub(super) fn latest(&self) -> Offset {
        self.latest
    }

    /// Says up to where the log has been gone through.
    pub(super) fn set_latest(&mut self, offset: Offset) {
        self.latest = offset;
    }

    /// Which share of the table is filled.
    pub(super) fn utilization(&self) -> f64 {
        self.entries as f64 / self.slots.len().max(1) as f64
    }

    fn hash(&self, key: &[u8]) -> [u64; 2] {
        let mut hasher = SipHasher24::new_with_key(&self.secret);
        hasher.write(key);
        let hash = hasher.finish128();
        [hash.h1, hash.h2]
    }

    /// The slot that has this hash, or the empty one where it belongs; none in a table without empty slots.
    fn find(&self, hash: [u64; 2]) -> Option<usize> {
        let count = self.slots.len() as u64;
        for attempt in 0..count.saturating_add(JUMPS) {
            let jumps = attempt.min(JUMPS);
            let at = hash[0].wrapping_add(jumps.wrapping_mul(hash[1] | 1)).wrapping_add(attempt - jumps);
            let at = usize::try_from(at.checked_rem(count)?).ok()?;
            let slot = self.slots.get(at)?;
            if slot[2] == 0 || slot[..2] == hash {
                return Some(at);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn key(n: u64) -> [u8; 8] {
        n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()
    }

    #[test]
    fn the_last_offset_of_each_key_is_known() {
        let mut map = OffsetMap::new(24 * 1000, 0.9, 1 << 40, [7; 16]);
        let mut expected = BTreeMap::new();
        for n in 0..3000 {
            assert!(map.put(&key(n % 700), Offset(n as i64)));
            expected.insert(n % 700, Offset(n as i64));
        }
        assert_eq!((map.entries, map.latest()), (700, Offset(2999)));
        for n in 0..1400 {
            assert_eq!(map.get(&key(n)), expected.get(&n).copied(), "{n}");
        }
        assert!((map.utilization() - 0.7).abs() < 1e-9);
    }

    #[test]
    fn it_takes_what_fits_and_no_more() {
        for (memory, load, keys, fits) in [
            (24 * 100, 0.9, 1000, 90),
            (24 * 100, 1.0, 1000, 100),
            (24 * 100, 7.0, 1000, 100),
            (24 * 100, 0.0, 1000, 100),
            (24, 0.5, 1000, 1),
            (0, 0.5, 1000, 1),
            (1 << 40, 0.9, 50, 50),
            (1 << 40, 0.1, 1, 1),
        ] {
            let mut map = OffsetMap::new(memory, load, keys, [0; 16]);
            let count = (0..fits).filter(|n| map.put(&key(*n), Offset(5))).count() as u64;
            assert_eq!(count, fits, "{memory} {load}");
            if keys > fits {
                assert!(!map.put(&key(fits), Offset(9)), "{memory} {load}");
                assert!(!map.put(&key(0), Offset(9)), "a full table is not changed");
            }
            assert_eq!((0..fits).filter(|n| map.get(&key(*n)) == Some(Offset(5))).count() as u64, fits);
            assert_eq!(map.get(&key(1 << 30)), None, "also of a table without an empty slot");
        }
    }

    #[test]
    fn a_small_log_takes_little_memory() {
        assert!(OffsetMap::new(128 << 20, 0.9, 1000, [0; 16]).slots.len() < 1200);
    }

    #[test]
    fn offset_zero_is_an_offset() {
        let mut map = OffsetMap::new(240, 0.9, 9, [1; 16]);
        assert!(map.put(b"", Offset(0)));
        assert_eq!((map.get(b""), map.get(b"x")), (Some(Offset(0)), None));
    }
}
