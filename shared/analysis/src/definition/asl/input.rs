//! What a state's input still has of the input that started the run.

use std::collections::BTreeSet;

/// The most paths that are remembered as overwritten.
const MOST_LOST: usize = 32;

/// What `$` stands for in a state; none: something that the run made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Input {
    /// Where in the run's input it points: names joined by dots.
    base: String,
    /// Paths of the run's input that may have been written over.
    lost: BTreeSet<String>,
}

impl Input {
    /// Returns the path in the run's input of what stands at `path` below `$`; none where it may be something else.
    pub(super) fn at(&self, path: &[&str]) -> Option<String> {
        let whole = joined(&self.base, path);
        let hit = |lost: &String| is_below(&whole, lost) || is_below(lost, &whole);
        (!self.lost.iter().any(hit)).then_some(whole)
    }

    /// Returns the input that is a part of this one.
    pub(super) fn part(&self, path: &[&str]) -> Self {
        Self { base: joined(&self.base, path), lost: self.lost.clone() }
    }

    /// Returns the input with something written at `path`; none where that replaces all of it.
    pub(super) fn written(&self, path: &[&str]) -> Option<Self> {
        if path.is_empty() || self.lost.len() >= MOST_LOST {
            return None;
        }
        let mut lost = self.lost.clone();
        lost.insert(joined(&self.base, path));
        Some(Self { base: self.base.clone(), lost })
    }

    /// Returns what two inputs have in common.
    pub(super) fn and(&self, other: &Self) -> Option<Self> {
        if self.base != other.base {
            return None;
        }
        let lost: BTreeSet<String> = self.lost.union(&other.lost).cloned().collect();
        (lost.len() <= MOST_LOST).then(|| Self { base: self.base.clone(), lost })
    }
}

fn joined(base: &str, path: &[&str]) -> String {
    let start = (!base.is_empty()).then_some(base);
    start.into_iter().chain(path.iter().copied()).collect::<Vec<_>>().join(".")
}

/// Returns true iff `path` is `upper` or lies below it.
fn is_below(path: &str, upper: &str) -> bool {
    upper.is_empty() || path.strip_prefix(upper).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
