//! The bytes of each type, in flexible and in older versions (KIP-482).

use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use model::{
    BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, PartitionIndex, ProducerEpoch, ProducerId, Sequence,
    Timestamp, Uuid,
};

use super::{DecodeError, EncodeError, Field, Kind, Layout};

/// Tagged fields by their number.
pub type Tags = BTreeMap<u32, Bytes>;

/// Where a value stands: in which version of its message, and whether it may be null.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// The message's version.
    pub version: i16,
    /// Whether this version has compact lengths and tagged fields.
    pub flexible: bool,
    /// Whether the value may be null.
    pub nullable: bool,
    /// Whether it is a tagged field, where a structure that is null has another byte.
    pub tagged: bool,
}

impl At {
    /// The top of a message at `version`; none if there is no such version.
    pub fn version(layout: &Layout, version: i16) -> Option<Self> {
        let flexible = layout.flexible.contains(version);
        layout.versions.contains(version).then_some(Self { version, flexible, nullable: false, tagged: false })
    }

    /// Inside `field`.
    pub(super) fn of(self, field: &Field) -> Self {
        Self { nullable: field.nullable.contains(self.version), tagged: field.tag.is_some(), ..self }
    }

    #[doc(hidden)]
    pub fn write_struct<T: Value>(value: Option<&T>, out: &mut BytesMut, at: Self) -> Result<(), EncodeError> {
        let null = if at.tagged { 0 } else { -1 };
        out.put_i8(if value.is_some() { 1 } else { null });
        value.map_or(Ok(()), |value| value.encode(out, at))
    }

    #[doc(hidden)]
    pub fn read_struct<T: Value>(input: &mut Bytes, at: Self) -> Result<Option<T>, DecodeError> {
        let least = if at.tagged { 1 } else { 0 };
        let present = input.try_get_i8().map_err(|_| DecodeError::TooShort)? >= least;
        present.then(|| T::decode(input, at)).transpose()
    }
}

/// A type that a field can have.
pub trait Value: Sized + Clone + Debug + PartialEq {
    /// Kafka's name of the type.
    const KIND: Kind;
    /// Whether it can be null.
    const NULLABLE: bool = false;

    /// Appends its bytes to `out`.
    fn encode(&self, out: &mut BytesMut, at: At) -> Result<(), EncodeError>;

    /// Reads it from the front of `input`. Never panics, and reserves no memory on the word of the bytes.
    fn decode(input: &mut Bytes, at: At) -> Result<Self, DecodeError>;
}

/// A type that may be null, as an `Option` of it.
pub trait Nullable: Value {
    /// Appends the bytes of the value or of null.
    fn encode_nullable(value: Option<&Self>, out: &mut BytesMut, at: At) -> Result<(), EncodeError>;

    /// Reads the value, or none for null.
    fn decode_nullable(input: &mut Bytes, at: At) -> Result<Option<Self>, DecodeError>;
}

impl<T: Nullable> Value for Option<T> {
    const KIND: Kind = T::KIND;
    const NULLABLE: bool = true;

    fn encode(&self, out: &mut BytesMut, at: At) -> Result<(), EncodeError> {
        match self {
            None if !at.nullable => Err(EncodeError::Null),
            Some(value) if !at.nullable => value.encode(out, at),
            value => T::encode_nullable(value.as_ref(), out, at),
        }
    }

    fn decode(input: &mut Bytes, at: At) -> Result<Self, DecodeError> {
        if at.nullable { T::decode_nullable(input, at) } else { T::decode(input, at).map(Some) }
    }
}

macro_rules! fixed {
    ($( $type:ty, $kind:ident, $put:ident, $get:ident; )*) => { $(
        impl Value for $type {
            const KIND: Kind = Kind::$kind;
            fn encode(&self, out: &mut BytesMut, _: At) -> Result<(), EncodeError> {
                out.$put(*self);
                Ok(())
            }
            fn decode(input: &mut Bytes, _: At) -> Result<Self, DecodeError> {
                input.$get().map_err(|_| DecodeError::TooShort)
            }
        }
    )* };
}

fixed! {
    i8, Int8, put_i8, try_get_i8;
    i16, Int16, put_i16, try_get_i16;
    u16, Uint16, put_u16, try_get_u16;
    i32, Int32, put_i32, try_get_i32;
    u32, Uint32, put_u32, try_get_u32;
    i64, Int64, put_i64, try_get_i64;
    f64, Float64, put_f64, try_get_f64;
}

impl Value for bool {
    const KIND: Kind = Kind::Bool;
    fn encode(&self, out: &mut BytesMut, _: At) -> Result<(), EncodeError> {
        out.put_u8(u8::from(*self));
        Ok(())
    }
    fn decode(input: &mut Bytes, _: At) -> Result<Self, DecodeError> {
        input.try_get_u8().map(|byte| byte != 0).map_err(|_| DecodeError::TooShort)
    }
}

impl Value for Uuid {
    const KIND: Kind = Kind::Uuid;
    fn encode(&self, out: &mut BytesMut, _: At) -> Result<(), EncodeError> {
        out.extend_from_slice(self.as_bytes());
        Ok(())
    }
    fn decode(input: &mut Bytes, _: At) -> Result<Self, DecodeError> {
        let mut bytes = [0; 16];
        input.try_copy_to_slice(&mut bytes).map_err(|_| DecodeError::TooShort)?;
        Ok(Self::from_bytes(bytes))
    }
}

macro_rules! numbers {
    ($( $name:ident($inner:ty); )*) => { $(
        impl Value for $name {
            const KIND: Kind = <$inner>::KIND;
            fn encode(&self, out: &mut BytesMut, at: At) -> Result<(), EncodeError> {
                self.0.encode(out, at)
            }
            fn decode(input: &mut Bytes, at: At) -> Result<Self, DecodeError> {
                <$inner>::decode(input, at).map(Self)
            }
        }
    )* };
}

numbers! {
    BrokerEpoch(i64); LeaderEpoch(i32); NodeId(i32); Offset(i64); PartitionEpoch(i32); PartitionIndex(i32);
    ProducerEpoch(i16); ProducerId(i64); Sequence(i32); Timestamp(i64);
}

impl<T: Value> Value for Vec<T> {
    const KIND: Kind = Kind::Array(&T::KIND);
    fn encode(&self, out: &mut BytesMut, at: At) -> Result<(), EncodeError> {
        Self::encode_nullable(Some(self), out, at)
    }
    fn decode(input: &mut Bytes, at: At) -> Result<Self, DecodeError> {
        Self::decode_nullable(input, at)?.ok_or(DecodeError::Null)
    }
}

impl<T: Value> Nullable for Vec<T> {
    fn encode_nullable(value: Option<&Self>, out: &mut BytesMut, at: At) -> Result<(), EncodeError> {
        write_length(out, at.flexible, value.map(Vec::len), i32::MAX as usize)?;
        let inside = At { nullable: false, tagged: false, ..at };
        value.into_iter().flatten().try_for_each(|element| element.encode(out, inside))
    }

    fn decode_nullable(input: &mut Bytes, at: At) -> Result<Option<Self>, DecodeError> {
        let Some(length) = read_length(input, at.flexible)? else { return Ok(None) };
        if length > input.len() {
            return Err(DecodeError::TooShort); // Every element has at least one byte.
        }
        let inside = At { nullable: false, tagged: false, ..at };
        let mut elements = Vec::new(); // Grows with the elements that are really there.
        for _ in 0..length {
            elements.push(T::decode(input, inside)?);
        }
        Ok(Some(elements))
    }
}

/// Writes the length of an array or of bytes; null is -1, or 0 where lengths are compact and one too high.
pub(super) fn write_length(
    out: &mut BytesMut,
    flexible: bool,
    length: Option<usize>,
    max: usize,
) -> Result<(), EncodeError> {
    if length.is_some_and(|length| length > max) {
        return Err(EncodeError::TooLong);
    }
    match (length, flexible) {
        (None, true) => write_varint(out, 0),
        (None, false) => out.put_i32(-1),
        (Some(length), true) => write_varint(out, length as u32 + 1),
        (Some(length), false) => out.put_i32(length as i32),
    }
    Ok(())
}

/// Reads what [`write_length`] writes.
pub(super) fn read_length(input: &mut Bytes, flexible: bool) -> Result<Option<usize>, DecodeError> {
    if flexible {
        Ok((read_varint(input)? as usize).checked_sub(1))
    } else {
        let length = input.try_get_i32().map_err(|_| DecodeError::TooShort)?;
        Ok(usize::try_from(length).ok())
    }
}

/// Writes an unsigned variable-length number (`ByteUtils.writeUnsignedVarint`).
pub fn write_varint(out: &mut BytesMut, mut value: u32) {
    while value >= 0x80 {
        out.put_u8(value as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// Reads an unsigned variable-length number of at most five bytes (`ByteUtils.readUnsignedVarint`).
pub fn read_varint(input: &mut Bytes) -> Result<u32, DecodeError> {
    let mut value = 0u32;
    for shift in (0..35).step_by(7) {
        let byte = input.try_get_u8().map_err(|_| DecodeError::TooShort)?;
        if shift == 28 && byte > 0x0f {
            return Err(DecodeError::Varint);
        }
        value |= u32::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(DecodeError::Varint)
}
