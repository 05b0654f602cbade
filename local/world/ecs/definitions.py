"""What moto leaves out of task definitions, and the order in which containers depend on each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.responses import EC2ContainerServiceResponse

from local.world import patches
from local.world.binding import call_of
from local.world.ecs.task_model import Container, Task
from local.world.images import OneOffTask
from local.world.world import World

WAITED_FOR = {"COMPLETE", "SUCCESS"}


def wrap_task_definitions(world_of: Callable[[], World]) -> None:
    """Keep the fields of RegisterTaskDefinition that moto drops, and when and by whom it was called.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
    """
    register = EC2ContainerServiceResponse.register_task_definition
    deregister = EC2ContainerServiceResponse.deregister_task_definition

    def register_task_definition(self: EC2ContainerServiceResponse) -> ActionResult:
        answer = register(self)
        call = call_of(self)
        definition = _definition(answer)
        definition.registered_at = world_of().today()
        definition.registered_by = f"arn:aws:iam::{call.account}:root"
        if call.get("enableFaultInjection") is not None:
            definition.enable_fault_injection = call.params["enableFaultInjection"]
        return answer

    def deregister_task_definition(self: EC2ContainerServiceResponse) -> ActionResult:
        answer = deregister(self)
        _definition(answer).deregistered_at = world_of().today()
        return answer

    for method in (register_task_definition, deregister_task_definition):
        patches.replace(EC2ContainerServiceResponse, method.__name__, method)


def _definition(answer: ActionResult) -> Any:
    result: Any = answer.result
    return result["taskDefinition"]


def awaited(containers: list[Container]) -> list[Container]:
    """The containers that others wait for to complete: they exit by themselves before those start.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
    """
    names = {
        each["containerName"]
        for container in containers
        for each in container.definition.get("dependsOn") or []
        if each.get("condition") in WAITED_FOR
    }
    return [container for container in containers if container.name in names]


def blocked(containers: list[Container]) -> Container | None:
    """A container that never starts, because one that must succeed before it has failed."""
    failed = {container.name for container in containers if container.exit_code}
    for container in containers:
        for each in container.definition.get("dependsOn") or []:
            if each.get("condition") == "SUCCESS" and each["containerName"] in failed:
                return container
    return None


def one_off_of(task: Task, container: Container) -> OneOffTask | None:
    """How a task that was run by itself ends: by the first word of its command, else at once."""
    overrides = task.overrides.get("containerOverrides") or []
    command = next((each.get("command") for each in overrides if each.get("name") == container.name), None)
    words = command or container.definition.get("command") or []
    behaviour = container.behaviour
    if words and words[0] in behaviour.tasks:
        return behaviour.tasks[words[0]]
    return OneOffTask(exit_code=behaviour.exit_code) if container.essential and words else None
