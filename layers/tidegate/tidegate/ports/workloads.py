"""AWS, as far as it touches workloads."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from tidegate.domain.images import ImageRef
from tidegate.domain.metrics import MetricQuery
from tidegate.domain.scaling import ServiceScaling, Suspended
from tidegate.domain.scan import ImageScan
from tidegate.domain.service import Target
from tidegate.domain.strategy import Native
from tidegate.domain.traffic import ListenerRule, Stickiness
from tidegate.domain.workload import (
    OneOffTask,
    ServiceDeployment,
    ServiceState,
    TargetState,
    TaskState,
)


class Registry(Protocol):
    """Amazon ECR."""

    def image(
        self, target: Target, repository: str, *, tag: str | None = None, digest: str | None = None
    ) -> ImageRef | None:
        """An image by tag or digest (with its newest tag), also when archived; None when it is not there."""

    def images(self, target: Target, repository: str) -> tuple[ImageRef, ...]:
        """Every tagged image that can be pulled, one `ImageRef` per tag; archived ones are left out."""

    def scan(self, target: Target, repository: str, digest: str) -> ImageScan:
        """Status, counts and findings of the image's scan, as ECR or Inspector give them."""

    def labels(self, target: Target, repository: str, digest: str) -> dict[str, str]:
        """The labels of an image's configuration: claims, on which nothing may depend."""

    def uri(self, target: Target, repository: str) -> str:
        """The address to pull from: ``<account>.dkr.ecr.<region>.<suffix>/<repository>``."""


class Services(Protocol):
    """Services of Amazon ECS."""

    def describe(self, target: Target, cluster: str, service: str) -> ServiceState | None:
        """What the service is now; None when it, or its cluster, is gone or inactive."""

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
        """Start a native deployment, rolling or blue/green. ``desiredCount`` is never sent.

        With ``roll_back`` off, ECS stops a failing deployment but does not go back by itself: past a point of
        no return that is for people to decide. With ``pause`` off, as for restoring, blue/green neither waits
        for an answer before the switch nor bakes after it.
        """

    def deployments(self, target: Target, cluster: str, service: str) -> tuple[ServiceDeployment, ...]:
        """The service deployments ECS remembers, newest first (at most 20)."""

    def stop(self, target: Target, deployment: str) -> bool:
        """Stop a service deployment so that ECS rolls it back; False when there is none to stop."""

    def tasks(
        self, target: Target, cluster: str, service: str, *, stopped: bool = False
    ) -> tuple[TaskState, ...]:
        """The running tasks of a service, or the lately stopped ones."""

    def create_canary(
        self,
        target: Target,
        cluster: str,
        stable: str,
        canary: str,
        task_definition: str,
        target_groups: Mapping[str, str],
    ) -> None:
        """Let a service exist beside another one, with its network, roles and capacity, wanting no task.

        Service Connect is taken over as a client only, and ``target_groups`` says which group of the stable
        service gives way to which of the canary's. Nothing happens when the service exists.

        Raises:
            Terminal: the stable service is gone, or cannot have another one beside it.
        """

    def resize(
        self,
        target: Target,
        cluster: str,
        service: str,
        desired: int,
        *,
        task_definition: str | None = None,
    ) -> None:
        """Set the desired count of a canary service, and its task definition where one is given.

        This is the only place from which ``desiredCount`` is sent.
        """

    def continue_deployment(self, target: Target, deployment: str, hook: str, *, go_on: bool) -> bool:
        """Answer a PAUSE hook, always with an explicit action; False when it waits no longer."""


class TaskDefinitions(Protocol):
    """Task definitions of Amazon ECS."""

    def register(self, target: Target, definition: Mapping[str, Any]) -> str:
        """Register, unless the newest active revision of the family is the same already; returns the ARN."""

    def describe(self, target: Target, task_definition: str) -> dict[str, Any]:
        """A task definition as ECS describes it, tags included under ``tags``."""


class Tasks(Protocol):
    """One-off tasks: migrations and integration checks."""

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
        """Run one task with the network and capacity of the service, once per ``key``; returns its ARN."""

    def describe(self, target: Target, cluster: str, task: str) -> OneOffTask | None:
        """How the task stands; None when ECS has forgotten it."""

    def stop(self, target: Target, cluster: str, task: str, reason: str) -> None:
        """Stop it; nothing happens when it has stopped."""


class TargetGroups(Protocol):
    """Elastic Load Balancing, as far as health is concerned."""

    def health(self, target: Target, target_group: str) -> tuple[TargetState, ...]:
        """The state of every target of a group."""


class ListenerRules(Protocol):
    """The weights with which listener rules forward to target groups."""

    def describe(self, target: Target, rules: Sequence[str]) -> tuple[ListenerRule, ...]:
        """The rules, in the order asked for; one that does not exist is left out."""

    def set_weights(
        self,
        target: Target,
        rule: str,
        weights: Mapping[str, int],
        *,
        stickiness: Stickiness | None = None,
        instead_of: Collection[str] | None = None,
    ) -> bool:
        """Change the weights of a rule's forward action, by target group, and nothing else of the rule.

        Conditions and other actions (authentication, say) stay what they are, and so does stickiness unless
        it is given, which is then changed in the same call.

        Args:
            target: Where the rule is.
            rule: Its ARN.
            weights: Weight by target group.
            stickiness: The rule's target-group stickiness from now on; None leaves it as it is.
            instead_of: The target groups that the rule forwards to, where `weights` names others.

        Returns:
            True; False, and nothing is changed, where stickiness cannot be switched off because one of the
            target groups is sticky itself.

        Raises:
            Terminal: the rule is gone, or forwards to other target groups than these.
        """


class Scaling(Protocol):
    """Application Auto Scaling of ECS services."""

    def describe(self, target: Target, cluster: str, service: str) -> ServiceScaling | None:
        """Bounds, suspensions and policies of a service; None when it does not scale by itself."""

    def suspend(self, target: Target, cluster: str, service: str, suspended: Suspended) -> None:
        """Set what is suspended, and nothing else; of a service that scales by itself."""

    def put(self, target: Target, cluster: str, service: str, scaling: ServiceScaling) -> None:
        """Let a service scale by these bounds, suspensions and policies."""

    def remove(self, target: Target, cluster: str, service: str) -> None:
        """Let a service no longer scale by itself, its policies and their alarms included."""


class Metrics(Protocol):
    """CloudWatch metrics."""

    def read(
        self, target: Target, queries: Sequence[MetricQuery], *, since: datetime, until: datetime
    ) -> dict[str, dict[datetime, float]]:
        """The datapoints of each query by its id: beginning of a period to value, where there is data.

        Raises:
            Transient: CloudWatch gave partial data or an internal error: that is not the same as no data.
        """


class Alarms(Protocol):
    """CloudWatch alarms."""

    def states(self, target: Target, names: Sequence[str]) -> dict[str, str]:
        """Alarm name to ``OK``, ``ALARM`` or ``INSUFFICIENT_DATA``; a missing alarm is not in it."""


class Logs(Protocol):
    """CloudWatch Logs."""

    def tail(self, target: Target, group: str, stream: str, lines: int = 20) -> tuple[str, ...]:
        """The last lines of a stream, oldest first; empty when there is none."""
