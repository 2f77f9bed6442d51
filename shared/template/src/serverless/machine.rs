//! State machines of the plugin `serverless-step-functions`.

use super::events::event_rule;
use super::{Service, normalized, resource};
use crate::nodes::{attribute, elements, list, object, reference, string};
use loopguard_pattern::json::Member;

impl Service<'_> {
    pub(super) fn machines(&self, made: &mut Vec<Member>) {
        for key in self.entries("stepFunctions.stateMachines") {
            let span = key.key_span;
            let own = &key.value;
            // A chosen id or name is the logical id.
            let chosen = ["id", "name"].iter().find_map(|key| own.get(key).and_then(crate::nodes::literal));
            let id = chosen.map_or_else(
                || format!("{}StepFunctionsStateMachine", normalized(&key.key)),
                |name| normalized(&name),
            );
            let mut properties = Vec::new();
            properties.extend(own.get("name").map(|name| ("StateMachineName", name.clone())));
            properties.extend(own.get("type").map(|kind| ("StateMachineType", kind.clone())));
            properties.extend(own.get("definition").map(|definition| ("Definition", definition.clone())));
            let role = own.get("role").cloned().unwrap_or_else(|| {
                let role = format!("{id}Role");
                // The plugin allows what the definition calls; the calls themselves are read.
                let policies =
                    list(span, vec![string(span, "policies that serverless-step-functions makes")]);
                made.push(resource(
                    &role,
                    "AWS::IAM::Role",
                    span,
                    object(span, [("ManagedPolicyArns", policies)]),
                ));
                attribute(span, &role, "Arn")
            });
            properties.push(("RoleArn", role));
            made.push(resource(&id, "AWS::StepFunctions::StateMachine", span, object(span, properties)));
            let arn = reference(span, &id);
            for (at, entry) in own.get("events").map(elements).unwrap_or_default().iter().enumerate() {
                for event in entry.members() {
                    if ["eventBridge", "cloudwatchEvent", "schedule"].contains(&&*event.key) {
                        made.push(event_rule(&id, event, at + 1, &arn));
                    }
                }
            }
        }
    }
}
