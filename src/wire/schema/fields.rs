//! How one field is written and read: in its place, as a tagged field, or not at all.

use bytes::{Bytes, BytesMut};

use super::{At, DecodeError, EncodeError, Field, Tags, Value, read_varint, write_varint};

/// Writes `value` where `at` has it; a tagged field goes to `tags`, unless it is the default.
pub fn write<T: Value>(
    field: &Field,
    value: &T,
    default: impl FnOnce() -> T,
    out: &mut BytesMut,
    tags: &mut Tags,
    at: At,
) -> Result<(), EncodeError> {
    let at = at.of(field);
    if !field.versions.contains(at.version) || (field.tag.is_some() && !at.flexible) {
        return if field.ignorable || *value == default() {
            Ok(())
        } else {
            Err(EncodeError::NotInVersion { field: field.name, version: at.version })
        };
    }
    match field.tag {
        None => value.encode(out, at),
        Some(tag) => {
            if *value != default() {
                let mut bytes = BytesMut::new();
                value.encode(&mut bytes, at)?;
                tags.insert(tag, bytes.freeze());
            }
            Ok(())
        }
    }
}

/// Ends a structure with its tagged fields, in the order of their numbers.
pub fn write_tags(out: &mut BytesMut, mut tags: Tags, unknown: &Tags, at: At) -> Result<(), EncodeError> {
    if !at.flexible {
        return Ok(());
    }
    for (tag, bytes) in unknown {
        tags.entry(*tag).or_insert_with(|| bytes.clone());
    }
    write_varint(out, tags.len() as u32);
    for (tag, bytes) in &tags {
        write_varint(out, *tag);
        write_varint(out, u32::try_from(bytes.len()).map_err(|_| EncodeError::TooLong)?);
        out.extend_from_slice(bytes);
    }
    Ok(())
}

/// Reads a field that has a place in this version; leaves the others as they are.
pub fn read<T: Value>(field: &Field, value: &mut T, input: &mut Bytes, at: At) -> Result<(), DecodeError> {
    if field.tag.is_none() && field.versions.contains(at.version) {
        *value = T::decode(input, at.of(field))?;
    }
    Ok(())
}

/// Reads the tagged fields at the end of a structure, and gives each to `take`.
pub fn read_tags(
    input: &mut Bytes,
    at: At,
    mut take: impl FnMut(u32, &mut Bytes) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    if !at.flexible {
        return Ok(());
    }
    for _ in 0..read_varint(input)? {
        let tag = read_varint(input)?;
        let size = read_varint(input)? as usize;
        if size > input.len() {
            return Err(DecodeError::TooShort);
        }
        take(tag, &mut input.split_to(size))?;
    }
    Ok(())
}

/// Reads a tagged field from the bytes it announced.
pub fn read_tag<T: Value>(field: &Field, value: &mut T, bytes: &mut Bytes, at: At) -> Result<(), DecodeError> {
    *value = T::decode(bytes, at.of(field))?;
    if bytes.is_empty() { Ok(()) } else { Err(DecodeError::TagSize(field.tag.unwrap_or_default())) }
}
