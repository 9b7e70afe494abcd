//! The order of Java's and Scala's hash maps, in which Kafka lists the configs of DescribeConfigs.

/// `String.hashCode`, spread as `HashMap.hash` and Scala's `improveHash` do.
fn hash(name: &str) -> u32 {
    let hash = name.encode_utf16().fold(0u32, |h, unit| h.wrapping_mul(31).wrapping_add(unit.into()));
    hash ^ (hash >> 16)
}

/// Sorts as a `java.util.HashMap` of `buckets` iterates over names inserted in the given order.
fn in_buckets<T>(items: &mut [T], buckets: usize, name: impl Fn(&T) -> &str) {
    let mask = u32::try_from(buckets).unwrap_or(u32::MAX).wrapping_sub(1);
    items.sort_by_key(|item| hash(name(item)) & mask);
}

/// The order of a map that was filled entry by entry: it doubles when more than three quarters full.
pub(crate) fn filled<T>(items: &mut [T], total: usize, name: impl Fn(&T) -> &str) {
    let mut buckets = 16;
    while total * 4 > buckets * 3 {
        buckets *= 2;
    }
    in_buckets(items, buckets, name);
}

/// The order of a map that was copied at once (`putAll` into an empty one).
pub(crate) fn copied<T>(items: &mut [T], total: usize, name: impl Fn(&T) -> &str) {
    in_buckets(items, (total * 4 / 3 + 1).next_power_of_two(), name);
}

/// The order of a `scala.collection.mutable.HashMap`: it doubles one entry earlier, and sorts a bucket by hash.
pub(crate) fn scala<T>(items: &mut [T], total: usize, name: impl Fn(&T) -> &str) {
    let mut buckets = 16;
    while total >= buckets * 3 / 4 {
        buckets *= 2;
    }
    items.sort_by_key(|item| hash(name(item)) as i32);
    in_buckets(items, buckets, name);
}
