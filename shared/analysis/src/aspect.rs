//! What the analysis takes account of, part by part, so that each part can be left out and be shown to matter.
//!
//! An edge kind is a way by which an event or a call leads on: without it loops are missed. A limit keeps an event from
//! leading on, or makes that less sure: without it there are false alarms. A [`Catalogue`](crate::Catalogue) has all of
//! them, or all but one; where an aspect applies, and nowhere else, the catalogue is asked for it.

use std::fmt;

/// What leaving an aspect out does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AspectKind {
    /// Something leads on: without it a loop is missed.
    Edge,
    /// Something does not lead on, or not surely: without it there is a false alarm.
    Limit,
}

impl AspectKind {
    /// Returns the word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edge => "edge",
            Self::Limit => "limit",
        }
    }
}

macro_rules! aspects {
    ($($name:ident $kind:ident $about:literal)+) => {
        /// A part of the analysis.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Aspect {
            $(#[doc = $about] $name,)+
        }

        impl Aspect {
            /// All of them, edge kinds first.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns what leaving it out does.
            pub fn kind(self) -> AspectKind {
                match self { $(Self::$name => AspectKind::$kind,)+ }
            }

            /// Returns what it is, as half a sentence.
            pub fn about(self) -> &'static str {
                match self { $(Self::$name => $about,)+ }
            }

            fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }
        }
    };
}

aspects! {
    DeliveryCalls Edge "the call by which EventBridge delivers to a target is recorded"
    DeliveryRoles Edge "EventBridge takes the target's role on, which is recorded"
    DeliveryEvents Edge "what a target starts tells of its states"
    CallRecords Edge "CloudTrail records a call that goes through"
    FailedCalls Edge "CloudTrail records a call that is refused or fails"
    LeftOutRequests Edge "a record may lack the request"
    RecordedNames Edge "CloudTrail writes some calls under other names than the API's"
    NativeEvents Edge "services tell of what calls change"
    UntoldEvents Edge "an event of which it is not known what causes it may be caused by any write of its service"
    ServiceCalls Edge "a service makes further calls in the caller's name"
    DefinedCalls Edge "the calls that stand in a definition"
    DefinedEvents Edge "the events that a definition or code puts"
    DefinedFeeds Edge "what a definition or code starts, or gives something to"
    Schedules Edge "a schedule that a call makes makes a call of its own"
    UnknownCalls Edge "a declared call that the catalogue does not know may cause anything"
    UnknownSteps Edge "a step of a definition that cannot be told may cause anything"
    CodedCalls Edge "the calls that stand in code"
    CodedRequests Edge "what code says of its requests makes it surer that they concern a resource"
    LentRoles Edge "a runbook without a role of its own runs under its caller's"
    Permissions Edge "the calls that a role allows"
    PermittedEvents Edge "the events that a role may put"
    ResourcePolicies Edge "a policy of a resource may allow a role what its own policies do not"
    PermittedFeeds Edge "what a role may start, or give something to"
    AnyOfAKind Edge "a permission that names no resource reaches all of a kind"
    UnknownResources Edge "a queue, a topic or a stream whose ARN is not known may be one that was read"
    Replays Edge "an archive puts its events again"
    WideListeners Edge "a rule that lists no calls hears each call that a role allows"
    AskedCallers Edge "a rule that asks who calls hears the callers that it names"
    OtherRegions Edge "a role works in the regions that its policies name"
    OtherPlaces Edge "what runs in another account or region calls there"
    BusesElsewhere Edge "events go to a bus of another account or region"
    Forwarding Edge "a rule passes its event on to another bus"
    TargetsThatHandOn Edge "a target is a queue, a topic, a stream or a log group, from which others take"
    TargetDeadLetters Edge "a delivery that fails ends in the target's dead-letter queue"
    Subscriptions Edge "a topic hands on to its subscribers"
    EventSourceMappings Edge "a function takes from a queue, a stream or a table"
    StreamSources Edge "a delivery stream takes from a stream"
    Pipes Edge "a pipe hands on to its target"
    PipeEnrichments Edge "a pipe calls its enrichment on the way"
    Successes Edge "a run that goes well ends in the destination on success"
    Failures Edge "a run that fails ends in the destination on failure"
    DeadLetters Edge "what a function or a queue cannot handle ends in its dead-letter queue"
    BucketNotifications Edge "a bucket notifies queues, topics and functions"
    LogSubscriptions Edge "a log group hands on to its subscription filters"
    DataSources Edge "a GraphQL API reads and writes its data sources"
    Rotations Edge "a secret is rotated by its function"
    Triggers Edge "a workflow starts what its triggers name"
    Integrations Edge "a call of an API runs what is behind it"
    EventsOfConnections Edge "a pipe or a destination puts an event of its own on a bus"
    ResumedWorkloads Edge "what waits for an answer goes on when a call gives it"
    StartedWorkloads Edge "what is started by a call works under its own role"
    AssumedRoles Edge "`sts:AssumeRole`, as the caller's policies allow it"
    NamedCallers Edge "`sts:AssumeRole`, as a trust policy allows it that names the caller"
    PassedRoles Edge "`iam:PassRole` and a call that makes a service work under the role"
    ChangedWorkloads Edge "a call that changes what something runs under its role"
    RolesElsewhere Edge "a role of another account is taken on"
    SecondTakeovers Edge "a role that was taken on takes another on"
    UnreadTrust Edge "a role whose trust policy was not read may be taken on"
    UnreadRoles Edge "a role whose policies were not read may allow anything"
    UnreadPolicies Edge "a policy that was not read may allow anything"
    UnreadApis Edge "what is behind an API that was not read, and that a role may call, may cause anything"
    UnreadWorkloads Edge "what runs behind a target and was not read may cause anything"
    UnreadTargets Edge "targets that were not read may cause anything"
    UnseenRoles Edge "what runs under a role that nobody reads may cause anything"
    OutsideTargets Edge "what is outside AWS may cause anything"
    OverriddenRoles Edge "the input of a target may name another role for the run"
    UnknownTargets Edge "a target that cannot be told may cause anything"
    UndecidedOverlaps Edge "an event of which it is undecided whether a pattern matches it may match"

    DisabledRules Limit "a disabled rule runs nothing"
    DisabledConnections Limit "a disabled pipe or mapping hands nothing on"
    ReadsUnseen Limit "a rule in the state ENABLED sees no read-only management events"
    TrailManagement Limit "calls are recorded only where a trail logs and selects them"
    TrailData Limit "data events are recorded only where a trail selects them"
    TrailParts Limit "a trail may select only a part of the events of a kind"
    UnreadTrails Limit "whether a trail selects data events is doubtful where trails were not read and the rule asks for no call"
    BucketSwitches Limit "a bucket sends its events only if it was told to"
    HomeRegions Limit "calls of global services are recorded in one region of the partition"
    BusNames Limit "an event arrives on the one bus that it is sent to"
    KnownEnds Limit "a dead-letter queue is a queue or a topic, though its ARN is not known"
    UnknownBuses Limit "that an event arrives is assumed where a bus is not known"
    Places Limit "an event arrives in the account and the region that it is sent to"
    ShownPlaces Limit "an event shows the account and the region that it comes from"
    BucketRegions Limit "what happens to a bucket is told in the bucket's region"
    ForwardedOnce Limit "an event goes from bus to bus only once"
    SettledStates Limit "what tells of a change does not come again where nothing changes it back"
    ForwardedPlaces Limit "an event from another place keeps its account and region, which are not known"
    DeadPatterns Limit "some patterns match no event at all"
    Sources Limit "an event has the source of its service"
    DetailTypes Limit "a record and a service's own event have different detail-types"
    CallNames Limit "a record shows which call it is of"
    Callers Limit "a record shows who calls"
    RecordMembers Limit "a record has no members but those of CloudTrail's records"
    RecordFlags Limit "a record says whether it is a read, and a management event"
    Unprompted Limit "some events come by themselves: nobody's call causes them"
    CallsOfNativeEvents Limit "a service's own event shows neither a call nor a caller"
    FieldsOfNativeEvents Limit "a service's own event has the states and types that its call leads to"
    ReplayNames Limit "only an event that is put again has a `replay-name`"
    ReservedSources Limit "nobody puts events with a source of AWS"
    BoundResources Limit "an event shows the resource of its call, which is one that the role may reach"
    ClientRegions Limit "a call in code is made in the region that its client names"
    DefinedRequests Limit "what a definition says of its requests"
    DefinedDetails Limit "what a definition says of the details and the resources of its events"
    GivenInputs Limit "a run starts with what the target hands over"
    TargetValues Limit "a delivery is about what the target names"
    DefaultBus Limit "an entry that names no bus goes to the default one"
    WaitingWorkloads Limit "an answer lets go on only what waits for one"
    WholeDefinitions Limit "a definition says all that its machine does, whatever its role allows"
    AllowedCalls Limit "a call that a role's policies allow is not refused for want of permission"
    RefusedCalls Limit "a declared call that the role does not allow is not made"
    RefusedResources Limit "a declared call is refused on a resource that no policy of the role names"
    RefusedDeliveries Limit "a delivery that the target's role does not allow is not made"
    UntrustingRoles Limit "a service delivers only under a role that it may take on"
    OtherCredentials Limit "a call under other credentials is another role's"
    SubscriptionFilters Limit "the filter of a subscription, a mapping or a pipe keeps a rule's events back"
    StreamFilters Limit "a filter of a table's stream keeps back what the call does not do"
    UndecidedFilters Limit "what is not known to pass a filter is only permitted to"
    Express Limit "some workloads tell of no states"
    ExpectedEnds Limit "a run has by itself only the states that its definition leads to"
    OnRequest Limit "some deliveries cause events only where the target asks for them"
    NotTold Limit "services do not tell of what does not change"
    ReadWork Limit "work that was read does what its role allows"
    OpenFields Limit "a declared call is only permitted to be the event of a pattern that asks for what it leaves open"
    GrantedFields Limit "a declared call is only permitted to be on the resource that a policy alone names"
    Actions Limit "a role makes only the calls that its policies allow"
    BroadGrants Limit "a policy that allows all of a service or everything says little"
    Resources Limit "a policy allows a call on the resources that it names"
    ResourceKinds Limit "a policy allows a call only on resources of the call's kinds"
    Conditions Limit "a statement whose condition surely fails allows nothing"
    EventConditions Limit "a policy may limit source and detail-type of the events that a role puts"
    Denials Limit "a statement that denies wins"
    ResourceDenials Limit "a policy of a resource may refuse a role what its own policies allow"
    Boundaries Limit "a permissions boundary must allow, too"
    UnreadBoundaries Limit "that a role may do something is assumed where its boundary was not read"
    ServiceControlPolicies Limit "each level of service control policies must allow, too"
    ManagedPolicies Limit "what the managed policies of AWS allow is known"
    TrustPolicies Limit "a role is taken on only by whom its trust policy names"
    TrustConditions Limit "a trust policy whose condition surely fails trusts nobody"
    ServiceLinkedRoles Limit "a service-linked role is taken on by its service alone"
    PassedServices Limit "a role is passed only to the services that a policy names"
    BroadReplays Limit "a permission that does not name `events:StartReplay` replays nothing"
    RolelessWorkloads Limit "what has no role makes no calls"
    EndingTargets Limit "behind some targets nothing runs"
    RunbooksOfAws Limit "runbooks of AWS run under no role of their own"
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
