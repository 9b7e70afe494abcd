//! What was declared, as data, so that a test can hold it against Kafka's JSON schemas.

/// An inclusive range of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// The first version.
    pub min: i16,
    /// The last version; `i16::MAX` is "all later ones".
    pub max: i16,
}

impl Versions {
    /// No version at all.
    pub const NONE: Self = Self { min: 1, max: 0 };

    /// Whether `version` is one of them.
    pub const fn contains(self, version: i16) -> bool {
        self.min <= version && version <= self.max
    }
}

/// A message, record or nested structure.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Kafka's name.
    pub name: &'static str,
    /// Kafka's `apiKey`; -1 if it has none.
    pub key: i16,
    /// Its versions; all of them for a nested structure.
    pub versions: Versions,
    /// The versions with compact lengths and tagged fields (KIP-482); none for a nested structure, which has its
    /// message's.
    pub flexible: Versions,
    /// Its fields, in the order of the bytes.
    pub fields: &'static [Field],
}

/// One field.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Kafka's name in this project's spelling: `BrokerId` is `broker_id`.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// The versions that have it.
    pub versions: Versions,
    /// Its number, if it is a tagged field.
    pub tag: Option<u32>,
    /// The versions in which it may be null.
    pub nullable: Versions,
    /// Whether it may be left out of versions that do not have it.
    pub ignorable: bool,
    /// Its default in Rust's debug notation.
    pub default: fn() -> String,
}

/// The type of a field, in Kafka's words.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // The names are Kafka's own.
pub enum Kind {
    Bool,
    Int8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    Array(&'static Kind),
    Struct(&'static Layout),
}
