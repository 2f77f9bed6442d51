//! What must hold of an account of any size: the same input gives the same report, the order of the input changes no
//! verdict, and the graph does not grow beyond a
//! bound.

use crate::accounts::{self, Draw, Shape};
use loopguard_analysis::{Analysis, Catalogue, Step, analyse_watched};
use loopguard_model::snapshot;
use loopguard_report::{Levels, Report};
use serde_json::Value;
use std::collections::BTreeMap;

/// Returns the analysis, the report, and nodes and edges of the last graph.
fn analysed(text: &str) -> (Analysis, String, (usize, usize)) {
    let catalogue = Catalogue::embedded();
    let read = snapshot::read(text, "account.json").unwrap();
    let mut inventory = read.inventory.clone();
    let mut size = (0, 0);
    let analysis = analyse_watched(&mut inventory, &catalogue, |need| read.answer(need), &mut |step| {
        if let Step::Graph { nodes, edges, .. } = step {
            size = (nodes, edges);
        }
    });
    let levels = Levels::default();
    let report = Report {
        inventory: &inventory,
        analysis: &analysis,
        catalogue: catalogue.describe(),
        levels: &levels,
    };
    let text = loopguard_report::json(&report).unwrap();
    (analysis, text, size)
}

fn verdicts(analysis: &Analysis) -> BTreeMap<String, String> {
    let told = |rule: &loopguard_analysis::RuleVerdict| format!("{} {:?}", rule.verdict, rule.certainty);
    analysis.rules.iter().map(|rule| (rule.key.to_string(), told(rule))).collect()
}

#[test]
fn the_same_account_gives_the_same_bytes() {
    let text = accounts::snapshot(&Shape::of(90));
    assert_eq!(text, accounts::snapshot(&Shape::of(90)));
    assert_eq!(analysed(&text).1, analysed(&text).1);
}

#[test]
fn the_order_of_the_input_changes_no_verdict() {
    for seed in 0..4 {
        let document = accounts::document(&Shape { seed, ..Shape::of(90) });
        let (first, ..) = analysed(&document.to_string());
        let mut other = document;
        for (_, section) in other["accounts"][0].as_object_mut().unwrap() {
            if let Value::Array(items) = section {
                Draw::of(seed, "order", items.len()).shuffle(items);
            }
        }
        let (second, ..) = analysed(&other.to_string());
        assert_eq!(verdicts(&first), verdicts(&second), "seed {seed}");
    }
}

#[test]
fn the_graph_does_not_grow_beyond_a_bound() {
    let size = |rules| analysed(&accounts::snapshot(&Shape::of(rules))).2;
    let ((nodes, edges), (more_nodes, more_edges)) = (size(300), size(1_200));
    // Four times the rules, and roles that name four times the resources: the account, not the pairs of both.
    assert!(more_nodes <= 5 * nodes, "{nodes} nodes grew to {more_nodes}");
    assert!(more_edges <= 6 * edges, "{edges} edges grew to {more_edges}");
}
