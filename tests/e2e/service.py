"""A throw-away service in a real account, and its story. Never run."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

from local.demo import watch
from local.demo.approver import Approver
from local.sample.service import SampleService
from tests.e2e import images
from tests.e2e.account import Account
from tests.support.story import Story
from tests.support.variants import only_production_with_approval

T = TypeVar("T")
PATIENCE_SECONDS = 1_800


class ThrowAwayService(SampleService):
    """One Fargate task without a load balancer, in a cluster of its own in the default VPC."""

    place: Account

    def __init__(self, account: Account) -> None:
        super().__init__(account, f"tidegate-e2e-{uuid.uuid4().hex[:6]}", only_production_with_approval)
        (production,) = self.manifest["environments"]
        production |= {
            "cluster": self.name,
            "region": account.region,
            "account": account.account,
            "checks": [],
        }
        production["approval"]["approvers"] = [account.consent.approver]
        definition = self.manifest["task_definition"]
        definition |= {"executionRoleArn": self.execution_role}
        definition["runtimePlatform"] = {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
        for container in definition["containerDefinitions"]:
            container["healthCheck"] |= {"interval": 5, "startPeriod": 10}

    @cached_property
    def execution_role(self) -> str:
        """A role with which Fargate pulls the image and writes logs."""
        arn = self.place.role(f"{self.name}-execution")
        self.place.client("iam").attach_role_policy(
            RoleName=f"{self.name}-execution",
            PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy",
        )
        return arn

    def create(self, environments: tuple[str, ...] = ("prod",)) -> None:
        """Repository, first image, cluster, log group and service; waits until it is stable."""
        assert environments == ("prod",)
        ecs = self.place.client("ecs")
        self.place.client("ecr").create_repository(
            repositoryName=self.name, imageScanningConfiguration={"scanOnPush": True}
        )
        self.digests["app"] = self.push("1.0.0")
        ecs.create_cluster(clusterName=self.name)
        self._create_log_group()
        registry = f"{self.place.account}.dkr.ecr.{self.place.region}.amazonaws.com"
        definition = dict(self.manifest["task_definition"])
        (container,) = definition["containerDefinitions"]
        image = {"image": f"{registry}/{self.name}@{self.digests['app']}"}
        ecs.register_task_definition(
            **{**definition, "family": f"{self.name}-prod", "containerDefinitions": [container | image]}
        )
        network = {"subnets": self.place.subnets, "assignPublicIp": "ENABLED"}
        ecs.create_service(
            cluster=self.name,
            serviceName=self.name,
            taskDefinition=f"{self.name}-prod",
            desiredCount=1,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": network},
        )
        ecs.get_waiter("services_stable").wait(cluster=self.name, services=[self.name])

    def push(self, *tags: str, container: str = "app", **behaviour: Any) -> str:
        """Copy the public image, with a command that serves, or one that ends at once."""
        assert container == "app"
        (tag,) = tags
        return images.copy(self.place, self.name, tag, starts=bool(behaviour.get("starts", True)))

    def confirm_approvers(self, *, only: Sequence[str] | None = None) -> None:
        """A person has to follow the link in the mail; wait for it."""
        assert only in (None, [self.place.consent.approver])
        topic = self.place.resource("ApprovalsTopic")
        print(f"Confirm the subscription in the mail to {self.place.consent.approver}.")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            pages = (
                self.place.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
            )
            found = [each for page in pages for each in page["Subscriptions"] if each["Protocol"] == "email"]
            if any(each["SubscriptionArn"].startswith("arn:") for each in found):
                return
            time.sleep(5)
        raise AssertionError("Nobody has confirmed the subscription.")


class RealStory(Story):
    """A story of a throw-away service; AWS takes its time."""

    def __init__(self, account: Account) -> None:
        self.place = account
        self.service = ThrowAwayService(account)
        self.name = self.service.name
        self.approver = Approver(account, self.address)
        self.environments = ()
        self._seen = set()

    @property
    def address(self) -> str:
        """The person who runs the suite."""
        account: Any = self.place
        return str(account.consent.approver)

    def runs(self, environment: str) -> str:
        """The digests that run; the cluster has the name of the service, not of the environment."""
        assert environment == "prod"
        return watch.running_digests(self.place, self.name, (self.name,))[self.name]

    def until(
        self, look: Callable[[], T | None], what: str, seconds: float = 0, longest_pause: float = 5.0
    ) -> T:
        """Look again and again, slower and longer than at the local cloud."""
        return super().until(look, what, max(seconds, PATIENCE_SECONDS), max(longest_pause, 5.0))
