//! The second act: a loop that only a permission shows is left on at its change. It runs away, and the sentinel finds it, shows
//! its cause by tripwires and has the guard stop it, while the dollars are counted.

use super::account::{self, Example};
use super::stage::Stage;
use crate::beside::{self, clock};
use anyhow::{Context, Result};
use loopguard_analysis::{Catalogue, Verdict, analyse};
use loopguard_decision::cost::{BUDGET_HOURS, Prices, RunawayCost, grouped, runaway};
use loopguard_decision::{NoticeKind, Step};
use loopguard_rehearsal::{Deed, Did};
use loopguard_report::Tone;
use std::io;

/// The rule that runs away.
const RULE: &str = "revert-acl";

const MINUTE: u64 = 60_000;

/// When the migration begins: `examples/media/migration.toml`.
const BEGIN: u64 = 30 * MINUTE;

/// The act ends once the loop is over, and at the latest then.
const END: u64 = 120 * MINUTE;

/// Minutes that are watched after the stop, in which the bus follows and what is under way ends.
const REST: u64 = 3;

/// Between two lines of the counter, in minutes.
const COUNTED: u64 = 5;

/// How the second act went.
#[derive(Debug)]
pub(super) struct Watched {
    /// How often the rule had run by each minute.
    rounds: Vec<u64>,
    deeds: Vec<Deed>,
    stopped: Option<u64>,
    by_round: RunawayCost,
}

impl Watched {
    /// Runs the account with both functions.
    pub(super) fn run(example: &Example, seed: u64) -> Result<Self> {
        let mut rehearsal = beside::both(account::world(example, seed)?, &account::home(), &[])?;
        let (mut rounds, mut stopped) = (Vec::new(), None);
        for minute in 1..=END / MINUTE {
            rehearsal.run(minute * MINUTE);
            rounds.push(rehearsal.twin().world().counts("default", RULE).map_or(0, |counts| counts.matched));
            let acted = |step: &Step| matches!(step, Step::Disabled { .. });
            stopped = rehearsal
                .alerts()
                .find(|(_, alert)| acted(&alert.step) && *alert.rule == *RULE)
                .map(|(at, _)| at);
            if stopped.is_some_and(|at| minute * MINUTE >= at + REST * MINUTE) {
                break;
            }
        }
        Ok(Self { rounds, deeds: rehearsal.take_deeds(), stopped, by_round: cost(example)? })
    }

    fn rounds_at(&self, minute: u64) -> u64 {
        let at = usize::try_from(minute).ok().and_then(|minute| minute.checked_sub(1));
        at.and_then(|at| self.rounds.get(at)).or(self.rounds.last()).copied().unwrap_or_default()
    }

    /// How often it ran in a minute, by the five before the stop.
    fn per_minute(&self) -> u64 {
        let stop = self.stopped.unwrap_or(END) / MINUTE;
        self.rounds_at(stop).saturating_sub(self.rounds_at(stop.saturating_sub(5))) / 5
    }
}

/// What the loop costs, by what its target uses.
fn cost(example: &Example) -> Result<RunawayCost> {
    let inventory = &example.inventory;
    let analysis = analyse(inventory, &Catalogue::embedded());
    let rule = inventory.rules.iter().find(|rule| rule.name.to_string() == RULE);
    let key = &rule.with_context(|| format!("the example has no rule `{RULE}`"))?.key;
    let of_rule = |finding: &&loopguard_analysis::Finding| {
        finding.verdict == Verdict::Loop && finding.rules.contains(key)
    };
    let finding = analysis.findings.iter().find(of_rule);
    let finding = finding.with_context(|| format!("`{RULE}` is in no loop"))?;
    Ok(runaway(finding, inventory, &Prices::of_region(account::REGION)))
}

/// Tells it, minute by minute.
pub(super) fn tell(stage: &mut Stage, watched: &Watched) -> io::Result<()> {
    stage.headline("Another day, with both functions: a migration opens the lists of 300 buckets")?;
    stage.say("Whether a function really makes the calls that its role allows, no template says. The sentinel measures it.")?;
    let last = u64::try_from(watched.rounds.len()).unwrap_or(u64::MAX);
    let mut deeds = watched.deeds.iter().peekable();
    for minute in BEGIN / MINUTE..=last {
        while let Some(deed) = deeds.next_if(|deed| deed.at <= minute * MINUTE) {
            deed_line(stage, deed)?;
        }
        if minute % COUNTED == 0 || minute == last {
            counter(stage, watched, minute)?;
        }
    }
    Ok(())
}

fn counter(stage: &mut Stage, watched: &Watched, minute: u64) -> io::Result<()> {
    let rounds = watched.rounds_at(minute);
    stage.line(&[
        (Tone::Faint, &format!("  {}  ", clock(minute * MINUTE))),
        (Tone::Plain, &format!("{RULE:<17}{:>6} rounds  ", grouped(rounds))),
        (Tone::Bad, &watched.by_round.of_rounds(rounds).likely.to_string()),
    ])
}

fn deed_line(stage: &mut Stage, deed: &Deed) -> io::Result<()> {
    let time = format!("  {}  ", clock(deed.at));
    let (look, lines) = match &deed.did {
        Did::Told(alert) if matches!(alert.step, Step::Disabled { .. }) => {
            let mut lines = vec![format!("{:<17}DISABLED by the guard", alert.rule)];
            lines.extend(alert.change.course.iter().take(4).map(ToString::to_string));
            (Tone::Good, lines)
        }
        Did::Told(alert) => {
            (Tone::Warning, vec![format!("{:<17}told by the guard: {}", alert.rule, alert.done())])
        }
        Did::Noticed(notice) => (
            look_of(notice.kind),
            vec![
                format!("{:<17}{}: {}", "the sentinel", kind(notice.kind), notice.seen),
                notice.done.clone(),
            ],
        ),
        Did::Watched(round) => {
            let made = (round.tripwires.0 > 0)
                .then(|| format!("{:<17}makes {}", "the sentinel", tripwires(round.tripwires.0)));
            let shown = (!round.shown.is_empty())
                .then(|| format!("{:<17}the cause is shown; the guard decides", "the sentinel"));
            let removed = (round.tripwires.1 > 0)
                .then(|| format!("{:<17}removes {}", "the sentinel", tripwires(round.tripwires.1)));
            (Tone::Plain, [made, shown, removed].into_iter().flatten().collect())
        }
        Did::Missed(error) => {
            (Tone::Bad, vec![format!("{:<17}a round was not whole: {error}", "the sentinel")])
        }
        Did::Gave { up } => (Tone::Bad, vec![format!("the guard could not look: {up}")]),
        Did::Handled { .. } => return Ok(()),
    };
    for (at, line) in lines.iter().enumerate() {
        let margin = if at == 0 { time.as_str() } else { "            " };
        for (part, text) in super::story::wrapped(line).iter().enumerate() {
            let margin = if part == 0 { margin } else { "              " };
            stage.line(&[(Tone::Faint, margin), (if at == 0 { look } else { Tone::Plain }, text)])?;
        }
    }
    Ok(())
}

fn tripwires(count: usize) -> String {
    format!("{count} tripwire{}", if count == 1 { "" } else { "s" })
}

fn look_of(kind: NoticeKind) -> Tone {
    if kind == NoticeKind::Calm { Tone::Good } else { Tone::Warning }
}

fn kind(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::Suspected => "suspects revert-acl",
        NoticeKind::Surge => "sees a surge",
        NoticeKind::Calm | NoticeKind::Settled => "ends the suspicion",
        NoticeKind::Slow => "sees a slow loop",
        NoticeKind::Tested => "says what an interruption showed",
        NoticeKind::Budget => "hears of a budget",
        NoticeKind::Blind => "cannot see",
    }
}

/// What came of it, and what it would have cost.
pub(super) fn sum(stage: &mut Stage, watched: &Watched) -> io::Result<()> {
    stage.headline("What that cost")?;
    let per_minute = watched.per_minute();
    let of = |minutes: u64| watched.by_round.of_rounds(per_minute.saturating_mul(minutes)).likely;
    let rounds = watched.rounds.last().copied().unwrap_or_default();
    let spent = watched.by_round.of_rounds(rounds).likely;
    let [first, _, latest] = BUDGET_HOURS;
    let (look, how) = match watched.stopped {
        Some(at) => (
            Tone::Good,
            format!("stopped {} minutes after it began", at.saturating_sub(BEGIN).div_ceil(MINUTE)),
        ),
        None => (Tone::Bad, "not stopped".to_owned()),
    };
    stage.line(&[
        (Tone::Strong, &format!("  {RULE:<17}")),
        (look, &how),
        (Tone::Plain, &format!(", after {} rounds and {spent}", grouped(rounds))),
    ])?;
    stage.say(&format!(
        "    left alone, at {} rounds a minute: {} to {} until a budget tells of it, {first} to {latest} hours later, and {} in 30 days",
        grouped(per_minute),
        of(first * 60),
        of(latest * 60),
        of(30 * 24 * 60)
    ))?;
    stage.say("    Lambda's own detection of loops does not look at EventBridge")?;
    stage.say(&format!(
        "    reckoned from list prices as of {}: likely figures, see `loopguard cost`",
        Prices::dated()
    ))
}
