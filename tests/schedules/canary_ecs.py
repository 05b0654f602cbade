"""The ECS service beside a stable one, in small: it gets tasks, loses them, or its tasks do not start.

Its deployments have a circuit breaker that does not roll back: see `tidegate.aws.canary_services`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.schedules.ecs import BREAKER, Place, SmallServices
from tidegate.domain.service import Target
from tidegate.domain.workload import EcsDeployment, ServiceDeployment, ServiceState

SUFFIX = "-canary"


class ServicesWithCanaries(SmallServices):
    """`on_resize` is told of every change of a canary service before it is made."""

    def __init__(self) -> None:
        super().__init__()
        self._about_to_resize: Callable[[Place, int, str], None]

    def _connect_canaries(self, before: Callable[[Place, int, str], None]) -> None:
        """Say who wants to know of what happens."""
        self._about_to_resize = before

    def resize(
        self,
        target: Target,
        cluster: str,
        service: str,
        desired: int,
        *,
        task_definition: str | None = None,
    ) -> None:
        assert service.endswith(SUFFIX)
        place, state = (cluster, service), self.described.get((cluster, service))
        if state is None:
            assert desired == 0, f"there is no {service}"
            return
        runs = task_definition or state.task_definition
        self._about_to_resize(place, desired, runs)
        given_up = state.desired == 0 and state.deployments[0].rollout_state == "FAILED"
        self.described[place] = replace(state, desired=desired)
        if runs != state.task_definition or (given_up and desired > 0):
            self._deploy_canary(place, runs)
        else:
            primary, *others = state.deployments
            self._now_has(place, (replace(primary, desired=desired), *others))

    def _deploy_canary(self, place: Place, task_definition: str) -> None:
        newest = self._newest(place)
        if newest is not None and newest.in_flight:
            self._change(place, status="STOPPED", status_reason="A new deployment was started.")
        self._count += 1
        cluster, service = place
        state = self.described[place]
        started = ServiceDeployment(
            arn=f"arn:aws:ecs:us-east-1:123456789012:service-deployment/{cluster}/{service}/{self._count:04d}",
            status="PENDING",
            status_reason=None,
            created_at=self._now(),
            task_definition=task_definition,
            requested=state.desired,
        )
        self.remembered.setdefault(place, []).insert(0, started)
        self._begin(place, task_definition)
        self._now_has(place, self.described[place].deployments)

    def _now_has(self, place: Place, deployments: tuple[EcsDeployment, ...]) -> None:
        running = sum(each.running for each in deployments)
        self.described[place] = replace(self.described[place], deployments=deployments, running=running)

    # --- what the schedule does ---------------------------------------------------------------------------

    def _in_flight(self) -> list[Place]:
        canaries = {place for place in self.described if place[1].endswith(SUFFIX)}
        return sorted(place for place in {*self.remembered, *canaries} if self._works_on(place))

    def _works_on(self, place: Place) -> bool:
        if not place[1].endswith(SUFFIX):
            return super()._works_on(place)
        state, newest = self.described[place], self._newest(place)
        return (newest is not None and newest.in_flight) or _wants(state) is not None

    def _go_on(self, place: Place, *, starts: bool, alarms: tuple[str, ...] = ()) -> str:
        if not place[1].endswith(SUFFIX):
            return super()._go_on(place, starts=starts, alarms=alarms)
        state, newest = self.described[place], self._newest(place)
        wants = _wants(state)
        primary, *others = state.deployments
        if newest is not None and newest.status == "PENDING":
            self._change(place, status="IN_PROGRESS")
        elif wants == "less":
            kept = [replace(each, running=each.running - 1) for each in others[:1] if each.running > 1]
            less = primary if others else replace(primary, running=primary.running - 1)
            self._now_has(place, (less, *kept, *others[1:]))
        elif wants == "more" and not starts:
            failed = replace(primary, failed=3, rollout_state="FAILED")
            self._now_has(place, (failed, *others))
            if newest is not None and newest.in_flight:
                self._change(place, failed=3, breaker="TRIGGERED", status="STOPPED", status_reason=BREAKER)
            self._emit(place, "SERVICE_DEPLOYMENT_FAILED", primary.id)
        elif wants == "more":
            self._now_has(place, (replace(primary, running=primary.running + 1), *others))
        if _wants(self.described[place]) is None and newest is not None and self._newest(place).in_flight:  # type: ignore[union-attr]
            primary, *others = self.described[place].deployments
            self._now_has(place, (replace(primary, rollout_state="COMPLETED"), *others))
            self._change(place, status="SUCCESSFUL", running=primary.running)
            self._emit(place, "SERVICE_DEPLOYMENT_COMPLETED", primary.id)
        return str(newest.status) if newest is not None else "NONE"


def _wants(state: ServiceState) -> str | None:
    """Whether tasks are to be started (``more``) or stopped (``less``)."""
    primary, *others = state.deployments
    if primary.running < state.desired and primary.rollout_state != "FAILED":
        return "more"
    if others or primary.running > state.desired:
        return "less"
    return None
