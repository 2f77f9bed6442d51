//! Small configurations and what they come to.

use crate::{Options, Source, read, read_with};
use loopguard_model::{Inventory, Scoped};
use proptest::prelude::*;

const LOOP: &str = include_str!("../../../../../tests/cases/sources/acl-loop/main.tf");

fn files(files: &[(&str, &str)]) -> Inventory {
    let files: Vec<Source> =
        files.iter().map(|(file, text)| Source { file: (*file).into(), text: (*text).into() }).collect();
    read(&files, &Options::default())
}

fn notes(inventory: &Inventory) -> Vec<String> {
    inventory.notes.iter().map(|note| format!("{}: {}", note.origin, note.message)).collect()
}

#[test]
fn a_loop_is_read_with_its_places() {
    let inventory = files(&[("infra/other.tf", "# nothing\n\n"), ("infra/main.tf", LOOP)]);
    assert_eq!(notes(&inventory), Vec::<String>::new());
    let place = inventory.rules[0].origin.place().unwrap();
    assert_eq!((&*place.file, place.line, place.column), ("infra/main.tf", 12, 1));
    let pattern = inventory.rules[0].trigger.pattern().unwrap();
    let span = pattern.branches()[0].field("detail.eventName").unwrap().matchers[0].span;
    assert!(span.start > 0);
    let target = &inventory.rules[0].targets.as_ref().unwrap()[0];
    let role = inventory.workload(&target.arn).unwrap().role.clone().unwrap();
    let role = inventory.role(&role).unwrap();
    assert_eq!(role.policies[0].statements[0].actions, Scoped::Only(vec!["s3:PutBucketAcl".into()]));
    assert_eq!(inventory.scope.region.as_literal().as_deref(), Some("eu-west-1"));
}

#[test]
fn modules_take_arguments_and_give_outputs() {
    let root = r#"
variable "stage" { default = "dev" }
module "jobs" {
  source   = "./modules/job"
  for_each = { a = "one", b = "two" }
  name     = "${each.value}-${var.stage}"
}
resource "aws_cloudwatch_event_rule" "r" {
  event_pattern = <<PATTERN
{"source": ["aws.s3"], "detail": {"bucket": {"name": ["${aws_s3_bucket.in.id}"]}}}
PATTERN
}
resource "aws_s3_bucket" "in" {}
resource "aws_cloudwatch_event_target" "t" {
  for_each = toset(["a", "b"])
  rule     = aws_cloudwatch_event_rule.r.name
  arn      = module.jobs[each.key].arn
}"#;
    let job = r#"
variable "name" {}
resource "aws_lambda_function" "f" {
  function_name = var.name
  role          = aws_iam_role.f[0].arn
}
resource "aws_iam_role" "f" {
  count = 1
  dynamic "inline_policy" {
    for_each = ["s3:GetObject", "s3:PutObject"]
    content {
      name   = "p${inline_policy.key}"
      policy = jsonencode({ Statement = [{ Effect = "Allow", Action = inline_policy.value, Resource = "*" }] })
    }
  }
}
output "arn" { value = aws_lambda_function.f.arn }"#;
    let inventory = files(&[("i/main.tf", root), ("i/modules/job/main.tf", job)]);
    assert_eq!(notes(&inventory), Vec::<String>::new());
    let targets = inventory.rules[0].targets.as_ref().unwrap();
    let names: Vec<String> =
        targets.iter().map(|target| inventory.workload(&target.arn).unwrap().name.to_string()).collect();
    assert_eq!(names, ["one-dev", "two-dev"]);
    assert_eq!(inventory.roles.len(), 2);
    assert_eq!(inventory.roles[0].policies.len(), 2);
    let pattern = format!("{:?}", inventory.rules[0].trigger.pattern().unwrap());
    assert!(pattern.contains("aws_s3_bucket.in"), "{pattern}");
    assert!(
        inventory.assumptions.iter().any(|told| told.contains("variable `stage` of i has its default `dev`"))
    );
}

#[test]
fn json_within_a_text_is_read() {
    let text = r#"
locals { names = ["PutBucketAcl", "PutObjectAcl"] }
resource "aws_iam_role" "f" {}
resource "aws_cloudwatch_event_rule" "r" {
  event_pattern = <<EOT
{"detail": {"eventName": ${jsonencode(local.names)}, "who": [${jsonencode(aws_iam_role.f.arn)}], "n": [{"anything-but": ${jsonencode({ prefix = "a\"b" })}}]}}
EOT
}"#;
    let inventory = files(&[("i/main.tf", text)]);
    assert_eq!(notes(&inventory), Vec::<String>::new());
    let pattern = inventory.rules[0].trigger.pattern().unwrap();
    let matchers = |path: &str| pattern.branches()[0].field(path).unwrap().matchers.clone();
    assert_eq!(matchers("detail.eventName").len(), 2);
    assert!(format!("{:?}", matchers("detail.who")).contains("aws_iam_role.f"));
    let other = format!("{:?}", matchers("detail.n"));
    assert!(other.contains("Prefix(") && other.contains(r#""a\"b""#), "{other}");
}

#[test]
fn a_policy_found_by_its_name_may_be_one_of_aws() {
    let text = r#"
data "aws_iam_policy" "basic" { name = "AWSLambdaBasicExecutionRole" }
resource "aws_iam_role" "f" { managed_policy_arns = [data.aws_iam_policy.basic.arn] }
"#;
    let inventory = files(&[("i/main.tf", text)]);
    assert_eq!(inventory.roles[0].attached_unread, ["AWSLambdaBasicExecutionRole".into()]);
}

#[test]
fn the_registrys_module_for_rules_is_read_by_a_stand_in() {
    let text = r#"
module "lambda" {
  source        = "terraform-aws-modules/lambda/aws"
  function_name = "f"
  attach_policy_statements = true
  policy_statements = { put = { effect = "Allow", actions = ["s3:PutBucketAcl"], resources = ["*"] } }
}
module "eventbridge" {
  source     = "terraform-aws-modules/eventbridge/aws"
  create_bus = false
  rules = {
    acl = { event_pattern = jsonencode({ source = ["aws.s3"] }), enabled = true }
    at  = { schedule_expression = "rate(1 day)" }
  }
  targets = {
    acl = [{ name = "fix", arn = module.lambda.lambda_function_arn }]
  }
}
module "other" { source = "someone/else/aws" }"#;
    let inventory = files(&[("main.tf", text)]);
    assert_eq!(inventory.rules.len(), 2);
    let rule = inventory.rules.iter().find(|rule| rule.trigger.pattern().is_some()).unwrap();
    assert_eq!(rule.name.to_string(), "acl-rule");
    assert_eq!(rule.origin.place().unwrap().line, 8, "where the module is called");
    let function = inventory.workload(&rule.targets.as_ref().unwrap()[0].arn).unwrap();
    let own = inventory.role(function.role.as_ref().unwrap()).unwrap();
    assert_eq!(own.policies[0].statements[0].actions, Scoped::Only(vec!["s3:PutBucketAcl".into()]));
    let told = notes(&inventory);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("main.tf:19:1: module `other` stands in `someone/else/aws`"), "{told:?}");
}

#[test]
fn a_broken_block_is_told_and_the_others_are_read() {
    let text = "resource \"aws_s3_bucket\" \"b\" {\n  bucket = = 1\n}\n\nresource \"aws_cloudwatch_event_rule\" \"r\" {\n  schedule_expression = \"rate(1 day)\"\n}\n";
    let inventory = files(&[("a.tf", "locals {}\n"), ("b.tf", text)]);
    assert_eq!(inventory.rules.len(), 1);
    let told = notes(&inventory);
    assert!(told.iter().any(|told| told.starts_with("b.tf:2:12: not HCL")), "{told:?}");
}

#[test]
fn what_is_not_known_is_there_once() {
    let text = r#"
variable "on" { default = false }
variable "names" {}
resource "aws_cloudwatch_event_rule" "off" {
  count               = var.on ? 1 : 0
  schedule_expression = "rate(1 day)"
}
resource "aws_cloudwatch_event_rule" "none" {
  count               = 0
  schedule_expression = "rate(1 day)"
}
resource "aws_cloudwatch_event_rule" "each" {
  for_each      = var.names
  name          = each.key
  event_pattern = jsonencode(each.value)
}"#;
    let inventory = files(&[("main.tf", text)]);
    let ids: Vec<&str> = inventory.rules.iter().map(|rule| &*rule.key.id).collect();
    assert_eq!(ids, ["aws_cloudwatch_event_rule.off", "aws_cloudwatch_event_rule.each"]);
    assert!(inventory.assumptions.iter().any(|told| told.contains("`count` is 0 by default values")));
    assert!(notes(&inventory)[0].contains("not known before deployment"), "{:?}", notes(&inventory));
    let given = read(
        &[
            Source { file: "main.tf".into(), text: text.into() },
            Source {
                file: "terraform.tfvars".into(),
                text: "on = true\nnames = {a = {source = [\"x\"]}}".into(),
            },
        ],
        &Options::default(),
    );
    assert_eq!(notes(&given), Vec::<String>::new());
    assert_eq!(&*given.rules[1].key.id, "aws_cloudwatch_event_rule.each[\"a\"]");
}

#[test]
fn files_beside_are_read_with_their_variables() {
    let text = r#"
resource "aws_sfn_state_machine" "m" {
  name       = "m"
  role_arn   = "r"
  definition = templatefile("${path.module}/m.asl.json", { bus = "orders" })
}"#;
    let main = [Source { file: "i/main.tf".into(), text: text.into() }];
    let load = |file: &str| (file == "i/m.asl.json").then(|| "{\"StartAt\": \"${bus}\"}".into());
    let inventory = read_with(&main, &Options::default(), load);
    let definition = inventory.workloads[0].definition.clone().unwrap();
    assert_eq!(definition.get("StartAt").and_then(crate::nodes::literal).as_deref(), Some("orders"));
    let alone = read(&main, &Options::default());
    assert!(notes(&alone)[0].contains("the file `./m.asl.json` is not read"), "{:?}", notes(&alone));
}

#[test]
fn json_syntax_is_read_too() {
    let text = r#"{"locals": {"n": "x"}, "resource": {"aws_cloudwatch_event_rule": {"r": {
      "name": "${local.n}-r", "event_pattern": "{\"source\":[\"aws.s3\"]}"}}}}"#;
    let inventory = files(&[("main.tf.json", text)]);
    assert_eq!(inventory.rules[0].name.to_string(), "x-r");
}

#[test]
fn circles_and_depth_end() {
    let text = "locals {\n a = local.b\n b = \"x${local.a}\"\n}\nresource \"aws_cloudwatch_event_rule\" \"r\" {\n name = local.a\n schedule_expression = \"rate(1 day)\"\n}\n";
    let inventory = files(&[("main.tf", text)]);
    assert_eq!(inventory.rules.len(), 1);
    assert!(notes(&inventory).iter().any(|told| told.contains("needs itself")), "{:?}", notes(&inventory));
    let circle = "module \"m\" {\n source = \"../b\"\n}\n";
    let told = files(&[("a/main.tf", circle), ("b/main.tf", "module \"m\" {\n source = \"../a\"\n}\n")]);
    assert!(notes(&told).iter().any(|told| told.contains("nested too deeply")), "{:?}", notes(&told));
    for deep in [
        "(".repeat(50_000),
        "[".repeat(50_000),
        "!".repeat(50_000),
        "\"${".repeat(20_000),
        "a?".repeat(20_000),
        "{a=".repeat(20_000),
    ] {
        files(&[("main.tf", &format!("locals {{\n a = {deep}\n}}\n"))]);
    }
    let chain: Vec<String> = (0..2_000).map(|at| format!("l{at} = local.l{}\n", at + 1)).collect();
    let chain = chain.concat();
    let inventory = files(&[(
        "main.tf",
        &format!("locals {{\n{chain}}}\nresource \"aws_s3_bucket\" \"b\" {{\n bucket = local.l0\n}}\n"),
    )]);
    assert!(!inventory.notes.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn changed_text_never_panics(at in 0..LOOP.len(), skip in 0usize..40, with in "[\\[\\]{}()\"$%<=.?:a-z\\n]{0,6}") {
        let (before, behind) = (LOOP.get(..at).unwrap_or_default(), LOOP.get(at + skip..).unwrap_or_default());
        files(&[("main.tf", &format!("{before}{with}{behind}"))]);
    }
}
