//! The words after `cargo x compat`.

use anyhow::{Context, Result, bail};

use crate::kit::Kind;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Parts of names; none is all.
    pub names: Vec<String>,
    pub against: Kind,
    /// A running broker to judge in place of one that is started here.
    pub address: Option<String>,
    /// The slow ones too.
    pub all: bool,
    pub list: bool,
    /// Print every answer of the broker that is judged.
    pub show: bool,
    /// Write the tables of `docs/compatibility.md` from what came out.
    pub page: bool,
    /// How many checks at a time.
    pub threads: usize,
}

impl Options {
    pub fn read(words: &[String]) -> Result<Self> {
        let mut options = Self {
            names: Vec::new(),
            against: Kind::Ottla,
            address: None,
            all: false,
            list: false,
            show: false,
            page: false,
            threads: 2,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} wants a value"));
            match word.as_str() {
                "--all" => options.all = true,
                "--list" => options.list = true,
                "--show" => options.show = true,
                "--page" => options.page = true,
                "--address" => options.address = Some(value()?.clone()),
                "--threads" => options.threads = value()?.parse().context("--threads wants a number")?,
                "--against" => match value()?.as_str() {
                    "kafka" => options.against = Kind::Kafka,
                    "ottla" => options.against = Kind::Ottla,
                    other => bail!("--against kafka or --against ottla, not {other}"),
                },
                flag if flag.starts_with('-') => bail!("there is no option {flag}"),
                name => options.names.push(name.to_owned()),
            }
        }
        Ok(options)
    }
}
