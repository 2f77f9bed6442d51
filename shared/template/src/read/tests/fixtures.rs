//! The templates of `tests/cases/templates`.

use super::{notes, role, rule, source, target};
use crate::{Options, read};
use loopguard_model::{Effect, Inventory, Scoped};
use loopguard_pattern::{AnythingBut, MatcherKind, Term};

fn case(name: &str) -> Inventory {
    let path = format!("{}/../../tests/cases/templates/{name}", env!("CARGO_MANIFEST_DIR"));
    #[expect(clippy::disallowed_methods, reason = "a test reads the template it is about")]
    let text = std::fs::read_to_string(path).unwrap();
    let inventory = read(&[source(name, &text)], &Options::default());
    assert_eq!(notes(&inventory), Vec::<String>::new(), "{name}");
    inventory
}

#[test]
fn a_function_that_is_its_rules_target_runs_under_its_generated_role() {
    let inventory = case("acl-loop.yaml");
    let found = rule(&inventory, "FixerOnAcl");
    assert_eq!(&*found.path, "Resources.Fixer.Properties.Events.OnAcl");
    assert_eq!(found.bus, Term::literal("default"));
    let place = found.origin.place().unwrap();
    assert_eq!((&*place.file, place.line, place.column), ("acl-loop.yaml", 24, 9));
    let function = inventory.workload(&target(&inventory, "FixerOnAcl").arn).unwrap();
    assert_eq!(&*function.class, "AWS::Lambda::Function");
    let role = inventory.role(function.role.as_ref().unwrap()).unwrap();
    assert_eq!(role.arn.to_string(), "arn:aws:iam::${AWS::AccountId}:role/${FixerRole}");
    let statement = &role.policies[0].statements[0];
    assert_eq!(statement.effect, Effect::Allow);
    assert_eq!(statement.actions, Scoped::Only(vec!["s3:PutBucketAcl".into()]));
    let attached: Vec<String> = role.attached_unread.iter().map(ToString::to_string).collect();
    assert_eq!(attached, ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]);
}

#[test]
fn a_role_in_a_pattern_is_the_role_that_the_function_runs_under() {
    let inventory = case("acl-guarded.yaml");
    let pattern = rule(&inventory, "RevertAcl").trigger.pattern().unwrap();
    let field = pattern.branches()[0].field("detail.userIdentity.sessionContext.sessionIssuer.arn").unwrap();
    let MatcherKind::AnythingBut(AnythingBut::Strings(excluded)) = &field.matchers[0].kind else {
        panic!("{field:?}")
    };
    let function = inventory.workload(&target(&inventory, "RevertAcl").arn).unwrap();
    assert_eq!(excluded, &[function.role.clone().unwrap()]);
    assert_eq!(excluded[0], role(&inventory, "FixerRole").arn);
}

#[test]
fn a_built_in_target_keeps_its_arn_and_input() {
    let inventory = case("stop-instance.yaml");
    let target = target(&inventory, "StayStopped");
    assert_eq!(
        target.arn.to_string(),
        "arn:aws:events:${AWS::Region}:${AWS::AccountId}:target/stop-instance"
    );
    assert_eq!(target.parameters["Input"].to_string(), "\"${InstanceId}\"");
    assert_eq!(target.role.as_ref(), Some(&role(&inventory, "StopRole").arn));
    assert_eq!(target.origin.place().unwrap().line, 39);
}

#[test]
fn a_bus_is_one_bus_by_reference_and_by_arn() {
    let inventory = case("two-rules.yaml");
    assert_eq!(rule(&inventory, "OnOrder").bus, Term::literal("shop"));
    assert_eq!(rule(&inventory, "OnBill").bus, Term::literal("shop"));
    assert_eq!(&*rule(&inventory, "OnBill").key.bus, "shop");
    let statement = &role(&inventory, "OrdersRole").policies[0].statements[0];
    let bus = "arn:aws:events:${AWS::Region}:${AWS::AccountId}:event-bus/shop";
    let Some(Scoped::Only(resources)) = &statement.resources else { panic!("{statement:?}") };
    assert_eq!(resources[0].to_string(), bus);
    assert_eq!(statement.conditions[0].values, ["shop.orders".into()]);
}

#[test]
fn a_state_machine_is_found_by_reference_with_its_definition() {
    let inventory = case("restart-machine.yaml");
    let target = target(&inventory, "StartAgain");
    assert_eq!(
        target.arn.to_string(),
        "arn:aws:states:${AWS::Region}:${AWS::AccountId}:stateMachine:nightly"
    );
    let machine = inventory.workload(&target.arn).unwrap();
    assert_eq!(machine.name, Term::literal("nightly"));
    assert_eq!(
        crate::nodes::at(machine.definition.as_ref().unwrap(), "StartAt")
            .and_then(crate::nodes::literal)
            .as_deref(),
        Some("Done")
    );
    assert_eq!(machine.role.as_ref(), Some(&role(&inventory, "MachineRole").arn));
}

#[test]
fn defaults_of_parameters_are_assumptions() {
    let inventory = case("harmless.yaml");
    assert_eq!(rule(&inventory, "TellOfStops").name, Term::literal("tell-of-stops-test"));
    let told = "parameter `Stage` of harmless.yaml has its default `test`";
    assert!(
        inventory.assumptions.iter().any(|assumption| &**assumption == told),
        "{:?}",
        inventory.assumptions
    );
    let archiver = role(&inventory, "ArchiverRole");
    let Some(Scoped::Only(resources)) = &archiver.policies[0].statements[0].resources else { panic!() };
    assert_eq!(resources[0].to_string(), "arn:aws:dynamodb:${AWS::Region}:${AWS::AccountId}:table/orders");
}
