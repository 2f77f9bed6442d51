//! The course of one selftest.

use super::super::restore::Site;
use super::super::told::{Told, add};
use crate::exit::Exit;
use anyhow::{Context, Result, anyhow, bail};
use loopguard_account::{Canaries, Canary, End, Incident, Ledger, State, Tags, Timestamp};
use loopguard_analysis::{Certainty, Finding, Verdict};
use loopguard_decision::{Mode, Refusal, Scope, Step};
use loopguard_guard::gather;
use loopguard_report::escaped;
use serde_json::json;
use std::future::Future;

/// Reads that the analysis of the canary may cost; it reaches one machine and one role.
const MAX_READS: usize = 1_000;

/// Between two looks, in milliseconds.
const PAUSE: u64 = 2_000;

/// A canary lives so much longer than it is waited for, in milliseconds.
const GRACE: u64 = 5 * 60_000;

/// Older canaries (milliseconds) were left behind by a command that was ended.
const OLD: u64 = 60 * 60_000;

/// The tag by which the guard's role may be confined to rules (`OnlyTagged` in `template.yaml`).
const REACH_TAG: (&str, &str) = ("loopguard", "enforce");

/// What time it is, and waiting.
pub(crate) trait Clock {
    fn now(&self) -> Timestamp;

    /// Returns after so many milliseconds.
    async fn wait(&self, milliseconds: u64);

    /// Says what was seen, while it goes on: whole lines, which the answer's text goes on from.
    fn says(&self, line: &str);
}

/// What is asked for, and what the guard was told by its owner.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    pub(crate) mode: Mode,
    pub(crate) scope: &'a Scope,
    /// The ARN of the stack's state machine.
    pub(crate) machine: &'a str,
    /// How long to wait, in milliseconds.
    pub(crate) length: u64,
}

/// One thing that was seen.
#[derive(Debug)]
struct Seen {
    what: &'static str,
    at: Timestamp,
    says: String,
}

/// Makes a rule that loops, watches what the guard does, and removes it; [`Exit::Found`] iff the guard did not do what its
/// mode says. Whatever comes of it, and when `stop` comes first, the rule is removed.
pub(crate) async fn selftest<A: Canaries>(
    site: Site<'_, A>,
    ledger: &impl Ledger,
    clock: &impl Clock,
    order: &Order<'_>,
    stop: impl Future<Output = ()>,
) -> Result<Told> {
    let account = site.account;
    let entrance = order.scope.entrance();
    let acts = order.mode == Mode::Enforce && entrance.is_some();
    let tags = entrance.into_iter().flatten().chain([REACH_TAG]);
    let tags: Tags = tags.map(|(key, value)| (key.into(), value.into())).collect();
    remove_old(account, clock).await?;
    let canary = Canary::new(order.machine, tags, clock.now(), order.length.saturating_add(GRACE));
    let made = account.put_canary(&canary).await.context("making the rule that loops");
    let mut course = Course { site, ledger, clock, canary: &canary, acts, seen: Vec::new() };
    let watched = match made {
        Ok(()) => tokio::select! {
            watched = course.watch(order.length) => watched,
            () = stop => Err(anyhow!("ended before the guard was seen to do anything; the rule is removed")),
        },
        Err(error) => Err(error),
    };
    let rounds = account.rounds(&canary).await;
    let removed = account.remove_canary(&canary.name).await;
    let removed = removed.with_context(|| {
        format!("removing rule `{}`, which the machine switches off at {}", canary.name, canary.until)
    });
    // What went wrong first is told first.
    watched?;
    removed?;
    Ok(course.told(order, rounds.ok()))
}

async fn remove_old(account: &impl Canaries, clock: &impl Clock) -> Result<()> {
    for name in account.canaries().await.context("looking for rules of earlier selftests")? {
        let Some(made) = Canary::made_of(&name) else { continue };
        if made.0.saturating_add(OLD) < clock.now().0 {
            account
                .remove_canary(&name)
                .await
                .with_context(|| format!("removing `{name}`, which was left"))?;
            clock.says(&line(0, "removed", &format!("`{name}`, which an earlier selftest has left")));
        }
    }
    Ok(())
}

struct Course<'a, A, L, C> {
    site: Site<'a, A>,
    ledger: &'a L,
    clock: &'a C,
    canary: &'a Canary,
    /// Whether the guard is to disable it.
    acts: bool,
    seen: Vec<Seen>,
}

impl<A: Canaries, L: Ledger, C: Clock> Course<'_, A, L, C> {
    /// Watches until the guard has told what it did, or until the time is up.
    async fn watch(&mut self, length: u64) -> Result<()> {
        let name = &*self.canary.name;
        self.see("made", format!("rule `{name}`; whatever happens, it ends at {}", self.canary.until));
        let finding = self.analysed().await?;
        self.site.account.start_canary(self.canary).await.context("starting the first round")?;
        let end = Timestamp(self.clock.now().0.saturating_add(length));
        while self.clock.now() < end {
            let incident = self.incident().await?;
            if let Some(incident) = &incident {
                self.acted(incident);
            }
            if let Some(step) = self.refused(&finding).await? {
                self.see("told", told_of(&step));
                return Ok(());
            }
            if incident.is_some_and(|incident| incident.told.is_some()) {
                self.see("told", "the topic took the alert".to_owned());
                return Ok(());
            }
            self.clock.wait(PAUSE).await;
        }
        Ok(())
    }

    /// The canary as the guard will see it: it has to be a loop by the account's own facts.
    async fn analysed(&mut self) -> Result<String> {
        let rule = self.site.account.rule("default", &self.canary.name).await.context("reading the rule")?;
        let Some(rule) = rule else { bail!("rule `{}` was made and is not there", self.canary.name) };
        let key = rule.key.clone();
        let found = gather(self.site.account, self.site.catalogue, self.site.home, rule, MAX_READS);
        let found = found.await.context("analysing the rule")?;
        let is_loop =
            |finding: &&Finding| finding.verdict == Verdict::Loop && finding.rules.iter().eq([&key]);
        let Some(finding) = found.analysis.findings.iter().find(is_loop) else {
            let told = found.analysis.rules.iter().find(|rule| rule.key == key);
            let why = told.map(|rule| rule.reasons.join("; ")).unwrap_or_default();
            bail!("the rule is no loop by what can be read with these credentials: {}", escaped(&why));
        };
        let certainty = finding.certainty.map(Certainty::as_str).unwrap_or_default();
        self.see("analysed", format!("{} ({certainty})", finding.id));
        Ok(finding.id.to_string())
    }

    async fn incident(&self) -> Result<Option<Incident>> {
        let newest = self.ledger.incidents(50).await.context("reading the ledger")?;
        Ok(newest.into_iter().find(|incident| incident.rule.name == self.canary.name))
    }

    fn acted(&mut self, incident: &Incident) {
        self.see("seen", format!("the guard wrote incident {}", incident.id));
        let what = match &incident.state {
            State::Intended => return,
            State::Ended { end: End::Acted { .. }, .. } => "disabled",
            State::Ended { .. } | State::Restored { .. } => "ended",
        };
        let is_off = if what == "disabled" { "by the guard" } else { "otherwise than by disabling the rule" };
        self.see(what, is_off.to_owned());
    }

    /// What was told instead of an act.
    async fn refused(&self, finding: &str) -> Result<Option<Step>> {
        for step in Refusal::ALL.map(Step::refused) {
            let due = self.ledger.is_alert_due(&step.key(finding), self.clock.now()).await;
            if !due.context("reading the ledger")? {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }

    /// Notes what is seen for the first time.
    fn see(&mut self, what: &'static str, says: String) {
        if self.at(what).is_none() {
            let at = self.clock.now();
            self.clock.says(&line(self.since(at), what, &says));
            self.seen.push(Seen { what, at, says });
        }
    }

    fn at(&self, what: &str) -> Option<Timestamp> {
        self.seen.iter().find(|seen| seen.what == what).map(|seen| seen.at)
    }

    /// Milliseconds since the canary was made.
    fn since(&self, at: Timestamp) -> u64 {
        at.0.saturating_sub(self.canary.made.0)
    }

    fn told(self, order: &Order<'_>, rounds: Option<usize>) -> Told {
        let done = if self.acts {
            self.at("disabled").filter(|_| self.at("told").is_some())
        } else {
            self.at("told")
        };
        let mut text = String::new();
        if let Some(rounds) = rounds {
            add(&mut text, format_args!("{:>6}  {:<9} {rounds} times\n", "", "ran"));
        }
        add(&mut text, format_args!("{:>6}  {:<9} the rule and its target\n\n", "", "removed"));
        match done {
            Some(at) if self.acts => add(
                &mut text,
                format_args!("the guard stopped a loop {} s after it was made\n", self.since(at) / 1000),
            ),
            Some(at) => add(
                &mut text,
                format_args!(
                    "the guard told of a loop {} s after it was made; mode `{}`{} has it do no more\n",
                    self.since(at) / 1000,
                    order.mode,
                    if order.mode == Mode::Enforce { " with a scope that no new rule can be in" } else { "" }
                ),
            ),
            None => {
                add(&mut text, format_args!("NOT PROVED: {}\n", self.missing(order)));
            }
        }
        let steps: Vec<_> = self
            .seen
            .iter()
            .map(|seen| json!({"what": seen.what, "after_ms": self.since(seen.at), "says": seen.says}))
            .collect();
        let json = json!({
            "rule": &*self.canary.name,
            "mode": order.mode.as_str(),
            "proved": done.is_some(),
            "after_ms": done.map(|at| self.since(at)),
            "rounds": rounds,
            "steps": steps,
        });
        Told { text, json, exit: if done.is_some() { Exit::Clean } else { Exit::Found } }
    }

    /// What did not happen, and where to look.
    fn missing(&self, order: &Order<'_>) -> String {
        if self.at("told").is_some() {
            return "the guard told of the loop and did not disable it; the alert says why".to_owned();
        }
        if self.at("disabled").is_some() {
            return "the rule was disabled, but nobody was told; see the function's log and the dead letters"
                .to_owned();
        }
        if self.at("seen").is_some() {
            return "the guard began to act and did not end; see the function's log and the dead letters"
                .to_owned();
        }
        format!(
            "the guard did nothing within {} minutes; `loopguard doctor` looks along the way, and a trail may take 15 minutes (--for)",
            order.length / 60_000
        )
    }
}

fn told_of(step: &Step) -> String {
    match (step, step.refusal()) {
        (Step::WouldDisable(_), Some(why)) => format!("it would be disabled, but {why}"),
        (_, Some(why)) => format!("it is not disabled: {why}"),
        (_, None) => step.as_str().to_owned(),
    }
}

fn line(after: u64, what: &str, says: &str) -> String {
    format!("{:>4} s  {what:<9} {}\n", after / 1000, escaped(says))
}

#[cfg(test)]
mod tests;
