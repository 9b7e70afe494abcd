//! Three voters: elections, decisions, deaths, cuts, snapshots.

use std::time::Duration;

use host::task;

use super::kit::*;
use super::*;

fn other_than(node: NodeId) -> Vec<NodeId> {
    ALL.into_iter().filter(|other| *other != node).collect()
}

#[tokio::test(start_paused = true)]
async fn three_elect_one_and_have_the_same_log() {
    let cluster = Cluster::started().await;
    let leader = cluster.leader().await;
    register(&leader).await;
    for topic in 0..20 {
        create(&leader, &format!("t{topic}")).await.unwrap();
    }
    for other in other_than(leader.node()) {
        let refused = create(&cluster.at(other), "no").await.unwrap_err();
        assert_eq!(refused, "this is not the active controller");
        let refused = cluster.at(other).submit(Event::FenceBroker(NODE)).await.unwrap_err();
        assert_eq!(refused, SubmitError::NotController { leader: Some(leader.node()) });
    }
    cluster.all_have(leader.status().end).await;
    let description = leader.describe().unwrap();
    assert_eq!((description.leader, description.high_watermark), (leader.node(), leader.status().end));
    assert!(
        description.voters.iter().all(|voter| voter.last_fetch.0 > 0 && voter.log_end > Offset(0)),
        "{description:?}"
    );
    assert!(cluster.at(other_than(leader.node())[0]).describe().is_none());
    let image = cluster.stop_and_compare().await;
    assert_eq!(image.topics().count(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_killed_leader_is_replaced_within_a_second_and_comes_back() {
    let mut cluster = Cluster::started().await;
    for round in 0..4 {
        let leader = cluster.leader().await;
        if round == 0 {
            register(&leader).await;
        }
        create(&leader, &format!("before-{round}")).await.unwrap();
        let (node, epoch) = (leader.node(), leader.status().epoch);
        drop(leader);
        cluster.kill(node).await;
        let killed = host::clock::monotonic();
        let next = cluster.leader_among(&other_than(node)).await;
        create(&next, &format!("after-{round}")).await.unwrap();
        let gap = killed.elapsed_ms();
        assert!(gap < 1_000, "round {round}: {gap} ms without an active controller");
        assert!(next.status().epoch > epoch);
        cluster.start(node).await;
        cluster.all_have(next.status().end).await;
    }
    let image = cluster.stop_and_compare().await;
    assert_eq!(image.topics().count(), 8, "nothing that was answered is lost");
}

/// Both that are left see at the same moments that the leader's process is gone, as long as it is.
#[tokio::test(start_paused = true)]
async fn who_is_told_again_and_again_that_the_leader_is_gone_waits_for_its_turn() {
    let mut cluster = Cluster::started().await;
    for round in 0..20 {
        let node = cluster.leader().await.node();
        cluster.kill(node).await;
        let killed = host::clock::monotonic();
        let left = other_than(node);
        let told: Vec<_> = left.iter().map(|other| cluster.at(*other)).collect();
        let tell = async {
            loop {
                told.iter().for_each(|quorum| quorum.suspect(node));
                task::sleep(Duration::from_millis(30)).await;
            }
        };
        tokio::select! {
            () = tell => {}
            _ = cluster.leader_among(&left) => {}
        }
        let gap = killed.elapsed_ms();
        assert!(gap < 600, "round {round}: {gap} ms without an active controller");
        drop(told);
        cluster.start(node).await;
    }
    cluster.stop_and_compare().await;
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_stops_gives_the_lead_away_first() {
    let mut cluster = Cluster::started().await;
    let leader = cluster.leader().await;
    register(&leader).await;
    create(&leader, "one").await.unwrap();
    let node = leader.node();
    drop(leader);
    let begun = host::clock::monotonic();
    cluster.stop(node).await;
    let next = cluster.leader_among(&other_than(node)).await;
    let took = begun.elapsed_ms();
    assert!(took < 500, "{took} ms");
    create(&next, "two").await.unwrap();
    cluster.start(node).await;
    cluster.all_have(next.status().end).await;
    assert_eq!(cluster.stop_and_compare().await.topics().count(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_a_majority_nothing_is_decided_and_that_is_said() {
    let cluster = Cluster::started().await;
    let leader = cluster.leader().await;
    register(&leader).await;
    create(&leader, "before").await.unwrap();
    let old_end = leader.status().end;
    cluster.net.isolate(leader.node());
    // Asked at once: it is written here, but nobody else will ever know.
    let asked = create(&leader, "lost").await.unwrap_err();
    assert!(asked.contains("a majority of the controllers cannot be reached"), "{asked}");
    let status = leader.status();
    assert_eq!((status.leader, status.majority, status.end), (None, false, old_end));
    assert!(leader.describe().is_none());
    assert_eq!(leader.submit(Event::FenceBroker(NODE)).await.unwrap_err(), SubmitError::NoMajority);

    let next = cluster.leader_among(&other_than(leader.node())).await;
    create(&next, "lost").await.unwrap();
    create(&next, "after").await.unwrap();
    cluster.net.heal();
    cluster.all_have(next.status().end).await;
    assert_eq!(leader.status().leader, Some(next.node()));
    assert!(leader.watch().borrow().image.topic("after").is_some());
    drop((leader, next));
    assert_eq!(cluster.stop_and_compare().await.topics().count(), 3);
}

/// Who was cut off does not lead again, not for a moment, when it can be reached before it hears of its successor.
#[tokio::test(start_paused = true)]
async fn a_leader_that_was_cut_off_is_not_active_again_in_its_old_epoch() {
    let cluster = Cluster::started().await;
    let leader = cluster.leader().await;
    register(&leader).await;
    let (node, epoch) = (leader.node(), leader.status().epoch);
    cluster.net.isolate(node);
    let mut status = leader.watch_status();
    task::timeout(LONG, status.wait_for(|status| !status.majority)).await.unwrap().unwrap();
    assert!(!leader.status().active && leader.status().leader.is_none(), "{:?}", leader.status());
    let next = cluster.leader_among(&other_than(node)).await;
    cluster.net.heal();
    let again = status.wait_for(|status| status.epoch == epoch && (status.active || status.leader.is_some()));
    tokio::select! {
        again = again => panic!("{:?}", *again.unwrap()),
        () = cluster.all_have(next.status().end) => {}
    }
    assert_eq!(leader.status().leader, Some(next.node()));
    drop((leader, next));
    cluster.stop_and_compare().await;
}

/// It goes on in its epoch when nobody has replaced it.
#[tokio::test(start_paused = true)]
async fn a_leader_that_hears_a_majority_again_goes_on() {
    let cluster = Cluster::started().await;
    let leader = cluster.leader().await;
    register(&leader).await;
    let epoch = leader.status().epoch;
    // Nobody is heard, so that nobody is elected either.
    ALL.into_iter().for_each(|node| cluster.net.isolate(node));
    let mut status = leader.watch_status();
    task::timeout(LONG, status.wait_for(|status| !status.majority && !status.active)).await.unwrap().unwrap();
    cluster.net.heal();
    let next = cluster.leader().await;
    assert!(next.status().epoch >= epoch);
    create(&next, "after").await.unwrap();
    cluster.all_have(next.status().end).await;
    drop((leader, next));
    cluster.stop_and_compare().await;
}

#[tokio::test(start_paused = true)]
async fn two_of_three_down_and_back_again() {
    let mut cluster = Cluster::started().await;
    let leader = cluster.leader().await;
    register(&leader).await;
    create(&leader, "before").await.unwrap();
    let node = leader.node();
    for other in other_than(node) {
        cluster.kill(other).await;
    }
    assert!(create(&leader, "maybe").await.unwrap_err().contains("majority"));
    drop(leader);
    for other in other_than(node) {
        cluster.start(other).await;
    }
    let leader = cluster.leader().await;
    // It was never answered; a decision may come to be or not, but only once.
    let _ = create(&leader, "maybe").await;
    create(&leader, "after").await.unwrap();
    cluster.all_have(leader.status().end).await;
    drop(leader);
    assert_eq!(cluster.stop_and_compare().await.topics().count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_voter_that_was_cut_off_does_not_topple_the_leader() {
    let cluster = Cluster::started().await;
    let leader = cluster.leader().await;
    register(&leader).await;
    let epoch = leader.status().epoch;
    let flapping = other_than(leader.node())[0];
    for round in 0..5 {
        cluster.net.isolate(flapping);
        task::sleep(Duration::from_secs(5)).await;
        create(&leader, &format!("t{round}")).await.unwrap();
        cluster.net.heal();
        cluster.all_have(leader.status().end).await;
    }
    // One that hears nobody, but whom the others hear.
    cluster.net.cut(leader.node(), flapping);
    task::sleep(Duration::from_secs(5)).await;
    cluster.net.heal();
    create(&leader, "last").await.unwrap();
    assert_eq!((leader.status().epoch, leader.status().active), (epoch, true));
    cluster.all_have(leader.status().end).await;
    drop(leader);
    cluster.stop_and_compare().await;
}

#[tokio::test(start_paused = true)]
async fn a_voter_that_missed_too_much_gets_a_snapshot() {
    let mut cluster = Cluster::formatted(|config| config.log.snapshot_bytes = 20_000);
    for node in ALL {
        cluster.start(node).await;
    }
    let leader = cluster.leader().await;
    register(&leader).await;
    let late = other_than(leader.node())[0];
    cluster.kill(late).await;
    for topic in 0..60 {
        create(&leader, &format!("t{topic}")).await.unwrap();
    }
    // The journal is let go as it is when it has grown.
    let running = leader.parts.running();
    let raft = &running.raft;
    let last = running.store.journal().last().unwrap().index;
    raft.trigger().snapshot().await.unwrap();
    raft.wait(None).metrics(|seen| seen.snapshot.is_some_and(|id| id.index >= last - 5), "captured").await.unwrap();
    raft.trigger().purge_log(last - 5).await.unwrap();
    raft.wait(None).metrics(|seen| seen.purged.is_some(), "let go").await.unwrap();
    create(&leader, "behind").await.unwrap();

    let back = cluster.start(late).await;
    cluster.all_have(leader.status().end).await;
    let start = back.fetch(Offset(0), LeaderEpoch(0), 1 << 20).unwrap();
    assert!(start.log_start > Offset(0), "the log begins behind the snapshot");
    let Fetched::Snapshot(id) = start.fetched else { panic!("{start:?}") };
    let piece = back.fetch_snapshot(id, 0, 1 << 20).unwrap();
    assert_eq!(piece.bytes.len() as u64, piece.size);
    assert_eq!(back.fetch_snapshot(id, 10, 7).unwrap().bytes, piece.bytes.slice(10..17));
    drop(back);
    // It survives a kill, and leads on from there.
    cluster.kill(late).await;
    cluster.start(late).await;
    cluster.all_have(leader.status().end).await;
    let first = leader.node();
    drop(leader);
    cluster.kill(first).await;
    let next = cluster.leader().await;
    create(&next, "last").await.unwrap();
    cluster.start(first).await;
    cluster.all_have(next.status().end).await;
    drop(next);
    assert_eq!(cluster.stop_and_compare().await.topics().count(), 62);
}

#[tokio::test(start_paused = true)]
async fn brokers_read_the_log_as_kafka_serves_it() {
    let cluster = Cluster::started().await;
    let leader = cluster.leader().await;
    register(&leader).await;
    create(&leader, "one").await.unwrap();
    let fetch = leader.fetch(Offset(0), LeaderEpoch(0), 1 << 20).unwrap();
    assert_eq!((fetch.log_start, fetch.high_watermark), (Offset(0), leader.status().end));
    let Fetched::Batches(bytes) = &fetch.fetched else { panic!("{fetch:?}") };
    let last = model::batch::Batches::new(bytes).last().unwrap().unwrap();
    assert_eq!(last.next_offset(), leader.status().end);
    let epoch = leader.status().epoch;
    let at_end = leader.fetch(leader.status().end, epoch, 1 << 20).unwrap();
    assert_eq!(at_end.fetched, Fetched::Batches(Bytes::new()));
    // A reader that has more than there is of this epoch, or an epoch that never was.
    let ahead = leader.fetch(leader.status().end.plus(5), epoch, 100).unwrap();
    assert_eq!(ahead.fetched, Fetched::Diverging { epoch, end: leader.status().end });
    let unknown = leader.fetch(Offset(3), LeaderEpoch(epoch.0 + 7), 100).unwrap();
    assert_eq!(unknown.fetched, Fetched::Diverging { epoch, end: leader.status().end });
    drop(leader);
    cluster.stop_and_compare().await;
}

#[tokio::test(start_paused = true)]
async fn strangers_are_refused() {
    use crate::raft::{Envelope, Message};
    let cluster = Cluster::started().await;
    let leader = cluster.leader().await;
    let envelope = Envelope {
        cluster: ClusterId(CLUSTER.into()),
        from: TWO,
        directory: Uuid::from_bytes([1; 16]),
        to: leader.node(),
    };
    let ask = |envelope: Envelope| Message::PreVote { term: 9, last: None }.encode(&envelope);
    let other = Envelope { cluster: ClusterId("other".into()), ..envelope.clone() };
    assert_eq!(leader.serve(&ask(other)).await.unwrap_err(), Refused::OtherCluster);
    let stranger = Envelope { from: NodeId(9), ..envelope.clone() };
    assert_eq!(leader.serve(&ask(stranger)).await.unwrap_err(), Refused::NoVoter);
    let astray = Envelope { to: NodeId(9), ..envelope.clone() };
    assert_eq!(leader.serve(&ask(astray)).await.unwrap_err(), Refused::OtherNode);
    assert!(matches!(leader.serve(b"GET / HTTP/1.1").await.unwrap_err(), Refused::Version(_)));
    assert!(leader.serve(&ask(envelope)).await.is_ok());
    drop(leader);
    cluster.stop_and_compare().await;
}
