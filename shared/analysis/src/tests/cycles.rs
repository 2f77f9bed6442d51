//! Cycles of several rules.

use super::build::{Build, account, function_arn};
use crate::{Certainty, Code, Verdict};

/// `steps` rules, each of which puts the event of the next; the last closes the ring if `closed`.
fn ring(steps: usize, closed: bool) -> Build {
    let mut built = account();
    for step in 0..steps {
        let next =
            if step + 1 == steps && !closed { "end".to_owned() } else { format!("s{}", (step + 1) % steps) };
        let statement = format!(
            r#"{{"Effect":"Allow","Action":"events:PutEvents","Resource":"arn:aws:events:eu-west-1:111122223333:event-bus/default","Condition":{{"StringEquals":{{"events:source":"{next}"}}}}}}"#
        );
        let name = format!("f{step}");
        built = built
            .rule(
                &format!("R{step}"),
                &format!(r#"{{"source":["s{step}"]}}"#),
                &function_arn("eu-west-1", &name),
            )
            .function(&name, &statement);
    }
    built
}

#[test]
fn rings_of_every_length_are_found_once() {
    for steps in 1..=4 {
        let done = ring(steps, true).close();
        for step in 0..steps {
            assert_eq!(done.verdict(&format!("R{step}")), Verdict::Loop, "{steps}: {}", done.reasons("R0"));
            assert_eq!(done.certainty(&format!("R{step}")), Some(Certainty::Permitted));
        }
        assert_eq!(done.analysis.findings.len(), 1);
        let finding = done.finding("R0");
        assert_eq!(finding.hops.len(), steps);
        assert_eq!(finding.rules.len(), steps);
        let code = if steps == 1 { Code::SelfTrigger } else { Code::MultiRuleLoop };
        assert_eq!(finding.code, code);
    }
}

#[test]
fn a_ring_has_one_name_whatever_the_order_of_its_rules() {
    let named = |turn: usize| {
        let mut built = ring(3, true);
        built.inventory.rules.rotate_left(turn);
        built.close().finding("R0").id.clone()
    };
    let id = named(0);
    assert_eq!(&*id, "multi-rule-loop:R0+R1+R2");
    for turn in 1..3 {
        assert_eq!(named(turn), id);
    }
}

#[test]
fn open_chains_are_none() {
    for steps in 1..=4 {
        let done = ring(steps, false).close();
        for step in 0..steps {
            assert_eq!(
                done.verdict(&format!("R{step}")),
                Verdict::None,
                "{}",
                done.reasons(&format!("R{step}"))
            );
        }
        assert!(done.analysis.findings.is_empty());
    }
}

#[test]
fn a_rule_that_only_leads_into_a_ring_is_none() {
    let statement = r#"{"Effect":"Allow","Action":"events:PutEvents","Resource":"*","Condition":{"StringEquals":{"events:source":"s0"}}}"#;
    let done = ring(2, true)
        .rule("Entry", r#"{"source":["elsewhere"]}"#, &function_arn("eu-west-1", "entry"))
        .function("entry", statement)
        .close();
    assert_eq!(done.verdict("Entry"), Verdict::None);
    assert_eq!(done.verdict("R0"), Verdict::Loop);
    assert!(done.reasons("Entry").contains("leads to rule `R0`"));
}

#[test]
fn one_disabled_rule_makes_the_ring_latent() {
    let mut built = ring(3, true);
    built.inventory.rules[1].state = loopguard_model::RuleState::Disabled;
    let done = built.close();
    for step in 0..3 {
        assert_eq!(done.verdict(&format!("R{step}")), Verdict::Latent);
    }
}

#[test]
fn a_chain_of_thousands_does_not_overflow() {
    let done = ring(2_000, true).close();
    assert_eq!(done.verdict("R0"), Verdict::Loop);
    assert_eq!(done.verdict("R1999"), Verdict::Loop);
    assert_eq!(done.analysis.findings.len(), 1);
}

#[test]
fn other_buses_are_other_rules() {
    let statement = |bus: &str| {
        format!(
            r#"{{"Effect":"Allow","Action":"events:PutEvents","Resource":"arn:aws:events:eu-west-1:111122223333:event-bus/{bus}"}}"#
        )
    };
    let on = |bus: &str| {
        account()
            .rule_on("orders", "R", r#"{"source":["orders"]}"#, &[&function_arn("eu-west-1", "f")])
            .function("f", &statement(bus))
            .close()
    };
    assert_eq!(on("orders").verdict("R"), Verdict::Loop);
    assert_eq!(on("*").verdict("R"), Verdict::Loop);
    assert_eq!(on("default").verdict("R"), Verdict::None);
    assert!(on("default").reasons("R").starts_with("bus:"), "{}", on("default").reasons("R"));
}
