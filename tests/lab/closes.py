"""A function that closes its bucket where an event has left it open, and finds it closed when it hears of that itself."""

import json
import os
import urllib.request

import botocore.session

BASE = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime"
s3 = botocore.session.get_session().create_client("s3")

while True:
    with urllib.request.urlopen(f"{BASE}/invocation/next") as invocation:
        request = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        event = json.load(invocation)
    bucket = event["detail"]["requestParameters"]["bucketName"]
    if len(s3.get_bucket_acl(Bucket=bucket)["Grants"]) > 1:
        s3.put_bucket_acl(Bucket=bucket, ACL="private")
    urllib.request.urlopen(urllib.request.Request(f"{BASE}/invocation/{request}/response", b"null")).read()
