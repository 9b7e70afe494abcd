//! An idempotent acks=all producer of one partition that follows its leader and sends again, in order, what was not acknowledged.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::TOPIC;
use super::asker::Asker;
use super::pulse::Pulse;
use super::stage::Stage;
use crate::crash::load::{IN_FLIGHT, Load};
use crate::dice::Dice;
use crate::pause;
use crate::raw::{Connection, frames};

/// As `request.timeout.ms`, but shorter: a paused leader must not stand in for one that has none.
const PATIENCE: Duration = Duration::from_secs(3);
/// What goes by: another leads, too few are in sync, or it took too long.
const AGAIN: [i16; 10] = [3, 5, 6, 7, 8, 19, 20, 56, 74, 75];

/// Produces until there is no more to, and everything is acknowledged.
pub fn run(stage: &Stage, load: &mut Load, pulse: &Pulse, mut dice: Dice) {
    let mut asker = Asker::new(stage, load.number);
    while stage.wants_records() || load.pending() > 0 {
        let before = load.acknowledged();
        // Answers that must not be are faults already.
        let ended = with_leader(stage, load, pulse, &mut dice, &mut asker);
        if ended.is_err() && load.acknowledged() == before {
            asker.doubt();
        }
        if load.fault.is_some() || stage.is_over() {
            break;
        }
        pause::short();
    }
    if let Some(fault) = &load.fault {
        stage.fault(fault.clone());
    }
}

fn with_leader(stage: &Stage, load: &mut Load, pulse: &Pulse, dice: &mut Dice, asker: &mut Asker<'_>) -> Result<()> {
    let mut connection = Connection::open_for(&asker.leader(TOPIC, load.partition)?, PATIENCE)?;
    let mut sent = VecDeque::new();
    // A burst of some batches, then a rest: the machine has other things to do.
    loop {
        let burst = 1 + dice.at(IN_FLIGHT);
        while sent.len() < burst && (sent.len() < load.pending() || stage.wants_records()) {
            let partition = load.partition;
            let batch = load.batch(sent.len(), dice)?;
            let mut frame = frames::produce(TOPIC, -1, &[(partition, batch)])?;
            sent.push_back(stage.now());
            connection.send(&mut frame)?;
        }
        let Some(at) = sent.pop_front() else { return Ok(()) };
        let (_, parts) = frames::produced(connection.receive()?)?;
        let (_, code, offset) = parts.first().copied().context("an answer without a partition")?;
        if AGAIN.contains(&code) {
            bail!("answered error {code}");
        }
        if code != 0 {
            load.fault = Some(format!("producer {} was answered error {code}", load.number));
            return Ok(());
        }
        load.acknowledge(offset)?;
        pulse.beat(at, stage.now());
        pause::short();
    }
}
