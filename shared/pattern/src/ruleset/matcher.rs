//! One event against the set.

use super::paths::PathId;
use super::scan::{Found, FoundValue, scan};
use super::{Candidate, FieldId, Judged, RuleId, RuleSet};
use crate::event::{Event, EventError, Leaf};
use crate::matching::branch_matches;

/// Matches events against a [`RuleSet`], keeping its memory from event to event.
///
/// ```
/// use loopguard_pattern::{RuleSet, parse};
/// let rules = RuleSet::new([("acl", parse(r#"{"source":["aws.s3"]}"#)?)]);
/// let (mut matcher, mut names) = (rules.matcher(), Vec::new());
/// for event in [r#"{"source":"aws.s3"}"#, r#"{"source":"aws.ec2"}"#] {
///     matcher.names_matching(event, &mut names)?;
/// }
/// assert!(names.is_empty(), "the last event was another service's");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RuleMatcher<'s, N> {
    set: &'s RuleSet<N>,
    /// Marks what belongs to the event at hand, so that nothing has to be cleared.
    round: u32,
    judgements: Vec<(u32, bool)>,
    matched: Vec<u32>,
    heads: Vec<Head>,
    /// Whether a leaf of the event stands in an element of an array or below an empty key.
    nested: bool,
    rules: Vec<RuleId>,
}

/// The leaves of one path, as positions in the list of leaves.
#[derive(Debug, Clone, Default)]
struct Head {
    round: u32,
    nested: bool,
    leaves: Vec<u32>,
}

impl<'s, N> RuleMatcher<'s, N> {
    pub(super) fn new(set: &'s RuleSet<N>) -> Self {
        Self {
            set,
            round: 0,
            judgements: vec![(0, false); set.fields.len()],
            matched: vec![0; set.names.len()],
            heads: vec![Head::default(); set.paths.count()],
            nested: false,
            rules: Vec::new(),
        }
    }

    /// Puts the names of the patterns that match the event into `names`, in the order in which they were
    /// given; what was there before is taken out.
    ///
    /// # Errors
    ///
    /// As for [`RuleSet::names_matching`].
    ///
    /// ```
    /// use loopguard_pattern::{RuleSet, parse};
    /// let rules = RuleSet::new([("a", parse(r#"{"a":[1]}"#)?)]);
    /// let mut names = Vec::new();
    /// assert!(rules.matcher().names_matching("no event", &mut names).is_err());
    /// # Ok::<(), loopguard_pattern::PatternError>(())
    /// ```
    pub fn names_matching(&mut self, event: &str, names: &mut Vec<&'s N>) -> Result<(), EventError> {
        names.clear();
        self.begin();
        let mut found = Vec::with_capacity(16);
        scan(event, &self.set.paths, &mut found)?;
        for (position, leaf) in (0..).zip(&found) {
            self.note(position, leaf);
        }
        let mut whole = None;
        let set = self.set;
        for leaf in &found {
            if let (Some(entries), FoundValue::Text(text)) =
                (set.entries.get(leaf.path as usize), &leaf.value)
            {
                self.wake(entries.exact.get(&**text), &found, &mut whole)?;
                for (length, prefixes) in &entries.prefixes {
                    let Some(start) = text.get(..*length) else { continue };
                    self.wake(prefixes.get(start), &found, &mut whole)?;
                }
            }
        }
        self.wake(Some(&set.always), &found, &mut whole)?;
        self.rules.sort_unstable();
        names.extend(self.rules.iter().filter_map(|rule| set.names.get(*rule as usize)));
        Ok(())
    }

    fn begin(&mut self) {
        self.rules.clear();
        self.nested = false;
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            // The marks have come round: clear them once in four thousand million events.
            self.round = 1;
            self.judgements.fill((0, false));
            self.matched.fill(0);
            self.heads.iter_mut().for_each(|head| head.round = 0);
        }
    }

    fn note(&mut self, position: u32, leaf: &Found<'_>) {
        let round = self.round;
        let Some(head) = self.heads.get_mut(leaf.path as usize) else { return };
        if head.round != round {
            head.round = round;
            head.nested = false;
            head.leaves.clear();
        }
        head.nested |= !leaf.places.is_empty() || leaf.below_empty_key;
        self.nested |= head.nested;
        head.leaves.push(position);
    }

    fn wake(
        &mut self,
        candidates: Option<&Vec<Candidate>>,
        found: &[Found<'_>],
        whole: &mut Option<Event>,
    ) -> Result<(), EventError> {
        for candidate in candidates.into_iter().flatten() {
            let Some(seen) = self.matched.get(candidate.rule as usize) else { continue };
            if *seen != self.round && self.holds(candidate, found, whole)? {
                if let Some(seen) = self.matched.get_mut(candidate.rule as usize) {
                    *seen = self.round;
                }
                self.rules.push(candidate.rule);
            }
        }
        Ok(())
    }

    /// Returns whether the branch matches. Without nested leaves its fields are independent; with them a
    /// field that no leaf meets still settles it.
    fn holds(
        &mut self,
        candidate: &Candidate,
        found: &[Found<'_>],
        whole: &mut Option<Event>,
    ) -> Result<bool, EventError> {
        let mut nested = false;
        for field in candidate.fields() {
            let Some(judged) = self.set.fields.get(field as usize) else { return Ok(false) };
            let inside = self.nested && self.is_nested(judged.path);
            nested |= inside;
            // Absence may hide behind another element: only the plain matcher can tell.
            let open = inside && judged.absence;
            if !open && !self.judge(field, judged, found) {
                return Ok(false);
            }
        }
        if !nested {
            return Ok(true);
        }
        let Some(branch) = self.set.branches.get(candidate.branch as usize) else { return Ok(false) };
        branch_matches(branch, whole.get_or_insert_with(|| self.event(found)))
    }

    fn is_nested(&self, path: PathId) -> bool {
        self.heads.get(path as usize).is_some_and(|head| head.round == self.round && head.nested)
    }

    fn judge(&mut self, id: FieldId, judged: &Judged, found: &[Found<'_>]) -> bool {
        if !judged.shared {
            return self.test(judged, found);
        }
        match self.judgements.get(id as usize) {
            Some((round, verdict)) if *round == self.round => *verdict,
            _ => {
                let verdict = self.test(judged, found);
                if let Some(judgement) = self.judgements.get_mut(id as usize) {
                    *judgement = (self.round, verdict);
                }
                verdict
            }
        }
    }

    fn test(&self, judged: &Judged, found: &[Found<'_>]) -> bool {
        let leaves = match self.heads.get(judged.path as usize) {
            Some(head) if head.round == self.round => head.leaves.as_slice(),
            _ => return judged.absence,
        };
        leaves
            .iter()
            .filter_map(|leaf| found.get(*leaf as usize))
            .any(|leaf| judged.test.accepts(leaf.value.as_ref()))
    }

    /// Returns the leaves as an event for the plain matcher.
    fn event(&self, found: &[Found<'_>]) -> Event {
        Event::of_leaves(
            found
                .iter()
                .filter_map(|leaf| {
                    let path = self.set.path_names.get(leaf.path as usize)?.clone();
                    Some(Leaf {
                        path,
                        value: leaf.value.as_ref().into(),
                        places: leaf.places.clone(),
                        below_empty_key: leaf.below_empty_key,
                    })
                })
                .collect(),
        )
    }
}
