"""A story in whose production a canary lives, with its users and with whoever else changes the world."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from local.demo import watch
from local.sample.place import STACK
from tests.support.canary_record import CanaryRecord
from tests.support.story import Ended, Story
from tests.support.variants import Change, Manifest, canary_in_production

REQUESTS_PER_SECOND = 4000
"""So many that the judge knows after a few periods."""
HANGING_SECONDS = 4.0
DIMENSION = "ecs:service:DesiredCount"
Tell = Callable[..., Story]


class CanaryStory:
    """A service whose environment `prod` has the strategy `canary`.

    Args:
        story: The registered service.
        requests_per_second: What its users ask of it.
    """

    def __init__(self, story: Story, requests_per_second: float = REQUESTS_PER_SECOND) -> None:
        self.story = story
        self.place = story.place
        self.good = story.service.digests["app"]
        self.traces = story.canaries["prod"]
        self.record = CanaryRecord(story)
        story.service.set_traffic(requests_per_second)

    # --- given ------------------------------------------------------------------------------------------

    def scales(self, minimum: int = 2, maximum: int = 10) -> None:
        """Let the service scale by itself, by its processor and by its requests."""
        client = self.place.client("application-autoscaling")
        resource = {
            "ServiceNamespace": "ecs",
            "ResourceId": f"service/prod/{self.story.name}",
            "ScalableDimension": DIMENSION,
        }
        client.register_scalable_target(**resource, MinCapacity=minimum, MaxCapacity=maximum)
        for name, target, metric in (
            ("processor", 60.0, {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}),
            ("requests", 1e9, self._requests_per_target()),
        ):
            client.put_scaling_policy(
                **resource,
                PolicyName=name,
                PolicyType="TargetTrackingScaling",
                TargetTrackingScalingPolicyConfiguration={
                    "TargetValue": target,
                    "PredefinedMetricSpecification": metric,
                },
            )
        self.story.remember()

    def wants(self, tasks: int) -> None:
        """Let the service have so many tasks."""
        self.place.client("ecs").update_service(cluster="prod", service=self.story.name, desiredCount=tasks)

        def there() -> bool | None:
            found = self.traces.described(self.story.name) or {}
            return (found["desiredCount"], found["runningCount"], found["pendingCount"]) == (tasks, tasks, 0)

        self.story.until(lambda: there() or None, f"{self.story.name} has {tasks} tasks")
        self.story.remember()

    def adds_rule(self, path: str) -> str:
        """A second listener rule that forwards to both target groups; returns its ARN."""
        strategy, elb = self.traces.strategy, self.place.client("elbv2")
        first = strategy["listener_rules"][0]
        actions = elb.describe_rules(RuleArns=[first])["Rules"][0]["Actions"]
        rule = elb.create_rule(
            ListenerArn=first.replace("listener-rule/", "listener/").rpartition("/")[0],
            Priority=1,
            Conditions=[{"Field": "path-pattern", "Values": [path]}],
            Actions=[{name: each[name] for name in ("Type", "ForwardConfig")} for each in actions],
        )["Rules"][0]["RuleArn"]
        strategy["listener_rules"].append(rule)
        self.story.service.register()
        self.story.remember()
        return str(rule)

    def adds_group(self) -> str:
        """A target group of somebody else's; returns its ARN."""
        made = self.place.client("elbv2").create_target_group(
            Name=f"{self.story.name}-other", Protocol="HTTP", Port=8080, VpcId=self.place.network
        )
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    # --- when -------------------------------------------------------------------------------------------

    def push(self, tag: str = "1.1.0", **behaviour: Any) -> tuple[str, str]:
        """Push an image; its digest, and the execution that begins for it."""
        digest = self.story.push(tag, **behaviour)
        return digest, self.story.release()

    def reaches(self, weight: float) -> None:
        """Wait until every listener rule gives the canary so many percent."""

        def there() -> bool | None:
            return all(abs(share - weight) < 0.06 for share in self.traces.shares().values()) or None

        self.story.until(there, f"the canary gets {weight:g} %")

    def is_judged(self, weight: float) -> None:
        """Wait until a period with this weight has been judged."""

        def judged() -> bool | None:
            return any(each["weight"] == weight for each in self.story.judged_periods("prod")) or None

        self.story.until(judged, f"the canary with {weight:g} % is judged")

    def still_has(self, weight: float, *, seconds: float) -> None:
        """Assert that the canary keeps so many percent for some time."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert set(self.traces.shares().values()) == {weight}
            time.sleep(0.5)

    def is_promoted_to(self, digest: str, *, tasks: int) -> None:
        """Wait until so many tasks of the stable service run the new image."""

        def there() -> bool | None:
            return self.tasks_of(digest) >= tasks or None

        self.story.until(there, f"{tasks} stable tasks are new", longest_pause=0.2)

    def tasks_of(self, digest: str) -> int:
        """How many tasks of the stable service run an image."""
        ecs = self.place.client("ecs")
        arns = ecs.list_tasks(cluster="prod", serviceName=self.story.name)["taskArns"]
        found = ecs.describe_tasks(cluster="prod", tasks=arns)["tasks"] if arns else []
        return sum(
            task["lastStatus"] == "RUNNING" and task["containers"][0].get("imageDigest") == digest
            for task in found
        )

    def turns(self, digest: str, **behaviour: Any) -> None:
        """Let an image behave in another way from now on, in the tasks that run too."""
        self.place.world("PUT", f"/images/{digest}", behaviour)

    def is_scaled_to(self, tasks: int) -> dict[str, Any]:
        """Application Auto Scaling wants so many tasks of the stable service; what becomes of it."""
        path = f"/scaling/prod/{self.story.name}"
        return dict(self.place.world("PUT", path, {"desired": tasks}))

    def grown_bounds(self, minimum: int) -> dict[str, Any] | None:
        """How the canary scales by itself, once that has at least so many tasks."""
        found = dict(self.place.world("GET", f"/scaling/prod/{self.story.name}-canary"))
        return found if found.get("minimum") == minimum else None

    def somebody_sets(self, *, stable: int, canary: int, **more: int) -> None:
        """Somebody else changes the weights of the first listener rule."""
        strategy = self.traces.strategy
        groups = {strategy["target_group"]: stable, strategy["canary_target_group"]: canary, **more}
        forward = [{"TargetGroupArn": group, "Weight": weight} for group, weight in groups.items()]
        self.place.client("elbv2").modify_rule(
            RuleArn=strategy["listener_rules"][0],
            Actions=[{"Type": "forward", "ForwardConfig": {"TargetGroups": forward}}],
        )

    def fails(
        self, function: str, service: str, action: str, match: dict[str, Any], *, kind: str, **more: Any
    ) -> int:
        """Let calls of a function fail, by a parameter that only this story has; returns the fault's id."""
        fault = {"caller": f"tidegate-{function}", "service": service, "action": action, "match": match}
        return int(self.place.world("POST", "/faults", {**fault, "kind": kind, **more})["id"])

    def hangs(self, function: str, service: str, action: str, match: dict[str, Any]) -> Callable[[], None]:
        """Let a call of a function hang for some seconds; returns a way to wait until it does."""
        fault = self.fails(function, service, action, match, kind="timeout", seconds=HANGING_SECONDS)

        def hanging() -> bool | None:
            return all(each["id"] != fault for each in self.place.world("GET", "/faults")) or None

        def wait() -> None:
            self.story.until(hanging, f"{function} hangs in {action}", longest_pause=0.3)

        return wait

    def enters(self, execution: str, state: str) -> None:
        """Wait until the machine of the canary has entered a state."""
        release, known = execution.rpartition(":")[2], list[str]()

        def entered() -> bool | None:
            known.extend(self._machine_of(release) if not known else ())
            return (known and state in watch.states_entered(self.place, known[0])) or None

        self.story.until(entered, f"{state} is entered", longest_pause=0.3)

    def deletes_schedule(self) -> None:
        """Somebody deletes the schedule of the pulse."""
        (name,) = self.traces.schedules()
        self.place.client("scheduler").delete_schedule(GroupName=STACK, Name=name)

    def disables_schedule_until(self, execution: str, state: str) -> None:
        """Somebody disables the schedule of the pulse again and again, until the machine enters a state."""
        found = self._machine_of(execution.rpartition(":")[2])

        def entered() -> bool | None:
            self.record.has_disabled_pulse()
            return state in watch.states_entered(self.place, found[0]) or None

        self.story.until(entered, f"{state} is entered", longest_pause=0.2)

    def gets_policy_by_hand(self) -> None:
        """Somebody gives the canary's own service a scaling policy that the stable service has not."""
        self.place.client("application-autoscaling").put_scaling_policy(
            ServiceNamespace="ecs",
            ResourceId=f"service/prod/{self.story.name}-canary",
            ScalableDimension=DIMENSION,
            PolicyName="by-hand",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 70.0,
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "ECSServiceAverageMemoryUtilization"
                },
            },
        )

    def is_tagged(self) -> None:
        """Somebody has tagged the stable service."""
        arn = (self.traces.described(self.story.name) or {})["serviceArn"]
        self.place.client("ecs").tag_resource(resourceArn=arn, tags=[{"key": "team", "value": "shop"}])

    def kill(self, execution: str) -> None:
        """Stop an execution from outside, as somebody might in the console."""
        self.place.client("stepfunctions").stop_execution(executionArn=execution, error="killed", cause="")

    def is_rolled_back(self) -> Ended:
        """Wait for the end of the rollback that Tidegate has started by itself."""
        return self.story.ended(self.story.release("rollback"))

    # --- then -------------------------------------------------------------------------------------------

    def requests_of(self, digest: str) -> int:
        """How many requests a version has answered."""
        return int(self.traffic()["versions"].get(digest, {}).get("requests", 0))

    def traffic(self) -> dict[str, Any]:
        """What the users have seen so far."""
        return dict(self.place.world("GET", f"/traffic/prod/{self.story.name}"))

    def loses_nothing(self) -> None:
        """Assert that every request was answered, and well."""
        seen = self.traffic()
        assert seen["requests"] > 0
        assert (seen["lost_requests"], seen["bad_requests"]) == (0, 0), seen

    def is_back(self, end: Ended, *, quarantined: set[str]) -> None:
        """Assert that a release came back from production."""
        assert (end.status, end.outcome) == ("FAILED", "rolled_back"), end.reason
        assert self.story.runs("prod") == self.good
        assert self.story.quarantined() == quarantined

    def evidence(self, execution: str) -> tuple[dict[str, Any], str]:
        """What was stored of the canary of a release: the document, and the picture."""
        s3, bucket = self.place.client("s3"), self.place.resource("EvidenceBucket")
        prefix = f"{self.story.name}/{execution.rpartition(':')[2]}/prod/1/canary"
        texts = [
            s3.get_object(Bucket=bucket, Key=f"{prefix}.{kind}")["Body"].read().decode()
            for kind in ("json", "svg")
        ]
        return json.loads(texts[0]), texts[1]

    def _machine_of(self, release: str) -> list[str]:
        """The execution of the machine `canary` for a release, once there is one."""
        states = self.place.client("stepfunctions")
        return [
            arn
            for arn in watch.executions(self.place, "canary")
            if f'"{release}"' in states.describe_execution(executionArn=arn)["input"]
        ]

    def _requests_per_target(self) -> dict[str, str]:
        elb = self.place.client("elbv2")
        group = self.traces.strategy["target_group"]
        described = elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
        balancer = described["LoadBalancerArns"][0].rpartition("loadbalancer/")[2]
        label = f"{balancer}/{group.rpartition(':')[2]}"
        return {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}


def with_canary(
    story: Tell,
    *weights: float,
    also: Change | None = None,
    requests_per_second: float = REQUESTS_PER_SECOND,
    **settings: Any,
) -> CanaryStory:
    """A service with users, whose production gets its releases by a canary; `also` changes its manifest."""
    by_canary = canary_in_production(*weights, **settings)

    def change(manifest: Manifest) -> None:
        by_canary(manifest)
        if also is not None:
            also(manifest)

    return CanaryStory(story(change), requests_per_second)
