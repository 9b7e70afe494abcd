//! The clients that people have, each through the same short scenarios; what they say is held against what the broker has.

mod group;
mod install;
mod looks;
mod matrix;
mod partitioner;
mod program;
mod proof;
mod table;

use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

use super::bench::Bench;
use super::options::Options;
use super::{Entry, page};
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

fn play(bench: &Bench, client: &Client, scenario: &str) -> Result<String> {
    let folder = bench.folder(&format!("client {} {scenario}", client.name))?;
    // A broker that runs elsewhere may have been judged before.
    let topic = format!("client-{}-{scenario}-{}", client.name, crate::kit::stopwatch::now_ms());
    if scenario == "reconnect" {
        let broker = Broker::start(bench.options.against, &folder.join("broker"), Layout::default())?;
        admin::create(&mut Connection::open(&broker.address())?, &topic, PARTITIONS)?;
        let words = [broker.address(), topic.clone(), scenario.to_owned()];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut program = Program::start(client.program.command()?, &words, &folder, "program")?;
        program.ready(1)?;
        let node = broker.stop()?;
        // It sends while there is nobody to take it.
        program.go_on()?;
        let broker = node.start(bench.options.against)?;
        program.end()?;
        let stored = stored::topic(&mut Connection::open(&broker.address())?, &topic, PARTITIONS)?;
        proof::check(client, scenario, &stored).context("what the broker stored")?;
        return Ok(String::new());
    }
    let address = bench.judged()?.address.as_str();
    let mut connection = Connection::open(address)?;
    admin::create(&mut connection, &topic, PARTITIONS)?;
    let words = [address, topic.as_str(), scenario];
    let remark = match scenario {
        "group" | "group-848" => {
            // kcat drops the record that it has just polled when it is interrupted, and commits it.
            let quietly = client.name == "kcat";
            Play { address, topic: &topic, scenario, folder: &folder, quietly }.run(|| client.program.command())?
        }
        "admin" => {
            let mut program = Program::start(client.program.command()?, &words, &folder, "program")?;
            looks::follow(&mut program, address, &format!("{topic}-made"))?;
            String::new()
        }
        _ => {
            Program::start(client.program.command()?, &words, &folder, "program")?.end()?;
            let stored = stored::topic(&mut connection, &topic, PARTITIONS)?;
            proof::check(client, scenario, &stored).context("what the broker stored")?;
            String::new()
        }
    };
    admin::delete(&mut connection, &topic)?;
    bench.judged()?.still_runs()?;
    Ok(remark)
}
