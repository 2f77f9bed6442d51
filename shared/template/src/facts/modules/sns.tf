# source: https://registry.terraform.io/modules/terraform-aws-modules/sns/aws/latest
# confidence: documented inputs and outputs; the resources are those that the inputs name.

variable "name" { default = null }
variable "subscriptions" { default = {} }

resource "aws_sns_topic" "this" {
  name = var.name
}

resource "aws_sns_topic_subscription" "this" {
  for_each            = var.subscriptions
  topic_arn           = aws_sns_topic.this.arn
  protocol            = each.value.protocol
  endpoint            = each.value.endpoint
  filter_policy       = try(each.value.filter_policy, null)
  filter_policy_scope = try(each.value.filter_policy_scope, null)
}

output "topic_arn" { value = aws_sns_topic.this.arn }
output "topic_id" { value = aws_sns_topic.this.id }
output "topic_name" { value = aws_sns_topic.this.name }
output "sns_topic_arn" { value = aws_sns_topic.this.arn }
