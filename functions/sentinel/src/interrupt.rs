//! The interruption test: do a rule's events stop while the guard has it off for a while?
//!
//! The sentinel counts and concludes; the guard switches off and gives back. Where the events stop once the loop has ended with that, or
//! they ended by themselves just then. Where they come again and stop again, that is shown.

use crate::round::{Round, Sentinel, WatchError};
use crate::suspect::Followed;
use loopguard_account::{
    Ledger, MetricQuery, RuleRef, Series, Shown, ShownBy, State, Suspicion, Watch, Watchbook,
};
use loopguard_analysis::Verdict;
use loopguard_decision::evidence::{
    BEFORE, Counter, INTERRUPTED_FOR, Interrupted, Interruption, STOPS, Sample, Stop, Thresholds, Wanted,
    comes_back_whole, hears_no_caller, may_interrupt,
};
use loopguard_decision::rates::{Metric, Minute, Watched};
use loopguard_decision::{
    ALERT_WINDOW, End, Incident, InterruptionTest, Mode, Notice, NoticeKind, Timestamp, Tripwires, Urgency,
    is_permitted,
};
use loopguard_guard::interrupt_message;
use loopguard_model::Rule;

/// After a test in vain there is none of the same rule for so long (milliseconds).
const RESTS: u64 = 24 * 3_600_000;

/// An interruption that is asked for is among so many newest incidents: no cap lets more begin within minutes.
const NEWEST: usize = 50;

/// A rule that is still off so long (milliseconds) after it was to be given back is off, whatever for.
const GIVEN_UP: u64 = 600_000;

const SETTLE: u64 = Thresholds::DESIGN.settle;

impl Followed {
    fn rule(&self) -> Option<&Rule> {
        self.gathered.inventory.rules.iter().find(|rule| RuleRef::of(rule) == self.suspicion.rule)
    }

    fn counter(&self, test: &Interruption) -> Option<Counter> {
        let counter = test.counter(self.rule()?);
        counter.inspect_err(|why| tracing::info!(rule = %self.suspicion.rule, %why, "no counter")).ok()
    }

    /// Returns the rule that counts what the suspected rule matches, where it is to be tested.
    pub(crate) fn counter_wanted(&self, now: Timestamp) -> Option<Wanted> {
        let test = self.suspicion.interruption.as_ref().filter(|test| !test.is_over)?;
        if self.suspicion.shown_now(now).is_some() {
            return None;
        }
        let counter = self.counter(test)?;
        Some(counter.wanted(&self.suspicion.finding, self.runaway.per_minute))
    }

    /// Writes down since when the events are counted.
    pub(crate) fn count_events(
        &mut self,
        setting: Tripwires,
        stands: impl Fn(&Wanted) -> bool,
        now: Timestamp,
    ) {
        let is_counted = setting != Tripwires::Off && self.counter_wanted(now).as_ref().is_some_and(stands);
        if let Some(test) = &mut self.suspicion.interruption {
            test.counted = test.counted.or(Some(now)).filter(|_| is_counted);
        }
    }
}

impl<A: Watch, L: Ledger + Watchbook> Sentinel<'_, A, L> {
    /// Goes on with the test of a rule that may be tested, and returns the cause once it is shown.
    pub(crate) async fn by_interruption(
        &self,
        one: &mut Followed,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Option<Shown>, WatchError> {
        if !self.may_be_tested(one).await? {
            one.suspicion.interruption = None;
            return Ok(None);
        }
        let sample = Sample::for_rate(one.runaway.per_minute / 60);
        let known = one.suspicion.interruption.take();
        let mut test = known.unwrap_or_else(|| Interruption::new(sample));
        let shown = match test.asked {
            _ if test.is_over => Ok(None),
            Some(asked) => self.outcome(one, &mut test, asked, round, now).await,
            // What is counted by another sample cannot be compared.
            None if sample.factor() > test.stands_for => {
                test = Interruption { stops: std::mem::take(&mut test.stops), ..Interruption::new(sample) };
                Ok(None)
            }
            None => self.ask(one, &mut test, round, now).await.map(|()| None),
        };
        one.suspicion.interruption = Some(test);
        shown
    }

    /// Whether the owner wants the test, nothing else can show the cause, and a shown one may lead to an act. The guard asks all of
    /// it again.
    async fn may_be_tested(&self, one: &Followed) -> Result<bool, WatchError> {
        let watch = &self.settings.watch;
        let is_wanted = watch.interruption_test == InterruptionTest::On
            && watch.tripwires != Tripwires::Off
            && self.settings.mode == Mode::Enforce;
        let is_fit = |rule: &Rule| comes_back_whole(rule) && hears_no_caller(&one.finding, &rule.key);
        let is_loop = one.finding.verdict == Verdict::Loop && is_permitted(&one.finding);
        if !is_wanted || !is_loop || !one.rule().is_some_and(is_fit) {
            return Ok(false);
        }
        self.may_be_stopped(&one.finding, &one.gathered).await
    }

    /// What is told at first of a rule that may be tested; `None` where it is not to be.
    pub(crate) async fn advice_of_test(&self, one: &Followed) -> Result<Option<String>, WatchError> {
        let advice = "Its events carry no caller: once they are counted for five minutes, steadily and at least twenty a minute, the guard \
                      switches it off for three, to see whether they stop, and on again (`InterruptionTest`). The events of that time do \
                      not reach its targets; `loopguard exempt` keeps the test away.";
        Ok(self.may_be_tested(one).await?.then(|| advice.to_owned()))
    }

    /// Asks the guard to switch the rule off for a while, once a stop would show.
    async fn ask(
        &self,
        one: &Followed,
        test: &mut Interruption,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let Some((since, counter)) = test.counted.zip(one.counter(test)) else { return Ok(()) };
        if one.runaway.per_minute < self.settings.watch.matters_from() {
            return Ok(());
        }
        let count = self.count_of(&counter, BEFORE + SETTLE + 1, round, now).await?;
        if !may_interrupt(since, &count, Minute::of(now).back(SETTLE)) {
            return Ok(());
        }
        let rests = !self.ledger.is_alert_due(&in_vain(one), now).await.map_err(WatchError::Ledger)?;
        if rests {
            test.is_over = true;
        } else {
            (test.asked, test.begun) = (Some(now), false);
        }
        Ok(())
    }

    /// What became of the interruption that was asked for.
    async fn outcome(
        &self,
        one: &Followed,
        test: &mut Interruption,
        asked: Timestamp,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Option<Shown>, WatchError> {
        let Some(incident) = self.interruption(&one.suspicion, asked).await? else {
            if test.asked_now(now).is_none() {
                (test.asked, test.is_over) = (None, true);
                self.tell_of_no_test(one, round, now).await?;
            }
            return Ok(None);
        };
        test.begun = true;
        let (until, on) = match (incident.act.interrupts(), &incident.state) {
            (_, State::Intended) => return Ok(None),
            (Some(until), State::Ended { end: End::GivenBack { .. }, at }) => (until, *at),
            // What else became of it the guard has told.
            _ => {
                (test.asked, test.is_over) = (None, true);
                return Ok(None);
            }
        };
        if Minute::of(now) < Interrupted::settled(on, SETTLE) {
            return Ok(None);
        }
        let off = Timestamp(until.0.saturating_sub(INTERRUPTED_FOR));
        let minutes = Minute::of(now).0.saturating_sub(Minute::of(off).0) + BEFORE + 1;
        let count = match one.counter(test) {
            Some(counter) => self.count_of(&counter, minutes, round, now).await?,
            None => Series::new(),
        };
        test.asked = None;
        let counted = Interrupted::of(&count, (off, on));
        if let Some(counted) = counted.filter(Interrupted::has_stopped) {
            test.stops.push(Stop { at: off, why: format!("from {off} to {on}: {counted}").into() });
            if test.stops.len() >= STOPS {
                return Ok(Some(shown(one, test, now)));
            }
            self.tell_of_test(
                one,
                &format!("its events stopped while it was off, from {off} to {on}: {counted}"),
                true,
                round,
                now,
            )
            .await?;
            return Ok(None);
        }
        test.is_over = true;
        // The ledger keeps what was told for as long as that is not told again.
        let rests = Timestamp(now.0.saturating_add(RESTS - ALERT_WINDOW));
        self.ledger.alerted(&in_vain(one), rests).await.map_err(WatchError::Ledger)?;
        let counted = counted
            .map_or_else(|| "it was given back too early to tell".to_owned(), |counted| counted.to_string());
        let seen = format!("its events did not stop while it was off, from {off} to {on}: {counted}");
        self.tell_of_test(one, &seen, false, round, now).await?;
        Ok(None)
    }

    /// Whether the rule of a suspicion is off because the guard has it off for a while: nothing is concluded from that meanwhile.
    pub(crate) async fn is_off_for_a_while(
        &self,
        suspicion: &Suspicion,
        now: Timestamp,
    ) -> Result<bool, WatchError> {
        let Some(asked) = suspicion.interruption.as_ref().and_then(|test| test.asked) else {
            return Ok(false);
        };
        let incident = self.interruption(suspicion, asked).await?;
        Ok(incident.is_some_and(|incident| {
            let until = incident.act.interrupts().map(|until| until.0.saturating_add(GIVEN_UP));
            incident.is_open() && until.is_some_and(|until| now.0 < until)
        }))
    }

    async fn interruption(
        &self,
        suspicion: &Suspicion,
        asked: Timestamp,
    ) -> Result<Option<Incident>, WatchError> {
        let cause = Interruption::cause(&suspicion.id, asked);
        let newest = self.ledger.incidents(NEWEST).await.map_err(WatchError::Ledger)?;
        let is_it = |one: &Incident| one.rule == suspicion.rule && one.cause == cause;
        Ok(newest.into_iter().find(is_it))
    }

    async fn count_of(
        &self,
        counter: &Counter,
        minutes: u64,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<Series, WatchError> {
        let of = Watched::Rule(counter.rule.clone());
        let query = MetricQuery { metric: Metric::MatchedEvents, of, step: 1, minutes };
        Ok(self.metrics(&[query], round, now).await?.pop().unwrap_or_default())
    }

    /// Has the guard switch the rule off for a while. It is said again in each round until that is so, or too late.
    pub(crate) async fn ask_guard(&self, one: &Followed, now: Timestamp) -> Result<(), WatchError> {
        let test = one.suspicion.interruption.as_ref().filter(|test| !test.begun);
        if test.is_none_or(|test| test.asked_now(now).is_none()) {
            return Ok(());
        }
        let message = interrupt_message(&one.suspicion.id);
        self.account.remind(&message, 0).await.map_err(WatchError::Guard)
    }

    async fn tell_of_test(
        &self,
        one: &Followed,
        seen: &str,
        has_stopped: bool,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let done = if has_stopped {
            "it is on again: either its loop has ended with that, or its events ended by themselves just then; if they come again \
             within the hour, and stop once more while it is off, it is disabled"
        } else {
            "it is on again, and is not switched off to see that for a day"
        };
        let lost = "The events of that time did not reach its targets.".to_owned();
        let notice = Notice {
            finding: Some(one.suspicion.finding.clone()),
            seen: seen.to_owned(),
            done: done.to_owned(),
            cost: self.cost(one, round, now).await,
            next: std::iter::once(lost).chain(self.stops(one)).collect(),
            ..self.notice(NoticeKind::Tested, Urgency::Notice, Some(&one.suspicion.rule), now)
        };
        self.tell(notice, round, now).await
    }

    async fn tell_of_no_test(
        &self,
        one: &Followed,
        round: &mut Round,
        now: Timestamp,
    ) -> Result<(), WatchError> {
        let notice = Notice {
            finding: Some(one.suspicion.finding.clone()),
            seen: "it was to be off for three minutes, to see whether its events stop, and the guard has not begun that"
                .to_owned(),
            done: "it stays on, and its cause cannot be shown".to_owned(),
            next: std::iter::once("The guard's log says why: `the rule is not interrupted`.".to_owned())
                .chain(self.stops(one))
                .collect(),
            ..self.notice(NoticeKind::Blind, Urgency::Notice, Some(&one.suspicion.rule), now)
        };
        self.tell(notice, round, now).await
    }
}

/// The key by which it is known that a rule was off for a while in vain.
fn in_vain(one: &Followed) -> String {
    format!("interrupted in vain {}", one.suspicion.rule)
}

fn shown(one: &Followed, test: &Interruption, now: Timestamp) -> Shown {
    let stops: Vec<&str> = test.stops.iter().map(|stop| &*stop.why).collect();
    Shown {
        finding: one.suspicion.finding.clone(),
        by: ShownBy::Interruption,
        at: now,
        why: format!(
            "its events stopped each of the {} times that it was off for a while, which by chance is seen less than once in a million times: {}",
            stops.len(),
            stops.join("; ")
        )
        .into(),
        events: Vec::new(),
        course: Vec::new(),
    }
}
