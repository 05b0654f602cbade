"""A region of the simulated world whose time the tests move themselves, and boto3 clients for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from moto.cloudwatch.models import cloudwatch_backends
from moto.ecr.models import ecr_backends
from moto.ecs.models import ecs_backends
from moto.elbv2.models import elbv2_backends
from moto.logs.models import logs_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

import local.world as simulated
from local.world.binding import Call
from local.world.clock import ManualClock
from local.world.ecr.push import manifest_digest
from local.world.installation import Installation
from local.world.settings import WorldSettings

ACCOUNT, REGION = "123456789012", "us-east-1"
PLACE = (ACCOUNT, REGION)
# What a test may have changed. The network of ec2 is only read, and slow to make anew.
USED: tuple[Any, ...] = (
    cloudwatch_backends,
    ecr_backends,
    ecs_backends,
    elbv2_backends,
    logs_backends,
    sns_backends,
    sqs_backends,
)
# A stage that has hooks, although the enumeration of the stages of a deployment does not name it.
UNLISTED = ("PRE_PRODUCTION_TRAFFIC_SHIFT",)
REGISTRY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"


@dataclass(frozen=True)
class Event:
    source: str
    kind: str
    detail: dict[str, Any]
    resources: list[str]
    at: float


@dataclass
class Region:
    """One region: its clients, its clock, and the events that it has sent."""

    installation: Installation
    clock: ManualClock
    events: list[Event] = field(default_factory=list)

    @classmethod
    @contextmanager
    def kind(cls, **settings: Any) -> Iterator[Region]:
        yield from cls._open(WorldSettings.kind(**settings))

    @classmethod
    @contextmanager
    def with_settings(cls, settings: WorldSettings) -> Iterator[Region]:
        yield from cls._open(settings)

    @classmethod
    @contextmanager
    def unkind(cls, **settings: Any) -> Iterator[Region]:
        yield from cls._open(WorldSettings(**settings))

    @classmethod
    def _open(cls, settings: WorldSettings) -> Iterator[Region]:
        clock, events = ManualClock(), []

        def publish(source, detail_type, detail, resources=(), *, account, region) -> None:
            assert (account, region) == PLACE
            json.dumps(detail)
            events.append(Event(source, detail_type, detail, list(resources), clock.now()))

        for backends in USED:
            backends.reset()
        installation = simulated.install(settings, publish=publish, clock=clock)
        check_every_answer(installation)
        yield cls(installation, clock, events)

    def __getattr__(self, name: str) -> Any:
        return client(name)

    @property
    def world(self):
        return self.installation.world

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def until(self, condition, within: float = 30.0) -> None:
        self.clock.advance_until(condition, within, step=0.1)

    def images(self, digest: str, **behaviour: Any) -> None:
        self.world.images.change(digest, behaviour)

    def events_of(self, kind: str) -> list[Event]:
        return [event for event in self.events if event.kind == kind]

    def event_names(self, kind: str = "ECS Deployment State Change") -> list[str]:
        return [event.detail["eventName"] for event in self.events_of(kind)]

    def repository(self, name: str = "checkout", **options: Any) -> None:
        client("ecr").create_repository(repositoryName=name, **options)

    def push(
        self, number: int, repository: str = "checkout", tag: str | None = None, **behaviour: Any
    ) -> str:
        """Push the image with a number; its behaviour is decided beforehand."""
        manifest = manifest_of(number)
        self.images(manifest_digest(manifest), **behaviour)
        tagged = {"imageTag": tag} if tag else {}
        answer = client("ecr").put_image(repositoryName=repository, imageManifest=manifest, **tagged)
        return answer["image"]["imageId"]["imageDigest"]

    def task_definition(self, *digests: str, family: str = "checkout", **container: Any) -> str:
        """Register a task definition with one container for each digest."""
        containers = [
            {
                "name": "app" if index == 0 else f"side{index}",
                "image": f"{REGISTRY}/checkout@{digest}" if digest.startswith("sha256:") else digest,
                "portMappings": [{"containerPort": 8080 + index}],
                "memory": 256,
                **container,
            }
            for index, digest in enumerate(digests)
        ]
        answer = client("ecs").register_task_definition(
            family=family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=containers,
        )
        return answer["taskDefinition"]["taskDefinitionArn"]

    def subnets(self) -> list[str]:
        return [each["SubnetId"] for each in client("ec2").describe_subnets()["Subnets"][:2]]

    def network(self) -> dict[str, Any]:
        return {"awsvpcConfiguration": {"subnets": self.subnets()}}

    def load_balancer(
        self, name: str = "web", groups: tuple[str, ...] = ("checkout",), **group: Any
    ) -> Balancer:
        return Balancer.create(name, groups, self.subnets(), **group)

    def service(self, definition: str, name: str = "checkout", desired: int = 2, **options: Any) -> None:
        """Create a service and wait until it is steady."""
        self.create_service(definition, name, desired, **options)
        self.until(lambda: self.settled(name))

    def create_service(
        self, definition: str, name: str = "checkout", desired: int = 2, **options: Any
    ) -> None:
        if not client("ecs").describe_clusters(clusters=["prod"])["clusters"]:
            client("ecs").create_cluster(clusterName="prod")
        client("ecs").create_service(
            cluster="prod",
            serviceName=name,
            taskDefinition=definition,
            desiredCount=desired,
            launchType="FARGATE",
            networkConfiguration=self.network(),
            **options,
        )

    def update(self, definition: str | None = None, name: str = "checkout", **options: Any) -> None:
        changes = {"taskDefinition": definition} if definition else {}
        client("ecs").update_service(cluster="prod", service=name, **changes, **options)

    def describe(self, name: str = "checkout") -> dict[str, Any]:
        return client("ecs").describe_services(cluster="prod", services=[name])["services"][0]

    def settled(self, name: str = "checkout") -> bool:
        """Whether the service has one deployment that is completed; asked too often to go through the API."""
        found = self._service(name).deployments
        return [each.rollout_state for each in found] == ["COMPLETED"]

    def until_status(self, status: str, name: str = "checkout", within: float = 30.0) -> None:
        """Wait until the newest service deployment has a status."""
        service = self._service(name)
        self.until(lambda: service.service_deployments[-1].status == status, within)

    def until_stage(self, stage: str, name: str = "checkout", within: float = 30.0) -> None:
        """Wait until the newest service deployment is in a lifecycle stage."""
        service = self._service(name)
        self.until(lambda: service.service_deployments[-1].lifecycle_stage == stage, within)

    def _service(self, name: str) -> Any:
        return self.installation.ecs.store(PLACE).services["prod", name]

    def tasks(self, name: str = "checkout", status: str = "RUNNING") -> list[dict[str, Any]]:
        arns = client("ecs").list_tasks(cluster="prod", serviceName=name, desiredStatus=status)["taskArns"]
        return client("ecs").describe_tasks(cluster="prod", tasks=arns)["tasks"] if arns else []

    def running_digests(self, name: str = "checkout") -> set[str]:
        running = [task for task in self.tasks(name) if task["lastStatus"] == "RUNNING"]
        return {container["imageDigest"] for task in running for container in task["containers"]}

    def service_deployment(self, name: str = "checkout") -> dict[str, Any]:
        """The newest service deployment, described."""
        listed = client("ecs").list_service_deployments(cluster="prod", service=name)["serviceDeployments"]
        arns = [listed[0]["serviceDeploymentArn"]]
        found = client("ecs").describe_service_deployments(serviceDeploymentArns=arns)
        return found["serviceDeployments"][0]

    def messages(self, name: str = "checkout") -> list[str]:
        """The service's event messages, the oldest first."""
        return [each["message"] for each in reversed(self.describe(name)["events"])]

    def target_states(self, group: str) -> list[str]:
        found = client("elbv2").describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        return [each["TargetHealth"]["State"] for each in found]


@dataclass
class Balancer:
    """A load balancer with one listener and target groups."""

    arn: str
    listener: str
    groups: dict[str, str]

    @classmethod
    def create(cls, name: str, groups: tuple[str, ...], subnets: list[str], **group: Any) -> Balancer:
        elb = client("elbv2")
        vpc = client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
        balancer = elb.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0]
        arns = {}
        for each in groups:
            options = {"HealthCheckPath": "/health", "HealthyThresholdCount": 2, **group}
            made = elb.create_target_group(
                Name=each, Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip", **options
            )
            arns[each] = made["TargetGroups"][0]["TargetGroupArn"]
            delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "30"}
            elb.modify_target_group_attributes(TargetGroupArn=arns[each], Attributes=[delay])
        listener = elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[forward({arns[each]: int(index == 0) for index, each in enumerate(groups)})],
        )["Listeners"][0]["ListenerArn"]
        return cls(balancer["LoadBalancerArn"], listener, arns)

    def attached(self, group: str = "checkout") -> list[dict[str, Any]]:
        """What a service's ``loadBalancers`` is."""
        return [{"targetGroupArn": self.groups[group], "containerName": "app", "containerPort": 8080}]

    def dimensions(self, group: str = "checkout") -> list[dict[str, str]]:
        return [
            {"Name": "LoadBalancer", "Value": self.arn.split("loadbalancer/")[1]},
            {"Name": "TargetGroup", "Value": self.groups[group].rsplit(":", 1)[1]},
        ]


def forward(weights: Mapping[str, int]) -> dict[str, Any]:
    groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}


def manifest_of(number: int) -> str:
    media = "application/vnd.oci.image.manifest.v1+json"
    config = {
        "mediaType": "application/vnd.oci.image.config.v1+json",
        "size": 1000 + number,
        "digest": "sha256:" + "0" * 64,
    }
    return json.dumps({"schemaVersion": 2, "mediaType": media, "config": config, "layers": []})


@cache
def client(name: str) -> Any:
    return boto3.client(name, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")


def check_every_answer(installation: Installation) -> None:
    """Have every answer of the world compared with the shape that botocore knows for it."""
    session = botocore.session.get_session()
    for response_class, operations in installation.operations.items():
        model = session.get_service_model(response_class().boto3_service_name)
        for name, operation in operations.items():
            shape = model.operation_model(name).output_shape
            operations[name] = checked(name, operation, shape)


def checked(name: str, operation, shape: Shape | None):
    def call(asked: Call) -> Mapping[str, Any]:
        answer = operation(asked)
        if shape is not None and name != "DeleteCluster":
            found = list(misfits(shape, answer, name))
            assert not found, found
        return answer

    return call


def misfits(shape: Shape, value: Any, where: str) -> Iterator[str]:
    """What of an answer the API does not know."""
    if value is None:
        yield f"{where} is None"
    elif isinstance(shape, StructureShape) and not shape.is_document_type:
        for name, each in value.items():
            if name not in shape.members:
                yield f"{where}.{name} is no member of {shape.name}"
            else:
                yield from misfits(shape.members[name], each, f"{where}.{name}")
    elif isinstance(shape, ListShape):
        for index, each in enumerate(value):
            yield from misfits(shape.member, each, f"{where}[{index}]")
    elif isinstance(shape, MapShape):
        for name, each in value.items():
            yield from misfits(shape.value, each, f"{where}.{name}")
    elif isinstance(shape, StringShape) and shape.enum and value not in {*shape.enum, *UNLISTED}:
        yield f"{where} is {value}, none of {shape.enum}"
