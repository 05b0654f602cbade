"""RunTask, StopTask, DescribeTasks, ListTasks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.world.binding import Call
from local.world.ecs.engine import Ecs
from local.world.ecs.paging import page
from local.world.ecs.store import EcsError, RunRequest, invalid
from local.world.ecs.task_model import Task
from local.world.ecs.task_shapes import task_shape

Answer = dict[str, Any]


def _same_answer(first: RunRequest, parameters: Mapping[str, Any]) -> Answer:
    """A request that comes again starts nothing; the token belongs to what it was first sent with.

    That holds within a cluster: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html.
    """
    if first.parameters != parameters:
        arns = ", ".join(task.arn for task in first.tasks)
        raise EcsError("ConflictException", f"The client token is in use with another request: {arns}.")
    return {"tasks": [task_shape(task) for task in first.tasks], "failures": []}


class TasksApi:
    """The task operations of the ECS API."""

    def __init__(self, ecs: Ecs) -> None:
        self._ecs = ecs

    def run(self, call: Call) -> Answer:
        """RunTask: tasks of their own, whose end the behaviour of their image decides."""
        store = self._ecs.store(call.place)
        cluster = store.cluster(call.get("cluster"))
        definition = store.task_definition(call.get("taskDefinition"))
        number = int(call.get("count", 1))
        if not 1 <= number <= 10:
            raise invalid("Count must be between 1 and 10.")
        known = {each["name"] for each in definition.container_definitions}
        for override in (call.get("overrides", {})).get("containerOverrides") or []:
            if override.get("name") not in known:
                name = override.get("name")
                raise invalid(
                    f"Override for container named {name} is not a container in the TaskDefinition."
                )
        asked_before = store.requests.get((cluster.arn, call.get("clientToken")))
        if asked_before is not None:
            return _same_answer(asked_before, call.params)
        placement = self._ecs.placement
        tasks = [placement.for_run(store, cluster.arn, definition, call.params) for _ in range(number)]
        if call.get("clientToken"):
            store.requests[cluster.arn, call.get("clientToken")] = RunRequest(call.params, tasks)
        for task in tasks:
            self._ecs.runner.launch(call.place, task)
        return {"tasks": [task_shape(task) for task in tasks], "failures": []}

    def stop(self, call: Call) -> Answer:
        """StopTask. The service scheduler replaces the task of a service."""
        store = self._ecs.store(call.place)
        task = store.task(call.get("cluster"), call.params["task"])
        if task is None:
            raise invalid("The referenced task was not found.")
        self._ecs.runner.stop(task, "UserInitiated", call.get("reason", "Task stopped by user"))
        return {"task": task_shape(task)}

    def describe(self, call: Call) -> Answer:
        """DescribeTasks."""
        store = self._ecs.store(call.place)
        store.cluster(call.get("cluster"), active=False)
        wanted = call.get("tasks", [])
        if not wanted:
            raise invalid("Tasks cannot be empty.")
        if len(wanted) > 100:
            raise invalid("Tasks should have at most 100 items.")
        shown, failures = [], []
        for each in wanted:
            task = store.task(call.get("cluster"), each)
            if task is None:
                cluster = str(call.get("cluster", "default")).rsplit("/", 1)[-1]
                arn = each if each.startswith("arn:") else store.arn("task", cluster, each)
                failures.append({"arn": arn, "reason": "MISSING"})
                continue
            shape = task_shape(task)
            if "TAGS" not in call.get("include", []):
                shape.pop("tags", None)
            shown.append(shape)
        return {"tasks": shown, "failures": failures}

    def list(self, call: Call) -> Answer:
        """ListTasks: by default those that are meant to run."""
        store = self._ecs.store(call.place)
        cluster = store.cluster(call.get("cluster"), active=False)
        name = call.get("serviceName")
        if name is not None:
            store.service(call.get("cluster", "default"), name)
        self._ecs.forget_stopped(store)
        tasks = [
            task for task in store.tasks.values() if task.cluster_arn == cluster.arn and _fits(task, call)
        ]
        return page(call, "taskArns", [task.arn for task in tasks])


def _fits(task: Task, call: Call) -> bool:
    name = str(call.get("serviceName", "")).rsplit("/", 1)[-1]
    tests = (
        task.desired_status == call.get("desiredStatus", "RUNNING"),
        not name or task.group == f"service:{name}",
        call.get("family") in {None, task.task_definition.family},
        call.get("startedBy") in {None, task.started_by},
        call.get("launchType") in {None, task.launch_type},
    )
    return all(tests)
