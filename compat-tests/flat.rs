//! Rust's indented debug text without its brackets.

/// One line a leaf, with its path.
pub fn flat(pretty: &str) -> Vec<String> {
    /// What is open: its path, whether it is a list, how many elements it had.
    struct Open {
        path: String,
        list: bool,
        tuple: bool,
        seen: usize,
    }
    let mut stack: Vec<Open> = Vec::new();
    let mut lines = Vec::new();
    for line in pretty.lines() {
        let line = line.trim().trim_end_matches(',');
        if matches!(line, "}" | "]" | ")") {
            stack.pop();
            continue;
        }
        if line.ends_with("unknown_tagged_fields: {}") {
            continue;
        }
        let (path, rest) = match stack.last_mut() {
            None => (String::new(), line),
            Some(open) if open.list => {
                open.seen += 1;
                (format!("{}[{}]", open.path, open.seen - 1), line)
            }
            Some(open) if open.tuple => (open.path.clone(), line),
            Some(open) => match line.split_once(": ") {
                Some((field, rest)) if open.path.is_empty() => (field.to_owned(), rest),
                Some((field, rest)) => (format!("{}.{field}", open.path), rest),
                None => (open.path.clone(), line),
            },
        };
        if !rest.starts_with('"') && !rest.starts_with("b\"") && rest.ends_with(['{', '[', '(']) {
            stack.push(Open { path, list: rest.ends_with('['), tuple: rest.ends_with('('), seen: 0 });
        } else {
            lines.push(format!("{path}: {rest}"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_leaf_has_its_path() {
        let answer = vec![(Some("a: {"), 1), (None, 2)];
        assert_eq!(flat(&format!("{answer:#?}")), ["[0]: \"a: {\"", "[0]: 1", "[1]: None", "[1]: 2"]);
    }
}
