"""What UpdateService is told of a deployment: how it goes on, when it fails, how traffic gets to it."""

from __future__ import annotations

from typing import Any

from tidegate.aws.errors import Answer
from tidegate.domain.strategy import BlueGreenSettings, Native
from tidegate.errors import Terminal

_PAUSED_STAGE = "POST_TEST_TRAFFIC_SHIFT"
"""Green can be reached through the test rule, and through the production rule not yet."""


def configuration(settings: Native, *, roll_back: bool) -> dict[str, Any]:
    """The whole deployment configuration, so that nothing of an earlier one is left in force."""
    breaker, alarms = settings.circuit_breaker, settings.alarms.names
    return {
        "strategy": "ROLLING",
        "minimumHealthyPercent": settings.minimum_healthy_percent,
        "maximumPercent": settings.maximum_percent,
        "deploymentCircuitBreaker": {
            "enable": True,
            "rollback": roll_back,
            "resetOnHealthyTask": breaker.reset_on_healthy_task,
            "thresholdConfiguration": {"type": breaker.threshold.type, "value": breaker.threshold.value},
        },
        "alarms": {
            "alarmNames": list(alarms),
            "enable": bool(alarms),
            "rollback": bool(alarms) and roll_back,
        },
    }


def blue_green(
    service: Answer | None, settings: BlueGreenSettings, *, roll_back: bool, pause: bool
) -> dict[str, Any]:
    """What else UpdateService is told for blue/green, and what of the configuration is different.

    Functions that a team has hooked into its deployments stay; a pause is nobody's but Tidegate's.

    The circuit breaker is told as for a rolling deployment, but nothing relies on it: AWS's pages contradict
    each other on whether it works here. Alarms, the pause and the time that is allowed do.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-failure-detection.html
    """
    hooks = (service or {}).get("deploymentConfiguration", {}).get("lifecycleHooks", [])
    kept = [each for each in hooks if each.get("targetType") != "PAUSE"]
    told = configuration(settings, roll_back=roll_back) | {
        "strategy": "BLUE_GREEN",
        "bakeTimeInMinutes": settings.bake_minutes if pause else 0,
        "lifecycleHooks": [*kept, _pause(settings)] if pause else kept,
    }
    return {"deploymentConfiguration": told, **_load_balancers(service, settings)}


def _pause(settings: BlueGreenSettings) -> dict[str, Any]:
    """A pause before the switch, in which blue serves and green is tested.

    When nobody answers it ECS gives green up. It does so past a point of no return too, where nothing else
    goes back by itself: nothing has been switched that would have to go back.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html
    """
    return {
        "targetType": "PAUSE",
        "lifecycleStages": [_PAUSED_STAGE],
        "timeoutConfiguration": {"timeoutInMinutes": settings.hook_timeout_minutes, "action": "ROLLBACK"},
    }


def _load_balancers(service: Answer | None, settings: BlueGreenSettings) -> dict[str, Any]:
    """The load balancers of a service, with the rules and the other group that blue/green needs.

    Nothing when ECS knows them already, or when there is no such service: UpdateService says so itself. A
    change of the load balancers starts a deployment, so they are told no more often than needed.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AdvancedConfiguration.html
    """
    if service is None:
        return {}
    present: list[Answer] = service.get("loadBalancers", [])
    wanted = [_with_advanced(each, settings) for each in present]
    if not any(each.get("targetGroupArn") in settings.target_groups for each in present):
        raise Terminal(
            f"Service {service['serviceName']} is registered in none of the target groups "
            f"{' and '.join(settings.target_groups)}."
        )
    return {} if wanted == present else {"loadBalancers": wanted}


def _with_advanced(balancer: Answer, settings: BlueGreenSettings) -> Answer:
    group = balancer.get("targetGroupArn")
    if group not in settings.target_groups:
        return balancer
    (other,) = (each for each in settings.target_groups if each != group)
    advanced = {
        "alternateTargetGroupArn": other,
        "productionListenerRule": settings.production_rule,
        "testListenerRule": settings.test_rule,
        "roleArn": settings.infrastructure_role,
    }
    return {**balancer, "advancedConfiguration": advanced}
