"""What makes a deployment fail: tasks that do not become healthy, and alarms."""

from __future__ import annotations

from moto.cloudwatch.models import cloudwatch_backends

from local.world.ecs import breaker, events
from local.world.ecs.deployments import ALARM_RANG, BREAKER_TRIPPED, ROLLBACK_TRIPPED, Deployments
from local.world.ecs.model import Deployment, Service, ServiceDeployment
from local.world.ecs.task_model import Task
from local.world.metrics.alarm_states import alarms_in_alarm
from local.world.world import World

LONGEST_THROTTLE = 27 * 60
FIRST_THROTTLE = 10
IMPAIRED_AFTER = 3


class Failures:
    """Counts failed tasks, watches alarms, and fails the deployments that have earned it."""

    def __init__(self, world: World, deployments: Deployments) -> None:
        self._world = world
        self._deployments = deployments

    def healthy(self, task: Task) -> None:
        """A task has become healthy: by default that sets the failure count back."""
        deployment = task.deployment
        if deployment is None:
            return
        deployment.failures_in_a_row = 0
        current = deployment.service_deployment
        configured = (current.configuration if current else {}).get("deploymentCircuitBreaker") or {}
        if not breaker.resets_on_healthy_task(configured):
            return
        deployment.failed_tasks = 0
        if current and current.breaker.status == "MONITORING":
            current.breaker.failure_count = 0

    def count(self, service: Service, task: Task) -> None:
        """Count a task as failed, once: it did not start, did not stay up until healthy, or was unhealthy.

        A task that was healthy and exits later is no failure of its deployment.
        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Deployment.html (failedTasks)
        """
        deployment = task.deployment
        exited_later = task.was_healthy and task.stop_code == "EssentialContainerExited"
        if deployment is None or task.failure_counted or exited_later:
            return
        task.failure_counted = True
        deployment.failures_in_a_row += 1
        self._throttle(service, deployment)
        if deployment.rollout_state != "IN_PROGRESS":
            return
        deployment.failed_tasks += 1
        deployment.updated_at = self._world.today()
        current = deployment.service_deployment
        if current is not None and not current.finished and current.breaker.status == "MONITORING":
            current.breaker.failure_count += 1
            self._deployments.touch(current)

    def watch(self, service: Service, primary: Deployment) -> None:
        """Fail the deployment under way if its breaker has tripped or one of its alarms rings."""
        current = service.current
        if current is None or primary.rollout_state != "IN_PROGRESS":
            return
        self._watch_breaker(service, primary, current)
        if primary.rollout_state == "IN_PROGRESS" and not current.rolling_back:
            self._watch_alarms(service, primary, current)

    def still_baking(self, service: Service, primary: Deployment) -> bool:
        """Whether ECS still waits for the alarms after everything runs: for as long as they look back.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
        """
        current = service.current
        if current is None or current.rolling_back or current.alarms.status != "MONITORING":
            return False
        if (current.configuration.get("strategy") or "ROLLING") != "ROLLING":
            return False
        if primary.baking_until is None:
            primary.baking_until = self._world.now() + self._world.scaled(self._window(service, current))
        return self._world.now() < primary.baking_until

    def _window(self, service: Service, current: ServiceDeployment) -> float:
        account, region = service.place
        alarms = cloudwatch_backends[account][region].alarms
        windows = [
            int(alarms[name].period or 60) * int(alarms[name].evaluation_periods or 1)
            for name in current.alarms.names
            if name in alarms
        ]
        return float(max(windows, default=60))

    def _throttle(self, service: Service, deployment: Deployment) -> None:
        """Wait ever longer between restarts of tasks that fail.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
        """
        failures = deployment.failures_in_a_row
        if not self._world.settings.habits.start_throttling:
            return
        wait = min(FIRST_THROTTLE * 2 ** min(failures - 1, 10), LONGEST_THROTTLE)
        deployment.throttled_until = self._world.now() + self._world.scaled(wait)
        if failures >= IMPAIRED_AFTER and not deployment.impaired:
            deployment.impaired = True
            self._deployments.say(service, "is unable to consistently start tasks successfully.")
            events.service_action(self._world, service, "WARN", "SERVICE_TASK_START_IMPAIRED")

    def _watch_breaker(self, service: Service, primary: Deployment, current: ServiceDeployment) -> None:
        state = current.breaker
        configured = current.configuration.get("deploymentCircuitBreaker") or {}
        if current.rolling_back and primary.failed_tasks >= max(state.threshold, breaker.LEAST):
            self._deployments.fail(service, primary, "tasks failed to start", ROLLBACK_TRIPPED, back=True)
        if state.status != "MONITORING" or current.finished:
            return
        state.threshold = breaker.threshold(configured, service.desired_count)
        if state.failure_count < max(state.threshold, 1):
            return
        state.status = "TRIGGERED"
        self._deployments.fail(
            service, primary, "tasks failed to start", BREAKER_TRIPPED, back=bool(configured.get("rollback"))
        )

    def _watch_alarms(self, service: Service, primary: Deployment, current: ServiceDeployment) -> None:
        watched = current.alarms
        if watched.status != "MONITORING":
            return
        ringing = sorted(alarms_in_alarm(service.place, watched.names))
        if not ringing:
            return
        watched.status, watched.triggered = "TRIGGERED", ringing
        reason = ALARM_RANG.format(names=", ".join(ringing))
        configured = current.configuration.get("alarms") or {}
        self._deployments.fail(
            service, primary, "alarm detected", reason, back=bool(configured.get("rollback"))
        )
