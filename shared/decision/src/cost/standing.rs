//! What tripwires that stand all the time cost.

use super::own::{logs_item, own_item, time_item};
use super::{Money, OwnItem, OwnUse, Prices, own_months};
use crate::evidence::{STANDING_A_MINUTE, STIRRED_WITHIN};
use crate::rates::Pace;

/// What they cost in a month of 30 days, beside all else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingCost {
    /// While they catch nothing.
    pub idle: Vec<OwnItem>,
    /// What they catch where each catches as much as its sample lets through while its rule runs as it usually does.
    pub at_most: Vec<OwnItem>,
}

const DAYS: u64 = 30;
const MINUTES: u64 = DAYS * 24 * 60;

/// A message is sent, received and deleted.
const REQUESTS_A_MESSAGE: u64 = 3;

/// Sightings, some 250 bytes each, in a unit of 4 KB that is read.
const SIGHTINGS_A_READ: u64 = 16;

/// What is written down for a tripwire, a pattern of a kilobyte in it, in a unit that is read.
const TRIPWIRES_A_READ: u64 = 4;

/// Returns what so many tripwires cost, each of a loop of its own: the dearest way in which so many can stand.
pub fn standing_cost(tripwires: usize, prices: &Prices) -> StandingCost {
    let count = u64::try_from(tripwires).unwrap_or(u64::MAX);
    let pace = Pace::IDLE;
    let of = |what: &str, price: &'static str, units: u64| own_item(units, price, prices, what);
    // A look at all rules asks how each usually runs, and whether each tripwire delivered.
    let looks = MINUTES / pace.sweep.max(1);
    let idle = vec![
        of("reads of the ledger: what each has seen, every minute", "dynamodb-read", count * MINUTES),
        of("reads of the ledger: which rules are in loops", "dynamodb-read", MINUTES / pace.account.max(1)),
        of("metrics read", "cloudwatch-get-metric-data", count * looks * 2),
    ];
    let caught = count * STANDING_A_MINUTE * MINUTES;
    let read_again = (STIRRED_WITHIN / 60_000 * STANDING_A_MINUTE).div_ceil(SIGHTINGS_A_READ);
    let reads = caught * count.div_ceil(TRIPWIRES_A_READ) + count * MINUTES * read_again;
    // What a tripwire catches is handled as it is in an incident.
    let busiest = own_months().last().map(|month| &month.incident);
    let (milliseconds, bytes) = busiest.map_or((0, 0), OwnUse::of_one_run);
    let at_most = vec![
        of("requests to the guard's queue", "sqs-request", caught * REQUESTS_A_MESSAGE),
        of("runs of the guard", "lambda-request", caught),
        time_item(caught * milliseconds, prices),
        logs_item(caught * bytes, prices),
        of("written into the ledger", "dynamodb-write", caught),
        of("reads of the ledger", "dynamodb-read", reads),
    ];
    StandingCost { idle, at_most }
}

impl StandingCost {
    /// Returns both sums.
    pub fn sums(&self) -> (Money, Money) {
        let sum = |items: &[OwnItem]| items.iter().map(|item| item.cost).sum();
        (sum(&self.idle), sum(&self.at_most))
    }
}

#[cfg(test)]
mod tests {
    use super::standing_cost;
    use crate::cost::{Money, Prices};

    #[test]
    fn the_page_says_what_is_computed() {
        let page = include_str!("../../../../docs/cost.md");
        for tripwires in [1, 20, 100] {
            let (idle, at_most) = standing_cost(tripwires, &Prices::of_region("us-east-1")).sums();
            assert!(
                page.contains(&format!("| {tripwires} | {idle} | {at_most} |")),
                "{tripwires}: {idle}, {at_most}"
            );
        }
    }

    #[test]
    fn what_catches_nothing_costs_cents() {
        let prices = Prices::of_region("us-east-1");
        let cost = standing_cost(20, &prices);
        assert!(cost.sums().0 < Money::cents(50), "{}", cost.sums().0);
        assert!(
            cost.idle
                .iter()
                .chain(&cost.at_most)
                .all(|item| prices.has(item.price) && item.cost > Money::ZERO)
        );
        assert_eq!(standing_cost(0, &prices).sums().1, Money::ZERO);
    }
}
