import os

import boto3

s3 = boto3.client("s3")


def put(bucket):
    s3.put_bucket_acl(Bucket=bucket, ACL="private")


def same(event, context):
    put(os.environ["BUCKET"])
