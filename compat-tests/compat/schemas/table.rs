//! The table of APIs in the docs: what Apache Kafka speaks, and what of it Ottla does.

use std::fmt::Write as _;

use anyhow::Result;

use super::Versions;
use crate::kit::jars;
use crate::kit::stopwatch::now_ms;
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
        date(now_ms() / 86_400_000),
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

/// The day that is so many days after 1970-01-01, in the Gregorian calendar.
fn date(days: u64) -> String {
    // Years begin in March here, so that the leap day is the last of its year.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        for (days, expected) in
            [(0, "1970-01-01"), (11_016, "2000-02-29"), (11_017, "2000-03-01"), (20_453, "2025-12-31")]
        {
            assert_eq!(date(days), expected);
        }
    }
}
