//! Targets that were just put on a rule, and without which it loops no more.

use crate::table::Cause;
use crate::{Change, cause};
use loopguard_analysis::{Catalogue, Finding, Verdict, analyse};
use loopguard_model::{Inventory, RuleKey};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Returns which of the targets that the change `added` to its rule have to go, so that the rule is in no loop any more whose
/// cause the change has shown; none where that takes more than them, or all targets of the rule: then it has no other work,
/// and disabling it says the same and is undone more easily.
///
/// `findings` are those of the inventory as it is. It is analysed again without the targets, so that a loop which goes round
/// through another target as well is not taken for opened. What the account would have to be asked for besides is not.
pub fn removable_targets(
    inventory: &Inventory,
    catalogue: &Catalogue,
    findings: &[Finding],
    change: &Change,
    added: &BTreeSet<Arc<str>>,
) -> BTreeSet<Arc<str>> {
    let mut gone = BTreeSet::new();
    let mut open = targets_of_loops(findings, change);
    // Each round removes a target more, or is the last.
    while let Some(targets) = open {
        if targets.is_empty() {
            return gone;
        }
        let new: BTreeSet<Arc<str>> =
            targets.into_iter().filter(|id| added.contains(id) && !gone.contains(id)).collect();
        if new.is_empty() {
            break;
        }
        gone.extend(new);
        let Some(rest) = without(inventory, &change.rule, &gone) else { break };
        open = targets_of_loops(&analyse(&rest, catalogue).findings, change);
    }
    BTreeSet::new()
}

/// Returns the targets by which the rule is in loops whose cause the change has shown; `None` iff one of these loops names
/// none.
fn targets_of_loops(findings: &[Finding], change: &Change) -> Option<BTreeSet<Arc<str>>> {
    let is_shown = |finding: &&Finding| {
        finding.verdict == Verdict::Loop
            && finding.rules.contains(&change.rule)
            && cause(finding, change) == Cause::DeclaredNow
    };
    let target = |finding: &Finding| {
        finding.hops.iter().find(|hop| hop.rule == change.rule).map(|hop| hop.target.id.clone())
    };
    findings.iter().filter(is_shown).map(target).collect()
}

/// Returns the inventory without these targets of the rule; `None` iff the rule has no others, or they were not read.
fn without(inventory: &Inventory, rule: &RuleKey, gone: &BTreeSet<Arc<str>>) -> Option<Inventory> {
    let mut rest = inventory.clone();
    let rule = rest.rules.iter_mut().find(|other| other.key == *rule)?;
    let targets = rule.targets.as_mut()?;
    targets.retain(|target| !gone.contains(&target.id));
    (!targets.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::removable_targets;
    use crate::fixtures::{change, inventory, rule};
    use loopguard_analysis::{Catalogue, analyse};
    use loopguard_model::{Origin, Rule, Target, Trigger, Workload};
    use loopguard_pattern::Term;
    use std::collections::{BTreeMap, BTreeSet};
    use std::sync::Arc;

    const MACHINE: &str = "arn:aws:states:eu-west-1:111122223333:stateMachine:";

    fn api() -> Origin {
        Origin::Api { operation: "test".into(), at: "".into() }
    }

    fn target(id: &str, arn: &str) -> Target {
        let role = Some(Term::literal("arn:aws:iam::111122223333:role/deliver"));
        Target { id: id.into(), arn: Term::literal(arn), role, parameters: BTreeMap::new(), origin: api() }
    }

    /// A rule on the start of these machines, with these targets: machines by name, or a queue.
    fn hearing(machines: &[&str], targets: &[&str]) -> Rule {
        let heard: Vec<String> = machines.iter().map(|name| format!("\"{MACHINE}{name}\"")).collect();
        let pattern = format!(
            r#"{{"source":["aws.states"],"detail":{{"status":["RUNNING"],"stateMachineArn":[{}]}}}}"#,
            heard.join(",")
        );
        let arn = |name: &str| match name {
            "queue" => "arn:aws:sqs:eu-west-1:111122223333:work".to_owned(),
            name => format!("{MACHINE}{name}"),
        };
        Rule {
            trigger: Trigger::Pattern(Arc::new(loopguard_pattern::parse(&pattern).unwrap())),
            targets: Some(targets.iter().map(|name| target(name, &arn(name))).collect()),
            ..rule("a")
        }
    }

    fn removable(rule: Rule, added: &[&str]) -> Vec<String> {
        let catalogue = &*Catalogue::embedded();
        let mut inventory = inventory([rule]);
        for name in ["m", "n"] {
            let arn = Term::literal(&format!("{MACHINE}{name}"));
            let machine = Workload::new("AWS::StepFunctions::StateMachine", arn, Term::literal(name), api());
            inventory.workloads.push(machine);
        }
        let added: BTreeSet<Arc<str>> = added.iter().map(|id| Arc::from(*id)).collect();
        let findings = analyse(&inventory, catalogue).findings;
        let found = removable_targets(&inventory, catalogue, &findings, &change("a"), &added);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_makes_the_loop_goes_and_the_rest_stays() {
        assert_eq!(removable(hearing(&["m"], &["queue", "m"]), &["m"]), ["m"]);
        assert_eq!(removable(hearing(&["m"], &["queue", "m"]), &["m", "queue"]), ["m"], "only what loops");
        let both = hearing(&["m", "n"], &["queue", "m", "n"]);
        assert_eq!(removable(both, &["m", "n"]), ["m", "n"], "each that loops");
    }

    #[test]
    fn the_rule_as_a_whole_where_that_is_not_enough() {
        assert!(removable(hearing(&["m"], &["m"]), &["m"]).is_empty(), "it has no other work");
        assert!(removable(hearing(&["m"], &["queue", "m"]), &["queue"]).is_empty(), "it was there before");
        let both = hearing(&["m", "n"], &["queue", "m", "n"]);
        assert!(removable(both, &["m"]).is_empty(), "it loops all the same");
        assert!(removable(hearing(&["n"], &["queue", "m"]), &["m"]).is_empty(), "it does not loop");
        let unread = Rule { targets: None, ..hearing(&["m"], &[]) };
        assert!(removable(unread, &["m"]).is_empty());
    }
}
