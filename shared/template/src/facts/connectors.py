#!/usr/bin/env python3
"""Writes connectors.toml from the pinned package aws-sam-translator.

    pip download --no-deps aws-sam-translator==1.115.0
    python3 connectors.py aws_sam_translator-1.115.0-py3-none-any.whl > connectors.toml
"""
import json
import re
import sys
import zipfile

wheel = zipfile.ZipFile(sys.argv[1])
table = json.loads(wheel.read("samtranslator/model/connector_profiles/profiles.json"))


def form(resource):
    """Returns a resource as a text for Fn::Sub: %{Source.Arn} is ${SourceArn}."""
    return re.sub(r"%\{(\w+)\.(\w+)\}", r"${\1\2}", resource)


def quoted(values):
    return "[" + ", ".join(json.dumps(value) for value in values) + "]"


print("# What SAM's connectors allow the role of their source, or of their destination. Written by connectors.py.")
print("# Connectors that make a resource's own policy, or a permission to invoke a function, are without statements.")
package = "-".join(sys.argv[1].rsplit("/", 1)[-1].split("-")[:2]).replace("_", "-")
print(f'source = "https://pypi.org/project/aws-sam-translator/ ({package}, connector_profiles/profiles.json)"')
for source, destinations in table["Permissions"].items():
    for destination, profile in destinations.items():
        properties = profile["Properties"]
        print(f'\n[[connector]]\nfrom = "{source}"\nto = "{destination}"')
        if profile["Type"] != "AWS_IAM_ROLE_MANAGED_POLICY":
            continue
        print(f'role = "{"source" if properties["SourcePolicy"] else "destination"}"')
        for access, policy in properties["AccessCategories"].items():
            for statement in policy["Statement"]:
                assert statement["Effect"] == "Allow" and "Condition" not in statement, (source, destination)
                print("[[connector.statement]]")
                print(f'access = "{access}"')
                print(f"actions = {quoted(statement['Action'])}")
                print(f"resources = {quoted(form(resource) for resource in statement['Resource'])}")
