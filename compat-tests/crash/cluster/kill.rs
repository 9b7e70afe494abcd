//! A round: a node is killed or told to stop, missed, and brought back.

use std::time::Duration;

use anyhow::{Context, Result};

use super::Cluster;
use super::figures::ms;
use super::pulse::What;
use super::state::{self, Partitions};
use crate::kit::Stopwatch;
use crate::pause;

/// Who is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    Anyone,
    Controller,
    LeaderOfMost,
    LeaderOfFewest,
}

impl Cluster<'_> {
    /// SIGKILL or SIGTERM of some node; what came of it.
    pub fn kill_round(&mut self) -> Result<String> {
        let before = self.settle()?;
        let (aim, is_kill) = (self.aim(), self.dice.below(2) == 0);
        let controller = state::active_controller(&mut self.another(0)?)?;
        let id = self.chosen(aim, controller, &before)?;
        let leads = before.values().filter(|it| it.leader == id).count();
        let role = if id == controller { "active controller" } else { "broker" };
        let signal = if is_kill { "SIGKILL" } else { "SIGTERM" };
        let who = format!("{signal} of {id} ({role}, leads {leads} of {})", before.len());

        pause::until(Stopwatch::start(), Duration::from_millis(self.dice.below(300)));
        let at = self.stage.now();
        self.pulses.iter().for_each(|pulse| pulse.forget(at));
        match is_kill {
            true => self.nodes.kill(id)?,
            false => self.nodes.terminate(id)?,
        }
        let ended = self.stage.now().saturating_sub(at);
        let took = self.served(at, &who)?;
        self.until("it is missed", id, |all| all.values().all(|it| !it.in_sync.contains(&id)))
            .with_context(|| who.clone())?;
        let missed = self.stage.now().saturating_sub(at);
        pause::until(Stopwatch::start(), Duration::from_millis(200 + self.dice.below(800)));
        let mut told = format!("{who}:");
        if !is_kill {
            told += &format!(" ended after {} ms;", ms(ended));
            self.figures.add("SIGTERM until it has ended", ended);
        }
        let until = self.stage.now();
        for what in [What::Produce, What::Commit, What::Read] {
            let mut worst = [Duration::ZERO; 2];
            for (pulse, took) in self.pulses.iter().zip(&took).filter(|(pulse, _)| pulse.what == what) {
                let led = before.get(&(pulse.topic.to_owned(), pulse.partition)).is_some_and(|it| it.leader == id);
                // One that is told to stop answers for a while: there the longest silence counts.
                let silence = pulse.silence(at, until);
                let took = if is_kill { *took } else { silence };
                let how = if led { "led" } else { "followed" };
                self.figures.add(format!("{signal} {} {how}", what.text()), took);
                self.figures.add(format!("{signal} {} longest silence", what.text()), silence);
                if let Some(worst) = worst.get_mut(usize::from(!led)) {
                    *worst = took.max(*worst);
                }
            }
            told += &format!(" {} {}/{} ms,", what.text(), ms(worst[0]), ms(worst[1]));
        }
        told += &format!(" in no ISR after {} ms;", ms(missed));
        let (back, again) = self.bring_back(id)?;
        self.figures.add(format!("back in every ISR after {signal}"), back);
        self.figures.add("longest silence while one comes back", again);
        told +=
            &format!(" back in every ISR {} ms after its start, longest silence meanwhile {} ms", ms(back), ms(again));
        Ok(told)
    }

    /// Starts a node that was away; how long until it is in every ISR, and the longest silence of any client meanwhile.
    fn bring_back(&mut self, id: i32) -> Result<(Duration, Duration)> {
        let from = self.stage.now();
        self.nodes.spawn(id)?;
        self.until("it is in every ISR again", id, |all| all.values().all(|it| it.in_sync.contains(&id)))
            .with_context(|| format!("node {id} was started again"))?;
        let back = self.stage.now().saturating_sub(from);
        self.nodes.seat(id)?.node.answers(self.nodes.process(id)?)?;
        self.nodes.are_well()?;
        let to = self.stage.now();
        let silences = self.pulses.iter().map(|pulse| pulse.silence(from, to));
        Ok((back, silences.max().unwrap_or_default()))
    }

    fn aim(&mut self) -> Aim {
        match self.dice.below(4) {
            0 => Aim::Controller,
            1 => Aim::LeaderOfMost,
            2 => Aim::LeaderOfFewest,
            _ => Aim::Anyone,
        }
    }

    fn chosen(&mut self, aim: Aim, controller: i32, all: &Partitions) -> Result<i32> {
        let ids = self.nodes.ids();
        let leads = |id: &i32| all.values().filter(|it| it.leader == *id).count();
        let any = ids.get(self.dice.at(ids.len())).copied();
        let found = match aim {
            Aim::Controller if ids.contains(&controller) => Some(controller),
            Aim::LeaderOfMost => ids.iter().copied().max_by_key(leads),
            Aim::LeaderOfFewest => ids.iter().copied().min_by_key(leads),
            Aim::Anyone | Aim::Controller => any,
        };
        found.context("no nodes")
    }
}
