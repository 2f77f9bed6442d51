//! What a loop that runs costs: by what metrics count of what it runs, and by the model where none counts.

use crate::round::{Round, Sentinel};
use crate::suspect::Followed;
use loopguard_account::{Ledger, MetricQuery, Timestamp, Watch, Watchbook};
use loopguard_decision::cost::{
    CountedTarget, Meter, Prices, RunawayCost, Spend, TargetMeter, counted_targets, runaway, spend,
};
use loopguard_decision::rates::Minute;

/// The rate of a rule that runs away is read for so many minutes, and what it runs is counted as long.
const RECENT_MINUTES: u64 = 180;

/// What a loop costs, and what that rests on.
#[derive(Debug)]
pub(crate) struct Spent {
    pub(crate) spend: Spend,
    by_round: RunawayCost,
    meter: Meter,
    /// Why metrics of what it runs could not be read.
    unread: Option<String>,
    /// From when on and before when it is counted.
    within: (Minute, Minute),
}

impl<A: Watch, L: Ledger + Watchbook> Sentinel<'_, A, L> {
    /// What the loop costs. What it runs is read here, not in each round: three metrics for a function, one for a state machine.
    /// Where they cannot be read, the model says what a round costs.
    pub(crate) async fn spent(&self, one: &Followed, round: &mut Round, now: Timestamp) -> Spent {
        let prices = Prices::of_region(&self.region());
        let inventory = &one.gathered.inventory;
        let by_round = runaway(&one.finding, inventory, &prices);
        let home = (self.home.account.to_string(), self.home.region.to_string());
        let counted = counted_targets(&one.finding, inventory, (&home.0, &home.1));
        let (targets, unread) = match self.meters(counted, round, now).await {
            Ok(targets) => (targets, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        let meter = Meter { rounds: one.runaway.recent.clone(), targets };
        let since = meter.rounds.first().map_or(now, Minute::start);
        let spend = spend(&meter, &by_round, &prices, since, now);
        Spent { spend, by_round, meter, unread, within: (Minute::of(since), Minute::of(now)) }
    }

    async fn meters(
        &self,
        counted: Vec<CountedTarget>,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Vec<TargetMeter>, String> {
        let queries: Vec<MetricQuery> =
            counted.iter().flat_map(|target| target.reads(RECENT_MINUTES)).collect();
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let series = self.metrics(&queries, round, now).await;
        let mut series = series
            .inspect_err(|error| tracing::warn!(%error, "the cost is reckoned"))
            .map_err(|error| error.to_string())?
            .into_iter();
        Ok(counted.into_iter().map(|target| target.metered(&mut series)).collect())
    }

    /// What the loop costs, as sentences.
    pub(crate) async fn cost(&self, one: &Followed, round: &mut Round, now: Timestamp) -> Vec<String> {
        self.spent(one, round, now).await.told()
    }
}

impl Spent {
    /// Returns what the loop costs, what of it is counted and what is reckoned, as sentences.
    pub(crate) fn told(&self) -> Vec<String> {
        let Self { spend, by_round, meter, .. } = self;
        let (since, end) = self.within;
        let rounds = meter.rounds.sum(since, end);
        let mut told = vec![
            format!("In the last three hours it ran {rounds} times: {}.", spend.so_far),
            format!(
                "Now: {} a minute, {} a day, and by the end of the month {}.",
                spend.per_minute,
                spend.per_minute.times(24 * 60),
                spend.to_month_end
            ),
            format!("Stopped now, it saves {} until a budget would have told.", spend.saved),
        ];
        told.extend(meter.counted(since, end));
        told.extend(
            self.unread.as_ref().map(|why| format!("What it runs is not counted, but reckoned: {why}.")),
        );
        told.push(format!("Reckoned from {}.", meter.reckoned(by_round).join("; ")));
        told
    }
}

#[cfg(test)]
mod tests {
    use super::Spent;
    use loopguard_decision::cost::{Meter, Range, RunawayCost, Spend};
    use loopguard_decision::rates::Minute;

    #[test]
    fn what_could_not_be_read_is_said_and_reckoned() {
        let nothing = Range::default();
        let spent = Spent {
            spend: Spend { so_far: nothing, per_minute: nothing, to_month_end: nothing, saved: nothing },
            by_round: RunawayCost {
                per_million: nothing,
                lines: Vec::new(),
                assumptions: ["list prices".to_owned()].into(),
            },
            meter: Meter::default(),
            unread: Some("could not read metrics: AccessDenied".to_owned()),
            within: (Minute(1), Minute(2)),
        };
        let told = spent.told().join("\n");
        let end = "What it runs is not counted, but reckoned: could not read metrics: AccessDenied.\nReckoned from list prices.";
        assert!(told.ends_with(end), "{told}");
    }
}
