//! Functions.

use super::{Service, normalized, resource};
use crate::nodes::{at, attribute, literal, object, string};
use loopguard_pattern::json::{Member, Value, ValueKind};

/// A function that is being written out.
pub(super) struct Function<'v> {
    pub(super) key: &'v Member,
    /// Its logical id.
    pub(super) id: String,
    /// Its name without the end `LambdaFunction`.
    pub(super) normal: String,
    /// Its name.
    pub(super) name: Value,
}

impl Service<'_> {
    /// Adds the functions with their events and roles.
    pub(super) fn functions(&self, made: &mut Vec<Member>) {
        let mut default_role = false;
        for key in self.entries("functions") {
            if !matches!(key.value.kind, ValueKind::Object(_)) {
                self.notes.tell(
                    key.key_span,
                    format!("function `{}` cannot be read; what it does is not known", key.key),
                );
            }
            let normal = normalized(&key.key);
            let span = key.key_span;
            let name = key
                .value
                .get("name")
                .cloned()
                .unwrap_or_else(|| self.named(&[string(span, "-"), string(span, &key.key)], span));
            let function = Function { id: format!("{normal}LambdaFunction"), normal, name, key: &key };
            let (role, own) = self.role(&function);
            default_role |= role.is_none();
            let role = role.unwrap_or_else(|| attribute(span, super::role::DEFAULT, "Arn"));
            made.push(self.function(&function, role));
            made.extend(own);
            self.events(&function, made);
            destinations(&function, made);
        }
        if default_role {
            made.push(self.default_role());
        }
    }

    fn function(&self, function: &Function<'_>, role: Value) -> Member {
        let span = function.key.key_span;
        let own = &function.key.value;
        let mut properties = vec![("FunctionName", function.name.clone()), ("Role", role)];
        for (from, to) in [("handler", "Handler"), ("runtime", "Runtime"), ("timeout", "Timeout")] {
            let said = own.get(from).or_else(|| at(self.tree, &format!("provider.{from}")));
            properties.extend(said.map(|value| (to, value.clone())));
        }
        // A run costs by its memory, which is 1,024 MB where nothing is said (Serverless Framework, `serverless.yml` reference).
        let memory = own.get("memorySize").or_else(|| at(self.tree, "provider.memorySize"));
        properties.push(("MemorySize", memory.cloned().unwrap_or_else(|| string(span, "1024"))));
        let architecture = own.get("architecture").or_else(|| at(self.tree, "provider.architecture"));
        properties.extend(architecture.map(|value| ("Architectures", value.clone())));
        let artifact = at(own, "package.artifact").or_else(|| at(self.tree, "package.artifact"));
        let code =
            artifact.cloned().unwrap_or_else(|| string(own.get("handler").map_or(span, |h| h.span), "."));
        properties.push(if own.get("image").is_some() {
            ("Code", object(span, [("ImageUri", string(span, "image of the service"))]))
        } else {
            ("CodeUri", code)
        });
        let mut variables =
            at(self.tree, "provider.environment").map(Value::members).unwrap_or_default().to_vec();
        for variable in own.get("environment").map(Value::members).unwrap_or_default() {
            variables.retain(|known| known.key != variable.key);
            variables.push(variable.clone());
        }
        let variables = Value { kind: ValueKind::Object(variables), span };
        properties.push(("Environment", object(span, [("Variables", variables)])));
        if let Some(queue) = own.get("onError") {
            properties.push(("DeadLetterConfig", object(queue.span, [("TargetArn", queue.clone())])));
        }
        resource(&function.id, "AWS::Lambda::Function", span, object(span, properties))
    }
}

/// Adds where results of asynchronous runs go: ARNs, or names of other functions.
fn destinations(function: &Function<'_>, made: &mut Vec<Member>) {
    let Some(written) = function.key.value.get("destinations") else { return };
    let span = written.span;
    let mut ends = Vec::new();
    for (from, to) in [("onSuccess", "OnSuccess"), ("onFailure", "OnFailure")] {
        let Some(end) = written.get(from) else { continue };
        let end = end.get("arn").unwrap_or(end);
        let named = literal(end).filter(|text| !text.contains(':'));
        let arn = match named {
            Some(name) => attribute(end.span, &format!("{}LambdaFunction", normalized(&name)), "Arn"),
            None => end.clone(),
        };
        ends.push((to, object(end.span, [("Destination", arn)])));
    }
    let properties = object(
        span,
        [("FunctionName", attribute(span, &function.id, "Arn")), ("DestinationConfig", object(span, ends))],
    );
    made.push(resource(
        &format!("{}EvConf", function.normal),
        "AWS::Lambda::EventInvokeConfig",
        span,
        properties,
    ));
}
