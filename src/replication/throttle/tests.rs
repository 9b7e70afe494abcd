//! Rates over simulated time.

use super::*;

const KIB: i64 = 1_024;

/// Sends `chunk` bytes whenever it may, looking each `step_ms`; tells how many bytes went in each second.
fn send(throttle: &mut Throttle, chunk: i64, step_ms: i64, from_ms: i64, seconds: i64) -> Vec<i64> {
    (0..seconds)
        .map(|second| {
            let begun = from_ms + second * 1_000;
            let moments = (begun..begun + 1_000).step_by(step_ms as usize).map(Timestamp);
            moments.map(|now| send_at(throttle, chunk, now)).sum()
        })
        .collect()
}

fn send_at(throttle: &mut Throttle, chunk: i64, now: Timestamp) -> i64 {
    let mut sent = 0;
    while !throttle.is_exceeded(now) {
        throttle.record(chunk as usize, now);
        sent += chunk;
    }
    sent
}

fn throttle(bound: i64) -> Throttle {
    let mut throttle = Throttle::new(11, 1);
    throttle.set_bound(bound);
    throttle
}

#[test]
fn the_rate_holds_over_some_seconds() {
    for bound in [10 * KIB, 1_000 * KIB, 100_000 * KIB] {
        for (chunk, step_ms) in [(bound / 100, 1), (bound / 10, 10), (bound / 3, 100), (bound, 50), (2 * bound, 500)] {
            let seconds = send(&mut throttle(bound), chunk, step_ms, 5_000, 60);
            // The first second may have a whole second's share at once, and one chunk more.
            assert!(seconds[0] <= bound + 2 * chunk, "{bound} {chunk} {seconds:?}");
            for window in seconds.windows(11) {
                let rate = window.iter().sum::<i64>() as f64 / 11.0;
                let off = (rate - bound as f64).abs() / bound as f64;
                assert!(off < 0.2 + 2.0 * chunk as f64 / (11.0 * bound as f64), "{bound} {chunk} {step_ms}: {off}");
            }
            let rate = seconds.iter().sum::<i64>() as f64 / 60.0;
            assert!((rate - bound as f64).abs() / (bound as f64) < 0.2, "{bound} {chunk} {step_ms}: {rate}");
        }
    }
}

#[test]
fn it_is_free_exactly_when_it_says_so() {
    let mut throttle = throttle(1_000);
    throttle.record(1_000, Timestamp(0));
    assert_eq!(throttle.free_at(Timestamp(0)), None, "a second's share");
    throttle.record(1_500, Timestamp(100));
    assert_eq!(throttle.free_at(Timestamp(200)), Some(Timestamp(2_500)));
    assert!(throttle.is_exceeded(Timestamp(2_499)));
    assert!(!throttle.is_exceeded(Timestamp(2_500)));
    throttle.record(500, Timestamp(3_000));
    assert!(!throttle.is_exceeded(Timestamp(3_000)), "3,000 in three seconds");
    throttle.record(1, Timestamp(3_000));
    assert_eq!(throttle.free_at(Timestamp(3_000)), Some(Timestamp(3_001)));
}

#[test]
fn what_is_older_than_all_samples_does_not_count() {
    let mut throttle = throttle(1_000);
    throttle.record(1_000_000, Timestamp(0));
    throttle.record(2_500, Timestamp(5_000));
    // The million is gone after 11 s; what came later is an average over six seconds then.
    assert_eq!(throttle.free_at(Timestamp(5_000)), Some(Timestamp(11_000)));
    assert!(!throttle.is_exceeded(Timestamp(11_000)));
    throttle.set_bound(0);
    assert_eq!(throttle.free_at(Timestamp(11_000)), Some(Timestamp(16_000)), "nothing at all");
}

#[test]
fn a_bound_is_changed_at_once_and_none_is_none() {
    let mut throttle = Throttle::new(11, 1);
    throttle.record(1 << 40, Timestamp(0));
    assert!(!throttle.is_exceeded(Timestamp(0)));
    throttle.set_bound(1 << 20);
    assert!(throttle.is_exceeded(Timestamp(0)));
    throttle.set_bound(i64::MAX);
    assert!(!throttle.is_exceeded(Timestamp(0)));
    throttle.set_bound(i64::MAX - 1);
    throttle.record(usize::MAX, Timestamp(0));
    assert!(throttle.is_exceeded(Timestamp(0)));
}

#[test]
fn lists_name_replicas() {
    let of = |text: &str| Throttled::of(&text.split(',').map(str::to_owned).collect::<Vec<_>>(), NodeId(1));
    assert_eq!(of(""), Throttled::Nothing);
    assert_eq!(of("*"), Throttled::All);
    assert_eq!(of("0:1, 2:1 ,3:2"), Throttled::Partitions([0, 2].into()));
    assert_eq!(of("0:2"), Throttled::Partitions([].into()));
    for (list, has) in [("*", true), ("7:1", true), ("7:2", false), ("8:1", false), ("", false)] {
        assert_eq!(of(list).has(PartitionIndex(7)), has, "{list}");
    }
}
