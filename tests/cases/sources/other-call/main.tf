# The look-alike: the call that the function may make is not the one that the rule waits for.

provider "aws" {
  region = "eu-west-1"
}

locals {
  name  = "fixer"
  calls = ["s3:PutBucketAcl"]
}

resource "aws_cloudwatch_event_rule" "revert" {
  name = "revert-acl"
  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource = ["s3.amazonaws.com"]
      eventName   = ["DeleteBucket"]
    }
  })
}

resource "aws_cloudwatch_event_target" "fix" {
  rule = aws_cloudwatch_event_rule.revert.name
  arn  = aws_lambda_function.fixer.arn
}

resource "aws_lambda_function" "fixer" {
  function_name = local.name
  role          = aws_iam_role.fixer.arn
  handler       = "app.handler"
  runtime       = "python3.13"
  filename      = "fixer.zip"
}

resource "aws_iam_role" "fixer" {
  name = local.name
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "lambda.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

data "aws_iam_policy_document" "fix" {
  statement {
    actions   = local.calls
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "fixer" {
  role   = aws_iam_role.fixer.id
  policy = data.aws_iam_policy_document.fix.json
}
