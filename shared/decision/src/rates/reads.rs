//! Which metrics to read in a round, in batches, and at which price.

use crate::cost::{Money, Prices};
use crate::{RuleRef, Timestamp};
use serde::Deserialize;
use std::sync::Arc;

/// One call of `GetMetricData` takes so many metrics (API reference).
pub const METRICS_PER_CALL: usize = 500;

/// A metric that the sentinel reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Deliveries of all rules of all buses, before throttling.
    InvocationsCreated,
    /// How often a rule ran one of its targets.
    Invocations,
    /// How many events a rule matched.
    MatchedEvents,
    /// How often a rule ran.
    TriggeredRules,
    /// How often it did not, for throttling.
    ThrottledRules,
    /// Deliveries that failed for good.
    FailedInvocations,
    /// Events that went to the dead-letter queue; the platform sends those of some loops there.
    DeadLetterInvocations,
    /// How often a function ran, whoever started it.
    FunctionRuns,
    /// How long a function ran, in milliseconds summed up.
    FunctionMilliseconds,
    /// How often a state machine was started, whoever started it.
    MachineRuns,
    /// How many bytes a log group took in.
    LogBytes,
    /// How long the oldest message of a queue has waited, in seconds.
    OldestMessage,
}

/// What a metric is read of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Watched {
    /// The account.
    Account,
    /// A rule.
    Rule(RuleRef),
    /// A function by name.
    Function(Arc<str>),
    /// A state machine by ARN.
    Machine(Arc<str>),
    /// A log group by name.
    LogGroup(Arc<str>),
    /// A queue by name.
    Queue(Arc<str>),
}

/// One metric of one thing over some minutes before now, by its [`Metric::statistic`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricQuery {
    /// Which.
    pub metric: Metric,
    /// Of what.
    pub of: Watched,
    /// The length of one point in minutes.
    pub step: u64,
    /// How far back.
    pub minutes: u64,
}

/// A rule that is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedRule {
    /// The rule.
    pub rule: RuleRef,
    /// Whether the analysis has found it on a cycle.
    pub on_cycle: bool,
}

/// How often what is read while nothing is unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Minutes between two reads of the account's metric.
    pub account: u64,
    /// Minutes between two reads of the rules on cycles.
    pub cycles: u64,
    /// Minutes between two sweeps of all rules.
    pub sweep: u64,
    /// A sweep reads at most so many metrics a month, and is made more seldom where there are more rules.
    pub most_swept_in_a_month: u64,
}

/// What is known of the account before a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Whether the account's rate is unusual.
    pub is_unusual: bool,
    /// When the rules on cycles were last read.
    pub cycles_read: Option<Timestamp>,
    /// When all rules were last read.
    pub swept: Option<Timestamp>,
}

/// Which rules a round reads, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reads {
    /// None: nothing is unusual, and nothing is due.
    None,
    /// Those on cycles, since they are due.
    CyclesDue,
    /// Those on cycles, since the account's rate is unusual: they are the first to ask.
    CyclesFirst,
    /// All, since the account's rate is unusual and those on cycles have just been read.
    AllUnexplained,
    /// All, since a sweep is due.
    Sweep,
}

/// What to read in a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPlan {
    /// Which rules, and why.
    pub reads: Reads,
    /// The queries, at most [`METRICS_PER_CALL`] a call.
    pub calls: Vec<Vec<MetricQuery>>,
}

const MONTH_MINUTES: u64 = 30 * 24 * 60;

impl Pace {
    /// The pace at which an idle account of 300 rules costs less than a dollar a month.
    pub const IDLE: Self = Self { account: 5, cycles: 15, sweep: 6 * 60, most_swept_in_a_month: 40_000 };

    /// Returns the minutes between two sweeps of so many rules.
    pub fn sweep_of(&self, rules: usize) -> u64 {
        let rules = u64::try_from(rules).unwrap_or(u64::MAX);
        let affordable = (self.most_swept_in_a_month / rules.max(1)).max(1);
        self.sweep.max(MONTH_MINUTES / affordable)
    }

    /// Returns how many metrics are read in an idle month of 30 days.
    pub fn metrics_in_a_month(&self, rules: usize, on_cycles: usize) -> u64 {
        let of = |count: usize, every: u64| {
            u64::try_from(count).unwrap_or(u64::MAX) * (MONTH_MINUTES / every.max(1))
        };
        of(1, self.account) + of(on_cycles, self.cycles) + of(rules, self.sweep_of(rules))
    }
}

/// Returns the read of the account's own metric, which decides whether rules are read.
pub fn account_reads(minutes: u64) -> MetricQuery {
    MetricQuery { metric: Metric::InvocationsCreated, of: Watched::Account, step: 1, minutes }
}

/// Returns which rules to read in this round: one metric each, how often the rule ran.
///
/// While the account's rate is unusual the rules on cycles are asked first, and all in the next round if that was
/// within the last five minutes. Else those on cycles and all rules are read at their own pace.
pub fn rule_reads(rules: &[WatchedRule], account: Account, pace: &Pace, now: Timestamp) -> ReadPlan {
    let due = |last: Option<Timestamp>, minutes: u64| {
        last.is_none_or(|last| now.0.saturating_sub(last.0) >= minutes.saturating_mul(60_000))
    };
    let has_cycles = rules.iter().any(|rule| rule.on_cycle);
    let reads = if due(account.swept, pace.sweep_of(rules.len())) {
        Reads::Sweep
    } else if account.is_unusual {
        if has_cycles && due(account.cycles_read, pace.account) {
            Reads::CyclesFirst
        } else {
            Reads::AllUnexplained
        }
    } else if has_cycles && due(account.cycles_read, pace.cycles) {
        Reads::CyclesDue
    } else {
        Reads::None
    };
    let minutes = 60;
    let query = |rule: &WatchedRule| MetricQuery {
        metric: Metric::TriggeredRules,
        of: Watched::Rule(rule.rule.clone()),
        step: 1,
        minutes,
    };
    let asked = |rule: &&WatchedRule| match reads {
        Reads::None => false,
        Reads::CyclesDue | Reads::CyclesFirst => rule.on_cycle,
        Reads::AllUnexplained | Reads::Sweep => true,
    };
    // Those on cycles come first, so that a call that fails loses the others.
    let mut asked: Vec<&WatchedRule> = rules.iter().filter(asked).collect();
    asked.sort_by_key(|rule| !rule.on_cycle);
    ReadPlan { reads, calls: batches(asked.into_iter().map(query)) }
}

/// Returns the reads by which a rule's rate is judged: how often it ran minute by minute, and two weeks of that.
pub fn rate_reads(rule: &RuleRef) -> [MetricQuery; 2] {
    let of = |step, minutes| MetricQuery {
        metric: Metric::TriggeredRules,
        of: Watched::Rule(rule.clone()),
        step,
        minutes,
    };
    [of(1, 180), of(5, 14 * 24 * 60)]
}

/// Returns the reads that say whether tripwires could deliver: of each what failed, and how far the guard's queue is behind,
/// minute by minute.
pub fn delivery_reads(tripwires: &[RuleRef], queue: Option<&str>, minutes: u64) -> Vec<MetricQuery> {
    let of = |metric, of| MetricQuery { metric, of, step: 1, minutes };
    let failed = tripwires.iter().map(|rule| of(Metric::FailedInvocations, Watched::Rule(rule.clone())));
    let waiting = queue.map(|name| of(Metric::OldestMessage, Watched::Queue(name.into())));
    failed.chain(waiting).collect()
}

fn batches(queries: impl Iterator<Item = MetricQuery>) -> Vec<Vec<MetricQuery>> {
    let queries: Vec<MetricQuery> = queries.collect();
    queries.chunks(METRICS_PER_CALL).map(<[_]>::to_vec).collect()
}

impl ReadPlan {
    /// Returns how many metrics are read.
    pub fn metrics(&self) -> u64 {
        self.calls.iter().map(|call| u64::try_from(call.len()).unwrap_or(u64::MAX)).sum()
    }

    /// Returns what the reads cost.
    pub fn price(&self, prices: &Prices) -> Money {
        prices.of("cloudwatch-get-metric-data").times(self.metrics())
    }
}

impl Metric {
    /// Returns the namespace and the name.
    pub fn name(self) -> (&'static str, &'static str) {
        const EVENTS: &str = "AWS/Events";
        match self {
            Self::InvocationsCreated => (EVENTS, "InvocationsCreated"),
            Self::Invocations => (EVENTS, "Invocations"),
            Self::MatchedEvents => (EVENTS, "MatchedEvents"),
            Self::TriggeredRules => (EVENTS, "TriggeredRules"),
            Self::ThrottledRules => (EVENTS, "ThrottledRules"),
            Self::FailedInvocations => (EVENTS, "FailedInvocations"),
            Self::DeadLetterInvocations => (EVENTS, "DeadLetterInvocations"),
            Self::FunctionRuns => ("AWS/Lambda", "Invocations"),
            Self::FunctionMilliseconds => ("AWS/Lambda", "Duration"),
            Self::MachineRuns => ("AWS/States", "ExecutionsStarted"),
            Self::LogBytes => ("AWS/Logs", "IncomingBytes"),
            Self::OldestMessage => ("AWS/SQS", "ApproximateAgeOfOldestMessage"),
        }
    }

    /// Returns the statistic by which it is read: what counts is summed up, an age is not.
    pub fn statistic(self) -> &'static str {
        match self {
            Self::OldestMessage => "Maximum",
            _ => "Sum",
        }
    }
}

impl Watched {
    /// Returns the dimensions by name and value: a rule of the default bus has its name alone, of another bus the bus's
    /// name, too (EventBridge User Guide, "Monitoring Amazon EventBridge").
    pub fn dimensions(&self) -> Vec<(&'static str, Arc<str>)> {
        match self {
            Self::Account => Vec::new(),
            Self::Rule(rule) if &*rule.bus == "default" => vec![("RuleName", rule.name.clone())],
            Self::Rule(rule) => vec![("EventBusName", rule.bus.clone()), ("RuleName", rule.name.clone())],
            Self::Function(name) => vec![("FunctionName", name.clone())],
            Self::Machine(arn) => vec![("StateMachineArn", arn.clone())],
            Self::LogGroup(name) => vec![("LogGroupName", name.clone())],
            Self::Queue(name) => vec![("QueueName", name.clone())],
        }
    }
}

#[cfg(test)]
mod tests;
