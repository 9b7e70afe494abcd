//! One line a field: declares Kafka's messages and records, with their bytes at every version and a table to check them by.
//!
//! kafka-protocol knows neither the records that Kafka keeps in its own topics nor the newest messages. Here each is
//! declared once, in the notation of Kafka's JSON schemas:
//!
//! ```text
//! schema! {
//!     /// What it is for.
//!     message RegisterBrokerRecord key 0, versions 0-4, flexible 0+ {
//!         broker_id: NodeId, 0+;
//!         end_points: Vec<BrokerEndpoint>, 0+;
//!         rack: Option<String>, 0+;
//!         fenced: bool, 0+, default true;
//!         log_dirs: Vec<Uuid>, 3+, tag 0;
//!     }
//!     /// A part of it.
//!     struct BrokerEndpoint { name: String, 0+; }
//! }
//! ```
//!
//! An `Option` may be null in all versions of its field, unless `nullable 4+` says otherwise. `ignorable true` fields are left
//! out of versions that do not have them; other fields must have their default there ([`EncodeError::NotInVersion`]).
//! Tagged fields that are not known are kept in `unknown_tags` and written back.

mod error;
mod fields;
mod layout;
mod macros;
#[cfg(test)]
mod tests;
mod text;
mod value;

pub use error::{DecodeError, EncodeError};
#[doc(hidden)]
pub use fields::{TagsWriter, read, read_tag, read_tags, write};
pub use layout::{Field, Kind, Layout, Versions};
pub use value::{At, Nullable, Tags, Value, read_varint, write_varint};

#[doc(inline)]
pub use crate::schema;
#[doc(hidden)]
pub use bytes::{Bytes, BytesMut};

/// A message or record with a body of its own in each of its versions.
pub trait Message: Value + Default {
    /// Its fields, as Kafka's JSON schemas tell them.
    const LAYOUT: Layout;

    /// Writes the body at `version`.
    fn encode_body(&self, out: &mut BytesMut, version: i16) -> Result<(), EncodeError> {
        self.encode(out, At::version(&Self::LAYOUT, version).ok_or(EncodeError::Version(version))?)
    }

    /// Reads the body at `version` from the front of `input`; what comes after it stays there.
    ///
    /// Costs no more memory than a small multiple of the bytes that are really there, whatever lengths they announce.
    fn decode_body(input: &mut Bytes, version: i16) -> Result<Self, DecodeError> {
        Self::decode(input, At::version(&Self::LAYOUT, version).ok_or(DecodeError::Version(version))?)
    }
}
