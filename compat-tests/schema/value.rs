//! What a message says, field by field, without a type for it.

use bytes::Bytes;
use uuid::Uuid;

use super::read::{Field, Kind};

/// The value of a field, or of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Uuid(Uuid),
    Text(String),
    Bytes(Vec<u8>),
    Array(Vec<Value>),
    /// The fields that the version has, in order.
    Struct(Vec<(String, Value)>),
}

impl Value {
    /// What a field is that nobody has set.
    pub fn default_of(field: &Field, version: i16) -> Self {
        let text = field.default.as_str();
        if text == "null" {
            return Self::Null;
        }
        match &field.kind {
            Kind::Bool => Self::Bool(text == "true"),
            Kind::Int(..) => Self::Int(match text.strip_prefix("0x") {
                Some(hex) => i64::from_str_radix(hex, 16).unwrap_or_default(),
                None => text.parse().unwrap_or_default(),
            }),
            Kind::Float => Self::Float(text.parse().unwrap_or_default()),
            Kind::Uuid => Self::Uuid(Uuid::nil()),
            Kind::Text => Self::Text(text.to_owned()),
            Kind::Bytes => Self::Bytes(Vec::new()),
            Kind::Array(_) => Self::Array(Vec::new()),
            Kind::Struct(_, fields) => Self::Struct(
                fields
                    .iter()
                    .filter(|it| it.versions.has(version))
                    .map(|it| (it.name.clone(), Self::default_of(it, version)))
                    .collect(),
            ),
        }
    }

    /// One line a leaf, as the differential test writes answers: `topics[0].partitions[1].errorcode: 3`.
    /// Names are in small letters without underscores, since each language has its own way with them.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.walk("", &mut lines);
        lines
    }

    fn walk(&self, path: &str, lines: &mut Vec<String>) {
        let leaf = match self {
            Self::Struct(fields) => {
                for (name, value) in fields {
                    let name = plain(name);
                    value.walk(&if path.is_empty() { name } else { format!("{path}.{name}") }, lines);
                }
                return;
            }
            Self::Array(values) if !values.is_empty() => {
                for (at, value) in values.iter().enumerate() {
                    value.walk(&format!("{path}[{at}]"), lines);
                }
                return;
            }
            Self::Null => "None".to_owned(),
            Self::Bool(it) => it.to_string(),
            Self::Int(it) => it.to_string(),
            Self::Float(it) => format!("{it:?}"),
            Self::Uuid(it) => it.to_string(),
            Self::Text(it) => format!("{it:?}"),
            Self::Bytes(it) => format!("{:?}", Bytes::copy_from_slice(it)),
            Self::Array(_) => "[]".to_owned(),
        };
        lines.push(format!("{path}: {leaf}"));
    }
}

/// A name in small letters without underscores.
pub fn plain(name: &str) -> String {
    name.chars().filter(|it| *it != '_').flat_map(char::to_lowercase).collect()
}
