//! Rounds of the sentinel beside the guard, on the twin, in virtual time.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests fail loudly"
)]

mod stage;

use loopguard_account::{Suspicion, TRIPWIRE_PREFIX, Timestamp, Watch, Watcher};
use loopguard_decision::NoticeKind;
use loopguard_sentinel::Wake;
use stage::{CHAIN, MINUTE, QUEUE, REVERTER, SLOW, Stage, burst};

/// A loop that only a permission shows is left alone at its change. Once it runs away, tripwires show that the rule's own
/// target makes its events, and it is stopped; then all that was made for that is gone.
#[test]
fn a_permitted_loop_that_runs_away_is_shown_and_stopped() {
    let mut stage = Stage::of(REVERTER, CHAIN, &[SLOW]);
    stage.run(50);
    let disabled = stage.disabled();
    assert_eq!(disabled.len(), 1, "{:?}", stage.kinds());
    let text = disabled[0].text();
    assert!(text.contains("Why now: hop default/revert-acl -fix-> default/revert-acl"), "{text}");
    assert_eq!(stage.kinds(), [NoticeKind::Suspected, NoticeKind::Calm]);
    assert_eq!((stage.most_tripwires, stage.tripwires()), (1, 0), "one hop, and nothing is left");
    let made: usize = stage.rehearsal.rounds().map(|(_, round)| round.tripwires.0).sum();
    assert_eq!(made, 1, "one that stands as it should is not made again");
    let matched = stage.matched("revert-acl");
    stage.run(10);
    assert_eq!(stage.matched("revert-acl"), matched, "the loop is over");
    let told = stage.notices()[0].text();
    for part in
        ["Now: ", "by the end of the month about $", "Stopped now, it saves about $", "list prices as of"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let budgets = stage.rehearsal.twin().budgets();
    assert_eq!(budgets.len(), 1);
    assert!(budgets[0].name.starts_with("loopguard-revert-acl"), "{budgets:?}");
    let services: Vec<&str> = budgets[0].services.iter().map(|name| &**name).collect();
    assert_eq!(services, ["AWS Lambda", "AmazonCloudWatch"]);
    assert!(stage.rehearsal.ledger().watchlist().suspicions().is_empty());
}

/// What metrics count of the function is told as counted and read when something is told, not in each round; the logs, which
/// nothing counts here, are reckoned.
#[test]
fn a_notice_says_what_is_counted_and_what_is_reckoned() {
    let template =
        REVERTER.replace("      Runtime: python3.13\n", "      Runtime: python3.13\n      MemorySize: 512\n");
    let mut stage = Stage::of(&template, CHAIN, &[SLOW]);
    stage.run(50);
    let told = stage.notices()[0].text();
    assert!(
        told.contains("Counted by metrics: `fix` ran ") && told.contains(" s in all with 512 MB"),
        "{told}"
    );
    assert!(
        told.contains("whoever started it") && told.contains("Reckoned from a function runs 20 ms"),
        "{told}"
    );
    let disabled = stage.disabled()[0].text();
    assert!(
        disabled.contains("Counted by metrics: `fix` ran "),
        "the incident has the same figures: {disabled}"
    );
    let mut unknown = Stage::of(REVERTER, CHAIN, &[SLOW]);
    unknown.run(50);
    let told = unknown.notices()[0].text();
    assert!(told.contains("whose price is reckoned, since its memory is not known"), "{told}");
}

/// A loop as slow as CloudTrail is shown and told as one, once, with how to stop it, and nothing calls it calm while it goes on. After a day
/// it is watched no more closely than others.
#[test]
fn a_slow_loop_is_told_as_a_loop_and_not_as_calm() {
    let mut stage = Stage::at_pace((20_000, 60_000), REVERTER, CHAIN, &[]);
    stage.run(4 * 60);
    assert!(stage.disabled().is_empty());
    let told: Vec<(NoticeKind, String)> =
        stage.notices().iter().map(|notice| (notice.kind, notice.text())).collect();
    let kinds: Vec<NoticeKind> = told.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, [NoticeKind::Suspected, NoticeKind::Slow], "{told:?}");
    for part in [
        "it causes its own events: hop ",
        "and more than 3 a minute matter",
        "Stop it now: `aws events ",
        "`Threshold` (now 30)",
    ] {
        assert!(told[1].1.contains(part), "{part}: {}", told[1].1);
    }
    // The same a day later, without living it.
    let mut suspicion = stage.rehearsal.ledger().watchlist().suspicions()[0].clone();
    assert!(suspicion.slow_since.is_some_and(|slow| slow > suspicion.since));
    let day = 24 * 60 * MINUTE;
    suspicion.since = Timestamp(stage.rehearsal.twin().world().now().saturating_sub(day));
    stage.rehearsal.ledger().watchlist().put_suspicion(&suspicion);
    stage.run(1);
    assert_eq!(stage.kinds()[2..], [NoticeKind::Settled]);
    assert!(stage.notices()[2].text().contains("as a loop that is slower than what matters"));
}

/// A day of a loop makes its rate the usual one (what one window in a hundred of two weeks exceeds): whoever let it run has been told, and
/// is not told again while it goes on as it did. Once it runs faster than that, it is suspected anew.
#[test]
fn a_settled_loop_is_not_suspected_again() {
    let mut stage = Stage::alone((20_000, 60_000), REVERTER, CHAIN, &[("LOOPGUARD_TRIPWIRES", "off"), SLOW]);
    // A flat level takes hours to be told from chance.
    stage.watch(9 * 60, 15);
    assert_eq!(stage.kinds(), [NoticeKind::Suspected]);
    stage.watch(25 * 60, 25 * 60);
    assert_eq!(stage.kinds(), [NoticeKind::Suspected, NoticeKind::Settled]);
    let (metrics, matched) = (stage.metrics(), stage.matched("revert-acl"));
    // Twice the six hours between two looks at all rules.
    stage.watch(13 * 60, 15);
    assert!(stage.matched("revert-acl") > matched + 500, "it goes on");
    assert!(stage.metrics() > metrics + 52, "and is looked at");
    assert_eq!(stage.kinds().len(), 2, "{:?}", stage.kinds());
    assert!(stage.rehearsal.ledger().watchlist().suspicions().is_empty());
    for chain in 0..20 {
        let bucket = serde_json::json!({"bucketName": format!("more-{chain}")});
        stage.rehearsal.twin().world().call("arn:aws:iam::111122223333:user/a", "s3:PutBucketAcl", bucket);
    }
    stage.watch(60, 15);
    assert_eq!(stage.kinds()[2..], [NoticeKind::Suspected]);
}

/// Tripwires are rules of the guard's own: nobody is told of them, and the guard never acts on one.
#[test]
fn without_tripwires_it_is_told_and_goes_on() {
    let mut stage = Stage::of(REVERTER, CHAIN, &[SLOW, ("LOOPGUARD_TRIPWIRES", "off")]);
    stage.run(20);
    assert!(stage.disabled().is_empty());
    assert_eq!(stage.kinds(), [NoticeKind::Suspected]);
    assert_eq!(stage.most_tripwires, 0);
    assert!(
        stage.notices()[0].text().contains("`LOOPGUARD_TRIPWIRES` is `off`"),
        "{}",
        stage.notices()[0].text()
    );
}

/// The owner's ceiling needs no cause, but a loop.
#[test]
fn above_the_owners_ceiling_a_loop_is_stopped_without_evidence() {
    let ceiling =
        [("LOOPGUARD_TRIPWIRES", "off"), ("LOOPGUARD_CEILING", "15"), ("LOOPGUARD_CEILING_MINUTES", "2")];
    let mut stage = Stage::of(REVERTER, CHAIN, &ceiling);
    stage.run(30);
    let disabled = stage.disabled();
    assert_eq!(disabled.len(), 1);
    assert!(disabled[0].text().contains("above the ceiling of 15"), "{}", disabled[0].text());
}

/// 500 buckets are opened within five minutes, and each is closed once more: a burst that ends by itself is not a loop.
#[test]
fn a_remediator_that_converges_is_not_stopped_under_a_burst() {
    let mut stage = Stage::of(REVERTER, &burst(), &[]);
    stage.run(60);
    assert_eq!(stage.matched("revert-acl"), 1000, "each is opened, and closed once");
    assert!(stage.disabled().is_empty());
    assert_eq!(stage.tripwires(), 0, "what was made to look is gone");
    assert_eq!(stage.kinds(), [NoticeKind::Suspected, NoticeKind::Calm]);
    assert!(
        stage.rehearsal.twin().budgets().is_empty(),
        "nothing is left to cost, and nobody has to remove it"
    );
    assert!(stage.notices()[1].text().contains("is removed."), "{}", stage.notices()[1].text());
}

/// A budget that cannot be removed keeps no suspicion open: it ends by itself, and that is said.
#[test]
fn a_budget_that_cannot_be_removed_is_told() {
    let mut stage = Stage::of(REVERTER, "", &[]);
    stage.run(1);
    let (rule, budget) = ("revert-acl".parse().unwrap(), "loopguard-b");
    let suspicion = Suspicion {
        id: "b".into(),
        rule,
        since: Timestamp(0),
        finding: "f".into(),
        seen: "900 a minute".into(),
        hops: Vec::new(),
        shown: None,
        concluded: None,
        calm_since: Some(Timestamp(0)),
        slow_since: None,
        history: None,
        puts_since: None,
        interruption: None,
        budget: Some(budget.into()),
        standing: None,
        watched: None,
    };
    stage.rehearsal.ledger().watchlist().put_suspicion(&suspicion);
    stage.rehearsal.refuse(&["remove_budget"]);
    stage.run(1);
    let told = stage.notices()[0].text();
    assert!(told.contains("`loopguard-b` could not be removed") && told.contains("after 30 days"), "{told}");
    assert!(stage.rehearsal.ledger().watchlist().suspicions().is_empty());
}

/// While nothing happens, next to nothing is read.
#[test]
fn a_quiet_account_costs_a_metric_in_five_minutes() {
    let mut stage = Stage::of(REVERTER, "", &[]);
    stage.run(300);
    // Beside it the one rule in a loop every quarter of an hour, the first time with all others.
    assert_eq!(stage.metrics(), 60 + 20);
    assert!(stage.notices().is_empty() && stage.tripwires() == 0);
}

/// What somebody left behind under the tripwires' name is removed with the next sweep, and nothing else ever is.
#[test]
fn leftovers_are_swept() {
    let mut stage = Stage::of(REVERTER, "", &[]);
    let Ok(rule) = format!("{TRIPWIRE_PREFIX}left").parse();
    let left = loopguard_account::TripwireRule {
        rule,
        pattern: r#"{"source":["x"]}"#.into(),
        state: loopguard_model::RuleState::Enabled,
    };
    stage.rehearsal.ask(stage.rehearsal.twin().put_tripwire(&left)).unwrap();
    assert_eq!(stage.tripwires(), 1);
    stage.run(1);
    assert_eq!(stage.tripwires(), 0);
    assert!(stage.rehearsal.twin().world().described("default", "revert-acl").is_some());
}

/// A budget's notice has every rule looked at, and the burning ones ranked, also where nothing burns.
#[test]
fn a_budget_is_answered_with_what_burns() {
    let mut stage = Stage::of(REVERTER, CHAIN, &[SLOW, ("LOOPGUARD_TRIPWIRES", "off")]);
    stage.run(2);
    stage.rehearsal.round(&Wake::Budget { says: "AWS Budgets: monthly".to_owned() }).unwrap();
    assert!(
        stage.notices()[0].text().contains("none runs at an unusual rate"),
        "{}",
        stage.notices()[0].text()
    );
    stage.run(19);
    stage.rehearsal.round(&Wake::Budget { says: "AWS Budgets: monthly, forecast".to_owned() }).unwrap();
    let told = *stage.notices().last().unwrap();
    assert_eq!(told.kind, NoticeKind::Budget);
    assert!(told.text().contains("1. default/revert-acl: "), "{}", told.text());
    assert!(told.text().contains("8 to 24 hours late"));
}

/// Lets the chain run until it is suspected and its tripwire stands.
fn suspected() -> Stage {
    let mut stage = Stage::of(REVERTER, CHAIN, &[SLOW]);
    while stage.tripwires() == 0 {
        stage.run(1);
    }
    stage
}

/// A read that fails is no calm: the suspicion stays as it is, and so do its tripwires.
#[test]
fn what_cannot_be_looked_at_stays_watched() {
    for refused in [&["rule"][..], &["read"], &["answer"]] {
        let mut stage = suspected();
        let before = stage.rehearsal.ledger().watchlist().suspicions();
        stage.rehearsal.refuse(refused);
        assert!(stage.rehearsal.round(&Wake::Clock).is_err(), "{refused:?}");
        assert_eq!(stage.tripwires(), 1, "{refused:?}");
        assert_eq!(stage.rehearsal.ledger().watchlist().suspicions(), before, "{refused:?}");
        stage.rehearsal.refuse(&[]);
        stage.run(15);
        assert_eq!(stage.disabled().len(), 1, "{refused:?}: the next rounds go on");
    }
}

/// A tripwire that cannot be made is told once, and the suspicion says that nothing watches the hop.
#[test]
fn a_tripwire_that_is_refused_is_told() {
    let mut stage = Stage::of(REVERTER, CHAIN, &[SLOW]);
    stage.rehearsal.refuse(&["put_tripwire"]);
    stage.run(20);
    assert_eq!(stage.kinds(), [NoticeKind::Suspected, NoticeKind::Blind]);
    let suspicions = stage.rehearsal.ledger().watchlist().suspicions();
    let by = &suspicions[0].hops[0].by;
    assert!(matches!(by, Watcher::Nothing { why } if why.contains("told to fail")), "{by:?}");
    assert!(stage.disabled().is_empty());
}

/// A tripwire whose events the queue refuses shows nothing, and nothing is concluded from that: it is told, and once the queue takes
/// them again the cause is shown.
#[test]
fn a_tripwire_that_cannot_deliver_is_told_and_proves_nothing() {
    let mut stage = suspected();
    stage.rehearsal.twin().world().set_refusing(QUEUE, true);
    stage.run(20);
    assert_eq!(stage.kinds(), [NoticeKind::Suspected, NoticeKind::Blind], "told once an hour");
    let told = stage.notices()[1].text();
    for part in
        ["`default/loopguard-tripwire-", "could not deliver", "not taken for no cause", "`loopguard-changes`"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let concluded = stage.rehearsal.ledger().watchlist().suspicions()[0].concluded.clone().unwrap();
    assert!(concluded.contains("what is missing says nothing"), "{concluded}");
    assert!(stage.disabled().is_empty());
    stage.rehearsal.twin().world().set_refusing(QUEUE, false);
    stage.run(20);
    assert_eq!(stage.disabled().len(), 1, "{:?}", stage.kinds());
}

/// A guard that takes no messages has read nothing of what tripwires caught; that is not nothing.
#[test]
fn a_queue_that_is_behind_is_told_and_proves_nothing() {
    let mut stage = suspected();
    let now = stage.rehearsal.twin().world().now();
    stage.rehearsal.stall(now + 10 * MINUTE);
    stage.run(9);
    assert_eq!(stage.kinds(), [NoticeKind::Suspected, NoticeKind::Blind]);
    let told = stage.notices()[1].text();
    assert!(told.contains("the oldest message of the guard's queue has waited"), "{told}");
    let concluded = stage.rehearsal.ledger().watchlist().suspicions()[0].concluded.clone().unwrap();
    assert!(concluded.contains("behind, so that what is missing"), "{concluded}");
    stage.run(12);
    assert_eq!(stage.disabled().len(), 1, "what was caught meanwhile counts: {:?}", stage.kinds());
}

/// A suspicion that ends without a cause says what its tripwires have seen.
#[test]
fn what_tripwires_have_seen_is_said_where_no_cause_was_shown() {
    let mut stage = Stage::of(REVERTER, "", &[]);
    stage.run(1);
    let suspicion = Suspicion {
        id: "b".into(),
        rule: "revert-acl".parse().unwrap(),
        since: Timestamp(0),
        finding: "f".into(),
        seen: "900 a minute".into(),
        hops: Vec::new(),
        concluded: Some("not observed: no event of hop a was caught".into()),
        shown: None,
        calm_since: Some(Timestamp(0)),
        slow_since: None,
        history: None,
        puts_since: None,
        interruption: None,
        budget: None,
        standing: None,
        watched: None,
    };
    stage.rehearsal.ledger().watchlist().put_suspicion(&suspicion);
    stage.run(1);
    let told = stage.notices()[0].text();
    assert!(told.contains("What its tripwires have seen was: not observed: no event of hop a"), "{told}");
}

/// A loop that nobody stops fills no ledger: once its cause is shown nothing more is caught.
#[test]
fn what_is_shown_is_caught_no_more() {
    let mut stage = Stage::of(REVERTER, CHAIN, &[SLOW, ("LOOPGUARD_MODE", "observe")]);
    while stage.rehearsal.rounds().all(|(_, round)| round.shown.is_empty()) {
        stage.run(1);
    }
    let suspicions = stage.rehearsal.ledger().watchlist().suspicions();
    assert!(suspicions[0].shown.is_some() && stage.tripwires() == 0, "{suspicions:?}");
    // The bus goes on for some seconds after a rule is gone.
    stage.run(1);
    let seen =
        |stage: &Stage| stage.rehearsal.ledger().watchlist().sightings(&suspicions[0].id, Timestamp(0)).len();
    let before = seen(&stage);
    stage.run(5);
    assert_eq!(seen(&stage), before);
}

/// Whoever may invoke the function with something else has it look no more often than the schedule does.
#[test]
fn an_unknown_wake_is_no_alarm() {
    let mut stage = Stage::of(REVERTER, "", &[]);
    stage.run(1);
    let before = stage.metrics();
    for _ in 0..10 {
        stage.rehearsal.round(&Wake::Unknown).unwrap();
    }
    assert_eq!(stage.metrics(), before);
}
