//! A round: two nodes do not hear each other, or one hears nobody.

use anyhow::{Context, Result};

use super::Cluster;
use super::figures::ms;

impl Cluster<'_> {
    /// Cuts, waits until every client is served all the same, and heals.
    pub fn cut_round(&mut self) -> Result<String> {
        let chosen = self.choose()?;
        let (id, is_alone) = (chosen.id, self.dice.below(2) == 0);
        let others: Vec<i32> = self.nodes.ids().into_iter().filter(|other| *other != id).collect();
        let other = others.get(self.dice.at(others.len())).copied().context("no other node")?;
        let network = self.nodes.network().context("the nodes have no net of ours")?;
        let at = self.stage.now();
        self.pulses.iter().for_each(|pulse| pulse.forget(at));
        let who = match is_alone {
            true => format!("{id} ({}) hears nobody", chosen.role),
            false => format!("{id} ({}) and {other} do not hear each other", chosen.role),
        };
        for cut in others.iter().filter(|it| is_alone || **it == other) {
            network.cut(id, *cut);
        }
        let signal = if is_alone { "one alone" } else { "two apart" };
        let missed = if is_alone { Some(self.missed(id, at, &who)?) } else { None };
        self.served(at, &who)?;
        let mut told = format!("{who}:");
        told += &self.told(signal, &chosen, at)?;
        told += &missed.map(|missed| format!(" in no ISR after {} ms;", ms(missed))).unwrap_or_default();
        let from = self.stage.now();
        network.heal();
        self.until("all replicas are in sync", 0, |all| all.values().all(|it| it.in_sync.len() == 3))
            .with_context(|| format!("{who}, and do again"))?;
        let back = self.stage.now().saturating_sub(from);
        self.served(self.stage.now(), "the net is whole")?;
        let again = self.longest(from);
        self.figures.add(format!("in every ISR again after {signal}"), back);
        self.figures.add(format!("longest silence after {signal}"), again);
        self.nodes.are_well()?;
        Ok(told + &format!(" all in sync {} ms after it is whole, longest silence then {} ms", ms(back), ms(again)))
    }
}
