"""Lifecycle hooks: pauses that somebody continues, and Lambda functions that decide.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/pause-lifecycle-hooks.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-lifecycle-hooks.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from local.world.ecs.events import SOURCE, event_time
from local.world.ecs.model import HookRun, Service, ServiceDeployment
from local.world.ecs.shifting import percents
from local.world.world import World

DEFAULT_MINUTES = 1440
DEFAULT_DELAY = 30
STATES = {
    "SUCCEEDED": "HOOK_SUCCEEDED",
    "FAILED": "HOOK_FAILED",
    "TIMED_OUT": "HOOK_TIMED_OUT",
    "AWAITING_ACTION": "HOOK_AWAITING_ACTION",
    "IN_PROGRESS": "HOOK_IN_PROGRESS",
}

Reply = Callable[[Mapping[str, Any] | None], None]
Invoke = Callable[[str, str, Mapping[str, Any], Reply], None]


class Hooks:
    """Runs the hooks of a stage, all of them at once.

    Minutes of timeouts are divided by the time scale.
    """

    def __init__(self, world: World, invoke: Invoke, changed: Callable[[Service], None]) -> None:
        self._world = world
        self._invoke = invoke
        self._changed = changed

    def start(self, service: Service, current: ServiceDeployment, stage: str) -> list[HookRun]:
        """Start the hooks that are configured for a stage."""
        return [
            self._run(service, current, stage, dict(specification))
            for specification in current.configuration.get("lifecycleHooks") or []
            if stage in specification.get("lifecycleStages", [])
        ]

    def decide(self, service: Service, current: ServiceDeployment, run: HookRun, action: str) -> None:
        """ContinueServiceDeployment: continue, or roll back."""
        self._settle(service, current, run, "SUCCEEDED" if action == "CONTINUE" else "FAILED")
        if action == "ROLLBACK":
            run.problem = f"Lifecycle hook {run.id} was answered with ROLLBACK."

    def _run(
        self, service: Service, current: ServiceDeployment, stage: str, specification: dict[str, Any]
    ) -> HookRun:
        timeout = specification.get("timeoutConfiguration") or {}
        seconds = self._world.scaled(60 * float(timeout.get("timeoutInMinutes") or DEFAULT_MINUTES))
        pause = specification.get("targetType") == "PAUSE"
        run = HookRun(
            id=f"ecs-{'pause' if pause else 'lambda'}-{self._world.random.getrandbits(160):040x}",
            specification=specification,
            stage=stage,
            expires_at=self._world.today() + timedelta(seconds=seconds),
            status="AWAITING_ACTION" if pause else "IN_PROGRESS",
            details=dict(specification.get("hookDetails") or {}),
        )
        current.hooks.append(run)
        self._announce(service, current, run)
        self._world.later(seconds, self._expire, service, current, run)
        if not pause:
            self._call(service, current, run)
        return run

    def _expire(self, service: Service, current: ServiceDeployment, run: HookRun) -> None:
        if run.open and not current.finished:
            run.problem = f"Lifecycle hook {run.id} timed out."
            self._settle(service, current, run, "TIMED_OUT")

    def _call(self, service: Service, current: ServiceDeployment, run: HookRun) -> None:
        """Invoke a function with the documented event."""
        if not run.open or current.finished:
            return
        event = {
            "executionId": f"{self._world.random.getrandbits(128):032x}",
            "lifecycleStage": run.stage,
            "resourceArn": current.arn,
            "executionDetails": {
                "serviceArn": service.arn,
                "targetServiceRevisionArn": current.target.arn,
                "testTrafficWeights": percents(current, test=True),
                "productionTrafficWeights": percents(current, test=False),
            },
            "hookDetails": dict(run.details),
        }
        arn = str(run.specification.get("hookTargetArn"))
        _, region = service.place

        def reply(answer: Mapping[str, Any] | None) -> None:
            self._world.later(0, self._answered, service, current, run, answer)

        self._invoke(region, arn, event, reply)

    def _answered(
        self, service: Service, current: ServiceDeployment, run: HookRun, answer: Mapping[str, Any] | None
    ) -> None:
        """Take a function's answer; anything but a known hookStatus is a failure."""
        if not run.open or current.finished:
            return
        status = (answer or {}).get("hookStatus")
        arn = run.specification.get("hookTargetArn")
        if answer is not None and status == "IN_PROGRESS":
            run.details |= answer.get("hookDetails") or {}
            delay = answer.get("callBackDelay")
            seconds = self._world.scaled(DEFAULT_DELAY) if delay is None else float(delay)
            self._world.later(seconds, self._call, service, current, run)
            return
        if status == "FAILED":
            run.problem = f"Lifecycle hook target {arn} returned FAILED status."
        elif status != "SUCCEEDED":
            run.problem = (
                f"ECS was unable to parse the response from {arn} due to: HookStatus must not be null"
            )
        self._settle(service, current, run, "SUCCEEDED" if status == "SUCCEEDED" else "FAILED")

    def _settle(self, service: Service, current: ServiceDeployment, run: HookRun, status: str) -> None:
        run.status = status
        current.updated_at = self._world.today()
        self._announce(service, current, run)
        self._changed(service)

    def _announce(self, service: Service, current: ServiceDeployment, run: HookRun) -> None:
        """Send "ECS Hook State Change".

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_hook_state_change_events.html:
        ``updatedAt`` has nanoseconds.
        """
        detail = {
            "eventType": "INFO" if run.status not in {"FAILED", "TIMED_OUT"} else "ERROR",
            "eventName": STATES[run.status],
            "hookId": run.id,
            "hookType": run.kind,
            "expiresAt": run.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "lifecycleStage": run.stage,
            "clusterArn": service.cluster_arn,
            "serviceArn": service.arn,
            "serviceDeploymentArn": current.arn,
            "updatedAt": event_time(self._world.today()).replace("Z", "000000Z"),
        }
        self._world.emit(service.place, SOURCE, "ECS Hook State Change", detail, [current.arn])
