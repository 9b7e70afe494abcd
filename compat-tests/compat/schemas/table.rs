//! The table of APIs in the docs: what Apache Kafka speaks, and what of it Ottla does.

use std::fmt::Write as _;

use anyhow::Result;

use super::Versions;
use crate::compat::page;
use crate::kit::jars;
use crate::schema::{Schemas, Versions as Range};

/// One row an API that brokers have.
///
/// # Errors
/// Where an API has no schema.
pub fn markdown(schemas: &Schemas, ours: &Versions, theirs: &Versions) -> Result<String> {
    let served = schemas.all().filter(|it| it.role == "request" && it.on_brokers && it.versions != Range::NONE);
    let mut all: Versions = served.filter_map(|it| Some((it.key?, (it.versions.min, it.versions.max)))).collect();
    let untold: Vec<i16> = all.keys().filter(|key| !theirs.contains_key(key)).copied().collect();
    all.extend(theirs);
    let count = |all: &Versions| all.values().map(|(low, high)| i32::from(high - low) + 1).sum::<i32>();
    let mut out = format!(
        "As of {}: {} of the {} APIs of Apache Kafka {}'s brokers, {} of {} versions. What is not told is not served.\n\n",
        page::today(),
        ours.len(),
        all.len(),
        jars::VERSION,
        count(ours),
        count(&all)
    );
    out.push_str("| key | API | Apache Kafka | Ottla |\n|---:|---|---|---|\n");
    let range = |range: Option<&(i16, i16)>| match range {
        None => String::new(),
        Some((low, high)) if low == high => low.to_string(),
        Some((low, high)) => format!("{low}-{high}"),
    };
    for (key, versions) in &all {
        let note = if untold.contains(key) { " (told where a plugin takes clients' metrics)" } else { "" };
        let name = name(schemas, *key)?;
        writeln!(out, "| {key} | {name} | {}{note} | {} |", range(Some(versions)), range(ours.get(key)))?;
    }
    Ok(out)
}

/// Kafka's name of an API.
///
/// # Errors
/// Where there is no such API.
pub fn name(schemas: &Schemas, key: i16) -> Result<&str> {
    let request = schemas.of(key, "request")?;
    Ok(request.name.strip_suffix("Request").unwrap_or(&request.name))
}
