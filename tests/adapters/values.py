"""The values that the contract suites are written with."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tidegate.domain.approval import Approval
from tidegate.domain.canary import Canary, JudgedPeriod
from tidegate.domain.deployment import Deployment, deployment_id
from tidegate.domain.images import ImageRef
from tidegate.domain.release import Release, release_id
from tidegate.domain.service import Environment, ImageSource, Service, TagRule, Target
from tidegate.domain.strategy import DeploymentAlarms, RollingSettings
from tidegate.ports import Wait

HOME = Target(account="123456789012", region="us-east-1")
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EXECUTIONS = "arn:aws:states:us-east-1:123456789012:execution"
ROOT = f"{EXECUTIONS}:tidegate-normal_deployment:one"
OTHER_ROOT = f"{EXECUTIONS}:tidegate-normal_deployment:two"


def at(seconds: float) -> datetime:
    """A time so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def digest(letter: str) -> str:
    """A digest that is easy to tell from another; `letter` is a hexadecimal digit."""
    return "sha256:" + letter * 64


def service(
    name: str = "checkout", *, repositories: tuple[str, ...] = ("checkout",), alarms: tuple[str, ...] = ()
) -> Service:
    """A service with dev and prod; prod has the alarms."""

    def environment(environment: str, names: tuple[str, ...]) -> Environment:
        return Environment(
            name=environment,
            cluster=environment,
            service=name,
            region=HOME.region,
            account=HOME.account,
            production=environment == "prod",
            strategy=RollingSettings(alarms=DeploymentAlarms(names=names)),
        )

    return Service(
        name=name,
        containers={each: ImageSource(each, TagRule(pattern="*")) for each in repositories},
        task_definition={"containerDefinitions": [{"name": each, "weight": 0.1} for each in repositories]},
        environments=(environment("dev", ()), environment("prod", alarms)),
    )


def release(seconds: float = 0, *, of: str = "checkout", **more: Any) -> Release:
    """A release that was minted so many seconds after noon."""
    values: dict[str, Any] = {
        "id": release_id(of, at(seconds), "abcdef"),
        "service": of,
        "revision": 1,
        "images": {"app": ImageRef(of, digest("a"), "1.0.0", at(seconds))},
        "created_at": at(seconds),
        "newest_push": at(seconds),
        "trigger": "push",
    }
    return Release(**values | more)


def deployment(seconds: float = 0, *, environment: str = "dev", **more: Any) -> Deployment:
    """A deployment of `release()` that was opened so many seconds after noon."""
    values: dict[str, Any] = {
        "release": release().id,
        "service": "checkout",
        "environment": environment,
        "revision": 1,
        "strategy": "rolling",
        "task_definition": "arn:aws:ecs:us-east-1:123456789012:task-definition/checkout-dev:2",
        "images": {"app": f"checkout@{digest('a')}"},
        "opened_at": at(seconds),
        "execution": ROOT,
    }
    values |= more
    return Deployment(id=deployment_id(at(seconds), values["release"], values.get("attempt", 1)), **values)


def canary(name: str = "canary-1", **more: Any) -> Canary:
    """A canary of `release()` in prod that begins at noon."""
    values: dict[str, Any] = {
        "id": name,
        "release": release().id,
        "service": "checkout",
        "environment": "prod",
        "attempt": 1,
        "root": ROOT,
        "task_definition": "arn:aws:ecs:us-east-1:123456789012:task-definition/checkout-prod:2",
        "stable_task_definition": "arn:aws:ecs:us-east-1:123456789012:task-definition/checkout-prod:1",
        "opened_at": NOON,
    }
    return Canary(**values | more)


def period(seconds: float = 0, **more: Any) -> JudgedPeriod:
    """A period that began so many seconds after noon."""
    values: dict[str, Any] = {
        "at": at(seconds),
        "step": 0,
        "weight": 1.0,
        "figures": {"errors": (100.0, 1.0, 9900.0, 99.0)},
        "log_evidence": 0.1,
        "log_certificate": -0.1,
        "verdict": "continue",
    }
    return JudgedPeriod(**values | more)


def approval(name: str = "ask-1", **more: Any) -> Approval:
    """A request that expires an hour after noon."""
    values: dict[str, Any] = {
        "id": name,
        "release": release().id,
        "service": "checkout",
        "environment": "prod",
        "digests": {"app": digest("a")},
        "from_task_definition": None,
        "from_images": {},
        "requested_at": NOON,
        "expires_at": at(3600),
        "requested_by": None,
        "asked": ("ops@example.com",),
    }
    return Approval(**values | more)


def wait(subject: str, name: str = ROOT, *, seconds: float = 0, token: str = "t", **more: Any) -> Wait:
    """A wait that was stored so many seconds after noon, for a day."""
    values: dict[str, Any] = {
        "subject": subject,
        "name": name,
        "token": token,
        "release": release().id,
        "created_at": at(seconds),
        "expires_at": at(seconds + 86_400),
    }
    return Wait(**values | more)
