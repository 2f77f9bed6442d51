use super::{RunawayCost, Table, count_states, runaway};
use crate::cost::{Money, Prices};
use crate::fixtures::{inventory, looping, rule};
use loopguard_analysis::{Catalogue, Emits};
use loopguard_model::{Origin, Workload};
use loopguard_pattern::{Term, json};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:111122223333:function:fix";

fn cost(target: &str, action: &str, source: &str, memory: Option<&str>) -> RunawayCost {
    let mut finding = looping(&["a"]);
    let hop = &mut finding.hops[0];
    hop.target.arn = target.into();
    hop.target.kind = target.split(':').nth(2).unwrap().into();
    hop.action = action.into();
    hop.emits = Emits { source: source.into(), detail_type: "x".into(), event_name: None };
    let mut inventory = inventory([rule("a")]);
    let origin = Origin::Api { operation: "lambda:GetFunction".into(), at: "".into() };
    let mut workload =
        Workload::new("AWS::Lambda::Function", Term::literal(target), Term::literal("fix"), origin);
    if let Some(memory) = memory {
        workload.properties.insert("MemorySize".into(), Term::literal(memory));
    }
    inventory.workloads.push(workload);
    runaway(&finding, &inventory, &Prices::of_region("us-east-1"))
}

#[test]
fn every_row_names_prices_of_the_table() {
    let table: Table = toml::from_str(include_str!("../usage.toml")).unwrap();
    let prices = Prices::of_region("us-east-1");
    for row in &table.run {
        let catalogue = Catalogue::embedded();
        let is_kind = |id: &String| catalogue.target_ids().any(|known| known == id);
        assert!(row.target.as_ref().is_none_or(is_kind), "{row:?}");
        assert!(row.target.is_some() != row.action.is_some() && row.why.len() > 10, "{row:?}");
        for (price, amount) in &row.uses {
            assert!(prices.has(price) || price == "lambda-gb-second", "{price}");
            let [low, likely, high] = amount.billionths(None);
            assert!(low <= likely && likely <= high && high > 0, "{row:?}");
        }
    }
}

#[test]
fn a_function_costs_requests_seconds_and_logs() {
    let of = cost(FUNCTION, "s3:PutBucketAcl", "aws.s3", Some("512"));
    // $0.20 for requests, 100,000 GB-seconds, and 1.863 GB of logs.
    assert_eq!(of.per_million.likely.to_string(), "$2.80");
    assert_eq!(of.per_million.to_string(), "about $2.80 (from $0.5992 to $39.64)");
    let prices: Vec<&str> = of.lines.iter().map(|line| line.price).collect();
    assert_eq!(prices, ["lambda-gb-second-x86", "lambda-request", "logs-gb"]);
    assert_eq!(of.per_hour(100).likely.to_string(), "$1.01");
    assert_eq!(of.of_rounds(2_000_000).likely, of.per_million.likely.times(2));
    let known = cost(FUNCTION, "s3:PutBucketAcl", "aws.s3", None);
    assert!(known.per_million.likely < of.per_million.likely, "128 MB where the memory is not known");
}

#[test]
fn events_of_ones_own_cost_and_those_of_services_do_not() {
    let own = cost(FUNCTION, "events:PutEvents", "my.app", None).per_million.likely;
    let service = cost(FUNCTION, "", "aws.ecs", None).per_million.likely;
    assert_eq!(own - service, Money::cents(100));
    let unseen = cost(FUNCTION, "", "my.app", None).per_million.likely;
    assert_eq!(unseen, own, "by whatever way it was put");
}

#[test]
fn what_is_not_counted_is_said() {
    let unknown = cost("arn:aws:inspector:us-east-1:111122223333:target/x", "", "aws.inspector", None);
    assert_eq!(unknown.per_million.high, Money::ZERO);
    let said = unknown.assumptions.iter().any(|text| text.contains("is not counted"));
    assert!(said, "{:?}", unknown.assumptions);
}

#[test]
fn states_within_states_count() {
    let definition = json::parse(r#"{"States":{"A":{},"M":{"Iterator":{"States":{"B":{},"C":{}}}}}}"#);
    assert_eq!(count_states(&definition), 4);
}
