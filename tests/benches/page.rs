//! Time and size of the HTML report, by the size of what is reported.
//!
//! `cargo bench -p loopguard-tests --no-default-features --bench page`. On one thread, processor time, the best of some rounds. Ends
//! with an error iff a page of 300 rules takes a second or has 2 MB.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::exit,
    missing_docs,
    unreachable_pub,
    reason = "a measurement, not a library"
)]

#[path = "../accounts/mod.rs"]
mod accounts;
mod clock;

use accounts::Shape;
use clock::ran;
use loopguard_analysis::{Analysis, Catalogue, analyse, analyse_watched};
use loopguard_decision::cost::Prices;
use loopguard_model::{Inventory, snapshot};
use loopguard_report::{Levels, Report, Texts, View};
use loopguard_template::{Options, Source};
use std::sync::Arc;

/// The changes of a template are each proved by analysing again, so that thousands of them take long.
const ACCOUNTS: [usize; 3] = [10, 300, 3_000];
const TEMPLATES: [usize; 2] = [10, 300];
const ROUNDS: usize = 7;

/// What 300 rules may take at most, in milliseconds and bytes.
const MOST: (f64, usize) = (1_000.0, 2 << 20);

/// What is reported, with the text that places point into.
struct Subject {
    name: String,
    inventory: Inventory,
    analysis: Analysis,
    text: Option<Arc<str>>,
    /// Milliseconds from the text to the analysis.
    analysed: f64,
}

fn of_snapshot(rules: usize, catalogue: &Catalogue) -> Subject {
    let text = accounts::snapshot(&Shape::of(rules));
    let start = ran();
    let snapshot = snapshot::read(&text, "account.json").expect("a snapshot");
    let mut inventory = snapshot.inventory.clone();
    let analysis = analyse_watched(&mut inventory, catalogue, |need| snapshot.answer(need), &mut |_| ());
    Subject { name: "account".to_owned(), inventory, analysis, text: None, analysed: ran() - start }
}

fn of_template(rules: usize, catalogue: &Catalogue) -> Subject {
    let text: Arc<str> = accounts::template::of(rules).into();
    let source = Source { file: "template.yaml".into(), text: text.clone() };
    let start = ran();
    let inventory = loopguard_template::read(&[source], &Options::default());
    let analysis = analyse(&inventory, catalogue);
    Subject { name: "template".to_owned(), inventory, analysis, text: Some(text), analysed: ran() - start }
}

fn main() {
    let catalogue = Catalogue::embedded();
    println!("one thread, processor time, the best of {ROUNDS} rounds; to make the page from what was found");
    println!(
        "{:>10} {:>6} {:>9} {:>12} {:>9} {:>10} {:>9} {:>6}",
        "what", "rules", "findings", "to analyse", "page ms", "bytes", "pictures", "rows"
    );
    let mut fits = true;
    let accounts = ACCOUNTS.into_iter().map(|rules| (rules, of_snapshot(rules, &catalogue)));
    let templates = TEMPLATES.into_iter().map(|rules| (rules, of_template(rules, &catalogue)));
    for (rules, subject) in accounts.chain(templates) {
        let (millis, page) = measured(&subject, &catalogue);
        println!(
            "{:>10} {rules:>6} {:>9} {:>12.1} {millis:>9.2} {:>10} {:>9} {:>6}",
            subject.name,
            subject.analysis.findings.len(),
            subject.analysed,
            page.len(),
            page.matches("<svg").count(),
            page.matches("<tr id=").count(),
        );
        fits &= rules > 300 || (millis < MOST.0 && page.len() < MOST.1);
    }
    if !fits {
        println!("a page of at most 300 rules takes {} ms or has {} bytes: too much", MOST.0, MOST.1);
        std::process::exit(1);
    }
}

/// Returns the milliseconds that the page takes, and the page.
fn measured(subject: &Subject, catalogue: &Catalogue) -> (f64, String) {
    let levels = Levels::default();
    let report = Report {
        inventory: &subject.inventory,
        analysis: &subject.analysis,
        catalogue: catalogue.describe(),
        levels: &levels,
    };
    let prices = Prices::of_region("us-east-1");
    let text_of = |_: &str| subject.text.clone();
    let view = View { texts: Texts::new(&text_of), ..View::of(report, &prices) };
    let rounds = (0..ROUNDS).map(|_| {
        let start = ran();
        let page = loopguard_report::html(&view);
        (ran() - start, page)
    });
    rounds.min_by(|one, other| one.0.total_cmp(&other.0)).expect("a round")
}
