//! What the stack itself costs: months that were counted, at the prices of a region.

use super::{Money, Prices, grouped};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// What a stretch of time took: a row of `own.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnUse {
    /// Runs of the guard and of the sentinel.
    pub runs: (u64, u64),
    /// How often one of them analyses a rule and what it reaches.
    pub analyses: u64,
    /// Milliseconds that they wait for answers.
    pub waited: u64,
    /// Bytes of logs that they write.
    pub log_bytes: u64,
    /// Hours in which a metric of their own is sent, for all metrics together.
    pub metric_hours: u64,
    /// What is billed for their calls, by the ids of prices.
    pub units: BTreeMap<String, u64>,
}

/// What the stack takes in an account of so many rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnMonth {
    /// Rules in the account and region.
    pub rules: usize,
    /// Of these, rules that the analysis has found on cycles.
    pub on_cycles: usize,
    /// 30 days in which nothing happens.
    pub idle: OwnUse,
    /// What one loop adds that runs away and is stopped.
    pub incident: OwnUse,
    /// What the first day takes more than the second.
    pub install: OwnUse,
}

/// How a run of a function is billed beside what it waits for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    memory: u64,
    analysis: u64,
    milliseconds: u64,
    platform_log_bytes: u64,
}

/// What is there however little happens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixed {
    what: String,
    price: String,
    count: u64,
    #[serde(default)]
    only_with: Option<String>,
    #[serde(default)]
    without: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    run: Run,
    what: BTreeMap<String, String>,
    fixed: Vec<Fixed>,
    month: Vec<OwnMonth>,
}

/// One item of the stack's own cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnItem {
    /// What it is.
    pub what: String,
    /// The price's id.
    pub price: &'static str,
    /// What it costs.
    pub cost: Money,
}

/// An item that is there however little happens, in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixedItem {
    /// What, and at what cost.
    pub item: OwnItem,
    /// The setting of the stack without which it is not there; by default it is not.
    pub only_with: Option<&'static str>,
    /// The setting of the stack with which it is not there; by default it is.
    pub without: Option<&'static str>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    // The text is part of the program, and a test reads it.
    TABLE.get_or_init(|| toml::from_str(include_str!("own.toml")).unwrap_or_default())
}

/// Returns the months that were counted, those of fewer rules first.
pub fn own_months() -> &'static [OwnMonth] {
    &table().month
}

/// One metric that is sent in every hour of a month (CloudWatch prices, "prorated by the hour"; the 30 days are this table's month).
const HOURS_A_MONTH: u64 = 30 * 24;

impl OwnUse {
    /// Returns how long all runs take together, in milliseconds.
    fn milliseconds(&self) -> u64 {
        let run = &table().run;
        self.waited + self.analyses * run.analysis + (self.runs.0 + self.runs.1) * run.milliseconds
    }

    /// Returns the milliseconds and the bytes of logs of a run as they mostly are.
    pub(super) fn of_one_run(&self) -> (u64, u64) {
        let runs = (self.runs.0 + self.runs.1).max(1);
        (self.milliseconds().div_ceil(runs), self.log_bytes.div_ceil(runs) + table().run.platform_log_bytes)
    }

    /// Returns what it costs, item by item, the dearest first, at list prices without free tiers.
    pub fn cost(&self, prices: &Prices) -> Vec<OwnItem> {
        let runs = self.runs.0 + self.runs.1;
        let milliseconds = self.milliseconds();
        let bytes = self.log_bytes + runs * table().run.platform_log_bytes;
        let mut items = vec![
            own_item(runs, "lambda-request", prices, "runs of the functions"),
            time_item(milliseconds, prices),
            logs_item(bytes, prices),
            OwnItem {
                what: format!("{} hours in which a metric of its own is sent", self.metric_hours),
                price: "cloudwatch-metric",
                cost: prices.of("cloudwatch-metric").times(self.metric_hours).share(1, HOURS_A_MONTH),
            },
        ];
        items.extend(self.units.iter().filter_map(|(price, units)| {
            let (price, _) = prices.row(price)?;
            Some(own_item(*units, price, prices, table().what.get(price).map_or("", String::as_str)))
        }));
        items.retain(|item| item.cost > Money::ZERO);
        items.sort_by(|one, other| other.cost.cmp(&one.cost).then_with(|| one.what.cmp(&other.what)));
        items
    }
}

/// Returns the item of so many units.
pub(super) fn own_item(units: u64, price: &'static str, prices: &Prices, what: &str) -> OwnItem {
    OwnItem { what: format!("{} {what}", grouped(units)), price, cost: prices.of(price).times(units) }
}

/// Returns the item of so many milliseconds of the functions.
pub(super) fn time_item(milliseconds: u64, prices: &Prices) -> OwnItem {
    let (price, memory) = ("lambda-gb-second-arm", table().run.memory);
    let cost = prices.of(price).times(milliseconds).share(memory, 1_024 * 1_000);
    OwnItem {
        what: format!("{} s of their time at {memory} MB", grouped(milliseconds.div_ceil(1_000))),
        price,
        cost,
    }
}

/// Returns the item of so many bytes of logs.
pub(super) fn logs_item(bytes: u64, prices: &Prices) -> OwnItem {
    let cost = prices.of("logs-gb").times(bytes).share(1, 1 << 30);
    OwnItem { what: format!("{} KB of their logs", grouped(bytes.div_ceil(1_000))), price: "logs-gb", cost }
}

/// Returns what is there however little happens, and what a setting adds, in a month.
pub fn fixed_cost(prices: &Prices) -> Vec<FixedItem> {
    let item = |fixed: &'static Fixed| {
        let (price, _) = prices.row(&fixed.price)?;
        Some(FixedItem {
            item: OwnItem { what: fixed.what.clone(), price, cost: prices.of(price).times(fixed.count) },
            only_with: fixed.only_with.as_deref(),
            without: fixed.without.as_deref(),
        })
    };
    table().fixed.iter().filter_map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::{OwnMonth, fixed_cost, own_months, table};
    use crate::cost::{Money, Prices};
    use crate::rates::Pace;

    const TEMPLATE: &str = include_str!("../../../../template.yaml");

    fn home() -> Prices {
        Prices::of_region("us-east-1")
    }

    fn sum(of: &super::OwnUse) -> Money {
        of.cost(&home()).iter().map(|item| item.cost).sum()
    }

    fn month(rules: usize) -> &'static OwnMonth {
        own_months().iter().find(|month| month.rules == rules).unwrap()
    }

    fn fixed() -> Money {
        fixed_cost(&home()).iter().filter(|one| one.only_with.is_none()).map(|one| one.item.cost).sum()
    }

    #[test]
    fn the_table_is_read_and_everything_in_it_has_a_price() {
        let table: super::Table = toml::from_str(include_str!("own.toml")).unwrap();
        assert_eq!(table.month.iter().map(|month| month.rules).collect::<Vec<_>>(), [30, 300, 3_000]);
        let prices = home();
        for month in &table.month {
            for used in [&month.idle, &month.incident, &month.install] {
                assert!(
                    used.units.keys().all(|unit| prices.has(unit) && table.what.contains_key(unit)),
                    "{used:?}"
                );
            }
            // Each of these is counted another way, too.
            assert_eq!(month.idle.runs.1, 43_199, "a wake every minute but the last");
            let computed = Pace::IDLE.metrics_in_a_month(month.rules, month.on_cycles);
            let counted = month.idle.units["cloudwatch-get-metric-data"];
            assert!(counted <= computed && computed - counted < computed / 20, "{counted} {computed}");
        }
        assert_eq!(fixed_cost(&prices).len(), table.fixed.len());
    }

    #[test]
    fn an_idle_month_of_300_rules_costs_less_than_a_dollar() {
        assert!(sum(&month(300).idle) < Money::cents(100), "{}", sum(&month(300).idle));
        assert!(sum(&month(30).idle) < sum(&month(300).idle));
    }

    #[test]
    fn what_is_fixed_is_what_the_template_has() {
        let alarms: u64 =
            table().fixed.iter().filter(|one| one.price == "cloudwatch-alarm").map(|one| one.count).sum();
        assert_eq!(alarms, TEMPLATE.matches("Type: AWS::CloudWatch::Alarm\n").count() as u64);
        assert!(TEMPLATE.contains("ScheduleExpression: rate(1 minute)\n"), "the sentinel's schedule");
        assert_eq!(TEMPLATE.matches(&format!("MemorySize: {}\n", table().run.memory)).count(), 2);
        for fixed in &table().fixed {
            assert!(fixed.only_with.is_none() || fixed.without.is_none(), "{}", fixed.what);
            for setting in fixed.only_with.iter().chain(&fixed.without) {
                let (parameter, _) = setting.split_once('=').unwrap();
                assert!(TEMPLATE.contains(&format!("\n  {parameter}:\n    Type: ")), "{setting}");
            }
        }
    }

    #[test]
    fn the_page_says_what_was_counted() {
        let pages =
            [include_str!("../../../../docs/cost.md"), include_str!("../../../../docs/performance.md")];
        for (rules, shown) in [(30, "30 | 1"), (300, "300 | 10"), (3_000, "3,000 | 20")] {
            let month = month(rules);
            let [idle, incident, install] = [&month.idle, &month.incident, &month.install].map(sum);
            let row = format!("| {shown} | {idle} | {} | {incident} | {install} |", fixed());
            assert!(pages.iter().all(|page| page.contains(&row)), "{row}");
        }
    }
}
