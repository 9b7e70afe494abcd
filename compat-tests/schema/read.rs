//! The schemas as data.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value as Json;

use super::jar;
use crate::kit::jars;

/// An inclusive range of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    pub min: i16,
    /// `i16::MAX` is "all later ones".
    pub max: i16,
}

impl Versions {
    pub const NONE: Self = Self { min: 1, max: 0 };

    pub fn has(self, version: i16) -> bool {
        self.min <= version && version <= self.max
    }
}

/// A message, a record's key or value.
#[derive(Clone, Debug)]
pub struct Schema {
    pub name: String,
    pub key: Option<i16>,
    /// `request`, `response`, `metadata`, `coordinator-key`, ...
    pub role: String,
    /// Whether brokers answer it.
    pub on_brokers: bool,
    pub versions: Versions,
    pub flexible: Versions,
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    pub kind: Kind,
    pub versions: Versions,
    pub tag: Option<u32>,
    /// The versions in which the tag holds.
    pub tagged: Versions,
    pub nullable: Versions,
    pub ignorable: bool,
    /// As the schema writes it; empty where it does not.
    pub default: String,
    /// What it names, such as `topicName`; empty where the schema does not say.
    pub entity: String,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Bool,
    /// How many bytes, and whether there are numbers below zero.
    Int(usize, bool),
    Float,
    Uuid,
    Text,
    Bytes,
    Array(Box<Kind>),
    Struct(String, Vec<Field>),
}

/// All schemas of one Kafka.
#[derive(Clone, Debug)]
pub struct Schemas(BTreeMap<String, Schema>);

impl Schemas {
    /// Those of the Apache Kafka that judges, read once.
    ///
    /// # Errors
    /// Where its jars cannot be had.
    pub fn kafka() -> Result<&'static Self> {
        static KAFKA: OnceLock<Result<Schemas, String>> = OnceLock::new();
        let load = || Self::load(jars::ensure()?.libs());
        let schemas = KAFKA.get_or_init(|| load().map_err(|error: anyhow::Error| format!("{error:#}")));
        schemas.as_ref().map_err(|error| anyhow!("{error}"))
    }

    /// Those in the jars of this folder.
    ///
    /// # Errors
    /// Where a jar or a schema cannot be read.
    fn load(libs: &Path) -> Result<Self> {
        let mut schemas = BTreeMap::new();
        for entry in std::fs::read_dir(libs)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // Streams has a message of its own, which no broker reads.
            let speaks = name.starts_with("kafka-") && !name.starts_with("kafka-streams");
            if !(speaks && name.ends_with(".jar")) {
                continue;
            }
            for (file, text) in jar::schemas(&path).with_context(|| name.clone())? {
                let schema = schema(&text).with_context(|| file.clone())?;
                schemas.insert(schema.name.clone(), schema);
            }
        }
        ensure!(schemas.len() > 200, "only {} schemas in {}", schemas.len(), libs.display());
        Ok(Self(schemas))
    }

    pub fn get(&self, name: &str) -> Option<&Schema> {
        self.0.get(name)
    }

    pub fn all(&self) -> impl Iterator<Item = &Schema> {
        self.0.values()
    }

    /// The request or the response of an API.
    ///
    /// # Errors
    /// Where there is none.
    pub fn of(&self, key: i16, role: &str) -> Result<&Schema> {
        let found = self.all().find(|schema| schema.role == role && schema.key == Some(key));
        found.with_context(|| format!("there is no {role} of API {key}"))
    }
}

fn schema(text: &str) -> Result<Schema> {
    let json: Json = serde_json::from_str(&without_comments(text))?;
    let common = json["commonStructs"].as_array().cloned().unwrap_or_default();
    Ok(Schema {
        name: json["name"].as_str().context("no name")?.to_owned(),
        key: json["apiKey"].as_i64().map(i16::try_from).transpose()?,
        role: json["type"].as_str().unwrap_or_default().to_owned(),
        on_brokers: json["listeners"].as_array().into_iter().flatten().any(|it| it == "broker"),
        versions: versions(&json["validVersions"])?,
        flexible: versions(&json["flexibleVersions"])?,
        fields: fields(&json, &common)?,
    })
}

/// JSON as Kafka writes it, with comments to the ends of lines.
fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let (mut quoted, mut commented) = (false, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\n' => commented = false,
            '"' if !commented => quoted = !quoted,
            '/' if !quoted && letters.peek() == Some(&'/') => commented = true,
            _ => {}
        }
        plain.extend(Some(letter).filter(|_| !commented));
    }
    plain
}

fn fields(json: &Json, common: &[Json]) -> Result<Vec<Field>> {
    json["fields"].as_array().into_iter().flatten().map(|it| field(it, common)).collect()
}

fn field(json: &Json, common: &[Json]) -> Result<Field> {
    let name = json["name"].as_str().context("a field without a name")?.to_owned();
    let kind = kind(json["type"].as_str().context("a field without a type")?, json, common)
        .with_context(|| format!("in the field {name}"))?;
    Ok(Field {
        versions: versions(&json["versions"])?,
        tag: json["tag"].as_u64().map(u32::try_from).transpose()?,
        tagged: versions(&json["taggedVersions"])?,
        nullable: versions(&json["nullableVersions"])?,
        ignorable: json["ignorable"].as_bool().unwrap_or(false),
        default: match &json["default"] {
            Json::Null => String::new(),
            Json::String(text) => text.clone(),
            other => other.to_string(),
        },
        entity: json["entityType"].as_str().unwrap_or_default().to_owned(),
        name,
        kind,
    })
}

fn kind(name: &str, json: &Json, common: &[Json]) -> Result<Kind> {
    Ok(match name {
        "bool" => Kind::Bool,
        "int8" => Kind::Int(1, true),
        "int16" => Kind::Int(2, true),
        "uint16" => Kind::Int(2, false),
        "int32" => Kind::Int(4, true),
        "uint32" => Kind::Int(4, false),
        "int64" => Kind::Int(8, true),
        "float64" => Kind::Float,
        "uuid" => Kind::Uuid,
        "string" => Kind::Text,
        "bytes" | "records" => Kind::Bytes,
        array if array.starts_with("[]") => Kind::Array(Box::new(kind(&array[2..], json, common)?)),
        other => {
            let shared = common.iter().find(|it| it["name"].as_str() == Some(other));
            match fields(shared.unwrap_or(json), common)? {
                fields if fields.is_empty() => bail!("the type {other} is unknown"),
                fields => Kind::Struct(other.to_owned(), fields),
            }
        }
    })
}

fn versions(json: &Json) -> Result<Versions> {
    Ok(match json.as_str().unwrap_or_default() {
        "" | "none" => Versions::NONE,
        text => match text.split_once(['+', '-']) {
            Some((min, "")) => Versions { min: min.parse()?, max: i16::MAX },
            Some((min, max)) => Versions { min: min.parse()?, max: max.parse()? },
            None => Versions { min: text.parse()?, max: text.parse()? },
        },
    })
}
