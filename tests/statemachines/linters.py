"""Runs the two public linters of Amazon States Language over every state machine.

`python -m tests.statemachines.linters` is what `make asl` and CI call. asl-validator holds a file against
the published schema, statelint reads the language's own rules and every JSONata expression; each finds
mistakes that the other does not.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.statemachines.machines import ROOT, files

SCHEMA = ROOT / "node_modules/.bin/asl-validator"
STATELINT = Path(sys.executable).parent / "statelint"
# statelint 3.1.0 wants a number here, although the language allows an expression that yields one:
# https://states-language.net/spec.html#timeouts and #wait-state
ALLOWED = re.compile(
    r'\.(TimeoutSeconds|HeartbeatSeconds|Seconds|MaxConcurrency) is "\{%.*%\}" but should be an Integer'
)
SUMMARY = re.compile(r"^(One error|\d+ errors):$")


def complaints(path: Path) -> list[str]:
    """What the two linters say about the file at `path`, one sentence each; nothing when it is sound."""
    schema = _run([str(SCHEMA), "--json-path", str(path)])
    language = _run([str(STATELINT), "--eval-jsonata", str(path)])
    found = [line for line in language.splitlines() if not SUMMARY.match(line) and not ALLOWED.search(line)]
    return [
        line.strip() for line in ([] if "is valid" in schema else schema.splitlines()) + found if line.strip()
    ]


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def main() -> int:
    """Lint every machine and print one line for each."""
    failed = 0
    for path in files():
        found = complaints(path)
        failed += bool(found)
        print("\n    ".join([f"{'FAIL' if found else 'ok  '} {path.relative_to(ROOT)}", *found]))
    print(f"{len(files())} state machines, {failed} with mistakes")
    return 1 if failed or not files() else 0


if __name__ == "__main__":
    sys.exit(main())
