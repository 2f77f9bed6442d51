#!/usr/bin/env python3
"""Writes policy-templates.toml from the pinned package aws-sam-translator.

    pip download --no-deps aws-sam-translator==1.115.0
    python3 policy_templates.py aws_sam_translator-1.115.0-py3-none-any.whl > policy-templates.toml
"""
import json
import re
import sys
import zipfile

wheel = zipfile.ZipFile(sys.argv[1])
table = json.loads(wheel.read("samtranslator/policy_templates_data/policy_templates.json"))


def form(resource):
    """Returns a resource as one text for Fn::Sub with the template's own parameters as variables."""
    if isinstance(resource, str):
        return resource
    ((name, argument),) = resource.items()
    if name == "Ref":
        return "${" + argument + "}"
    if name != "Fn::Sub":
        raise ValueError(resource)
    if isinstance(argument, str):
        return argument
    text, variables = argument
    return re.sub(r"\$\{(\w+)\}", lambda m: form(variables[m[1]]) if m[1] in variables else m[0], text)


def listed(value):
    return value if isinstance(value, list) else [value]


def quoted(values):
    return "[" + ", ".join(json.dumps(value) for value in values) + "]"


print("# The policy templates of SAM: what each allows. Written by policy_templates.py.")
print("# Conditions are left out, so that a statement here allows at least what SAM's allows.")
package = "-".join(sys.argv[1].rsplit("/", 1)[-1].split("-")[:2]).replace("_", "-")
print(f'source = "https://pypi.org/project/aws-sam-translator/ ({package}, policy_templates.json)"')
for name in sorted(table["Templates"]):
    print(f'\n[[template]]\nname = "{name}"')
    for statement in listed(table["Templates"][name]["Definition"]["Statement"]):
        assert statement["Effect"] == "Allow", name
        print("[[template.statement]]")
        print(f"actions = {quoted(listed(statement['Action']))}")
        print(f"resources = {quoted(form(resource) for resource in listed(statement['Resource']))}")
