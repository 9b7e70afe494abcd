//! The page of the docs that the run itself writes, section by section, when it is asked to (`--page`).

use anyhow::{Context, Result};

use crate::kit::home;

/// The page, from the checkout's top.
const PAGE: &str = "docs/compatibility.md";

/// Puts this text between `<!-- SECTION: begin -->` and `<!-- SECTION: end -->` of the page; nothing else of it is touched.
///
/// # Errors
/// Where the page or a marker is missing, or the file cannot be written.
pub fn replace(section: &str, markdown: &str) -> Result<()> {
    let path = home::checkout()?.join(PAGE);
    let page = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let page = replaced(&page, section, markdown).with_context(|| format!("{PAGE} has no section {section}"))?;
    std::fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))
}

fn replaced(page: &str, section: &str, markdown: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {section}: begin -->"), format!("<!-- {section}: end -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n\n{}\n\n{end}{after}", markdown.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_its_markers_changes() {
        let page = "# Page\n<!-- a: begin -->\nold\n<!-- a: end -->\nkept\n<!-- b: begin -->\nold\n<!-- b: end -->\n";
        let expected = page.replacen("\nold\n", "\n\nnew\n\n", 1);
        assert_eq!(replaced(page, "a", "new\n").as_deref(), Some(expected.as_str()));
        assert_eq!(replaced(&expected, "a", "new").as_deref(), Some(expected.as_str()), "twice is once");
        assert_eq!(replaced(page, "c", "new"), None);
        assert_eq!(replaced("<!-- a: end --> <!-- a: begin -->", "a", "new"), None);
    }
}
