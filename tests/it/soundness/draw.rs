//! Small accounts, drawn: what exists, and what its workloads do when they run.

use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::strategy::Union;

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
    pub(super) links: Vec<Link>,
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
    /// Its runs fail at their end; of functions alone.
    pub(super) fails: bool,
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
    AllowsInAnotherRegion,
    AllowsAnotherRole,
    DeniesInsecure,
    DeniesOtherRegions,
}

/// A call that a workload makes in each run.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Place in the table of calls.
    pub(super) call: usize,
    /// Which of two buckets, machines ... it is about.
    pub(super) second: bool,
    pub(super) custom_bus: bool,
    /// It leaves something where this link takes it from, counted round.
    feeds: Option<usize>,
    pub(super) grant: Grant,
    pub(super) condition: Condition,
    pub(super) outcome: Outcome,
    /// In a machine: stands behind a choice that is always taken.
    pub(super) behind_choice: bool,
}

impl Account {
    /// Returns the account in which every call goes through that a definition declares, a policy allows and whose
    /// resource is there. That a service refuses such a call nothing in an account says, so that what is claimed of every
    /// run is claimed of runs without such faults; what may loop is looked for with them.
    pub(super) fn without_faults(&self) -> Self {
        let mut account = self.clone();
        for work in account.works.iter_mut().filter(|work| work.kind == Kind::Machine) {
            work.steps.iter_mut().for_each(|step| step.outcome = Outcome::Succeeds);
        }
        account
    }
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

/// A condition of the statement that allows a step. It holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    None,
    OwnRegion,
    NotAnotherRegion,
    OwnRole,
    OwnAccount,
    Secure,
    /// The source of the events that are put.
    OwnSource,
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
    Queue(bool),
    Topic(bool),
    Stream(bool),
    /// A stream to which nothing is delivered, with a dead-letter queue.
    Undelivered(bool),
    /// Where a link takes from, counted round; else a workload.
    Linked(usize),
}

/// A place from which others take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Queue,
    Topic,
    Stream,
    Table,
    Bucket,
}

/// How something is handed on without a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Subscription,
    Mapping(Place),
    Pipe(Place),
    Enrichment(Place),
    Notification,
    Success,
    Failure,
    DeadLetter,
}

/// What a link hands on to, where it may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Work,
    Bus,
    Queue,
    Topic,
}

/// What a link lets pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    Passes,
    Blocks,
    Off,
}

/// A link, as it is drawn; it stands only where what it leads to exists.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) way: Way,
    /// The first or the second place of its kind.
    pub(super) second: bool,
    /// The function whose runs it follows, counted round.
    pub(super) of: usize,
    pub(super) end: End,
    /// The workload that it leads to, counted round.
    pub(super) to: usize,
    /// The first or the second queue or topic that it leads to.
    pub(super) second_end: bool,
    pub(super) gate: Gate,
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
    pub(super) path: Path,
    pub(super) test: Test,
}

/// A path of the event.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path {
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
    let rules = |aims: &[(u32, Aims)], most| vec(rule(aims.to_vec()), 1..=most).boxed();
    let plain = (vec(work(0), 1..=3), rules(&[(9, Aims::Work), (2, Aims::Bus)], 4), Just(Vec::new()));
    // Links make accounts larger: beside them stand fewer rules, which mostly lead to one.
    let linked = (
        vec(work(1), 1..=3),
        rules(&[(2, Aims::Work), (1, Aims::Bus), (2, Aims::Place), (5, Aims::Linked)], 2),
        vec(link(), 1..=3),
    );
    let what = prop_oneof![2 => plain, 3 => linked];
    (any::<bool>(), trail, any::<[bool; 2]>(), what).prop_map(
        |(home, trail, buckets_send, (mut works, rules, links))| {
            for step in works.iter_mut().flat_map(|work: &mut Work| &mut work.steps) {
                feed(step, &links);
            }
            // Most links lead to functions.
            let none = works.iter().all(|work| work.kind != Kind::Function);
            if let Some(last) = works.last_mut().filter(|_| none && !links.is_empty()) {
                last.kind = Kind::Function;
            }
            for link in links.iter().filter(|link| matches!(link.way, Way::Failure | Way::DeadLetter)) {
                fail(&mut works, link);
            }
            Account { home, trail, buckets_send, works, rules, links }
        },
    )
}

/// Lets the step leave something where the link that it means takes it from.
fn feed(step: &mut Step, links: &[Link]) {
    let Some(link) = step.feeds.and_then(|nth| links.get(nth % links.len().max(1))) else { return };
    if let Some(call) = link.way.place().and_then(super::calls::feeding_of) {
        step.call = call;
        step.second = link.second;
    }
}

/// Lets the runs of the function fail whose failures the link hands on.
fn fail(works: &mut [Work], link: &Link) {
    let mut functions: Vec<&mut Work> = works.iter_mut().filter(|work| work.kind == Kind::Function).collect();
    let nth = link.of % functions.len().max(1);
    if let Some(work) = functions.get_mut(nth) {
        work.fails = true;
    }
}

impl Way {
    /// Returns the kind of place that it takes from; none: it follows runs of a function.
    pub(super) fn place(self) -> Option<Place> {
        match self {
            Self::Subscription => Some(Place::Topic),
            Self::Mapping(place) | Self::Pipe(place) | Self::Enrichment(place) => Some(place),
            Self::Notification => Some(Place::Bucket),
            Self::Success | Self::Failure | Self::DeadLetter => None,
        }
    }
}

fn work(least_steps: usize) -> impl Strategy<Value = Work> {
    let kind = prop_oneof![
        4 => Just(Kind::Function),
        4 => Just(Kind::Machine),
        1 => Just(Kind::Task),
        1 => Just(Kind::Project),
    ];
    let besides = prop_oneof![
        Just(Besides::AllowsLogs),
        Just(Besides::AllowsReads),
        Just(Besides::DeniesElsewhere),
        Just(Besides::DeniesOtherService),
        Just(Besides::AllowsInAnotherRegion),
        Just(Besides::AllowsAnotherRole),
        Just(Besides::DeniesInsecure),
        Just(Besides::DeniesOtherRegions),
    ];
    let fails = proptest::bool::weighted(0.4);
    (kind, vec(step(), least_steps..=2), fails, vec(besides, 0..=2)).prop_map(
        |(kind, steps, fails, besides)| Work { kind, steps, fails: fails && kind == Kind::Function, besides },
    )
}

fn link() -> impl Strategy<Value = Link> {
    let taken = || prop_oneof![Just(Place::Queue), Just(Place::Stream), Just(Place::Table)];
    let way = prop_oneof![
        3 => Just(Way::Subscription),
        3 => taken().prop_map(Way::Mapping),
        3 => taken().prop_map(Way::Pipe),
        2 => taken().prop_map(Way::Enrichment),
        3 => Just(Way::Notification),
        2 => Just(Way::Success),
        3 => Just(Way::Failure),
        4 => Just(Way::DeadLetter),
    ];
    let end = prop_oneof![
        3 => Just(End::Work),
        2 => Just(End::Bus),
        1 => Just(End::Queue),
        1 => Just(End::Topic),
    ];
    let gate = prop_oneof![
        6 => Just(Gate::Open),
        2 => Just(Gate::Passes),
        1 => Just(Gate::Blocks),
        1 => Just(Gate::Off),
    ];
    let which = (any::<bool>(), 0..3_usize, 0..3_usize, any::<bool>());
    (way, end, gate, which).prop_map(|(way, end, gate, (second, of, to, second_end))| Link {
        way,
        second,
        of,
        end,
        to,
        second_end,
        gate,
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
    let feeding = proptest::sample::select(super::calls::feeding());
    let call = prop_oneof![4 => 0..7_usize, 3 => 0..super::calls::CALLS.len(), 1 => feeding];
    let condition = prop_oneof![
        6 => Just(Condition::None),
        1 => Just(Condition::OwnRegion),
        1 => Just(Condition::NotAnotherRegion),
        1 => Just(Condition::OwnRole),
        1 => Just(Condition::OwnAccount),
        1 => Just(Condition::Secure),
        2 => Just(Condition::OwnSource),
    ];
    let feeds = proptest::option::weighted(0.2, 0..3_usize);
    let which = (any::<bool>(), any::<bool>(), feeds);
    (call, which, grant, condition, outcome, proptest::bool::weighted(0.2)).prop_map(
        |(call, (second, custom_bus, feeds), grant, condition, outcome, behind_choice)| Step {
            call,
            second,
            custom_bus,
            feeds,
            grant,
            condition,
            outcome,
            behind_choice,
        },
    )
}

/// What a target may be.
#[derive(Debug, Clone, Copy)]
enum Aims {
    Work,
    Bus,
    Place,
    Linked,
}

impl Aims {
    fn strategy(self) -> BoxedStrategy<Aim> {
        match self {
            Self::Work => (0..3_usize).prop_map(Aim::Work).boxed(),
            Self::Bus => Just(Aim::OtherBus).boxed(),
            Self::Place => prop_oneof![
                any::<bool>().prop_map(Aim::Queue),
                any::<bool>().prop_map(Aim::Topic),
                any::<bool>().prop_map(Aim::Stream),
                any::<bool>().prop_map(Aim::Undelivered),
            ]
            .boxed(),
            Self::Linked => (0..3_usize).prop_map(Aim::Linked).boxed(),
        }
    }
}

fn rule(aims: Vec<(u32, Aims)>) -> impl Strategy<Value = Rule> {
    let state =
        prop_oneof![5 => Just(State::Enabled), 2 => Just(State::EnabledForReads), 1 => Just(State::Disabled)];
    let aim = Union::new_weighted(aims.into_iter().map(|(weight, aims)| (weight, aims.strategy())).collect());
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
    let path = prop_oneof![
        2 => Just(Path::Source),
        2 => Just(Path::DetailType),
        1 => Just(Path::EventSource),
        2 => Just(Path::EventName),
        2 => (0..8_usize).prop_map(Path::Request),
        2 => (0..16_usize).prop_map(Path::Identity),
        1 => (0..64_usize).prop_map(Path::Anywhere),
        1 => (0..8_usize).prop_map(Path::Missing),
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
    (path, test).prop_map(|(path, test)| Check { path, test })
}
