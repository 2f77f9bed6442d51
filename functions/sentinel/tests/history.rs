//! Where tripwires cannot be made: the cause by CloudTrail's event history, on the twin, in virtual time.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests fail loudly"
)]

mod stage;

use loopguard_decision::NoticeKind;
use loopguard_world::Settings;
use stage::{CHAIN, REVERTER, SLOW, Stage, burst};
use std::fmt::Write;

const MINUTE: u64 = 60_000;

/// Records come on the bus and into the history after five to fifteen minutes.
fn slow(seed: u64) -> Settings {
    let late = (5 * MINUTE, 15 * MINUTE);
    Settings { cloudtrail_latency: late, history_latency: late, ..Settings::with_seed(seed) }
}

fn concluded(stage: &Stage) -> String {
    let suspicions = stage.rehearsal.ledger().watchlist().suspicions();
    suspicions.iter().filter_map(|one| one.concluded.as_deref()).collect()
}

/// No tripwire can be made, and the loop is stopped all the same, on what the history shows.
#[test]
fn a_chain_is_shown_by_the_history_where_its_tripwire_is_refused() {
    let mut stage = Stage::of(REVERTER, CHAIN, &[SLOW]);
    stage.rehearsal.refuse(&["put_tripwire"]);
    stage.run(60);
    let disabled = stage.disabled();
    assert_eq!(disabled.len(), 1, "{:?} {}", stage.kinds(), concluded(&stage));
    let text = disabled[0].text();
    let why = "Why now: in CloudTrail's event history, hop default/revert-acl -fix-> default/revert-acl";
    assert!(text.contains(why), "{text}");
    assert_eq!(stage.kinds(), [NoticeKind::Suspected, NoticeKind::Blind, NoticeKind::Calm]);
    let blind = stage.notices()[1].text();
    assert!(blind.contains("is looked for in CloudTrail's event history"), "{blind}");
    assert_eq!(stage.most_tripwires, 0);
    assert!(stage.rehearsal.ledger().watchlist().suspicions().is_empty());
}

/// As many tripwires as are allowed stand, or the pattern has no room for the caller: it is the same.
#[test]
fn the_history_stands_in_for_every_tripwire_that_cannot_be_made() {
    let mut stage = Stage::of(REVERTER, CHAIN, &[SLOW, ("LOOPGUARD_MAX_TRIPWIRES", "0")]);
    stage.run(60);
    assert_eq!(stage.disabled().len(), 1, "{:?} {}", stage.kinds(), concluded(&stage));
    assert_eq!(stage.most_tripwires, 0);
    // 2,000 characters of buckets, of which one is the chain's.
    let buckets: Vec<String> =
        (0..150).map(|nth| format!("bucket-{nth:04}")).chain(["media".to_owned()]).collect();
    let long = REVERTER.replace(
        "eventName: [PutBucketAcl]}",
        &format!("eventName: [PutBucketAcl], requestParameters: {{bucketName: [{}]}}}}", buckets.join(", ")),
    );
    let mut stage = Stage::of(&long, CHAIN, &[SLOW]);
    stage.run(60);
    assert_eq!(stage.disabled().len(), 1, "{:?} {}", stage.kinds(), concluded(&stage));
    assert_eq!(stage.most_tripwires, 0);
}

/// Two rules that set each other off: each hop is found in the history.
#[test]
fn a_loop_of_two_rules_is_shown_by_the_history() {
    let second = REVERTER
        .split_once("Resources:\n")
        .unwrap()
        .1
        .replace("  Rule:", "  Rule2:")
        .replace("  Fix:", "  Fix2:")
        .replace("\n  Role:", "\n  Role2:")
        .replace("revert-acl", "set-policy")
        .replace("!GetAtt Fix.Arn", "!GetAtt Fix2.Arn")
        .replace("!GetAtt Role.Arn", "!GetAtt Role2.Arn")
        .replace("FunctionName: fix", "FunctionName: set")
        .replace("RoleName: fix", "RoleName: set")
        .replace("PutBucketAcl", "PutBucketPolicy");
    let both = format!("{REVERTER}{second}")
        .replace("Action: s3:PutBucketAcl", "Action: s3:ACL")
        .replace("Action: s3:PutBucketPolicy", "Action: s3:PutBucketAcl")
        .replace("Action: s3:ACL", "Action: s3:PutBucketPolicy");
    let run = |of: &str, api: &str| {
        format!(
            "[[run]]\nof = \"{of}\"\n[[run.call]]\napi = \"s3:{api}\"\nafter_ms = 400\n\
             parameters = {{ bucketName = \"$.detail.requestParameters.bucketName\" }}\n"
        )
    };
    let spark = CHAIN.split_once("[[run]]").unwrap().0;
    let script = format!("{spark}{}{}", run("fix", "PutBucketPolicy"), run("set", "PutBucketAcl"));
    let mut stage = Stage::of(&both, &script, &[SLOW]);
    stage.rehearsal.refuse(&["put_tripwire"]);
    stage.run(70);
    assert!(!stage.disabled().is_empty(), "{:?} {}", stage.kinds(), concluded(&stage));
    let text = stage.disabled()[0].text();
    for hop in
        ["default/revert-acl -fix-> default/set-policy", "default/set-policy -fix-> default/revert-acl"]
    {
        assert!(text.contains(hop), "{hop}: {text}");
    }
}

/// 500 buckets are opened within five minutes, and each is closed once more; records come after five to fifteen minutes, so that
/// what is called and what arrives are told apart by nothing but the history.
#[test]
fn a_remediator_that_converges_is_not_stopped_by_the_history() {
    for seed in 0..3 {
        let mut stage = Stage::in_world(slow(seed), REVERTER, &burst(), &[SLOW]);
        stage.rehearsal.refuse(&["put_tripwire"]);
        stage.run(150);
        assert!(stage.disabled().is_empty(), "{seed}: {:?}", stage.kinds());
        assert!(stage.kinds().contains(&NoticeKind::Suspected), "there was something to look into");
        assert!(stage.lookups() > 10, "and it was");
        assert!(stage.rehearsal.rounds().all(|(_, round)| round.shown.is_empty()));
    }
}

/// So many chains that a loop at the pace of records that come late matters.
#[test]
fn chains_whose_records_are_late_are_shown_by_the_history() {
    let mut script = format!("[[run]]{}", CHAIN.split_once("[[run]]").unwrap().1);
    for chain in 0..250 {
        // Writing to a string does not fail.
        let _ = write!(
            script,
            "[[call]]\nat_ms = {}\nby = \"arn:aws:iam::111122223333:user/platform\"\napi = \"s3:PutBucketAcl\"\n\
             parameters = {{ bucketName = \"media\" }}\n",
            300_000 + chain * 100
        );
    }
    let mut stage = Stage::in_world(slow(1), REVERTER, &script, &[]);
    stage.rehearsal.refuse(&["put_tripwire"]);
    stage.run(240);
    assert_eq!(stage.disabled().len(), 1, "{:?} {}", stage.kinds(), concluded(&stage));
}

/// A history that cannot be read shows nothing, and that is said; the next round reads on.
#[test]
fn a_history_that_cannot_be_read_is_said_to_be() {
    let mut stage = Stage::of(REVERTER, CHAIN, &[SLOW]);
    stage.rehearsal.refuse(&["put_tripwire", "look_up"]);
    stage.run(50);
    assert!(stage.disabled().is_empty());
    assert!(concluded(&stage).contains("event history could not be read: "), "{}", concluded(&stage));
    stage.rehearsal.refuse(&["put_tripwire"]);
    stage.run(10);
    assert_eq!(stage.disabled().len(), 1, "{:?} {}", stage.kinds(), concluded(&stage));
    let most = stage.rehearsal.rounds().map(|(_, round)| round.pages).max();
    assert!(most.is_some_and(|most| most <= 20), "{most:?}");
}

/// Nothing is looked up while tripwires stand, nor where the owner wants none.
#[test]
fn the_history_is_read_only_in_the_place_of_tripwires() {
    let mut stage = Stage::of(REVERTER, CHAIN, &[SLOW]);
    stage.run(50);
    assert_eq!((stage.lookups(), stage.disabled().len()), (0, 1));
    let mut stage = Stage::of(REVERTER, CHAIN, &[SLOW, ("LOOPGUARD_TRIPWIRES", "off")]);
    stage.run(50);
    assert_eq!((stage.lookups(), stage.disabled().len()), (0, 0));
    // Once the tripwire can be made, it is what counts.
    let mut stage = Stage::of(REVERTER, CHAIN, &[SLOW]);
    stage.rehearsal.refuse(&["put_tripwire"]);
    while stage.lookups() == 0 {
        stage.run(1);
    }
    stage.rehearsal.refuse(&[]);
    stage.run(2);
    let (before, suspicions) = (stage.lookups(), stage.rehearsal.ledger().watchlist().suspicions());
    assert!(suspicions[0].history.is_none() && stage.tripwires() == 1, "{suspicions:?}");
    stage.run(5);
    assert_eq!(stage.lookups(), before);
}
