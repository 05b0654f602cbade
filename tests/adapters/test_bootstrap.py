"""The composition root: the right adapter behind every port, made when it is first used."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapters.test_failures import ENVIRONMENT
from tests.adapters.values import HOME
from tests.support import fakes
from tests.support.ports import fake_ports
from tidegate import bootstrap
from tidegate import ports as port
from tidegate.bootstrap import LazyPorts
from tidegate.errors import Terminal
from tidegate.settings import Settings

LAYER = Path(bootstrap.__file__).parents[1]
NAMES = [each.name for each in dataclasses.fields(port.Ports)]
PORTS = [name for name in NAMES if name not in ("home", "stack", "web_address", "runbooks")]


def promised(name: str) -> list[str]:
    """The methods of a port."""
    protocol = getattr(port, "".join(word.capitalize() for word in name.split("_")))
    return [method for method in vars(protocol) if not method.startswith("_")]


@pytest.fixture
def lazy() -> LazyPorts:
    return LazyPorts(Settings.from_environment(ENVIRONMENT))


@pytest.mark.parametrize("name", PORTS)
def test_an_adapter_and_a_fake_do_each_thing_that_a_port_promises(lazy: LazyPorts, name: str):
    """A Protocol's method without a result is inherited without a word when an adapter forgets it."""
    adapter, fake = getattr(lazy, name), getattr(fake_ports(), name)

    assert promised(name)
    for method in promised(name):
        assert method in vars(type(adapter)), f"{type(adapter).__name__}.{method}"
        assert method in vars(type(fake)), f"{type(fake).__name__}.{method}"
    assert isinstance(fake, fakes.Fake)


@pytest.mark.parametrize("name", NAMES)
def test_a_port_is_made_once(name: str):
    lazy = LazyPorts(Settings.from_environment({**ENVIRONMENT, "WEB_ADDRESS": "https://web"}))

    assert getattr(lazy, name) is getattr(lazy, name)


def test_what_is_not_a_port_is_told_too():
    lazy = LazyPorts(Settings.from_environment({**ENVIRONMENT, "WEB_ADDRESS": "https://web"}))

    assert (lazy.home, lazy.stack, lazy.web_address) == (HOME, "tidegate", "https://web")
    assert repr(lazy) == "LazyPorts()"


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("LEDGER_TABLE", "releases"),
        ("LOCKS_TABLE", "locks"),
        ("EVIDENCE_BUCKET", "evidence"),
        ("WEB_ADDRESS", "web_address"),
        ("STACK_NAME", "stack"),
        ("HOME_ACCOUNT", "registry"),
    ],
)
def test_a_missing_variable_is_named_when_its_port_is_used_and_not_before(variable: str, name: str):
    # Given a function that lacks one variable
    variables = {key: value for key, value in ENVIRONMENT.items() if key != variable}
    lazy = LazyPorts(Settings.from_environment(variables))

    # When another port is used
    assert len(lazy.clock.salt()) == 6

    # Then only the port that needs it complains
    with pytest.raises(Terminal, match=f"environment variable {variable} is missing"):
        getattr(lazy, name)


def test_a_topic_is_missed_only_by_who_sends_to_it():
    lazy = LazyPorts(Settings.from_environment({"HOME_ACCOUNT": "1", "AWS_REGION": "us-east-1"}))

    with pytest.raises(Terminal, match="NOTIFICATIONS_TOPIC is missing"):
        lazy.notifier.publish(None, "subject", "body", {})
    with pytest.raises(Terminal, match="APPROVALS_TOPIC is missing"):
        lazy.notifier.ask_approver("ana@example.com", "subject", "body")
    with pytest.raises(Terminal, match="STACK_NAME is missing"):
        lazy.machines.start("deploy", "one", {})


def python(code: str) -> str:
    """What a new process prints that has the layer and the variables of a function."""
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(LAYER)}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return run.stdout.strip()


def test_asking_for_the_ports_loads_no_sdk():
    loaded = "import sys; print(sorted({'botocore', 'boto3', 'urllib3'} & set(sys.modules)))"

    assert python(f"from tidegate.bootstrap import ports; ports(); {loaded}") == "[]"
    assert python(f"from tidegate.bootstrap import ports; ports().clock.now(); {loaded}") == "[]"


def test_the_ledger_is_reached_without_boto3_and_without_other_adapters():
    code = (
        "from tidegate.bootstrap import ports; ports().releases.newest; import sys;"
        "print('boto3' in sys.modules, 'tidegate.aws.services' in sys.modules)"
    )

    assert python(code) == "False False"


def test_the_ports_are_the_same_until_the_process_ends():
    assert python("from tidegate.bootstrap import ports; print(ports() is ports())") == "True"
