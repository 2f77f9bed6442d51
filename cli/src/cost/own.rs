//! What the stack itself costs.

use anyhow::Result;
use loopguard_decision::Watching;
use loopguard_decision::cost::{Money, OwnItem, OwnSettings, Prices, own_cost, standing_cost};
use serde_json::json;
use std::fmt::Write;

const RULES: [usize; 3] = [30, 300, 3_000];

fn sum(items: &[OwnItem], fixed: bool) -> Money {
    items.iter().filter(|item| item.is_fixed == fixed).map(|item| item.cost).sum()
}

pub(super) fn text(prices: &Prices) -> String {
    let mut out = String::new();
    for rules in RULES {
        let settings = OwnSettings::of_rules(rules);
        let items = own_cost(&settings, prices);
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "{rules} rules, {} of them on cycles: {} a month, and {} that is there anyway",
            settings.on_cycles,
            sum(&items, false),
            sum(&items, true)
        );
        for item in &items {
            let anyway = if item.is_fixed { " (anyway)" } else { "" };
            let _ = writeln!(out, "    {}: {}{anyway}", item.what, item.cost);
        }
    }
    let tripwires = Watching::unsaid().max_tripwires;
    let standing = standing_cost(tripwires, prices);
    let (idle, at_most) = standing.sums();
    let _ = writeln!(
        out,
        "{tripwires} tripwires that stand (`Tripwires=standing`): {idle} a month more, and at most {at_most} for what they catch"
    );
    for item in standing.idle {
        let _ = writeln!(out, "    {}: {}", item.what, item.cost);
    }
    for item in standing.at_most {
        let _ = writeln!(out, "    at most {}: {}", item.what, item.cost);
    }
    let _ = writeln!(
        out,
        "\n30 days in which nothing happens, at list prices of {} as of {}, without free tiers",
        prices.region(),
        Prices::dated()
    );
    out
}

pub(super) fn json(prices: &Prices) -> Result<String> {
    let row = |rules: usize| {
        let items = own_cost(&OwnSettings::of_rules(rules), prices);
        let item = |item: &OwnItem| json!({"what": item.what, "price": item.price, "cost": item.cost, "fixed": item.is_fixed});
        json!({
            "rules": rules,
            "variable": sum(&items, false),
            "fixed": sum(&items, true),
            "items": items.iter().map(item).collect::<Vec<_>>(),
        })
    };
    let tripwires = Watching::unsaid().max_tripwires;
    let standing = standing_cost(tripwires, prices);
    let sums = standing.sums();
    let items = |of: &[OwnItem]| {
        let item = |item: &OwnItem| json!({"what": item.what, "price": item.price, "cost": item.cost});
        of.iter().map(item).collect::<Vec<_>>()
    };
    let document = json!({
        "format_version": 1,
        "region": prices.region(),
        "prices_dated": Prices::dated(),
        "months": RULES.map(row),
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
