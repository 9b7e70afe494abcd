//! The rules of `LeaderEpochFileCache`, one table each.

use super::*;

fn cache(entries: &[(i32, i64)]) -> EpochCache {
    let mut cache = EpochCache::default();
    for (epoch, start) in entries {
        cache.assign(LeaderEpoch(*epoch), Offset(*start));
    }
    cache
}

fn entries(cache: &EpochCache) -> Vec<(i32, i64)> {
    cache.entries().map(|(e, o)| (e.0, o.0)).collect()
}

#[test]
fn assigning_keeps_both_columns_growing() {
    type Entries<'a> = &'a [(i32, i64)];
    let table: &[(Entries<'_>, Entries<'_>)] = &[
        (&[(2, 10), (2, 15)], &[(2, 10)]),
        (&[(2, 10), (2, 5)], &[(2, 5)]),
        (&[(2, 6), (3, 4)], &[(3, 4)]),
        (&[(2, 6), (4, 8), (3, 7)], &[(2, 6), (3, 7)]),
        (&[(2, 6), (3, 6)], &[(3, 6)]),
        (&[(0, 0), (-1, 5), (1, -1)], &[(0, 0)]),
    ];
    for (given, left) in table {
        assert_eq!(entries(&cache(given)), *left, "{given:?}");
    }
    assert!(!cache(&[(2, 10)]).assign(LeaderEpoch(2), Offset(10)), "nothing new, nothing to write");
}

#[test]
fn the_end_of_an_epoch_is_the_start_of_the_next_one_with_records() {
    let known = cache(&[(2, 11), (4, 20), (7, 30)]);
    for (asked, answer) in
        [(-1, (-1, -1)), (1, (1, 11)), (2, (2, 20)), (3, (2, 20)), (5, (4, 30)), (7, (7, 99)), (8, (-1, -1))]
    {
        let (epoch, end) = known.end_offset_for(LeaderEpoch(asked), Offset(99));
        assert_eq!((epoch.0, end.0), answer, "epoch {asked}");
    }
    assert_eq!(
        EpochCache::default().end_offset_for(LeaderEpoch(0), Offset(9)),
        (LeaderEpoch::NONE, Offset::NONE),
        "nothing known is none, not zero"
    );
}

#[test]
fn offsets_find_their_epoch() {
    let known = cache(&[(2, 11), (4, 20)]);
    let found: Vec<_> = [10, 11, 19, 20, 99].iter().map(|o| known.epoch_for_offset(Offset(*o)).map(|e| e.0)).collect();
    assert_eq!(found, [None, Some(2), Some(2), Some(4), Some(4)]);
    assert_eq!(known.previous_epoch(LeaderEpoch(4)), Some(LeaderEpoch(2)));
}

#[test]
fn truncation_at_both_ends() {
    let known = cache(&[(2, 6), (3, 8), (4, 11)]);
    let from_start = |offset| {
        let mut cut = known.clone();
        let changed = cut.truncate_from_start(Offset(offset));
        (changed, entries(&cut))
    };
    assert_eq!(from_start(5), (false, vec![(2, 6), (3, 8), (4, 11)]));
    assert_eq!(from_start(6), (false, vec![(2, 6), (3, 8), (4, 11)]));
    assert_eq!(from_start(8), (true, vec![(3, 8), (4, 11)]));
    assert_eq!(from_start(9), (true, vec![(3, 9), (4, 11)]));
    assert_eq!(from_start(99), (true, vec![(4, 99)]));
    let from_end = |offset| {
        let mut cut = known.clone();
        let changed = cut.truncate_from_end(Offset(offset));
        (changed, entries(&cut))
    };
    assert_eq!(from_end(-1), (false, vec![(2, 6), (3, 8), (4, 11)]));
    assert_eq!(from_end(12), (false, vec![(2, 6), (3, 8), (4, 11)]));
    assert_eq!(from_end(11), (true, vec![(2, 6), (3, 8)]));
    assert_eq!(from_end(7), (true, vec![(2, 6)]));
    assert_eq!(from_end(0), (true, vec![]));
}

#[test]
fn the_checkpoint_is_text_of_version_0() {
    let known = cache(&[(0, 0), (5, 120)]);
    assert_eq!(known.to_checkpoint(), "0\n2\n0 0\n5 120\n");
    assert_eq!(EpochCache::from_checkpoint(&known.to_checkpoint()), Ok(known));
    assert_eq!(EpochCache::from_checkpoint(""), Ok(EpochCache::default()));
    assert_eq!(EpochCache::from_checkpoint("1\n0\n"), Err(CheckpointError::Version(1)));
    assert_eq!(EpochCache::from_checkpoint("0\n2\n0 0\n"), Err(CheckpointError::Count { announced: 2, found: 1 }));
    assert_eq!(EpochCache::from_checkpoint("0\n1\n0 x\n"), Err(CheckpointError::Line("0 x".into())));
}

mod properties {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::test_runner::Config;

    use super::*;

    proptest! {
        #![proptest_config(Config { cases: 256, failure_persistence: None, ..Config::default() })]

        #[test]
        fn whatever_happens_both_columns_grow(steps in vec((0u8..3, -2i32..9, -2i64..40), 0..30)) {
            let mut cache = EpochCache::default();
            for (what, epoch, offset) in steps {
                let before = cache.clone();
                let changed = match what {
                    0 => cache.assign(LeaderEpoch(epoch), Offset(offset)),
                    1 => cache.truncate_from_start(Offset(offset)),
                    _ => cache.truncate_from_end(Offset(offset)),
                };
                prop_assert_eq!(changed, cache != before, "only a change is written");
                let entries = entries(&cache);
                prop_assert!(entries.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1));
                let read = EpochCache::from_checkpoint(&cache.to_checkpoint());
                prop_assert_eq!(read.as_ref(), Ok(&cache));
            }
        }

        #[test]
        fn any_text_is_a_checkpoint_or_an_error(text in "[0-9 \\-\n]{0,40}", other in "\\PC{0,40}") {
            let _ = (EpochCache::from_checkpoint(&text), EpochCache::from_checkpoint(&other));
        }
    }
}
