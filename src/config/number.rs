//! Numbers in and out as Java writes them, because they are compared and printed as text.

/// A floating point number as `Double.toString` prints it: always with a point, scientific below 1e-3 and from 1e7 on.
pub fn java_double(n: f64) -> String {
    if n.is_nan() {
        return "NaN".into();
    }
    if n.is_infinite() {
        return if n > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    let size = n.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{n:?}");
    }
    let text = format!("{n:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        Some((digits, exponent)) => format!("{digits}E{exponent}"),
        None => text,
    }
}

/// A bound as it is written in the source: whole numbers without a point.
pub fn plain(n: f64) -> String {
    if n.fract() == 0.0 { format!("{n:.0}") } else { java_double(n) }
}

/// What `Double.parseDouble` accepts in decimal notation.
pub fn parse_double(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned == "NaN" {
        return Some(f64::NAN);
    }
    if unsigned == "Infinity" {
        return Some(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    let text = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
    match unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        true => text.parse().ok(),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_print_as_in_java() {
        for (n, text) in [
            (0.5, "0.5"),
            (1.0, "1.0"),
            (0.05, "0.05"),
            (f64::MAX, "1.7976931348623157E308"),
            (1e7, "1.0E7"),
            (0.0001, "1.0E-4"),
            (1234567.5, "1234567.5"),
            (0.0, "0.0"),
            (-2.5e-5, "-2.5E-5"),
        ] {
            assert_eq!(java_double(n), text);
        }
    }

    #[test]
    fn doubles_parse_as_in_java() {
        for (text, n) in
            [("1e3", Some(1000.0)), ("+.5", Some(0.5)), ("2f", Some(2.0)), ("inf", None), ("", None), ("1x", None)]
        {
            assert_eq!(parse_double(text), n, "{text}");
        }
    }
}
