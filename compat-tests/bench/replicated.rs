//! Three nodes with three replicas of everything: what it costs to have each record on all of them before it is acknowledged.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use hdrhistogram::Histogram;

use super::contender::Name;
use super::latency::Pace;
use super::rows::{GIB, NOT_MORE, NOT_WORSE, Plan};
use super::sheet::{Aim, Sheet, Unit};
use super::three::{self, Three};
use super::{javas, latency, throughput};
use crate::kit::Stopwatch;
use crate::raw::admin;

const HALF: Aim = Aim::AtMost(0.5);
const RATE: u64 = 20_000;
/// `linger.ms` of the Java producer by default (KIP-1030).
const LINGER_MS: u64 = 5;

/// # Errors
/// Where a node does not start, or an answer has an error.
pub fn rounds(dir: &Path, plan: &Plan, contenders: &[Name], sheet: &mut Sheet) -> Result<()> {
    three::rounds(dir, plan.rounds, contenders, |cluster| cluster.measure(plan, sheet))
}

impl Three {
    fn measure(&self, plan: &Plan, sheet: &mut Sheet) -> Result<()> {
        let warm = Plan { mib: plan.mib.min(256), seconds: plan.seconds.min(2), ..*plan };
        self.load("warm", &warm, &mut Sheet::default())?;
        self.latency("warm-latency", &warm, &mut Sheet::default())?;
        self.load("load", plan, sheet)?;
        self.latency("latency", plan, sheet)?;
        self.tool("tool", plan, sheet)
    }

    /// As fast as the leaders take it, each from a client of its own, and read back.
    fn load(&self, topic: &str, plan: &Plan, sheet: &mut Sheet) -> Result<()> {
        let led = self.create(topic, 12)?;
        let share = (plan.mib << 20) / led.len() as u64;
        rustix::fs::sync();
        let (before, watch) = (self.cpu()?, Stopwatch::start());
        let produced = self.each(&led, |address, led| Ok(throughput::produce_into(address, topic, led, share)?.1))?;
        self.report("produce, 3 nodes, 3 replicas", (before, watch), produced.values().sum(), sheet)?;
        rustix::fs::sync();
        let (before, watch) = (self.cpu()?, Stopwatch::start());
        let consumed = self.each(&led, |address, led| Ok(throughput::consume_from(address, topic, led, share)?.1))?;
        self.report("consume, 3 nodes", (before, watch), consumed.values().sum(), sheet)?;
        admin::delete(&mut self.any()?, topic)
    }

    fn latency(&self, topic: &str, plan: &Plan, sheet: &mut Sheet) -> Result<()> {
        let led = self.create(topic, self.count() as i32)?;
        let rate = RATE / led.len() as u64;
        rustix::fs::sync();
        let before = self.cpu()?;
        let seen = self.each(&led, |address, led| {
            let partition = *led.first().context("it leads none")?;
            latency::measure(address, Pace { topic, partition, rate, linger_ms: LINGER_MS }, plan.seconds)
        })?;
        let cpu = self.cpu()? - before;
        let mut all = Histogram::<u64>::new(3)?;
        seen.into_values().try_for_each(|it| all.add(it))?;
        for (name, quantile) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)] {
            let millis = all.value_at_quantile(quantile) as f64 / 1000.0;
            let aim = if name == "p99" { HALF } else { NOT_MORE };
            sheet.add(&format!("{name} at {RATE} rec/s, 3 nodes"), Unit::Milliseconds, aim, self.name, millis);
        }
        let title = format!("a record at {RATE} rec/s, 3 nodes, CPU");
        let each = cpu.as_secs_f64() * 1e6 / all.len().max(1) as f64;
        sheet.add(&title, Unit::CpuMicroseconds, NOT_MORE, self.name, each);
        admin::delete(&mut self.any()?, topic)
    }

    fn tool(&self, topic: &str, plan: &Plan, sheet: &mut Sheet) -> Result<()> {
        self.create(topic, 12)?;
        let before = self.cpu()?;
        let records = plan.mib << 10;
        let produced = javas::produce(&self.addresses(), topic, records)?;
        let cpu = self.cpu()? - before;
        let title = "ProducerPerformance, 3 nodes";
        sheet.add(title, Unit::MegabytesPerSecond, NOT_WORSE, self.name, produced);
        let cpu = cpu.as_secs_f64() / ((plan.mib << 20) as f64 / GIB);
        sheet.add(&format!("{title}, CPU"), Unit::CpuSecondsPerGib, NOT_MORE, self.name, cpu);
        admin::delete(&mut self.any()?, topic)
    }

    fn report(&self, title: &str, (cpu, watch): (Duration, Stopwatch), bytes: u64, sheet: &mut Sheet) -> Result<()> {
        let (took, cpu) = (watch.elapsed(), self.cpu()? - cpu);
        let bytes = bytes as f64;
        sheet.add(title, Unit::MegabytesPerSecond, NOT_WORSE, self.name, bytes / 1e6 / took.as_secs_f64());
        let cpu = cpu.as_secs_f64() / (bytes / GIB);
        sheet.add(&format!("{title}, CPU"), Unit::CpuSecondsPerGib, NOT_MORE, self.name, cpu);
        Ok(())
    }
}
