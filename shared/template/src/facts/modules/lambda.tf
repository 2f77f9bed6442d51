# source: https://registry.terraform.io/modules/terraform-aws-modules/lambda/aws/latest
# confidence: documented inputs and outputs; the resources are those that the inputs name.

variable "function_name" { default = null }
variable "handler" { default = null }
variable "runtime" { default = null }
variable "memory_size" { default = 128 }
variable "architectures" { default = null }
variable "logging_log_group" { default = null }
variable "source_path" { default = null }
variable "local_existing_package" { default = null }
variable "image_uri" { default = null }
variable "create_function" { default = true }
variable "create_role" { default = true }
variable "lambda_role" { default = null }
variable "role_name" { default = null }
variable "environment_variables" { default = {} }
variable "policy" { default = null }
variable "policies" { default = [] }
variable "policy_json" { default = null }
variable "policy_jsons" { default = [] }
variable "policy_statements" { default = {} }
variable "attach_policy_statements" { default = false }
variable "attach_policy" { default = false }
variable "attach_policies" { default = false }
variable "attach_policy_json" { default = false }
variable "attach_policy_jsons" { default = false }
variable "attach_cloudwatch_logs_policy" { default = true }
variable "event_source_mapping" { default = {} }
variable "create_async_event_config" { default = false }
variable "destination_on_success" { default = null }
variable "destination_on_failure" { default = null }
variable "dead_letter_target_arn" { default = null }
variable "role_permissions_boundary" { default = null }
variable "allowed_triggers" { default = {} }

resource "aws_lambda_function" "this" {
  count         = var.create_function ? 1 : 0
  function_name = var.function_name
  role          = var.create_role ? aws_iam_role.lambda[0].arn : var.lambda_role
  handler       = var.handler
  runtime       = var.runtime
  memory_size   = var.memory_size
  architectures = var.architectures
  image_uri     = var.image_uri
  filename      = try(coalesce(var.local_existing_package, var.source_path), null)
  environment {
    variables = var.environment_variables
  }
  dead_letter_config {
    target_arn = var.dead_letter_target_arn
  }
  logging_config {
    log_group = var.logging_log_group
  }
}

resource "aws_iam_role" "lambda" {
  count                = var.create_function && var.create_role ? 1 : 0
  name                 = coalesce(var.role_name, var.function_name)
  permissions_boundary = var.role_permissions_boundary
}

resource "aws_iam_role_policy_attachment" "logs" {
  count      = var.create_role && var.attach_cloudwatch_logs_policy ? 1 : 0
  role       = aws_iam_role.lambda[0].name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_iam_role_policy" "json" {
  for_each = { for at, document in concat(compact([var.policy_json]), var.policy_jsons) : at => document }
  role     = aws_iam_role.lambda[0].name
  name     = "json-${each.key}"
  policy   = each.value
}

resource "aws_iam_role_policy_attachment" "named" {
  for_each   = { for at, arn in concat(compact([var.policy]), var.policies) : at => arn }
  role       = aws_iam_role.lambda[0].name
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
  count  = var.create_role && var.attach_policy_statements ? 1 : 0
  role   = aws_iam_role.lambda[0].name
  name   = "inline"
  policy = data.aws_iam_policy_document.statements.json
}

resource "aws_lambda_event_source_mapping" "this" {
  for_each         = var.event_source_mapping
  function_name    = aws_lambda_function.this[0].arn
  event_source_arn = try(each.value.event_source_arn, null)
  enabled          = try(each.value.enabled, true)
}

resource "aws_lambda_function_event_invoke_config" "this" {
  count         = var.create_async_event_config ? 1 : 0
  function_name = aws_lambda_function.this[0].function_name
  destination_config {
    on_success {
      destination = var.destination_on_success
    }
    on_failure {
      destination = var.destination_on_failure
    }
  }
}

output "lambda_function_arn" { value = aws_lambda_function.this[0].arn }
output "lambda_function_name" { value = aws_lambda_function.this[0].function_name }
output "lambda_function_qualified_arn" { value = aws_lambda_function.this[0].qualified_arn }
output "lambda_function_arn_static" { value = aws_lambda_function.this[0].arn }
output "lambda_role_arn" { value = aws_iam_role.lambda[0].arn }
output "lambda_role_name" { value = aws_iam_role.lambda[0].name }
