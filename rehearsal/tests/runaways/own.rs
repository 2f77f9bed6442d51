//! What the stack itself calls, runs and writes in a month, counted: in accounts of so many rules in which nothing happens, and
//! in which one loop runs away once.

use super::MINUTE;
use super::account::Place;
use super::shapes::stack;
use loopguard_rehearsal::{Calls, Company, Emitted, Rehearsal, Tally};
use loopguard_world::Script;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing_subscriber::fmt::MakeWriter;

const DAY: u64 = 24 * 60 * MINUTE;
pub const DAYS: u64 = 30;

/// What so much time took.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Taken {
    /// API calls by operation.
    pub calls: BTreeMap<&'static str, u64>,
    /// What is billed for them, by the ids of prices.
    pub units: BTreeMap<&'static str, u64>,
    /// Messages that the guard handled, each by a run of its own, and wakes of the sentinel.
    pub runs: (u64, u64),
    /// How often one of them analysed a rule: each time the role of its target was read, and there is one.
    pub analyses: u64,
    /// Milliseconds that they waited for answers.
    pub waited: u64,
    /// Bytes of logs, metrics among them.
    pub log_bytes: u64,
    /// Hours in which a metric was sent, for all metrics together.
    pub metric_hours: u64,
}

impl Taken {
    /// Returns both together.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.join(other, |one, other| one + other);
        self
    }

    /// Returns as far as it is more than that.
    #[must_use]
    pub fn without(mut self, less: &Self) -> Self {
        self.join(less, u64::saturating_sub);
        self
    }

    /// Returns the same so many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        let same = self.clone();
        self.join(&same, |one, _| one * times);
        self
    }

    fn join(&mut self, other: &Self, both: impl Fn(u64, u64) -> u64) {
        let maps = [(&mut self.calls, &other.calls), (&mut self.units, &other.units)];
        for (one, other) in maps {
            for key in other.keys() {
                one.entry(key).or_default();
            }
            for (key, count) in one {
                *count = both(*count, other.get(key).copied().unwrap_or_default());
            }
        }
        let numbers = [
            (&mut self.runs.0, other.runs.0),
            (&mut self.runs.1, other.runs.1),
            (&mut self.analyses, other.analyses),
            (&mut self.waited, other.waited),
            (&mut self.log_bytes, other.log_bytes),
            (&mut self.metric_hours, other.metric_hours),
        ];
        for (one, other) in numbers {
            *one = both(*one, other);
        }
    }
}

/// Counts the bytes of each function's log, as Lambda's runtime writes it.
#[derive(Debug, Clone, Default)]
struct Log(Arc<[AtomicU64; 2]>);

/// What one line goes through.
struct Line(Log, usize);

impl io::Write for Line {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.0[self.1].fetch_add(text.len() as u64, Ordering::Relaxed);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(self.clone(), 0)
    }

    fn make_writer_for(&'a self, of: &tracing::Metadata<'_>) -> Line {
        Line(self.clone(), usize::from(of.target().starts_with("loopguard_sentinel")))
    }
}

/// As long as it is there, lines are counted.
struct Listens {
    _other: Dispatch,
    _own: DefaultGuard,
}

impl Log {
    /// Has the log of this thread counted: what `lambda_runtime`'s own subscriber writes in Lambda's JSON format.
    fn listen(&self) -> Listens {
        // While there is one subscriber alone, a callsite that another thread reaches first asks that thread's, which is none,
        // and is off for all: so there are two.
        let other = Dispatch::new(NoSubscriber::new());
        let subscriber = tracing_subscriber::fmt().with_target(false).without_time().json();
        let subscriber = subscriber.with_writer(self.clone()).finish();
        Listens { _other: other, _own: tracing::subscriber::set_default(subscriber) }
    }
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

/// An account with both functions beside it, and all that is counted of them.
struct Counted {
    rehearsal: Rehearsal,
    log: Log,
    _listens: Listens,
}

impl Counted {
    fn new(rules: usize, on_cycles: usize, script: &str) -> Self {
        let settings =
            [("MODE", "enforce"), ("SCOPE", "*"), ("TRIPWIRES", "on-suspicion"), ("INVENTORY", "loopguard")];
        let settings = settings.map(|(key, value)| (format!("LOOPGUARD_{key}"), value.to_owned()));
        let place = Place::of(&template(rules, on_cycles));
        let script = Script::parse(script).unwrap();
        let rehearsal = place.rehearse(&script, 1, (20_000, 60_000), &settings, Company::Both);
        let log = Log::default();
        let listens = log.listen();
        Self { rehearsal, log, _listens: listens }
    }

    fn live(&mut self, days: u64) {
        assert!(self.rehearsal.run(days * DAY - 1));
        self.rehearsal.take_deeds();
    }

    fn guard(&self) -> Taken {
        let runs = (self.rehearsal.runs().0, 0);
        let mut taken = self.taken(&self.rehearsal.guard_calls(), self.rehearsal.guard_emitted(), runs, 0);
        // Whoever sent a message, it is sent, received and deleted.
        taken.units.insert("sqs-request", runs.0 * 3);
        taken.units.insert("scheduler-invocation", self.rehearsal.schedules().0);
        taken
    }

    fn sentinel(&self) -> Taken {
        let runs = (0, self.rehearsal.runs().1);
        let mut taken =
            self.taken(&self.rehearsal.sentinel_calls(), self.rehearsal.sentinel_emitted(), runs, 1);
        taken.units.insert("scheduler-invocation", self.rehearsal.schedules().1);
        taken
    }

    fn taken(&self, tally: &Tally, emitted: &Emitted, runs: (u64, u64), log: usize) -> Taken {
        let calls = Calls::of(tally);
        assert!(calls.unknown.is_empty(), "{:?}", calls.unknown);
        let log_bytes = self.log.0[log].load(Ordering::Relaxed) + emitted.bytes;
        let metric_hours = emitted.metric_hours();
        let Calls { calls, units, waited, .. } = calls;
        let analyses = calls.get("iam:GetRole").copied().unwrap_or_default();
        Taken { calls, units, runs, analyses, waited, log_bytes, metric_hours }
    }
}

/// An account that has lived for two days in which nothing happened.
pub struct TwoDays {
    counted: Counted,
    first: Taken,
    both: Taken,
}

impl TwoDays {
    /// Lives through them.
    pub fn of(rules: usize, on_cycles: usize) -> Self {
        let mut counted = Counted::new(rules, on_cycles, "");
        counted.live(1);
        let first = counted.guard();
        counted.live(2);
        let both = counted.guard();
        Self { counted, first, both }
    }

    /// The guard's first day, as far as it takes more than the second: what was seen of every rule is kept.
    pub fn install(&self) -> Taken {
        self.first.clone().and(&self.first).without(&self.both)
    }

    /// A month of such days. The guard's second day is taken thirty times, since each but the first is like it; the sentinel's month is
    /// lived through.
    pub fn month(self) -> Taken {
        let Self { mut counted, first, both } = self;
        counted.rehearsal.end_scans();
        for day in 3..=DAYS {
            counted.live(day);
        }
        both.without(&first).times(DAYS).and(&counted.sentinel())
    }
}

/// What one loop adds that runs away, three hundred chains at CloudTrail's usual latency, until it is stopped and calm: the
/// difference of two days.
pub fn incident(rules: usize, on_cycles: usize) -> Taken {
    let script = "[[run]]\nof = \"fr0\"\n[[run.call]]\napi = \"s3:PutBucketAcl\"\nafter_ms = 400\n\
                  parameters = { bucketName = \"b0\" }\n\
                  [[call]]\nat_ms = 7_200_000\ntimes = 300\nevery_ms = 200\napi = \"s3:PutBucketAcl\"\n\
                  by = \"arn:aws:iam::111122223333:user/platform\"\nparameters = { bucketName = \"b0\" }\n";
    let day = |script: &str| {
        let mut counted = Counted::new(rules, on_cycles, script);
        assert!(counted.rehearsal.run(DAY - 1));
        let stopped = counted.rehearsal.alerts().any(|(_, alert)| alert.step.as_str() == "disabled");
        (counted.guard().and(&counted.sentinel()), stopped)
    };
    let ((quiet, _), (busy, stopped)) = (day(""), day(script));
    assert!(stopped, "the loop was not stopped");
    busy.without(&quiet)
}
