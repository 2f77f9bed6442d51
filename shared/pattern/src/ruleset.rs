//! Many patterns, one event: the names of those that match.
//!
//! Each branch of each pattern waits at one of its fields, the one whose values fewest branches share. An
//! event's leaves are looked up there, and only the branches found are looked at whole. A field that stands
//! in many patterns is judged once for an event. Array consistency costs only where a candidate's own
//! leaves stand in arrays: then the plain matcher decides that branch.

mod matcher;
mod paths;
mod scan;
mod test;

use crate::event::EventError;
use crate::matching::accepts_absence;
use crate::{Branch, EventPattern, Field, MatcherKind, address};
use paths::{PathId, Paths};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use test::Test;

pub use matcher::RuleMatcher;

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
    /// The branches whole, for events that nest arrays.
    branches: Vec<Branch>,
    /// Where branches wait, by path.
    entries: Vec<Entries>,
    /// Branches that cannot wait anywhere.
    always: Vec<Candidate>,
}

/// A field that stands in one or more branches.
#[derive(Debug)]
struct Judged {
    path: PathId,
    absence: bool,
    /// Whether several branches have it, so that its judgement is worth keeping.
    shared: bool,
    test: Test,
}

/// The fields of a candidate that stand beside it.
const BESIDE: usize = 5;

/// A branch where it waits, with what decides it beside it: candidates are read one behind the other.
#[derive(Debug, Clone)]
struct Candidate {
    rule: RuleId,
    branch: BranchId,
    fields: [FieldId; BESIDE],
    count: u8,
    /// Fields that did not fit.
    more: Option<Box<[FieldId]>>,
}

#[derive(Debug, Default)]
struct Entries {
    exact: ByText,
    /// Prefixes by length, so that one look-up for each length suffices.
    prefixes: Vec<(usize, ByText)>,
}

/// Candidates by the text that they wait for.
type ByText = FxHashMap<Box<str>, Vec<Candidate>>;

impl Candidate {
    fn new(rule: RuleId, branch: BranchId, all: &[FieldId]) -> Self {
        let mut fields = [0; BESIDE];
        for (place, field) in fields.iter_mut().zip(all) {
            *place = *field;
        }
        let count = all.len().min(BESIDE);
        let more = all.get(count..).filter(|more| !more.is_empty()).map(Into::into);
        Self { rule, branch, fields, count: u8::try_from(count).unwrap_or(0), more }
    }

    fn fields(&self) -> impl Iterator<Item = FieldId> {
        let beside = self.fields.iter().take(usize::from(self.count));
        beside.chain(self.more.iter().flatten()).copied()
    }
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
        let mut added = Vec::new();
        for (rule, pattern) in (0..).zip(patterns) {
            for branch in pattern.branches {
                let fields = branch.fields.iter().map(|field| set.field(field, &mut known)).collect();
                added.push((rule, fields, branch));
            }
        }
        for (rule, fields, branch) in added {
            set.wait(rule, fields, branch, &waiters);
        }
        for entries in &mut set.entries {
            entries.prefixes.sort_by_key(|(length, _)| *length);
        }
        set
    }

    /// Puts a branch where it waits: at the field whose values fewest branches share.
    fn wait(&mut self, rule: RuleId, mut fields: Vec<FieldId>, branch: Branch, waiters: &Waiters) {
        let id = BranchId::try_from(self.branches.len()).unwrap_or(BranchId::MAX);
        let mut best: Option<(u32, &Field)> = None;
        for field in &branch.fields {
            let Some(keys) = keys(field) else { continue };
            let shared =
                keys.iter().map(|key| waiters.get(&spelled(&field.path, *key)).copied().unwrap_or(0)).max();
            let shared = shared.unwrap_or(0);
            if best.is_none_or(|(least, _)| shared < least) {
                best = Some((shared, field));
            }
        }
        // What many share is judged already: it comes first.
        fields.sort_by_key(|field| self.fields.get(*field as usize).is_none_or(|judged| !judged.shared));
        let candidate = Candidate::new(rule, id, &fields);
        match best {
            None => self.always.push(candidate),
            Some((_, field)) => {
                let path = self.paths.add(&field.path);
                if let Some(entries) = self.entries.get_mut(path as usize) {
                    for key in keys(field).unwrap_or_default() {
                        entries.wait(key, &candidate);
                    }
                }
            }
        }
        self.branches.push(branch);
    }

    fn path(&mut self, path: &Arc<str>) -> PathId {
        let id = self.paths.add(path);
        if self.path_names.len() < self.paths.count() {
            self.path_names.push(path.clone());
            self.entries.push(Entries::default());
        }
        id
    }

    fn field(&mut self, field: &Field, known: &mut FxHashMap<(PathId, String), FieldId>) -> FieldId {
        let path = self.path(&field.path);
        let matchers: Vec<MatcherKind> = field.matchers.iter().map(|matcher| matcher.kind.clone()).collect();
        let next = FieldId::try_from(self.fields.len()).unwrap_or(FieldId::MAX);
        let id = *known.entry((path, format!("{matchers:?}"))).or_insert(next);
        if let Some(judged) = self.fields.get_mut(id as usize) {
            judged.shared = true;
        } else {
            let absence = accepts_absence(field);
            self.fields.push(Judged { path, absence, shared: false, test: Test::of(matchers) });
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
        RuleMatcher::new(self)
    }
}

impl Entries {
    fn wait(&mut self, key: Key<'_>, candidate: &Candidate) {
        let (map, text) = match key {
            Key::Exact(text) => (&mut self.exact, text),
            Key::Prefix(text) => {
                let known = self.prefixes.iter().position(|(length, _)| *length == text.len());
                let at = known.unwrap_or_else(|| {
                    self.prefixes.push((text.len(), ByText::default()));
                    self.prefixes.len() - 1
                });
                let Some((_, map)) = self.prefixes.get_mut(at) else { return };
                (map, text)
            }
        };
        let waiting = map.entry(text.into()).or_default();
        if waiting.last().is_none_or(|last| last.branch != candidate.branch) {
            waiting.push(candidate.clone());
        }
    }
}

/// How many branches could wait for each text, by path.
type Waiters = FxHashMap<(String, String), u32>;

fn spelled(path: &str, key: Key<'_>) -> (String, String) {
    let text = match key {
        Key::Exact(text) => format!("={text}"),
        Key::Prefix(text) => format!("^{text}"),
    };
    (path.to_owned(), text)
}

/// Counts the branches that could wait for each text.
fn count_waiters(patterns: &[EventPattern]) -> Waiters {
    let mut waiters = FxHashMap::default();
    let fields = patterns.iter().flat_map(|pattern| &pattern.branches).flat_map(|branch| &branch.fields);
    for field in fields {
        for key in keys(field).unwrap_or_default() {
            *waiters.entry(spelled(&field.path, key)).or_insert(0) += 1;
        }
    }
    waiters
}
