"""One sample service in dev, staging and prod, behind a load balancer in each."""

from __future__ import annotations

import json
import re
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.sample import balancers, images
from local.sample.balancers import TEST_HEADER, Balancer
from local.sample.place import ENVIRONMENTS, Place

APPROVER = "approver@example.com"
TASKS = {"dev": 1, "staging": 2, "prod": 4}
_TEMPLATE = Path(__file__).with_name("checkout.json")


class SampleService:
    """A service that a team brought to ECS by itself, and its registration with Tidegate.

    Args:
        place: The local cloud.
        name: Name of the service, and of its repository.
        change: Changes the manifest before it is registered.
    """

    def __init__(
        self, place: Place, name: str, change: Callable[[dict[str, Any]], None] | None = None
    ) -> None:
        self.place = place
        self.name = name
        self.manifest = self._manifest()
        if change is not None:
            change(self.manifest)
        self.digests: dict[str, str] = {}

    @property
    def repositories(self) -> dict[str, str]:
        """Fed container to its repository."""
        return {name: source["repository"] for name, source in self.manifest["containers"].items()}

    def create(self, environments: tuple[str, ...] = ENVIRONMENTS) -> None:
        """Make what runs before Tidegate comes: repository, first image, services, load balancers."""
        self.place.clusters()
        self.place.scan_on_push()
        self.place.role("ecsTaskExecutionRole")
        self._create_log_group()
        for container, repository in self.repositories.items():
            self.place.client("ecr").create_repository(repositoryName=repository)
            self.digests[container] = images.push(self.place, repository, "1.0.0")
        for environment in environments:
            self._create_service(environment, self._create_load_balancer(environment))
        waiter = self.place.client("ecs").get_waiter("services_stable")
        for environment in environments:
            waiter.wait(
                cluster=environment, services=[self.name], WaiterConfig={"Delay": 1, "MaxAttempts": 60}
            )

    def register(self, manifest: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Start the machine `register_service` and return what it ended with.

        Raises:
            RuntimeError: the manifest was refused, or the machine failed.
        """
        ended = self.start("register_service", {"manifest": manifest or self.manifest})
        if ended.get("outcome") != "succeeded":
            raise RuntimeError(f"{self.name} was not registered: {json.dumps(ended)}")
        return ended

    def start(self, machine: str, payload: Mapping[str, Any], timeout: float = 60) -> dict[str, Any]:
        """Run one of Tidegate's machines to its end; returns its output, or its cause when it ended red."""
        states = self.place.client("stepfunctions")
        arn = states.start_execution(stateMachineArn=self.place.machine(machine), input=json.dumps(payload))
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            execution = states.describe_execution(executionArn=arn["executionArn"])
            if execution["status"] != "RUNNING":
                text = execution.get("output") or execution.get("cause") or "{}"
                return dict(json.loads(text))
            time.sleep(0.2)
        raise RuntimeError(f"{machine} has not ended after {timeout} s: {arn['executionArn']}")

    def push(self, *tags: str, container: str = "app", **behaviour: Any) -> str:
        """Push a new image for one of the containers; returns its digest."""
        return images.push(self.place, self.repositories[container], *tags, **behaviour)

    def delete(self, environment: str) -> None:
        """Delete the ECS service in an environment behind Tidegate's back."""
        self.place.client("ecs").delete_service(cluster=environment, service=self.name, force=True)

    @property
    def approvers(self) -> list[str]:
        """Everybody who may approve in some environment, with a role or without."""
        found: dict[str, None] = {}
        for environment in self.manifest["environments"]:
            rule = environment.get("approval") or {}
            for each in (rule, *rule.get("roles", {}).values()):
                found.update(dict.fromkeys(each.get("approvers", [])))
        return list(found)

    def confirm_approvers(self, *, only: Sequence[str] | None = None) -> None:
        """Confirm with the token of the first mail, so that no link in a later mail can end the subscription.

        Args:
            only: Those who confirm; by default every approver.
        """
        topic = self.place.resource("ApprovalsTopic")
        for address in self.approvers if only is None else only:
            query = urllib.parse.urlencode({"address": address, "confirmations": "true"})
            for mail in self.place.world("GET", f"/mailbox?{query}"):
                if mail.get("confirm_token") and mail["topic"] == topic:
                    self.place.client("sns").confirm_subscription(
                        TopicArn=topic, Token=mail["confirm_token"], AuthenticateOnUnsubscribe="true"
                    )

    def set_traffic(self, requests_per_second: float) -> None:
        """Let simulated users call the service in production."""
        self.place.world("PUT", f"/traffic/prod/{self.name}", {"requests_per_second": requests_per_second})

    def balancer(self, environment: str) -> str:
        """Name of the load balancer in an environment."""
        return f"{self.name}-{environment}"[:32]

    def _manifest(self) -> dict[str, Any]:
        text = _TEMPLATE.read_text(encoding="utf-8")
        text = re.sub(r"\bcheckout\b", self.name, text)
        text = text.replace("http://127.0.0.1:4566", self.place.endpoint)
        return dict(json.loads(text))

    def _create_log_group(self) -> None:
        logs = self.place.client("logs")
        group = f"/ecs/{self.name}"
        found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        if not any(each["logGroupName"] == group for each in found):
            logs.create_log_group(logGroupName=group)

    def _environment(self, name: str) -> dict[str, Any]:
        every = self.manifest["environments"]
        return next((dict(each) for each in every if each["name"] == name), {"strategy": {"name": "rolling"}})

    def _create_load_balancer(self, environment: str) -> Balancer:
        """The load balancer that the environment's strategy needs; its ARNs go into the manifest."""
        strategy = self._environment(environment)["strategy"]
        balancer = balancers.create(self.place, self.balancer(environment), strategy["name"])
        if strategy["name"] == "canary":
            stable, canary = balancer.groups
            strategy |= {"target_group": stable, "canary_target_group": canary}
            strategy["listener_rules"] = [balancer.production_rule]
        if strategy["name"] == "blue_green":
            strategy |= {
                "production_rule": balancer.production_rule,
                "test_rule": balancer.test_rule,
                "target_groups": list(balancer.groups),
                "infrastructure_role": self.place.role("ecsInfrastructureRole", "ecs.amazonaws.com"),
                "test_headers": {TEST_HEADER: "1"},
            }
        return balancer

    def _create_service(self, environment: str, balancer: Balancer) -> None:
        definition = dict(self.manifest["task_definition"])
        containers = [dict(container) for container in definition["containerDefinitions"]]
        registry = f"{self.place.account}.dkr.ecr.{self.place.region}.amazonaws.com"
        for container in containers:
            if container["name"] in self.repositories:
                digest = self.digests[container["name"]]
                container["image"] = f"{registry}/{self.repositories[container['name']]}@{digest}"
        definition["containerDefinitions"] = containers
        ecs = self.place.client("ecs")
        ecs.register_task_definition(family=f"{self.name}-{environment}", **definition)
        ecs.create_service(
            cluster=environment,
            serviceName=self.name,
            taskDefinition=f"{self.name}-{environment}",
            desiredCount=TASKS[environment],
            launchType="FARGATE",
            healthCheckGracePeriodSeconds=600,
            networkConfiguration={"awsvpcConfiguration": {"subnets": self.place.subnets}},
            **self._deployed_by(environment, balancer),
        )

    def _deployed_by(self, environment: str, balancer: Balancer) -> dict[str, Any]:
        """What of the ECS service depends on how it is deployed."""
        attached = {"targetGroupArn": balancer.groups[0], "containerName": "app", "containerPort": 8080}
        strategy = self._environment(environment)["strategy"]
        if strategy["name"] != "blue_green":
            return {"loadBalancers": [attached]}
        advanced = {
            "alternateTargetGroupArn": balancer.groups[1],
            "productionListenerRule": balancer.production_rule,
            "testListenerRule": balancer.test_rule,
            "roleArn": strategy["infrastructure_role"],
        }
        return {
            "loadBalancers": [{**attached, "advancedConfiguration": advanced}],
            "deploymentConfiguration": {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1},
        }
