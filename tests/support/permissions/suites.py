"""Which scenarios have been recorded, and which have not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.statemachines.machines import ROOT
from tests.support.permissions.recording import test_of
from tests.support.permissions.stack import Stack

RECORDED = ("tests/use_cases", "tests/browser")
"""Every test of these folders that has a local cloud must be in a recording."""


class _Collected:
    def __init__(self) -> None:
        self.tests: set[str] = set()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.tests = {name for item in session.items if (name := test_of(item))}


def expected() -> set[str]:
    """Every test that records what its cloud was asked for.

    Raises:
        RuntimeError: They cannot be collected.
    """
    found = _Collected()
    folders = [str(ROOT / each) for each in RECORDED]
    quiet = ["--collect-only", "-p", "no:terminal", "-p", "no:cacheprovider", f"--rootdir={ROOT}"]
    quiet += ["-o", "addopts=--import-mode=importlib"]
    if code := pytest.main([*quiet, *folders], plugins=[found]):
        raise RuntimeError(f"pytest could not collect {', '.join(RECORDED)}: {code!r}")
    return found.tests


def told(recordings: Iterable[Path], wanted: set[str]) -> tuple[list[str], set[str]]:
    """A line for each folder of tests with how many of its tests are recorded, and the tests that are not."""
    ran = {test for path in recordings for test in Stack(path).place.get("tests", [])}
    missing = wanted - ran
    all_of, lacking = (Counter(map(_folder, tests)) for tests in (wanted | ran, missing))
    lines = [f"{folder}: {all_of[folder] - lacking[folder]} of {all_of[folder]}" for folder in sorted(all_of)]
    return lines, missing


def _folder(test: str) -> str:
    return test.rpartition("::")[0].rpartition("/")[0]
