//! Why bytes are not a message, or a message has no bytes.

/// The bytes are not a message of this version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The message has no such version.
    #[error("there is no version {0} of this message")]
    Version(i16),
    /// The bytes end inside a field, or announce more than they have.
    #[error("the bytes end before the message does")]
    TooShort,
    /// A negative length where null is not allowed.
    #[error("a field that may not be null is null")]
    Null,
    /// A variable-length number of more than 32 bits.
    #[error("a variable-length number is longer than 32 bits")]
    Varint,
    /// A text that is no UTF-8, or longer than 32,767 bytes.
    #[error("a text is not UTF-8 of at most 32767 bytes")]
    Text,
    /// A tagged field whose announced size is not the size of its value.
    #[error("the tagged field {0} has another size than it says")]
    TagSize(u32),
    /// A frame of another kind than was expected.
    #[error("{0} {1} is not known here")]
    Unknown(&'static str, i64),
    /// Bytes after the end.
    #[error("{0} bytes follow the end of the message")]
    Trailing(usize),
}

/// The message cannot be written in this version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The message has no such version.
    #[error("there is no version {0} of this message")]
    Version(i16),
    /// The field has a value that this version cannot tell.
    #[error("version {version} has no field {field}, which has a value")]
    NotInVersion {
        /// The field's name.
        field: &'static str,
        /// The version it should have been written in.
        version: i16,
    },
    /// None where this version needs a value.
    #[error("a field that may not be null is null")]
    Null,
    /// A text of more than 32,767 bytes, or an array of more than 2^31-1 elements.
    #[error("a text or array is too long")]
    TooLong,
}
