"""Holds reports against the schema of SARIF 2.1.0: `check.py SCHEMA REPORT...`.

Exits with 0 (all valid) or 1, and prints what is wrong where.
"""

import json
import pathlib
import sys

import jsonschema


def main(schema, *reports):
    validator = jsonschema.validators.validator_for(schema)
    validator.check_schema(schema)
    wrong = 0
    for report in reports:
        document = json.loads(pathlib.Path(report).read_text(encoding="utf-8"))
        for error in validator(schema, format_checker=jsonschema.FormatChecker()).iter_errors(document):
            print(f"{report}: {error.json_path}: {error.message[:300]}")
            wrong += 1
        print(f"{report}: {len(document['runs'][0]['results'])} results")
    return 1 if wrong else 0


if __name__ == "__main__":
    SCHEMA = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    sys.exit(main(SCHEMA, *sys.argv[2:]))
