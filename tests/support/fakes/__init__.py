"""In-memory fakes of every port. `tests/adapters/` runs one suite against them and the adapters."""

from tests.support.fakes.approvals import FakeApprovals
from tests.support.fakes.canaries import (
    FakeCalibrations,
    FakeCanaries,
    FakeListenerRules,
    FakeMetrics,
    FakeScaling,
    FakeSchedules,
)
from tests.support.fakes.clock import FakeClock
from tests.support.fakes.controls import (
    FakeFreezes,
    FakeIntake,
    FakeLocks,
    FakeQuarantine,
    FakeWaits,
)
from tests.support.fakes.ecs import FakeServices, FakeTaskDefinitions, FakeTasks
from tests.support.fakes.fake import Call, Fake
from tests.support.fakes.ledger import FakeCatalogue, FakeDeployments, FakeJournal, FakeReleases
from tests.support.fakes.observed import FakeAlarms, FakeLogs, FakeRegistry, FakeTargetGroups
from tests.support.fakes.outside import FakeEvidence, FakeHttp, FakeMachines, FakeNotifier, Message
from tests.support.fakes.status import FakeSessions, FakeStatus

__all__ = [
    "Call",
    "Fake",
    "FakeAlarms",
    "FakeApprovals",
    "FakeCalibrations",
    "FakeCanaries",
    "FakeCatalogue",
    "FakeClock",
    "FakeDeployments",
    "FakeEvidence",
    "FakeFreezes",
    "FakeHttp",
    "FakeIntake",
    "FakeJournal",
    "FakeListenerRules",
    "FakeLocks",
    "FakeLogs",
    "FakeMachines",
    "FakeMetrics",
    "FakeNotifier",
    "FakeQuarantine",
    "FakeRegistry",
    "FakeReleases",
    "FakeScaling",
    "FakeSchedules",
    "FakeServices",
    "FakeSessions",
    "FakeStatus",
    "FakeTargetGroups",
    "FakeTaskDefinitions",
    "FakeTasks",
    "FakeWaits",
    "Message",
]
