"""What the steps need of the world, in the field's words. Adapters are in `aws/`, fakes in the tests.

Every method may raise `errors.Transient` (try the same call again) or `errors.Terminal`. A thing that does
not exist is None or an empty tuple where its absence is an answer, and `Terminal` where it is a mistake.
Every call that touches a workload takes the `Target` (account, region, role) in which it lives.
"""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.domain.service import Target
from tidegate.ports.canaries import (
    Calibrations,
    Canaries,
)
from tidegate.ports.control import (
    Approvals,
    Execution,
    Freezes,
    Linked,
    Locks,
    Machines,
    Schedules,
    Wait,
    Waits,
)
from tidegate.ports.ledger import (
    Catalogue,
    Deployments,
    Intake,
    Journal,
    Quarantine,
    Releases,
)
from tidegate.ports.outside import (
    Clock,
    Evidence,
    Http,
    HttpAnswer,
    Notifier,
    Sessions,
    Status,
)
from tidegate.ports.workloads import (
    Alarms,
    ListenerRules,
    Logs,
    Metrics,
    Registry,
    Scaling,
    Services,
    TargetGroups,
    TaskDefinitions,
    Tasks,
)

__all__ = [
    "Alarms",
    "Approvals",
    "Calibrations",
    "Canaries",
    "Catalogue",
    "Clock",
    "Deployments",
    "Evidence",
    "Execution",
    "Freezes",
    "Http",
    "HttpAnswer",
    "Intake",
    "Journal",
    "Linked",
    "ListenerRules",
    "Locks",
    "Logs",
    "Machines",
    "Metrics",
    "Notifier",
    "Ports",
    "Quarantine",
    "Registry",
    "Releases",
    "Scaling",
    "Schedules",
    "Services",
    "Sessions",
    "Status",
    "TargetGroups",
    "TaskDefinitions",
    "Tasks",
    "Wait",
    "Waits",
]


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
