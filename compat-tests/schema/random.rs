//! Values by dice: boundaries more often than chance has them.

use uuid::Uuid;

use super::read::{Field, Kind, Schema};
use super::value::Value;
use crate::dice::Dice;

/// Deep enough for every message, and small enough for one that nests.
const DEEPEST: usize = 8;

/// A message of this schema at this version; every field is set to something.
pub fn random(schema: &Schema, version: i16, dice: &mut Dice) -> Value {
    group(&schema.fields, version, dice, 0)
}

fn group(fields: &[Field], version: i16, dice: &mut Dice, depth: usize) -> Value {
    let here = fields.iter().filter(|field| field.versions.has(version));
    Value::Struct(here.map(|field| (field.name.clone(), value(field, version, dice, depth))).collect())
}

fn value(field: &Field, version: i16, dice: &mut Dice, depth: usize) -> Value {
    if field.nullable.has(version) && dice.below(4) == 0 {
        return Value::Null;
    }
    if field.tag.is_some() && dice.below(3) == 0 {
        return Value::default_of(field, version);
    }
    one(&field.kind, version, dice, depth)
}

fn one(kind: &Kind, version: i16, dice: &mut Dice, depth: usize) -> Value {
    match kind {
        Kind::Bool => Value::Bool(dice.below(2) == 0),
        Kind::Int(len, signed) => {
            let raw = match dice.below(6) {
                0 => 0,
                1 => -1,
                2 => i64::MIN,
                3 => i64::MAX,
                _ => dice.roll() as i64,
            };
            let unused = 64 - 8 * *len as u32;
            Value::Int(if *signed { raw << unused >> unused } else { ((raw as u64) << unused >> unused) as i64 })
        }
        Kind::Float => Value::Float(dice.below(1000) as f64 / 8.0),
        Kind::Uuid => Value::Uuid(Uuid::from_u128(u128::from(dice.roll()) << 64 | u128::from(dice.roll()))),
        Kind::Text => Value::Text((0..length(dice)).map(|_| letter(dice)).collect()),
        Kind::Bytes => {
            let length = length(dice);
            Value::Bytes(dice.bytes(length))
        }
        Kind::Array(inner) => {
            let most = if depth < DEEPEST { 4 } else { 1 };
            Value::Array((0..dice.below(most)).map(|_| one(inner, version, dice, depth + 1)).collect())
        }
        Kind::Struct(_, fields) => group(fields, version, dice, depth + 1),
    }
}

/// On both sides of where a compact length takes another byte.
fn length(dice: &mut Dice) -> usize {
    match dice.below(8) {
        0 => 0,
        1 => 126 + dice.at(3),
        _ => dice.at(12),
    }
}

fn letter(dice: &mut Dice) -> char {
    ['a', 'b', 'Z', '0', '.', '_', '-', ' ', '"', 'ö', '🦦'].get(dice.at(11)).copied().unwrap_or('a')
}
