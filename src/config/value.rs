//! A value of a key's type: read from text as Kafka reads it, and shown as Kafka shows it.

use crate::{ConfigError, Default, Key, Kind, number};

/// A typed value (`ConfigDef.parseType`).
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// BOOLEAN.
    Bool(bool),
    /// STRING, CLASS and PASSWORD, trimmed.
    Text(String),
    /// SHORT, INT and LONG, within the bounds of the type.
    Whole(i64),
    /// DOUBLE.
    Double(f64),
    /// LIST, entries trimmed, duplicates removed where Kafka removes them.
    List(Vec<String>),
}

impl Key {
    /// Reads `text` as a value of this key, and checks its bounds. `name` is how the caller calls the key in errors.
    ///
    /// # Errors
    /// [`ConfigError`] with the words of Kafka's `ConfigException`.
    pub fn parse_as(&self, name: &str, text: &str) -> Result<Value, ConfigError> {
        let value = self.read(name, text)?;
        self.check.ensure(name, Some(&value))?;
        Ok(value)
    }

    /// Reads `text` as a value of this key, and checks its bounds.
    ///
    /// # Errors
    /// As [`Self::parse_as`].
    pub fn parse(&self, text: &str) -> Result<Value, ConfigError> {
        self.parse_as(self.name, text)
    }

    /// The typed default; `None` where there is none, or no value is the default.
    pub fn default_value(&self) -> Option<Value> {
        match self.default {
            Default::Is(text) => self.read(self.name, text).ok(),
            Default::Null | Default::Required => None,
        }
    }

    /// The type alone, without bounds.
    fn read(&self, name: &str, text: &str) -> Result<Value, ConfigError> {
        let trimmed = trim(text);
        let not_a_number = || ConfigError::invalid(name, text, format!("Not a number of type {}", self.kind.name()));
        let whole = |min: i64, max: i64| match trimmed.parse::<i64>() {
            Ok(n) if (min..=max).contains(&n) => Ok(Value::Whole(n)),
            _ => Err(not_a_number()),
        };
        match self.kind {
            Kind::Boolean if trimmed.eq_ignore_ascii_case("true") => Ok(Value::Bool(true)),
            Kind::Boolean if trimmed.eq_ignore_ascii_case("false") => Ok(Value::Bool(false)),
            Kind::Boolean => Err(ConfigError::invalid(name, text, "Expected value to be either true or false")),
            // Java would load the class; here any name may stand for one, and what is not supported is told where it is used.
            Kind::Class if trimmed.is_empty() => {
                Err(ConfigError::invalid(name, text, format!("Class {text} could not be found.")))
            }
            Kind::String | Kind::Class | Kind::Password => Ok(Value::Text(trimmed.to_owned())),
            Kind::Short => whole(i16::MIN.into(), i16::MAX.into()),
            Kind::Int => whole(i32::MIN.into(), i32::MAX.into()),
            Kind::Long => whole(i64::MIN, i64::MAX),
            Kind::Double => number::parse_double(trimmed).map(Value::Double).ok_or_else(not_a_number),
            Kind::List => Ok(Value::List(self.split(trimmed))),
        }
    }

    fn split(&self, trimmed: &str) -> Vec<String> {
        if trimmed.is_empty() {
            return Vec::new();
        }
        let mut list: Vec<String> = Vec::new();
        for entry in trimmed.split(',') {
            let entry = entry.trim();
            let once = matches!(self.check, crate::Check::List { .. });
            if !once || !list.iter().any(|known| known == entry) {
                list.push(entry.to_owned());
            }
        }
        list
    }
}

/// `String.trim`: everything up to the space, at both ends.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ')
}

impl Value {
    /// The text of a STRING, CLASS or PASSWORD.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The entries of a LIST.
    pub fn as_list(&self) -> Option<&[String]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The number of a SHORT, INT or LONG.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Whole(n) => Some(*n),
            _ => None,
        }
    }

    /// Any number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Whole(n) => Some(*n as f64),
            Self::Double(n) => Some(*n),
            _ => None,
        }
    }

    /// The value of a BOOLEAN.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            _ => None,
        }
    }

    /// As Java's `List.toString` and friends print it inside an error.
    pub(crate) fn for_error(&self) -> String {
        match self {
            Self::List(list) => format!("[{}]", list.join(", ")),
            other => other.to_string(),
        }
    }
}

/// As DescribeConfigs shows it (`ConfigDef.convertToString`): lists comma joined, booleans in lower case.
impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(b) => write!(f, "{b}"),
            Self::Text(text) => f.write_str(text),
            Self::Whole(n) => write!(f, "{n}"),
            Self::Double(n) => f.write_str(&number::java_double(*n)),
            Self::List(list) => f.write_str(&list.join(",")),
        }
    }
}

/// A Rust type that a typed configuration holds.
pub(crate) trait FromValue: Sized {
    /// The value, or `None` where its type is another.
    fn from_value(value: Option<&Value>) -> Option<Self>;
}

macro_rules! from_value {
    ($( $type:ty: $value:ident => $read:expr; )*) => { $(
        impl FromValue for $type {
            fn from_value($value: Option<&Value>) -> Option<Self> {
                let $value = $value?;
                $read
            }
        }
    )* };
}

from_value! {
    bool: value => value.as_bool();
    i16: value => value.as_i64()?.try_into().ok();
    i32: value => value.as_i64()?.try_into().ok();
    i64: value => value.as_i64();
    f64: value => value.as_f64();
    String: value => value.as_str().map(str::to_owned);
    Vec<String>: value => value.as_list().map(<[String]>::to_vec);
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Option<&Value>) -> Option<Self> {
        match value {
            None => Some(None),
            some => T::from_value(some).map(Some),
        }
    }
}
