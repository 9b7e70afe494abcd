//! Rounds in which nodes are there and do nothing, or too many are away.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::figures::ms;
use super::pulse::What;
use super::{Cluster, TOPIC};
use crate::crash::verify;
use crate::kit::Stopwatch;
use crate::pause;
use crate::raw::Connection;

/// For so long one looks whether something happens that must not.
const LOOK: Duration = Duration::from_secs(3);

impl Cluster<'_> {
    /// SIGSTOP of some node until the others go on without it, and SIGCONT.
    pub fn pause_round(&mut self) -> Result<String> {
        let chosen = self.choose()?;
        let id = chosen.id;
        let who = format!("SIGSTOP of {id} ({})", chosen.role);
        let at = self.stage.now();
        self.pulses.iter().for_each(|pulse| pulse.forget(at));
        self.nodes.process(id)?.pause();
        let missed = self.missed(id, at, &who)?;
        let mut told = format!("{who}:");
        told += &self.told("SIGSTOP", &chosen, at)?;
        told += &format!(" in no ISR after {} ms;", ms(missed));
        let from = self.stage.now();
        self.nodes.process(id)?.resume();
        let back = self.is_back(id, from)?;
        let again = self.longest(from);
        self.figures.add("back in every ISR after SIGCONT", back);
        self.figures.add("longest silence after SIGCONT", again);
        Ok(told + &format!(" back in every ISR {} ms after SIGCONT, longest silence then {} ms", ms(back), ms(again)))
    }

    /// SIGKILL of two nodes: nothing is acknowledged, what is committed can be read, and all go on when they are back.
    pub fn two_round(&mut self) -> Result<String> {
        let chosen = self.choose_leader()?;
        let left = chosen.id;
        let others: Vec<i32> = self.nodes.ids().into_iter().filter(|id| *id != left).collect();
        for id in &others {
            self.nodes.kill(*id)?;
        }
        let at = self.stage.now();
        let acknowledged: Vec<u64> = self.progress.iter().map(|it| it.load(Ordering::Acquire)).collect();
        pause::until(Stopwatch::start(), LOOK);
        for pulse in self.pulses.iter().filter(|pulse| pulse.what != What::Read) {
            let after = pulse.after(at);
            let (what, topic, partition) = (pulse.what.text(), pulse.topic, pulse.partition);
            ensure!(
                after.is_none(),
                "a {what} of {topic}-{partition} was answered {after:?} after two of three were killed"
            );
        }
        let mut connection = Connection::open(&self.nodes.seat(left)?.node.address())?;
        let mut read = 0;
        for (partition, acknowledged) in (0..).zip(acknowledged) {
            if chosen.leads(TOPIC, partition) {
                let found = verify::read(&mut connection, TOPIC, partition)
                    .with_context(|| format!("{TOPIC}-{partition} of {left}, the only one left"))?;
                ensure!(
                    found.len() as u64 >= acknowledged,
                    "{TOPIC}-{partition} of {left}, the only one left, has {} records to read, acknowledged are {acknowledged}",
                    found.len()
                );
                read += found.len();
            }
        }
        self.nodes.are_well()?;
        let from = self.stage.now();
        for id in others {
            self.nodes.spawn(id)?;
        }
        self.settle().context("the two others came back")?;
        let back = self.stage.now().saturating_sub(from);
        self.figures.add("all is well after two came back", back);
        let who = format!("SIGKILL of all but {left} ({})", chosen.role);
        Ok(format!(
            "{who}: nothing acknowledged, {read} records read; all is well {} ms after the start of both",
            ms(back)
        ))
    }
}
