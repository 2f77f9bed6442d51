//! Small plans and what they come to.

use crate::{Options, Source, read};
use loopguard_model::{Inventory, Scoped};
use proptest::prelude::*;

fn inventory(text: &str) -> Inventory {
    read(&[Source { file: "plan.json".into(), text: text.into() }], &Options::default())
}

/// A plan of a module `jobs`, called for `a` and `b`, whose function is the target of a rule of the root.
const MODULES: &str = r#"{"format_version":"1.2",
 "variables":{"bucket":{"value":"media"}},
 "planned_values":{"root_module":{
  "resources":[
   {"address":"aws_cloudwatch_event_rule.r","mode":"managed","type":"aws_cloudwatch_event_rule","name":"r",
    "values":{"name":"r","event_pattern":"{\"source\":[\"aws.s3\"]}","state":"DISABLED"}},
   {"address":"aws_cloudwatch_event_target.t","mode":"managed","type":"aws_cloudwatch_event_target","name":"t",
    "values":{"rule":"r","target_id":"one"}}],
  "child_modules":[
   {"address":"module.jobs[\"a\"]","resources":[
    {"address":"module.jobs[\"a\"].aws_lambda_function.f","mode":"managed","type":"aws_lambda_function","name":"f","values":{"function_name":"fa"}},
    {"address":"module.jobs[\"a\"].aws_iam_role.f","mode":"managed","type":"aws_iam_role","name":"f","values":{"name":"ra","path":"/"}},
    {"address":"module.jobs[\"a\"].data.aws_iam_policy_document.d","mode":"data","type":"aws_iam_policy_document","name":"d",
     "values":{"statement":[{"actions":["s3:PutObject"],"effect":null,"resources":[null]},{"actions":["s3:*"],"effect":"Deny","resources":[null]}]}},
    {"address":"module.jobs[\"a\"].aws_iam_role_policy.p","mode":"managed","type":"aws_iam_role_policy","name":"p","values":{"name":"p"}}]},
   {"address":"module.jobs[\"b\"]","resources":[
    {"address":"module.jobs[\"b\"].aws_lambda_function.f","mode":"managed","type":"aws_lambda_function","name":"f","values":{"function_name":"fb"}}]}]}},
 "resource_changes":[
  {"address":"aws_cloudwatch_event_rule.gone","change":{"actions":["delete"],"before":{"name":"gone"},"after":null,"after_unknown":{}}},
  {"address":"aws_cloudwatch_event_target.t","change":{"actions":["create"],"after_unknown":{"arn":true}}},
  {"address":"module.jobs[\"a\"].aws_lambda_function.f","change":{"actions":["create"],"after_unknown":{"arn":true,"role":true}}},
  {"address":"module.jobs[\"a\"].data.aws_iam_policy_document.d","change":{"actions":["read"],"after_unknown":{"json":true,"statement":[{"actions":[false],"resources":[true]},{"resources":[true]}]}}},
  {"address":"module.jobs[\"a\"].aws_iam_role_policy.p","change":{"actions":["create"],"after_unknown":{"policy":true,"role":true}}}],
 "configuration":{"root_module":{
  "resources":[
   {"address":"aws_cloudwatch_event_target.t","expressions":{"arn":{"references":["module.jobs[\"a\"].arn","module.jobs[\"a\"]","module.jobs"]}}}],
  "module_calls":{"jobs":{"source":"./jobs","expressions":{"where":{"references":["var.bucket"]}},"module":{
   "outputs":{"arn":{"expression":{"references":["aws_lambda_function.f.arn","aws_lambda_function.f"]}}},
   "resources":[
    {"address":"aws_lambda_function.f","expressions":{"role":{"references":["aws_iam_role.f.arn","aws_iam_role.f"]}}},
    {"address":"data.aws_iam_policy_document.d","expressions":{"statement":[
      {"resources":{"references":["var.where"]}},{"resources":{"references":["var.where"]}}]}},
    {"address":"aws_iam_role_policy.p","expressions":{"role":{"references":["aws_iam_role.f.id","aws_iam_role.f"]},
      "policy":{"references":["data.aws_iam_policy_document.d.json","data.aws_iam_policy_document.d"]}}}]}}}}}}"#;

#[test]
fn references_go_through_inputs_and_outputs_of_modules() {
    let inventory = inventory(MODULES);
    assert_eq!(inventory.notes, []);
    let [only] = inventory.rules.as_slice() else {
        panic!("what is deleted is no rule: {:#?}", inventory.rules)
    };
    assert_eq!(only.state.as_str(), "DISABLED");
    let target = &only.targets.as_ref().unwrap()[0];
    assert_eq!(&*target.id, "one");
    let function = inventory.workload(&target.arn).unwrap();
    assert_eq!(function.name.to_string(), "fa");
    assert_eq!(function.origin.place().unwrap().line, 11);
    let role = inventory.role(function.role.as_ref().unwrap()).unwrap();
    assert_eq!(role.name.to_string(), "ra");
    let [allow, deny] = role.policies[0].statements.as_slice() else { panic!("{:#?}", role.policies) };
    let resources = |scoped: &Option<Scoped>| match scoped {
        Some(Scoped::Only(resources)) => resources.iter().map(ToString::to_string).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(resources(&allow.resources), ["media*"], "what begins with what is referred to");
    assert!(resources(&deny.resources)[0].starts_with("${byte "), "nobody knows what is denied");
    assert_eq!(inventory.workloads.len(), 2);
}

fn of(resources: &str, rest: &str) -> Inventory {
    inventory(&format!(
        r#"{{"format_version":"1.2","planned_values":{{"root_module":{{"resources":[{resources}]}}}}{rest}}}"#
    ))
}

fn resource(kind: &str, name: &str, index: &str, values: &str) -> String {
    let address = format!("{kind}.{name}{index}").replace('"', "\\\"");
    format!(r#"{{"address":"{address}","mode":"managed","type":"{kind}","name":"{name}","values":{values}}}"#)
}

#[test]
fn a_target_belongs_to_the_rule_of_its_bus() {
    let rules = [
        resource(
            "aws_cloudwatch_event_rule",
            "a",
            "",
            r#"{"name":"n","event_bus_name":"default","schedule_expression":"rate(1 day)"}"#,
        ),
        resource(
            "aws_cloudwatch_event_rule",
            "b",
            "",
            r#"{"name":"n","event_bus_name":"own","event_pattern":"{}"}"#,
        ),
        resource(
            "aws_cloudwatch_event_target",
            "t",
            "",
            r#"{"rule":"n","event_bus_name":"own","arn":"arn:x"}"#,
        ),
        resource("aws_cloudwatch_event_target", "u", "", r#"{"rule":"other","arn":"arn:y"}"#),
    ];
    let inventory = of(&rules.join(","), "");
    let targets: Vec<usize> =
        inventory.rules.iter().map(|rule| rule.targets.as_ref().unwrap().len()).collect();
    assert_eq!(targets, [0, 1]);
    let told: Vec<&str> = inventory.notes.iter().map(|note| note.message.as_str()).collect();
    assert!(
        told.iter().any(|told| told.contains("belongs to `other`, which is not declared here")),
        "{told:?}"
    );
}

#[test]
fn instances_of_one_resource_differ_and_refer_to_their_like() {
    let instance = |kind: &str, key: &str| resource(kind, "x", &format!("[\"{key}\"]"), "{}");
    let resources: Vec<String> = ["a", "b"]
        .iter()
        .flat_map(|key| [instance("aws_lambda_function", key), instance("aws_iam_role", key)])
        .collect();
    let change = |key: &str| {
        format!(
            r#"{{"address":"aws_lambda_function.x[\"{key}\"]","change":{{"actions":["create"],"after_unknown":{{"role":true}}}}}}"#
        )
    };
    let rest = format!(
        r#","resource_changes":[{},{}],"configuration":{{"root_module":{{"resources":[{{"address":"aws_lambda_function.x",
        "expressions":{{"role":{{"references":["aws_iam_role.x","each.key"]}}}}}}]}}}}"#,
        change("a"),
        change("b")
    );
    let inventory = of(&resources.join(","), &rest);
    let roles: Vec<String> =
        inventory.workloads.iter().map(|workload| workload.role.as_ref().unwrap().to_string()).collect();
    assert_eq!(roles[0], "arn:aws:iam::${AWS::AccountId}:role/${aws_iam_role.x[\"a\"]}");
    assert_eq!(roles[1], "arn:aws:iam::${AWS::AccountId}:role/${aws_iam_role.x[\"b\"]}");
}

#[test]
fn attachments_notifications_and_trails() {
    let resources = [
        resource(
            "aws_iam_role",
            "r",
            "",
            r#"{"name":"r","inline_policy":[{"name":"i","policy":"{\"Statement\":[]}"}]}"#,
        ),
        resource(
            "aws_iam_policy",
            "p",
            "",
            r#"{"name":"p","arn":"arn:aws:iam::123456789012:policy/p","policy":"{\"Statement\":[]}"}"#,
        ),
        resource(
            "aws_iam_role_policy_attachment",
            "a",
            "",
            r#"{"role":"r","policy_arn":"arn:aws:iam::123456789012:policy/p"}"#,
        ),
        resource(
            "aws_iam_policy_attachment",
            "b",
            "",
            r#"{"roles":["r"],"policy_arn":"arn:aws:iam::aws:policy/ReadOnlyAccess"}"#,
        ),
        resource("aws_s3_bucket", "on", "", r#"{"bucket":"on"}"#),
        resource("aws_s3_bucket", "off", "", r#"{"bucket":"off"}"#),
        resource(
            "aws_s3_bucket_notification",
            "on",
            "",
            r#"{"bucket":"on","eventbridge":true,"lambda_function":[{"lambda_function_arn":"arn:f","events":["s3:ObjectCreated:*"]}]}"#,
        ),
        resource(
            "aws_cloudtrail",
            "t",
            "",
            r#"{"name":"t","event_selector":[{"read_write_type":"All","include_management_events":true,"data_resource":[{"type":"AWS::S3::Object","values":["arn:aws:s3"]}]}]}"#,
        ),
        resource("aws_lambda_microthing", "m", "", "{}"),
    ];
    let inventory = of(&resources.join(","), "");
    let role = &inventory.roles[0];
    assert_eq!(role.policies.len(), 2, "inline and attached: {role:#?}");
    assert_eq!(role.attached_unread[0].to_string(), "arn:aws:iam::aws:policy/ReadOnlyAccess");
    assert_eq!(inventory.scope.account.as_literal().as_deref(), Some("123456789012"), "as its ARNs say");
    assert!(inventory.bucket_notifications[&"on".into()]);
    assert!(!inventory.bucket_notifications[&"off".into()]);
    assert_eq!(inventory.connections[0].to.arn.to_string(), "arn:f");
    assert_eq!(inventory.trails.as_ref().unwrap().data.len(), 1);
    assert!(inventory.notes.iter().any(|note| note.message.contains("`aws_lambda_microthing` is not read")));
}

#[test]
fn a_policy_known_only_after_apply_may_allow_anything() {
    let resources = [
        resource("aws_iam_role", "r", "", r#"{"name":"r"}"#),
        resource("aws_iam_role_policy", "p", "", r#"{"name":"p","role":"r"}"#),
    ];
    let rest = r#","resource_changes":[{"address":"aws_iam_role_policy.p","change":{"after_unknown":{"policy":true}}}],
      "configuration":{"root_module":{"resources":[{"address":"aws_iam_role_policy.p","expressions":{"policy":{"references":["aws_s3_bucket.b.arn","aws_s3_bucket.b"]}}}]}}"#;
    let inventory = of(&resources.join(","), rest);
    assert!(!inventory.roles[0].policies[0].unread.is_empty());
    assert!(
        inventory.notes.iter().any(|note| note.message.contains("may allow anything")),
        "{:?}",
        inventory.notes
    );
}

#[test]
fn broken_plans_are_told_with_their_place() {
    let inventory =
        inventory("{\"format_version\":\"1.2\",\n \"planned_values\": {\"root_module\": {\"resources\": [");
    let told = inventory.notes.iter().find(|note| note.message.contains("not JSON")).unwrap();
    let place = told.origin.place().unwrap();
    assert_eq!((&*place.file, place.line), ("plan.json", 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn cut_and_changed_plans_never_panic(cut in 0..MODULES.len(), at in 0..MODULES.len(), with in "[\\[\\]{}\",:a-z]{0,3}") {
        inventory(MODULES.get(..cut).unwrap_or_default());
        let (before, behind) = (MODULES.get(..at).unwrap_or_default(), MODULES.get(at + 1..).unwrap_or_default());
        let changed = format!("{before}{with}{behind}");
        inventory(&changed);
    }
}
