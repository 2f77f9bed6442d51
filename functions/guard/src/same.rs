//! Whether a rule is still the one that was analysed.

use loopguard_model::{Rule, Target, Trigger};
use loopguard_pattern::{EventPattern, MatcherKind};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Returns true iff two readings of a rule show the same state, manager, trigger and targets. Tags may differ:
/// the analysis does not look at them, and a listing of rules has none.
pub(crate) fn is_same(a: &Rule, b: &Rule) -> bool {
    a.state == b.state
        && a.managed_by == b.managed_by
        && is_same_trigger(&a.trigger, &b.trigger)
        && is_same_targets(a.targets.as_deref(), b.targets.as_deref())
}

fn is_same_trigger(a: &Trigger, b: &Trigger) -> bool {
    match (a, b) {
        (Trigger::Pattern(a), Trigger::Pattern(b)) => alternatives(a) == alternatives(b),
        (Trigger::Schedule(a), Trigger::Schedule(b)) | (Trigger::Unreadable(a), Trigger::Unreadable(b)) => {
            a == b
        }
        (Trigger::Both(a, at), Trigger::Both(b, bt)) => alternatives(a) == alternatives(b) && at == bt,
        _ => false,
    }
}

/// What a pattern says, its places in the text left out.
fn alternatives(pattern: &EventPattern) -> Vec<Vec<(&str, Vec<&MatcherKind>)>> {
    let branches = pattern.branches().iter().map(|branch| {
        let fields = branch.fields().iter();
        fields.map(|field| (&*field.path, field.matchers.iter().map(|m| &m.kind).collect())).collect()
    });
    branches.collect()
}

/// A listing of targets has no order of its own. Targets that were not read are not known to be the same.
fn is_same_targets(a: Option<&[Target]>, b: Option<&[Target]>) -> bool {
    let by_id = |targets: &[Target]| -> BTreeMap<Arc<str>, Target> {
        targets.iter().map(|target| (target.id.clone(), target.clone())).collect()
    };
    let is_same_target =
        |a: &Target, b: &Target| a.arn == b.arn && a.role == b.role && a.parameters == b.parameters;
    let (Some(a), Some(b)) = (a.map(by_id), b.map(by_id)) else { return false };
    a.len() == b.len() && a.iter().all(|(id, a)| b.get(id).is_some_and(|b| is_same_target(a, b)))
}

#[cfg(test)]
mod tests {
    use super::is_same;
    use crate::fake::{looping, machine, on_start_of, rule};
    use loopguard_model::{Rule, RuleState};
    use loopguard_pattern::Term;

    #[test]
    fn the_order_of_keys_and_tags_do_not_matter() {
        let a = rule("r", r#"{"source":["a"],"detail-type":["b"]}"#, &machine("m"));
        let mut b = rule("r", r#"{ "detail-type" : ["b"], "source" : ["a"] }"#, &machine("m"));
        b.tags.insert("team".into(), "media".into());
        assert!(is_same(&a, &b));
    }

    #[test]
    fn whatever_the_verdict_hangs_on_does() {
        let base = || looping("r");
        let retarget = |change: fn(&mut loopguard_model::Target)| {
            let mut rule = base();
            change(&mut rule.targets.as_mut().unwrap()[0]);
            rule
        };
        let others = [
            Rule { state: RuleState::Disabled, ..base() },
            Rule { managed_by: Some("config.amazonaws.com".into()), ..base() },
            rule("r", &on_start_of(&machine("other")), &machine("r")),
            Rule { targets: None, ..base() },
            Rule { targets: Some(Vec::new()), ..base() },
            retarget(|target| target.arn = Term::literal("arn:other")),
            retarget(|target| target.role = None),
            retarget(|target| {
                target.parameters.insert("Input".into(), Term::literal("{}"));
            }),
        ];
        assert!(is_same(&base(), &base()));
        for other in others {
            assert!(!is_same(&base(), &other), "{other:?}");
        }
    }
}
