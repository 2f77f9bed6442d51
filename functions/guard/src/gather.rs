//! Reads what the analysis needs, and nothing else.

use loopguard_account::{Account, CallError};
use loopguard_analysis::{Analysis, Catalogue, MAX_ROUNDS, analyse};
use loopguard_model::{Facts, Gap, Inventory, Need, Rule, Scope};

/// What is known after reading, and what follows from it.
#[derive(Debug)]
pub struct Gathered {
    /// What is known.
    pub inventory: Inventory,
    /// What follows from it.
    pub analysis: Analysis,
    /// All that was asked, answered or not.
    pub asked: Vec<Need>,
    /// How many reads of the account that took.
    pub reads: usize,
    /// How often it was analysed again.
    pub rounds: usize,
}

/// Analyses a rule with all that it can reach.
///
/// Every round answers each open need once, with facts or with a gap, so the rounds end; `max_reads` bounds
/// the calls, and a need beyond it is left as a gap that says so.
/// Errors iff a read failed that may succeed later, or the rules of a bus could not be listed: then delivering the
/// message again, and a dead letter in the end, is better than a verdict with a hole in it.
pub async fn gather(
    account: &impl Account,
    catalogue: &Catalogue,
    home: &Scope,
    rule: Rule,
    max_reads: usize,
) -> Result<Gathered, CallError> {
    let mut inventory = Inventory::new(home.clone());
    inventory.rules.push(rule);
    let (mut reads, mut rounds) = (0, 0);
    let mut asked = Vec::new();
    loop {
        let analysis = analyse(&inventory, catalogue);
        let open: Vec<Need> =
            analysis.needs.iter().filter(|need| !inventory.is_answered(need)).cloned().collect();
        if open.is_empty() || rounds == MAX_ROUNDS {
            return Ok(Gathered { inventory, analysis, asked, reads, rounds });
        }
        rounds += 1;
        for need in open {
            let answer = if reads < max_reads {
                reads += 1;
                gap_or_retry(&need, account.answer(&need).await)?
            } else {
                let reason =
                    format!("not read: one change may cost {max_reads} reads (`LOOPGUARD_MAX_READS`)");
                Err(Gap { need: need.clone(), reason: reason.into() })
            };
            asked.push(need.clone());
            inventory.absorb(need, answer);
        }
    }
}

fn gap_or_retry(need: &Need, answer: Result<Facts, CallError>) -> Result<Result<Facts, Gap>, CallError> {
    match answer {
        Ok(facts) => Ok(Ok(facts)),
        Err(error) if error.retryable => Err(error),
        // Without the other rules of the bus no loop of several would ever be seen, and nobody would be told.
        Err(error) if matches!(need, Need::RulesOfBus { .. }) && error.code.is_some() => Err(error),
        Err(error) => {
            if error.code.is_some() {
                tracing::warn!(need = %need, code = error.code, %error, "a read left a gap");
            } else {
                // Nobody was asked: this version has no way to read it.
                tracing::debug!(need = %need, %error, "a need left a gap");
            }
            Ok(Err(Gap { need: need.clone(), reason: error.to_string().into() }))
        }
    }
}
