//! Both runs side by side, for people and for programs.

use super::account::Subject;
use super::course::{Course, EVENTS_AT};
use crate::beside::clock;
use anyhow::Result;
use loopguard_account::Alert;
use loopguard_analysis::Finding;
use loopguard_decision::cost::{Money, Range, grouped};
use loopguard_report::escaped;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

/// The version of the JSON.
const FORMAT_VERSION: u32 = 1;

/// Alerts and notices that the text tells; all are in the JSON.
const MOST_TOLD: usize = 12;

/// One loop in both runs.
struct Row<'a> {
    finding: &'a Finding,
    alone: (u64, Range),
    /// None: nobody guarded it.
    guarded: Option<(u64, Range)>,
    stopped: Option<(u64, &'a str, String)>,
    /// Why it was left on, where it was.
    left_on: Option<String>,
}

fn rows<'a>(subject: &'a Subject, alone: &Course, guarded: Option<&'a Course>) -> Vec<Row<'a>> {
    let row = |finding: &'a Finding| {
        let cost = subject.cost(finding);
        let rules: Vec<(&str, &str)> = finding.rules.iter().map(|rule| (&*rule.bus, &*rule.id)).collect();
        // Every round runs each rule of the loop once; the one that ran least has gone round so often.
        let rounds = |course: &Course| {
            rules.iter().map(|(bus, rule)| course.runs(bus, rule)).min().unwrap_or_default()
        };
        let counted = |course: &Course| {
            let rounds = rounds(course);
            (rounds, cost.of_rounds(rounds))
        };
        let stopped = guarded.and_then(|guarded| guarded.stopped(&rules));
        let left_on = guarded.filter(|_| stopped.is_none()).and_then(|guarded| guarded.left_on(&rules));
        Row {
            finding,
            alone: counted(alone),
            guarded: guarded.map(counted),
            stopped: stopped.map(|(at, alert)| (at, &*alert.rule, alert.done())),
            left_on: left_on.map(Alert::done),
        }
    };
    subject.loops().map(row).collect()
}

pub(super) fn text(subject: &Subject, alone: &Course, guarded: Option<&Course>, hours: u64) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_text(&mut out, subject, alone, guarded, hours);
    out
}

fn write_text(
    out: &mut String,
    subject: &Subject,
    alone: &Course,
    guarded: Option<&Course>,
    hours: u64,
) -> std::fmt::Result {
    let home = subject.home();
    let of_hours = if hours == 1 { "one hour".to_owned() } else { format!("{hours} hours") };
    writeln!(
        out,
        "simulated {of_hours} of account {} in {}, alone{}",
        home.account,
        home.region,
        if guarded.is_some() { " and with Loopguard" } else { "" }
    )?;
    for (bus, event) in &subject.events {
        let text = |name: &str| escaped(event.get(name).and_then(Value::as_str).unwrap_or_default());
        writeln!(
            out,
            "{}  {} / {} on bus {}",
            clock(EVENTS_AT),
            text("source"),
            text("detail-type"),
            escaped(bus)
        )?;
    }
    let rows = rows(subject, alone, guarded);
    if rows.is_empty() {
        writeln!(out, "\nno rule loops here, or may")?;
    }
    for row in &rows {
        write_row(out, row, alone, guarded)?;
    }
    write_others(out, &rows, alone, guarded)?;
    write_told(out, guarded)?;
    write_assumed(out, subject)
}

fn write_row(out: &mut String, row: &Row<'_>, alone: &Course, guarded: Option<&Course>) -> std::fmt::Result {
    let rules: Vec<String> = row.finding.rules.iter().map(|rule| escaped(&rule.id)).collect();
    let certainty = row.finding.certainty.map(|level| format!(" ({level})")).unwrap_or_default();
    writeln!(out, "\n{}{certainty}", rules.join(" -> "))?;
    writeln!(out, "  alone           {}", side(&row.alone, alone))?;
    if row.alone.0 <= 1 {
        writeln!(
            out,
            "                  it does not go round here: see what is left out, or a run has to fail for it"
        )?;
    }
    let Some((guarded, counted)) = guarded.zip(row.guarded.as_ref()) else { return Ok(()) };
    writeln!(out, "  with Loopguard  {}", side(counted, guarded))?;
    if let Some((at, rule, done)) = &row.stopped {
        return writeln!(out, "  stopped         {} at `{}`: {}", clock(*at), escaped(rule), escaped(done));
    }
    let why = row.left_on.as_deref().unwrap_or("nothing was told of it");
    writeln!(out, "  not stopped     {}", escaped(why))
}

/// Rounds and dollars of one run.
fn side((rounds, cost): &(u64, Range), course: &Course) -> String {
    let many = if *rounds == 1 { "" } else { "s" };
    let end = course.cut.map(|at| format!("; the run ends after {}: too many events", clock(at)));
    format!("{} round{many}, {}{}", grouped(*rounds), cost.likely, end.unwrap_or_default())
}

/// Rules that are in no loop, and ran.
fn write_others(
    out: &mut String,
    rows: &[Row<'_>],
    alone: &Course,
    guarded: Option<&Course>,
) -> std::fmt::Result {
    let looping: BTreeSet<(&str, &str)> =
        rows.iter().flat_map(|row| row.finding.rules.iter().map(|rule| (&*rule.bus, &*rule.id))).collect();
    let mut first = true;
    for ((bus, rule), counts) in &alone.counts {
        let after = guarded.map(|guarded| guarded.runs(bus, rule));
        if looping.contains(&(&**bus, &**rule)) || counts.matched.max(after.unwrap_or_default()) == 0 {
            continue;
        }
        if std::mem::take(&mut first) {
            writeln!(out, "\nother rules that ran")?;
        }
        let after = after.map(|after| format!(", with Loopguard {}", grouped(after))).unwrap_or_default();
        writeln!(out, "  {}/{}  {}{after}", escaped(bus), escaped(rule), grouped(counts.matched))?;
    }
    Ok(())
}

/// What the functions told, in order.
fn told(guarded: Option<&Course>) -> Vec<(u64, String)> {
    let Some(guarded) = guarded else { return Vec::new() };
    let alerts = guarded.alerts.iter().map(|(at, alert)| (*at, alert.subject()));
    let notices = guarded.notices.iter().map(|(at, notice)| (*at, notice.subject()));
    let mut told: Vec<(u64, String)> = alerts.chain(notices).collect();
    told.sort_by_key(|(at, _)| *at);
    told
}

fn write_told(out: &mut String, guarded: Option<&Course>) -> std::fmt::Result {
    let told = told(guarded);
    if !told.is_empty() {
        writeln!(out, "\nwhat Loopguard told")?;
    }
    for (at, subject) in told.iter().take(MOST_TOLD) {
        writeln!(out, "  {}  {}", clock(*at), escaped(subject))?;
    }
    match told.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
        Some(more) => writeln!(out, "  and {more} more; all with --format json"),
        None => Ok(()),
    }
}

fn write_assumed(out: &mut String, subject: &Subject) -> std::fmt::Result {
    if !subject.assumed.is_empty() {
        writeln!(
            out,
            "\nassumed, since no file says what runs do: every run makes these calls (--script says otherwise)"
        )?;
    }
    for (workload, call) in &subject.assumed {
        writeln!(out, "  {}  {}", escaped(workload), escaped(call))?;
    }
    for sentence in &subject.left_out {
        writeln!(out, "left out: {}", escaped(sentence))?;
    }
    Ok(())
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    format_version: u32,
    account: String,
    region: String,
    hours: u64,
    events: Vec<EventRow<'a>>,
    loops: Vec<LoopRow<'a>>,
    rules: Vec<RuleRow<'a>>,
    /// When each run ended before its time, in milliseconds; null: it did not.
    alone_cut_ms: Option<u64>,
    guarded_cut_ms: Option<u64>,
    told: Vec<ToldRow>,
    assumed: Vec<CallRow<'a>>,
    left_out: &'a BTreeSet<String>,
}

#[derive(Debug, Serialize)]
struct EventRow<'a> {
    at_ms: u64,
    bus: &'a str,
    event: &'a Value,
}

#[derive(Debug, Serialize)]
struct LoopRow<'a> {
    finding: &'a str,
    rules: Vec<&'a str>,
    certainty: Option<&'static str>,
    alone: Side,
    guarded: Option<Side>,
    stopped: Option<Stopped<'a>>,
    left_on: Option<String>,
}

#[derive(Debug, Serialize)]
struct Side {
    rounds: u64,
    dollars: Dollars,
}

#[derive(Debug, Serialize)]
struct Dollars {
    low: Money,
    likely: Money,
    high: Money,
}

#[derive(Debug, Serialize)]
struct Stopped<'a> {
    at_ms: u64,
    rule: &'a str,
    done: String,
}

#[derive(Debug, Serialize)]
struct RuleRow<'a> {
    bus: &'a str,
    rule: &'a str,
    alone_runs: u64,
    guarded_runs: Option<u64>,
}

#[derive(Debug, Serialize)]
struct ToldRow {
    at_ms: u64,
    subject: String,
}

#[derive(Debug, Serialize)]
struct CallRow<'a> {
    workload: &'a Arc<str>,
    call: &'a Arc<str>,
}

fn side_of((rounds, cost): (u64, Range)) -> Side {
    let Range { low, likely, high } = cost;
    Side { rounds, dollars: Dollars { low, likely, high } }
}

pub(super) fn json(
    subject: &Subject,
    alone: &Course,
    guarded: Option<&Course>,
    hours: u64,
) -> Result<String> {
    let home = subject.home();
    let document = Document {
        format_version: FORMAT_VERSION,
        account: home.account.to_string(),
        region: home.region.to_string(),
        hours,
        events: subject.events.iter().map(|(bus, event)| EventRow { at_ms: EVENTS_AT, bus, event }).collect(),
        loops: rows(subject, alone, guarded)
            .into_iter()
            .map(|row| LoopRow {
                finding: &row.finding.id,
                rules: row.finding.rules.iter().map(|rule| &*rule.id).collect(),
                certainty: row.finding.certainty.map(loopguard_analysis::Certainty::as_str),
                alone: side_of(row.alone),
                guarded: row.guarded.map(side_of),
                stopped: row.stopped.map(|(at_ms, rule, done)| Stopped { at_ms, rule, done }),
                left_on: row.left_on,
            })
            .collect(),
        rules: alone
            .counts
            .iter()
            .map(|((bus, rule), counts)| RuleRow {
                bus,
                rule,
                alone_runs: counts.matched,
                guarded_runs: guarded.map(|guarded| guarded.runs(bus, rule)),
            })
            .collect(),
        alone_cut_ms: alone.cut,
        guarded_cut_ms: guarded.and_then(|guarded| guarded.cut),
        told: told(guarded).into_iter().map(|(at_ms, subject)| ToldRow { at_ms, subject }).collect(),
        assumed: subject.assumed.iter().map(|(workload, call)| CallRow { workload, call }).collect(),
        left_out: &subject.left_out,
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
