//! A node that is no controller, and what it makes of what controllers answer, and of what no controller would.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use host::task;
use metadata::records::TopicRecord;
use model::Timestamp;

use super::kit::*;
use super::*;

const OBSERVER: NodeId = NodeId(50);

/// The directory of a node that is no controller.
pub(super) struct Copy {
    dir: tempfile::TempDir,
    config: ObserverConfig,
}

impl Copy {
    pub(super) fn formatted(change: impl FnOnce(&mut ObserverConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let what = Format {
            cluster_id: ClusterId(CLUSTER.into()),
            node_id: OBSERVER,
            log_dirs: vec![dir.path().to_owned()],
            metadata_log_dir: None,
            standalone: None,
            ignore_formatted: false,
            features: Vec::new(),
        };
        format(&what, host::clock::now()).unwrap();
        let mut config = ObserverConfig {
            node_id: OBSERVER,
            dir: dir.path().to_owned(),
            static_voters: ALL.to_vec(),
            log: MetadataLogConfig::default(),
            fetch_max_bytes: 1 << 20,
            snapshot_max_bytes: 1 << 20,
        };
        change(&mut config);
        Self { dir, config }
    }

    pub(super) fn metadata_dir(&self) -> PathBuf {
        self.dir.path().join(METADATA_DIR)
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> =
            host::fs::list_dir(self.metadata_dir()).unwrap().into_iter().map(|file| file.name).collect();
        names.sort();
        names
    }

    pub(super) async fn start(&self, source: impl Source) -> (Observer, Arc<Image>, Arc<Mutex<Vec<Applied>>>) {
        let seen: Arc<Mutex<Vec<Applied>>> = Arc::default();
        let applied = seen.clone();
        let on_applied = move |one: &Applied| seen.lock().push(one.clone());
        let (observer, image) = Observer::start(self.config.clone(), None, Arc::new(source), on_applied).await.unwrap();
        (observer, image, applied)
    }
}

pub(super) async fn has(observer: &Observer, end: Offset) {
    let mut status = observer.watch_status();
    let got = status.wait_for(|status| status.end >= end || status.failure.is_some());
    let status = task::timeout(LONG, got).await.expect("it gets there").unwrap().clone();
    assert_eq!(status.failure, None);
    assert_eq!(observer.watch().borrow().end, status.end);
}

async fn reason(observer: &Observer) -> String {
    task::timeout(LONG, observer.failed()).await.expect("it fails").to_string()
}

/// Reads from whoever is the active controller.
struct Controllers<F>(F);

impl<F: Fn() -> Option<Arc<Quorum>> + Send + Sync + 'static> Controllers<F> {
    fn active(&self) -> io::Result<Arc<Quorum>> {
        (self.0)().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl<F: Fn() -> Option<Arc<Quorum>> + Send + Sync + 'static> Source for Controllers<F> {
    fn fetch(&self, from: Offset, last_epoch: LeaderEpoch, max_bytes: usize) -> Asked<'_, Told> {
        Box::pin(async move {
            let quorum = self.active()?;
            let mut status = quorum.watch_status();
            let more = status.wait_for(|status| status.end > from || !status.active);
            if let Ok(ended) = task::timeout(Duration::from_millis(500), more).await {
                ended.map_err(io::Error::other)?;
            }
            let epoch = quorum.status().epoch;
            let fetch = quorum.fetch(from, last_epoch, max_bytes).map_err(io::Error::other)?;
            Ok(Told { leader: Some(quorum.node()), epoch, fetch })
        })
    }

    fn snapshot(&self, id: SnapshotId, position: u64, max_bytes: usize) -> Asked<'_, SnapshotPiece> {
        Box::pin(async move { self.active()?.fetch_snapshot(id, position, max_bytes).map_err(io::Error::other) })
    }
}

fn of(cluster: &Cluster) -> impl Source + use<> {
    let net = cluster.net.clone();
    Controllers(move || net.active())
}

fn nobody() -> impl Source {
    Controllers(|| None)
}

/// Compares logs over all that the first has.
fn assert_copied(copy: &[(i64, Vec<u8>)], original: &[(i64, Vec<u8>)], end: Offset) {
    let (from, upto) = (copy.first().unwrap().0, copy.last().unwrap().0);
    let same: Vec<_> = original.iter().filter(|(base, _)| (from..=upto).contains(base)).cloned().collect();
    assert!(copy == same, "the logs differ");
    assert!(model::batch::Batch::first(&copy.last().unwrap().1).unwrap().next_offset() >= end);
}

#[tokio::test(start_paused = true)]
async fn it_follows_from_leader_to_leader_and_has_their_log() {
    let mut cluster = Cluster::started().await;
    // Small answers, so that batches are cut off in the middle of the log.
    let copy = Copy::formatted(|config| config.fetch_max_bytes = 700);
    let (observer, image, applied) = copy.start(of(&cluster)).await;
    assert_eq!(*image, Image::default());
    for round in 0..4 {
        let leader = cluster.leader().await;
        if round == 0 {
            register(&leader).await;
        }
        for topic in 0..5 {
            create(&leader, &format!("t{round}-{topic}")).await.unwrap();
        }
        has(&observer, leader.status().end).await;
        assert_eq!(observer.watch().borrow().image, leader.watch().borrow().image);
        let status = observer.status();
        assert_eq!((status.leader, status.epoch), (Some(leader.node()), leader.status().epoch));
        assert!(!status.active);
        let state = QuorumState::read(&copy.metadata_dir()).unwrap().unwrap();
        assert_eq!((state.leader, state.epoch, state.voted), (leader.node(), leader.status().epoch, NodeId::NONE));
        assert_eq!(state.static_voters, Some(ALL.to_vec()));
        let node = leader.node();
        drop(leader);
        cluster.kill(node).await;
        cluster.leader_among(&ALL.into_iter().filter(|other| *other != node).collect::<Vec<_>>()).await;
        cluster.start(node).await;
    }
    let end = cluster.leader().await.status().end;
    has(&observer, end).await;
    observer.shutdown().await;
    let ends: Vec<i64> = applied.lock().iter().map(|one| one.end.0).collect();
    assert!(ends.windows(2).all(|pair| pair[0] < pair[1]), "each image once, in order: {ends:?}");
    assert_eq!(applied.lock().last().unwrap().image.topics().count(), 20);
    assert!(copy.files().iter().all(|name| !name.starts_with("raft-")), "{:?}", copy.files());
    cluster.all_have(end).await;
    for node in ALL {
        cluster.stop(node).await;
        assert_copied(&dump(&copy.metadata_dir()), &dump(&cluster.members[&node].dir.path().join(METADATA_DIR)), end);
    }
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_after_a_restart_and_a_torn_tail() {
    let cluster = Cluster::started().await;
    let copy = Copy::formatted(|_| {});
    let leader = cluster.leader().await;
    register(&leader).await;
    create(&leader, "one").await.unwrap();
    let (observer, ..) = copy.start(of(&cluster)).await;
    has(&observer, leader.status().end).await;
    let before = observer.watch().borrow().clone();
    observer.shutdown().await;
    assert!(copy.config.dir.join(METADATA_DIR).join("00000000000000000000.log").exists());

    // Without anybody who says what is committed, nothing is; and a wait of any length does no harm.
    let (observer, image, applied) = copy.start(nobody()).await;
    assert_eq!(*image, Image::default());
    task::sleep(Duration::from_secs(30)).await;
    let status = observer.status();
    assert_eq!((status.leader, status.epoch, status.end, status.failure), (None, before.epoch, Offset(0), None));
    assert!(applied.lock().is_empty());
    observer.shutdown().await;

    let path = copy.metadata_dir().join("00000000000000000000.log");
    let file = host::fs::File::open_append_rw(&path).unwrap();
    file.set_len(file.len().unwrap() - 5).unwrap();
    drop(file);
    let (observer, ..) = copy.start(of(&cluster)).await;
    has(&observer, before.end).await;
    assert_eq!(observer.watch().borrow().image, before.image);
    create(&leader, "two").await.unwrap();
    let end = leader.status().end;
    has(&observer, end).await;
    observer.shutdown().await;
    let node = leader.node();
    drop(leader);
    let mut cluster = cluster;
    cluster.stop(node).await;
    assert_copied(&dump(&copy.metadata_dir()), &dump(&cluster.members[&node].dir.path().join(METADATA_DIR)), end);
}

/// A quorum of one whose log begins behind a snapshot.
async fn with_snapshot() -> (Node, Arc<Quorum>) {
    let mut node = Node::formatted(true);
    node.config.log.snapshot_bytes = 2_000;
    node.config.log.segment_bytes = 4_096;
    node.config.log.retention_bytes = 0;
    let (quorum, ..) = node.start().await;
    register(&quorum).await;
    for topic in 0..80 {
        create(&quorum, &format!("topic-{topic}")).await.unwrap();
    }
    quorum.shutdown().await;
    let (quorum, ..) = node.start().await;
    create(&quorum, "more").await.unwrap();
    (node, Arc::new(quorum))
}

/// What the latest snapshot of a directory amounts to.
fn snapshotted(dir: &Path, id: SnapshotId) -> Image {
    start::replay_snapshot(dir, Some(id)).unwrap().image
}

#[tokio::test(start_paused = true)]
async fn a_new_node_begins_with_a_snapshot() {
    let (node, quorum) = with_snapshot().await;
    // In many pieces, every third of which does not come.
    let copy = Copy::formatted(|config| {
        config.snapshot_max_bytes = 1_000;
        config.static_voters = vec![];
    });
    let (times, served) = (Mutex::new(0), quorum.clone());
    let source = Controllers(move || {
        let mut times = times.lock();
        *times += 1;
        (*times % 3 != 0).then(|| served.clone())
    });
    let (observer, image, applied) = copy.start(source).await;
    assert_eq!(*image, Image::default());
    has(&observer, quorum.status().end).await;
    assert_eq!(observer.watch().borrow().image, quorum.watch().borrow().image);
    create(&quorum, "behind").await.unwrap();
    let end = quorum.status().end;
    has(&observer, end).await;
    observer.shutdown().await;
    let id = quorum.latest_snapshot().unwrap();
    assert_eq!(applied.lock()[0].end, id.end, "first the snapshot, then what comes behind it");
    let name = id.file_name();
    let (ours, theirs) = (copy.metadata_dir().join(&name), node.metadata_dir().join(&name));
    assert_eq!(host::fs::read(ours).unwrap(), host::fs::read(theirs).unwrap());
    assert!(copy.files().iter().all(|name| !name.ends_with(".part")), "{:?}", copy.files());
    let state = QuorumState::read(&copy.metadata_dir()).unwrap().unwrap();
    assert_eq!((state.leader, state.static_voters), (NODE, None), "the voters are dynamic");

    // The snapshot is there after a restart, alone.
    let (observer, image, _) = copy.start(nobody()).await;
    assert_eq!((&*image, observer.status().end), (&snapshotted(&node.metadata_dir(), id), id.end));
    observer.shutdown().await;
    quorum.shutdown().await;
    let (log, original) = (dump(&copy.metadata_dir()), dump(&node.metadata_dir()));
    assert_eq!(log[0].0, id.end.0);
    assert_copied(&log, &original, end);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_came_in_just_before_a_crash_takes_the_place_of_the_log() {
    let (node, quorum) = with_snapshot().await;
    let id = quorum.latest_snapshot().unwrap();
    // The log has less, or more that was never committed, in an epoch that lost.
    for (records, epoch) in [(5, 1), (id.end.0 + 9, 1), (id.end.0 + 9, 7), (5, 7)] {
        let copy = Copy::formatted(|_| {});
        host::fs::create_dir_all(copy.metadata_dir()).unwrap();
        let log = log::MetadataLog::open(&copy.metadata_dir(), &copy.config.log, host::clock::now()).unwrap();
        log.append(batch(0, epoch, &vec!["lost"; records as usize])).unwrap();
        log.close().unwrap();
        let bytes = host::fs::read(node.metadata_dir().join(id.file_name())).unwrap();
        host::fs::write_atomically(copy.metadata_dir().join(id.file_name()), &bytes).unwrap();
        let (observer, image, _) = copy.start(nobody()).await;
        assert_eq!((&*image, observer.status().end), (&snapshotted(&node.metadata_dir(), id), id.end));
        observer.shutdown().await;
        let keeps = records > id.end.0 && epoch == id.epoch.0;
        assert_eq!(dump(&copy.metadata_dir()).is_empty(), !keeps, "{records} records of epoch {epoch}");
    }
    quorum.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn it_takes_snapshots_of_its_own_and_lets_old_log_go() {
    let (_node, quorum) = with_snapshot().await;
    let copy = Copy::formatted(|config| {
        config.log.snapshot_bytes = 2_000;
        config.log.segment_bytes = 4_096;
        config.log.retention_bytes = 0;
    });
    let served = quorum.clone();
    let (observer, ..) = copy.start(Controllers(move || Some(served.clone()))).await;
    for topic in 0..60 {
        create(&quorum, &format!("later-{topic}")).await.unwrap();
        has(&observer, quorum.status().end).await;
    }
    observer.shutdown().await;
    let ids = snapshot::list(&copy.metadata_dir()).unwrap();
    assert!(matches!(ids.as_slice(), [only] if only.end.0 > 200), "all but the latest are removed: {ids:?}");
    let (observer, image, _) = copy.start(nobody()).await;
    assert_eq!(observer.status().end, ids[0].end);
    assert!(image.topics().count() > 100);
    observer.shutdown().await;
    assert!(dump(&copy.metadata_dir())[0].0 > 0);
    quorum.shutdown().await;
}

/// Records of topics as a leader would write them.
pub(super) fn batch(base: i64, epoch: i32, names: &[&str]) -> Bytes {
    let record = |name: &&str| {
        let record = TopicRecord { name: (*name).into(), topic_id: host::dice::uuid(), ..Default::default() };
        metadata::Record::from(record).encode(MetadataVersion::LATEST).unwrap()
    };
    let records: Vec<_> = names.iter().map(record).collect();
    let limits = (1 << 20, i32::MAX);
    batches::record_batches(Offset(base), LeaderEpoch(epoch), Timestamp(7), records, limits).unwrap().remove(0)
}

fn told(epoch: i32, high_watermark: i64, fetched: Fetched) -> io::Result<Told> {
    let fetch = Fetch { fetched, log_start: Offset(0), high_watermark: Offset(high_watermark) };
    Ok(Told { leader: Some(ONE), epoch: LeaderEpoch(epoch), fetch })
}

fn batches(epoch: i32, high_watermark: i64, bytes: &[&Bytes]) -> io::Result<Told> {
    let bytes: Vec<u8> = bytes.iter().flat_map(|bytes| bytes.iter().copied()).collect();
    told(epoch, high_watermark, Fetched::Batches(bytes.into()))
}

fn diverging(epoch: i32, of: i32, end: i64) -> io::Result<Told> {
    told(epoch, -1, Fetched::Diverging { epoch: LeaderEpoch(of), end: Offset(end) })
}

/// Answers what is written here, in this order, and then nothing; keeps what it was asked.
#[derive(Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<io::Result<Told>>>>,
    pieces: Mutex<VecDeque<io::Result<SnapshotPiece>>>,
    /// From where, behind which epoch, at what millisecond.
    asked: Asks,
}

type Asks = Arc<Mutex<Vec<(i64, i32, i64)>>>;

fn places(asked: &Asks) -> Vec<(i64, i32)> {
    asked.lock().iter().map(|(from, epoch, _)| (*from, *epoch)).collect()
}

impl Script {
    fn new(answers: Vec<io::Result<Told>>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into())), ..Self::default() }
    }
}

impl Source for Script {
    fn fetch(&self, from: Offset, last_epoch: LeaderEpoch, _: usize) -> Asked<'_, Told> {
        let now = host::clock::uptime().0;
        self.asked.lock().push((from.0, last_epoch.0, now));
        let answer = self.answers.lock().pop_front();
        Box::pin(async move {
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    }

    fn snapshot(&self, _: SnapshotId, _: u64, _: usize) -> Asked<'_, SnapshotPiece> {
        let answer = self.pieces.lock().pop_front();
        Box::pin(async move { answer.unwrap_or_else(|| Err(io::ErrorKind::NotFound.into())) })
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_never_committed_is_taken_back() {
    let (first, lost, also_lost) =
        (batch(0, 1, &["a", "b"]), batch(2, 1, &["lost", "lost too"]), batch(4, 2, &["all lost"]));
    let (instead, last) = (batch(2, 3, &["instead"]), batch(3, 4, &["last"]));
    let script = Script::new(vec![
        // What is cut off comes again.
        batches(1, -1, &[&first, &lost.slice(..lost.len() - 1)]),
        // A high watermark in the middle of a batch commits nothing of it.
        batches(1, 1, &[&lost]),
        batches(1, 3, &[]),
        batches(2, -1, &[&also_lost]),
        // The leader of epoch 3 has never heard of epoch 2, and less of epoch 1.
        diverging(3, 1, 2),
        batches(3, 2, &[&instead]),
        batches(4, 4, &[&last]),
    ]);
    let asked = script.asked.clone();
    let copy = Copy::formatted(|_| {});
    let (observer, _, applied) = copy.start(script).await;
    has(&observer, Offset(4)).await;
    assert_eq!(observer.status().epoch, LeaderEpoch(4));
    observer.shutdown().await;
    let seen: Vec<(i64, i32, usize)> =
        applied.lock().iter().map(|one| (one.end.0, one.epoch.0, one.image.topics().count())).collect();
    assert_eq!(seen, [(2, 1, 2), (4, 4, 4)]);
    let image = applied.lock().last().unwrap().image.clone();
    assert!(image.topic("instead").is_some() && image.topic("lost").is_none());
    assert_eq!(places(&asked)[..7], [(0, 0), (2, 1), (4, 1), (4, 1), (5, 2), (2, 1), (3, 3)]);
    let expected = [(0, first.to_vec()), (2, instead.to_vec()), (3, last.to_vec())];
    assert_eq!(dump(&copy.metadata_dir()), expected);
}

#[tokio::test(start_paused = true)]
async fn logs_part_where_an_epoch_is_unknown_here_or_a_batch_goes_as_a_whole() {
    let (first, lost, also_lost) = (batch(0, 1, &["a", "b"]), batch(2, 3, &["c", "d"]), batch(4, 3, &["e"]));
    let written = batches(3, 2, &[&first, &lost, &also_lost]);
    let instead = batch(2, 5, &["instead"]);
    // Epoch 2 wrote up to 6 there, and nothing here; or the leader says something that is no batch's end here.
    for (parting, to) in [(diverging(5, 2, 6), (2, 1)), (diverging(5, 3, 3), (2, 1)), (diverging(5, 3, 4), (4, 3))] {
        let again = if to.0 == 2 { batches(5, 3, &[&instead]) } else { batches(5, 5, &[&batch(4, 5, &["f"])]) };
        let script = Script::new(vec![written.as_ref().map(Told::clone).map_err(|_| unreachable!()), parting, again]);
        let (asked, copy) = (script.asked.clone(), Copy::formatted(|_| {}));
        let (observer, ..) = copy.start(script).await;
        has(&observer, Offset(3)).await;
        assert_eq!(places(&asked)[..3], [(0, 0), (5, 3), to]);
        observer.shutdown().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_committed_is_never_taken_back() {
    let first = batch(0, 1, &["a", "b"]);
    let behind = SnapshotId { epoch: LeaderEpoch(3), end: Offset(1) };
    let snapshot = told(3, 9, Fetched::Snapshot(behind));
    for other_way in [diverging(3, 1, 1), diverging(3, 0, 0), snapshot] {
        let copy = Copy::formatted(|_| {});
        let (observer, ..) = copy.start(Script::new(vec![batches(1, 2, &[&first]), other_way])).await;
        let reason = reason(&observer).await;
        assert!(reason.contains("another way") && reason.contains("remove"), "{reason}");
        assert!(reason.contains(METADATA_DIR), "{reason}");
        assert_eq!(observer.status().end, Offset(2));
        observer.shutdown().await;
        assert_eq!(dump(&copy.metadata_dir()), [(0, first.to_vec())]);
    }
    // A record that this version does not know stops it, and is told of.
    let unknown = [Bytes::from_static(&[1, 0xff, 0x7f, 0])];
    let unknown =
        batches::record_batches(Offset(0), LeaderEpoch(1), Timestamp(7), unknown, (100, 9)).unwrap().remove(0);
    let copy = Copy::formatted(|_| {});
    let (observer, ..) = copy.start(Script::new(vec![batches(1, 1, &[&unknown])])).await;
    let reason = reason(&observer).await;
    assert!(reason.contains("the metadata record at offset 0 cannot be read"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn garbage_is_not_let_in() {
    let (first, next) = (batch(0, 2, &["a"]), batch(1, 2, &["b"]));
    let spoilt = |at: usize| {
        let mut bytes = next.to_vec();
        bytes[at] ^= 1;
        Bytes::from(bytes)
    };
    let whole = next.len();
    let script = Script::new(vec![
        batches(2, 1, &[&first]),
        Err(io::ErrorKind::ConnectionReset.into()),
        batches(2, 9, &[&spoilt(whole - 1)]),
        batches(2, 9, &[&spoilt(16)]),
        batches(2, 9, &[&next.slice(..whole - 1)]),
        batches(2, 9, &[&Bytes::from_static(b"GET / HTTP/1.1\r\n\r\n      ")]),
        batches(2, 9, &[&first]),
        batches(2, 9, &[&batch(2, 2, &["gap"])]),
        batches(2, 9, &[&next, &batch(3, 2, &["gap"])]),
        batches(2, 9, &[&batch(1, 3, &["of no epoch yet"])]),
        batches(2, 9, &[&batch(1, 1, &["of before"])]),
        diverging(2, 2, 5),
        told(2, 9, Fetched::Snapshot(SnapshotId { epoch: LeaderEpoch(-1), end: Offset(-1) })),
        // It is well again, and there is a new leader; the old one has not heard of that.
        batches(3, 1, &[]),
        batches(2, 9, &[&batch(1, 2, &["of a deposed leader"])]),
        batches(3, 2, &[&next]),
    ]);
    let copy = Copy::formatted(|_| {});
    let asked = script.asked.clone();
    let (observer, _, applied) = copy.start(script).await;
    has(&observer, Offset(2)).await;
    assert_eq!(observer.status().leader, Some(ONE));
    observer.shutdown().await;
    assert_eq!(applied.lock().iter().map(|one| one.end.0).collect::<Vec<_>>(), [1, 2]);
    assert!(places(&asked)[1..16].iter().all(|place| *place == (1, 2)), "{:?}", places(&asked));
    // It waits longer each time, up to a second, and begins anew when it was well.
    let waits = [0, 50, 100, 200, 400, 800, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 0, 50];
    let at: Vec<i64> = asked.lock().iter().map(|asked| asked.2).collect();
    for (gap, longest) in at.windows(2).map(|pair| pair[1] - pair[0]).zip(waits) {
        assert!((longest / 2..=longest + 2).contains(&gap), "{gap} ms where it should be {longest}: {at:?}");
    }
    assert_eq!(dump(&copy.metadata_dir()), [(0, first.to_vec()), (1, next.to_vec())]);
}

#[tokio::test(start_paused = true)]
async fn half_a_snapshot_is_none() {
    let (node, quorum) = with_snapshot().await;
    let id = quorum.latest_snapshot().unwrap();
    quorum.shutdown().await;
    let bytes = Bytes::from(host::fs::read(node.metadata_dir().join(id.file_name())).unwrap());
    let (size, half) = (bytes.len() as u64, bytes.len() / 2);
    let spoilt = {
        let mut bytes = bytes.to_vec();
        bytes[half + 7] ^= 1;
        Bytes::from(bytes)
    };
    let piece = |bytes: Bytes, size: u64| Ok(SnapshotPiece { size, bytes });
    let pieces = vec![
        piece(Bytes::new(), size),
        piece(bytes.clone(), size - 1),
        piece(bytes.slice(..half), size),
        piece(bytes.slice(half..), size + 1),
        piece(bytes.slice(..half), half as u64),
        piece(spoilt, size),
        Err(io::ErrorKind::NotFound.into()),
        piece(bytes.slice(..half), size),
        Err(io::ErrorKind::ConnectionReset.into()),
        // It is gone on with.
        piece(bytes.slice(half..), size),
    ];
    let answer = || told(9, id.end.0, Fetched::Snapshot(id));
    let script =
        Script { pieces: Mutex::new(pieces.into()), ..Script::new(vec![batches(1, 1, &[&batch(0, 1, &["old"])])]) };
    script.answers.lock().extend((0..8).map(|_| answer()));
    let left = script.answers.clone();
    let copy = Copy::formatted(|_| {});
    let (observer, _, applied) = copy.start(script).await;
    has(&observer, id.end).await;
    assert_eq!(*observer.watch().borrow().image, snapshotted(&node.metadata_dir(), id));
    assert_eq!(applied.lock().iter().map(|one| one.end).collect::<Vec<_>>(), [Offset(1), id.end]);
    assert!(left.lock().is_empty(), "each bad piece is seen as soon as it comes");
    observer.shutdown().await;
    assert_eq!(snapshot::list(&copy.metadata_dir()).unwrap(), [id]);
    // The log goes on behind it.
    let logs: Vec<_> = copy.files().into_iter().filter(|name| name.ends_with(".log")).collect();
    assert_eq!(logs, [format!("{:020}.log", id.end.0)]);
}

#[tokio::test]
async fn a_directory_must_be_the_observers_own() {
    let copy = Copy::formatted(|_| {});
    let start =
        |config: ObserverConfig| async { Observer::start(config, None, Arc::new(nobody()), |_| {}).await.err() };
    let (observer, ..) = copy.start(nobody()).await;
    assert!(matches!(start(copy.config.clone()).await, Some(StartError::Lock(_))));
    observer.shutdown().await;
    let other = ObserverConfig { node_id: NodeId(8), ..copy.config.clone() };
    assert!(matches!(start(other).await, Some(StartError::OtherNode(_, OBSERVER))));
    let empty = tempfile::tempdir().unwrap();
    let bare = ObserverConfig { dir: empty.path().to_owned(), ..copy.config.clone() };
    assert!(matches!(start(bare).await, Some(StartError::NotFormatted(_))));
}
