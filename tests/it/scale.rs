//! What must hold of an account of any size: the same input gives the same report, whatever its order, and the graph
//! does not grow beyond a bound.

use crate::accounts::{self, Draw, Shape};
use loopguard_analysis::{Analysis, Catalogue, Step, Verdict, analyse, analyse_watched, judge_with};
use loopguard_decision::cost::Prices;
use loopguard_model::snapshot::{self, Snapshot};
use loopguard_model::{Inventory, Trigger};
use loopguard_report::{Levels, Report, Texts, View};
use loopguard_template::{Options, Source};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

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

/// A page for people has a bound, however many rules there are; what it leaves out it says. It is made in less time than what it
/// tells is found, by far.
#[test]
fn the_page_of_a_large_account_is_small_and_soon_made() {
    let text = accounts::snapshot(&Shape::of(300));
    let read = snapshot::read(&text, "account.json").unwrap();
    let catalogue = Catalogue::embedded();
    let begun = Instant::now();
    let mut inventory = read.inventory.clone();
    let analysis = analyse_watched(&mut inventory, &catalogue, |need| read.answer(need), &mut |_| ());
    let analysed = begun.elapsed();
    let levels = Levels::default();
    let report = Report {
        inventory: &inventory,
        analysis: &analysis,
        catalogue: catalogue.describe(),
        levels: &levels,
    };
    let prices = Prices::of_region("us-east-1");
    let view = View::of(report, &prices);
    // The best of some: other tests run beside this one.
    let rounds: Vec<(Duration, String)> = (0..5)
        .map(|_| {
            let begun = Instant::now();
            let page = loopguard_report::html(&view);
            (begun.elapsed(), page)
        })
        .collect();
    let (best, page) = rounds.iter().min().unwrap();
    assert!(page.len() < 2 << 20, "{} bytes", page.len());
    assert!(rounds.iter().all(|(_, other)| other == page));
    assert_eq!(page.matches("<tr id=").count(), 300);
    assert!(*best < analysed, "{best:?} to write, {analysed:?} to analyse");
}

/// The same of a template, whose lines stand in the page, with a change for each rule.
#[test]
fn the_page_of_a_large_template_is_small() {
    let text: Arc<str> = accounts::template::of(300).into();
    let source = Source { file: "template.yaml".into(), text: text.clone() };
    let inventory = loopguard_template::read(&[source], &Options::default());
    let catalogue = Catalogue::embedded();
    let analysis = analyse(&inventory, &catalogue);
    assert_eq!(analysis.findings.iter().filter(|finding| finding.verdict == Verdict::Loop).count(), 300);
    let levels = Levels::default();
    let report = Report {
        inventory: &inventory,
        analysis: &analysis,
        catalogue: catalogue.describe(),
        levels: &levels,
    };
    let text_of = |_: &str| Some(text.clone());
    let prices = Prices::of_region("us-east-1");
    let page = loopguard_report::html(&View { texts: Texts::new(&text_of), ..View::of(report, &prices) });
    assert!(page.len() < 2 << 20, "{} bytes", page.len());
    assert!(page.contains("<mark>PutBucketAcl</mark>") && page.contains("A change that ends it"));
}

#[test]
fn the_graph_does_not_grow_beyond_a_bound() {
    let size = |rules| analysed(&accounts::snapshot(&Shape::of(rules))).2;
    let ((nodes, edges), (more_nodes, more_edges)) = (size(300), size(1_200));
    // Four times the rules, and roles that name four times the resources: the account, not the pairs of both.
    assert!(more_nodes <= 5 * nodes, "{nodes} nodes grew to {more_nodes}");
    assert!(more_edges <= 6 * edges, "{edges} edges grew to {more_edges}");
}

/// A change is proved on the part of the account that can be in its loop; it holds in all of it.
#[test]
fn a_change_that_is_told_holds_in_the_whole_account() {
    let shapes = [Shape::of(60), Shape::broad(8)];
    let catalogue = Catalogue::embedded();
    let mut told = 0;
    for (shape, seed) in shapes.iter().flat_map(|shape| (0..2).map(move |seed| (shape, seed))) {
        let text = accounts::snapshot(&Shape { seed, ..shape.clone() });
        let read = snapshot::read(&text, "account.json").unwrap();
        let mut inventory = read.inventory.clone();
        let analysis = analyse_watched(&mut inventory, &catalogue, |need| read.answer(need), &mut |_| ());
        // Some of each: every one is an analysis of the whole.
        for remedy in analysis.findings.iter().flat_map(|finding| &finding.remedies).take(6) {
            let mut changed = inventory.clone();
            let rule = changed.rules.iter_mut().find(|rule| rule.key == remedy.rule).unwrap();
            let pattern = loopguard_pattern::parse(&remedy.pattern).unwrap();
            rule.trigger = Trigger::Pattern(Arc::new(pattern));
            let after = judge_with(&mut changed, &catalogue, |need| read.answer(need));
            let verdict = after.rules.iter().find(|rule| rule.key == remedy.rule).unwrap().verdict;
            assert_eq!(verdict, Verdict::None, "{} rules, seed {seed}: {}", shape.rules, remedy.pattern);
            told += 1;
        }
    }
    assert!(told >= 12, "{told} changes");
}
