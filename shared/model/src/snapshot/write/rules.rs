//! Rules with their targets and tags, in the shape of the API's answers.

use super::json::{Tree, absent, list, object, sorted, text};
use super::{OPEN, Why, Writer, literal, optional};
use crate::snapshot::section;
use crate::{Rule, RuleState, Target, Trigger};
use loopguard_pattern::{EventPattern, Term};
use std::cell::Cell;

/// Members of a target that are not among its parameters.
const OF_TARGETS: [&str; 3] = ["Id", "Arn", "RoleArn"];

impl Writer<'_> {
    pub(super) fn rules(&mut self) -> Tree {
        let inventory = self.inventory;
        for rule in &inventory.rules {
            // It is written without a pattern, which reads as one that cannot be read.
            if let Trigger::Unreadable(why) = &rule.trigger {
                self.gap(section::RULES, &rule.key.id, &format!("what it listens to was not read: {why}"));
            }
        }
        self.all(section::RULES, &inventory.rules, |rule| rule.key.id.to_string(), Self::rule)
    }

    fn rule(&self, rule: &Rule) -> Result<Tree, Why> {
        self.lives_here(&rule.scope)?;
        let (pattern, schedule) = match &rule.trigger {
            Trigger::Pattern(pattern) => (Some(pattern), None),
            Trigger::Both(pattern, schedule) => (Some(pattern), Some(schedule)),
            Trigger::Schedule(schedule) => (None, Some(schedule)),
            Trigger::Unreadable(_) => (None, None),
        };
        let state = Some(rule.state).filter(|state| *state != RuleState::Unknown);
        let tags = rule.tags.iter().map(|(key, value)| object([("Key", text(key)), ("Value", text(value))]));
        let targets = match &rule.targets {
            Some(targets) => sorted(targets.iter().map(target).collect::<Result<Vec<_>, _>>()?),
            None => absent(),
        };
        Ok(object([
            ("Name", literal(&rule.name)?),
            ("Arn", text(&rule.path)),
            ("EventBusName", literal(&rule.bus)?),
            ("State", state.map_or_else(absent, |state| text(state.as_str()))),
            ("EventPattern", pattern.map_or(Ok(absent()), |pattern| of_pattern(pattern))?),
            ("ScheduleExpression", schedule.map_or_else(absent, |schedule| text(schedule))),
            ("ManagedBy", rule.managed_by.as_deref().map_or_else(absent, text)),
            ("Tags", if rule.tags.is_empty() { absent() } else { list(tags) }),
            ("Targets", targets),
        ]))
    }

    pub(super) fn lives_here(&self, scope: &crate::Scope) -> Result<(), Why> {
        if *scope == self.inventory.scope { Ok(()) } else { Err("it is of another account or region".into()) }
    }
}

fn target(target: &Target) -> Result<Tree, Why> {
    if OF_TARGETS.iter().any(|member| target.parameters.contains_key(*member)) {
        return Err("a parameter has the name of another member".into());
    }
    let members = [
        ("Id", text(&target.id)),
        ("Arn", literal(&target.arn)?),
        ("RoleArn", optional(target.role.as_ref())?),
    ];
    Ok(object(members.into_iter().chain(flat(&target.parameters)?)))
}

/// Returns members by their ways, which are read as what they are the ways of.
pub(super) fn flat<'p>(
    parameters: impl IntoIterator<Item = (&'p std::sync::Arc<str>, &'p Term)>,
) -> Result<Vec<(&'p str, Tree)>, Why> {
    parameters.into_iter().map(|(way, value)| Ok((&**way, literal(value)?))).collect()
}

/// Returns a pattern as the text that is read as it.
pub(super) fn of_pattern(pattern: &EventPattern) -> Result<Tree, Why> {
    let is_open = Cell::new(false);
    let written = pattern.assign(&|_| {
        is_open.set(true);
        None
    });
    let written = written.to_string();
    // A part of a template that has no known shape is written as a text.
    let is_same = loopguard_pattern::parse(&written).is_ok_and(|again| {
        let kinds = |pattern: &EventPattern| {
            let fields = pattern.branches().iter().map(|branch| {
                let fields = branch.fields().iter();
                fields
                    .map(|field| {
                        let kinds = field.matchers.iter().map(|matcher| matcher.kind.clone());
                        (field.path.clone(), kinds.collect::<Vec<_>>())
                    })
                    .collect::<Vec<_>>()
            });
            fields.collect::<Vec<_>>()
        };
        kinds(&again) == kinds(pattern)
    });
    if is_open.get() || !is_same { Err(OPEN) } else { Ok(text(&written)) }
}
