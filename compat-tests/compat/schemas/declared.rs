//! Every message and record that Ottla declares itself, held field by field against Apache Kafka's schemas.

use anyhow::{Result, bail};
use wire::schema as ours;

use crate::compat::bench::Bench;
use crate::schema::{Field, Kind, Schema, Schemas, Versions, plain};

/// The declarations of a crate, and which of Kafka's schemas they must be all of, if they must.
struct Set {
    layouts: &'static [ours::Layout],
    whole: Option<&'static str>,
}

const SETS: &[Set] = &[Set { layouts: metadata::Record::LAYOUTS, whole: Some("metadata") }];

pub fn run(_: &Bench, _: &str) -> Result<String> {
    let schemas = Schemas::kafka()?;
    let mut faults = Vec::new();
    let mut count = 0;
    for set in SETS {
        for layout in set.layouts {
            count += 1;
            match schemas.get(layout.name) {
                Some(schema) => message(layout, schema, &mut faults),
                None => faults.push(format!("Apache Kafka has no {}", layout.name)),
            }
        }
        let of_role = schemas.all().filter(|schema| Some(schema.role.as_str()) == set.whole);
        let missing = of_role.filter(|schema| set.layouts.iter().all(|layout| layout.name != schema.name));
        faults.extend(missing.map(|schema| format!("{} is not declared", schema.name)));
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(format!("{count} declarations, field by field"))
}

fn message(layout: &ours::Layout, schema: &Schema, faults: &mut Vec<String>) {
    let mut same = |what: &str, ours: String, theirs: String| {
        if ours != theirs {
            faults.push(format!("{}: {what} is {ours}, Apache Kafka has {theirs}", layout.name));
        }
    };
    same("its key", layout.key.to_string(), schema.key.unwrap_or(-1).to_string());
    same("its versions", range(layout.versions), format!("{:?}", schema.versions));
    same("flexible", range(layout.flexible), format!("{:?}", schema.flexible));
    fields(layout, layout.name, &schema.fields, faults);
}

fn fields(layout: &ours::Layout, path: &str, theirs: &[Field], faults: &mut Vec<String>) {
    let names = |names: &mut dyn Iterator<Item = String>| names.collect::<Vec<_>>().join(" ");
    let (mine, other) = (
        names(&mut layout.fields.iter().map(|it| plain(it.name))),
        names(&mut theirs.iter().map(|it| plain(&it.name))),
    );
    if mine != other {
        faults.push(format!("{path}: its fields are {mine}, Apache Kafka has {other}"));
        return;
    }
    for (mine, other) in layout.fields.iter().zip(theirs) {
        let at = format!("{path}.{}", mine.name);
        let mut same = |what: &str, mine: String, other: String| {
            if mine != other {
                faults.push(format!("{at}: {what} is {mine}, Apache Kafka has {other}"));
            }
        };
        same("its type", kind_of_ours(&mine.kind), kind_of_theirs(&other.kind));
        same("its versions", range(mine.versions), format!("{:?}", other.versions));
        same("its tag", format!("{:?}", mine.tag), format!("{:?}", other.tag));
        if other.tag.is_some() {
            same("tagged", range(mine.versions), format!("{:?}", other.tagged));
        }
        same("nullable", range(mine.nullable), format!("{:?}", other.nullable));
        same("ignorable", mine.ignorable.to_string(), other.ignorable.to_string());
        if let Some(default) = default(other) {
            same("its default", number((mine.default)()), default);
        }
        if let (Some(inner), Some(theirs)) = (inside(&mine.kind), inside_theirs(&other.kind)) {
            fields(inner, &at, theirs, faults);
        }
    }
}

/// `NodeId(-1)` as `-1`.
fn number(text: String) -> String {
    match text.split_once('(') {
        Some((name, rest)) if name.chars().all(char::is_alphanumeric) && name != "Some" => {
            rest.trim_end_matches(')').to_owned()
        }
        _ => text,
    }
}

/// In Rust's debug notation; none where it cannot be told from nothing.
fn default(field: &Field) -> Option<String> {
    match (&field.kind, field.default.as_str()) {
        (_, "null") => Some("None".to_owned()),
        (_, "") if field.nullable != Versions::NONE => None,
        (Kind::Array(_), "") => Some("[]".to_owned()),
        (Kind::Text, text) => Some(format!("{text:?}")),
        (Kind::Bool, "") => Some("false".to_owned()),
        (Kind::Int(..), "") => Some("0".to_owned()),
        (_, "") => None,
        (_, text) => Some(text.to_owned()),
    }
}

fn range(versions: ours::Versions) -> String {
    format!("{:?}", Versions { min: versions.min, max: versions.max })
}

fn kind_of_ours(kind: &ours::Kind) -> String {
    match kind {
        ours::Kind::Array(inner) => format!("[]{}", kind_of_ours(inner)),
        ours::Kind::Struct(layout) => layout.name.to_owned(),
        simple => format!("{simple:?}").to_lowercase(),
    }
}

fn kind_of_theirs(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "bool".to_owned(),
        Kind::Int(bytes, signed) => format!("{}int{}", if *signed { "" } else { "u" }, 8 * bytes),
        Kind::Float => "float64".to_owned(),
        Kind::Uuid => "uuid".to_owned(),
        Kind::Text => "string".to_owned(),
        Kind::Bytes => "bytes".to_owned(),
        Kind::Array(inner) => format!("[]{}", kind_of_theirs(inner)),
        Kind::Struct(name, _) => name.clone(),
    }
}

fn inside(kind: &ours::Kind) -> Option<&'static ours::Layout> {
    match kind {
        ours::Kind::Array(ours::Kind::Struct(inner)) | ours::Kind::Struct(inner) => Some(inner),
        _ => None,
    }
}

fn inside_theirs(kind: &Kind) -> Option<&[Field]> {
    match kind {
        Kind::Array(inner) => inside_theirs(inner),
        Kind::Struct(_, fields) => Some(fields),
        _ => None,
    }
}
