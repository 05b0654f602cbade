"""Whether what was deployed is what runs: every line must pass, and unknown is never a pass."""

from dataclasses import replace

import pytest

from tidegate.domain.verification import Expected, outcome, sentence, verify
from tidegate.domain.workload import ContainerState, EcsDeployment, ServiceState, TargetState, TaskState

TD = "arn:aws:ecs:us-east-1:123456789012:task-definition/checkout-prod:2"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/checkout/1"
DIGEST = "sha256:" + "a" * 64
EXPECTED = Expected(TD, {"app": DIGEST}, frozenset({"app"}), {"proxy": "sha256:" + "c" * 64})
SERVICE = ServiceState(
    "arn", "checkout", "prod", "ACTIVE", TD, 2, 2, 0,
    (EcsDeployment("ecs-svc/1", "PRIMARY", TD, 2, 2, 0, 0, "COMPLETED"),),
)  # fmt: skip


def task(name, **more):
    container = ContainerState("app", "image", DIGEST, "RUNNING", "HEALTHY")
    given_values = {"containers": (replace(container, **more.pop("container", {})),)}
    state = TaskState(f"task/{name}", TD, "RUNNING", "RUNNING", **given_values)
    return replace(state, **more)


def sidecar(**more):
    return replace(ContainerState("proxy", "image", "sha256:" + "c" * 64, "RUNNING"), **more)


def with_sidecar(**more):
    app = task("1").containers
    return [task("1", containers=(*app, sidecar(**more))), task("2")]


def looked(service=SERVICE, tasks=None, targets=("healthy", "healthy"), alarms=None):
    states = [TargetState(f"10.0.0.{number}", state) for number, state in enumerate(targets)]
    tasks = [task("1"), task("2")] if tasks is None else tasks
    return verify(EXPECTED, service, tasks, {GROUP: states}, alarms or {"5xx": "OK"})


def test_everything_as_it_should_be_passes():
    # When
    checks = looked()

    # Then
    assert outcome(checks) == "passed", checks
    assert len(checks) == 7


@pytest.mark.parametrize(
    "checks",
    [
        looked(service=None),
        looked(service=replace(SERVICE, task_definition="td/other:1")),
        looked(service=replace(SERVICE, desired=0, running=0), tasks=[], targets=()),
        looked(tasks=[task("1"), task("2", container={"digest": "sha256:" + "b" * 64})]),
        looked(tasks=[task("1"), task("2", container={"health": "UNHEALTHY"})]),
        looked(tasks=with_sidecar(last_status="STOPPED", exit_code=1)),
        looked(tasks=with_sidecar(last_status="STOPPED", exit_code=None)),
        looked(tasks=with_sidecar(digest="sha256:" + "d" * 64)),
        looked(alarms={"5xx": "ALARM"}),
        looked(alarms={"5xx": None}),
    ],
    ids=[
        "gone",
        "another revision",
        "no task wanted",
        "another digest",
        "unhealthy container",
        "sidecar that ended badly",
        "sidecar that ended without a code",
        "another sidecar",
        "alarm",
        "missing alarm",
    ],
)
def test_what_is_wrong_fails(checks):
    # Then
    assert outcome(checks) == "failed"
    assert sentence(checks, "failed")


@pytest.mark.parametrize(
    "checks",
    [
        looked(service=replace(SERVICE, running=1)),
        looked(service=replace(SERVICE, pending=1)),
        looked(service=replace(SERVICE, deployments=SERVICE.deployments * 2)),
        looked(tasks=[task("1")]),
        looked(tasks=[]),
        looked(tasks=[task("1"), task("2", task_definition="td/old:1")]),
        looked(tasks=[task("1"), task("2", container={"digest": None})]),
        looked(tasks=[task("1"), task("2", container={"health": "UNKNOWN"})]),
        looked(tasks=with_sidecar(last_status="PENDING")),
        looked(targets=("healthy", "initial")),
        looked(targets=()),
        looked(alarms={"5xx": "SOMETHING_NEW"}),
    ],
    ids=[
        "too few tasks",
        "pending tasks",
        "two deployments",
        "a task not listed",
        "no task listed",
        "an old task",
        "digest not reported",
        "health not known",
        "sidecar not started",
        "target not healthy yet",
        "no target",
        "unknown alarm state",
    ],
)
def test_what_is_not_known_yet_is_pending_and_never_passed(checks):
    # Then
    assert outcome(checks) == "pending"


def test_no_line_at_all_is_not_a_pass():
    # Then
    assert outcome(()) == "pending"


def test_a_target_that_drains_beside_enough_healthy_ones_does_no_harm():
    # Then
    assert outcome(looked(targets=("healthy", "healthy", "draining"))) == "passed"


@pytest.mark.parametrize(
    "more",
    [{}, {"last_status": "STOPPED", "exit_code": 0}, {"digest": None}],
    ids=["runs", "init container that ended well", "digest from outside not reported"],
)
def test_a_sidecar_as_it_should_be_passes(more):
    # Then
    assert outcome(looked(tasks=with_sidecar(**more))) == "passed"
