//! CloudTrail trails.

use super::Reader;
use crate::nodes::{elements, literal};
use crate::template::Resource;
use loopguard_model::{Inventory, Trails};
use loopguard_pattern::json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

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
        let trails = inventory.trails.get_or_insert(Trails {
            logging: true,
            management_writes: true,
            management_reads: false,
            data: Vec::new(),
        });
        let mut selected = Selected::default();
        let classic = properties.get("EventSelectors").map(elements).unwrap_or_default();
        let advanced = properties.get("AdvancedEventSelectors").map(elements).unwrap_or_default();
        for selector in classic {
            selected.add(selector);
        }
        for selector in advanced {
            selected.add_advanced(selector);
        }
        // Without selectors a trail takes all management events.
        trails.management_reads |= selected.reads || (classic.is_empty() && advanced.is_empty());
        let mut data: BTreeSet<Arc<str>> = std::mem::take(&mut trails.data).into_iter().collect();
        data.extend(selected.data);
        trails.data = data.into_iter().collect();
    }
}

#[derive(Debug, Default)]
struct Selected {
    reads: bool,
    data: BTreeSet<Arc<str>>,
}

impl Selected {
    fn add(&mut self, selector: &Value) {
        let management = selector.get("IncludeManagementEvents").and_then(literal);
        let kind = selector.get("ReadWriteType").and_then(literal);
        let management = management.is_none_or(|flag| &*flag != "false");
        self.reads |= management && kind.is_none_or(|kind| &*kind != "WriteOnly");
        for resource in selector.get("DataResources").map(elements).unwrap_or_default() {
            self.data.extend(resource.get("Type").and_then(literal));
        }
    }

    fn add_advanced(&mut self, selector: &Value) {
        let fields = selector.get("FieldSelectors").map(elements).unwrap_or_default();
        let equals = |name: &str| -> Vec<Arc<str>> {
            fields
                .iter()
                .filter(|field| field.get("Field").and_then(literal).is_some_and(|text| &*text == name))
                .flat_map(|field| field.get("Equals").map(elements).unwrap_or_default())
                .filter_map(literal)
                .collect()
        };
        let category = equals("eventCategory");
        if category.iter().any(|text| &**text == "Management") {
            self.reads |= equals("readOnly").iter().all(|text| &**text != "false");
        }
        if category.iter().any(|text| &**text == "Data") {
            self.data.extend(equals("resources.type"));
        }
    }
}
