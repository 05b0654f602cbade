"""What `ports.Services` promises."""

from typing import Any

import pytest

from tests.adapters.scripted import Scripted
from tests.adapters.values import HOME, NOON, at
from tests.adapters.worlds import CLUSTER, WorkloadWorld, definition, image
from tidegate.aws.clients import Clients
from tidegate.aws.services import EcsServices
from tidegate.aws.task_definitions import EcsTaskDefinitions
from tidegate.domain.strategy import (
    CircuitBreaker,
    CircuitBreakerThreshold,
    DeploymentAlarms,
    RollingSettings,
)
from tidegate.errors import Terminal, Transient

PLACE = (HOME, CLUSTER, "checkout")


@pytest.fixture
def versions(world: WorkloadWorld) -> list[str]:
    """Two task definitions; the service runs two tasks of the first one."""
    digests = [world.push(number, f"1.{number}.0") for number in (1, 2)]
    arns = [world.ports.task_definitions.register(HOME, definition(image(each))) for each in digests]
    world.run_service(arns[0], digests[0])
    return arns


def test_a_service_is_described_as_it_is(world: WorkloadWorld, versions: list[str]):
    state = world.ports.services.describe(*PLACE)

    assert state is not None
    assert (state.name, state.cluster, state.status, state.controller) == (
        "checkout",
        "prod",
        "ACTIVE",
        "ECS",
    )
    assert state.arn == "arn:aws:ecs:us-east-1:123456789012:service/prod/checkout"
    assert (state.desired, state.running, state.pending) == (2, 2, 0)
    assert state.task_definition == versions[0]
    assert state.settled


def test_a_service_or_a_cluster_that_is_gone_is_none(world: WorkloadWorld, versions: list[str]):
    assert world.ports.services.describe(HOME, CLUSTER, "basket") is None
    assert world.ports.services.describe(HOME, "nowhere", "checkout") is None
    assert world.ports.services.deployments(HOME, CLUSTER, "basket") == ()
    assert world.ports.services.tasks(HOME, "nowhere", "checkout") == ()


def test_a_deployment_is_in_flight_until_ecs_has_finished_it(world: WorkloadWorld, versions: list[str]):
    # When
    world.ports.services.deploy(*PLACE, versions[1], RollingSettings())

    # Then the new version is wanted, and the old one is still there
    state = world.ports.services.describe(*PLACE)
    newest = world.ports.services.deployments(*PLACE)[0]
    assert state is not None
    assert not state.settled
    assert state.task_definition == versions[1]
    assert {each.task_definition for each in state.deployments} == set(versions)
    assert newest.in_flight
    assert newest.task_definition == versions[1]

    # When ECS has finished
    world.finish()

    # Then only the new version runs
    state = world.ports.services.describe(*PLACE)
    assert state is not None
    assert state.settled
    assert state.desired == 2
    assert world.ports.services.deployments(*PLACE)[0].status == "SUCCESSFUL"
    tasks = world.ports.services.tasks(*PLACE)
    assert {task.task_definition for task in tasks} == {versions[1]}


def test_deploying_what_is_deployed_already_starts_nothing(world: WorkloadWorld, versions: list[str]):
    world.ports.services.deploy(*PLACE, versions[1], RollingSettings())
    world.finish()
    before = world.ports.services.deployments(*PLACE)

    world.ports.services.deploy(*PLACE, versions[1], RollingSettings())

    assert world.ports.services.deployments(*PLACE) == before


def test_a_deployment_that_is_stopped_goes_back(world: WorkloadWorld, versions: list[str]):
    # Given
    world.ports.services.deploy(*PLACE, versions[1], RollingSettings())
    newest = world.ports.services.deployments(*PLACE)[0]

    # When
    assert world.ports.services.stop(HOME, newest.arn)
    world.finish()

    # Then the old version runs, and there is nothing left to stop
    assert world.ports.services.deployments(*PLACE)[0].status == "ROLLBACK_SUCCESSFUL"
    assert {task.task_definition for task in world.ports.services.tasks(*PLACE)} == {versions[0]}
    assert not world.ports.services.stop(HOME, newest.arn)
    assert not world.ports.services.stop(HOME, f"{newest.arn}-unknown")


def test_a_service_that_does_not_exist_is_not_deployed(world: WorkloadWorld, versions: list[str]):
    with pytest.raises(Terminal, match="ServiceNotFoundException"):
        world.ports.services.deploy(HOME, CLUSTER, "basket", versions[1], RollingSettings())


def test_tasks_say_what_they_run_and_where_they_log(world: WorkloadWorld, versions: list[str]):
    tasks = world.ports.services.tasks(*PLACE)

    assert len(tasks) == 2
    for task in tasks:
        (container,) = task.containers
        assert (task.last_status, task.desired_status) == ("RUNNING", "RUNNING")
        assert (container.name, container.last_status) == ("app", "RUNNING")
        assert container.digest is not None
        assert container.image.endswith(container.digest)
        assert task.log_streams == (("/ecs", f"app/app/{task.id}"),)
    assert world.ports.services.tasks(*PLACE, stopped=True) == ()


# --- what only the adapter does ---


@pytest.fixture
def ecs(clients: Clients) -> Scripted:
    return Scripted(clients.at("ecs", HOME))


@pytest.fixture
def services(clients: Clients) -> EcsServices:
    return EcsServices(clients, EcsTaskDefinitions(clients))


def test_the_whole_deployment_configuration_is_sent_and_no_count(services: EcsServices, ecs: Scripted):
    # Given
    ecs.answer("UpdateService", {})
    settings = RollingSettings(
        minimum_healthy_percent=50,
        maximum_percent=150,
        circuit_breaker=CircuitBreaker(CircuitBreakerThreshold("COUNT", 3), reset_on_healthy_task=False),
        alarms=DeploymentAlarms(names=("errors",)),
    )

    # When
    services.deploy(*PLACE, "checkout:7", settings)

    # Then
    assert ecs.requests["UpdateService"] == [
        {
            "cluster": "prod",
            "service": "checkout",
            "taskDefinition": "checkout:7",
            "deploymentConfiguration": {
                "strategy": "ROLLING",
                "minimumHealthyPercent": 50,
                "maximumPercent": 150,
                "deploymentCircuitBreaker": {
                    "enable": True,
                    "rollback": True,
                    "resetOnHealthyTask": False,
                    "thresholdConfiguration": {"type": "COUNT", "value": 3},
                },
                "alarms": {"alarmNames": ["errors"], "enable": True, "rollback": True},
            },
        }
    ]


def test_past_a_point_of_no_return_ecs_is_not_to_go_back(services: EcsServices, ecs: Scripted):
    ecs.answer("UpdateService", {})

    services.deploy(*PLACE, "checkout:7", RollingSettings(), roll_back=False)

    (request,) = ecs.requests["UpdateService"]
    configuration = request["deploymentConfiguration"]
    assert configuration["deploymentCircuitBreaker"]["enable"]
    assert not configuration["deploymentCircuitBreaker"]["rollback"]
    assert configuration["alarms"] == {"alarmNames": [], "enable": False, "rollback": False}


@pytest.mark.parametrize("status", ["INACTIVE", "DRAINING", "A_NEW_STATUS"])
def test_only_an_inactive_service_is_none(services: EcsServices, ecs: Scripted, status: str):
    described = {
        "serviceArn": "arn:aws:ecs:us-east-1:123456789012:service/prod/checkout",
        "serviceName": "checkout",
        "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/prod",
        "status": status,
        "events": [{"message": f"event {number}"} for number in range(30)],
        "loadBalancers": [{"targetGroupArn": "group"}, {"loadBalancerName": "classic"}],
        "deploymentController": {"type": "EXTERNAL"},
    }
    ecs.answer("DescribeServices", {"services": [described]})

    state = services.describe(*PLACE)

    if status == "INACTIVE":
        assert state is None
        return
    assert state is not None
    assert (state.status, state.controller, state.target_groups) == (status, "EXTERNAL", ("group",))
    assert state.events == tuple(f"event {number}" for number in range(10))


def test_service_deployments_come_newest_first_with_all_that_ecs_says(services: EcsServices, ecs: Scripted):
    # Given an old deployment that succeeded and a new one that fails, listed in no order
    ecs.answer(
        "ListServiceDeployments",
        {"serviceDeployments": [{"serviceDeploymentArn": "old"}, {"serviceDeploymentArn": "new"}]},
    )
    old = {
        "serviceDeploymentArn": "old",
        "status": "SUCCESSFUL",
        "createdAt": NOON,
        "targetServiceRevision": {"arn": "revision-1"},
    }
    new = {
        "serviceDeploymentArn": "new",
        "status": "ROLLBACK_IN_PROGRESS",
        "statusReason": "Circuit breaker threshold exceeded.",
        "createdAt": at(60),
        "lifecycleStage": "A_NEW_STAGE",
        "targetServiceRevision": {
            "arn": "revision-2",
            "requestedTaskCount": 4,
            "runningTaskCount": 1,
            "pendingTaskCount": 2,
        },
        "deploymentCircuitBreaker": {"status": "TRIGGERED", "failureCount": 3, "threshold": 3},
        "alarms": {"status": "TRIGGERED", "alarmNames": ["a", "b"], "triggeredAlarmNames": ["b"]},
        "rollback": {"reason": "Tasks failed to start.", "serviceRevisionArn": "revision-1"},
    }
    ecs.answer("DescribeServiceDeployments", {"serviceDeployments": [old, new]})
    revision = {"serviceRevisionArn": "revision-2", "taskDefinition": "checkout:2"}
    ecs.answer("DescribeServiceRevisions", {"serviceRevisions": [revision]})

    # When
    first, second = services.deployments(*PLACE)

    # Then
    assert (first.arn, first.status, first.created_at) == ("new", "ROLLBACK_IN_PROGRESS", at(60))
    assert first.status_reason == "Circuit breaker threshold exceeded."
    assert (first.requested, first.running, first.pending, first.failed) == (4, 1, 2, 3)
    assert (first.breaker, first.alarms) == ("TRIGGERED", ("b",))
    assert first.rollback_reason == "Tasks failed to start."
    assert first.task_definition == "checkout:2"
    assert (second.arn, second.task_definition) == ("old", None)
    asked = ecs.requests["DescribeServiceRevisions"][0]["serviceRevisionArns"]
    assert asked == ["revision-1", "revision-2"]


def test_a_deployment_that_cannot_be_stopped_just_now_is_tried_again(services: EcsServices, ecs: Scripted):
    in_flight = {"serviceDeploymentArn": "new", "status": "IN_PROGRESS", "createdAt": NOON}
    ecs.refuse("StopServiceDeployment", "ConflictException")
    ecs.answer("DescribeServiceDeployments", {"serviceDeployments": [in_flight]})

    with pytest.raises(Transient, match="IN_PROGRESS"):
        services.stop(HOME, "new")

    assert ecs.requests["StopServiceDeployment"] == [{"serviceDeploymentArn": "new", "stopType": "ROLLBACK"}]


def task(number: int, **more: Any) -> dict[str, Any]:
    """A task as DescribeTasks gives it."""
    return {
        "taskArn": f"arn:aws:ecs:us-east-1:123456789012:task/prod/{number}",
        "taskDefinitionArn": "checkout:7",
        "lastStatus": "RUNNING",
        **more,
    }


def test_many_tasks_are_described_a_hundred_at_a_time(services: EcsServices, ecs: Scripted):
    # Given 150 tasks, listed in two pages
    arns = [str(number) for number in range(150)]
    ecs.answer("ListTasks", {"taskArns": arns[:100], "nextToken": "next"}, {"taskArns": arns[100:]})
    ecs.answer(
        "DescribeTasks", {"tasks": [task(n) for n in range(100)]}, {"tasks": [task(n) for n in range(50)]}
    )
    ecs.answer("DescribeTaskDefinition", {"taskDefinition": {"containerDefinitions": []}})

    # When
    tasks = services.tasks(*PLACE)

    # Then all are there, and their task definition was read once
    assert len(tasks) == 150
    assert [len(request["tasks"]) for request in ecs.requests["DescribeTasks"]] == [100, 50]
    assert len(ecs.requests["DescribeTaskDefinition"]) == 1


def test_a_stopped_task_says_why(services: EcsServices, ecs: Scripted):
    # Given a task that stopped, whose task definition has been deleted since
    stopped = task(
        1,
        lastStatus="STOPPED",
        desiredStatus="STOPPED",
        healthStatus="UNHEALTHY",
        stopCode="EssentialContainerExited",
        stoppedReason="Essential container in task exited",
        stoppedAt=NOON,
        startedBy="ecs-svc/1",
        containers=[{"name": "app", "lastStatus": "STOPPED", "exitCode": 137, "reason": "OutOfMemoryError"}],
    )
    ecs.answer("ListTasks", {"taskArns": ["1"]})
    ecs.answer("DescribeTasks", {"tasks": [stopped]})
    ecs.refuse("DescribeTaskDefinition", "ClientException", "Unable to describe task definition.")

    # When
    (state,) = services.tasks(*PLACE, stopped=True)

    # Then
    assert ecs.requests["ListTasks"][0]["desiredStatus"] == "STOPPED"
    assert (state.stop_code, state.stopped_reason) == (stopped["stopCode"], stopped["stoppedReason"])
    assert (state.stopped_at, state.started_by, state.health) == (NOON, "ecs-svc/1", "UNHEALTHY")
    assert state.log_streams == ()
    (container,) = state.containers
    assert (container.exit_code, container.reason) == (137, "OutOfMemoryError")


@pytest.mark.parametrize(
    ("options", "streams"),
    [
        ({"awslogs-group": "/ecs", "awslogs-stream-prefix": "app"}, (("/ecs", "app/app/1"),)),
        ({"awslogs-group": "/ecs"}, (("/ecs", "container-id"),)),
        ({"awslogs-stream-prefix": "app"}, ()),
    ],
)
def test_log_streams_follow_the_log_configuration(
    services: EcsServices, ecs: Scripted, options: dict[str, str], streams: tuple[tuple[str, str], ...]
):
    container = {"name": "app", "logConfiguration": {"logDriver": "awslogs", "options": options}}
    other = {"name": "side", "logConfiguration": {"logDriver": "splunk", "options": {}}}
    ecs.answer("ListTasks", {"taskArns": ["1"]})
    ecs.answer(
        "DescribeTasks", {"tasks": [task(1, containers=[{"name": "app", "runtimeId": "container-id"}])]}
    )
    ecs.answer("DescribeTaskDefinition", {"taskDefinition": {"containerDefinitions": [container, other]}})

    (state,) = services.tasks(*PLACE)

    assert state.log_streams == streams
