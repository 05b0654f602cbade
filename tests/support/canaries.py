"""A story in whose production a canary lives, and what can be seen of it from outside."""

from __future__ import annotations

from typing import Any

from local.demo.canary import Seen, look
from tests.support.story import Story

REQUESTS_PER_SECOND = 200
DIMENSION = "ecs:service:DesiredCount"


class CanaryStory:
    """The users of a service, its listener rule, and how it scales by itself.

    Args:
        story: A registered service whose environment `prod` has the strategy `canary`.
        scaling: Whether the service scales by itself.
    """

    def __init__(self, story: Story, *, scaling: bool = False) -> None:
        self.story = story
        environments = story.service.manifest["environments"]
        self.strategy: dict[str, Any] = next(each for each in environments if each["name"] == "prod")[
            "strategy"
        ]
        story.service.set_traffic(REQUESTS_PER_SECOND)
        if scaling:
            self._scale()
        self.scaling = self._scaling()

    @property
    def services(self) -> tuple[str, str]:
        """The names of the stable service and of its canary."""
        return self.story.name, f"{self.story.name}-canary"

    def seen(self) -> Seen | None:
        """The canary now; None where there never was one."""
        rule, group = self.strategy["listener_rules"][0], self.strategy["canary_target_group"]
        return look(self.story.place, self.story.name, "prod", rule, group)

    def has_traffic(self) -> Seen:
        """Wait until requests go to the canary, and are judged."""

        def judged() -> Seen | None:
            seen = self.seen()
            return seen if seen is not None and seen.phase == "analysing" else None

        return self.story.until(judged, "the canary has traffic")

    def somebody_sets(self, *, stable: int, canary: int) -> None:
        """Somebody else changes the weights of the listener rule."""
        groups = {self.strategy["target_group"]: stable, self.strategy["canary_target_group"]: canary}
        forward = [{"TargetGroupArn": group, "Weight": weight} for group, weight in groups.items()]
        self.story.place.client("elbv2").modify_rule(
            RuleArn=self.strategy["listener_rules"][0],
            Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": forward}}],
        )

    def requests_of(self, digest: str) -> int:
        """How many requests a version has answered."""
        return int(self._traffic()["versions"].get(digest, {}).get("requests", 0))

    def lost_requests(self) -> int:
        """How many requests nobody could answer."""
        return int(self._traffic()["lost_requests"])

    def at_rest(self, *, decision: str) -> None:
        """Wait until nothing is left of the canary, and assert that all else is as it was."""

        def ended() -> Seen | None:
            seen = self.seen()
            return seen if seen is not None and seen.phase == "ended" else None

        seen = self.story.until(ended, "the canary has ended")
        assert (seen.decision, seen.weight) == (decision, 0), seen.reason
        ecs = self.story.place.client("ecs")
        (canary,) = ecs.describe_services(cluster="prod", services=[self.services[1]])["services"]
        assert (canary["desiredCount"], canary["runningCount"], canary["pendingCount"]) == (0, 0, 0)
        assert self._scaling() == self.scaling

    def _traffic(self) -> dict[str, Any]:
        return dict(self.story.place.world("GET", f"/traffic/prod/{self.story.name}"))

    def _scale(self) -> None:
        client, resource = (
            self.story.place.client("application-autoscaling"),
            f"service/prod/{self.story.name}",
        )
        client.register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=resource,
            ScalableDimension=DIMENSION,
            MinCapacity=2,
            MaxCapacity=10,
        )
        client.put_scaling_policy(
            PolicyName="processor",
            ServiceNamespace="ecs",
            ResourceId=resource,
            ScalableDimension=DIMENSION,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 60.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            },
        )

    def _scaling(self) -> list[Any]:
        """The scalable targets and policies of both services, as Application Auto Scaling tells them."""
        client = self.story.place.client("application-autoscaling")
        found: list[Any] = []
        for name in self.services:
            resource = f"service/prod/{name}"
            targets = client.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[resource])
            policies = client.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=resource)
            found += [*targets["ScalableTargets"], *policies["ScalingPolicies"]]
        return found
