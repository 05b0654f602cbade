"""Scenarios in the words of the people in them: the real machines and functions on a local cloud.

A `Story` has a service of its own, so that many scenarios run in one cloud. What it asserts in the end is
read from the world (ECS, DynamoDB, the mailbox), never from what Tidegate says of itself.
"""

from __future__ import annotations

import contextlib
import json
import time
import urllib.error
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from local.demo import watch
from local.demo.approver import Approver
from local.sample import Place, SampleService
from local.sample.service import APPROVER
from tests.support.canary_traces import CanaryTraces, Kept

T = TypeVar("T")
PATIENCE_SECONDS = 150
"""Long for a machine that has much else to do; nothing waits so long where all is well."""


@dataclass(frozen=True)
class Ended:
    """How an execution ended, and the release it was about."""

    execution: str
    status: str
    outcome: str
    reason: str


class Story:
    """One service, the people around it, and what became of its releases."""

    def __init__(self, place: Place, change: Callable[[dict[str, Any]], None] | None = None) -> None:
        self.place = place
        self.service = SampleService(place, f"s{uuid.uuid4().hex[:8]}", change)
        self.name = self.service.name
        self.approver = Approver(place, self.address)
        self.environments: tuple[str, ...] = ()
        self.canaries: dict[str, CanaryTraces] = {}
        self._kept: dict[str, Kept] = {}
        self._seen: set[str] = set()

    @property
    def address(self) -> str:
        """The approver of this service: every story has its own mailbox."""
        return f"approver@{self.name}.example.com"

    # --- given ------------------------------------------------------------------------------------------

    def registered(self, *, confirm: bool = True) -> Story:
        """The service runs in its environments, is registered, and its approver has confirmed (or not)."""
        for environment in self.service.manifest["environments"]:
            if environment.get("approval"):
                given = environment["approval"].get("approvers", [])
                environment["approval"]["approvers"] = [
                    self.address if each == APPROVER else each for each in given
                ]
        environments = tuple(each["name"] for each in self.service.manifest["environments"])
        self.environments = environments
        for environment in self.service.manifest["environments"]:
            for alarm in environment["strategy"].get("alarms", {}).get("names", []):
                self._create_alarm(alarm)
        self.service.create(environments)
        self._find_canaries()
        self.service.register()
        if confirm:
            self.service.confirm_approvers()
        return self

    def remember(self) -> None:
        """Take what a canary must leave as it was to be what it is now."""
        self._kept = {name: traces.kept() for name, traces in self.canaries.items()}

    def expect(self, environment: str, **kept: Any) -> None:
        """Take some of it to be something else in the end, because somebody wants that."""
        self._kept[environment] |= kept

    # --- when -------------------------------------------------------------------------------------------

    def push(self, tag: str, container: str = "app", **behaviour: Any) -> str:
        """Push an image; returns its digest."""
        return self.service.push(tag, container=container, **behaviour)

    def release(self, machine: str = "normal_deployment") -> str:
        """The execution that has begun for this service and that no earlier call has returned."""

        def new() -> str | None:
            for arn in watch.executions(self.place, machine):
                if arn not in self._seen and self.name in arn.rpartition(":")[2]:
                    return arn
            return None

        found = self.until(new, "a release begins")
        self._seen.add(found)
        return found

    def start(self, machine: str, **payload: Any) -> str:
        """Start a machine as an operator does in the console; returns the execution."""
        states = self.place.client("stepfunctions")
        name = f"{self.name}-{uuid.uuid4().hex[:8]}"
        started = states.start_execution(
            stateMachineArn=self.place.machine(machine), name=name, input=json.dumps(payload)
        )
        self._seen.add(started["executionArn"])
        return str(started["executionArn"])

    def run(self, machine: str, **payload: Any) -> Ended:
        """Start a machine and wait for its end."""
        return self.ended(self.start(machine, **payload))

    def mail(self) -> str:
        """The link in the newest mail to the approver behind which there still is a decision to make."""

        return self.until(self.question, "the approver is asked")

    def question(self) -> str | None:
        """The same at this moment; None where there is nothing to decide."""
        links = reversed(self.approver.links())
        return next((link for link in links if "<form" in self.approver.read(link)), None)

    def approve(self, comment: str = "") -> None:
        """Open the mail, read the page, approve."""
        answer = self.approver.decide(self.mail(), "approve", comment)
        assert answer.status == 200, answer.page

    def reject(self, comment: str) -> None:
        """Open the mail, read the page, reject."""
        answer = self.approver.decide(self.mail(), "reject", comment)
        assert answer.status == 200, answer.page

    def invoke(self, step: str, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke one of Tidegate's functions, as EventBridge or its schedule does."""
        function = f"tidegate-{step}"
        answer = self.place.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
        said = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, said
        return dict(said)

    @contextmanager
    def without_events(self, step: str) -> Iterator[None]:
        """Let no rule tell a step of anything for a while: what happens meanwhile has lost its event."""
        events = self.place.client("events")
        arn = self.place.client("lambda").get_function(FunctionName=f"tidegate-{step}")
        target = arn["Configuration"]["FunctionArn"]
        rules = events.list_rule_names_by_target(TargetArn=target)["RuleNames"]
        assert rules
        for rule in rules:
            events.disable_rule(Name=rule)
        try:
            yield
            time.sleep(1)
        finally:
            for rule in rules:
                events.enable_rule(Name=rule)

    @contextmanager
    def without_scans(self) -> Iterator[None]:
        """Let the registry scan nothing for a while."""
        self.place.client("ecr").put_registry_scanning_configuration(scanType="BASIC", rules=[])
        try:
            yield
        finally:
            self.place.scan_on_push()

    def redeploy_by_hand(self, environment: str) -> None:
        """Somebody registers a new revision of what runs and deploys it, without Tidegate."""
        ecs = self.place.client("ecs")
        service = ecs.describe_services(cluster=environment, services=[self.name])["services"][0]
        described = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
        kept = ("family", "containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities")
        fields = {name: described[name] for name in kept}
        fields["executionRoleArn"] = described["executionRoleArn"]
        arn = ecs.register_task_definition(**fields)["taskDefinition"]["taskDefinitionArn"]
        ecs.update_service(cluster=environment, service=self.name, taskDefinition=arn)
        ecs.get_waiter("services_stable").wait(
            cluster=environment, services=[self.name], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )

    # --- then -------------------------------------------------------------------------------------------

    def ended(self, execution: str) -> Ended:
        """Wait for the end of an execution."""
        end = self.until(lambda: watch.ending(self.place, execution), f"{execution} ends")
        return Ended(execution, end.status, end.outcome, end.reason)

    def ended_with_sweeps(self, execution: str) -> Ended:
        """Wait for the end of an execution while the sweep looks again and again."""

        def end() -> watch.Ending | None:
            self.invoke("sweep", {"grace_seconds": 0})
            return watch.ending(self.place, execution)

        found = self.until(end, f"{execution} ends with the help of the sweep")
        return Ended(execution, found.status, found.outcome, found.reason)

    def outcome_of(self, execution: str) -> str | None:
        """The outcome in the ledger of the release that an execution had; None while there is none."""
        found = self._get("Ledger", f"SERVICE#{self.name}", f"RELEASE#{execution.rpartition(':')[2]}")
        outcome = found.get("outcome")
        return str(outcome) if outcome else None

    def outcomes(self, *, pushed: int) -> list[str] | None:
        """Outcomes of the pushed releases, by the time of the push; None until so many have ended."""
        found = [
            item
            for item in self._query("Ledger", f"SERVICE#{self.name}")
            if item["sk"].startswith("RELEASE#") and item["trigger"] == "push" and item.get("outcome")
        ]
        ended = sorted(found, key=lambda item: str(item["newest_push"]))
        return [str(item["outcome"]) for item in ended] if len(ended) == pushed else None

    def entered(self, execution: str, state: str) -> None:
        """Wait until an execution has entered a state."""
        self.until(
            lambda: state in watch.states_entered(self.place, execution) or None, f"{state} is entered"
        )

    def runs(self, environment: str) -> str:
        """The digests that run in an environment, joined."""
        return watch.running_digests(self.place, self.name, (environment,))[environment]

    def runs_containers(self, environment: str) -> dict[str, set[str]]:
        """Container name to the digests that its running copies report."""
        ecs = self.place.client("ecs")
        arns = ecs.list_tasks(cluster=environment, serviceName=self.name)["taskArns"]
        found: dict[str, set[str]] = {}
        for task in ecs.describe_tasks(cluster=environment, tasks=arns)["tasks"]:
            for container in task["containers"]:
                found.setdefault(container["name"], set()).add(container["imageDigest"])
        return found

    def waits_for(self, execution: str, subject: str) -> None:
        """Wait until a release waits for something."""
        release = execution.rpartition(":")[2]

        def waiting() -> bool | None:
            return any(each.startswith(subject) for each in self.waiting(release)) or None

        self.until(waiting, f"{release} waits for {subject}")

    def waiting(self, release: str) -> list[str]:
        """What a release waits for: the subjects of its waits."""
        return [str(wait["sk"]) for wait in self._query("Waits", f"RELEASE#{release}")]

    def releases(self) -> dict[str, dict[str, Any]]:
        """Every release of this service as the ledger has it, by id, oldest first."""
        found = self._query("Ledger", f"SERVICE#{self.name}")
        marks = {item["sk"].removeprefix("RELEASE#"): item for item in found}
        return {name: item for name, item in marks.items() if item["sk"].startswith("RELEASE#")}

    def deployments(self, environment: str) -> list[dict[str, Any]]:
        """The records of what was deployed to an environment, oldest first."""
        return self._query("Ledger", f"DEPLOYMENTS#{self.name}/{environment}")

    def revisions(self, service: str) -> int:
        """How many revisions of a service's manifest are stored."""
        items = self._query("Catalogue", f"SERVICE#{service}")
        return sum(1 for item in items if item["sk"].startswith("REVISION#"))

    def until(
        self,
        look: Callable[[], T | None],
        what: str,
        seconds: float = PATIENCE_SECONDS,
        longest_pause: float = 1.0,
    ) -> T:
        """Look again and again until there is something to see."""
        deadline, pause = time.monotonic() + seconds, 0.1
        while time.monotonic() < deadline:
            found = look()
            if found is not None:
                return found
            time.sleep(pause)
            # Looking has its price where many stories are told.
            pause = min(longest_pause, pause * 1.25)
        raise AssertionError(f"After {seconds:.0f} s still not: {what}.")

    def quarantined(self) -> set[str]:
        """Digests of this service in quarantine."""
        items = self._query("Ledger", f"QUARANTINE#{self.name}")
        return {item["sk"].removeprefix("IN#") for item in items if item["sk"].startswith("IN#")}

    def journal(self, subject: str) -> list[str]:
        """The kinds of the journal's entries about a subject, oldest first."""
        return [str(item.get("kind")) for item in self._query("Ledger", f"JOURNAL#{subject}")]

    def messages(self) -> list[str]:
        """Subjects of the notifications about this service."""
        mails = self.place.world("GET", "/mailbox?address=team@example.com")
        return [mail["subject"] for mail in mails if self.name in mail["subject"]]

    def table(self, name: str) -> str:
        """The physical name of one of Tidegate's tables."""
        return self.place.resource(f"{name}Table")

    def at_rest(self) -> None:
        """Assert what must hold when everything has come to an end, whatever happened before."""
        left: list[str] = ["nobody has looked yet"]

        def rests() -> bool | None:
            left[:] = self._left_over()
            return not left or None

        with contextlib.suppress(AssertionError):
            self.until(rests, "nothing is left over", 60)
        assert not left, left

    def left_over(self) -> list[str]:
        """Sentences on what is still held, waited for or mixed; empty when all has come to rest."""
        return self._left_over()

    def users_leave(self) -> None:
        """Nobody asks anything of this service any more; what they have seen is forgotten."""
        for environment in self.environments:
            with contextlib.suppress(urllib.error.HTTPError):
                self.place.world("DELETE", f"/traffic/{environment}/{self.name}")

    def judged_periods(self, environment: str) -> list[dict[str, Any]]:
        """The periods that the newest canary was judged by, oldest first."""
        canary = self._get("Ledger", f"CANARY#{self.name}/{environment}", "CANARY")
        items = self._query("Ledger", f"CANARY-PERIODS#{canary['id']}") if canary else []
        return [dict(json.loads(item["period"])) for item in items]

    def _left_over(self) -> list[str]:
        left = []
        for environment in self.environments:
            held = self._get("Locks", f"{self.name}/{environment}", "LOCK")
            if held and held.get("owner"):
                left.append(f"the lock of {environment} is held by {held['owner']}")
            digests = self.runs(environment)
            if " + " in digests or digests == "nothing":
                left.append(f"{environment} runs {digests}")
            left += self._left_of_canary(environment)
        for release in self._query("Ledger", f"SERVICE#{self.name}"):
            identity = release["sk"].removeprefix("RELEASE#")
            waits = self._query("Waits", f"RELEASE#{identity}")
            left += [f"{identity} still waits for {wait['sk']}" for wait in waits]
        return left

    def _left_of_canary(self, environment: str) -> list[str]:
        if environment not in self.canaries:
            return []
        canary = self._get("Ledger", f"CANARY#{self.name}/{environment}", "CANARY")
        if canary and canary["phase"] != "ended":
            return [f"the canary's record says {canary['phase']}: {canary.get('reason')}"]
        return self.canaries[environment].left_over(self._kept[environment])

    def _find_canaries(self) -> None:
        for environment in self.service.manifest["environments"]:
            strategy, name = environment["strategy"], environment["name"]
            if strategy["name"] == "canary":
                self.canaries[name] = CanaryTraces(
                    self.place, environment["cluster"], environment["service"], strategy
                )
        self.remember()

    def _create_alarm(self, name: str) -> None:
        self.place.client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            Namespace="Stories",
            MetricName="Errors",
            Dimensions=[{"Name": "Service", "Value": self.name}],
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
        )

    def _query(self, table: str, key: str) -> list[dict[str, Any]]:
        pages = (
            self.place.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.table(table),
                KeyConditionExpression="pk = :key",
                ExpressionAttributeValues={":key": {"S": key}},
                ConsistentRead=True,
            )
        )
        return [_plain(item) for page in pages for item in page["Items"]]

    def _get(self, table: str, pk: str, sk: str) -> dict[str, Any]:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        found = self.place.client("dynamodb").get_item(
            TableName=self.table(table), Key=key, ConsistentRead=True
        )
        return _plain(found.get("Item", {}))


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    from boto3.dynamodb.types import TypeDeserializer

    read = TypeDeserializer().deserialize
    return {name: read(value) for name, value in item.items()}
