# source: https://registry.terraform.io/modules/terraform-aws-modules/sqs/aws/latest
# confidence: documented inputs and outputs; the resources are those that the inputs name.

variable "name" { default = null }
variable "create_dlq" { default = false }

resource "aws_sqs_queue" "this" {
  name = var.name
}

resource "aws_sqs_queue" "dlq" {
  count = var.create_dlq ? 1 : 0
  name  = "${var.name}-dlq"
}

output "queue_arn" { value = aws_sqs_queue.this.arn }
output "queue_url" { value = aws_sqs_queue.this.url }
output "queue_id" { value = aws_sqs_queue.this.id }
output "queue_name" { value = aws_sqs_queue.this.name }
output "sqs_queue_arn" { value = aws_sqs_queue.this.arn }
output "dead_letter_queue_arn" { value = aws_sqs_queue.dlq[0].arn }
