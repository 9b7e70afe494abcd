//! The little of Java's properties format that `meta.properties` needs (`java.util.Properties`).

use std::collections::BTreeMap;
use std::fmt::Write;

use model::Timestamp;

/// The keys and values of a text; of a key that comes twice, the last.
pub(crate) fn parse(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().map(str::trim_start);
    lines.filter(|line| !line.is_empty() && !line.starts_with(['#', '!'])).map(split).collect()
}

fn split(line: &str) -> (String, String) {
    let mut escaped = false;
    let end = line.find(|c: char| {
        let ends = !escaped && (c == '=' || c == ':' || c.is_whitespace());
        escaped = c == '\\' && !escaped;
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start();
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
    (unescape(key), unescape(value))
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut units = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let plain = match c {
            '\\' => match chars.next() {
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&digits, 16).unwrap_or(0xfffd));
                    continue;
                }
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some(other) => other,
                None => break,
            },
            other => other,
        };
        out.push_str(&String::from_utf16_lossy(&std::mem::take(&mut units)));
        out.push(plain);
    }
    out.push_str(&String::from_utf16_lossy(&units));
    out
}

/// A value as `Properties.store` writes it.
pub(crate) fn escape_value(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for (at, c) in value.char_indices() {
        match c {
            ' ' if at == 0 => out.push_str("\\ "),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\u{c}' => out.push_str("\\f"),
            '\\' | '=' | ':' | '#' | '!' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// A time as `java.util.Date` prints it, in UTC.
pub(crate) fn java_date(now: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = now.0.div_euclid(1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days since 0000-03-01 split into eras of 400 years, so that the leap day is the last of its year.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 2, 0) } else { (month - 10, 1) };
    let name = |names: &[&'static str], at: i64| names.get(at as usize).copied().unwrap_or_default();
    let mut out = String::new();
    let _ = write!(
        out,
        "{} {} {day_of_month:02} {:02}:{:02}:{:02} UTC {:04}",
        name(&DAYS, days.rem_euclid(7)),
        name(&MONTHS, month),
        second / 3600,
        second / 60 % 60,
        second % 60,
        year_of_era + era * 400 + carry,
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_line() {
        let found = parse("# no\n ! no\na=1\n b : 2\nc 3\nd\\=e=f\\:g\\u00fc\nempty\n");
        let pairs: Vec<_> = found.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("a", "1"), ("b", "2"), ("c", "3"), ("d=e", "f:gü"), ("empty", "")]);
    }

    #[test]
    fn dates_read_as_in_java() {
        assert_eq!(java_date(Timestamp(0)), "Thu Jan 01 00:00:00 UTC 1970");
        assert_eq!(java_date(Timestamp(951_782_399_000)), "Mon Feb 28 23:59:59 UTC 2000");
        assert_eq!(java_date(Timestamp(951_782_400_000)), "Tue Feb 29 00:00:00 UTC 2000");
        assert_eq!(java_date(Timestamp(1_798_761_599_999)), "Thu Dec 31 23:59:59 UTC 2026");
    }
}
