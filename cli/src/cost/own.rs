//! What the stack itself costs.

use anyhow::Result;
use loopguard_decision::Watching;
use loopguard_decision::cost::{
    FixedItem, Money, OwnItem, OwnMonth, Prices, fixed_cost, grouped, own_months, standing_cost,
};
use serde_json::{Value, json};
use std::fmt::Write;

fn sum<'a>(items: impl IntoIterator<Item = &'a OwnItem>) -> Money {
    items.into_iter().map(|item| item.cost).sum()
}

/// What is there unless a setting says otherwise.
fn anyway(fixed: &[FixedItem]) -> Money {
    sum(fixed.iter().filter(|one| one.only_with.is_none()).map(|one| &one.item))
}

pub(super) fn text(prices: &Prices) -> String {
    let mut out = String::new();
    for month in own_months() {
        let [idle, incident, install] = parts(month, prices);
        let rules = grouped(u64::try_from(month.rules).unwrap_or(u64::MAX));
        // Writing to a string does not fail.
        let _ = writeln!(out, "{rules} rules, {} of them on cycles", month.on_cycles);
        lines(&mut out, "a month", &idle);
        lines(&mut out, "an incident", &incident);
        lines(&mut out, "once, what was seen at first", &install);
    }
    let fixed = fixed_cost(prices);
    let _ = writeln!(out, "whatever the rules\n  a month: {}", anyway(&fixed));
    for one in &fixed {
        let when = match (one.only_with, one.without) {
            (Some(setting), _) => format!(", only with `{setting}`"),
            (None, Some(setting)) => format!(", none with `{setting}`"),
            (None, None) => String::new(),
        };
        line(&mut out, &format!("{}{when}", one.item.what), one.item.cost);
    }
    let tripwires = Watching::unsaid().max_tripwires;
    let standing = standing_cost(tripwires, prices);
    let _ = writeln!(out, "{tripwires} tripwires that stand, with `Tripwires=standing`");
    lines(&mut out, "a month", &standing.idle);
    lines(&mut out, "at most for what they catch", &standing.at_most);
    let _ = writeln!(
        out,
        "\n30 days in which nothing happens, and one loop that runs away and is stopped; counted beside an account in virtual time. \
         List prices of {} as of {}, without free tiers",
        prices.region(),
        Prices::dated()
    );
    out
}

fn line(out: &mut String, what: &str, cost: Money) {
    // Writing to a string does not fail.
    let _ = writeln!(out, "    {:>17}  {what}", cost.to_string());
}

fn lines(out: &mut String, of: &str, items: &[OwnItem]) {
    let _ = writeln!(out, "  {of}: {}", sum(items));
    for item in items {
        line(out, &item.what, item.cost);
    }
}

fn parts(month: &OwnMonth, prices: &Prices) -> [Vec<OwnItem>; 3] {
    [&month.idle, &month.incident, &month.install].map(|used| used.cost(prices))
}

pub(super) fn json(prices: &Prices) -> Result<String> {
    let fixed = fixed_cost(prices);
    let items = |of: &[OwnItem]| -> Vec<Value> {
        of.iter().map(|item| json!({"what": item.what, "price": item.price, "cost": item.cost})).collect()
    };
    let row = |month: &OwnMonth| {
        let [idle, incident, install] = parts(month, prices);
        json!({
            "rules": month.rules,
            "on_cycles": month.on_cycles,
            "variable": sum(&idle),
            "fixed": anyway(&fixed),
            "items": items(&idle),
            "incident": sum(&incident),
            "incident_items": items(&incident),
            "install": sum(&install),
            "install_items": items(&install),
        })
    };
    let fixed_row = |one: &FixedItem| {
        json!({
            "what": one.item.what,
            "price": one.item.price,
            "cost": one.item.cost,
            "only_with": one.only_with,
            "without": one.without,
        })
    };
    let tripwires = Watching::unsaid().max_tripwires;
    let standing = standing_cost(tripwires, prices);
    let sums = standing.sums();
    let document = json!({
        "format_version": 1,
        "region": prices.region(),
        "prices_dated": Prices::dated(),
        "months": own_months().iter().map(row).collect::<Vec<_>>(),
        "fixed": fixed.iter().map(fixed_row).collect::<Vec<_>>(),
        "standing": {
            "tripwires": tripwires,
            "idle": sums.0,
            "at_most": sums.1,
            "idle_items": items(&standing.idle),
            "at_most_items": items(&standing.at_most),
        },
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
