//! Reads RE2/J's syntax (`com.google.re2j.Parser` with the flags of Perl), for the engine here.
//!
//! Only names of topics are matched: what differs in line ends, in greed or in what is captured makes no difference.

mod class;
mod escape;

use std::collections::BTreeSet;

use regex_syntax::hir::{Capture, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition};

/// What is wrong, in RE2/J's words (`com.google.re2j.Parser`); the last two are not its own, which has no such limits.
pub(super) mod words {
    pub const CHAR_RANGE: &str = "invalid character class range";
    pub const ESCAPE: &str = "invalid escape sequence";
    pub const NAMED_CAPTURE: &str = "invalid named capture";
    pub const DUPLICATE_NAME: &str = "duplicate capture group name";
    pub const PERL: &str = "invalid or unsupported Perl syntax";
    pub const REPEAT_OP: &str = "invalid nested repetition operator";
    pub const REPEAT_SIZE: &str = "invalid repeat count";
    pub const BRACKET: &str = "missing closing ]";
    pub const PAREN: &str = "missing closing )";
    pub const UNEXPECTED_PAREN: &str = "regexp/syntax: internal error";
    pub const REPEAT_ARGUMENT: &str = "missing argument to repetition operator";
    pub const BACKSLASH: &str = "trailing backslash at end of expression";
    pub const DEPTH: &str = "expression nests too deeply";
    pub const SIZE: &str = "expression is too large";
}

/// The most that a repetition may count to, as in RE2.
const MAX_REPEAT: u32 = 1000;

/// How deep an expression may nest: the engine's compiler goes as deep.
const MAX_DEPTH: usize = 250;

type Read<T> = Result<T, &'static str>;

/// What `pattern` matches.
pub(super) fn parse(pattern: &str) -> Read<Hir> {
    let (level, opened) = (Level::default(), vec![]);
    let mut parser = Parser { rest: pattern, fold: false, level, opened, names: BTreeSet::new() };
    parser.run()?;
    if parser.opened.is_empty() { Ok(parser.level.close().hir) } else { Err(words::PAREN) }
}

struct Parser<'a> {
    rest: &'a str,
    /// Whether case makes no difference here.
    fold: bool,
    level: Level,
    /// The levels outside of this one, with their `fold`.
    opened: Vec<(Level, bool)>,
    names: BTreeSet<&'a str>,
}

/// What stands between two parentheses, as far as it is read.
#[derive(Default)]
struct Level {
    alternatives: Vec<Part>,
    sequence: Vec<Part>,
}

/// A part, and how deep it nests.
struct Part {
    hir: Hir,
    depth: usize,
}

impl Level {
    fn next_alternative(&mut self) {
        let sequence = std::mem::take(&mut self.sequence);
        let (depth, parts) = unzip(sequence);
        self.alternatives.push(Part { hir: Hir::concat(parts), depth });
    }

    fn close(mut self) -> Part {
        self.next_alternative();
        let (depth, parts) = unzip(self.alternatives);
        Part { hir: Hir::alternation(parts), depth }
    }
}

fn unzip(parts: Vec<Part>) -> (usize, Vec<Hir>) {
    let depth = parts.iter().map(|part| part.depth).max().unwrap_or(0);
    (depth, parts.into_iter().map(|part| part.hir).collect())
}

impl<'a> Parser<'a> {
    fn run(&mut self) -> Read<()> {
        let mut after_repeat = false;
        while let Some(c) = self.next() {
            let repeat = match c {
                '*' => Some((0, None)),
                '+' => Some((1, None)),
                '?' => Some((0, Some(1))),
                '{' => self.count()?,
                _ => None,
            };
            if let Some((min, max)) = repeat {
                self.take("?"); // Lazy.
                if after_repeat {
                    return Err(words::REPEAT_OP);
                }
                self.repeat(min, max)?;
                after_repeat = true;
                continue;
            }
            // As RE2/J has it: no operator behind a brace that is text.
            after_repeat = c == '{';
            match c {
                '{' => self.literal(c)?,
                '(' => self.open()?,
                ')' => {
                    let (level, fold) = self.opened.pop().ok_or(words::UNEXPECTED_PAREN)?;
                    let Part { hir, depth } = std::mem::replace(&mut self.level, level).close();
                    self.fold = fold;
                    self.push(hir, depth + 1)?;
                }
                '|' => self.level.next_alternative(),
                '^' => self.push(Hir::look(Look::Start), 0)?,
                '$' => self.push(Hir::look(Look::End), 0)?,
                '.' => self.class(class::any())?,
                '[' => {
                    let class = self.brackets()?;
                    self.class(class)?;
                }
                '\\' => self.escaped()?,
                c => self.literal(c)?,
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.strip_prefix(c)?;
        Some(c)
    }

    fn take(&mut self, text: &str) -> bool {
        let rest = self.rest.strip_prefix(text);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// What stands before `end`, which is taken too; nothing is taken where there is no `end`.
    fn take_until(&mut self, end: &str) -> Option<&'a str> {
        let (text, rest) = self.rest.split_once(end)?;
        self.rest = rest;
        Some(text)
    }

    fn push(&mut self, hir: Hir, depth: usize) -> Read<()> {
        if depth > MAX_DEPTH {
            return Err(words::DEPTH);
        }
        self.level.sequence.push(Part { hir, depth });
        Ok(())
    }

    fn class(&mut self, class: ClassUnicode) -> Read<()> {
        self.push(Hir::class(regex_syntax::hir::Class::Unicode(class)), 0)
    }

    fn literal(&mut self, c: char) -> Read<()> {
        let alone = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
        let class = self.folded(alone);
        self.class(class)
    }

    /// `class` with all that differs from it in case only, where that makes no difference.
    fn folded(&self, mut class: ClassUnicode) -> ClassUnicode {
        if self.fold {
            // It fails only without the tables of Unicode, which are there.
            let _ = class.try_case_fold_simple();
        }
        class
    }

    fn repeat(&mut self, min: u32, max: Option<u32>) -> Read<()> {
        let Part { mut hir, depth } = self.level.sequence.pop().ok_or(words::REPEAT_ARGUMENT)?;
        if matches!(hir.kind(), HirKind::Repetition(_)) {
            // Printed without parentheses a second operator would only make the first one lazy.
            hir = Hir::capture(Capture { index: 1, name: None, sub: Box::new(hir) });
        }
        self.push(Hir::repetition(Repetition { min, max, greedy: true, sub: Box::new(hir) }), depth + 1)
    }

    /// Behind `{`: a count such as `2}` or `2,3}`. What is none is text.
    fn count(&mut self) -> Read<Option<(u32, Option<u32>)>> {
        // Numbers that begin with 0 are none.
        let is_number = |text: &str| {
            text.bytes().all(|byte| byte.is_ascii_digit())
                && !text.is_empty()
                && (text == "0" || !text.starts_with('0'))
        };
        let text = self.rest.split_once('}').map(|(inside, rest)| (inside.split_once(','), inside, rest));
        let (least, most, rest) = match text {
            Some((None, inside, rest)) if is_number(inside) => (inside, Some(inside), rest),
            Some((Some((least, "")), _, rest)) if is_number(least) => (least, None, rest),
            Some((Some((least, most)), _, rest)) if is_number(least) && is_number(most) => (least, Some(most), rest),
            _ => return Ok(None),
        };
        let number = |text: &str| text.parse().ok().filter(|number| *number <= MAX_REPEAT).ok_or(words::REPEAT_SIZE);
        let (least, most) = (number(least)?, most.map(number).transpose()?);
        if most.is_some_and(|most| most < least) {
            return Err(words::REPEAT_SIZE);
        }
        self.rest = rest;
        Ok(Some((least, most)))
    }

    /// Behind `(`: a group, or flags, of which only `i` makes a difference.
    fn open(&mut self) -> Read<()> {
        let fold = self.fold;
        if self.take("?P<") || self.take("?<") {
            let name = self.take_until(">").ok_or(words::NAMED_CAPTURE)?;
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(words::NAMED_CAPTURE);
            }
            if !self.names.insert(name) {
                return Err(words::DUPLICATE_NAME);
            }
        } else if self.take("?") && !self.flags()? {
            return Ok(());
        }
        self.opened.push((std::mem::take(&mut self.level), fold));
        if self.opened.len() > MAX_DEPTH { Err(words::DEPTH) } else { Ok(()) }
    }

    /// Behind `(?`: whether a group begins. Flags without one hold from here on.
    fn flags(&mut self) -> Read<bool> {
        let (mut fold, mut on, mut any) = (self.fold, true, false);
        loop {
            match self.next().ok_or(words::PERL)? {
                'i' => {
                    fold = on;
                    any = true;
                }
                'm' | 's' | 'U' => any = true,
                '-' if on => (on, any) = (false, false),
                end @ (':' | ')') if on || any => {
                    self.fold = fold;
                    return Ok(end == ':');
                }
                _ => return Err(words::PERL),
            }
        }
    }
}
