//! Loops with their costs, as text and as JSON.

use super::Priced;
use anyhow::Result;
use loopguard_decision::cost::Prices;
use loopguard_report::escaped;
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write;

pub(super) fn text(loops: &[Priced<'_>], rate: u64) -> String {
    let mut out = String::new();
    let mut assumptions: BTreeSet<&String> = BTreeSet::new();
    for Priced { finding, cost } in loops {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{}", escaped(&finding.id));
        let _ = writeln!(out, "  a million rounds: {}", cost.per_million);
        let hour = cost.per_hour(rate);
        let _ = writeln!(out, "  at {rate} rounds a second: {hour} an hour, {} a day", hour.times(24));
        for line in &cost.lines {
            let _ = writeln!(out, "    {} by rule `{}`: {}", line.price, escaped(&line.rule.id), line.cost);
        }
        assumptions.extend(&cost.assumptions);
    }
    if loops.is_empty() {
        return "no loop to price\n".to_owned();
    }
    let _ = writeln!(out, "\nthe figures rest on:");
    for assumption in assumptions {
        let _ = writeln!(out, "  - {}", escaped(assumption));
    }
    out
}

pub(super) fn json(loops: &[Priced<'_>], rate: u64, prices: &Prices) -> Result<String> {
    let row = |Priced { finding, cost }: &Priced<'_>| {
        let line = |line: &loopguard_decision::cost::CostLine| {
            let standing =
                prices.source(line.price).map(|(standing, _)| format!("{standing:?}").to_lowercase());
            json!({"price": line.price, "rule": line.rule.id, "cost": line.cost, "standing": standing})
        };
        json!({
            "finding": finding.id,
            "per_million_rounds": cost.per_million,
            "per_hour": cost.per_hour(rate),
            "uses": cost.lines.iter().map(line).collect::<Vec<_>>(),
            "assumptions": cost.assumptions,
        })
    };
    let document = json!({
        "format_version": 1,
        "region": prices.region(),
        "prices_dated": Prices::dated(),
        "rounds_per_second": rate,
        "loops": loops.iter().map(row).collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
