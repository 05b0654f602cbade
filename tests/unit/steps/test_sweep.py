"""Finding and mending what no event told of."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.ports import FakePorts, fake_ports
from tests.unit.examples import (
    ALARM,
    APPROVER,
    at,
    deployment,
    digest,
    environment,
    event,
    execution_arn,
    registered,
    release,
    running,
    service,
    wait,
)
from tidegate.domain.approval import Approval, ApprovalStatus
from tidegate.domain.images import ImageRef
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.release import Release
from tidegate.domain.scan import ImageScan
from tidegate.domain.service import ImageSource, TagRule
from tidegate.domain.strategy import DeploymentAlarms, RollingSettings
from tidegate.domain.workload import OneOffTask
from tidegate.errors import Terminal, Transient
from tidegate.steps import receive_failed_execution, receive_push
from tidegate.steps.sweep import MOST_RELEASES, PAGE, Command, run

HOUR = 3600
DEPLOY = "arn:aws:states:us-east-1:123456789012:stateMachine:tidegate-deploy"
SERVICE_ARN = "arn:aws:ecs:us-east-1:123456789012:service/dev/checkout"
TASK_ARN = "arn:aws:ecs:us-east-1:123456789012:task/dev/6a1f0f0e2f4c4e8f9b1d2c3b4a596877"


def given_ports(*services: Any) -> FakePorts:
    """Services that were registered at noon; an hour has passed since."""
    ports = registered(fake_ports(), *services)
    for name in ports.catalogue.names():
        ports.intake.first(f"registered/{name}", at=at(0), value=execution_arn("1", "register_service"))
        ports.journal.append(name, "service.registered", {}, at=at(0), key="registered/1")
    ports.clock.advance(HOUR)
    return ports


def found(ports: FakePorts, **command: Any) -> dict[str, int]:
    result = run(Command(**command), ports)
    assert "reason" not in result
    return dict(result["found"])


def stopped(ports: FakePorts, arn: str, status: str = "ABORTED", seconds: float = 300) -> None:
    if arn not in ports.machines.executions:
        ports.machines.add(arn)
    ports.machines.finish(arn, status)
    ports.machines.executions[arn] = replace(ports.machines.executions[arn], stopped_at=at(seconds))


def rollbacks(ports: FakePorts) -> list[str]:
    return [arn for arn in ports.machines.executions if ":tidegate-rollback:" in arn and "-rb-" in arn]


def test_where_all_is_well_nothing_is_found_and_nothing_is_changed():
    # Given
    ports = given_ports()
    going = running(ports)
    ports.locks.acquire("checkout", "dev", owner=str(going.execution), release=going.id, at=at(60))
    wait(ports, f"scan/checkout@{digest('a')}", going.id)

    # Then
    assert run(Command(), ports) == {"found": {}, "services": 1}
    assert not ports.machines.answers
    assert ports.locks.holder("checkout", "dev") is not None


# --- pushes -------------------------------------------------------------------------------------------------


def test_a_push_that_no_event_told_of_becomes_a_release_once():
    # Given
    ports = given_ports()
    ports.registry.push("checkout", "1.0.0", digest("a"), at(600))

    # When
    results = [found(ports), found(ports)]

    # Then
    assert results == [{"missed_pushes": 1}, {}]
    (minted,) = ports.releases.stored.values()
    assert (minted.trigger, minted.newest_push, minted.digests) == ("sweep", at(600), {"app": digest("a")})
    assert len(ports.machines.executions) == 1


def test_the_event_that_comes_after_all_finds_the_release_of_the_sweep():
    # Given
    ports = given_ports()
    ports.registry.push("checkout", "1.0.0", digest("a"), at(600))
    run(Command(), ports)

    # When
    sent = event("ecr_image_push", image_tag="1.0.0", image_digest=digest("a"))
    receive_push.run(receive_push.Command.model_validate(sent | {"time": at(601).isoformat()}), ports)

    # Then
    assert len(ports.releases.stored) == len(ports.machines.executions) == 1


@pytest.mark.parametrize(
    ("pushed", "now"),
    [
        (-60, HOUR),
        (0, HOUR),
        (HOUR - 60, HOUR),
        (60, timedelta(days=15).total_seconds()),
    ],
    ids=["before the registration", "at the registration", "a minute ago", "two weeks ago"],
)
def test_some_pushes_are_left_alone(pushed: float, now: float):
    # Given
    ports = given_ports()
    ports.registry.push("checkout", "1.0.0", digest("a"), at(pushed))
    ports.clock.at = at(now)

    # Then
    assert found(ports) == {}
    assert not ports.releases.stored


def noisy(ports: FakePorts) -> None:
    """Let so much be journalled that the registration is no longer among the newest entries."""
    for number in range(200):
        entry = {"what": "A message", "why": "The topic is gone."}
        ports.journal.append("checkout", "notice.failed", entry, at=at(60 + number), key=f"notice/{number}")


@pytest.mark.parametrize("before", [noisy, lambda ports: ports.journal.lines.clear()], ids=["noisy", "gone"])
def test_a_service_without_a_note_of_its_registration_is_left_alone(before: Any):
    # Given
    ports = given_ports()
    ports.intake.claims.clear()
    before(ports)
    ports.registry.push("checkout", "1.0.0", digest("a"), at(600))

    # Then
    assert found(ports) == {}


def test_however_much_is_journalled_a_missed_push_is_found():
    # Given
    ports = given_ports()
    noisy(ports)
    ports.registry.push("checkout", "1.0.0", digest("a"), at(600))

    # Then
    assert found(ports) == {"missed_pushes": 1}


def test_the_registration_of_a_service_of_old_is_noted_while_the_journal_still_tells_it():
    # Given it was registered before registrations were claimed, and a first sweep looks at it
    ports = given_ports()
    ports.intake.claims.clear()
    ports.registry.push("checkout", "1.0.0", digest("a"), at(-60))
    assert found(ports) == {}

    # When
    noisy(ports)
    ports.registry.push("checkout", "1.1.0", digest("b"), at(600))

    # Then
    assert found(ports) == {"missed_pushes": 1}


def test_a_service_of_old_was_registered_before_its_oldest_release():
    # Given its registration is nowhere any more
    ports = given_ports()
    ports.intake.claims.clear()
    noisy(ports)
    done = running(ports, pushed=60)
    ports.releases.end(done.id, Outcome.SUCCEEDED, "", at=at(200), environment=None)
    ports.registry.push("checkout", "1.1.0", digest("b"), at(600))

    # Then
    assert found(ports) == {"missed_pushes": 1}


@pytest.mark.parametrize("more", [{"pushed": 900}, {"pushed": 600}, {"letter": "b", "trigger": "operator"}])
def test_what_is_as_new_or_has_the_same_images_has_been_taken_in(more: dict[str, Any]):
    # Given
    ports = given_ports()
    ports.registry.push("checkout", "1.0.0", digest("b"), at(600))
    done = running(ports, **more)
    ports.releases.end(done.id, Outcome.FAILED, "", at=at(1000), environment=None)

    # Then
    assert found(ports) == {}


def test_a_missed_push_supersedes_an_older_release():
    # Given
    ports = given_ports()
    older = running(ports, pushed=60)
    ports.registry.push("checkout", "1.1.0", digest("b"), at(600))

    # Then
    assert found(ports) == {"missed_pushes": 1}
    assert ports.releases.stored[older.id].stop is StopSignal.SUPERSEDED


def test_images_that_wait_for_companions_are_no_missed_push():
    # Given
    both = {name: ImageSource(name, TagRule(semver="*")) for name in ("web", "worker")}
    ports = given_ports(service(containers=both, images="same_tag"))
    ports.registry.push("web", "1.0.0", digest("a"), at(600))

    # Then
    assert found(ports) == {}

    # When the companion comes, unheard too
    ports.registry.push("worker", "1.0.0", digest("b"), at(700))

    # Then
    assert found(ports) == {"missed_pushes": 1}


# --- releases and executions --------------------------------------------------------------------------------


def test_a_release_whose_start_was_lost_is_started():
    # Given
    ports = given_ports()
    minted = release(ports, pushed=60)

    # When
    results = [found(ports), found(ports)]

    # Then
    assert results[0] == {"lost_starts": 1}
    assert list(ports.machines.executions) == [execution_arn(minted.id)]


def test_a_lost_release_that_was_overtaken_is_ended_instead():
    # Given
    ports = given_ports()
    lost = release(ports, pushed=60)
    running(ports, letter="b", pushed=120, salt=901)

    # When
    found(ports)

    # Then
    assert ports.releases.stored[lost.id].outcome is Outcome.SUPERSEDED


def test_a_release_that_was_minted_a_moment_ago_is_left_to_its_start():
    # Given
    ports = given_ports()
    release(ports, pushed=HOUR - 10)

    # Then
    assert found(ports) == {}


def test_what_an_operator_asked_for_and_never_began_is_ended():
    # Given
    ports = given_ports()
    never = release(ports, trigger="operator", requested_by="ada")
    adopted = release(ports, salt=2, trigger="adopted")
    ports.clock.advance(60)

    # Then
    assert found(ports) == {"never_started": 1}
    assert ports.releases.stored[never.id].outcome is Outcome.FAILED
    assert not ports.releases.stored[adopted.id].ended
    assert len(ports.notifier.messages) == 1


def broken_off(ports: FakePorts, ended: float = 600, status: str = "ABORTED") -> Release:
    """A release whose worker was lost right after the first word of its terminal record."""
    lost = running(ports)
    ports.releases.end(lost.id, Outcome.CANCELLED, "Stopped.", at=at(ended), environment=None)
    if status == "RUNNING":
        return lost
    stopped(ports, str(lost.execution), status)
    return lost


def test_an_ending_that_broke_off_under_its_lock_is_finished_once():
    # Given
    ports = given_ports()
    lost = broken_off(ports)
    ports.locks.acquire("checkout", "dev", owner=str(lost.execution), release=lost.id, at=at(60))

    # When
    results = [found(ports), found(ports)]

    # Then
    assert results == [{"stale_locks": 1}, {}]
    assert ports.journal.kinds(lost.id) == ["release.cancelled"]
    (message,) = ports.notifier.messages
    assert message.attributes["kind"] == "cancelled"
    assert ports.locks.holder("checkout", "dev") is None


def test_an_ending_that_broke_off_is_finished_where_no_lock_tells_of_it():
    # Given
    ports = given_ports()
    lost = broken_off(ports)

    # When
    results = [found(ports), found(ports)]

    # Then
    assert results == [{"broken_off_endings": 1}, {}]
    assert ports.journal.kinds(lost.id) == ["release.cancelled"]
    assert len(ports.notifier.messages) == 1


def test_the_ending_of_what_never_began_is_finished_too():
    # Given
    ports = given_ports()
    never = release(ports, trigger="operator", requested_by="ada")
    ports.releases.end(never.id, Outcome.FAILED, "It never began.", at=at(600), environment=None)

    # Then
    assert found(ports) == {"broken_off_endings": 1}
    assert len(ports.notifier.messages) == 1


def test_what_was_stopped_before_it_was_planned_is_ended_once():
    # Given
    ports = given_ports()
    never = release(ports, trigger="operator", requested_by="ada")
    by_hand = execution_arn("by-hand", "deploy")
    ports.intake.first(f"execution/{by_hand}", at=at(0), value=never.id)
    stopped(ports, by_hand)
    told = event("execution_aborted", executionArn=by_hand, stateMachineArn=DEPLOY)
    receive_failed_execution.run(receive_failed_execution.Command.model_validate(told), ports)
    ports.clock.advance(600)

    # Then
    assert found(ports) == {}
    assert ports.journal.kinds(never.id) == ["release.cancelled"]


@pytest.mark.parametrize(
    ("ended", "status"),
    [(HOUR - 60, "ABORTED"), (600, "RUNNING"), (600 - 2 * HOUR, "ABORTED")],
    ids=["a moment ago", "by an execution that still runs", "long ago"],
)
def test_some_endings_are_left_alone(ended: float, status: str):
    # Given
    ports = given_ports()
    broken_off(ports, ended, status)

    # Then
    assert found(ports) == {}
    assert not ports.notifier.messages


def test_an_execution_that_stopped_without_a_record_gets_one():
    # Given
    ports = given_ports()
    aborted = running(ports)
    stopped(ports, str(aborted.execution))

    # Then
    assert found(ports) == {"stopped_executions": 1}
    assert ports.releases.stored[aborted.id].outcome is Outcome.CANCELLED
    assert found(ports) == {}


def test_an_execution_that_stopped_a_moment_ago_is_left_to_its_event():
    # Given
    ports = given_ports()
    aborted = running(ports)
    stopped(ports, str(aborted.execution), seconds=HOUR - 10)

    # Then
    assert found(ports) == {}
    assert found(ports, grace_seconds=0) == {"stopped_executions": 1}


def test_an_execution_that_step_functions_has_forgotten_is_over_but_not_at_once():
    # Given
    ports = given_ports()
    forgotten = running(ports, pushed=60)
    del ports.machines.executions[str(forgotten.execution)]

    # Then
    assert found(ports) == {}

    # When
    ports.clock.advance(HOUR)

    # Then
    assert found(ports) == {"stopped_executions": 1}


# --- locks --------------------------------------------------------------------------------------------------


def held(ports: FakePorts, of: Release, owner: str | None = None) -> str:
    arn = owner or str(of.execution)
    ports.locks.acquire("checkout", "dev", owner=arn, release=of.id, at=at(120))
    return arn


def test_a_lock_whose_owner_stopped_after_touching_leads_to_a_rollback():
    # Given
    ports = given_ports()
    bad = running(ports)
    ports.releases.touch(bad.id, "dev", production=False)
    deployment(ports, bad, "dev")
    stopped(ports, held(ports, bad))

    # When
    first, second = found(ports), found(ports)

    # Then it stays locked until the rollback takes it over, and there is one rollback
    assert first["stale_locks"] == second["stale_locks"] == 1
    assert len(rollbacks(ports)) == 1
    assert ports.locks.holder("checkout", "dev") is not None


@pytest.mark.parametrize("ended", [True, False])
def test_a_lock_whose_owner_stopped_without_touching_is_freed_and_the_next_called(ended: bool):
    # Given
    ports = given_ports()
    harmless = running(ports)
    if ended:
        ports.releases.end(harmless.id, Outcome.FAILED, "", at=at(200), environment=None)
    stopped(ports, held(ports, harmless))
    wait(ports, "lock/checkout/dev", "somebody else")

    # When
    result = found(ports)

    # Then
    assert result["stale_locks"] == 1
    assert ports.locks.holder("checkout", "dev") is None
    assert ports.machines.answers == {"token": {"signal": "released"}}
    assert not rollbacks(ports)


def test_the_lock_of_a_release_that_nobody_knows_is_freed():
    # Given
    ports = given_ports()
    ports.locks.acquire("checkout", "dev", owner="arn", release="nobody", at=at(60))
    stopped(ports, "arn")

    # Then
    assert found(ports) == {"stale_locks": 1}
    assert not ports.locks.all()


def test_an_owner_of_which_nothing_is_known_yet_is_not_dead():
    # Given
    ports = given_ports()
    going = running(ports)
    ports.locks.acquire("checkout", "dev", owner="just started", release=going.id, at=at(HOUR - 1))

    # Then
    assert found(ports) == {}


def test_a_rollback_that_died_is_started_once_more_and_then_people_are_called():
    # Given
    ports = given_ports()
    bad = running(ports)
    deployment(ports, bad, "dev", outcome=Outcome.SUCCEEDED)
    ports.releases.end(bad.id, Outcome.SUCCEEDED, "", at=at(100), environment=None)
    first = held(ports, bad, execution_arn("first", "rollback"))
    stopped(ports, first)

    # When
    results = [found(ports)]
    (second,) = rollbacks(ports)
    ports.locks.take_over("checkout", "dev", owner=second, release=bad.id, at=at(400), from_owner=first)
    stopped(ports, second, "FAILED")
    results.append(found(ports))

    # Then
    assert results == [{"stale_locks": 1}, {"stale_locks": 1}]
    assert len(rollbacks(ports)) == 1
    assert not ports.locks.all()
    assert any("needs people" in each.subject for each in ports.notifier.messages)


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"outcome": Outcome.ROLLED_BACK}, Outcome.ROLLED_BACK),
        ({"outcome": Outcome.FAILED}, Outcome.FAILED),
        ({"outcome": Outcome.SUCCEEDED, "revoked": "alarm"}, Outcome.ROLLED_BACK),
    ],
)
def test_a_rollback_that_had_recorded_what_it_did_is_not_repeated(more: dict[str, Any], outcome: Outcome):
    # Given it stopped between its record and giving back the lock
    ports = given_ports()
    bad = running(ports)
    deployment(ports, bad, "dev", **more)
    stopped(ports, held(ports, bad, execution_arn("first", "rollback")))
    stopped(ports, str(bad.execution), seconds=100)

    # When
    found(ports)

    # Then
    assert not ports.locks.all()
    assert not rollbacks(ports)
    assert ports.releases.stored[bad.id].outcome is outcome


# --- waits --------------------------------------------------------------------------------------------------


def decided_scan(ports: FakePorts, of: Release, *, decided: bool) -> str:
    status = "COMPLETE" if decided else "IN_PROGRESS"
    ports.registry.scans["checkout", digest("a")] = ImageScan(status)
    return f"scan/checkout@{digest('a')}"


def decided_deployment(ports: FakePorts, of: Release, *, decided: bool) -> str:
    ports.services.add("dev", "checkout", "task-definition/checkout-dev:1")
    target = service().environment("dev").target
    ports.services.deploy(target, "dev", "checkout", "task-definition/checkout-dev:2", RollingSettings())
    if decided:
        ports.services.finish("dev", "checkout", "ROLLBACK_SUCCESSFUL")
    return f"service-deployment/{SERVICE_ARN}"


def decided_task(ports: FakePorts, of: Release, *, decided: bool) -> str:
    ports.tasks.known[TASK_ARN] = OneOffTask(arn=TASK_ARN, stopped=decided)
    return f"task/{TASK_ARN}"


def decided_lock(ports: FakePorts, of: Release, *, decided: bool) -> str:
    if not decided:
        other = running(ports, letter="b", salt=5, trigger="operator")
        ports.locks.acquire("checkout", "dev", owner=str(other.execution), release=other.id, at=at(60))
    return "lock/checkout/dev"


def decided_freeze(ports: FakePorts, of: Release, *, decided: bool) -> str:
    if not decided:
        ports.freezes.set("checkout", "dev", reason="Friday", by=None, at=at(60))
    return "freeze/checkout/dev"


def decided_approval(ports: FakePorts, of: Release, *, decided: bool) -> str:
    approval = Approval(
        id="approval-1",
        release=of.id,
        service="checkout",
        environment="prod",
        digests=of.digests,
        from_task_definition=None,
        from_images={},
        requested_at=at(0),
        expires_at=at(10 * HOUR),
        requested_by=None,
        asked=(APPROVER,),
    )
    ports.approvals.create(approval, {})
    if decided:
        ports.approvals.decide("approval-1", ApprovalStatus.APPROVED, by=APPROVER, comment=None, at=at(60))
    return "approval/approval-1"


AWAITED = [
    ("woken_scan", decided_scan),
    ("woken_service_deployment", decided_deployment),
    ("woken_task", decided_task),
    ("woken_lock", decided_lock),
    ("woken_freeze", decided_freeze),
    ("woken_approval", decided_approval),
]


@pytest.mark.parametrize(("kind", "awaited"), AWAITED)
def test_who_waits_for_something_that_is_decided_is_woken(kind: str, awaited: Any):
    # Given
    ports = given_ports()
    going = running(ports)
    wait(ports, awaited(ports, going, decided=True), going.id)

    # Then
    assert found(ports) == {kind: 1}
    assert ports.machines.answers == {"token": {"signal": "sweep"}}
    assert found(ports) == {}


@pytest.mark.parametrize(("kind", "awaited"), AWAITED)
def test_who_waits_for_something_undecided_sleeps_on(kind: str, awaited: Any):
    # Given
    ports = given_ports()
    going = running(ports)
    wait(ports, awaited(ports, going, decided=False), going.id)

    # Then
    assert found(ports) == {}
    assert not ports.machines.answers


@pytest.mark.parametrize(("kind", "awaited"), AWAITED)
def test_a_wait_that_was_stored_a_moment_ago_is_left_to_its_step(kind: str, awaited: Any):
    # Given
    ports = given_ports()
    going = running(ports)
    wait(ports, awaited(ports, going, decided=True), going.id, created=HOUR - 10)

    # Then
    assert found(ports) == {}


def test_an_overdue_approval_wakes_its_machine():
    # Given
    ports = given_ports()
    going = running(ports)
    wait(ports, decided_approval(ports, going, decided=False), going.id)
    ports.clock.at = at(10 * HOUR)

    # Then
    assert found(ports) == {"woken_approval": 1}


def test_a_lock_that_is_free_wakes_nobody_while_the_environment_is_frozen():
    # Given
    ports = given_ports()
    going = running(ports)
    wait(ports, "lock/checkout/dev", going.id)
    decided_freeze(ports, going, decided=False)

    # Then
    assert found(ports) == {}


def test_an_expired_wait_is_answered_and_forgotten():
    # Given
    ports = given_ports()
    going = running(ports)
    wait(ports, "task/gone", going.id)
    ports.clock.advance(86_400)

    # Then
    assert found(ports) == {"expired_waits": 1}
    assert not ports.waits.stored


@pytest.mark.parametrize("signal", [StopSignal.SUPERSEDED, StopSignal.CANCELLED])
def test_a_lost_stop_signal_reaches_the_gates_but_no_deployment_in_flight(signal: StopSignal):
    # Given
    ports = given_ports()
    told = running(ports)
    wait(ports, decided_scan(ports, told, decided=False), told.id, "scan")
    wait(ports, decided_deployment(ports, told, decided=False), told.id, "deployment")
    wait(ports, f"soak/{told.id}", told.id, "soak")
    ports.releases.stop(told.id, signal, "because", unless_production=False)

    # Then
    assert found(ports) == {"woken_scan": 1, "woken_soak": 1}
    assert set(ports.machines.answers) == {"scan", "soak"}


def test_the_waits_of_a_rollback_are_found_through_its_lock():
    # Given a release that succeeded and is being rolled back now
    ports = given_ports()
    bad = running(ports)
    ports.releases.end(bad.id, Outcome.SUCCEEDED, "", at=at(100), environment=None)
    rollback = execution_arn("rollback", "rollback")
    ports.machines.add(rollback)
    held(ports, bad, rollback)
    wait(ports, decided_deployment(ports, bad, decided=True), bad.id)

    # Then
    assert found(ports) == {"woken_service_deployment": 1}


@pytest.mark.parametrize(
    "subject", ["something/new", f"task/{TASK_ARN.replace('/dev', '')}", "service-deployment/x"]
)
def test_a_wait_of_an_unknown_kind_is_left_to_its_timeout(subject: str):
    # Given
    ports = given_ports()
    going = running(ports)
    wait(ports, subject, going.id)

    # Then
    assert found(ports) == {}


# --- alarms -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("choice", "rolled_back"), [("refuse", True), ("accept", False)])
def test_an_alarm_that_went_off_while_the_deployment_was_recorded_is_found(choice: Any, rolled_back: bool):
    # Given
    alarms = RollingSettings(alarms=DeploymentAlarms(names=(ALARM,), when_already_in_alarm=choice))
    ports = given_ports(service(environments=(environment("prod", strategy=alarms),)))
    accused = running(ports)
    deployment(
        ports, accused, "prod", opened=HOUR - 200, outcome=Outcome.SUCCEEDED, watch_until=at(HOUR + 100)
    )
    ports.alarms.known[ALARM] = "ALARM"

    # Then
    assert found(ports) == ({"accused": 1} if rolled_back else {})
    assert len(rollbacks(ports)) == int(rolled_back)


# --- many releases ------------------------------------------------------------------------------------------


def ended_releases(ports: FakePorts, count: int) -> None:
    for number in range(count):
        release(ports, letter="b", pushed=60 + number, salt=number, outcome=Outcome.SUPERSEDED)


@pytest.mark.parametrize("newer", [19, 20, 45])
def test_a_release_that_hangs_is_found_behind_however_many_newer_ones(newer: int):
    # Given
    ports = given_ports()
    hanging = running(ports)
    stopped(ports, str(hanging.execution))
    ended_releases(ports, newer)

    # Then
    assert found(ports) == {"stopped_executions": 1}
    assert ports.releases.stored[hanging.id].outcome is Outcome.CANCELLED


def test_releases_of_more_than_a_month_ago_are_not_read_for_ever():
    # Given
    ports = given_ports()
    ended_releases(ports, 45)
    ports.clock.advance(timedelta(days=31).total_seconds())

    # When
    found(ports)

    # Then
    assert len(ports.releases.called("newest")) == 1


def test_there_is_a_bound_to_how_many_releases_one_run_reads():
    # Given
    ports = given_ports()
    ended_releases(ports, MOST_RELEASES + 50)

    # When
    found(ports)

    # Then
    assert len(ports.releases.called("newest")) == MOST_RELEASES / PAGE


# --- bounded work -------------------------------------------------------------------------------------------


def many(count: int) -> FakePorts:
    names = [f"service-{number:02d}" for number in range(count)]
    return given_ports(*(service(name) for name in names))


def test_a_run_goes_on_where_the_last_one_stopped_and_begins_again_at_the_end():
    # Given
    ports = many(5)

    # When
    runs = []
    for _ in range(4):
        ports.catalogue.calls.clear()
        ports.clock.advance(300)
        assert run(Command(services=2), ports)["services"] == 2
        runs.append([call.arguments[0][-2:] for call in ports.catalogue.called("get")])

    # Then
    assert runs == [["00", "01"], ["02", "03"], ["04", "00"], ["01", "02"]]


def test_a_run_stops_when_its_time_is_over():
    # Given every look takes a minute
    ports = many(5)
    newest = ports.releases.newest

    def slowly(name: str, limit: int = 20, **more: Any) -> tuple[Release, ...]:
        ports.clock.advance(60)
        return newest(name, limit, **more)

    ports.releases.newest = slowly  # type: ignore[method-assign, assignment]

    # Then
    assert run(Command(seconds=150), ports)["services"] == 3


@pytest.mark.parametrize("error", [Transient("throttled"), Terminal("access denied")])
@pytest.mark.parametrize(
    ("port", "method"),
    [
        ("catalogue", "get"),
        ("releases", "newest"),
        ("registry", "images"),
        ("machines", "describe"),
        ("waits", "of_release"),
    ],
)
def test_one_failure_is_counted_and_the_rest_is_looked_at(port: str, method: str, error: Exception):
    # Given
    ports = given_ports(service("checkout"), service("refunds"))
    release(ports, trigger="operator", execution=execution_arn("first"))
    for name in ("checkout", "refunds"):
        ports.registry.push(name, "1.0.0", digest("b"), at(600))
    getattr(ports, port).fail(method, error)

    # When
    result = run(Command(), ports)

    # Then
    assert result["found"]["errors"] == 1
    assert str(error) in result["reason"]
    assert result["services"] == 2
    assert "refunds" in {each.service for each in ports.releases.stored.values()}

    # And the next run finds what was left out
    again = run(Command(), ports)
    assert "errors" not in again["found"]
    assert {each.service for each in ports.releases.stored.values()} == {"checkout", "refunds"}
    assert len([each for each in ports.releases.stored.values() if each.trigger == "sweep"]) == 2


def test_a_service_that_was_just_removed_is_passed_over():
    # Given
    ports = given_ports()
    ports.catalogue.names = lambda: ("gone", "checkout")  # type: ignore[method-assign]

    # Then
    assert run(Command(), ports) == {"found": {}, "services": 2}


def test_a_scheduled_event_is_a_command():
    assert Command.model_validate({"version": "0", "detail-type": "Scheduled Event"}) == Command()


def test_an_archived_image_is_not_minted():
    # Given
    ports = given_ports()
    ports.registry.pushed["checkout"] = [ImageRef("checkout", digest("a"), "1.0.0", at(600), "ARCHIVED")]

    # Then
    assert found(ports) == {}
