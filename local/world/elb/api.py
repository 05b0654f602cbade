"""DescribeTargetHealth from the world, and what moto's load balancers need mending."""

from __future__ import annotations

from typing import Any

from moto.elbv2.exceptions import TargetGroupNotFoundError
from moto.elbv2.responses import ELBV2Response

from local.world import patches
from local.world.binding import Call
from local.world.elb import wiring
from local.world.elb.targets import Target, Targets

Answer = dict[str, Any]


class ElbApi:
    """The operations of Elastic Load Balancing that the world answers."""

    def __init__(self, targets: Targets) -> None:
        self._targets = targets

    def target_health(self, call: Call) -> Answer:
        """DescribeTargetHealth: the tasks that ECS registered, and what else was registered by hand."""
        arn = call.params["TargetGroupArn"]
        group = wiring.target_group(call.place, arn)
        if group is None:
            raise TargetGroupNotFoundError
        asked = [(each["Id"], each.get("Port")) for each in call.get("Targets", [])]
        shown = [self._shape(target) for target in self._targets.of_group(arn)]
        known = {(each["Target"]["Id"], each["Target"]["Port"]) for each in shown}
        in_use = bool(wiring.routes_to(call.place, arn))
        shown += [
            _by_hand(each, in_use=in_use)
            for each in group.targets.values()
            if (each["Id"], int(each["Port"] or 80)) not in known
        ]
        if asked:
            shown = [each for each in shown if _asked_for(each, asked)]
            shown += [_unregistered(name, port) for name, port in asked if not _among(name, port, shown)]
        return {"TargetHealthDescriptions": shown}

    def _shape(self, target: Target) -> Answer:
        state, reason, description = self._targets.health_of(target)
        health = {"State": state, "Reason": reason, "Description": description}
        return {
            "Target": {
                "Id": target.task.ip,
                "Port": target.port,
                "AvailabilityZone": target.task.availability_zone,
            },
            "HealthCheckPort": str(target.port),
            "TargetHealth": {name: value for name, value in health.items() if value},
        }


def wrap_changes() -> None:
    """Have the rules read anew after every operation that may have changed them."""
    original = ELBV2Response.call_action

    def call_action(self: ELBV2Response) -> Any:
        answer = original(self)
        wiring.forget_routes()
        return answer

    patches.replace(ELBV2Response, "call_action", call_action)


def _by_hand(target: dict[str, Any], *, in_use: bool) -> Answer:
    health = {"State": "healthy"} if in_use else {"State": "unused", "Reason": "Target.NotInUse"}
    port = int(target["Port"] or 80)
    return {
        "Target": {"Id": target["Id"], "Port": port},
        "HealthCheckPort": str(port),
        "TargetHealth": health,
    }


def _unregistered(name: str, port: int | None) -> Answer:
    return {
        "Target": {"Id": name, **({"Port": port} if port else {})},
        "TargetHealth": {
            "State": "unused",
            "Reason": "Target.NotRegistered",
            "Description": "Target is not registered to the target group",
        },
    }


def _asked_for(shape: Answer, asked: list[tuple[str, int | None]]) -> bool:
    target = shape["Target"]
    return any(name == target["Id"] and port in {None, target["Port"]} for name, port in asked)


def _among(name: str, port: int | None, shown: list[Answer]) -> bool:
    return any(each["Target"]["Id"] == name and port in {None, each["Target"].get("Port")} for each in shown)
