//! Where acts are written down, as one trait, and the ledger in memory.

use crate::CallError;
use loopguard_decision::{
    Begun, Book, End, Ended, Exemption, Incident, Pause, Record, Rounds, RuleRef, Sighting, Suspicion,
    Timestamp, View, Watchlist,
};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is written down about acts, pauses and exemptions.
///
/// Every method does what the method of [`Book`] of the same meaning does, all at once or not at all, and reads what was
/// written last. An error means that it may or may not have been done: trying again with the same attempt is safe.
pub trait Ledger: Sync {
    /// Reads what a decision has to know of a rule.
    fn view(&self, rule: &RuleRef, now: Timestamp) -> impl Future<Output = Result<View, CallError>> + Send;

    /// Writes an intent: [`Book::begin`].
    fn begin(&self, intent: &Incident, cap: usize) -> impl Future<Output = Result<Begun, CallError>> + Send;

    /// Takes over what an invocation left: [`Book::take_over`].
    fn take_over(
        &self,
        seen: &Incident,
        attempt: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, CallError>> + Send;

    /// Writes the end of an intent: [`Book::end`].
    fn end(
        &self,
        incident: &Incident,
        attempt: &str,
        end: &End,
        at: Timestamp,
    ) -> impl Future<Output = Result<Ended, CallError>> + Send;

    /// Notes that somebody was told of an incident's end.
    fn told(&self, id: &str, at: Timestamp) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Reads what invocations left behind: [`Book::left_behind`].
    fn left_behind(&self, now: Timestamp) -> impl Future<Output = Result<Vec<Incident>, CallError>> + Send;

    /// Returns true iff the same was not told of late: [`Book::is_alert_due`].
    fn is_alert_due(&self, key: &str, now: Timestamp)
    -> impl Future<Output = Result<bool, CallError>> + Send;

    /// Notes that it was told: [`Book::alerted`].
    fn alerted(&self, key: &str, now: Timestamp) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Notes what a rule's verdict hangs on: [`Book::note_reach`]. Kept for at least two days.
    fn note_reach(
        &self,
        rule: &RuleRef,
        subjects: &BTreeSet<Arc<str>>,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Reads the rules whose verdict hangs on a subject: [`Book::reaching`].
    fn reaching(&self, subject: &str) -> impl Future<Output = Result<Vec<RuleRef>, CallError>> + Send;

    /// Reads where that is kept which the guard saw of a rule last: [`Book::record`]. It may be forgotten after a year.
    fn record(&self, rule: &RuleRef) -> impl Future<Output = Result<Option<Record>, CallError>> + Send;

    /// Notes that: [`Book::note_record`].
    fn note_record(
        &self,
        rule: &RuleRef,
        record: &Record,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Reads what the decision of an incident rests on: [`Book::basis`].
    fn basis(&self, incident: &str) -> impl Future<Output = Result<Option<Record>, CallError>> + Send;

    /// Notes that, if nothing was noted: [`Book::note_basis`].
    fn note_basis(
        &self,
        incident: &str,
        record: &Record,
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Reads one incident.
    fn incident(&self, id: &str) -> impl Future<Output = Result<Option<Incident>, CallError>> + Send;

    /// Reads the newest incidents, the newest first.
    fn incidents(&self, most: usize) -> impl Future<Output = Result<Vec<Incident>, CallError>> + Send;

    /// Notes that an operator undid an act: [`Book::restored`].
    fn restored(
        &self,
        id: &str,
        at: Timestamp,
        by: &str,
    ) -> impl Future<Output = Result<bool, CallError>> + Send;

    /// Reads the pause; it may have run out.
    fn pause(&self) -> impl Future<Output = Result<Option<Pause>, CallError>> + Send;

    /// Pauses the guard, or resumes it.
    fn set_pause(&self, pause: Option<Pause>) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Reads all exemptions; some may have run out.
    fn exemptions(&self) -> impl Future<Output = Result<Vec<(RuleRef, Exemption)>, CallError>> + Send;

    /// Exempts a rule, or ends its exemption.
    fn set_exemption(
        &self,
        rule: &RuleRef,
        exemption: Option<Exemption>,
    ) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// What is written down of rules that are watched.
///
/// Every method does what the method of [`Watchlist`] of the same name does, and reads what was written last. The sentinel
/// alone writes suspicions and rounds; of two rounds at once the later word holds, and the next round mends it; sightings are written by the guard, and writing one twice is
/// writing it once.
pub trait Watchbook: Sync {
    /// Reads all suspicions.
    fn suspicions(&self) -> impl Future<Output = Result<Vec<Suspicion>, CallError>> + Send;

    /// Writes a suspicion.
    fn put_suspicion(&self, suspicion: &Suspicion) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Ends a suspicion.
    fn end_suspicion(&self, id: &str) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Notes what tripwires have seen. Kept for at least a day.
    fn note_sightings(
        &self,
        suspicion: &str,
        sightings: &[Sighting],
    ) -> impl Future<Output = Result<(), CallError>> + Send;

    /// Reads what tripwires have seen of events since then.
    fn sightings(
        &self,
        suspicion: &str,
        since: Timestamp,
    ) -> impl Future<Output = Result<Vec<Sighting>, CallError>> + Send;

    /// Reads the rules whose verdict hangs on a subject, as [`Ledger::reaching`] does, each with when that was last noted; of whole
    /// seconds.
    fn noted(
        &self,
        subject: &str,
    ) -> impl Future<Output = Result<Vec<(RuleRef, Timestamp)>, CallError>> + Send;

    /// Reads when the sentinel looked last.
    fn rounds(&self) -> impl Future<Output = Result<Rounds, CallError>> + Send;

    /// Writes when it looked last.
    fn set_rounds(&self, rounds: Rounds) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// A ledger in memory.
#[derive(Debug, Default)]
pub struct MemoryLedger {
    book: Mutex<Book>,
    watchlist: Mutex<Watchlist>,
    /// When a rule was last noted to reach a subject.
    noted: Mutex<BTreeMap<(Arc<str>, RuleRef), Timestamp>>,
}

impl MemoryLedger {
    /// Returns a ledger that goes on from a book.
    pub fn new(book: Book) -> Self {
        Self { book: Mutex::new(book), ..Self::default() }
    }

    /// Returns the book, for as long as the caller holds it.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        // Each write is whole before anything can panic.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the watchlist, for as long as the caller holds it.
    pub fn watchlist(&self) -> MutexGuard<'_, Watchlist> {
        // As above.
        self.watchlist.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watchbook for MemoryLedger {
    async fn suspicions(&self) -> Result<Vec<Suspicion>, CallError> {
        Ok(self.watchlist().suspicions())
    }

    async fn put_suspicion(&self, suspicion: &Suspicion) -> Result<(), CallError> {
        self.watchlist().put_suspicion(suspicion);
        Ok(())
    }

    async fn end_suspicion(&self, id: &str) -> Result<(), CallError> {
        self.watchlist().end_suspicion(id);
        Ok(())
    }

    async fn note_sightings(&self, suspicion: &str, sightings: &[Sighting]) -> Result<(), CallError> {
        self.watchlist().note_sightings(suspicion, sightings);
        Ok(())
    }

    async fn sightings(&self, suspicion: &str, since: Timestamp) -> Result<Vec<Sighting>, CallError> {
        Ok(self.watchlist().sightings(suspicion, since))
    }

    async fn noted(&self, subject: &str) -> Result<Vec<(RuleRef, Timestamp)>, CallError> {
        let noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let at = |rule: &RuleRef| noted.get(&(subject.into(), rule.clone())).copied();
        let rules = self.book().reaching(subject).into_iter();
        Ok(rules.map(|rule| (rule.clone(), at(&rule).unwrap_or(Timestamp(0)))).collect())
    }

    async fn rounds(&self) -> Result<Rounds, CallError> {
        Ok(self.watchlist().rounds())
    }

    async fn set_rounds(&self, rounds: Rounds) -> Result<(), CallError> {
        self.watchlist().set_rounds(rounds);
        Ok(())
    }
}

impl Ledger for MemoryLedger {
    async fn view(&self, rule: &RuleRef, now: Timestamp) -> Result<View, CallError> {
        Ok(self.book().view(rule, now))
    }

    async fn begin(&self, intent: &Incident, cap: usize) -> Result<Begun, CallError> {
        Ok(self.book().begin(intent, cap))
    }

    async fn take_over(&self, seen: &Incident, attempt: &str, now: Timestamp) -> Result<bool, CallError> {
        Ok(self.book().take_over(seen, attempt, now))
    }

    async fn end(
        &self,
        incident: &Incident,
        attempt: &str,
        end: &End,
        at: Timestamp,
    ) -> Result<Ended, CallError> {
        Ok(self.book().end(&incident.id, attempt, end, at))
    }

    async fn told(&self, id: &str, at: Timestamp) -> Result<(), CallError> {
        self.book().told(id, at);
        Ok(())
    }

    async fn left_behind(&self, now: Timestamp) -> Result<Vec<Incident>, CallError> {
        Ok(self.book().left_behind(now))
    }

    async fn is_alert_due(&self, key: &str, now: Timestamp) -> Result<bool, CallError> {
        Ok(self.book().is_alert_due(key, now))
    }

    async fn alerted(&self, key: &str, now: Timestamp) -> Result<(), CallError> {
        self.book().alerted(key, now);
        Ok(())
    }

    async fn note_reach(
        &self,
        rule: &RuleRef,
        subjects: &BTreeSet<Arc<str>>,
        now: Timestamp,
    ) -> Result<(), CallError> {
        self.book().note_reach(rule, subjects);
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let at = Timestamp(now.0 - now.0 % 1000);
        noted.extend(subjects.iter().map(|subject| ((subject.clone(), rule.clone()), at)));
        Ok(())
    }

    async fn reaching(&self, subject: &str) -> Result<Vec<RuleRef>, CallError> {
        Ok(self.book().reaching(subject))
    }

    async fn record(&self, rule: &RuleRef) -> Result<Option<Record>, CallError> {
        Ok(self.book().record(rule).cloned())
    }

    async fn note_record(&self, rule: &RuleRef, record: &Record) -> Result<(), CallError> {
        self.book().note_record(rule, record);
        Ok(())
    }

    async fn basis(&self, incident: &str) -> Result<Option<Record>, CallError> {
        Ok(self.book().basis(incident).cloned())
    }

    async fn note_basis(&self, incident: &str, record: &Record) -> Result<(), CallError> {
        self.book().note_basis(incident, record);
        Ok(())
    }

    async fn incident(&self, id: &str) -> Result<Option<Incident>, CallError> {
        Ok(self.book().incident(id).cloned())
    }

    async fn incidents(&self, most: usize) -> Result<Vec<Incident>, CallError> {
        Ok(self.book().incidents().take(most).cloned().collect())
    }

    async fn restored(&self, id: &str, at: Timestamp, by: &str) -> Result<bool, CallError> {
        Ok(self.book().restored(id, at, by))
    }

    async fn pause(&self) -> Result<Option<Pause>, CallError> {
        Ok(self.book().pause().cloned())
    }

    async fn set_pause(&self, pause: Option<Pause>) -> Result<(), CallError> {
        self.book().set_pause(pause);
        Ok(())
    }

    async fn exemptions(&self) -> Result<Vec<(RuleRef, Exemption)>, CallError> {
        let book = self.book();
        Ok(book.exemptions().map(|(rule, exemption)| (rule.clone(), exemption.clone())).collect())
    }

    async fn set_exemption(&self, rule: &RuleRef, exemption: Option<Exemption>) -> Result<(), CallError> {
        self.book().set_exemption(rule, exemption);
        Ok(())
    }
}
