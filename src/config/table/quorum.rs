//! The controllers' quorum: voters, elections, fetching.

use crate::check::{Check, any, at_least};
use crate::key::keys;

keys! {
    pub(crate) ROWS;
    "controller.quorum.voters" List "" Check::QuorumVoters, High ReadOnly,
        "-";
    "controller.quorum.bootstrap.servers" List "" Check::BootstrapServers, High ReadOnly,
        "-";
    "controller.quorum.election.timeout.ms" Int "1000" at_least(0), High ReadOnly,
        "-";
    "controller.quorum.fetch.timeout.ms" Int "2000" at_least(0), High ReadOnly,
        "-";
    "controller.quorum.election.backoff.max.ms" Int "1000" at_least(0), High ReadOnly,
        "-";
    "controller.quorum.append.linger.ms" Int "25" at_least(0), Medium ReadOnly,
        "-";
    "controller.quorum.request.timeout.ms" Int "2000" at_least(0), Medium ReadOnly,
        "-";
    "controller.quorum.retry.backoff.ms" Int "20" at_least(0), Low ReadOnly,
        "-";
    "controller.quorum.auto.join.enable" Boolean "false" any(), Low ReadOnly,
        "-";
    "controller.quorum.fetch.snapshot.max.bytes" Int "1048576" at_least(1), Low ReadOnly,
        "-";
    "controller.quorum.fetch.max.bytes" Int "1048576" at_least(1), Low ReadOnly,
        "-";
}
