//! The shard's promise: nobody hears of what is not committed.

use model::{Offset, Timestamp};

use crate::transcript::Transcript;
use crate::{Machine, Moment, Outcome, Shard};

/// Adds numbers; 0 only reads.
struct Sum;

impl Machine for Sum {
    type State = i64;
    type Event = i64;
    type Record = i64;
    type Effect = String;

    fn decide(&mut self, sum: &i64, at: Moment, n: i64) -> Outcome<Self> {
        let told = format!("{} at {}", sum + n, at.next);
        if n == 0 { Outcome::effect(told) } else { Outcome::atomic(vec![n], told) }
    }

    fn replay(sum: &mut i64, n: &i64) {
        *sum += n;
    }
}

#[test]
fn an_answer_waits_for_all_that_it_saw() {
    let mut script = Transcript::new(Sum);
    script.commit = false;
    script.event("add 5", 5).event("read", 0).event("add 2", 2).commit().event("read", 0);
    expect_test::expect![[r#"
        > add 5
        + 5
        > read
        > add 2
        + 2
        > committed
        < "5 at 0"
        < "5 at 1"
        < "7 at 1"
        > read
        < "7 at 2"
    "#]]
    .assert_eq(&script.text());
}

#[test]
fn committing_a_part_releases_that_part() {
    let mut shard = Shard::new(Sum);
    let now = Timestamp(0);
    let _ = shard.on_event(now, 5);
    let _ = shard.on_event(now, 2);
    assert_eq!(shard.on_committed(Offset(1)), ["5 at 0"]);
    assert_eq!((*shard.committed(), *shard.latest()), (5, 7));
    assert_eq!(shard.on_committed(Offset(9)), ["7 at 1"], "no further than what was written");
}

#[test]
fn what_was_not_committed_never_happened() {
    let mut shard = Shard::resume(Sum, 10, Offset(4));
    let step = shard.on_event(Timestamp(0), 5);
    assert_eq!(step.append.map(|append| (append.base, append.records)), Some((Offset(4), vec![5])));
    assert_eq!(shard.on_resigned(), ["15 at 4"]);
    assert_eq!((*shard.latest(), shard.next_offset()), (10, Offset(4)));
    shard.restore(11, Offset(7));
    assert_eq!(shard.on_event(Timestamp(0), 0).effects, ["11 at 7"]);
}

#[test]
fn what_could_not_be_appended_never_happened() {
    let mut shard = Shard::new(Sum);
    let now = Timestamp(0);
    let _ = shard.on_event(now, 5);
    let _ = shard.on_event(now, 0);
    let refused = shard.on_event(now, 2).append.unwrap();
    assert_eq!(shard.on_refused(refused.base), ["7 at 1"]);
    assert_eq!((*shard.latest(), shard.next_offset()), (5, Offset(1)));
    let again = shard.on_event(now, 3).append.unwrap();
    assert_eq!(again.base, Offset(1));
    assert_eq!(shard.on_committed(Offset(2)), ["5 at 0", "5 at 1", "8 at 1"]);
}

#[test]
fn what_is_written_at_once_is_answered_at_once() {
    let mut shard = Shard::new(Sum);
    let now = Timestamp(0);
    let all = |append: &crate::Append<i64>| Ok::<_, ()>(append.base.plus(append.records.len() as i64));
    let none = |append: &crate::Append<i64>| Ok::<_, ()>(append.base);
    assert_eq!(shard.on_event_written(now, 5, all), Ok(vec!["5 at 0".to_owned()]));
    assert_eq!(shard.on_event_written(now, 2, none), Ok(vec![]));
    assert_eq!(shard.on_event_written(now, 0, none), Ok(vec![]), "it saw what is not committed");
    assert_eq!((*shard.committed(), *shard.latest(), shard.next_offset()), (5, 7, Offset(2)));
    assert_eq!(shard.on_event_written(now, 1, |_| Err("full")), Err((vec!["8 at 2".to_owned()], "full")));
    assert_eq!((*shard.committed(), *shard.latest(), shard.next_offset()), (5, 7, Offset(2)));
    let released = shard.on_event_written(now, 4, all).unwrap();
    assert_eq!(
        released,
        ["7 at 1", "7 at 2", "11 at 2"],
        "with it all that came before is committed, and is answered first"
    );
    assert_eq!((*shard.committed(), *shard.latest()), (11, 11));
}

#[test]
fn who_resigns_goes_back_to_what_is_committed() {
    let mut shard = Shard::new(Sum);
    let now = Timestamp(0);
    let all = |append: &crate::Append<i64>| Ok::<_, ()>(append.base.plus(1));
    let none = |_: &crate::Append<i64>| Ok::<_, ()>(Offset(1));
    assert!(shard.on_event_written(now, 5, all).is_ok());
    assert!(shard.on_event_written(now, 2, none).is_ok() && shard.on_event_written(now, 3, none).is_ok());
    assert_eq!(shard.on_resigned(), ["7 at 1", "10 at 2"]);
    assert_eq!((*shard.latest(), shard.next_offset()), (5, Offset(1)));
}
