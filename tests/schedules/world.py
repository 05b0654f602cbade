"""Everything that a schedule moves: machines, functions, ECS, ECR, alarms, mail, events, and the clock.

Nothing happens here by itself, except when time passes: then ECS, scans and tasks get on as they would.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.schedules.approver import form
from tests.schedules.definitions import today
from tests.schedules.happenings import PULSE, Happening, Queue
from tests.schedules.machine_run import Definitions, Execution, Invocation, MachineRuns
from tests.schedules.production import MANY, PROD, Production
from tests.schedules.small_ports import SmallPorts
from tests.schedules.strategies import GREEN
from tests.schedules.traffic_watch import TrafficWatch
from tests.schedules.watchman import Watchman
from tests.schedules.workers import Call, Killed, Trouble, Workers
from tests.schedules.workloads import (
    NAMES,
    PLACES,
    Image,
    alarm_of,
    digest_of,
    install,
    production_of,
    service_of,
)
from tidegate.domain.approval import Approval, link_hash
from tidegate.domain.images import parse_image
from tidegate.domain.release import Release
from tidegate.domain.scan import ImageScan
from tidegate.domain.workload import DeploymentHook
from tidegate.errors import Terminal, Transient

LONGEST_FUNCTION = timedelta(seconds=60)
"""The longest timeout of a function in the template: `preempting.LONGEST_FUNCTION_SECONDS`."""
SLOWEST = {"ecs": timedelta(seconds=120), "scan": timedelta(seconds=600), "task": timedelta(seconds=300)}
"""After so long something goes on by itself."""
_LINK = re.compile(r"/approve/(\S+)")

Place = tuple[str, str]
Settle = Callable[[Call], None]


@dataclass(eq=False)
class Paused:
    """A function that stands still between two of its calls."""

    call: Call
    settle: Settle
    until: datetime


class World:
    """One world, from the first push until everything has come to rest.

    Args:
        definitions: The state machines.
        strategies: Service to the name of the strategy by which it gets to production.
    """

    def __init__(
        self, definitions: Definitions | None = None, strategies: Mapping[str, str] | None = None
    ) -> None:
        services = [service_of(name, (strategies or {}).get(name, "rolling")) for name in NAMES]
        self.names = NAMES
        self.ports = SmallPorts()
        self.clock = self.ports.clock
        self.queue = Queue([])
        self.images = {image.digest: image for image in install(self.ports, services)}
        self.runs = MachineRuns(definitions or today(), lambda: self.clock.at, self._execution_ended)
        self.paused: list[Paused] = []
        self.failed = False
        self.asked: Counter[str] = Counter()
        self.begun: dict[tuple[str, str], datetime] = {}
        self.watchman = Watchman(self)
        self.production = Production(self)
        self.traffic_watch = TrafficWatch(self)
        self._started = 0
        self._connect()
        self.production.install({service.name: production_of(service) for service in services})
        self.workers = Workers(self.ports)

    def _connect(self) -> None:
        self.ports.machines._connect(self.runs)
        self.ports.http._connect(self._answers)
        self.ports.services._connect(
            now=lambda: self.clock.at,
            images=self.images_of,
            emit=self._deployment_event,
            before=self.watchman.before_change,
        )
        self.ports.services._connect_canaries(self.traffic_watch.before_resize)
        self.ports.listener_rules._connect(self.traffic_watch.before_weights)
        self.ports.target_groups._connect(self.production.tasks)
        self.ports.services._connect_switching(
            lead=self.production.lead, before=self.traffic_watch.before_answer, emit=self._hook_event
        )
        for service, place in PLACES:
            state = self.ports.services.described[place, service]
            self.ports.services.completed[place, service] = state.task_definition

    def adopt(self, strategies: Mapping[str, str]) -> None:
        """Register manifests in which services get to production by other strategies."""
        services = [service_of(name, strategies[name]) for name in sorted(strategies)]
        for service in services:
            self.ports.catalogue.put(service, after=len(self.ports.catalogue.revisions[service.name]))
        self.production.install({service.name: production_of(service) for service in services})

    # --- looking ------------------------------------------------------------------------------------------

    def images_of(self, task_definition: str) -> dict[str, str]:
        """Container name to image of a task definition."""
        containers = self.ports.task_definitions.registered[task_definition]["containerDefinitions"]
        return {each["name"]: each["image"] for each in containers}

    def digests_of(self, task_definition: str) -> frozenset[str]:
        """The digests that a task definition runs."""
        return frozenset(str(parse_image(each).digest) for each in self.images_of(task_definition).values())

    def runs_in(self, service: str, place: str) -> frozenset[str]:
        """The digests that a service is meant to run somewhere."""
        return self.digests_of(self.ports.services.described[place, service].task_definition)

    def _nature(self, service: str, place: str, nature: str) -> Image | None:
        """An image of that nature which the service is meant to run."""
        found = [self.images[digest] for digest in sorted(self.runs_in(service, place))]
        return next((image for image in found if image.nature == nature), None)

    def is_judged(self, release: Release) -> bool:
        """Whether a release gets to production by a strategy that judges it."""
        manifest = self.ports.catalogue.revisions[release.service][release.revision - 1]
        return production_of(manifest).name != "rolling"

    def _answers(self, service: str, place: str) -> bool:
        """Whether a service answers well: in an environment, or where a test rule leads."""
        bad = ("failing",) if place == "dev" else ("failing", "unfit")
        images = self.runs_in(service, PROD if place == GREEN else place)
        return all(self.images[digest].nature not in bad for digest in images)

    def newest(self, service: str) -> list[Image]:
        """The image of each container that was pushed last."""
        found = self.ports.catalogue.revisions[service][-1].repositories
        return [
            [image for image in self.images.values() if image.repository == repository][-1]
            for repository in found
        ]

    def open_requests(self) -> list[tuple[str, Approval]]:
        """Link and request of every mail that still asks for something."""
        found = []
        for _, _, body in self.ports.notifier.asked:
            match = _LINK.search(body)
            known = self.ports.approvals.links.get(link_hash(match[1])) if match else None
            if match and known:
                approval = self.ports.approvals.stored[known[0]]
                if approval.open_at(self.clock.at):
                    found.append((match[1], approval))
        return found

    # --- images -------------------------------------------------------------------------------------------

    def push(self, repository: str, nature: str, scan: str) -> Image:
        """Push a new image; its scan begins."""
        number = len(self.images) + 1
        self.clock.advance(1)
        image = Image(repository, f"1.{number}.0", digest_of(number), nature, scan)
        self.images[image.digest] = image
        now = self.clock.at
        self.ports.registry.push(repository, image.tag, image.digest, now, ImageScan("IN_PROGRESS"))
        self.begun["scan", image.digest] = now
        detail = {"repository-name": repository, "image-digest": image.digest, "image-tag": image.tag}
        self.queue.put("receive_push", "ecr_image_push", now, detail, "")
        return image

    def scanning(self) -> list[Image]:
        """Images whose scan has not finished."""
        return [self.images[name] for kind, name in sorted(self.begun) if kind == "scan"]

    def finish_scan(self, image: Image) -> None:
        """Let the scan of an image come to what it comes to."""
        del self.begun["scan", image.digest]
        results = {
            "clean": ImageScan("COMPLETE"),
            "critical": ImageScan("COMPLETE", {"CRITICAL": 1}),
            "broken": ImageScan("FAILED"),
        }
        self.ports.registry.scans[image.repository, image.digest] = results[image.scan]
        detail = {
            "scan-status": results[image.scan].status,
            "repository-name": image.repository,
            "image-digest": image.digest,
            "image-tags": [image.tag],
            "finding-severity-counts": dict(results[image.scan].counts),
        }
        self.queue.put("receive_scan", "ecr_image_scan", self.clock.at, detail, "")

    # --- ECS and CloudWatch -------------------------------------------------------------------------------

    def go_on(self, place: Place) -> None:
        """Let ECS take one more step."""
        self.clock.advance(1)
        self.ports.metrics._fill()
        cluster, service = place
        alarm = alarm_of(service, cluster)
        newest = self.ports.services._newest(place)
        red = self.ports.alarms.known.get(alarm) == "ALARM"
        since = self.begun.get(("alarm", alarm))
        heard = red and since is not None and newest is not None and since >= newest.created_at
        crashes = self._nature(service, cluster, "crashing") is not None
        self.ports.services._go_on(place, starts=not crashes, alarms=(alarm,) if heard else ())
        self.begun["ecs", f"{cluster}/{service}"] = self.clock.at

    def may_ring(self) -> list[Place]:
        """Where an alarm may go off: what harms there is the only thing that is deployed."""
        found = []
        for service, place in PLACES:
            alarm = alarm_of(service, place)
            state = self.ports.services.described[place, service]
            harmful = self._harmful(service, place)
            lock = self.ports.locks.held.get((service, place))
            mine = lock is None or harmful is None or self._is_of(lock.release, harmful)
            runs = state.deployments[0].running > 0
            if self.ports.alarms.known.get(alarm) == "OK" and harmful and mine and runs:
                found.append((place, service))
        return found

    def _harmful(self, service: str, place: str) -> Image | None:
        """A harmful image that is deployed there, be it as a canary."""
        if place == PROD and self.production.is_before_switch(service):
            return None
        beside = self.production.harmful_canary(service) if place == PROD else None
        return beside or self._nature(service, place, "harmful")

    def _is_of(self, release: str, image: Image) -> bool:
        return image.digest in self.ports.releases.stored[release].digests.values()

    def ring(self, place: Place) -> None:
        """Let an alarm go off."""
        cluster, service = place
        name = alarm_of(service, cluster)
        self.ports.alarms.known[name] = "ALARM"
        self.begun["alarm", name] = self.clock.at
        self.watchman.disturb(service, "alarm")
        self.queue.put("receive_alarm", "cloudwatch_alarm", self.clock.at, {"alarmName": name}, "")

    def calm(self) -> None:
        """Let every alarm be OK whose cause runs no more."""
        for service, place in PLACES:
            if not self._harmful(service, place):
                self.begun.pop(("alarm", alarm_of(service, place)), None)
                if alarm_of(service, place) in self.ports.alarms.known:
                    self.ports.alarms.known[alarm_of(service, place)] = "OK"

    def end_task(self, arn: str) -> None:
        """Let a one-off task end, well unless its image cannot."""
        cluster = arn.split("/")[1]
        release = self.ports.tasks._purpose.get(arn, "")
        stuck = any(self.images[digest].nature == "stuck" for digest in self.digests_of(release))
        self.ports.tasks.finish(arn, 1 if stuck else 0)
        detail = {
            "taskArn": arn,
            "lastStatus": "STOPPED",
            "clusterArn": f"arn:aws:ecs:us-east-1:123456789012:cluster/{cluster}",
        }
        self.queue.put("receive_ecs_event", "ecs_task_stopped", self.clock.at, detail, arn)

    def _deployment_event(self, place: Place, name: str, deployment: str) -> None:
        detail = {
            "eventName": name,
            "eventType": "ERROR" if name.endswith("FAILED") else "INFO",
            "deploymentId": deployment,
        }
        arn = self.ports.services.described[place].arn
        self.queue.put("receive_ecs_event", "ecs_deployment_completed", self.clock.at, detail, arn)

    def _hook_event(self, place: Place, deployment: str, hook: DeploymentHook) -> None:
        cluster, _ = place
        detail = {
            "hookId": hook.id,
            "expiresAt": f"{hook.expires_at:%Y-%m-%dT%H:%M:%SZ}",
            "lifecycleStage": hook.stage,
            "clusterArn": f"arn:aws:ecs:us-east-1:123456789012:cluster/{cluster}",
            "serviceArn": self.ports.services.described[place].arn,
            "serviceDeploymentArn": deployment,
        }
        self.queue.put("receive_ecs_event", "ecs_hook_awaiting_action", self.clock.at, detail, deployment)

    # --- functions ----------------------------------------------------------------------------------------

    def perform(self, invocation: Invocation, trouble: Trouble | None = None) -> None:
        """Run a function for a machine."""
        self.runs.invocations.remove(invocation)

        def settle(call: Call) -> None:
            error = call.error
            if error is None:
                self.runs.answered(invocation, call.result)
            elif isinstance(error, Killed):
                self.runs.broke(invocation, "Lambda.Unknown", "The worker was killed.")
            else:
                self.runs.broke(invocation, type(error).__name__, str(error))

        call = self.workers.call(invocation.function, invocation.payload, trouble)
        self._run(call, settle)

    def deliver(self, happening: Happening, trouble: Trouble | None = None, *, keep: bool = False) -> None:
        """Hand an event to its function; with ``keep`` it will come again."""
        if not keep:
            self.queue.waiting.remove(happening)
        if happening.function == PULSE:
            self.production.pulses += 1

        def settle(call: Call) -> None:
            if call.error is not None and not keep:
                self.queue.again(happening)
            if call.error is None and happening.function == PULSE:
                self.traffic_watch.pulsed(happening.event["service"])

        call = self.workers.call(happening.function, happening.event, trouble)
        self._run(call, settle)

    def lose(self, happening: Happening) -> None:
        """Let an event be lost; so many pulses that nobody may have looked for long are a disturbance."""
        self.queue.waiting.remove(happening)
        self.queue.lost += 1
        if happening.function == PULSE:
            self.production.lost[happening.event["service"]] += 1
            if self.production.lost[happening.event["service"]] >= MANY:
                self.watchman.disturb(happening.event["service"], "silent")

    def sweep(self, trouble: Trouble | None = None) -> None:
        """Let the schedule invoke the sweep."""
        self._run(self.workers.call("sweep", {}, trouble), lambda _: None)

    def decide(self, link: str, approval: Approval, *, yes: bool, trouble: Trouble | None = None) -> None:
        """Let the approver submit the form of a page."""
        if yes:
            self.watchman.approved(approval)
        else:
            self.watchman.rejected(approval)
        call = self.workers.call("approval_page", form(link, approval, yes=yes), trouble)
        self._run(call, lambda _: None)

    def _run(self, call: Call, settle: Settle) -> None:
        self._go(Paused(call, settle, self.clock.at + LONGEST_FUNCTION))

    def resume(self, paused: Paused) -> None:
        """Let a function go on that stood still."""
        self.paused.remove(paused)
        self._go(paused)

    def _go(self, paused: Paused) -> None:
        self.clock.advance(0.1)  # No two functions have the same moment.
        self.ports.metrics._fill()
        if not paused.call.go_on():
            self.paused.append(paused)
            return
        error = paused.call.error
        if error is not None and not isinstance(error, Killed | Transient | Terminal):
            self.failed = True
            raise error
        paused.settle(paused.call)

    def cut_off(self, paused: Paused) -> None:
        """End a function that stands still: its time is over."""
        self.paused.remove(paused)
        paused.call.kill()
        paused.settle(paused.call)

    # --- executions ---------------------------------------------------------------------------------------

    def command(self, machine: str, **given: Any) -> Execution:
        """Let an operator start a machine by hand."""
        self._started += 1
        return self.runs.start(machine, f"by-hand-{self._started}", given)

    def abort(self, execution: Execution) -> None:
        """Let somebody stop a root execution in the console."""
        self.watchman.aborted(execution)
        self.runs.stop(execution.arn, "", "Stopped by hand.")

    def _execution_ended(self, execution: Execution) -> None:
        self.queue.execution_ended(execution, self.clock.at)
        if execution.machine == "restore":
            self.traffic_watch.restored(execution)

    # --- time ---------------------------------------------------------------------------------------------

    def pass_time(self, seconds: float, *, work: bool) -> None:
        """Let time pass: timers go off, functions run out of time, and the world gets on.

        With ``work`` every function runs as soon as it is asked to; without it only those that would be late.
        """
        until = self.clock.at + timedelta(seconds=seconds)
        while True:
            self.production.beat()
            self.catch_up()
            self._work(late=not work)
            moments = [timer.at for timer in self.runs.timers()] + [each.until for each in self.paused]
            moments += [each.at + LONGEST_FUNCTION for each in self.runs.invocations]
            moments += [each.at + LONGEST_FUNCTION for each in self.queue.pulses()]
            pulse = self.production.next_pulse()
            moments += [pulse] if pulse else []
            waits = [self.ports.services._waits_until(place) for place in self.ports.services.remembered]
            moments += [each for each in waits if each]
            moments += [at + SLOWEST[kind] for (kind, _), at in self.begun.items() if kind in SLOWEST]
            following = min([at for at in moments if at > self.clock.at], default=until)
            for timer in self.runs.due():
                self.runs.fire(timer)
            self._get_on()
            if self.runs.due() or self.production.is_due():
                continue
            if work and (self.runs.invocations or self.queue.pulses()):
                continue
            if self.clock.at >= until:
                return
            self.clock.at = min(following, until)

    def await_pulse(self) -> bool:
        """Let time pass until the next pulse; False when there is nothing that has one."""
        pulse = self.production.next_pulse()
        if pulse is None:
            return False
        self.pass_time(max(0.0, (pulse - self.clock.at).total_seconds()), work=True)
        return True

    def catch_up(self) -> None:
        """End functions that stand still for too long, and run those that are late: before any timeout."""
        for each in [each for each in self.paused if each.until <= self.clock.at]:
            self.cut_off(each)
        self._work(late=True)

    def _work(self, *, late: bool) -> None:
        while True:
            ready = [
                each
                for each in self.runs.invocations
                if not late or each.at + LONGEST_FUNCTION <= self.clock.at
            ]
            pulses = [
                each
                for each in self.queue.pulses()
                if not late or each.at + LONGEST_FUNCTION <= self.clock.at
            ]
            if ready:
                self.perform(ready[0])
            elif pulses:
                self.deliver(pulses[0])
            else:
                return

    def _get_on(self) -> None:
        now = self.clock.at
        for place in self.ports.services._in_flight():
            key = ("ecs", "/".join(place))
            if now - self.begun.setdefault(key, now) >= SLOWEST["ecs"]:
                self.go_on(place)
        idle = {("ecs", "/".join(place)) for place in self.ports.services._in_flight()}
        for key in [key for key in self.begun if key[0] == "ecs" and key not in idle]:
            del self.begun[key]
        for image in self.scanning():
            if now - self.begun["scan", image.digest] >= SLOWEST["scan"]:
                self.finish_scan(image)
        for task in self.ports.tasks._going():
            if now - self.begun.setdefault(("task", task.arn), now) >= SLOWEST["task"]:
                self.end_task(task.arn)
        going = {("task", task.arn) for task in self.ports.tasks._going()}
        for key in [key for key in self.begun if key[0] == "task" and key not in going]:
            del self.begun[key]
