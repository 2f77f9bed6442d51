//! Buses and rules, with targets and tags.

use super::ask::{LANES, answer, elements, pages, text};
use super::{Asker, Listed, Section};
use futures_util::stream::{self, StreamExt};
use loopguard_account::CallError;
use loopguard_model::snapshot::section;
use serde_json::{Value, json};

/// Why a rule is not whole, by the section that the gap belongs to.
struct Read {
    rule: Value,
    failed: Vec<CallError>,
    untagged: Option<CallError>,
}

/// Reads the buses and their rules, or those of one bus.
pub(super) async fn rules(asker: &Asker<'_>, only: Option<&str>) -> (Section, Section) {
    let mut buses = match only {
        // The others are left out by wish, which their absence must not hide.
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
    let names: Vec<String> = buses.items.iter().map(|bus| text(bus, "Name").to_owned()).collect();
    for bus in &names {
        let listed = rules_of_bus(asker, bus).await;
        rules.failed.extend(listed.failed);
        let wholes = listed.items.into_iter().map(|rule| whole(asker, bus, rule));
        let read: Vec<Read> = stream::iter(wholes).buffered(LANES).collect().await;
        for one in read {
            rules.items.push(one.rule);
            rules.failed.extend(one.failed);
            // Without its tags a rule is in no scope, but no loop is hidden.
            buses.failed.extend(one.untagged);
        }
    }
    (buses, rules)
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
    if let Value::Object(members) = &mut rule {
        if targets.failed.is_none() {
            members.insert("Targets".into(), targets.items.into());
        }
        members.entry("EventBusName").or_insert_with(|| bus.into());
    }
    let untagged = match tags {
        Ok(tags) => {
            rule["Tags"] = tags.into();
            None
        }
        Err(error) => Some(error),
    };
    Read { rule, failed: targets.failed.into_iter().collect(), untagged }
}

async fn targets(asker: &Asker<'_>, bus: &str, rule: &str) -> Listed {
    pages!(asker, "events:ListTargetsByRule", rule, "Targets",
        token => asker.clients.events.list_targets_by_rule().rule(rule).event_bus_name(bus).set_next_token(token))
}

async fn tags(asker: &Asker<'_>, arn: &str) -> Result<Vec<Value>, CallError> {
    let call = asker.clients.events.list_tags_for_resource().resource_arn(arn);
    let mut told = answer!(asker, "events:ListTagsForResource", arn, call)?;
    Ok(elements(&mut told, "Tags"))
}
