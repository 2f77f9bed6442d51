use super::{InstallPlan, Installed, Wanted, install_plan};
use crate::RuleRef;
use crate::evidence::fixtures::{PATTERN, loop_of};
use crate::evidence::{Sample, TripwireGround, tripwires};

fn wanted(rules: &[&str], per_minute: u64) -> Vec<Wanted> {
    let rules: Vec<(&str, &str)> = rules.iter().map(|name| (*name, PATTERN)).collect();
    let (finding, inventory) = loop_of(&rules);
    let ground = TripwireGround { inventory: &inventory, whole: true, sample: Sample::all() };
    let tripwires = tripwires(&finding, ground).into_iter().map(Result::unwrap);
    tripwires.map(|tripwire| Wanted { tripwire, per_minute, finding: finding.id.clone() }).collect()
}

fn installed(of: &Wanted, text: &str) -> Installed {
    let rule = RuleRef { bus: of.tripwire.bus.clone(), name: of.tripwire.name.clone() };
    Installed { rule, text: text.into(), since: None }
}

fn hops(plan: &InstallPlan) -> Vec<String> {
    plan.install.iter().map(|tripwire| tripwire.hop.to_string()).collect()
}

#[test]
fn never_more_than_so_many_and_whole_loops_only() {
    let all: Vec<Wanted> =
        [wanted(&["a", "b"], 10), wanted(&["c"], 900), wanted(&["d"], 500)].into_iter().flatten().collect();
    let plan = install_plan(&all, &[], 3);
    assert_eq!(hops(&plan), ["default/c -t-> default/c", "default/d -t-> default/d"]);
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
    let standing = [installed(&d[0], &d[0].tripwire.text), installed(&c[0], "{}"), foreign];
    let plan = install_plan(&d, &standing, 5);
    assert_eq!((hops(&plan), &plan.remove), (Vec::<String>::new(), &vec![standing[1].rule.clone()]));
    let both: Vec<Wanted> = [c, d].into_iter().flatten().collect();
    let plan = install_plan(&both, &standing, 5);
    assert_eq!(hops(&plan), ["default/c -t-> default/c"], "another pattern is replaced");
    assert!(plan.remove.is_empty());
    let plan = install_plan(&both, &standing[..1], 1);
    assert!(plan.install.is_empty() && plan.remove.is_empty(), "what stands goes before what is faster");
    assert_eq!(plan.left_out, ["self-trigger:c".into()]);
}

/// An account gives a pattern in a spelling of its own: making the rule again every minute would change nothing.
#[test]
fn another_spelling_of_the_pattern_is_the_same_tripwire() {
    let of = wanted(&["c"], 900);
    let spelled = of[0].tripwire.pattern.to_string();
    assert_ne!(spelled, *of[0].tripwire.text);
    assert!(install_plan(&of, &[installed(&of[0], &spelled)], 5).install.is_empty());
    let other = spelled.replace("PutBucketAcl", "PutBucketPolicy");
    assert_ne!(other, spelled);
    assert_eq!(install_plan(&of, &[installed(&of[0], &other)], 5).install.len(), 1);
}
