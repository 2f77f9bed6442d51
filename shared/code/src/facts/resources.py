#!/usr/bin/env python3
"""Writes resources.toml: what the methods of boto3's resource classes call.

usage: resources.py FOLDER > resources.toml
FOLDER holds the unpacked wheel of boto3 (`pip download --no-deps boto3==1.44.8`).
"""

import json
import re
import sys
from pathlib import Path


def snake(name):
    """boto3's method name of an action, a reference or a collection."""
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return name.lower()


def source(param):
    if param["source"] == "identifier":
        return param["name"]
    if param["source"] == "input":
        return "?"
    if param["source"] == "string":
        return json.dumps(param["value"]).replace('"', "'")
    return "*"


def request(action):
    """`Operation Member=Identifier ...`; lists by their first element."""
    call = action["request"]
    words = [call["operation"]]
    for param in call.get("params", []):
        origin = source(param)
        if origin not in ("*", "?"):
            target = re.sub(r"\[(\d*)\]", lambda match: "." + (match.group(1) or "0"), param["target"])
            words.append(f"{target}={origin}")
    return " ".join(words)


def leads(resource, many):
    kind = resource["type"] + ("[]" if many else "")
    return " ".join([kind] + [source(one) for one in resource.get("identifiers", [])])


def table(entries):
    inner = ", ".join(f"{name} = {json.dumps(text)}" for name, text in sorted(entries.items()))
    return f"{{ {inner} }}" if inner else "{}"


def row(service, name, body):
    calls = {snake(key): request(action) for key, action in body.get("actions", {}).items()}
    batch = {snake(key): request(action) for key, action in body.get("batchActions", {}).items()}
    ways = {}
    for key, has in body.get("has", {}).items():
        inputs = any(one["source"] == "input" for one in has["resource"].get("identifiers", []))
        plain = leads(has["resource"], False)
        ways[key] = plain
        if not inputs and name:
            ways[snake(key)] = plain
    for key, many in body.get("hasMany", {}).items():
        ways[snake(key)] = leads(many["resource"], True)
    identifiers = [one["name"] for one in body.get("identifiers", [])]
    print(f'[[resource]]\nservice = "{service}"\nclass = "{name}"')
    print(f"identifiers = {json.dumps(identifiers)}")
    print(f"calls = {table(calls)}\nbatch = {table(batch)}\nleads = {table(ways)}\n")


def main():
    root = Path(sys.argv[1])
    data = root / "boto3" / "data"
    version = re.search(r'__version__ = .([0-9.]+)', (root / "boto3" / "__init__.py").read_text()).group(1)
    print("# What the methods of boto3's resource classes call. Written by resources.py; do not edit.")
    print("# A call is its operation and the request members that the object's identifiers fill; a way leads to a class")
    print("# (`[]`: a collection of it) with its identifiers: `?` is an argument, `*` is not known.")
    print(f'source = "boto3 {version}, resources-1.json"\nconfidence = "documented"\n')
    for service in sorted(path.name for path in data.iterdir() if path.is_dir()):
        latest = max((data / service).iterdir())
        model = json.loads((latest / "resources-1.json").read_text())
        row(service, "", model.get("service", {}))
        for name, body in sorted(model["resources"].items()):
            row(service, name, body)


main()
