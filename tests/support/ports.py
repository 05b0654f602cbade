"""The bundle of ports that a step's unit test hands to the step."""

from dataclasses import dataclass, field
from typing import Any

from tests.support import fakes
from tidegate.domain.service import Target
from tidegate.ports import Ports

HOME = Target(account="123456789012", region="us-east-1")


@dataclass(frozen=True, kw_only=True)
class FakePorts(Ports):
    """`Ports` whose every port is a fake, and typed so: a test may look into each."""

    catalogue: fakes.FakeCatalogue = field(default_factory=fakes.FakeCatalogue)
    releases: fakes.FakeReleases = field(default_factory=fakes.FakeReleases)
    deployments: fakes.FakeDeployments = field(default_factory=fakes.FakeDeployments)
    journal: fakes.FakeJournal = field(default_factory=fakes.FakeJournal)
    quarantine: fakes.FakeQuarantine = field(default_factory=fakes.FakeQuarantine)
    freezes: fakes.FakeFreezes = field(default_factory=fakes.FakeFreezes)
    approvals: fakes.FakeApprovals = field(default_factory=fakes.FakeApprovals)
    locks: fakes.FakeLocks = field(default_factory=fakes.FakeLocks)
    waits: fakes.FakeWaits = field(default_factory=fakes.FakeWaits)
    intake: fakes.FakeIntake = field(default_factory=fakes.FakeIntake)
    status: fakes.FakeStatus = field(default_factory=fakes.FakeStatus)
    sessions: fakes.FakeSessions = field(default_factory=fakes.FakeSessions)
    registry: fakes.FakeRegistry = field(default_factory=fakes.FakeRegistry)
    services: fakes.FakeServices = field(default_factory=fakes.FakeServices)
    task_definitions: fakes.FakeTaskDefinitions = field(default_factory=fakes.FakeTaskDefinitions)
    tasks: fakes.FakeTasks = field(default_factory=fakes.FakeTasks)
    target_groups: fakes.FakeTargetGroups = field(default_factory=fakes.FakeTargetGroups)
    listener_rules: fakes.FakeListenerRules = field(default_factory=fakes.FakeListenerRules)
    scaling: fakes.FakeScaling = field(default_factory=fakes.FakeScaling)
    metrics: fakes.FakeMetrics = field(default_factory=fakes.FakeMetrics)
    schedules: fakes.FakeSchedules = field(default_factory=fakes.FakeSchedules)
    canaries: fakes.FakeCanaries = field(default_factory=fakes.FakeCanaries)
    calibrations: fakes.FakeCalibrations = field(default_factory=fakes.FakeCalibrations)
    alarms: fakes.FakeAlarms = field(default_factory=fakes.FakeAlarms)
    logs: fakes.FakeLogs = field(default_factory=fakes.FakeLogs)
    machines: fakes.FakeMachines = field(default_factory=fakes.FakeMachines)
    notifier: fakes.FakeNotifier = field(default_factory=fakes.FakeNotifier)
    http: fakes.FakeHttp = field(default_factory=fakes.FakeHttp)
    evidence: fakes.FakeEvidence = field(default_factory=fakes.FakeEvidence)
    clock: fakes.FakeClock = field(default_factory=fakes.FakeClock)
    home: Target = HOME
    stack: str = "tidegate"
    web_address: str = "https://tidegate.example"
    runbooks: str = ""

    def __post_init__(self) -> None:
        self.approvals._lies_beside(self.releases, self.catalogue, self.deployments)
        self.status._see(self)


def fake_ports(**overrides: Any) -> FakePorts:
    """Fakes for every port; name a port to hand in another one."""
    return FakePorts(**overrides)
