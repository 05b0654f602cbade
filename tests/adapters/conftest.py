"""Every contract suite runs twice: against the fake, and against the adapter on moto within this process."""

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from tests.adapters.values import HOME
from tests.adapters.worlds import FakeWorld, WorkloadWorld, simulated
from tests.support.ports import fake_ports
from tests.support.tables import create_tables
from tidegate.aws.clients import Clients
from tidegate.bootstrap import LazyPorts
from tidegate.ports import Ports
from tidegate.settings import Settings


@pytest.fixture(scope="session")
def model() -> Any:
    """One botocore session for all tests: reading its service models takes longest."""
    return botocore.session.get_session()


@pytest.fixture
def moto() -> Iterator[None]:
    """An empty account in moto."""
    with mock_aws(config={"stepfunctions": {"execute_state_machine": False}}):
        yield


@pytest.fixture
def clients(moto: None, model: Any, monkeypatch: pytest.MonkeyPatch) -> Clients:
    """Clients of the adapters, in moto's account."""
    monkeypatch.setattr(botocore.session, "get_session", lambda: model)
    return Clients(HOME)


@pytest.fixture(params=["fake", "adapter"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which of the two stands behind the port in this run."""
    return str(request.param)


@pytest.fixture
def stores(kind: str, request: pytest.FixtureRequest) -> Ports:
    """Ports whose stores are empty: the fakes, or the adapters on tables in moto."""
    if kind == "fake":
        return fake_ports()
    return aws_stores(request.getfixturevalue("clients"))


def aws_stores(clients: Clients) -> LazyPorts:
    """The adapters on new tables."""
    names = create_tables(clients.home("dynamodb"))
    account = {"HOME_ACCOUNT": HOME.account, "AWS_REGION": HOME.region, "STACK_NAME": "tidegate"}
    ports = LazyPorts(Settings.from_environment(account | names))
    vars(ports)["_clients"] = clients
    return ports


@pytest.fixture
def world(kind: str, model: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkloadWorld]:
    """A workload: as the fakes were told of it, or as the simulated world on moto runs it."""
    if kind == "fake":
        yield FakeWorld()
        return
    monkeypatch.setattr(botocore.session, "get_session", lambda: model)
    with simulated(Clients(HOME)) as running:
        yield running
