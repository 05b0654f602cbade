"""One environment of a manifest."""

from typing import Annotated

from pydantic import Field

from tidegate.contracts.container_definition import Line, Value
from tidegate.contracts.fields import Contract, Flag
from tidegate.contracts.manifest.checks import BeforeDeploy, Check
from tidegate.contracts.manifest.fields import (
    Account,
    ApprovalTimeout,
    ContainerName,
    EcsName,
    Email,
    Pause,
    People,
    Region,
    RoleName,
    ServiceName,
    Watch,
)
from tidegate.contracts.manifest.strategies import Rolling, Strategy
from tidegate.contracts.task_definition import CpuUnits, MemoryMiB, Role
from tidegate.domain import service as domain


class Overrides(Contract):
    """What this environment changes in the task definition."""

    cpu: Annotated[CpuUnits | None, Field(description="CPU units of the task")] = None
    memory: Annotated[MemoryMiB | None, Field(description="memory of the task in MiB")] = None
    environment: Annotated[
        dict[ContainerName, dict[Line, Value]],
        Field(description="environment variables by container; never for secrets, they are stored and shown"),
    ] = Field({})
    secrets: Annotated[
        dict[ContainerName, dict[Line, Line]],
        Field(description="secrets by container: variable to the ARN in Secrets Manager or Parameter Store"),
    ] = Field({})
    task_role_arn: Annotated[Role | None, Field(description="the task role")] = None
    execution_role_arn: Annotated[Role | None, Field(description="the task execution role")] = None

    def to_domain(self) -> domain.Overrides:
        """The overrides as a domain value."""
        return domain.Overrides(
            cpu=self.cpu,
            memory=self.memory,
            environment={name: dict(values) for name, values in self.environment.items()},
            secrets={name: dict(values) for name, values in self.secrets.items()},
            task_role_arn=self.task_role_arn,
            execution_role_arn=self.execution_role_arn,
        )


class ApproverRole(Contract):
    """The people of one role, and how many of them must approve."""

    approvers: Annotated[
        list[Email], Field(min_length=1, max_length=20, description="1 to 20 e-mail addresses")
    ]
    required: Annotated[People, Field(description="how many of them must approve")] = 1

    def to_domain(self) -> domain.ApproverRole:
        """The role as a domain value."""
        return domain.ApproverRole(approvers=tuple(self.approvers), required=self.required)


class ApprovalRule(Contract):
    """Who approves a release into this environment, and how many people must."""

    approvers: Annotated[
        list[Email], Field(max_length=20, description="e-mail addresses of those who have no role")
    ] = Field([])
    roles: Annotated[
        dict[RoleName, ApproverRole],
        Field(max_length=10, description="role, such as operations or security, to its people"),
    ] = Field({})
    required: Annotated[People, Field(description="how many people must approve in all")] = 1
    break_glass: Annotated[
        list[Email],
        Field(max_length=20, description="those of the approvers who may approve alone in an emergency"),
    ] = Field([])
    expires_after_seconds: Annotated[ApprovalTimeout, Field(description="how long to wait for it")] = 86_400
    requester_may_approve: Annotated[
        Flag, Field(description="whether whoever asked for the release may approve it")
    ] = True

    def to_domain(self) -> domain.ApprovalRule:
        """The rule as a domain value."""
        return domain.ApprovalRule(
            approvers=tuple(self.approvers),
            roles={name: role.to_domain() for name, role in self.roles.items()},
            required=self.required,
            break_glass=tuple(self.break_glass),
            expires_after_seconds=self.expires_after_seconds,
            requester_may_approve=self.requester_may_approve,
        )


class Environment(Contract):
    """An existing ECS service on the way of a release, and the rules for deploying to it."""

    name: Annotated[ServiceName, Field(description="the name of the environment, such as dev")]
    cluster: Annotated[EcsName, Field(description="the name of the ECS cluster")]
    service: Annotated[EcsName, Field(description="the name of the ECS service")]
    region: Annotated[Region, Field(description="the region of the ECS service")]
    account: Annotated[Account, Field(description="the account of the ECS service")]
    production: Annotated[
        Flag | None, Field(description="whether users depend on it; null: only the last one is")
    ] = None
    strategy: Annotated[Strategy, Field(description="how a release is deployed")] = Rolling(name="rolling")
    overrides: Annotated[Overrides, Field(description="what differs in the task definition")] = Overrides()
    approval: Annotated[ApprovalRule | None, Field(description="who approves; null: nobody need")] = None
    soak_seconds: Annotated[
        Pause, Field(description="how long to wait after a deployment before the next environment")
    ] = 0
    watch_seconds: Annotated[
        Watch, Field(description="for how long after a deployment an alarm rolls it back")
    ] = 300
    checks: Annotated[
        list[Check], Field(max_length=20, description="checks that must pass after a deployment")
    ] = Field([])
    before_deploy: Annotated[
        BeforeDeploy | None, Field(description="a task before the deployment, such as a migration")
    ] = None

    def to_domain(self, *, last: bool) -> domain.Environment:
        """The environment as a domain value; the last one is production unless it says otherwise."""
        return domain.Environment(
            name=self.name,
            cluster=self.cluster,
            service=self.service,
            region=self.region,
            account=self.account,
            production=last if self.production is None else self.production,
            strategy=self.strategy.to_domain(),
            overrides=self.overrides.to_domain(),
            approval=self.approval.to_domain() if self.approval else None,
            soak_seconds=self.soak_seconds,
            watch_seconds=self.watch_seconds,
            checks=tuple(check.to_domain() for check in self.checks),
            before_deploy=self.before_deploy.to_domain() if self.before_deploy else None,
        )
