"""What the steps need of the world, in the field's words. Adapters are in `aws/`, fakes in the tests.

Every method may raise `errors.Transient` (try the same call again) or `errors.Terminal`. A thing that does
not exist is None or an empty tuple where its absence is an answer, and `Terminal` where it is a mistake.
Every call that touches a workload takes the `Target` (account, region, role) in which it lives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tidegate.domain.approval import Approval, ApprovalStatus
from tidegate.domain.calibration import StoredCalibration
from tidegate.domain.canary import Canary, JudgedPeriod
from tidegate.domain.deployment import Deployment
from tidegate.domain.images import ImageRef
from tidegate.domain.lock import Lock
from tidegate.domain.metrics import MetricQuery
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.release import Release
from tidegate.domain.scaling import ServiceScaling, Suspended
from tidegate.domain.scan import ImageScan
from tidegate.domain.service import Service, Target
from tidegate.domain.session import Session
from tidegate.domain.status import (
    History,
    OpenWork,
    ServicesPage,
    ServiceStatus,
    TrailPage,
    TrailQuery,
    Waiting,
)
from tidegate.domain.strategy import Native
from tidegate.domain.traffic import ListenerRule
from tidegate.domain.workload import (
    OneOffTask,
    ServiceDeployment,
    ServiceState,
    TargetState,
    TaskState,
)

# --- the catalogue and the ledger ---------------------------------------------------------------------------


class Catalogue(Protocol):
    """The services that are registered, every revision of them."""

    def get(self, service: str, revision: int | None = None) -> tuple[int, Service] | None:
        """A revision of a service (the newest when none is named), with its number."""

    def put(self, service: Service, *, after: int) -> int:
        """Store a new revision that follows ``after`` (0 for a new service); returns its number.

        Raises:
            Terminal: somebody else stored a revision in between.
        """

    def feeding(self, repository: str) -> tuple[str, ...]:
        """Names of the services that a repository feeds."""

    def watching(self, alarm: str) -> tuple[tuple[str, str], ...]:
        """Service and environment pairs whose manifest lists a CloudWatch alarm."""

    def names(self) -> tuple[str, ...]:
        """Every registered service. Only the sweep asks; it is never in the path of a release."""


class Releases(Protocol):
    """The releases: created once, changed only by conditional writes."""

    def create(self, release: Release) -> bool:
        """Store a new release; False when one with this id exists already."""

    def get(self, release: str) -> Release | None:
        """A release by id, read consistently."""

    def newest(self, service: str, limit: int = 20, *, before: str | None = None) -> tuple[Release, ...]:
        """The releases of a service, newest id first: of all, or of those whose ids come before one."""

    def start_attempt(self, release: str, attempt: int, execution: str) -> bool:
        """Note the root execution of an attempt and clear the last attempt's ending and stop signal.

        False when that attempt, or a later one, has been noted with another execution.
        """

    def touch(self, release: str, environment: str, *, production: bool) -> bool:
        """Note that an environment is about to be changed; False when the release was told to stop first.

        One conditional write: a stop and the touch of production cannot both win.
        """

    def stop(self, release: str, signal: StopSignal, reason: str, *, unless_production: bool) -> bool:
        """Tell a running release not to go on.

        False when it has ended, was stopped already, or (if so asked) has touched production.
        """

    def note_requester(self, release: str, requested_by: str) -> bool:
        """Note who claims to have asked for it; False when somebody is noted already."""

    def note_pusher(self, release: str, pusher: str) -> bool:
        """Note the ARN of somebody who pushed an image of it; False when it is noted already."""

    def mark_point_of_no_return(self, release: str) -> None:
        """Note that nothing older can run any more where this release's migration ran."""

    def end(
        self, release: str, outcome: Outcome, reason: str, *, at: datetime, environment: str | None
    ) -> bool:
        """Write the terminal record of the release; False when it has one already (the first one stands)."""


class Deployments(Protocol):
    """What was deployed where and how it ended: per service and environment."""

    def open(self, deployment: Deployment) -> Deployment:
        """Store a deployment that begins; returns the stored one when it was opened before.

        One execution opens one deployment of an attempt of a release in an environment, whatever its id says:
        a retry that comes with a later time gets the first one back.
        """

    def close(self, deployment: Deployment) -> Deployment:
        """Store its ending, once; returns what stands (the first ending wins)."""

    def revoke(self, deployment: Deployment, *, reason: str) -> None:
        """Note that a deployment that succeeded was rolled back later, so that nobody comes back to it."""

    def restored(self, service: str, environment: str, release: str) -> None:
        """Note that the last good deployment of a release runs again, for those who look at the status."""

    def latest(self, service: str, environment: str, limit: int = 20) -> tuple[Deployment, ...]:
        """Deployments newest first, open ones included."""

    def of_release(self, release: str) -> tuple[Deployment, ...]:
        """Every deployment of a release, oldest first."""


class Journal(Protocol):
    """The append-only audit trail: who, what, when, why."""

    def append(self, subject: str, kind: str, entry: Mapping[str, Any], *, at: datetime, key: str) -> bool:
        """Append an entry about a subject (a release id, or ``service/environment``).

        Args:
            subject: What it is about.
            kind: For example ``release.started`` or ``freeze.set``.
            entry: Plain JSON values.
            at: When it happened.
            key: Makes it unique within the subject; a second append of the same key is no second entry.

        Returns:
            False when the key was there already.
        """

    def entries(self, subject: str, limit: int = 200) -> tuple[dict[str, Any], ...]:
        """The newest entries of a subject, oldest first, each ``{"at", "kind", "key", "entry"}``."""


class Quarantine(Protocol):
    """Image digests that must not be deployed, per service, each with the evidence."""

    def add(self, service: str, digest: str, *, reason: str, release: str | None, at: datetime) -> bool:
        """Put a digest in quarantine; False when it was there already. Without a release a person did it."""

    def lift(self, service: str, digest: str, *, reason: str, by: str | None, at: datetime) -> bool:
        """Take it out; False when it was not in."""

    def digests(self, service: str) -> dict[str, str]:
        """Digests in quarantine and the reason for each."""


class Freezes(Protocol):
    """Environments into which nothing is promoted for now. Rollback never asks."""

    def set(self, service: str, environment: str, *, reason: str, by: str | None, at: datetime) -> bool:
        """Freeze; False when it was frozen already."""

    def lift(self, service: str, environment: str) -> bool:
        """Thaw; False when it was not frozen."""

    def reason(self, service: str, environment: str) -> str | None:
        """Why it is frozen, or None when it is not."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link leads to, all read at once: what a page needs of Tidegate's own tables.

    Attributes:
        approver: Whose link it is.
        release: None when the ledger no longer knows it; likewise the ``service``, by the release's revision.
        deployments: How the release did in the environments before this one.
    """

    approval: Approval
    approver: str
    release: Release | None
    service: Service | None
    deployments: tuple[Deployment, ...] = ()


class Approvals(Protocol):
    """Requests for a decision, found by their id or by the hash of a link."""

    def create(self, approval: Approval, links: Mapping[str, str]) -> bool:
        """Store a request with link hash → approver; False when it exists (its links are then kept)."""

    def add_links(self, approval: str, links: Mapping[str, str]) -> None:
        """Add link hash → approver to a stored request; the links that it has keep working."""

    def get(self, approval: str) -> Approval | None:
        """A request by id, read consistently."""

    def by_link(self, link_hash: str) -> tuple[Approval, str] | None:
        """The request and the approver to whom the link was given."""

    def linked(self, link_hash: str) -> Linked | None:
        """The same with all that belongs to it, read consistently in two round trips."""

    def admit(self, link_hash: str, *, at: datetime, deciding: bool) -> bool:
        """Whether a link may be used once more in this minute.

        Looking writes nothing: each process counts for itself. Forms are counted in the table.
        """

    def decide(
        self, approval: str, status: ApprovalStatus, *, by: str | None, comment: str | None, at: datetime
    ) -> bool:
        """Make a pending request final, once; False when it already was (or, for a decision, had expired)."""

    def vote(self, before: Approval, after: Approval, *, at: datetime) -> bool:
        """Store one more yes, which may decide: one conditional write.

        False when the request is no longer as it was ``before``, or has expired: read it again.
        """

    def pending_of(self, release: str) -> tuple[Approval, ...]:
        """The requests of a release that wait for a decision."""


class Locks(Protocol):
    """One owner per service and environment."""

    def acquire(
        self, service: str, environment: str, *, owner: str, release: str, at: datetime
    ) -> Lock | None:
        """Take a free lock, or confirm one's own; None when somebody else holds it."""

    def take_over(
        self, service: str, environment: str, *, owner: str, release: str, at: datetime, from_owner: str
    ) -> Lock | None:
        """Take the lock from an owner that has stopped; None when it is no longer held by that owner."""

    def holder(self, service: str, environment: str) -> Lock | None:
        """Who holds it now, read consistently."""

    def release(self, service: str, environment: str, *, owner: str) -> bool:
        """Give it back; False when it was not the owner's."""

    def all(self) -> tuple[Lock, ...]:
        """Every lock that is held (at most as many as deployments run): for the sweep."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A machine that waits for something to happen.

    Attributes:
        subject: What it waits for, for example ``service-deployment/<service arn>``.
        name: Unique within the subject: execution ARN and state.
        token: The task token; it lies in this table and in the registering step, nowhere else.
        release: The release it belongs to, so that a stop signal reaches it.
    """

    subject: str
    name: str
    token: str
    release: str
    created_at: datetime
    expires_at: datetime


class Waits(Protocol):
    """Waiting task tokens, by what they wait for."""

    def put(self, wait: Wait) -> None:
        """Store a token; a retry of the same state replaces its own older one."""

    def on(self, subject: str) -> tuple[Wait, ...]:
        """Who waits for a subject, oldest first."""

    def of_release(self, release: str) -> tuple[Wait, ...]:
        """Everything a release waits for."""

    def remove(self, wait: Wait) -> None:
        """Forget a wait; nothing happens when it is gone, or was replaced by a newer token."""


class Intake(Protocol):
    """What has been taken in: events and what they were about, so that nothing is taken in twice."""

    def first(self, key: str, *, at: datetime, value: str, again_after_seconds: int | None = None) -> str:
        """Claim a key with a value.

        Args:
            key: The event's id, or what the event is about.
            at: When the event happened.
            value: For example the release id that was minted for it.
            again_after_seconds: A claim older than this (either way) no longer counts; None: for ever.

        Returns:
            The value that stands: one's own when the claim was the first, the earlier one otherwise.
        """

    def seen(self, key: str) -> tuple[str, datetime] | None:
        """The value that stands for a key, and when it was claimed."""


# --- people who look, and what they are shown ---------------------------------------------------------------


class Status(Protocol):
    """What the status pages show. Every method is one call to the store; it may lag a moment behind."""

    def open_work(self, limit: int, *, after: str | None = None) -> OpenWork:
        """Undecided requests and releases that have not ended, from the ``more`` of an earlier page on."""

    def waiting(self, limit: int, *, release: str | None = None) -> tuple[Waiting, ...]:
        """Machines that wait, of one release or all, the longest first, without their tokens."""

    def services(self, limit: int, *, prefix: str = "", after: str | None = None) -> ServicesPage:
        """At most so many services whose names begin so, after a name, with what runs where."""

    def service(self, name: str) -> ServiceStatus | None:
        """One service with what runs where; None when it was never registered."""

    def history(self, release: str) -> History | None:
        """Everything that the ledger has of a release."""

    def trail(self, query: TrailQuery, limit: int) -> TrailPage:
        """A part of the audit trail, newest first: two calls at most."""


class Sessions(Protocol):
    """Links to the status pages and the sessions that they become, by the hashes of their secrets."""

    def offer(self, link_hash: str, link: Session) -> None:
        """Store a link that can be exchanged once."""

    def offered(self, link_hash: str) -> Session | None:
        """For whom a link is, and until when; None when there is none (any more)."""

    def exchange(self, link_hash: str, session_hash: str, session: Session, *, at: datetime) -> bool:
        """Use a link up and begin a session, together; False when the link is gone or its time is over."""

    def get(self, session_hash: str) -> Session | None:
        """A session, read consistently; None when there is none (any more)."""

    def end(self, session_hash: str) -> None:
        """Forget a session; nothing happens when it is gone."""


# --- AWS, as far as it touches workloads --------------------------------------------------------------------


class Registry(Protocol):
    """Amazon ECR."""

    def image(
        self, target: Target, repository: str, *, tag: str | None = None, digest: str | None = None
    ) -> ImageRef | None:
        """An image by tag or digest (with its newest tag), also when archived; None when it is not there."""

    def images(self, target: Target, repository: str) -> tuple[ImageRef, ...]:
        """Every tagged image that can be pulled, one `ImageRef` per tag; archived ones are left out."""

    def scan(self, target: Target, repository: str, digest: str) -> ImageScan:
        """Status, counts and findings of the image's scan, as ECR or Inspector give them."""

    def labels(self, target: Target, repository: str, digest: str) -> dict[str, str]:
        """The labels of an image's configuration: claims, on which nothing may depend."""

    def uri(self, target: Target, repository: str) -> str:
        """The address to pull from: ``<account>.dkr.ecr.<region>.<suffix>/<repository>``."""


class Services(Protocol):
    """Services of Amazon ECS."""

    def describe(self, target: Target, cluster: str, service: str) -> ServiceState | None:
        """What the service is now; None when it, or its cluster, is gone or inactive."""

    def deploy(
        self,
        target: Target,
        cluster: str,
        service: str,
        task_definition: str,
        settings: Native,
        *,
        roll_back: bool = True,
        pause: bool = True,
    ) -> None:
        """Start a native deployment, rolling or blue/green. ``desiredCount`` is never sent.

        With ``roll_back`` off, ECS stops a failing deployment but does not go back by itself: past a point of
        no return that is for people to decide. With ``pause`` off, as for restoring, blue/green neither waits
        for an answer before the switch nor bakes after it.
        """

    def deployments(self, target: Target, cluster: str, service: str) -> tuple[ServiceDeployment, ...]:
        """The service deployments ECS remembers, newest first (at most 20)."""

    def stop(self, target: Target, deployment: str) -> bool:
        """Stop a service deployment so that ECS rolls it back; False when there is none to stop."""

    def tasks(
        self, target: Target, cluster: str, service: str, *, stopped: bool = False
    ) -> tuple[TaskState, ...]:
        """The running tasks of a service, or the lately stopped ones."""

    def create_canary(
        self,
        target: Target,
        cluster: str,
        stable: str,
        canary: str,
        task_definition: str,
        target_groups: Mapping[str, str],
    ) -> None:
        """Let a service exist beside another one, with its network, roles and capacity, wanting no task.

        Service Connect is taken over as a client only, and ``target_groups`` says which group of the stable
        service gives way to which of the canary's. Nothing happens when the service exists.

        Raises:
            Terminal: the stable service is gone, or cannot have another one beside it.
        """

    def resize(
        self,
        target: Target,
        cluster: str,
        service: str,
        desired: int,
        *,
        task_definition: str | None = None,
    ) -> None:
        """Set the desired count of a canary service, and its task definition where one is given.

        This is the only place from which ``desiredCount`` is sent.
        """

    def continue_deployment(self, target: Target, deployment: str, hook: str, *, go_on: bool) -> bool:
        """Answer a PAUSE hook, always with an explicit action; False when it waits no longer."""


class TaskDefinitions(Protocol):
    """Task definitions of Amazon ECS."""

    def register(self, target: Target, definition: Mapping[str, Any]) -> str:
        """Register, unless the newest active revision of the family is the same already; returns the ARN."""

    def describe(self, target: Target, task_definition: str) -> dict[str, Any]:
        """A task definition as ECS describes it, tags included under ``tags``."""


class Tasks(Protocol):
    """One-off tasks: migrations and integration checks."""

    def run(
        self,
        target: Target,
        cluster: str,
        service: str,
        task_definition: str,
        container: str,
        command: Sequence[str],
        *,
        key: str,
    ) -> str:
        """Run one task with the network and capacity of the service, once per ``key``; returns its ARN."""

    def describe(self, target: Target, cluster: str, task: str) -> OneOffTask | None:
        """How the task stands; None when ECS has forgotten it."""

    def stop(self, target: Target, cluster: str, task: str, reason: str) -> None:
        """Stop it; nothing happens when it has stopped."""


class TargetGroups(Protocol):
    """Elastic Load Balancing, as far as health is concerned."""

    def health(self, target: Target, target_group: str) -> tuple[TargetState, ...]:
        """The state of every target of a group."""


class ListenerRules(Protocol):
    """The weights with which listener rules forward to target groups."""

    def describe(self, target: Target, rules: Sequence[str]) -> tuple[ListenerRule, ...]:
        """The rules, in the order asked for; one that does not exist is left out."""

    def set_weights(self, target: Target, rule: str, weights: Mapping[str, int]) -> None:
        """Change the weights of a rule's forward action, by target group, and nothing else of the rule.

        Conditions, other actions (authentication, say) and stickiness stay what they are.

        Raises:
            Terminal: the rule is gone, or forwards to other target groups than these.
        """


class Scaling(Protocol):
    """Application Auto Scaling of ECS services."""

    def describe(self, target: Target, cluster: str, service: str) -> ServiceScaling | None:
        """Bounds, suspensions and policies of a service; None when it does not scale by itself."""

    def suspend(self, target: Target, cluster: str, service: str, suspended: Suspended) -> None:
        """Set what is suspended, and nothing else; of a service that scales by itself."""

    def put(self, target: Target, cluster: str, service: str, scaling: ServiceScaling) -> None:
        """Let a service scale by these bounds, suspensions and policies."""

    def remove(self, target: Target, cluster: str, service: str) -> None:
        """Let a service no longer scale by itself, its policies and their alarms included."""


class Metrics(Protocol):
    """CloudWatch metrics."""

    def read(
        self, target: Target, queries: Sequence[MetricQuery], *, since: datetime, until: datetime
    ) -> dict[str, dict[datetime, float]]:
        """The datapoints of each query by its id: beginning of a period to value, where there is data.

        Raises:
            Transient: CloudWatch gave partial data or an internal error: that is not the same as no data.
        """


class Schedules(Protocol):
    """EventBridge Scheduler: the pulse of each canary."""

    def start(self, name: str, payload: Mapping[str, Any]) -> None:
        """Invoke the pulse every minute with a payload, from now on; there is one schedule per name."""

    def remove(self, name: str) -> None:
        """Invoke it no more; nothing happens when there is no such schedule."""

    def exists(self, name: str) -> bool:
        """Whether the schedule is there and enabled."""


class Canaries(Protocol):
    """The canary of a service and environment, and what was judged of it: in the ledger."""

    def open(self, canary: Canary) -> Canary:
        """Store a canary that begins; returns the stored one when it was opened before (same id).

        Raises:
            Terminal: another canary of this service and environment has not ended.
        """

    def get(self, service: str, environment: str) -> Canary | None:
        """The newest canary, read consistently."""

    def save(self, canary: Canary) -> Canary | None:
        """Store a changed canary if nobody stored it since it was read; returns it with its new version.

        None when somebody did: read it again and decide anew.
        """

    def active(self) -> tuple[Canary, ...]:
        """Every canary that has not ended (at most as many as there are deployments): for the sweep."""

    def add_periods(self, canary: str, periods: Sequence[JudgedPeriod]) -> None:
        """Keep judged periods of a canary (by its id), each once: a period that is there stays as it is."""

    def periods(self, canary: str) -> tuple[JudgedPeriod, ...]:
        """The judged periods of a canary, oldest first."""


class Calibrations(Protocol):
    """What the history of a service says about its own noise, measured on a schedule."""

    def get(self, service: str, environment: str) -> StoredCalibration | None:
        """The newest calibration."""

    def put(self, service: str, environment: str, calibration: StoredCalibration) -> None:
        """Store a newer one in its place."""


class Alarms(Protocol):
    """CloudWatch alarms."""

    def states(self, target: Target, names: Sequence[str]) -> dict[str, str]:
        """Alarm name to ``OK``, ``ALARM`` or ``INSUFFICIENT_DATA``; a missing alarm is not in it."""


class Logs(Protocol):
    """CloudWatch Logs."""

    def tail(self, target: Target, group: str, stream: str, lines: int = 20) -> tuple[str, ...]:
        """The last lines of a stream, oldest first; empty when there is none."""


# --- machines, people, the rest -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Execution:
    """A state-machine execution. ``status`` is that of Step Functions."""

    arn: str
    status: str
    started_at: datetime
    stopped_at: datetime | None = None

    @property
    def running(self) -> bool:
        """Whether it may still change something."""
        return self.status in ("RUNNING", "PENDING_REDRIVE")


class Machines(Protocol):
    """AWS Step Functions."""

    def start(self, machine: str, name: str, payload: Mapping[str, Any]) -> str:
        """Start a machine of ours by its short name, once per name and input; returns the ARN."""

    def describe(self, execution: str) -> Execution | None:
        """How an execution stands; None when Step Functions does not know it (any more)."""

    def stop(self, execution: str, *, error: str, cause: str) -> None:
        """Stop an execution; nothing happens when it has ended."""

    def resume(self, token: str, output: Mapping[str, Any]) -> bool:
        """Answer a waiting task; False when it waits no longer."""


class Notifier(Protocol):
    """Amazon SNS."""

    def publish(self, topic: str | None, subject: str, body: str, attributes: Mapping[str, str]) -> None:
        """Send a message; None is the notification topic of the stack."""

    def subscribe_approver(self, address: str) -> None:
        """Subscribe an address to the approval topic, for its own messages only; once."""

    def confirmed_approvers(self) -> frozenset[str]:
        """Addresses that have confirmed their subscription to the approval topic."""

    def ask_approver(self, address: str, subject: str, body: str) -> None:
        """Send a message to one approver only."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP response, or the sentence why there was none. ``body`` is cut at 64 KiB."""

    status: int | None
    body: str
    elapsed_ms: int
    error: str | None = None


class Http(Protocol):
    """HTTP, for smoke and integration checks."""

    def request(self, method: str, url: str, headers: Mapping[str, str], timeout_s: float) -> HttpAnswer:
        """Make one request; a connection that fails is an answer with an error, not an exception."""


class Evidence(Protocol):
    """The encrypted, versioned bucket for what is too large for a record."""

    def put(self, key: str, document: Mapping[str, Any]) -> str:
        """Store a JSON document; returns its ``s3://`` address."""

    def put_text(self, key: str, text: str, content_type: str) -> str:
        """Store a text, such as an SVG picture; returns its ``s3://`` address."""

    def get(self, key: str) -> bytes | None:
        """What is stored under a key; None when there is nothing."""


class Clock(Protocol):
    """Time and chance: the two things that a test must hold still."""

    def now(self) -> datetime:
        """Now, in UTC."""

    def secret(self) -> str:
        """256 random bits, URL-safe."""

    def salt(self) -> str:
        """A few random hexadecimal digits, for names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything a step may ask for. The composition root builds it lazily, once per cold start."""

    catalogue: Catalogue
    releases: Releases
    deployments: Deployments
    journal: Journal
    quarantine: Quarantine
    freezes: Freezes
    approvals: Approvals
    locks: Locks
    waits: Waits
    intake: Intake
    status: Status
    sessions: Sessions
    registry: Registry
    services: Services
    task_definitions: TaskDefinitions
    tasks: Tasks
    target_groups: TargetGroups
    listener_rules: ListenerRules
    scaling: Scaling
    metrics: Metrics
    schedules: Schedules
    canaries: Canaries
    calibrations: Calibrations
    alarms: Alarms
    logs: Logs
    machines: Machines
    notifier: Notifier
    http: Http
    evidence: Evidence
    clock: Clock
    home: Target
    stack: str
    web_address: str
    runbooks: str
