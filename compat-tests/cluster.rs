//! `cargo x cluster`: three nodes under load, one of them killed and brought back, told in a dozen lines.

mod load;
mod nodes;
mod view;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::kit::{Scratch, Stopwatch};
use crate::options::Options;
use crate::pause;
use load::Load;
use nodes::{Node, Nodes};
use view::View;

const TOPIC: &str = "demo";
/// Longer than anything takes that ends well.
const PATIENCE: Duration = Duration::from_secs(60);

/// The story, once; whether nothing was lost and all came back.
///
/// `--nodes N` (3), `--port N`: clients' ports are N, N+2, ... and controllers' the ones between (9092), `--dir DIR`: data and
/// logs go there and stay, `--kill leader|follower|controller` (leader), `--stay`: the cluster then runs until Ctrl-C, `--seconds N` of
/// load before and after the kill (3).
///
/// # Errors
/// Where it was asked wrongly, or a node does not start.
pub fn cluster(words: &[String]) -> Result<bool> {
    let options = Options::read(words, &["stay"], &["nodes", "port", "dir", "kill", "seconds"])?;
    let count = i32::try_from(options.number("nodes", 3)?)?;
    ensure!((1..=9).contains(&count), "--nodes {count}: from 1 to 9");
    let port = u16::try_from(options.number("port", 9092)?).context("--port")?;
    let victim = match options.value("kill").unwrap_or("leader") {
        "leader" => Victim::Leader,
        "follower" if count > 1 => Victim::Follower,
        "controller" => Victim::Controller,
        other => bail!("--kill {other}: leader, controller, or follower where there is one"),
    };
    let load_time = Duration::from_secs(options.number("seconds", 3)?);
    let scratch = Scratch::new("cluster")?;
    let dir = options.value("dir").map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    let nodes = Nodes::new(&dir, count, port)?;
    say(&format!("{count} nodes for clients on {}; data and logs in {}", nodes.addresses().join(", "), dir.display()));
    let told = tell(&nodes, victim, load_time);
    if let Err(error) = &told {
        scratch.keep();
        say(&format!("{error:#}\nthe logs are left in {}", dir.display()));
    } else if options.has("stay") {
        say("the cluster runs on; Ctrl-C ends it");
        pause::until(Stopwatch::start(), Duration::MAX);
    }
    nodes.stop();
    Ok(told.is_ok())
}

/// Who is killed.
#[derive(Clone, Copy)]
enum Victim {
    /// Who leads the topic's partition.
    Leader,
    Follower,
    /// The active controller, whatever else it does.
    Controller,
}

fn tell(nodes: &Nodes, victim: Victim, load_time: Duration) -> Result<()> {
    let started = Stopwatch::start();
    nodes.start_all()?;
    let view = View::new(nodes.addresses());
    view.wait_alive(nodes.count(), || nodes.still_run())?;
    let ready = started.elapsed().as_millis();
    say(&format!("all are ready after {ready} ms; node {} is the active controller", view.controller()?));
    view.create(TOPIC, nodes.count())?;
    let state = view.wait(TOPIC, |state| state.isr.len() == nodes.count())?;
    say(&format!("topic {TOPIC}: node {} leads, in sync are {}", state.leader, list(&state.isr)));

    let load = Load::start(Arc::new(view), TOPIC)?;
    // The followers of a new topic may take a moment to find its leader.
    load.resumed(Duration::ZERO)?;
    pause::until(Stopwatch::start(), load_time);
    let before = load.acknowledged()?;
    let (middle, p99) = load.latencies()?;
    say(&format!(
        "one producer, acks=all, one record at a time: {before} records in {} s, half of them within {middle} us, 99% within {p99} us",
        load_time.as_secs()
    ));

    let state = load.view().state(TOPIC)?;
    let victim = match victim {
        Victim::Leader => state.leader,
        Victim::Controller => load.view().controller()?,
        Victim::Follower => {
            let other = state.isr.iter().find(|id| **id != state.leader);
            *other.context("there is no follower in sync")?
        }
    };
    let victim: &Node = nodes.get(victim)?;
    say(&format!("node {} gets SIGKILL", victim.id()));
    let killed = load.now();
    let running = nodes.count() - 1;
    victim.kill();
    let has_majority = running > nodes.count() / 2;
    if has_majority {
        let state = load.view().wait(TOPIC, |state| {
            state.leader != victim.id() && state.leader >= 0 && !state.isr.contains(&victim.id())
        })?;
        let out = load.now().saturating_sub(killed);
        let resumed = load.resumed(killed)?;
        say(&format!(
            "  records are acknowledged again {} ms after the kill; {} ms was the longest wait for one",
            resumed.after.as_millis(),
            resumed.longest.as_millis()
        ));
        say(&format!(
            "  node {} leads, in sync are {}, seen {} ms after the kill; node {} is the active controller",
            state.leader,
            list(&state.isr),
            out.as_millis(),
            load.view().controller()?
        ));
        pause::until(Stopwatch::start(), load_time);
    }

    let again = Stopwatch::start();
    victim.start()?;
    say(&format!("node {} starts again", victim.id()));
    let state = load.view().wait(TOPIC, |state| state.isr.len() == nodes.count())?;
    say(&format!("  in sync again after {} ms: {}", again.elapsed().as_millis(), list(&state.isr)));
    pause::until(Stopwatch::start(), Duration::from_secs(1));
    let sum = load.finish()?;
    say(&format!(
        "{} records acknowledged, {} consumed in order: none lost, none twice",
        sum.acknowledged, sum.consumed
    ));
    Ok(())
}

fn list(ids: &[i32]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(", ")
}

#[expect(clippy::print_stdout, reason = "the story is for the person at the terminal")]
fn say(text: &str) {
    println!("{text}");
}
