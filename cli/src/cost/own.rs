//! What the stack itself costs.

use anyhow::Result;
use loopguard_decision::cost::{Money, OwnItem, OwnSettings, Prices, own_cost};
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
    let document = json!({
        "format_version": 1,
        "region": prices.region(),
        "prices_dated": Prices::dated(),
        "months": RULES.map(row),
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
