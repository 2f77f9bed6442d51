#!/usr/bin/env python3
"""Writes src/catalogue/operations.txt from the service models of botocore.

Run: python3 catalogue/generate.py          writes the table
     python3 catalogue/generate.py --check  says whether the table is what its head says, without the network
It installs the pinned botocore into a virtual environment of its own (a temporary folder, removed at the end)
and runs itself there. The output is a pure function of the pinned package: the file's head records version
and hash, which a test of the crate checks.

Format, one service a line: id TAB IAM prefix TAB endpoint prefix TAB operations, separated by spaces.
What the models get wrong about IAM and CloudTrail stands in src/catalogue/quirks.toml, never here.
"""

import hashlib
import pathlib
import subprocess
import sys
import tempfile

VERSION = "1.44.5"
TARGET = pathlib.Path(__file__).resolve().parent.parent / "src" / "catalogue" / "operations.txt"


def rows():
    import botocore.session

    session = botocore.session.get_session()
    for service in sorted(session.get_available_services()):
        model = session.get_service_model(service)
        endpoint = model.metadata["endpointPrefix"]
        prefix = model.metadata.get("signingName") or endpoint
        yield "\t".join([service, prefix, endpoint, " ".join(sorted(model.operation_names))])


def write():
    body = "".join(row + "\n" for row in rows())
    digest = hashlib.sha256(body.encode()).hexdigest()
    count = sum(line.rsplit("\t", 1)[1].count(" ") + 1 for line in body.splitlines())
    head = f"# botocore {VERSION} services={body.count(chr(10))} operations={count} sha256={digest}\n"
    TARGET.write_text(head + body)
    print(head, end="")


def check():
    head, body = TARGET.read_text().split("\n", 1)
    digest = hashlib.sha256(body.encode()).hexdigest()
    if not head.startswith(f"# botocore {VERSION} ") or not head.endswith(f"sha256={digest}"):
        sys.exit(f"{TARGET.name} is not what its head says; run this script without --check")


def main():
    if "--check" in sys.argv:
        check()
        return
    if "--inside" in sys.argv:
        write()
        return
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        python = pathlib.Path(folder) / "bin" / "python"
        subprocess.run([python, "-m", "pip", "install", "-q", f"botocore=={VERSION}"], check=True)
        subprocess.run([python, __file__, "--inside"], check=True)


if __name__ == "__main__":
    main()
