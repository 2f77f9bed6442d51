//! CloudTrail trails, as far as they decide which API calls become events.

use loopguard_pattern::Term;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the trails of an account deliver to EventBridge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trails {
    /// Whether a trail (an organisation's or a shadow trail too) logs here; without one no API call becomes an event.
    pub logging: bool,
    /// Whether write management events are selected, perhaps only in part.
    pub management_writes: bool,
    /// Whether read-only management events are selected, perhaps only in part.
    pub management_reads: bool,
    /// Resource types whose data events are selected (`AWS::S3::Object`), perhaps only in part.
    pub data: Vec<Arc<str>>,
    /// The parts of what is selected: of a kind of events that some part is of, nothing else is selected.
    pub parts: Vec<TrailPart>,
}

/// A kind of events that a selector names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recorded {
    /// Write management events.
    Writes,
    /// Read-only management events.
    Reads,
    /// Data events of a resource type.
    Data(Arc<str>),
}

/// What one selector selects of a kind of events: those that pass all tests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrailPart {
    /// The kind.
    pub of: Recorded,
    /// The tests.
    pub tests: Vec<TrailTest>,
}

/// A test of one field: it has one of the texts that it must have, if there are any, and none of the others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrailTest {
    /// The field as selectors call it: `resources.ARN`, `eventName` ...
    pub field: Arc<str>,
    /// What it must be.
    pub is: Vec<TrailText>,
    /// What it must not be.
    pub is_not: Vec<TrailText>,
}

/// A text that a field is compared with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrailText {
    /// The whole text.
    Equals(Term),
    /// How the text begins.
    StartsWith(Term),
    /// How the text ends.
    EndsWith(Term),
}

/// An operator of an advanced selector's field: its name, what it compares with, and whether the field must have it.
pub type TrailOperator = (&'static str, fn(Term) -> TrailText, bool);

/// The operators of an advanced selector's field.
pub const OPERATORS: [TrailOperator; 6] = [
    ("Equals", TrailText::Equals, true),
    ("StartsWith", TrailText::StartsWith, true),
    ("EndsWith", TrailText::EndsWith, true),
    ("NotEquals", TrailText::Equals, false),
    ("NotStartsWith", TrailText::StartsWith, false),
    ("NotEndsWith", TrailText::EndsWith, false),
];

/// A basic selector of a trail, but for the resources of its data events.
#[derive(Debug, Clone)]
pub struct BasicSelector {
    /// It selects management events.
    pub management: bool,
    /// It selects reads.
    pub reads: bool,
    /// It selects writes.
    pub writes: bool,
    /// Services whose management events it leaves out.
    pub left_out: Vec<Term>,
}

impl BasicSelector {
    /// Adds the management events that it selects.
    pub fn add_management(&self, trails: &mut Trails) {
        let mut tests = Vec::new();
        if !self.left_out.is_empty() {
            let is_not = self.left_out.iter().cloned().map(TrailText::Equals).collect();
            tests.push(TrailTest { is_not, ..TrailTest::of(EVENT_SOURCE) });
        }
        for (kind, selected) in [(Recorded::Writes, self.writes), (Recorded::Reads, self.reads)] {
            if self.management && selected {
                trails.select(kind, tests.clone());
            }
        }
    }

    /// Adds the data events of a resource type that it selects: those of resources whose ARNs begin like one of these.
    pub fn add_data(&self, trails: &mut Trails, kind: Arc<str>, begins: Vec<Term>) {
        let mut tests = Vec::new();
        if !begins.is_empty() {
            let is = begins.into_iter().map(TrailText::StartsWith).collect();
            tests.push(TrailTest { is, ..TrailTest::of(RESOURCE) });
        }
        if self.reads != self.writes {
            let is = vec![TrailText::Equals(Term::literal(if self.reads { "true" } else { "false" }))];
            tests.push(TrailTest { is, ..TrailTest::of(READ_ONLY) });
        }
        trails.select(Recorded::Data(kind), tests);
    }
}

/// The field that says which service a call is of.
const EVENT_SOURCE: &str = "eventSource";
/// The field that says which resource a call is on.
const RESOURCE: &str = "resources.ARN";
/// The field that says whether a call only reads.
const READ_ONLY: &str = "readOnly";
/// The fields that say which kind of events a selector is of.
const CATEGORY: &str = "eventCategory";
const RESOURCE_TYPE: &str = "resources.type";

impl TrailTest {
    /// Returns true iff the text may be among those that the field must have, or there are none of these. A text that is
    /// not known may be any.
    fn may_be(&self, text: &str) -> bool {
        let is = |wanted: &TrailText| matches!(wanted, TrailText::Equals(term) if term.may_be(text));
        self.is.is_empty() || self.is.iter().any(is)
    }

    /// Returns the test that every text passes.
    pub fn of(field: &str) -> Self {
        Self { field: field.into(), is: Vec::new(), is_not: Vec::new() }
    }
}

impl Trails {
    /// Adds what a selector selects: all of a kind, if it has no tests.
    pub fn select(&mut self, of: Recorded, tests: Vec<TrailTest>) {
        let known = self.selects(&of);
        match &of {
            Recorded::Writes => self.management_writes = true,
            Recorded::Reads => self.management_reads = true,
            Recorded::Data(kind) if !self.data.contains(kind) => {
                self.data.push(kind.clone());
                self.data.sort_unstable();
            }
            Recorded::Data(_) => {}
        }
        if tests.is_empty() {
            self.parts.retain(|part| part.of != of);
        } else if !known || self.is_in_part(&of) {
            self.parts.push(TrailPart { of, tests });
        }
    }

    /// Adds what an advanced selector selects: what passes all of its tests.
    pub fn select_advanced(&mut self, tests: Vec<TrailTest>) {
        let (kinds, rest): (Vec<TrailTest>, Vec<TrailTest>) =
            tests.into_iter().partition(|test| matches!(&*test.field, CATEGORY | RESOURCE_TYPE));
        let named = |field: &str| kinds.iter().find(|test| *test.field == *field);
        let Some(category) = named(CATEGORY) else { return };
        if category.may_be("Management") {
            let read_only =
                |flag: &str| rest.iter().all(|test| *test.field != *READ_ONLY || test.may_be(flag));
            let others: Vec<TrailTest> =
                rest.iter().filter(|test| *test.field != *READ_ONLY).cloned().collect();
            for (kind, flag) in [(Recorded::Writes, "false"), (Recorded::Reads, "true")] {
                if read_only(flag) {
                    self.select(kind, others.clone());
                }
            }
        }
        if category.may_be("Data") {
            for text in named(RESOURCE_TYPE).iter().flat_map(|test| &test.is) {
                if let TrailText::Equals(kind) = text
                    && let Some(kind) = kind.as_literal()
                {
                    self.select(Recorded::Data(kind), rest.clone());
                }
            }
        }
    }

    /// Returns true iff events of the kind are selected, perhaps only in part.
    pub fn selects(&self, of: &Recorded) -> bool {
        match of {
            Recorded::Writes => self.management_writes,
            Recorded::Reads => self.management_reads,
            Recorded::Data(kind) => self.data.contains(kind),
        }
    }

    /// Returns true iff only parts of the kind are selected.
    pub fn is_in_part(&self, of: &Recorded) -> bool {
        self.parts.iter().any(|part| part.of == *of)
    }

    /// Returns the kinds of events of which something is selected.
    pub(crate) fn kinds(&self) -> Vec<Recorded> {
        let management =
            [(Recorded::Writes, self.management_writes), (Recorded::Reads, self.management_reads)];
        let management = management.into_iter().filter(|(_, selected)| *selected).map(|(kind, _)| kind);
        management.chain(self.data.iter().cloned().map(Recorded::Data)).collect()
    }

    /// Returns what both together deliver.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        self.logging |= other.logging;
        for kind in other.kinds() {
            let parts: BTreeSet<&TrailPart> = other.parts.iter().filter(|part| part.of == kind).collect();
            if parts.is_empty() {
                self.select(kind, Vec::new());
                continue;
            }
            for part in parts {
                self.select(kind.clone(), part.tests.clone());
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::{Recorded, TrailTest, TrailText, Trails};
    use loopguard_pattern::{Symbol, Term};

    fn must_be(field: &str, text: Term) -> TrailTest {
        TrailTest { is: vec![TrailText::Equals(text)], ..TrailTest::of(field) }
    }

    fn part(name: &str) -> Vec<TrailTest> {
        vec![must_be("eventName", Term::literal(name))]
    }

    #[test]
    fn what_a_parameter_says_may_be_any_category_and_reads_as_well_as_writes() {
        let given = |name: &str| Term::from(Symbol::given("parameter", name));
        let management = must_be("eventCategory", Term::literal("Management"));
        let reads = |text: Term| vec![management.clone(), must_be("readOnly", text)];
        let selected = |tests: Vec<TrailTest>| {
            let mut trails = Trails::default();
            trails.select_advanced(tests);
            [Recorded::Writes, Recorded::Reads].map(|kind| trails.selects(&kind))
        };
        assert_eq!(selected(reads(Term::literal("true"))), [false, true]);
        assert_eq!(selected(reads(given("ReadOnly"))), [true, true]);
        assert_eq!(selected(vec![must_be("eventCategory", given("Category"))]), [true, true]);
        assert_eq!(selected(vec![must_be("eventCategory", Term::literal("Data"))]), [false, false]);
    }

    #[test]
    fn of_a_kind_that_one_selects_wholly_there_are_no_parts() {
        let kind = Recorded::Data("AWS::S3::Object".into());
        let mut whole = Trails::default();
        whole.select(kind.clone(), Vec::new());
        let mut some = Trails::default();
        some.select(kind.clone(), part("PutObject"));
        assert!(some.is_in_part(&kind));
        for both in [whole.clone().and(&some), some.clone().and(&whole)] {
            assert!(both.selects(&kind) && !both.is_in_part(&kind), "{both:?}");
        }
        let mut others = Trails::default();
        others.select(kind.clone(), part("DeleteObject"));
        others.select(Recorded::Reads, part("GetObject"));
        let both = some.and(&others);
        assert_eq!(both.parts.len(), 3);
        assert!(both.selects(&Recorded::Reads) && !both.selects(&Recorded::Writes));
    }
}
