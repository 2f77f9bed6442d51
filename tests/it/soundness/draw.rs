//! Small accounts, drawn: what exists, and what its workloads do when they run.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// A small account.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// In us-east-1, where global services are recorded; else in eu-west-1.
    pub(super) home: bool,
    pub(super) trail: Trail,
    /// Whether each bucket sends its events to EventBridge.
    pub(super) buckets_send: [bool; 2],
    pub(super) works: Vec<Work>,
    pub(super) rules: Vec<Rule>,
}

/// What the trail takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trail {
    Absent,
    Stopped,
    Writes,
    Management,
    Everything,
}

/// Something that runs, under a role of its own.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) kind: Kind,
    pub(super) steps: Vec<Step>,
    /// Statements of its role that allow none of its steps, and forbid none.
    pub(super) besides: Vec<Besides>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Function,
    Machine,
    Task,
    Project,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Besides {
    AllowsLogs,
    AllowsReads,
    DeniesElsewhere,
    DeniesOtherService,
}

/// A call that a workload makes in each run.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Place in the table of calls.
    pub(super) call: usize,
    /// Which of two buckets, machines ... it is about.
    pub(super) second: bool,
    pub(super) custom_bus: bool,
    pub(super) grant: Grant,
    pub(super) outcome: Outcome,
    /// In a machine: stands behind a choice that is always taken.
    pub(super) behind_choice: bool,
}

/// How the role allows a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    Exact,
    AnyResource,
    ActionBeginning,
    ResourceBeginning,
    Service,
    Everything,
    AllButOthers,
    /// Not at all; only of calls that a definition declares, which are refused.
    Refused,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Succeeds,
    Fails,
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) custom_bus: bool,
    pub(super) state: State,
    pub(super) targets: Vec<Aim>,
    pub(super) listens: Vec<Listens>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum State {
    Enabled,
    EnabledForReads,
    Disabled,
}

/// What a rule's target is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Aim {
    /// A workload, counted round.
    Work(usize),
    OtherBus,
}

/// A branch of a pattern, drawn near an event that runs of the account cause.
#[derive(Debug, Clone)]
pub(super) struct Listens {
    /// The rule whose run causes it; none: its own.
    pub(super) of: Option<usize>,
    pub(super) event: usize,
    pub(super) checks: Vec<Check>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Check {
    pub(super) place: Place,
    pub(super) test: Test,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    Source,
    DetailType,
    EventSource,
    EventName,
    Request(usize),
    Identity(usize),
    Anywhere(usize),
    Missing(usize),
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Test {
    Exactly,
    OneOfTwo,
    Beginning,
    End,
    Wildcard,
    AnyCase,
    Exists,
    NotTheOther,
    NotThis,
    TheOther,
}

pub(super) fn accounts() -> impl Strategy<Value = Account> {
    let trail = prop_oneof![
        1 => Just(Trail::Absent),
        1 => Just(Trail::Stopped),
        3 => Just(Trail::Writes),
        3 => Just(Trail::Management),
        4 => Just(Trail::Everything),
    ];
    (any::<bool>(), trail, any::<[bool; 2]>(), vec(work(), 1..=3), vec(rule(), 1..=4)).prop_map(
        |(home, trail, buckets_send, works, rules)| Account { home, trail, buckets_send, works, rules },
    )
}

fn work() -> impl Strategy<Value = Work> {
    let kind = prop_oneof![
        4 => Just(Kind::Function),
        3 => Just(Kind::Machine),
        1 => Just(Kind::Task),
        1 => Just(Kind::Project),
    ];
    let besides = prop_oneof![
        Just(Besides::AllowsLogs),
        Just(Besides::AllowsReads),
        Just(Besides::DeniesElsewhere),
        Just(Besides::DeniesOtherService),
    ];
    (kind, vec(step(), 0..=2), vec(besides, 0..=2)).prop_map(|(kind, steps, besides)| Work {
        kind,
        steps,
        besides,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let grant = prop_oneof![
        Just(Grant::Exact),
        Just(Grant::AnyResource),
        Just(Grant::ActionBeginning),
        Just(Grant::ResourceBeginning),
        Just(Grant::Service),
        Just(Grant::Everything),
        Just(Grant::AllButOthers),
        Just(Grant::Refused),
    ];
    let outcome = prop_oneof![7 => Just(Outcome::Succeeds), 1 => Just(Outcome::Fails)];
    // Those that stand first are drawn more often.
    let call = prop_oneof![0..7_usize, 0..super::calls::CALLS.len()];
    (call, any::<bool>(), any::<bool>(), grant, outcome, proptest::bool::weighted(0.2)).prop_map(
        |(call, second, custom_bus, grant, outcome, behind_choice)| Step {
            call,
            second,
            custom_bus,
            grant,
            outcome,
            behind_choice,
        },
    )
}

fn rule() -> impl Strategy<Value = Rule> {
    let state =
        prop_oneof![5 => Just(State::Enabled), 2 => Just(State::EnabledForReads), 1 => Just(State::Disabled)];
    let aim = prop_oneof![6 => (0..3_usize).prop_map(Aim::Work), 1 => Just(Aim::OtherBus)];
    let custom_bus = proptest::bool::weighted(0.25);
    let branches = prop_oneof![4 => Just(1_usize), 1 => Just(2)];
    (custom_bus, state, vec(aim, 1..=2), branches.prop_flat_map(|count| vec(listens(), count)))
        .prop_map(|(custom_bus, state, targets, listens)| Rule { custom_bus, state, targets, listens })
}

fn listens() -> impl Strategy<Value = Listens> {
    let of = prop_oneof![2 => Just(None), 1 => (0..4_usize).prop_map(Some)];
    (of, 0..64_usize, vec(check(), 1..=4)).prop_map(|(of, event, checks)| Listens { of, event, checks })
}

fn check() -> impl Strategy<Value = Check> {
    let place = prop_oneof![
        2 => Just(Place::Source),
        2 => Just(Place::DetailType),
        1 => Just(Place::EventSource),
        2 => Just(Place::EventName),
        2 => (0..8_usize).prop_map(Place::Request),
        2 => (0..16_usize).prop_map(Place::Identity),
        1 => (0..64_usize).prop_map(Place::Anywhere),
        1 => (0..8_usize).prop_map(Place::Missing),
    ];
    let test = prop_oneof![
        8 => Just(Test::Exactly),
        2 => Just(Test::OneOfTwo),
        2 => Just(Test::Beginning),
        1 => Just(Test::End),
        1 => Just(Test::Wildcard),
        1 => Just(Test::AnyCase),
        1 => Just(Test::Exists),
        2 => Just(Test::NotTheOther),
        1 => Just(Test::NotThis),
        1 => Just(Test::TheOther),
    ];
    (place, test).prop_map(|(place, test)| Check { place, test })
}
