"""The report on recordings below build/calls: `python -m tests.support.permissions [--complete]`."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.statemachines.machines import ROOT
from tests.support.permissions.recording import CALLS, template_digest
from tests.support.permissions.report import Finding, Report, compare
from tests.support.permissions.suites import expected, told

WRITTEN = ROOT / "build" / "permissions" / "report.json"
# What more recordings could take away again.
OPEN = ("unused", "wide", "needless")
console = Console(highlight=False)


def main() -> int:
    """Print the table, write the JSON; 1 when there is something to mend, 2 when nothing is recorded.

    Only the recordings of all scenarios together can say what no run has used. As long as some are missing,
    the report says which, and what is unused is no failure; with `--complete` the missing ones are one.
    """
    current, stale = _recordings()
    if stale:
        console.print(f"{len(stale)} recordings were made with another template.yaml and are left out.")
    if not current:
        console.print(f"No recordings in {CALLS.relative_to(ROOT)}: run `make test` first.")
        return 2
    report = compare(current)
    lines, missing = told(current, expected())
    _write(report, current, missing)
    _print(report, current)
    _print_suites(lines, missing)
    return verdict(report.findings, missing, complete="--complete" in sys.argv)


def verdict(findings: Iterable[Finding], missing: set[str], *, complete: bool) -> int:
    """1 when there is something to mend; of a part of the recordings nobody can say what is unused."""
    if missing and complete:
        return 1
    return int(any(not missing or one.kind not in OPEN for one in findings))


def _recordings() -> tuple[list[Path], list[Path]]:
    current: list[Path] = []
    stale: list[Path] = []
    for path in sorted(CALLS.glob("*.jsonl")):
        with path.open() as lines:
            same = json.loads(next(lines))["template"] == template_digest()
        (current if same else stale).append(path)
    return current, stale


def _write(report: Report, recordings: list[Path], missing: set[str]) -> None:
    WRITTEN.parent.mkdir(parents=True, exist_ok=True)
    names = ("holder", "action", "resource")
    content = {
        "recordings": [path.name for path in recordings],
        "not_recorded": sorted(missing),
        "requests": report.requests,
        "findings": [asdict(one) | {"times": times} for one, times in report.findings.items()],
        **{
            name: [dict(zip(names, key, strict=True)) | {"reason": why} for key, why in given.items()]
            for name, given in (("excused", report.excused), ("explained", report.explained))
        },
        "permissions": [
            dict(zip(names, key, strict=True)) | {"used": times}
            for key, times in sorted(report.permissions.items())
        ],
        "not_judged": dict(report.strangers),
    }
    WRITTEN.write_text(json.dumps(content, indent=1))


def _print(report: Report, recordings: list[Path]) -> None:
    """What is to be said of each holder; those of whom nothing is are in the JSON alone."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for key, times in report.permissions.items():
        rows[key[0]]["allowed"] += 1
        rows[key[0]]["used"] += bool(times)
        rows[key[0]]["excused"] += key in report.excused
    for finding in report.findings:
        rows[finding.holder][finding.kind] += 1
    columns = ("allowed", "used", "excused", "unused", "wide", "refused", "meaningless")
    table = Table(title="Permissions: what is allowed, and what the recorded runs have used")
    table.add_column("holder")
    for column in columns:
        table.add_column(column, justify="right")
    for holder, counts in sorted(rows.items()):
        if any(counts[finding] for finding in columns[3:]):
            table.add_row(holder, *(str(counts[column] or "") for column in columns))
    total = sum(rows.values(), Counter[str]())
    table.add_section()
    table.add_row(f"all {len(rows)} holders", *(str(total[column] or "") for column in columns))
    console.print(table)
    for finding in sorted(report.findings, key=lambda one: (one.kind, one.holder)):
        line = f"{finding.kind}: {finding.holder}: {finding.action} on {finding.resource}: {finding.why}"
        console.print(line, soft_wrap=True, markup=False)
    console.print(
        f"{len(recordings)} recordings, {report.requests} requests, {len(report.permissions)} permissions, "
        f"{len(report.excused)} excused, {len(report.explained)} explained, {len(report.findings)} findings. "
        f"{WRITTEN.relative_to(ROOT)}"
    )


def _print_suites(lines: list[str], missing: set[str]) -> None:
    console.print(f"Recorded: {'; '.join(lines)}.")
    if not missing:
        return
    for test in sorted(missing):
        console.print(f"not recorded: {test}", soft_wrap=True, markup=False)
    console.print(
        f"PARTIAL: {len(missing)} tests are not recorded, so what is unused or wide above may only not have "
        "been tried. `make test`, `make scenarios` and the tests of the browser together record everything."
    )


if __name__ == "__main__":
    sys.exit(main())
