//! What all trails select together, as one trail with advanced selectors.

use super::json::{Tree, absent, flag, list, object, sorted, text};
use super::{Why, Writer, literal};
use crate::snapshot::section;
use crate::{Recorded, TrailTest, TrailText, Trails};

impl Writer<'_> {
    pub(super) fn trails(&mut self) -> Tree {
        let Some(trails) = &self.inventory.trails else { return absent() };
        if !trails.logging {
            if *trails == Trails::default() {
                return list([]);
            }
            self.gap(section::TRAILS, "all trails", "they select what none of them logs");
            return absent();
        }
        match selectors(trails) {
            Ok(selectors) => list([object([
                ("Name", text("what all trails select together")),
                ("Status", object([("IsLogging", flag(true))])),
                ("AdvancedEventSelectors", sorted(selectors)),
            ])]),
            Err(why) => {
                self.gap(section::TRAILS, "all trails", &why);
                absent()
            }
        }
    }
}

fn selectors(trails: &Trails) -> Result<Vec<Tree>, Why> {
    let mut selectors = Vec::new();
    for kind in trails.kinds() {
        let parts: Vec<&[TrailTest]> =
            trails.parts.iter().filter(|part| part.of == kind).map(|part| &*part.tests).collect();
        let parts = if parts.is_empty() { vec![&[][..]] } else { parts };
        for tests in parts {
            let mut fields = base(&kind);
            for test in tests {
                fields.push(field(test)?);
            }
            selectors.push(object([("FieldSelectors", list(fields))]));
        }
    }
    if selectors.is_empty() {
        // A trail without selectors would take all management events.
        selectors.push(object([("FieldSelectors", list([]))]));
    }
    Ok(selectors)
}

/// Returns the tests of a kind of events.
fn base(kind: &Recorded) -> Vec<Tree> {
    let equals = |field: &str, value: &str| object([("Field", text(field)), ("Equals", list([text(value)]))]);
    match kind {
        Recorded::Writes => vec![equals("eventCategory", "Management"), equals("readOnly", "false")],
        Recorded::Reads => vec![equals("eventCategory", "Management"), equals("readOnly", "true")],
        Recorded::Data(kind) => vec![equals("eventCategory", "Data"), equals("resources.type", kind)],
    }
}

fn field(test: &TrailTest) -> Result<Tree, Why> {
    let mut members = vec![("Field", text(&test.field))];
    let operators = [("Equals", "NotEquals"), ("StartsWith", "NotStartsWith"), ("EndsWith", "NotEndsWith")];
    for (number, (is, is_not)) in operators.into_iter().enumerate() {
        for (name, texts) in [(is, &test.is), (is_not, &test.is_not)] {
            let of_it = texts.iter().map(operator).filter(|(operator, _)| *operator == number);
            let values = of_it.map(|(_, term)| literal(term)).collect::<Result<Vec<_>, _>>()?;
            if !values.is_empty() {
                members.push((name, list(values)));
            }
        }
    }
    Ok(object(members))
}

fn operator(text: &TrailText) -> (usize, &loopguard_pattern::Term) {
    match text {
        TrailText::Equals(term) => (0, term),
        TrailText::StartsWith(term) => (1, term),
        TrailText::EndsWith(term) => (2, term),
    }
}
