//! What a loop would cost: by what its targets use in a run.

use super::{Prices, Range};
use loopguard_analysis::{Finding, Hop};
use loopguard_model::{Inventory, RuleKey, Workload};
use loopguard_pattern::Term;
use loopguard_pattern::json::Value;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// Figures are computed for so many rounds, so that nothing is lost to rounding.
pub const ROUNDS: u64 = 1_000_000;

/// What a loop costs, by what its targets use; each round runs every hop once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunawayCost {
    /// A million rounds.
    pub per_million: Range,
    /// The same by what is used, in the order of the hops.
    pub lines: Vec<CostLine>,
    /// What the figures rest on, as sentences.
    pub assumptions: BTreeSet<String>,
}

/// One thing that a hop uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostLine {
    /// The rule whose target uses it.
    pub rule: RuleKey,
    /// The target's ARN, where that itself uses it; none for what the call costs that it makes.
    pub target: Option<Arc<str>>,
    /// The price's id.
    pub price: &'static str,
    /// What it costs in a million rounds.
    pub cost: Range,
    /// The assumption that it rests on, which is among those of the whole.
    pub why: &'static str,
}

/// One row of `usage.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    target: Option<String>,
    action: Option<String>,
    why: String,
    #[serde(rename = "use")]
    uses: BTreeMap<String, Amount>,
}

/// How much of one price's unit a run uses: low, likely, high.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Amount {
    /// Millionths of the unit.
    Millionths([u64; 3]),
    /// Bytes, of a unit that is a GB.
    Bytes { bytes: [u64; 3] },
    /// Milliseconds, of a unit that is a GB-second; with the workload's memory.
    Milliseconds { milliseconds: [u64; 3] },
    /// States, of a definition that was not read.
    States { states: [u64; 3] },
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    run: Vec<Row>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    // The text is part of the program, and a test reads it.
    TABLE.get_or_init(|| toml::from_str(include_str!("usage.toml")).unwrap_or_default())
}

/// Returns what the loop of a finding costs at these prices.
pub fn runaway(finding: &Finding, inventory: &Inventory, prices: &Prices) -> RunawayCost {
    runaway_of(finding, &|arn| workload_of(inventory, arn), prices)
}

/// Returns what runs as an ARN that a finding names.
pub(super) fn workload_of<'i>(inventory: &'i Inventory, arn: &str) -> Option<&'i Workload> {
    let written = inventory.workloads.iter().find(|known| known.arn.to_string() == *arn);
    // A target may name a version or an alias.
    written.or_else(|| inventory.workload(&Term::literal(arn)))
}

/// The same, where the caller finds the workload of an ARN: with many findings, by an index.
pub fn runaway_of<'w>(
    finding: &Finding,
    workload: &dyn Fn(&str) -> Option<&'w Workload>,
    prices: &Prices,
) -> RunawayCost {
    let mut cost =
        RunawayCost { per_million: Range::default(), lines: Vec::new(), assumptions: BTreeSet::new() };
    for hop in &finding.hops {
        let workload = workload(&hop.target.arn);
        let mut known = false;
        for row in table().run.iter().filter(|row| row.is_of(hop)) {
            known = known || row.target.is_some();
            cost.assumptions.insert(row.why.clone());
            for (price, amount) in &row.uses {
                cost.take(hop, (row.target.is_some(), &row.why), (price, *amount), workload, prices);
            }
        }
        let puts = hop.action.as_ref() == "events:PutEvents";
        if !puts && !hop.emits.source.is_empty() && !hop.emits.source.starts_with("aws.") {
            const WHY: &str = "an event of at most 64 KB";
            cost.assumptions.insert(WHY.to_owned());
            let one = ("eventbridge-custom-event", Amount::Millionths([ROUNDS; 3]));
            cost.take(hop, (false, WHY), one, workload, prices);
        }
        if !known {
            cost.assumptions.insert(format!("what `{}` itself uses is not counted", hop.target.arn));
        }
    }
    let borrowed = cost.lines.iter().any(|line| prices.is_borrowed(line.price));
    if borrowed {
        let region = prices.region();
        cost.assumptions.insert(format!("prices that the table lacks for {region} are those of us-east-1"));
    }
    cost.assumptions.insert(format!("list prices as of {}, without free tiers", Prices::dated()));
    cost.per_million = cost.lines.iter().map(|line| line.cost).sum();
    cost
}

impl Row {
    fn is_of(&self, hop: &Hop) -> bool {
        let is =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_some_and(|wanted| wanted == found);
        is(&self.target, &hop.target.kind) || is(&self.action, &hop.action)
    }
}

impl RunawayCost {
    fn take(
        &mut self,
        hop: &Hop,
        (is_of_target, why): (bool, &'static str),
        (id, amount): (&str, Amount),
        workload: Option<&Workload>,
        prices: &Prices,
    ) {
        // The price of a GB-second is that of the function's processor.
        let is_arm = || {
            workload
                .and_then(|known| property(known, "Architectures"))
                .is_some_and(|text| text.contains("arm64"))
        };
        let wanted = match id {
            "lambda-gb-second" if is_arm() => "lambda-gb-second-arm",
            "lambda-gb-second" => "lambda-gb-second-x86",
            other => other,
        };
        let Some((price, of_unit)) = prices.row(wanted) else { return };
        // A million runs use a thousandth as many units as one run uses billionths.
        let [low, likely, high] =
            amount.billionths(workload).map(|of_run| of_unit.times(of_run).share(1, 1_000));
        let target = is_of_target.then(|| hop.target.arn.clone());
        let cost = Range { low, likely, high };
        self.lines.push(CostLine { rule: hop.rule.clone(), target, price, cost, why });
    }

    /// Returns the part of one rule.
    #[must_use]
    pub fn of_rule(&self, rule: &RuleKey) -> Self {
        let lines: Vec<CostLine> = self.lines.iter().filter(|line| line.rule == *rule).cloned().collect();
        Self {
            per_million: lines.iter().map(|line| line.cost).sum(),
            lines,
            assumptions: self.assumptions.clone(),
        }
    }

    /// Returns the cost of one hour at so many rounds in a second.
    pub fn per_hour(&self, rounds_per_second: u64) -> Range {
        self.per_million.share(rounds_per_second.saturating_mul(3_600), ROUNDS)
    }

    /// Returns the cost of so many rounds.
    pub fn of_rounds(&self, rounds: u64) -> Range {
        self.per_million.share(rounds, ROUNDS)
    }
}

impl Amount {
    /// Returns how many billionths of the unit one run uses.
    fn billionths(self, workload: Option<&Workload>) -> [u64; 3] {
        match self {
            Self::Millionths(amounts) => amounts.map(|amount| amount.saturating_mul(1_000)),
            Self::Bytes { bytes } => bytes.map(|bytes| bytes.saturating_mul(1_000_000_000) >> 30),
            Self::Milliseconds { milliseconds } => {
                let memory =
                    workload.and_then(|known| property(known, "MemorySize")?.parse().ok()).unwrap_or(128);
                milliseconds.map(|time: u64| time.saturating_mul(memory).saturating_mul(1_000_000) / 1_024)
            }
            Self::States { states } => {
                let read = workload.and_then(|known| known.definition.as_deref()).map(count_states);
                let [low, likely, high] = states;
                let likely = read.filter(|count| *count > 0).unwrap_or(likely);
                [low.min(likely), likely, high.max(likely.saturating_mul(4))]
                    .map(|count| count.saturating_mul(1_000_000_000))
            }
        }
    }
}

pub(super) fn property(workload: &Workload, name: &str) -> Option<String> {
    let own = |(key, _): &(&std::sync::Arc<str>, _)| {
        key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    workload.properties.iter().find(own).map(|(_, value)| value.to_string())
}

/// Counts the states of a definition, those within others included.
fn count_states(definition: &Value) -> u64 {
    let below = |value: &Value| value.members().iter().map(|member| count_states(&member.value)).sum::<u64>();
    let own = definition.get("States").map_or(0, |states| u64::try_from(states.members().len()).unwrap_or(0));
    own + below(definition)
}

#[cfg(test)]
mod tests;
