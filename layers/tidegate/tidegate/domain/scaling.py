"""How an ECS service scales by itself: Application Auto Scaling, reduced to what is kept and put back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Suspended:
    """Which scaling activities are suspended; the names are those of `SuspendedState`."""

    scale_in: bool = False
    scale_out: bool = False
    scheduled: bool = False


@dataclass(frozen=True, slots=True)
class ServiceScaling:
    """A scalable target with its policies.

    `policies` are PutScalingPolicy requests without the service's own coordinates: name, type and settings.
    """

    minimum: int
    maximum: int
    suspended: Suspended = Suspended()
    policies: tuple[Mapping[str, Any], ...] = ()


def held(before: Suspended) -> Suspended:
    """What is suspended while a canary runs: nothing takes tasks away from the side it is compared with."""
    return replace(before, scale_in=True, scheduled=True)


def given_back(now: Suspended, before: Suspended) -> Suspended:
    """What was held as it was before; what else is suspended by now is not ours."""
    return replace(now, scale_in=before.scale_in, scheduled=before.scheduled)


def retargeted(
    stable: ServiceScaling, needed: int, names: Mapping[str, str], groups: Mapping[str, str]
) -> ServiceScaling:
    """The scaling of a canary: that of the stable service, never below the tasks that its traffic needs.

    Args:
        stable: How the stable service scales.
        needed: How many tasks the canary must have.
        names: Name of the stable ECS service to that of the canary, for policies that name it as a dimension.
        groups: ARN of the stable target group to that of the canary's, which policies name by its last part:
            https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html
    """
    parts = {_last_part(one): _last_part(other) for one, other in groups.items()}
    policies = tuple(_retargeted(policy, names, parts) for policy in stable.policies)
    return ServiceScaling(needed, max(needed, stable.maximum), Suspended(), policies)


def _last_part(target_group: str) -> str:
    """``targetgroup/<name>/<id>``."""
    return target_group.rpartition(":")[2]


def _retargeted(value: Any, names: Mapping[str, str], parts: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        if value.get("Name") == "ServiceName" and value.get("Value") in names:
            return {**value, "Value": names[value["Value"]]}
        return {key: _retargeted(item, names, parts) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_retargeted(item, names, parts) for item in value]
    if isinstance(value, str):
        for one, other in parts.items():
            if value == one or value.endswith(f"/{one}"):
                return value.removesuffix(one) + other
    return value
