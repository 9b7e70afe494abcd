//! What a configuration key is: name, type, default, bounds, who may change it when, and what it is good for.

use crate::check::Check;

/// The type of a value, with the number that DescribeConfigs gives it (`DescribeConfigsResponse.ConfigType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum Kind {
    /// `true` or `false` in any case.
    Boolean = 1,
    /// Text, trimmed.
    String = 2,
    /// 32 bits, signed.
    Int = 3,
    /// 16 bits, signed.
    Short = 4,
    /// 64 bits, signed.
    Long = 5,
    /// A floating point number.
    Double = 6,
    /// Texts, comma separated.
    List = 7,
    /// The name of a Java class.
    Class = 8,
    /// Text that is never shown.
    Password = 9,
}

impl Kind {
    /// Kafka's word for it, as in `Not a number of type INT`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Int => "INT",
            Self::Short => "SHORT",
            Self::Long => "LONG",
            Self::Double => "DOUBLE",
            Self::List => "LIST",
            Self::Class => "CLASS",
            Self::Password => "PASSWORD",
        }
    }

    /// The number that goes over the wire; 0 is an unknown key.
    pub const fn code(self) -> i8 {
        self as i8
    }
}

/// What holds when nobody has set the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// It must be set.
    Required,
    /// No value, which mostly means that another key decides.
    Null,
    /// This value, as one would write it in a file.
    Is(&'static str),
}

/// How likely an operator is to need the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Importance {
    /// Nearly everyone.
    High,
    /// Some.
    Medium,
    /// Few.
    Low,
}

impl Importance {
    /// Kafka's word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Low => "LOW",
        }
    }
}

/// Whether a running broker can be told a new value (KIP-226, `DynamicBrokerConfig`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Only by a restart.
    ReadOnly,
    /// For one broker at a time.
    PerBroker,
    /// For one broker, or for all as a default.
    ClusterWide,
    /// Not a broker's key: always changed through the API.
    Resource,
}

/// Which resource a key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// `server.properties`, and brokers' dynamic configs.
    Broker,
    /// A topic's overrides.
    Topic,
    /// A group's overrides (KIP-848, KIP-932, KIP-1071).
    Group,
    /// A client metrics subscription (KIP-714).
    ClientMetrics,
}

/// One row of the table.
#[derive(Debug)]
pub struct Key {
    /// Kafka's name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What holds when it is not set.
    pub default: Default,
    /// Bounds of the value.
    pub check: Check,
    /// How likely one needs it.
    pub importance: Importance,
    /// Who may change it while the broker runs.
    pub update: Update,
    /// Not part of the documented configuration; described only when someone has set it.
    pub internal: bool,
    /// One or two sentences for people.
    pub doc: &'static str,
}

impl Key {
    /// Whether the value must never be shown.
    pub const fn is_sensitive(&self) -> bool {
        matches!(self.kind, Kind::Password)
    }

    /// Whether AlterConfigs on a broker must be refused.
    pub const fn is_read_only(&self) -> bool {
        matches!(self.update, Update::ReadOnly)
    }
}

/// Declares one table: `"name" Type default check, Importance Update, "doc";`, one row a key.
/// The default is `required`, `null` or a literal; a word after the update mode marks an internal key.
macro_rules! keys {
    ($( #[doc = $table:literal] )* $vis:vis $static:ident; $( $name:literal $kind:ident $default:tt $check:expr, $importance:ident $update:ident $($internal:ident)?, $doc:literal; )*) => {
        $( #[doc = $table] )*
        $vis static $static: &[$crate::Key] = &[$( $crate::Key {
            name: $name,
            kind: $crate::Kind::$kind,
            default: $crate::key::keys!(@default $default),
            check: $check,
            importance: $crate::Importance::$importance,
            update: $crate::Update::$update,
            internal: $crate::key::keys!(@internal $($internal)?),
            doc: $doc,
        }, )*];
    };
    (@default required) => { $crate::Default::Required };
    (@default null) => { $crate::Default::Null };
    (@default $value:literal) => { $crate::Default::Is($value) };
    (@internal internal) => { true };
    (@internal) => { false };
}
pub(crate) use keys;
