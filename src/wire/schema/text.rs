//! Texts and byte strings.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use model::TopicName;

use super::value::{read_length, write_length};
use super::{At, DecodeError, EncodeError, Kind, Nullable, Value, read_varint, write_varint};

/// No text is longer, in any version.
const LONGEST_TEXT: usize = i16::MAX as usize;

fn write_text(text: Option<&str>, out: &mut BytesMut, at: At) -> Result<(), EncodeError> {
    if text.is_some_and(|text| text.len() > LONGEST_TEXT) {
        return Err(EncodeError::TooLong);
    }
    match (text, at.flexible) {
        (None, true) => write_varint(out, 0),
        (None, false) => out.put_i16(-1),
        (Some(text), true) => write_varint(out, text.len() as u32 + 1),
        (Some(text), false) => out.put_i16(text.len() as i16),
    }
    out.extend_from_slice(text.unwrap_or_default().as_bytes());
    Ok(())
}

fn read_text(input: &mut Bytes, at: At) -> Result<Option<Bytes>, DecodeError> {
    let length = if at.flexible {
        (read_varint(input)? as usize).checked_sub(1)
    } else {
        usize::try_from(input.try_get_i16().map_err(|_| DecodeError::TooShort)?).ok()
    };
    let Some(length) = length else { return Ok(None) };
    if length > LONGEST_TEXT {
        return Err(DecodeError::Text);
    }
    if length > input.len() {
        return Err(DecodeError::TooShort);
    }
    Ok(Some(input.split_to(length)))
}

macro_rules! texts {
    ($( $type:ty; )*) => { $(
        impl Value for $type {
            const KIND: Kind = Kind::String;
            fn encode(&self, out: &mut BytesMut, at: At) -> Result<(), EncodeError> {
                write_text(Some(self), out, at)
            }
            fn decode(input: &mut Bytes, at: At) -> Result<Self, DecodeError> {
                Self::decode_nullable(input, at)?.ok_or(DecodeError::Null)
            }
        }

        impl Nullable for $type {
            fn encode_nullable(value: Option<&Self>, out: &mut BytesMut, at: At) -> Result<(), EncodeError> {
                write_text(value.map(|text| &**text), out, at)
            }
            fn decode_nullable(input: &mut Bytes, at: At) -> Result<Option<Self>, DecodeError> {
                let Some(bytes) = read_text(input, at)? else { return Ok(None) };
                let text = std::str::from_utf8(&bytes).map_err(|_| DecodeError::Text)?;
                Ok(Some(text.into()))
            }
        }
    )* };
}

texts! {
    String;
    TopicName;
}

impl Value for Bytes {
    const KIND: Kind = Kind::Bytes;
    fn encode(&self, out: &mut BytesMut, at: At) -> Result<(), EncodeError> {
        Self::encode_nullable(Some(self), out, at)
    }
    fn decode(input: &mut Bytes, at: At) -> Result<Self, DecodeError> {
        Self::decode_nullable(input, at)?.ok_or(DecodeError::Null)
    }
}

impl Nullable for Bytes {
    fn encode_nullable(value: Option<&Self>, out: &mut BytesMut, at: At) -> Result<(), EncodeError> {
        write_length(out, at.flexible, value.map(Bytes::len), i32::MAX as usize)?;
        out.extend_from_slice(value.map(|bytes| &bytes[..]).unwrap_or_default());
        Ok(())
    }

    fn decode_nullable(input: &mut Bytes, at: At) -> Result<Option<Self>, DecodeError> {
        let Some(length) = read_length(input, at.flexible)? else { return Ok(None) };
        if length > input.len() {
            return Err(DecodeError::TooShort);
        }
        Ok(Some(input.split_to(length)))
    }
}
