"""The report on recordings below build/calls: `python -m tests.support.permissions [--tolerate-unused]`."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.statemachines.machines import ROOT
from tests.support.permissions.recording import CALLS, template_digest
from tests.support.permissions.report import Report, compare

WRITTEN = ROOT / "build" / "permissions" / "report.json"
console = Console(highlight=False)


def main() -> int:
    """Print the table, write the JSON; 1 when there is something to mend, 2 when nothing is recorded.

    What no run has used is printed, and with `--tolerate-unused` is no failure.
    """
    current, stale = _recordings()
    if stale:
        console.print(f"{len(stale)} recordings were made with another template.yaml and are left out.")
    if not current:
        console.print(f"No recordings in {CALLS.relative_to(ROOT)}: run `make test` first.")
        return 2
    report = compare(current)
    _write(report, current)
    _print(report, current)
    failing = [one for one in report.findings if one.kind != "unused" or "--tolerate-unused" not in sys.argv]
    return 1 if failing else 0


def _recordings() -> tuple[list[Path], list[Path]]:
    current: list[Path] = []
    stale: list[Path] = []
    for path in sorted(CALLS.glob("*.jsonl")):
        with path.open() as lines:
            same = json.loads(next(lines))["template"] == template_digest()
        (current if same else stale).append(path)
    return current, stale


def _write(report: Report, recordings: list[Path]) -> None:
    WRITTEN.parent.mkdir(parents=True, exist_ok=True)
    names = ("holder", "action", "resource")
    content = {
        "recordings": [path.name for path in recordings],
        "requests": report.requests,
        "findings": [asdict(one) | {"times": times} for one, times in report.findings.items()],
        "excused": [
            dict(zip(names, key, strict=True)) | {"reason": why} for key, why in report.excused.items()
        ],
        "permissions": [
            dict(zip(names, key, strict=True)) | {"used": times}
            for key, times in sorted(report.permissions.items())
        ],
        "not_judged": dict(report.strangers),
    }
    WRITTEN.write_text(json.dumps(content, indent=1))


def _print(report: Report, recordings: list[Path]) -> None:
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for key, times in report.permissions.items():
        rows[key[0]]["allowed"] += 1
        rows[key[0]]["used"] += bool(times)
        rows[key[0]]["excused"] += key in report.excused
    for finding in report.findings:
        rows[finding.holder][finding.kind] += 1
    columns = ("allowed", "used", "excused", "unused", "refused", "meaningless")
    table = Table(title="Permissions: what is allowed, and what the recorded runs have used")
    table.add_column("holder")
    for column in columns:
        table.add_column(column, justify="right")
    for holder, counts in sorted(rows.items()):
        table.add_row(holder, *(str(counts[column] or "") for column in columns))
    console.print(table)
    for finding in sorted(report.findings, key=lambda one: (one.kind, one.holder)):
        line = f"{finding.kind}: {finding.holder}: {finding.action} on {finding.resource}: {finding.why}"
        console.print(line, soft_wrap=True, markup=False)
    console.print(
        f"{len(recordings)} recordings, {report.requests} requests, {len(report.permissions)} permissions, "
        f"{len(report.excused)} excused, {len(report.findings)} findings. {WRITTEN.relative_to(ROOT)}"
    )


if __name__ == "__main__":
    sys.exit(main())
