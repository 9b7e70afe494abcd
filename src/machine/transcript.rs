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

/// Debug text without what the eye skips anyway: the names around single values (`NodeId(1)` is `1`, `Some("a")` is
/// `"a"`), fields that are none or empty, and the names of types before braces.
pub fn terse(value: &impl Debug) -> String {
    let mut text = format!("{value:?}");
    while let Some(shorter) = unwrapped(&text) {
        text = shorter;
    }
    without_empty_fields(text)
}

/// Takes the wrapper off the first `Name(atom)`.
fn unwrapped(text: &str) -> Option<String> {
    let mut from = 0;
    while let Some(open) = text.get(from..)?.find('(').map(|at| at + from) {
        let inside = text.get(open + 1..)?;
        let end = inside.find(['(', ')', '{', '[', ','])?;
        let name = text.get(..open)?.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_').len();
        if inside.get(end..)?.starts_with(')') && name < open {
            return Some(format!("{}{}{}", text.get(..name)?, inside.get(..end)?, inside.get(end + 1..)?));
        }
        from = open + 1;
    }
    None
}

fn without_empty_fields(mut out: String) -> String {
    for empty in ["None", "[]", "{}"] {
        let pattern = format!(": {empty}");
        while let Some(at) = out.find(&pattern) {
            let after = at + pattern.len();
            let name =
                out.get(..at).map_or(0, |head| head.trim_end_matches(|c: char| c.is_alphanumeric() || c == '_').len());
            let rest = out.get(after..).unwrap_or_default().to_owned();
            let head = out.get(..name).unwrap_or_default().to_owned();
            out = match rest.strip_prefix(", ") {
                Some(rest) => head + rest,
                None => head.trim_end_matches(", ").to_owned() + &rest,
            };
        }
    }
    out
}
