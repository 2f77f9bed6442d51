//! The words of the demo.

use super::account::{Example, TEMPLATE};
use super::course::{Beat, Course, What};
use super::stage::{Look, Stage};
use loopguard_account::Alert;
use loopguard_decision::Step;
use loopguard_world::{Counts, Matched};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

/// Rounds that are told one by one; after these only each tenth power.
const TOLD_ROUNDS: u64 = 3;

/// Columns of a line of an alert; longer lines are cut.
const WIDTH: usize = 100;

/// Says what will be seen.
pub(super) fn opening(stage: &mut Stage, example: &Example, hours: u64) -> io::Result<()> {
    stage.line(&[
        (Look::Strong, "loopguard demo"),
        (Look::Plain, ": one account in memory, "),
        (Look::Plain, &format!("{hours} hours of its clock, without the guard and with it.")),
    ])?;
    stage.say(&format!("Nothing here touches AWS or the network. The account is {TEMPLATE}:"))?;
    stage.say("")?;
    for rule in &example.inventory.rules {
        let place = rule.origin.place().map(|place| format!("line {}", place.line)).unwrap_or_default();
        let targets: Vec<String> =
            rule.targets.iter().flatten().map(|target| target.arn.to_string()).collect();
        stage.line(&[
            (Look::Strong, &format!("  {:<17}", rule.name.to_string())),
            (Look::Plain, &format!("runs {}", targets.join(", "))),
            (Look::Faint, &format!("  {place}")),
        ])?;
    }
    Ok(())
}

/// Tells the run without the guard.
pub(super) fn without(stage: &mut Stage, course: &Course) -> io::Result<()> {
    stage.headline("Without the guard")?;
    timeline(stage, course)?;
    for (rule, counts) in looping(course) {
        stage.line(&[
            (Look::Faint, &format!("  {}  ", clock(course.hours * 3_600_000))),
            (Look::Bad, &format!("{rule} has gone round {} times", grouped(counts.rounds))),
            (Look::Plain, ", and goes on"),
        ])?;
    }
    Ok(())
}

/// Tells the run with the guard.
pub(super) fn with(stage: &mut Stage, course: &Course) -> io::Result<()> {
    stage.headline("With the guard (mode enforce, every rule in scope)")?;
    timeline(stage, course)
}

/// Sets both runs side by side.
pub(super) fn comparison(stage: &mut Stage, without: &Course, with: &Course) -> io::Result<()> {
    stage.headline(&format!("After {} hours, without / with the guard", with.hours))?;
    for (rule, before) in &without.counts {
        let after = with.counts.get(rule).copied().unwrap_or_default();
        stage.line(&[
            (Look::Strong, &format!("  {rule:<17}")),
            (Look::Plain, &format!("{:>22} / {:<22}", amount(*before), amount(after))),
            verdict(*before, after),
        ])?;
    }
    stage.say("")?;
    for (alert, deployed, told) in first_alerts(with) {
        let since = (told.saturating_sub(deployed)) / 1000;
        let look = if matches!(alert.step, Step::Disabled { .. }) { Look::Good } else { Look::Warning };
        stage.line(&[
            (look, &format!("  {}", alert.subject())),
            (Look::Plain, &format!(" ({since} s after it was deployed)")),
        ])?;
        stage.say(&format!("    {}", alert.step))?;
    }
    Ok(())
}

fn verdict(before: Counts, after: Counts) -> (Look, &'static str) {
    if before.rounds <= 1 {
        (Look::Plain, "harmless, and untouched")
    } else if after.rounds < before.rounds {
        (Look::Good, "a loop, stopped")
    } else {
        (Look::Warning, "a loop, told but not stopped")
    }
}

fn amount(counts: Counts) -> String {
    if counts.rounds > 1 {
        format!("{} rounds", grouped(counts.rounds))
    } else {
        format!("{} runs", grouped(counts.invocations))
    }
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

fn looping(course: &Course) -> impl Iterator<Item = (&Arc<str>, &Counts)> {
    course.counts.iter().filter(|(_, counts)| counts.rounds > 1)
}

fn timeline(stage: &mut Stage, course: &Course) -> io::Result<()> {
    let loops: BTreeSet<&str> = looping(course).map(|(rule, _)| &**rule).collect();
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
        (Look::Faint, &format!("  {}  ", clock(at))),
        (Look::Plain, &format!("{:<17}", matched.rule)),
        (if number > 1 { Look::Bad } else { Look::Plain }, &format!("round {:<6}", grouped(number))),
        (Look::Plain, &format!(" {} {name}", matched.source)),
    ])
}

fn plain_beat(stage: &mut Stage, beat: &Beat, told: &BTreeSet<Arc<str>>) -> io::Result<()> {
    let time = format!("  {}  ", clock(beat.at));
    let (look, text) = match &beat.what {
        What::Deployed(rule) => (Look::Plain, format!("{rule:<17}is deployed (PutRule, PutTargets)")),
        What::Settled { rule, on: false } => (Look::Good, format!("{rule:<17}matches nothing any more")),
        // A look at a rule that has been told of already, because of another call of the same deployment.
        What::Harmless { rule } if told.contains(rule) => return Ok(()),
        What::Harmless { rule } => (Look::Plain, format!("{rule:<17}the guard looked: no loop")),
        What::Failed(why) => (Look::Bad, format!("the guard could not look: {why}")),
        What::Settled { on: true, .. } | What::Round(_) | What::Told(_) => return Ok(()),
    };
    stage.line(&[(Look::Faint, &time), (look, &text)])
}

fn guard_told(stage: &mut Stage, at: u64, alert: &Alert, first: bool) -> io::Result<()> {
    if !first {
        return Ok(());
    }
    let disabled = matches!(alert.step, Step::Disabled { .. });
    let did = if disabled { "DISABLED by the guard" } else { "told by the guard, and left on" };
    stage.line(&[
        (Look::Faint, &format!("  {}  ", clock(at))),
        (Look::Strong, &format!("{:<17}", alert.rule)),
        (if disabled { Look::Good } else { Look::Warning }, did),
        (Look::Plain, &format!(", after {} by {}", alert.change.call, alert.change.by)),
    ])?;
    for hop in &alert.hops {
        let detail = format!("{}, in {} run", hop.certainty, hop.gain);
        stage.say(&format!("            {} -> {} -> {} ({detail})", hop.rule, hop.action, hop.emits))?;
    }
    stage.line(&[(Look::Faint, &format!("            the alert: {}", alert.subject()))])?;
    for line in alert.text().lines() {
        let cut: String = line.chars().take(WIDTH).collect();
        let more = if cut.len() < line.len() { " ..." } else { "" };
        stage.line(&[(Look::Faint, "            | "), (Look::Plain, &format!("{cut}{more}"))])?;
    }
    Ok(())
}

fn is_power_of_ten(number: u64) -> bool {
    let mut power = 10_u64;
    while power < number {
        power = power.saturating_mul(10);
    }
    power == number
}

/// Returns a time of the virtual clock as hours, minutes, seconds.
fn clock(at: u64) -> String {
    let seconds = at / 1000;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Returns a number with its thousands set apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{clock, grouped, is_power_of_ten};

    #[test]
    fn numbers_and_times_are_readable() {
        assert_eq!(
            (grouped(7), grouped(1_234), grouped(1_234_567)),
            ("7".into(), "1,234".into(), "1,234,567".into())
        );
        assert_eq!(clock(3_723_999), "01:02:03");
        let powers: Vec<u64> = (1..=1_000).filter(|number| is_power_of_ten(*number)).collect();
        assert_eq!(powers, [10, 100, 1_000]);
    }
}
