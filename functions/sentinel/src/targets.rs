//! What targets are counted by, and how billing names their services.

use loopguard_decision::rates::{Metric, Watched};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    service: String,
    resource: Option<String>,
    /// The metric that counts the starts of such a target.
    metric: Option<Metric>,
    billing: String,
    #[allow(dead_code, reason = "read by people")]
    source: String,
    #[allow(dead_code, reason = "read by people")]
    standing: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    target: Vec<Row>,
}

fn rows() -> &'static [Row] {
    static TABLE: OnceLock<Table> = OnceLock::new();
    // The text is part of the program, and a test reads it.
    &TABLE.get_or_init(|| toml::from_str(include_str!("targets.toml")).unwrap_or_default()).target
}

/// The service and the resource of an ARN.
fn parts(arn: &str) -> Option<(&str, &str)> {
    let mut fields = arn.splitn(6, ':').skip(2);
    let service = fields.next()?;
    Some((service, fields.nth(2)?))
}

/// Returns the metric that counts all starts of a target, and of what; `None` where nothing counts them.
pub(crate) fn counter(arn: &str) -> Option<(Metric, Watched)> {
    let (service, resource) = parts(arn)?;
    let row = rows().iter().find(|row| row.service == service)?;
    let name = resource.strip_prefix(row.resource.as_deref()?)?;
    let metric = row.metric?;
    let of = match metric {
        // A version or alias is counted with its function.
        Metric::FunctionRuns => Watched::Function(name.split(':').next().unwrap_or(name).into()),
        Metric::MachineRuns => Watched::Machine(arn.into()),
        _ => return None,
    };
    Some((metric, of))
}

/// Returns how billing names the services of these targets, and of the logs that most of them write.
pub(crate) fn billed<'a>(arns: impl IntoIterator<Item = &'a str>) -> Vec<Arc<str>> {
    let services: BTreeSet<&str> = arns.into_iter().filter_map(|arn| Some(parts(arn)?.0)).collect();
    let named = rows().iter().filter(|row| row.service == "logs" || services.contains(row.service.as_str()));
    named.map(|row| row.billing.as_str().into()).collect()
}

#[cfg(test)]
mod tests {
    use super::{billed, counter, rows};
    use loopguard_decision::rates::{Metric, Watched};

    #[test]
    fn the_table_is_read() {
        assert!(rows().len() > 5);
        let counts = [None, Some(Metric::FunctionRuns), Some(Metric::MachineRuns)];
        assert!(rows().iter().all(|row| counts.contains(&row.metric)));
        assert!(rows().iter().all(|row| row.metric.is_none() || row.resource.is_some()));
    }

    #[test]
    fn functions_and_machines_are_counted() {
        let function = "arn:aws:lambda:eu-west-1:111122223333:function:fix:live";
        assert_eq!(counter(function), Some((Metric::FunctionRuns, Watched::Function("fix".into()))));
        let machine = "arn:aws:states:eu-west-1:111122223333:stateMachine:m";
        assert_eq!(counter(machine), Some((Metric::MachineRuns, Watched::Machine(machine.into()))));
        for arn in ["arn:aws:sqs:eu-west-1:111122223333:q", "arn:aws:lambda:eu-west-1:1:layer:x", "", "fix"] {
            assert_eq!(counter(arn), None, "{arn}");
        }
    }

    #[test]
    fn what_is_billed_has_logs_and_each_service_once() {
        let function = "arn:aws:lambda:eu-west-1:111122223333:function:fix";
        let names: Vec<String> =
            billed([function, function, "fix"]).iter().map(ToString::to_string).collect();
        assert_eq!(names, ["AWS Lambda", "AmazonCloudWatch"]);
    }
}
