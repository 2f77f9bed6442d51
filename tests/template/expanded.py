"""Lints what `template.yaml` expands to: SAM first, then the CloudFormation that comes out.

Linting the SAM text alone misses a wrong runtime or a misspelt action, so both texts are linted. Then the actions
that the guard's role has are compared with the calls that the code makes, both ways.
Run by `tests/template_lint.py`, with the packages of `sam.txt`; exits with 0 (clean) or 1 (findings).
"""

import json
import os
import pathlib
import re
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TEMPLATE = ROOT / "template.yaml"
CALLS = ROOT / "shared" / "aws" / "src"
PERMISSIONS = ROOT / "shared" / "aws" / "permissions.toml"
REGIONS = ["us-east-1", "eu-west-1"]


def expanded(text):
    """Returns the template with SAM resources replaced by the CloudFormation they stand for."""
    from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
    from samtranslator.translator.transform import transform
    from samtranslator.yaml_helper import yaml_parse

    template = yaml_parse(text)
    for resource in template["Resources"].values():
        # The translator takes code from S3 only; packaging puts it there.
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://packaged/code.zip"
    os.environ.setdefault("AWS_DEFAULT_REGION", REGIONS[0])
    policies = ManagedPolicyLoader(None)
    policies._policy_map = {}  # no managed policy is named, so none has to be looked up
    return transform(template, {}, policies)


def findings(path):
    """Returns what cfn-lint says about a file."""
    from cfnlint.api import ManualArgs, lint_file

    return lint_file(path, config=ManualArgs(regions=REGIONS))


# What services do under the roles: Lambda writes the log, and takes from the guard's queue; SNS encrypts.
# S3 encrypts what the guard puts.
LOGGED = {("logs:CreateLogStream", None), ("logs:PutLogEvents", None)}
ENCRYPTED = {("kms:Decrypt", "HasTopicKey"), ("kms:GenerateDataKey", "HasTopicKey")}
KEPT = {("kms:GenerateDataKey", "HasInventoryKey")}
TAKEN = {("sqs:DeleteMessage", None), ("sqs:GetQueueAttributes", None), ("sqs:ReceiveMessage", None)}

# Which parts of permissions.toml a role stands for, each with the condition of the template, and what services do under it.
ROLES = {
    "GuardRole": (
        {"both": None, "guard": None, "events": "HasEventBus", "enforce": "Enforces", "braking": "HasBrake", "brake": "Brakes", "interrupt": "Interrupts", "inventory": "KeepsInventory"},
        LOGGED | ENCRYPTED | KEPT | TAKEN,
    ),
    "SentinelRole": (
        {"both": None, "sentinel": None, "events": "HasEventBus", "tripwires": "HasTripwires", "budgets": "HasIncidentBudgets"},
        LOGGED | ENCRYPTED,
    ),
}


def granted(expansion, role):
    """Returns the actions that a role has, each with the condition of the template on which it has it; one may be there twice."""
    resources = expansion["Resources"]
    properties = resources[role]["Properties"]
    attached = [resources[policy["Ref"]]["Properties"] for policy in properties["ManagedPolicyArns"]]
    actions = set()
    for policy in properties["Policies"] + attached:
        for statement in policy["PolicyDocument"]["Statement"]:
            condition = None
            if "Fn::If" in statement:
                condition, statement, _ = statement["Fn::If"]
            named = statement["Action"]
            actions |= {(action, condition) for action in ([named] if isinstance(named, str) else named)}
    return actions


def permissions(expansion):
    """Returns sentences on actions that are called and not granted, or granted and not called."""
    table = tomllib.loads(PERMISSIONS.read_text(encoding="utf-8"))
    said = []
    for role, (parts, by_services) in ROLES.items():
        wanted = set(by_services)
        for part, condition in parts.items():
            for operation, asks in table[part].items():
                wanted |= {(action, condition) for action in asks or [operation]}
        has = granted(expansion, role)
        said += [f"{role}: `{a}` ({c or 'always'}) is called and not granted" for a, c in sorted(wanted - has, key=str)]
        said += [f"{role}: `{a}` ({c or 'always'}) is granted and not called" for a, c in sorted(has - wanted, key=str)]
    called = set()
    for path in sorted(CALLS.rglob("*.rs")):
        if path.name != "tests.rs":
            called |= set(re.findall(r'"([a-z][a-z0-9]+:[A-Z]\w+)"', path.read_text(encoding="utf-8")))
    listed = {operation for part in table.values() for operation in part}
    said += [f"`{action}` is called and not in permissions.toml" for action in sorted(called - listed)]
    return said + [f"`{action}` is in permissions.toml and not called" for action in sorted(listed - called)]


def main():
    expansion = expanded(TEMPLATE.read_text(encoding="utf-8"))
    found = list(findings(TEMPLATE))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "expanded.json"
        path.write_text(json.dumps(expansion, indent=1), encoding="utf-8")
        found += findings(path)
    found += permissions(expansion)
    for match in found:
        print(match)
    print(f"template.yaml: {len(found)} findings, {len(expansion['Resources'])} resources after expansion")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
