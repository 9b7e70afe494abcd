//! Files in the format of `java.util.Properties`: `key=value`, comments, continued lines, escapes.

use crate::ConfigError;

/// The keys and values of a properties file, in its order; a repeated key stands as often as it was written.
///
/// # Errors
/// [`ConfigError::Escape`] where `\u` is not followed by four hexadecimal digits.
pub fn parse_properties(text: &str) -> Result<Vec<(String, String)>, ConfigError> {
    logical_lines(text).iter().map(|line| split(line)).collect()
}

/// Lines without blank ones and comments, continued lines joined, white space at their start removed.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open: Option<String> = None;
    for natural in text.replace("\r\n", "\n").split(['\n', '\r']) {
        let line = natural.trim_start_matches([' ', '\t', '\x0c']);
        if open.is_none() && (line.is_empty() || line.starts_with(['#', '!'])) {
            continue;
        }
        let slashes = line.bytes().rev().take_while(|b| *b == b'\\').count();
        let continues = slashes % 2 == 1;
        let kept = if continues { line.get(..line.len() - 1).unwrap_or_default() } else { line };
        let mut whole = open.take().unwrap_or_default();
        whole.push_str(kept);
        if continues {
            open = Some(whole);
        } else if !whole.is_empty() {
            lines.push(whole);
        }
    }
    lines.extend(open.filter(|line| !line.is_empty()));
    lines
}

/// The key ends at the first unescaped `=`, `:` or white space; one separator and the white space around it go.
fn split(line: &str) -> Result<(String, String), ConfigError> {
    let mut escaped = false;
    let end = line
        .char_indices()
        .find(|(_, c)| {
            let stop = !escaped && matches!(c, '=' | ':' | ' ' | '\t' | '\x0c');
            escaped = *c == '\\' && !escaped;
            stop
        })
        .map_or(line.len(), |(at, _)| at);
    let (key, rest) = line.split_at(end);
    let blank = [' ', '\t', '\x0c'];
    let rest = rest.trim_start_matches(blank);
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(blank);
    Ok((unescape(key)?, unescape(value)?))
}

fn unescape(text: &str) -> Result<String, ConfigError> {
    if !text.contains('\\') {
        return Ok(text.to_owned());
    }
    // UTF-16, because `\u` writes halves of a pair one by one.
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            push(&mut units, c);
            continue;
        }
        match chars.next() {
            Some('t') => push(&mut units, '\t'),
            Some('n') => push(&mut units, '\n'),
            Some('r') => push(&mut units, '\r'),
            Some('f') => push(&mut units, '\x0c'),
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                let hex = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                let unit = u16::from_str_radix(&digits, 16).ok().filter(|_| hex).ok_or(ConfigError::Escape)?;
                units.push(unit);
            }
            Some(other) => push(&mut units, other),
            None => {}
        }
    }
    Ok(String::from_utf16_lossy(&units))
}

fn push(units: &mut Vec<u16>, c: char) {
    units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
}

/// Splits `key=value` of a command line (`--override`).
///
/// # Errors
/// [`ConfigError::Override`] where there is no `=` or no key.
pub fn parse_override(text: &str) -> Result<(String, String), ConfigError> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err(ConfigError::Override(text.to_owned())),
    }
}
