//! Services and operations, each fact with who says so.

use super::{Fact, Said};
use crate::catalogue::quirk::{ListRow, MapRow, Rows};
use crate::catalogue::{Catalogue, Kind, Operation, Service};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What holds where no row says otherwise.
const RULE: &str = "rule";
const NAMES: &str = "CloudTrail user guide: records carry the operation's name";
const READS: &str = "EventBridge user guide, eb-service-management-event-list: Get, List and Describe";

/// Returns what is known of a service.
pub(super) fn service(service: &Service) -> Fact {
    let rows = service.rows().unwrap_or_default();
    let row = rows.service.first();
    let (source, confidence) = row.map_or(("botocore: signing name or endpoint prefix", RULE), |row| {
        (row.source.as_str(), row.confidence.as_str())
    });
    let said = |is: Vec<String>| Said::new(is, source, confidence);
    let mut says = BTreeMap::from([
        ("prefix".to_owned(), said(vec![service.prefix.to_string()])),
        ("event_sources".to_owned(), said(owned(&service.event_sources))),
    ]);
    if service.global {
        says.insert("recorded_in".to_owned(), said(vec!["the home region of the partition".to_owned()]));
    }
    Fact { table: "service".to_owned(), key: service.id.to_string(), says }
}

/// Returns what is known of an operation.
pub(super) fn operation(
    operation: &Operation,
    service: &Service,
    rows: &Rows,
    catalogue: &Catalogue,
) -> Fact {
    let name = &operation.name;
    let generated = &catalogue.describe().generated_from;
    let mapped = |rows: &[MapRow], is: &[Arc<str>], source: &str| {
        let row = rows.iter().find(|row| row.of.contains_key(name));
        row.map_or_else(
            || Said::new(owned(is), source, RULE),
            |row| Said::new(owned(is), &row.source, &row.confidence),
        )
    };
    let listed = |rows: &[ListRow], is: &str| {
        let row = rows.iter().find(|row| row.operations.contains(name));
        row.map(|row| Said::new(vec![is.to_owned()], &row.source, &row.confidence))
    };
    let mut says = BTreeMap::new();
    let mut say = |name: &str, said: Said| says.insert(name.to_owned(), said);
    let action = format!("{generated}: IAM has an action of the operation's name");
    let actions = mapped(&rows.actions, &operation.actions, &action);
    let nobody = "IAM has no action of the operation's name; this one, or those called alike";
    say("actions", if operation.assumed { Said::new(actions.is, nobody, "assumed") } else { actions });
    say("event_name", mapped(&rows.names, &operation.event_names, NAMES));
    let management =
        || Said::new(vec!["management event".to_owned()], "CloudTrail user guide: all others", RULE);
    let recorded = match operation.kind {
        Kind::Management => None,
        Kind::Data => listed(&rows.data, "data event"),
        Kind::Unlogged => listed(&rows.unlogged, "not at all"),
    };
    say("recorded", recorded.unwrap_or_else(management));
    if let Some(data_type) = &operation.data_type {
        let said = listed(&rows.data, data_type);
        say("data_type", said.unwrap_or_else(management));
    }
    let by_rule = || Said::new(vec![operation.read_only.to_string()], READS, RULE);
    let lists = rows.read_only.iter().chain(&rows.writes);
    let row = lists.into_iter().find(|row| row.operations.contains(name));
    let said = row.map(|row| Said::new(vec![operation.read_only.to_string()], &row.source, &row.confidence));
    say("read_only", said.unwrap_or_else(by_rule));
    // Services of one prefix may have an operation of the same name.
    Fact { table: "operation".to_owned(), key: format!("{} ({})", operation.call, service.id), says }
}

fn owned(texts: &[Arc<str>]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}
