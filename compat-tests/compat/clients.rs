//! The clients that people have, each through the same short scenarios; what they say is held against what the broker has.

mod group;
mod install;
mod looks;
mod matrix;
mod partitioner;
mod program;
mod proof;
mod table;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

use super::bench::{Bench, Side};
use super::options::Options;
use super::{Entry, page};
use crate::kit::stopwatch::now_ms;
use crate::kit::{Broker, Kind, Layout};
use crate::raw::{Connection, admin, stored};
use group::Play;
use matrix::Outcomes;
use program::Program;
use table::{CLIENTS, Client, NOT_YET, SCENARIOS, cannot};

/// Of each scenario's topic.
const PARTITIONS: i32 = 4;

static OUTCOMES: Mutex<Outcomes> = Mutex::new(Outcomes::new());

/// One check a client and scenario, named `client CLIENT SCENARIO`.
pub fn entries(options: &Options) -> Vec<Entry> {
    let not_yet = |scenario: &str| NOT_YET.iter().any(|(it, _)| *it == scenario);
    let is_wanted = |client: &str, scenario: &str| {
        cannot(client, scenario).is_none() && (options.against == Kind::Kafka || !not_yet(scenario))
    };
    let mut entries = Vec::new();
    for client in CLIENTS {
        for scenario in SCENARIOS.iter().filter(|scenario| is_wanted(client.name, scenario)) {
            let name = format!("client {} {scenario}", client.name);
            // Nobody's broker but our own is stopped in the middle.
            entries.push(if *scenario == "reconnect" { Entry::starts(name, run) } else { Entry::asks(name, run) });
        }
    }
    entries
}

/// Writes the matrix into the docs.
///
/// # Errors
/// Where the run left out a part of it.
pub fn write_page(date: &str) -> Result<()> {
    let outcomes = OUTCOMES.lock().unwrap_or_else(PoisonError::into_inner);
    page::replace("clients", &matrix::markdown(date, &outcomes)?)
}

fn run(bench: &Bench, name: &str) -> Result<String> {
    let mut words = name.split(' ').skip(1);
    let mut word = || words.next().unwrap_or_default();
    let (client, scenario) = (word(), word());
    let client = CLIENTS.iter().find(|it| it.name == client).with_context(|| format!("no client {client}"))?;
    let scenario = SCENARIOS.iter().find(|it| **it == scenario).with_context(|| format!("no scenario {scenario}"))?;
    let result = play(bench, client, scenario);
    OUTCOMES.lock().unwrap_or_else(PoisonError::into_inner).insert((client.name, scenario), result.is_ok());
    result
}

fn play(bench: &Bench, client: &Client, scenario: &'static str) -> Result<String> {
    let folder = bench.folder(&format!("client {} {scenario}", client.name))?;
    // A broker that runs elsewhere may have been judged before.
    let topic = format!("client-{}-{scenario}-{}", client.name, now_ms());
    match scenario {
        "reconnect" => reconnect(bench, client, &topic, &folder).map(|()| String::new()),
        // By default a member hears of a rebalance within 5 s only; here the broker says how often it beats.
        "group-848" => {
            let beats = ["group.consumer.heartbeat.interval.ms", "group.consumer.min.heartbeat.interval.ms"];
            let layout = beats.iter().fold(Layout::default(), |layout, key| layout.with(key, "300"));
            bench.ask("clients", layout, |side| on(side, client, scenario, &topic, &folder))
        }
        _ => on(bench.judged()?, client, scenario, &topic, &folder),
    }
}

/// A scenario on a broker that others use too.
fn on(side: &Side, client: &Client, scenario: &'static str, topic: &str, folder: &Path) -> Result<String> {
    let address = side.address.as_str();
    let mut connection = Connection::open(address)?;
    admin::create(&mut connection, topic, PARTITIONS)?;
    let start = || Program::start(client.program.command()?, &[address, topic, scenario], folder, "program");
    let remark = match scenario {
        "group" | "group-848" => {
            // kcat drops the record that it has just polled when it is interrupted, and commits it.
            let quietly = client.name == "kcat";
            Play { address, topic, scenario, folder, quietly }.run(|| client.program.command())?
        }
        "admin" => {
            looks::follow(&mut start()?, address, &format!("{topic}-made"))?;
            String::new()
        }
        _ => {
            start()?.end()?;
            stores(&mut connection, client, scenario, topic)?;
            String::new()
        }
    };
    admin::delete(&mut connection, topic)?;
    side.still_runs()?;
    Ok(remark)
}

/// The broker goes while the client waits, and comes back on its port while the client sends.
fn reconnect(bench: &Bench, client: &Client, topic: &str, folder: &Path) -> Result<()> {
    let kind = bench.options.against;
    let broker = Broker::start(kind, &folder.join("broker"), Layout::default())?;
    let address = broker.address();
    admin::create(&mut Connection::open(&address)?, topic, PARTITIONS)?;
    let mut program = Program::start(client.program.command()?, &[&address, topic, "reconnect"], folder, "program")?;
    program.ready(1)?;
    let node = broker.stop()?;
    program.go_on()?;
    let broker = node.start(kind)?;
    program.end()?;
    stores(&mut Connection::open(&address)?, client, "reconnect", topic)?;
    broker.stop().map(drop)
}

fn stores(connection: &mut Connection, client: &Client, scenario: &str, topic: &str) -> Result<()> {
    let stored = stored::topic(connection, topic, PARTITIONS)?;
    proof::check(client, scenario, &stored).context("what the broker stored")
}
