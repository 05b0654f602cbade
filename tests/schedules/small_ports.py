"""The fakes of `tests/support`, where a schedule needs them to be connected with what it moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.schedules.ecs import SmallTasks
from tests.schedules.machine_run import REGION, AlreadyExists, MachineRuns
from tests.schedules.switching import ServicesThatSwitch
from tests.schedules.traffic import SmallListenerRules, SmallMetrics, SmallTargetGroups
from tests.support.fakes import FakeHttp, FakeMachines
from tests.support.ports import FakePorts
from tidegate.ports import Execution, HttpAnswer


class SmallMachines(FakeMachines):
    """Step Functions: the executions are those of `MachineRuns`."""

    def __init__(self) -> None:
        super().__init__()
        self._runs: MachineRuns

    def _connect(self, runs: MachineRuns) -> None:
        self._runs = runs

    def start(self, machine: str, name: str, payload: Mapping[str, Any]) -> str:
        try:
            return self._runs.start(machine, name, dict(payload)).arn
        except AlreadyExists:
            return f"{REGION}:execution:tidegate-{machine}:{name}"

    def describe(self, execution: str) -> Execution | None:
        known = self._runs.executions.get(execution)
        if known is None:
            return None
        return Execution(known.arn, known.status, known.started_at, known.stopped_at)

    def stop(self, execution: str, *, error: str, cause: str) -> None:
        self._runs.stop(execution, error, cause)

    def resume(self, token: str, output: Mapping[str, Any]) -> bool:
        return self._runs.succeed(token, dict(output))


class SmallHttp(FakeHttp):
    """Answers for a service as what runs there does."""

    def __init__(self) -> None:
        super().__init__()
        self._healthy: Callable[[str, str], bool]

    def _connect(self, healthy: Callable[[str, str], bool]) -> None:
        self._healthy = healthy

    def request(self, method: str, url: str, headers: Mapping[str, str], timeout_s: float) -> HttpAnswer:
        service, place, *_ = url.removeprefix("https://").split(".")
        return HttpAnswer(200 if self._healthy(service, place) else 500, "", 5)


@dataclass(frozen=True, kw_only=True)
class SmallPorts(FakePorts):
    """A bundle of ports over an empty world, typed so that a schedule may look into what it moves."""

    services: ServicesThatSwitch = field(default_factory=ServicesThatSwitch)
    target_groups: SmallTargetGroups = field(default_factory=SmallTargetGroups)
    listener_rules: SmallListenerRules = field(default_factory=SmallListenerRules)
    metrics: SmallMetrics = field(default_factory=SmallMetrics)
    tasks: SmallTasks = field(default_factory=SmallTasks)
    machines: SmallMachines = field(default_factory=SmallMachines)
    http: SmallHttp = field(default_factory=SmallHttp)
