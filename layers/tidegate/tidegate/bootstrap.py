"""The composition root: which adapter stands behind which port. Each is made when it is first used."""

# ruff: noqa: D102 - each port is documented in ports/

from __future__ import annotations

from functools import cache, cached_property, partial
from typing import TYPE_CHECKING

from tidegate import ports as port
from tidegate.domain.service import Target
from tidegate.settings import Settings

if TYPE_CHECKING:
    from tidegate.aws.clients import Clients
    from tidegate.aws.table import Table
    from tidegate.aws.task_definitions import EcsTaskDefinitions


@cache
def ports() -> port.Ports:
    """The ports of this function, from its environment; the same ones until the function's process ends."""
    return LazyPorts(Settings.from_environment())


class LazyPorts(port.Ports):
    """Ports whose adapters are imported and made when a step first asks for them.

    A step that only reads the ledger pays for no other adapter at its cold start, and needs none of their
    settings.
    """

    _settings: Settings

    def __init__(self, settings: Settings) -> None:
        object.__setattr__(self, "_settings", settings)

    def __repr__(self) -> str:
        return "LazyPorts()"  # a dataclass would name its fields, and so make every adapter

    @cached_property
    def _clients(self) -> Clients:
        from tidegate.aws.clients import Clients

        return Clients(self.home)

    def _table(self, setting: str) -> Table:
        from tidegate.aws.table import Table

        return Table(self._clients, self._settings.need(setting))

    @cached_property
    def catalogue(self) -> port.Catalogue:
        from tidegate.aws.catalogue import DynamoCatalogue

        return DynamoCatalogue(self._table("catalogue_table"), lambda: self._table("ledger_table"))

    @cached_property
    def releases(self) -> port.Releases:
        from tidegate.aws.releases import DynamoReleases

        return DynamoReleases(self._table("ledger_table"))

    @cached_property
    def deployments(self) -> port.Deployments:
        from tidegate.aws.deployments import DynamoDeployments

        return DynamoDeployments(self._table("ledger_table"))

    @cached_property
    def journal(self) -> port.Journal:
        from tidegate.aws.journal import DynamoJournal

        return DynamoJournal(self._table("ledger_table"))

    @cached_property
    def quarantine(self) -> port.Quarantine:
        from tidegate.aws.quarantine import DynamoQuarantine

        return DynamoQuarantine(self._table("ledger_table"))

    @cached_property
    def freezes(self) -> port.Freezes:
        from tidegate.aws.freezes import DynamoFreezes

        return DynamoFreezes(self._table("ledger_table"))

    @cached_property
    def approvals(self) -> port.Approvals:
        from tidegate.aws.approvals import DynamoApprovals

        return DynamoApprovals(self._table("ledger_table"), self._table("catalogue_table"))

    @cached_property
    def locks(self) -> port.Locks:
        from tidegate.aws.locks import DynamoLocks

        return DynamoLocks(self._table("locks_table"))

    @cached_property
    def waits(self) -> port.Waits:
        from tidegate.aws.waits import DynamoWaits

        return DynamoWaits(self._table("waits_table"))

    @cached_property
    def intake(self) -> port.Intake:
        from tidegate.aws.intake import DynamoIntake

        return DynamoIntake(self._table("ledger_table"))

    @cached_property
    def status(self) -> port.Status:
        from tidegate.aws.status import DynamoStatus

        return DynamoStatus(self._table("ledger_table"), self._table("waits_table"))

    @cached_property
    def sessions(self) -> port.Sessions:
        from tidegate.aws.sessions import DynamoSessions

        return DynamoSessions(self._table("sessions_table"))

    @cached_property
    def registry(self) -> port.Registry:
        from tidegate.aws.registry import EcrRegistry

        return EcrRegistry(self._clients)

    @cached_property
    def services(self) -> port.Services:
        from tidegate.aws.services import EcsServices

        return EcsServices(self._clients, self.task_definitions)

    @cached_property
    def task_definitions(self) -> EcsTaskDefinitions:
        from tidegate.aws.task_definitions import EcsTaskDefinitions

        return EcsTaskDefinitions(self._clients)

    @cached_property
    def tasks(self) -> port.Tasks:
        from tidegate.aws.tasks import EcsTasks

        return EcsTasks(self._clients, self.task_definitions)

    @cached_property
    def target_groups(self) -> port.TargetGroups:
        from tidegate.aws.target_groups import ElbTargetGroups

        return ElbTargetGroups(self._clients)

    @cached_property
    def listener_rules(self) -> port.ListenerRules:
        from tidegate.aws.listener_rules import ElbListenerRules

        return ElbListenerRules(self._clients)

    @cached_property
    def scaling(self) -> port.Scaling:
        from tidegate.aws.scaling import ApplicationAutoScaling

        return ApplicationAutoScaling(self._clients)

    @cached_property
    def metrics(self) -> port.Metrics:
        from tidegate.aws.metrics import CloudWatchMetrics

        return CloudWatchMetrics(self._clients)

    @cached_property
    def schedules(self) -> port.Schedules:
        from tidegate.aws.schedules import EventBridgeSchedules

        return EventBridgeSchedules(
            self._clients,
            group=partial(self._settings.need, "pulse_group"),
            role=partial(self._settings.need, "pulse_role_arn"),
            function=partial(self._settings.need, "pulse_function_arn"),
        )

    @cached_property
    def canaries(self) -> port.Canaries:
        from tidegate.aws.canaries import DynamoCanaries

        return DynamoCanaries(self._table("ledger_table"))

    @cached_property
    def calibrations(self) -> port.Calibrations:
        from tidegate.aws.calibrations import DynamoCalibrations

        return DynamoCalibrations(self._table("ledger_table"))

    @cached_property
    def alarms(self) -> port.Alarms:
        from tidegate.aws.alarms import CloudWatchAlarms

        return CloudWatchAlarms(self._clients)

    @cached_property
    def logs(self) -> port.Logs:
        from tidegate.aws.logs import CloudWatchLogs

        return CloudWatchLogs(self._clients)

    @cached_property
    def machines(self) -> port.Machines:
        from tidegate.aws.machines import StepFunctionsMachines

        return StepFunctionsMachines(self._clients, lambda: self._settings.machine_arn_prefix)

    @cached_property
    def notifier(self) -> port.Notifier:
        from tidegate.aws.notifier import SnsNotifier

        return SnsNotifier(
            self._clients,
            partial(self._settings.need, "notifications_topic"),
            partial(self._settings.need, "approvals_topic"),
        )

    @cached_property
    def http(self) -> port.Http:
        from tidegate.aws.http import UrllibHttp

        return UrllibHttp()

    @cached_property
    def evidence(self) -> port.Evidence:
        from tidegate.aws.evidence import S3Evidence

        return S3Evidence(self._clients, self._settings.need("evidence_bucket"))

    @cached_property
    def clock(self) -> port.Clock:
        from tidegate.aws.clock import SystemClock

        return SystemClock()

    @cached_property
    def home(self) -> Target:
        return self._settings.home

    @cached_property
    def stack(self) -> str:
        return self._settings.need("stack_name")

    @cached_property
    def web_address(self) -> str:
        return self._settings.need("web_address")

    @cached_property
    def runbooks(self) -> str:
        return self._settings.runbooks or ""
