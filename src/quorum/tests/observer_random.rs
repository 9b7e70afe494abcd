//! Random histories of controllers, with records that are lost in elections, and an observer that reads them with errors and
//! restarts: it tells of nothing but what was committed, in order, and ends with their log.

use std::collections::BTreeMap;
use std::io;

use super::kit::{Dice, LONG, dump};
use super::observer::{Copy, has};
use super::*;

/// How often it is asked before nothing happens any more.
const ASKS: u32 = 150;

/// What controllers did so far, as the present leader has it.
struct History {
    dice: Dice,
    epoch: i32,
    log: Vec<Written>,
    /// What a controller has that was overruled, and may lead again.
    rival: Vec<Written>,
    committed: i64,
    /// Whether the leader of this epoch knows what is committed.
    knows: bool,
    asks: u32,
    made: u32,
}

#[derive(Clone)]
struct Written {
    base: i64,
    end: i64,
    epoch: i32,
    names: Vec<String>,
    bytes: Bytes,
}

impl History {
    fn new(seed: u64) -> Self {
        let dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        Self { dice, epoch: 1, log: vec![], rival: vec![], committed: 0, knows: false, asks: 0, made: 0 }
    }

    fn end(&self) -> i64 {
        self.log.last().map_or(0, |last| last.end)
    }

    fn append(&mut self) {
        let names: Vec<String> = (0..=self.dice.below(3)).map(|at| format!("t{}-{at}", self.made)).collect();
        self.made += 1;
        let (base, epoch) = (self.end(), self.epoch);
        let bytes = observer::batch(base, epoch, &names.iter().map(String::as_str).collect::<Vec<_>>());
        self.log.push(Written { base, end: base + names.len() as i64, epoch, names, bytes });
    }

    /// Another leads, who has what was committed and perhaps not all of the rest.
    fn elect(&mut self) {
        let lost = self.log.iter().filter(|one| one.base >= self.committed).count() as u64;
        let keep = self.log.len() - self.dice.below(lost + 1) as usize;
        let before = self.log.clone();
        self.log.truncate(keep);
        // Another way: what is committed, and then what somebody wrote of whom the others never heard.
        let is_old = |one: &&Written| one.end <= self.committed;
        let has_all = self.rival.iter().filter(is_old).map(|one| &one.bytes).eq(self
            .log
            .iter()
            .filter(is_old)
            .map(|one| &one.bytes));
        let goes_on =
            self.rival.iter().find(|one| one.end > self.committed).is_some_and(|one| one.base == self.committed);
        if has_all && goes_on && self.dice.below(2) == 0 {
            self.log = std::mem::replace(&mut self.rival, before);
        } else if self.dice.below(2) == 0 {
            self.rival = before;
        }
        self.epoch += 1 + self.dice.below(2) as i32;
        self.knows = false;
    }

    /// Everything up to some batch of this epoch is committed (as in Raft, only a leader's own records count).
    fn commit(&mut self) {
        let more: Vec<i64> = self
            .log
            .iter()
            .filter(|one| one.end > self.committed && one.epoch == self.epoch)
            .map(|one| one.end)
            .collect();
        if !more.is_empty() {
            self.committed = more[self.dice.below(more.len() as u64) as usize];
            self.knows = true;
        }
    }

    fn step(&mut self) {
        match self.dice.below(8) {
            0 => self.elect(),
            1 | 2 => self.commit(),
            3..6 => self.append(),
            _ => {}
        }
    }

    /// The epoch of the last record before an offset.
    fn epoch_at(&self, end: i64) -> i32 {
        self.log.iter().rfind(|one| one.end <= end).map_or(0, |one| one.epoch)
    }

    /// Where an epoch ends, or the last one before it (`ReplicatedLog.validateOffsetAndEpoch`).
    fn end_of(&self, epoch: i32) -> (i32, i64) {
        let last = self.log.iter().rfind(|one| one.epoch <= epoch);
        last.map_or((0, 0), |last| (last.epoch, last.end))
    }

    fn answer(&mut self, from: i64, last_epoch: i32) -> Told {
        let known = self.end_of(last_epoch);
        let fetched = if known.0 != last_epoch || known.1 < from {
            Fetched::Diverging { epoch: LeaderEpoch(known.0), end: Offset(known.1) }
        } else {
            let most = 1 + self.dice.below(4) as usize;
            let rest = self.log.iter().filter(|one| one.end > from).take(most);
            let mut bytes = rest.flat_map(|one| one.bytes.iter().copied()).collect::<Vec<_>>();
            let first = self.log.iter().find(|one| one.end > from).map_or(0, |one| one.bytes.len());
            // The last one may be cut off.
            bytes.truncate(bytes.len() - self.dice.below((bytes.len() - first.min(bytes.len())) as u64 + 1) as usize);
            Fetched::Batches(bytes.into())
        };
        let high_watermark = Offset(if self.knows { self.committed } else { -1 });
        let fetch = Fetch { fetched, log_start: Offset(0), high_watermark };
        Told { leader: Some(NodeId(1 + self.epoch % 3)), epoch: LeaderEpoch(self.epoch), fetch }
    }
}

#[derive(Clone)]
struct Controllers(Arc<Mutex<History>>);

impl Source for Controllers {
    fn fetch(&self, from: Offset, last_epoch: LeaderEpoch, _: usize) -> Asked<'_, Told> {
        let mut history = self.0.lock();
        history.asks += 1;
        let answer = if history.asks > ASKS {
            // The last leader writes once more, and all of it is committed.
            if !history.knows || history.committed < history.end() {
                history.append();
                (history.committed, history.knows) = (history.end(), true);
            }
            Ok(history.answer(from.0, last_epoch.0))
        } else {
            history.step();
            match history.dice.below(12) {
                0 => Err(io::ErrorKind::ConnectionReset.into()),
                _ => Ok(history.answer(from.0, last_epoch.0)),
            }
        };
        let idle = history.asks > ASKS && from.0 == history.committed;
        drop(history);
        Box::pin(async move {
            if idle {
                host::task::sleep(std::time::Duration::from_millis(500)).await;
            }
            answer
        })
    }

    fn snapshot(&self, _: SnapshotId, _: u64, _: usize) -> Asked<'_, SnapshotPiece> {
        Box::pin(async { Err(io::ErrorKind::NotFound.into()) })
    }
}

async fn follow(seed: u64) {
    let history = Arc::new(Mutex::new(History::new(seed)));
    let copy = Copy::formatted(|config| {
        config.log.snapshot_bytes = 2_000;
        config.log.segment_bytes = 4_096;
        config.log.retention_bytes = [-1, 0][(seed % 2) as usize];
    });
    let mut all: BTreeMap<i64, Applied> = BTreeMap::new();
    let mut dice = Dice(seed + 77);
    loop {
        let until = history.lock().asks + 10 + dice.below(60) as u32;
        let (observer, image, applied) = copy.start(Controllers(history.clone())).await;
        assert!(*image == Image::default() || all.values().any(|known| known.image == image), "it was told of before");
        let first = image.topics().count();
        while history.lock().asks < until.min(ASKS + 1) && observer.status().failure.is_none() {
            host::task::sleep(std::time::Duration::from_millis(10)).await;
        }
        assert_eq!(observer.status().failure, None);
        let done = history.lock().asks > ASKS;
        if done {
            let end = Offset(history.lock().committed);
            has(&observer, end).await;
        }
        observer.shutdown().await;
        let applied = std::mem::take(&mut *applied.lock());
        assert!(applied.windows(2).all(|pair| pair[0].end < pair[1].end));
        assert!(applied.iter().all(|one| one.image.topics().count() > first), "it only grows");
        all.extend(applied.into_iter().map(|one| (one.end.0, one)));
        if done {
            break;
        }
    }
    let history = history.lock();
    for (end, Applied { image, epoch, .. }) in &all {
        let before: Vec<&String> =
            history.log.iter().take_while(|one| one.end <= *end).flat_map(|one| &one.names).collect();
        assert!(before.len() as i64 == *end, "{end} is no end of a committed batch");
        assert_eq!(image.topics().count(), before.len(), "at {end}");
        assert_eq!(history.epoch_at(*end), epoch.0, "at {end}");
        assert!(before.iter().all(|name| image.topic(name).is_some()), "at {end}");
    }
    let log = dump(&copy.metadata_dir());
    let from = log.first().map_or(history.end(), |(base, _)| *base);
    let theirs = history.log.iter().filter(|one| one.base >= from).map(|one| (one.base, one.bytes.to_vec()));
    assert!(log == theirs.collect::<Vec<_>>(), "the logs differ");
}

#[tokio::test(start_paused = true)]
async fn an_observer_tells_of_what_was_committed_only() {
    let seeds = std::env::var("OTTLA_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(12);
    let first = std::env::var("OTTLA_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    for seed in first..first + seeds {
        eprintln!("seed {seed}");
        host::task::timeout(LONG * 10, follow(seed)).await.expect("it ends");
    }
}
