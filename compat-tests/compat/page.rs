//! The page of the docs that the run itself writes, section by section, when it is asked to (`--page`).

use anyhow::{Context, Result};

use crate::kit::home;
use crate::kit::stopwatch::now_ms;

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

/// The day of the run, for a table to say.
pub fn today() -> String {
    date(now_ms() / 86_400_000)
}

/// The day that is so many days after 1970-01-01, in the Gregorian calendar.
fn date(days: u64) -> String {
    // Years begin in March here, so that the leap day is the last of its year.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
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

    #[test]
    fn days_have_dates() {
        for (days, expected) in
            [(0, "1970-01-01"), (11_016, "2000-02-29"), (11_017, "2000-03-01"), (20_453, "2025-12-31")]
        {
            assert_eq!(date(days), expected);
        }
    }
}
