//! What must hold of an account of any size: the same input gives the same report, whatever its order, and the graph
//! does not grow beyond a bound.

use crate::accounts::{self, Draw, Shape};
use loopguard_analysis::{Analysis, Catalogue, Step, analyse_watched};
use loopguard_decision::cost::Prices;
use loopguard_model::Inventory;
use loopguard_model::snapshot::{self, Snapshot};
use loopguard_report::{Levels, Report, View};
use serde_json::Value;
use std::collections::BTreeMap;

/// Returns the analysis, the report, and nodes and edges of the last graph.
fn analysed(text: &str) -> (Analysis, String, (usize, usize)) {
    let read = snapshot::read(text, "account.json").unwrap();
    reported(&mut read.inventory.clone(), &read)
}

/// Returns the same of an inventory whose needs the snapshot answers.
fn reported(inventory: &mut Inventory, read: &Snapshot) -> (Analysis, String, (usize, usize)) {
    let catalogue = Catalogue::embedded();
    let mut size = (0, 0);
    let analysis = analyse_watched(inventory, &catalogue, |need| read.answer(need), &mut |step| {
        if let Step::Graph { nodes, edges, .. } = step {
            size = (nodes, edges);
        }
    });
    let levels = Levels::default();
    let report = Report { inventory, analysis: &analysis, catalogue: catalogue.describe(), levels: &levels };
    let text = loopguard_report::json(&View::of(report, &Prices::of_region("us-east-1"))).unwrap();
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

/// Puts all facts in another order.
fn shuffled(inventory: &Inventory, seed: u64) -> Inventory {
    let mut other = inventory.clone();
    let mut draw = Draw::of(seed, "order", 0);
    draw.shuffle(&mut other.rules);
    for targets in other.rules.iter_mut().filter_map(|rule| rule.targets.as_mut()) {
        draw.shuffle(targets);
    }
    draw.shuffle(&mut other.workloads);
    draw.shuffle(&mut other.roles);
    for role in &mut other.roles {
        draw.shuffle(&mut role.policies);
    }
    draw.shuffle(&mut other.connections);
    other
}

#[test]
fn facts_in_another_order_give_the_same_bytes() {
    let shapes = [Shape::of(60), Shape::of(90), Shape::broad(40)];
    for (shape, seed) in shapes.iter().flat_map(|shape| (0..2).map(move |seed| (shape, seed))) {
        let text = accounts::snapshot(&Shape { seed, ..shape.clone() });
        let read = snapshot::read(&text, "account.json").unwrap();
        let plain = reported(&mut read.inventory.clone(), &read).1;
        let other = reported(&mut shuffled(&read.inventory, seed), &read).1;
        assert!(plain == other, "{} rules, seed {seed}", shape.rules);
    }
}

/// A page for people has a bound, however many rules there are; what it leaves out it says.
#[test]
fn the_page_of_a_large_account_is_small() {
    let text = accounts::snapshot(&Shape::of(300));
    let read = snapshot::read(&text, "account.json").unwrap();
    let mut inventory = read.inventory.clone();
    let catalogue = Catalogue::embedded();
    let analysis = analyse_watched(&mut inventory, &catalogue, |need| read.answer(need), &mut |_| ());
    let levels = Levels::default();
    let report = Report {
        inventory: &inventory,
        analysis: &analysis,
        catalogue: catalogue.describe(),
        levels: &levels,
    };
    let prices = Prices::of_region("us-east-1");
    let page = loopguard_report::html(&View::of(report, &prices));
    assert!(page.len() < 2 << 20, "{} bytes", page.len());
    assert_eq!(page, loopguard_report::html(&View::of(report, &prices)));
    assert_eq!(page.matches("<tr data-verdict=").count(), 300);
}

#[test]
fn the_graph_does_not_grow_beyond_a_bound() {
    let size = |rules| analysed(&accounts::snapshot(&Shape::of(rules))).2;
    let ((nodes, edges), (more_nodes, more_edges)) = (size(300), size(1_200));
    // Four times the rules, and roles that name four times the resources: the account, not the pairs of both.
    assert!(more_nodes <= 5 * nodes, "{nodes} nodes grew to {more_nodes}");
    assert!(more_edges <= 6 * edges, "{edges} edges grew to {more_edges}");
}
