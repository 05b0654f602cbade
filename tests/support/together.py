"""Scenarios told at the same time: each mostly waits, so one process tells several on its one local cloud.

A file of scenarios says `pytestmark = together("canary")`. Its tests take `story` and parameters, nothing
else, and touch nothing but the service of their story. They remain tests of their own: each is selected and
reported alone, and its failure is its own; only the times that pytest tells are those of the waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from local.sample import Place
from tests.support.story import Story

AT_ONCE = 4
"""More at once do not end sooner: two cores have enough to do with the pulses of so many canaries."""
GROUP_SECONDS = 900
"""The first test of a group may wait for others that were begun before it."""

Change = Callable[[dict[str, Any]], None]
Tell = Callable[..., Story]


def together(group: str) -> list[pytest.MarkDecorator]:
    """The marks of a file whose tests run beside those of the same group, all in one process.

    `tests/conftest.py` reads the group in the text of the file, where this stands behind `pytestmark =`.
    """
    return [
        pytest.mark.xdist_group(group),
        pytest.mark.usefixtures("side_by_side"),
        pytest.mark.timeout(GROUP_SECONDS),
    ]


@contextmanager
def telling(place: Place) -> Iterator[Tell]:
    """Makes stories; asserts in the end that each of them has come to rest."""
    told: list[Story] = []

    def tell(change: Change | None = None, *, confirm: bool = True) -> Story:
        told.append(Story(place, change))
        return told[-1].registered(confirm=confirm)

    yield tell
    for each in told:
        each.at_rest()
        each.users_leave()


class SideBySide:
    """Runs the tests of a group in threads; each test then waits for its own result."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="story")
        self._results: dict[str, Future[None]] = {}

    def result_of(self, item: pytest.Function) -> None:
        """Wait for the end of a test, and raise what it raised.

        The first test of a group starts all of it, in the order of the tests, as many as fit.
        """
        if item.nodeid not in self._results:
            for each in item.session.items:
                if isinstance(each, pytest.Function) and _group(each) == _group(item):
                    self._results[each.nodeid] = self._pool.submit(self._tell, each)
        self._results[item.nodeid].result()

    def close(self) -> None:
        """Begin no further test; those that still run soon miss their local cloud."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _tell(self, item: pytest.Function) -> None:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        with telling(self._place) as tell:
            item.obj(story=tell, **parameters)


def _group(item: pytest.Function) -> str | None:
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0]) if mark and "side_by_side" in item.fixturenames else None
