//! Ten thousand partitions on every broker: what is decided for all of them at once.

use model::{NodeId, TopicId, Uuid};

use super::kit::*;
use crate::*;

/// 10,000 partitions with three replicas on three brokers, in so many topics.
fn big(topics: u32) -> Script {
    let mut script = cluster(3);
    for batch in 0..10 {
        let each = 10_000 / topics as i32;
        let one = |n: u32| NewTopic {
            id: TopicId::from(Uuid::from_bytes((u128::from(n) + 1000).to_be_bytes())),
            configs: vec![("min.insync.replicas".to_owned(), Some("2".to_owned()))],
            ..topic(&format!("t{n}"), 0, each, 3)
        };
        let ids = batch * topics / 10..(batch + 1) * topics / 10;
        ask(&mut script, "", create(ids.map(one).collect()));
    }
    script.text();
    script
}

fn records(script: &mut Script, event: Event) -> usize {
    let step = script.shard.on_event(script.now, Asked { to: Token(7), event });
    script.shard.on_committed(script.shard.next_offset());
    step.append.map_or(0, |append| append.records.len())
}

#[test]
fn a_broker_of_ten_thousand_partitions_goes_and_comes_back() {
    for topics in [10, 1_000] {
        let mut script = big(topics);
        assert_eq!(records(&mut script, Event::FenceBroker(NodeId(1))), 10_001);
        let topics: Vec<_> = script.shard.latest().topics().cloned().collect();
        let mut partitions = topics.iter().flat_map(|topic| topic.partitions.values());
        assert!(partitions.all(|it| it.leader.0 > 1 && !it.isr.contains(&NodeId(1))));
        let back = Event::BrokerHeartbeat(heartbeat(&script, 1));
        assert_eq!(records(&mut script, back), 1);
        assert_eq!(records(&mut script, Event::Tick), 0);
    }
}
