//! Whatever happens, and in whatever order: what was committed stays, and all replicas agree in the end.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use super::cluster::{BROKERS, Cluster};

#[derive(Clone, Debug)]
enum Event {
    Append(i32),
    Fetch(i32, usize),
    Receive(i32, bool),
    Alter(i32, bool),
    Learn(i32, usize),
    Crash(i32),
    Fence(i32),
    Restart(i32),
    Elect,
    Pass(i64),
}

fn event() -> impl Strategy<Value = Event> {
    let broker = || prop::sample::select(BROKERS.to_vec());
    prop_oneof![
        6 => broker().prop_map(Event::Append),
        12 => (broker(), 1..4usize).prop_map(|(id, max)| Event::Fetch(id, max)),
        12 => (broker(), any::<bool>()).prop_map(|(id, newest)| Event::Receive(id, newest)),
        4 => (broker(), any::<bool>()).prop_map(|(id, heard)| Event::Alter(id, heard)),
        6 => (broker(), 1..3usize).prop_map(|(id, versions)| Event::Learn(id, versions)),
        1 => broker().prop_map(Event::Crash),
        1 => broker().prop_map(Event::Fence),
        2 => broker().prop_map(Event::Restart),
        1 => Just(Event::Elect),
        4 => (1..150i64).prop_map(Event::Pass),
    ]
}

fn play(cluster: &mut Cluster, events: &[Event]) {
    for event in events {
        match *event {
            Event::Append(id) => cluster.append(id),
            Event::Fetch(id, max) => cluster.fetch(id, max),
            Event::Receive(id, newest) => cluster.receive(id, newest),
            Event::Alter(id, heard) => cluster.alter(id, heard),
            Event::Learn(id, versions) => cluster.learn(id, versions),
            Event::Crash(id) => cluster.crash(id),
            Event::Fence(id) => cluster.fence(id),
            Event::Restart(id) => cluster.restart(id),
            Event::Elect => cluster.elect(),
            Event::Pass(ms) => cluster.pass(ms),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_committed_is_lost(min_insync in 1..3usize, events in prop::collection::vec(event(), 0..400)) {
        let mut cluster = Cluster::new(min_insync);
        play(&mut cluster, &events);
        cluster.settle();
    }
}

/// The events above must reach what they are for.
#[test]
fn the_events_lead_to_elections_truncations_and_commits() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut elections, mut truncations, mut committed) = (0, 0, 0);
    for _ in 0..100 {
        let events = prop::collection::vec(event(), 400).new_tree(&mut runner).unwrap().current();
        let mut cluster = Cluster::new(1);
        play(&mut cluster, &events);
        elections += cluster.elections;
        truncations += cluster.truncations;
        committed += cluster.committed();
    }
    assert!(elections > 300 && truncations > 30 && committed > 500, "{elections} {truncations} {committed}");
}
