"""One empty local cloud for the contract tests of its runtime, events, APIs and control."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.empty_cloud import TIME_SCALE, EmptyCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmptyCloud]:
    """A cloud without a template, in which events come once and at once and waiting times are short."""
    from local import server

    build: Path = tmp_path_factory.mktemp("cloud")
    running = server.start(
        template=None,
        seed=False,
        world=False,
        time_scale=TIME_SCALE,
        habits={"duplicate_share": 0, "max_delay_s": 0},
        build=str(build),
    )
    with running:
        yield EmptyCloud(running.endpoint)
