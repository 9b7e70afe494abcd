//! The reader of properties files against `java.util.Properties`, case by case.

use config::{ConfigError, parse_override, parse_properties};

fn unquote(text: &str) -> String {
    text.replace("\\\\", "\u{1}")
        .replace("\\n", "\n")
        .replace("\\r", "\r")
        .replace("\\f", "\u{c}")
        .replace('\u{1}', "\\")
}

#[test]
fn files_read_as_in_java() {
    for line in include_str!("../fixtures/properties.tsv").lines() {
        let (file, expected) = line.rsplit_once("\t[").unwrap_or((line, ""));
        let read: String = parse_properties(&unquote(file))
            .into_iter()
            .flatten()
            .collect::<std::collections::BTreeMap<_, _>>()
            .iter()
            .map(|(k, v)| format!("[{k}][{v}]"))
            .collect();
        assert_eq!(read, unquote(&format!("[{expected}")), "{file}");
    }
}

#[test]
fn broken_escapes_are_refused() {
    for text in ["a=\\u12", "a=\\uzzzz", "\\u+123=a"] {
        assert_eq!(parse_properties(text), Err(ConfigError::Escape), "{text}");
    }
}

#[test]
fn overrides_are_pairs() {
    assert_eq!(parse_override("a=b=c"), Ok(("a".into(), "b=c".into())));
    assert_eq!(parse_override("a"), Err(ConfigError::Override("a".into())));
    assert_eq!(parse_override("=a"), Err(ConfigError::Override("=a".into())));
}
