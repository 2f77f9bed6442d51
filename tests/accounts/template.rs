//! A template of rules that put a bucket's ACL back, each on a bucket of its own and each a loop of its own.

use std::fmt::Write;

/// Returns the template; every rule can be helped by a change of its pattern.
pub(crate) fn of(rules: usize) -> String {
    let mut text = String::from("Transform: AWS::Serverless-2016-10-31\nResources:\n");
    for at in 0..rules {
        write!(
            text,
            r#"  Fixer{at}:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: |
        import boto3

        def handler(event, context):
            bucket = event["detail"]["requestParameters"]["bucketName"]
            boto3.client("s3").put_bucket_acl(Bucket=bucket, ACL="private")
      Policies:
        - Version: 2012-10-17
          Statement:
            - Effect: Allow
              Action: s3:PutBucketAcl
              Resource: arn:aws:s3:::bucket-{at}
      Events:
        OnAcl:
          Type: EventBridgeRule
          Properties:
            Pattern:
              source: [aws.s3]
              detail-type: [AWS API Call via CloudTrail]
              detail:
                eventSource: [s3.amazonaws.com]
                eventName: [PutBucketAcl]
                requestParameters:
                  bucketName: [bucket-{at}]
"#
        )
        .expect("text");
    }
    text
}
