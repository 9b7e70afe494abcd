//! Turns RE2/J's syntax into that of the `regex` crate, where the two differ, and names errors as RE2/J does.

use regex_syntax::ast::ErrorKind;

/// What RE2/J says (`com.google.re2j.RE2`).
mod words {
    pub(super) const CHAR_RANGE: &str = "invalid character class range";
    pub(super) const ESCAPE: &str = "invalid escape sequence";
    pub(super) const NAMED_CAPTURE: &str = "invalid named capture";
    pub(super) const DUPLICATE_NAME: &str = "duplicate capture group name";
    pub(super) const PERL: &str = "invalid or unsupported Perl syntax";
    pub(super) const REPEAT_OP: &str = "invalid nested repetition operator";
    pub(super) const REPEAT_SIZE: &str = "bad repetition operator";
    pub(super) const BRACKET: &str = "missing closing ]";
    pub(super) const PAREN: &str = "missing closing )";
    pub(super) const UNEXPECTED_PAREN: &str = "regexp/syntax: internal error";
    pub(super) const REPEAT_ARGUMENT: &str = "missing argument to repetition operator";
    pub(super) const BACKSLASH: &str = "trailing backslash at end of expression";
    pub(super) const DEPTH: &str = "expression nests too deeply";
}

/// The most that a repetition may count to, as in RE2.
const MAX_REPEAT: u32 = 1000;

/// How deep an expression may nest; without a limit a parser would run out of stack.
const MAX_DEPTH: u32 = 250;

/// `pattern` for the `regex` crate.
pub(super) fn translate(pattern: &str) -> Result<String, &'static str> {
    let mut translation = Translation { rest: pattern, out: String::new() };
    translation.run()?;
    let mut parser = regex_syntax::ast::parse::ParserBuilder::new();
    match parser.nest_limit(MAX_DEPTH).build().parse(&translation.out) {
        Ok(_) => Ok(translation.out),
        Err(error) => Err(word(error.kind())),
    }
}

struct Translation<'a> {
    rest: &'a str,
    out: String,
}

impl Translation<'_> {
    fn run(&mut self) -> Result<(), &'static str> {
        let mut after_repeat = false;
        while let Some(c) = self.next() {
            let repeat = match c {
                '*' | '+' | '?' => Some(c.to_string()),
                '{' => self.count()?,
                _ => None,
            };
            if let Some(repeat) = repeat {
                if after_repeat {
                    return Err(words::REPEAT_OP);
                }
                self.out.push_str(&repeat);
                if self.take('?') {
                    self.out.push('?'); // Lazy, which makes no difference for a whole match.
                }
                after_repeat = true;
                continue;
            }
            after_repeat = false;
            match c {
                '\\' if self.take('Q') => self.quoted(),
                '\\' => self.escape()?,
                '[' => self.class()?,
                '{' => self.out.push_str("\\{"),
                '(' => self.group()?,
                _ => self.out.push(c),
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = self.rest.strip_prefix(c)?;
        Some(c)
    }

    fn take(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Behind `{`: a count such as `2}` or `2,3}`. Anything else is text.
    fn count(&mut self) -> Result<Option<String>, &'static str> {
        let Some((inside, rest)) = self.rest.split_once('}') else { return Ok(None) };
        let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(least) || !(most.is_empty() && inside.contains(',') || digits(most)) {
            return Ok(None);
        }
        let number = |text: &str| text.parse::<u32>().ok().filter(|number| *number <= MAX_REPEAT);
        let Some(least) = number(least) else { return Err(words::REPEAT_SIZE) };
        if !most.is_empty() && number(most).is_none_or(|most| most < least) {
            return Err(words::REPEAT_SIZE);
        }
        self.rest = rest;
        Ok(Some(format!("{{{inside}}}")))
    }

    /// Behind `\Q`: text up to `\E` or to the end.
    fn quoted(&mut self) {
        let (text, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
        self.out.push_str(&regex_syntax::escape(text));
        self.rest = rest;
    }

    /// Behind a backslash. Punctuation is itself, and octal numbers are characters.
    fn escape(&mut self) -> Result<(), &'static str> {
        let Some(c) = self.next() else { return Err(words::BACKSLASH) };
        match c {
            'x' => self.out.push_str("\\x"),
            '1'..='7' if !self.rest.starts_with(|next| ('0'..='7').contains(&next)) => return Err(words::ESCAPE),
            '0'..='7' => {
                let mut code = c as u32 - '0' as u32;
                for _ in 0..2 {
                    if self.rest.starts_with(|next| ('0'..='7').contains(&next))
                        && let Some(next) = self.next()
                    {
                        code = code * 8 + (next as u32 - '0' as u32);
                    }
                }
                self.literal(code);
            }
            'a' | 'f' | 'n' | 'r' | 't' | 'v' | 'A' | 'b' | 'B' | 'z' => {
                self.out.push('\\');
                self.out.push(c);
            }
            'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'p' | 'P' => {
                self.out.push('\\');
                self.out.push(c);
            }
            c if c.is_alphanumeric() => return Err(words::ESCAPE),
            c => self.literal(c as u32),
        }
        Ok(())
    }

    fn literal(&mut self, code: u32) {
        self.out.push_str(&format!("\\x{{{code:X}}}"));
    }

    /// Behind `[`, to the bracket that closes it. RE2 has no classes in classes, and no operators between them.
    fn class(&mut self) -> Result<(), &'static str> {
        self.out.push('[');
        if self.take('^') {
            self.out.push('^');
        }
        let mut first = true;
        while let Some(c) = self.next() {
            match c {
                ']' if !first => {
                    self.out.push(']');
                    return Ok(());
                }
                '[' if self.rest.starts_with(':') && self.rest.contains(":]") => {
                    let (name, rest) = self.rest.split_once(":]").unwrap_or_default();
                    self.out.push_str(&format!("[{name}:]"));
                    self.rest = rest;
                    self.dash_after_set();
                }
                '\\' => {
                    let set = self.rest.starts_with(['d', 'D', 's', 'S', 'w', 'W']);
                    self.escape()?;
                    if set {
                        self.dash_after_set();
                    }
                }
                '-' if self.rest.starts_with('-') => {
                    self.next();
                    self.out.push_str("-\\-");
                }
                '[' | ']' | '&' | '~' => self.literal(c as u32),
                _ => self.out.push(c),
            }
            first = false;
        }
        Err(words::BRACKET)
    }

    /// Behind a set such as `\d` a dash makes no range.
    fn dash_after_set(&mut self) {
        if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
            self.next();
            self.out.push_str("\\-");
        }
    }

    /// Behind `(`: of the flags RE2 knows four.
    fn group(&mut self) -> Result<(), &'static str> {
        self.out.push('(');
        let Some(flags) = self.rest.strip_prefix('?') else { return Ok(()) };
        if flags.starts_with("P<") || flags.starts_with('<') && !flags.starts_with("<=") && !flags.starts_with("<!") {
            return Ok(());
        }
        let end = flags.find([':', ')']).ok_or(words::PAREN)?;
        let known = flags.get(..end).is_some_and(|flags| flags.chars().all(|flag| "imsU-".contains(flag)));
        if known { Ok(()) } else { Err(words::PERL) }
    }
}

fn word(kind: &ErrorKind) -> &'static str {
    use ErrorKind::*;
    match kind {
        ClassEscapeInvalid | ClassRangeInvalid | ClassRangeLiteral => words::CHAR_RANGE,
        ClassUnclosed => words::BRACKET,
        EscapeUnexpectedEof => words::BACKSLASH,
        EscapeHexEmpty | EscapeHexInvalid | EscapeHexInvalidDigit | EscapeUnrecognized => words::ESCAPE,
        UnsupportedBackreference => words::ESCAPE,
        GroupNameDuplicate { .. } => words::DUPLICATE_NAME,
        GroupNameEmpty | GroupNameInvalid | GroupNameUnexpectedEof => words::NAMED_CAPTURE,
        GroupUnclosed => words::PAREN,
        GroupUnopened => words::UNEXPECTED_PAREN,
        RepetitionMissing => words::REPEAT_ARGUMENT,
        NestLimitExceeded(_) => words::DEPTH,
        RepetitionCountInvalid | RepetitionCountDecimalEmpty | RepetitionCountUnclosed => words::REPEAT_SIZE,
        UnicodeClassInvalid => words::CHAR_RANGE,
        _ => words::PERL,
    }
}
