//! CloudTrail trails.

use super::Reader;
use crate::nodes::{elements, literal};
use crate::template::Resource;
use loopguard_model::{BasicSelector, Inventory, OPERATORS, Recorded, TrailTest, Trails};
use loopguard_pattern::Term;
use loopguard_pattern::json::Value;

impl Reader<'_> {
    /// Adds what the trail selects to what other trails select.
    ///
    /// Write management events are taken to be delivered as soon as there is a trail: a template that makes
    /// one for data events alone stands in an account that has another.
    pub(super) fn trail(&self, resource: &Resource, inventory: &mut Inventory) {
        let properties = self.properties(resource);
        if properties.get("IsLogging").and_then(literal).is_some_and(|flag| &*flag == "false") {
            return;
        }
        self.notes.assume("a trail delivers write management events");
        let is_first = inventory.trails.is_none();
        let trails = inventory.trails.get_or_insert_default();
        trails.logging = true;
        let classic = properties.get("EventSelectors").map(elements).unwrap_or_default();
        let advanced = properties.get("AdvancedEventSelectors").map(elements).unwrap_or_default();
        for selector in classic {
            self.basic_selector(selector, trails);
        }
        for selector in advanced {
            self.advanced_selector(selector, trails);
        }
        // Without selectors a trail takes all management events.
        if classic.is_empty() && advanced.is_empty() {
            trails.select(Recorded::Reads, Vec::new());
            trails.select(Recorded::Writes, Vec::new());
        }
        if is_first && !trails.management_writes {
            trails.select(Recorded::Writes, Vec::new());
        }
    }

    fn basic_selector(&self, selector: &Value, trails: &mut Trails) {
        let is = |name: &str, text: &str| {
            selector.get(name).and_then(literal).is_some_and(|found| found.eq_ignore_ascii_case(text))
        };
        let listed = |value: &Value, name: &str| -> Vec<Term> {
            let values = value.get(name).map(elements).unwrap_or_default();
            values.iter().map(|value| self.resolver.as_term(value)).collect()
        };
        let only = BasicSelector {
            management: !is("IncludeManagementEvents", "false"),
            reads: !is("ReadWriteType", "WriteOnly"),
            writes: !is("ReadWriteType", "ReadOnly"),
            left_out: listed(selector, "ExcludeManagementEventSources"),
        };
        only.add_management(trails);
        for resource in selector.get("DataResources").map(elements).unwrap_or_default() {
            if let Some(kind) = resource.get("Type").and_then(literal) {
                only.add_data(trails, kind, listed(resource, "Values"));
            }
        }
    }

    fn advanced_selector(&self, selector: &Value, trails: &mut Trails) {
        let fields = selector.get("FieldSelectors").map(elements).unwrap_or_default();
        let test = |field: &Value| {
            let mut test = TrailTest::of(&field.get("Field").and_then(literal).unwrap_or_default());
            for (name, text, is) in OPERATORS {
                let values = field.get(name).map(elements).unwrap_or_default();
                let values = values.iter().map(|value| text(self.resolver.as_term(value)));
                if is { test.is.extend(values) } else { test.is_not.extend(values) }
            }
            test
        };
        trails.select_advanced(fields.iter().map(test).collect());
    }
}
