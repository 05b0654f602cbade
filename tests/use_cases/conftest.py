"""One local cloud for each test process; each scenario has a service of its own in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local import server
from local.sample import Place
from tests.support.permissions import recording
from tests.support.together import SideBySide, Tell, telling


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    running = server.start(port=0, seed=False)
    try:
        place = Place(running.endpoint)
        topic = place.resource("NotificationsTopic")
        place.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="team@example.com")
        place.world("POST", "/mailbox/confirm", {"address": "team@example.com"})
        yield place
        recording.write(place, "use_cases")
    finally:
        running.stop()


@pytest.fixture
def story(place: Place) -> Iterator[Tell]:
    """Makes stories; asserts that each of them has come to rest."""
    with telling(place) as tell:
        yield tell


@pytest.fixture(scope="session")
def side_by_side(place: Place) -> Iterator[SideBySide]:
    """For files whose tests run at the same time: see `tests/support/together.py`."""
    running = SideBySide(place)
    yield running
    running.close()


def pytest_runtest_call(item: pytest.Item) -> None:
    """Let the recording say which tests it is of."""
    recording.note_run(item)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Take the result of a test that runs beside others, in place of running it here and now."""
    running = pyfuncitem.funcargs.get("side_by_side")
    if not isinstance(running, SideBySide):
        return None
    running.result_of(pyfuncitem)
    return True
