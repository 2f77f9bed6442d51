//! Facts into an inventory.

use super::FactsFile;
use super::table::{CallFact, ConsumerFact, PolicyFact};
use loopguard_model::{
    Call, Connection, ConnectionKind, Given, Inventory, Origin, Policy, ReadNote, Role, Runs, Target, Trails,
    Workload,
};
use loopguard_pattern::Term;
use std::collections::BTreeMap;
use toml::Spanned;

/// Adds all facts of the file.
pub(super) fn apply(file: &FactsFile, inventory: &mut Inventory) {
    let mut adding = Adding { file, inventory };
    let table = &file.table;
    table.call.iter().for_each(|fact| adding.call(fact));
    table.consumer.iter().for_each(|fact| adding.consumer(fact));
    table.policy.iter().for_each(|fact| adding.policy(fact));
    for fact in &table.bucket {
        let name = fact.name.get_ref();
        let known = adding.inventory.bucket_notifications.keys().find(|key| is(key, name)).cloned();
        let bucket = known.unwrap_or_else(|| Term::literal(name));
        adding.inventory.bucket_notifications.insert(bucket, fact.notifies);
    }
    if let Some(fact) = &table.trails {
        adding.inventory.trails = Some(Trails {
            logging: fact.logging,
            management_writes: fact.management_writes,
            management_reads: fact.management_reads,
            data: fact.data.iter().map(|kind| kind.as_str().into()).collect(),
            parts: Vec::new(),
        });
    }
    for fact in &table.intended {
        let name = fact.rule.get_ref();
        if !adding.inventory.rules.iter().any(|rule| *rule.key.id == **name || is(&rule.name, name)) {
            adding.names_nothing("rule", &fact.rule);
        }
        adding.inventory.intended.insert(name.as_str().into(), fact.reason.as_str().into());
    }
}

struct Adding<'a> {
    file: &'a FactsFile,
    inventory: &'a mut Inventory,
}

impl Adding<'_> {
    fn origin<T>(&self, value: &Spanned<T>) -> Origin {
        Origin::Overlay(self.file.place(value.span()))
    }

    fn note(&mut self, at: Origin, message: String) {
        self.inventory.notes.push(ReadNote { origin: at, message });
    }

    fn names_nothing(&mut self, what: &str, value: &Spanned<String>) {
        let at = self.origin(value);
        self.note(at, format!("no {what} `{}` was read: the fact changes nothing", value.get_ref()));
    }

    fn workload(&mut self, name: &Spanned<String>) -> Option<&mut Workload> {
        let named =
            |workload: &Workload| is(&workload.arn, name.get_ref()) || is(&workload.name, name.get_ref());
        let Some(at) = self.inventory.workloads.iter().position(named) else {
            self.names_nothing("workload", name);
            return None;
        };
        self.inventory.workloads.get_mut(at)
    }

    fn call(&mut self, fact: &CallFact) {
        let origin = self.origin(&fact.call);
        let Some((service, operation)) = fact.call.get_ref().split_once(':') else {
            self.note(origin, format!("`{}` is no call: write `service:Operation`", fact.call.get_ref()));
            return;
        };
        let given = |(member, value): (&String, &String)| {
            (member.as_str().into(), Given::Constant(Term::literal(value)))
        };
        let call = Call {
            service: service.into(),
            operation: operation.into(),
            request: fact.request.iter().map(given).collect(),
            role: None,
            region: None,
            runs: Runs::Sometimes,
            origin,
            note: "a fact that the account's owner gave".into(),
        };
        if let Some(workload) = self.workload(&fact.workload) {
            workload.code.get_or_insert_default().calls.push(call);
        }
    }

    fn consumer(&mut self, fact: &ConsumerFact) {
        let origin = self.origin(&fact.from);
        let scope = self.inventory.scope.clone();
        let Some(arn) = self.workload(&fact.workload).map(|workload| workload.arn.clone()) else { return };
        let to = Target {
            id: "consumer".into(),
            arn,
            role: None,
            parameters: BTreeMap::new(),
            origin: origin.clone(),
        };
        self.inventory.connections.push(Connection {
            kind: ConnectionKind::EventSourceMapping,
            name: fact.workload.get_ref().as_str().into(),
            from: Some(Term::literal(fact.from.get_ref())),
            to,
            filters: Vec::new(),
            enabled: true,
            scope,
            origin,
        });
    }

    fn policy(&mut self, fact: &PolicyFact) {
        let policy = Policy::from_text(&fact.name, fact.document.get_ref(), self.origin(&fact.document));
        let named = |role: &Role| is(&role.arn, fact.role.get_ref()) || is(&role.name, fact.role.get_ref());
        let Some(at) = self.inventory.roles.iter().position(named) else {
            self.names_nothing("role", &fact.role);
            return;
        };
        if let Some(role) = self.inventory.roles.get_mut(at) {
            role.attached_unread.retain(|attached| !is(attached, &fact.name));
            role.policies.push(policy);
        }
    }
}

/// Returns whether the term is this text, or the symbol of this logical id alone, or an ARN of it.
fn is(term: &Term, text: &str) -> bool {
    let shown = term.to_string();
    shown == text || shown.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) == Some(text)
}
