//! What the stack itself calls in a month, counted: in accounts of so many rules in which nothing happens, and in which one
//! loop runs away once.

use super::MINUTE;
use super::account::Place;
use super::shapes::stack;
use loopguard_rehearsal::{Calls, Company, Rehearsal};
use loopguard_world::Script;
use std::collections::BTreeMap;
use std::fmt::Write;

const DAY: u64 = 24 * 60 * MINUTE;
pub const DAYS: u64 = 30;

/// What one month took.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Month {
    /// API calls by operation.
    pub calls: BTreeMap<&'static str, u64>,
    /// What is billed for them, by the ids of prices.
    pub units: BTreeMap<&'static str, u64>,
    /// Messages that the guard handled, and wakes of the sentinel.
    pub runs: (u64, u64),
    /// Rules that the guard looked at.
    pub looks: u64,
}

/// Rules on ten buses at most, each with a function and a role of its own; the first so many can set off themselves, one bucket
/// each.
fn template(rules: usize, on_cycles: usize) -> String {
    let buses = (rules / 300).max(1);
    let mut resources = vec![(1..buses).fold(String::new(), |mut text, bus| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  B{bus}: {{Type: AWS::Events::EventBus, Properties: {{Name: bus{bus}}}}}");
        text
    })];
    resources.extend((0..rules).map(|rule| {
        let name = format!("r{rule}");
        if rule < on_cycles {
            let pattern = format!(
                "{{source: [aws.s3], detail-type: [AWS API Call via CloudTrail], detail: {{eventSource: [s3.amazonaws.com], eventName: [PutBucketAcl], requestParameters: {{bucketName: [b{rule}]}}}}}}"
            );
            return super::shapes::handler(&name, "default", &pattern, "s3:PutBucketAcl", &format!("arn:aws:s3:::b{rule}"));
        }
        let bus = match rule % buses {
            0 => "default".to_owned(),
            bus => format!("!Ref B{bus}"),
        };
        let pattern = format!("{{source: [app], detail-type: [t{rule}]}}");
        super::shapes::handler(&name, &bus, &pattern, "dynamodb:PutItem", &format!("arn:aws:dynamodb:eu-west-1:111122223333:table/t{rule}"))
    }));
    stack(&resources)
}

fn rehearsal(rules: usize, on_cycles: usize, script: &str) -> Rehearsal {
    let settings = [("MODE", "enforce"), ("SCOPE", "*"), ("TRIPWIRES", "on-suspicion")];
    let settings = settings.map(|(key, value)| (format!("LOOPGUARD_{key}"), value.to_owned()));
    let place = Place::of(&template(rules, on_cycles));
    place.rehearse(&Script::parse(script).unwrap(), 1, (20_000, 60_000), &settings, Company::Both)
}

/// Adds what both functions have called so far, so many times.
fn counted(rehearsal: &Rehearsal, times: (u64, u64), month: &mut Month) {
    for (tally, times) in [(rehearsal.guard_calls(), times.0), (rehearsal.sentinel_calls(), times.1)] {
        let calls = Calls::of(&tally);
        assert!(calls.unknown.is_empty(), "{:?}", calls.unknown);
        calls
            .calls
            .into_iter()
            .for_each(|(call, made)| *month.calls.entry(call).or_default() += made * times);
        calls
            .units
            .into_iter()
            .for_each(|(price, units)| *month.units.entry(price).or_default() += units * times);
    }
    let (handled, woken) = rehearsal.runs();
    month.runs.0 += handled * times.0;
    month.runs.1 += woken * times.1;
    month.looks += rehearsal.guard_calls().of("note_reach").calls * times.0;
}

/// A month in which nothing happens. The guard's day is counted once and taken thirty times, since each is like the last; the
/// sentinel's month is lived through.
pub fn idle(rules: usize, on_cycles: usize) -> Month {
    let mut month = Month::default();
    let mut rehearsal = rehearsal(rules, on_cycles, "");
    rehearsal.run(DAY - 1);
    counted(&rehearsal, (DAYS, 0), &mut month);
    rehearsal.end_scans();
    for day in 2..=DAYS {
        rehearsal.run(day * DAY - 1);
        rehearsal.take_deeds();
    }
    counted(&rehearsal, (0, 1), &mut month);
    month
}

/// What one loop adds that runs away, three hundred chains at CloudTrail's usual latency, until it is stopped and calm: the
/// difference of two days.
pub fn incident(rules: usize, on_cycles: usize) -> Month {
    let script = "[[run]]\nof = \"fr0\"\n[[run.call]]\napi = \"s3:PutBucketAcl\"\nafter_ms = 400\n\
                  parameters = { bucketName = \"b0\" }\n\
                  [[call]]\nat_ms = 7_200_000\ntimes = 300\nevery_ms = 200\napi = \"s3:PutBucketAcl\"\n\
                  by = \"arn:aws:iam::111122223333:user/platform\"\nparameters = { bucketName = \"b0\" }\n";
    let day = |script: &str| {
        let mut rehearsal = rehearsal(rules, on_cycles, script);
        rehearsal.run(DAY - 1);
        let mut day = Month::default();
        counted(&rehearsal, (1, 1), &mut day);
        (day, rehearsal.alerts().any(|(_, alert)| alert.step.as_str() == "disabled"))
    };
    let ((quiet, _), (busy, stopped)) = (day(""), day(script));
    assert!(stopped, "the loop was not stopped");
    let less = |more: &BTreeMap<&'static str, u64>, less: &BTreeMap<&'static str, u64>| {
        more.iter().map(|(key, count)| (*key, count - less.get(key).copied().unwrap_or_default())).collect()
    };
    Month {
        calls: less(&busy.calls, &quiet.calls),
        units: less(&busy.units, &quiet.units),
        runs: (busy.runs.0 - quiet.runs.0, busy.runs.1 - quiet.runs.1),
        looks: busy.looks - quiet.looks,
    }
}
