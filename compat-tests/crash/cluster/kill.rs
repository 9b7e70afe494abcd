//! A round: a node is killed or told to stop, missed, and brought back.

use std::time::Duration;

use anyhow::{Context, Result};

use super::Cluster;
use super::choice::{Act, Chosen};
use super::figures::ms;
use super::pulse::What;
use crate::crash::torn;
use crate::kit::Stopwatch;
use crate::pause;
use crate::raw::batch_sets;

impl Cluster<'_> {
    /// SIGKILL or SIGTERM of some node; what came of it.
    pub fn kill_round(&mut self, act: Act) -> Result<String> {
        let chosen = self.choose()?;
        let id = chosen.id;
        let signal = if act == Act::Term { "SIGTERM" } else { "SIGKILL" };
        let who = format!("{signal} of {id} ({})", chosen.role);
        pause::until(Stopwatch::start(), Duration::from_millis(self.dice.below(300)));
        let at = self.stage.now();
        self.pulses.iter().for_each(|pulse| pulse.forget(at));
        match act {
            Act::Term => self.nodes.terminate(id)?,
            _ => self.nodes.kill(id)?,
        }
        let ended = self.stage.now().saturating_sub(at);
        let missed = self.missed(id, at, &who)?;
        let mut told = format!("{who}:");
        if act == Act::Term {
            told += &format!(" ended after {} ms;", ms(ended));
            self.figures.add("SIGTERM until it has ended", ended);
        }
        told += &self.told(signal, &chosen, at)?;
        told += &format!(" in no ISR after {} ms;", ms(missed));
        if act == Act::Torn {
            told += &self.tear(id)?;
        }
        let (back, again) = self.bring_back(id)?;
        self.figures.add(format!("back in every ISR after {signal}"), back);
        self.figures.add("longest silence while one comes back", again);
        Ok(told + &format!(" back in every ISR {} ms after its start, longest silence then {} ms", ms(back), ms(again)))
    }

    /// Waits until everybody is served without this node, and it is in no in-sync set any more; how long that took.
    pub fn missed(&self, id: i32, at: Duration, who: &str) -> Result<Duration> {
        self.served(at, who)?;
        self.until("it is missed", id, |all| all.values().all(|it| !it.in_sync.contains(&id)))
            .with_context(|| who.to_owned())?;
        Ok(self.stage.now().saturating_sub(at))
    }

    /// For how long each client of a node that was taken away was not served, and each other client; goes on for a while,
    /// to see what comes later.
    pub fn told(&mut self, signal: &str, chosen: &Chosen, at: Duration) -> Result<String> {
        pause::until(Stopwatch::start(), Duration::from_millis(200 + self.dice.below(800)));
        let until = self.stage.now();
        let mut told = String::new();
        for what in [What::Produce, What::Commit, What::Read] {
            let mut worst = [Duration::ZERO; 2];
            for pulse in self.pulses.iter().filter(|pulse| pulse.what == what) {
                let led = chosen.leads(pulse.topic, pulse.partition);
                let silence = pulse.silence(at, until);
                // One that is told to stop answers for a while: there the longest silence counts.
                let took = match signal {
                    "SIGTERM" => silence,
                    _ => pulse.after(at).unwrap_or(silence),
                };
                let how = if led { "led" } else { "followed" };
                self.figures.add(format!("{signal} {} {how}", what.text()), took);
                self.figures.add(format!("{signal} {} longest silence", what.text()), silence);
                if let Some(worst) = worst.get_mut(usize::from(!led)) {
                    *worst = took.max(*worst);
                }
            }
            told += &format!(" {} {}/{} ms,", what.text(), ms(worst[0]), ms(worst[1]));
        }
        Ok(told)
    }

    /// Starts a node that was away; how long until it is in every ISR, and the longest silence of any client meanwhile.
    pub fn bring_back(&mut self, id: i32) -> Result<(Duration, Duration)> {
        let from = self.stage.now();
        self.nodes.spawn(id)?;
        let back = self.is_back(id, from)?;
        self.nodes.seat(id)?.node.answers(self.nodes.process(id)?)?;
        Ok((back, self.longest(from)))
    }

    /// Waits until a node is in every ISR again; how long after `from`.
    pub fn is_back(&self, id: i32, from: Duration) -> Result<Duration> {
        self.until("it is in every ISR again", id, |all| all.values().all(|it| it.in_sync.contains(&id)))
            .with_context(|| format!("node {id} came back"))?;
        let back = self.stage.now().saturating_sub(from);
        self.nodes.are_well()?;
        Ok(back)
    }

    /// The longest silence of any client since then.
    pub fn longest(&self, from: Duration) -> Duration {
        let to = self.stage.now();
        self.pulses.iter().map(|pulse| pulse.silence(from, to)).max().unwrap_or_default()
    }

    /// What a machine that loses power does to the logs of a node that is not missed for its records.
    fn tear(&mut self, id: i32) -> Result<String> {
        let log_dir = self.nodes.log_dir(id)?;
        let mut told = String::new();
        for (topic, partitions) in super::TOPICS {
            let folder = log_dir.join(format!("{topic}-{}", self.dice.below(*partitions as u64)));
            let what = match self.dice.below(2) {
                0 => torn::tail(&folder, &mut self.dice)?.to_owned(),
                _ => self.cut(&folder)?,
            };
            told += &format!(" {what} at the end of {topic},");
        }
        Ok(told)
    }

    /// Cuts off the last batches, and half of one.
    fn cut(&mut self, folder: &std::path::Path) -> Result<String> {
        let path = crate::kit::segments::segments(folder)?.pop_last().context("no segment")?.1;
        let bytes = std::fs::read(&path)?;
        let whole: Vec<usize> = batch_sets(&bytes).map(|batch| batch.bytes.len()).collect();
        let gone = self.dice.at(whole.len().min(20) + 1);
        let lost: usize = whole.iter().rev().take(gone).sum();
        let lost = lost.saturating_sub(self.dice.at(50)).min(bytes.len());
        std::fs::File::options().write(true).open(&path)?.set_len((bytes.len() - lost) as u64)?;
        Ok(format!("{lost} bytes less"))
    }
}
