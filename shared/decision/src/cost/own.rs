//! What the stack itself costs in a month in which nothing happens.

use super::{Money, Prices};
use crate::rates::Pace;

/// How the stack runs, as far as that decides what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnSettings {
    /// Rules in the account and region.
    pub rules: usize,
    /// Of these, rules that the analysis has found on cycles.
    pub on_cycles: usize,
    /// How often metrics are read.
    pub pace: Pace,
    /// Milliseconds that a wake of the sentinel, or a sweep of the guard, runs.
    pub milliseconds: u64,
    /// The functions' memory in MB.
    pub memory: u64,
    /// Bytes of logs that a wake writes.
    pub log_bytes: u64,
    /// Alarms of the template.
    pub alarms: u64,
    /// Queues that a function polls.
    pub queues: u64,
}

/// One item of the stack's own cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnItem {
    /// What it is.
    pub what: String,
    /// The price's id.
    pub price: &'static str,
    /// What it costs in 30 days.
    pub cost: Money,
    /// Whether it is there however little the sentinel does.
    pub is_fixed: bool,
}

impl OwnSettings {
    /// The settings that are stated with so many rules, one in thirty of them on a cycle, but at most twenty.
    pub fn of_rules(rules: usize) -> Self {
        Self {
            rules,
            on_cycles: (rules / 30).min(20),
            pace: Pace::IDLE,
            milliseconds: 300,
            memory: 256,
            log_bytes: 1_500,
            alarms: 6,
            queues: 1,
        }
    }
}

const DAYS: u64 = 30;
const MINUTES: u64 = DAYS * 24 * 60;

/// A function that waits for a queue asks it so often in a minute: five pollers, each for twenty seconds (Lambda
/// Developer Guide, "Using Lambda with Amazon SQS"; how many pollers is from memory, unverified).
const POLLS_A_MINUTE: u64 = 15;

/// Returns what the stack costs in a month of 30 days in which nothing happens, item by item, at list prices without free
/// tiers: what depends on the settings first, then what is there anyway.
pub fn own_cost(settings: &OwnSettings, prices: &Prices) -> Vec<OwnItem> {
    // The sentinel every minute (most of these runs read the ledger alone), the guard's sweep every five and scan every day.
    let runs = MINUTES + MINUTES / 5 + DAYS;
    let metrics = settings.pace.metrics_in_a_month(settings.rules, settings.on_cycles);
    let item =
        |what: String, price: &'static str, cost: Money, is_fixed| OwnItem { what, price, cost, is_fixed };
    let times = |price: &'static str, count: u64| prices.of(price).times(count);
    vec![
        item(
            format!("{metrics} metrics read"),
            "cloudwatch-get-metric-data",
            times("cloudwatch-get-metric-data", metrics),
            false,
        ),
        item(format!("{runs} runs of the functions"), "lambda-request", times("lambda-request", runs), false),
        item(
            format!("their time: {} ms at {} MB each", settings.milliseconds, settings.memory),
            "lambda-gb-second-arm",
            times("lambda-gb-second-arm", runs * settings.milliseconds).share(settings.memory, 1_024 * 1_000),
            false,
        ),
        item(
            format!("their logs: {} bytes each", settings.log_bytes),
            "logs-gb",
            times("logs-gb", runs * settings.log_bytes).share(1, 1 << 30),
            false,
        ),
        item(
            format!("{runs} calls of Scheduler"),
            "scheduler-invocation",
            times("scheduler-invocation", runs),
            false,
        ),
        item(
            format!("{} read and written in the ledger", runs * 2),
            "dynamodb-read",
            times("dynamodb-read", runs * 2),
            false,
        ),
        item(
            format!("polling {} queue(s)", settings.queues),
            "sqs-request",
            times("sqs-request", settings.queues * POLLS_A_MINUTE * MINUTES),
            true,
        ),
        item(
            format!("{} alarms", settings.alarms),
            "cloudwatch-alarm",
            times("cloudwatch-alarm", settings.alarms),
            true,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::{OwnSettings, own_cost};
    use crate::cost::{Money, Prices};

    fn sums(rules: usize) -> (Money, Money) {
        let items = own_cost(&OwnSettings::of_rules(rules), &Prices::of_region("us-east-1"));
        let sum =
            |fixed| items.iter().filter(|item| item.is_fixed == fixed).map(|item| item.cost).sum::<Money>();
        (sum(false), sum(true))
    }

    #[test]
    fn an_idle_month_of_300_rules_costs_less_than_a_dollar() {
        assert!(sums(300).0 < Money::cents(100), "{}", sums(300).0);
        let (few, many) = (sums(30).0, sums(3_000).0);
        assert!(few < sums(300).0 && many < Money::cents(150), "{few} {many}");
        assert_eq!(sums(30).1, sums(3_000).1, "what is fixed does not depend on the rules");
    }

    #[test]
    fn the_alarms_are_those_of_the_template() {
        let template = include_str!("../../../../template.yaml");
        let alarms = template.matches("Type: AWS::CloudWatch::Alarm\n").count() as u64;
        assert_eq!(OwnSettings::of_rules(300).alarms, alarms);
        assert!(template.contains("ScheduleExpression: rate(1 minute)\n"), "the sentinel's schedule");
    }

    #[test]
    fn the_page_says_what_is_computed() {
        let page = include_str!("../../../../docs/cost.md");
        for (rules, shown) in [(30, "30 | 1"), (300, "300 | 10"), (3_000, "3,000 | 20")] {
            let (variable, fixed) = sums(rules);
            assert!(
                page.contains(&format!("| {shown} | {variable} | {fixed} |")),
                "{rules}: {variable}, {fixed}"
            );
        }
    }

    #[test]
    fn every_item_has_a_price() {
        let prices = Prices::of_region("us-east-1");
        for item in own_cost(&OwnSettings::of_rules(300), &prices) {
            assert!(prices.has(item.price) && item.cost > Money::ZERO, "{}", item.what);
        }
    }
}
