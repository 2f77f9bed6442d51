//! Symbolic events: what is known of each path.

use crate::{Branch, Event, EventError, EventPattern, MatcherKind, Symbol, Term, ValueSet};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A set of events, as a union of alternatives. A path that an alternative does not name is open: it may
/// have no value, one, or several.
///
/// ```
/// use loopguard_pattern::EventSet;
/// use std::collections::BTreeMap;
/// let set = EventSet::open().with_terms("source", ["aws.s3".into()]).absent("detail.errorCode");
/// assert!(set.contains(r#"{"source":"aws.s3"}"#, &BTreeMap::new())?);
/// # Ok::<(), loopguard_pattern::EventError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct EventSet {
    pub(crate) alternatives: Vec<Alternative>,
}

/// One alternative: what is known of each path; all of it holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Alternative {
    pub(crate) fields: BTreeMap<Arc<str>, FieldSet>,
    /// The branch that the alternative comes from, if it comes from a pattern: a witness must match it.
    pub(crate) branch: Option<Arc<Branch>>,
}

/// What is known of one path.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldSet {
    /// Whether the path may have no value.
    pub(crate) absent: bool,
    /// The values it may have.
    pub(crate) values: ValueSet,
    /// Whether nothing may stand below the path either.
    pub(crate) bare: bool,
}

impl PartialEq for Alternative {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl FieldSet {
    pub(crate) fn open() -> Self {
        Self { absent: true, values: ValueSet::any(), bare: false }
    }

    pub(crate) fn intersect(&self, other: &Self) -> Self {
        Self {
            absent: self.absent && other.absent,
            values: self.values.intersect(&other.values),
            bare: self.bare || other.bare,
        }
    }
}

impl EventSet {
    /// Returns the set of all events.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, Overlap, Schema, overlap};
    /// let pattern = loopguard_pattern::parse(r#"{"source":["aws.s3"]}"#)?;
    /// assert!(matches!(overlap(&EventSet::open(), &EventSet::from(&pattern), &Schema::events()), Overlap::Yes(_)));
    /// # Ok::<(), loopguard_pattern::PatternError>(())
    /// ```
    pub fn open() -> Self {
        Self { alternatives: vec![Alternative::default()] }
    }

    /// Returns the empty set.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, is_empty};
    /// assert!(is_empty(&EventSet::nothing()));
    /// ```
    pub fn nothing() -> Self {
        Self { alternatives: Vec::new() }
    }

    /// Returns the events of the set whose path has one of these texts.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, Term, is_empty};
    /// let set = EventSet::open().with_terms("source", [Term::literal("aws.s3")]);
    /// assert!(is_empty(&set.with_terms("source", [Term::literal("aws.ec2")])));
    /// ```
    #[must_use]
    pub fn with_terms(self, path: &str, terms: impl IntoIterator<Item = Term>) -> Self {
        self.with_values(path, ValueSet::terms(terms))
    }

    /// Returns the events of the set whose path has a value of `values`.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, ValueSet, is_empty};
    /// assert!(!is_empty(&EventSet::open().with_values("detail.readOnly", ValueSet::bools([false]))));
    /// ```
    #[must_use]
    pub fn with_values(self, path: &str, values: ValueSet) -> Self {
        self.limit(path, &FieldSet { absent: false, values, bare: false })
    }

    /// Returns the events of the set whose path has a value of `values` or none.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, ValueSet, is_empty};
    /// assert!(!is_empty(&EventSet::open().optional("x", ValueSet::null()).absent("x")));
    /// ```
    #[must_use]
    pub fn optional(self, path: &str, values: ValueSet) -> Self {
        self.limit(path, &FieldSet { absent: true, values, bare: false })
    }

    /// Returns the events of the set that have no leaf at the path or below it.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, ValueSet, is_empty};
    /// assert!(is_empty(&EventSet::open().absent("a").with_values("a.b", ValueSet::any())));
    /// ```
    #[must_use]
    pub fn absent(self, path: &str) -> Self {
        self.limit(path, &FieldSet { absent: true, values: ValueSet::nothing(), bare: true })
    }

    /// Returns the set with nothing known of the path.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, Term};
    /// let set = EventSet::open().with_terms("a", [Term::literal("x")]).open_path("a");
    /// assert_eq!(set, EventSet::open());
    /// ```
    #[must_use]
    pub fn open_path(mut self, path: &str) -> Self {
        for alternative in &mut self.alternatives {
            alternative.fields.remove(path);
        }
        self
    }

    /// Returns the union.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, is_empty};
    /// assert!(!is_empty(&EventSet::nothing().union(EventSet::open())));
    /// ```
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        self.alternatives.extend(other.alternatives);
        self
    }

    /// Returns the intersection.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, Term, is_empty};
    /// let with = |text: &str| EventSet::open().with_terms("a", [Term::literal(text)]);
    /// assert!(is_empty(&with("x").intersect(&with("y"))) && !is_empty(&with("x").intersect(&with("x"))));
    /// ```
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let mut alternatives = Vec::new();
        for one in &self.alternatives {
            for two in &other.alternatives {
                let mut both = Alternative { fields: one.fields.clone(), branch: None };
                for (path, field) in &two.fields {
                    let known = both.fields.entry(path.clone()).or_insert_with(FieldSet::open);
                    *known = known.intersect(field);
                }
                alternatives.push(both);
            }
        }
        Self { alternatives }
    }

    /// Returns true iff the event, given as JSON text, belongs to the set once its symbols have the texts of
    /// `assignment`. A path with several values needs one of them.
    ///
    /// # Errors
    ///
    /// The event cannot be read.
    ///
    /// ```
    /// use loopguard_pattern::{EventSet, Term};
    /// let set = EventSet::open().with_terms("a", [Term::literal("x")]).absent("b");
    /// assert!(set.contains(r#"{"a":"x"}"#, &Default::default())?);
    /// assert!(!set.contains(r#"{"a":"x","b":{"c":1}}"#, &Default::default())?);
    /// # Ok::<(), loopguard_pattern::EventError>(())
    /// ```
    pub fn contains(&self, event: &str, assignment: &BTreeMap<Symbol, Arc<str>>) -> Result<bool, EventError> {
        let event = Event::parse(event)?;
        Ok(self.alternatives.iter().any(|one| {
            one.fields.iter().all(|(path, field)| {
                let leaves = event.at(path);
                let below = format!("{path}.");
                let value = leaves.iter().any(|leaf| field.values.holds(&leaf.value, assignment));
                let bare = !field.bare || !event.leaves.iter().any(|leaf| leaf.path.starts_with(&below));
                bare && (value || (field.absent && leaves.is_empty()))
            })
        }))
    }

    fn limit(mut self, path: &str, limit: &FieldSet) -> Self {
        for alternative in &mut self.alternatives {
            let field = alternative.fields.entry(path.into()).or_insert_with(FieldSet::open);
            *field = field.intersect(limit);
        }
        self
    }
}

impl From<&EventPattern> for EventSet {
    /// Returns the events that the pattern matches, paths taken as single values.
    fn from(pattern: &EventPattern) -> Self {
        let alternatives = pattern
            .branches()
            .iter()
            .map(|branch| Alternative {
                fields: branch
                    .fields()
                    .iter()
                    .map(|field| {
                        let absent =
                            field.matchers.iter().any(|matcher| matcher.kind == MatcherKind::Exists(false));
                        let values = ValueSet::from_matchers(&field.matchers);
                        (field.path.clone(), FieldSet { absent, values, bare: false })
                    })
                    .collect(),
                branch: Some(Arc::new(branch.clone())),
            })
            .collect();
        Self { alternatives }
    }
}
