"""Service deployments from their start to their end, whatever the strategy."""

from __future__ import annotations

from typing import Any

from local.world.ecs import breaker, events
from local.world.ecs.model import (
    AlarmWatch,
    BreakerState,
    Deployment,
    Revision,
    Service,
    ServiceDeployment,
    deployment_number,
    short_id,
)
from local.world.ecs.revisions import Revisions, service_arn
from local.world.metrics.alarm_states import alarms_in_alarm
from local.world.world import World

BREAKER_TRIPPED = "Service deployment rolled back because the circuit breaker threshold was exceeded."
ALARM_RANG = "Service deployment rolled back because of alarm(s) going into ALARM state: {names}."
ROLLBACK_TRIPPED = "Service deployment rollback failed because its tasks failed to start."
STOPPED_BY_USER = "Service deployment rolled back because of a StopServiceDeployment request."


class Deployments:
    """Begins, finishes, fails and turns back the deployments of services."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._revisions = Revisions(world)

    def say(self, service: Service, message: str) -> None:
        """Add a message to the service's ``events``, the newest first."""
        event = {
            "id": f"{self._world.random.getrandbits(128):032x}",
            "createdAt": self._world.today(),
            "message": f"(service {service.name}) {message}",
        }
        service.events.appendleft(event)

    def begin(self, service: Service) -> ServiceDeployment:
        """Start a deployment to what the service is now told to run."""
        now = self._world.today()
        self._supersede(service)
        revision = self._revisions.record(service)
        sources = [each.revision for each in service.deployments if service.tasks_of(each)]
        begun = ServiceDeployment(
            arn=service_arn(service, "service-deployment", short_id(self._world.random)),
            created_at=now,
            target=revision,
            sources=sources,
            configuration=dict(service.configuration),
            updated_at=now,
        )
        begun.breaker = self._new_breaker(service)
        begun.alarms = self._new_watch(service)
        service.service_deployments.append(begun)
        self.deployment(service, revision, service.task_definition, begun)
        return begun

    def deployment(
        self,
        service: Service,
        revision: Revision,
        definition: Any,
        owner: ServiceDeployment,
    ) -> Deployment:
        """Make a new PRIMARY deployment; the others become ACTIVE."""
        now = self._world.today()
        for other in service.deployments:
            other.status, other.updated_at = "ACTIVE", now
        made = Deployment(
            id=f"ecs-svc/{deployment_number(self._world.random)}",
            revision=revision,
            task_definition=definition,
            created_at=now,
            updated_at=now,
            service_deployment=owner,
        )
        made.rollout_state_reason = f"ECS deployment {made.id} in progress."
        service.deployments.insert(0, made)
        service.steady = False
        return made

    def started(self, service: Service, current: ServiceDeployment) -> None:
        """Take a PENDING service deployment up."""
        primary = service.primary
        current.status, current.started_at = "IN_PROGRESS", self._world.today()
        self.touch(current)
        if primary is not None:
            self._announce(service, primary, "SERVICE_DEPLOYMENT_IN_PROGRESS")

    def complete(self, service: Service, deployment: Deployment) -> None:
        """Finish a deployment that has reached its steady state."""
        deployment.rollout_state = "COMPLETED"
        deployment.rollout_state_reason = f"ECS deployment {deployment.id} completed."
        deployment.updated_at = self._world.today()
        deployment.failed_tasks = 0
        service.deployments = [deployment]
        service.completed = service.live = deployment
        current = deployment.service_deployment
        if current is not None and not current.finished:
            self.finish(current, "ROLLBACK_SUCCESSFUL" if current.rolling_back else "SUCCESSFUL")
        self.say(service, f"(deployment {deployment.id}) deployment completed.")
        self._announce(service, deployment, "SERVICE_DEPLOYMENT_COMPLETED")

    def finish(self, current: ServiceDeployment, status: str, reason: str | None = None) -> None:
        """End a service deployment."""
        current.status, current.finished = status, True
        current.status_reason = reason or current.status_reason
        current.finished_at = self._world.today()
        if current.breaker.status == "MONITORING":
            current.breaker.status = "MONITORING_COMPLETE"
        if current.alarms.status == "MONITORING":
            current.alarms.status = "MONITORING_COMPLETE"
        self.touch(current)

    def fail(self, service: Service, deployment: Deployment, short: str, reason: str, *, back: bool) -> None:
        """Fail a deployment, and turn back to the last completed one if that is asked for.

        Where nothing has completed before, or no rollback is configured, the service stalls: nothing new
        is started.
        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
        """
        detector = (
            "ECS deployment circuit breaker: " if short.startswith("tasks") else "ECS deployment failed: "
        )
        deployment.rollout_state = "FAILED"
        deployment.rollout_state_reason = f"{detector}{short}."
        deployment.updated_at = self._world.today()
        self.say(service, f"(deployment {deployment.id}) deployment failed: {short}.")
        self._announce(service, deployment, "SERVICE_DEPLOYMENT_FAILED")
        current = deployment.service_deployment
        if current is None or current.finished:
            return
        if not back:
            current.stopped_at = self._world.today()
            self.finish(current, "STOPPED", reason.replace("rolled back", "stopped"))
        elif current.rolling_back:
            self.finish(current, "ROLLBACK_FAILED", reason)
        else:
            self.roll_back(service, reason, prefix=detector)

    def roll_back(
        self, service: Service, reason: str, *, prefix: str = "ECS deployment circuit breaker: "
    ) -> None:
        """Turn back to the last completed deployment.

        It is no goal for another rollback until it has completed again. A rolling update makes a new
        deployment of its revision; the other strategies still have its tasks, and give them the traffic.
        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
        """
        current = service.current
        if current is None:
            return
        goal, service.completed = service.completed, None
        if goal is None:
            missing = "There is no completed deployment to return to."
            self.finish(current, "ROLLBACK_FAILED", f"{reason} {missing}")
            return
        now = self._world.today()
        current.status, current.status_reason = "ROLLBACK_IN_PROGRESS", reason
        current.rollback = {
            "reason": reason,
            "startedAt": now,
            "serviceRevisionArn": goal.revision.arn,
        }
        self.touch(current)
        service.task_definition = goal.task_definition
        primary = self._return_to(service, goal, current)
        primary.rollout_state_reason = f"{prefix}rolling back to deploymentId {goal.id}."
        self.say(service, f"rolling back to deployment {goal.id}.")
        self._announce(service, primary, "SERVICE_DEPLOYMENT_IN_PROGRESS")

    def _return_to(self, service: Service, goal: Deployment, current: ServiceDeployment) -> Deployment:
        strategy = current.configuration.get("strategy") or "ROLLING"
        if strategy == "ROLLING" or goal not in service.deployments:
            return self.deployment(service, goal.revision, goal.task_definition, current)
        for other in service.deployments:
            other.status = "ACTIVE"
        goal.status, goal.rollout_state, goal.updated_at = "PRIMARY", "IN_PROGRESS", self._world.today()
        goal.service_deployment, service.steady = current, False
        service.deployments.remove(goal)
        service.deployments.insert(0, goal)
        return goal

    def touch(self, current: ServiceDeployment) -> None:
        """Note that a service deployment has changed."""
        current.updated_at = self._world.today()

    def _supersede(self, service: Service) -> None:
        current = service.current
        if current is not None:
            current.stopped_at = self._world.today()
            self.finish(
                current, "STOPPED", "Service deployment stopped because a new deployment was started."
            )

    def _new_breaker(self, service: Service) -> BreakerState:
        configured = service.configuration.get("deploymentCircuitBreaker") or {}
        if not configured.get("enable"):
            return BreakerState()
        return BreakerState("MONITORING", 0, breaker.threshold(configured, service.desired_count))

    def _new_watch(self, service: Service) -> AlarmWatch:
        """Begin to watch the alarms; if one is already in ALARM, all are ignored for this deployment.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
        """
        configured = service.configuration.get("alarms") or {}
        names = list(configured.get("alarmNames") or [])
        if not configured.get("enable") or not names:
            return AlarmWatch(names=names)
        return AlarmWatch("DISABLED" if alarms_in_alarm(service.place, names) else "MONITORING", names)

    def _announce(self, service: Service, deployment: Deployment, name: str) -> None:
        events.deployment_changed(self._world, service, deployment, name, deployment.rollout_state_reason)
