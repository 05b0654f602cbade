"""What a canary may leave behind, and what it must leave as it was: read from the world alone."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.sample import Place
from local.sample.place import STACK

Weights = dict[str, int]
Kept = dict[str, Any]
"""What a canary must leave as it was, by name."""


@dataclass(frozen=True)
class CanaryTraces:
    """The marks of the canaries of one service in one environment.

    Attributes:
        strategy: As the manifest has it, with ARNs.
    """

    place: Place
    cluster: str
    service: str
    strategy: Mapping[str, Any]

    @property
    def services(self) -> tuple[str, str]:
        """The names of the stable service and of its canary."""
        return self.service, f"{self.service}-canary"

    def rules(self) -> dict[str, Weights]:
        """Every listener rule with its weights by target group."""
        return {arn: _weights(actions) for arn, actions in self._actions().items()}

    def shares(self) -> dict[str, float]:
        """The share of its requests that each rule gives to the canary, in percent."""
        group = self.strategy["canary_target_group"]
        return {
            arn: 100 * weights.get(group, 0) / (sum(weights.values()) or 1)
            for arn, weights in self.rules().items()
        }

    def tasks(self) -> int:
        """How many tasks the canary has that have not stopped."""
        arns = self.place.client("ecs").list_tasks(cluster=self.cluster, serviceName=self.services[1])
        return len(arns["taskArns"])

    def desired(self, service: str) -> int | None:
        """The desired count of a service; None where there is none."""
        found = self.described(service)
        return None if found is None else int(found["desiredCount"])

    def described(self, service: str) -> dict[str, Any] | None:
        """An active service, as ECS tells it."""
        ecs = self.place.client("ecs")
        found = ecs.describe_services(cluster=self.cluster, services=[service])["services"]
        return next((each for each in found if each["status"] == "ACTIVE"), None)

    def kept(self) -> Kept:
        """What must be the same after a canary as before it."""
        rules = {arn: _without_weights(actions) for arn, actions in self._actions().items()}
        return {"scaling": self.scaling(), "desired_count": self.desired(self.service), "rules": rules}

    def scaling(self) -> list[Any]:
        """The scalable targets and policies of both services, as Application Auto Scaling tells them."""
        client = self.place.client("application-autoscaling")
        found: list[Any] = []
        for name in self.services:
            resource = f"service/{self.cluster}/{name}"
            targets = client.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])
            policies = client.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)
            found += [*targets["ScalableTargets"], *policies["ScalingPolicies"]]
        return found

    def schedules(self) -> list[str]:
        """Names of the schedules that look after a canary of this service."""
        scheduler = self.place.client("scheduler")
        pages = scheduler.get_paginator("list_schedules").paginate(GroupName=STACK)
        names = [each["Name"] for page in pages for each in page["Schedules"]]
        return [name for name in names if f'"{self.service}"' in self._input(name)]

    def left_over(self, kept: Kept) -> list[str]:
        """Sentences on what is still there or no longer as it was; empty when all is at rest."""
        left = []
        for arn, weights in self.rules().items():
            shares = {100 * weight / (sum(weights.values()) or 1) for weight in weights.values()}
            if shares != {0, 100} or weights.get(self.strategy["canary_target_group"]):
                left.append(f"rule {arn} has the weights {weights}")
        wanted = self.desired(self.services[1])
        tasks = 0 if wanted is None else self.tasks()
        if tasks or wanted:
            left.append(f"the canary has {tasks} tasks and wants {wanted}")
        now = self.kept()
        left += [f"{what} was {was} and is {now[what]}" for what, was in kept.items() if now[what] != was]
        return left or [f"schedule {name} is still there" for name in self.schedules()]

    def _actions(self) -> dict[str, list[dict[str, Any]]]:
        arns = list(self.strategy["listener_rules"])
        described = self.place.client("elbv2").describe_rules(RuleArns=arns)["Rules"]
        return {rule["RuleArn"]: rule["Actions"] for rule in described}

    def _input(self, schedule: str) -> str:
        scheduler = self.place.client("scheduler")
        try:
            return str(scheduler.get_schedule(GroupName=STACK, Name=schedule)["Target"]["Input"])
        except scheduler.exceptions.ResourceNotFoundException:
            return ""  # It has gone since it was listed.


def _weights(actions: list[dict[str, Any]]) -> Weights:
    forward = next(each for each in actions if each["Type"] == "forward")
    return {each["TargetGroupArn"]: each["Weight"] for each in forward["ForwardConfig"]["TargetGroups"]}


def _without_weights(actions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The actions of a rule with their target groups in one order, but not their weights."""
    plain = copy.deepcopy(actions)
    for action in plain:
        groups = action.get("ForwardConfig", {}).get("TargetGroups")
        if groups is not None:
            names = sorted(each["TargetGroupArn"] for each in groups)
            action["ForwardConfig"]["TargetGroups"] = names
    return plain
