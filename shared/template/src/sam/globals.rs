//! SAM's `Globals` section.

use loopguard_pattern::json::{Value, ValueKind};

/// Returns the properties with what `Globals` says about the resource's type: the resource's own scalars win,
/// objects are merged, lists are joined with the global part first.
pub(super) fn merged(global: Option<&Value>, own: &Value) -> Value {
    global.map_or_else(|| own.clone(), |global| overlay(global, own))
}

fn overlay(global: &Value, own: &Value) -> Value {
    let kind = match (&global.kind, &own.kind) {
        (ValueKind::Object(base), ValueKind::Object(over)) if !is_function(global) && !is_function(own) => {
            let mut all = Vec::with_capacity(base.len() + over.len());
            for member in base {
                let value = match own.get(&member.key) {
                    Some(value) => overlay(&member.value, value),
                    None => member.value.clone(),
                };
                all.push(loopguard_pattern::json::Member { value, ..member.clone() });
            }
            all.extend(over.iter().filter(|member| global.get(&member.key).is_none()).cloned());
            ValueKind::Object(all)
        }
        (ValueKind::Array(base), ValueKind::Array(over)) => {
            ValueKind::Array(base.iter().chain(over).cloned().collect())
        }
        _ => own.kind.clone(),
    };
    Value { kind, span: own.span }
}

fn is_function(value: &Value) -> bool {
    matches!(value.members(), [only] if &*only.key == "Ref" || only.key.starts_with("Fn::"))
}
