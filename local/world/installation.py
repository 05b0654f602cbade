"""Put one world in the place of what moto only stores.

The methods of moto's response classes are replaced once and always ask for the present world, so another
world, or none, can be put in at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import BaseResponse
from moto.ecr.responses import ECRResponse
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.elbv2.responses import ELBV2Response

from local.world import patches
from local.world.binding import Call, bind
from local.world.ecr.images_api import ImagesApi
from local.world.ecr.layers import LayersApi
from local.world.ecr.push import PushApi
from local.world.ecr.scans import Scanner
from local.world.ecr.scans_api import ScansApi
from local.world.ecs.clusters_api import ClustersApi, wrap_describe_clusters, wrap_tags
from local.world.ecs.definitions import wrap_task_definitions
from local.world.ecs.deployments_api import DeploymentsApi
from local.world.ecs.engine import Ecs
from local.world.ecs.services_api import ServicesApi
from local.world.ecs.tasks_api import TasksApi
from local.world.ecs.zones import Zones
from local.world.elb.api import ElbApi, wrap_changes
from local.world.elb.front import Front
from local.world.elb.rules import wrap_rules
from local.world.elb.targets import Targets
from local.world.elb.wiring import forget_routes
from local.world.metrics.alarms import Alarms
from local.world.metrics.alarms_api import AlarmsApi, wrap_put_alarm
from local.world.metrics.api import MetricsApi
from local.world.metrics.balancers import BalancerMetrics
from local.world.metrics.queries import Queries
from local.world.metrics.store import MetricStore
from local.world.scaling.api import ScalingApi
from local.world.scaling.tracking import Tracking
from local.world.traffic.generator import Traffic
from local.world.world import World

Answer = Mapping[str, Any]
Operations = dict[str, Callable[[Call], Answer]]


class Installation:
    """One world with every part of it, and the API operations that it answers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.targets = Targets(world)
        self.ecs = Ecs(world, self.targets)
        self.scanner = Scanner(world)
        self.images = ImagesApi(world, self.scanner)
        self.layers = LayersApi(world, self.images)
        self.clusters = ClustersApi(self.ecs)
        self.zones = Zones(world, self.ecs)
        self.front = Front(world, self.targets)
        store = MetricStore()
        queries = Queries(world, store)
        self.metrics = MetricsApi(world, store, queries)
        self.alarms = Alarms(world, queries, self.metrics)
        self.traffic = Traffic(world, self.ecs, self.targets, BalancerMetrics(world, store, self.targets))
        self.scaling = ScalingApi(self.ecs)
        self.tracking = Tracking(self.ecs, self.scaling, queries, self.targets)
        self.operations: dict[type[BaseResponse], Operations] = {
            EC2ContainerServiceResponse: self._ecs_operations(),
            ECRResponse: self._ecr_operations(),
            CloudWatchResponse: self._cloudwatch_operations(),
            ELBV2Response: {"DescribeTargetHealth": ElbApi(self.targets).target_health},
            ApplicationAutoScalingResponse: self._scaling_operations(),
        }

    def _ecs_operations(self) -> Operations:
        services, tasks, deployments = ServicesApi(self.ecs), TasksApi(self.ecs), DeploymentsApi(self.ecs)
        return {
            "CreateService": services.create,
            "UpdateService": services.update,
            "DeleteService": services.delete,
            "DescribeServices": services.describe,
            "ListServices": services.list,
            "RunTask": tasks.run,
            "StopTask": tasks.stop,
            "DescribeTasks": tasks.describe,
            "ListTasks": tasks.list,
            "ListServiceDeployments": deployments.list,
            "DescribeServiceDeployments": deployments.describe,
            "DescribeServiceRevisions": deployments.revisions,
            "StopServiceDeployment": deployments.stop,
            "ContinueServiceDeployment": deployments.proceed,
            "DeleteCluster": self.clusters.delete,
        }

    def _ecr_operations(self) -> Operations:
        images = self.images
        scans = ScansApi(self.world, self.scanner, images)
        return {
            "PutImage": PushApi(self.world, images).put_image,
            "DescribeImages": images.describe,
            "ListImages": images.list,
            "BatchGetImage": images.batch_get,
            "CompleteLayerUpload": self.layers.complete,
            "GetDownloadUrlForLayer": self.layers.download_url,
            "UpdateImageStorageClass": images.update_storage_class,
            "StartImageScan": scans.start_scan,
            "DescribeImageScanFindings": scans.scan_findings,
            "PutRegistryScanningConfiguration": scans.put_scanning,
        }

    def _scaling_operations(self) -> Operations:
        return {
            "RegisterScalableTarget": self.scaling.register,
            "DeregisterScalableTarget": self.scaling.deregister,
            "DescribeScalableTargets": self.scaling.describe,
            "PutScalingPolicy": self.scaling.put_policy,
            "DeleteScalingPolicy": self.scaling.delete_policy,
            "DescribeScalingPolicies": self.scaling.describe_policies,
        }

    def _cloudwatch_operations(self) -> Operations:
        metrics, alarms = self.metrics, AlarmsApi(self.alarms)
        return {
            "PutMetricData": metrics.put,
            "GetMetricData": metrics.data,
            "GetMetricStatistics": metrics.statistics,
            "ListMetrics": metrics.list_metrics,
            "SetAlarmState": alarms.set_state,
        }


class _Present:
    installation: Installation | None = None
    patched = False


def present() -> Installation:
    """The world that is in.

    Raises:
        RuntimeError: None is.
    """
    if _Present.installation is None:
        raise RuntimeError("no world is installed; call local.world.install first")
    return _Present.installation


def put_in(world: World) -> Installation:
    """Put a world in, in the place of the one before."""
    if _Present.installation is not None:
        _Present.installation.world.close()
    forget_routes()
    installation = _Present.installation = Installation(world)
    if not _Present.patched:
        _patch(installation)
        _Present.patched = True
    return installation


def take_out() -> None:
    """Take the world out: moto answers again as it did before."""
    if _Present.installation is not None:
        _Present.installation.world.close()
    _Present.installation, _Present.patched = None, False
    patches.put_back()


def _patch(first: Installation) -> None:
    for response_class, operations in first.operations.items():
        for name in operations:
            bind(response_class, name, _forward(response_class, name))
    wrap_describe_clusters(lambda: present().clusters)
    wrap_tags(lambda: present().clusters)
    wrap_task_definitions(lambda: present().world)
    wrap_changes()
    wrap_rules()
    wrap_put_alarm(lambda: present().alarms)


def _forward(response_class: type[BaseResponse], name: str) -> Callable[[Call], Answer]:
    def operation(call: Call) -> Answer:
        installation = present()
        with installation.world.lock:
            return installation.operations[response_class][name](call)

    return operation
