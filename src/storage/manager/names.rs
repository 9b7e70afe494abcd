//! The names of partitions' directories (`LocalLog.parseTopicPartitionName`).

use model::{PartitionIndex, TopicName, TopicPartition};

const DELETED: &str = "-delete";
const STRAY: &str = "-stray";
const FUTURE: &str = "-future";
/// The longest name that file systems take.
const LONGEST: usize = 255;

/// What a directory holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// A partition.
    Current(TopicPartition),
    /// A partition that was deleted, to be removed.
    Deleted,
    /// A partition that the metadata did not know; nobody but the operator touches it.
    Stray,
    /// A copy that was being moved here from another directory (KIP-113).
    Future(TopicPartition),
    /// Something else.
    Foreign,
}

/// What a directory of this name holds.
pub(super) fn parse(name: &str) -> Held {
    for suffix in [DELETED, STRAY, FUTURE] {
        // Only a name with a unique id is one: a topic may well be called "my-delete".
        let at = name.strip_suffix(suffix).and_then(|rest| partition(rest.rsplit_once('.')?.0));
        match at {
            None => {}
            Some(_) if suffix == DELETED => return Held::Deleted,
            Some(_) if suffix == STRAY => return Held::Stray,
            Some(at) => return Held::Future(at),
        }
    }
    partition(name).map_or(Held::Foreign, Held::Current)
}

fn partition(name: &str) -> Option<TopicPartition> {
    let (topic, index) = name.rsplit_once('-')?;
    let digits = !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit());
    let index: i32 = index.parse().ok().filter(|_| digits)?;
    TopicName::check(topic).ok()?;
    Some(TopicPartition { topic: topic.into(), partition: PartitionIndex(index) })
}

/// The name of a partition's directory when it is deleted.
pub(super) fn deleted(at: &TopicPartition) -> String {
    unique(at, DELETED)
}

/// The name of a partition's directory when the metadata does not know it.
pub(super) fn stray(at: &TopicPartition) -> String {
    unique(at, STRAY)
}

/// The name of the directory of a partition's copy that is on its way. It must tell the partition, so nothing may be cut:
/// see [`is_too_long_to_move`].
pub(super) fn future(at: &TopicPartition) -> String {
    format!("{at}.{}{FUTURE}", host::dice::uuid().0.simple())
}

/// Whether the name of a partition leaves no room for what a copy's name has more (KAFKA-4893).
pub fn is_too_long_to_move(at: &TopicPartition) -> bool {
    const ID: usize = 32;
    at.to_string().len() + 1 + ID + FUTURE.len() > LONGEST
}

/// The topic may be cut to make room; the name is unique all the same.
fn unique(at: &TopicPartition, suffix: &str) -> String {
    let id = host::dice::uuid().0.simple();
    let end = format!("-{}.{id}{suffix}", at.partition);
    let room = LONGEST.saturating_sub(end.len());
    let topic = at.topic.get(..room).unwrap_or(&at.topic);
    format!("{topic}{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_they_hold() {
        let current = |topic: &str, index| Held::Current(TopicPartition::new(topic, index));
        for (name, held) in [
            ("foo-0", current("foo", 0)),
            ("a-b.c_d-12", current("a-b.c_d", 12)),
            ("my-delete-3", current("my-delete", 3)),
            ("foo-0.6a1c3b6f45e84d1d8a5d7f4d7f3b2a10-delete", Held::Deleted),
            ("foo-0.6a1c3b6f45e84d1d8a5d7f4d7f3b2a10-stray", Held::Stray),
            ("foo-0.6a1c3b6f45e84d1d8a5d7f4d7f3b2a10-future", Held::Future(TopicPartition::new("foo", 0))),
            ("lost+found", Held::Foreign),
            ("foo-", Held::Foreign),
            ("foo-+1", Held::Foreign),
            ("-0", Held::Foreign),
        ] {
            assert_eq!(parse(name), held, "{name}");
        }
    }

    #[test]
    fn new_names_are_short_enough_and_unique() {
        let at = TopicPartition::new("t".repeat(249).as_str(), 123);
        let name = deleted(&at);
        assert_eq!(name.len(), 255);
        assert_ne!(name, deleted(&at));
        assert_eq!((parse(&name), parse(&stray(&at))), (Held::Deleted, Held::Stray));
        let longest = TopicPartition::new("t".repeat(211).as_str(), 123);
        assert_eq!((future(&longest).len(), is_too_long_to_move(&longest)), (255, false));
        assert_eq!(parse(&future(&longest)), Held::Future(longest));
        assert!(is_too_long_to_move(&TopicPartition::new("t".repeat(212).as_str(), 123)));
    }
}
