//! Work that a target's role gets done under other roles.

use super::build::{Build, account, function_arn, origin, role_arn};
use crate::definition::Definitions;
use crate::graph::{Graph, Ground};
use crate::listener::Listeners;
use crate::{Catalogue, Certainty, Verdict};
use loopguard_model::{Need, Policy};
use loopguard_pattern::Term;

/// A rule that hears calls of the role `s` alone; its target's role is `f`.
fn heard_from(role: &str) -> String {
    format!(
        r#"{{"source":["aws.s3"],"detail":{{"eventName":["PutBucketAcl"],"userIdentity":{{"sessionContext":{{"sessionIssuer":{{"arn":["{}"]}}}}}}}}}}"#,
        role_arn(role)
    )
}

fn trust(principal: &str, condition: &str) -> Policy {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"{condition}}}}}"#
    );
    Policy::from_text("trust policy", &text, origin())
}

impl Build {
    /// Who may take the role on that was added last.
    fn trusting(mut self, principal: &str) -> Self {
        self.inventory.roles.last_mut().unwrap().trust = Some(trust(principal, ""));
        self
    }
}

const LAMBDA: &str = r#"{"Service":"lambda.amazonaws.com"}"#;
const ROOT: &str = r#"{"AWS":"arn:aws:iam::111122223333:root"}"#;
const ACL: &str = r#"{"Effect":"Allow","Action":"s3:PutBucketAcl","Resource":"*"}"#;

/// A rule that hears what `s` does; its target runs as `f` with these statements, and `s` trusts `principal`.
fn two_roles(statements: &str, principal: &str) -> Build {
    account()
        .rule("R", &heard_from("s"), &function_arn("eu-west-1", "f"))
        .function("f", statements)
        .trusting(LAMBDA)
        .role("s", ACL)
        .trusting(principal)
}

fn assume(resource: &str) -> String {
    format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"{resource}"}}"#)
}

#[test]
fn a_role_is_taken_on_where_both_sides_allow_it() {
    let f = format!(r#"{{"AWS":"{}"}}"#, role_arn("f"));
    let other = format!(r#"{{"AWS":"{}"}}"#, role_arn("g"));
    let session = r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/f/f"}"#;
    let s = role_arn("s");
    let none = r#"{"Effect":"Allow","Action":"logs:*","Resource":"*"}"#;
    for (own, principal, verdict) in [
        (assume("*"), ROOT, Verdict::Loop),
        (assume(&s), ROOT, Verdict::Loop),
        (assume("arn:aws:iam::*:role/*"), ROOT, Verdict::Loop),
        (assume("arn:aws:iam::111122223333:role/s*"), ROOT, Verdict::Loop),
        (assume(&s), r#"{"AWS":"111122223333"}"#, Verdict::Loop),
        (assume(&s), r#""*""#, Verdict::Loop),
        (assume(&s), &f, Verdict::Loop),
        (r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#.to_owned(), ROOT, Verdict::Loop),
        // The trust policy that names the role is enough.
        (none.to_owned(), &f, Verdict::Loop),
        (none.to_owned(), session, Verdict::Loop),
        (none.to_owned(), r#""*""#, Verdict::Loop),
        // One side does not allow it.
        (none.to_owned(), ROOT, Verdict::None),
        (assume(&s), LAMBDA, Verdict::None),
        (assume(&s), &other, Verdict::None),
        (assume(&s), r#"{"AWS":"arn:aws:iam::999999999999:root"}"#, Verdict::None),
        (assume(&s), r#"{"AWS":"arn:aws:iam::111122223333:user/u"}"#, Verdict::None),
        (assume(&s), r#"{"Federated":"accounts.google.com"}"#, Verdict::None),
        (assume("arn:aws:iam::111122223333:role/t*"), ROOT, Verdict::None),
        (assume("arn:aws:iam::999999999999:role/s"), ROOT, Verdict::None),
        (format!("[{},{}]", assume("*"), assume(&s).replace("Allow", "Deny")), ROOT, Verdict::None),
        (assume(&s).replace("Allow", "Deny"), &f, Verdict::None),
    ] {
        let done = two_roles(&own, principal).close();
        assert_eq!(done.verdict("R"), verdict, "{own} {principal}: {}", done.reasons("R"));
        let broad = (verdict == Verdict::Loop).then_some(Certainty::Broad);
        assert_eq!(done.certainty("R"), broad, "{own} {principal}");
    }
}

#[test]
fn the_way_and_the_caller_are_those_of_the_role_taken_on() {
    let done = two_roles(&assume("*"), ROOT).close();
    let hop = &done.finding("R").hops[0];
    let via = hop.via.join(", ");
    assert!(via.contains("role `arn:aws:iam::111122223333:role/f`, `sts:AssumeRole`, role"), "{via}");
    assert!(hop.witness.as_ref().unwrap().event.contains(&role_arn("s")));
    assert!(hop.origins.because.as_ref().unwrap().contains("policy `inline`, statement `#1`"));
}

#[test]
fn conditions_of_a_trust_policy_count() {
    for (condition, verdict) in [
        (r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/f"}}"#, Verdict::Loop),
        (r#"{"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111122223333:role/g"}}"#, Verdict::None),
        (r#"{"StringEquals":{"sts:ExternalId":"x"}}"#, Verdict::Loop),
        (r#"{"StringEquals":{"aws:PrincipalAccount":"999999999999"}}"#, Verdict::None),
    ] {
        for own in [assume("*"), assume(&role_arn("s"))] {
            let mut build = two_roles(&own, ROOT);
            build.inventory.roles[1].trust = Some(trust(ROOT, &format!(r#","Condition":{condition}"#)));
            assert_eq!(build.close().verdict("R"), verdict, "{condition} {own}");
        }
    }
}

#[test]
fn a_service_linked_role_is_not_taken_on() {
    let mut build = two_roles(&assume("*"), ROOT);
    build.inventory.roles[1].name = Term::literal("AWSServiceRoleForSupport");
    assert_eq!(build.close().verdict("R"), Verdict::None);
}

#[test]
fn a_trust_policy_that_was_not_read_leaves_it_open() {
    for own in [assume("*"), assume(&role_arn("s"))] {
        let mut build = two_roles(&own, ROOT);
        build.inventory.roles[1].trust = None;
        let done = build.close();
        assert_eq!(done.verdict("R"), Verdict::Unknown);
        assert!(done.reasons("R").contains("may be taken on"), "{}", done.reasons("R"));
    }
}

#[test]
fn a_role_that_was_not_read_is_asked_for() {
    let mut build = two_roles(&assume(&role_arn("s")), ROOT);
    build.inventory.roles.truncate(1);
    let analysis = crate::analyse(&build.inventory, &Catalogue::embedded());
    let need = Need::Role { arn: Term::literal(&role_arn("s")) };
    assert!(analysis.needs.contains(&need), "{:?}", analysis.needs);
    assert_eq!(build.close().verdict("R"), Verdict::Unknown);
}

#[test]
fn a_role_that_is_passed_acts_where_a_service_runs_it() {
    let pass = |more: &str, condition: &str| {
        format!(
            r#"[{{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"{condition}}},{{"Effect":"Allow","Action":"{more}","Resource":"*"}}]"#
        )
    };
    let only =
        |service: &str| format!(r#","Condition":{{"StringEquals":{{"iam:PassedToService":"{service}"}}}}"#);
    let states = r#"{"Service":["states.amazonaws.com","x.amazonaws.com"]}"#;
    for (own, principal, verdict) in [
        (pass("lambda:CreateFunction", ""), LAMBDA, Verdict::Loop),
        (pass("lambda:Create*", &only("lambda.amazonaws.com")), LAMBDA, Verdict::Loop),
        (pass("states:CreateStateMachine", ""), states, Verdict::Loop),
        (pass("*", ""), LAMBDA, Verdict::Loop),
        (pass("lambda:CreateFunction", &only("ecs-tasks.amazonaws.com")), LAMBDA, Verdict::None),
        (pass("lambda:CreateFunction", ""), states, Verdict::None),
        (pass("lambda:InvokeFunction", ""), LAMBDA, Verdict::None),
        (
            r#"{"Effect":"Allow","Action":"lambda:CreateFunction","Resource":"*"}"#.to_owned(),
            LAMBDA,
            Verdict::None,
        ),
    ] {
        let done = two_roles(&own, principal).close();
        assert_eq!(done.verdict("R"), verdict, "{own} {principal}: {}", done.reasons("R"));
    }
}

#[test]
fn code_that_is_changed_runs_under_the_role_that_the_function_has() {
    let change =
        |on: &str| format!(r#"{{"Effect":"Allow","Action":"lambda:UpdateFunctionCode","Resource":"{on}"}}"#);
    let with = |own: &str| {
        two_roles(own, LAMBDA)
            .workload("AWS::Lambda::Function", &function_arn("eu-west-1", "g"), "g", Some("s"))
            .close()
            .verdict("R")
    };
    assert_eq!(with(&change("*")), Verdict::Loop);
    assert_eq!(with(&change(&function_arn("eu-west-1", "g"))), Verdict::Loop);
    assert_eq!(with(&change(&function_arn("eu-west-1", "h"))), Verdict::None);
}

/// `f` takes `b` on, `b` takes `c` on, and so forth to `s`.
fn chain(between: &[&str]) -> Verdict {
    let mut build = account().rule("R", &heard_from("s"), &function_arn("eu-west-1", "f"));
    let names: Vec<&str> = [&["f"], between, &["s"]].concat();
    for pair in names.windows(2) {
        let statement = assume(&role_arn(pair[1]));
        build =
            if pair[0] == "f" { build.function("f", &statement) } else { build.role(pair[0], &statement) };
        build = build.trusting(ROOT);
    }
    build.role("s", ACL).trusting(ROOT).close().verdict("R")
}

#[test]
fn two_roles_in_a_row_are_followed_and_no_more() {
    assert_eq!(chain(&[]), Verdict::Loop);
    assert_eq!(chain(&["b"]), Verdict::Loop);
    assert_eq!(chain(&["b", "c"]), Verdict::None);
}

#[test]
fn roles_of_one_template_are_told_apart() {
    let on = |named: &str, trusted: &str| {
        let own = format!(
            r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"arn:aws:iam::111122223333:role/<AWS::IAM::Role.name:{named}>"}}"#
        );
        let pattern = heard_from("<AWS::IAM::Role.name:S>");
        let principal =
            format!(r#"{{"AWS":"arn:aws:iam::111122223333:role/<AWS::IAM::Role.name:{trusted}>"}}"#);
        let mut build = account()
            .rule("R", &pattern, &function_arn("eu-west-1", "f"))
            .workload(
                "AWS::Lambda::Function",
                &function_arn("eu-west-1", "f"),
                "f",
                Some("<AWS::IAM::Role.name:F>"),
            )
            .role("<AWS::IAM::Role.name:F>", &own)
            .trusting(LAMBDA)
            .role("<AWS::IAM::Role.name:S>", ACL);
        build.inventory.roles[1].trust = Some(super::build::symbolic_policy(&principal));
        build.close().verdict("R")
    };
    assert_eq!(on("S", "F"), Verdict::Loop);
    assert_eq!(on("S", "G"), Verdict::None);
}

#[test]
fn every_call_of_the_table_is_known() {
    let catalogue = Catalogue::embedded();
    let table = catalogue.takeovers();
    for call in
        table.pass.iter().flat_map(|row| &row.calls).chain(table.change.iter().flat_map(|row| &row.calls))
    {
        assert!(catalogue.operation(call).is_some(), "{call}");
    }
    for row in &table.change {
        assert!(catalogue.carriers().feeds().iter().any(|feed| feed.id == row.feed), "{}", row.feed);
    }
}

/// An account in which every role may take on every other.
fn all_take_on_all(roles: usize) -> Build {
    let mut build = account();
    for n in 0..roles {
        let (rule, name) = (format!("R{n}"), format!("f{n}"));
        // One rule asks for a caller; more would be asked for each role, whatever it takes on.
        let pattern = if n == 0 { heard_from("nobody") } else { r#"{"source":["nothing"]}"#.to_owned() };
        build = build
            .rule(&rule, &pattern, &function_arn("eu-west-1", &name))
            .function(&name, r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#)
            .trusting(ROOT);
    }
    build
}

#[test]
fn many_roles_that_take_on_any_make_few_edges() {
    let edges = |roles: usize| {
        let build = all_take_on_all(roles);
        let catalogue = Catalogue::embedded();
        let listeners = Listeners::new(&build.inventory, &catalogue);
        let definitions = Definitions::new(&build.inventory);
        Graph::build(&Ground::new(&build.inventory, &catalogue, &listeners, &definitions, None)).edges.len()
    };
    let (few, many) = (edges(40), edges(160));
    assert!(many < few * 5, "{few} edges for 40 roles, {many} for 160");
}

#[test]
fn where_many_roles_may_be_taken_on_any_of_them_may_call() {
    assert_eq!(all_take_on_all(40).close().verdict("R0"), Verdict::Loop);
    assert_eq!(all_take_on_all(20).close().verdict("R0"), Verdict::None);
}
