"""The same workload twice: told to the fakes, and run in the simulated world on moto."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from tests.adapters.values import HOME, at, digest
from tests.local.world.support import REGISTRY, Region
from tests.support.ports import FakePorts, fake_ports
from tidegate.aws.clients import Clients
from tidegate.bootstrap import LazyPorts
from tidegate.domain.scan import ImageScan, ScanFinding
from tidegate.domain.workload import ContainerState, TaskState
from tidegate.ports import Ports
from tidegate.settings import Settings

CLUSTER = "prod"
ACCOUNT = {"HOME_ACCOUNT": HOME.account, "AWS_REGION": HOME.region, "STACK_NAME": "tidegate"}
LOGGING = {
    "logDriver": "awslogs",
    "options": {"awslogs-group": "/ecs", "awslogs-stream-prefix": "app", "awslogs-region": HOME.region},
}


def definition(image: str, **more: Any) -> dict[str, Any]:
    """What somebody asks RegisterTaskDefinition for."""
    container = {"name": "app", "image": image, "essential": True, "cpu": 128, "memory": 256}
    return {
        "family": "checkout-prod",
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{**container, "logConfiguration": LOGGING}],
        **more,
    }


class WorkloadWorld(Protocol):
    """What a suite can do besides calling ports."""

    @property
    def ports(self) -> Ports:
        """The ports under test."""

    def push(self, number: int, tag: str | None, findings: Mapping[str, str] | None = None) -> str:
        """Push an image, with the findings (name to severity) that its scan will have; returns its digest."""

    def scan(self, pushed: str) -> None:
        """Scan an image to the end."""

    def archive(self, pushed: str) -> None:
        """Archive an image."""

    def run_service(self, task_definition: str, pushed: str, desired: int = 2) -> None:
        """Let the service `checkout` run a task definition, settled."""

    def finish(self) -> None:
        """Let the deployment in flight come to its end: it succeeds, unless it was stopped."""

    def finish_task(self, task: str, exit_code: int) -> None:
        """Let a one-off task stop."""


class FakeWorld:
    """Tells the fakes what there is."""

    def __init__(self) -> None:
        self._ports = fake_ports()
        self._findings: dict[str, Mapping[str, str]] = {}
        self._digests: dict[str, str] = {}

    @property
    def ports(self) -> FakePorts:
        return self._ports

    def push(self, number: int, tag: str | None, findings: Mapping[str, str] | None = None) -> str:
        pushed = digest(f"{number:x}")
        self._ports.registry.push("checkout", tag, pushed, at(number))
        self._findings[pushed] = findings or {}
        return pushed

    def scan(self, pushed: str) -> None:
        findings = tuple(ScanFinding(name, severity) for name, severity in self._findings[pushed].items())
        severities = [finding.severity for finding in findings]
        counts = {severity: severities.count(severity) for severity in severities}
        self._ports.registry.scans["checkout", pushed] = ImageScan("COMPLETE", counts, findings)

    def archive(self, pushed: str) -> None:
        self._ports.registry.archive("checkout", pushed)

    def run_service(self, task_definition: str, pushed: str, desired: int = 2) -> None:
        self._ports.services.add(CLUSTER, "checkout", task_definition, desired)
        self._run_tasks(task_definition)

    def finish(self) -> None:
        (newest, *_) = self._ports.services.remembered[CLUSTER, "checkout"]
        stopped = newest.status in ("STOP_REQUESTED", "ROLLBACK_REQUESTED")
        status = "ROLLBACK_SUCCESSFUL" if stopped else "SUCCESSFUL"
        self._ports.services.finish(CLUSTER, "checkout", status)
        self._run_tasks(self._ports.services.described[CLUSTER, "checkout"].task_definition)

    def finish_task(self, task: str, exit_code: int) -> None:
        self._ports.tasks.finish(task, exit_code, "Essential container in task exited")

    def _run_tasks(self, task_definition: str) -> None:
        described = self._ports.task_definitions.registered[task_definition]
        (container,) = described["containerDefinitions"]
        state = self._ports.services.described[CLUSTER, "checkout"]
        self._ports.services.running[CLUSTER, "checkout"] = [
            TaskState(
                arn=f"arn:aws:ecs:us-east-1:123456789012:task/prod/{number:032x}",
                task_definition=task_definition,
                last_status="RUNNING",
                desired_status="RUNNING",
                containers=(
                    ContainerState(
                        container["name"],
                        container["image"],
                        container["image"].rpartition("@")[2],
                        "RUNNING",
                    ),
                ),
                log_streams=(("/ecs", f"app/app/{number:032x}"),),
            )
            for number in range(state.desired)
        ]


class SimulatedWorld:
    """Runs it, with the adapters in front."""

    def __init__(self, region: Region, clients: Clients) -> None:
        self._region = region
        self._ports = LazyPorts(Settings.from_environment(ACCOUNT))
        vars(self._ports)["_clients"] = clients
        region.repository()
        region.ecs.create_cluster(clusterName=CLUSTER)
        region.logs.create_log_group(logGroupName="/ecs")

    @property
    def ports(self) -> LazyPorts:
        return self._ports

    def push(self, number: int, tag: str | None, findings: Mapping[str, str] | None = None) -> str:
        named = [{"name": name, "severity": severity} for name, severity in (findings or {}).items()]
        return self._region.push(number, tag=tag, findings=named, tasks={"fail": {"exit_code": 3}})

    def scan(self, pushed: str) -> None:
        image = {"imageDigest": pushed}
        self._region.ecr.start_image_scan(repositoryName="checkout", imageId=image)
        self._region.advance(120)

    def archive(self, pushed: str) -> None:
        self._region.ecr.update_image_storage_class(
            repositoryName="checkout", imageId={"imageDigest": pushed}, targetStorageClass="ARCHIVE"
        )
        self._region.advance(120)

    def run_service(self, task_definition: str, pushed: str, desired: int = 2) -> None:
        self._region.service(task_definition, desired=desired)

    def finish(self) -> None:
        self._region.until(self._region.settled, within=600)
        self._region.advance(5)

    def finish_task(self, task: str, exit_code: int) -> None:
        self._region.advance(120)


@contextmanager
def simulated(clients: Clients) -> Iterator[SimulatedWorld]:
    """A world that is kind: what is read is never stale."""
    with Region.kind() as region:
        yield SimulatedWorld(region, clients)


def image(pushed: str) -> str:
    """The reference under which a pushed image is pulled."""
    return f"{REGISTRY}/checkout@{pushed}"
