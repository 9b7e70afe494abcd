//! Sets of characters: in brackets, by a name, and by a property of Unicode.
//!
//! Names of topics are ASCII, so that of a property only what it has there makes a difference.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use super::{Parser, Read, words};

/// Names of POSIX (`CharGroup.POSIX_GROUPS`), with their ranges.
const POSIX: [(&str, &[&str]); 14] = [
    ("alnum", &["09", "AZ", "az"]),
    ("alpha", &["AZ", "az"]),
    ("ascii", &["\0\x7f"]),
    ("blank", &["\t\t", "  "]),
    ("cntrl", &["\0\x1f", "\x7f\x7f"]),
    ("digit", &["09"]),
    ("graph", &["!~"]),
    ("lower", &["az"]),
    ("print", &[" ~"]),
    ("punct", &["!/", ":@", "[`", "{~"]),
    ("space", &["\t\r", "  "]),
    ("upper", &["AZ"]),
    ("word", &["09", "AZ", "__", "az"]),
    ("xdigit", &["09", "AF", "af"]),
];

/// The general categories of Unicode that have ASCII characters, with these.
const CATEGORIES: [(&str, &[&str]); 17] = [
    ("Any", &["\0\u{10ffff}"]),
    ("C", &["\0\x1f", "\x7f\x7f"]),
    ("Cc", &["\0\x1f", "\x7f\x7f"]),
    ("L", &["AZ", "az"]),
    ("Ll", &["az"]),
    ("Lu", &["AZ"]),
    ("N", &["09"]),
    ("Nd", &["09"]),
    ("P", &["!#", "%*", ",/", ":;", "?@", "[]", "__", "{{", "}}"]),
    ("Pc", &["__"]),
    ("Pd", &["--"]),
    ("Po", &["!#", "%'", "**", ",,", "./", ":;", "?@", "\\\\"]),
    ("S", &["$$", "++", "<>", "^^", "``", "||", "~~"]),
    ("Z", &["  "]),
    ("Zs", &["  "]),
    ("Latin", &["AZ", "az"]),
    ("Common", &["\0@", "[`", "{\x7f"]),
];

/// Those that have other ASCII characters, none of which is in a topic's name, or none at all; and scripts, all of the tables that
/// RE2/J 1.8 has.
const ELSEWHERE: &str = " Cf Co Cs Lm Lo Lt M Mc Me Mn Nl No Pe Pf Pi Ps Sc Sk Sm So Zl Zp \
Arabic Armenian Avestan Balinese Bamum Batak Bengali Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Cham \
Cherokee Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Egyptian_Hieroglyphs Ethiopic Georgian Glagolitic Gothic Greek \
Gujarati Gurmukhi Han Hangul Hanunoo Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian \
Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi Khmer Lao Lepcha Limbu Linear_B Lisu Lycian Lydian Malayalam Mandaic \
Meetei_Mayek Mongolian Myanmar New_Tai_Lue Nko Ogham Ol_Chiki Old_Italic Old_Persian Old_South_Arabian Old_Turkic Oriya Osmanya \
Phags_Pa Phoenician Rejang Runic Samaritan Saurashtra Shavian Sinhala Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le \
Tai_Tham Tai_Viet Tamil Telugu Thaana Thai Tibetan Tifinagh Ugaritic Vai Yi ";

/// Every character.
pub(super) fn any() -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new('\0', char::MAX)])
}

fn of(ranges: &[&str]) -> ClassUnicode {
    let range = |range: &&str| {
        let mut ends = range.chars();
        Some(ClassUnicodeRange::new(ends.next()?, ends.next()?))
    };
    ClassUnicode::new(ranges.iter().filter_map(range))
}

impl Parser<'_> {
    /// Behind `[`, to the bracket that closes it.
    pub(super) fn brackets(&mut self) -> Read<ClassUnicode> {
        let negated = self.take("^");
        let mut class = ClassUnicode::empty();
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            first = false;
            if let Some(set) = self.posix()? {
                class.union(&set);
                continue;
            }
            if let Some(escaped) = self.rest.strip_prefix('\\') {
                let from = std::mem::replace(&mut self.rest, escaped);
                if let Some(set) = self.set()? {
                    class.union(&set);
                    continue;
                }
                self.rest = from;
            }
            let low = self.class_char()?;
            let mut high = low;
            // A dash before the closing bracket is itself.
            if self.rest.starts_with('-') && !self.rest.starts_with("-]") {
                self.next();
                high = self.class_char()?;
                if high < low {
                    return Err(words::CHAR_RANGE);
                }
            }
            let range = self.folded(ClassUnicode::new([ClassUnicodeRange::new(low, high)]));
            class.union(&range);
        }
        self.next();
        Ok(signed(class, negated))
    }

    fn class_char(&mut self) -> Read<char> {
        match self.next().ok_or(words::BRACKET)? {
            '\\' => self.escaped_char(),
            c => Ok(c),
        }
    }

    /// In brackets: a set such as `[:alpha:]`.
    fn posix(&mut self) -> Read<Option<ClassUnicode>> {
        let Some((name, rest)) = self.rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) else {
            return Ok(None);
        };
        self.rest = rest;
        let (name, negated) = name.strip_prefix('^').map_or((name, false), |name| (name, true));
        let (_, ranges) = POSIX.iter().find(|(known, _)| *known == name).ok_or(words::CHAR_RANGE)?;
        Ok(Some(self.finished(of(ranges), negated)))
    }

    /// Behind a backslash: a set such as `\d` or `\p{Greek}`; nothing is taken where there is none.
    pub(super) fn set(&mut self) -> Read<Option<ClassUnicode>> {
        let Some(c) = self.rest.chars().next() else { return Ok(None) };
        let class = match c.to_ascii_lowercase() {
            'd' => of(&["09"]),
            's' => of(&["\t\n", "\x0c\r", "  "]),
            'w' => of(&["09", "AZ", "__", "az"]),
            'p' => {
                self.next();
                return self.property(c == 'P').map(Some);
            }
            _ => return Ok(None),
        };
        self.next();
        Ok(Some(self.finished(class, c.is_ascii_uppercase())))
    }

    /// Behind `\p`.
    fn property(&mut self, negated: bool) -> Read<ClassUnicode> {
        let whole = self.rest;
        let name = match self.next().ok_or(words::CHAR_RANGE)? {
            '{' => self.take_until("}").ok_or(words::CHAR_RANGE)?,
            c => whole.get(..c.len_utf8()).unwrap_or_default(),
        };
        let (name, inverse) = name.strip_prefix('^').map_or((name, false), |name| (name, true));
        let class = match CATEGORIES.iter().find(|(known, _)| *known == name) {
            Some((_, ranges)) => of(ranges),
            None if !name.is_empty() && !name.contains(' ') && ELSEWHERE.contains(&format!(" {name} ")) => of(&[]),
            None => return Err(words::CHAR_RANGE),
        };
        // RE2/J has no other case for its small letters.
        let class = if name == "Ll" { class } else { self.folded(class) };
        Ok(signed(class, negated != inverse))
    }

    fn finished(&self, class: ClassUnicode, negated: bool) -> ClassUnicode {
        signed(self.folded(class), negated)
    }
}

fn signed(mut class: ClassUnicode, negated: bool) -> ClassUnicode {
    if negated {
        class.negate();
    }
    class
}
