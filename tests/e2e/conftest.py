"""Deselects this suite unless a person has opted in and accepted its cost. Never run."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import teardown
from tests.e2e.account import Account, Consent
from tests.e2e.cost import estimate
from tests.e2e.events import Forwarder
from tests.e2e.service import RealStory
from tests.statemachines.machines import ROOT

SAM = ROOT / ".venv-sam" / "bin" / "sam"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without consent the tests are not even listed as skipped."""
    mine = [
        item
        for item in items
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("e2e")
    ]
    if mine and Consent.given() is None:
        config.hook.pytest_deselected(items=mine)
        items[:] = [item for item in items if item not in mine]


@pytest.fixture(scope="session")
def account() -> Account:
    consent = Consent.given()
    assert consent is not None
    dollars = estimate()
    print(f"One run costs about {dollars} dollars; accepted are {consent.dollars}.")
    if consent.dollars < dollars:
        pytest.exit(f"Accept at least {dollars} dollars with TIDEGATE_E2E_ACCEPT_DOLLARS.", returncode=2)
    return Account(consent)


@pytest.fixture(scope="session")
def stack(account: Account) -> Iterator[Account]:
    """The test stack, built and deployed, with its mails in a queue; taken down in the end."""
    for command in (["build"], ["deploy", "--config-env", "test", "--no-confirm-changeset"]):
        subprocess.run([str(SAM), *command, "--profile", account.consent.profile], cwd=ROOT, check=True)
    try:
        assert account.mail_queue
        yield account
    finally:
        teardown.stack(account)


@pytest.fixture
def real_story(stack: Account) -> Iterator[RealStory]:
    """A registered throw-away service; taken down in the end."""
    told = RealStory(stack)
    with Forwarder(stack, told.name):
        try:
            yield told
        finally:
            teardown.service(stack, told.name)
