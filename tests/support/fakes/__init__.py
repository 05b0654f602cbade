"""In-memory fakes of every port. `tests/adapters/` runs one suite against them and the adapters."""

from tests.support.fakes.clock import FakeClock
from tests.support.fakes.controls import (
    FakeApprovals,
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

__all__ = [
    "Call",
    "Fake",
    "FakeAlarms",
    "FakeApprovals",
    "FakeCatalogue",
    "FakeClock",
    "FakeDeployments",
    "FakeEvidence",
    "FakeFreezes",
    "FakeHttp",
    "FakeIntake",
    "FakeJournal",
    "FakeLocks",
    "FakeLogs",
    "FakeMachines",
    "FakeNotifier",
    "FakeQuarantine",
    "FakeRegistry",
    "FakeReleases",
    "FakeServices",
    "FakeTargetGroups",
    "FakeTaskDefinitions",
    "FakeTasks",
    "FakeWaits",
    "Message",
]
