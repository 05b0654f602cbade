"""The mended moto that these tests talk to."""

from __future__ import annotations

import pytest

from tests.local.mends.server import Server, running


@pytest.fixture(scope="session")
def server() -> Server:
    return running()
