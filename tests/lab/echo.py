"""The smallest function: answers each batch with the items whose body is `fail`, and fails on `crash`."""

import json
import os
import urllib.request

BASE = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime"


def post(path, value):
    urllib.request.urlopen(urllib.request.Request(f"{BASE}/{path}", json.dumps(value).encode())).read()


while True:
    with urllib.request.urlopen(f"{BASE}/invocation/next") as invocation:
        request = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
        records = json.load(invocation)["Records"]
    print(json.dumps({"bodies": [record["body"] for record in records]}), flush=True)
    if any(record["body"] == "crash" for record in records):
        post(f"invocation/{request}/error", {"errorMessage": "crashed", "errorType": "Crash"})
        continue
    failures = [{"itemIdentifier": record["messageId"]} for record in records if record["body"] == "fail"]
    post(f"invocation/{request}/response", {"batchItemFailures": failures})
