//! The clock: what happens in the account, what reaches the functions, when they are woken.

use crate::{Emitted, Tally, Tap};
use loopguard_account::{Alert, MemoryLedger, Metric, MetricQuery, Notice, Timestamp, Watch, Watched};
use loopguard_analysis::Catalogue;
use loopguard_decision::Settings;
use loopguard_decision::rates::Pace;
use loopguard_guard::{Guard, HandleError, Known, Outcome};
use loopguard_model::Scope;
use loopguard_sentinel::{Round, Sentinel, Wake, WatchError};
use loopguard_world::{Limits, Message, Stop, Twin};
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::{Builder, Runtime};

const MINUTE: u64 = 60_000;

/// From a message in the guard's queue to the start of its handler: polling, and a start from cold.
const PICKUP: u64 = 1_500;

/// How often a queue is asked by a function that takes no message.
const POLL: u64 = 20_000;

/// How often and after how long a message that could not be handled is delivered again.
const REDELIVERIES: u32 = 3;
const REDELIVERY: u64 = MINUTE;

/// The schedules of the template: the sentinel's wake, the guard's sweep and its scan of all rules.
const WATCH: u64 = MINUTE;
const SWEEP: u64 = 5 * MINUTE;
const SCAN: u64 = 24 * 60 * MINUTE;

/// The template's default of `AccountRate`, for an owner who has said nothing of it.
pub const ACCOUNT_RATE: u64 = 60_000;

/// The alarm of the template looks at so much time, and tells of it a moment after it has passed.
const ALARM: u64 = 5 * MINUTE;
const ALARM_TELLS: u64 = 20_000;

/// Who is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// The guard, with what reaches its queue and nothing else.
    Guard,
    /// Both, with their schedules and the alarm.
    Both,
}

/// What the owner has said, and where.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The functions' settings.
    pub settings: Settings,
    /// Invocations of all rules in five minutes above which the alarm wakes the sentinel: the template's `AccountRate`.
    pub account_rate: u64,
    /// The account and region, as literals.
    pub home: Scope,
    /// Who is deployed.
    pub company: Company,
}

/// Something that the functions did.
#[derive(Debug)]
pub struct Deed {
    /// When, in milliseconds of the account's clock.
    pub at: u64,
    /// What.
    pub did: Did,
}

/// The kinds of things that the functions do.
#[derive(Debug)]
pub enum Did {
    /// The guard handled a message; what tripwires caught is left out.
    Handled {
        /// The message.
        message: Arc<str>,
        /// What came of it.
        outcome: Outcome,
    },
    /// The guard could not handle a message, however often it came.
    Gave {
        /// Why.
        up: HandleError,
    },
    /// The guard told something.
    Told(Box<Alert>),
    /// The sentinel made a round.
    Watched(Box<Round>),
    /// A round of the sentinel was not whole.
    Missed(WatchError),
    /// The sentinel told something.
    Noticed(Box<Notice>),
}

/// An account with the functions beside it.
#[derive(Debug)]
pub struct Rehearsal {
    twin: Twin,
    ledger: MemoryLedger,
    owner: Owner,
    catalogue: Arc<Catalogue>,
    known: Known,
    runtime: Runtime,
    agenda: BTreeMap<(u64, u64), Entry>,
    entries: u64,
    handled: u64,
    woken: u64,
    scheduled: (u64, u64),
    in_alarm: bool,
    most_events: u64,
    refused: Vec<&'static str>,
    /// Until then the guard takes no message.
    stalled: u64,
    guard_calls: Mutex<Tally>,
    sentinel_calls: Mutex<Tally>,
    guard_emitted: Emitted,
    sentinel_emitted: Emitted,
    deeds: Vec<Deed>,
}

/// What is to come.
#[derive(Debug)]
enum Entry {
    Message { text: Arc<str>, sent: u64, deliveries: u32 },
    Scheduled { text: &'static str, every: u64 },
    Watch,
    Alarm,
}

impl Rehearsal {
    /// Returns the account with the functions beside it, at the time that its clock shows.
    pub fn new(twin: Twin, owner: Owner) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().build()?;
        let start = twin.world().now();
        let mut rehearsal = Self {
            twin,
            ledger: MemoryLedger::default(),
            catalogue: Catalogue::embedded(),
            known: Known::default(),
            runtime,
            agenda: BTreeMap::new(),
            entries: 0,
            handled: 0,
            woken: 0,
            scheduled: (0, 0),
            in_alarm: false,
            most_events: u64::MAX,
            refused: Vec::new(),
            stalled: 0,
            guard_calls: Mutex::default(),
            sentinel_calls: Mutex::default(),
            guard_emitted: Emitted::default(),
            sentinel_emitted: Emitted::default(),
            deeds: Vec::new(),
            owner,
        };
        if rehearsal.owner.company == Company::Both {
            // A rate begins with the deployment (EventBridge Scheduler User Guide, rate-based schedules).
            let scheduled = |text, every| Entry::Scheduled { text, every };
            rehearsal.plan(start, scheduled(r#"{"loopguard":"scan"}"#, SCAN));
            rehearsal.plan(start, scheduled(r#"{"loopguard":"sweep"}"#, SWEEP));
            rehearsal.plan(start + WATCH, Entry::Watch);
            rehearsal.plan(start + ALARM + ALARM_TELLS, Entry::Alarm);
        }
        Ok(rehearsal)
    }

    /// Ends a run of the clock at so many events: a loop that multiplies them ends the run, not the machine.
    #[must_use]
    pub fn with_most_events(self, most_events: u64) -> Self {
        Self { most_events, ..self }
    }

    /// Lets everything happen until then, in milliseconds of the account's clock. Returns false iff the run ended before
    /// that, at the most events.
    pub fn run(&mut self, until: u64) -> bool {
        loop {
            let due = self.agenda.first_key_value().map_or(until, |((due, _), _)| (*due).min(until));
            let stop = self.twin.world().run(Limits { until: due, events: self.most_events });
            match stop {
                Stop::Message => self.take(),
                Stop::Events => return false,
                Stop::Time | Stop::Quiet => {
                    let next = self.agenda.first_entry().filter(|next| next.key().0 <= until);
                    let Some(next) = next else { return true };
                    let entry = next.remove();
                    self.perform(entry);
                }
            }
        }
    }

    /// Has the guard handle a message now, as if it had been in its queue.
    pub fn hand(&mut self, message: &str) {
        let now = self.now();
        self.handle(message.into(), now, REDELIVERIES + 1);
    }

    /// Makes a round of the sentinel now. An error is that of the round, which is among the deeds, too.
    pub fn round(&mut self, wake: &Wake) -> Result<Round, Box<WatchError>> {
        self.woken += 1;
        let round = {
            let sentinel = Sentinel {
                account: &Tap::new(&self.twin, &self.sentinel_calls, &self.refused),
                ledger: &Tap::new(&self.ledger, &self.sentinel_calls, &[]),
                catalogue: &self.catalogue,
                settings: &self.owner.settings,
                home: &self.owner.home,
                pace: Pace::IDLE,
            };
            let _runs = invocation(self.woken).entered();
            self.runtime.block_on(sentinel.round(wake, self.unix()))
        };
        let line = round.as_ref().ok().and_then(|round| loopguard_sentinel::metrics(round, self.unix()));
        if let Some(line) = line {
            let now = self.now();
            self.sentinel_emitted.take(&line, now);
        }
        self.heard();
        let did = match &round {
            Ok(round) => Did::Watched(Box::new(round.clone())),
            Err(error) => Did::Missed(error.clone()),
        };
        self.note(did);
        round.map_err(Box::new)
    }

    /// Ends the daily scans: in an account in which nothing changes each is like the last.
    pub fn end_scans(&mut self) {
        self.agenda.retain(|_, entry| !matches!(entry, Entry::Scheduled { every: SCAN, .. }));
    }

    /// Has these calls of the sentinel fail from now on, by the methods' names.
    pub fn refuse(&mut self, methods: &[&'static str]) {
        self.refused = methods.to_vec();
    }

    /// Has both functions run with other settings from now on.
    pub fn deploy(&mut self, settings: Settings) {
        self.owner.settings = settings;
    }

    /// Has the guard take no message until then, in milliseconds of the account's clock: it is throttled, or fails.
    pub fn stall(&mut self, until: u64) {
        self.stalled = until;
    }

    /// Returns the account.
    pub fn twin(&self) -> &Twin {
        &self.twin
    }

    /// Returns what both have written down.
    pub fn ledger(&self) -> &MemoryLedger {
        &self.ledger
    }

    /// Returns what the functions did, in order.
    pub fn deeds(&self) -> &[Deed] {
        &self.deeds
    }

    /// Returns what the functions did since the last time, in order; it is forgotten here.
    pub fn take_deeds(&mut self) -> Vec<Deed> {
        std::mem::take(&mut self.deeds)
    }

    /// Returns the alerts among the deeds, with their times.
    pub fn alerts(&self) -> impl Iterator<Item = (u64, &Alert)> {
        self.deeds.iter().filter_map(|deed| match &deed.did {
            Did::Told(alert) => Some((deed.at, &**alert)),
            _ => None,
        })
    }

    /// Returns the notices among the deeds, with their times.
    pub fn notices(&self) -> impl Iterator<Item = (u64, &Notice)> {
        self.deeds.iter().filter_map(|deed| match &deed.did {
            Did::Noticed(notice) => Some((deed.at, &**notice)),
            _ => None,
        })
    }

    /// Returns the whole rounds among the deeds, with their times.
    pub fn rounds(&self) -> impl Iterator<Item = (u64, &Round)> {
        self.deeds.iter().filter_map(|deed| match &deed.did {
            Did::Watched(round) => Some((deed.at, &**round)),
            _ => None,
        })
    }

    /// Returns the guard's calls so far.
    pub fn guard_calls(&self) -> Tally {
        tally(&self.guard_calls).clone()
    }

    /// Returns the sentinel's calls so far.
    pub fn sentinel_calls(&self) -> Tally {
        tally(&self.sentinel_calls).clone()
    }

    /// Returns what the guard wrote as metrics so far.
    pub fn guard_emitted(&self) -> &Emitted {
        &self.guard_emitted
    }

    /// Returns what the sentinel wrote as metrics so far.
    pub fn sentinel_emitted(&self) -> &Emitted {
        &self.sentinel_emitted
    }

    /// Returns how many messages the guard has handled, those of schedules too, and how often the sentinel was woken.
    pub fn runs(&self) -> (u64, u64) {
        (self.handled, self.woken)
    }

    /// Returns how often a schedule has sent the guard a message, and woken the sentinel.
    pub fn schedules(&self) -> (u64, u64) {
        self.scheduled
    }

    fn now(&self) -> u64 {
        self.twin.world().now()
    }

    fn unix(&self) -> Timestamp {
        Timestamp(self.twin.world().unix_millis())
    }

    fn plan(&mut self, at: u64, entry: Entry) {
        self.entries += 1;
        self.agenda.insert((at, self.entries), entry);
    }

    fn note(&mut self, did: Did) {
        let at = self.now();
        self.deeds.push(Deed { at, did });
    }

    fn take(&mut self) {
        let next = |twin: &Twin| twin.world().take_message();
        while let Some(Message { at, text, .. }) = next(&self.twin) {
            self.plan(at + PICKUP, Entry::Message { text, sent: at, deliveries: 1 });
        }
    }

    fn perform(&mut self, entry: Entry) {
        let now = self.now();
        match entry {
            Entry::Message { text, sent, deliveries } => {
                self.twin.note_wait(now.saturating_sub(sent));
                if now < self.stalled {
                    self.plan(now + POLL, Entry::Message { text, sent, deliveries });
                } else {
                    self.handle(text, sent, deliveries);
                }
            }
            Entry::Scheduled { text, every } => {
                self.plan(now + every, Entry::Scheduled { text, every });
                self.scheduled.0 += 1;
                self.handle(text.into(), now, 1);
            }
            Entry::Watch => {
                self.plan(now + WATCH, Entry::Watch);
                self.scheduled.1 += 1;
                // The deeds say what came of it.
                drop(self.round(&Wake::Clock));
            }
            Entry::Alarm => {
                self.plan(now + ALARM, Entry::Alarm);
                let above = self.invocations(now) > self.owner.account_rate;
                // An alarm tells when it begins, not while it goes on.
                if above && !self.in_alarm {
                    drop(self.round(&Wake::Alarm { name: "RateAlarm".to_owned() }));
                }
                self.in_alarm = above;
            }
        }
    }

    /// How often all rules together ran their targets in the alarm's last period.
    fn invocations(&self, now: u64) -> u64 {
        let minutes = ALARM / MINUTE;
        let metric = Metric::InvocationsCreated;
        let query = MetricQuery { metric, of: Watched::Account, step: minutes, minutes };
        let at = Timestamp(self.unix().0 - now % ALARM);
        let series = self.runtime.block_on(self.twin.read(&[query], at)).unwrap_or_default();
        let minute = loopguard_decision::rates::Minute::of(at);
        series.first().map_or(0, |series| series.sum(minute.back(minutes), minute))
    }

    fn handle(&mut self, text: Arc<str>, sent: u64, deliveries: u32) {
        self.handled += 1;
        let (attempt, now) = (self.handled.to_string(), self.unix());
        let sent_at = Timestamp(now.0.saturating_sub(self.now().saturating_sub(sent)));
        let outcome = {
            let guard = Guard {
                account: &Tap::new(&self.twin, &self.guard_calls, &[]),
                ledger: Some(&Tap::new(&self.ledger, &self.guard_calls, &[])),
                known: &self.known,
                catalogue: &self.catalogue,
                settings: &self.owner.settings,
                home: &self.owner.home,
            };
            let _runs = invocation(self.handled).entered();
            self.runtime.block_on(guard.handle_sent(&text, sent_at, &attempt, now))
        };
        let handled = [outcome];
        if let Some(line) = loopguard_guard::metrics(&handled, self.known.take_unkept(), now) {
            let now = self.now();
            self.guard_emitted.take(&line, now);
        }
        self.heard();
        let [outcome] = handled;
        match outcome {
            // There may be thousands a minute of them.
            Ok(Outcome::Noted(_) | Outcome::Ignored(_)) => {}
            Ok(outcome) => self.note(Did::Handled { message: text, outcome }),
            Err(up) if deliveries > REDELIVERIES => self.note(Did::Gave { up }),
            Err(_) => {
                let again = Entry::Message { text, sent, deliveries: deliveries + 1 };
                self.plan(self.now() + REDELIVERY, again);
            }
        }
    }

    /// Takes what the functions told and what they sent to the guard's queue.
    fn heard(&mut self) {
        for alert in self.twin.take_alerts() {
            self.note(Did::Told(Box::new(alert)));
        }
        for notice in self.twin.take_notices() {
            self.note(Did::Noticed(Box::new(notice)));
        }
        for reminder in self.twin.take_reminders() {
            let text = reminder.text.into();
            self.plan(reminder.at + PICKUP, Entry::Message { text, sent: reminder.at, deliveries: 1 });
        }
    }

    /// Waits for an answer about the account or the ledger; none takes any time here.
    pub fn ask<T>(&self, answer: impl Future<Output = T>) -> T {
        self.runtime.block_on(answer)
    }
}

/// The span in which Lambda's runtime runs a handler: what a line of the log says of it has the length that it has there.
fn invocation(count: u64) -> tracing::Span {
    let request = format!("00000000-0000-4000-8000-{count:012}");
    let trace = format!("Root=1-00000000-{count:024};Parent=0000000000000000;Sampled=0;Lineage=1:00000000:0");
    tracing::info_span!("Lambda runtime invoke", requestId = request, xrayTraceId = trace)
}

fn tally(of: &Mutex<Tally>) -> MutexGuard<'_, Tally> {
    // A count is whole after each write.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{ACCOUNT_RATE, SWEEP, WATCH};

    /// What runs here is what the template deploys.
    #[test]
    fn the_times_and_the_rate_are_those_of_the_template() {
        let template = include_str!("../../template.yaml");
        assert!(
            template.contains(&format!("  AccountRate:\n    Type: Number\n    Default: {ACCOUNT_RATE}\n"))
        );
        let every = |minutes: u64| match minutes {
            1 => "rate(1 minute)".to_owned(),
            more => format!("rate({more} minutes)"),
        };
        for schedule in [WATCH, SWEEP] {
            let rate = every(schedule / super::MINUTE);
            assert!(template.contains(&format!("ScheduleExpression: {rate}\n")), "{rate}");
        }
        assert!(template.contains("ScheduleExpression: rate(1 day)\n"));
    }
}
