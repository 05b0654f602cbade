"""ECS's own blue/green in small: green beside blue, a pause, the switch, the bake, and the way back.

It follows `local/world/ecs/bluegreen.py`, which cites where each behaviour is documented: both revisions have
all their tasks until the bake is over; a pause that nobody answers in time is answered by a rollback.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tests.schedules.canary_ecs import ServicesWithCanaries
from tests.schedules.ecs import ALARM, BREAKER, STOPPED, Place
from tests.schedules.strategies import groups_of
from tidegate.domain.service import Target
from tidegate.domain.strategy import BlueGreenSettings, Native
from tidegate.domain.workload import DeploymentHook

PAUSED_STAGE = "POST_TEST_TRAFFIC_SHIFT"
UNANSWERED = f"Service deployment rolled back because {PAUSED_STAGE} lifecycle hook(s) failed."


@dataclass
class Switch:
    """One blue/green deployment: what it was asked for, and where blue is."""

    settings: BlueGreenSettings
    pause: bool
    blue: str
    bakes_until: datetime | None = None


class ServicesThatSwitch(ServicesWithCanaries):
    """`on_answer` is told of every answer to a pause before it takes effect."""

    def __init__(self) -> None:
        super().__init__()
        self._switches: dict[str, Switch] = {}
        self._expired: Counter[Place] = Counter()
        self._live: dict[Place, int] = {}
        self._registered: dict[str, int] = {}
        self._lead: Callable[[str, int], None]
        self._about_to_answer: Callable[[Place, bool], None]
        self._tell_hook: Callable[[Place, str, DeploymentHook], None]

    def _connect_switching(
        self,
        *,
        lead: Callable[[str, int], None],
        before: Callable[[Place, bool], None],
        emit: Callable[[Place, str, DeploymentHook], None],
    ) -> None:
        """Say how a rule is made to lead to a group, and who wants to know of what happens."""
        self._lead, self._about_to_answer, self._tell_hook = lead, before, emit

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
        place, before = (cluster, service), self.described.get((cluster, service))
        known = len(self.remembered.get(place, ()))
        super().deploy(target, cluster, service, task_definition, settings, roll_back=roll_back, pause=pause)
        if before is None or len(self.remembered.get(place, ())) == known:
            return
        green = self.described[place].deployments[0].id
        live = self._live.get(place, 0)
        if not isinstance(settings, BlueGreenSettings):
            self._registered[green] = live
            return
        self._registered[green] = 1 - live
        blue = self.described[place].deployments[1].id
        self._switches[self.remembered[place][0].arn] = Switch(settings, pause, blue)
        group = groups_of(service)[1 - live]
        self._change(place, production_weight=0.0, lifecycle_stage="SCALE_UP", target_groups=(group,))

    def continue_deployment(self, target: Target, deployment: str, hook: str, *, go_on: bool) -> bool:
        for place, known in self.remembered.items():
            newest = known[0]
            if newest.arn == deployment and any(each.id == hook and each.waits for each in newest.hooks):
                self._about_to_answer(place, go_on)
                self._answer(place, "SUCCEEDED" if go_on else "FAILED")
                if not go_on:
                    self._go_back(place, UNANSWERED)
                return True
        return False

    def _answer(self, place: Place, status: str) -> None:
        hooks = tuple(replace(each, status=status) for each in self.remembered[place][0].hooks)
        self._change(place, hooks=hooks)

    # --- looking ------------------------------------------------------------------------------------------

    def _hook(self, place: Place) -> DeploymentHook | None:
        """The pause that waits for an answer."""
        newest = self._newest(place)
        return next((each for each in newest.hooks if each.waits), None) if newest else None

    def _tasks_in(self, place: Place, index: int) -> int:
        """How many tasks are registered in one of the two target groups."""
        live = self._live.get(place, 0)
        found = self.described[place].deployments
        return sum(each.running for each in found if self._registered.get(each.id, live) == index)

    def _waits_until(self, place: Place) -> datetime | None:
        """Until when ECS itself waits, in a pause or a bake."""
        newest = self._newest(place)
        switch = self._switches.get(newest.arn) if newest else None
        if newest is None or switch is None or newest.status != "IN_PROGRESS":
            return None
        hook = self._hook(place)
        return hook.expires_at if hook else switch.bakes_until

    def _works_on(self, place: Place) -> bool:
        until = self._waits_until(place)
        return super()._works_on(place) and (until is None or until <= self._now())

    # --- what the schedule does ---------------------------------------------------------------------------

    def _go_on(self, place: Place, *, starts: bool, alarms: tuple[str, ...] = ()) -> str:
        newest = self._newest(place)
        switch = self._switches.get(newest.arn) if newest else None
        if newest is None or switch is None or newest.status == "PENDING":
            return super()._go_on(place, starts=starts, alarms=alarms)
        if newest.status == "STOP_REQUESTED":
            self._go_back(place, STOPPED)
        elif newest.status == "ROLLBACK_IN_PROGRESS":
            self._arrive(place, "ROLLBACK_SUCCESSFUL")
        elif not starts:
            self._change(place, failed=3, breaker="TRIGGERED")
            self._go_back(place, BREAKER)
        elif alarms:
            self._change(place, alarms=alarms)
            self._go_back(place, ALARM)
        else:
            self._advance(place, switch)
        return str(self.remembered[place][0].status)

    def _advance(self, place: Place, switch: Switch) -> None:
        """The next stage of a deployment in which nothing is wrong."""
        newest, state = self.remembered[place][0], self.described[place]
        green, *others = state.deployments
        if green.running < state.desired:
            green = replace(green, running=green.running + 1)
            self.described[place] = replace(state, deployments=(green, *others))
            self._change(place, running=green.running)
        elif newest.lifecycle_stage == "SCALE_UP":
            self._pause(place, switch)
        elif self._hook(place) is not None:  # Its time is over, or it would not be this one's turn.
            self._answer(place, "TIMED_OUT")
            self._expired[place] += 1
            self._go_back(place, UNANSWERED)
        elif newest.lifecycle_stage == PAUSED_STAGE:
            self._lead(switch.settings.production_rule, 1 - self._live.get(place, 0))
            minutes = switch.settings.bake_minutes if switch.pause else 0
            switch.bakes_until = self._now() + timedelta(minutes=minutes)
            self._change(place, lifecycle_stage="BAKE_TIME", production_weight=100.0)
        else:
            self._arrive(place, "SUCCESSFUL")

    def _pause(self, place: Place, switch: Switch) -> None:
        """Green gets the test traffic; then ECS asks, unless it was told not to."""
        self._lead(switch.settings.test_rule, 1 - self._live.get(place, 0))
        self._change(place, lifecycle_stage=PAUSED_STAGE)
        if switch.pause:
            self._count += 1
            until = self._now() + timedelta(minutes=switch.settings.hook_timeout_minutes)
            hook = DeploymentHook(f"pause-{self._count}", "AWAITING_ACTION", "PAUSE", PAUSED_STAGE, until)
            self._change(place, hooks=(hook,))
            self._tell_hook(place, self.remembered[place][0].arn, hook)

    def _arrive(self, place: Place, status: str) -> None:
        """One side is left, and both rules lead to it."""
        switch = self._switches[self.remembered[place][0].arn]
        primary = self.described[place].deployments[0]
        index = self._registered.get(primary.id, self._live.get(place, 0))
        for rule in (switch.settings.production_rule, switch.settings.test_rule):
            self._lead(rule, index)
        self._live[place] = index
        state = self.described[place]
        self.described[place] = replace(state, target_groups=(groups_of(place[1])[index],))
        self._complete(place, status)

    def _go_back(self, place: Place, reason: str) -> None:
        """Blue has all its tasks still: the traffic goes back to it, then green goes."""
        if self._hook(place) is not None:
            self._answer(place, "STOPPED")
        newest, state = self.remembered[place][0], self.described[place]
        green = state.deployments[0]
        self._emit(place, "SERVICE_DEPLOYMENT_FAILED", green.id)
        if self.forward[newest.arn]:
            self._change(place, status="STOPPED", status_reason=reason)
            return
        switch = self._switches[newest.arn]
        blue = next(each for each in state.deployments if each.id == switch.blue)
        for rule in (switch.settings.production_rule, switch.settings.test_rule):
            self._lead(rule, self._live.get(place, 0))
        self._change(
            place,
            status="ROLLBACK_IN_PROGRESS",
            status_reason=reason,
            rollback_reason=reason,
            production_weight=0.0,
        )
        both = (replace(blue, status="PRIMARY"), replace(green, status="ACTIVE"))
        self.described[place] = replace(state, task_definition=blue.task_definition, deployments=both)
