//! Holds every declaration against the JSON schemas in Kafka's jars.
//!
//! Runs where `OTTLA_KAFKA_LIBS` names the directory of the jars; the golden bytes are the guard elsewhere.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;
use wire::schema::{Field, Kind, Layout, Versions};

use crate::Record;

#[test]
fn every_record_is_declared_as_kafka_declares_it() {
    let Some(libs) = std::env::var_os("OTTLA_KAFKA_LIBS") else { return };
    let schemas = read_schemas(&libs.to_string_lossy());
    let mut names: Vec<_> = Record::LAYOUTS.iter().map(|layout| layout.name).collect();
    names.sort();
    let ours = schemas.keys().filter(|name| !name.starts_with("ShareGroup") && !name.starts_with("StreamsGroup"));
    assert_eq!(names, ours.collect::<Vec<_>>(), "no record is missing, none is invented");
    for layout in Record::LAYOUTS {
        let schema = &schemas[layout.name];
        assert_eq!(i64::from(layout.key), schema["apiKey"].as_i64().unwrap(), "{}", layout.name);
        assert_eq!(layout.versions, versions(&schema["validVersions"]), "{}", layout.name);
        assert_eq!(layout.flexible, versions(&schema["flexibleVersions"]), "{}", layout.name);
        check_fields(layout, schema, schema);
    }
}

/// `of` is the field's declaration; the structure may be declared beside the fields of `schema`.
fn check_fields(layout: &Layout, of: &Value, schema: &Value) {
    let common = schema["commonStructs"].as_array();
    let common = common.and_then(|all| all.iter().find(|it| it["name"] == layout.name));
    let fields = of["fields"].as_array().or_else(|| common?["fields"].as_array()).unwrap();
    assert_eq!(layout.fields.len(), fields.len(), "{}", layout.name);
    for (field, json) in layout.fields.iter().zip(fields) {
        let at = format!("{}.{}", layout.name, field.name);
        assert_eq!(field.name.replace('_', ""), text(&json["name"]).to_lowercase(), "{at}");
        assert_eq!(kind(&field.kind), text(&json["type"]), "{at}");
        assert_eq!(field.versions, versions(&json["versions"]), "{at}");
        assert_eq!(field.tag.map(i64::from), json["tag"].as_i64(), "{at}");
        if field.tag.is_some() {
            assert_eq!(field.versions, versions(&json["taggedVersions"]), "{at}: tagged in all its versions");
        }
        assert_eq!(field.nullable, versions(&json["nullableVersions"]), "{at}");
        assert_eq!(field.ignorable, json["ignorable"].as_bool().unwrap_or(false), "{at}");
        if let Some(expected) = default(field, &json["default"]) {
            assert_eq!((field.default)(), expected, "{at}");
        }
        let inner = match &field.kind {
            Kind::Array(Kind::Struct(inner)) | Kind::Struct(inner) => inner,
            _ => continue,
        };
        check_fields(inner, json, schema);
    }
}

/// What the declared default must look like; none where Kafka's default of a nullable field cannot be seen.
fn default(field: &Field, json: &Value) -> Option<String> {
    let number = |text: &str| match field.name {
        "leader_epoch" => format!("LeaderEpoch({text})"),
        name if name.ends_with("timestamp") => format!("Timestamp({text})"),
        _ => text.to_owned(),
    };
    match json.as_str() {
        Some("null") => Some("None".to_owned()),
        Some(text) => Some(number(text)),
        None if json.is_number() || json.is_boolean() => Some(number(&json.to_string())),
        None if field.nullable != Versions::NONE => None,
        None => match field.kind {
            Kind::Array(_) => Some("[]".to_owned()),
            Kind::String => Some("\"\"".to_owned()),
            _ => None,
        },
    }
}

fn kind(kind: &Kind) -> String {
    match kind {
        Kind::Array(inner) => format!("[]{}", self::kind(inner)),
        Kind::Struct(layout) => layout.name.to_owned(),
        simple => format!("{simple:?}").to_lowercase(),
    }
}

fn versions(json: &Value) -> Versions {
    let number = |text: &str| text.parse().unwrap();
    match text(json) {
        "" | "none" => Versions::NONE,
        text => match text.split_once(['+', '-']) {
            Some((min, "")) => Versions { min: number(min), max: i16::MAX },
            Some((min, max)) => Versions { min: number(min), max: number(max) },
            None => Versions { min: number(text), max: number(text) },
        },
    }
}

fn text(json: &Value) -> &str {
    json.as_str().unwrap_or_default()
}

/// The schemas by name, without their comments.
fn read_schemas(libs: &str) -> BTreeMap<String, Value> {
    let jar = std::fs::read_dir(libs).unwrap().map(|entry| entry.unwrap().path());
    let mut jar = jar.filter(|path| path.to_string_lossy().contains("/kafka-group-coordinator-4"));
    let jar = jar.next().expect("the jar kafka-group-coordinator is in OTTLA_KAFKA_LIBS");
    let out = Command::new("unzip").args(["-p"]).arg(jar).arg("common/message/*.json").output().unwrap();
    let plain: String = String::from_utf8(out.stdout)
        .unwrap()
        .replace("}//", "}\n//") // One file ends without a line end.
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let schemas = serde_json::Deserializer::from_str(&plain).into_iter::<Value>().map(Result::unwrap);
    schemas.map(|schema| (text(&schema["name"]).to_owned(), schema)).collect()
}
