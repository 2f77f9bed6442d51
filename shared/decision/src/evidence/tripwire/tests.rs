use super::{MOST_CHARS, NoTripwire, Sample, TRIPWIRE_PREFIX, TripwireGround, tripwires};
use crate::evidence::fixtures::{PATTERN, ROLE, SESSION, caller, loop_of, own, record};
use loopguard_analysis::Finding;
use loopguard_model::{Inventory, Origin, RuleState, Workload};
use loopguard_pattern::{Term, matches, parse};

fn refused((finding, inventory): &(Finding, Inventory), sample: Sample) -> NoTripwire {
    tripwires(finding, TripwireGround { inventory, whole: true, sample }).remove(0).unwrap_err()
}

#[test]
fn catches_the_next_rules_events_of_the_previous_target() {
    let two = [("a", r#"{"source":["aws.iam"]}"#), ("b", PATTERN)];
    let (finding, inventory) = loop_of(&two);
    let built =
        tripwires(&finding, TripwireGround { inventory: &inventory, whole: true, sample: Sample::all() });
    let first = built[0].as_ref().unwrap();
    assert_eq!(
        &*first.text,
        format!(
            r#"{{"detail":{{"eventName":["PutBucketAcl"],"userIdentity":{{"arn":["{SESSION}"]}}}},"source":["aws.s3"]}}"#
        )
    );
    assert_eq!(first.hop.to_string(), "default/a -t-> default/b");
    assert!(first.name.starts_with(TRIPWIRE_PREFIX) && first.name.len() <= 64);
    assert_ne!(first.name, built[1].as_ref().unwrap().name);
    let pattern = parse(&first.text).unwrap();
    assert!(matches(&pattern, &record("1", true, "x", "9")).unwrap());
    assert!(!matches(&pattern, &record("1", false, "x", "9")).unwrap(), "somebody else's call");
}

#[test]
fn reads_what_the_next_rule_reads() {
    let (finding, mut inventory) = loop_of(&[("a", PATTERN)]);
    for (state, wanted) in [
        (RuleState::EnabledWithAllManagementEvents, RuleState::EnabledWithAllManagementEvents),
        (RuleState::Unknown, RuleState::Enabled),
    ] {
        inventory.rules[0].state = state;
        let ground = TripwireGround { inventory: &inventory, whole: true, sample: Sample::all() };
        assert_eq!(tripwires(&finding, ground)[0].as_ref().unwrap().state, wanted);
    }
}

#[test]
fn a_sample_is_a_part_of_the_pattern_and_not_of_the_name() {
    let (all, some) = (own(Sample::all()), own(Sample::for_rate(10_000)));
    assert_eq!(all.name, some.name);
    assert!(some.text.contains(r#""id":[{"prefix":"00"}]"#), "{}", some.text);
    for (rate, factor) in [(0, 1), (50, 1), (51, 16), (800, 16), (10_000, 256), (u64::MAX, 65_536)] {
        assert_eq!(Sample::for_rate(rate).factor(), factor, "{rate}");
    }
    let asks = loop_of(&[("a", r#"{"id":["7"],"source":["aws.s3"]}"#)]);
    assert_eq!(refused(&asks, Sample::for_rate(10_000)), NoTripwire::AsksForId);
}

/// At 10,000 events a second a tripwire catches fewer than fifty, so that what it costs is bounded.
#[test]
fn under_load_a_bounded_number_is_caught() {
    let caught = |rate: u64| rate / Sample::for_rate(rate).factor();
    assert!((1..=100_000).step_by(7).all(|rate| caught(rate) <= 50));
    assert_eq!(caught(10_000), 39);
}

fn ground(inventory: &Inventory, whole: bool) -> TripwireGround<'_> {
    TripwireGround { inventory, whole, sample: Sample::all() }
}

#[test]
fn a_role_without_a_session_counts_only_where_it_is_ones_own() {
    let (mut finding, mut inventory) = loop_of(&[("a", PATTERN)]);
    finding.hops[0].caller = Some(caller(None));
    let built = tripwires(&finding, ground(&inventory, true)).remove(0).unwrap();
    assert!(built.text.contains(r#""sessionIssuer":{"arn":["arn:aws:iam::111122223333:role/fix-role"]}"#));
    let partly = tripwires(&finding, ground(&inventory, false)).remove(0).unwrap_err();
    assert_eq!(partly, NoTripwire::PerhapsSharedRole { role: ROLE.into() });
    for name in ["one", "two"] {
        let origin = Origin::Api { operation: "lambda:GetFunction".into(), at: "".into() };
        let mut workload =
            Workload::new("AWS::Lambda::Function", Term::literal(name), Term::literal(name), origin);
        workload.role = Some(Term::literal(ROLE));
        inventory.workloads.push(workload);
    }
    let shared = tripwires(&finding, ground(&inventory, true)).remove(0).unwrap_err();
    assert_eq!(shared, NoTripwire::SharedRole { role: ROLE.into(), users: 2 });
}

#[test]
fn every_refusal_has_its_reason() {
    let of = |pattern| refused(&loop_of(&[("a", pattern)]), Sample::all());
    let out = r#"{"source":["aws.s3"],"detail":{"userIdentity":{"arn":[{"anything-but":{"prefix":"arn:aws:sts::111122223333:assumed-role/fix-role/"}}]}}}"#;
    assert_eq!(of(out), NoTripwire::LeavesOut { caller: SESSION.into() });
    let long = format!(r#"{{"source":["aws.s3"],"detail":{{"x":["{}"]}}}}"#, "x".repeat(2_000));
    assert!(matches!(of(&long), NoTripwire::TooLong { chars } if chars > MOST_CHARS));
    assert_eq!(of("{"), NoTripwire::Unread { rule: "a".into() });
    let never = of(r#"{"source":["aws.s3"],"detail":{"userIdentity":["x"]}}"#);
    assert!(matches!(never, NoTripwire::NotShown { .. }), "a value above the caller: {never}");

    let mut native = loop_of(&[("a", PATTERN)]);
    native.0.hops[0].caller = None;
    assert_eq!(refused(&native, Sample::all()), NoTripwire::UnknownCaller);
    native.0.hops[0].emits.event_name = None;
    assert_eq!(refused(&native, Sample::all()).to_string(), "events of `aws.s3` carry no caller");

    let mut elsewhere = loop_of(&[("a", PATTERN)]);
    elsewhere.1.rules[0].scope.region = Term::literal("eu-north-1");
    assert_eq!(refused(&elsewhere, Sample::all()), NoTripwire::Elsewhere { rule: "a".into() });
    elsewhere.1.rules.clear();
    assert_eq!(refused(&elsewhere, Sample::all()), NoTripwire::Unread { rule: "a".into() });
}

#[test]
fn choices_stand_once() {
    let choices = r#"{"source":["aws.s3"],"$or":[{"detail":{"eventName":["PutBucketAcl"]}},{"detail":{"eventSource":["s3.amazonaws.com"]}}]}"#;
    let (finding, inventory) = loop_of(&[("a", choices)]);
    let ground = TripwireGround { inventory: &inventory, whole: true, sample: Sample::all() };
    let text = tripwires(&finding, ground).remove(0).unwrap().text;
    assert_eq!((text.matches(SESSION).count(), text.matches("aws.s3").count()), (1, 1), "{text}");
}

/// What stands all the time catches less than what looks for a while, and a sample is known again by what it stands for.
#[test]
fn what_stands_catches_little() {
    for (per_minute, factor) in [(0, 1), (2, 1), (3, 16), (32, 16), (33, 256), (512, 256), (u64::MAX, 65_536)]
    {
        let sample = Sample::standing(per_minute);
        assert_eq!(sample.factor(), factor, "{per_minute}");
        assert_eq!(Sample::of_factor(factor), sample);
    }
    assert_eq!(Sample::of_factor(7), Sample::all());
}
