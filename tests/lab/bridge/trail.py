"""What CloudTrail records of an API call, as far as rules can see it."""

import json
import re
import time
from urllib.parse import parse_qs, unquote

import ministack.app as ministack
from ministack.core.iam_actions import extract_iam_action
from ministack.core.iam_evaluator import resolve_caller_identity
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.core.router import detect_service, extract_access_key_id

# CloudTrail's event source where it is not the prefix of the IAM action.
SOURCES = {"cloudwatch": "monitoring", "mq": "amazonmq", "tag": "tagging"}
# Calls on data: trails log them only where they are told to, and this account has no such trail.
DATA = {
    "dynamodb": {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "BatchGetItem", "BatchWriteItem", "Query", "Scan"},
    "events": {"PutEvents"},
    "kinesis": {"PutRecord", "PutRecords", "GetRecords"},
    "lambda": {"InvokeFunction", "Invoke", "InvokeAsync"},
    "logs": {"PutLogEvents"},
    "monitoring": {"PutMetricData"},
    "s3": {"GetObject", "PutObject", "DeleteObject", "CopyObject", "HeadObject", "PutObjectAcl", "PutObjectTagging"},
    "sns": {"Publish", "PublishBatch"},
    "sqs": {
        "SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch",
        "ChangeMessageVisibility", "ChangeMessageVisibilityBatch",
    },
    "states": {"StartSyncExecution"},
}
# Lambda's calls are recorded under names with the date of their interface.
LAMBDA_NAMES = {
    "AddPermission": "AddPermission20150331v2",
    "CreateEventSourceMapping": "CreateEventSourceMapping20150331",
    "CreateFunction": "CreateFunction20150331",
    "DeleteFunction": "DeleteFunction20150331",
    "DeleteFunctionConcurrency": "DeleteFunctionConcurrency20171031",
    "PutFunctionConcurrency": "PutFunctionConcurrency20171031",
    "RemovePermission": "RemovePermission20150331v2",
    "UpdateEventSourceMapping": "UpdateEventSourceMapping20150331",
    "UpdateFunctionCode": "UpdateFunctionCode20150331v2",
    "UpdateFunctionConfiguration": "UpdateFunctionConfiguration20150331v2",
}
# Types of identities by the kind of resource in their ARN.
IDENTITIES = {"assumed-role": "AssumedRole", "user": "IAMUser", "federated-user": "FederatedUser"}
READ_ONLY = ("BatchGet", "Describe", "Get", "Head", "List", "Lookup", "Test", "Simulate")
# Read-only in CloudTrail although the name does not say so.
ALSO_READ_ONLY = {"AssumeRole", "AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"}
# Values that Step Functions keeps out of the trail.
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
HIDDEN_FIELDS = {"states": {"input", "definition", "output"}}


def record(source, name, identity, parameters, *, response=None, error=None, address="127.0.0.1", agent="",
           request_id=None):
    """Returns the record of one call; `error` is a pair of code and message, or None for a success."""
    read_only = name.startswith(READ_ONLY) or name in ALSO_READ_ONLY
    out = {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": LAMBDA_NAMES.get(name, name) if source == "lambda" else name,
        "awsRegion": get_region(),
        "sourceIPAddress": address,
        "userAgent": agent,
        "requestParameters": _without_secrets(source, parameters),
        "responseElements": None if read_only or error else response,
        "requestID": request_id or new_uuid(),
        "eventID": new_uuid(),
        "readOnly": read_only,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": get_account_id(),
        "eventCategory": "Management",
    }
    if error:
        out["errorCode"], out["errorMessage"] = error
    return out


def of_request(method, path, headers, body, query, request_id, response):
    """Returns the record of an API call that ministack answered, or None for a call that no trail records."""
    routed = ministack._routing_params(method, path, headers, body, query)
    service = detect_service(method, path, headers, routed)
    action = extract_iam_action(service, method, path, headers, body, routed)
    if not action:
        return None
    namespace, name = action.split(":", 1)
    source = SOURCES.get(namespace, namespace)
    if name in DATA.get(source, ()):
        return None
    status, answer_headers, answer = response[0], response[1], response[2]
    error = _error(status, answer_headers, answer)
    denied = error is not None and (status == 403 or error[0].startswith("AccessDenied"))
    return record(
        source,
        name,
        caller(extract_access_key_id(headers, query)),
        None if denied else _parameters(service, path, headers, body, query),
        response=_lower(_json(answer)),
        error=error,
        agent=headers.get("user-agent", ""),
        request_id=request_id,
    )


def caller(access_key):
    """Returns the `userIdentity` of the owner of an access key."""
    account = get_account_id()
    known = resolve_caller_identity(access_key or "test") or {}
    arn = known.get("userArn") or f"arn:aws:iam::{account}:root"
    kind = arn.split(":")[5].split("/")[0]
    identity = {
        "type": IDENTITIES.get(kind, "Root"),
        "principalId": known.get("userId") or account,
        "arn": arn,
        "accountId": account,
        "accessKeyId": access_key or "",
    }
    if kind == "user":
        identity["userName"] = arn.rsplit("/", 1)[-1]
    if kind == "assumed-role":
        identity["sessionContext"] = session_context(arn.split("/")[1], account)
    return identity


def session_context(role_name, account):
    """Returns the `sessionContext` of a session of a role; the issuer keeps the path of the role."""
    role = role_of(role_name, account) or {}
    return {
        "sessionIssuer": {
            "type": "Role",
            "principalId": role.get("RoleId", ""),
            "arn": role.get("Arn") or f"arn:aws:iam::{account}:role/{role_name}",
            "accountId": account,
            "userName": role_name,
        },
        "attributes": {
            "creationDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "mfaAuthenticated": "false",
        },
    }


def role_of(role_name, account):
    """Returns ministack's entry of a role, or None where there is no such role."""
    from ministack.services import iam

    return iam._roles.get_scoped(account, None, role_name)


def _parameters(service, path, headers, body, query):
    if service == "s3":
        parts = [part for part in path.split("/") if part]
        return {**({"bucketName": parts[0]} if parts else {}), **{name: "" for name in query}}
    parameters = _lower(_json(body))
    if parameters is None:
        form = parse_qs(body.decode("utf-8", "replace")) if body else {}
        flat = {name: values[0] for name, values in {**query, **form}.items()}
        parameters = _lower(_unflattened(flat))
    if service == "lambda" and (found := re.match(r"/[0-9-]+/functions/([^/]+)", path)):
        parameters["functionName"] = unquote(found.group(1))
    return parameters


def _unflattened(flat):
    """Returns the parameters of a query call with `Name.member.1.Key` made lists and maps again."""
    tree = {}
    for name, value in flat.items():
        if name in ("Action", "Version"):
            continue
        steps = [step for step in name.split(".") if step not in ("member", "entry")]
        node = tree
        for step in steps[:-1]:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                break
        else:
            node[steps[-1]] = value
    return _lists(tree)


def _lists(node):
    if not isinstance(node, dict):
        return node
    if node and all(key.isdigit() for key in node):
        return [_lists(node[key]) for key in sorted(node, key=int)]
    return {key: _lists(value) for key, value in node.items()}


def _lower(value):
    """Returns a JSON value with the first letter of every name in lower case, as CloudTrail writes them."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _lower(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_lower(inner) for inner in value]
    return value


def _without_secrets(source, parameters):
    hidden = HIDDEN_FIELDS.get(source, ())
    if not isinstance(parameters, dict):
        return parameters
    return {name: HIDDEN if name in hidden else value for name, value in parameters.items()}


def _json(body):
    try:
        value = json.loads(body) if body else None
    except (ValueError, TypeError):
        return None
    return value if isinstance(value, dict) else None


def _error(status, headers, body):
    if status < 400:
        return None
    parsed = _json(body) or {}
    named = {name.lower(): value for name, value in headers.items()}.get("x-amzn-errortype")
    code = parsed.get("__type") or named or parsed.get("Code") or parsed.get("code")
    message = parsed.get("message") or parsed.get("Message") or ""
    if not code:
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else ""
        found = re.search(r"<Code>([^<]*)</Code>", text)
        code = found.group(1) if found else "InternalFailure"
        found = re.search(r"<Message>([^<]*)</Message>", text)
        message = found.group(1) if found else ""
    return code.split("#")[-1].split(":")[0], message
