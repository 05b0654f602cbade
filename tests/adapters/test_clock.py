"""What `ports.Clock` promises."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.fakes import FakeClock
from tidegate.aws.clock import SystemClock
from tidegate.ports import Clock


@pytest.fixture
def clock(kind: str) -> Clock:
    return FakeClock() if kind == "fake" else SystemClock()


def test_now_is_in_utc(clock: Clock):
    assert clock.now().utcoffset() == timedelta(0)


def test_every_secret_and_every_salt_is_another(clock: Clock):
    secrets = {clock.secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(len(secret) == 43 for secret in secrets)
    salts = [clock.salt() for _ in range(10)]
    assert len(set(salts)) == 10
    assert all(len(salt) == 6 and int(salt, 16) >= 0 for salt in salts)


def test_the_system_clock_tells_the_time():
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)
