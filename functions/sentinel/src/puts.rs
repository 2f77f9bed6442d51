//! Who puts a loop's custom events, counted beside the rate where a trail records the calls.

use crate::round::{Round, Sentinel, WatchError};
use crate::suspect::Followed;
use loopguard_account::{Ledger, MetricQuery, Watch, Watchbook};
use loopguard_analysis::Finding;
use loopguard_decision::evidence::{PUTS_MINUTES, Puts, PutsCount, Thresholds, Wanted, puts_counted};
use loopguard_decision::rates::{Metric, Minute, Watched};
use loopguard_decision::{Notice, NoticeKind, Timestamp, Tripwires, Urgency};
use loopguard_guard::Gathered;
use loopguard_model::Need;

/// The call whose records say who puts events.
const PUT_EVENTS: &str = "events:PutEvents";

impl Followed {
    /// Returns the rules that count who puts the loop's events, where the cause cannot be shown.
    pub(crate) fn puts_wanted(&self, now: Timestamp) -> Vec<Wanted> {
        if self.suspicion.shown_now(now).is_some() {
            return Vec::new();
        }
        let counters = self.puts.counters().iter();
        counters.map(|one| one.wanted(&self.suspicion.finding, self.runaway.per_minute)).collect()
    }

    /// Writes down since when all that is to be counted is.
    pub(crate) fn count_puts(
        &mut self,
        setting: Tripwires,
        stands: impl Fn(&Wanted) -> bool,
        now: Timestamp,
    ) {
        let wanted = self.puts_wanted(now);
        let is_counted = setting != Tripwires::Off && !wanted.is_empty() && wanted.iter().all(stands);
        self.suspicion.puts_since = self.suspicion.puts_since.or(Some(now)).filter(|_| is_counted);
    }
}

impl<A: Watch, L: Ledger + Watchbook> Sentinel<'_, A, L> {
    /// Reads the trails, where the loop has a hop whose events are put by a call and the analysis had no need of them. What cannot be
    /// read is not counted.
    pub(crate) async fn read_trails(&self, gathered: &mut Gathered, finding: &Finding) {
        let puts = finding.hops.iter().any(|hop| hop.caller.is_none() && &*hop.action == PUT_EVENTS);
        if !puts || gathered.inventory.trails.is_some() {
            return;
        }
        match self.account.answer(&Need::Trails).await {
            Ok(facts) => gathered.inventory.absorb(Need::Trails, Ok(facts)),
            Err(error) => tracing::warn!(%error, "the trails are not read"),
        }
    }

    /// Tells, once it is counted for long enough, how often the targets put events while the rules matched them: that shows no cause,
    /// but whoever looks into the loop is told where to.
    pub(crate) async fn by_puts(
        &self,
        one: &mut Followed,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let settle = Thresholds::DESIGN.settle;
        if !one.suspicion.puts_since.is_some_and(|since| puts_counted(since, settle, now)) {
            return Ok(());
        }
        let counters = one.puts.counters();
        let of = |rule| MetricQuery {
            metric: Metric::MatchedEvents,
            of: Watched::Rule(rule),
            step: 1,
            minutes: PUTS_MINUTES + settle + 1,
        };
        let queries: Vec<MetricQuery> =
            counters.iter().flat_map(|one| [one.rule.clone(), one.hop.to.clone()]).map(of).collect();
        let series = self.metrics(&queries, round, now).await?;
        let end = Minute::of(now).back(settle);
        let counts: Vec<u64> = series.iter().map(|one| one.sum(end.back(PUTS_MINUTES), end)).collect();
        let counted: Vec<String> = counters
            .iter()
            .zip(counts.chunks(2))
            .filter_map(|(counter, counts)| {
                let [calls, matched] = counts else { return None };
                let count = PutsCount {
                    caller: counter.caller.clone(),
                    calls: calls * counter.sample.factor(),
                    rule: counter.hop.to.clone(),
                    matched: *matched,
                    minutes: PUTS_MINUTES,
                };
                Some(count.to_string())
            })
            .collect();
        let counted = counted.join("; ");
        let is_new = one.suspicion.concluded.is_none();
        one.suspicion.concluded = Some(counted.as_str().into());
        if is_new {
            self.tell_of_puts(one, &counted, round, now).await?;
        }
        Ok(())
    }

    /// Who puts the loop's events is counted: no cause is shown by that.
    async fn tell_of_puts(
        &self,
        one: &Followed,
        counted: &str,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let ceiling = "To have such a loop stopped, deploy with a `Ceiling`: above it a rule in a loop may be disabled although no event shows \
                       the cause.";
        let notice = Notice {
            finding: Some(one.suspicion.finding.clone()),
            seen: format!("its events carry no caller, and by the records of PutEvents {counted}"),
            done: "nothing more: a call of PutEvents does not say which events it put, so that this shows no cause".to_owned(),
            cost: self.cost(one, round, now).await,
            next: std::iter::once(ceiling.to_owned()).chain(self.stops(one)).collect(),
            ..self.notice(NoticeKind::Blind, Urgency::Notice, Some(&one.suspicion.rule), now)
        };
        self.tell(notice, round, now).await
    }
}

/// What is told at first of a loop whose events are put by a call: whether anybody records who calls. `None` where none are.
pub(crate) fn advice(puts: &Puts) -> Option<&'static str> {
    match puts {
        Puts::None => None,
        Puts::NotRecorded => Some(
            "Its events carry no caller. A trail that selects the data events of `AWS::Events::EventBus` records who calls PutEvents, and \
             then that is counted beside the rate.",
        ),
        Puts::Recorded(_) => Some(
            "Its events carry no caller, but a trail of yours records who calls PutEvents: unless `Tripwires` is `off`, the calls of its own \
             targets are counted beside the rate, and told.",
        ),
    }
}
