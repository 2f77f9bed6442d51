//! One run of the account, with or without the guard.

use super::account::{self, Example};
use crate::beside;
use anyhow::{Context, Result};
use loopguard_account::Alert;
use loopguard_decision::Book;
use loopguard_guard::{Checked, Outcome};
use loopguard_rehearsal::{Company, Deed, Did, Rehearsal};
use loopguard_world::{Counts, Entry, Happening, Matched, Twin};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Milliseconds of an hour.
const HOUR: u64 = 3_600_000;

/// More events than any run of the example makes; a twin that multiplies its events ends here.
const MAX_EVENTS: u64 = 2_000_000;

/// What came of one run.
#[derive(Debug)]
pub(super) struct Course {
    /// Every rule of the account by name, and how often it ran.
    pub(super) counts: BTreeMap<Arc<str>, Counts>,
    /// What is worth telling, in order.
    pub(super) beats: Vec<Beat>,
    /// Hours of virtual time.
    pub(super) hours: u64,
    /// What the guard wrote down.
    pub(super) book: Book,
}

/// One line of the timeline.
#[derive(Debug)]
pub(super) struct Beat {
    /// Milliseconds since the start.
    pub(super) at: u64,
    pub(super) what: What,
}

/// What a line tells.
#[derive(Debug)]
pub(super) enum What {
    /// A rule came into the account with its targets.
    Deployed(Arc<str>),
    /// A rule matched.
    Round(Box<Matched>),
    /// The bus stopped or began to act on a rule.
    Settled { rule: Arc<str>, on: bool },
    /// The guard looked at a change and found nothing to tell.
    Harmless { rule: Arc<str> },
    /// The guard told something, after a change.
    Told(Box<Alert>),
    /// The guard looked again whether a rule that it disabled is still off.
    Checked(Checked),
    /// The guard could not handle a change.
    Failed(String),
}

impl Course {
    /// Runs the account for some hours of its clock.
    pub(super) fn run(example: &Example, seed: u64, hours: u64, guarded: bool) -> Result<Self> {
        let mut world = account::world(example, seed)?;
        let rules = world.rule_names();
        let guard = beside::guard_stack(&account::home())?;
        let role = world.text_of(&guard.role);
        if guarded {
            world.listen(&guard.rule);
        }
        let owner = beside::owner(&account::home(), &[("LOOPGUARD_OWN_ROLE_ARN", &role)], Company::Guard)?;
        let rehearsal = Rehearsal::new(Twin::new(world, &role), owner).context("starting the guard")?;
        let mut rehearsal = rehearsal.with_most_events(MAX_EVENTS);
        rehearsal.run(hours * HOUR);
        let world = rehearsal.twin().world();
        let mut beats: Vec<Beat> = world.log().iter().filter_map(beat).collect();
        beats.extend(rehearsal.deeds().iter().flat_map(told));
        // Stable: what the guard did comes after what it saw at the same moment.
        beats.sort_by_key(|beat| beat.at);
        let counts =
            rules.into_iter().filter_map(|(bus, rule)| Some((rule.clone(), world.counts(&bus, &rule)?)));
        let book = rehearsal.ledger().book().clone();
        Ok(Self { counts: counts.collect(), beats, hours, book })
    }
}

fn beat(entry: &Entry) -> Option<Beat> {
    let what = match &entry.what {
        Happening::Matched(matched) => What::Round(Box::new(matched.clone())),
        Happening::Changed { rule, by } if &**by == "PutTargets" => What::Deployed(rule.clone()),
        Happening::Settled { rule, on } => What::Settled { rule: rule.clone(), on: *on },
        _ => return None,
    };
    Some(Beat { at: entry.at, what })
}

/// What a deed of the guard's is worth telling.
fn told(deed: &Deed) -> Vec<Beat> {
    let what: Vec<What> = match &deed.did {
        Did::Handled { message, outcome: Outcome::Judged(judgements) } => {
            let alerts: Vec<Box<Alert>> = judgements.iter().filter_map(|one| one.alert.clone()).collect();
            if alerts.is_empty() {
                vec![What::Harmless { rule: rule_of(message) }]
            } else {
                alerts.into_iter().map(What::Told).collect()
            }
        }
        Did::Handled { outcome: Outcome::Checked(Some(checked)), .. } => {
            vec![What::Checked(checked.clone())]
        }
        Did::Gave { up } => vec![What::Failed(up.to_string())],
        _ => Vec::new(),
    };
    what.into_iter().map(|what| Beat { at: deed.at, what }).collect()
}

/// Returns the rule that the record of a change names.
fn rule_of(record: &str) -> Arc<str> {
    let record: serde_json::Value = serde_json::from_str(record).unwrap_or_default();
    let parameters = record.pointer("/detail/requestParameters");
    let named = |key: &str| parameters.and_then(|parameters| parameters.get(key)?.as_str());
    named("rule").or_else(|| named("name")).unwrap_or_default().into()
}
