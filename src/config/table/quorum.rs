//! The controllers' quorum: voters, elections, fetching.

use crate::check::{Check, any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "controller.quorum.voters" List "" Check::QuorumVoters, High ReadOnly,
        "The fixed set of controllers as id@host:port, comma separated. Leave it empty where the set is kept in the metadata log itself.";
    "controller.quorum.bootstrap.servers" List "" Check::BootstrapServers, High ReadOnly,
        "Controllers to ask first for the quorum's leader, as host:port, comma separated. Needed where controller.quorum.voters is empty.";
    "controller.quorum.election.timeout.ms" Int "1000" at_least(0), High ReadOnly,
        "How long a candidate or voter waits for the outcome of an election before the next.";
    "controller.quorum.fetch.timeout.ms" Int "2000" at_least(0), High ReadOnly,
        "How long a voter waits for a successful fetch from the leader before it stands for election, and a leader for a majority's fetches.";
    "controller.quorum.election.backoff.max.ms" Int "1000" at_least(0), High ReadOnly,
        "Longest random wait after a lost election.";
    "controller.quorum.append.linger.ms" Int "25" at_least(0), Medium ReadOnly,
        "How long the leader collects metadata records before it writes them.";
    "controller.quorum.request.timeout.ms" Int "2000" at_least(0), Medium ReadOnly,
        "How long a voter waits for another's answer.";
    "controller.quorum.retry.backoff.ms" Int "20" at_least(0), Low ReadOnly,
        "How long to wait before a failed request between voters is sent again.";
    "controller.quorum.auto.join.enable" Boolean "false" any(), Low ReadOnly,
        "Whether a new controller adds itself to the voters.";
    "controller.quorum.fetch.snapshot.max.bytes" Int "1048576" at_least(1), Low ReadOnly,
        "Bytes that are asked for by one fetch of a metadata snapshot.";
    "controller.quorum.fetch.max.bytes" Int "1048576" at_least(1), Low ReadOnly,
        "Bytes that are asked for by one fetch of the metadata log. One batch is returned even if it is larger.";
}
