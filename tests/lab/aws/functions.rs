//! Functions: made, fed, and with so much concurrency reserved for them.

use super::{Aws, Queue, text};
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Aws {
    /// Makes a function from a zip file with a `bootstrap` (in base64) that the lab itself runs, and returns
    /// its ARN.
    pub(crate) fn function(&self, name: &str, role_arn: &str, zip: &str) -> String {
        self.function_with(name, role_arn, zip, &[])
    }

    /// The same, with an environment.
    pub(crate) fn function_with(
        &self,
        name: &str,
        role_arn: &str,
        zip: &str,
        environment: &[(&str, &str)],
    ) -> String {
        let variables: BTreeMap<&str, &str> = environment.iter().copied().collect();
        let made = self.lambda(
            "POST",
            "2015-03-31/functions",
            &json!({
                "FunctionName": name,
                "Runtime": "provided.al2023",
                "Handler": "bootstrap",
                "Role": role_arn,
                "Code": {"ZipFile": zip},
                "Environment": {"Variables": variables},
            }),
        );
        text(&made["FunctionArn"])
    }

    /// Deletes a function.
    pub(crate) fn delete_function(&self, name: &str) {
        self.lambda("DELETE", &format!("2015-03-31/functions/{name}"), &Value::Null);
    }

    /// Has a function take from a queue; not now, since tests run functions themselves.
    pub(crate) fn maps(&self, queue: &Queue, function: &str) {
        let mapping = json!({"EventSourceArn": queue.arn, "FunctionName": function, "Enabled": false});
        self.lambda("POST", "2015-03-31/event-source-mappings", &mapping);
    }

    /// Reserves so much concurrency for a function, or none.
    pub(crate) fn reserve(&self, function: &str, reserved: Option<u32>) {
        let path = format!("2017-10-31/functions/{function}/concurrency");
        match reserved {
            Some(number) => self.lambda("PUT", &path, &json!({"ReservedConcurrentExecutions": number})),
            None => self.lambda("DELETE", &path, &Value::Null),
        };
    }

    /// Returns the concurrency that is reserved for a function, if any is.
    pub(crate) fn reserved(&self, function: &str) -> Option<u64> {
        let told = self.lambda("GET", &format!("2019-09-30/functions/{function}/concurrency"), &Value::Null);
        told["ReservedConcurrentExecutions"].as_u64()
    }

    /// Makes a call of Lambda; null for a body that is not sent, and for an answer without one.
    fn lambda(&self, method: &str, path: &str, input: &Value) -> Value {
        let fields = [("content-type", "application/json")];
        let body = if input.is_null() { String::new() } else { input.to_string() };
        let answer = self.send("lambda", method, &format!("/{path}"), &fields, &body);
        assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap_or(Value::Null)
    }
}
