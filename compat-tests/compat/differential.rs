//! Decoded answers of the judged broker beside Apache Kafka's, request by request.

use anyhow::Result;

use super::Entry;
use super::bench::Bench;
use crate::differential;

pub fn entries() -> Vec<Entry> {
    vec![
        Entry::starts("differential script", script),
        Entry::starts("differential restart", restart),
        Entry::starts("differential deadlines", deadlines),
        Entry::starts("differential retention", retention),
        Entry::starts("differential dice", dice),
        Entry::starts("differential cluster", cluster),
        Entry::starts("differential controller", controller),
        Entry::starts("differential records of groups", records),
    ]
}

fn script(bench: &Bench, name: &str) -> Result<String> {
    differential::script(&bench.folder(name)?, bench.options.against, bench.options.show)
}

fn restart(bench: &Bench, name: &str) -> Result<String> {
    differential::restarted(&bench.folder(name)?, bench.options.against, bench.options.show)
}

fn deadlines(bench: &Bench, name: &str) -> Result<String> {
    differential::deadlines(&bench.folder(name)?, bench.options.against, bench.options.show)
}

fn retention(bench: &Bench, name: &str) -> Result<String> {
    differential::retention(&bench.folder(name)?, bench.options.against, bench.options.show)
}

fn cluster(bench: &Bench, name: &str) -> Result<String> {
    differential::cluster(&bench.folder(name)?, bench.options.against, bench.options.show)
}

fn controller(bench: &Bench, name: &str) -> Result<String> {
    differential::controller(&bench.folder(name)?, bench.options.against, bench.options.show)
}

fn dice(bench: &Bench, name: &str) -> Result<String> {
    differential::dice(&bench.folder(name)?, bench.options.against)
}

fn records(bench: &Bench, name: &str) -> Result<String> {
    differential::records(&bench.folder(name)?, bench.options.against, &bench.tools)
}
