//! One run of the account, with or without the guard.

use super::account::{self, Example};
use anyhow::{Context, Result};
use loopguard_account::{Alert, MemoryLedger};
use loopguard_analysis::Catalogue;
use loopguard_decision::{Book, Settings, Timestamp};
use loopguard_guard::{Checked, Guard, Known, Outcome};
use loopguard_world::{Counts, Entry, Happening, Limits, Matched, Stop, Twin, World};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Milliseconds of an hour.
const HOUR: u64 = 3_600_000;

/// More events than any run of the example makes; a twin that multiplies its events ends here.
const MAX_EVENTS: u64 = 2_000_000;

/// From a message in the guard's queue to the start of its handler: polling, and a start from cold.
const PICKUP_MS: u64 = 1_500;

/// How often and after how long a message that could not be handled is delivered again.
const REDELIVERIES: u32 = 3;
const REDELIVERY_MS: u64 = 60_000;

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

/// A message on its way to the handler.
#[derive(Debug)]
struct Pending {
    due: u64,
    deliveries: u32,
    text: Arc<str>,
}

impl Course {
    /// Runs the account for some hours of its clock.
    pub(super) fn run(example: &Example, seed: u64, hours: u64, guarded: bool) -> Result<Self> {
        let settings = loopguard_world::Settings {
            account: account::ACCOUNT.to_owned(),
            region: account::REGION.to_owned(),
            ..loopguard_world::Settings::with_seed(seed)
        };
        let mut world = World::new(&example.inventory, &example.script, settings)?;
        let rules = world.rule_names();
        let guard = account::guard_stack()?;
        let role = world.text_of(&guard.role);
        if guarded {
            world.listen(&guard.rule);
        }
        let twin = Twin::new(world, &role);
        let mut watch = Watch::new(&role)?;
        watch.over(&twin, hours * HOUR);
        let world = twin.world();
        let mut beats: Vec<Beat> = world.log().iter().filter_map(beat).collect();
        beats.append(&mut watch.beats);
        // Stable: what the guard did comes after what it saw at the same moment.
        beats.sort_by_key(|beat| beat.at);
        let counts =
            rules.into_iter().filter_map(|(bus, rule)| Some((rule.clone(), world.counts(&bus, &rule)?)));
        let book = watch.ledger.book().clone();
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

/// The guard beside the account: takes what arrives in its queue and handles it, in virtual time.
struct Watch {
    runtime: tokio::runtime::Runtime,
    catalogue: Arc<Catalogue>,
    settings: Settings,
    ledger: MemoryLedger,
    handled: usize,
    pending: VecDeque<Pending>,
    beats: Vec<Beat>,
}

impl Watch {
    fn new(role: &str) -> Result<Self> {
        let settings =
            [("LOOPGUARD_MODE", "enforce"), ("LOOPGUARD_SCOPE", "*"), ("LOOPGUARD_OWN_ROLE_ARN", role)];
        Ok(Self {
            runtime: tokio::runtime::Builder::new_current_thread().build().context("starting the guard")?,
            catalogue: Catalogue::embedded(),
            settings: Settings::from_pairs(settings)?,
            ledger: MemoryLedger::default(),
            handled: 0,
            pending: VecDeque::new(),
            beats: Vec::new(),
        })
    }

    /// Runs the account until `end`; what the guard did is then in `beats` and in the ledger.
    fn over(&mut self, twin: &Twin, end: u64) {
        loop {
            let due = self.pending.front().map_or(end, |pending| pending.due.min(end));
            let stop = twin.world().run(Limits { until: due, events: MAX_EVENTS });
            match stop {
                Stop::Message => self.take(twin),
                Stop::Events => return,
                Stop::Time | Stop::Quiet => match self.pending.pop_front() {
                    Some(pending) if pending.due <= end => self.handle(twin, pending),
                    _ => return,
                },
            }
        }
    }

    fn take(&mut self, twin: &Twin) {
        while let Some(message) = twin.world().take_message() {
            let due = message.at.saturating_add(PICKUP_MS);
            self.pending.push_back(Pending { due, deliveries: 1, text: message.text });
        }
    }

    fn handle(&mut self, twin: &Twin, pending: Pending) {
        let (at, now) = {
            let world = twin.world();
            (world.now(), Timestamp(world.unix_millis()))
        };
        let home = account::home();
        let guard = Guard {
            account: twin,
            ledger: Some(&self.ledger),
            known: &Known::default(),
            catalogue: &self.catalogue,
            settings: &self.settings,
            home: &home,
        };
        self.handled += 1;
        let attempt = self.handled.to_string();
        let outcome = self.runtime.block_on(guard.handle(&pending.text, &attempt, now));
        match outcome {
            Ok(outcome) => self.told(at, outcome, &pending.text),
            Err(error) if pending.deliveries > REDELIVERIES => {
                self.beats.push(Beat { at, what: What::Failed(error.to_string()) });
            }
            Err(_) => self.pending.push_back(Pending {
                due: at.saturating_add(REDELIVERY_MS),
                deliveries: pending.deliveries + 1,
                text: pending.text,
            }),
        }
        for reminder in twin.take_reminders() {
            self.pending.push_back(Pending { due: reminder.at, deliveries: 1, text: reminder.text.into() });
        }
        self.pending.make_contiguous().sort_by_key(|pending| pending.due);
    }

    fn told(&mut self, at: u64, outcome: Outcome, message: &str) {
        let what: Vec<What> = match outcome {
            Outcome::Judged(judgements) => {
                let alerts: Vec<Box<Alert>> = judgements.into_iter().filter_map(|one| one.alert).collect();
                if alerts.is_empty() {
                    vec![What::Harmless { rule: rule_of(message) }]
                } else {
                    alerts.into_iter().map(What::Told).collect()
                }
            }
            Outcome::Checked(Some(checked)) => vec![What::Checked(checked)],
            Outcome::Ignored(_)
            | Outcome::Looked(_)
            | Outcome::Scanned(_)
            | Outcome::Swept(_)
            | Outcome::Noted(_)
            | Outcome::Checked(None) => Vec::new(),
        };
        self.beats.extend(what.into_iter().map(|what| Beat { at, what }));
    }
}

/// Returns the rule that the record of a change names.
fn rule_of(record: &str) -> Arc<str> {
    let record: serde_json::Value = serde_json::from_str(record).unwrap_or_default();
    let parameters = record.pointer("/detail/requestParameters");
    let named = |key: &str| parameters.and_then(|parameters| parameters.get(key)?.as_str());
    named("rule").or_else(|| named("name")).unwrap_or_default().into()
}
