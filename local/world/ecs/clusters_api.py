"""DescribeClusters, DeleteCluster and tags, which moto answers, but from the world's services and tasks."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.ecs.responses import EC2ContainerServiceResponse

from local.world import patches
from local.world.binding import Call, call_of
from local.world.ecs.engine import Ecs
from local.world.ecs.model import Service
from local.world.ecs.shapes import counts
from local.world.ecs.store import EcsError, EcsStore
from local.world.ecs.task_model import Task

Answer = dict[str, Any]


class ClustersApi:
    """The operations that look at clusters as a whole."""

    def __init__(self, ecs: Ecs) -> None:
        self._ecs = ecs

    def delete(self, call: Call) -> Answer:
        """DeleteCluster: refused while it holds services or tasks, then INACTIVE.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeleteCluster.html
        """
        store = self._ecs.store(call.place)
        cluster = store.cluster(call.get("cluster"))
        services, tasks = contents(store, cluster.arn)
        if services:
            raise EcsError(
                "ClusterContainsServicesException",
                "The Cluster cannot be deleted while Services are active.",
            )
        if tasks:
            raise EcsError(
                "ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active."
            )
        cluster.status = "INACTIVE"
        return {"cluster": cluster}

    def refresh(self, place: tuple[str, str]) -> None:
        """Write the present counts into moto's clusters."""
        store = self._ecs.store(place)
        for cluster in store.backend.clusters.values():
            services, tasks = contents(store, cluster.arn)
            cluster.active_services_count = len(services)
            cluster.running_tasks_count, cluster.pending_tasks_count = counts(tasks)

    def tagged(self, place: tuple[str, str], arn: str) -> Service | Task | None:
        """The service or task of the world that an ARN names."""
        store = self._ecs.store(place)
        for service in store.services.values():
            if service.arn == arn:
                return service
        return next((task for task in store.tasks.values() if task.arn == arn), None)


def contents(store: EcsStore, cluster_arn: str) -> tuple[list[Service], list[Task]]:
    """The services and tasks of a cluster that are not gone."""
    services = [
        each
        for each in store.services.values()
        if each.cluster_arn == cluster_arn and each.status != "INACTIVE"
    ]
    tasks = [each for each in store.tasks.values() if each.cluster_arn == cluster_arn and not each.stopped_at]
    return services, tasks


def wrap_describe_clusters(api_of: Any) -> None:
    """Have moto's DescribeClusters count what the world runs."""
    original = EC2ContainerServiceResponse.describe_clusters

    def describe_clusters(self: EC2ContainerServiceResponse) -> ActionResult:
        api_of().refresh(call_of(self).place)
        return original(self)

    patches.replace(EC2ContainerServiceResponse, "describe_clusters", describe_clusters)


def wrap_tags(api_of: Any) -> None:
    """Let the tagging operations find the world's services and tasks as well as moto's resources."""
    from moto.ecs.models import EC2ContainerServiceBackend

    original = EC2ContainerServiceBackend._get_resource  # noqa: SLF001 - the one place where ARNs are resolved

    def get_resource(self: Any, resource_arn: str, parsed_arn: dict[str, str]) -> Any:
        found = api_of().tagged((self.account_id, self.region_name), resource_arn)
        return found if found is not None else original(self, resource_arn, parsed_arn)

    patches.replace(EC2ContainerServiceBackend, "_get_resource", get_resource)
