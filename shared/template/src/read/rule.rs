//! `AWS::Events::Rule`.

use super::Reader;
use crate::bus;
use crate::embedded;
use crate::nodes::literal;
use crate::template::Resource;
use loopguard_model::{Rule, RuleKey, RuleState, Trigger};
use loopguard_pattern::json::{Value, ValueKind};
use loopguard_pattern::{EventPattern, Part, Term};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Reader<'_> {
    pub(super) fn rule(&self, resource: &Resource) -> Rule {
        let properties = self.properties(resource);
        let bus = self.text(&properties, "EventBusName").unwrap_or_else(|| Term::literal("default"));
        let bus = bus::name(&bus, &self.stacks.scope);
        let key = RuleKey {
            bus: bus.to_string().into(),
            source: self.template.unit.clone(),
            id: resource.id.clone(),
        };
        Rule {
            key,
            path: resource.path.clone(),
            name: self.resolver.resource_name(resource),
            bus,
            scope: self.stacks.scope.clone(),
            state: self.state(&properties),
            trigger: self.trigger(resource, &properties),
            targets: Some(self.targets(&properties)),
            managed_by: None,
            tags: tags(&properties),
            origin: self.origin(resource.span),
        }
    }

    fn state(&self, properties: &Value) -> RuleState {
        let Some(state) = properties.get("State").filter(|value| value.kind != ValueKind::Null) else {
            return RuleState::Enabled;
        };
        let known = literal(state).and_then(|text| RuleState::from_api(&text));
        known.unwrap_or_else(|| {
            let message = match literal(state) {
                Some(text) => format!(
                    "`State` is `{text}`, not ENABLED, DISABLED or \
                     ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS; taken as on"
                ),
                None => "`State` is not known before deployment; taken as on".to_owned(),
            };
            self.notes.tell(state.span, message);
            RuleState::Unknown
        })
    }

    fn trigger(&self, resource: &Resource, properties: &Value) -> Trigger {
        let schedule = self.text(properties, "ScheduleExpression").map(|term| Arc::from(term.to_string()));
        let written = properties.get("EventPattern").filter(|value| value.kind != ValueKind::Null);
        match (written.map(|value| self.pattern(value)), schedule) {
            (None, Some(schedule)) => Trigger::Schedule(schedule),
            (Some(Ok(pattern)), None) => Trigger::Pattern(Arc::new(pattern)),
            (Some(Ok(pattern)), Some(schedule)) => Trigger::Both(Arc::new(pattern), schedule),
            (Some(Err(reason)), _) => Trigger::Unreadable(reason),
            (None, None) => {
                let message =
                    format!("rule `{}` has neither `EventPattern` nor `ScheduleExpression`", resource.id);
                self.notes.tell(resource.span, message);
                Trigger::Unreadable("it has neither an event pattern nor a schedule".into())
            }
        }
    }

    pub(super) fn pattern(&self, written: &Value) -> Result<EventPattern, Arc<str>> {
        let not_known = |what: String| {
            let reason = format!("the event pattern is not known before deployment: `{what}`");
            self.notes.tell(written.span, reason.clone());
            Err(reason.into())
        };
        let tree = match &written.kind {
            ValueKind::String(text) if !is_text_of_its_own(text) => return not_known(text.to_string()),
            // AWS takes the pattern as JSON text, too.
            ValueKind::String(text) => embedded::tree(text, written.span, &self.template.source),
            ValueKind::Opaque(expression) => return not_known(expression.to_string()),
            _ => written.clone(),
        };
        EventPattern::from_value(&tree).map_err(|error| {
            let message = error.bus_message();
            self.notes.tell(error.span(), message.clone());
            message.into()
        })
    }
}

/// Returns true iff some of the text stands there, beside what is known only after deployment.
fn is_text_of_its_own(text: &Term) -> bool {
    text.parts().iter().any(|part| matches!(part, Part::Literal(own) if !own.trim().is_empty()))
}

/// Returns the tags whose keys and values are known.
fn tags(properties: &Value) -> BTreeMap<Arc<str>, Arc<str>> {
    let Some(tags) = properties.get("Tags") else { return BTreeMap::new() };
    let pair = |tag: &Value| Some((tag.get("Key").and_then(literal)?, tag.get("Value").and_then(literal)?));
    crate::nodes::elements(tags).iter().filter_map(pair).collect()
}
