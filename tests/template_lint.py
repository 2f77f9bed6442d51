"""Checks the templates: what they expand to, what linters say of them, and which permissions they grant.

The tools are Python packages with pinned versions. On first use they are installed into environments of their own in
the target folder; Python with `venv` and a package index are all that has to be there.
Exits with 0 (clean), 1 (findings) or 2 (could not run).
"""

import hashlib
import json
import os
import pathlib
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEMPLATES = [ROOT / "template.yaml", ROOT / "template-global.yaml"]
SKIP = "checkov:skip="


def target():
    """Returns the target folder of the build."""
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()


def environment(name):
    """Returns the folder with the programs of `tests/template/NAME.txt`, installed now if they are not there yet."""
    requirements = ROOT / "tests" / "template" / f"{name}.txt"
    pins = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = target() / "template" / f"{name}-{pins}"
    if not (folder / "complete").exists():
        venv.create(folder, clear=True, with_pip=True)
        install = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--no-compile", "--no-deps", "--requirement", requirements], check=True)
        (folder / "complete").touch()
    return folder / "bin"


def run(what, *command):
    """Runs a tool, prints what it says if it finds something, and returns whether it is content."""
    settings = {"AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"}
    done = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=False)
    print(f"{what}: {'clean' if done.returncode == 0 else 'findings'}")
    if done.returncode:
        print(done.stdout + done.stderr)
    return done.returncode == 0


def checked(checkov, template):
    """Runs checkov on a template; each of its checks passes, or is skipped in place with a reason."""
    command = [checkov, "--file", template, "--framework", "cloudformation", "--skip-download", "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    results = report["results"]
    for failed in results["failed_checks"]:
        print(f"{template.name}: {failed['check_id']} on {failed['resource']}: {failed['check_name']}")
    text = template.read_text(encoding="utf-8")
    # A skip that skips nothing is a mistake, and so is one without a reason.
    skips = [line.split(SKIP)[1] for line in text.splitlines() if SKIP in line]
    bare = [skip for skip in skips if not skip.partition(":")[2].strip()]
    skipped = len(results["skipped_checks"])
    for skip in bare:
        print(f"{template.name}: `{skip}` is skipped without a reason")
    if skipped != len(skips):
        print(f"{template.name}: {len(skips)} skips are written, {skipped} checks were skipped")
    clean = not results["failed_checks"] and not bare and skipped == len(skips)
    passed, word = report["summary"]["passed"], "clean" if clean else "findings"
    print(f"checkov {template.name}: {word}, {passed} passed, {skipped} skipped with a reason")
    return clean


def main():
    try:
        sam, checkov = environment("sam"), environment("checkov")
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"the tools for templates cannot be installed: {error}", file=sys.stderr)
        return 2
    clean = run("expansion, cfn-lint, permissions", sam / "python", ROOT / "tests" / "template" / "expanded.py")
    for template in TEMPLATES:
        clean &= run(f"sam validate {template.name}", sam / "sam", "validate", "--lint", "--template", template)
        clean &= checked(checkov / "checkov", template)
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
