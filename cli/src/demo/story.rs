//! The words of the demo.

use super::account::{Example, TEMPLATE};
use super::course::{Beat, Course, What};
use super::stage::Stage;
use crate::beside::clock;
use loopguard_account::Alert;
use loopguard_analysis::Gain;
use loopguard_decision::Step;
use loopguard_decision::cost::grouped;
use loopguard_report::Tone;
use loopguard_world::{Counts, Matched};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Rounds that are told one by one; after these only each tenth power.
const TOLD_ROUNDS: u64 = 3;

/// Columns of a line of an alert; longer lines are cut.
const WIDTH: usize = 100;

/// Says what will be seen.
pub(super) fn opening(stage: &mut Stage, example: &Example, length: u64) -> io::Result<()> {
    stage.line(&[
        (Tone::Strong, "loopguard demo"),
        (Tone::Plain, ": one account in memory, "),
        (Tone::Plain, &format!("{} of its clock, without the guard and with it.", hours(length))),
    ])?;
    stage.say(&format!("Nothing here touches AWS or the network. The account is {TEMPLATE}:"))?;
    stage.say("")?;
    for rule in &example.inventory.rules {
        let place = rule.origin.place().map(|place| format!("line {}", place.line)).unwrap_or_default();
        let targets: Vec<String> =
            rule.targets.iter().flatten().map(|target| target.arn.to_string()).collect();
        stage.line(&[
            (Tone::Strong, &format!("  {:<17}", rule.name.to_string())),
            (Tone::Plain, &format!("runs {}", targets.join(", "))),
            (Tone::Faint, &format!("  {place}")),
        ])?;
    }
    Ok(())
}

/// Tells the run without the guard.
pub(super) fn without(stage: &mut Stage, course: &Course) -> io::Result<()> {
    stage.headline("Without the guard")?;
    timeline(stage, course, &looping(course))?;
    for rule in looping(course) {
        let counts = course.counts.get(rule).copied().unwrap_or_default();
        stage.line(&[
            (Tone::Faint, &format!("  {}  ", clock(course.hours * 3_600_000))),
            (Tone::Bad, &format!("{rule} has gone round {} times", grouped(counts.rounds))),
            (Tone::Plain, &format!(", {} deliveries, and goes on", grouped(counts.invocations))),
        ])?;
    }
    Ok(())
}

/// Tells the run with the guard.
pub(super) fn with(stage: &mut Stage, without: &Course, with: &Course) -> io::Result<()> {
    stage.headline("With the guard (mode enforce, every rule in scope)")?;
    timeline(stage, with, &looping(without))
}

/// Sets both runs side by side.
pub(super) fn comparison(stage: &mut Stage, without: &Course, with: &Course) -> io::Result<()> {
    stage.headline(&format!("After {}, without / with the guard", hours(with.hours)))?;
    let alerts = first_alerts(with);
    for (rule, before) in &without.counts {
        let after = with.counts.get(rule).copied().unwrap_or_default();
        let told = alerts.iter().find(|(alert, ..)| alert.rule == *rule);
        let loops = before.rounds > 1;
        stage.line(&[
            (Tone::Strong, &format!("  {rule:<17}")),
            (Tone::Plain, &format!("{:>13} / {:<13}", amount(*before, loops), amount(after, loops))),
            verdict(loops, told.map(|(alert, ..)| *alert)),
        ])?;
    }
    stage.say("")?;
    for (alert, deployed, told) in alerts {
        let since = (told.saturating_sub(deployed)) / 1000;
        stage.line(&[
            (look_of(alert), &format!("  {}", alert.subject())),
            (Tone::Plain, &format!(" (seen {since} s after it was deployed)")),
        ])?;
        stage.say(&format!("    {}", alert.done()))?;
        if matches!(alert.step, Step::Refused(_)) {
            stage.say("    it goes round until somebody changes it: a rule is disabled at its change only where every")?;
            stage.say(
                "    hop of the loop is certain, and what a role allows is no proof that a function does it",
            )?;
        }
    }
    Ok(())
}

/// Says where the ledger is.
pub(super) fn written(stage: &mut Stage, file: &Path) -> io::Result<()> {
    stage.say("")?;
    stage.say(&format!("What the guard wrote down: `loopguard incidents --ledger {}`", file.display()))
}

fn verdict(loops: bool, told: Option<&Alert>) -> (Tone, &'static str) {
    match (loops, told) {
        (true, Some(alert)) if matches!(alert.step, Step::Disabled { .. }) => (Tone::Good, "a loop, stopped"),
        (true, Some(_)) => (Tone::Warning, "a loop, told but not stopped"),
        (true, None) => (Tone::Bad, "a loop that the guard did not see"),
        (false, Some(_)) => (Tone::Bad, "harmless, and told of all the same"),
        (false, None) => (Tone::Plain, "harmless, and untouched"),
    }
}

fn look_of(alert: &Alert) -> Tone {
    if matches!(alert.step, Step::Disabled { .. }) { Tone::Good } else { Tone::Warning }
}

fn amount(counts: Counts, loops: bool) -> String {
    let (number, unit) = if loops { (counts.rounds, "round") } else { (counts.invocations, "run") };
    format!("{} {unit}{}", grouped(number), if number == 1 { "" } else { "s" })
}

fn hours(number: u64) -> String {
    if number == 1 { "one hour".to_owned() } else { format!("{number} hours") }
}

/// The first alert about each rule, when the rule was deployed, and when it was told.
fn first_alerts(course: &Course) -> Vec<(&Alert, u64, u64)> {
    let mut deployed: BTreeMap<&str, u64> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut alerts = Vec::new();
    for beat in &course.beats {
        match &beat.what {
            What::Deployed(rule) => {
                deployed.entry(rule).or_insert(beat.at);
            }
            What::Told(alert) if seen.insert(&alert.rule) => {
                let since = deployed.get(&*alert.rule).copied().unwrap_or_default();
                alerts.push((&**alert, since, beat.at));
            }
            _ => {}
        }
    }
    alerts
}

fn looping(course: &Course) -> BTreeSet<&str> {
    course.counts.iter().filter(|(_, counts)| counts.rounds > 1).map(|(rule, _)| &**rule).collect()
}

fn timeline(stage: &mut Stage, course: &Course, loops: &BTreeSet<&str>) -> io::Result<()> {
    let mut rounds: BTreeMap<&str, u64> = BTreeMap::new();
    let mut told = BTreeSet::new();
    for beat in &course.beats {
        match &beat.what {
            What::Round(matched) => {
                let last = rounds.entry(&matched.rule).or_default();
                if loops.contains(&*matched.rule) && matched.round > *last {
                    *last = matched.round;
                    round(stage, beat.at, matched)?;
                }
            }
            What::Told(alert) => {
                let first = told.insert(alert.rule.clone());
                guard_told(stage, beat.at, alert, first)?;
            }
            _ => plain_beat(stage, beat, &told)?,
        }
    }
    Ok(())
}

fn round(stage: &mut Stage, at: u64, matched: &Matched) -> io::Result<()> {
    let number = matched.round;
    if number > TOLD_ROUNDS && !is_power_of_ten(number) {
        return Ok(());
    }
    let name = matched.event_name.as_ref().unwrap_or(&matched.detail_type);
    stage.line(&[
        (Tone::Faint, &format!("  {}  ", clock(at))),
        (Tone::Plain, &format!("{:<17}", matched.rule)),
        (if number > 1 { Tone::Bad } else { Tone::Plain }, &format!("round {:<6}", grouped(number))),
        (Tone::Plain, &format!(" {} {name}", matched.source)),
    ])
}

fn plain_beat(stage: &mut Stage, beat: &Beat, told: &BTreeSet<Arc<str>>) -> io::Result<()> {
    let time = format!("  {}  ", clock(beat.at));
    let (look, text) = match &beat.what {
        What::Deployed(rule) => (Tone::Plain, format!("{rule:<17}is deployed (PutRule, PutTargets)")),
        What::Settled { rule, on: false } => (Tone::Good, format!("{rule:<17}matches nothing any more")),
        // A look at a rule that has been told of already, because of another call of the same deployment.
        What::Harmless { rule } if told.contains(rule) => return Ok(()),
        What::Harmless { rule } => (Tone::Plain, format!("{rule:<17}the guard looked: no loop")),
        What::Checked(checked) => {
            let (tone, condition) =
                if checked.still_off { (Tone::Good, "still off") } else { (Tone::Bad, "ON AGAIN") };
            (tone, format!("{:<17}{condition}, {} minutes after", checked.rule.name, checked.after / 60))
        }
        What::Failed(why) => (Tone::Bad, format!("the guard could not look: {why}")),
        What::Settled { on: true, .. } | What::Round(_) | What::Told(_) => return Ok(()),
    };
    stage.line(&[(Tone::Faint, &time), (look, &text)])
}

fn guard_told(stage: &mut Stage, at: u64, alert: &Alert, first: bool) -> io::Result<()> {
    if !first {
        return Ok(());
    }
    let disabled = matches!(alert.step, Step::Disabled { .. });
    let did = if disabled { "DISABLED by the guard" } else { "told by the guard, and left on" };
    stage.line(&[
        (Tone::Faint, &format!("  {}  ", clock(at))),
        (Tone::Strong, &format!("{:<17}", alert.rule)),
        (if disabled { Tone::Good } else { Tone::Warning }, did),
        (Tone::Plain, &format!(", after {} by {}", alert.change.call, alert.change.by)),
    ])?;
    for hop in &alert.hops {
        stage.say(&format!("            {} -> {} -> {}", hop.rule, hop.action, hop.emits))?;
        stage.say(&format!("            ({}, {})", hop.certainty, often(hop.gain)))?;
    }
    stage.line(&[(Tone::Faint, &format!("            the alert: {}", alert.subject()))])?;
    for line in alert.text().lines().flat_map(wrapped) {
        let margin = if line.is_empty() { "            |" } else { "            | " };
        stage.line(&[(Tone::Faint, margin), (Tone::Plain, &line)])?;
    }
    Ok(())
}

fn often(gain: Gain) -> &'static str {
    match gain {
        Gain::Each => "in each run",
        Gain::Many => "several times in each run",
        Gain::Sometimes => "perhaps not in every run",
    }
}

/// Breaks a line between words; it ends at a word without an end (an event as JSON), which is cut.
pub(super) fn wrapped(line: &str) -> Vec<String> {
    let indent: String = line.chars().take_while(|c| *c == ' ').collect();
    let mut lines = vec![indent.clone()];
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        let Some(last) = lines.last_mut() else { break };
        let used = last.chars().count();
        let begun = used > indent.len();
        let room = WIDTH.saturating_sub(used + usize::from(begun));
        let length = word.chars().count();
        if length > room && length <= WIDTH / 2 {
            lines.push(format!("{indent}  {word}"));
            continue;
        }
        if begun {
            last.push(' ');
        }
        if length > room {
            last.extend(word.chars().take(room.saturating_sub(3)));
            last.push_str("...");
            break;
        }
        last.push_str(word);
    }
    lines
}

fn is_power_of_ten(number: u64) -> bool {
    let mut power = 10_u64;
    while power < number {
        power = power.saturating_mul(10);
    }
    power == number
}

#[cfg(test)]
mod tests {
    use super::{WIDTH, is_power_of_ten, wrapped};

    #[test]
    fn long_lines_are_broken_between_words_and_long_words_cut() {
        let prose = format!("   {}", "word ".repeat(40));
        let lines = wrapped(&prose);
        assert!(
            lines.len() == 3
                && lines.iter().all(|line| line.chars().count() <= WIDTH && line.starts_with("   "))
        );
        let json = wrapped(&format!("   an event: {}", "x".repeat(300)));
        assert_eq!(json.len(), 1);
        assert!(json[0].ends_with("x..."));
        assert_eq!(wrapped(""), [""]);
    }

    #[test]
    fn powers_of_ten_are_known() {
        let powers: Vec<u64> = (1..=1_000).filter(|number| is_power_of_ten(*number)).collect();
        assert_eq!(powers, [10, 100, 1_000]);
    }
}
