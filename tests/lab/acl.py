"""A function that closes its bucket on every event, without asking whether it was open."""

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
    s3.put_bucket_acl(Bucket=event["detail"]["requestParameters"]["bucketName"], ACL="private")
    urllib.request.urlopen(urllib.request.Request(f"{BASE}/invocation/{request}/response", b"null")).read()
