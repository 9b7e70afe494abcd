//! The bytes of a message at a version, written and read by its schema (KIP-482).

use anyhow::{Context, Result, bail, ensure};
use uuid::Uuid;

use super::read::{Field, Kind, Schema};
use super::value::Value;

#[derive(Clone, Copy)]
struct At {
    version: i16,
    flexible: bool,
}

impl Schema {
    fn at(&self, version: i16) -> At {
        At { version, flexible: self.flexible.has(version) }
    }

    /// The body of this message.
    ///
    /// # Errors
    /// Where the value is not of this schema.
    pub fn write(&self, value: &Value, version: i16) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        put_fields(&mut out, &self.fields, value, self.at(version))?;
        Ok(out)
    }

    /// What these bytes say, all of them.
    ///
    /// # Errors
    /// Where they are not of this schema.
    pub fn read(&self, bytes: &[u8], version: i16) -> Result<Value> {
        let mut input = bytes;
        let value = get_fields(&mut input, &self.fields, self.at(version))?;
        ensure!(input.is_empty(), "{} bytes follow", input.len());
        Ok(value)
    }
}

fn is_tagged(field: &Field, at: At) -> bool {
    field.tag.is_some() && field.tagged.has(at.version)
}

fn put_fields(out: &mut Vec<u8>, fields: &[Field], value: &Value, at: At) -> Result<()> {
    let Value::Struct(values) = value else { bail!("{value:?} is no struct") };
    let mut tags = Vec::new();
    for field in fields.iter().filter(|field| field.versions.has(at.version)) {
        let (_, value) = values.iter().find(|(name, _)| *name == field.name).context("a field without a value")?;
        if !is_tagged(field, at) {
            put(out, &field.kind, value, field.nullable.has(at.version), at)
                .with_context(|| format!("in {}", field.name))?;
        } else if *value != Value::default_of(field, at.version) {
            let mut bytes = Vec::new();
            match (&field.kind, value) {
                // Null has another byte here than in its place.
                (Kind::Struct(..), Value::Null) => bytes.push(0),
                _ => put(&mut bytes, &field.kind, value, field.nullable.has(at.version), at)?,
            }
            tags.push((field.tag.unwrap_or_default(), bytes));
        }
    }
    if at.flexible {
        tags.sort();
        put_unsigned(out, tags.len());
        for (tag, bytes) in tags {
            put_unsigned(out, tag as usize);
            put_unsigned(out, bytes.len());
            out.extend(bytes);
        }
    }
    Ok(())
}

fn put(out: &mut Vec<u8>, kind: &Kind, value: &Value, nullable: bool, at: At) -> Result<()> {
    match (kind, value) {
        (Kind::Text, Value::Null) => put_length(out, None, at.flexible, 2),
        (Kind::Bytes | Kind::Array(_), Value::Null) => put_length(out, None, at.flexible, 4),
        (Kind::Struct(..), Value::Null) => out.push(0xff),
        (Kind::Bool, Value::Bool(it)) => out.push(u8::from(*it)),
        (Kind::Int(len, _), Value::Int(it)) => out.extend(it.to_be_bytes().iter().skip(8 - len)),
        (Kind::Float, Value::Float(it)) => out.extend(it.to_be_bytes()),
        (Kind::Uuid, Value::Uuid(it)) => out.extend(it.as_bytes()),
        (Kind::Text, Value::Text(it)) => {
            put_length(out, Some(it.len()), at.flexible, 2);
            out.extend(it.as_bytes());
        }
        (Kind::Bytes, Value::Bytes(it)) => {
            put_length(out, Some(it.len()), at.flexible, 4);
            out.extend(it);
        }
        (Kind::Array(inner), Value::Array(values)) => {
            put_length(out, Some(values.len()), at.flexible, 4);
            values.iter().try_for_each(|value| put(out, inner, value, false, at))?;
        }
        (Kind::Struct(_, fields), value) => {
            if nullable {
                out.push(1);
            }
            put_fields(out, fields, value, at)?;
        }
        (kind, value) => bail!("{value:?} is no {kind:?}"),
    }
    Ok(())
}

fn put_length(out: &mut Vec<u8>, length: Option<usize>, flexible: bool, width: usize) {
    if flexible {
        put_unsigned(out, length.map_or(0, |length| length + 1));
    } else {
        let length = length.map_or(-1, |length| length as i64);
        out.extend(length.to_be_bytes().iter().skip(8 - width));
    }
}

fn put_unsigned(out: &mut Vec<u8>, number: usize) {
    crate::raw::batch::put_unsigned(out, number as u64);
}

fn get_fields(input: &mut &[u8], fields: &[Field], at: At) -> Result<Value> {
    let here = || fields.iter().filter(|field| field.versions.has(at.version));
    let mut values = Vec::new();
    for field in here() {
        let value = match is_tagged(field, at) {
            true => Value::default_of(field, at.version),
            false => get(input, &field.kind, field.nullable.has(at.version), at)
                .with_context(|| format!("in {}", field.name))?,
        };
        values.push((field.name.clone(), value));
    }
    if at.flexible {
        for _ in 0..unsigned(input)? {
            let (tag, size) = (unsigned(input)?, unsigned(input)?);
            let mut content = take(input, size)?;
            let field = here().find(|it| is_tagged(it, at) && it.tag.map(|it| it as usize) == Some(tag));
            let field = field.with_context(|| format!("the tag {tag} is unknown"))?;
            let value = get(&mut content, &field.kind, field.nullable.has(at.version), at)
                .with_context(|| format!("in {}", field.name))?;
            ensure!(content.is_empty(), "{} is longer than it is", field.name);
            values.iter_mut().filter(|(name, _)| *name == field.name).for_each(|(_, old)| *old = value.clone());
        }
    }
    Ok(Value::Struct(values))
}

fn get(input: &mut &[u8], kind: &Kind, nullable: bool, at: At) -> Result<Value> {
    let null = || if nullable { Ok(Value::Null) } else { bail!("null where there is no null") };
    Ok(match kind {
        Kind::Bool => Value::Bool(take(input, 1)? != [0]),
        Kind::Int(len, signed) => {
            let bytes = take(input, *len)?;
            let below = *signed && bytes.first().is_some_and(|byte| *byte >= 0x80);
            Value::Int(bytes.iter().fold(if below { -1 } else { 0 }, |number, byte| number << 8 | i64::from(*byte)))
        }
        Kind::Float => Value::Float(f64::from_be_bytes(take(input, 8)?.try_into()?)),
        Kind::Uuid => Value::Uuid(Uuid::from_slice(take(input, 16)?)?),
        Kind::Text => match length(input, at.flexible, 2)? {
            None => null()?,
            Some(length) => Value::Text(String::from_utf8(take(input, length)?.to_vec())?),
        },
        Kind::Bytes => match length(input, at.flexible, 4)? {
            None => null()?,
            Some(length) => Value::Bytes(take(input, length)?.to_vec()),
        },
        Kind::Array(inner) => match length(input, at.flexible, 4)? {
            None => null()?,
            Some(length) => {
                ensure!(length <= input.len(), "{length} elements in {} bytes", input.len());
                Value::Array((0..length).map(|_| get(input, inner, false, at)).collect::<Result<_>>()?)
            }
        },
        Kind::Struct(_, fields) => {
            if nullable && take(input, 1)? != [1] {
                return Ok(Value::Null);
            }
            get_fields(input, fields, at)?
        }
    })
}

fn length(input: &mut &[u8], flexible: bool, width: usize) -> Result<Option<usize>> {
    if flexible {
        return Ok(unsigned(input)?.checked_sub(1));
    }
    match get(input, &Kind::Int(width, true), false, At { version: 0, flexible })? {
        Value::Int(-1) => Ok(None),
        Value::Int(length) => Ok(Some(usize::try_from(length)?)),
        other => bail!("{other:?} is no length"),
    }
}

fn unsigned(input: &mut &[u8]) -> Result<usize> {
    let mut value = 0;
    for shift in [0, 7, 14, 21, 28] {
        let byte = take(input, 1)?.first().copied().unwrap_or_default();
        value |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    bail!("a number longer than five bytes")
}

fn take<'a>(input: &mut &'a [u8], len: usize) -> Result<&'a [u8]> {
    let (front, rest) = input.split_at_checked(len).context("the bytes end early")?;
    *input = rest;
    Ok(front)
}
