//! Answers as lines, each with its path, and only what must differ made alike.

use std::fmt::Debug;
use std::sync::OnceLock;

use regex::Regex;

use crate::kit::broker::Node;

/// What one side's answers have in them only because of where and when it runs.
pub struct Text {
    local: Vec<(String, &'static str)>,
    ids: Vec<String>,
    port: [u8; 4],
}

impl Text {
    pub fn of(node: &Node) -> Self {
        let mut local: Vec<(String, &'static str)> =
            node.log_dirs().iter().map(|dir| (dir.display().to_string(), "DIR")).collect();
        if let Some(folder) = node.properties().parent() {
            local.push((folder.display().to_string(), "FOLDER"));
        }
        local.push((node.port().to_string(), "PORT"));
        local.push((node.controller_port().to_string(), "CONTROLLER_PORT"));
        Self { local, ids: Vec::new(), port: u32::from(node.port()).to_be_bytes() }
    }

    /// One line a leaf: `topics[0].partitions[1].error_code: 3`.
    pub fn lines(&mut self, answer: &impl Debug) -> Vec<String> {
        flat(&format!("{answer:#?}")).iter().map(|line| self.normal(line)).collect()
    }

    /// Bytes as they came, without the port in them.
    pub fn bytes(&self, bytes: &[u8]) -> String {
        let mut bytes = bytes.to_vec();
        for at in 0..bytes.len() {
            if let Some(four) = bytes.get_mut(at..at + 4).filter(|four| **four == self.port) {
                four.fill(b'P');
            }
        }
        format!("{:?}", bytes::Bytes::from(bytes))
    }

    /// Ports, directories, times, ids.
    pub fn normal(&mut self, line: &str) -> String {
        let mut line = line.to_owned();
        for (value, name) in &self.local {
            line = line.replace(value.as_str(), name);
        }
        let [id, time, session] = patterns();
        let ids = &mut self.ids;
        line = id
            .replace_all(&line, |found: &regex::Captures<'_>| {
                let text = &found[0];
                if text.bytes().all(|byte| byte == b'0' || byte == b'-') {
                    return "ID-ZERO".to_owned();
                }
                let at = ids.iter().position(|known| known == text).unwrap_or_else(|| {
                    ids.push(text.to_owned());
                    ids.len() - 1
                });
                format!("ID-{at}")
            })
            .into_owned();
        line = time.replace_all(&line, "TIME").into_owned();
        session.replace_all(&line, "session_id: SESSION").into_owned()
    }
}

fn patterns() -> &'static [Regex; 3] {
    static PATTERNS: OnceLock<[Regex; 3]> = OnceLock::new();
    #[expect(clippy::unwrap_used, reason = "they are constants")]
    PATTERNS.get_or_init(|| {
        [
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            r"\b1[78][0-9]{11}\b",
            r"\bsession_id: [1-9][0-9]*",
        ]
        .map(|pattern| Regex::new(pattern).unwrap())
    })
}

/// Rust's indented debug text without its brackets.
fn flat(pretty: &str) -> Vec<String> {
    /// What is open: its path, whether it is a list, how many elements it had.
    struct Open {
        path: String,
        list: bool,
        tuple: bool,
        seen: usize,
    }
    let mut stack: Vec<Open> = Vec::new();
    let mut lines = Vec::new();
    for line in pretty.lines() {
        let line = line.trim().trim_end_matches(',');
        if matches!(line, "}" | "]" | ")") {
            stack.pop();
            continue;
        }
        if line.ends_with("unknown_tagged_fields: {}") {
            continue;
        }
        let (path, rest) = match stack.last_mut() {
            None => (String::new(), line),
            Some(open) if open.list => {
                open.seen += 1;
                (format!("{}[{}]", open.path, open.seen - 1), line)
            }
            Some(open) if open.tuple => (open.path.clone(), line),
            Some(open) => match line.split_once(": ") {
                Some((field, rest)) if open.path.is_empty() => (field.to_owned(), rest),
                Some((field, rest)) => (format!("{}.{field}", open.path), rest),
                None => (open.path.clone(), line),
            },
        };
        if !rest.starts_with('"') && !rest.starts_with("b\"") && rest.ends_with(['{', '[', '(']) {
            stack.push(Open { path, list: rest.ends_with('['), tuple: rest.ends_with('('), seen: 0 });
        } else {
            lines.push(format!("{path}: {rest}"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_leaf_has_its_path() {
        let answer = vec![(Some("a: {"), 1), (None, 2)];
        assert_eq!(flat(&format!("{answer:#?}")), ["[0]: \"a: {\"", "[0]: 1", "[1]: None", "[1]: 2"]);
    }
}
