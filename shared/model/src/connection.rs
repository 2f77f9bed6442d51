//! What carries an event on without a rule.

use crate::{Origin, Scope, Target};
use loopguard_pattern::json::{Member, Value, ValueKind};
use loopguard_pattern::{EventPattern, Term};
use std::sync::Arc;

/// A subscription, an event-source mapping, a pipe, a destination, a dead-letter queue, a bucket notification or a
/// schedule: what arrives at one resource is handed to another.
#[derive(Debug, Clone)]
pub struct Connection {
    /// What it is.
    pub kind: ConnectionKind,
    /// What it is called, for people: a logical id, a name, an ARN.
    pub name: Arc<str>,
    /// The ARN of what it takes from: a topic, a queue, a stream, a table, a bucket, a log group, a function; none for
    /// a schedule. Always the whole resource, because writes name the whole: the table of a table's stream (without
    /// `/stream/...`), the bucket as `arn:PARTITION:s3:::NAME`, the log group without `:*`.
    pub from: Option<Term>,
    /// What it hands on to.
    pub to: Target,
    /// Filters, of which one must match what arrives; none: everything passes. One of a message's attributes stands
    /// below `MessageAttributes`.
    pub filters: Vec<Arc<EventPattern>>,
    /// Whether it is on; counts as on where that is not known.
    pub enabled: bool,
    /// Where it lives.
    pub scope: Scope,
    /// Where it stands.
    pub origin: Origin,
}

/// Returns the filter that the filter policy of a subscription is: of the message where its scope says so, else of the
/// message's attributes.
pub fn filter_of_policy(policy: Value, scope: Option<&str>) -> Value {
    if scope == Some("MessageBody") {
        return policy;
    }
    let span = policy.span;
    let below = Member { key: "MessageAttributes".into(), key_span: span, value: policy };
    Value { kind: ValueKind::Object(vec![below]), span }
}

/// The kinds of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectionKind {
    /// A subscription of an SNS topic.
    Subscription,
    /// A Lambda event-source mapping of a queue or a stream.
    EventSourceMapping,
    /// A delivery stream's source, from which it takes by itself.
    StreamSource,
    /// An EventBridge pipe; its target's role is the pipe's role.
    Pipe,
    /// What a pipe calls on the way.
    PipeEnrichment,
    /// A Lambda destination for runs that went well.
    OnSuccess,
    /// A Lambda destination for runs that failed.
    OnFailure,
    /// The dead-letter queue of a function, a rule's target or a queue.
    DeadLetter,
    /// A bucket's notification without EventBridge.
    BucketNotification,
    /// An EventBridge Scheduler schedule: a root, nothing starts it.
    Schedule,
    /// A log group's subscription filter.
    LogSubscription,
    /// A subscriber of a custom bus of the newer kind.
    BusSubscriber,
    /// What the resolvers of a GraphQL API read and write.
    DataSource,
    /// The function that rotates a secret.
    Rotation,
    /// What a trigger starts when its workflow runs.
    Trigger,
    /// What a method or a route of an API calls, and the API that an API destination calls.
    Integration,
}

impl ConnectionKind {
    /// All kinds.
    const ALL: [Self; 16] = [
        Self::Subscription,
        Self::EventSourceMapping,
        Self::StreamSource,
        Self::Pipe,
        Self::PipeEnrichment,
        Self::OnSuccess,
        Self::OnFailure,
        Self::DeadLetter,
        Self::BucketNotification,
        Self::Schedule,
        Self::LogSubscription,
        Self::BusSubscriber,
        Self::DataSource,
        Self::Rotation,
        Self::Trigger,
        Self::Integration,
    ];

    /// Returns the kind of these words, which [`ConnectionKind::as_str`] gives.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Returns the words that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Subscription => "subscription",
            Self::EventSourceMapping => "event-source mapping",
            Self::StreamSource => "stream source",
            Self::Pipe => "pipe",
            Self::PipeEnrichment => "pipe enrichment",
            Self::OnSuccess => "destination on success",
            Self::OnFailure => "destination on failure",
            Self::DeadLetter => "dead-letter queue",
            Self::BucketNotification => "bucket notification",
            Self::Schedule => "schedule",
            Self::LogSubscription => "log subscription",
            Self::BusSubscriber => "bus subscriber",
            Self::DataSource => "data source",
            Self::Rotation => "rotation",
            Self::Trigger => "trigger",
            Self::Integration => "integration",
        }
    }
}
