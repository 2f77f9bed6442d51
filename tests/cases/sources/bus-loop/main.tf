# A function that puts events on the bus from which it is started.

resource "aws_cloudwatch_event_bus" "shop" {
  name = "shop"
}

resource "aws_cloudwatch_event_rule" "revert" {
  name           = "orders"
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  event_pattern  = jsonencode({ source = ["shop.orders"] })
}

resource "aws_cloudwatch_event_target" "fix" {
  rule           = aws_cloudwatch_event_rule.revert.name
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  arn            = aws_lambda_function.fixer.arn
}

resource "aws_lambda_function" "fixer" {
  function_name = "fixer"
  role          = aws_iam_role.fixer.arn
  handler       = "app.handler"
  runtime       = "python3.13"
  filename      = "fixer.zip"
}

resource "aws_iam_role" "fixer" {
  name = "fixer"
}

resource "aws_iam_role_policy" "fixer" {
  role   = aws_iam_role.fixer.id
  policy = <<POLICY
{
  "Version": "2012-10-17",
  "Statement": [{
    "Effect": "Allow",
    "Action": "events:PutEvents",
    "Resource": "${aws_cloudwatch_event_bus.shop.arn}",
    "Condition": {"StringEquals": {"events:source": "shop.orders"}}
  }]
}
POLICY
}
