use super::{Spend, month_end, spend};
use crate::Timestamp;
use crate::cost::{CostLine, Meter, Prices, Range, RunawayCost, TargetMeter};
use crate::fixtures::key;
use crate::rates::Series;
use std::collections::BTreeSet;

const MINUTE: u64 = 60_000;
/// 2026-04-10T00:00:00Z.
const BEGIN: u64 = 1_775_779_200_000;

fn by_round() -> RunawayCost {
    let prices = Prices::of_region("us-east-1");
    let line = |price: &'static str, low, likely, high| {
        let of = |units| prices.of(price).times(units);
        let cost = Range { low: of(low), likely: of(likely), high: of(high) };
        CostLine { rule: key("a"), target: Some("arn:f".into()), price, cost, why: "logs" }
    };
    let lines = vec![
        line("eventbridge-custom-event", 1_000_000, 1_000_000, 1_000_000),
        line("lambda-request", 1_000_000, 1_000_000, 1_000_000),
        line("logs-gb", 1, 2, 30),
    ];
    RunawayCost { per_million: lines.iter().map(|line| line.cost).sum(), lines, assumptions: BTreeSet::new() }
}

fn per_minute(sum: f64) -> Series {
    Series::from_points((0..60).map(|minute| (Timestamp(BEGIN + minute * MINUTE), sum)))
}

fn spent(meter: &Meter) -> Spend {
    let now = Timestamp(BEGIN + 60 * MINUTE);
    spend(meter, &by_round(), &Prices::of_region("us-east-1"), Timestamp(BEGIN), now)
}

#[test]
fn what_is_counted_is_priced_as_counted() {
    let rounds = per_minute(10_000.0);
    let guessed = spent(&Meter { rounds: rounds.clone(), ..Meter::default() });
    // 600,000 rounds at $1.20 and one, two or thirty GB a million.
    assert_eq!(guessed.so_far.to_string(), "about $1.32 (from $1.02 to $9.72)");
    let gigabyte = f64::from(1 << 30);
    let function = TargetMeter {
        runs: rounds.clone(),
        log_bytes: per_minute(gigabyte / 10.0),
        has_own_logs: true,
        ..TargetMeter::new("arn:f".into(), "f".into())
    };
    let counted = spent(&Meter { rounds, targets: vec![function] });
    assert_eq!(counted.so_far.to_string(), "$3.72", "six GB");
    assert_eq!(counted.per_minute.to_string(), "$0.0620");
    // 20 days and 23 hours of April are left.
    assert_eq!(counted.to_month_end.likely.to_string(), "$1,874.88");
    assert_eq!(counted.saved.to_string(), "about $44.64 (from $29.76 to $89.28)");
}

/// The last minutes are not all there yet: they say nothing of the rate, and all of what is spent.
#[test]
fn late_points_do_not_make_it_slow() {
    let late = Series::from_points((0..58).map(|minute| (Timestamp(BEGIN + minute * MINUTE), 10_000.0)));
    let of = |rounds| spent(&Meter { rounds, targets: Vec::new() });
    assert_eq!(of(late.clone()).per_minute, of(per_minute(10_000.0)).per_minute);
    assert!(of(late).so_far.likely < of(per_minute(10_000.0)).so_far.likely);
}

#[test]
fn months_end_where_the_calendar_says() {
    let end = |at: u64| month_end(Timestamp(at)).to_string();
    assert_eq!(end(BEGIN), "2026-05-01T00:00:00Z");
    assert_eq!(end(1_709_164_800_000), "2024-03-01T00:00:00Z", "from 29 February");
    assert_eq!(end(1_767_225_599_000), "2026-01-01T00:00:00Z", "a second before the new year");
}
