//! One leader, node 1, with followers 2 and 3.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::*;

/// Brokers by id: epoch, and whether it is active.
struct Cluster(RefCell<BTreeMap<i32, (i64, bool)>>);

impl Peers for Cluster {
    fn active(&self, broker: NodeId) -> Option<BrokerEpoch> {
        self.0.borrow().get(&broker.0).filter(|it| it.1).map(|it| BrokerEpoch(it.0))
    }

    fn registered(&self, broker: NodeId) -> Option<BrokerEpoch> {
        self.0.borrow().get(&broker.0).map(|it| BrokerEpoch(it.0))
    }

    fn is_alive(&self, broker: NodeId) -> bool {
        self.active(broker).is_some()
    }
}

impl Cluster {
    fn set(&self, broker: i32, epoch: i64, active: bool) {
        self.0.borrow_mut().insert(broker, (epoch, active));
    }
}

struct Case {
    leader: Leader,
    peers: Cluster,
    now: i64,
}

const LIMITS: Limits = Limits { min_insync: 2, lag_max_ms: 1_000 };

fn nodes(ids: &[i32]) -> Vec<NodeId> {
    ids.iter().copied().map(NodeId).collect()
}

fn reign(leader_epoch: i32, partition_epoch: i32, isr: &[i32]) -> Reign {
    Reign {
        leader_epoch: LeaderEpoch(leader_epoch),
        partition_epoch: PartitionEpoch(partition_epoch),
        replicas: nodes(&[1, 2, 3]),
        isr: nodes(isr),
    }
}

fn case(isr: &[i32], end: i64, high_watermark: i64) -> Case {
    let peers = Cluster(RefCell::new((1..=3).map(|id| (id, (i64::from(id) * 10, true))).collect()));
    let (end, high_watermark) = (Offset(end), Offset(high_watermark));
    let (leader, effects) = Leader::new(NodeId(1), reign(5, 7, isr), end, high_watermark, LIMITS, Timestamp(0), &peers);
    assert_eq!(effects.proposal, None);
    Case { leader, peers, now: 0 }
}

impl Case {
    fn at(mut self, now: i64) -> Self {
        self.now = now;
        self
    }

    fn append(&mut self, end: i64) -> Effects {
        self.leader.on_appended(Offset(end), Timestamp(self.now), &self.peers)
    }

    /// What follows for the high watermark and the in-sync set.
    fn fetch(&mut self, follower: i32, from: i64) -> Effects {
        Effects { start_moved: false, ..self.fetch_as(follower, i64::from(follower) * 10, from).unwrap() }
    }

    fn fetch_as(&mut self, follower: i32, broker_epoch: i64, from: i64) -> Result<Effects, ErrorCode> {
        let fetch = FollowerFetch {
            follower: NodeId(follower),
            broker_epoch: BrokerEpoch(broker_epoch),
            from: Offset(from),
            log_start: Offset(0),
        };
        self.leader.on_follower_fetch(fetch, Timestamp(self.now), &self.peers)
    }

    fn tick(&mut self) -> Option<Proposal> {
        self.leader.on_tick(Timestamp(self.now), &self.peers).proposal
    }

    fn answer(&mut self, proposal: &Proposal, answer: Answer) -> Effects {
        self.leader.on_answer(proposal, answer, Timestamp(self.now), &self.peers)
    }

    fn altered(&mut self, proposal: &Proposal) -> Effects {
        let answer = Answer::Altered {
            leader_epoch: proposal.leader_epoch,
            partition_epoch: PartitionEpoch(proposal.partition_epoch.0 + 1),
            isr: proposal.isr.iter().map(|(id, _)| *id).collect(),
        };
        self.answer(proposal, answer)
    }
}

fn raised(offset: i64) -> Effects {
    Effects { high_watermark: Some(Offset(offset)), ..Effects::default() }
}

fn members(proposal: &Proposal) -> Vec<(i32, i64)> {
    proposal.isr.iter().map(|(id, epoch)| (id.0, epoch.0)).collect()
}

#[test]
fn committed_is_what_all_in_sync_have() {
    let mut case = case(&[1, 2, 3], 10, 10);
    assert_eq!(case.append(15), Effects::default());
    assert_eq!(case.fetch(2, 15), Effects::default());
    assert_eq!(case.fetch(3, 12), raised(12));
    assert_eq!(case.leader.acknowledged(Offset(15)), None);
    assert_eq!(case.fetch(3, 15), raised(15));
    assert_eq!(case.leader.acknowledged(Offset(15)), Some(Ok(())));
}

#[test]
fn a_new_leader_commits_nothing_before_its_followers_have_shown_themselves() {
    let mut case = case(&[1, 2, 3], 10, 4);
    assert_eq!(case.leader.high_watermark(), Offset(4));
    assert_eq!(case.fetch(2, 10), Effects::default());
    assert_eq!(case.fetch(3, 10), raised(10));
}

#[test]
fn alone_in_sync_it_commits_by_itself_if_that_is_enough() {
    let mut case = case(&[1], 10, 10);
    assert_eq!(case.append(12), Effects::default(), "two are to be in sync");
    assert_eq!(case.leader.check_min_isr(), Err(ErrorCode::NotEnoughReplicas));
    let limits = Limits { min_insync: 1, ..LIMITS };
    assert_eq!(case.leader.on_limits(limits, Timestamp(0), &case.peers), raised(12));
}

#[test]
fn one_that_lags_for_too_long_leaves_and_counts_until_the_controller_agrees() {
    let mut case = case(&[1, 2, 3], 0, 0);
    let _ = case.append(5);
    let _ = case.fetch(2, 5);
    let mut case = case.at(1_000);
    assert_eq!(case.tick(), None);
    let mut case = case.at(1_001);
    let proposal = case.tick().unwrap();
    assert_eq!(members(&proposal), [(1, 10), (2, 20)]);
    assert_eq!(case.tick(), None, "one proposal at a time");
    assert_eq!(case.leader.high_watermark(), Offset(0));
    assert_eq!(case.altered(&proposal), raised(5));
    assert_eq!(case.leader.isr(), nodes(&[1, 2]));
}

#[test]
fn one_that_always_lags_by_less_than_a_fetch_is_in_sync() {
    let mut case = case(&[1, 2, 3], 0, 0);
    for round in 1..20 {
        case.now = round * 400;
        let _ = case.append(round * 10);
        // Each has what was there when it fetched last, never all that is there now.
        let _ = case.fetch(2, (round - 1) * 10);
        let _ = case.fetch(3, (round - 1) * 10);
        assert_eq!(case.tick(), None, "round {round}");
    }
}

#[test]
fn one_that_has_caught_up_enters_and_counts_at_once() {
    let mut case = case(&[1, 2], 10, 10);
    let _ = case.fetch(2, 10);
    let proposal = case.fetch(3, 10).proposal.unwrap();
    assert_eq!(members(&proposal), [(1, 10), (2, 20), (3, 30)]);
    let _ = case.append(11);
    assert_eq!(case.fetch(2, 11), Effects::default(), "3 may be in sync already");
    assert_eq!(case.altered(&proposal), Effects::default());
    assert_eq!(case.fetch(3, 11), raised(11));
}

#[test]
fn one_with_less_than_the_leader_had_at_its_election_stays_outside() {
    // The high watermark that this leader knows is stale: 3 might miss what an earlier leader had committed.
    let mut case = case(&[1, 2], 10, 4);
    assert_eq!(case.fetch(3, 9).proposal, None);
    assert!(case.fetch(3, 10).proposal.is_some());
}

#[test]
fn one_that_is_fenced_or_replaced_does_not_enter() {
    let mut case = case(&[1, 2], 10, 10);
    case.peers.set(3, 30, false);
    assert_eq!(case.fetch(3, 10).proposal, None);
    case.peers.set(3, 31, true);
    assert_eq!(case.fetch_as(3, 30, 10), Err(ErrorCode::NotLeaderOrFollower), "an older incarnation");
    assert_eq!(members(&case.fetch_as(3, 31, 10).unwrap().proposal.unwrap()), [(1, 10), (2, -1), (3, 31)]);
}

#[test]
fn a_stranger_is_refused() {
    let mut case = case(&[1, 2], 10, 10);
    assert_eq!(case.fetch_as(4, 40, 10), Err(ErrorCode::UnknownLeaderEpoch));
}

#[test]
fn one_about_to_join_holds_the_high_watermark_back() {
    let mut case = case(&[1, 2], 10, 10);
    let first = case.fetch(3, 10).proposal.unwrap();
    assert_eq!(case.answer(&first, Answer::Failed(ErrorCode::IneligibleReplica)), Effects::default());
    let _ = case.append(12);
    assert_eq!(case.fetch(2, 12), Effects::default(), "3 caught up a moment ago and may be proposed again");
    case.now = 5_000;
    let _ = case.append(13);
    assert_eq!(case.fetch(2, 13), raised(13));
}

#[test]
fn what_a_failed_proposal_means() {
    let told = |error| {
        let mut case = case(&[1, 2], 10, 10);
        let proposal = case.fetch(3, 10).proposal.unwrap();
        let again = case.answer(&proposal, Answer::Failed(error)).proposal;
        (again.is_some(), case.fetch(3, 10).proposal.is_some())
    };
    // Sent again at once; proposed anew at the next fetch.
    assert_eq!(told(ErrorCode::RequestTimedOut), (true, false));
    assert_eq!(told(ErrorCode::OperationNotAttempted), (false, true));
    assert_eq!(told(ErrorCode::InvalidUpdateVersion), (false, false), "the metadata will tell");
}

#[test]
fn metadata_overtakes_a_proposal() {
    let mut case = case(&[1, 2], 10, 10);
    let proposal = case.fetch(3, 10).proposal.unwrap();
    let _ = case.leader.on_metadata(reign(5, 8, &[1]), Timestamp(0), &case.peers);
    assert_eq!(case.altered(&proposal), Effects::default());
    assert_eq!((case.leader.isr(), case.leader.partition_epoch()), (&*nodes(&[1]), PartitionEpoch(8)));
    let _ = case.leader.on_metadata(reign(5, 6, &[1, 2, 3]), Timestamp(0), &case.peers);
    assert_eq!(case.leader.isr(), nodes(&[1]), "older metadata is ignored");
}

#[test]
fn metadata_that_an_answer_has_told_already_does_not_end_the_next_proposal() {
    let mut case = case(&[1], 10, 10);
    let first = case.fetch(2, 10).proposal.unwrap();
    let _ = case.altered(&first);
    let second = case.fetch(3, 10).proposal.unwrap();
    let _ = case.leader.on_metadata(reign(5, 8, &[1, 2]), Timestamp(0), &case.peers);
    case.now = 5_000;
    let _ = case.append(11);
    assert_eq!(case.fetch(2, 11), Effects::default(), "3 may be in sync by now");
    let _ = case.altered(&second);
    assert_eq!(case.fetch(3, 11), raised(11));
}

#[test]
fn too_few_in_sync_after_the_append_is_said() {
    let mut case = case(&[1, 2], 10, 10);
    let _ = case.append(11);
    let _ = case.fetch(2, 11);
    let _ = case.leader.on_metadata(reign(5, 8, &[1]), Timestamp(0), &case.peers);
    assert_eq!(case.leader.acknowledged(Offset(11)), Some(Err(ErrorCode::NotEnoughReplicasAfterAppend)));
}

#[test]
fn readers_are_sent_to_the_replica_in_their_rack() {
    let mut case = case(&[1, 2, 3], 10, 10);
    let _ = case.fetch(2, 10);
    let _ = case.fetch(3, 8);
    let racks = |it: Candidate| (it, Some(if it.node == NodeId(1) { "a" } else { "b" }.to_owned()));
    let choose = |case: &Case, rack: &str, from: i64| {
        closest_replica(rack, Some("a"), case.leader.candidates(Offset(from), Timestamp(0)).map(racks))
    };
    assert_eq!(choose(&case, "b", 5), Some(NodeId(2)), "the one that has come furthest");
    assert_eq!(choose(&case, "a", 5), None, "the leader is there itself");
    assert_eq!(choose(&case, "c", 5), None);
    assert_eq!(choose(&case, "", 5), None);
}

#[test]
fn the_low_watermark_is_where_the_last_of_the_living_begins() {
    let mut case = case(&[1, 2, 3], 10, 10);
    let begins = |case: &mut Case, follower: i32, log_start: i64| {
        let fetch = FollowerFetch {
            follower: NodeId(follower),
            broker_epoch: BrokerEpoch(-1),
            from: Offset(10),
            log_start: Offset(log_start),
        };
        case.leader.on_follower_fetch(fetch, Timestamp(0), &case.peers).unwrap().start_moved
    };
    let low = |case: &Case, start: i64| case.leader.low_watermark(Offset(start), &case.peers).0;
    assert!(begins(&mut case, 2, 4));
    assert_eq!(low(&case, 5), -1, "nobody knows where 3 begins");
    assert!(begins(&mut case, 3, 7));
    assert_eq!(low(&case, 5), 4);
    assert!(begins(&mut case, 2, 5));
    assert!(!begins(&mut case, 2, 5));
    assert_eq!(low(&case, 6), 5);
    case.peers.set(2, 2, false);
    assert_eq!(low(&case, 8), 7, "2 is dead");
    assert_eq!(low(&case, 6), 6, "this leader's own");
}
