//! Loops of calls for tests of evidence.

use super::{Sample, Tripwire, TripwireGround, tripwires};
use crate::fixtures::{inventory, looping, place, rule};
use loopguard_analysis::{Caller, Emits, Finding};
use loopguard_model::{Inventory, Rule, Trigger};
use loopguard_pattern::Term;

pub(super) const ROLE: &str = "arn:aws:iam::111122223333:role/fix-role";
pub(super) const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/fix-role/fix";
pub(super) const PATTERN: &str = r#"{"source":["aws.s3"],"detail":{"eventName":["PutBucketAcl"]}}"#;

pub(super) fn hearing(name: &str, pattern: &str) -> Rule {
    Rule { trigger: Trigger::from_api(Some(pattern), None), ..rule(name) }
}

pub(super) fn caller(session: Option<&str>) -> Caller {
    Caller { role: Term::literal(ROLE), session: session.map(Term::literal) }
}

/// A loop through these rules; each hop's target calls as the session of `fix`.
pub(super) fn loop_of(rules: &[(&str, &str)]) -> (Finding, Inventory) {
    let names: Vec<&str> = rules.iter().map(|(name, _)| *name).collect();
    let mut finding = looping(&names);
    for hop in &mut finding.hops {
        hop.caller = Some(caller(Some(SESSION)));
        hop.emits = Emits {
            source: "aws.s3".into(),
            detail_type: "AWS API Call via CloudTrail".into(),
            event_name: Some("PutBucketAcl".into()),
        };
    }
    let inventory = inventory(rules.iter().map(|(name, pattern)| hearing(name, pattern)));
    assert_eq!(inventory.scope, place());
    (finding, inventory)
}

/// The tripwire of a rule that hears itself.
pub(super) fn own(sample: Sample) -> Tripwire {
    let (finding, inventory) = loop_of(&[("a", PATTERN)]);
    let ground = TripwireGround { inventory: &inventory, whole: true, sample };
    tripwires(&finding, ground).remove(0).unwrap()
}

/// The record of a call, by the target or by anybody.
pub(super) fn record(id: &str, is_own: bool, bucket: &str, event_id: &str) -> String {
    let caller = if is_own { SESSION } else { "arn:aws:iam::111122223333:user/alice" };
    format!(
        r#"{{"id":"{event_id}","source":"aws.s3","detail-type":"AWS API Call via CloudTrail","detail":{{"eventID":"{id}","eventName":"PutBucketAcl","userIdentity":{{"arn":"{caller}"}},"requestParameters":{{"bucketName":"{bucket}"}}}}}}"#
    )
}
