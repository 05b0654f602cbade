"""The strategies BLUE_GREEN, LINEAR and CANARY: both revisions run, and traffic is shifted.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
"""

from __future__ import annotations

from local.world.ecs import shifting
from local.world.ecs.deployments import Deployments
from local.world.ecs.hooks import Hooks
from local.world.ecs.model import Deployment, Service, ServiceDeployment
from local.world.ecs.scheduler import ServiceScheduler
from local.world.ecs.stages import Progress, Stage, backward, forward
from local.world.ecs.task_model import Task
from local.world.world import World

STAGE_SECONDS = 4
LONGEST_STAGE = 24 * 3600
SHIFTS = {"TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT"}


class TrafficShifting:
    """Leads a service through the stages of its deployment, and back where it fails."""

    def __init__(
        self, world: World, scheduler: ServiceScheduler, deployments: Deployments, hooks: Hooks
    ) -> None:
        self._world = world
        self._scheduler = scheduler
        self._deployments = deployments
        self._hooks = hooks
        self._progress: dict[tuple[ServiceDeployment, bool], Progress] = {}

    def step(self, service: Service, primary: Deployment, healthy: set[Task]) -> bool:
        """Do what the present stage asks for."""
        current = service.current
        if current is None and primary.rollout_state == "FAILED":
            return False
        if current is None:
            return self._scheduler.rolling.step(service, primary, healthy)
        progress = self._progress_of(service, current)
        if progress is None:
            return False
        while (stage := progress.stage) is not None:
            if progress.entered_at is None:
                self._enter(service, current, progress, stage)
            if not self._passed(service, primary, current, progress, stage):
                return False
            progress.advance()
        self._progress.pop((current, current.rolling_back), None)
        return True

    def _progress_of(self, service: Service, current: ServiceDeployment) -> Progress | None:
        key = (current, current.rolling_back)
        if key in self._progress:
            return self._progress[key]
        if current.rolling_back:
            stages = backward(
                production=shifting.share(current, current.target) > 0,
                test=shifting.share(current, current.target, test=True) > 0,
            )
        else:
            problem = shifting.problem(service)
            if problem:
                self._fail(service, current, problem)
                return None
            stages = forward(current.configuration, reconcile=len(service.deployments) > 2)
        self._progress[key] = Progress(stages)
        return self._progress[key]

    def _enter(self, service: Service, current: ServiceDeployment, progress: Progress, stage: Stage) -> None:
        now = self._world.now()
        current.lifecycle_stage = stage.name
        progress.entered_at = now
        minutes = self._world.scaled(60 * stage.bake_minutes)
        progress.until = now + max(self._world.around(STAGE_SECONDS), minutes)
        back = current.rolling_back
        if stage.name == "TEST_TRAFFIC_SHIFT":
            shifting.shift(service, current, green=0.0 if back else shifting.FULL, test=True)
        elif stage.percent is not None and (not back or self._blue_is_ready(service)):
            shifting.shift(service, current, green=stage.percent, test=False)
        elif stage.name == "RECONCILE_SERVICE":
            self._reconcile(service, current)
        self._deployments.touch(current)
        if not back or stage.name in SHIFTS:
            progress.runs = self._hooks.start(service, current, stage.name)

    def _passed(
        self,
        service: Service,
        primary: Deployment,
        current: ServiceDeployment,
        progress: Progress,
        stage: Stage,
    ) -> bool:
        back = current.rolling_back
        ready = self._keep(service, primary, stage)
        if back and stage.name == "PRODUCTION_TRAFFIC_SHIFT" and ready:
            shifting.shift(service, current, green=0.0, test=False)
        broken = [run for run in progress.runs if _refuses(run.status, run.timeout_action)]
        if broken and not back:
            why = " ".join(run.problem or "" for run in broken).strip()
            opening = f"Service deployment rolled back because {stage.name} lifecycle hook(s) failed."
            self._fail(service, current, f"{opening} {why}")
            return False
        if any(run.open for run in progress.runs) and not back:
            return False
        if self._too_long(progress) and not back:
            self._fail(service, current, f"Service deployment rolled back because {stage.name} timed out.")
            return False
        wait = progress.until - self._world.now()
        if wait > 0:
            self._scheduler.poke_after(service, wait)
            return False
        return ready

    def _blue_is_ready(self, service: Service) -> bool:
        primary = service.primary
        return primary is not None and self._scheduler.keep(service, primary)

    def _too_long(self, progress: Progress) -> bool:
        begun = progress.entered_at or self._world.now()
        paused = any(run.kind == "PAUSE" for run in progress.runs)
        return not paused and self._world.now() - begun > self._world.scaled(LONGEST_STAGE)

    def _keep(self, service: Service, primary: Deployment, stage: Stage) -> bool:
        """Keep the right revisions at their count; whether the stage has what it needs."""
        if stage.name == "CLEAN_UP":
            return self._clean_up(service, primary)
        ready = True
        for deployment in list(service.deployments):
            if deployment is primary and stage.name in {"RECONCILE_SERVICE", "PRE_SCALE_UP"}:
                continue
            live = deployment is primary or deployment is service.live
            if live:
                ready = self._scheduler.keep(service, deployment) and ready
        return ready

    def _clean_up(self, service: Service, primary: Deployment) -> bool:
        others = [task for task in service.tasks if task.deployment is not primary]
        why = f"Scaling activity initiated by (deployment {primary.id})"
        self._scheduler.stop(service, [task for task in others if task.wanted], why)
        return self._scheduler.keep(service, primary) and not others

    def _reconcile(self, service: Service, current: ServiceDeployment) -> None:
        """Give all traffic back to the last completed revision, and drop what was half deployed."""
        shifting.shift(service, current, green=0.0, test=False)
        keep = {service.primary, service.live}
        stray = [task for task in service.tasks if task.wanted and task.deployment not in keep]
        self._scheduler.stop(service, stray, "Scaling activity initiated by a newer deployment")

    def _fail(self, service: Service, current: ServiceDeployment, reason: str) -> None:
        primary = service.primary
        if primary is not None:
            primary.rollout_state = "FAILED"
            primary.rollout_state_reason = f"ECS deployment failed: {reason}"
            self._deployments.say(service, f"(deployment {primary.id}) deployment failed: {reason}")
        self._progress.pop((current, False), None)
        self._deployments.roll_back(service, reason, prefix="ECS deployment failed: ")
        self._scheduler.poke(service)


def _refuses(status: str, timeout_action: str) -> bool:
    return status == "FAILED" or (status == "TIMED_OUT" and timeout_action == "ROLLBACK")
