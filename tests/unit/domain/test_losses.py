"""Tasks that a version lost by itself."""

import pytest

from tests.unit.examples import at
from tests.unit.stage import revision, task
from tidegate.domain.losses import lost, words
from tidegate.domain.workload import ContainerState, TaskState

OURS = revision(2)


def stopped(code: str | None, reason: str = "", **more) -> TaskState:
    return task(1, OURS, "b", **{"last_status": "STOPPED", "stop_code": code, "stopped_reason": reason,
                                 "stopped_at": at(60), **more})  # fmt: skip


@pytest.mark.parametrize(
    ("found", "counts", "starting"),
    [
        (stopped("EssentialContainerExited", "Essential container in task exited"), True, True),
        (
            stopped("ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group x)"),
            True,
            True,
        ),
        (stopped("ServiceSchedulerInitiated", "Task failed container health checks"), True, True),
        (stopped("TaskFailedToStart", "CannotPullContainerError"), False, True),
        (
            stopped("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)"),
            False,
            False,
        ),
        (stopped("SpotInterruption", "Your Spot Task was interrupted."), False, False),
        (stopped("UserInitiated", "Stopped by hand"), False, False),
        (stopped(None), False, False),
        (stopped("EssentialContainerExited", stopped_at=at(-1)), False, False),
        (stopped("EssentialContainerExited", stopped_at=None), True, True),
        (stopped("EssentialContainerExited", task_definition=revision(1)), False, False),
    ],
)
def test_what_counts_as_lost(found: TaskState, counts: bool, starting: bool):
    assert bool(lost([found], OURS, at(0))) == counts
    assert bool(lost([found], OURS, at(0), starting=True)) == starting


def test_the_first_loss_in_words():
    container = ContainerState("app", "image", None, "STOPPED", exit_code=137)
    of = stopped("EssentialContainerExited", "Essential container in task exited", containers=(container,))
    assert words([of]) == (
        f" Task {of.id} stopped: Essential container in task exited. Container app ended with exit code 137."
    )
    assert words([stopped(None, "")]) == f" Task {of.id} stopped: ECS gives no reason."
    assert words([]) == ""
