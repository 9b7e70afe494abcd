//! One follower, and one fetcher of several.

use super::*;
use crate::epochs::EpochCache;
use crate::sessions::INVALID_SESSION_ID;
use model::{PartitionIndex, TopicId};

struct View {
    start: i64,
    end: i64,
    high_watermark: i64,
    epochs: EpochCache,
}

impl LogView for View {
    fn start(&self) -> Offset {
        Offset(self.start)
    }

    fn end(&self) -> Offset {
        Offset(self.end)
    }

    fn high_watermark(&self) -> Offset {
        Offset(self.high_watermark)
    }

    fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.epochs.latest_epoch()
    }

    fn end_of_epoch(&self, epoch: LeaderEpoch) -> (LeaderEpoch, Offset) {
        self.epochs.end_offset_for(epoch, self.end())
    }
}

fn view(epochs: &[(i32, i64)], end: i64) -> View {
    let mut cache = EpochCache::default();
    for (epoch, start) in epochs {
        cache.assign(LeaderEpoch(*epoch), Offset(*start));
    }
    View { start: 0, end, high_watermark: 0, epochs: cache }
}

fn follow(log: &View) -> Follower {
    Follower::new(LeaderEpoch(9), log).0
}

fn diverge(log: &View, epoch: i32, end: i64) -> Step {
    follow(log).on_answer(Told::Diverging { epoch: LeaderEpoch(epoch), end: Offset(end) }, log, backoff(0))
}

#[test]
fn a_log_without_epochs_is_cut_to_what_is_committed() {
    let mut log = view(&[], 10);
    log.high_watermark = 4;
    let (follower, step) = Follower::new(LeaderEpoch(1), &log);
    assert_eq!((step, follower.is_ready(Timestamp(0))), (Step::Truncate(Offset(4)), false));
    let (follower, step) = Follower::new(LeaderEpoch(1), &view(&[(0, 0)], 10));
    assert_eq!((step, follower.from(), follower.last_epoch()), (Step::Wait, Offset(10), Some(LeaderEpoch(0))));
}

#[test]
fn logs_part_where_the_last_common_epoch_ends_in_the_shorter_one() {
    let log = view(&[(1, 0), (3, 10), (4, 20)], 30);
    assert_eq!(diverge(&log, 4, 25), Step::Truncate(Offset(25)), "the leader has less of the same epoch");
    assert_eq!(diverge(&log, 3, 15), Step::Truncate(Offset(15)));
    assert_eq!(diverge(&log, 3, 40), Step::Truncate(Offset(20)), "this one has less of epoch 3");
    assert_eq!(diverge(&log, 2, 12), Step::Truncate(Offset(10)), "epoch 2 is not known here: compare 1 next");
    assert_eq!(diverge(&log, 0, 3), Step::Truncate(Offset(0)), "older than all that is known here");
    assert_eq!(diverge(&log, -1, 12), Step::Truncate(Offset(12)));
    assert_eq!(diverge(&log, -1, -1), Step::Truncate(Offset(30)), "the leader knows nothing");
}

#[test]
fn out_of_range_is_mended_by_the_leaders_range() {
    let log = view(&[(1, 0)], 10);
    let out = Told::Failed(ErrorCode::OffsetOutOfRange);
    assert_eq!(follow(&log).on_answer(out, &log, backoff(0)), Step::AskRange);
    assert_eq!(follow(&log).on_range(Offset(0), Offset(8), &log), Step::Truncate(Offset(8)));
    assert_eq!(follow(&log).on_range(Offset(12), Offset(20), &log), Step::StartAt(Offset(12)));
    let mut behind = follow(&log);
    let _ = behind.on_answer(out, &log, backoff(0));
    assert_eq!(behind.on_range(Offset(5), Offset(20), &log), Step::Wait);
    assert!(behind.is_ready(Timestamp(0)));
}

#[test]
fn errors_wait_and_a_lost_reign_stops() {
    let log = view(&[(1, 0)], 10);
    let mut follower = follow(&log);
    let error = Told::Failed(ErrorCode::NotLeaderOrFollower);
    let mut now = 0;
    // A leader that has not heard yet that it leads is asked again soon; one that stays so, ever less often.
    for wait in [10, 20, 40, 80, 160, 320, 500, 500] {
        assert_eq!(follower.on_answer(error, &log, backoff(now)), Step::Wait);
        now += wait;
        assert_eq!((follower.is_ready(Timestamp(now - 1)), follower.is_ready(Timestamp(now))), (false, true));
    }
    assert_eq!(follower.on_answer(Told::Records, &log, backoff(now)), Step::Append);
    assert_eq!(follower.on_answer(error, &log, backoff(now)), Step::Wait);
    assert!(follower.is_ready(Timestamp(now + 10)), "what went well is not held against it");
    let fenced = Told::Failed(ErrorCode::FencedLeaderEpoch);
    assert_eq!(follower.on_answer(fenced, &log, backoff(0)), Step::Stop);
    assert!(!follower.is_ready(Timestamp(i64::MAX)));
}

fn backoff(now: i64) -> Backoff {
    Backoff { now: Timestamp(now), most_ms: 500 }
}

fn key(index: i32) -> Key {
    (TopicId::from_bytes([1; 16]), PartitionIndex(index))
}

fn reply(session_id: i32) -> Reply {
    Reply { error: ErrorCode::None, session_id }
}

fn indexes(keys: impl IntoIterator<Item = Key>) -> Vec<i32> {
    keys.into_iter().map(|(_, index)| index.0).collect()
}

fn shape(request: Option<Request>) -> (i32, i32, Vec<i32>, Vec<i32>) {
    let request = request.unwrap();
    let asked = request.partitions.iter().map(|(key, _)| *key);
    (request.session_id, request.epoch, indexes(asked), indexes(request.forgotten))
}

/// A fetcher of partitions 0 to 2 in session 77.
fn fetcher() -> Fetcher {
    let mut fetcher = Fetcher::default();
    for index in 0..3 {
        assert_eq!(fetcher.add(key(index), LeaderEpoch(9), &view(&[(1, 0)], 10)), Step::Wait);
    }
    assert_eq!(shape(fetcher.request(Timestamp(0))), (0, 0, vec![0, 1, 2], vec![]));
    fetcher.on_reply(reply(77)).unwrap();
    fetcher
}

#[test]
fn a_session_is_told_only_what_changed() {
    let mut fetcher = fetcher();
    fetcher.update(key(1), Offset(0), |follower| follower.appended(Offset(12), None, Offset(12))).unwrap();
    assert_eq!(shape(fetcher.request(Timestamp(0))), (77, 1, vec![1], vec![]));
    fetcher.on_reply(reply(77)).unwrap();
    assert_eq!(shape(fetcher.request(Timestamp(0))), (77, 2, vec![], vec![]), "a long poll goes on");
    fetcher.on_reply(reply(77)).unwrap();
    fetcher.remove(key(0));
    assert_eq!(shape(fetcher.request(Timestamp(0))), (77, 3, vec![], vec![0]));
}

#[test]
fn who_waits_is_taken_out_of_the_session_and_comes_back() {
    let mut fetcher = fetcher();
    let _ = fetcher.update(key(2), Offset(0), |follower| follower.wait(Timestamp(500)));
    assert_eq!(
        (shape(fetcher.request(Timestamp(0))), fetcher.next_ready()),
        ((77, 1, vec![], vec![2]), Some(Timestamp(500)))
    );
    fetcher.on_reply(reply(77)).unwrap();
    assert_eq!(shape(fetcher.request(Timestamp(500))), (77, 2, vec![2], vec![]));
    assert_eq!(fetcher.next_ready(), None);
}

#[test]
fn a_lost_session_is_replaced() {
    let mut fetcher = fetcher();
    fetcher.on_lost();
    assert_eq!(shape(fetcher.request(Timestamp(0))), (77, 0, vec![0, 1, 2], vec![]), "the old one is closed with it");
    let gone = Reply { error: ErrorCode::FetchSessionIdNotFound, session_id: INVALID_SESSION_ID };
    assert_eq!(fetcher.on_reply(gone), Err(ErrorCode::FetchSessionIdNotFound));
    assert_eq!(shape(fetcher.request(Timestamp(0))), (0, 0, vec![0, 1, 2], vec![]));
}

#[test]
fn an_answer_to_an_older_wish_is_left_aside() {
    let mut fetcher = fetcher();
    assert!(fetcher.answered(key(0)).is_some());
    let _ = fetcher.add(key(0), LeaderEpoch(10), &view(&[(1, 0)], 10));
    assert!(fetcher.answered(key(0)).is_none(), "another epoch");
    let _ = fetcher.update(key(1), Offset(0), |follower| follower.truncated(Offset(5), None));
    assert!(fetcher.answered(key(1)).is_none(), "another offset");
    fetcher.remove(key(2));
    assert!(fetcher.answered(key(2)).is_none());
}

#[test]
fn nobody_to_fetch_for_is_no_request() {
    let mut fetcher = Fetcher::default();
    assert_eq!(fetcher.request(Timestamp(0)), None);
    let mut log = view(&[], 10);
    log.high_watermark = 4;
    assert_eq!(fetcher.add(key(0), LeaderEpoch(1), &log), Step::Truncate(Offset(4)));
    assert_eq!(fetcher.request(Timestamp(0)), None);
}

#[test]
fn those_who_are_held_back_are_asked_for_when_their_time_has_come() {
    let mut fetcher = fetcher();
    // 0 has all that is committed, 1 lags; 2 lags too, and is not throttled.
    for (index, end) in [(0, 12), (1, 11), (2, 11)] {
        fetcher.update(key(index), Offset(0), |it| it.appended(Offset(end), None, Offset(12))).unwrap();
    }
    fetcher.hold_back(Timestamp(0), Timestamp(50), |key| key.1.0 < 2);
    assert_eq!(shape(fetcher.request(Timestamp(0))), (77, 1, vec![0, 2], vec![1]));
    fetcher.on_reply(reply(77)).unwrap();
    assert_eq!(fetcher.next_ready(), Some(Timestamp(50)));
    assert_eq!(shape(fetcher.request(Timestamp(49))), (77, 2, vec![], vec![]));
    fetcher.on_reply(reply(77)).unwrap();
    // Still too fast; then not any more.
    fetcher.hold_back(Timestamp(50), Timestamp(90), |key| key.1.0 < 2);
    assert_eq!(shape(fetcher.request(Timestamp(50))), (77, 3, vec![], vec![]));
    fetcher.on_reply(reply(77)).unwrap();
    assert_eq!(shape(fetcher.request(Timestamp(90))), (77, 4, vec![1], vec![]));
}
