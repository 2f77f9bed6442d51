//! State machines, in the Amazon States Language.
//!
//! How often a call is made (`each`, `many`, `sometimes`) is told for the runs that follow the definition: every path
//! from its first state to one of its ends, those through a choice, a catcher, a `Fail` state included. An error that
//! no state catches is no path, since any call could fail; but a state whose failing is its purpose (a conditional
//! write, a wait for somebody's token, an activity) counts as an end, and so does a state that goes round for ever.
//! What a map does with its items counts only where it surely has some.

mod ends;
mod expression;
mod flow;
mod input;
mod request;
mod resource;
mod states;
mod task;
mod walk;

use super::nodes::scalars;
use super::{Definition, Step};
use crate::arn::Arn;
use loopguard_model::{Runs, Workload};
use loopguard_pattern::json::{Value, ValueKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The class of workloads that this reads.
pub(super) const CLASS: &str = "AWS::StepFunctions::StateMachine";

/// Returns what the machine does; none where the definition has no states, so that its role alone says it.
pub(super) fn read(workload: &Workload, definition: &Value) -> Option<Definition> {
    definition.get("States")?;
    let mut found = walk::walk(workload, definition);
    repeated(&mut found.steps);
    found.ends = ends::of(definition);
    Some(found)
}

/// Returns true unless each resource of the definition is known well enough to hold none of the texts by which what
/// waits for an answer is named.
pub(crate) fn may_wait(definition: &Value, texts: &[Arc<str>]) -> bool {
    let mut found = definition.get("States").is_none();
    scalars(definition, &mut |path, value| {
        let is_resource = path.rsplit('.').next() == Some("Resource");
        found |= match &value.kind {
            ValueKind::String(resource) if is_resource => match Arn::parse(resource) {
                Some(arn) if arn.service.as_str().is_some_and(|service| service != "states") => false,
                Some(_) => {
                    let text = resource.to_string();
                    texts.iter().any(|waiting| text.contains(&**waiting))
                }
                None => true,
            },
            ValueKind::Object(_) | ValueKind::Array(_) => true,
            _ => is_resource,
        };
    });
    found
}

/// A call that stands twice on every path is made more than once.
fn repeated(steps: &mut [Step]) {
    let key = |step: &Step| {
        (
            step.call.service.clone(),
            step.call.operation.clone(),
            step.call.request.clone(),
            step.call.role.clone(),
        )
    };
    let mut count = BTreeMap::new();
    for step in steps.iter().filter(|step| step.call.runs >= Runs::Each) {
        *count.entry(key(step)).or_insert(0) += 1;
    }
    for step in steps.iter_mut().filter(|step| step.call.runs == Runs::Each) {
        if count.get(&key(step)).is_some_and(|count| *count > 1) {
            step.call.runs = Runs::Many;
        }
    }
}
