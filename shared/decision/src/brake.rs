//! The brake: where a loop cannot be opened at a rule, because an AWS service manages it, the function that the rule runs
//! can be kept from running by its reserved concurrency.
//!
//! Input: what was read of the function ([`FunctionSeen`]), the rule and the inventory. Output: how the function stands to a
//! brake ([`Brake`]), and what else runs it. That stops everything which the function does, so that it is thought of only
//! where nothing else is known to run it; what could not be read counts as something that may.

use crate::ledger::RuleRef;
use crate::scope::STACK_TAG;
use crate::table::Brake;
use crate::{OWN_PREFIX, Settings};
use loopguard_analysis::{Catalogue, Finding, Verdict, analyse};
use loopguard_model::{Inventory, Rule, RuleKey, whole};
use loopguard_pattern::Term;
use loopguard_pattern::json::{self, ValueKind};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How much concurrency is reserved for a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Concurrency {
    /// There is no such function.
    NoFunction,
    /// None: it takes its part of the account's.
    Unreserved,
    /// So much; with 0 it does not run.
    Reserved(u32),
}

impl Concurrency {
    /// Returns what is kept so that it can be restored: the number, or none where nothing is reserved.
    pub fn kept(self) -> Option<u32> {
        match self {
            Self::NoFunction | Self::Unreserved => None,
            Self::Reserved(number) => Some(number),
        }
    }
}

/// What is read of a function before it is braked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FunctionSeen {
    /// Its ARN, without version or alias.
    pub arn: Arc<str>,
    /// The ARN of its role.
    pub role: Arc<str>,
    /// The concurrency that is reserved for it, if any is.
    pub reserved: Option<u32>,
    /// Its tags.
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
    /// The rules that have it, a version or an alias of it as a target.
    pub rules: BTreeSet<RuleRef>,
    /// What else is set up to run it, in words: mappings, URLs.
    pub sources: BTreeSet<Arc<str>>,
    /// Its resource policies and those of its versions and aliases, as JSON texts.
    pub policies: Vec<Arc<str>>,
    /// Where events go that it does not take: dead-letter queues, destinations of failures.
    pub failures: BTreeSet<Arc<str>>,
    /// What could not be read of all this, and why.
    pub unread: Vec<Arc<str>>,
}

/// What is known of the function behind a managed rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Braking {
    /// The rule's loops do not all go through one function of this account and region.
    NoFunction,
    /// The function could not be read, and why.
    Unread {
        /// Its ARN.
        arn: Arc<str>,
        /// Why.
        why: Arc<str>,
    },
    /// It was read.
    Seen(Box<FunctionSeen>),
}

/// Returns the function without which the rule is in no loop: all loops of the rule go through it as the rule's target. `None`
/// where there is none, or where it is of another account or region than the rule.
///
/// `findings` are those of the inventory as it is. It is analysed again without the function's targets, so that a loop which
/// goes on through another target is not taken for stopped.
pub fn braked_function(
    inventory: &Inventory,
    catalogue: &Catalogue,
    findings: &[Finding],
    rule: &RuleKey,
) -> Option<Arc<str>> {
    let known = inventory.rules.iter().find(|known| known.key == *rule)?;
    let mut functions = BTreeSet::new();
    for finding in findings.iter().filter(|finding| is_loop_of(finding, rule)) {
        let hop = finding.hops.iter().find(|hop| hop.rule == *rule)?;
        functions.insert(function_of(&hop.target.arn, known)?);
    }
    let function = functions.pop_first().filter(|_| functions.is_empty())?;
    let mut rest = inventory.clone();
    let targets = rest.rules.iter_mut().find(|known| known.key == *rule)?.targets.as_mut()?;
    targets.retain(|target| whole(&target.arn) != Term::literal(&function));
    let findings = analyse(&rest, catalogue).findings;
    findings.iter().all(|finding| !is_loop_of(finding, rule)).then_some(function)
}

fn is_loop_of(finding: &Finding, rule: &RuleKey) -> bool {
    finding.verdict == Verdict::Loop && finding.rules.contains(rule)
}

/// Returns the ARN of the function that an ARN names, where it is one of the rule's account and region.
fn function_of(arn: &str, rule: &Rule) -> Option<Arc<str>> {
    let arn = whole(&Term::literal(arn)).as_literal()?;
    let fields: Vec<&str> = arn.split(':').collect();
    let here = [rule.scope.region.as_literal()?, rule.scope.account.as_literal()?];
    let ["arn", _, "lambda", region, account, "function", _] = fields.as_slice() else { return None };
    (*region == &*here[0] && *account == &*here[1]).then(|| arn.clone())
}

/// Returns how the function behind a managed rule stands to a brake, and what besides the rule runs it or may.
pub fn brake(
    braking: Option<&Braking>,
    rule: &Rule,
    inventory: &Inventory,
    settings: &Settings,
) -> (Brake, Vec<Arc<str>>) {
    match braking {
        None | Some(Braking::NoFunction) => (Brake::NoFunction, Vec::new()),
        Some(Braking::Unread { why, .. }) => (Brake::Unread, vec![why.clone()]),
        Some(Braking::Seen(function)) if is_own(function, settings) => (Brake::Own, Vec::new()),
        Some(Braking::Seen(function)) if function.reserved == Some(0) => (Brake::On, Vec::new()),
        Some(Braking::Seen(function)) => {
            let beside = beside(function, rule, inventory);
            if !beside.is_empty() {
                (Brake::Shared, beside.into_iter().collect())
            } else if !function.unread.is_empty() {
                (Brake::Unread, function.unread.clone())
            } else {
                (Brake::Free, Vec::new())
            }
        }
    }
}

/// Whether the function is one of the guard's: by its name's beginning, by the stack that made it, or by its role.
fn is_own(function: &FunctionSeen, settings: &Settings) -> bool {
    let name = function.arn.rsplit(':').next().unwrap_or_default();
    let stack = settings.own_stack.as_deref();
    let stacked = stack.is_some_and(|stack| function.tags.get(STACK_TAG).is_some_and(|tag| **tag == *stack));
    let role = settings.own_role_arn.as_deref();
    name.starts_with(OWN_PREFIX) || stacked || role.is_some_and(|role| *function.role == *role)
}

/// What runs the function besides the rule, in words, as far as that is known.
fn beside(function: &FunctionSeen, rule: &Rule, inventory: &Inventory) -> BTreeSet<Arc<str>> {
    let this = RuleRef::of(rule);
    let is_function = |arn: &Term| whole(arn) == Term::literal(&function.arn);
    let by_inventory = inventory
        .rules
        .iter()
        .filter(|other| other.targets.iter().flatten().any(|target| is_function(&target.arn)))
        .map(RuleRef::of);
    let rules = function.rules.iter().cloned().chain(by_inventory).filter(|other| *other != this);
    let handed = inventory.connections.iter().filter(|connection| is_function(&connection.to.arn));
    let defined = inventory.workloads.iter().filter(|workload| {
        let definition = workload.definition.as_ref();
        !is_function(&workload.arn) && definition.is_some_and(|definition| names(definition, &is_function))
    });
    rules
        .map(|other| format!("rule {other}").into())
        .chain(function.sources.iter().cloned())
        .chain(handed.map(|connection| format!("{} ({})", connection.name, connection.kind.as_str()).into()))
        .chain(defined.map(|workload| format!("the definition of {}", workload.arn).into()))
        .chain(function.policies.iter().flat_map(|policy| let_in(policy, rule)))
        .collect()
}

/// Whether a definition has the ARN of such a thing anywhere.
fn names(definition: &json::Value, is_function: &impl Fn(&Term) -> bool) -> bool {
    match &definition.kind {
        ValueKind::String(text) => is_function(text),
        ValueKind::Array(items) => items.iter().any(|item| names(item, is_function)),
        ValueKind::Object(members) => members.iter().any(|member| names(&member.value, is_function)),
        _ => false,
    }
}

/// Whom a policy of the function lets run it besides the rule, in words. Only a statement for EventBridge that names this rule and no
/// other is the rule's own.
fn let_in(policy: &str, rule: &Rule) -> Vec<Arc<str>> {
    let Ok(policy) = serde_json::from_str::<Value>(policy) else {
        return vec!["a policy that cannot be read".into()];
    };
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let others = statements.into_iter().filter(|statement| !is_of_rule(statement, rule));
    others
        .filter(|statement| statement.get("Effect").and_then(Value::as_str) != Some("Deny"))
        .map(|statement| {
            let whom = statement.get("Principal").map(ToString::to_string).unwrap_or_default();
            let sid = statement.get("Sid").and_then(Value::as_str).unwrap_or("without a name");
            format!("statement `{sid}` of its policy, which lets in {whom}").into()
        })
        .collect()
}

fn is_of_rule(statement: &Value, rule: &Rule) -> bool {
    const EQUAL: [&str; 4] = ["ArnEquals", "ArnLike", "StringEquals", "StringLike"];
    let principal = statement.pointer("/Principal/Service").and_then(Value::as_str);
    let conditions = statement.get("Condition").and_then(Value::as_object);
    let sources = conditions.into_iter().flatten().filter(|(operator, _)| EQUAL.contains(&operator.as_str()));
    let is_this = |(key, value): (&String, &Value)| {
        key.eq_ignore_ascii_case("aws:SourceArn") && value.as_str() == arn_of(rule).as_deref()
    };
    principal == Some("events.amazonaws.com")
        && sources.filter_map(|(_, keys)| keys.as_object()).flatten().any(is_this)
}

/// The ARN of a rule: that of one on the default bus names no bus (Service Authorization Reference, EventBridge).
fn arn_of(rule: &Rule) -> Option<String> {
    let [partition, account, region] =
        [&rule.scope.partition, &rule.scope.account, &rule.scope.region].map(Term::as_literal);
    let (bus, name) = (rule.bus.as_literal()?, rule.name.as_literal()?);
    let path = if &*bus == "default" { name.to_string() } else { format!("{bus}/{name}") };
    Some(format!("arn:{}:events:{}:{}:rule/{path}", partition?, region?, account?))
}

#[cfg(test)]
mod tests;
