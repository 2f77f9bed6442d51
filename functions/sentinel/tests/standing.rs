//! Tripwires that stand all the time, on the twin, in virtual time.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests fail loudly"
)]

mod stage;

use loopguard_account::{Suspicion, Timestamp, Watch, Watcher};
use loopguard_decision::NoticeKind;
use loopguard_model::{Rule, Trigger};
use stage::{CHAIN, QUEUE, REVERTER, Stage, burst, settled};

const STANDING: (&str, &str) = ("LOOPGUARD_TRIPWIRES", "standing");

/// The chain's rate is above a tenth of this, from which a loop matters, and no rate of these tests is unusual within an hour.
const FAST: (&str, &str) = ("LOOPGUARD_THRESHOLD", "255");

/// What is written down of tripwires that stand.
fn standing(stage: &Stage) -> Vec<Suspicion> {
    let all = stage.rehearsal.ledger().watchlist().suspicions();
    all.into_iter().filter(|one| one.standing.is_some()).collect()
}

fn patterns(stage: &Stage) -> Vec<String> {
    let all = stage.rehearsal.ask(stage.rehearsal.twin().tripwires()).unwrap();
    all.iter().map(|one| one.pattern.to_string()).collect()
}

/// Minutes from the begin of the chain until the rule is off.
fn stopped_after(settings: &[(&str, &str)]) -> u64 {
    let mut stage = Stage::of(REVERTER, CHAIN, settings);
    stage.run(5);
    for minutes in 1..60 {
        stage.run(1);
        if !stage.disabled().is_empty() {
            return minutes;
        }
    }
    panic!("not stopped: {:?}", stage.kinds());
}

/// The tripwire is there before the loop begins, and its cause is shown by its first rounds, whatever its rate is; once the rule
/// is off nothing stands any more.
#[test]
fn a_loop_is_shown_by_its_first_rounds() {
    let mut stage = Stage::of(REVERTER, CHAIN, &[STANDING, FAST]);
    stage.run(4);
    assert_eq!((stage.tripwires(), standing(&stage).len()), (1, 1));
    assert!(stage.notices().is_empty(), "nothing is suspected");
    stage.run(16);
    assert_eq!(stage.disabled().len(), 1, "{:?}", stage.kinds());
    assert_eq!(stage.kinds(), [NoticeKind::Suspected, NoticeKind::Calm]);
    let told = stage.notices()[0].text();
    for part in
        ["the tripwires that stand show its cause, before its rate is unusual: hop", "the guard is told"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(stage.disabled()[0].text().contains("Why now: hop default/revert-acl -fix->"));
    stage.run(10);
    assert_eq!((stage.tripwires(), standing(&stage).len()), (0, 0));
    let (on_suspicion, stands) = (
        stopped_after(&[("LOOPGUARD_THRESHOLD", "10")]),
        stopped_after(&[STANDING, ("LOOPGUARD_THRESHOLD", "10")]),
    );
    assert!(stands < on_suspicion, "{stands} and {on_suspicion} minutes");
}

/// While nothing happens a tripwire costs a read of the ledger each minute and a metric with each look at all rules.
#[test]
fn what_stands_costs_next_to_nothing() {
    let reads = |settings: &[(&str, &str)]| {
        let mut stage = Stage::of(REVERTER, "", settings);
        stage.run(300);
        let calls = stage.rehearsal.sentinel_calls();
        (calls.of("sightings").calls, calls.of("answer").calls, stage.metrics())
    };
    let (without, with) = (reads(&[]), reads(&[STANDING]));
    assert_eq!((without.0, with.0), (0, 299), "each minute but the first");
    assert_eq!(with.2 - without.2, 1, "how often the rule usually runs, once");
}

/// What converges is looked at while it goes on, and nobody is told of it.
#[test]
fn a_remediator_that_converges_is_left_alone() {
    let mut stage = Stage::of(REVERTER, &burst(), &[STANDING, FAST]);
    stage.run(90);
    assert_eq!(stage.matched("revert-acl"), 1000);
    assert!(stage.disabled().is_empty() && stage.notices().is_empty(), "{:?}", stage.kinds());
    assert_eq!((stage.tripwires(), standing(&stage).len()), (1, 1));
    let concluded = standing(&stage)[0].concluded.clone().unwrap();
    assert!(concluded.starts_with("observed, but not shown"), "{concluded}");
    // Each look reads five metrics: of the tripwire, the queue, the rule twice, and the function.
    assert!(stage.metrics() < 200, "{}", stage.metrics());
}

/// In a mode in which nobody stops it, a loop goes on to be told, and fills no ledger: what is shown is caught no more until it has to
/// be shown anew.
#[test]
fn what_nobody_stops_is_told_and_fills_no_ledger() {
    let mut stage = Stage::of(REVERTER, CHAIN, &[STANDING, FAST, ("LOOPGUARD_MODE", "observe")]);
    stage.run(120);
    assert!(stage.disabled().is_empty());
    assert_eq!(stage.kinds()[0], NoticeKind::Suspected);
    assert!(!stage.kinds().contains(&NoticeKind::Calm), "it is not over: {:?}", stage.kinds());
    let shown: usize = stage.rehearsal.rounds().map(|(_, round)| round.shown.len()).sum();
    assert!((3..8).contains(&shown), "shown {shown} times in two hours");
    let suspicion = &stage.rehearsal.ledger().watchlist().suspicions()[0];
    let seen = stage.rehearsal.ledger().watchlist().sightings(&suspicion.id, Timestamp(0)).len() as u64;
    assert!(seen * 2 < stage.matched("revert-acl"), "{seen} of {}", stage.matched("revert-acl"));
}

/// A rule that is changed gets its tripwires made anew with the next look, and one that is mended loses them.
#[test]
fn rules_that_change_get_theirs_made_anew() {
    let mut stage = Stage::of(REVERTER, "", &[STANDING]);
    stage.run(6);
    assert!(patterns(&stage)[0].contains("PutBucketAcl"), "{:?}", patterns(&stage));
    let change = |stage: &mut Stage, pattern: &str| {
        let rule = stage.rehearsal.twin().world().described("default", "revert-acl").cloned().unwrap();
        let rule = Rule { trigger: Trigger::from_api(Some(pattern), None), ..rule };
        stage.rehearsal.twin().world().make(&rule, "arn:aws:iam::111122223333:user/platform");
        stage.rehearsal.hand(r#"{"loopguard":"scan"}"#);
    };
    change(
        &mut stage,
        r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"],"requestParameters":{"bucketName":["media"]}}}"#,
    );
    stage.run(6);
    assert_eq!(patterns(&stage).len(), 1);
    assert!(patterns(&stage)[0].contains("media"), "{:?}", patterns(&stage));
    change(&mut stage, r#"{"source":["aws.s3"],"detail":{"eventName":["DeleteBucket"]}}"#);
    // The ledger forgets what it was told of a rule after days; the look at all rules finds it mended.
    stage.run(6 * 60);
    assert_eq!((stage.tripwires(), standing(&stage).len()), (0, 0));
}

/// Where the owner wants none to stand any more, all are gone within a minute, whichever else is said.
#[test]
fn switched_off_they_are_gone_within_a_minute() {
    for said in ["on-suspicion", "off"] {
        let mut stage = Stage::of(REVERTER, "", &[STANDING]);
        stage.run(6);
        assert_eq!(stage.tripwires(), 1);
        stage.rehearsal.deploy(settled(&[("LOOPGUARD_TRIPWIRES", said)]));
        stage.run(1);
        assert_eq!((stage.tripwires(), standing(&stage).len()), (0, 0), "{said}");
    }
}

/// In mode `enforce` only loops stand that could be stopped; in the others nothing hangs on the scope.
#[test]
fn what_cannot_be_stopped_has_none_standing() {
    let stands = |settings: &[(&str, &str)]| {
        let mut stage = Stage::of(REVERTER, "", &[&[STANDING], settings].concat());
        stage.run(6);
        stage.tripwires()
    };
    assert_eq!(stands(&[("LOOPGUARD_SCOPE", "rule:other")]), 0);
    assert_eq!(stands(&[("LOOPGUARD_SCOPE", "rule:revert-acl")]), 1);
    assert_eq!(stands(&[("LOOPGUARD_SCOPE", "tag:team=media")]), 0, "tags are read");
    assert_eq!(stands(&[("LOOPGUARD_SCOPE", "rule:other"), ("LOOPGUARD_MODE", "alert")]), 1);
    assert_eq!(stands(&[("LOOPGUARD_MAX_TRIPWIRES", "0")]), 0);
}

/// One that is refused is told, and the loop is suspected by its rate as without.
#[test]
fn one_that_is_refused_is_told() {
    let mut stage = Stage::of(REVERTER, "", &[STANDING]);
    stage.rehearsal.refuse(&["put_tripwire"]);
    stage.run(6);
    assert_eq!(stage.kinds(), [NoticeKind::Blind]);
    let told = stage.notices()[0].text();
    assert!(
        told.contains("was to stand could not be made") && told.contains("next look at all rules"),
        "{told}"
    );
    assert!(standing(&stage).is_empty());
    stage.rehearsal.refuse(&[]);
    stage.run(6 * 60);
    assert_eq!((stage.tripwires(), standing(&stage).len()), (1, 1));
}

/// One that cannot deliver is told with the next look at all rules.
#[test]
fn one_that_cannot_deliver_is_told() {
    let mut stage = Stage::of(REVERTER, CHAIN, &[STANDING, ("LOOPGUARD_THRESHOLD", "100000")]);
    stage.run(3);
    stage.rehearsal.twin().world().set_refusing(QUEUE, true);
    stage.run(6 * 60);
    assert_eq!(stage.kinds(), [NoticeKind::Blind], "{:?}", stage.kinds());
    assert!(stage.notices()[0].text().contains("could not deliver"), "{}", stage.notices()[0].text());
}

/// A rate that is unusual is suspected with the hops watched already, so that what was caught before counts.
#[test]
fn what_was_caught_before_a_suspicion_counts() {
    let mut stage = Stage::of(REVERTER, CHAIN, &[STANDING, ("LOOPGUARD_THRESHOLD", "10")]);
    stage.run(6);
    let watched = |stage: &Stage| {
        let all = stage.rehearsal.ledger().watchlist().suspicions();
        let looked_for = all.iter().filter(|one| one.shown.is_none());
        looked_for.flat_map(|one| &one.hops).all(|hop| matches!(hop.by, Watcher::Tripwire { .. }))
    };
    for _ in 0..20 {
        stage.run(1);
        let before = stage.disabled().is_empty();
        assert!(!before || watched(&stage), "no minute without a tripwire");
    }
    assert_eq!(stage.disabled().len(), 1);
}
