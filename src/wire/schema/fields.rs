//! How one field is written and read: in its place, as a tagged field, or not at all.

use bytes::{BufMut, Bytes, BytesMut};

use super::{At, DecodeError, EncodeError, Field, Tags, Value, read_varint, write_varint};

/// Writes `value` where `at` has it, unless that is among the tagged fields.
pub fn write<T: Value>(
    field: &Field,
    value: &T,
    default: impl FnOnce() -> T,
    out: &mut BytesMut,
    at: At,
) -> Result<(), EncodeError> {
    if field.versions.contains(at.version) && (field.tag.is_none() || at.flexible) {
        return if field.tag.is_none() { value.encode(out, at.of(field)) } else { Ok(()) };
    }
    if field.ignorable || *value == default() {
        Ok(())
    } else {
        Err(EncodeError::NotInVersion { field: field.name, version: at.version })
    }
}

/// The tagged fields at the end of a structure, in the order of their numbers; written where they stay, as most structures have none
/// or one.
pub struct TagsWriter<'a> {
    out: &'a mut BytesMut,
    at: At,
    /// Where they begin: with their number, for which there is one byte.
    start: usize,
    count: u32,
    last: Option<u32>,
    is_sorted: bool,
}

impl<'a> TagsWriter<'a> {
    /// None yet.
    pub fn new(out: &'a mut BytesMut, at: At) -> Self {
        let start = out.len();
        if at.flexible {
            out.put_u8(0);
        }
        Self { out, at, start, count: 0, last: None, is_sorted: true }
    }

    /// Writes `value` if it has a tag in this version, unless it is the default.
    pub fn write<T: Value>(
        &mut self,
        field: &Field,
        value: &T,
        default: impl FnOnce() -> T,
    ) -> Result<(), EncodeError> {
        let Some(tag) = field.tag.filter(|_| self.at.flexible && field.versions.contains(self.at.version)) else {
            return Ok(());
        };
        if *value == default() {
            return Ok(());
        }
        write_varint(self.out, tag);
        let size_at = self.out.len();
        self.out.put_u8(0);
        value.encode(self.out, self.at.of(field))?;
        let size = u32::try_from(self.out.len() - size_at - 1).map_err(|_| EncodeError::TooLong)?;
        put_varint_at(self.out, size_at, size);
        self.is_sorted &= self.last.is_none_or(|last| last < tag);
        self.last = Some(tag);
        self.count += 1;
        Ok(())
    }

    /// Ends them, with those that are not known here.
    pub fn end(mut self, unknown: &Tags) -> Result<(), EncodeError> {
        if !self.at.flexible {
            return Ok(());
        }
        if !self.is_sorted || !unknown.is_empty() {
            return self.sort(unknown);
        }
        put_varint_at(self.out, self.start, self.count);
        Ok(())
    }

    fn sort(&mut self, unknown: &Tags) -> Result<(), EncodeError> {
        let mut written = self.out.split_off(self.start + 1).freeze();
        self.out.truncate(self.start);
        let mut tags = Tags::new();
        while !written.is_empty() {
            let read = |input: &mut Bytes| read_varint(input).map_err(|_| EncodeError::TooLong);
            let (tag, size) = (read(&mut written)?, read(&mut written)?);
            tags.insert(tag, written.split_to(size as usize));
        }
        for (tag, bytes) in unknown {
            tags.entry(*tag).or_insert_with(|| bytes.clone());
        }
        write_varint(self.out, tags.len() as u32);
        for (tag, bytes) in &tags {
            write_varint(self.out, *tag);
            write_varint(self.out, u32::try_from(bytes.len()).map_err(|_| EncodeError::TooLong)?);
            self.out.extend_from_slice(bytes);
        }
        Ok(())
    }
}

/// Puts a number where one byte was left for it; what lies behind it moves if it needs more.
fn put_varint_at(out: &mut BytesMut, at: usize, value: u32) {
    if let (Ok(byte @ ..0x80), Some(place)) = (u8::try_from(value), out.get_mut(at)) {
        *place = byte;
        return;
    }
    let behind = out.split_off(at + 1);
    out.truncate(at);
    write_varint(out, value);
    out.extend_from_slice(&behind);
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
