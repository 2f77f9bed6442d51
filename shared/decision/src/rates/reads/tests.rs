use super::{Account, METRICS_PER_CALL, Metric, Pace, ReadPlan, Reads, Watched, WatchedRule, rule_reads};
use crate::cost::Prices;
use crate::{RuleRef, Timestamp};

const MINUTE: u64 = 60_000;

fn rules(count: usize, on_cycle: usize) -> Vec<WatchedRule> {
    let rule = |at: usize| RuleRef { bus: "default".into(), name: format!("r-{at}").into() };
    (0..count)
        .map(|at| WatchedRule {
            rule: rule(at),
            on_cycle: at % (count / on_cycle.max(1)).max(1) == 0 && on_cycle > 0,
        })
        .collect()
}

fn plan(rules: &[WatchedRule], is_unusual: bool, cycles: u64, swept: u64) -> ReadPlan {
    let ago = |minutes: u64| Some(Timestamp((100_000 - minutes) * MINUTE));
    let account = Account { is_unusual, cycles_read: ago(cycles), swept: ago(swept) };
    rule_reads(rules, account, &Pace::IDLE, Timestamp(100_000 * MINUTE))
}

#[test]
fn the_account_decides_and_cycles_come_first() {
    let all = rules(1_200, 12);
    assert_eq!(plan(&all, false, 10, 60).reads, Reads::None);
    assert_eq!(plan(&all, false, 15, 60).reads, Reads::CyclesDue);
    let cycles = plan(&all, true, 10, 60);
    assert_eq!((cycles.reads, cycles.metrics()), (Reads::CyclesFirst, 12));
    let rest = plan(&all, true, 2, 60);
    assert_eq!((rest.reads, rest.metrics()), (Reads::AllUnexplained, 1_200));
    let sizes: Vec<usize> = rest.calls.iter().map(Vec::len).collect();
    assert_eq!(sizes, [METRICS_PER_CALL, METRICS_PER_CALL, 200]);
    let first = &rest.calls[0][11];
    assert_eq!(
        first.of,
        Watched::Rule(RuleRef { bus: "default".into(), name: "r-1100".into() }),
        "cycles stand first"
    );
}

#[test]
fn a_sweep_is_due_by_the_clock_and_the_number_of_rules() {
    assert_eq!(plan(&rules(300, 3), false, 1, 359).reads, Reads::None);
    assert_eq!(plan(&rules(300, 3), false, 1, 360).reads, Reads::Sweep);
    assert_eq!(Pace::IDLE.sweep_of(300), 360);
    assert_eq!(Pace::IDLE.sweep_of(3_000), 43_200 / 13, "thirteen sweeps a month");
    assert_eq!(Pace::IDLE.sweep_of(10_000_000), 43_200, "once a month at least");
    let never = Account { is_unusual: false, cycles_read: None, swept: None };
    assert_eq!(rule_reads(&rules(3, 0), never, &Pace::IDLE, Timestamp(0)).reads, Reads::Sweep);
}

/// The variable part of what reading metrics costs in an idle month.
#[test]
fn an_idle_month_costs_less_than_a_dollar() {
    let prices = Prices::of_region("us-east-1");
    let price = |rules, cycles| {
        let metrics = Pace::IDLE.metrics_in_a_month(rules, cycles);
        prices.of("cloudwatch-get-metric-data").times(metrics).to_string()
    };
    assert_eq!(price(30, 1), "$0.1512");
    assert_eq!(price(300, 10), "$0.7344");
    assert_eq!(price(3_000, 20), "$1.05");
    assert_eq!(plan(&rules(1_200, 12), true, 2, 60).price(&prices).to_string(), "$0.0120");
}

#[test]
fn rules_of_the_default_bus_have_one_dimension() {
    let of = |bus: &str| Watched::Rule(RuleRef { bus: bus.into(), name: "r".into() }).dimensions();
    assert_eq!(of("default"), [("RuleName", "r".into())]);
    assert_eq!(of("orders"), [("EventBusName", "orders".into()), ("RuleName", "r".into())]);
    assert_eq!(Metric::LogBytes.name(), ("AWS/Logs", "IncomingBytes"));
}
