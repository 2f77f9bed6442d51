//! An alert for people, short enough for a phone.

use super::{Alert, AlertHop, Step, Urgency};
use loopguard_analysis::{Code, Verdict};
use loopguard_model::RuleState;
use std::fmt::{self, Write};
use std::sync::Arc;

/// SNS refuses subjects of 100 characters and more.
const SUBJECT_LIMIT: usize = 99;

/// Hops that the text lists; all are in the JSON.
const HOPS_SHOWN: usize = 8;

/// So many ids of events are enough to look into; all that were noted are in the structured event.
const EVENTS_SHOWN: usize = 8;

/// Characters of a witness that the text shows; the whole is in the JSON.
const WITNESS_SHOWN: usize = 600;

pub(super) fn subject(alert: &Alert) -> String {
    let headline = match (&alert.step, alert.verdict) {
        (Step::Refused(_), Verdict::Unknown) => format!("Loopguard: {} may loop", alert.rule),
        _ => alert.headline(short(alert.code)),
    };
    let page = if alert.urgency == Urgency::Page { "[page] " } else { "" };
    let headline = format!("{page}{headline}");
    let plain: String = headline.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect();
    plain.chars().take(SUBJECT_LIMIT).collect()
}

fn short(code: Code) -> &'static str {
    match code {
        Code::SelfTrigger => "it triggers itself",
        Code::MultiRuleLoop => "it is in a loop of several rules",
        Code::PossibleLoop => "it may trigger itself",
        Code::LatentLoop => "it is in a loop that is switched off",
        Code::BoundedLoop => "it is in a loop that ends by itself",
        Code::DeadRule => "no event can match it",
        // Told by a scan; no alert is about them.
        other => other.as_str(),
    }
}

pub(super) fn text(alert: &Alert) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_text(&mut out, alert);
    out
}

fn write_text(out: &mut String, alert: &Alert) -> fmt::Result {
    writeln!(out, "{}.", what(alert))?;
    writeln!(out, "Done: {}.", alert.done())?;
    writeln!(out)?;
    let change = &alert.change;
    let by = if change.by.is_empty() { String::new() } else { format!(" by {}", change.by) };
    match &change.shown {
        Some(why) => writeln!(out, "Why now: {why}.")?,
        None => writeln!(out, "Why now: {} on rule `{}`{by} at {}.", change.call, change.rule, change.at)?,
    }
    write_events(out, &change.events)?;
    change.course.iter().try_for_each(|sentence| writeln!(out, "{sentence}"))?;
    if matches!(alert.step, Step::Disabled { .. }) && alert.keeps_coming_back() {
        let times = alert.times + 1;
        writeln!(out, "That is {times} times within a day: something keeps undoing it.")?;
    }
    if alert.rules.len() > 1 {
        writeln!(out, "Why this rule: {}.", alert.choice)?;
    }
    writeln!(out)?;
    for (number, hop) in (1..).zip(alert.hops.iter().take(HOPS_SHOWN)) {
        write_hop(out, number, hop)?;
    }
    if let Some(more) = alert.hops.len().checked_sub(HOPS_SHOWN).filter(|more| *more > 0) {
        writeln!(out, "... and {more} more hops; all are in the structured event")?;
    }
    write_advice(out, alert)?;
    writeln!(out)?;
    if let Some(incident) = &alert.incident {
        writeln!(out, "Incident {incident}: `loopguard incidents show {incident}`.")?;
    }
    let at = format!("{} at {}", alert.finding, alert.at);
    writeln!(out, "Finding {at}, account {}, region {}.", alert.account, alert.region)
}

/// The ids are CloudTrail's where the events are its records: by them they are found in the event history.
fn write_events(out: &mut String, events: &[Arc<str>]) -> fmt::Result {
    if events.is_empty() {
        return Ok(());
    }
    let shown: Vec<&str> = events.iter().take(EVENTS_SHOWN).map(|id| &**id).collect();
    let more = if shown.len() < events.len() { ", ..." } else { "" };
    writeln!(out, "Some of these events: {}{more}.", shown.join(", "))
}

fn what(alert: &Alert) -> String {
    let certainty = alert.certainty.map(|level| format!(" ({level})")).unwrap_or_default();
    let rule = format!("Rule `{}` on bus `{}`", alert.rule, alert.bus);
    match alert.code {
        Code::MultiRuleLoop => {
            let cycle: Vec<&str> = alert.rules.iter().map(|rule| &**rule).collect();
            format!("{rule} is in a loop of {} rules{certainty}: {}", cycle.len(), cycle.join(" -> "))
        }
        code => format!("{rule}: {}{certainty}", short(code)),
    }
}

fn write_hop(out: &mut String, number: usize, hop: &AlertHop) -> fmt::Result {
    writeln!(out, "{number}. rule `{}` runs {}", hop.rule, hop.target)?;
    let call = if hop.action.is_empty() { String::new() } else { format!(", by {}", hop.action) };
    writeln!(out, "   which causes: {}{call} ({}, {} run)", hop.emits, hop.certainty, often(hop))?;
    if let Some(witness) = &hop.witness {
        let shown: String = witness.chars().take(WITNESS_SHOWN).collect();
        let cut = if shown.len() < witness.len() { " ..." } else { "" };
        writeln!(out, "   an event that shows it: {shown}{cut}")?;
    }
    Ok(())
}

fn often(hop: &AlertHop) -> &'static str {
    match hop.gain {
        loopguard_analysis::Gain::Each => "in each",
        loopguard_analysis::Gain::Many => "several times in each",
        loopguard_analysis::Gain::Sometimes => "perhaps not in every",
    }
}

fn write_advice(out: &mut String, alert: &Alert) -> fmt::Result {
    for gap in &alert.gaps {
        writeln!(out, "Not read: {gap}")?;
    }
    for remedy in &alert.remedies {
        writeln!(out, "A change that breaks the loop: {remedy}")?;
    }
    if let Some(brake) = &alert.brake {
        brake.beside.iter().try_for_each(|beside| writeln!(out, "Runs the function, too: {beside}"))?;
        brake.unread.iter().try_for_each(|unread| writeln!(out, "Not read: {unread}"))?;
        if matches!(alert.step, Step::Disabled { .. }) {
            writeln!(out)?;
            brake.fate().iter().try_for_each(|sentence| writeln!(out, "{sentence}."))?;
        }
    }
    if alert.may_be_in_part() {
        writeln!(out)?;
        writeln!(out, "Give back those that are gone (where nothing else stops the rule, it loops again):")?;
        writeln!(out, "  {}", alert.undo())?;
    }
    if matches!(alert.step, Step::NotGivenBack(_)) {
        writeln!(out)?;
        writeln!(out, "Switch it on:")?;
        writeln!(out, "  {}", alert.undo())?;
    }
    if matches!(alert.step, Step::Disabled { .. }) {
        writeln!(out)?;
        writeln!(out, "Undo (it will loop again until the pattern or the target changes):")?;
        writeln!(out, "  {}", alert.undo())?;
        if alert.incident.is_none() && alert.prior == RuleState::EnabledWithAllManagementEvents {
            writeln!(
                out,
                "  The rule was {}; enable-rule sets ENABLED, so set that state",
                alert.prior.as_str()
            )?;
            writeln!(out, "  with put-rule, which needs the rule's pattern again.")?;
        }
    }
    Ok(())
}
