"""One local cloud for each test process; each scenario has a service of its own in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local import server
from local.sample import Place
from tests.support.permissions import recording
from tests.support.story import Story

Change = Callable[[dict[str, Any]], None]


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
def story(place: Place) -> Iterator[Callable[..., Story]]:
    """Makes stories; asserts that each of them has come to rest."""
    told: list[Story] = []

    def tell(change: Change | None = None, *, confirm: bool = True) -> Story:
        told.append(Story(place, change))
        return told[-1].registered(confirm=confirm)

    yield tell
    for each in told:
        each.at_rest()
