"""Target tracking: how policies, and tests in their stead, change desired counts.

https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html:
three minutes above the target scale out, fifteen minutes below nine tenths of it scale in; minutes and
cooldowns are divided by the time scale. That the low alarm stands at nine tenths is what the alarms of real
policies say; no page promises it.
"""

from __future__ import annotations

import math
from typing import Any

from local.world.ecs.engine import Ecs
from local.world.ecs.model import Service
from local.world.elb.targets import Targets
from local.world.metrics.balancers import MINUTE
from local.world.metrics.balancers import NAMESPACE as BALANCER_METRICS
from local.world.metrics.queries import Queries
from local.world.scaling.api import PER_TARGET, ScalingApi
from local.world.scaling.model import Policy, ScalableTarget

HIGH_MINUTES, LOW_MINUTES = 3, 15
LOW_SHARE = 0.9
COOLDOWN = 300
LAG_MINUTES = 4


class Tracking:
    """Looks at every scalable target once a metric minute."""

    def __init__(self, ecs: Ecs, api: ScalingApi, queries: Queries, targets: Targets) -> None:
        self._ecs = ecs
        self._world = ecs.world
        self._api = api
        self._queries = queries
        self._targets = targets
        self._later()

    def scale(self, target: ScalableTarget, wanted: int, cause: str) -> dict[str, Any]:
        """Set the desired count as Application Auto Scaling would: within the bounds, unless suspended.

        Scale-in pauses while ECS deploys the service; scale-out goes on:
        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-auto-scaling.html
        """
        service = self._service(target)
        if service is None:
            return {"desired": None, "changed": False, "reason": "there is no such service"}
        before = service.desired_count
        after = max(target.minimum, min(target.maximum, wanted))
        if after < before and target.suspended["DynamicScalingInSuspended"]:
            return {"desired": before, "changed": False, "reason": "scale-in is suspended"}
        if after > before and target.suspended["DynamicScalingOutSuspended"]:
            return {"desired": before, "changed": False, "reason": "scale-out is suspended"}
        if after < before and service.current is not None:
            return {"desired": before, "changed": False, "reason": "a deployment is under way"}
        if after == before:
            return {"desired": before, "changed": False, "reason": "it is that already"}
        self._ecs.remember_view(service)
        service.desired_count = after
        self._ecs.scheduler.poke(service)
        target.activities.append({"from": before, "to": after, "cause": cause, "at": self._world.now()})
        return {"desired": after, "changed": True, "reason": cause}

    def schedule(self, target: ScalableTarget, least: int | None, most: int | None) -> dict[str, Any]:
        """Change the bounds as a scheduled action would, and bring the count within them."""
        service = self._service(target)
        if service is None or target.suspended["ScheduledScalingSuspended"]:
            return {"changed": False, "reason": "scheduled scaling is suspended"}
        target.minimum = target.minimum if least is None else least
        target.maximum = target.maximum if most is None else most
        return self.scale(target, service.desired_count, "scheduled action")

    def _later(self) -> None:
        self._world.later(self._world.scaled(MINUTE), self._look)

    def _look(self) -> None:
        for target in list(self._api.targets.values()):
            service = self._service(target)
            if service is not None:
                self._follow(target, service)
        self._later()

    def _follow(self, target: ScalableTarget, service: Service) -> None:
        """Scale out when any policy wants it, and in when all of them do.

        https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
        """
        policies = [each for each in target.policies.values() if each.kind == "TargetTrackingScaling"]
        wishes = {policy: self._wish(target, service, policy) for policy in policies}
        more = {
            policy: wish
            for policy, wish in wishes.items()
            if wish is not None and wish > service.desired_count
        }
        if more:
            policy, wanted = max(more.items(), key=lambda pair: pair[1])
            if self._rested(policy.scaled_out_at, policy, "ScaleOutCooldown"):
                self._act(target, wanted, [policy], "scaled_out_at")
            return
        shrinking = [policy for policy in policies if not policy.settings.get("DisableScaleIn")]
        fewer = [wish for each in shrinking if (wish := wishes[each]) is not None]
        rested = all(self._rested(each.scaled_in_at, each, "ScaleInCooldown") for each in shrinking)
        if rested and fewer and len(fewer) == len(shrinking) and max(fewer) < service.desired_count:
            self._act(target, max(fewer), shrinking, "scaled_in_at")

    def _act(self, target: ScalableTarget, wanted: int, policies: list[Policy], when: str) -> None:
        names = ", ".join(policy.name for policy in policies)
        if self.scale(target, wanted, f"target tracking by {names}")["changed"]:
            for policy in policies:
                setattr(policy, when, self._world.now())

    def _wish(self, target: ScalableTarget, service: Service, policy: Policy) -> int | None:
        """How many tasks a policy wants; None where its metric says nothing."""
        values, tasks = self._measured(target, service, policy)
        goal = float(policy.settings["TargetValue"])
        high, low = values[-HIGH_MINUTES:], values[-LOW_MINUTES:]
        if not values:
            return None
        proportional = math.ceil(tasks * values[-1] / goal - 1e-9)
        if len(high) == HIGH_MINUTES and min(high) > goal:
            return proportional
        if len(low) == LOW_MINUTES and max(low) < LOW_SHARE * goal:
            return max(target.minimum, proportional)
        return service.desired_count

    def _measured(self, target: ScalableTarget, service: Service, policy: Policy) -> tuple[list[float], int]:
        """The metric of the last minutes, the newest last, and how many tasks it was measured over.

        What a test has set counts for all minutes; of all predefined metrics only the requests are measured.
        """
        metric = policy.settings.get("PredefinedMetricSpecification") or {}
        kind = str(metric.get("PredefinedMetricType", ""))
        if kind in target.metrics:
            return [target.metrics[kind]] * LOW_MINUTES, service.desired_count
        if kind != PER_TARGET:
            return [], 0
        balancer, _, group = str(metric["ResourceLabel"]).partition("/targetgroup/")
        where = frozenset({("LoadBalancer", balancer), ("TargetGroup", f"targetgroup/{group}")})
        series = (target.place, BALANCER_METRICS, "RequestCount", where)
        now, length = self._world.now(), self._world.scaled(MINUTE)
        start = now - (LOW_MINUTES + LAG_MINUTES) * length
        counted = self._queries.values(series, MINUTE, "Sum", start, now)
        healthy = max(1, self._healthy(service, f"targetgroup/{group}"))
        return [value / healthy for value in counted.values()], healthy

    def _healthy(self, service: Service, group: str) -> int:
        arns = [each["targetGroupArn"] for each in service.load_balancers]
        return sum(
            target.state == "healthy"
            for arn in arns
            if arn.endswith(f":{group}")
            for target in self._targets.of_group(arn)
        )

    def _rested(self, since: float, policy: Policy, cooldown: str) -> bool:
        seconds = self._world.scaled(float(policy.settings.get(cooldown, COOLDOWN)))
        return self._world.now() - since >= seconds

    def _service(self, target: ScalableTarget) -> Service | None:
        found = self._ecs.store(target.place).services.get(target.cluster_and_service)
        return found if found is not None and found.status == "ACTIVE" else None
