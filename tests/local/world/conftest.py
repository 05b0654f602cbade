from __future__ import annotations

from collections.abc import Iterator

import pytest
from moto import mock_aws

import local.world as simulated
from tests.local.world.support import Region


@pytest.fixture(scope="package", autouse=True)
def moto_in_process() -> Iterator[None]:
    """moto under all clients, once: starting it for every test would take longer than the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        with mock_aws():
            yield
    simulated.uninstall()


@pytest.fixture
def region() -> Iterator[Region]:
    with Region.kind() as made:
        yield made


@pytest.fixture
def unkind_region() -> Iterator[Region]:
    with Region.unkind() as made:
        yield made
