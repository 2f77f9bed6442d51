//! What conditions say about custom events.

use crate::glob::{Glob, glob_of, tokens};
use crate::iam::text::{Reading, Resolved};
use loopguard_model::Condition;
use loopguard_pattern::Term;

/// What conditions say about the custom events that `events:PutEvents` may put.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EventLimits {
    /// The sources that are allowed; none: any.
    pub(crate) sources: Option<Vec<Glob>>,
    /// The detail-types that are allowed; none: any.
    pub(crate) detail_types: Option<Vec<Glob>>,
    /// Sources that are surely refused.
    pub(crate) no_sources: Vec<Glob>,
    /// Detail-types that are surely refused.
    pub(crate) no_detail_types: Vec<Glob>,
}

/// What a condition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Source,
    DetailType,
}

fn member(condition: &Condition) -> Option<Member> {
    let is = |key: &str| condition.key.eq_ignore_ascii_case(key);
    if is("events:source") {
        Some(Member::Source)
    } else if is("events:detail-type") {
        Some(Member::DetailType)
    } else {
        None
    }
}

/// Returns true iff the condition is about what an event says.
pub(crate) fn is_about_the_event(condition: &Condition) -> bool {
    member(condition).is_some()
}

impl EventLimits {
    /// Takes a condition of what allows as a limit.
    pub(crate) fn allow(&mut self, condition: &Condition, reading: &Reading<'_>) {
        let Some(member) = member(condition) else { return };
        match operator(condition) {
            Some((like, false)) => self.keep(member, &wide(condition, like, reading)),
            Some((like, true)) => self.refuse(member, exact(condition, like, reading)),
            None => {}
        }
    }

    /// Takes the only condition of what refuses as a limit.
    pub(crate) fn deny(&mut self, condition: &Condition, reading: &Reading<'_>) {
        let Some(member) = member(condition) else { return };
        match operator(condition) {
            Some((like, false)) => self.refuse(member, exact(condition, like, reading)),
            Some((like, true)) => self.keep(member, &wide(condition, like, reading)),
            None => {}
        }
    }

    /// Takes over the limits of another layer, all of which hold.
    pub(crate) fn and(&mut self, other: &Self) {
        for (member, wanted) in [(Member::Source, &other.sources), (Member::DetailType, &other.detail_types)]
        {
            if let Some(wanted) = wanted {
                self.keep(member, wanted);
            }
        }
        self.refuse(Member::Source, other.no_sources.clone());
        self.refuse(Member::DetailType, other.no_detail_types.clone());
    }

    /// Returns true iff no event is left.
    pub(crate) fn is_void(&self) -> bool {
        let void = |allowed: &Option<Vec<Glob>>, refused: &[Glob]| {
            let refused = |one: &Glob| refused.iter().any(|glob| glob.covers(one));
            allowed.as_ref().is_some_and(|allowed| allowed.iter().all(refused))
        };
        void(&self.sources, &self.no_sources) || void(&self.detail_types, &self.no_detail_types)
    }

    fn keep(&mut self, member: Member, wanted: &[Glob]) {
        let slot = match member {
            Member::Source => &mut self.sources,
            Member::DetailType => &mut self.detail_types,
        };
        let kept = match slot.take() {
            None => wanted.to_vec(),
            Some(known) => known
                .into_iter()
                .filter(|one| wanted.iter().any(|other| !one.surely_differs(other)))
                .collect(),
        };
        *slot = Some(kept);
    }

    fn refuse(&mut self, member: Member, refused: Vec<Glob>) {
        let slot = match member {
            Member::Source => &mut self.no_sources,
            Member::DetailType => &mut self.no_detail_types,
        };
        for glob in refused {
            if !slot.contains(&glob) {
                slot.push(glob);
            }
        }
    }
}

/// Returns whether the operator takes wildcards and whether it is negated; none: more than is worth telling apart.
fn operator(condition: &Condition) -> Option<(bool, bool)> {
    // `IfExists` and the words for sets change nothing: a request of PutEvents always gives both, one of each.
    let operator = condition.operator.rsplit(':').next().unwrap_or_default();
    match operator.strip_suffix("IfExists").unwrap_or(operator) {
        "StringEquals" => Some((false, false)),
        "StringLike" => Some((true, false)),
        "StringNotEquals" => Some((false, true)),
        "StringNotLike" => Some((true, true)),
        _ => None,
    }
}

/// Returns what the values stand for, or more.
fn wide(condition: &Condition, like: bool, reading: &Reading<'_>) -> Vec<Glob> {
    let one = |value: &Term| match reading.resolved(value) {
        Resolved::Exactly(term) if !like => Some(Glob::exact(term)),
        Resolved::Exactly(term) | Resolved::Within(term) => Some(glob_of(&tokens(&term))),
        Resolved::Void => None,
    };
    condition.values.iter().filter_map(one).collect()
}

/// Returns what the values stand for, or less.
fn exact(condition: &Condition, like: bool, reading: &Reading<'_>) -> Vec<Glob> {
    let one = |value: &Term| match reading.resolved(value) {
        Resolved::Exactly(term) if !like => Some(Glob::exact(term)),
        Resolved::Exactly(term) => Glob::exactly_of(&term),
        Resolved::Within(_) | Resolved::Void => None,
    };
    condition.values.iter().filter_map(one).collect()
}
