//! The model beside published incidents.
//!
//! *Predicted* is what follows from the number of events, which the sources give beside the bill; *fitted* is what was
//! taken from the same bill.

use super::{Money, Prices, runaway};
use crate::fixtures::{inventory, looping, rule};
use loopguard_analysis::Emits;

/// A loop of one function that puts its own event.
fn custom_loop() -> super::RunawayCost {
    let mut finding = looping(&["a"]);
    let hop = &mut finding.hops[0];
    hop.target.arn = "arn:aws:lambda:us-east-1:111122223333:function:audit".into();
    hop.target.kind = "lambda".into();
    hop.action = "events:PutEvents".into();
    hop.emits = Emits { source: "my.app".into(), detail_type: "AUDIT_COMPLETED".into(), event_name: None };
    runaway(&finding, &inventory([rule("a")]), &Prices::of_region("us-east-1"))
}

fn dollars(text: &str) -> Money {
    Money::from_decimal(text).unwrap()
}

/// `ServerlessClaw`, April 2026: 326 million events in five days, $10,089.78.
#[test]
fn april_2026() {
    let (events, bill) = (326_000_000, dollars("10089.78"));
    assert_eq!(bill.share(1_000_000, events).to_string(), "$30.95", "all-in, for a million events");
    let cost = custom_loop();
    // Predicted: EventBridge's own part, three in a hundred of the bill.
    let own = cost.lines.iter().find(|line| line.price == "eventbridge-custom-event").unwrap();
    let own = own.cost.likely.times(events).share(1, 1_000_000);
    assert_eq!(own.to_string(), "$326.00");
    // Predicted: without logs, which are fitted, the model comes to most of what the bill says for the rest ...
    let logs = cost.lines.iter().find(|line| line.price == "logs-gb").unwrap();
    let without_logs = bill - dollars("5088.38");
    let others = cost.of_rounds(events);
    let (low, high) = (others.low, others.high - logs.cost.high.share(events, 1_000_000));
    assert!(low < without_logs, "{low}");
    // ... and not to all of it: 128 MB for three seconds is less than what ran there, and DynamoDB is no part of the hop.
    assert!(high < without_logs && high > without_logs.share(60, 100), "{high} of {without_logs}");
    // Fitted: with 31 KB of logs for each event the logs come to what was paid.
    let fitted = logs.cost.high.share(events, 1_000_000);
    assert!(fitted > dollars("4600") && fitted < dollars("5100"), "{fitted}");
    // The likely figure says what a function of common size costs, not what this one did.
    assert_eq!(others.to_string(), "about $830.54 (from $480.58 to $8,112.51)");
    let page = include_str!("../../../../docs/cost.md");
    assert!(
        page.contains("$830.54, from $480.58 to $8,112.51 |") && page.contains("$30.95 a million events")
    );
}

/// Reply, February 2022: 380 invocations a second for three days, more than $1,000.
#[test]
fn february_2022() {
    let events = 380 * 3 * 86_400;
    let range = custom_loop().of_rounds(events);
    // Predicted: nothing in the model was taken from this bill.
    assert!(range.holds(dollars("1000")), "{range}");
    assert!(range.likely < dollars("1000"), "the likely figure is low: {range}");
}
