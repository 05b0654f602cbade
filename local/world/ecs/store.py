"""Where the ECS objects of one account and region are kept, and how they are looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import ServiceException
from moto.ecs.models import ecs_backends

from local.world.ecs.model import Revision, Service, ServiceDeployment
from local.world.ecs.task_model import Task

ClusterAndService = tuple[str, str]


class EcsError(ServiceException):
    """An error of the ECS API, by its documented name."""


def invalid(message: str) -> EcsError:
    """InvalidParameterException."""
    return EcsError("InvalidParameterException", message)


@dataclass(frozen=True)
class RunRequest:
    """What RunTask was asked for under a client token, and what it started."""

    parameters: Mapping[str, Any]
    tasks: list[Task]


@dataclass
class EcsStore:
    """The services and tasks of one account and region. Clusters and task definitions stay moto's."""

    account: str
    region: str
    services: dict[ClusterAndService, Service] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    requests: dict[tuple[str, str], RunRequest] = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, str]:
        """Account and region."""
        return self.account, self.region

    @property
    def backend(self) -> Any:
        """Moto's own ECS backend of this account and region."""
        return ecs_backends[self.account][self.region]

    def arn(self, kind: str, *parts: str) -> str:
        """An ECS ARN of this account and region."""
        return f"arn:aws:ecs:{self.region}:{self.account}:{kind}/{'/'.join(parts)}"

    def cluster(self, name_or_arn: str | None, *, active: bool = True) -> Any:
        """A cluster of moto's.

        Raises:
            EcsError: ClusterNotFoundException, also for an INACTIVE cluster if ``active`` is asked for.
        """
        name = (name_or_arn or "default").rsplit("/", 1)[-1]
        found = self.backend.clusters.get(name)
        if found is None or (active and found.status != "ACTIVE"):
            raise EcsError("ClusterNotFoundException", "Cluster not found.")
        return found

    def task_definition(self, name_or_arn: str | None) -> Any:
        """An ACTIVE task definition of moto's.

        Raises:
            EcsError: ClientException, where there is none or it is not ACTIVE.
        """
        if not name_or_arn:
            raise invalid("TaskDefinition can not be blank.")
        wanted = name_or_arn.rsplit("/", 1)[-1]
        family, _, revision = wanted.partition(":")
        revisions = self.backend.task_definitions.get(family) or {}
        if not revision:
            active = [number for number, each in revisions.items() if each.status == "ACTIVE"]
            revision = str(max(active)) if active else ""
        if not revision.isdigit() or int(revision) not in revisions:
            raise EcsError("ClientException", "Unable to describe task definition.")
        found = revisions[int(revision)]
        if found.status != "ACTIVE":
            raise EcsError("ClientException", "TaskDefinition is inactive")
        return found

    def find_service(self, cluster: str | None, name_or_arn: str) -> Service | None:
        """A service by its cluster and name or ARN, INACTIVE ones too."""
        parts = name_or_arn.split("/")
        cluster_name = (cluster or "default").rsplit("/", 1)[-1]
        if name_or_arn.startswith("arn:") and len(parts) == 3 and cluster is None:
            cluster_name = parts[1]
        return self.services.get((cluster_name, parts[-1]))

    def service(self, cluster: str | None, name_or_arn: str, *, active: bool = False) -> Service:
        """Like ``find_service``, but there must be one.

        Raises:
            EcsError: ClusterNotFoundException, ServiceNotFoundException, ServiceNotActiveException.
        """
        if cluster is not None or not name_or_arn.startswith("arn:"):
            self.cluster(cluster, active=active)
        found = self.find_service(cluster, name_or_arn)
        if found is None:
            raise EcsError("ServiceNotFoundException", "Service not found.")
        if active and found.status != "ACTIVE":
            raise EcsError("ServiceNotActiveException", "Service was not ACTIVE.")
        return found

    def task(self, cluster: str | None, id_or_arn: str) -> Task | None:
        """A task of a cluster by its id or ARN."""
        cluster_arn = self.cluster(cluster, active=False).arn
        wanted = id_or_arn.rsplit("/", 1)[-1]
        found = self.tasks.get(wanted)
        return found if found and found.cluster_arn == cluster_arn else None

    def service_deployment(self, arn: str) -> tuple[Service, ServiceDeployment] | None:
        """A service deployment and its service, by its ARN."""
        service = self.service_in(arn)
        found = (
            next((each for each in service.service_deployments if each.arn == arn), None) if service else None
        )
        return (service, found) if service and found else None

    def revision(self, arn: str) -> tuple[Service, Revision] | None:
        """A service revision and its service, by its ARN."""
        service = self.service_in(arn)
        found = next((each for each in service.revisions if each.arn == arn), None) if service else None
        return (service, found) if service and found else None

    def service_in(self, arn: str) -> Service | None:
        """The service whose cluster and name stand in the ARN of something that belongs to it."""
        parts = arn.split("/")
        return self.services.get((parts[1], parts[2])) if len(parts) > 3 else None
