"""What a service is told to be: defaults, merging of updates, and what makes a new deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.world.ecs.store import invalid
from local.world.elb import wiring

DEFAULT_CONFIGURATION: dict[str, Any] = {
    "strategy": "ROLLING",
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "bakeTimeInMinutes": 0,
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
}
KEPT = (
    "availabilityZoneRebalancing",
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "deploymentController",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "healthCheckGracePeriodSeconds",
    "launchType",
    "loadBalancers",
    "networkConfiguration",
    "placementConstraints",
    "placementStrategy",
    "platformVersion",
    "propagateTags",
    "schedulingStrategy",
    "serviceConnectConfiguration",
    "serviceRegistries",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
)
DEPLOYED = (
    "capacityProviderStrategy",
    "launchType",
    "loadBalancers",
    "networkConfiguration",
    "platformVersion",
    "serviceConnectConfiguration",
    "serviceRegistries",
    "volumeConfigurations",
    "vpcLatticeConfigurations",
)


def new_settings(params: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a service that is being created."""
    settings = {name: params[name] for name in KEPT if params.get(name) is not None}
    settings.setdefault("schedulingStrategy", "REPLICA")
    settings.setdefault("deploymentController", {"type": "ECS"})
    settings.setdefault("enableECSManagedTags", False)
    settings.setdefault("enableExecuteCommand", False)
    settings.setdefault("propagateTags", "NONE")
    settings.setdefault("availabilityZoneRebalancing", "DISABLED")
    if "capacityProviderStrategy" not in settings:
        settings.setdefault("launchType", "EC2")
    if settings.get("launchType") == "FARGATE":
        settings.setdefault("platformVersion", "LATEST")
        settings["platformFamily"] = "Linux"
    if params.get("role"):
        settings["roleArn"] = params["role"]
    settings["deploymentConfiguration"] = merged(DEFAULT_CONFIGURATION, params.get("deploymentConfiguration"))
    return settings


def merged(before: Mapping[str, Any], update: Mapping[str, Any] | None) -> dict[str, Any]:
    """A deployment configuration after an update: what the update leaves out stays as it was."""
    return {**before, **(update or {})}


def apply(settings: dict[str, Any], params: Mapping[str, Any]) -> bool:
    """Apply an update to a service's settings in place.

    Returns:
        Whether the update makes a new deployment, which a changed desired count or deployment
        configuration alone does not.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
    """
    deploy = False
    for name in KEPT:
        value = params.get(name)
        if value is None:
            continue
        if name == "deploymentConfiguration":
            value = merged(settings[name], value)
        elif name in DEPLOYED and settings.get(name) != value:
            deploy = True
        settings[name] = value
    return deploy


def check(place: tuple[str, str], params: Mapping[str, Any]) -> None:
    """Refuse what ECS refuses.

    Raises:
        EcsError: InvalidParameterException in ECS's words.
    """
    configuration = params.get("deploymentConfiguration") or {}
    for name in ("maximumPercent", "minimumHealthyPercent"):
        value = configuration.get(name)
        if value is not None and value < 0:
            raise invalid(f"{name} must be a positive number or zero.")
    least, most = configuration.get("minimumHealthyPercent"), configuration.get("maximumPercent")
    if least is not None and most is not None and most <= least:
        raise invalid("maximumPercent must be greater than minimumHealthyPercent")
    hooks = configuration.get("lifecycleHooks") or []
    for hook in hooks:
        _check_hook(hook)
    pauses = sum(hook.get("targetType") == "PAUSE" for hook in hooks)
    if max(pauses, len(hooks) - pauses) > 10:
        raise invalid("A service can have at most 10 pause hooks and 10 Lambda hooks.")
    for balancer in params.get("loadBalancers") or []:
        _check_balancer(place, balancer)


def _check_hook(hook: Mapping[str, Any]) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html."""
    stages = set(hook.get("lifecycleStages") or [])
    if hook.get("targetType") == "PAUSE":
        if stages & {"TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"}:
            raise invalid(
                "Pause hooks cannot be configured at TEST_TRAFFIC_SHIFT or PRODUCTION_TRAFFIC_SHIFT."
            )
        if hook.get("hookTargetArn"):
            raise invalid("Pause hooks do not use hookTargetArn.")
    elif not hook.get("hookTargetArn"):
        raise invalid("hookTargetArn must be specified for an AWS_LAMBDA hook.")
    minutes = (hook.get("timeoutConfiguration") or {}).get("timeoutInMinutes")
    if minutes is not None and not 1 <= minutes <= 20160:
        raise invalid("timeoutInMinutes must be between 1 and 20160.")


def _check_balancer(place: tuple[str, str], balancer: Mapping[str, Any]) -> None:
    arn = balancer.get("targetGroupArn")
    if not arn:
        return
    if wiring.target_group(place, arn) is None:
        raise invalid(f"The target group {arn} does not exist.")
    if not wiring.routes_to(place, arn):
        raise invalid(
            f"The target group with targetGroupArn {arn} does not have an associated load balancer."
        )
