//! The stack that deploys the guard, judged by the guard's own analysis.

use crate::workspace;
use loopguard_analysis::{Catalogue, Verdict, close};
use loopguard_template::{Options, Source};

/// Returns the verdicts of a template's rules by their ids, with the first reason.
fn verdicts(text: &str) -> Vec<(String, Verdict, String)> {
    let source = Source { file: "template.yaml".into(), text: text.into() };
    let mut inventory = loopguard_template::read(&[source], &Options::default());
    assert!(inventory.notes.is_empty(), "{:#?}", inventory.notes);
    let analysis = close(&mut inventory, &Catalogue::embedded());
    analysis.rules.iter().map(|rule| (rule.key.to_string(), rule.verdict, rule.reasons.join("; "))).collect()
}

#[test]
fn the_rules_of_the_stack_pass_its_own_analysis() {
    let template = std::fs::read_to_string(workspace::root().join("template.yaml")).unwrap();
    let verdicts = verdicts(&template);
    assert_eq!(verdicts.len(), 1, "{verdicts:?}");
    let (id, verdict, reason) = &verdicts[0];
    assert_eq!((id.as_str(), *verdict), ("ChangeRule", Verdict::None), "{reason}");
}
