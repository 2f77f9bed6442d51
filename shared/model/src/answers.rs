//! Which reads were answered, and which of them with a gap.

use crate::{Gap, Need};
use std::collections::{BTreeMap, BTreeSet};

/// The needs that were answered.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    answered: BTreeSet<Need>,
    gaps: BTreeMap<Need, Gap>,
}

impl Answers {
    /// Notes that the need was answered, with the gap that it left; returns false iff it was answered already.
    pub fn note(&mut self, need: &Need, gap: Option<Gap>) -> bool {
        let new = self.answered.insert(need.clone());
        if let Some(gap) = gap.filter(|_| new) {
            self.gaps.insert(need.clone(), gap);
        }
        new
    }

    /// Returns all needs that were answered, in their order.
    pub(crate) fn needs(&self) -> impl Iterator<Item = &Need> {
        self.answered.iter()
    }

    /// Returns whether the need has been answered, with facts or with a gap.
    pub fn is_answered(&self, need: &Need) -> bool {
        self.answered.contains(need)
    }

    /// Returns the gap that the need left, if it left one.
    pub fn gap(&self, need: &Need) -> Option<&Gap> {
        self.gaps.get(need)
    }

    /// Returns all gaps, in the order of their needs.
    pub fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.gaps.values()
    }

    /// Adds what another source answered.
    pub(crate) fn merge(&mut self, other: Self) {
        self.answered.extend(other.answered);
        self.gaps.extend(other.gaps);
    }
}
