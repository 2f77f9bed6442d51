use super::{Meter, TargetMeter};
use crate::cost::{CostLine, Prices, Range, RunawayCost};
use crate::fixtures::key;
use crate::rates::{Minute, Series};
use std::collections::BTreeSet;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:111122223333:function:fix";
const LOGS: &str = "2 KB of logs";
const SECONDS: &str = "200 ms";

fn total(sum: f64) -> Series {
    Series::from_points([(Minute(1).start(), sum)])
}

fn line(rule: &str, target: Option<&str>, price: &'static str, why: &'static str) -> CostLine {
    let of = |units| Prices::of_region("us-east-1").of(price).times(units);
    let cost = Range { low: of(1), likely: of(2), high: of(30) };
    CostLine { rule: key(rule), target: target.map(Into::into), price, cost, why }
}

fn loop_of(lines: Vec<CostLine>) -> RunawayCost {
    let assumptions: BTreeSet<String> = [LOGS, SECONDS, "list prices"].map(ToOwned::to_owned).into();
    RunawayCost { per_million: lines.iter().map(|line| line.cost).sum(), lines, assumptions }
}

fn function(hops: u64) -> TargetMeter {
    TargetMeter {
        hops,
        memory: Some(1_024),
        log_group: "/aws/lambda/fix".into(),
        has_own_logs: true,
        runs: total(1_000_000.0),
        milliseconds: total(2_000_000_000.0),
        log_bytes: total(f64::from(1 << 30) * 10.0),
        ..TargetMeter::new(FUNCTION.into(), "fix".into())
    }
}

fn cost(by_round: &RunawayCost, rounds: f64, targets: Vec<TargetMeter>) -> String {
    let meter = Meter { rounds: total(rounds), targets };
    meter.cost(by_round, &Prices::of_region("us-east-1"), Minute(0), Minute(9)).to_string()
}

#[test]
fn what_is_counted_is_priced_as_counted() {
    let of = |price| loop_of(vec![line("a", Some(FUNCTION), price, LOGS)]);
    assert_eq!(cost(&of("lambda-request"), 1e6, vec![function(1)]), "$0.2000");
    // Two million GB-seconds.
    assert_eq!(cost(&of("lambda-gb-second-x86"), 1e6, vec![function(1)]), "$33.33");
    assert_eq!(cost(&of("lambda-gb-second-arm"), 1e6, vec![function(1)]), "$26.67");
    assert_eq!(cost(&of("logs-gb"), 1e6, vec![function(1)]), "$5.00");
    // A throttled function runs less often than the rule.
    assert_eq!(cost(&of("lambda-request"), 9e6, vec![function(1)]), "$0.2000");
}

#[test]
fn runs_that_others_may_have_started_are_no_more_than_the_high_figure() {
    let of = |price| loop_of(vec![line("a", Some(FUNCTION), price, LOGS)]);
    assert_eq!(cost(&of("logs-gb"), 250_000.0, vec![function(1)]), "about $1.25 (from $1.25 to $5.00)");
    assert_eq!(cost(&of("logs-gb"), 0.0, vec![function(1)]), "about $0.00 (from $0.00 to $5.00)");
    // Two rules of the loop run the same function: together they have all of it once.
    let both =
        loop_of(vec![line("a", Some(FUNCTION), "logs-gb", LOGS), line("b", Some(FUNCTION), "logs-gb", LOGS)]);
    assert_eq!(cost(&both, 500_000.0, vec![function(2)]), "$5.00");
    assert_eq!(cost(&both, 250_000.0, vec![function(2)]), "about $2.50 (from $2.50 to $5.00)");
}

/// One function that is counted says nothing of another, nor of what calls cost.
#[test]
fn what_is_not_counted_keeps_its_range() {
    let other = loop_of(vec![line("b", Some("arn:other"), "logs-gb", LOGS)]);
    assert_eq!(cost(&other, 1e6, vec![function(1)]), "about $1.00 (from $0.5000 to $15.00)");
    let call = loop_of(vec![line("a", None, "logs-gb", LOGS)]);
    assert_eq!(cost(&call, 1e6, vec![function(1)]), "about $1.00 (from $0.5000 to $15.00)");
    let of = |price| loop_of(vec![line("a", Some(FUNCTION), price, LOGS)]);
    let reckoned = cost(&of("lambda-gb-second-x86"), 1e6, Vec::new());
    let unknown = [
        TargetMeter { memory: None, ..function(1) },
        TargetMeter { milliseconds: Series::new(), ..function(1) },
        TargetMeter { runs: Series::new(), ..function(1) },
    ];
    for meter in unknown {
        assert_eq!(cost(&of("lambda-gb-second-x86"), 1e6, vec![meter.clone()]), reckoned, "{meter:?}");
    }
}

#[test]
fn a_shared_log_group_bounds_and_counts_nothing() {
    let logs = loop_of(vec![line("a", Some(FUNCTION), "logs-gb", LOGS)]);
    let shared = |bytes| TargetMeter { has_own_logs: false, log_bytes: total(bytes), ..function(1) };
    let gigabyte = f64::from(1 << 30);
    assert_eq!(cost(&logs, 1e6, vec![shared(10.0 * gigabyte)]), "about $1.00 (from $0.5000 to $5.00)");
    assert_eq!(cost(&logs, 1e6, vec![shared(gigabyte)]), "$0.5000", "no more than all that came in");
}

/// No metric counts transitions: runs are counted, and what each goes through is reckoned.
#[test]
fn a_machine_is_counted_by_its_runs() {
    let machine = |runs| TargetMeter {
        runs: total(runs),
        milliseconds: Series::new(),
        log_bytes: Series::new(),
        ..function(1)
    };
    let mut states = line("a", Some(FUNCTION), "states-transition", SECONDS);
    states.cost = states.cost.times(1_000_000);
    let by_round = loop_of(vec![states]);
    let all = "about $50.00 (from $25.00 to $750.00)";
    assert_eq!(cost(&by_round, 1e6, Vec::new()), all);
    assert_eq!(cost(&by_round, 9e6, vec![machine(1e6)]), all, "as many as ran");
    assert_eq!(cost(&by_round, 0.5e6, vec![machine(1e6)]), "about $25.00 (from $12.50 to $750.00)");
}

#[test]
fn sentences_say_what_is_counted_and_what_is_reckoned() {
    let by_round = loop_of(vec![
        line("a", Some(FUNCTION), "logs-gb", LOGS),
        line("a", Some(FUNCTION), "lambda-gb-second-x86", SECONDS),
    ]);
    let said = |rounds, target: TargetMeter| {
        let meter = Meter { rounds: total(rounds), targets: vec![target] };
        let counted = meter.counted(Minute(0), Minute(9)).join(" ");
        (counted, meter.reckoned(&by_round).join("; "))
    };
    let all = "Counted by metrics: `fix` ran 1,000,000 times, whoever started it, 2,000,000 s in all with 1,024 MB, and \
               10,737,419 KB came into its log group `/aws/lambda/fix`.";
    assert_eq!(said(1e6, function(1)), (all.to_owned(), "list prices".to_owned()));
    let (others, _) = said(250_000.0, function(1));
    assert!(
        others.ends_with("; 250,000 of these runs are the loop's by its rounds: low and likely have their share, high has all."),
        "{others}"
    );
    let (counted, reckoned) = said(1e6, TargetMeter { memory: None, has_own_logs: false, ..function(1) });
    assert!(
        counted.contains(" s in all, whose price is reckoned, since its memory is not known"),
        "{counted}"
    );
    assert!(counted.contains("which others may write to, so that this bounds its part alone"), "{counted}");
    assert_eq!(reckoned, "2 KB of logs; 200 ms; list prices");
    let nothing = TargetMeter::new(FUNCTION.into(), "fix".into());
    assert_eq!(said(1e6, nothing), (String::new(), "2 KB of logs; 200 ms; list prices".to_owned()));
}

#[test]
fn a_rule_has_its_own_part() {
    let both =
        loop_of(vec![line("a", None, "sqs-request", LOGS), line("b", Some(FUNCTION), "logs-gb", LOGS)]);
    let part = both.of_rule(&key("b"));
    assert_eq!(part.per_million, both.lines[1].cost);
    assert_eq!(cost(&part, 1e6, vec![function(1)]), "$5.00");
}
