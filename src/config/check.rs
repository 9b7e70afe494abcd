//! The bounds of values: Kafka's validators (`ConfigDef.Validator` and those that its parts define), with their messages.

use crate::address;
use crate::value::Value;
use crate::{ConfigError, number};

/// What a value must satisfy beyond its type.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Anything.
    Any,
    /// A number between two bounds, both inclusive.
    Range(Option<f64>, Option<f64>),
    /// One of these texts, exactly.
    OneOf(&'static [&'static str]),
    /// One of these texts in any case.
    OneOfAnyCase(&'static [&'static str]),
    /// A list without duplicates of these texts (of any, if there are none here).
    List {
        /// What the entries may be; empty for anything.
        of: &'static [&'static str],
        /// Whether the list may be empty.
        empty: bool,
        /// Whether there may be no list at all.
        null: bool,
    },
    /// A text that is not empty; none at all is fine.
    NonEmpty,
    /// Some text, be it empty.
    NonNull,
    /// `-1` or a level of gzip (1 to 9).
    GzipLevel,
    /// `id@host:port` entries.
    QuorumVoters,
    /// `host:port` entries.
    BootstrapServers,
    /// `*` or `partition:broker` entries.
    ThrottledReplicas,
    /// `latest`, `earliest` or `by_duration:` with an ISO 8601 duration.
    OffsetReset,
}

pub(crate) const fn any() -> Check {
    Check::Any
}

pub(crate) const fn at_least(min: i32) -> Check {
    Check::Range(Some(min as f64), None)
}

pub(crate) const fn between(min: f64, max: f64) -> Check {
    Check::Range(Some(min), Some(max))
}

/// A list that may hold anything, but nothing twice.
pub(crate) const fn list() -> Check {
    Check::List { of: &[], empty: true, null: false }
}

impl Check {
    /// Whether `value` may stand for the key `name`.
    ///
    /// # Errors
    /// [`ConfigError`] with the words of Kafka's `ConfigException`.
    pub fn ensure(&self, name: &str, value: Option<&Value>) -> Result<(), ConfigError> {
        let Some(value) = value else { return self.ensure_absence(name) };
        let refuse = |why: String| Err(ConfigError::invalid(name, value.for_error(), why));
        let text = || value.as_str().unwrap_or_default();
        match *self {
            Self::Any | Self::NonNull => Ok(()),
            Self::Range(min, max) => {
                let number = value.as_f64().unwrap_or(f64::NAN);
                match (min, max) {
                    (Some(min), _) if number < min => refuse(format!("Value must be at least {}", number::plain(min))),
                    (_, Some(max)) if number > max => {
                        refuse(format!("Value must be no more than {}", number::plain(max)))
                    }
                    _ => Ok(()),
                }
            }
            Self::OneOf(allowed) => match allowed.contains(&text()) {
                true => Ok(()),
                false => refuse(format!("String must be one of: {}", allowed.join(", "))),
            },
            Self::OneOfAnyCase(allowed) => match allowed.iter().any(|a| a.eq_ignore_ascii_case(text())) {
                true => Ok(()),
                false => refuse(format!("String must be one of (case insensitive): {}", allowed.join(", "))),
            },
            Self::List { of, empty, .. } => ensure_list(name, value.as_list().unwrap_or_default(), of, empty),
            Self::NonEmpty if text().is_empty() => refuse("String must be non-empty".into()),
            Self::NonEmpty => Ok(()),
            Self::GzipLevel => match value.as_f64().unwrap_or_default() as i64 {
                -1 | 1..=9 => Ok(()),
                _ => refuse("Value must be between 1 and 9 or equal to -1".into()),
            },
            Self::QuorumVoters => value.as_list().unwrap_or_default().iter().try_for_each(|e| {
                address::Voter::parse(e)?;
                Ok(())
            }),
            Self::BootstrapServers => value.as_list().unwrap_or_default().iter().try_for_each(|e| {
                address::bootstrap_server(e)?;
                Ok(())
            }),
            Self::ThrottledReplicas => match throttled_replicas(value.as_list().unwrap_or_default()) {
                true => Ok(()),
                false => refuse(format!(
                    "{name} must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],..."
                )),
            },
            Self::OffsetReset => match offset_reset(text()) {
                true => Ok(()),
                false => refuse(format!(
                    "Invalid value `{}` for configuration {name}. The value must be either 'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.",
                    text()
                )),
            },
        }
    }

    fn ensure_absence(&self, name: &str) -> Result<(), ConfigError> {
        match self {
            Self::Range(..) | Self::GzipLevel => Err(ConfigError::invalid(name, "null", "Value must be non-null")),
            Self::List { null: false, .. } => {
                Err(ConfigError::Rule(format!("Configuration '{name}' values must not be null.")))
            }
            Self::NonNull => Err(ConfigError::invalid(name, "null", "entry must be non null")),
            _ => Ok(()),
        }
    }
}

/// What is allowed, as Kafka's documentation writes it; `-` for anything.
impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = |of: &[&str]| format!("[{}]", of.join(", "));
        match self {
            Self::Any => f.write_str("-"),
            Self::Range(min, max) => {
                let min = min.map(|n| number::plain(n) + ",").unwrap_or_default();
                let max = max.map(|n| format!(",{}", number::plain(n))).unwrap_or_default();
                write!(f, "[{min}...{max}]")
            }
            Self::OneOf(of) => f.write_str(&names(of)),
            Self::OneOfAnyCase(of) => write!(f, "(case insensitive) {}", names(of)),
            Self::List { of: [], .. } => Ok(()),
            Self::List { of, .. } => f.write_str(&names(of)),
            Self::NonEmpty => f.write_str("non-empty string"),
            Self::NonNull => f.write_str("non-null string"),
            Self::GzipLevel => f.write_str("[1,...,9] or -1"),
            Self::QuorumVoters | Self::BootstrapServers => f.write_str("non-empty list"),
            Self::ThrottledReplicas => f.write_str("[partitionId]:[brokerId],[partitionId]:[brokerId],..."),
            Self::OffsetReset => f.write_str("[latest, earliest, by_duration:PnDTnHnMn.nS]"),
        }
    }
}

/// `ConfigDef.ValidList`: entries not empty and each once; the caller has removed duplicates already.
fn ensure_list(name: &str, list: &[String], of: &[&str], empty: bool) -> Result<(), ConfigError> {
    if list.is_empty() && !empty {
        let valid = if of.is_empty() { "any non-empty value".to_owned() } else { format!("[{}]", of.join(", ")) };
        return Err(ConfigError::Rule(format!(
            "Configuration '{name}' must not be empty. Valid values include: {valid}"
        )));
    }
    for entry in list {
        if entry.is_empty() {
            return Err(ConfigError::Rule(format!("Configuration '{name}' values must not be empty.")));
        }
        if !of.is_empty() && !of.contains(&entry.as_str()) {
            return Err(ConfigError::invalid(name, entry, format!("String must be one of: {}", of.join(", "))));
        }
    }
    Ok(())
}

fn throttled_replicas(list: &[String]) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let pair = |s: &str| s.is_empty() || s.split_once(':').is_some_and(|(p, b)| digits(p) && digits(b));
    list.iter().all(|e| pair(e.trim())) || list.iter().map(|e| e.trim()).collect::<String>() == "*"
}

/// `AutoOffsetResetStrategy` without `none`: the texts of a share group's `share.auto.offset.reset` (KIP-1106).
fn offset_reset(text: &str) -> bool {
    match text.split_once(':') {
        None => text.eq_ignore_ascii_case("earliest") || text.eq_ignore_ascii_case("latest"),
        Some((kind, duration)) => kind.eq_ignore_ascii_case("by_duration") && is_duration(duration),
    }
}

/// A duration that is not negative, as `java.time.Duration.parse` reads it: `P2DT3H4M5.6S`, any case, parts optional.
fn is_duration(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    let Some(rest) = upper.strip_prefix('P').or_else(|| upper.strip_prefix("+P")) else { return false };
    let (days, time) = match rest.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return false,
        None => (rest, ""),
    };
    units(days, "D") && units(time, "HMS") && !(days.is_empty() && time.is_empty())
}

/// Numbers followed by units, each of `order` at most once and in this order; only seconds have a fraction.
fn units(mut text: &str, order: &str) -> bool {
    let mut left = order;
    while !text.is_empty() {
        let Some(end) = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '+') else { return false };
        let (number, unit) = text.split_at(end);
        let Some(unit) = unit.chars().next() else { return false };
        let Some((_, after)) = left.split_once(unit) else { return false };
        let whole = number.strip_prefix('+').unwrap_or(number);
        let fine = match whole.split_once('.') {
            Some((int, fraction)) => {
                unit == 'S' && int.parse::<u64>().is_ok() && fraction.len() <= 9 && !fraction.contains('.')
            }
            None => whole.parse::<i64>().is_ok() && !whole.starts_with('+'),
        };
        if !fine {
            return false;
        }
        left = after;
        text = text.get(end + unit.len_utf8()..).unwrap_or_default();
    }
    true
}
