//! Reads what the analysis needs, and nothing else.

use crate::known::Memory;
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
    /// How many answers were known before.
    pub remembered: usize,
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
    gather_knowing(account, catalogue, home, rule, max_reads, None).await
}

/// The same, with what is known already.
pub(crate) async fn gather_knowing(
    account: &impl Account,
    catalogue: &Catalogue,
    home: &Scope,
    rule: Rule,
    max_reads: usize,
    memory: Option<Memory<'_>>,
) -> Result<Gathered, CallError> {
    let mut inventory = Inventory::new(home.clone());
    inventory.rules.push(rule);
    let (mut reads, mut remembered, mut rounds) = (0, 0, 0);
    let mut asked = Vec::new();
    loop {
        let analysis = analyse(&inventory, catalogue);
        let open: Vec<Need> =
            analysis.needs.iter().filter(|need| !inventory.is_answered(need)).cloned().collect();
        if open.is_empty() || rounds == MAX_ROUNDS {
            return Ok(Gathered { inventory, analysis, asked, reads, remembered, rounds });
        }
        rounds += 1;
        for need in cheapest(open, rounds) {
            let known = memory.and_then(|memory| memory.recall(&need));
            let answer = if let Some(facts) = known {
                remembered += 1;
                Ok(facts)
            } else if reads < max_reads {
                reads += 1;
                let answer = gap_or_retry(&need, account.answer(&need).await)?;
                if let (Some(memory), Ok(facts)) = (memory, &answer) {
                    memory.remember(&need, facts);
                }
                answer
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

/// Returns the needs to answer first. What runs behind a target and what its role may is read before the rules that it could
/// reach if nothing were known of it: in a large account those are most of them.
fn cheapest(open: Vec<Need>, round: usize) -> Vec<Need> {
    let rank = |need: &Need| match need {
        Need::RulesOfBus { .. } | Need::Workload { .. } | Need::Role { .. } | Need::Trails => 0,
        Need::Targets { .. } => 1,
        Need::Consumers { .. } | Need::BucketNotification { .. } => 2,
    };
    // Towards the end of the rounds all is read at once, so that none is left open for order's sake.
    let least = open.iter().map(rank).min().filter(|_| round < MAX_ROUNDS / 2);
    open.into_iter().filter(|need| least.is_none_or(|least| rank(need) == least)).collect()
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
            // The log has the id of the request; the gap is the same for whoever asks again.
            let reason = CallError { request_id: None, ..error }.to_string();
            Ok(Err(Gap { need: need.clone(), reason: reason.into() }))
        }
    }
}
