//! Subscriptions, event-source mappings, destinations, pipes, schedules, subscription filters of log groups.

use super::account::Reader;
use super::node::Node;
use super::{SnapshotError, section};
use crate::{Connection, ConnectionKind, Origin, Scope, Target, filter_of_policy, whole};
use loopguard_pattern::{EventPattern, Term, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where what failed goes, by its member.
const ON_FAILURE: (&str, ConnectionKind) =
    ("DestinationConfig.OnFailure.Destination", ConnectionKind::OnFailure);

/// Destinations of a function's asynchronous runs, by their members.
const DESTINATIONS: [(&str, ConnectionKind); 2] =
    [("DestinationConfig.OnSuccess.Destination", ConnectionKind::OnSuccess), ON_FAILURE];

/// Where a pipe puts what it cannot handle, by the kind of stream that it takes from.
const DEAD_LETTERS_OF_PIPES: [&str; 2] = [
    "SourceParameters.DynamoDBStreamParameters.DeadLetterConfig.Arn",
    "SourceParameters.KinesisStreamParameters.DeadLetterConfig.Arn",
];

/// What is told of a filter that is no pattern.
const UNREADABLE: &str = "a filter that is no pattern, so everything counts as passing";

impl Reader<'_> {
    pub(super) fn connections(&mut self) -> Result<(), SnapshotError> {
        for node in self.section(section::SUBSCRIPTIONS)? {
            self.subscription(&node)?;
        }
        for node in self.section(section::EVENT_SOURCE_MAPPINGS)? {
            self.mapping(&node)?;
        }
        for node in self.section(section::INVOKE_CONFIGS)? {
            self.destinations(&node)?;
        }
        for node in self.section(section::PIPES)? {
            self.pipe(&node)?;
        }
        for node in self.section(section::SCHEDULES)? {
            self.schedule(&node)?;
        }
        for node in self.section(section::LOG_GROUPS)? {
            self.log_group(&node)?;
        }
        self.queues()
    }

    /// Adds a subscription. Those of people and of web addresses (`email`, `https`) end outside AWS.
    fn subscription(&mut self, node: &Node<'_>) -> Result<(), SnapshotError> {
        let name = node.required_text("SubscriptionArn")?;
        let from = Term::literal(&node.required_text("TopicArn")?);
        self.redrive(node, &name, &from, "sns:GetSubscriptionAttributes")?;
        let endpoint = node.optional_text("Endpoint")?.unwrap_or_default();
        if !endpoint.starts_with("arn:") {
            return Ok(());
        }
        let origin = self.origin(node, "sns:ListSubscriptions");
        let to = handed_to(&name, &endpoint, origin);
        // A subscription that waits to be confirmed has this word for an ARN.
        let enabled = &*name != "PendingConfirmation";
        let subscription = self.connection(ConnectionKind::Subscription, &name, Some(from), to);
        let filters = self.filter_policy(node)?;
        self.inventory.connections.push(Connection { filters, enabled, ..subscription });
        Ok(())
    }

    /// Returns the filter of a subscription, as `GetSubscriptionAttributes` tells its policy: as text.
    fn filter_policy(&mut self, node: &Node<'_>) -> Result<Vec<Arc<EventPattern>>, SnapshotError> {
        let Some(policy) = node.member("FilterPolicy")? else { return Ok(Vec::new()) };
        let tree = match policy.text() {
            Ok(text) if text.is_empty() => return Ok(Vec::new()),
            Ok(text) => json::parse(&text),
            Err(_) => policy.value().clone(),
        };
        let scope = node.optional_text("FilterPolicyScope")?;
        match EventPattern::from_value(&filter_of_policy(tree, scope.as_deref())) {
            Ok(pattern) => Ok(vec![Arc::new(pattern)]),
            Err(error) => {
                self.inventory.notes.push(policy.note(&format!("{UNREADABLE}: {error}")));
                Ok(Vec::new())
            }
        }
    }

    fn mapping(&mut self, node: &Node<'_>) -> Result<(), SnapshotError> {
        let name = node.required_text("UUID")?;
        let origin = self.origin(node, "lambda:ListEventSourceMappings");
        let to = handed_to(&name, &node.required_text("FunctionArn")?, origin);
        let enabled = node.optional_text("State")?.is_none_or(|state| !state.starts_with("Disabl"));
        let from = node.optional_term("EventSourceArn")?;
        let filters = self.filters(node.at("FilterCriteria")?.as_ref())?;
        let mapping = self.connection(ConnectionKind::EventSourceMapping, &name, from.clone(), to);
        self.inventory.connections.push(Connection { filters, enabled, ..mapping });
        let (way, kind) = ON_FAILURE;
        if let Some(arn) = node.optional_text(way)? {
            let to = handed_to(&name, &arn, self.origin(node, "lambda:ListEventSourceMappings"));
            let failed = self.connection(kind, &name, from, to);
            self.inventory.connections.push(Connection { enabled, ..failed });
        }
        Ok(())
    }

    fn destinations(&mut self, node: &Node<'_>) -> Result<(), SnapshotError> {
        let function = node.required_text("FunctionArn")?;
        for (way, kind) in DESTINATIONS {
            if let Some(arn) = node.optional_text(way)? {
                let origin = self.origin(node, "lambda:ListFunctionEventInvokeConfigs");
                let to = handed_to(kind.as_str(), &arn, origin);
                let from = Term::literal(&function);
                self.inventory.connections.push(self.connection(kind, &function, Some(from), to));
            }
        }
        Ok(())
    }

    fn pipe(&mut self, node: &Node<'_>) -> Result<(), SnapshotError> {
        let name = node.required_text("Name")?;
        let origin = self.origin(node, "pipes:DescribePipe");
        let from = Some(Term::literal(&node.required_text("Source")?));
        let role = node.optional_term("RoleArn")?;
        let enabled = node.optional_text("DesiredState")?.is_none_or(|state| &*state != "STOPPED");
        let filters = self.filters(node.at("SourceParameters.FilterCriteria")?.as_ref())?;
        for (member, parameters, kind) in [
            ("Enrichment", "EnrichmentParameters", ConnectionKind::PipeEnrichment),
            ("Target", "TargetParameters", ConnectionKind::Pipe),
        ] {
            let Some(arn) = node.optional_text(member)? else { continue };
            let mut to = handed_to(&name, &arn, origin.clone());
            to.role.clone_from(&role);
            to.parameters = node.member(parameters)?.map(|node| node.flattened(&[])).unwrap_or_default();
            let pipe = self.connection(kind, &name, from.clone(), to);
            self.inventory.connections.push(Connection { filters: filters.clone(), enabled, ..pipe });
        }
        for way in DEAD_LETTERS_OF_PIPES {
            let Some(arn) = node.optional_text(way)? else { continue };
            let dead = self.connection(
                ConnectionKind::DeadLetter,
                &name,
                from.clone(),
                handed_to(&name, &arn, origin.clone()),
            );
            self.inventory.connections.push(Connection { enabled, ..dead });
        }
        Ok(())
    }

    fn schedule(&mut self, node: &Node<'_>) -> Result<(), SnapshotError> {
        let name = node.required_text("Name")?;
        let origin = self.origin(node, "scheduler:GetSchedule");
        let target = node.required("Target")?;
        let mut to = handed_to(&name, &target.required_text("Arn")?, origin);
        to.role = target.optional_term("RoleArn")?;
        to.parameters = target.flattened(&["Arn", "RoleArn"]);
        let enabled = node.optional_text("State")?.is_none_or(|state| &*state != "DISABLED");
        let schedule = self.connection(ConnectionKind::Schedule, &name, None, to);
        self.inventory.connections.push(Connection { enabled, ..schedule });
        Ok(())
    }

    /// Adds the subscription filters of a log group. What they let pass is taken for everything.
    fn log_group(&mut self, node: &Node<'_>) -> Result<(), SnapshotError> {
        let group = node.required_text("logGroupName")?;
        let Scope { partition, account, region } = self.scope().clone();
        let arn = format!("arn:{partition}:logs:{region}:{account}:log-group:{group}");
        for filter in node.list("subscriptionFilters")? {
            let name = filter.required_text("filterName")?;
            let origin = self.origin(&filter, "logs:DescribeSubscriptionFilters");
            let to = handed_to(&name, &filter.required_text("destinationArn")?, origin);
            let from = Some(Term::literal(&arn));
            self.inventory.connections.push(self.connection(
                ConnectionKind::LogSubscription,
                &name,
                from,
                to,
            ));
        }
        Ok(())
    }

    /// Returns a connection that everything passes.
    pub(super) fn connection(
        &self,
        kind: ConnectionKind,
        name: &str,
        from: Option<Term>,
        to: Target,
    ) -> Connection {
        let (scope, origin) = (self.scope().clone(), to.origin.clone());
        let from = from.map(|from| whole(&from));
        Connection { kind, name: name.into(), from, to, filters: Vec::new(), enabled: true, scope, origin }
    }

    /// Returns the filters. Where one of them cannot be read everything counts as passing, since it might.
    fn filters(&mut self, criteria: Option<&Node<'_>>) -> Result<Vec<Arc<EventPattern>>, SnapshotError> {
        let Some(criteria) = criteria else { return Ok(Vec::new()) };
        let mut filters = Vec::new();
        for filter in criteria.list("Filters")? {
            let Some(pattern) = filter.optional_text("Pattern")? else { continue };
            match loopguard_pattern::parse(&pattern) {
                Ok(pattern) => filters.push(Arc::new(pattern)),
                Err(error) => {
                    self.inventory.notes.push(filter.note(&format!("{UNREADABLE}: {error}")));
                    return Ok(Vec::new());
                }
            }
        }
        Ok(filters)
    }
}

/// Returns what a connection hands on to, of which no more is known than its ARN.
pub(super) fn handed_to(id: &str, arn: &str, origin: Origin) -> Target {
    Target { id: id.into(), arn: Term::literal(arn), role: None, parameters: BTreeMap::new(), origin }
}
