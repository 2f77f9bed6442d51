//! Buses and rules, with targets and tags.

use super::ask::{answer, elements, in_lanes, pages, put, text};
use super::{Asker, Listed, Section};
use loopguard_account::CallError;
use loopguard_model::snapshot::section;
use serde_json::{Value, json};

/// Why a rule is not whole, by the section that the gap belongs to.
struct Read {
    rule: Value,
    failed: Vec<CallError>,
    untagged: Option<CallError>,
}

/// The name under which the gaps of tags are told; tags are members of rules.
const TAGS: &str = "tags";

/// What was read of buses and rules.
pub(super) struct OnBuses {
    pub(super) buses: Section,
    pub(super) rules: Section,
    /// Nothing but why tags were not read. Without them a rule is in no scope, but no loop is hidden.
    pub(super) untagged: Option<Section>,
}

/// Reads the buses and their rules, or those of one bus.
pub(super) async fn rules(asker: &Asker<'_>, only: Option<&str>) -> OnBuses {
    let buses = match only {
        // That the others are left out must not look as if there were none.
        Some(name) => Section {
            name: section::BUSES,
            items: vec![json!({"Name": name})],
            failed: vec![CallError::unsupported(
                "events:ListEventBuses",
                "other buses",
                "only one bus was asked for",
            )],
        },
        None => Section::of(section::BUSES, buses(asker).await),
    };
    let mut rules = Section::new(section::RULES);
    let mut untagged = Section::new(TAGS);
    let mut names: Vec<String> = buses.items.iter().map(|bus| text(bus, "Name").to_owned()).collect();
    if names.is_empty() {
        // The default bus is always there; of others nobody knows.
        rules.failed.extend(buses.failed.iter().cloned());
        names.push("default".to_owned());
    }
    for bus in &names {
        let listed = rules_of_bus(asker, bus).await;
        rules.failed.extend(listed.failed);
        let wholes = listed.items.into_iter().map(|rule| whole(asker, bus, rule));
        for one in in_lanes(wholes.collect()).await {
            rules.items.push(one.rule);
            rules.failed.extend(one.failed);
            untagged.failed.extend(one.untagged);
        }
    }
    OnBuses { buses, rules, untagged: Some(untagged).filter(|section| !section.failed.is_empty()) }
}

async fn buses(asker: &Asker<'_>) -> Listed {
    pages!(asker, "events:ListEventBuses", "every bus", "EventBuses",
        token => asker.clients.events.list_event_buses().set_next_token(token))
}

async fn rules_of_bus(asker: &Asker<'_>, bus: &str) -> Listed {
    pages!(asker, "events:ListRules", bus, "Rules",
        token => asker.clients.events.list_rules().event_bus_name(bus).set_next_token(token))
}

/// Adds targets and tags to a rule; targets that could not be read are absent, not none.
async fn whole(asker: &Asker<'_>, bus: &str, mut rule: Value) -> Read {
    let (name, arn) = (text(&rule, "Name").to_owned(), text(&rule, "Arn").to_owned());
    let targets = targets(asker, bus, &name).await;
    let tags = tags(asker, &arn).await;
    if rule.get("EventBusName").is_none() {
        put(&mut rule, "EventBusName", bus);
    }
    if targets.failed.is_none() {
        put(&mut rule, "Targets", targets.items);
    }
    let untagged = tags.map(|tags| put(&mut rule, "Tags", tags)).err();
    Read { rule, failed: targets.failed.into_iter().collect(), untagged }
}

/// Reads the targets of a rule, each as it was told.
pub(crate) async fn targets(asker: &Asker<'_>, bus: &str, rule: &str) -> Listed {
    pages!(asker, "events:ListTargetsByRule", rule, "Targets",
        token => asker.clients.events.list_targets_by_rule().rule(rule).event_bus_name(bus).set_next_token(token))
}

async fn tags(asker: &Asker<'_>, arn: &str) -> Result<Vec<Value>, CallError> {
    let call = asker.clients.events.list_tags_for_resource().resource_arn(arn);
    let mut told = answer!(asker, "events:ListTagsForResource", arn, call)?;
    Ok(elements(&mut told, "Tags"))
}
