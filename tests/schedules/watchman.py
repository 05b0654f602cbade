"""What people and schedules did, in a few facts, and what must never happen whatever they did.

The facts are noted when somebody acts, never read from Tidegate's records: an approval is what the approver
was shown when the form was sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tests.schedules.machine_run import Execution
from tidegate.domain.approval import Approval
from tidegate.domain.intake import release_of_execution
from tidegate.domain.release import is_newer

if TYPE_CHECKING:
    from tests.schedules.world import Place, World


class Violation(AssertionError):
    """Something happened that must never happen."""


class Watchman:
    """Looks at every change of a service before it is made."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.ran: dict[Place, set[frozenset[str]]] = defaultdict(set)
        self.consent: dict[str, set[tuple[frozenset[str], str]]] = defaultdict(set)
        self.refused: set[str] = set()
        self.stopped: set[str] = set()
        self.disturbed: dict[str, set[str]] = defaultdict(set)
        self.quarantined: set[tuple[str, str]] = set()
        self.last: dict[Place, str] = {}
        self.changes = 0

    # --- facts --------------------------------------------------------------------------------------------

    def approved(self, approval: Approval) -> None:
        """A person said yes to these digests, in the place of what ran."""
        shown = frozenset(approval.digests.values())
        self.consent[approval.service].add((shown, str(approval.from_task_definition)))

    def rejected(self, approval: Approval) -> None:
        """A person said no to a release, or to its canary."""
        self.refused.add(approval.release)
        self.disturb(approval.service, "declined")

    def aborted(self, execution: Execution) -> None:
        """Somebody stopped the execution of a release in the console, perhaps before it was planned."""
        of = self._world.ports.releases.stored.values()
        self.stopped |= {each.id for each in of if each.execution == execution.arn}
        self.stopped |= {execution.arn, str(release_of_execution(execution.name))}

    def disturb(self, service: str, how: str) -> None:
        """Something else happened that may end releases of a service otherwise than they would have."""
        self.disturbed[service].add(how)

    # --- what must never happen ---------------------------------------------------------------------------

    def before_change(self, place: Place, task_definition: str | None) -> None:
        """Look at a deploy, or at a stop (without a task definition), that is about to be made."""
        cluster, service = place
        call = self._world.workers.current
        if call is None:
            raise Violation(f"{service} in {cluster} is changed by nobody")
        lock = self._world.ports.locks.held.get((service, cluster))
        root = call.payload.get("root")
        nobody = task_definition is None and call.function in ("pulse", "sweep")
        if nobody and self._world.traffic_watch.is_forgotten(service):
            return
        if lock is None or lock.owner != root:
            raise Violation(
                f"{call.function} of {root} changes {service} in {cluster}, whose lock has {lock}"
            )
        if task_definition is None:
            return
        self.changes += 1
        newest = self._world.ports.services._newest(place)
        if newest is not None and newest.in_flight:
            raise Violation(f"{call.function} deploys {service} to {cluster} during {newest}")
        if cluster == "prod":
            self._world.traffic_watch.before_deploy(service, task_definition)
        digests = self._world.digests_of(task_definition)
        self.ran[place].add(self._world.runs_in(service, cluster))
        if call.function == "restore_service":
            if digests not in self.ran[place]:
                raise Violation(
                    f"{service} in {cluster} goes back to what never ran there: {sorted(digests)}"
                )
            self.last.pop(place, None)
            return
        self._forward(place, digests)
        if cluster == "prod":
            self._world.traffic_watch.before_release(service, task_definition, call.payload["release"])
        self._newest_last(place, call.payload["release"])

    def _forward(self, place: Place, digests: frozenset[str]) -> None:
        cluster, service = place
        scans = [self._world.images[each].scan for each in sorted(digests)]
        pending = {image.digest for image in self._world.scanning()} & digests
        if pending or any(scan != "clean" for scan in scans):
            raise Violation(f"{service} in {cluster} gets images that no scan let through: {sorted(digests)}")
        before = self._world.ports.services.described[place].task_definition
        if cluster == "prod" and (digests, before) not in self.consent[service]:
            raise Violation(f"nobody approved {sorted(digests)} of {service} in the place of {before}")

    def _newest_last(self, place: Place, name: str) -> None:
        """Of two pushes the newer one is never replaced by the older one."""
        stored = self._world.ports.releases.stored
        release, before = stored[name], stored.get(self.last.get(place, ""))
        pushed = {"push", "sweep"}
        both = before is not None and {release.trigger, before.trigger} <= pushed
        if both and before is not None and is_newer(before, release):
            raise Violation(f"{name} takes the place of the newer {before.id} in {place}")
        self.last[place] = name

    def check(self) -> None:
        """Look at everything that must hold between any two steps."""
        for lock in self._world.ports.locks.all():
            if lock.owner not in self._world.runs.executions:
                raise Violation(f"{lock} belongs to an execution that never was")
        self._quarantine(self._world.ports.quarantine.held.items())
        self._world.traffic_watch.check()

    def _quarantine(self, held: Iterable[tuple[tuple[str, str], tuple[str, str | None, object]]]) -> None:
        for (service, digest), (reason, release, _) in held:
            self.quarantined.add((service, digest))
            if release is not None and self._world.images[digest].fine:
                raise Violation(f"a good image of {service} is in quarantine: {digest}, {reason}")
