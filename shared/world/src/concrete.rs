//! An account with every symbol given a text.
//!
//! A template leaves names, the account and the region open; the twin runs one deployment of it, in which
//! they have values.

use crate::Settings;
use loopguard_model::{
    Condition, Connection, Inventory, Policy, Principal, Principals, Role, Rule, Scope, Scoped, Statement,
    Target, Trigger, Workload,
};
use loopguard_pattern::json::{Member, Value, ValueKind};
use loopguard_pattern::{Symbol, Term};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Gives symbols their texts.
#[derive(Debug)]
pub(crate) struct Names {
    known: BTreeMap<Arc<str>, Arc<str>>,
    place: BTreeMap<Symbol, Arc<str>>,
}

impl Names {
    /// Returns the names of one deployment of that inventory.
    pub(crate) fn new(inventory: &Inventory, settings: &Settings) -> Self {
        let known = settings.values.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into()));
        let mut place = BTreeMap::new();
        for (term, value) in [
            (&inventory.scope.partition, "aws"),
            (&inventory.scope.account, settings.account.as_str()),
            (&inventory.scope.region, settings.region.as_str()),
        ] {
            for symbol in term.symbols() {
                place.insert(symbol.clone(), value.into());
            }
        }
        Self { known: known.collect(), place }
    }

    fn text(&self, symbol: &Symbol) -> Arc<str> {
        let known = self.known.get(&symbol.name).or_else(|| self.place.get(symbol));
        known.unwrap_or(&symbol.name).clone()
    }

    pub(crate) fn term(&self, term: &Term) -> Term {
        term.assign(&|symbol| Some(self.text(symbol)))
    }

    fn terms(&self, terms: &[Term]) -> Vec<Term> {
        terms.iter().map(|term| self.term(term)).collect()
    }

    /// Returns the inventory without symbols.
    pub(crate) fn inventory(&self, open: &Inventory) -> Inventory {
        let mut closed = Inventory::new(self.scope(&open.scope));
        closed.rules = open.rules.iter().map(|rule| self.rule(rule)).collect();
        closed.workloads = open.workloads.iter().map(|workload| self.workload(workload)).collect();
        closed.roles = open.roles.iter().map(|role| self.role(role)).collect();
        closed.connections = open.connections.iter().map(|one| self.connection(one)).collect();
        closed.trails.clone_from(&open.trails);
        closed.bucket_notifications =
            open.bucket_notifications.iter().map(|(bucket, on)| (self.term(bucket), *on)).collect();
        closed
    }

    fn scope(&self, scope: &Scope) -> Scope {
        Scope {
            partition: self.term(&scope.partition),
            account: self.term(&scope.account),
            region: self.term(&scope.region),
        }
    }

    pub(crate) fn rule(&self, rule: &Rule) -> Rule {
        let pattern = |pattern: &loopguard_pattern::EventPattern| {
            Arc::new(pattern.assign(&|symbol| Some(self.text(symbol))))
        };
        let trigger = match &rule.trigger {
            Trigger::Pattern(one) => Trigger::Pattern(pattern(one)),
            Trigger::Both(one, schedule) => Trigger::Both(pattern(one), schedule.clone()),
            other @ (Trigger::Schedule(_) | Trigger::Unreadable(_)) => other.clone(),
        };
        Rule {
            name: self.term(&rule.name),
            bus: self.term(&rule.bus),
            scope: self.scope(&rule.scope),
            trigger,
            targets: rule
                .targets
                .as_ref()
                .map(|targets| targets.iter().map(|one| self.target(one)).collect()),
            ..rule.clone()
        }
    }

    fn target(&self, target: &Target) -> Target {
        Target {
            arn: self.term(&target.arn),
            role: target.role.as_ref().map(|role| self.term(role)),
            parameters: target
                .parameters
                .iter()
                .map(|(name, term)| (name.clone(), self.term(term)))
                .collect(),
            ..target.clone()
        }
    }

    fn connection(&self, connection: &Connection) -> Connection {
        Connection {
            from: connection.from.as_ref().map(|from| self.term(from)),
            to: self.target(&connection.to),
            scope: self.scope(&connection.scope),
            ..connection.clone()
        }
    }

    fn workload(&self, workload: &Workload) -> Workload {
        Workload {
            arn: self.term(&workload.arn),
            name: self.term(&workload.name),
            role: workload.role.as_ref().map(|role| self.term(role)),
            definition: workload.definition.as_ref().map(|value| Arc::new(self.value(value))),
            ..workload.clone()
        }
    }

    fn value(&self, value: &Value) -> Value {
        let kind = match &value.kind {
            ValueKind::String(term) => ValueKind::String(self.term(term)),
            ValueKind::Array(items) => ValueKind::Array(items.iter().map(|item| self.value(item)).collect()),
            ValueKind::Object(members) => ValueKind::Object(
                members.iter().map(|one| Member { value: self.value(&one.value), ..one.clone() }).collect(),
            ),
            other => other.clone(),
        };
        Value { kind, span: value.span }
    }

    fn role(&self, role: &Role) -> Role {
        Role {
            arn: self.term(&role.arn),
            name: self.term(&role.name),
            trust: role.trust.as_ref().map(|policy| self.policy(policy)),
            policies: role.policies.iter().map(|policy| self.policy(policy)).collect(),
            attached_unread: self.terms(&role.attached_unread),
            boundary: role.boundary.as_ref().map(|policy| self.policy(policy)),
            boundary_unread: role.boundary_unread.as_ref().map(|term| self.term(term)),
            origin: role.origin.clone(),
        }
    }

    fn policy(&self, policy: &Policy) -> Policy {
        let statements = policy.statements.iter().map(|one| Statement {
            principals: one.principals.as_ref().map(|principals| self.principals(principals)),
            actions: self.scoped(&one.actions),
            resources: one.resources.as_ref().map(|resources| self.scoped(resources)),
            conditions: one.conditions.iter().map(|condition| self.condition(condition)).collect(),
            ..one.clone()
        });
        Policy { statements: statements.collect(), ..policy.clone() }
    }

    fn principals(&self, principals: &Principals) -> Principals {
        let all = |list: &[Principal]| {
            list.iter().map(|one| Principal { name: self.term(&one.name), ..one.clone() }).collect()
        };
        match principals {
            Principals::Only(list) => Principals::Only(all(list)),
            Principals::AllBut(list) => Principals::AllBut(all(list)),
        }
    }

    fn scoped(&self, scoped: &Scoped) -> Scoped {
        match scoped {
            Scoped::Only(terms) => Scoped::Only(self.terms(terms)),
            Scoped::AllBut(terms) => Scoped::AllBut(self.terms(terms)),
        }
    }

    fn condition(&self, condition: &Condition) -> Condition {
        Condition { values: self.terms(&condition.values), ..condition.clone() }
    }
}
