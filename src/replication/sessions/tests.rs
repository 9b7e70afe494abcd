//! The rules of KIP-227, as Kafka's `FetchSessionTest` has them.

use super::*;

fn key(topic: &str, partition: i32) -> PartitionKey {
    PartitionKey { topic: TopicKey::Name(topic.into()), partition: PartitionIndex(partition) }
}

fn wanted(offset: i64) -> Wanted {
    Wanted {
        fetch_offset: Offset(offset),
        max_bytes: 100,
        leader_epoch: None,
        last_fetched_epoch: None,
        log_start_offset: Offset::NONE,
    }
}

fn request(session_id: i32, epoch: i32, partitions: &[(i32, i64)], forgotten: &[i32]) -> Request {
    Request {
        session_id,
        epoch,
        uses_topic_ids: false,
        from_follower: false,
        partitions: partitions.iter().map(|(p, offset)| (key("t", *p), wanted(*offset))).collect(),
        forgotten: forgotten.iter().map(|p| key("t", *p)).collect(),
    }
}

const QUIET: Told = Told {
    has_records: false,
    high_watermark: Offset(10),
    log_start_offset: Offset(0),
    error: ErrorCode::None,
    preferred_replica: false,
    diverging: false,
};

fn served(context: &Context) -> Vec<(i32, i64)> {
    context.partitions().iter().map(|(key, wanted)| (key.partition.0, wanted.fetch_offset.0)).collect()
}

fn told(context: &Context, change: impl Fn(i32) -> Told) -> Vec<(PartitionKey, Told)> {
    context.partitions().iter().map(|(key, _)| (key.clone(), change(key.partition.0))).collect()
}

const NOW: Timestamp = Timestamp(1_000_000);

/// A session on three partitions, made with the id 7.
fn with_session() -> Sessions {
    let mut sessions = Sessions::new(2);
    let context = sessions.begin(request(0, INITIAL_EPOCH, &[(0, 0), (1, 5), (2, 9)], &[]), NOW).unwrap();
    let answer = sessions.finish(&context, &told(&context, |_| QUIET), NOW, || 7);
    assert_eq!((answer.session_id, answer.include), (7, vec![true; 3]));
    sessions
}

/// The next answer of the session says this of partition 1: is it sent?
fn is_sent(told_of_1: Told) -> bool {
    let mut sessions = with_session();
    let context = sessions.begin(request(7, 1, &[], &[]), NOW).unwrap();
    let all = told(&context, |partition| if partition == 1 { told_of_1 } else { QUIET });
    let answer = sessions.finish(&context, &all, NOW, || 0);
    assert!(!answer.include[0] && !answer.include[2], "quiet partitions are left out");
    answer.include[1]
}

#[test]
fn only_what_changed_is_sent() {
    assert!(!is_sent(QUIET));
    assert!(is_sent(Told { has_records: true, ..QUIET }));
    assert!(is_sent(Told { high_watermark: Offset(11), ..QUIET }));
    assert!(is_sent(Told { log_start_offset: Offset(1), ..QUIET }));
    assert!(is_sent(Told { error: ErrorCode::NotLeaderOrFollower, ..QUIET }));
    assert!(is_sent(Told { preferred_replica: true, ..QUIET }));
    assert!(is_sent(Told { diverging: true, ..QUIET }));
}

#[test]
fn after_an_error_the_next_answer_is_sent_whatever_it_says() {
    let mut sessions = with_session();
    let mut send = |epoch, told_of_1| {
        let context = sessions.begin(request(7, epoch, &[], &[]), NOW).unwrap();
        let all = told(&context, |partition| if partition == 1 { told_of_1 } else { QUIET });
        sessions.finish(&context, &all, NOW, || 0).include[1]
    };
    assert!(send(1, Told { error: ErrorCode::KafkaStorageError, ..QUIET }));
    assert!(send(2, QUIET));
    assert!(!send(3, QUIET));
}

#[test]
fn a_partition_with_records_goes_to_the_end() {
    let mut sessions = with_session();
    let context = sessions.begin(request(7, 1, &[(1, 6), (4, 0)], &[2]), NOW).unwrap();
    assert_eq!(served(&context), [(0, 0), (1, 6), (4, 0)], "changed in place, added at the end, one forgotten");
    let all = told(&context, |partition| Told { has_records: partition == 0, ..QUIET });
    assert_eq!(sessions.finish(&context, &all, NOW, || 0).include, [true, false, true], "4 is new");
    let context = sessions.begin(request(7, 2, &[], &[]), NOW).unwrap();
    assert_eq!(served(&context), [(1, 6), (4, 0), (0, 0)]);
}

#[test]
fn errors_of_sessions() {
    let mut sessions = with_session();
    let mut error = |request| sessions.begin(request, NOW).unwrap_err();
    assert_eq!(error(request(8, 1, &[], &[])), ErrorCode::FetchSessionIdNotFound);
    assert_eq!(error(request(7, 2, &[], &[])), ErrorCode::InvalidFetchSessionEpoch);
    let by_id = Request { uses_topic_ids: true, ..request(7, 1, &[], &[]) };
    assert_eq!(error(by_id), ErrorCode::FetchSessionTopicIdError);
}

#[test]
fn a_request_sent_twice_is_answered_once() {
    let mut sessions = with_session();
    let first = sessions.begin(request(7, 1, &[], &[]), NOW).unwrap();
    let second = sessions.begin(request(7, 2, &[], &[]), NOW).unwrap();
    let all = told(&first, |_| QUIET);
    assert_eq!(sessions.finish(&first, &all, NOW, || 0).error, ErrorCode::InvalidFetchSessionEpoch);
    assert_eq!(sessions.finish_throttled(&first).error, ErrorCode::InvalidFetchSessionEpoch);
    assert_eq!(sessions.finish(&second, &all, NOW, || 0).error, ErrorCode::None);
}

#[test]
fn sessions_end() {
    let mut sessions = with_session();
    let context = sessions.begin(request(7, 1, &[], &[0, 1, 2]), NOW).unwrap();
    assert!(!context.is_incremental() && sessions.is_empty(), "nothing left to fetch");
    let mut sessions = with_session();
    let context = sessions.begin(request(7, FINAL_EPOCH, &[(3, 1)], &[]), NOW).unwrap();
    assert_eq!((served(&context), sessions.len()), (vec![(3, 1)], 0));
    assert_eq!(sessions.finish(&context, &told(&context, |_| QUIET), NOW, || 9).session_id, INVALID_SESSION_ID);
}

#[test]
fn epochs_wrap_past_the_initial_one() {
    assert_eq!([next_epoch(0), next_epoch(i32::MAX), next_epoch(FINAL_EPOCH)], [1, 1, FINAL_EPOCH]);
}

/// Opens a session of `size` partitions; the answer's session id.
fn open(sessions: &mut Sessions, from_follower: bool, size: i32, now: i64, id: i32) -> i32 {
    let partitions: Vec<_> = (0..size).map(|partition| (partition, 0)).collect();
    let request = Request { from_follower, ..request(0, INITIAL_EPOCH, &partitions, &[]) };
    let context = sessions.begin(request, Timestamp(now)).unwrap();
    sessions.finish(&context, &told(&context, |_| QUIET), Timestamp(now), || id).session_id
}

#[test]
fn room_is_made_by_age_then_by_worth() {
    let later = Sessions::EVICTION_MS + 1;
    let mut sessions = Sessions::new(2);
    assert_eq!([open(&mut sessions, false, 3, 0, 1), open(&mut sessions, false, 2, 0, 2)], [1, 2]);
    assert_eq!(open(&mut sessions, false, 9, 10, 3), 0, "new sessions are safe from consumers");
    assert_eq!(open(&mut sessions, true, 1, 10, 4), 4, "but not from followers: the smaller one goes");
    assert_eq!(sessions.begin(request(2, 1, &[], &[]), Timestamp(10)), Err(ErrorCode::FetchSessionIdNotFound));
    assert_eq!(open(&mut sessions, false, 1, later, 5), 5, "the one that was not used is stale");
    assert_eq!(sessions.begin(request(1, 1, &[], &[]), Timestamp(later)), Err(ErrorCode::FetchSessionIdNotFound));
    assert_eq!((sessions.len(), sessions.partitions(), sessions.evictions()), (2, 2, 2));
    assert_eq!(open(&mut Sessions::new(0), true, 1, 0, 1), INVALID_SESSION_ID, "no slots at all");
}

#[test]
fn ids_are_rolled_until_one_is_free() {
    let mut sessions = with_session();
    let mut rolls = [7, 0, 12].into_iter();
    let context = sessions.begin(request(0, INITIAL_EPOCH, &[(0, 0)], &[]), NOW).unwrap();
    let answer = sessions.finish(&context, &told(&context, |_| QUIET), NOW, || rolls.next().unwrap());
    assert_eq!(answer.session_id, 12);
}

#[test]
fn sessions_together_hold_a_limited_number_of_partitions() {
    let mut sessions = Sessions::new(9);
    let most = 5;
    sessions.max_partitions = 5;
    assert_eq!([open(&mut sessions, false, most - 1, 0, 1), open(&mut sessions, false, 2, 0, 2)], [1, 0]);
    let more = request(1, 1, &[(most, 0), (most + 1, 0)], &[]);
    assert_eq!(sessions.begin(more, NOW), Err(ErrorCode::FetchSessionIdNotFound));
    assert_eq!((sessions.len(), sessions.partitions()), (0, 0));
}

mod properties {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::test_runner::Config;

    use super::*;

    proptest! {
        #![proptest_config(Config { cases: 256, failure_persistence: None, ..Config::default() })]

        #[test]
        fn whatever_clients_send_the_counts_are_right(
            steps in vec((0i32..6, -1i32..4, vec(0i32..6, 0..4), vec(0i32..6, 0..4), any::<bool>(), 0i64..200_000), 0..60),
        ) {
            let mut sessions = Sessions::new(3);
            sessions.max_partitions = 12;
            let (mut now, mut id) = (0, 0);
            for (session_id, epoch, wanted, forgotten, from_follower, later) in steps {
                now += later;
                let wanted: Vec<_> = wanted.into_iter().map(|partition| (partition, now)).collect();
                let request = Request { from_follower, ..request(session_id, epoch, &wanted, &forgotten) };
                let Ok(context) = sessions.begin(request, Timestamp(now)) else { continue };
                let all = told(&context, |partition| Told { has_records: partition % 2 == 0, ..QUIET });
                let roll = || {
                    id = id % 5 + 1;
                    id
                };
                let answer = sessions.finish(&context, &all, Timestamp(now), roll);
                prop_assert_eq!(answer.include.len(), all.len());
                prop_assert!(sessions.len() <= 3 && sessions.partitions() <= 12 + 4);
            }
        }
    }
}

#[test]
fn a_session_knows_the_names_of_topics_that_are_gone() {
    let mut sessions = Sessions::new(2);
    let id = TopicId::METADATA_TOPIC;
    let here = PartitionKey { topic: TopicKey::Id(id), partition: PartitionIndex(0) };
    let later = PartitionKey { partition: PartitionIndex(1), ..here.clone() };
    let ask = |session_id, epoch, key: &PartitionKey| Request {
        uses_topic_ids: true,
        partitions: vec![(key.clone(), wanted(0))],
        ..request(session_id, epoch, &[], &[])
    };
    let context = sessions.begin(ask(0, INITIAL_EPOCH, &here), NOW).unwrap();
    sessions.finish(&context, &told(&context, |_| QUIET), NOW, || 7);
    sessions.learn_names(7, |_| Some("t".into()));
    sessions.begin(ask(7, 1, &later), NOW).unwrap();
    sessions.learn_names(7, |_| None);
    assert_eq!(sessions.name_of(7, &here), Some(&"t".into()));
    assert_eq!(sessions.name_of(7, &later), None, "it came when there was no such topic");
}
