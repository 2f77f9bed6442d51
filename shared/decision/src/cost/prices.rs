//! The table of prices.

use super::Money;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// How well a price is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PriceStanding {
    /// Read in AWS's own words.
    Documented,
    /// Others say that they read it there.
    Reported,
    /// From memory, or from sources that disagree.
    Unverified,
}

/// The price of one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    unit: Money,
}

/// One row of `prices.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    #[serde(default = "home")]
    region: String,
    unit: String,
    usd: String,
    per: u64,
    source: String,
    standing: PriceStanding,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    dated: String,
    price: Vec<Row>,
}

/// Where prices are known for everything.
const HOME: &str = "us-east-1";

fn home() -> String {
    HOME.to_owned()
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    // The text is part of the program, and a test reads it.
    TABLE.get_or_init(|| toml::from_str(include_str!("prices.toml")).unwrap_or_default())
}

/// The prices of one region.
#[derive(Debug, Clone)]
pub struct Prices {
    region: String,
    /// With the prices as numbers: a report asks for them with every hop.
    rows: BTreeMap<&'static str, (&'static Row, Price)>,
}

impl Row {
    /// Returns the price of one unit; nothing where it is not written as one (a test reads them all).
    fn price(&self) -> Price {
        let unit = Money::from_decimal(&self.usd).and_then(|usd| usd.exactly_by(self.per));
        Price { unit: unit.unwrap_or_default() }
    }
}

impl Prices {
    /// Returns the prices of a region; what has none there has that of us-east-1, and [`is_borrowed`](Self::is_borrowed).
    pub fn of_region(region: &str) -> Self {
        let mut rows = BTreeMap::new();
        let at =
            |place: &str| table().price.iter().filter(move |row| row.region == place).collect::<Vec<_>>();
        for row in at(HOME).into_iter().chain(at(region)) {
            rows.insert(row.id.as_str(), (row, row.price()));
        }
        Self { region: region.to_owned(), rows }
    }

    /// Returns the price of one unit; nothing for what the table does not have (a test holds every use against it).
    pub fn of(&self, id: &str) -> Price {
        self.rows.get(id).map_or(Price { unit: Money::ZERO }, |(_, price)| *price)
    }

    /// Returns the table's own text of an id that it has a price for, with the price of one unit.
    pub fn row(&self, id: &str) -> Option<(&'static str, Price)> {
        self.rows.get_key_value(id).map(|(id, (_, price))| (*id, *price))
    }

    /// Returns whether the table has a price for this.
    pub fn has(&self, id: &str) -> bool {
        self.rows.contains_key(id)
    }

    /// Returns whether the price is that of us-east-1, for want of the region's own.
    pub fn is_borrowed(&self, id: &str) -> bool {
        self.region != HOME && self.rows.get(id).is_some_and(|(row, _)| row.region == HOME)
    }

    /// Returns what a unit is; empty for what the table does not have.
    pub fn unit(&self, id: &str) -> &'static str {
        self.rows.get(id).map_or("", |(row, _)| row.unit.as_str())
    }

    /// Returns how well the price is known, and where it was read.
    pub fn source(&self, id: &str) -> Option<(PriceStanding, &'static str)> {
        self.rows.get(id).map(|(row, _)| (row.standing, row.source.as_str()))
    }

    /// Returns the region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Returns the date at which the table was last looked through.
    pub fn dated() -> &'static str {
        &table().dated
    }

    /// Returns the ids of the table.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.rows.keys().copied()
    }
}

impl Price {
    /// Returns the price of so many units.
    pub fn times(self, units: u64) -> Money {
        self.unit.times(units)
    }

    /// Returns the price of so many millionths of a unit, rounded down to a trillionth of a dollar.
    pub fn of_millionths(self, millionths: u64) -> Money {
        self.unit.share(millionths, 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::{Money, PriceStanding, Prices, table};
    use std::collections::BTreeSet;

    #[test]
    fn every_row_is_read_and_has_a_source() {
        let table: super::Table = toml::from_str(include_str!("prices.toml")).unwrap();
        assert_eq!(table.dated.len(), "2026-11-29".len());
        let keys: BTreeSet<_> = table.price.iter().map(|row| (&row.id, &row.region)).collect();
        assert_eq!(keys.len(), table.price.len(), "a price stands there twice");
        let home = Prices::of_region("us-east-1");
        for row in &table.price {
            assert!(home.has(&row.id), "`{}` has a row for {} and none for us-east-1", row.id, row.region);
            let unit = Money::from_decimal(&row.usd).unwrap().exactly_by(row.per);
            assert!(unit.is_some_and(|unit| unit > Money::ZERO), "`{}`", row.id);
            assert!(row.source.len() > 10 && !row.unit.is_empty(), "`{}`", row.id);
            let says_memory = row.source.starts_with("from memory");
            assert!(!says_memory || row.standing == PriceStanding::Unverified, "`{}`", row.id);
        }
    }

    #[test]
    fn a_region_has_its_own_price_or_borrows_one() {
        let ireland = Prices::of_region("eu-west-1");
        assert_eq!(ireland.of("logs-gb").times(100).to_string(), "$57.00");
        assert!(!ireland.is_borrowed("logs-gb") && ireland.is_borrowed("lambda-request"));
        let home = Prices::of_region("us-east-1");
        assert_eq!(home.of("logs-gb").times(100).to_string(), "$50.00");
        assert!(!home.is_borrowed("lambda-request"));
        assert_eq!(home.of("cloudwatch-get-metric-data").times(1_000).to_string(), "$0.0100");
        assert_eq!(home.of("lambda-gb-second-x86").of_millionths(500_000).decimal(), "0.00000833335");
        assert_eq!(home.ids().count(), table().price.iter().filter(|row| row.region == "us-east-1").count());
    }
}
