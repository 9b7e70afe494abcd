//! The test kit: what went into a machine and what came out, as text for `expect-test`.
//!
//! Lines begin with `>` for an event, `+` for a record and `<` for an effect.

use std::fmt::Debug;

use model::Timestamp;

use crate::{Machine, Shard, Step};

/// A machine under test, and what has happened to it.
pub struct Transcript<M: Machine> {
    /// The shard, for a look at its state.
    pub shard: Shard<M>,
    /// What the next event is told as the time.
    pub now: Timestamp,
    /// Whether records are committed as soon as they are appended; set it to false to see what waits.
    pub commit: bool,
    text: String,
}

impl<M: Machine> Transcript<M> {
    /// A machine with an empty log, at time 0.
    pub fn new(machine: M) -> Self {
        Self { shard: Shard::new(machine), now: Timestamp(0), commit: true, text: String::new() }
    }

    /// Gives the machine an event, under a short title of the test's choice.
    pub fn event(&mut self, title: &str, event: M::Event) -> &mut Self {
        let Step { append, mut effects } = self.shard.on_event(self.now, event);
        self.line("> ", title);
        for record in append.iter().flat_map(|append| &append.records) {
            let line = terse(record);
            self.line("+ ", &line);
        }
        if self.commit {
            effects.extend(self.shard.on_committed(self.shard.next_offset()));
        }
        self.effects(effects)
    }

    /// Commits all that was appended.
    pub fn commit(&mut self) -> &mut Self {
        self.line("> ", "committed");
        let effects = self.shard.on_committed(self.shard.next_offset());
        self.effects(effects)
    }

    /// Takes what was written down so far.
    pub fn text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    fn effects(&mut self, effects: Vec<M::Effect>) -> &mut Self {
        for effect in effects {
            let line = terse(&effect);
            self.line("< ", &line);
        }
        self
    }

    fn line(&mut self, mark: &str, line: &str) {
        self.text.push_str(mark);
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// Types of one value whose names the eye skips anyway.
const WRAPPERS: &[&str] = &[
    "Some(",
    "BrokerEpoch(",
    "LeaderEpoch(",
    "NodeId(",
    "Offset(",
    "PartitionEpoch(",
    "PartitionIndex(",
    "ProducerEpoch(",
    "ProducerId(",
    "Sequence(",
    "Timestamp(",
];

/// Debug text without the names around numbers and optional values: `NodeId(1)` is `1`, `Some("a")` is `"a"`.
pub fn terse(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    let mut out = String::new();
    let mut rest = text.as_str();
    let mut open = Vec::new(); // Whether each parenthesis that is open is shown.
    let mut in_text = false;
    while let Some(c) = rest.chars().next() {
        let starts_word = !out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let wrapper = WRAPPERS.iter().find_map(|wrapper| rest.strip_prefix(wrapper)).filter(|_| starts_word);
        if let (Some(inside), false) = (wrapper, in_text) {
            open.push(false);
            rest = inside;
            continue;
        }
        let mut length = c.len_utf8();
        let shown = match c {
            '"' => {
                in_text = !in_text;
                true
            }
            '\\' if in_text => {
                length += rest.chars().nth(1).map_or(0, char::len_utf8);
                true
            }
            '(' if !in_text => {
                open.push(true);
                true
            }
            ')' if !in_text => open.pop().unwrap_or(true),
            _ => true,
        };
        let (head, tail) = rest.split_at(length);
        if shown {
            out.push_str(head);
        }
        rest = tail;
    }
    out
}

#[cfg(test)]
mod tests {
    use model::{NodeId, Offset};

    use super::terse;

    #[test]
    fn wrappers_are_left_out() {
        assert_eq!(
            terse(&(Some(vec![NodeId(1)]), Some("a (Some(b)) \" c"), Some(Offset(2)), None::<i32>)),
            r#"([1], "a (Some(b)) \" c", 2, None)"#
        );
    }
}
