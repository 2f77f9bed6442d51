//! What every book of what is watched must do: what [`Watchlist`](loopguard_decision::Watchlist) does, seen from outside.

use super::{Broken, law};
use crate::{
    HopRef, Ledger, Rounds, RuleRef, Shown, ShownBy, Sighting, StandingWatch, Suspicion, Timestamp,
    Watchbook, WatchedHop, Watcher, Worth,
};
use std::sync::Arc;

/// Checks the laws on a book in which nothing is written. Sightings stay behind.
pub async fn check_watched(book: &(impl Watchbook + Ledger), now: Timestamp) -> Result<(), Broken> {
    what_is_noted_has_its_time(book, now).await?;
    suspicions_are_replaced_and_end(book, now).await?;
    an_event_is_seen_once_by_a_tripwire(book, now).await?;
    rounds_are_kept(book, now).await
}

fn rule(name: &str) -> RuleRef {
    let Ok(rule) = name.parse();
    rule
}

fn shown(value: &impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

fn suspicion(name: &str, now: Timestamp) -> Suspicion {
    let rule = rule(name);
    let tripwire = self::rule("orders/loopguard-tripwire-1");
    let by = Watcher::Tripwire {
        rule: tripwire,
        pattern: r#"{"source":["a \"b\""]}"#.into(),
        stands_for: 16,
        reads: true,
    };
    let hop = HopRef { from: rule.clone(), target: "t".into(), to: rule.clone() };
    let nothing = Watcher::Nothing { why: "the event carries no caller".into() };
    Suspicion {
        id: Suspicion::id_for(&rule),
        since: now,
        finding: "self-trigger:x".into(),
        seen: "900 a minute, usually 3".into(),
        hops: vec![WatchedHop { hop: hop.clone(), by }, WatchedHop { hop, by: nothing }],
        rule,
        shown: None,
        concluded: None,
        calm_since: None,
        slow_since: None,
        history: None,
        puts_since: None,
        interruption: None,
        budget: None,
        standing: None,
        watched: None,
    }
}

async fn suspicions_are_replaced_and_end(book: &impl Watchbook, now: Timestamp) -> Result<(), Broken> {
    let seen = book.suspicions().await?;
    law("nothing is suspected at first", seen.is_empty(), shown(&seen))?;
    let (a, b) = (suspicion("a", now), suspicion("aws.partner/shop/x/a", now));
    law("rules of one name on two buses are two", a.id != b.id, shown(&a.id))?;
    book.put_suspicion(&a).await?;
    book.put_suspicion(&b).await?;
    let proof = Shown {
        finding: "self-trigger:x".into(),
        by: ShownBy::Evidence,
        at: now,
        why: "0.97 of 300".into(),
        events: vec!["e-1".into()],
        course: vec!["It ran 300 times, which cost $0.10.".into()],
    };
    let standing = StandingWatch { worth: Worth { sure: 2, cents: 3_095 }, stirred: Some(now), looked: None };
    let (standing, budget) = (Some(standing), Some("loopguard-a".into()));
    let a = Suspicion { shown: Some(proof), slow_since: Some(now), budget, standing, ..a };
    book.put_suspicion(&a).await?;
    let mut expected = vec![a.clone(), b.clone()];
    expected.sort_by(|one, other| one.id.cmp(&other.id));
    let seen = book.suspicions().await?;
    law("suspicions are read as they were written last", seen == expected, shown(&seen))?;
    for _ in 0..2 {
        book.end_suspicion(&a.id).await?;
    }
    let seen = book.suspicions().await?;
    law("what has ended is not there", seen == [b.clone()], shown(&seen))?;
    Ok(book.end_suspicion(&b.id).await?)
}

async fn what_is_noted_has_its_time(book: &(impl Watchbook + Ledger), now: Timestamp) -> Result<(), Broken> {
    let later = Timestamp(now.0 + 90_000);
    let (subject, other): (Arc<str>, Arc<str>) = ("watched:law".into(), "watched:other".into());
    let (a, b) = (rule("a"), rule("orders/b"));
    book.note_reach(&a, &[subject.clone(), other].into(), now).await?;
    book.note_reach(&b, &[subject.clone()].into(), now).await?;
    book.note_reach(&a, &[subject.clone()].into(), later).await?;
    let whole = |at: Timestamp| Timestamp(at.0 - at.0 % 1000);
    let seen = book.noted(&subject).await?;
    law(
        "a rule has the time when it was last noted",
        seen == [(a, whole(later)), (b, whole(now))],
        shown(&seen),
    )?;
    let seen = book.noted("watched:nobody").await?;
    law("nobody is noted for what nobody reaches", seen.is_empty(), shown(&seen))
}

async fn an_event_is_seen_once_by_a_tripwire(book: &impl Watchbook, now: Timestamp) -> Result<(), Broken> {
    let sighting = |tripwire: &str, event: &str, after: u64| Sighting {
        tripwire: tripwire.into(),
        event_id: event.into(),
        stands_for: 1 + after,
        call: u64::MAX - after,
        at: Timestamp(now.0 + after),
    };
    let first = [sighting("t-1", "e-1", 0), sighting("t-1", "e-2", 1000), sighting("t-2", "e-1", 2000)];
    book.note_sightings("s-1", &[&first[..], &first[..1]].concat()).await?;
    book.note_sightings("s-1", &first[..2]).await?;
    // More than one call of DynamoDB takes.
    let many: Vec<Sighting> = (0..60).map(|at| sighting("t-3", &format!("m-{at:02}"), 5000 + at)).collect();
    book.note_sightings("s-2", &many).await?;
    let seen = book.sightings("s-1", now).await?;
    law("an event that comes twice is seen once", seen == first, shown(&seen))?;
    let seen = book.sightings("s-1", Timestamp(now.0 + 1000)).await?;
    law("what was before is left out", seen == first[1..], shown(&seen))?;
    let seen = book.sightings("s-2", now).await?;
    law("many are read as they were written", seen == many, shown(&seen.len()))?;
    let seen = book.sightings("s-3", now).await?;
    law("what belongs to others is not there", seen.is_empty(), shown(&seen))
}

async fn rounds_are_kept(book: &impl Watchbook, now: Timestamp) -> Result<(), Broken> {
    let seen = book.rounds().await?;
    law("nobody has looked at first", seen == Rounds::default(), shown(&seen))?;
    let rounds = Rounds { looked: Some(now), cycles: Some(now), swept: None, standing: Some(now) };
    book.set_rounds(rounds).await?;
    let seen = book.rounds().await?;
    law("when somebody looked is read as it was written", seen == rounds, shown(&seen))
}
