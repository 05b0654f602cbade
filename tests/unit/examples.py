"""Small values that the tests of events and people are written with."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.ports import FakePorts
from tidegate.domain.deployment import Deployment, deployment_id
from tidegate.domain.images import ImageRef
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release, release_id
from tidegate.domain.service import ApprovalRule, Environment, ImageSource, Service, TagRule
from tidegate.domain.strategy import DeploymentAlarms, RollingSettings
from tidegate.ports import Wait

EVENTS = Path(__file__).parents[2] / "events" / "aws"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
APPROVER = "ops@example.com"
ALARM = "checkout-prod-5xx"


def at(seconds: float) -> datetime:
    """A time so many seconds after noon, which is when the fake clock stands."""
    return NOON + timedelta(seconds=seconds)


def digest(letter: str) -> str:
    """A digest that is easy to tell from another."""
    return "sha256:" + letter * 64


def event(name: str, /, **detail: Any) -> dict[str, Any]:
    """An example event of `events/aws`; keys of its detail can be replaced (`_` stands for `-`)."""
    example: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    for key, value in detail.items():
        known = key if key in example["detail"] else key.replace("_", "-")
        example["detail"][known] = value
    return example


def environment(name: str, **more: Any) -> Environment:
    """An environment whose cluster has its name."""
    return Environment(
        **{
            "name": name,
            "cluster": name,
            "service": "checkout",
            "region": "us-east-1",
            "account": "123456789012",
            "production": name == "prod",
            **more,
        }
    )


def service(name: str = "checkout", **more: Any) -> Service:
    """A service with dev, staging and prod, fed by one repository of its own name, any version."""
    alarms = RollingSettings(alarms=DeploymentAlarms(names=(ALARM,)))
    rule = ApprovalRule(approvers=(APPROVER,), expires_after_seconds=3600)
    return Service(
        **{
            "name": name,
            "containers": {"app": ImageSource(name, TagRule(pattern="*"))},
            "task_definition": {"containerDefinitions": [{"name": "app", "essential": True}]},
            "environments": (
                environment("dev"),
                environment("staging"),
                environment("prod", approval=rule, strategy=alarms),
            ),
            **more,
        }
    )


def registered(ports: FakePorts, *services: Service) -> FakePorts:
    """Let services be registered."""
    for each in services or (service(),):
        ports.catalogue.put(each, after=len(ports.catalogue.revisions.get(each.name, [])))
    return ports


def release(
    ports: FakePorts, *, letter: str = "a", pushed: float = 0, salt: int = 900, **more: Any
) -> Release:
    """Let a release of `checkout` be in the ledger."""
    pushed_at = at(pushed)
    stored = Release(
        **{
            "id": release_id("checkout", pushed_at, f"{salt:06x}"),
            "service": "checkout",
            "revision": 1,
            "images": {"app": ImageRef("checkout", digest(letter), f"1.0.{letter}", pushed_at)},
            "created_at": pushed_at,
            "newest_push": pushed_at,
            "trigger": "push",
            **more,
        }
    )
    ports.releases.stored[stored.id] = stored
    return stored


def running(ports: FakePorts, **more: Any) -> Release:
    """Let a release be in the ledger, and let its root execution run."""
    stored = release(ports, **more)
    arn = execution_arn(stored.id)
    ports.machines.add(arn)
    ports.releases.start_attempt(stored.id, 1, arn)
    return ports.releases.stored[stored.id]


def execution_arn(name: str, machine: str = "normal_deployment") -> str:
    """The ARN of an execution of a machine of the stack."""
    return f"arn:aws:states:us-east-1:123456789012:execution:tidegate-{machine}:{name}"


def deployment(
    ports: FakePorts,
    of: Release,
    environment: str,
    *,
    outcome: Outcome | None = None,
    opened: float = 60,
    **more: Any,
) -> Deployment:
    """Let a deployment of a release be in the ledger, open unless it has an outcome."""
    stored = Deployment(
        **{
            "id": deployment_id(at(opened), of.id, of.attempt),
            "release": of.id,
            "service": of.service,
            "environment": environment,
            "revision": of.revision,
            "strategy": "rolling",
            "task_definition": f"arn:aws:ecs:us-east-1:123456789012:task-definition/checkout-{environment}:2",
            "images": {name: f"{image.repository}@{image.digest}" for name, image in of.images.items()},
            "opened_at": at(opened),
            "execution": of.execution or execution_arn(of.id),
            "attempt": of.attempt,
            "outcome": outcome,
            "ended_at": at(opened + 60) if outcome else None,
            **more,
        }
    )
    ports.deployments.open(stored)
    return stored


def wait(ports: FakePorts, subject: str, of: str, token: str = "token", created: float = 0) -> Wait:
    """Let a machine wait for something."""
    stored = Wait(subject, f"execution/{token}", token, of, at(created), at(created + 86_400))
    ports.waits.put(stored)
    return stored
