//! The process dies at any step of a compaction: each state that the files can be in is opened again, and nothing is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use model::Offset;

use super::keyed::*;
use super::kit::*;
use crate::log::whereabouts::Whereabouts;
use crate::log::{CleanError, Cleaning, Log, LogConfig, Step, StorageError};

/// Keys and transactions over a dozen segments, the first two compacted before, all of it replicated.
fn filled(dir: &tempfile::TempDir) -> Arc<Log> {
    let log = fresh(dir);
    for n in 0..40 {
        let key = format!("k{}", n % 7);
        match n % 8 {
            3 => {
                put_as(&log, &[(&key, "aborted")], in_transaction(1, n / 8));
                end(&log, 1, false);
            }
            5 => {
                put_as(&log, &[(&key, &format!("{n}"))], in_transaction(2, n / 8));
                end(&log, 2, true);
            }
            _ => drop(put(&log, &[(&key, &format!("{n}{}", "x".repeat(n as usize * 5))), ("gone", "")])),
        }
        if n == 10 {
            log.roll(NOW).unwrap();
            compact(&log, NOW);
        }
    }
    log.roll(NOW).unwrap();
    put(&log, &[("active", "1")]);
    log.remove_due_files(NOW.plus_ms(1 << 40)).unwrap();
    log
}

fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for entry in host::fs::list_dir(from).unwrap().into_iter().filter(|entry| !entry.is_dir) {
        let bytes = host::fs::read(&entry.path).unwrap();
        host::fs::File::create_new(to.path().join(&entry.name)).unwrap().write_all_at(&bytes, 0).unwrap();
    }
    to
}

/// What committed readers find: of each key the last value.
fn committed(log: &Log) -> Vec<(String, String)> {
    let aborted = log.aborted_txns(Offset(0), log.end_offset()).unwrap();
    assert!(aborted.windows(2).all(|pair| pair[0].last_offset < pair[1].last_offset), "{aborted:?}");
    let mut table = BTreeMap::new();
    for (offset, record) in seen(log, log.start_offset(), 1 << 20) {
        let Some((key, value)) = record.split_once('=') else { continue };
        let is_aborted = aborted.iter().any(|txn| {
            // Only these producers abort, and they do nothing else between.
            value == "aborted" && (txn.first_offset.0..=txn.last_offset.0).contains(&offset)
        });
        if !is_aborted {
            table.insert(key.to_owned(), value.to_owned());
        }
    }
    assert!(table.values().all(|value| value != "aborted"), "{table:?}");
    table.into_iter().collect()
}

/// A directory as a crash left it is opened, several times, and holds what it should; afterwards it can be compacted.
fn survives(dir: &Path, before: &Log, expected: &[(String, String)], when: &str) {
    let dir = copy(dir);
    for round in 0..3 {
        let log = again(dir.path(), round == 2, before);
        assert_eq!(committed(&log), expected, "{when}, round {round}");
        assert_eq!(log.end_offset(), before.end_offset(), "{when}, round {round}");
        assert!(left_over(dir.path()).is_empty(), "{when}");
        let bases: Vec<_> = log.segments.read().iter().map(|segment| (segment.base, segment.size())).collect();
        assert!(bases.windows(2).all(|pair| pair[0].0 < pair[1].0), "{when}: {bases:?}");
        let offsets: Vec<i64> = seen(&log, Offset(0), 1 << 20).iter().map(|(offset, _)| *offset).collect();
        assert!(offsets.windows(2).all(|pair| pair[0] < pair[1]), "{when}: each offset once");
        if round == 1 {
            compact(&log, NOW);
            assert_eq!(committed(&log), expected, "{when}, compacted after it");
            log.close().unwrap();
        }
    }
}

/// How a log falls into segments when it is compacted: all become one, or a few, or each stays its own.
fn shapes() -> [(LogConfig, Option<u64>); 3] {
    let large = LogConfig { segment_bytes: 1 << 20, ..compacted() };
    [(large.clone(), None), (large, Some(600)), (compacted(), None)]
}

fn begin_as(log: &Arc<Log>, (config, most): &(LogConfig, Option<u64>)) -> Cleaning {
    log.set_config(config.clone());
    let mut cleaning = begin(log, SETTINGS, NOW).unwrap();
    cleaning.most_segment_bytes = most.unwrap_or(cleaning.most_segment_bytes);
    cleaning
}

fn bases(log: &Log) -> BTreeSet<i64> {
    log.segments.read().iter().map(|segment| segment.base.0).collect()
}

#[test]
fn while_the_copy_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let log = filled(&dir);
    let expected = committed(&log);
    let mut cleaning = begin(&log, SETTINGS, NOW).unwrap();
    let mut steps = 0;
    loop {
        let step = cleaning.step().unwrap();
        steps += 1;
        survives(dir.path(), &log, &expected, &format!("after step {steps}"));
        if matches!(step, Step::Done(_)) {
            break;
        }
    }
    assert!(steps > 20, "{steps}");
    assert_eq!(committed(&log), expected);
}

/// Runs a compaction with something in the way of the rename to `name`, which therefore fails; false if there was none.
fn obstructed(name: &str, shape: &(LogConfig, Option<u64>)) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let log = filled(&dir);
    let expected = committed(&log);
    host::fs::create_dir_all(dir.path().join(name).join("x")).unwrap();
    let result = finish(begin_as(&log, shape));
    let removed = host::fs::remove_dir_all(dir.path().join(name));
    match result {
        // It may have been taken for an index, and have got another name.
        Ok(_) => return false,
        Err(error) => assert!(matches!(error, CleanError::Storage(StorageError::Io(_))), "{name}: {error:?}"),
    }
    removed.unwrap();
    assert!(log.failure().is_some(), "nobody may go on with a log half of which has another name");
    survives(dir.path(), &log, &expected, name);
    true
}

#[test]
fn while_the_new_segments_get_their_names_and_the_old_ones_lose_theirs() {
    for shape in &shapes() {
        let dir = tempfile::tempdir().unwrap();
        let log = filled(&dir);
        let old = bases(&log);
        finish(begin_as(&log, shape)).unwrap();
        let new = bases(&log);
        let mut failed = 0;
        for (bases, behind) in [(&new, ".swap"), (&old, ".deleted")] {
            for base in bases {
                for suffix in ["log", "index", "timeindex", "txnindex"] {
                    failed += usize::from(obstructed(&format!("{base:020}.{suffix}{behind}"), shape));
                }
            }
        }
        assert!(failed > 16, "{failed}");
    }
}

#[test]
fn while_the_new_segments_get_their_last_names() {
    for shape in &shapes()[..2] {
        let dir = tempfile::tempdir().unwrap();
        let log = filled(&dir);
        let (expected, active) = (committed(&log), log.active().unwrap().base.0);
        finish(begin_as(&log, shape)).unwrap();
        log.remove_due_files(NOW.plus_ms(1 << 40)).unwrap();
        let new = bases(&log).into_iter().filter(|base| *base != active);
        let names: Vec<String> = new.flat_map(|base| Whereabouts::names(Offset(base), "")).collect();
        assert_eq!(names.len() > 4, shape.1.is_some());
        // As it was when only so many files had got there.
        for done in 0..names.len() {
            let dir = copy(dir.path());
            for name in names.iter().skip(done).filter(|name| host::fs::exists(dir.path().join(name))) {
                host::fs::rename(dir.path().join(name), dir.path().join(format!("{name}.swap"))).unwrap();
            }
            survives(dir.path(), &log, &expected, &format!("{done} of the names"));
        }
    }
}

#[test]
fn while_it_is_tidied_up_after_another_crash() {
    // Of two new segments the second one is complete, the first one not: neither counts.
    let dir = tempfile::tempdir().unwrap();
    let log = filled(&dir);
    let expected = committed(&log);
    let whole = host::fs::read(dir.path().join("00000000000000000000.log")).unwrap();
    let last = model::batch::Batches::new(&whole).map(Result::unwrap).last().unwrap();
    let put = |name: String, bytes: &[u8]| {
        host::fs::File::create_new(dir.path().join(name)).unwrap().write_all_at(bytes, 0).unwrap();
    };
    let base = last.base_offset().0;
    for suffix in ["index", "timeindex"] {
        put(format!("{:020}.{suffix}.cleaned", 0), b"");
        put(format!("{base:020}.{suffix}.swap"), b"");
    }
    put(format!("{:020}.log.cleaned", 0), &whole);
    put(format!("{base:020}.log.swap"), last.bytes());
    let is_swap = |name: &str| name.ends_with(".swap");
    survives(dir.path(), &log, &expected, "two segments of which one is complete");
    // Each file that goes leaves a state of its own; those that are complete go first.
    let mut left = left_over(dir.path());
    left.sort_by_key(|name| !is_swap(name));
    for name in left {
        host::fs::remove_file(dir.path().join(&name)).unwrap();
        survives(dir.path(), &log, &expected, &format!("without {name}"));
    }
}
