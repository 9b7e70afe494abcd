//! The schemas' files in a jar: enough of the zip format to find and inflate them.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};

const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";

/// Name and text of every JSON file under `common/`.
///
/// # Errors
/// Where the file is no jar.
pub fn schemas(path: &Path) -> Result<Vec<(String, String)>> {
    let jar = std::fs::read(path)?;
    let end = jar.windows(4).rposition(|four| four == END).context("a jar without an end")?;
    let count = number(&jar, end + 10, 2)?;
    let mut at = number(&jar, end + 16, 4)?;
    let mut found = Vec::new();
    for _ in 0..count {
        if jar.get(at..at + 4) != Some(ENTRY) {
            bail!("a torn directory in {}", path.display());
        }
        let [name, extra, comment] = [28, 30, 32].map(|field| number(&jar, at + field, 2));
        let (name, extra, comment) = (name?, extra?, comment?);
        let text = jar.get(at + 46..at + 46 + name).context("a torn name")?;
        let text = String::from_utf8_lossy(text).into_owned();
        if text.starts_with("common/") && text.ends_with(".json") {
            found.push((text, file(&jar, at)?));
        }
        at += 46 + name + extra + comment;
    }
    Ok(found)
}

fn file(jar: &[u8], entry: usize) -> Result<String> {
    let (method, packed, local) =
        (number(jar, entry + 10, 2)?, number(jar, entry + 20, 4)?, number(jar, entry + 42, 4)?);
    let from = local + 30 + number(jar, local + 26, 2)? + number(jar, local + 28, 2)?;
    let bytes = jar.get(from..from + packed).context("a torn file")?;
    let mut text = String::new();
    match method {
        0 => text.push_str(std::str::from_utf8(bytes)?),
        8 => drop(flate2::read::DeflateDecoder::new(bytes).read_to_string(&mut text)?),
        other => bail!("compression {other}"),
    }
    Ok(text)
}

/// So many bytes, the least first.
fn number(jar: &[u8], at: usize, len: usize) -> Result<usize> {
    let bytes = jar.get(at..at + len).context("a torn jar")?;
    Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}
