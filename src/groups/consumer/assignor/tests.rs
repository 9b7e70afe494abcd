//! The assignments that Apache Kafka's own assignor tests expect, and what must hold for any group.

use std::collections::BTreeSet;

use model::{PartitionIndex, Uuid};
use proptest::prelude::*;

use super::*;

fn topic(n: u8) -> TopicId {
    Uuid::from_bytes([n; 16])
}

/// `1:0,2 2:1`: partitions 0 and 2 of topic 1, and 1 of topic 2.
fn partitions(text: &str) -> Partitions {
    let topics = text.split_whitespace().map(|topic| topic.split_once(':').unwrap());
    topics
        .map(|(id, held)| {
            let held = held.split(',').map(|it| PartitionIndex(it.parse().unwrap())).collect();
            (topic(id.parse().unwrap()), held)
        })
        .collect()
}

fn text(shares: &Shares) -> String {
    let mut lines = String::new();
    for (id, share) in shares {
        lines.push_str(&format!("{id}:"));
        for (topic, held) in share.iter() {
            let held: Vec<_> = held.iter().map(|it| it.to_string()).collect();
            lines.push_str(&format!(" {}:{}", topic.as_bytes()[0], held.join(",")));
        }
        lines.push('\n');
    }
    lines
}

/// Topics as `(id, partitions)`; members as `(id, topics, what it had)`. An id with a slash is `member/instance`.
fn spec(topics: &[(u8, i32)], members: &[(&str, &[u8], &str)]) -> Spec {
    let counts = topics.iter().map(|(id, count)| (topic(*id), *count)).collect();
    let homogeneous = members.windows(2).all(|pair| pair[0].1 == pair[1].1);
    let members = members.iter().map(|(id, topics, current)| {
        let (id, instance) = id.split_once('/').map_or((*id, None), |(id, instance)| (id, Some(instance.into())));
        let topics = Arc::new(topics.iter().map(|id| topic(*id)).collect());
        (id.into(), Subscriber { instance, topics, current: Arc::new(partitions(current)) })
    });
    Spec { members: members.collect(), homogeneous, counts }
}

fn check(assignor: Assignor, topics: &[(u8, i32)], members: &[(&str, &[u8], &str)], expected: &str) {
    let shares = assignor.assign(&spec(topics, members));
    let expected = expected.split('\n').map(|line| line.trim().to_owned() + "\n").collect::<String>();
    assert_eq!(text(&shares), expected);
}

#[test]
fn uniform_for_equal_subscriptions() {
    let uniform = |topics: &[_], members: &[_], expected| check(Assignor::Uniform, topics, members, expected);
    uniform(&[(1, 3), (3, 2)], &[("A", &[1, 3], ""), ("B", &[1, 3], "")], "A: 1:0,1\nB: 1:2 3:0,1");
    uniform(&[(3, 2)], &[("A", &[3], ""), ("B", &[3], ""), ("C", &[3], "")], "A:\nB: 3:0\nC: 3:1");
    uniform(
        &[(1, 3), (2, 3)],
        &[("A", &[1, 2], "1:0,1 2:0,1"), ("B", &[1, 2], "1:2 2:2")],
        "A: 1:0,1 2:0\nB: 1:2 2:1,2",
    );
    uniform(
        &[(1, 3), (2, 3)],
        &[("A", &[1, 2], "1:0,2 2:0"), ("B", &[1, 2], "1:1 2:1,2"), ("C", &[1, 2], "")],
        "A: 1:0,2\nB: 1:1 2:1\nC: 2:0,2",
    );
    uniform(&[(1, 3), (2, 3)], &[("A", &[1, 2], "1:0 2:0"), ("B", &[1, 2], "1:1 2:1")], "A: 1:0,2 2:0\nB: 1:1 2:1,2");
    uniform(&[(2, 2)], &[("A", &[2], "1:0 2:0"), ("B", &[2], "1:1 2:1")], "A: 2:0\nB: 2:1");
}

#[test]
fn uniform_for_different_subscriptions() {
    let uniform = |topics: &[_], members: &[_], expected| check(Assignor::Uniform, topics, members, expected);
    uniform(&[(1, 2), (3, 1)], &[("A", &[3], ""), ("B", &[3], ""), ("C", &[1], "")], "A: 3:0\nB:\nC: 1:0,1");
    uniform(
        &[(1, 6), (2, 4), (3, 4)],
        &[("A", &[1], "1:0,1,2"), ("B", &[1, 2], "1:3 2:0"), ("C", &[1, 2, 3], "1:4,5 2:1,2,3 3:0,1,2,3")],
        "A: 1:0,1,2,5\nB: 1:3 2:0,1,2,3\nC: 1:4 3:0,1,2,3",
    );
    uniform(
        &[(1, 6), (2, 5), (3, 3), (4, 3)],
        &[("A", &[1, 3], "1:0,1,2,3 3:0,1"), ("B", &[1, 2, 3, 4], "2:0,1,2 4:0,1,2")],
        "A: 1:0,1,2,3,4,5 3:0,1,2\nB: 2:0,1,2,3,4 4:0,1,2",
    );
    uniform(
        &[(1, 6), (2, 7)],
        &[("A", &[1], "1:0,2 2:0"), ("B", &[1, 2], "1:1 2:1,2"), ("C", &[1, 2], "")],
        "A: 1:0,2,3,4,5\nB: 1:1 2:1,2,6\nC: 2:0,3,4,5",
    );
    uniform(
        &[(1, 3), (2, 5)],
        &[("A", &[1], "1:0,2 2:1,3"), ("B", &[1, 2], "1:1 2:0,2,4")],
        "A: 1:0,1,2\nB: 2:0,1,2,3,4",
    );
    uniform(&[(1, 2)], &[("A", &[1], ""), ("B", &[], "")], "A: 1:0,1\nB:");
}

#[test]
fn range_gives_the_same_numbers_of_every_topic() {
    let range = |topics: &[_], members: &[_], expected| check(Assignor::Range, topics, members, expected);
    range(&[(1, 3), (3, 2)], &[("A", &[1, 3], ""), ("B", &[1, 3], "")], "A: 1:0,1 3:0\nB: 1:2 3:1");
    range(
        &[(1, 3), (2, 3), (3, 2)],
        &[("A", &[1, 2], ""), ("B", &[3], ""), ("C", &[2, 3], "")],
        "A: 1:0,1,2 2:0,1\nB: 3:0\nC: 2:2 3:1",
    );
    range(&[(3, 2)], &[("A", &[3], ""), ("B", &[3], ""), ("C", &[3], "")], "A: 3:0\nB: 3:1\nC:");
    range(
        &[(1, 4), (2, 3)],
        &[("A", &[1, 2], "1:0,1 2:0,1"), ("B", &[1, 2], "1:2 2:2")],
        "A: 1:0,1 2:0,1\nB: 1:2,3 2:2",
    );
}

#[test]
fn range_keeps_the_place_of_a_static_member() {
    let range = |members: &[_], expected| check(Assignor::Range, &[(1, 5)], members, expected);
    range(&[("A/i1", &[1], ""), ("B/i2", &[1], ""), ("C", &[1], "")], "A: 1:0,1\nB: 1:2,3\nC: 1:4");
    range(&[("Z/i1", &[1], ""), ("B/i2", &[1], ""), ("A", &[1], "")], "A: 1:4\nB: 1:2,3\nZ: 1:0,1");
}

#[test]
fn nobody_and_nothing() {
    for assignor in Assignor::ALL {
        assert!(assignor.assign(&spec(&[(1, 3)], &[])).is_empty());
        let shares = assignor.assign(&spec(&[(1, 3)], &[("A", &[], "1:0")]));
        assert!(shares.values().all(|share| share.is_empty()), "{}", assignor.name());
    }
    assert_eq!(Assignor::named("range"), Some(Assignor::Range));
    assert_eq!(Assignor::named("Range"), None);
}

fn group(homogeneous: bool) -> impl Strategy<Value = Spec> {
    let topics = proptest::collection::vec(0..12i32, 1..5);
    let members = proptest::collection::vec((any::<u8>(), any::<u8>()), 1..9);
    (topics, members, any::<u64>()).prop_map(move |(topics, members, dice)| {
        let topics: Vec<(u8, i32)> = (1..).zip(topics).collect();
        let all: Vec<u8> = topics.iter().map(|(id, _)| *id).collect();
        let mut spec = spec(&topics, &[]);
        for (number, (wanted, _)) in members.iter().enumerate() {
            let topics = all.iter().filter(|id| homogeneous || wanted >> (**id % 8) & 1 == 1);
            let topics = Arc::new(topics.map(|id| topic(*id)).collect());
            spec.members.insert(format!("m{number}").into(), Subscriber { topics, ..Default::default() });
        }
        // Some partitions belong to somebody, also to those who do not want them any more.
        let mut current = vec![Partitions::new(); members.len()];
        for (id, count) in &topics {
            for partition in 0..*count {
                let at = dice.rotate_left(u32::from(*id) * 7 + partition as u32) as usize % (members.len() + 2);
                if let Some(current) = current.get_mut(at) {
                    current.entry(topic(*id)).or_default().insert(PartitionIndex(partition));
                }
            }
        }
        spec.homogeneous = homogeneous;
        for (member, current) in spec.members.values_mut().zip(current) {
            member.current = Arc::new(current);
        }
        spec
    })
}

/// Each partition of each topic that somebody wants belongs to exactly one member, who wants it.
fn check_complete(spec: &Spec, shares: &Shares) {
    let mut given = BTreeSet::new();
    for (id, share) in shares {
        for (topic, partitions) in share.iter() {
            assert!(spec.members[id].topics.contains(topic), "{id} did not ask for {topic}");
            assert!(!partitions.is_empty(), "no topic without partitions");
            partitions.iter().for_each(|partition| assert!(given.insert((*topic, *partition)), "given twice"));
        }
    }
    let wanted: BTreeSet<_> = spec.members.values().flat_map(|member| member.topics.iter().copied()).collect();
    let total: i32 = wanted.iter().map(|topic| spec.count(*topic)).sum();
    assert_eq!(given.len(), total as usize, "all are given");
}

fn again(spec: &Spec, shares: &Shares) -> Shares {
    let mut spec = spec.clone();
    for (id, member) in &mut spec.members {
        member.current = shares.get(id).cloned().unwrap_or_default();
    }
    Assignor::Uniform.assign(&spec)
}

fn sizes(shares: &Shares) -> Vec<usize> {
    shares.values().map(|share| share.values().map(BTreeSet::len).sum()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn equal_subscriptions_are_balanced_and_sticky(spec in group(true)) {
        let shares = Assignor::Uniform.assign(&spec);
        check_complete(&spec, &shares);
        let sizes = sizes(&shares);
        prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{sizes:?}");
        prop_assert_eq!(again(&spec, &shares), shares);
    }

    #[test]
    fn different_subscriptions_are_complete_and_sticky(spec in group(false)) {
        let shares = Assignor::Uniform.assign(&spec);
        check_complete(&spec, &shares);
        prop_assert_eq!(again(&spec, &shares), shares.clone());
        // Of one topic, nobody who subscribes to it could take over a partition and be no more loaded than its owner.
        let load = |id: &Arc<str>| shares[id].values().map(BTreeSet::len).sum::<usize>();
        for topic in spec.counts.keys() {
            let subscribers = || spec.members.iter().filter(|(_, it)| it.topics.contains(topic)).map(|(id, _)| id);
            let owners = || subscribers().filter(|id| shares[*id].contains_key(topic));
            let most = owners().map(load).max().unwrap_or(0);
            let least = subscribers().map(load).min().unwrap_or(0);
            prop_assert!(most <= least + 1, "{topic}: {most} and {least}");
        }
    }

    #[test]
    fn ranges_are_complete(spec in group(false)) {
        check_complete(&spec, &Assignor::Range.assign(&spec));
    }
}
