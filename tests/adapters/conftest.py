"""Every contract suite runs twice: against the fake, and against the adapter on moto within this process."""

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from moto import mock_aws
from moto.backends import get_backend

from tests.adapters.values import HOME
from tests.adapters.worlds import FakeWorld, WorkloadWorld, simulated
from tests.support.ports import fake_ports
from tests.support.tables import create_tables
from tidegate.aws.clients import Clients
from tidegate.bootstrap import LazyPorts
from tidegate.ports import Ports
from tidegate.settings import Settings

USED = (
    *("applicationautoscaling", "cloudwatch", "dynamodb", "ecr", "ecs", "elbv2", "logs", "s3", "scheduler"),
    *("sns", "stepfunctions"),
)
"""What a test may have changed in moto. The network of ec2 is only read, and slow to make anew."""


@pytest.fixture(scope="package", autouse=True)
def moto_in_process() -> Iterator[None]:
    """moto under all clients, once: starting it for every test takes longer than the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        with mock_aws(config={"stepfunctions": {"execute_state_machine": False}}):
            yield


@pytest.fixture(scope="session")
def model() -> Any:
    """One botocore session for all tests: reading its service models takes longest."""
    return botocore.session.get_session()


@pytest.fixture
def moto() -> None:
    """An empty account."""
    backend: Any = get_backend  # its type is one overload for each literal name
    for service in USED:
        backend(service).reset()


@pytest.fixture
def untouched(model: Any, monkeypatch: pytest.MonkeyPatch) -> Clients:
    """Clients for tests in which every call is scripted."""
    # For this moment only: boto3 adds methods to the session that it gets, and fails when it does so twice.
    with monkeypatch.context() as patch:
        patch.setattr(botocore.session, "get_session", lambda: model)
        return Clients(HOME)


@pytest.fixture
def clients(moto: None, untouched: Clients) -> Clients:
    """Clients of the adapters, in an empty account in moto."""
    return untouched


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
def world(kind: str, untouched: Clients) -> Iterator[WorkloadWorld]:
    """A workload: as the fakes were told of it, or as the simulated world on moto runs it."""
    if kind == "fake":
        yield FakeWorld()
        return
    with simulated(untouched) as running:
        yield running
