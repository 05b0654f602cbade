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
    """What is recorded, in a few words for each suite and each folder of tests; and the tests that are not.

    A suite outside of the folders, such as the fault matrix, may be there or not.
    """
    places = [Stack(path).place for path in recordings]
    ran = {test for place in places for test in place["tests"]}
    missing = wanted - ran
    all_of, lacking = (Counter(map(_folder, tests)) for tests in (wanted | ran, missing))
    suites = Counter(place["suite"] for place in places)
    lines = [f"{times} clouds of {suite}" for suite, times in sorted(suites.items())]
    lines += [f"{all_of[each] - lacking[each]} of {all_of[each]} tests in {each}" for each in sorted(all_of)]
    return lines, missing


def _folder(test: str) -> str:
    return test.rpartition("::")[0].rpartition("/")[0]
