//! What the schedules call that other calls make.
//!
//! Nothing starts a schedule but time; but what it calls is caused by whoever made it. Input: a call. Output: the calls
//! of the schedule that it makes. Deliberately not here: when, how often, and whether the time ever comes.

use crate::arn::Arn;
use crate::catalogue::{CatalogueError, check, packed, same_letters};
use crate::definition::nodes;
use loopguard_model::{Call, Given, Runs};
use loopguard_pattern::json::{self, Marked, ValueKind};
use loopguard_pattern::{Symbol, Term};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// The target's member for the role under which the schedule calls.
const ROLE: &str = "RoleArn";

/// What stands in an input for a value that the schedule fills in.
const FILLED_IN: &str = "<aws.";

/// Calls that make a schedule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Schedule {
    calls: Vec<Arc<str>>,
    /// The member of the request that is the target.
    target: Arc<str>,
    /// A member of the request, and the value with which the schedule does not run.
    off: (Arc<str>, Arc<str>),
    /// Service and beginning of the resource part of an ARN that names an operation.
    universal: (Arc<str>, Arc<str>),
    /// Beginnings of operations that such an ARN must not name.
    refuses: Vec<Arc<str>>,
    source: String,
    confidence: String,
}

/// What a schedule calls for a kind of target.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Templated {
    /// Service and beginning of the resource part; none: what it calls where the target's own call fails.
    arn: Option<(Arc<str>, Arc<str>)>,
    call: Arc<str>,
    /// Members of the call's request, by what the target gives.
    #[serde(default)]
    members: BTreeMap<Arc<str>, Arc<str>>,
    source: String,
    confidence: String,
}

/// Both tables.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Schedules {
    schedule: Vec<Schedule>,
    templated: Vec<Templated>,
}

/// What the schedule calls.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scheduled {
    pub(super) calls: Vec<Call>,
    /// It makes a call that cannot be told.
    pub(super) unknown: bool,
    /// The role under which it calls.
    pub(super) role: Option<Term>,
}

/// The call that is a target's own.
enum Own {
    Is(Call),
    /// No schedule can have the target.
    Refused,
    Unknown,
}

impl Schedules {
    /// Returns the tables that are built in; a test loads them, so that they can be read.
    pub(super) fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Schedules> = OnceLock::new();
        EMBEDDED.get_or_init(|| Self::load().unwrap_or_default())
    }

    pub(super) fn load() -> Result<Self, CatalogueError> {
        let read: Self = packed::SCHEDULES.read()?;
        for row in &read.schedule {
            check(packed::SCHEDULES.name, &row.source, &row.confidence)?;
        }
        for row in &read.templated {
            check(packed::SCHEDULES.name, &row.source, &row.confidence)?;
        }
        Ok(read)
    }

    /// Returns what the schedule calls that the call makes; nothing where it makes none.
    pub(super) fn of(&self, call: &Call) -> Scheduled {
        let makes = |known: &Arc<str>| {
            known.split_once(':').is_some_and(|(service, operation)| {
                same_letters(service, &call.service) && same_letters(operation, &call.operation)
            })
        };
        let Some(row) = self.schedule.iter().find(|row| row.calls.iter().any(makes)) else {
            return Scheduled::default();
        };
        let (switch, off) = &row.off;
        if constant(call, switch).and_then(Term::as_str) == Some(off) {
            return Scheduled::default();
        }
        let target = Target { call, row };
        let failed = self.templated.iter().filter(|templated| templated.arn.is_none());
        let mut calls: Vec<Call> = failed.filter_map(|templated| target.on_failure(templated)).collect();
        let role = constant(call, &format!("{}.{ROLE}", row.target)).cloned();
        match target.arn().map_or(Own::Unknown, |arn| self.own(&target, &arn)) {
            Own::Is(own) => calls.push(own),
            Own::Refused => return Scheduled::default(),
            Own::Unknown => return Scheduled { calls, unknown: true, role },
        }
        Scheduled { calls, unknown: false, role }
    }

    fn own(&self, target: &Target<'_>, arn: &Arn) -> Own {
        let is = |(service, start): &(Arc<str>, Arc<str>)| {
            (arn.service.as_literal().as_deref() == Some(&**service)).then(|| arn.resource_after(start))?
        };
        if let Some(name) = is(&target.row.universal) {
            return name.as_str().map_or(Own::Unknown, |name| target.universal(name));
        }
        let fits = |row: &&Templated| row.arn.as_ref().is_some_and(|form| is(form).is_some());
        let longest = |row: &&Templated| row.arn.as_ref().map_or(0, |(_, start)| start.len());
        let row = self.templated.iter().filter(fits).max_by_key(longest);
        row.and_then(|row| target.templated(row)).map_or(Own::Unknown, Own::Is)
    }

    /// Returns every call that the tables name.
    #[cfg(test)]
    pub(super) fn calls(&self) -> impl Iterator<Item = &Arc<str>> {
        let made = self.schedule.iter().flat_map(|row| &row.calls);
        made.chain(self.templated.iter().map(|row| &row.call))
    }
}

/// The target that a call gives a schedule.
struct Target<'c> {
    call: &'c Call,
    row: &'c Schedule,
}

impl<'c> Target<'c> {
    fn given(&self, member: &str) -> Option<&'c Given> {
        given(self.call, &format!("{}.{member}", self.row.target))
    }

    fn arn(&self) -> Option<Arn> {
        match self.given("Arn")? {
            Given::Constant(arn) => Arn::parse(arn),
            Given::StartsWith(_) | Given::FromEvent(_) => None,
        }
    }

    /// The call `SERVICE:ACTION`, with the target's input as its request.
    fn universal(&self, name: &str) -> Own {
        let Some((service, action)) = name.split_once(':') else { return Own::Unknown };
        let is = |start: &Arc<str>| {
            action.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
        };
        if self.row.refuses.iter().any(is) {
            return Own::Refused;
        }
        Own::Is(self.made(service, action, self.input()))
    }

    fn templated(&self, row: &Templated) -> Option<Call> {
        let (service, operation) = row.call.split_once(':')?;
        let value =
            |(member, from): (&Arc<str>, &Arc<str>)| Some((member.clone(), self.given(from)?.clone()));
        Some(self.made(service, operation, row.members.iter().filter_map(value).collect()))
    }

    fn on_failure(&self, row: &Templated) -> Option<Call> {
        row.members.values().all(|from| self.given(from).is_some()).then(|| self.templated(row))?
    }

    /// What the target's input, the text of an object, gives a request.
    fn input(&self) -> BTreeMap<Arc<str>, Given> {
        let mut request = BTreeMap::new();
        let Some(Given::Constant(text)) = self.given("Input") else { return request };
        let marked = Marked::of(text);
        let Ok(value) = json::parse_strict(marked.text()) else { return request };
        let value = marked.restored(value, &|span| span);
        nodes::scalars(&value, &mut |path, value| {
            if value.kind == ValueKind::Null {
                return;
            }
            let given =
                value.scalar().map(|term| match term.as_str().and_then(|text| text.split_once(FILLED_IN)) {
                    Some((before, _)) => Given::StartsWith(Term::literal(before)),
                    None => Given::Constant(term),
                });
            request.insert(path.into(), given.unwrap_or_else(|| Given::StartsWith(Term::default())));
        });
        request
    }

    /// A call under the schedule's role.
    fn made(&self, service: &str, operation: &str, request: BTreeMap<Arc<str>, Given>) -> Call {
        let role = match self.given(ROLE) {
            Some(Given::Constant(role)) => role.clone(),
            _ => Symbol::given("schedule's role", &format!("{}#{}", self.call.note, self.row.target)).into(),
        };
        let by = if self.call.note.is_empty() { "" } else { ", made by " };
        Call {
            service: service.into(),
            operation: operation.into(),
            request,
            role: Some(role),
            // A schedule is where it was made.
            region: self.call.region.clone(),
            runs: Runs::Sometimes,
            origin: self.call.origin.clone(),
            note: format!("by a schedule{by}{}", self.call.note).into(),
        }
    }
}

fn constant<'c>(call: &'c Call, member: &str) -> Option<&'c Term> {
    match given(call, member)? {
        Given::Constant(term) => Some(term),
        Given::StartsWith(_) | Given::FromEvent(_) => None,
    }
}

/// Returns the value of a request member, whatever the case of its letters.
fn given<'c>(call: &'c Call, member: &str) -> Option<&'c Given> {
    let found = call.request.iter().find(|(name, _)| name.eq_ignore_ascii_case(member));
    found.map(|(_, given)| given)
}
