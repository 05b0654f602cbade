from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.world.support import Region


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    # A thousand machine images that no test looks at take a quarter of a second to load.
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")


@pytest.fixture
def region(credentials) -> Iterator[Region]:
    with Region.kind() as made:
        yield made


@pytest.fixture
def unkind_region(credentials) -> Iterator[Region]:
    with Region.unkind() as made:
        yield made
