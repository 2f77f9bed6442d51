//! From counts of methods to API calls and what is billed for them: the table `calls.toml`.

use crate::{Count, Tally};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    method: Vec<Method>,
    price: Vec<Billed>,
    wait: Vec<Wait>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Method {
    name: String,
    calls: BTreeMap<String, Often>,
}

/// How often one method makes one call, and what is billed.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Often {
    once: u64,
    each: u64,
    batch: Option<u64>,
    units: Option<u64>,
    units_each: Option<u64>,
    units_per: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Billed {
    calls: Vec<String>,
    price: String,
}

/// How long an answer takes, for some calls or all of some services.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wait {
    #[serde(default)]
    calls: Vec<String>,
    #[serde(default)]
    services: Vec<String>,
    milliseconds: u64,
}

impl Wait {
    fn is_of(&self, call: &str) -> bool {
        let service = call.split(':').next().unwrap_or(call);
        self.calls.iter().any(|known| known == call) || self.services.iter().any(|known| known == service)
    }
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    // The text is part of the program, and a test reads it.
    TABLE.get_or_init(|| toml::from_str(include_str!("calls.toml")).unwrap_or_default())
}

/// API calls and what is billed for them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls {
    /// How often each operation was called, by its IAM name.
    pub calls: BTreeMap<&'static str, u64>,
    /// Units by the price's id.
    pub units: BTreeMap<&'static str, u64>,
    /// Milliseconds that all of them are waited for, one after the other.
    pub waited: u64,
    /// Methods that the table does not have.
    pub unknown: Vec<&'static str>,
}

impl Calls {
    /// Returns the calls that the counted methods take.
    pub fn of(tally: &Tally) -> Self {
        let mut all = Self::default();
        for (name, count) in tally.counts() {
            match table().method.iter().find(|method| method.name == name) {
                Some(method) => all.add(method, count),
                None => all.unknown.push(name),
            }
        }
        all
    }

    fn add(&mut self, method: &'static Method, count: Count) {
        for (call, often) in &method.calls {
            let made = often.calls(count);
            *self.calls.entry(call).or_default() += made;
            let wait = table().wait.iter().find(|wait| wait.is_of(call));
            self.waited += wait.map_or(0, |wait| wait.milliseconds) * made;
            let billed = table().price.iter().find(|row| row.calls.contains(call));
            if let Some(row) = billed {
                *self.units.entry(&row.price).or_default() += often.units(count, made);
            }
        }
    }

    /// Returns the operations of the table.
    pub fn operations() -> impl Iterator<Item = &'static str> {
        table().method.iter().flat_map(|method| method.calls.keys().map(String::as_str))
    }

    /// Returns the prices of the table.
    pub fn prices() -> impl Iterator<Item = &'static str> {
        table().price.iter().map(|row| row.price.as_str())
    }
}

impl Often {
    fn calls(self, count: Count) -> u64 {
        let batches = self.batch.map_or(0, |batch| {
            // Of each call of the method the last batch is begun, not full; and nothing asked for is asked once.
            (count.things / batch.max(1)).max(count.calls)
        });
        self.once * count.calls + self.each * count.things + batches
    }

    fn units(self, count: Count, made: u64) -> u64 {
        match (self.units_each, self.units_per) {
            (Some(each), _) => each * count.things,
            (None, Some(per)) => (count.things / per.max(1)).max(count.calls),
            (None, None) => made * self.units.unwrap_or(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Calls, Table};
    use crate::Tally;
    use loopguard_decision::cost::Prices;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_read_and_its_prices_are_known() {
        let table: Table = toml::from_str(include_str!("calls.toml")).unwrap();
        let names: BTreeSet<_> = table.method.iter().map(|method| &method.name).collect();
        assert_eq!(names.len(), table.method.len(), "a method stands there twice");
        let prices = Prices::of_region("us-east-1");
        assert!(Calls::prices().all(|price| prices.has(price)));
        let operations: BTreeSet<_> = Calls::operations().collect();
        let billed = table.price.iter().flat_map(|row| &row.calls);
        assert!(billed.clone().count() > 5 && billed.clone().all(|call| operations.contains(call.as_str())));
        for operation in operations {
            let waits = table.wait.iter().filter(|wait| wait.is_of(operation)).count();
            assert_eq!(waits, 1, "{operation}");
        }
    }

    /// The operations are those that the AWS crate has permissions for.
    #[test]
    fn every_operation_is_one_of_the_aws_crates() {
        let permissions: toml::Table = include_str!("../../shared/aws/permissions.toml").parse().unwrap();
        let known: BTreeSet<&str> = permissions
            .values()
            .filter_map(toml::Value::as_table)
            .flat_map(|section| section.keys().map(String::as_str))
            .collect();
        let unknown: Vec<&str> = Calls::operations().filter(|call| !known.contains(call)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }

    #[test]
    fn methods_become_calls_and_units() {
        let mut tally = Tally::default();
        tally.count("read", 20);
        tally.count("read", 700);
        tally.count("rule", 1);
        tally.count("begin", 1);
        tally.count("nobody-knows", 1);
        let calls = Calls::of(&tally);
        assert_eq!(calls.units["cloudwatch-get-metric-data"], 720);
        assert_eq!(calls.calls["events:DescribeRule"], 1);
        let others = 40 + 40 + 10 + 10;
        assert_eq!(calls.waited - others, 80 * calls.calls["cloudwatch:GetMetricData"]);
        assert_eq!((calls.units["dynamodb-read"], calls.units["dynamodb-write"]), (1, 14));
        assert_eq!(calls.unknown, ["nobody-knows"]);
    }
}
