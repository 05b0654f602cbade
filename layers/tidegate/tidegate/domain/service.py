"""A service as its manifest describes it: what feeds it, where it runs, and the rules of its promotion.

These are the values that every step works with. `contracts.manifest` validates what a team wrote and makes
them; the catalogue stores them as `Service.to_json()`, whose keys are those of the manifest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tidegate.domain.plain import from_plain, to_plain
from tidegate.domain.strategy import RollingSettings, Strategy

TARGET_ROLE = "tidegate-target"
"""Name of the role that Tidegate assumes in an account which is not its own."""

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"]
"""The finding severities of Amazon ECR, worst first."""

ImagePolicy = Literal["newest", "same_tag"]
ScanPolicyChoice = Literal["block", "allow"]
NoticeKind = Literal[
    "started",
    "waiting",
    "deployed",
    "succeeded",
    "rejected",
    "expired",
    "superseded",
    "cancelled",
    "rolled_back",
    "failed",
]
"""What a message to a service's team can be about; all but the first three are outcomes."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a workload lives: every port call that touches one takes its target."""

    account: str
    region: str
    role: str = TARGET_ROLE


@dataclass(frozen=True, slots=True)
class TagRule:
    """Which image tags are wanted: a semver range or a glob pattern; exactly one of the two is set."""

    semver: str | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class ImageSource:
    """The ECR repository that feeds one container, and which of its tags count."""

    repository: str
    tags: TagRule


@dataclass(frozen=True, slots=True)
class Overrides:
    """What one environment changes in the task definition.

    `environment` and `secrets` are per container: variable name to value, or to the `valueFrom` of a secret.
    """

    cpu: str | None = None
    memory: str | None = None
    environment: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    task_role_arn: str | None = None
    execution_role_arn: str | None = None


@dataclass(frozen=True, slots=True)
class ApproverRole:
    """The people of one role, such as operations or security, and how many of them must approve."""

    approvers: tuple[str, ...]
    required: int = 1


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Who may approve a release into an environment, how many must, and for how long they may think.

    Attributes:
        approvers: Who may approve and has no role.
        required: How many people must approve in all; `roles` may ask for more.
        roles: Role to its people. Somebody in several roles counts for one of them.
        break_glass: Those of the people who may approve alone in an emergency.
    """

    approvers: tuple[str, ...] = ()
    expires_after_seconds: int = 86_400
    requester_may_approve: bool = True
    required: int = 1
    roles: Mapping[str, ApproverRole] = field(default_factory=dict)
    break_glass: tuple[str, ...] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who may approve, each once, in the order of the manifest."""
        named = (*self.approvers, *(each for role in self.roles.values() for each in role.approvers))
        return tuple({each.casefold(): each for each in reversed(named)}.values())[::-1]


@dataclass(frozen=True, slots=True)
class HttpExpectation:
    """What a response must be. `json_equals` is compared with the whole body; None compares nothing."""

    status: tuple[int, ...] = (200,)
    body_contains: str | None = None
    json_equals: Any = None
    within_ms: int = 2000


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """A request whose response must be as expected in one of `attempts` tries."""

    name: str
    url: str
    kind: Literal["http"] = "http"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    expect: HttpExpectation = HttpExpectation()
    attempts: int = 3
    interval_seconds: int = 5


@dataclass(frozen=True, slots=True)
class TaskCheck:
    """A task of the new task definition, run with another command, that must exit with code 0."""

    name: str
    container: str
    command: tuple[str, ...]
    kind: Literal["task"] = "task"
    timeout_seconds: int = 600


Check = HttpCheck | TaskCheck


@dataclass(frozen=True, slots=True)
class BeforeDeploy:
    """A task run from the new images before the service is touched, for example a migration."""

    container: str
    command: tuple[str, ...]
    timeout_seconds: int = 900
    point_of_no_return: bool = False


@dataclass(frozen=True, slots=True)
class Environment:
    """One stop on the way of a release: an existing ECS service, and the rules for deploying to it."""

    name: str
    cluster: str
    service: str
    region: str
    account: str
    production: bool
    strategy: Strategy = field(default_factory=RollingSettings)
    overrides: Overrides = Overrides()
    approval: ApprovalRule | None = None
    soak_seconds: int = 0
    watch_seconds: int = 300
    checks: tuple[Check, ...] = ()
    before_deploy: BeforeDeploy | None = None

    @property
    def target(self) -> Target:
        """The account and region of the environment, with the role to assume there."""
        return Target(account=self.account, region=self.region)


@dataclass(frozen=True, slots=True)
class Waiver:
    """A finding that does not block, why, and the last day (ISO date) on which that holds."""

    id: str
    reason: str
    expires: str


@dataclass(frozen=True, slots=True)
class ScanPolicy:
    """Which findings stop a release, and what a scan that never came means."""

    block: tuple[Severity, ...] = ("CRITICAL", "HIGH")
    when_missing: ScanPolicyChoice = "block"
    when_unsupported: ScanPolicyChoice = "block"
    timeout_seconds: int = 1800
    waivers: tuple[Waiver, ...] = ()


@dataclass(frozen=True, slots=True)
class Notifications:
    """Where a service's messages go, and which of them are sent.

    Attributes:
        topic: ARN of an SNS topic; None is the topic of the Tidegate stack.
        kinds: The kinds that are wanted; None is all. What calls for people is sent whatever is said here.
    """

    topic: str | None = None
    kinds: tuple[NoticeKind, ...] | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """One revision of a service's manifest. `containers` maps a container's name to what feeds it."""

    name: str
    containers: Mapping[str, ImageSource]
    task_definition: Mapping[str, Any]
    environments: tuple[Environment, ...]
    images: ImagePolicy = "newest"
    scan: ScanPolicy = ScanPolicy()
    notifications: Notifications = Notifications()

    @property
    def repositories(self) -> tuple[str, ...]:
        """Names of the repositories that feed the service, each once, sorted."""
        return tuple(sorted({source.repository for source in self.containers.values()}))

    def environment(self, name: str) -> Environment:
        """The environment of that name.

        Raises:
            LookupError: the service has no such environment; the message lists those it has.
        """
        for environment in self.environments:
            if environment.name == name:
                return environment
        names = ", ".join(environment.name for environment in self.environments)
        raise LookupError(f"service {self.name} has no environment {name}; it has {names}")

    def family(self, environment: str) -> str:
        """The task-definition family of the service in that environment: `<service>-<environment>`."""
        return f"{self.name}-{environment}"

    def to_json(self) -> dict[str, Any]:
        """The service as plain JSON values; `from_json` reads it, and it is itself a valid manifest."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Service":
        """Read a stored revision: unknown keys are ignored, missing ones get their defaults.

        Raises:
            ValueError: something cannot be read; the message names it.
        """
        return from_plain(cls, stored)
