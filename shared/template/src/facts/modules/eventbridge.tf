# source: https://registry.terraform.io/modules/terraform-aws-modules/eventbridge/aws/latest
# confidence: documented inputs and outputs; the resources are those that the inputs name.

variable "create" { default = true }
variable "create_bus" { default = true }
variable "create_role" { default = true }
variable "bus_name" { default = "default" }
variable "role_name" { default = null }
variable "rules" { default = {} }
variable "targets" { default = {} }
variable "policy" { default = null }
variable "policies" { default = [] }
variable "policy_json" { default = null }
variable "policy_jsons" { default = [] }
variable "attach_policy_json" { default = false }
variable "attach_policy_jsons" { default = false }
variable "attach_policy" { default = false }
variable "attach_policies" { default = false }
variable "attach_policy_statements" { default = false }
variable "policy_statements" { default = {} }

locals {
  own_bus = var.create && var.create_bus && var.bus_name != "default"
  bus     = local.own_bus ? aws_cloudwatch_event_bus.this[0].name : var.bus_name
  targets = flatten([for rule, targets in var.targets : [for target in targets : merge(target, { rule = rule })]])
}

resource "aws_cloudwatch_event_bus" "this" {
  count = local.own_bus ? 1 : 0
  name  = var.bus_name
}

resource "aws_cloudwatch_event_rule" "this" {
  for_each            = var.rules
  name                = "${replace(each.key, "_", "-")}-rule"
  event_bus_name      = local.bus
  event_pattern       = try(each.value.event_pattern, null)
  schedule_expression = try(each.value.schedule_expression, null)
  is_enabled          = try(each.value.enabled, null)
  state               = try(each.value.state, null)
}

resource "aws_cloudwatch_event_target" "this" {
  for_each       = { for target in local.targets : "${target.rule} ${target.name}" => target }
  rule           = aws_cloudwatch_event_rule.this[each.value.rule].name
  event_bus_name = local.bus
  target_id      = try(each.value.name, null)
  arn            = each.value.arn
  role_arn       = try(each.value.role_arn, null) != null ? each.value.role_arn : (try(each.value.attach_role_arn, false) == false ? null : aws_iam_role.this[0].arn)
  input          = try(each.value.input, null)
  input_path     = try(each.value.input_path, null)

  dead_letter_config {
    arn = try(each.value.dead_letter_arn, null)
  }
}

resource "aws_iam_role" "this" {
  count = var.create && var.create_role ? 1 : 0
  name  = try(var.role_name, null)
}

resource "aws_iam_role_policy" "json" {
  for_each = { for at, document in concat(compact([var.policy_json]), var.policy_jsons) : at => document }
  role     = aws_iam_role.this[0].name
  name     = "json-${each.key}"
  policy   = each.value
}

resource "aws_iam_role_policy_attachment" "named" {
  for_each   = { for at, arn in concat(compact([var.policy]), var.policies) : at => arn }
  role       = aws_iam_role.this[0].name
  policy_arn = each.value
}

data "aws_iam_policy_document" "statements" {
  dynamic "statement" {
    for_each = var.policy_statements
    content {
      effect        = try(statement.value.effect, "Allow")
      actions       = try(statement.value.actions, null)
      not_actions   = try(statement.value.not_actions, null)
      resources     = try(statement.value.resources, null)
      not_resources = try(statement.value.not_resources, null)
    }
  }
}

resource "aws_iam_role_policy" "statements" {
  count  = var.attach_policy_statements ? 1 : 0
  role   = aws_iam_role.this[0].name
  name   = "inline"
  policy = data.aws_iam_policy_document.statements.json
}

output "eventbridge_bus_name" { value = local.bus }
output "eventbridge_bus_arn" { value = aws_cloudwatch_event_bus.this[0].arn }
output "eventbridge_bus" { value = aws_cloudwatch_event_bus.this[0] }
output "eventbridge_rule_ids" { value = { for key, rule in aws_cloudwatch_event_rule.this : key => rule.id } }
output "eventbridge_rule_arns" { value = { for key, rule in aws_cloudwatch_event_rule.this : key => rule.arn } }
output "eventbridge_rules" { value = aws_cloudwatch_event_rule.this }
output "eventbridge_role_arn" { value = aws_iam_role.this[0].arn }
output "eventbridge_role_name" { value = aws_iam_role.this[0].name }
