//! What runs, what hands on, and what was asked: as it was understood, whatever operation told it.

use super::json::{Tree, absent, compact, flag, list, object, text};
use super::rules::{flat, of_pattern};
use super::{OPEN, Why, Writer, literal, optional};
use crate::snapshot::section;
use crate::snapshot::understood::word;
use crate::{Connection, Need, Workload};

/// How the properties begin that hold what a function finds in its environment: they may be secrets.
const ENVIRONMENT: &str = "Environment.";

impl Writer<'_> {
    pub(super) fn workloads(&mut self) -> Tree {
        let inventory = self.inventory;
        for workload in &inventory.workloads {
            let name = workload.arn.to_string();
            if workload.code.is_some() || workload.code_source.is_some() {
                self.gap(section::WORKLOADS, &name, "code is not kept");
            }
            if workload.properties.keys().any(|way| way.starts_with(ENVIRONMENT)) {
                self.gap(section::WORKLOADS, &name, "the values of its environment are not kept");
            }
        }
        self.all(section::WORKLOADS, &inventory.workloads, |one| one.arn.to_string(), |_, one| workload(one))
    }

    pub(super) fn connections(&mut self) -> Tree {
        let inventory = self.inventory;
        self.all(
            section::CONNECTIONS,
            &inventory.connections,
            |one| one.name.to_string(),
            |writer, one| {
                writer.lives_here(&one.scope)?;
                connection(one)
            },
        )
    }

    pub(super) fn answers(&mut self) -> Tree {
        let inventory = self.inventory;
        let needs: Vec<&Need> = inventory.answers().needs().collect();
        self.all(section::ANSWERS, &needs, ToString::to_string, |_, need| {
            let (bus, of) = match need {
                Need::RulesOfBus { bus: of }
                | Need::Workload { arn: of }
                | Need::Consumers { arn: of }
                | Need::Role { arn: of }
                | Need::BucketNotification { bucket: of } => (None, Some(of)),
                Need::Targets { bus, rule } => (Some(bus), Some(rule)),
                Need::Trails => (None, None),
            };
            let gap = inventory.gap(need).map_or_else(absent, |gap| text(&gap.reason));
            Ok(object([
                ("Need", text(word(need))),
                ("Bus", optional(bus)?),
                ("Of", optional(of)?),
                ("Gap", gap),
            ]))
        })
    }
}

fn workload(workload: &Workload) -> Result<Tree, Why> {
    let definition = match &workload.definition {
        Some(definition) => text(&compact(definition).ok_or(OPEN)?),
        None => absent(),
    };
    let properties = workload.properties.iter().filter(|(way, _)| !way.starts_with(ENVIRONMENT));
    let properties = flat(properties)?;
    Ok(object([
        ("Class", text(&workload.class)),
        ("Arn", literal(&workload.arn)?),
        ("Name", literal(&workload.name)?),
        ("Role", optional(workload.role.as_ref())?),
        ("Definition", definition),
        ("Properties", if properties.is_empty() { absent() } else { object(properties) }),
    ]))
}

fn connection(connection: &Connection) -> Result<Tree, Why> {
    let to = &connection.to;
    let parameters = flat(&to.parameters)?;
    let filters =
        connection.filters.iter().map(|filter| of_pattern(filter)).collect::<Result<Vec<_>, _>>()?;
    Ok(object([
        ("Kind", text(connection.kind.as_str())),
        ("Name", text(&connection.name)),
        ("From", optional(connection.from.as_ref())?),
        ("Id", text(&to.id)),
        ("To", literal(&to.arn)?),
        ("RoleArn", optional(to.role.as_ref())?),
        ("Parameters", if parameters.is_empty() { absent() } else { object(parameters) }),
        ("Filters", if filters.is_empty() { absent() } else { list(filters) }),
        ("Enabled", flag(connection.enabled)),
    ]))
}
