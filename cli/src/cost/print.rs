//! Loops with their costs, as text and as JSON.

use super::running::{RuleRuns, Runs, Seen};
use super::{Asked, Priced};
use anyhow::Result;
use loopguard_decision::cost::{CostLine, Prices, Spend, grouped};
use loopguard_report::escaped;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write;

pub(super) fn text(loops: &[Priced<'_>], asked: Asked) -> String {
    let rate = asked.rate;
    let mut out = String::new();
    let mut assumptions: BTreeSet<&String> = BTreeSet::new();
    for Priced { finding, cost, seen, .. } in loops {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{}", escaped(&finding.id));
        if let (Some(seen), Some((minutes, _))) = (seen, asked.metrics) {
            out += &now(seen, minutes);
        }
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
    if let Some((_, metrics)) = asked.metrics {
        let _ = writeln!(
            out,
            "  - {metrics} metrics, which are late by minutes and are billed when they are read"
        );
    }
    out
}

/// What a loop does now.
fn now(seen: &Seen, minutes: u64) -> String {
    let hours = match minutes / 60 {
        1 => "hour".to_owned(),
        hours => format!("{hours} hours"),
    };
    match seen {
        Seen::Unread(why) => format!("  whether it runs was not read: {}\n", escaped(why)),
        Seen::Still(rule) => {
            format!("  does not run: rule `{}` did not in the last {hours}\n", escaped(&rule.id))
        }
        Seen::Runs(runs) => {
            let mut out = format!(
                "  now, if every run is a round, whoever caused its event: {} rounds in the last {hours}, {} a minute\n",
                grouped(runs.rounds),
                grouped(runs.per_minute)
            );
            out += &spent(&runs.spend, "    ");
            for RuleRuns { rule, ran, per_minute, spend } in &runs.rules {
                let _ = writeln!(
                    out,
                    "    rule `{}`: ran {} times, {} a minute",
                    escaped(&rule.id),
                    grouped(*ran),
                    grouped(*per_minute)
                );
                if runs.rules.len() > 1 {
                    out += &spent(spend, "      ");
                }
            }
            for sentence in &runs.counted {
                let _ = writeln!(out, "    {}", escaped(sentence));
            }
            let _ = writeln!(out, "    Reckoned from {}.", escaped(&runs.reckoned.join("; ")));
            out
        }
    }
}

fn spent(spend: &Spend, indent: &str) -> String {
    let rows = [
        ("so far", spend.so_far),
        ("a minute now", spend.per_minute),
        ("by the end of the month", spend.to_month_end),
        ("saved by a stop now, until a budget would have told", spend.saved),
    ];
    let lines: Vec<String> = rows.iter().map(|(what, range)| format!("{indent}{what}: {range}\n")).collect();
    lines.concat()
}

pub(super) fn json(loops: &[Priced<'_>], asked: Asked, prices: &Prices) -> Result<String> {
    let row = |priced: &Priced<'_>| {
        let Priced { finding, cost, prices, seen } = priced;
        let line = |line: &CostLine| {
            let standing =
                prices.source(line.price).map(|(standing, _)| format!("{standing:?}").to_lowercase());
            json!({"price": line.price, "rule": line.rule.id, "cost": line.cost, "standing": standing})
        };
        json!({
            "finding": finding.id,
            "region": prices.region(),
            "per_million_rounds": cost.per_million,
            "per_hour": cost.per_hour(asked.rate),
            "uses": cost.lines.iter().map(line).collect::<Vec<_>>(),
            "assumptions": cost.assumptions,
            "now": seen.as_ref().map(seen_row),
        })
    };
    let document = json!({
        "format_version": 1,
        "region": prices.region(),
        "prices_dated": Prices::dated(),
        "rounds_per_second": asked.rate,
        "minutes": asked.metrics.map(|(minutes, _)| minutes),
        "metrics_read": asked.metrics.map(|(_, count)| count),
        "loops": loops.iter().map(row).collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn seen_row(seen: &Seen) -> Value {
    match seen {
        Seen::Unread(why) => json!({"state": "unread", "why": why}),
        Seen::Still(rule) => json!({"state": "still", "rule": rule.id}),
        Seen::Runs(runs) => {
            let Runs { rounds, per_minute, spend, rules, counted, reckoned } = &**runs;
            let rule = |one: &RuleRuns| {
                let own = json!({
                    "rule": one.rule.id, "bus": one.rule.bus, "ran": one.ran, "per_minute": one.per_minute,
                });
                joined(own, spend_row(&one.spend))
            };
            let all = json!({
                "state": "runs",
                "rounds": rounds,
                "per_minute": per_minute,
                "rules": rules.iter().map(rule).collect::<Vec<_>>(),
                "counted": counted,
                "reckoned": reckoned,
            });
            joined(all, spend_row(spend))
        }
    }
}

fn spend_row(spend: &Spend) -> Value {
    json!({
        "so_far": spend.so_far,
        "a_minute": spend.per_minute,
        "to_month_end": spend.to_month_end,
        "saved_by_stop": spend.saved,
    })
}

fn joined(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}
