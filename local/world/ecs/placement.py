"""Make tasks: their ARN, address, zone and containers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.ec2.models import ec2_backends

from local.world.ecs.model import Deployment, Service
from local.world.ecs.store import EcsStore, invalid
from local.world.ecs.task_model import Container, Task, hex_id
from local.world.world import World


class Placement:
    """Places tasks one after the other into the zones of their subnets."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._placed = 0
        self.avoid: set[str] = set()

    def for_service(self, store: EcsStore, service: Service, deployment: Deployment) -> Task:
        """A new task of a deployment of a service."""
        settings = service.settings
        task = self._make(
            store,
            service.cluster_arn,
            deployment.task_definition,
            deployment.revision.settings.get("networkConfiguration") or settings.get("networkConfiguration"),
        )
        task.group, task.started_by = f"service:{service.name}", deployment.id
        task.launch_type = settings.get("launchType") or "FARGATE"
        task.service, task.deployment = service, deployment
        task.execute_command = bool(settings.get("enableExecuteCommand"))
        digests = {
            each["containerName"]: each.get("imageDigest") for each in deployment.revision.container_images
        }
        for container in task.containers:
            container.digest = digests.get(container.name)
        task.tags = _propagated(service, deployment)
        service.tasks.append(task)
        return task

    def for_run(self, store: EcsStore, cluster_arn: str, definition: Any, asked: Mapping[str, Any]) -> Task:
        """A new task that RunTask was asked for."""
        task = self._make(store, cluster_arn, definition, asked.get("networkConfiguration"))
        task.group = asked.get("group") or f"family:{definition.family}"
        task.started_by = asked.get("startedBy")
        task.launch_type = asked.get("launchType") or "FARGATE"
        task.overrides = dict(asked.get("overrides") or {})
        task.tags = list(asked.get("tags") or [])
        task.execute_command = bool(asked.get("enableExecuteCommand"))
        return task

    def _make(self, store: EcsStore, cluster_arn: str, definition: Any, network: Any) -> Task:
        if definition.network_mode == "awsvpc" and not network:
            raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
        self._placed += 1
        subnets = ((network or {}).get("awsvpcConfiguration") or {}).get("subnets") or []
        subnet, zone = self._spread(store, list(subnets))
        identifier = hex_id(self._world.random)
        arn = store.arn("task", cluster_arn.rsplit("/", 1)[-1], identifier)
        containers = [
            Container(
                f"{arn.replace(':task/', ':container/')}/{number:08x}",
                dict(each),
                each["image"],
                self._world.images,
            )
            for number, each in enumerate(definition.container_definitions)
        ]
        task = Task(
            arn=arn,
            cluster_arn=cluster_arn,
            task_definition=definition,
            group="",
            created_at=self._world.today(),
            containers=containers,
            availability_zone=zone,
            subnet=subnet,
            ip=f"10.{self._placed >> 16 & 255}.{self._placed >> 8 & 255}.{self._placed & 255}",
            attachment_id=f"{self._world.random.getrandbits(128):032x}",
        )
        store.tasks[task.id] = task
        return task

    def _spread(self, store: EcsStore, subnets: list[str]) -> tuple[str | None, str]:
        """The next subnet in turn, with its zone, past those whose zone has failed."""
        options: list[str | None] = [*subnets] or [None]
        turned = [options[(self._placed + offset) % len(options)] for offset in range(len(options))]
        zones = [(subnet, self._zone(store, subnet)) for subnet in turned]
        return next((each for each in zones if each[1] not in self.avoid), zones[0])

    def _zone(self, store: EcsStore, subnet: str | None) -> str:
        backend = ec2_backends[store.account][store.region]
        for zones in backend.subnets.values():
            if subnet in zones:
                return str(zones[subnet].availability_zone)
        return f"{store.region}{'ab'[self._placed % 2]}"


def _propagated(service: Service, deployment: Deployment) -> list[dict[str, str]]:
    """The tags that a task takes over.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
    """
    chosen = service.settings.get("propagateTags")
    tags = {"SERVICE": service.tags, "TASK_DEFINITION": deployment.task_definition.tags}.get(chosen or "")
    found = [dict(each) for each in tags or []]
    if service.settings.get("enableECSManagedTags"):
        found.append({"key": "aws:ecs:clusterName", "value": service.cluster_name})
        found.append({"key": "aws:ecs:serviceName", "value": service.name})
    return found
