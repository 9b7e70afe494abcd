//! What a backslash stands for.

use regex_syntax::hir::{Hir, Look};

use super::{Parser, Read, words};

impl Parser<'_> {
    /// Behind a backslash that is in no class.
    pub(super) fn escaped(&mut self) -> Read<()> {
        let Some(c) = self.rest.chars().next() else { return Err(words::BACKSLASH) };
        let look = match c {
            'A' => Some(Look::Start),
            'z' => Some(Look::End),
            'b' => Some(Look::WordAscii),
            'B' => Some(Look::WordAsciiNegate),
            _ => None,
        };
        if let Some(look) = look {
            self.next();
            return self.push(Hir::look(look), 0);
        }
        if self.take("Q") {
            let text = self.take_until("\\E").unwrap_or_else(|| std::mem::take(&mut self.rest));
            return text.chars().try_for_each(|c| self.literal(c));
        }
        match self.set()? {
            Some(class) => self.class(class),
            None => {
                let c = self.escaped_char()?;
                self.literal(c)
            }
        }
    }

    /// Behind a backslash: one character. Punctuation is itself, and so is all that is not ASCII.
    pub(super) fn escaped_char(&mut self) -> Read<char> {
        let is_octal = |c: &char| ('0'..='7').contains(c);
        let Some(c) = self.next() else { return Err(words::BACKSLASH) };
        match c {
            // One digit alone would be a reference to a group, which there is not.
            '1'..='7' if !self.rest.starts_with(|c| is_octal(&c)) => Err(words::ESCAPE),
            '0'..='7' => {
                let mut code = c.to_digit(8).unwrap_or_default();
                for _ in 0..2 {
                    let Some(digit) = self.rest.chars().next().filter(is_octal) else { break };
                    self.next();
                    code = code * 8 + digit.to_digit(8).unwrap_or_default();
                }
                char::from_u32(code).ok_or(words::ESCAPE)
            }
            'x' if self.take("{") => {
                let digits = self.take_until("}").ok_or(words::ESCAPE)?;
                let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                let digits = digits.trim_start_matches('0');
                let code = is_hex.then(|| if digits.is_empty() { Ok(0) } else { u32::from_str_radix(digits, 16) });
                let code = code.and_then(Result::ok);
                code.and_then(char::from_u32).ok_or(words::ESCAPE)
            }
            'x' => {
                let digits = [self.next(), self.next()].map(|c| c.and_then(|c| c.to_digit(16)));
                let [Some(high), Some(low)] = digits else { return Err(words::ESCAPE) };
                char::from_u32(high * 16 + low).ok_or(words::ESCAPE)
            }
            'a' => Ok('\x07'),
            'f' => Ok('\x0c'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\x0b'),
            c if c.is_ascii_alphanumeric() => Err(words::ESCAPE),
            c => Ok(c),
        }
    }
}
