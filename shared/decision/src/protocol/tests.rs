//! The protocol in every order of steps: crashes, lost answers, duplicate deliveries, two guards at once, sweeps, and
//! people who switch the rule on again, pause the guard and exempt the rule.

use super::{Answer, Over, Protocol, Request, Seen};
use crate::Timestamp;
use crate::ledger::{Act, Begun, Book, Condition, End, Exemption, Incident, LEASE, Pause, RuleRef, State};
use stateright::{Checker, HasDiscoveries, Model, Property};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the world begins.
const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// How much may go wrong, and what the ledger does not check.
#[derive(Debug, Clone, Copy)]
struct Account {
    crashes: u8,
    losses: u8,
    refusals: u8,
    /// How often somebody switches the rule on, or changes it while it is on.
    deploys: u8,
    /// How often somebody pauses the guard or exempts the rule.
    holds: u8,
    guards: usize,
    sweepers: usize,
    /// Copies of the first message.
    copies: u8,
    cap: usize,
    /// Whether the rule is to be off for a while first, beside what the first message asks for.
    interrupts: bool,
    without: Option<Condition>,
    /// Whether a sweep spares invocations that live: with a lease longer than any of them it does.
    lease: bool,
}

const CALM: Account = Account {
    crashes: 0,
    losses: 0,
    refusals: 0,
    deploys: 0,
    holds: 0,
    guards: 2,
    sweepers: 1,
    copies: 2,
    cap: 2,
    interrupts: false,
    without: None,
    lease: true,
};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    on: bool,
    /// For which cause it is off, where it is off for one.
    off_for: Option<Arc<str>>,
    version: u8,
    book: Book,
    /// Cause -> messages that wait.
    waiting: BTreeMap<Arc<str>, u8>,
    running: Vec<Run>,
    /// Cause -> how often the rule went from on to off for it.
    acts: BTreeMap<Arc<str>, u8>,
    /// Whom somebody was told of.
    told: BTreeMap<Arc<str>, u8>,
    refused: bool,
    left: Budget,
    wrong: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Budget {
    crashes: u8,
    losses: u8,
    refusals: u8,
    deploys: u8,
    holds: u8,
}

/// One invocation at work.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Run {
    protocol: Protocol,
    /// The rule as it was analysed.
    version: u8,
    /// The message to be delivered again if this ends too soon; none for a sweep.
    message: Option<Arc<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum How {
    Well,
    /// It happened, and the answer is lost.
    AnswerLost,
    /// It did not happen, and neither does the answer.
    CallLost,
    /// AWS says no.
    Refused,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Action {
    Deliver(Arc<str>),
    Step(usize, How),
    Crash(usize),
    Sweep(Arc<str>),
    Deploy,
    Pause,
    Exempt,
}

fn rule() -> RuleRef {
    RuleRef { bus: "default".into(), name: "a".into() }
}

/// The message that asks for an interruption.
const INTERRUPT: &str = "interrupt";

/// When every lease is over.
const LATE: Timestamp = Timestamp(u64::MAX);

impl Account {
    fn begin(&self) -> World {
        World {
            on: true,
            off_for: None,
            version: 0,
            book: Book::default(),
            waiting: std::iter::once("e-0")
                .chain(self.interrupts.then_some(INTERRUPT))
                .map(|cause| (cause.into(), self.copies))
                .collect(),
            running: Vec::new(),
            acts: BTreeMap::new(),
            told: BTreeMap::new(),
            refused: false,
            left: Budget {
                crashes: self.crashes,
                losses: self.losses,
                refusals: self.refusals,
                deploys: self.deploys,
                holds: self.holds,
            },
            wrong: None,
        }
    }

    fn deliver(world: &mut World, cause: &Arc<str>) {
        let Some(copies) = world.waiting.get_mut(cause) else { return };
        *copies -= 1;
        if *copies == 0 {
            world.waiting.remove(cause);
        }
        let attempt = world.free_attempt();
        if !world.on {
            // The analysis finds nothing that repeats; what nobody was told of is the sweep's.
            return;
        }
        let protocol = Protocol::new(Incident {
            id: Incident::id_for(&rule(), cause, NOW),
            rule: rule(),
            cause: cause.clone(),
            attempt,
            at: NOW,
            act: match &**cause {
                INTERRUPT => Act::InterruptRule { until: Timestamp(NOW.0 + 1) },
                _ => Act::DisableRule,
            },
            prior: "ENABLED".into(),
            finding: "".into(),
            why: "".into(),
            state: State::Intended,
            told: None,
        });
        world.running.push(Run { protocol, version: world.version, message: Some(cause.clone()) });
    }

    fn sweep(world: &mut World, id: &str) {
        let Some(left) = world.book.incident(id).cloned() else { return };
        let protocol = Protocol::left_behind(left, world.free_attempt());
        world.running.push(Run { protocol, version: world.version, message: None });
    }

    /// Carries out what a run asks for; false iff it is over.
    fn step(&self, world: &mut World, at: usize, how: How) {
        let mut run = world.running.remove(at);
        let request = run.protocol.request();
        let answer = match request {
            Request::Over(over) => {
                let over = over.clone();
                return world.over(&run, &over);
            }
            _ if how == How::CallLost => Answer::Lost,
            Request::Apply | Request::GiveBack if how == How::Refused => {
                world.refused = true;
                Answer::Refused("AccessDenied".into())
            }
            Request::Begin(intent) => {
                let held = world.book.view(&rule(), NOW);
                let begun = world.book.begin_without(self.without, intent, self.cap);
                if begun == Begun::New && (held.pause.is_some() || held.exemption.is_some()) {
                    world.wrong = Some("begun while held");
                }
                Answer::Begun(begun)
            }
            Request::TakeOver { seen, attempt } => Answer::Taken(world.book.take_over_without(
                self.without,
                seen,
                attempt,
                Timestamp(seen.at.0 + LEASE),
            )),
            Request::Look => Answer::Seen(match (world.on, world.version == run.version) {
                (false, _) => Seen::Off,
                (true, true) => Seen::Same,
                (true, false) => Seen::Changed,
            }),
            Request::Apply => {
                let incident = run.protocol.incident();
                let recorded = world.book.incident(&incident.id);
                if !recorded.is_some_and(|known| known.is_open() && *known.attempt == *run.protocol.attempt())
                {
                    world.wrong = Some("an act without a record");
                }
                if std::mem::replace(&mut world.on, false) {
                    *world.acts.entry(incident.cause.clone()).or_default() += 1;
                    world.off_for = Some(incident.cause.clone());
                }
                Answer::Applied("r-1".into())
            }
            Request::GiveBack => {
                let incident = run.protocol.incident();
                let recorded = world.book.incident(&incident.id);
                if !recorded.is_some_and(|known| known.is_open() && *known.attempt == *run.protocol.attempt())
                {
                    world.wrong = Some("given back without a record");
                }
                if !std::mem::replace(&mut world.on, true) && world.off_for.as_ref() != Some(&incident.cause)
                {
                    world.wrong = Some("switched on what was to stay off");
                }
                Answer::Applied("r-2".into())
            }
            Request::End(end) => {
                let id = run.protocol.incident().id.clone();
                Answer::Ended(world.book.end_without(self.without, &id, run.protocol.attempt(), end, NOW))
            }
            Request::Tell(_) => {
                let told = world.told.entry(run.protocol.incident().id.clone()).or_default();
                *told = (*told + 1).min(2);
                Answer::Done
            }
            Request::Note => {
                world.book.told(&run.protocol.incident().id, NOW);
                Answer::Done
            }
        };
        run.protocol.answered(if how == How::AnswerLost { Answer::Lost } else { answer });
        world.running.insert(at, run);
    }

    /// Lets everything go well from here and returns where it ends; `None` iff it does not.
    fn settle(&self, world: &World) -> Option<World> {
        let mut world = world.clone();
        for _ in 0..400 {
            if !world.running.is_empty() {
                self.step(&mut world, 0, How::Well);
            } else if let Some(cause) = world.waiting.keys().next().cloned() {
                Self::deliver(&mut world, &cause);
                // What has to wait for a sweep comes back until it was swept.
                while !world.running.is_empty() {
                    if let Request::Over(Over::Later) = world.running[0].protocol.request() {
                        let ids: Vec<Arc<str>> = world.left_behind();
                        self.step(&mut world, 0, How::Well);
                        for id in &ids {
                            Self::sweep(&mut world, id);
                        }
                        break;
                    }
                    self.step(&mut world, 0, How::Well);
                }
            } else if let Some(id) = world.left_behind().first() {
                Self::sweep(&mut world, id);
            } else {
                return Some(world);
            }
        }
        None
    }
}

impl World {
    /// A name that no living invocation and no incident has.
    fn free_attempt(&self) -> Arc<str> {
        let taken = |name: &str| {
            self.running.iter().any(|run| run.protocol.attempt() == name)
                || self.book.incidents().any(|incident| incident.is_open() && *incident.attempt == *name)
        };
        (0..99).map(|n| format!("i-{n}")).find(|name| !taken(name)).expect("a free name").into()
    }

    /// The ids of what dead invocations left.
    fn left_behind(&self) -> Vec<Arc<str>> {
        let all = self.book.left_behind(LATE);
        all.into_iter().filter(|incident| !self.is_held(incident)).map(|incident| incident.id).collect()
    }

    fn is_held(&self, incident: &Incident) -> bool {
        self.running.iter().any(|run| *run.protocol.attempt() == *incident.attempt)
    }

    fn wait(&mut self, cause: Arc<str>) {
        *self.waiting.entry(cause).or_default() += 1;
    }

    fn over(&mut self, run: &Run, over: &Over) {
        let again = match over {
            Over::Told(End::Refuted) if self.on => {
                // The rule is on and nobody knows why: it is analysed anew, as a cause of its own.
                Some(format!("swept-{}", run.protocol.incident().id).into())
            }
            Over::Told(_)
            | Over::Interrupted
            | Over::Duplicate
            | Over::Paused
            | Over::Exempt
            | Over::CapReached => None,
            Over::Untold(_) | Over::Later | Over::Changed | Over::NoLedger => run.message.clone(),
        };
        if let Some(cause) = again {
            self.wait(cause);
        }
    }

    /// Whether the rule may be on in the end: only because somebody has said so, or AWS has.
    fn has_excuse(&self, cap: usize) -> bool {
        let held = self.book.view(&rule(), NOW);
        // While it is off for a while nothing repeats, so that a message is passed over: the sentinel says it again.
        let interrupted = self.book.incidents().any(|incident| incident.act.interrupts().is_some());
        held.pause.is_some() || held.exemption.is_some() || held.acts >= cap || self.refused || interrupted
    }

    /// Whether the rule may be off in the end: because an act was made for that, or AWS refuses to switch it on.
    fn may_be_off(&self) -> bool {
        self.off_for.as_deref() != Some(INTERRUPT) || self.refused
    }
}

impl Model for Account {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![self.begin()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let messages = world.running.iter().filter(|run| run.message.is_some()).count();
        if messages < self.guards {
            actions.extend(world.waiting.keys().cloned().map(Action::Deliver));
        }
        for (at, run) in world.running.iter().enumerate() {
            actions.push(Action::Step(at, How::Well));
            let over = matches!(run.protocol.request(), Request::Over(_));
            if world.left.losses > 0 && !over {
                actions.push(Action::Step(at, How::AnswerLost));
                actions.push(Action::Step(at, How::CallLost));
            }
            let is_act = matches!(run.protocol.request(), Request::Apply | Request::GiveBack);
            if world.left.refusals > 0 && is_act {
                actions.push(Action::Step(at, How::Refused));
            }
            if world.left.crashes > 0 && !over {
                actions.push(Action::Crash(at));
            }
        }
        let sweeps = world.running.iter().filter(|run| run.message.is_none()).count();
        let lost: Vec<Arc<str>> = if self.lease {
            world.left_behind()
        } else {
            world.book.left_behind(LATE).into_iter().map(|incident| incident.id).collect()
        };
        if sweeps < self.sweepers {
            actions.extend(lost.into_iter().map(Action::Sweep));
        }
        if world.left.deploys > 0 {
            actions.push(Action::Deploy);
        }
        if world.left.holds > 0 {
            actions.extend([Action::Pause, Action::Exempt]);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut world = world.clone();
        match action {
            Action::Deliver(cause) => Self::deliver(&mut world, &cause),
            Action::Step(at, how) => {
                match how {
                    How::Well => {}
                    How::AnswerLost | How::CallLost => world.left.losses -= 1,
                    How::Refused => world.left.refusals -= 1,
                }
                self.step(&mut world, at, how);
            }
            Action::Crash(at) => {
                world.left.crashes -= 1;
                let run = world.running.remove(at);
                run.message.into_iter().for_each(|cause| world.wait(cause));
            }
            Action::Sweep(id) => Self::sweep(&mut world, &id),
            Action::Deploy => {
                world.left.deploys -= 1;
                world.on = true;
                world.version += 1;
                world.wait(format!("e-{}", world.version).into());
            }
            Action::Pause => {
                world.left.holds -= 1;
                world.book.set_pause(Some(Pause { until: None, at: NOW, by: "".into() }));
            }
            Action::Exempt => {
                world.left.holds -= 1;
                let until = Timestamp(u64::MAX);
                let exemption = Exemption { until, reason: "".into(), at: NOW, by: "".into() };
                world.book.set_exemption(&rule(), Some(exemption));
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("one effective act for a cause", |_, world: &World| {
                world.acts.values().all(|acts| *acts <= 1)
            }),
            Property::always("no act that is not recorded, none while held", |_, world: &World| {
                world.wrong.is_none()
            }),
            Property::always("each act is claimed by one incident", |_, world: &World| {
                let acted = |incident: &&Incident| {
                    matches!(&incident.state, State::Ended { end: End::Acted { .. }, .. })
                };
                world.book.incidents().filter(acted).count()
                    <= world.acts.values().map(|n| usize::from(*n)).sum()
            }),
            Property::always("no more acts than the cap", |account: &Self, world: &World| {
                usize::from(world.acts.values().sum::<u8>()) <= account.cap
            }),
            Property::always(
                "it comes to rest, all is told, and the rule is off, or given back",
                |account: &Self, world: &World| {
                    account.settle(world).is_some_and(|rest| {
                        let told = |incident: &Incident| {
                            let abandoned =
                                matches!(&incident.state, State::Ended { end: End::Abandoned, .. });
                            abandoned || rest.told.contains_key(&incident.id)
                        };
                        rest.book.incidents().all(|incident| !incident.is_open() && told(incident))
                            && (!rest.on || rest.has_excuse(account.cap))
                            && (rest.on || rest.may_be_off())
                    })
                },
            ),
            Property::sometimes("a rule is disabled", |_, world: &World| !world.acts.is_empty()),
        ]
    }
}

/// Returns the names of the properties that do not hold, and how many states were looked at.
fn broken(account: Account) -> (Vec<&'static str>, usize) {
    // The first failure is enough: what is left out may make the number of states endless.
    let checker = account.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    assert!(checker.is_done());
    let mut found: Vec<&str> =
        checker.discoveries().into_keys().filter(|name| *name != "a rule is disabled").collect();
    found.sort_unstable();
    if found.is_empty() {
        checker.assert_any_discovery("a rule is disabled");
    }
    (found, checker.unique_state_count())
}

/// Everything at once is more states than a test may take: each kind of trouble with each other kind.
#[test]
fn the_protocol_holds_in_every_order() {
    let accounts = [
        CALM,
        Account { losses: 2, ..CALM },
        Account { losses: 1, deploys: 1, ..CALM },
        Account { deploys: 2, holds: 1, ..CALM },
        Account { refusals: 1, deploys: 1, holds: 1, ..CALM },
        Account { crashes: 1, ..CALM },
        Account { crashes: 1, guards: 1, sweepers: 2, copies: 1, ..CALM },
        Account { crashes: 1, losses: 1, guards: 1, copies: 1, ..CALM },
        Account { crashes: 2, deploys: 1, guards: 1, copies: 1, ..CALM },
        Account { crashes: 1, deploys: 2, cap: 1, guards: 1, copies: 1, ..CALM },
    ];
    for account in accounts {
        let (broken, states) = broken(account);
        assert!(broken.is_empty(), "{broken:?} of {states} states: {account:?}");
    }
}

/// A rule that is off for a while is given back wherever an invocation dies, and by nothing else is a rule switched on.
#[test]
fn what_is_off_for_a_while_is_given_back() {
    let interrupted = Account { interrupts: true, copies: 1, guards: 1, ..CALM };
    let accounts = [
        Account { guards: 2, ..interrupted },
        Account { crashes: 2, ..interrupted },
        Account { losses: 2, ..interrupted },
        Account { crashes: 1, losses: 1, ..interrupted },
        Account { crashes: 1, sweepers: 2, ..interrupted },
        Account { refusals: 1, crashes: 1, ..interrupted },
        Account { deploys: 1, crashes: 1, ..interrupted },
        Account { holds: 1, crashes: 1, ..interrupted },
        Account { copies: 2, losses: 1, ..interrupted },
    ];
    for account in accounts {
        let (broken, states) = broken(account);
        assert!(broken.is_empty(), "{broken:?} of {states} states: {account:?}");
    }
}

/// Two acts on one rule at once would have what one switches off switched on by the other.
#[test]
fn what_is_off_for_a_while_has_the_rule_for_itself() {
    let account = Account { interrupts: true, copies: 1, deploys: 1, without: Some(Condition::Lock), ..CALM };
    let (broken, states) = broken(account);
    assert!(!broken.is_empty(), "nobody misses it in {states} states");
}

/// Without any one condition something goes wrong.
#[test]
fn each_condition_is_needed() {
    for condition in Condition::ALL {
        let account = Account { without: Some(condition), ..CALM };
        let account = match condition {
            Condition::Cause => Account { crashes: 1, deploys: 1, ..account },
            Condition::Lock => Account { deploys: 1, ..account },
            Condition::Pause | Condition::Exemption => Account { holds: 1, ..account },
            Condition::Cap => Account { deploys: 1, cap: 1, ..account },
            Condition::Holder | Condition::Taker => Account { crashes: 1, losses: 1, deploys: 1, ..account },
        };
        let (broken, states) = broken(account);
        assert!(!broken.is_empty(), "nobody misses {condition:?} in {states} states");
    }
}

/// The lease has to be longer than any invocation: sweeping the living gives acts that nobody has recorded.
#[test]
fn the_living_must_not_be_swept() {
    let (broken, _) = broken(Account { lease: false, deploys: 1, ..CALM });
    assert!(broken.contains(&"no act that is not recorded, none while held"), "{broken:?}");
}
