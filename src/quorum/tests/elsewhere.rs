//! Three logs as another program's quorum may leave them: what was agreed on stays, what was not is told to nobody, and
//! whichever voters come first, all come together.

use std::collections::BTreeSet;
use std::time::Duration;

use host::task;

use super::kit::*;
use super::*;

/// One record of another program's, by its epoch and the topic it makes.
type Written = (i32, String);

fn written(epoch: i32, names: &[&str]) -> Vec<Written> {
    names.iter().map(|name| (epoch, (*name).to_owned())).collect()
}

/// Three voters that made a topic, were killed, and whose logs another program went on with.
struct Elsewhere {
    cluster: Cluster,
    /// The topics of which somebody told.
    told: BTreeSet<String>,
}

impl Elsewhere {
    /// `journals`: whether what Ottla had besides the log is still there.
    async fn new(theirs: [Vec<Written>; 3], epochs: [i32; 3], journals: [bool; 3]) -> Self {
        let mut cluster = Cluster::started().await;
        let leader = cluster.leader().await;
        register(&leader).await;
        create(&leader, "ours").await.unwrap();
        cluster.all_have(leader.status().end).await;
        drop(leader);
        // So that no epoch begins while one after the other dies.
        ALL.into_iter().for_each(|node| cluster.net.isolate(node));
        for node in ALL {
            cluster.kill(node).await;
        }
        cluster.net.heal();
        for (at, node) in ALL.into_iter().enumerate() {
            let dir = cluster.members[&node].dir.path().join(METADATA_DIR);
            if !journals[at] {
                forget(&dir);
            }
            write(&dir, &theirs[at]);
            let state = QuorumState {
                leader: NodeId::NONE,
                epoch: LeaderEpoch(epochs[at]),
                voted: NodeId::NONE,
                voted_directory: model::DirectoryId::ZERO,
                static_voters: Some(ALL.to_vec()),
            };
            state.write(&dir).unwrap();
        }
        Self { cluster, told: BTreeSet::new() }
    }

    async fn start(&mut self, node: NodeId) {
        self.cluster.start(node).await;
        self.look();
    }

    /// Notes what voters tell of.
    fn look(&mut self) {
        for quorum in self.cluster.running() {
            self.told.extend(quorum.watch().borrow().image.topics().map(|topic| topic.name.to_string()));
        }
    }

    /// A decision that all have.
    async fn decide(&mut self, name: &str) {
        for turn in 0..5 {
            let leader = self.cluster.leader().await;
            self.look();
            if let Ok(Ok(())) = task::timeout(LONG, create(&leader, &format!("{name}-{turn}"))).await {
                let end = leader.status().end;
                drop(leader);
                self.cluster.all_have(end).await;
                self.look();
                return;
            }
        }
        panic!("nothing is decided");
    }

    /// All are there and have one log, with all of `agreed`, and with all that anybody ever told of.
    async fn come_together(mut self, agreed: &[String]) -> Image {
        for node in ALL {
            if self.cluster.members[&node].running.is_none() {
                self.start(node).await;
            }
        }
        self.decide("together").await;
        let Self { mut cluster, told } = self;
        // A restart goes on from there.
        for node in ALL {
            cluster.kill(node).await;
            cluster.start(node).await;
        }
        let end = cluster.leader().await.status().end;
        cluster.all_have(end).await;
        let image = cluster.stop_and_compare().await;
        for name in agreed.iter().chain(&told) {
            assert!(image.topic(name).is_some(), "{name} is lost");
        }
        image
    }
}

/// Takes away what is Ottla's own.
fn forget(dir: &Path) {
    for file in host::fs::list_dir(dir).unwrap().into_iter().filter(|file| file.name.starts_with("raft-")) {
        host::fs::remove_file(&file.path).unwrap();
    }
}

/// Writes as another program does, in epochs of its own.
fn write(dir: &Path, records: &[Written]) {
    let log = log::MetadataLog::open(dir, &MetadataLogConfig::default(), host::clock::now()).unwrap();
    for (epoch, name) in records {
        let mut id = [0; 16];
        // The same on every node.
        id.iter_mut().zip(name.bytes().chain(std::iter::repeat(b'.'))).for_each(|(to, from)| *to = from);
        let record = metadata::records::TopicRecord {
            name: name.as_str().into(),
            topic_id: Uuid::from_bytes(id),
            ..Default::default()
        };
        let encoded = [metadata::Record::from(record).encode(MetadataVersion::LATEST).unwrap()];
        let epoch = LeaderEpoch(*epoch);
        let made = batches::record_batches(log.end(), epoch, model::Timestamp(7), encoded, (1 << 20, 100)).unwrap();
        made.into_iter().for_each(|batch| log.append(batch).unwrap());
    }
    log.close().unwrap();
}

fn names(records: &[Written]) -> Vec<String> {
    records.iter().map(|(_, name)| name.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_longest_log_wins_and_one_that_lacks_it_gets_it() {
    for journals in [[true; 3], [false; 3], [false, true, false]] {
        let full = written(9, &["a", "bb"]);
        let mut all = Elsewhere::new([full.clone(), full.clone(), vec![]], [9; 3], journals).await;
        for node in ALL {
            all.start(node).await;
        }
        let leader = all.cluster.leader().await;
        assert_ne!(leader.node(), THREE, "it lacks what a majority has");
        assert!(leader.status().epoch > LeaderEpoch(9));
        drop(leader);
        let mut agreed = names(&full);
        agreed.push("ours".to_owned());
        all.come_together(&agreed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_comes_late_with_more_of_the_same_epoch_is_cut() {
    for last in [written(9, &["a", "bb"]), written(9, &["a", "bb", "c", "d", "e", "f"])] {
        let mut all = Elsewhere::new([written(9, &["a"]), written(9, &["a"]), last], [9; 3], [true; 3]).await;
        all.start(ONE).await;
        all.start(TWO).await;
        all.decide("before").await;
        let image = all.come_together(&["ours".to_owned(), "a".to_owned()]).await;
        assert!(image.topic("bb").is_none(), "no majority had it, and another way was gone");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_comes_late_with_a_newer_epoch_is_cut() {
    let newer = [written(9, &["a"]), written(12, &["x", "y"])].concat();
    let old = written(9, &["a", "bb"]);
    let mut all = Elsewhere::new([old.clone(), old.clone(), newer], [12; 3], [true; 3]).await;
    all.start(ONE).await;
    all.start(TWO).await;
    all.decide("before").await;
    let image = all.come_together(&names(&old)).await;
    assert!(image.topic("x").is_none());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_told_and_nothing_is_cut_before_it_is_agreed_on() {
    let theirs = [written(9, &["a"]), written(9, &["a"]), written(9, &["a", "bb"])];
    let mut all = Elsewhere::new(theirs, [9; 3], [true; 3]).await;
    all.start(THREE).await;
    let dir = all.cluster.members[&THREE].dir.path().join(METADATA_DIR);
    task::sleep(Duration::from_secs(10)).await;
    all.look();
    assert!(all.told.is_empty(), "{:?}", all.told);
    all.cluster.kill(THREE).await;
    let before = dump(&dir);
    for node in [ONE, TWO] {
        all.start(node).await;
    }
    all.decide("without").await;
    // It hears a leader with another log, but nothing of what that one has comes through to its end.
    assert_eq!(dump(&dir), before);
    all.come_together(&["a".to_owned()]).await;
}

#[tokio::test(start_paused = true)]
async fn the_other_program_may_come_back_before_it_is_agreed_on() {
    let theirs = [written(9, &["a"]), written(9, &["a"]), written(9, &["a", "bb"])];
    let mut all = Elsewhere::new(theirs, [9; 3], [true; 3]).await;
    all.start(ONE).await;
    task::sleep(Duration::from_secs(3)).await;
    all.cluster.kill(ONE).await;
    for node in ALL {
        let dir = all.cluster.members[&node].dir.path().join(METADATA_DIR);
        let more =
            if node == THREE { written(11, &["more"]) } else { [written(9, &["bb"]), written(11, &["more"])].concat() };
        write(&dir, &more);
    }
    all.come_together(&["a".to_owned(), "bb".to_owned(), "more".to_owned()]).await;
}

#[tokio::test(start_paused = true)]
async fn a_voter_with_nothing_but_a_snapshot_comes_together_with_the_others() {
    let full = written(9, &["a", "bb"]);
    let mut all = Elsewhere::new([full.clone(), full.clone(), written(9, &["a"])], [9; 3], [false; 3]).await;
    // The third has a snapshot of all there is, as one that was fetched, and no log.
    let (one, three) = (ONE, THREE);
    let dir = |node: NodeId| all.cluster.members[&node].dir.path().join(METADATA_DIR);
    let log = log::MetadataLog::open(&dir(one), &MetadataLogConfig::default(), host::clock::now()).unwrap();
    let (end, mut records) = (log.end(), Vec::new());
    log.for_each(Offset(0), |_, _, entry| {
        if let batches::Entry::Record(record) = entry {
            records.push(Bytes::copy_from_slice(record));
        }
        Ok(())
    })
    .unwrap();
    log.close().unwrap();
    let id = SnapshotId { epoch: LeaderEpoch(9), end };
    let times = (model::Timestamp(7), model::Timestamp(7));
    snapshot::write(&dir(three), id, times, &Default::default(), records).unwrap();
    all.start(THREE).await;
    all.look();
    assert!(all.told.contains("bb"), "a snapshot is agreed on for certain");
    all.start(ONE).await;
    all.decide("two").await;
    all.come_together(&names(&full)).await;
}

/// What a quorum of another program may do: who leads, what it writes and who has got it, as Raft allows it.
struct Others {
    logs: [Vec<Written>; 3],
    epochs: [i32; 3],
    agreed: Vec<String>,
}

impl Others {
    fn play(dice: &mut Dice) -> Self {
        let mut all = Self { logs: Default::default(), epochs: [5; 3], agreed: Vec::new() };
        let mut count = 0;
        for _ in 0..1 + dice.below(4) {
            let (leader, friend) = (dice.below(3) as usize, dice.below(3) as usize);
            let rank = |at: usize| (all.logs[at].last().map(|last| last.0), all.logs[at].len());
            if friend == leader || rank(friend) > rank(leader) {
                continue;
            }
            let epoch = all.epochs[leader].max(all.epochs[friend]) + 1 + dice.below(2) as i32;
            (all.epochs[leader], all.epochs[friend]) = (epoch, epoch);
            for _ in 0..dice.below(4) {
                count += 1;
                all.logs[leader].push((epoch, format!("t{count}-{epoch}")));
            }
            for follower in (0..3).filter(|at| *at != leader) {
                // It fetched so far, or not at all.
                let upto = dice.below(all.logs[leader].len() as u64 + 1) as usize;
                let shared = all.logs[leader].iter().zip(&all.logs[follower]).take_while(|(a, b)| a == b).count();
                if dice.below(3) == 0 || upto < shared {
                    continue;
                }
                all.epochs[follower] = epoch;
                let cut = shared < all.logs[follower].len();
                // A follower cuts what the leader does not have only when it gets on, or finds that it has nothing more.
                if !cut || upto > shared {
                    all.logs[follower] = all.logs[leader][..upto].to_vec();
                }
                // Agreed on is what a majority has, with something of the leader's own epoch at its end.
                if all.logs[follower].last().is_some_and(|last| last.0 == epoch) {
                    all.agreed.extend(names(&all.logs[follower]));
                }
            }
        }
        all
    }
}

async fn history(seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let others = Others::play(&mut dice);
    eprintln!("seed {seed}: {:?}, agreed {:?}", others.logs, others.agreed);
    let journals = [(); 3].map(|()| dice.below(3) > 0);
    let mut all = Elsewhere::new(others.logs, others.epochs, journals).await;
    all.cluster.net.trouble(seed + 1, [1, 5, 40][dice.below(3) as usize]);
    for _ in 0..12 {
        let node = ALL[dice.below(3) as usize];
        match dice.below(8) {
            0 | 1 => all.cluster.kill(node).await,
            2 => all.cluster.net.isolate(node),
            3 => all.cluster.net.cut(node, ALL[dice.below(3) as usize]),
            4 => all.cluster.net.heal(),
            _ => {
                if all.cluster.members[&node].running.is_none() {
                    all.start(node).await;
                }
            }
        }
        task::sleep(Duration::from_millis(dice.below(1_200))).await;
        all.look();
    }
    all.cluster.net.heal();
    all.come_together(&others.agreed).await;
}

#[tokio::test(start_paused = true)]
async fn whatever_another_quorum_left_comes_together() {
    let seeds = std::env::var("OTTLA_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let first = std::env::var("OTTLA_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    for seed in first..first + seeds {
        history(seed).await;
    }
}
