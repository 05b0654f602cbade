"""What `ports.Tasks` promises."""

from typing import Any

import pytest

from tests.adapters.scripted import Scripted
from tests.adapters.values import HOME
from tests.adapters.worlds import CLUSTER, WorkloadWorld, definition, image
from tidegate.aws.clients import Clients
from tidegate.aws.task_definitions import EcsTaskDefinitions
from tidegate.aws.tasks import EcsTasks
from tidegate.domain.workload import OneOffTask
from tidegate.errors import Terminal, Transient

COMMAND = ["migrate", "--all"]
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "DISABLED"}}


@pytest.fixture
def version(world: WorkloadWorld) -> str:
    """A task definition that the service runs."""
    pushed = world.push(1, "1.0.0")
    arn = world.ports.task_definitions.register(HOME, definition(image(pushed)))
    world.run_service(arn, pushed)
    return arn


@pytest.mark.parametrize(("command", "exit_code"), [("migrate", 0), ("fail", 3)])
def test_a_task_runs_until_it_has_an_exit_code(
    world: WorkloadWorld, version: str, command: str, exit_code: int
):
    # When
    arn = world.ports.tasks.run(HOME, CLUSTER, "checkout", version, "app", [command], key="one")
    begun = world.ports.tasks.describe(HOME, CLUSTER, arn)

    # Then
    assert begun is not None
    assert (begun.arn, begun.stopped, begun.exit_code) == (arn, False, None)

    # When
    world.finish_task(arn, exit_code)
    ended = world.ports.tasks.describe(HOME, CLUSTER, arn)

    # Then
    assert ended is not None
    assert (ended.stopped, ended.exit_code) == (True, exit_code)
    assert ended.reason is not None
    assert ended.reason.startswith("Essential container in task exited")


def test_a_task_can_be_stopped_twice(world: WorkloadWorld, version: str):
    arn = world.ports.tasks.run(HOME, CLUSTER, "checkout", version, "app", COMMAND, key="one")

    world.ports.tasks.stop(HOME, CLUSTER, arn, "It took too long.")
    world.finish_task(arn, 137)
    world.ports.tasks.stop(HOME, CLUSTER, arn, "It took too long.")

    stopped = world.ports.tasks.describe(HOME, CLUSTER, arn)
    assert stopped is not None
    assert stopped.stopped


def test_a_task_that_ecs_has_forgotten_is_none_and_stops_without_a_word(world: WorkloadWorld, version: str):
    unknown = "arn:aws:ecs:us-east-1:123456789012:task/prod/0123456789abcdef0123456789abcdef"

    assert world.ports.tasks.describe(HOME, CLUSTER, unknown) is None
    world.ports.tasks.stop(HOME, CLUSTER, unknown, "It took too long.")


# --- what only the adapter does ---


@pytest.fixture
def ecs(clients: Clients) -> Scripted:
    return Scripted(clients.at("ecs", HOME))


@pytest.fixture
def tasks(clients: Clients) -> EcsTasks:
    return EcsTasks(clients, EcsTaskDefinitions(clients))


def run(tasks: EcsTasks, key: str = "one") -> str:
    return tasks.run(HOME, CLUSTER, "checkout", "checkout:7", "app", COMMAND, key=key)


def let_service_be(ecs: Scripted, **more: Any) -> None:
    ecs.answer("DescribeServices", {"services": [{"status": "ACTIVE", **more}]})


@pytest.mark.parametrize(
    ("service", "placement"),
    [
        ({"launchType": "EC2"}, {"launchType": "EC2"}),
        (
            {"launchType": "FARGATE", "platformVersion": "1.4.0", "networkConfiguration": NETWORK},
            {"launchType": "FARGATE", "platformVersion": "1.4.0", "networkConfiguration": NETWORK},
        ),
        (
            {
                "launchType": "FARGATE",
                "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
                "networkConfiguration": NETWORK,
            },
            {
                "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
                "networkConfiguration": NETWORK,
            },
        ),
    ],
)
def test_a_task_runs_where_the_service_runs(
    tasks: EcsTasks, ecs: Scripted, service: dict[str, Any], placement: dict[str, Any]
):
    # Given
    let_service_be(ecs, **service)
    ecs.answer("RunTask", {"tasks": [{"taskArn": "task-1"}], "failures": []})

    # When
    assert run(tasks) == "task-1"

    # Then
    (request,) = ecs.requests["RunTask"]
    token = request.pop("clientToken")
    assert len(token) <= 64
    assert request == {
        "cluster": "prod",
        "taskDefinition": "checkout:7",
        "count": 1,
        "startedBy": "tidegate",
        "overrides": {"containerOverrides": [{"name": "app", "command": COMMAND}]},
        **placement,
    }


def test_the_same_key_is_the_same_request_to_ecs(tasks: EcsTasks, ecs: Scripted):
    let_service_be(ecs)
    ecs.answer("RunTask", {"tasks": [{"taskArn": "task-1"}], "failures": []})

    for key in ("one", "one", "two"):
        run(tasks, key)

    first, second, third = (request["clientToken"] for request in ecs.requests["RunTask"])
    assert first == second != third


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("RESOURCE:MEMORY", Transient),
        ("RESOURCE:ENI", Transient),
        ("AGENT", Transient),
        ("Capacity is unavailable at this time. Please try again later", Transient),
        ("ATTRIBUTE", Terminal),
        ("MISSING", Terminal),
    ],
)
def test_only_want_of_capacity_is_tried_again(
    tasks: EcsTasks, ecs: Scripted, reason: str, kind: type[Exception]
):
    let_service_be(ecs)
    ecs.answer("RunTask", {"tasks": [], "failures": [{"reason": reason, "detail": "the detail"}]})

    with pytest.raises(kind, match=r"the detail.*checkout") as raised:
        run(tasks)

    assert str(raised.value).startswith(reason)


def test_a_failure_without_a_reason_is_final(tasks: EcsTasks, ecs: Scripted):
    let_service_be(ecs)
    ecs.answer("RunTask", {"tasks": [], "failures": []})

    with pytest.raises(Terminal, match="no reason given"):
        run(tasks)


def test_there_is_no_task_without_its_service(tasks: EcsTasks, ecs: Scripted):
    ecs.answer("DescribeServices", {"services": [], "failures": [{"reason": "MISSING"}]})

    with pytest.raises(Terminal, match="Cluster prod has no service checkout"):
        run(tasks)


@pytest.mark.parametrize(
    ("codes", "exit_code"),
    [({"app": 0, "side": 137}, 0), ({"app": 3, "side": 0}, 3), ({"app": None, "side": 0}, None)],
)
def test_the_exit_code_is_that_of_the_container_whose_command_was_replaced(
    tasks: EcsTasks, ecs: Scripted, codes: dict[str, int | None], exit_code: int | None
):
    containers = [
        {"name": name, **({"exitCode": code} if code is not None else {"reason": "CannotPullContainerError"})}
        for name, code in codes.items()
    ]
    described = {
        "taskArn": "task-1",
        "taskDefinitionArn": "checkout:7",
        "lastStatus": "STOPPED",
        "stoppedReason": "Task failed to start",
        "overrides": {"containerOverrides": [{"name": "side"}, {"name": "app", "command": COMMAND}]},
        "containers": containers,
    }
    ecs.answer("DescribeTasks", {"tasks": [described]})
    ecs.answer("DescribeTaskDefinition", {"taskDefinition": {}})

    task = tasks.describe(HOME, CLUSTER, "task-1")

    detail = "; CannotPullContainerError" if exit_code is None else ""
    assert task == OneOffTask("task-1", True, exit_code, f"Task failed to start{detail}")
