use super::{Claim, InstallPlan, Installed, Wanted, install_plan};
use crate::evidence::fixtures::{PATTERN, loop_of};
use crate::evidence::{Sample, TripwireGround, tripwires};
use crate::{RuleRef, Worth};

fn wanted(rules: &[&str], per_minute: u64) -> Vec<Wanted> {
    claimed(rules, Claim::Suspected { per_minute })
}

fn claimed(rules: &[&str], claim: Claim) -> Vec<Wanted> {
    let rules: Vec<(&str, &str)> = rules.iter().map(|name| (*name, PATTERN)).collect();
    let (finding, inventory) = loop_of(&rules);
    let ground = TripwireGround { inventory: &inventory, whole: true, sample: Sample::all() };
    let tripwires = tripwires(&finding, ground).into_iter().map(Result::unwrap);
    tripwires.map(|tripwire| Wanted::of(&tripwire, &finding.id, claim)).collect()
}

fn installed(of: &Wanted, text: &str) -> Installed {
    Installed { rule: of.rule.clone(), text: text.into(), since: None }
}

fn findings(plan: &InstallPlan) -> Vec<&str> {
    plan.install.iter().map(|one| &*one.finding).collect()
}

#[test]
fn never_more_than_so_many_and_whole_loops_only() {
    let all: Vec<Wanted> =
        [wanted(&["a", "b"], 10), wanted(&["c"], 900), wanted(&["d"], 500)].into_iter().flatten().collect();
    let plan = install_plan(&all, &[], 3);
    assert_eq!(findings(&plan), ["self-trigger:c", "self-trigger:d"]);
    assert_eq!(plan.left_out, ["multi-rule-loop:a,b".into()], "one half of a loop shows nothing");
    assert_eq!(install_plan(&all, &[], 4).install.len(), 4);
    assert!(install_plan(&all, &[], 0).install.is_empty());
}

#[test]
fn leftovers_go_and_what_stands_stays() {
    let (c, d) = (wanted(&["c"], 900), wanted(&["d"], 5));
    let foreign = Installed {
        rule: RuleRef { bus: "default".into(), name: "customers-rule".into() },
        text: PATTERN.into(),
        since: None,
    };
    let standing = [installed(&d[0], &d[0].text), installed(&c[0], "{}"), foreign];
    let plan = install_plan(&d, &standing, 5);
    assert_eq!((findings(&plan), &plan.remove), (Vec::new(), &vec![standing[1].rule.clone()]));
    let both: Vec<Wanted> = [c, d].into_iter().flatten().collect();
    let plan = install_plan(&both, &standing, 5);
    assert_eq!(findings(&plan), ["self-trigger:c"], "another pattern is replaced");
    assert!(plan.remove.is_empty());
    let plan = install_plan(&both, &standing[..1], 1);
    assert!(plan.install.is_empty() && plan.remove.is_empty(), "what stands goes before what is faster");
    assert_eq!(plan.left_out, ["self-trigger:c".into()]);
}

/// An account gives a pattern in a spelling of its own: making the rule again every minute would change nothing.
#[test]
fn another_spelling_of_the_pattern_is_the_same_tripwire() {
    let of = wanted(&["c"], 900);
    let spelled = loopguard_pattern::parse(&of[0].text).unwrap().to_string();
    assert_ne!(spelled, *of[0].text);
    assert!(install_plan(&of, &[installed(&of[0], &spelled)], 5).install.is_empty());
    let other = spelled.replace("PutBucketAcl", "PutBucketPolicy");
    assert_ne!(other, spelled);
    assert_eq!(install_plan(&of, &[installed(&of[0], &other)], 5).install.len(), 1);
}

/// What stands all the time never keeps a suspicion from its tripwires, and what is worth most stands, in whatever order it is given
/// and whatever stood before.
#[test]
fn what_stands_yields_to_suspicions_and_goes_by_its_worth() {
    let standing = |rule: &str, sure, cents| claimed(&[rule], Claim::Standing(Worth { sure, cents }));
    let stands =
        [standing("a", 1, 900), standing("b", 2, 5), standing("c", 2, 7), standing("d", 2, 7)].concat();
    let mut turned = stands.clone();
    turned.reverse();
    let left = installed(&stands[0], &stands[0].text);
    for given in [&stands, &turned] {
        let plan = install_plan(given, std::slice::from_ref(&left), 2);
        assert_eq!(findings(&plan), ["self-trigger:c", "self-trigger:d"]);
        assert_eq!(plan.remove, std::slice::from_ref(&left.rule), "what is worth less makes room");
        assert_eq!(plan.left_out, ["self-trigger:b".into(), "self-trigger:a".into()]);
    }
    let all = [stands, wanted(&["slow"], 1)].concat();
    let plan = install_plan(&all, &[], 2);
    assert_eq!(findings(&plan), ["self-trigger:slow", "self-trigger:c"]);
}
