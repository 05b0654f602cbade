"""Target health, from Elastic Load Balancing."""

from __future__ import annotations

from tidegate.aws.clients import Clients
from tidegate.aws.errors import Answer, aws_call
from tidegate.domain.service import Target
from tidegate.domain.workload import TargetState
from tidegate.ports import TargetGroups


class ElbTargetGroups(TargetGroups):
    """Target groups of Application and Network Load Balancers."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def health(self, target: Target, target_group: str) -> tuple[TargetState, ...]:
        describe = self._clients.at("elbv2", target).describe_target_health
        answer = aws_call(describe, TargetGroupArn=target_group)
        return tuple(_read(each) for each in answer["TargetHealthDescriptions"])


def _read(description: Answer) -> TargetState:
    """One target. The id has the port too: two tasks on one host differ by nothing else."""
    registered, health = description["Target"], description.get("TargetHealth", {})
    port = f":{registered['Port']}" if "Port" in registered else ""
    return TargetState(
        id=f"{registered['Id']}{port}",
        state=health.get("State", "unavailable"),
        reason=health.get("Reason"),
        description=health.get("Description"),
    )
