//! Reads our files line by line.

use anyhow::Result;

use super::arrows::PURE;
use crate::{paths, shell};

/// A file with more lines than this has two subjects.
const LONGEST: usize = 700;

/// Put together here, so that this file does not accuse itself.
const STRAY: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("HA", "CK:"),
    concat!("db", "g!("),
    concat!("#[ig", "nore"),
    concat!("/wo", "rk/"),
    concat!("/tmp", "/kf"),
    concat!("/ro", "ot/"),
];

/// The standard library's ways out of a pure crate.
const EFFECTS: &[&str] = &[
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "std::thread",
    "std::process",
    "std::env",
    "SystemTime",
    "Instant::now",
    "thread_rng",
];

const TEXTS: &[&str] = &["rs", "toml", "md", "yaml", "yml", "java", "sh", "Dockerfile", "run"];

/// Rust files that are too long.
pub fn long_files() -> Result<Vec<String>> {
    let files = files(|path| path.ends_with(".rs"))?;
    let long = files.into_iter().map(|(path, text)| (path, text.lines().count())).filter(|(_, lines)| *lines > LONGEST);
    Ok(long
        .map(|(path, lines)| format!("{path} has {lines} lines, more than {LONGEST}: split it by subject"))
        .collect())
}

/// Words that tell of unfinished work or of one machine.
pub fn stray_words() -> Result<Vec<String>> {
    let is_text = |path: &str| path.rsplit(['.', '/']).next().is_some_and(|end| TEXTS.contains(&end));
    Ok(matches(files(is_text)?, STRAY))
}

/// Pure crates whose code, tests aside, reaches for the machine.
pub fn effects_in_pure_crates() -> Result<Vec<String>> {
    let is_pure = |path: &str| {
        let mut parts = path.split('/');
        path.ends_with(".rs")
            && parts.next() == Some("src")
            && parts.next().is_some_and(|name| PURE.contains(&name))
            && !parts.any(|part| part == "tests" || part.ends_with("tests.rs"))
    };
    Ok(matches(files(is_pure)?, EFFECTS))
}

fn matches(files: Vec<(String, String)>, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in files {
        for (number, line) in text.lines().enumerate() {
            for word in words.iter().filter(|word| line.contains(**word)) {
                found.push(format!("{path}:{}: `{word}`", number + 1));
            }
        }
    }
    found
}

/// Path and text of every file that git knows or would take, where the path is wanted.
fn files(wanted: impl Fn(&str) -> bool) -> Result<Vec<(String, String)>> {
    let list =
        shell::output(shell::program("git", &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?)?;
    let mut files = Vec::new();
    for path in list.split('\0').filter(|path| !path.is_empty() && wanted(path)) {
        // A file that is deleted but not yet committed, or is no text, has nothing to say.
        if let Ok(text) = std::fs::read_to_string(paths::checkout()?.join(path)) {
            files.push((path.to_owned(), text));
        }
    }
    Ok(files)
}
