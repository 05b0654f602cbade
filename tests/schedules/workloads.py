"""What the schedules release: two services, three repositories, and images of which the world knows more.

`payments` is made of two images, migrates before each deployment in dev, and soaks there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from tests.schedules.strategies import groups_of, strategy_of
from tests.support.ports import FakePorts
from tests.unit.examples import APPROVER, NOON, environment
from tidegate.domain.deployment import Deployment, deployment_id
from tidegate.domain.images import ImageRef
from tidegate.domain.intake import registered_key
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release, release_id
from tidegate.domain.scan import ImageScan
from tidegate.domain.service import (
    ApprovalRule,
    BeforeDeploy,
    Environment,
    HttpCheck,
    ImageSource,
    Service,
    TagRule,
)
from tidegate.domain.strategy import Strategy

NAMES = ("checkout", "payments")
REPOSITORIES = ("checkout", "payments", "proxy")
PLACES = (("checkout", "dev"), ("checkout", "prod"), ("payments", "dev"), ("payments", "prod"))
CONTAINERS = {"checkout": {"app": "checkout"}, "payments": {"app": "payments", "proxy": "proxy"}}
APPROVAL_SECONDS = 3600
URI = "123456789012.dkr.ecr.us-east-1.amazonaws.com"


@dataclass(frozen=True)
class Image:
    """An image, and what is wrong with it.

    Attributes:
        nature: ``good``; its tasks do not start (``crashing``); its checks fail (``failing``), or do
            so in production alone (``unfit``); its migration fails (``stuck``); it answers badly and may
            raise the alarm of its service (``harmful``).
        scan: ``clean``, ``critical``, or ``broken`` when its scan fails.
    """

    repository: str
    tag: str
    digest: str
    nature: str = "good"
    scan: str = "clean"

    @property
    def fine(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.nature == "good" and self.scan == "clean"


def alarm_of(service: str, place: str) -> str:
    """The alarm that watches a service in an environment."""
    return f"{service}-{place}-5xx"


def _environment(service: str, place: str, strategy: str) -> Environment:
    check = HttpCheck(name="health", url=f"https://{service}.{place}.example/health", attempts=2)
    common = {"service": service, "checks": (check,)}
    if place == "prod":
        rule = ApprovalRule(approvers=(APPROVER,), expires_after_seconds=APPROVAL_SECONDS)
        settings = strategy_of(service, strategy, alarm_of(service, place))
        return environment(place, approval=rule, strategy=settings, **common)
    if service == "payments":
        migration = BeforeDeploy("app", ("migrate",))
        return environment(place, before_deploy=migration, soak_seconds=60, **common)
    return environment(place, **common)


def service_of(name: str, strategy: str = "rolling") -> Service:
    """The manifest of a service that gets to production by a strategy."""
    repositories = CONTAINERS[name]
    return Service(
        name=name,
        containers={
            container: ImageSource(repository, TagRule(pattern="*"))
            for container, repository in repositories.items()
        },
        task_definition={
            "containerDefinitions": [{"name": container, "essential": True} for container in repositories]
        },
        environments=(_environment(name, "dev", "rolling"), _environment(name, "prod", strategy)),
    )


def production_of(service: Service) -> Strategy:
    """How a service gets to production."""
    return service.environment("prod").strategy


def digest_of(number: int) -> str:
    """The digest of the image of that number."""
    return f"sha256:{number:064x}"


def install(ports: FakePorts, services: Sequence[Service]) -> list[Image]:
    """Register the services, with a version of each that runs everywhere and is known to be good."""
    images = []
    for number, repository in enumerate(REPOSITORIES):
        image = Image(repository, "1.0.0", digest_of(number + 1))
        at = NOON - timedelta(days=1)
        ports.registry.push(repository, image.tag, image.digest, at, ImageScan("COMPLETE"))
        images.append(image)
    ports.notifier.confirm(APPROVER)
    for number, service in enumerate(services):
        ports.catalogue.put(service, after=0)
        ports.intake.first(registered_key(service.name), at=NOON - timedelta(hours=2), value="registered")
        _adopt(ports, service, number)
    return images


def _adopt(ports: FakePorts, service: Service, number: int) -> None:
    at = NOON - timedelta(hours=1)
    found = {
        name: ports.registry.image(ports.home, source.repository, tag="1.0.0")
        for name, source in service.containers.items()
    }
    images: dict[str, ImageRef] = {name: image for name, image in found.items() if image is not None}
    release = Release(
        id=release_id(service.name, at, f"{number + 0xFFFFF0:06x}"),
        service=service.name,
        revision=1,
        images=images,
        created_at=at,
        newest_push=NOON - timedelta(days=1),
        trigger="adopted",
        outcome=Outcome.SUCCEEDED,
        outcome_reason="It ran before.",
        ended_at=at,
    )
    ports.releases.stored[release.id] = release
    for place in service.environments:
        _run(ports, service, place, release)


def _run(ports: FakePorts, service: Service, place: Environment, release: Release) -> None:
    images = {name: f"{URI}/{image.repository}@{image.digest}" for name, image in release.images.items()}
    arn = ports.task_definitions.register(
        place.target,
        {
            "family": service.family(place.name),
            "containerDefinitions": [{"name": name, "image": image} for name, image in images.items()],
        },
    )
    groups = groups_of(service.name)[:1] if place.production else ()
    ports.services.add(place.cluster, place.service, arn, target_groups=groups)
    for alarm in place.strategy.alarms.names:
        ports.alarms.known[alarm] = "OK"
    at = release.created_at
    ports.deployments.open(
        Deployment(
            id=deployment_id(at, release.id, 1),
            release=release.id,
            service=service.name,
            environment=place.name,
            revision=1,
            strategy=place.strategy.name,
            task_definition=arn,
            images=images,
            opened_at=at,
            execution="adopted",
            outcome=Outcome.SUCCEEDED,
            ended_at=at,
        )
    )
