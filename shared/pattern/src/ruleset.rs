//! Many patterns, one event: the names of those that match.
//!
//! Each branch of each pattern waits at one of its fields, the one whose values fewest branches share. An
//! event's leaves are looked up there, and only the branches found are looked at whole. A field that stands
//! in many patterns is judged once for an event. Array consistency costs only where a candidate's own
//! leaves stand in arrays: then the plain matcher decides that branch.

mod paths;
mod scan;

use crate::event::{Event, EventError, Leaf};
use crate::matching::{accepts_absence, branch_matches, leaf_matches};
use crate::{Branch, EventPattern, Field, MatcherKind, address};
use paths::{PathId, Paths};
use rustc_hash::FxHashMap;
use scan::{Found, scan};
use std::sync::Arc;

type BranchId = u32;
type FieldId = u32;
type RuleId = u32;

/// Compiled patterns with names, to be matched all at once.
///
/// ```
/// use loopguard_pattern::{RuleSet, parse};
/// let rules = RuleSet::new([
///     ("acl", parse(r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}"#)?),
///     ("all", parse(r#"{"source":[{"prefix":""}]}"#)?),
/// ]);
/// let event = r#"{"source":"aws.s3","detail":{"eventName":"PutBucketAcl"}}"#;
/// assert_eq!(rules.names_matching(event)?, [&"acl", &"all"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RuleSet<N> {
    names: Vec<N>,
    paths: Paths,
    path_names: Vec<Arc<str>>,
    fields: Vec<Judged>,
    branches: Vec<Waiting>,
    /// Where branches wait, by path.
    entries: Vec<Entries>,
    /// Branches that cannot wait anywhere.
    always: Vec<BranchId>,
}

/// A field that stands in one or more branches.
#[derive(Debug)]
struct Judged {
    path: PathId,
    matchers: Vec<MatcherKind>,
    absence: bool,
}

#[derive(Debug)]
struct Waiting {
    rule: RuleId,
    fields: Vec<FieldId>,
    branch: Branch,
}

#[derive(Debug, Default)]
struct Entries {
    exact: FxHashMap<Box<str>, Vec<BranchId>>,
    /// Prefixes by length, so that one look-up for each length suffices.
    prefixes: Vec<(usize, FxHashMap<Box<str>, Vec<BranchId>>)>,
}

/// A text that a branch can wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key<'a> {
    Exact(&'a str),
    Prefix(&'a str),
}

/// Returns the texts that the field waits for, if these are all that it accepts.
fn keys(field: &Field) -> Option<Vec<Key<'_>>> {
    field
        .matchers
        .iter()
        .map(|matcher| match &matcher.kind {
            // An address is also matched by other texts.
            MatcherKind::Exact(term) => {
                term.as_str().filter(|text| address::parse(text).is_none()).map(Key::Exact)
            }
            // A prefix that ends in a quote may match beyond the text.
            MatcherKind::Prefix(affix) if !affix.ignore_case => {
                affix.text.as_str().filter(|text| !text.ends_with('"')).map(Key::Prefix)
            }
            _ => None,
        })
        .collect()
}

impl<N> RuleSet<N> {
    /// Compiles the patterns. Values that are not known (symbols, opaque lists) match nothing.
    ///
    /// ```
    /// use loopguard_pattern::{RuleSet, parse};
    /// let rules = RuleSet::new([("any", parse(r#"{"a":[{"exists":true}]}"#)?)]);
    /// assert_eq!(rules.len(), 1);
    /// # Ok::<(), loopguard_pattern::PatternError>(())
    /// ```
    pub fn new(patterns: impl IntoIterator<Item = (N, EventPattern)>) -> Self {
        let (names, patterns): (Vec<N>, Vec<EventPattern>) = patterns.into_iter().unzip();
        let mut set = Self {
            names,
            paths: Paths::new(),
            path_names: Vec::new(),
            fields: Vec::new(),
            branches: Vec::new(),
            entries: Vec::new(),
            always: Vec::new(),
        };
        let waiters = count_waiters(&patterns);
        let mut known: FxHashMap<(PathId, String), FieldId> = FxHashMap::default();
        for (rule, pattern) in (0..).zip(patterns) {
            for branch in pattern.branches {
                set.add(rule, branch, &waiters, &mut known);
            }
        }
        for entries in &mut set.entries {
            entries.prefixes.sort_by_key(|(length, _)| *length);
        }
        set
    }

    fn add(
        &mut self,
        rule: RuleId,
        branch: Branch,
        waiters: &FxHashMap<(String, String), u32>,
        known: &mut FxHashMap<(PathId, String), FieldId>,
    ) {
        let id = BranchId::try_from(self.branches.len()).unwrap_or(BranchId::MAX);
        let mut fields = Vec::with_capacity(branch.fields.len());
        let mut best: Option<(u32, PathId, &Field)> = None;
        for field in &branch.fields {
            let path = self.path(&field.path);
            fields.push(self.field(path, field, known));
            let Some(keys) = keys(field) else { continue };
            let shared =
                keys.iter().map(|key| waiters.get(&spelled(&field.path, *key)).copied().unwrap_or(0)).max();
            let shared = shared.unwrap_or(0);
            if best.is_none_or(|(least, ..)| shared < least) {
                best = Some((shared, path, field));
            }
        }
        match best {
            None => self.always.push(id),
            Some((_, path, field)) => {
                if let Some(entries) = self.entries.get_mut(path as usize) {
                    for key in keys(field).unwrap_or_default() {
                        entries.wait(key, id);
                    }
                }
            }
        }
        self.branches.push(Waiting { rule, fields, branch });
    }

    fn path(&mut self, path: &Arc<str>) -> PathId {
        let id = self.paths.add(path);
        if self.path_names.len() < self.paths.count() {
            self.path_names.push(path.clone());
            self.entries.push(Entries::default());
        }
        id
    }

    fn field(
        &mut self,
        path: PathId,
        field: &Field,
        known: &mut FxHashMap<(PathId, String), FieldId>,
    ) -> FieldId {
        let matchers: Vec<MatcherKind> = field.matchers.iter().map(|matcher| matcher.kind.clone()).collect();
        let next = FieldId::try_from(self.fields.len()).unwrap_or(FieldId::MAX);
        let id = *known.entry((path, format!("{matchers:?}"))).or_insert(next);
        if id == next {
            self.fields.push(Judged { path, matchers, absence: accepts_absence(field) });
        }
        id
    }

    /// Returns how many patterns the set holds.
    ///
    /// ```
    /// assert_eq!(loopguard_pattern::RuleSet::<&str>::new([]).len(), 0);
    /// ```
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Returns whether the set holds no pattern.
    ///
    /// ```
    /// assert!(loopguard_pattern::RuleSet::<&str>::new([]).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Returns the names of the patterns that match the event, in the order in which they were given.
    /// For many events, [`matcher`](Self::matcher) is faster.
    ///
    /// # Errors
    ///
    /// As for [`matches`](crate::matches), but that parts of the event that no pattern names are checked for
    /// balanced brackets only.
    ///
    /// ```
    /// use loopguard_pattern::{RuleSet, parse};
    /// let rules = RuleSet::new([(7, parse(r#"{"a":[1]}"#)?)]);
    /// assert_eq!(rules.names_matching(r#"{"a":1.0}"#)?, [&7]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn names_matching(&self, event: &str) -> Result<Vec<&N>, EventError> {
        let mut names = Vec::new();
        self.matcher().names_matching(event, &mut names)?;
        Ok(names)
    }

    /// Returns a matcher that keeps its memory from event to event.
    ///
    /// ```
    /// use loopguard_pattern::{RuleSet, parse};
    /// let rules = RuleSet::new([("a", parse(r#"{"a":[1]}"#)?)]);
    /// let (mut matcher, mut names) = (rules.matcher(), Vec::new());
    /// matcher.names_matching(r#"{"a":1}"#, &mut names)?;
    /// assert_eq!(names, [&"a"]);
    /// matcher.names_matching(r#"{"a":2}"#, &mut names)?;
    /// assert!(names.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn matcher(&self) -> RuleMatcher<'_, N> {
        RuleMatcher {
            set: self,
            round: 0,
            judgements: vec![(0, false); self.fields.len()],
            matched: vec![0; self.names.len()],
            heads: vec![Head::default(); self.paths.count()],
            rules: Vec::new(),
        }
    }
}

impl Entries {
    fn wait(&mut self, key: Key<'_>, branch: BranchId) {
        let (map, text) = match key {
            Key::Exact(text) => (&mut self.exact, text),
            Key::Prefix(text) => {
                let at = match self.prefixes.iter().position(|(length, _)| *length == text.len()) {
                    Some(at) => at,
                    None => {
                        self.prefixes.push((text.len(), FxHashMap::default()));
                        self.prefixes.len() - 1
                    }
                };
                let Some((_, map)) = self.prefixes.get_mut(at) else { return };
                (map, text)
            }
        };
        let waiting = map.entry(text.into()).or_default();
        if waiting.last() != Some(&branch) {
            waiting.push(branch);
        }
    }
}

fn spelled(path: &str, key: Key<'_>) -> (String, String) {
    let text = match key {
        Key::Exact(text) => format!("={text}"),
        Key::Prefix(text) => format!("^{text}"),
    };
    (path.to_owned(), text)
}

/// Counts the branches that could wait for each text.
fn count_waiters(patterns: &[EventPattern]) -> FxHashMap<(String, String), u32> {
    let mut waiters = FxHashMap::default();
    let fields = patterns.iter().flat_map(|pattern| &pattern.branches).flat_map(|branch| &branch.fields);
    for field in fields {
        for key in keys(field).unwrap_or_default() {
            *waiters.entry(spelled(&field.path, key)).or_insert(0) += 1;
        }
    }
    waiters
}

/// Matches events against a [`RuleSet`], keeping its memory from event to event.
#[derive(Debug)]
pub struct RuleMatcher<'s, N> {
    set: &'s RuleSet<N>,
    /// Marks what belongs to the event at hand, so that nothing has to be cleared.
    round: u32,
    judgements: Vec<(u32, bool)>,
    matched: Vec<u32>,
    heads: Vec<Head>,
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
            if let (Some(entries), scan::FoundValue::Text(text)) =
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
        head.nested |= !leaf.places.is_empty();
        head.leaves.push(position);
    }

    fn wake(
        &mut self,
        branches: Option<&Vec<BranchId>>,
        found: &[Found<'_>],
        whole: &mut Option<Event>,
    ) -> Result<(), EventError> {
        for id in branches.into_iter().flatten() {
            let Some(waiting) = self.set.branches.get(*id as usize) else { continue };
            let Some(seen) = self.matched.get(waiting.rule as usize) else { continue };
            if *seen != self.round && self.holds(waiting, found, whole)? {
                if let Some(seen) = self.matched.get_mut(waiting.rule as usize) {
                    *seen = self.round;
                }
                self.rules.push(waiting.rule);
            }
        }
        Ok(())
    }

    /// Returns whether the branch matches. Without nested leaves its fields are independent; with them a
    /// field that no leaf meets still settles it.
    fn holds(
        &mut self,
        waiting: &Waiting,
        found: &[Found<'_>],
        whole: &mut Option<Event>,
    ) -> Result<bool, EventError> {
        let mut nested = false;
        for field in &waiting.fields {
            let Some(judged) = self.set.fields.get(*field as usize) else { return Ok(false) };
            let inside = self
                .heads
                .get(judged.path as usize)
                .is_some_and(|head| head.round == self.round && head.nested);
            nested |= inside;
            // Absence may hide behind another element: only the plain matcher can tell.
            if !(inside && judged.absence) && !self.judge(*field, judged, found) {
                return Ok(false);
            }
        }
        if !nested {
            return Ok(true);
        }
        branch_matches(&waiting.branch, whole.get_or_insert_with(|| self.event(found)))
    }

    fn judge(&mut self, id: FieldId, judged: &Judged, found: &[Found<'_>]) -> bool {
        if let Some((round, verdict)) = self.judgements.get(id as usize)
            && *round == self.round
        {
            return *verdict;
        }
        let leaves = match self.heads.get(judged.path as usize) {
            Some(head) if head.round == self.round => head.leaves.as_slice(),
            _ => &[],
        };
        let verdict = if leaves.is_empty() {
            judged.absence
        } else {
            leaves.iter().filter_map(|leaf| found.get(*leaf as usize)).any(|leaf| {
                let value = leaf.value.as_ref();
                judged.matchers.iter().any(|matcher| leaf_matches(matcher, value))
            })
        };
        if let Some(judgement) = self.judgements.get_mut(id as usize) {
            *judgement = (self.round, verdict);
        }
        verdict
    }

    /// Returns the leaves as an event for the plain matcher.
    fn event(&self, found: &[Found<'_>]) -> Event {
        Event::of_leaves(
            found
                .iter()
                .filter_map(|leaf| {
                    let path = self.set.path_names.get(leaf.path as usize)?.clone();
                    Some(Leaf { path, value: leaf.value.as_ref().into(), places: leaf.places.clone() })
                })
                .collect(),
        )
    }
}
