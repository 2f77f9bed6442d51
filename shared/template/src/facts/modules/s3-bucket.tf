# source: https://registry.terraform.io/modules/terraform-aws-modules/s3-bucket/aws/latest
# confidence: documented inputs and outputs; the resources are those that the inputs name.

variable "bucket" { default = null }

resource "aws_s3_bucket" "this" {
  bucket = var.bucket
}

output "s3_bucket_id" { value = aws_s3_bucket.this.id }
output "s3_bucket_arn" { value = aws_s3_bucket.this.arn }
