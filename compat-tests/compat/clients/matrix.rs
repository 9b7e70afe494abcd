//! The matrix of the docs: client by scenario, as the run saw it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, ensure};

use super::table::{CANNOT, CLIENTS, NOT_YET, SCENARIOS, cannot};

/// How each check of the run ended: client and scenario.
pub type Outcomes = BTreeMap<(&'static str, &'static str), bool>;

/// One row a client.
///
/// # Errors
/// Where the run left out a check, for a cell would be a guess.
pub fn markdown(date: &str, outcomes: &Outcomes) -> Result<String> {
    let mut out = format!(
        "As of {date}. [What each scenario does](../compat-tests/clients/README.md); besides the client's own word, what the broker stored, \
         or who has what in a group, is looked at.\n\n| client |"
    );
    for scenario in SCENARIOS {
        write!(out, " {scenario} |")?;
    }
    out.push_str("\n|---|");
    out.push_str(&":---:|".repeat(SCENARIOS.len()));
    let mut missing = Vec::new();
    for client in CLIENTS {
        write!(out, "\n| {} |", client.version)?;
        for scenario in SCENARIOS {
            let cell = match outcomes.get(&(client.name, *scenario)) {
                _ if cannot(client.name, scenario).is_some() => "-",
                _ if NOT_YET.iter().any(|(it, _)| it == scenario) => "not yet",
                Some(true) => "yes",
                Some(false) => "**no**",
                None => {
                    missing.push(format!("client {} {scenario}", client.name));
                    ""
                }
            };
            write!(out, " {cell} |")?;
        }
    }
    ensure!(missing.is_empty(), "the page has the whole matrix or none; this run left out {}", missing.join(", "));
    out.push_str("\n\nA dash is what the client cannot do:\n\n");
    for client in CLIENTS {
        let reasons = CANNOT.iter().filter(|(name, _, _)| *name == client.name);
        let reasons: Vec<String> = reasons.map(|(_, scenario, reason)| format!("{scenario}: {reason}")).collect();
        if !reasons.is_empty() {
            writeln!(out, "- {}: {}", client.version, reasons.join("; "))?;
        }
    }
    for (scenario, reason) in NOT_YET {
        writeln!(out, "\nNot yet: {scenario}, for {reason}.")?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_run_is_not_told() {
        let mut outcomes = Outcomes::new();
        for client in CLIENTS {
            outcomes.extend(SCENARIOS.iter().map(|scenario| ((client.name, *scenario), true)));
        }
        outcomes.insert(("sarama", "keys"), false);
        let text = markdown("2026-01-02", &outcomes).unwrap();
        let row = text.lines().find(|line| line.starts_with("| sarama")).unwrap();
        assert_eq!(row.matches("**no**").count(), 1, "{row}");
        outcomes.remove(&("sarama", "keys"));
        assert!(markdown("2026-01-02", &outcomes).unwrap_err().to_string().ends_with("left out client sarama keys"));
    }
}
