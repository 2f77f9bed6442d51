//! Inventories in a few words.

use crate::{Analysis, Catalogue, Certainty, Finding, Verdict, close};
use loopguard_model::{
    Connection, ConnectionKind, Inventory, Origin, Policy, Role, Rule, RuleKey, RuleState, Scope, Target,
    Trails, Trigger, Workload,
};
use loopguard_pattern::json::{Member, Value, ValueKind};
use loopguard_pattern::{EventPattern, Symbol, Term, json};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) const ACCOUNT: &str = "111122223333";

/// Builds one inventory.
pub(crate) struct Build {
    pub(crate) inventory: Inventory,
}

pub(crate) fn origin() -> Origin {
    Origin::Assumed("a test".into())
}

/// A text in which `<class:name>` is a name that the stack makes, and `<?name>` a parameter.
pub(crate) fn term(text: &str) -> Term {
    let mut terms = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        let (inside, behind) = after.split_once('>').expect("a closed symbol");
        terms.push(Term::literal(before));
        terms.push(match (inside.strip_prefix('?'), inside.rsplit_once(':')) {
            (Some(parameter), _) => Symbol::given("parameter", parameter).into(),
            (None, Some((class, name))) => Symbol::created(class, name).into(),
            (None, None) => panic!("`{inside}` is no symbol"),
        });
        rest = behind;
    }
    terms.push(Term::literal(rest));
    Term::concat(terms)
}

/// The value with its texts read by [`term`].
fn symbolic(value: &Value) -> Value {
    let kind = match &value.kind {
        ValueKind::String(text) => ValueKind::String(term(&text.to_string())),
        ValueKind::Array(items) => ValueKind::Array(items.iter().map(symbolic).collect()),
        ValueKind::Object(members) => ValueKind::Object(
            members
                .iter()
                .map(|member| Member { value: symbolic(&member.value), ..member.clone() })
                .collect(),
        ),
        other => other.clone(),
    };
    Value { kind, span: value.span }
}

/// A trust policy for a principal whose texts are read by [`term`].
pub(crate) fn symbolic_policy(principal: &str) -> Policy {
    let document =
        format!(r#"{{"Statement":{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}}}"#);
    Policy::from_value("trust policy", &symbolic(&json::parse(&document)), origin())
}

pub(crate) fn account() -> Build {
    account_in("eu-west-1")
}

pub(crate) fn account_in(region: &str) -> Build {
    let scope = Scope { partition: "aws".into(), account: ACCOUNT.into(), region: region.into() };
    Build { inventory: Inventory::new(scope) }
}

pub(crate) fn role_arn(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}

pub(crate) fn function_arn(region: &str, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{ACCOUNT}:function:{name}")
}

impl Build {
    fn region(&self) -> String {
        self.inventory.scope.region.to_string()
    }

    /// A rule on the default bus with one target.
    pub(crate) fn rule(self, id: &str, pattern: &str, target: &str) -> Self {
        self.rule_on("default", id, pattern, &[target])
    }

    pub(crate) fn rule_on(mut self, bus: &str, id: &str, pattern: &str, targets: &[&str]) -> Self {
        let value = symbolic(&json::parse(pattern));
        let pattern = EventPattern::from_value(&value).expect("a valid pattern");
        let target = |(at, arn): (usize, &&str)| Target {
            id: format!("t{at}").into(),
            arn: term(arn),
            role: None,
            parameters: BTreeMap::new(),
            origin: origin(),
        };
        self.inventory.rules.push(Rule {
            key: RuleKey { bus: bus.into(), source: "test".into(), id: id.into() },
            path: format!("Resources.{id}").into(),
            name: Term::literal(id),
            bus: term(bus),
            scope: self.inventory.scope.clone(),
            state: RuleState::Enabled,
            trigger: Trigger::Pattern(Arc::new(pattern)),
            targets: Some(targets.iter().enumerate().map(target).collect()),
            managed_by: None,
            tags: BTreeMap::new(),
            origin: origin(),
        });
        self
    }

    /// Changes the rule that was added last.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Rule)) -> Self {
        change(self.inventory.rules.last_mut().expect("a rule"));
        self
    }

    /// The target role and parameters of the last rule's first target.
    pub(crate) fn target(self, role: &str, parameters: &[(&str, &str)]) -> Self {
        self.with(|rule| {
            let target = rule.targets.as_mut().and_then(|targets| targets.first_mut()).expect("a target");
            target.role = (!role.is_empty()).then(|| term(&role_arn(role)));
            for (key, value) in parameters {
                target.parameters.insert((*key).into(), term(value));
            }
        })
    }

    /// A function with a role of its name and one statement.
    pub(crate) fn function(self, name: &str, statements: &str) -> Self {
        let arn = function_arn(&self.region(), name);
        self.workload("AWS::Lambda::Function", &arn, name, Some(name)).role(name, statements)
    }

    pub(crate) fn workload(mut self, class: &str, arn: &str, name: &str, role: Option<&str>) -> Self {
        self.inventory.workloads.push(Workload {
            role: role.map(|role| term(&role_arn(role))),
            ..Workload::new(class, term(arn), term(name), origin())
        });
        self
    }

    /// A role with one policy; `statements` is the JSON of one statement or of a list.
    pub(crate) fn role(mut self, name: &str, statements: &str) -> Self {
        let document = format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
        let document = symbolic(&json::parse(&document));
        self.inventory.roles.push(Role {
            arn: term(&role_arn(name)),
            name: term(name),
            trust: None,
            policies: vec![Policy::from_value("inline", &document, origin())],
            attached_unread: Vec::new(),
            boundary: None,
            boundary_unread: None,
            origin: origin(),
        });
        self
    }

    /// A function that takes from a queue or a stream.
    pub(crate) fn mapping(mut self, from: &str, function: &str) -> Self {
        let to = Target {
            id: "function".into(),
            arn: term(function),
            role: None,
            parameters: BTreeMap::new(),
            origin: origin(),
        };
        self.inventory.connections.push(Connection {
            kind: ConnectionKind::EventSourceMapping,
            name: "mapping".into(),
            from: Some(term(from)),
            to,
            filters: Vec::new(),
            enabled: true,
            scope: self.inventory.scope.clone(),
            origin: origin(),
        });
        self
    }

    pub(crate) fn trails(mut self, data: &[&str]) -> Self {
        self.inventory.trails = Some(Trails {
            logging: true,
            management_writes: true,
            management_reads: true,
            data: data.iter().map(|kind| (*kind).into()).collect(),
            parts: Vec::new(),
        });
        self
    }

    pub(crate) fn bucket(mut self, name: &str, notifies: bool) -> Self {
        self.inventory.bucket_notifications.insert(term(name), notifies);
        self
    }

    /// Analyses with nothing more to read.
    pub(crate) fn close(mut self) -> Done {
        let analysis = close(&mut self.inventory, &Catalogue::embedded());
        Done { analysis, inventory: self.inventory }
    }
}

/// An analysis with what it is of.
pub(crate) struct Done {
    pub(crate) analysis: Analysis,
    pub(crate) inventory: Inventory,
}

impl Done {
    pub(crate) fn verdict(&self, id: &str) -> Verdict {
        let found = self.analysis.rules.iter().find(|rule| &*rule.key.id == id).expect("the rule");
        assert!(!found.reasons.is_empty(), "`{id}` has no reason");
        found.verdict
    }

    pub(crate) fn certainty(&self, id: &str) -> Option<Certainty> {
        self.analysis.rules.iter().find(|rule| &*rule.key.id == id).and_then(|rule| rule.certainty)
    }

    pub(crate) fn reasons(&self, id: &str) -> String {
        self.analysis
            .rules
            .iter()
            .find(|rule| &*rule.key.id == id)
            .map(|rule| rule.reasons.join("\n"))
            .unwrap_or_default()
    }

    /// The finding that the rule is in; every witness in it is checked against the pattern it is for.
    pub(crate) fn finding(&self, id: &str) -> &Finding {
        let finding = self
            .analysis
            .findings
            .iter()
            .find(|finding| finding.rules.iter().any(|key| &*key.id == id))
            .expect("a finding");
        for (at, hop) in finding.hops.iter().enumerate() {
            let next = finding.rules.get((at + 1) % finding.rules.len()).expect("the next rule");
            let heard_by = self.inventory.rules.iter().find(|rule| rule.key == *next).expect("the next rule");
            if let (Some(witness), Some(pattern)) = (&hop.witness, heard_by.trigger.pattern())
                && witness.assignment.is_empty()
            {
                assert!(
                    loopguard_pattern::matches(pattern, &witness.event).expect("a readable event"),
                    "the witness {} does not match rule `{next}`",
                    witness.event
                );
            }
        }
        finding
    }
}
