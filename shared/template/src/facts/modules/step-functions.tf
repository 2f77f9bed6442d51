# source: https://registry.terraform.io/modules/terraform-aws-modules/step-functions/aws/latest
# confidence: documented inputs and outputs; the resources are those that the inputs name. What
# `service_integrations` allows is not in here: the calls of the definition itself are read.

variable "name" { default = null }
variable "type" { default = "STANDARD" }
variable "definition" { default = null }
variable "create_role" { default = true }
variable "use_existing_role" { default = false }
variable "role_arn" { default = null }
variable "role_name" { default = null }
variable "service_integrations" { default = {} }
variable "policy_json" { default = null }
variable "policy_statements" { default = {} }
variable "attach_policy_statements" { default = false }

resource "aws_sfn_state_machine" "this" {
  name       = var.name
  type       = var.type
  definition = var.definition
  role_arn   = var.use_existing_role ? var.role_arn : aws_iam_role.this.arn
}

resource "aws_iam_role" "this" {
  name = coalesce(var.role_name, var.name)
}

resource "aws_iam_role_policy_attachment" "integrations" {
  count      = length(var.service_integrations) > 0 ? 1 : 0
  role       = aws_iam_role.this.name
  policy_arn = "service_integrations of the module"
}

resource "aws_iam_role_policy" "json" {
  count  = var.policy_json == null ? 0 : 1
  role   = aws_iam_role.this.name
  name   = "json"
  policy = var.policy_json
}

data "aws_iam_policy_document" "statements" {
  dynamic "statement" {
    for_each = var.policy_statements
    content {
      effect    = try(statement.value.effect, "Allow")
      actions   = try(statement.value.actions, null)
      resources = try(statement.value.resources, null)
    }
  }
}

resource "aws_iam_role_policy" "statements" {
  count  = var.attach_policy_statements ? 1 : 0
  role   = aws_iam_role.this.name
  name   = "inline"
  policy = data.aws_iam_policy_document.statements.json
}

output "state_machine_arn" { value = aws_sfn_state_machine.this.arn }
output "state_machine_id" { value = aws_sfn_state_machine.this.id }
output "role_arn" { value = aws_iam_role.this.arn }
