//! Numbers with a meaning: each has its own type, so that they cannot be exchanged by mistake.

use std::fmt;

macro_rules! numbers {
    ($( $(#[$doc:meta])* $name:ident($inner:ty); )*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }
    )* };
}

numbers! {
    /// The position of a record in its partition, counted from 0.
    Offset(i64);
    /// The reign of a partition's leader; grows with each election (KIP-101). -1 is "none".
    LeaderEpoch(i32);
    /// The version of a partition's registration in the metadata; grows with each change (KIP-497).
    PartitionEpoch(i32);
    /// A partition's number inside its topic, from 0.
    PartitionIndex(i32);
    /// A broker or controller (`node.id`). -1 is "none".
    NodeId(i32);
    /// One incarnation of a broker, as the controller numbered it at registration.
    BrokerEpoch(i64);
    /// An idempotent or transactional producer (KIP-98). -1 is "none".
    ProducerId(i64);
    /// One incarnation of a producer. -1 is "none".
    ProducerEpoch(i16);
    /// A producer's count of records on one partition; wraps from 2^31-1 to 0. -1 is "none".
    Sequence(i32);
    /// Milliseconds since the Unix epoch. -1 is "none". Decisions are told it; only effects read a clock.
    Timestamp(i64);
}

impl Offset {
    /// "None", as Kafka writes it.
    pub const NONE: Self = Self(-1);

    /// This offset moved on by `records`.
    pub const fn plus(self, records: i64) -> Self {
        Self(self.0 + records)
    }
}

impl LeaderEpoch {
    /// "None", as Kafka writes it.
    pub const NONE: Self = Self(-1);
}

impl NodeId {
    /// "None", as Kafka writes it: a partition without a leader.
    pub const NONE: Self = Self(-1);
}

impl ProducerId {
    /// A batch without a producer.
    pub const NONE: Self = Self(-1);

    /// Whether this names a producer.
    pub const fn is_some(self) -> bool {
        self.0 >= 0
    }
}

impl ProducerEpoch {
    /// A batch without a producer.
    pub const NONE: Self = Self(-1);
}

impl Sequence {
    /// A batch without a producer.
    pub const NONE: Self = Self(-1);

    /// This sequence moved on by `records`, wrapping past 2^31-1 to 0 (`DefaultRecordBatch.incrementSequence`).
    pub const fn plus(self, records: i32) -> Self {
        Self((self.0 as u32).wrapping_add(records as u32) as i32 & i32::MAX)
    }
}

impl Timestamp {
    /// "None", as Kafka writes it.
    pub const NONE: Self = Self(-1);

    /// This instant moved on by `ms` milliseconds, stopping at the ends of time.
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` until this instant; negative if it is later.
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_wraps_to_zero() {
        assert_eq!(Sequence(i32::MAX).plus(1), Sequence(0));
        assert_eq!(Sequence(i32::MAX - 1).plus(3), Sequence(1));
        assert_eq!(Sequence(5).plus(2), Sequence(7));
    }
}
