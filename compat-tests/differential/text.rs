//! Answers as lines, each with its path, and only what must differ made alike.

use std::fmt::Debug;
use std::sync::OnceLock;

use anyhow::Result;
use regex::Regex;

use crate::flat::flat;
use crate::kit::broker::Node;

/// What one side's answers have in them only because of where and when it runs.
pub struct Text {
    local: Vec<(Regex, String)>,
    ids: Vec<String>,
    port: [u8; 4],
}

impl Text {
    /// # Errors
    /// Never: names of files and numbers make patterns.
    pub fn of(node: &Node) -> Result<Self> {
        Ok(Self { local: local(node, "")?, ids: Vec::new(), port: u32::from(node.port()).to_be_bytes() })
    }

    /// Of several, whose ports are told apart.
    ///
    /// # Errors
    /// As [`Text::of`].
    pub fn of_all(nodes: &[Node]) -> Result<Self> {
        let all = nodes.iter().map(|node| local(node, &format!("-{}", node.layout().node_id)));
        Ok(Self { local: all.collect::<Result<Vec<_>>>()?.concat(), ids: Vec::new(), port: [0xff; 4] })
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
            line = value.replace_all(&line, name).into_owned();
        }
        let [id, member, time, session] = patterns();
        let ids = &mut self.ids;
        let mut named = |text: &str| {
            if text.bytes().all(|byte| byte == b'0' || byte == b'-') {
                return "ID-ZERO".to_owned();
            }
            let at = ids.iter().position(|known| known == text).unwrap_or_else(|| {
                ids.push(text.to_owned());
                ids.len() - 1
            });
            format!("ID-{at}")
        };
        line = id.replace_all(&line, |found: &regex::Captures<'_>| named(&found[0])).into_owned();
        line = member
            .replace_all(&line, |found: &regex::Captures<'_>| format!("{}{}{}", &found[1], named(&found[2]), &found[3]))
            .into_owned();
        line = time.replace_all(&line, "TIME").into_owned();
        session.replace_all(&line, "session_id: SESSION").into_owned()
    }
}

/// What is only this node's, and what stands for it.
fn local(node: &Node, suffix: &str) -> Result<Vec<(Regex, String)>> {
    let mut local = Vec::new();
    for dir in node.log_dirs() {
        local.push((Regex::new(&regex::escape(&dir.display().to_string()))?, "DIR".to_owned()));
    }
    if let Some(folder) = node.properties().parent() {
        local.push((Regex::new(&regex::escape(&folder.display().to_string()))?, "FOLDER".to_owned()));
    }
    // Whole numbers: the same digits stand in ids too.
    local.push((Regex::new(&format!(r"\b{}\b", node.port()))?, format!("PORT{suffix}")));
    local.push((Regex::new(&format!(r"\b{}\b", node.controller_port()))?, format!("CONTROLLER_PORT{suffix}")));
    Ok(local)
}

fn patterns() -> &'static [Regex; 4] {
    static PATTERNS: OnceLock<[Regex; 4]> = OnceLock::new();
    #[expect(clippy::unwrap_used, reason = "they are constants")]
    PATTERNS.get_or_init(|| {
        [
            "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            // A member's, as the coordinator of consumer groups makes it.
            r#"((?:member_id|leader): "|\bMember )([A-Za-z0-9_-]{22})("| is )"#,
            // Of today; and so far before today as times can be.
            r"\b1[78][0-9]{11}\b|-92233702[0-9]{11}\b",
            r"\bsession_?id: [1-9][0-9]*",
        ]
        .map(|pattern| Regex::new(pattern).unwrap())
    })
}
