"""Fakes of Amazon ECS. A deployment stays in flight until a test finishes it."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.fakes.fake import Fake
from tidegate.domain.service import Target
from tidegate.domain.strategy import Native
from tidegate.domain.workload import EcsDeployment, OneOffTask, ServiceDeployment, ServiceState, TaskState
from tidegate.errors import Terminal

_ARN = "arn:aws:ecs:us-east-1:123456789012"
_START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class FakeServices(Fake):
    """One `ServiceState` per (cluster, service), its service deployments, its tasks."""

    def __init__(self) -> None:
        super().__init__()
        self.described: dict[tuple[str, str], ServiceState] = {}
        self.remembered: dict[tuple[str, str], list[ServiceDeployment]] = {}
        self.running: dict[tuple[str, str], list[TaskState]] = {}
        self.stopped: dict[tuple[str, str], list[TaskState]] = {}
        self.deployed: list[tuple[str, str, str, Native]] = []
        self.hooks: set[str] = set()
        self.continued: list[tuple[str, str, bool]] = []

    def add(
        self, cluster: str, service: str, task_definition: str, desired: int = 2, **more: Any
    ) -> ServiceState:
        """Let a settled service exist."""
        state = ServiceState(
            arn=f"{_ARN}:service/{cluster}/{service}",
            name=service,
            cluster=cluster,
            status="ACTIVE",
            task_definition=task_definition,
            desired=desired,
            running=desired,
            pending=0,
            deployments=(
                EcsDeployment("ecs-svc/1", "PRIMARY", task_definition, desired, desired, 0, 0, "COMPLETED"),
            ),
        )
        self.described[cluster, service] = replace(state, **more)
        return self.described[cluster, service]

    def finish(
        self, cluster: str, service: str, status: str = "SUCCESSFUL", reason: str | None = None
    ) -> None:
        """Let the newest service deployment end; unless it ends SUCCESSFUL the old version runs again."""
        newest, *older = self.remembered[cluster, service]
        state = self.described[cluster, service]
        runs = state.deployments[0].task_definition
        if status != "SUCCESSFUL" and len(state.deployments) > 1:
            runs = state.deployments[-1].task_definition
        primary = EcsDeployment(
            state.deployments[0].id, "PRIMARY", runs, state.desired, state.desired, 0, 0, "COMPLETED"
        )
        self.remembered[cluster, service] = [replace(newest, status=status, status_reason=reason), *older]
        self.described[cluster, service] = replace(
            state, task_definition=runs, deployments=(primary,), running=state.desired
        )

    def describe(self, target: Target, cluster: str, service: str) -> ServiceState | None:
        return self.described.get((cluster, service))

    def deploy(
        self,
        target: Target,
        cluster: str,
        service: str,
        task_definition: str,
        settings: Native,
        *,
        roll_back: bool = True,
        pause: bool = True,
    ) -> None:
        state = self.described.get((cluster, service))
        if state is None:
            raise Terminal(f"ServiceNotFoundException: there is no service {service} in cluster {cluster}.")
        self.deployed.append((cluster, service, task_definition, settings))
        if state.task_definition == task_definition:
            return
        number = len(self.deployed) + 1
        primary = EcsDeployment(
            f"ecs-svc/{number}", "PRIMARY", task_definition, state.desired, 0, 0, 0, "IN_PROGRESS"
        )
        before = tuple(replace(each, status="ACTIVE") for each in state.deployments)
        self.described[cluster, service] = replace(
            state, task_definition=task_definition, deployments=(primary, *before)
        )
        started = ServiceDeployment(
            arn=f"{_ARN}:service-deployment/{cluster}/{service}/{number}",
            status="IN_PROGRESS",
            status_reason=None,
            created_at=_START + timedelta(seconds=number),
            task_definition=task_definition,
            requested=state.desired,
        )
        self.remembered.setdefault((cluster, service), []).insert(0, started)

    def deployments(self, target: Target, cluster: str, service: str) -> tuple[ServiceDeployment, ...]:
        return tuple(self.remembered.get((cluster, service), [])[:20])

    def stop(self, target: Target, deployment: str) -> bool:
        for known in self.remembered.values():
            for index, each in enumerate(known):
                if each.arn == deployment and each.status in ("PENDING", "IN_PROGRESS"):
                    known[index] = replace(each, status="STOP_REQUESTED")
                    return True
        return False

    def tasks(
        self, target: Target, cluster: str, service: str, *, stopped: bool = False
    ) -> tuple[TaskState, ...]:
        kept = self.stopped if stopped else self.running
        return tuple(kept.get((cluster, service), []))

    def create_canary(
        self,
        target: Target,
        cluster: str,
        stable: str,
        canary: str,
        task_definition: str,
        target_groups: Mapping[str, str],
    ) -> None:
        like = self.described.get((cluster, stable))
        if like is None:
            raise Terminal(f"ServiceNotFoundException: there is no service {stable} in cluster {cluster}.")
        if (cluster, canary) not in self.described:
            groups = tuple(target_groups[group] for group in like.target_groups if group in target_groups)
            if len(groups) != len(target_groups):
                raise Terminal(
                    f"Service {stable} cannot have a canary beside it: it has other target groups."
                )
            self.add(cluster, canary, task_definition, 0, target_groups=groups)

    def resize(
        self,
        target: Target,
        cluster: str,
        service: str,
        desired: int,
        *,
        task_definition: str | None = None,
    ) -> None:
        state = self.described.get((cluster, service))
        if not service.endswith("-canary"):
            raise Terminal(f"{service} is no canary service; its desired count is not Tidegate's to set.")
        if state is None and desired == 0:
            return
        if state is None:
            raise Terminal(f"ServiceNotFoundException: there is no service {service} in cluster {cluster}.")
        runs = task_definition or state.task_definition
        self.described[cluster, service] = replace(state, desired=desired, task_definition=runs)
        if desired == 0:
            self.running[cluster, service] = []
            self.described[cluster, service] = replace(self.described[cluster, service], running=0)

    def continue_deployment(self, target: Target, deployment: str, hook: str, *, go_on: bool) -> bool:
        if hook not in self.hooks:
            return False
        self.hooks.remove(hook)
        self.continued.append((deployment, hook, go_on))
        return True


class FakeTaskDefinitions(Fake):
    """`registered` maps ARNs to definitions as ECS describes them."""

    def __init__(self) -> None:
        super().__init__()
        self.registered: dict[str, dict[str, Any]] = {}

    def register(self, target: Target, definition: Mapping[str, Any]) -> str:
        family = definition["family"]
        revisions = [each for each in self.registered.values() if each["family"] == family]
        if revisions and _written(revisions[-1]) == _written(definition):
            arn: str = revisions[-1]["taskDefinitionArn"]
            return arn
        arn = f"{_ARN}:task-definition/{family}:{len(revisions) + 1}"
        self.registered[arn] = {
            **deepcopy(dict(definition)),
            "taskDefinitionArn": arn,
            "revision": len(revisions) + 1,
            "status": "ACTIVE",
        }
        return arn

    def describe(self, target: Target, task_definition: str) -> dict[str, Any]:
        for arn, described in reversed(self.registered.items()):
            if task_definition in (arn, arn.rpartition("/")[2], described["family"]):
                return {"tags": [], **deepcopy(described)}
        raise Terminal(f"ClientException: there is no task definition {task_definition}.")


def _written(definition: Mapping[str, Any]) -> dict[str, Any]:
    """What somebody wrote, without what ECS adds."""
    added = ("taskDefinitionArn", "revision", "status", "tags")
    return {key: value for key, value in definition.items() if key not in added}


class FakeTasks(Fake):
    """`runs` maps keys to ARNs; `known` maps ARNs to tasks."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: dict[str, str] = {}
        self.known: dict[str, OneOffTask] = {}

    def finish(self, task: str, exit_code: int | None, reason: str | None = None) -> None:
        """Let a task stop."""
        self.known[task] = replace(self.known[task], stopped=True, exit_code=exit_code, reason=reason)

    def run(
        self,
        target: Target,
        cluster: str,
        service: str,
        task_definition: str,
        container: str,
        command: Sequence[str],
        *,
        key: str,
    ) -> str:
        if key not in self.runs:
            arn = f"{_ARN}:task/{cluster}/{len(self.runs) + 1:032x}"
            self.runs[key] = arn
            self.known[arn] = OneOffTask(arn=arn, stopped=False)
        return self.runs[key]

    def describe(self, target: Target, cluster: str, task: str) -> OneOffTask | None:
        return self.known.get(task)

    def stop(self, target: Target, cluster: str, task: str, reason: str) -> None:
        known = self.known.get(task)
        if known is not None and not known.stopped:
            self.known[task] = replace(known, stopped=True, reason=reason)
