//! The rows that a question is about.

use super::{Fact, SEPARATOR, events, of_operation, of_table, policies};
use crate::catalogue::{Catalogue, Operation, Service};
use std::collections::BTreeSet;

impl Catalogue {
    /// Returns the rows about a service (by id, IAM prefix, event source or event's source), an operation
    /// (`s3:PutBucketAcl`), an IAM action, an event name, a detail-type, a kind of target, or an AWS managed policy; upper
    /// and lower case are the same. Empty: nothing is called so.
    pub fn facts_about(&self, asked: &str) -> Vec<Fact> {
        let about = About { catalogue: self, asked };
        let mut facts: Vec<Fact> = about.operations();
        let calls: BTreeSet<String> = facts.iter().map(|fact| call_of(&fact.key)).collect();
        facts
            .extend(self.services().iter().filter(|service| about.names(service)).map(of_operation::service));
        facts.extend(of_table::all().into_iter().filter(|fact| about.is_about(fact, &calls)));
        let policy = asked.rsplit('/').next().unwrap_or(asked);
        facts.extend(policies(|name| same(name, policy)));
        facts.extend(events(|source, kind| same(kind, asked) || same(source, asked)));
        facts.sort();
        of_table::number_equal_keys(&mut facts);
        facts
    }
}

/// What is asked for.
struct About<'a> {
    catalogue: &'a Catalogue,
    asked: &'a str,
}

impl About<'_> {
    /// The operations that are called so, need an action that is called so, or are recorded so.
    fn operations(&self) -> Vec<Fact> {
        let mut facts = Vec::new();
        for service in self.catalogue.services() {
            if let Some((prefix, _)) = self.asked.split_once(':')
                && !same(prefix, &service.prefix)
                && !same(prefix, &service.id)
            {
                continue;
            }
            let wanted =
                service.operations().iter().filter(|operation| self.is_operation(operation, service));
            let rows = service.rows().unwrap_or_default();
            facts.extend(wanted.map(|one| of_operation::operation(one, service, &rows, self.catalogue)));
        }
        facts
    }

    fn is_operation(&self, operation: &Operation, service: &Service) -> bool {
        let is = |text: &str| same(text, self.asked);
        is(&operation.call)
            || is(&format!("{}:{}", service.id, operation.name))
            || operation.actions.iter().any(|action| is(action))
            || operation.event_names.iter().any(|name| is(name))
            || is(&operation.name)
            || self.names(service)
    }

    fn names(&self, service: &Service) -> bool {
        let is = |text: &str| same(text, self.asked);
        let of_events = self.asked.strip_prefix("aws.").map(|name| format!("{name}.amazonaws.com"));
        is(&service.id)
            || is(&service.prefix)
            || service
                .event_sources
                .iter()
                .any(|source| is(source) || of_events.as_ref().is_some_and(|wanted| same(source, wanted)))
    }

    /// Whether the row of a hand-written table is about what is asked for, or about one of the calls that are.
    fn is_about(&self, fact: &Fact, calls: &BTreeSet<String>) -> bool {
        let is = |text: &str| same(text, self.asked);
        let said = |name: &str| fact.says.get(name).into_iter().flat_map(|said| &said.is);
        if fact.key.split(SEPARATOR).any(is) {
            return true;
        }
        let named = |name: &str| said(name).any(|call| calls.contains(&call.to_ascii_lowercase()));
        if named("apis") || named("calls") || named("call") || named("causes") {
            return true;
        }
        // A binding is about a service, and about operations by their names without it.
        let service = said("service").next();
        fact.table == "bind"
            && said("operations").any(|operation| {
                let covers = |call: &String| match (operation.strip_suffix('*'), call.split_once(':')) {
                    (Some(start), Some((prefix, name))) => {
                        service.is_some_and(|service| same(service, prefix))
                            && name.starts_with(&start.to_ascii_lowercase())
                    }
                    (None, Some((prefix, name))) => {
                        service.is_some_and(|service| same(service, prefix)) && same(operation, name)
                    }
                    (_, None) => false,
                };
                calls.iter().any(covers)
            })
    }
}

/// The call, in lower case, of the key of an operation.
fn call_of(key: &str) -> String {
    key.split(' ').next().unwrap_or(key).to_ascii_lowercase()
}

fn same(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right)
}
