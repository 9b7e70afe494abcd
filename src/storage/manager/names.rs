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
    Future,
    /// Something else.
    Foreign,
}

/// What a directory of this name holds.
pub(super) fn parse(name: &str) -> Held {
    for (suffix, held) in [(DELETED, Held::Deleted), (STRAY, Held::Stray), (FUTURE, Held::Future)] {
        if let Some(rest) = name.strip_suffix(suffix) {
            // Only a name with a unique id is one: a topic may well be called "my-delete".
            if rest.rsplit_once('.').is_some_and(|(at, _)| partition(at).is_some()) {
                return held;
            }
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
            ("foo-0.6a1c3b6f45e84d1d8a5d7f4d7f3b2a10-future", Held::Future),
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
    }
}
