//! openraft's own tests of a storage, and the journal cut at every byte.

use std::sync::Arc;

use model::{LeaderEpoch, Offset, Timestamp};
use openraft::testing::{StoreBuilder, Suite};
use openraft::{EntryPayload, StorageError};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::*;
use crate::batches;
use crate::cleaner::Snapshots;
use crate::control::Control;
use crate::handle::Status;
use crate::ledger::{Found, Ledger};
use crate::log::MetadataLog;
use crate::publish::Publish;
use crate::settings::MetadataLogConfig;

struct Fresh;

fn ledger(dir: &std::path::Path) -> Ledger {
    let config = MetadataLogConfig::default();
    let log = MetadataLog::open(dir, &config, Timestamp(0)).unwrap();
    let snapshots = Snapshots::new(dir, &config, vec![], host::clock::monotonic());
    let found = Found {
        log,
        image: Default::default(),
        at: Mark::default(),
        agreement: Default::default(),
        voters_at: Offset(-1),
        bytes_since_snapshot: 0,
        last_timestamp: Timestamp(0),
        snapshots,
        doubt: None,
    };
    Ledger::new(dir, found)
}

impl StoreBuilder<Types, Store, StateMachine, tempfile::TempDir> for Fresh {
    async fn build(&self) -> Result<(tempfile::TempDir, Store, StateMachine), StorageError<u64>> {
        let dir = tempfile::tempdir().unwrap();
        let ledger = ledger(dir.path());
        let applied = ledger.applied();
        let status = Status {
            leader: None,
            epoch: applied.epoch,
            end: applied.end,
            active: false,
            majority: true,
            failure: None,
        };
        let publish = Arc::new(Publish::new(applied, Arc::new(watch::Sender::new(status))));
        let ledger = Arc::new(Mutex::new(ledger));
        let journal = Journal::open(dir.path(), (None, Position::default())).unwrap();
        let store = Store::new(dir.path(), journal, ledger.clone(), None).unwrap();
        Ok((dir, store, StateMachine::new(ledger, publish, Arc::default())))
    }
}

#[test]
fn openraft_is_content_with_the_store() {
    Suite::test_all(Fresh).unwrap();
}

fn records(term: u64, index: u64, base: i64, records: i64) -> Entry {
    let control = vec![Control::KraftVersion(1); records as usize];
    let bytes = batches::control_batch(Offset(base), LeaderEpoch(term as i32), Timestamp(5), &control).unwrap();
    Entry { log_id: log_id(term, index), payload: EntryPayload::Normal(Proposal::new(bytes).unwrap()) }
}

fn blank(term: u64, index: u64) -> Entry {
    Entry { log_id: log_id(term, index), payload: EntryPayload::Blank }
}

fn open(dir: &std::path::Path) -> std::io::Result<Journal> {
    Journal::open(dir, (None, Position::default()))
}

fn indexes(journal: &Journal) -> Vec<(u64, u64)> {
    journal.read(.., usize::MAX).iter().map(|entry| (term(&entry.log_id), entry.log_id.index)).collect()
}

/// The files of a journal with their content, in order.
fn files(dir: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let list = host::fs::list_dir(dir).unwrap();
    list.into_iter().map(|file| (file.name, host::fs::read(&file.path).unwrap())).collect()
}

#[test]
fn only_what_was_decided_against_the_log_it_meets_lands() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).unwrap();
    let all = vec![
        blank(1, 0),
        records(1, 1, 0, 2),
        records(1, 2, 2, 1),
        // Decided by a leader of before, or against another log: void.
        Entry { log_id: log_id(2, 3), ..records(1, 3, 3, 1) },
        records(2, 4, 2, 1),
        records(2, 5, 3, 4),
    ];
    journal.append(all.clone()).unwrap();
    let ends: Vec<i64> = journal.kept().iter().map(|kept| kept.after.end.0).collect();
    assert_eq!(ends, [0, 2, 3, 3, 3, 7]);
    let log = tempfile::tempdir().unwrap();
    let mut ledger = ledger(log.path());
    let landed: Vec<bool> = all.iter().map(|entry| ledger.apply(entry).unwrap() != Landed::Nothing).collect();
    assert_eq!(landed, [false, true, true, false, false, true]);
    assert_eq!((ledger.log().end(), ledger.at().position), (Offset(7), journal.end()));
    assert_eq!(journal.position_of(log_id(1, 2)), Some(Position { end: Offset(3), epoch: LeaderEpoch(1) }));
}

#[test]
fn a_journal_cut_at_any_byte_keeps_every_whole_chunk() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).unwrap();
    // After how many bytes which entries are there.
    let mut steps = vec![(0, vec![])];
    let mut note = |journal: &Journal| steps.push((files(dir.path())[0].1.len(), indexes(journal)));
    journal.append(vec![blank(1, 0), records(1, 1, 0, 3)]).unwrap();
    note(&journal);
    journal.append(vec![records(1, 2, 3, 1), records(1, 3, 4, 1)]).unwrap();
    note(&journal);
    journal.take_back(3).unwrap();
    note(&journal);
    journal.append(vec![blank(2, 3)]).unwrap();
    note(&journal);
    drop(journal);
    let (name, whole) = files(dir.path()).remove(0);
    for cut in 0..=whole.len() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(&name);
        host::fs::write_atomically(&path, &whole[..cut]).unwrap();
        let expected = &steps.iter().rfind(|(len, _)| *len <= cut).unwrap().1;
        let journal = open(dir.path()).unwrap();
        assert_eq!(&indexes(&journal), expected, "cut at {cut}");
        // It goes on from there, and a second start sees both.
        let next = journal.last().map_or(0, |id| id.index + 1);
        journal.append(vec![blank(9, next)]).unwrap();
        assert_eq!(open(dir.path()).unwrap().last(), Some(log_id(9, next)), "cut at {cut}");
    }
}

#[test]
fn damage_in_the_middle_is_no_torn_end() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).unwrap();
    journal.append(vec![blank(1, 0)]).unwrap();
    let first = files(dir.path())[0].1.len();
    journal.append(vec![blank(1, 1)]).unwrap();
    let (name, whole) = files(dir.path()).remove(0);
    for at in 4..first {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        host::fs::write_atomically(dir.path().join(&name), &bytes).unwrap();
        let error = open(dir.path()).err().unwrap_or_else(|| panic!("damage at {at} is passed over"));
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    }
}

#[test]
fn what_is_let_go_is_gone_from_disk_too() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).unwrap();
    // Each is larger than a file is to grow, so each begins another.
    let mut base = 0;
    for index in 0..4 {
        journal.append(vec![records(1, index, base, 60_000)]).unwrap();
        base += 60_000;
    }
    assert_eq!(files(dir.path()).len(), 4);
    assert_eq!(journal.superfluous(2, usize::MAX), Some(1));
    let position = journal.position_of(log_id(1, 2)).unwrap();
    journal.let_go((log_id(1, 2), position)).unwrap();
    assert_eq!((files(dir.path()).len(), indexes(&journal)), (1, vec![(1, 3)]));
    drop(journal);
    let journal = Journal::open(dir.path(), (Some(log_id(1, 2)), position)).unwrap();
    assert_eq!((indexes(&journal), journal.end().end), (vec![(1, 3)], Offset(240_000)));
    journal.restart((Some(log_id(3, 99)), position)).unwrap();
    assert!(files(dir.path()).is_empty());
    journal.append(vec![blank(3, 100)]).unwrap();
    assert_eq!(journal.last(), Some(log_id(3, 100)));
}
