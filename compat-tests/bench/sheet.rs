//! What was measured: samples by row and contender, their medians, ratios, and the aims they are held against.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::Name;

/// What a row's figure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    MegabytesPerSecond,
    CpuSecondsPerGib,
    Milliseconds,
    Mib,
    PerSecond,
    CpuMicroseconds,
    /// One figure in another of the same contender.
    Times,
}

impl Unit {
    fn text(self) -> &'static str {
        match self {
            Self::MegabytesPerSecond => "MB/s",
            Self::CpuSecondsPerGib => "CPU s/GiB",
            Self::Milliseconds => "ms",
            Self::Mib => "MiB",
            Self::PerSecond => "1/s",
            Self::CpuMicroseconds => "CPU us",
            Self::Times => "times",
        }
    }
}

/// How Ottla's figure must stand to Kafka's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aim {
    /// Ottla / Kafka at least.
    AtLeast(f64),
    /// Ottla / Kafka at most.
    AtMost(f64),
    /// Ottla no more than Kafka, and less than this whatever Kafka has.
    NoMoreAndUnder(f64),
}

#[derive(Debug)]
struct Line {
    title: String,
    unit: Unit,
    aim: Aim,
    samples: BTreeMap<Name, Vec<f64>>,
}

/// All rows, in the order in which they were first measured.
#[derive(Debug, Default)]
pub struct Sheet(Vec<Line>);

impl Sheet {
    pub fn add(&mut self, title: &str, unit: Unit, aim: Aim, who: Name, sample: f64) {
        let at = self.0.iter().position(|line| line.title == title).unwrap_or_else(|| {
            self.0.push(Line { title: title.to_owned(), unit, aim, samples: BTreeMap::new() });
            self.0.len() - 1
        });
        if let Some(line) = self.0.get_mut(at) {
            line.samples.entry(who).or_default().push(sample);
        }
    }

    /// A table with medians, and Ottla's ratio to the others.
    pub fn markdown(&self) -> String {
        let mut text = String::from("| | unit | ottla | kafka | floor | ottla/kafka | ottla/floor | aim |\n");
        text.push_str("|---|---|---:|---:|---:|---:|---:|---|\n");
        for line in &self.0 {
            let figure = |who| line.median(who).map_or("-".to_owned(), |value| format!("{value:.2}"));
            let ratio = |who| line.ratio(who).map_or("-".to_owned(), |value| format!("{value:.3}"));
            let aim = match (line.aim, line.is_met()) {
                (Aim::AtLeast(ratio), Some(met)) => format!(">= {ratio} {}", if met { "met" } else { "MISSED" }),
                (Aim::AtMost(ratio), Some(met)) => format!("<= {ratio} {}", if met { "met" } else { "MISSED" }),
                (Aim::NoMoreAndUnder(bound), Some(met)) => {
                    format!("<= 1, < {bound} {}", if met { "met" } else { "MISSED" })
                }
                (_, None) => "-".to_owned(),
            };
            // A String takes everything.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {} | {aim} |",
                line.title,
                line.unit.text(),
                figure(Name::Ottla),
                figure(Name::Kafka),
                figure(Name::Floor),
                ratio(Name::Kafka),
                ratio(Name::Floor),
            );
        }
        text
    }

    /// The same with all samples, for machines.
    pub fn json(&self) -> Value {
        let line = |line: &Line| {
            let figures: BTreeMap<&str, Value> = line
                .samples
                .iter()
                .map(|(who, samples)| (who.text(), json!({ "median": median(samples), "samples": samples })))
                .collect();
            json!({ "row": line.title, "unit": line.unit.text(), "figures": figures,
                "ottla_to_kafka": line.ratio(Name::Kafka), "aim_met": line.is_met() })
        };
        Value::Array(self.0.iter().map(line).collect())
    }

    /// How many rows have an aim that can be judged.
    pub fn aims(&self) -> usize {
        self.0.iter().filter(|line| line.is_met().is_some()).count()
    }

    /// The rows whose aim is not met.
    pub fn missed(&self) -> Vec<String> {
        let missed = self.0.iter().filter(|line| line.is_met() == Some(false));
        missed
            .map(|line| {
                format!("{} ({:?}, is {:.3})", line.title, line.aim, line.ratio(Name::Kafka).unwrap_or_default())
            })
            .collect()
    }
}

impl Line {
    fn median(&self, who: Name) -> Option<f64> {
        median(self.samples.get(&who)?)
    }

    fn ratio(&self, to: Name) -> Option<f64> {
        let to = self.median(to).filter(|value| *value > 0.0)?;
        Some(self.median(Name::Ottla)? / to)
    }

    fn is_met(&self) -> Option<bool> {
        let ratio = self.ratio(Name::Kafka)?;
        Some(match self.aim {
            Aim::AtLeast(least) => ratio >= least,
            Aim::AtMost(most) => ratio <= most,
            Aim::NoMoreAndUnder(bound) => ratio <= 1.0 && self.median(Name::Ottla)? < bound,
        })
    }
}

fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (sorted.get(sorted.len().checked_sub(1)? / 2)?, sorted.get(sorted.len() / 2)?);
    Some((low + high) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_worse_than_kafkas_is_missed() {
        let mut sheet = Sheet::default();
        for (who, value) in [(Name::Ottla, 90.0), (Name::Kafka, 100.0)] {
            sheet.add("produce", Unit::MegabytesPerSecond, Aim::AtLeast(1.0), who, value);
            sheet.add("memory", Unit::Mib, Aim::AtMost(0.1), who, value);
            sheet.add("latency", Unit::Milliseconds, Aim::AtMost(1.0), who, value);
        }
        sheet.add("alone", Unit::Mib, Aim::AtMost(1.0), Name::Ottla, 1.0);
        sheet.add("bound", Unit::Mib, Aim::NoMoreAndUnder(89.0), Name::Ottla, 90.0);
        sheet.add("bound", Unit::Mib, Aim::NoMoreAndUnder(89.0), Name::Kafka, 100.0);
        assert_eq!(sheet.missed().len(), 3);
        assert_eq!(sheet.aims(), 4);
        assert!(sheet.markdown().contains("| produce | MB/s | 90.00 | 100.00 | - | 0.900 | - | >= 1 MISSED |"));
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
