//! Every request that is served as its schema makes it: at its defaults, with each null that may be, with one and with two of everything.

use anyhow::Result;
use uuid::Uuid;

use super::make::topic;
use super::play::Play;
use crate::schema::{Field, Kind, Schemas, Value};

/// What is asked about; made anew where a request has taken it away.
const TOPIC: &str = "sh";

/// The APIs that the script asks; those that are served and are not here fail the check.
pub const ASKED: &[i16] = &[
    0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 29, 32, 33, 35, 37, 42, 43, 44, 45, 46, 47, 55,
    57, 60, 61, 64, 68, 69, 74, 75,
];

/// Not asked: ApiVersions, whose list is another check's, and Metadata and DescribeLogDirs of everything, which other parts ask and sort.
const ELSEWHERE: &[(i16, &str)] = &[(18, ""), (3, "Topics null"), (35, "Topics null")];

/// How a request is filled.
#[derive(Clone, Copy)]
struct Fill<'a> {
    version: i16,
    /// How many elements each list has.
    elements: usize,
    /// What topics are called and which id they have.
    topic: (&'a str, Uuid),
    /// The path of the field that is null.
    null: &'a str,
}

pub fn play(play: &mut Play) -> Result<()> {
    for key in ASKED.iter().filter(|key| !ELSEWHERE.contains(&(**key, ""))) {
        let schema = Schemas::kafka()?.of(*key, "request")?;
        // The newest of one is still being made, and nobody serves it.
        let newest = if *key == 22 { 5 } else { schema.versions.max };
        for version in schema.versions.min..=newest {
            let id = made(play)?;
            let plain = Fill { version, elements: 0, topic: ("", Uuid::nil()), null: "" };
            let known = Fill { topic: (TOPIC, id), ..plain };
            let mut fills = vec![
                ("at its defaults".to_owned(), plain),
                ("one of each".to_owned(), Fill { elements: 1, ..plain }),
                ("one of each, known".to_owned(), Fill { elements: 1, ..known }),
                ("two of each, known".to_owned(), Fill { elements: 2, ..known }),
            ];
            let mut paths = Vec::new();
            nulls(&schema.fields, version, "", &mut paths);
            // Apache Kafka's handler dies of null records and never answers.
            paths.retain(|path| !path.ends_with("Records") && !ELSEWHERE.contains(&(*key, &format!("{path} null"))));
            fills.extend(paths.iter().map(|path| (format!("{path} null"), Fill { elements: 1, null: path, ..known })));
            for (label, fill) in fills {
                // The same of the older AlterConfigs: a resource twice is never answered.
                if *key == 33 && fill.elements == 2 {
                    continue;
                }
                let body = schema.write(&group(&schema.fields, fill, ""), version)?;
                play.ask_bytes(&label, *key, version, &body, |answer| {
                    let mut lines = sorted(answer).lines();
                    // The disk's, which both share and others fill.
                    lines.retain(|line| !line.contains("usablebytes: "));
                    lines
                })?;
                // DeleteTopics.
                if *key == 20 {
                    made(play)?;
                }
            }
        }
    }
    Ok(())
}

/// The id of the topic, which is there afterwards.
fn made(play: &mut Play) -> Result<Uuid> {
    play.settle()?;
    match play.id(TOPIC)? {
        id if id.is_nil() => {
            play.create(&[topic(TOPIC, 1)])?;
            play.id(TOPIC)
        }
        id => Ok(id),
    }
}

/// The paths of all fields that may be null.
fn nulls(fields: &[Field], version: i16, path: &str, found: &mut Vec<String>) {
    for field in fields.iter().filter(|field| field.versions.has(version)) {
        let path = format!("{path}{}", field.name);
        if field.nullable.has(version) {
            found.push(path.clone());
        }
        let mut kind = &field.kind;
        while let Kind::Array(inner) = kind {
            kind = inner;
        }
        if let Kind::Struct(_, fields) = kind {
            nulls(fields, version, &format!("{path}."), found);
        }
    }
}

fn group(fields: &[Field], fill: Fill<'_>, path: &str) -> Value {
    let here = fields.iter().filter(|field| field.versions.has(fill.version));
    Value::Struct(
        here.map(|field| (field.name.clone(), value(field, fill, &format!("{path}{}", field.name)))).collect(),
    )
}

fn value(field: &Field, fill: Fill<'_>, path: &str) -> Value {
    if path == fill.null {
        return Value::Null;
    }
    match (&field.kind, field.name.as_str()) {
        // Zero would be none at all, or no wait.
        (_, "Acks" | "ReplicaId") => Value::Int(-1),
        (_, "TimeoutMs") => Value::Int(10_000),
        (Kind::Text, _) if field.entity == "topicName" => Value::Text(fill.topic.0.to_owned()),
        (Kind::Uuid, "TopicId") => Value::Uuid(fill.topic.1),
        (Kind::Array(kind), _) => {
            Value::Array((0..fill.elements).map(|_| one(kind, field, fill, &format!("{path}."))).collect())
        }
        (Kind::Struct(_, fields), _) if fill.elements > 0 && !field.nullable.has(fill.version) => {
            group(fields, fill, &format!("{path}."))
        }
        _ => Value::default_of(field, fill.version),
    }
}

fn one(kind: &Kind, field: &Field, fill: Fill<'_>, path: &str) -> Value {
    match kind {
        Kind::Struct(_, fields) => group(fields, fill, path),
        Kind::Text if field.entity == "topicName" => Value::Text(fill.topic.0.to_owned()),
        Kind::Text => Value::Text(String::new()),
        _ => Value::Int(0),
    }
}

/// Lists of structures in the order of what they say, ids aside; Apache Kafka has many of them from maps.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(values) => {
            let mut values: Vec<Value> = values.into_iter().map(sorted).collect();
            if values.iter().all(|value| matches!(value, Value::Struct(_))) {
                values.sort_by_cached_key(|value| {
                    let is_id = |line: &String| line.split_once(": ").is_some_and(|(_, it)| it.parse::<Uuid>().is_ok());
                    value.lines().into_iter().filter(|line| !is_id(line)).collect::<Vec<_>>()
                });
            }
            Value::Array(values)
        }
        Value::Struct(fields) => Value::Struct(fields.into_iter().map(|(name, value)| (name, sorted(value))).collect()),
        other => other,
    }
}
