//! Rules that catch the events of one hop.

use super::hop::{HopRef, find};
use crate::ledger::digest;
use loopguard_analysis::{Finding, Hop};
use loopguard_model::{Inventory, Rule, RuleState};
use loopguard_pattern::{
    Affix, EventPattern, EventSet, MatcherKind, Overlap, Schema, Subset, Term, overlap, subset,
};
use std::fmt;
use std::sync::Arc;

/// Every tripwire's name begins so: permissions and the queue's policy name this prefix.
pub const TRIPWIRE_PREFIX: &str = "loopguard-tripwire-";

/// The most characters of a pattern that AWS takes unless the quota is raised (EventBridge quotas, "Event pattern size").
pub(super) const MOST_CHARS: usize = 2_048;

const SESSION: &str = "detail.userIdentity.arn";
const ISSUER: &str = "detail.userIdentity.sessionContext.sessionIssuer.arn";
pub(super) const ID: &str = "id";

/// How many of a hop's events a tripwire catches: all, or those whose id begins with so many zeros.
///
/// Ids of events are UUIDs, so that each digit is one of sixteen alike. That AWS makes the first digits of all its ids
/// at random is not documented; evidence under sampling therefore needs many events (see [`Thresholds`](super::Thresholds)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sample {
    /// At most [`MOST_ZEROS`].
    zeros: u32,
}

const MOST_ZEROS: u32 = 4;

/// So many events in a second are caught at most, as far as sampling can see to it.
const CAUGHT_PER_SECOND: u64 = 50;

/// A tripwire that stands catches so many events in a minute at most, of what its rule runs for as a rule.
pub const STANDING_A_MINUTE: u64 = 2;

impl Sample {
    /// Returns the sample of all events.
    pub fn all() -> Self {
        Self { zeros: 0 }
    }

    /// Returns the largest sample of which at most 50 events a second are caught at that rate, and else the smallest.
    pub fn for_rate(per_second: u64) -> Self {
        let fits = |zeros: &u32| per_second <= CAUGHT_PER_SECOND * 16_u64.pow(*zeros);
        Self { zeros: (0..=MOST_ZEROS).find(fits).unwrap_or(MOST_ZEROS) }
    }

    /// Returns the sample of a tripwire that stands, for a rule that runs so often in a minute as a rule: at most
    /// [`STANDING_A_MINUTE`] events are caught then, as far as sampling can see to it.
    pub fn standing(per_minute: u64) -> Self {
        let fits = |zeros: &u32| per_minute <= STANDING_A_MINUTE * 16_u64.pow(*zeros);
        Self { zeros: (0..=MOST_ZEROS).find(fits).unwrap_or(MOST_ZEROS) }
    }

    /// Returns the sample of which each event stands for so many; that of all where there is none.
    pub fn of_factor(factor: u64) -> Self {
        let is = |zeros: &u32| 16_u64.pow(*zeros) == factor;
        Self { zeros: (0..=MOST_ZEROS).find(is).unwrap_or_default() }
    }

    /// Returns for how many events each one caught stands.
    pub fn factor(self) -> u64 {
        16_u64.pow(self.zeros)
    }

    /// Returns whether all events are caught.
    pub fn is_all(self) -> bool {
        self.zeros == 0
    }

    pub(super) fn prefix(self) -> Term {
        (0..self.zeros).fold(Term::literal(""), |mut text, _| {
            text.push_str("0");
            text
        })
    }
}

/// A rule that catches the events of one hop and nothing else: those that the rule `hop.to` matches and whose record
/// names the session (or the role, where nothing else uses it) of the target of `hop.from`.
#[derive(Debug, Clone)]
pub struct Tripwire {
    /// Its name: the prefix and a digest of what it is for; it does not depend on the sample.
    pub name: Arc<str>,
    /// The bus: that of the rule that hears.
    pub bus: Arc<str>,
    /// The state: that of the rule that hears, which decides over read-only events.
    pub state: RuleState,
    /// Its pattern as JSON text, at most 2,048 characters.
    pub text: Arc<str>,
    /// The hop.
    pub hop: HopRef,
    /// The ARN that the record must show.
    pub caller: Arc<str>,
    /// Which of the hop's events it catches.
    pub sample: Sample,
    /// The pattern, sample included.
    pub(super) pattern: EventPattern,
    /// The pattern of the rule that hears: a caught event must match it, too.
    pub(super) heard_by: Arc<EventPattern>,
}

/// What a tripwire is built from.
#[derive(Debug, Clone, Copy)]
pub struct TripwireGround<'a> {
    /// What was read.
    pub inventory: &'a Inventory,
    /// Whether every workload and target that may use a role was read. Where it is not, a role without a fixed
    /// session is not taken for one thing's own.
    pub whole: bool,
    /// Which of the events to catch.
    pub sample: Sample,
}

/// Why a hop has no tripwire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoTripwire {
    /// Its events are of the service itself or put by code, and carry no caller.
    NoCaller {
        /// Their source; perhaps empty.
        source: Arc<str>,
    },
    /// Its events are records of calls, but who calls is not a session of a known role.
    UnknownCaller,
    /// The role is used by others, too, and sessions under it have no fixed name.
    SharedRole {
        /// The role.
        role: Arc<str>,
        /// How many use it, as far as was read.
        users: usize,
    },
    /// Whether others use the role was not read, and sessions under it have no fixed name.
    PerhapsSharedRole {
        /// The role.
        role: Arc<str>,
    },
    /// A value that is known only once the template is deployed.
    Symbolic {
        /// The value.
        value: Arc<str>,
    },
    /// The rule that hears was not read, or its pattern cannot be read.
    Unread {
        /// The rule.
        rule: Arc<str>,
    },
    /// The rule that hears is in another account or region.
    Elsewhere {
        /// The rule.
        rule: Arc<str>,
    },
    /// The rule that hears leaves out this caller: the hop cannot happen.
    LeavesOut {
        /// The caller.
        caller: Arc<str>,
    },
    /// The pattern asks for the event's id, so that no sample can be taken.
    AsksForId,
    /// The pattern would be longer than AWS takes.
    TooLong {
        /// How long it would be.
        chars: usize,
    },
    /// That the pattern catches events of the hop, and those only, could not be shown.
    NotShown {
        /// Why.
        why: String,
    },
}

/// The events of one hop: those that the rule `hop.to` matches and whose record names the session (or the role, where
/// nothing else uses it) of the target of `hop.from`.
#[derive(Debug, Clone)]
pub struct OwnEvents {
    /// The hop.
    pub hop: HopRef,
    /// The bus of the rule that hears.
    pub bus: Arc<str>,
    /// The ARN that the record must show.
    pub caller: Arc<str>,
    /// Whether the rule that hears sees read-only events, too.
    pub reads: bool,
    /// Where the record shows it.
    path: &'static str,
    /// What matches these events.
    pub(super) pattern: EventPattern,
    /// The pattern of the rule that hears.
    pub(super) heard_by: Arc<EventPattern>,
}

/// Returns the own events of each hop of the finding, or why they cannot be told from others.
pub fn own_events(finding: &Finding, ground: TripwireGround<'_>) -> Vec<Result<OwnEvents, NoTripwire>> {
    let names = HopRef::of(finding, ground.inventory);
    let own = |(at, (hop, name)): (usize, (&Hop, Option<HopRef>))| {
        let next = finding.hops.get((at + 1) % finding.hops.len()).unwrap_or(hop);
        let unread = || NoTripwire::Unread { rule: next.rule.id.clone() };
        let to = find(ground.inventory, &next.rule).ok_or_else(unread)?;
        own(hop, name.ok_or_else(unread)?, to, ground)
    };
    finding.hops.iter().zip(names).enumerate().map(own).collect()
}

/// Returns one tripwire per hop of the finding, or why there is none.
pub fn tripwires(finding: &Finding, ground: TripwireGround<'_>) -> Vec<Result<Tripwire, NoTripwire>> {
    let own = own_events(finding, ground).into_iter();
    own.map(|own| build(own?, ground.sample)).collect()
}

fn own(hop: &Hop, name: HopRef, to: &Rule, ground: TripwireGround<'_>) -> Result<OwnEvents, NoTripwire> {
    let (path, caller) = caller(hop, ground)?;
    if to.scope != ground.inventory.scope {
        return Err(NoTripwire::Elsewhere { rule: to.key.id.clone() });
    }
    let bus = literal(&to.bus)?;
    literal(&to.name)?;
    let heard_by = to.trigger.pattern().ok_or_else(|| NoTripwire::Unread { rule: to.key.id.clone() })?;
    let exact = MatcherKind::Exact(Term::literal(&caller));
    let pattern =
        heard_by.narrowed(path, &exact).ok_or_else(|| NoTripwire::LeavesOut { caller: caller.clone() })?;
    let reads = to.state == RuleState::EnabledWithAllManagementEvents;
    Ok(OwnEvents { hop: name, bus, caller, reads, path, pattern, heard_by: heard_by.clone() })
}

fn build(own: OwnEvents, sample: Sample) -> Result<Tripwire, NoTripwire> {
    let OwnEvents { hop: name, bus, caller, reads, path, pattern: whole, heard_by } = own;
    let pattern = sampled(&whole, sample)?;
    let text = pattern.nested().unwrap_or_else(|_| pattern.to_string());
    // What is shown is shown of the text that AWS will read.
    let pattern = loopguard_pattern::parse(&text).map_err(|error| not_shown(error.to_string()))?;
    let chars = text.chars().count();
    if chars > MOST_CHARS {
        return Err(NoTripwire::TooLong { chars });
    }
    pattern.check_bus_limits().map_err(|error| not_shown(error.to_string()))?;
    catches_only(&pattern, &heard_by, &[path, ID])?;
    let of = format!("{name}\n{path}\n{caller}");
    Ok(Tripwire {
        name: format!("{TRIPWIRE_PREFIX}{:016x}", digest(of.as_bytes())).into(),
        bus,
        state: if reads { RuleState::EnabledWithAllManagementEvents } else { RuleState::Enabled },
        text: text.into(),
        hop: name,
        caller,
        sample,
        pattern,
        heard_by,
    })
}

/// The path and the text by which the record of a call shows who made it.
fn caller(hop: &Hop, ground: TripwireGround<'_>) -> Result<(&'static str, Arc<str>), NoTripwire> {
    let Some(caller) = &hop.caller else {
        return Err(match hop.emits.event_name {
            Some(_) => NoTripwire::UnknownCaller,
            None => NoTripwire::NoCaller { source: hop.emits.source.clone() },
        });
    };
    if let Some(session) = &caller.session {
        return Ok((SESSION, literal(session)?));
    }
    let role = literal(&caller.role)?;
    match ground.inventory.users_of(&caller.role) {
        users if users > 1 => Err(NoTripwire::SharedRole { role, users }),
        _ if !ground.whole => Err(NoTripwire::PerhapsSharedRole { role }),
        _ => Ok((ISSUER, role)),
    }
}

fn literal(term: &Term) -> Result<Arc<str>, NoTripwire> {
    term.as_literal().ok_or_else(|| NoTripwire::Symbolic { value: term.to_string().into() })
}

pub(super) fn sampled(pattern: &EventPattern, sample: Sample) -> Result<EventPattern, NoTripwire> {
    if sample.is_all() {
        return Ok(pattern.clone());
    }
    let prefix = MatcherKind::Prefix(Affix { text: sample.prefix(), ignore_case: false });
    pattern.narrowed(ID, &prefix).ok_or(NoTripwire::AsksForId)
}

/// Shows that `inner` matches some event, and none that `outer` does not match.
///
/// The algebra compares the two with every path single. Arrays cannot change that: the paths in which the two differ
/// hold one value in every event, and at every other path both ask for the same.
pub(super) fn catches_only(
    inner: &EventPattern,
    outer: &EventPattern,
    differ: &[&str],
) -> Result<(), NoTripwire> {
    if let Some(path) = differ.iter().find(|path| !Schema::events().is_single(path)) {
        return Err(not_shown(format!("`{path}` may have several values")));
    }
    let (inner_set, outer_set) = (EventSet::from(inner), EventSet::from(outer));
    match subset(&inner_set, &outer_set, &Schema::scalar()) {
        Subset::Yes => {}
        Subset::No(witness) => return Err(not_shown(format!("it would catch {}", witness.event))),
        Subset::Unknown(undecided) => return Err(not_shown(undecided.to_string())),
    }
    match overlap(&inner_set, &outer_set, &Schema::events()) {
        Overlap::Yes(_) => Ok(()),
        Overlap::No(disjoint) => Err(not_shown(format!("nothing matches it: {disjoint}"))),
        Overlap::Unknown(undecided) => Err(not_shown(undecided.to_string())),
    }
}

fn not_shown(why: String) -> NoTripwire {
    NoTripwire::NotShown { why }
}

impl fmt::Display for NoTripwire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCaller { source } if source.is_empty() => f.write_str("its events carry no caller"),
            Self::NoCaller { source } => write!(f, "events of `{source}` carry no caller"),
            Self::UnknownCaller => f.write_str("who makes the call is not a session of a known role"),
            Self::SharedRole { role, users } => {
                write!(f, "{users} use the role `{role}`, and its sessions have no fixed name")
            }
            Self::PerhapsSharedRole { role } => write!(
                f,
                "whether others use the role `{role}` was not read, and its sessions have no fixed name"
            ),
            Self::Symbolic { value } => write!(f, "`{value}` is known only once it is deployed"),
            Self::Unread { rule } => write!(f, "the pattern of rule `{rule}` was not read"),
            Self::Elsewhere { rule } => write!(f, "rule `{rule}` is in another account or region"),
            Self::LeavesOut { caller } => write!(f, "the next rule leaves out `{caller}`"),
            Self::AsksForId => {
                f.write_str("the pattern asks for the event's id, so that no sample can be taken")
            }
            Self::TooLong { chars } => {
                write!(f, "the pattern would have {chars} characters, more than {MOST_CHARS}")
            }
            Self::NotShown { why } => {
                write!(f, "that it catches events of the hop and no others could not be shown: {why}")
            }
        }
    }
}

#[cfg(test)]
mod tests;
