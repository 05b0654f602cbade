"""A service on the way from one release to the next, as the steps of a deployment find it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tests.support.ports import FakePorts, fake_ports
from tests.unit.examples import (
    at,
    deployment,
    digest,
    environment,
    execution_arn,
    registered,
    release,
    service,
)
from tidegate.domain.deployment import Deployment
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release
from tidegate.domain.service import Service
from tidegate.domain.workload import ContainerState, ServiceDeployment, TaskState

ACCOUNT = "123456789012"
URI = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/checkout"
WAITER = f"{execution_arn('child', 'enter_environment')}/Waiting"


def revision(number: int, of: str = "dev") -> str:
    """The ARN of a revision of the task definition of `checkout` in an environment."""
    return f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/checkout-{of}:{number}"


@dataclass
class Stage:
    """The ports, the release that runs, its root execution, and where it is."""

    ports: FakePorts
    release: Release
    root: str
    place: str = "dev"

    @property
    def now(self) -> Release:
        """The release as the ledger has it by now."""
        return self.ports.releases.stored[self.release.id]

    @property
    def service(self) -> Service:
        found = self.ports.catalogue.get("checkout")
        assert found
        return found[1]

    @property
    def here(self) -> Any:
        """The environment."""
        return self.service.environment(self.place)

    def given(self, **more: Any) -> dict[str, Any]:
        """What every step of a deployment is told."""
        return {
            "root": self.root,
            "release": self.release.id,
            "service": "checkout",
            "environment": self.place,
            **more,
        }

    def deployments(self, of: str | None = None) -> list[Deployment]:
        """The deployments of a release (this one, if none is named) here, oldest first."""
        every = self.ports.deployments.of_release(of or self.release.id)
        return [each for each in every if each.environment == self.place]

    def deployment(self) -> Deployment:
        (only,) = self.deployments()
        return only

    def runs(self) -> str:
        """The task definition that the service has."""
        return self.ports.services.described[self.place, "checkout"].task_definition

    def change(self, **more: Any) -> None:
        """Let the ECS service be otherwise."""
        known = self.ports.services.described[self.place, "checkout"]
        self.ports.services.described[self.place, "checkout"] = replace(known, **more)

    def remember(self, **more: Any) -> ServiceDeployment:
        """Let ECS remember one more service deployment, the newest."""
        known = self.ports.services.remembered.setdefault((self.place, "checkout"), [])
        arn = f"arn:aws:ecs:us-east-1:{ACCOUNT}:service-deployment/{self.place}/checkout/x{len(known)}"
        made = ServiceDeployment(**{"arn": arn, "status": "IN_PROGRESS", "status_reason": None, **more})
        known.insert(0, made)
        return made

    def stop(self, signal: Any, reason: str = "Told to stop.") -> None:
        self.ports.releases.stored[self.release.id] = replace(self.now, stop=signal, stop_reason=reason)


def task(number: int, definition: str, letter: str, **more: Any) -> TaskState:
    """A running task whose container `app` reports its digest."""
    container = ContainerState("app", f"{URI}@{digest(letter)}", digest(letter), "RUNNING", "HEALTHY")
    return TaskState(
        **{
            "arn": f"arn:aws:ecs:us-east-1:{ACCOUNT}:task/dev/{number:032x}",
            "task_definition": definition,
            "last_status": "RUNNING",
            "desired_status": "RUNNING",
            "containers": (container,),
            **more,
        }
    )


def define(ports: FakePorts, of: str, number: int, letter: str, **more: Any) -> str:
    """Let a revision of the task definition be registered."""
    arn = revision(number, of)
    ports.task_definitions.registered[arn] = {
        "family": f"checkout-{of}",
        "containerDefinitions": [{"name": "app", "image": f"{URI}@{digest(letter)}"}],
        "taskDefinitionArn": arn,
        "revision": number,
        "status": "ACTIVE",
        **more,
    }
    return arn


def running_good(ports: FakePorts, of: str = "dev", *, desired: int = 2) -> Release:
    """Let release `a` run in an environment, known good."""
    ports.registry.push("checkout", "1.0.a", digest("a"), at(-7200))
    arn = define(ports, of, 1, "a")
    ports.services.add(of, "checkout", arn, desired=desired)
    ports.services.running[of, "checkout"] = [task(n, arn, "a") for n in range(desired)]
    good = release(ports, letter="a", pushed=-7200, outcome=Outcome.SUCCEEDED, outcome_reason="It ran.")
    deployment(
        ports,
        good,
        of,
        outcome=Outcome.SUCCEEDED,
        opened=-7000,
        task_definition=arn,
        images={"app": f"{URI}@{digest('a')}"},
    )
    return good


def planned(*, place: str = "dev", ports: FakePorts | None = None, manifest: Service | None = None) -> Stage:
    """Release `b` runs, and nothing is touched; release `a` runs in the environment, known good."""
    ports = registered(ports or fake_ports(), manifest or service())
    running_good(ports, place)
    ports.registry.push("checkout", "1.0.b", digest("b"), at(-60))
    stored = release(ports, letter="b", pushed=-60, salt=901)
    root = execution_arn(stored.id)
    ports.machines.add(root)
    ports.releases.start_attempt(stored.id, 1, root)
    return Stage(ports, ports.releases.stored[stored.id], root, place)


def locked(stage: Stage, owner: str | None = None, acquired: datetime | None = None) -> Stage:
    """The release has the lock."""
    stage.ports.locks.acquire(
        "checkout",
        stage.place,
        owner=owner or stage.root,
        release=stage.release.id,
        at=acquired or stage.ports.clock.at,
    )
    return stage


def entered(stage: Stage | None = None, **more: Any) -> Stage:
    """The release has the lock, has touched the environment, and its deployment is open."""
    stage = locked(stage or planned())
    production = stage.here.production
    stage.ports.releases.touch(stage.release.id, stage.place, production=production)
    arn = define(stage.ports, stage.place, 2, "b")
    deployment(
        stage.ports,
        stage.now,
        stage.place,
        opened=0,
        task_definition=arn,
        images={"app": f"{URI}@{digest('b')}"},
        from_task_definition=revision(1, stage.place),
        from_images={"app": f"{URI}@{digest('a')}"},
        production=production,
        execution=stage.root,
        **more,
    )
    return stage


def deploying(stage: Stage | None = None, **more: Any) -> Stage:
    """ECS deploys the release."""
    stage = entered(stage, **more)
    here = stage.here
    new = revision(2, stage.place)
    stage.ports.services.deploy(here.target, here.cluster, here.service, new, here.strategy)
    stage.ports.services.deployed.clear()
    return stage


def deployed(stage: Stage | None = None, **more: Any) -> Stage:
    """The release runs, and ECS is done."""
    stage = deploying(stage, **more)
    stage.ports.services.finish(stage.place, "checkout")
    new = revision(2, stage.place)
    stage.ports.services.running[stage.place, "checkout"] = [task(n, new, "b") for n in range(2)]
    return stage


def only(name: str = "dev", **more: Any) -> Service:
    """A service with one environment."""
    return service(environments=(environment(name, **more),))
