"""What Application Auto Scaling keeps: scalable targets, their policies, what they have done."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.exceptions import ServiceException

DIMENSION = "ecs:service:DesiredCount"
NAMESPACE = "ecs"
SUSPENSIONS = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
SETTINGS = {
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
    "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
}

Place = tuple[str, str]


class ScalingError(ServiceException):
    """An error of the Application Auto Scaling API, by its documented name."""


def invalid(message: str) -> ScalingError:
    """ValidationException."""
    return ScalingError("ValidationException", message)


def missing(resource: str) -> ScalingError:
    """ObjectNotFoundException for a scalable target."""
    return ScalingError(
        "ObjectNotFoundException",
        f"No scalable target registered for service namespace: {NAMESPACE}, resource ID: {resource}, "
        f"scalable dimension: {DIMENSION}",
    )


@dataclass(eq=False)
class Policy:
    """One scaling policy, and when it acted last."""

    name: str
    kind: str
    settings: dict[str, Any]
    arn: str
    created_at: datetime
    alarms: list[dict[str, str]] = field(default_factory=list)
    scaled_out_at: float = float("-inf")
    scaled_in_at: float = float("-inf")


@dataclass(eq=False)
class ScalableTarget:
    """The desired count of one service, with its bounds."""

    place: Place
    resource: str
    minimum: int
    maximum: int
    created_at: datetime
    suspended: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(SUSPENSIONS, False))
    policies: dict[str, Policy] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    activities: list[dict[str, Any]] = field(default_factory=list)

    @property
    def arn(self) -> str:
        """Its ARN."""
        account, region = self.place
        name = uuid.uuid5(uuid.NAMESPACE_URL, f"{self.place}{self.resource}").hex
        return f"arn:aws:application-autoscaling:{region}:{account}:scalable-target/{name}"

    @property
    def cluster_and_service(self) -> tuple[str, str]:
        """Of `service/prod/checkout`: prod and checkout."""
        _, cluster, service = self.resource.split("/")
        return cluster, service
