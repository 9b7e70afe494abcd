//! The words behind a chore: flags, and flags with a value.

use anyhow::{Context, Result, bail};

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub struct Options(Vec<(String, Option<String>)>);

impl Options {
    /// Reads `--flag` and `--key value` of these names.
    ///
    /// # Errors
    /// Where a word is none of them.
    pub fn read(words: &[String], flags: &[&str], keys: &[&str]) -> Result<Self> {
        let mut found = Vec::new();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let name = word.strip_prefix("--").unwrap_or_default();
            if flags.contains(&name) {
                found.push((name.to_owned(), None));
            } else if keys.contains(&name) {
                let value = words.next().with_context(|| format!("--{name} needs a value"))?;
                found.push((name.to_owned(), Some(value.clone())));
            } else {
                bail!(
                    "there is no option {word}; there are: --{} and --{} VALUE",
                    flags.join(", --"),
                    keys.join(", --")
                );
            }
        }
        Ok(Self(found))
    }

    pub fn has(&self, flag: &str) -> bool {
        self.0.iter().any(|(name, _)| name == flag)
    }

    pub fn value(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(name, _)| name == key)?.1.as_deref()
    }

    /// # Errors
    /// Where the value is no number.
    pub fn number(&self, key: &str, default: u64) -> Result<u64> {
        self.value(key).map_or(Ok(default), |text| text.parse().with_context(|| format!("--{key} {text}")))
    }
}
